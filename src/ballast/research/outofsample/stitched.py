"""Stitched: daily returns put together from windows, and what they amount to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import YEAR_DAYS
from ballast.research.metrics import drawdown, ratios

if TYPE_CHECKING:
    from ballast.kernel.market import Floats


@dataclass(frozen=True, slots=True)
class Window:
    """One combination in one window. Ratios are of calendar days; None: not defined."""

    days: int
    yearly_return: float  # mean daily return times 365, so that windows of any length compare
    sharpe: float | None
    max_drawdown: float  # of the daily curve, a positive fraction
    trades: int  # closed


@dataclass(frozen=True, slots=True)
class CurveStats:
    """What a curve of daily returns amounts to; None: not defined."""

    days: int
    total_return: float
    cagr: float | None
    yearly_return: float
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float  # a positive fraction
    positive_days: float


def window_of(returns: Floats, trades: float) -> Window:
    """Return the figures of one window from its daily returns."""
    return Window(
        days=len(returns),
        yearly_return=yearly_return(returns),
        sharpe=ratios.sharpe(returns),
        max_drawdown=abs(drawdown.max_drawdown(levels_of(returns))),
        trades=round(trades),
    )


def curve_stats(returns: Floats) -> CurveStats:
    """Return the figures of a whole curve."""
    levels = levels_of(returns)
    growth = float(levels[-1])
    deepest = drawdown.max_drawdown(levels)
    cagr = ratios.cagr(growth, len(returns))
    return CurveStats(
        days=len(returns),
        total_return=growth - 1.0,
        cagr=cagr,
        yearly_return=yearly_return(returns),
        volatility=ratios.volatility(returns),
        sharpe=ratios.sharpe(returns),
        sortino=ratios.sortino(returns),
        calmar=ratios.calmar(cagr, deepest),
        max_drawdown=abs(deepest),
        positive_days=float(np.mean(returns > 0.0)) if len(returns) else 0.0,
    )


def levels_of(returns: Floats, initial: float = 1.0) -> Floats:
    """Return the curve of simple returns: `initial`, then one level a day."""
    return initial * np.concatenate(([1.0], np.cumprod(1.0 + returns)))


def yearly_return(returns: Floats) -> float:
    """Return the mean daily return times 365; 0 without a day.

    The arithmetic year, not the compound one: 90 good days extrapolated at compound interest are a
    fairy tale, and a ratio of two of them more so.
    """
    return float(np.mean(returns)) * YEAR_DAYS if len(returns) else 0.0


def efficiency(in_sample: float, out_of_sample: float) -> float | None:
    """Return out-of-sample over in-sample yearly return (Pardo 2008); 1: nothing was lost.

    None where the training window earned nothing: there is no promise to keep, and the quotient of
    two losses would look like success.
    """
    return out_of_sample / in_sample if in_sample > 0.0 else None
