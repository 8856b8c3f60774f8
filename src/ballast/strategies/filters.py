"""How much each filter of an entry takes away (R-STRAT-14).

An entry that is a chain of `&` has terms. A term that holds on almost every bar decides nothing; a
term that alone blocks most of the rest decides everything: both are worth knowing before a sweep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.strategies.cache import OneRun
from ballast.strategies.compiling import Compiler, ScalarTable, terms_of
from ballast.strategies.evaluation import Evaluation
from ballast.strategies.kernels import UNKNOWN, YES
from ballast.strategies.plan import bars_of
from ballast.strategies.printing import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.strategies.nodes import Node
    from ballast.strategies.plan import Plan


@dataclass(frozen=True, slots=True)
class FilterRate:
    """One term of an entry, over the bars on which every term is known."""

    signal: str  # enter_long or enter_short
    term: str
    bars: int
    passed: int  # bars on which the term holds
    blocked_alone: int  # bars on which every other term holds and this one does not


def filter_rates(plan: Plan, market: Mapping[str, Bars], symbol: str) -> list[FilterRate]:
    """Return a row for each term of each entry; a class has no terms."""
    rates: list[FilterRate] = []
    for name, node in plan.strategy.signals().items():
        if name.startswith("enter") and not node.kind.is_scalar:
            rates += _rates(name, terms_of(node, "&"), plan, market, symbol)
    return rates


def _rates(
    signal: str, terms: list[Node], plan: Plan, market: Mapping[str, Bars], symbol: str
) -> list[FilterRate]:
    table = ScalarTable(terms)
    compiler = Compiler(table)
    roots = [compiler.root(term) for term in terms]
    cache, scalars = OneRun(), table.resolve(plan.params)
    parts: list[list[NDArray[np.uint8]]] = []
    for frame in cache.frames(bars_of(market, symbol)):
        evaluation = Evaluation(frame, market, scalars, cache)
        parts.append([evaluation.condition(root) for root in roots])
    columns = np.array([np.concatenate(column) for column in zip(*parts, strict=True)])
    columns = columns[:, (columns != UNKNOWN).all(axis=0)] == YES
    failing = (~columns).sum(axis=0)
    return [
        FilterRate(
            signal,
            show(term),
            columns.shape[1],
            int(column.sum()),
            int((~column & (failing == 1)).sum()),
        )
        for term, column in zip(terms, columns, strict=True)
    ]
