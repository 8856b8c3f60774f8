"""The curves of a result that several figures share: equity, its days, buy and hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import DAY_MS
from ballast.research.metrics.market import hold_curve
from ballast.research.metrics.series import Daily, daily_series

if TYPE_CHECKING:
    from ballast.research.metrics.series import Floats, Ints
    from ballast.research.result import Result


@dataclass(frozen=True, slots=True)
class Curve:
    """Marked equity with the starting point in front: one more point than the clock."""

    at_ms: Ints
    equity: Floats


def equity_curve(result: Result) -> Curve:
    """Return equity at the first bar's open, then at each close."""
    run = result.run
    opened = min(
        (int(bars.ts[0]) for bars in result.bars if len(bars)), default=result.card.from_ms
    )
    initial = float(run.account["initial"])
    return Curve(
        np.concatenate((np.array([opened], np.int64), run.clock_ms)),
        np.concatenate((np.array([initial]), run.equity)),
    )


def daily_curve(result: Result) -> Daily:
    """Return the run's calendar days."""
    run = result.run
    return daily_series(run.day_ms, run.daily, float(run.account["initial"]))


def hold_at_closes(result: Result) -> Floats:
    """Return buy and hold of the run's bars at each close, 1 at the start."""
    return hold_curve(result.bars, result.run.clock_ms)


def hold_at_days(result: Result, days: Daily) -> Floats:
    """Return buy and hold at the end of each calendar day."""
    return hold_curve(result.bars, (days.day + 1) * DAY_MS)
