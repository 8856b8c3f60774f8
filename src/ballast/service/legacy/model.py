"""What is read out of the documents: one frozen record for each thing the former bot kept.

Prices and money are `Decimal` in the quote currency, quantities `Decimal` in base units, times ms
UTC. None is a thing the document does not say; it is never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal

    from ballast.core.errors import DataError
    from ballast.strategies.definition import Strategy


class Kind(StrEnum):
    """What one object of a document is."""

    POSITION = "position"
    PARAMETERS = "parameters"
    FILL = "fill"
    TRADE = "trade"
    PORTFOLIO = "portfolio"


@dataclass(frozen=True, slots=True)
class Record:
    """One object of a document, its keys as they stand there, and what stood around it."""

    kind: Kind
    source: str
    """The file."""
    where: str
    """The file and the way to the object in it."""
    values: dict[str, Any]
    symbol: str = ""
    timeframe: str = ""
    scenario: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """A pair's state. `entry_price` None: nothing is held. Spot, so it is always long."""

    source: str
    where: str
    symbol: str
    quote: str
    entry_price: Decimal | None = None
    max_price: Decimal | None = None
    partial_taken_1: bool = False
    partial_taken_2: bool = False
    atr_at_entry: Decimal | None = None
    stop_price: Decimal | None = None
    trailing_stop: Decimal | None = None
    trailing_active: bool | None = None
    stop_order_id: str = ""
    qty: Decimal | None = None
    qty_at_entry: Decimal | None = None
    entry_ms: int | None = None
    updated_ms: int | None = None
    timeframe: str = ""
    scenario: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the document says that something is held."""
        return self.entry_price is not None

    @property
    def stop(self) -> Decimal | None:
        """The tighter of the two stops that the document states."""
        stated = [one for one in (self.stop_price, self.trailing_stop) if one is not None]
        return max(stated, default=None)


@dataclass(frozen=True, slots=True)
class Parameters:
    """A best-parameter record as a strategy, and what was not taken over as it stood."""

    source: str
    where: str
    symbol: str
    timeframe: str
    strategy: Strategy
    based_on: str
    """Name of the library's strategy for the scenario."""
    taken: dict[str, Decimal]
    """Parameters of the strategy that the document states."""
    claims: dict[str, str]
    """What the document says it earned: kept, and proof of nothing."""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fill:
    """One purchase or sale."""

    source: str
    where: str
    symbol: str
    quote: str
    base: str
    is_buy: bool
    price: Decimal
    qty: Decimal
    at_ms: int
    fee: Decimal | None = None
    fee_asset: str = ""
    reason: str = ""
    order_id: str = ""
    trade_id: str = ""
    pnl: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """A position from its first purchase to its last sale. `exit_ms` None: not all is sold.

    `fees` and `pnl` (net) are None where a fee was paid in a third asset.
    """

    where: str = field(compare=False)
    symbol: str
    quote: str
    qty: Decimal
    entry_price: Decimal
    entry_ms: int
    exit_price: Decimal | None
    exit_ms: int | None
    fees: Decimal | None
    pnl: Decimal | None
    reason: str
    fills: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A snapshot of the account; money in `currency`."""

    source: str
    where: str
    currency: str
    at_ms: int | None
    money: dict[str, Decimal]
    balances: dict[str, Decimal]


@dataclass(slots=True)
class Legacy:
    """All that the documents say, and all that is wrong with them."""

    positions: list[Position] = field(default_factory=list)
    parameters: list[Parameters] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    portfolios: list[Portfolio] = field(default_factory=list)
    problems: list[DataError] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    """Fields that were left out because somebody said so, and how often each was there."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found at all."""
        rows = (self.positions, self.parameters, self.fills, self.trades, self.portfolios)
        return not any(rows)
