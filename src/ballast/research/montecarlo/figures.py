"""The headline figures of many resamples at once, from sums over each of them.

Every figure but those of drawdowns is a function of six sums over the days of a resample, and a
sum over blocks is cheap (`blocks`). The formulas are those of `metrics.ratios`, on arrays; a figure
that is not defined (no losing day to divide by) is NaN here.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ballast.research.metrics import distribution, drawdown, ratios
from ballast.research.metrics.series import FLAT
from ballast.research.montecarlo.paths import log_growth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_GROWTH_MAX = 200.0  # exp of more has no cube: days extrapolated to a year, and no figure


class Figure(StrEnum):
    """A headline figure, named as in the JSON of a result."""

    TOTAL = "total"
    CAGR = "cagr"
    VOLATILITY = "volatility"
    SHARPE = "sharpe"
    SORTINO = "sortino"
    OMEGA = "omega"
    DOWNSIDE_RISK = "downside_risk"
    POSITIVE_DAYS = "positive_days"
    CALMAR = "calmar"
    MAX_DRAWDOWN = "max_drawdown"


OF_SUMS = tuple(one for one in Figure if one not in {Figure.CALMAR, Figure.MAX_DRAWDOWN})
"""Figures that do not depend on the order of days."""


def observed_figures(returns: Floats, per_year: float) -> dict[Figure, float | None]:
    """Return the figures of the observed returns, by the functions every report uses."""
    levels = np.concatenate(([1.0], np.cumprod(np.maximum(1.0 + returns, 0.0))))
    deepest = drawdown.max_drawdown(levels)
    growth = ratios.cagr(float(levels[-1]), len(returns), per_year)
    return {
        Figure.TOTAL: ratios.total_return(1.0, float(levels[-1])),
        Figure.CAGR: growth,
        Figure.VOLATILITY: ratios.volatility(returns, per_year),
        Figure.SHARPE: ratios.sharpe(returns, per_year),
        Figure.SORTINO: ratios.sortino(returns, per_year),
        Figure.OMEGA: ratios.omega(returns),
        Figure.DOWNSIDE_RISK: ratios.downside_risk(returns, per_year),
        Figure.POSITIVE_DAYS: distribution.positive_share(returns),
        Figure.CALMAR: ratios.calmar(growth, deepest),
        Figure.MAX_DRAWDOWN: deepest,
    }


def summands(returns: Floats) -> Floats:
    """Return what is summed over days, shape (n, 6).

    Centred return, its square, squared shortfall, gain, above zero or not, log growth.
    """
    centred = returns - np.mean(returns)
    short = np.minimum(returns, 0.0)
    gain = np.maximum(returns, 0.0)
    positive = (returns > 0).astype(np.float64)
    columns = (centred, centred * centred, short * short, gain, positive, log_growth(returns))
    return np.stack(columns, axis=1)


def figures_of_sums(
    sums: Floats, count: int, centre: float, per_year: float
) -> dict[Figure, Floats]:
    """Return figures of each row of `sums` (k, 6) over `count` days; `centre`: mean taken off."""
    centred, squares, short, gain, positive, growth = sums.T
    mean = centred / count + centre
    spread = np.sqrt(np.maximum(squares - centred * centred / count, 0.0) / (count - 1))
    downside = np.sqrt(short / count * per_year)
    loss = gain - mean * count
    return {
        Figure.TOTAL: _grown(growth),
        Figure.CAGR: _grown(growth * (per_year / count)),
        Figure.VOLATILITY: spread * math.sqrt(per_year),
        Figure.SHARPE: _ratio(mean, spread) * math.sqrt(per_year),
        Figure.SORTINO: _ratio(mean * per_year, downside),
        Figure.OMEGA: _ratio(gain, loss),
        Figure.DOWNSIDE_RISK: downside,
        Figure.POSITIVE_DAYS: positive / count,
    }


def figures_of_paths(cagr: Floats, depth: Floats) -> dict[Figure, Floats]:
    """Return the figures that depend on the order; `depth` is a positive log fall."""
    fallen = -np.expm1(-depth)
    return {Figure.CALMAR: _ratio(cagr, fallen), Figure.MAX_DRAWDOWN: -fallen}


def _grown(growth: Floats) -> Floats:
    possible = growth < _GROWTH_MAX
    return np.where(possible, np.expm1(np.where(possible, growth, 0.0)), np.nan)


def _ratio(above: Floats, below: Floats) -> Floats:
    defined = below > FLAT
    return np.where(defined, above / np.where(defined, below, 1.0), np.nan)
