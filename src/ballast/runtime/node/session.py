"""Session: what a node decides with, as values that its journal holds.

The strategies in their written form, their numbers, and the rows of instruments, trade
construction and limits that the compiled steps read: the same rows as a backtest's. So a journal
explains itself. Each symbol is a seat, and has one strategy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
class Trader:
    """A strategy with its numbers."""

    strategy: str
    """The strategy as JSON; empty for a class, which the journal only knows by its hash."""
    strategy_hash: str
    params: Mapping[str, float]
    name: str = field(default="", compare=False)
    """For people; journals of before say none."""

    def plan(self, timeframe: Timeframe, classes: Sequence[AnyStrategy] = ()) -> Plan:
        """Return the plan of the strategy; a class must be among those given."""
        if self.strategy:
            return self._plan(Strategy.from_json(self.strategy, "the journal's rules"), timeframe)
        for one in classes:
            if one.hash == self.strategy_hash:
                return self._plan(one, timeframe)
        raise DataError(
            "the strategy is a class, and the one at hand is another"
            if classes
            else "the strategy is a class, which a journal does not hold",
            expected=f"the one with hash {self.strategy_hash}",
            fix="name it with --strategy",
        )

    def _plan(self, strategy: AnyStrategy, timeframe: Timeframe) -> Plan:
        if strategy.hash != self.strategy_hash:
            raise DataError(
                "the strategy of the journal's rules is not the one they name",
                expected=f"the one with hash {self.strategy_hash}",
            )
        return CompiledStrategy(strategy).plan(self.params, timeframe)


@dataclass(frozen=True, slots=True)
class Seat:
    """One symbol. `digits` are those its assets are kept in: an atom is 10 to their power."""

    symbol: str
    trader: int
    """Place of the strategy that owns the symbol, among those of the session."""
    base: str
    quote: str
    digits: Mapping[str, int]
    spec: Mapping[str, tuple[float, ...]]
    plan: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Session:
    """What is decided, on which symbols, with which rows of `core.records`."""

    traders: tuple[Trader, ...]
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

    def trader(self, symbol: str) -> Trader | None:
        """Return the strategy that owns a symbol; None for one that is not traded here."""
        found = next((seat.trader for seat in self.seats if seat.symbol == symbol), None)
        return None if found is None else self.traders[found]

    def plans(self, classes: Sequence[AnyStrategy] = ()) -> list[Plan]:
        """Return the plan of each seat; strategies that are classes must be given."""
        timeframe = Timeframe.parse(self.timeframe)
        plans = [one.plan(timeframe, classes) for one in self.traders]
        return [plans[seat.trader] for seat in self.seats]

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
