"""Ledger: what Bybit tells of orders and positions and the engine does not remember.

Fed with the engine's events. Of an order: how it was sent, its fees, the price when it was made,
whether it is to be seen yet. Of a position: fees, funding and what its closing orders earned. Of an
account: the transaction log, with what was paid in and out. Kept for as long as a venue would be
asked for it here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import (
    Fill,
    Order,
    OrderStatus,
    PositionSide,
    Side,
)
from ballast.venues.simulated.engine.events import (
    Change,
    Filled,
    FundingPaid,
    OrderUpdated,
    PositionChanged,
    Transferred,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange

NOTES_MAX = 20_000
ROWS_MAX = 5_000
"""Rows of an account's history that can be asked for."""


@dataclass(slots=True)
class Note:
    """What is known of an order beyond the engine's own record."""

    stop_word: str = ""
    """`stopOrderType` where it is not the kind's own."""
    market_unit: str = ""
    asked_qty: str = ""
    """The quantity as it was sent, where it was an amount of money."""
    reference_ticks: int = 0
    is_asked: bool = False
    """The account sent it; the venue itself makes those that liquidate."""
    is_leg: bool = False
    """It came with an entry, and is not to be seen before that trades."""
    fees: dict[str, int] = field(default_factory=dict)
    closed_lots: dict[int, int] = field(default_factory=dict)
    """What each of its trades closed of a position."""


@dataclass(slots=True)
class Close:
    """What one order closed of a position, and what that earned."""

    account: int
    order: Order
    position_side: PositionSide
    leverage: int
    at_ns: int
    lots: int = 0
    entry_atoms: int = 0
    exit_atoms: int = 0
    open_fee_atoms: int = 0
    close_fee_atoms: int = 0
    fills: int = 0

    @property
    def earned_atoms(self) -> int:
        """Profit after the fees of both ends."""
        gross = self.exit_atoms - self.entry_atoms
        if self.order.request.side is Side.BUY:  # a short was closed
            gross = -gross
        return gross - self.open_fee_atoms - self.close_fee_atoms


