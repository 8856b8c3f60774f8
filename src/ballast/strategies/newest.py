"""The newest row: what a plan says of the last bar of a window that grows bar by bar.

    newest = newest_of(plan)
    row = newest.row(market, symbol)        # the kernel's columns of the last bar, at each close

`Plan.evaluate` computes whole columns; at every close that is some hundred to thousands of rows of
which one is new. Here each step keeps its column. A new bar adds one row: an indicator goes on from
its state (batch and row by row are the same machine code), any other word runs over the rows that
it looks back on (`reach.py`). Every value is, bit for bit, that of `Plan.evaluate` over the same
window, so research, a live close and the replay of a journal agree. When the window begins at
another bar, everything is computed anew.

A strategy that reads other symbols, or is a class, is evaluated whole each time: a bar of another
symbol may come late, and then changes rows that are past.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from ballast.core.bars import Bars
from ballast.features.indicators.definition import CompiledEngine
from ballast.strategies.cache import OneRun
from ballast.strategies.compiling import Compiler, ScalarTable
from ballast.strategies.evaluation import Column, Evaluation, Floats, Scalars, Step, frozen
from ballast.strategies.frames import Frame
from ballast.strategies.plan import bars_of
from ballast.strategies.program import SERIES_ROOTS, Program
from ballast.strategies.steps import bound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.features.indicators.definition import Params
    from ballast.strategies.nodes import Node
    from ballast.strategies.plan import Plan

ROWS_FIRST = 1_024
"""Rows that a column has room for at first."""


class Newest(Protocol):
    """Whatever says the kernel's columns of the last bar."""

    def row(self, market: Mapping[str, Bars], symbol: str) -> dict[str, float]:
        """Return `signals` and the series that the strategy has, of the last bar of a symbol."""


def newest_of(plan: Plan) -> Newest:
    """Return what follows one symbol with a plan; it belongs to that symbol alone."""
    source = plan.compiled.source
    if not isinstance(source, Program):
        return _Whole(plan)
    roots = (*(root.step for root in source.signals), *source.series.values())
    if any(step.others for step in roots):
        return _Whole(plan)
    return _Kept(plan, source)


class _Whole:
    """Evaluates all rows each time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def row(self, market: Mapping[str, Bars], symbol: str) -> dict[str, float]:
        columns = self._plan.evaluate(market, symbol)
        row = {"signals": float(columns.signals[-1])}
        return row | {
            name: float(part[-1]) for name in SERIES_ROOTS if len(part := getattr(columns, name))
        }


class _Kept:
    """Keeps the columns of a strategy's expressions."""

    def __init__(self, plan: Plan, program: Program) -> None:
        self._plan = plan
        self._signals = program.signals
        self._series = tuple(program.series.items())
        self._columns = Columns(plan.numbers)

    def row(self, market: Mapping[str, Bars], symbol: str) -> dict[str, float]:
        columns = self._columns
        bars = bars_of(market, symbol)
        columns.take(bars)
        signals = 0
        for root in self._signals:
            if int(columns.of(root.step)[-1]) & root.mask:
                signals |= root.bit
        if len(bars) <= self._plan.warmup:
            signals = 0
        row = {"signals": float(signals)}
        for name, step in self._series:
            row[name] = float(columns.of(step)[-1])
        return row


class NewestValue:
    """The last value of one formula without parameters, kept up bar by bar."""

    def __init__(self, node: Node) -> None:
        """Compile the formula; it reads one symbol."""
        table = ScalarTable([node])
        self._step = Compiler(table).root(node)
        self._columns = Columns(table.resolve({}))

    def of(self, bars: Bars) -> float:
        """Return the value at the last bar."""
        self._columns.take(bars)
        return float(self._columns.of(self._step)[-1])


