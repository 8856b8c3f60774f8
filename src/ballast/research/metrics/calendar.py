"""Returns per month and year, from equity at the end of each UTC day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ballast.research.metrics.drawdown import max_drawdown
from ballast.research.metrics.series import simple_returns

if TYPE_CHECKING:
    from ballast.research.metrics.series import Daily, Floats, Ints

MONTHS = 12


@dataclass(frozen=True, slots=True)
class MonthReturn:
    """The return of one calendar month (UTC); the first and last may be partial."""

    year: int
    month: int
    change: float


@dataclass(frozen=True, slots=True)
class YearReturn:
    """The return of one calendar year (UTC) and its deepest fall on day-end equity."""

    year: int
    change: float
    max_drawdown: float


def monthly_returns(daily: Daily, initial: float) -> tuple[MonthReturn, ...]:
    """Return `equity at month end / equity at the end of the month before - 1`, each month."""
    month = _period(daily.day, "M")
    keys, changes = _changes(month, daily.equity, initial)
    return tuple(
        MonthReturn(1970 + key // MONTHS, key % MONTHS + 1, change)
        for key, change in zip(keys, changes, strict=True)
    )


def yearly_returns(daily: Daily, initial: float) -> tuple[YearReturn, ...]:
    """Return the change of each year and the deepest fall inside it."""
    year = _period(daily.day, "Y")
    keys, changes = _changes(year, daily.equity, initial)
    rows: list[YearReturn] = []
    before = initial
    for key, change in zip(keys, changes, strict=True):
        inside = daily.equity[year == key]
        fall = max_drawdown(np.concatenate(([before], inside)))
        rows.append(YearReturn(1970 + key, change, fall))
        before = float(inside[-1])
    return tuple(rows)


def _changes(period: Ints, equity: Floats, initial: float) -> tuple[list[int], list[float]]:
    if len(period) == 0:
        return [], []
    last = np.flatnonzero(np.diff(period, append=period[-1] + 1))
    levels = np.concatenate(([initial], equity[last]))
    return [int(key) for key in period[last]], [float(x) for x in simple_returns(levels)]


def _period(day: Ints, unit: Literal["M", "Y"]) -> Ints:
    return np.asarray(day.astype("datetime64[D]").astype(f"datetime64[{unit}]"), np.int64)
