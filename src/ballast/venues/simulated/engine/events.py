"""Events: everything the exchange tells, in order. `sequence` has no gaps; `at_ns` never falls.

Front ends turn them into stream messages; nothing else leaves the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ballast.core.orders import (  # noqa: TC001 - msgspec reads the types
    Fill,
    ListKind,
    MarginMode,
    Order,
    PositionSide,
    RejectReason,
    Side,
)


class Trading(StrEnum):
    """What may be done with a symbol."""

    TRADING = "trading"
    CANCEL_ONLY = "cancel_only"
    HALTED = "halted"
    DELISTED = "delisted"


class Change(StrEnum):
    """Why an order is told about."""

    NEW = "new"
    TRIGGERED = "triggered"
    TRADE = "trade"
    AMENDED = "amended"
    ENDED = "ended"
    ACTIVATED = "activated"
    """A trailing stop began to follow, or moved; a leg of a list became live."""


class Cause(StrEnum):
    """Why a balance changed."""

    ORDER = "order"
    FUNDING = "funding"
    TRANSFER = "transfer"
    LIQUIDATION = "liquidation"
    MARGIN = "margin"


@dataclass(frozen=True, slots=True)
class OrderUpdated:
    """An order changed; `order` is what it is now."""

    sequence: int
    at_ns: int
    change: Change
    order: Order


@dataclass(frozen=True, slots=True)
class Filled:
    """An order traded; its `OrderUpdated` with `Change.TRADE` comes just before."""

    sequence: int
    at_ns: int
    fill: Fill
    order: Order


@dataclass(frozen=True, slots=True)
class Amount:
    """What an account has of one asset; `locked` is the part its open orders need."""

    asset: str
    total_atoms: int
    locked_atoms: int

    @property
    def free_atoms(self) -> int:
        """What can still be used."""
        return self.total_atoms - self.locked_atoms


@dataclass(frozen=True, slots=True)
class BalanceChanged:
    """The assets of an account that a request, a fill or a payment changed."""

    sequence: int
    at_ns: int
    account: int
    cause: Cause
    balances: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class Transferred:
    """A deposit, or, negative, a withdrawal; its `BalanceChanged` comes just after."""

    sequence: int
    at_ns: int
    account: int
    asset: str
    atoms: int


@dataclass(frozen=True, slots=True)
class Position:
    """A perpetual position. `cost_atoms` is signed as `qty_lots`; entry price is their ratio."""

    account: int
    symbol: str
    side: PositionSide
    qty_lots: int
    cost_atoms: int
    margin_mode: MarginMode
    leverage: int
    margin_atoms: int
    """What is set aside for an isolated position; 0 in cross margin."""
    mark_ticks: int
    unrealised_atoms: int
    realised_atoms: int
    liquidation_ticks: int
    """0 when no price would liquidate it."""


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A position after a fill, a payment or a change of its settings."""

    sequence: int
    at_ns: int
    position: Position


@dataclass(frozen=True, slots=True)
class BookChanged:
    """Price levels and what they show now (0: gone), best first; `book_*` count level changes."""

    sequence: int
    at_ns: int
    symbol: str
    book_first: int
    book_last: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """A public trade. An order id is 0 where the street traded with recorded depth or as taker."""

    symbol: str
    trade_id: int
    price_ticks: int
    qty_lots: int
    taker_side: Side
    buy_order_id: int
    sell_order_id: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Traded:
    """A trade happened."""

    sequence: int
    at_ns: int
    trade: Trade


@dataclass(frozen=True, slots=True)
class MarkChanged:
    """Mark, index or funding rate of a perpetual changed. The rate is in 1e-9 of notional."""

    sequence: int
    at_ns: int
    symbol: str
    mark_ticks: int
    index_ticks: int
    funding_rate_e9: int
    next_funding_ns: int


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """An account paid (negative) or received funding for one position."""

    sequence: int
    at_ns: int
    account: int
    symbol: str
    side: PositionSide
    rate_e9: int
    paid_atoms: int


@dataclass(frozen=True, slots=True)
class Liquidated:
    """A position was taken away: traded in the book, covered by the insurance fund, or deleveraged.

    `insurance_atoms` is what the fund gained (fee) or lost (cover).
    """

    sequence: int
    at_ns: int
    account: int
    symbol: str
    side: PositionSide
    qty_lots: int
    bankruptcy_ticks: int
    deleveraged_lots: int
    insurance_atoms: int


@dataclass(frozen=True, slots=True)
class Deleveraged:
    """A profitable position was closed against a bankrupt one, at its bankruptcy price."""

    sequence: int
    at_ns: int
    account: int
    symbol: str
    side: PositionSide
    qty_lots: int
    price_ticks: int


@dataclass(frozen=True, slots=True)
class HaltChanged:
    """What may be done with a symbol changed."""

    sequence: int
    at_ns: int
    symbol: str
    trading: Trading


@dataclass(frozen=True, slots=True)
class ListChanged:
    """A list of orders began (`is_done` False) or has nothing open any more."""

    sequence: int
    at_ns: int
    list_id: int
    client_id: str
    account: int
    symbol: str
    kind: ListKind
    order_ids: tuple[int, ...]
    is_done: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """A request sent with a delay was carried out; `due_ns` is when its answer arrives."""

    sequence: int
    at_ns: int
    ticket: int
    account: int
    due_ns: int
    rejected: RejectReason | None
    order_ids: tuple[int, ...]


Event = (
    OrderUpdated
    | Filled
    | BalanceChanged
    | Transferred
    | PositionChanged
    | BookChanged
    | Traded
    | MarkChanged
    | FundingPaid
    | Liquidated
    | Deleveraged
    | HaltChanged
    | ListChanged
    | Answered
)
