"""Steps and their evaluation: which column is computed when, and where it is kept.

A step is one node of the compiled expression. Its key in the cache is its template (its text with
the numbers taken out) plus the numbers of this combination; on a miss `run` computes it from its
operands. Operands are steps, or places in the tuple of scalars.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ballast.core.errors import StrategyError
from ballast.strategies.reach import every_row

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from ballast.core.bars import Bars
    from ballast.core.time import Timeframe
    from ballast.features.indicators.definition import Indicator
    from ballast.strategies.cache import ColumnCache
    from ballast.strategies.frames import Frame

Scalars = tuple[float, ...]
Column = NDArray[Any]  # float64 of a series, or uint8 of a condition
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


@dataclass(slots=True, eq=False)
class Step:
    """One compiled node. `pick` takes this node's numbers out of the scalars."""

    template: str
    inputs: tuple[Step | int, ...]
    run: Callable[[Evaluation, Step], Column]
    places: tuple[int, ...]  # of this node's numbers among the scalars
    pick: Callable[[Scalars], Hashable]  # takes them out
    lead: Callable[[Leads, Step], int]  # leading bars without a value
    is_condition: bool
    others: tuple[str, ...]  # symbols read besides the own one
    is_scratch: bool = False  # depends on all that the signals depend on: never asked for twice
    siblings: list[Step] = field(default_factory=list)  # the same indicator of the same series
    reach: Callable[[Scalars, Step], int] = every_row  # rows before its own that a row depends on
    definition: Indicator | None = None  # of an indicator that goes on from a state
    output: str = ""


class Leads:
    """Counts leading bars without a value, for one combination of numbers; see `leads.py`."""

    def __init__(
        self, scalars: Scalars, base: Timeframe | None, known: dict[Hashable, int]
    ) -> None:
        self.scalars = scalars
        self.base = base
        self.known = known

    def of(self, operand: Step | int) -> int:
        """Return the lead of an operand; a scalar has none."""
        if isinstance(operand, int):
            return 0
        key = (operand.template, operand.pick(self.scalars), self.base)
        found = self.known.get(key)
        if found is None:
            found = operand.lead(self, operand)
            self.known[key] = found
        return found


class Evaluation:
    """One frame, one combination of numbers, one cache; and the market for other symbols.

    A condition that depends on every parameter of the signals is found again only when the signals
    are, so it is not cached: it lives in a buffer that goes back to the cache's pool at the end.
    """

    __slots__ = ("borrowed", "cache", "frame", "local", "market", "scalars")

    def __init__(
        self, frame: Frame, market: Mapping[str, Bars], scalars: Scalars, cache: ColumnCache
    ) -> None:
        self.frame = frame
        self.market = market
        self.scalars = scalars
        self.cache = cache
        self.local: dict[Step, Column] = {}
        self.borrowed: list[Bytes] = []

    def column(self, step: Step) -> Column:
        """Return a column, from the cache or computed now."""
        if step.is_scratch:
            return self.scratch(step)
        key = self.key(step)
        found = self.cache.get(key)
        if found is None:
            found = frozen(step.run(self, step))
            self.cache.put(key, found)
        return found

    def scratch(self, step: Step) -> Column:
        """Return a column that nobody will ask for after this evaluation."""
        found = self.local.get(step)
        if found is None:
            found = step.run(self, step).view()
            found.flags.writeable = False
            self.local[step] = found
        return found

    def bytes_for(self, step: Step) -> Bytes:
        """Return room for a condition."""
        if not step.is_scratch:
            return np.empty(len(self.frame), np.uint8)
        buffer = self.cache.borrow(len(self.frame))
        self.borrowed.append(buffer)
        return buffer

    def close(self) -> None:
        """Give the buffers back; nothing of `local` may be used after this."""
        self.cache.give_back(self.borrowed)
        self.borrowed = []
        self.local = {}

    def key(self, step: Step) -> Hashable:
        """Return what a column depends on: data, expression, numbers, the data of other symbols."""
        key: Hashable = (self.frame.key, step.template, step.pick(self.scalars))
        if step.others:
            key = (key, tuple(self.other(symbol)[0].key for symbol in step.others))
        return key

    def floats(self, operand: Step | int) -> Floats:
        """Return an operand as a float column; a scalar is spread over all bars."""
        if isinstance(operand, int):
            return np.full(len(self.frame), self.scalars[operand])
        return self.column(operand)

    def condition(self, operand: Step | int) -> Bytes:
        """Return an operand as a condition column."""
        if isinstance(operand, int):
            return self.constant(yes=bool(self.scalars[operand]))
        return self.column(operand)

    def value(self, operand: Step | int) -> Any:  # noqa: ANN401 - a column or a float, for numpy
        """Return a column, or the scalar itself."""
        return self.scalars[operand] if isinstance(operand, int) else self.column(operand)

    def constant(self, *, yes: bool) -> Bytes:
        """Return the condition that is always yes, or always no."""
        key = (len(self.frame), "true" if yes else "false")
        found = self.cache.get(key)
        if found is None:
            found = frozen(np.full(len(self.frame), yes, np.uint8))
            self.cache.put(key, found)
        return found

    def other(self, symbol: str) -> tuple[Frame, ...]:
        """Return the frames of another symbol."""
        bars = self.market.get(symbol)
        if bars is None:
            raise StrategyError(
                f"the strategy reads '{symbol}', which is not in this run",
                expected=f"one of {', '.join(self.market)}",
                fix=f"add {symbol} to the symbols of the run",
            )
        return self.cache.frames(bars)

    def at(self, frame: Frame) -> Evaluation:
        """Return the same evaluation on another frame."""
        return Evaluation(frame, self.market, self.scalars, self.cache)


def frozen(column: Column) -> Column:
    """Return the column, contiguous and read-only."""
    if column.flags.writeable or not column.flags.c_contiguous:
        column = np.ascontiguousarray(column)
        column.flags.writeable = False
    return column
