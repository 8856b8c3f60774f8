"""A strategy's expressions, compiled once: rows of signals for any combination of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.records import Signal
from ballast.strategies import kernels
from ballast.strategies.compiling import Compiler, ScalarTable
from ballast.strategies.evaluation import Evaluation, Leads, Scalars, Step, frozen
from ballast.strategies.leads import longest
from ballast.strategies.nodes import Call, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.core.time import Timeframe
    from ballast.strategies.cache import ColumnCache
    from ballast.strategies.frames import Frame

LEADS_MAX = 100_000
"""Warm-ups remembered: one a distinct expression and combination."""
EMPTY = np.empty(0)
EMPTY.flags.writeable = False

SIGNAL_ROOTS = {
    "enter_long": Signal.ENTER_LONG,
    "exit_long": Signal.EXIT_LONG,
    "enter_short": Signal.ENTER_SHORT,
    "exit_short": Signal.EXIT_SHORT,
}
SERIES_ROOTS = ("atr", "stop", "confidence", "volatility")


@dataclass(frozen=True, slots=True)
class Columns:
    """What the kernel reads of a strategy, one row a bar, read-only; series may be empty.

    `signals` holds bits of `records.Signal`; `atr` and `stop` are in units of price, `confidence`
    is 0..1, `volatility` a z-score.
    """

    signals: NDArray[np.uint8]
    atr: NDArray[np.float64]
    stop: NDArray[np.float64]
    confidence: NDArray[np.float64]
    volatility: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Root:
    """A signal: the column it is read from, and the bits of it that mean yes."""

    step: Step
    mask: int
    bit: int


class Program:
    """Compiled expressions. `roots` maps names of SIGNAL_ROOTS and SERIES_ROOTS to expressions."""

    def __init__(self, roots: Mapping[str, Node]) -> None:
        self.table = ScalarTable(roots.values())
        compiler = Compiler(self.table)
        self.signals = tuple(
            _signal_root(compiler, roots[name], int(bit))
            for name, bit in SIGNAL_ROOTS.items()
            if name in roots
        )
        self.series = {name: compiler.root(roots[name]) for name in SERIES_ROOTS if name in roots}
        named = [name for name in SIGNAL_ROOTS if name in roots]
        self._all = compiler.add(
            f"signals {' '.join(named)}",
            tuple(compiler.root(roots[name]) for name in named),
            _never,
            longest,
            is_condition=True,
        )
        compiler.mark_scratch(self._all)
        self._known_leads: dict[Hashable, int] = {}

    def resolve(self, values: Mapping[str, float]) -> Scalars:
        """Return the numbers of one combination; `values` has every parameter."""
        return self.table.resolve(values)

    def warmup(self, scalars: Scalars, timeframe: Timeframe | None) -> int:
        """Count the leading bars on which nothing may be decided."""
        if len(self._known_leads) > LEADS_MAX:
            self._known_leads = {}
        leads = Leads(scalars, timeframe, self._known_leads)
        return max(leads.of(step) for step in (self._all, *self.series.values()))

    def columns(
        self, frame: Frame, market: Mapping[str, Bars], scalars: Scalars, cache: ColumnCache
    ) -> Columns:
        """Compute one frame. Rows of the warm-up have no signal."""
        evaluation = Evaluation(frame, market, scalars, cache)
        signals = self._signals(evaluation)
        series = {name: evaluation.floats(step) for name, step in self.series.items()}
        return Columns(signals, *(series.get(name, EMPTY) for name in SERIES_ROOTS))

    def tasks(
        self, frame: Frame, market: Mapping[str, Bars], scalars: Scalars, cache: ColumnCache
    ) -> list[Callable[[], object]]:
        """Return the parts of `columns`, for any threads in any order: they fill the cache."""

        def signals() -> object:
            return self._signals(Evaluation(frame, market, scalars, cache))

        def series(step: Step) -> object:
            return Evaluation(frame, market, scalars, cache).floats(step)

        return [signals, *(partial(series, step) for step in self.series.values())]

    def _signals(self, evaluation: Evaluation) -> NDArray[np.uint8]:
        warmup = self.warmup(evaluation.scalars, evaluation.frame.bars.timeframe)
        key: Hashable = (evaluation.key(self._all), warmup)
        signals = evaluation.cache.get(key)
        if signals is None:
            signals = self._packed(evaluation, warmup)
            evaluation.close()
            evaluation.cache.put(key, signals)
        return signals

    def _packed(self, evaluation: Evaluation, warmup: int) -> NDArray[np.uint8]:
        out = np.empty(len(evaluation.frame), np.uint8)
        if not self.signals:
            out[:] = 0
        for place, root in enumerate(self.signals):
            column = evaluation.condition(root.step)
            (kernels.pack_more if place else kernels.pack)(column, root.mask, root.bit, out)
        out[:warmup] = 0
        return frozen(out)


def _signal_root(compiler: Compiler, node: Node, bit: int) -> _Root:
    """Read a plain comparison straight off its order column: one pass less."""
    if isinstance(node, Call) and not node.kind.is_scalar and node.name in (">", "<"):
        return _Root(compiler.order(node), 1 if node.name == ">" else 2, bit)
    return _Root(compiler.root(node), int(kernels.YES), bit)


def _never(_: Evaluation, step: Step) -> NDArray[np.uint8]:
    """Stand for the packed signals: they have a key and a warm-up, but are packed by `Program`."""
    raise AssertionError(step.template)
