"""The plan: a strategy with its numbers filled in, ready for the kernel.

`compile_plan` checks parameters and rules once; `Plan.columns` gives the kernel's columns for one
symbol; `Plan.construction.fill(row)` writes the trade construction as a `records.PLAN` row. For a
sweep, compile the strategy once (`CompiledStrategy`) and take a plan a combination from it: that
costs some ten microseconds, and every column is looked up in the shared cache first.

Segments (bars flagged SEGMENT_END) are computed one by one, each with its own warm-up. On synthetic
bars nothing fills and no entry is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from ballast.core.bars import SEGMENT_END, SYNTHETIC
from ballast.core.errors import DataError, StrategyError
from ballast.core.records import Signal
from ballast.strategies.cache import ColumnCache, OneRun
from ballast.strategies.compiling import ScalarTable
from ballast.strategies.printing import show
from ballast.strategies.program import Columns, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.core.bars import Bars
    from ballast.core.time import Timeframe
    from ballast.strategies.construction import Construction
    from ballast.strategies.custom import ClassStrategy
    from ballast.strategies.definition import Strategy
    from ballast.strategies.evaluation import Scalars
    from ballast.strategies.frames import Frame
    from ballast.strategies.nodes import Node

AnyStrategy: TypeAlias = "Strategy | ClassStrategy"
BARS_MIN = 50
"""R-IND-13: the absolute floor under every warm-up."""
ENTRIES = np.uint8(Signal.ENTER_LONG | Signal.ENTER_SHORT)
NO_FILL = np.uint8(Signal.NO_FILL)
SEGMENT_BIT = np.uint8(Signal.SEGMENT_END)


class Source(Protocol):
    """Whatever can say the columns of a frame: compiled expressions, or a user's class."""

    def resolve(self, values: Mapping[str, float]) -> Scalars:
        """Return the numbers of one combination."""

    def columns(
        self, frame: Frame, market: Mapping[str, Bars], scalars: Scalars, cache: ColumnCache
    ) -> Columns:
        """Return the columns of one frame."""

    def warmup(self, scalars: Scalars, timeframe: Timeframe | None) -> int:
        """Count the leading bars of a frame without a signal."""


@dataclass(frozen=True, slots=True)
class BoundConstruction:
    """A trade construction with its numbers."""

    parts: Construction
    table: ScalarTable
    scalars: Scalars
    sides: tuple[bool, bool]
    defaults: Mapping[str, float]

    def fill(self, row: np.void) -> None:
        """Write a `records.PLAN` row; raise `StrategyError` on a number out of its hard bounds."""
        self.parts.fill(row, self.value, self.sides, self.defaults)

    def value(self, node: Node) -> float:
        """Return the number of a scalar."""
        return float(self.scalars[self.table.place[node]])


class CompiledStrategy:
    """A strategy compiled once, for any number of combinations."""

    def __init__(self, strategy: AnyStrategy, defaults: Mapping[str, float] | None = None) -> None:
        self.strategy = strategy
        self.defaults = dict(defaults or {})
        construction = strategy.construction
        program = Program({**strategy.signals(), **construction.series()})
        self.source: Source = strategy.source(program)
        self._needs_timeframe = strategy.needs_timeframe
        self._rules = ScalarTable((*construction.scalars(), *strategy.require))
        self._required = tuple(self._rules.place[node] for node in strategy.require)
        self._traded = tuple(self._rules.place[node] for node in construction.scalars())

    def plan(
        self, params: Mapping[str, float] | None = None, timeframe: Timeframe | None = None
    ) -> Plan:
        """Return the plan of one combination; raise `StrategyError` unless it is allowed."""
        values = self.strategy.values(params or {})
        rules = self._rules.resolve(values)
        for node, place in zip(self.strategy.require, self._required, strict=True):
            if not rules[place]:
                raise StrategyError(
                    f"{show(node)} does not hold",
                    where=self.strategy.name,
                    expected=", ".join(f"{key} = {value:g}" for key, value in values.items()),
                )
        return self._plan(values, rules, timeframe)

    def allowed_plan(self, params: Mapping[str, float], timeframe: Timeframe) -> Plan | None:
        """Return the plan of one combination; None out of its ranges or against its rules."""
        try:
            values = self.strategy.values(params)
            rules = self._rules.resolve(values)
        except StrategyError:
            return None
        for place in self._required:
            if not rules[place]:
                return None
        return self._plan(values, rules, timeframe)

    def _plan(self, values: dict[str, float], rules: Scalars, timeframe: Timeframe | None) -> Plan:
        if timeframe is None and self._needs_timeframe:
            raise StrategyError(
                "the strategy reads a higher timeframe", fix="give the timeframe of the bars"
            )
        return Plan(self, values, self.source.resolve(values), rules, timeframe)

    def allows(self, params: Mapping[str, float]) -> bool:
        """Whether a combination is inside all ranges and keeps all rules."""
        try:
            values = self.strategy.values(params)
            rules = self._rules.resolve(values)
        except StrategyError:
            return False
        return all(rules[place] for place in self._required)

    def traded(self, rules: Scalars) -> Scalars:
        """Take the numbers of the trade construction out of the strategy's."""
        return tuple([rules[place] for place in self._traded])

    def columns(
        self,
        params: Mapping[str, float],
        market: Mapping[str, Bars],
        symbol: str,
        cache: ColumnCache,
    ) -> Columns:
        """Return the columns of one combination, with no check of parameters: the fast path."""
        values = {name: spec.default for name, spec in self.strategy.params.items()} | {**params}
        return columns_of(self.source, self.source.resolve(values), market, symbol, cache)