class Columns:
    """The columns of steps over one window of bars without a split, as long as they were asked."""

    def __init__(self, scalars: Scalars) -> None:
        """Begin with nothing; `scalars` are the numbers of the expressions."""
        self.scalars = scalars
        self._made: dict[Step, _Column] = {}
        self._recursions: dict[tuple[str, tuple[Step | int, ...]], _Recursion] = {}
        self._first_ms: int | None = None
        self._rows = 0
        self._parts: dict[int, _Part] = {}

    def take(self, bars: Bars) -> None:
        """Go on with a window that has grown, or begin anew with one that begins elsewhere."""
        first_ms, rows = int(bars.ts[0]), len(bars)
        if first_ms != self._first_ms or rows < self._rows:
            self._made.clear()
            self._recursions.clear()
        self.bars, self._first_ms, self._rows = bars, first_ms, rows
        self._parts.clear()
        self.cache = OneRun()

    def of(self, step: Step) -> Column:
        """Return the column of a step, one row a bar, read-only."""
        made = self._made.get(step)
        if made is None:
            made = self._made[step] = self._begun(step)
        count, rows = made.count, self._rows
        if count < rows:
            if made.recursion is not None:
                made.recursion.go_on(self, count, rows)
            else:
                start = max(0, count - step.reach(self.scalars, step)) if count else 0
                made.room(rows)[:] = step.run(self.part(start), step)[count - start :]
                made.fill(rows)
        return made.rows

    def part(self, start: int) -> _Part:
        """Return the evaluation of the rows from `start` on."""
        part = self._parts.get(start)
        if part is None:
            part = self._parts[start] = _Part(self, start)
        return part

    def _begun(self, step: Step) -> _Column:
        """Return the column of a step that nobody asked for yet: outputs come together."""
        definition = step.definition
        if definition is None:
            return _Column(np.uint8 if step.is_condition else np.float64)
        key = (definition.name, step.inputs)
        found = self._recursions.get(key)
        if found is None:
            found = self._recursions[key] = _Recursion(step, self.part(0))
        return found.outs[definition.outputs.index(step.output)]


class _Column:
    """A column with room to grow; `rows` are those that are there, read-only."""

    __slots__ = ("_seen", "_values", "count", "recursion", "rows")

    def __init__(
        self, dtype: type[np.uint8 | np.float64], recursion: _Recursion | None = None
    ) -> None:
        self.recursion = recursion
        self.count = 0
        self._keep(np.empty(ROWS_FIRST, dtype))

    def _keep(self, values: Column) -> None:
        self._values = values
        self._seen = values.view()
        self._seen.flags.writeable = False
        self.rows: Column = self._seen[: self.count]

    def room(self, rows: int) -> Column:
        """Return the rows from `count` up to so many, to be written."""
        if rows > len(self._values):
            wider: Column = np.empty(max(rows, 2 * len(self._values)), self._values.dtype)
            wider[: self.count] = self.rows
            self._keep(wider)
        return self._values[self.count : rows]

    def fill(self, rows: int) -> None:
        """Say that so many rows are written."""
        self.count = rows
        self.rows = self._seen[:rows]


class _Recursion:
    """An indicator with its state; its outputs are computed together."""

    def __init__(self, step: Step, whole: Evaluation) -> None:
        definition = step.definition
        assert definition is not None
        assert isinstance(definition.engine, CompiledEngine)
        count = len(definition.inputs)
        self._inputs = step.inputs[:count]
        values = [float(whole.value(item)) for item in step.inputs[count:]]
        params: Params = definition.check(
            bound(definition, values, whole.frame.bars.timeframe.bars_per_year)
        )
        self._kernel = definition.engine.kernel
        self._params = np.array(params)
        self._state = definition.engine.empty_state(params)
        self.outs = tuple(_Column(np.float64, self) for _ in definition.outputs)

    def go_on(self, columns: Columns, start: int, rows: int) -> None:
        """Add the rows from `start` on to all outputs."""
        part = columns.part(start)
        inputs: tuple[Floats, ...] = tuple([frozen(part.floats(item)) for item in self._inputs])
        outs = tuple([out.room(rows) for out in self.outs])
        self._kernel(inputs, self._params, self._state, outs)
        for out in self.outs:
            out.fill(rows)


class _Part(Evaluation):
    """The rows from one on: steps that run here read the kept columns."""

    __slots__ = ("_columns", "_start")

    def __init__(self, columns: Columns, start: int) -> None:
        bars = columns.bars
        if start:
            bars = Bars(
                bars.venue, bars.symbol, bars.timeframe, bars.ts[start:], bars.open[start:],
                bars.high[start:], bars.low[start:], bars.close[start:], bars.volume[start:],
                bars.flags[start:],
            )  # fmt: skip
        super().__init__(Frame(bars, start, start), {}, columns.scalars, columns.cache)
        self._columns = columns
        self._start = start

    def column(self, step: Step) -> Column:
        """Return the rows of a kept column."""
        return self._columns.of(step)[self._start :]

    scratch = column

    def bytes_for(self, step: Step) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """Return room for a condition; it is copied from there."""
        del step
        return np.empty(len(self.frame), np.uint8)
