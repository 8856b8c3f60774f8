"""Start shifts: the same strategy begun on another day.

A run has a memory: the position it happens to be in, the equity its sizes follow, the limits of the
gate. Begun on other days of the first quarter of the data, with indicators that have seen what came
before, it should come to about the same yearly figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.research.case import Outcome
from ballast.research.evaluation import Span
from ballast.research.spread import Spread, require_some

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.research.case import Case

STARTS = 24
FIRST_SHARE = 0.25
"""Of the data, over which the first days are spread: three quarters are in every run."""


@dataclass(frozen=True, slots=True)
class StartShifts:
    """Figures of runs from other first days to the same last one; the first is the run itself."""

    metric: str
    starts_ms: tuple[int, ...]
    figure: Spread
    cagr: Spread


def start_shifts(
    case: Case,
    *,
    starts: int = STARTS,
    metric: str = "sharpe",
    step: Callable[[], None] = lambda: None,
) -> StartShifts:
    """Run from `starts` first days; raise `StrategyError` where the strategy never trades."""
    require_some(starts, "starts")
    case.require_trades()
    whole = Span.of(case.series)
    reach = int((whole.to_ms - whole.from_ms) * FIRST_SHARE)
    offsets = np.unique(np.linspace(0, reach, starts).astype(np.int64))
    firsts = [whole.from_ms + int(offset) for offset in offsets]
    spans = [Span(first, whole.to_ms) for first in firsts]
    found = case.evaluator().passes([case.params], spans, daily=False)
    outcomes = [Outcome.of(one.figures[0]) for one in found]
    step()
    return StartShifts(
        metric=metric,
        starts_ms=tuple(firsts),
        figure=Spread.of([one.value(metric) for one in outcomes]),
        cagr=Spread.of([one.value("cagr") for one in outcomes]),
    )