class Plan:
    """One strategy with one set of numbers."""

    def __init__(
        self,
        compiled: CompiledStrategy,
        params: dict[str, float],
        scalars: Scalars,
        rules: Scalars,
        timeframe: Timeframe | None,
    ) -> None:
        self.compiled = compiled
        self.strategy = compiled.strategy
        self.params = params
        self.timeframe = timeframe
        self.numbers = scalars  # of the expressions: equal ones give equal columns
        self._rules = rules
        self._warmup: int | None = None

    @property
    def construction(self) -> BoundConstruction:
        """The trade construction; `.fill(row)` writes it."""
        strategy = self.strategy
        return BoundConstruction(
            strategy.construction,
            self.compiled._rules,  # noqa: SLF001 - the plan is the other half of one thing
            self._rules,
            strategy.sides,
            self.compiled.defaults,
        )

    @property
    def trade_numbers(self) -> Scalars:
        """The numbers of the trade construction: equal ones fill equal PLAN rows."""
        return self.compiled.traded(self._rules)

    @property
    def warmup(self) -> int:
        """Leading bars of a segment on which nothing is decided."""
        if self._warmup is None:
            self._warmup = self.compiled.source.warmup(self.numbers, self.timeframe)
        return self._warmup

    @property
    def bars_needed(self) -> int:
        """The fewest bars that can give a signal, and never fewer than BARS_MIN."""
        return max(BARS_MIN, self.warmup + 1)

    def require_bars(self, bars: Bars) -> None:
        """Raise `DataError` where there are too few bars for a single decision."""
        if len(bars) < self.bars_needed:
            raise DataError(
                f"{len(bars)} bars are too few for {self.strategy.name}",
                where=bars.name,
                expected=f"at least {self.bars_needed} (warm-up {self.warmup})",
                fix="take a longer period or a shorter timeframe",
            )

    def columns(
        self, market: Mapping[str, Bars], symbol: str, cache: ColumnCache | None = None
    ) -> Columns:
        """Return the kernel's columns for `symbol`; raise `DataError` where bars are too few."""
        bars = bars_of(market, symbol)
        if self.timeframe is None:
            self.timeframe = bars.timeframe
        self.require_bars(bars)
        return self.evaluate(market, symbol, cache)

    def tasks(
        self, market: Mapping[str, Bars], symbol: str, cache: ColumnCache
    ) -> list[Callable[[], object]]:
        """Return what `columns` will compute, in parts that threads may do; none of a class."""
        source = self.compiled.source
        if not isinstance(source, Program):
            return []
        frames = cache.frames(bars_of(market, symbol))
        parts = [source.tasks(frame, market, self.numbers, cache) for frame in frames]
        return [task for part in parts for task in part]

    def evaluate(
        self, market: Mapping[str, Bars], symbol: str, cache: ColumnCache | None = None
    ) -> Columns:
        """Return the columns of however few bars: too few give no signal."""
        used = OneRun() if cache is None else cache
        return columns_of(self.compiled.source, self.numbers, market, symbol, used)


def compile_plan(
    strategy: AnyStrategy | CompiledStrategy,
    params: Mapping[str, float] | None = None,
    defaults: Mapping[str, float] | None = None,
    timeframe: Timeframe | None = None,
) -> Plan:
    """Return a plan. `defaults` are PLAN fields that replace `construction.DEFAULTS`.

    `timeframe` is that of the bars; it is needed where the strategy reads a higher one.
    """
    compiled = (
        strategy if isinstance(strategy, CompiledStrategy) else CompiledStrategy(strategy, defaults)
    )
    return compiled.plan(params, timeframe)


def bars_of(market: Mapping[str, Bars], symbol: str) -> Bars:
    """Return the bars of a symbol; raise `DataError` where the run has none."""
    bars = market.get(symbol)
    if bars is None:
        raise DataError(f"no bars of '{symbol}'", expected=f"one of {', '.join(market)}")
    return bars


def columns_of(
    source: Source,
    scalars: Scalars,
    market: Mapping[str, Bars],
    symbol: str,
    cache: ColumnCache,
) -> Columns:
    """Return the columns of a whole series: segment by segment, then marked by the bars' flags."""
    bars = bars_of(market, symbol)
    frames = cache.frames(bars)
    parts = [source.columns(frame, market, scalars, cache) for frame in frames]
    whole = parts[0] if len(parts) == 1 else _joined(parts)
    if not frames[0].is_flagged:
        return whole
    signals = whole.signals.copy()
    synthetic = (bars.flags & SYNTHETIC) != 0
    signals[synthetic] = (signals[synthetic] & ~ENTRIES) | NO_FILL
    signals[(bars.flags & SEGMENT_END) != 0] |= SEGMENT_BIT
    signals.flags.writeable = False
    return Columns(signals, whole.atr, whole.stop, whole.confidence, whole.volatility)


def _joined(parts: list[Columns]) -> Columns:
    columns = []
    for name in Columns.__slots__:
        joined = np.concatenate([getattr(part, name) for part in parts])
        joined.flags.writeable = False
        columns.append(joined)
    return Columns(*columns)
