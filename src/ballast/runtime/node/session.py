"""Session: what a node decides with, as values that its journal holds.

The strategy in its written form, its numbers, and the rows of instruments, trade construction and
limits that the compiled steps read: the same rows as a backtest's. So a journal explains itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ballast.core.errors import DataError
from ballast.core.records import DEPTH, FEE, FUNDING, LIMITS, PLAN, SPEC, TIER, rows_of
from ballast.core.time import Timeframe
from ballast.kernel.live import OPTIONAL
from ballast.kernel.market import Market
from ballast.oms.holdings import Coin
from ballast.strategies.definition import Strategy
from ballast.strategies.plan import AnyStrategy, CompiledStrategy, Plan

Rows = tuple[Mapping[str, tuple[float, ...]], ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """One symbol. `digits` are those its assets are kept in: an atom is 10 to their power."""

    symbol: str
    base: str
    quote: str
    digits: Mapping[str, int]
    spec: Mapping[str, tuple[float, ...]]
    plan: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Session:
    """What is decided, on which symbols, with which rows of `core.records`."""

    strategy: str
    """The strategy as JSON; empty for a class, which the journal only knows by its hash."""
    strategy_hash: str
    params: Mapping[str, float]
    venue: str
    timeframe: str
    seats: tuple[Seat, ...]
    limits: Mapping[str, tuple[float, ...]]
    fees: Rows = ()
    tiers: Rows = ()
    reads: tuple[str, ...] = ()
    """Columns beside signals and ATR that sizing, costs and limits read; of `OPTIONAL`."""
    detector: str = ""
    """Regime detector of the confidence floors; empty: none."""
    floors: tuple[float, ...] = ()
    """Least confidence in trend, range, volatile and unknown."""
    cash: float = 0.0
    """Quote units at the start."""
    room: int = 4_096
    """Bars kept a symbol."""

    def coins(self) -> list[Coin | None]:
        """Return what each symbol's fees may be taken from: the coin of a spot pair, else None."""
        found: list[Coin | None] = []
        for seat, spec in zip(
            self.seats, rows_of(SPEC, [one.spec for one in self.seats]), strict=True
        ):
            lot_atoms = int(spec["lot_num"]) * 10 ** seat.digits[seat.base]
            coin = Coin(seat.base, lot_atoms, int(spec["lot_den"]))
            found.append(None if spec["perpetual"] else coin)
        return found

    def plan(self, strategy: AnyStrategy | None = None) -> Plan:
        """Return the plan of the strategy; a class must be given."""
        if self.strategy:
            strategy = Strategy.from_json(self.strategy, "the journal's rules")
        if strategy is None or strategy.hash != self.strategy_hash:
            raise DataError(
                "the strategy is a class, and the one at hand is another"
                if strategy
                else "the strategy is a class, which a journal does not hold",
                expected=f"the one with hash {self.strategy_hash}",
                fix="name it with --strategy",
            )
        return CompiledStrategy(strategy).plan(self.params, Timeframe.parse(self.timeframe))

    def market(self) -> Market:
        """Return the rows as a market without bars; optional columns have a length where read."""
        empty: Any = np.zeros(0)
        read = {name: np.zeros(int(name in self.reads)) for name in OPTIONAL}
        prices = dict.fromkeys(
            ("open", "high", "low", "close", "volume", "mark_high", "mark_low", "mark_close"), empty
        )
        return Market(
            spec=rows_of(SPEC, [seat.spec for seat in self.seats]),
            plan=rows_of(PLAN, [seat.plan for seat in self.seats]),
            limits=rows_of(LIMITS, [self.limits]),
            ts=np.zeros(0, np.int64),
            **prices,
            signals=np.zeros(0, np.uint8),
            atr=empty,
            **read,
            funding=np.zeros(0, FUNDING),
            fees=rows_of(FEE, self.fees),
            tiers=rows_of(TIER, self.tiers),
            depth=np.zeros(0, DEPTH),
            fine_first=np.zeros(0, np.int64),
            fine=np.zeros((5, 0)),
        )
