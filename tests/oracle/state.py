"""The oracle's memory: bars, orders, positions, the account and what a run hands back.

Everything is a dataclass of plain floats and ints. The names are those of docs/engine.md; where the
kernel keeps a magic zero, the oracle keeps None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ballast.core.records import Signal

UNLIMITED = 10**18
DAY_MS = 86_400_000


def floor_steps(value: float, num: float = 1.0, den: float = 1.0) -> int:
    """Count whole grid steps in `value`: the nearest one within rounding noise, else down."""
    steps = value * den / num
    nearest = math.floor(steps + 0.5)
    if abs(steps - nearest) <= 1e-6 + 1e-14 * abs(steps):
        return nearest
    return math.floor(steps)


def ceil_steps(value: float, num: float = 1.0, den: float = 1.0) -> int:
    """Count grid steps covering `value`: the nearest one within rounding noise, else up."""
    steps = value * den / num
    nearest = math.floor(steps + 0.5)
    if abs(steps - nearest) <= 1e-6 + 1e-14 * abs(steps):
        return nearest
    return math.ceil(steps)


@dataclass(frozen=True)
class Bar:
    """One bar of one symbol; `index` counts in the flat arrays."""

    index: int
    open_ms: int
    close_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    mark_high: float
    mark_low: float
    mark_close: float
    bits: Signal
    atr: float
    stop: float
    confidence: float
    floor: float
    volatility: float
    sigma: float
    quote_volume: float
    fine: tuple[tuple[float, float, float, float, float], ...]

    @property
    def synthetic(self) -> bool:
        return bool(self.bits & Signal.NO_FILL)


@dataclass
class EntryOrder:
    """A queued entry, with what was known at its decision."""

    side: int
    lots: int
    value: float
    limit: float | None
    from_ms: int
    until_ms: int
    atr: float
    away: float
    stop: float
    confidence: float
    bar: int
    close: float
    cost: float = 0.0


@dataclass
class ExitOrder:
    """A queued exit."""

    lots: int
    reason: int
    from_ms: int


@dataclass
class Take:
    """One rung of the partial exits."""

    price: float
    done: bool = False
    resting_lots: int = 0


@dataclass
class Position:
    """An open position."""

    id: int
    side: int
    entry_bar: int
    entry_ms: int
    order: EntryOrder
    lots: int = 0
    lots_entered: int = 0
    entry: float = 0.0
    stop: float | None = None
    stop_reason: int = 0
    risk: float = 0.0
    risk_cash: float = 0.0
    best: float = 0.0
    armed: bool = False
    takes: list[Take] = field(default_factory=list)
    high: float = 0.0
    low: float = 0.0
    liquidation: float = 0.0
    bankruptcy: float = 0.0
    realised: float = 0.0
    fees: float = 0.0
    slippage: float = 0.0
    funding: float = 0.0
    exit_notional: float = 0.0
    exit_lots: int = 0
    fills: int = 0


@dataclass
class Symbol:
    """One symbol: its rules, its bars, its state."""

    index: int
    spec: Any
    plan: Any
    bars: list[Bar]
    fundings: list[tuple[int, float, float]]
    fees: list[tuple[int, float, float]]
    tiers: list[Any]
    depth: list[tuple[float, float]]
    position: Position | None = None
    entry: EntryOrder | None = None
    exit: ExitOrder | None = None
    dust: float = 0.0
    mark: float = 0.0
    budget: int = 0
    last_entry_ms: int | None = None
    cooldown_until_ms: int = 0
    next_bar: int = 0
    next_funding: int = 0

    @property
    def spot(self) -> bool:
        return not self.spec.perpetual

    def qty(self, lots: int) -> float:
        return lots * self.spec.lot_num / self.spec.lot_den

    def lots_in(self, qty: float) -> int:
        return floor_steps(qty, self.spec.lot_num, self.spec.lot_den)

    def tick_up(self, price: float) -> float:
        return ceil_steps(price, self.spec.tick_num, self.spec.tick_den) * self.spec.tick_num / self.spec.tick_den  # fmt: skip # noqa: E501

    def tick_down(self, price: float) -> float:
        return floor_steps(price, self.spec.tick_num, self.spec.tick_den) * self.spec.tick_num / self.spec.tick_den  # fmt: skip # noqa: E501

    def against(self, price: float, side: int) -> float:
        """Round a fill price against the owner of an order of `side`."""
        return self.tick_up(price) if side > 0 else self.tick_down(price)

    def piece_is_legal(self, lots: int, price: float) -> bool:
        """Tell whether `lots` could be an order of their own."""
        enough = lots >= max(self.spec.min_lots, 1)
        return enough and self.qty(lots) * price >= self.spec.min_notional


@dataclass(frozen=True)
class Fill:
    """Comparable with a row of records.FILL."""

    position: int
    symbol: int
    side: int
    reason: int
    maker: int
    bar: int
    at_ms: int
    price: float
    lots: int
    fee: float
    slippage: float
    cash: float


@dataclass(frozen=True)
class Trade:
    """Comparable with a row of records.TRADE."""

    position: int
    symbol: int
    side: int
    reason: int
    fills: int
    decided_bar: int
    entry_bar: int
    exit_bar: int
    entry_ms: int
    exit_ms: int
    lots: int
    entry: float
    exit: float
    pnl: float
    fees: float
    slippage: float
    funding: float
    mae: float
    mfe: float
    risk_cash: float
    r: float
    confidence: float
    signal_price: float


@dataclass(frozen=True)
class Refused:
    """Comparable with a row of records.REFUSED."""

    symbol: int
    side: int
    reason: int
    bar: int
    at_ms: int


@dataclass
class Account:
    """The one account of a run."""

    cash: float
    equity: float
    peak: float
    day: int
    day_open: float
    day_blocked: bool = False
    killed: bool = False
    losses_in_row: int = 0
    blocked_until_ms: int = 0
    entries_ms: list[int] = field(default_factory=list)
    realised: float = 0.0
    fees: float = 0.0
    funding: float = 0.0
    next_id: int = 0


@dataclass
class World:
    """Everything of one run."""

    symbols: list[Symbol]
    limits: Any
    account: Account
    now_ms: int = 0
    fills: list[Fill] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    sized: list[dict[str, float]] = field(default_factory=list)
    clock_ms: list[int] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    daily: list[float] = field(default_factory=list)

    def refuse(self, sym: Symbol, side: int, reason: int, bar: int) -> None:
        self.refused.append(Refused(sym.index, side, int(reason), bar, self.now_ms))