@dataclass(slots=True)
class Held:
    """A position as its fills made it; the quantity carries its sign."""

    lots: int = 0
    cost_atoms: int = 0
    open_fee_atoms: int = 0
    realised_atoms: int = 0
    """Of all time: profit, fees, funding."""
    present_atoms: int = 0
    """The same, since the position was opened."""
    created_ns: int = 0
    updated_ns: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the transaction log."""

    number: int
    account: int
    kind: str
    symbol: str
    """'' of what came into the account or left it."""
    currency: str
    at_ns: int
    fill: Fill | None
    qty_sign: int
    funding_atoms: int
    fee_atoms: int
    flow_atoms: int
    balance_atoms: int
    size_lots: int
    rate_e9: int = 0
    mark_ticks: int = 0
    """At which funding was paid."""


class Ledger:
    """The record of one front end."""

    def __init__(self, market: Exchange) -> None:
        """Begin without any."""
        self._market = market
        self._notes: dict[int, Note] = {}
        self._closes: dict[int, deque[Close]] = {}
        self._rows: dict[int, deque[Row]] = {}
        self._held: dict[tuple[int, str, PositionSide], Held] = {}
        self._numbers = 0

    @property
    def kept(self) -> Mapping[str, Any]:
        """The type of each part of the record."""
        return {
            "_notes": dict[int, Note],
            "_closes": dict[int, deque[Close]],
            "_rows": dict[int, deque[Row]],
            "_held": dict[tuple[int, str, PositionSide], Held],
            "_numbers": int,
        }

    def note(self, order_id: int) -> Note:
        """Return the note of an order, to be written on."""
        found = self._notes.get(order_id)
        if found is None:
            found = self._notes[order_id] = Note()
            if len(self._notes) > NOTES_MAX:
                del self._notes[next(iter(self._notes))]
        return found

    def is_shown(self, order: Order) -> bool:
        """Tell whether an order can be seen: a leg cannot before its entry has traded."""
        note = self._notes.get(order.order_id)
        return order.status is not OrderStatus.PENDING and not (note is not None and note.is_leg)

    def held(self, account: int, symbol: str, side: PositionSide) -> Held:
        """Return what is known of a position."""
        return self._held.setdefault((account, symbol, side), Held())

    def closes(self, account: int) -> list[Close]:
        """Return what was closed, newest first."""
        return list(reversed(self._closes.get(account, ())))

    def rows(self, account: int) -> list[Row]:
        """Return the transaction log, newest first."""
        return list(reversed(self._rows.get(account, ())))

    def observe(self, event: Event) -> None:
        """Take an event of the engine."""
        match event:
            case OrderUpdated():
                self._order(event)
            case Filled():
                self._fill(event.fill, event.order)
            case FundingPaid():
                self._funding(event)
            case Transferred():
                kind = "TRANSFER_OUT" if event.atoms < 0 else "TRANSFER_IN"
                self._row(event.account, kind, "", event.asset, event.at_ns, flow=event.atoms)
            case PositionChanged():
                # What was deleveraged changed without a fill: the engine's word is the last one.
                one = event.position
                held = self.held(one.account, one.symbol, one.side)
                held.lots, held.cost_atoms = one.qty_lots, abs(one.cost_atoms)
                held.open_fee_atoms = held.open_fee_atoms if one.qty_lots else 0
            case _:
                pass

    def _order(self, event: OrderUpdated) -> None:
        order = event.order
        if event.change is Change.NEW:
            note = self.note(order.order_id)
            note.reference_ticks = self._market.last_ticks(order.request.symbol)
            note.is_leg = order.status is OrderStatus.PENDING
        elif event.change is Change.ACTIVATED:
            self.note(order.order_id).is_leg = False

    # Fills -------------------------------------------------------------------------------

    def _fill(self, fill: Fill, order: Order) -> None:
        fees = self.note(fill.order_id).fees
        fees[fill.fee_asset] = fees.get(fill.fee_asset, 0) + fill.fee_atoms
        listing = self._market.listings[fill.symbol]
        if listing.kind is Kind.SPOT:
            self._spot_rows(fill)
            return
        worth = listing.tick * listing.lot * listing.contract * fill.price_ticks * fill.qty_lots
        value = self._market.atoms(listing.quote, worth)
        held = self.held(fill.account, fill.symbol, fill.position_side)
        closing = min(fill.qty_lots, abs(held.lots)) if held.lots * fill.side < 0 else 0
        closing_value = value * closing // fill.qty_lots
        closing_fee = fill.fee_atoms * closing // fill.qty_lots
        if closing:
            self.note(fill.order_id).closed_lots[fill.trade_id] = closing
            self._close(fill, order, held, (closing, closing_value, closing_fee))
        opening = fill.qty_lots - closing
        if opening:
            if not held.lots:
                held.created_ns, held.present_atoms = fill.at_ns, 0
            held.lots += fill.side * opening
            held.cost_atoms += value - closing_value
            held.open_fee_atoms += fill.fee_atoms - closing_fee
        held.realised_atoms += fill.realised_atoms - fill.fee_atoms
        held.present_atoms += fill.realised_atoms - fill.fee_atoms
        held.updated_ns = fill.at_ns
        self._row(
            fill.account, "TRADE", fill.symbol, listing.quote, fill.at_ns, fill=fill,
            qty_sign=int(fill.side), fee=fill.fee_atoms, flow=fill.realised_atoms, size=held.lots,
        )  # fmt: skip

    def _close(self, fill: Fill, order: Order, held: Held, part: tuple[int, int, int]) -> None:
        """Book what a fill closed into the record of its order."""
        lots, value, fee = part
        size = abs(held.lots)
        cost, open_fee = held.cost_atoms * lots // size, held.open_fee_atoms * lots // size
        held.lots += fill.side * lots
        held.cost_atoms -= cost
        held.open_fee_atoms -= open_fee
        kept = self._closes.setdefault(fill.account, deque(maxlen=ROWS_MAX))
        if not kept or kept[-1].order.order_id != order.order_id:
            leverage, _ = self._market.leverage(fill.account, fill.symbol)
            kept.append(Close(fill.account, order, fill.position_side, leverage, fill.at_ns))
        one = kept[-1]
        one.order, one.at_ns = order, fill.at_ns
        one.lots += lots
        one.entry_atoms += cost
        one.exit_atoms += value
        one.open_fee_atoms += open_fee
        one.close_fee_atoms += fee
        one.fills += 1

    def _spot_rows(self, fill: Fill) -> None:
        listing = self._market.listings[fill.symbol]
        sign = int(fill.side)
        base = self._market.atoms(listing.base, listing.qty(fill.qty_lots))
        worth = listing.tick * listing.lot * fill.price_ticks * fill.qty_lots
        quote = self._market.atoms(listing.quote, worth)
        for asset, flow in ((listing.base, sign * base), (listing.quote, -sign * quote)):
            fee = fill.fee_atoms if fill.fee_asset == asset else 0
            self._row(
                fill.account, "TRADE", fill.symbol, asset, fill.at_ns, fill=fill,
                qty_sign=1 if flow > 0 else -1, fee=fee, flow=flow,
            )  # fmt: skip

    def _funding(self, event: FundingPaid) -> None:
        held = self.held(event.account, event.symbol, event.side)
        held.realised_atoms += event.paid_atoms
        held.present_atoms += event.paid_atoms
        held.updated_ns = event.at_ns
        quote = self._market.listings[event.symbol].quote
        self._row(
            event.account, "SETTLEMENT", event.symbol, quote, event.at_ns,
            funding=event.paid_atoms, qty_sign=1 if held.lots > 0 else -1, size=held.lots,
            rate_e9=event.rate_e9, mark=self._market.perpetual(event.symbol).mark_ticks,
        )  # fmt: skip

    def _row(
        self,
        account: int,
        kind: str,
        symbol: str,
        currency: str,
        at_ns: int,
        *,
        fill: Fill | None = None,
        qty_sign: int = 1,
        funding: int = 0,
        fee: int = 0,
        flow: int = 0,
        size: int = 0,
        rate_e9: int = 0,
        mark: int = 0,
    ) -> None:
        self._numbers += 1
        balance = self._market.balance(account, currency).total_atoms
        row = Row(
            self._numbers, account, kind, symbol, currency, at_ns, fill, qty_sign, funding, fee,
            flow, balance, size, rate_e9, mark,
        )  # fmt: skip
        self._rows.setdefault(account, deque(maxlen=ROWS_MAX)).append(row)
