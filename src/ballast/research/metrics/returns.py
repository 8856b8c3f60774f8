"""The return family and the tail family, from the calendar days of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import DAY_MS
from ballast.research.metrics import distribution, ratios

if TYPE_CHECKING:
    from ballast.research.metrics.series import Daily, Floats


@dataclass(frozen=True, slots=True)
class ReturnStats:
    """Growth and its ratios; `best_day_ms` and `worst_day_ms` are the starts of those days."""

    total: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    omega: float | None
    downside_risk: float | None
    stability: float | None
    best_day: float | None
    best_day_ms: int | None
    worst_day: float | None
    worst_day_ms: int | None
    positive_days: float | None


@dataclass(frozen=True, slots=True)
class TailStats:
    """Shape of daily returns; value at risk figures are returns (negative is a loss)."""

    skewness: float | None
    kurtosis: float | None
    var_95: float | None
    var_99: float | None
    cvar_95: float | None
    cvar_99: float | None
    var_95_normal: float | None
    var_99_normal: float | None
    cvar_95_normal: float | None
    cvar_99_normal: float | None
    tail_ratio: float | None


def return_stats(
    days: Daily, *, initial: float, final: float, max_drawdown: float, per_year: float
) -> ReturnStats:
    """Return growth and ratios; `max_drawdown` (negative) is that of the curve at every close."""
    values = days.returns
    growth = ratios.cagr(final / initial, len(days), per_year)
    best = int(np.argmax(values)) if len(days) else None
    worst = int(np.argmin(values)) if len(days) else None
    return ReturnStats(
        total=ratios.total_return(initial, final),
        cagr=growth,
        volatility=ratios.volatility(values, per_year),
        sharpe=ratios.sharpe(values, per_year),
        sortino=ratios.sortino(values, per_year),
        calmar=ratios.calmar(growth, max_drawdown),
        omega=ratios.omega(values),
        downside_risk=ratios.downside_risk(values, per_year),
        stability=ratios.stability(values),
        best_day=None if best is None else float(values[best]),
        best_day_ms=None if best is None else int(days.day[best]) * DAY_MS,
        worst_day=None if worst is None else float(values[worst]),
        worst_day_ms=None if worst is None else int(days.day[worst]) * DAY_MS,
        positive_days=distribution.positive_share(values),
    )


def tail_stats(values: Floats) -> TailStats:
    """Return the shape of daily returns."""
    return TailStats(
        skewness=distribution.skewness(values),
        kurtosis=distribution.kurtosis(values),
        var_95=distribution.value_at_risk(values, 0.05),
        var_99=distribution.value_at_risk(values, 0.01),
        cvar_95=distribution.conditional_value_at_risk(values, 0.05),
        cvar_99=distribution.conditional_value_at_risk(values, 0.01),
        var_95_normal=distribution.parametric_value_at_risk(values, 0.05),
        var_99_normal=distribution.parametric_value_at_risk(values, 0.01),
        cvar_95_normal=distribution.parametric_conditional_value_at_risk(values, 0.05),
        cvar_99_normal=distribution.parametric_conditional_value_at_risk(values, 0.01),
        tail_ratio=distribution.tail_ratio(values),
    )
