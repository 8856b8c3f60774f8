"""Buy and hold of the same bars, and how the run moved with it.

The benchmark buys each symbol for an equal part of the starting equity at the symbol's first close
of the run, pays nothing, never rebalances. Before its first bar a symbol's part is cash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import YEAR_DAYS
from ballast.research.metrics.drawdown import max_drawdown
from ballast.research.metrics.ratios import sharpe
from ballast.research.metrics.series import simple_returns, varies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.bars import Bars
    from ballast.research.metrics.series import Floats, Ints


@dataclass(frozen=True, slots=True)
class MarketStats:
    """The benchmark's own figures, and the run against it (daily returns)."""

    change: float | None
    max_drawdown: float | None
    sharpe: float | None
    excess: float | None
    beta: float | None
    alpha: float | None
    correlation: float | None


def hold_curve(bars: Sequence[Bars], at_ms: Ints) -> Floats:
    """Return the value of 1 unit held in equal parts, at each time of `at_ms` (close times)."""
    value = np.zeros(len(at_ms))
    for one in bars:
        rows = np.searchsorted(one.ts + one.timeframe.ms, at_ms, side="right") - 1
        growth = one.close[np.maximum(rows, 0)] / one.close[0] if len(one) else np.ones(len(rows))
        value += np.where(rows < 0, 1.0, growth) / len(bars)
    return value


def market_stats(held: Floats, held_daily: Floats, returns: Floats, grown: float) -> MarketStats:
    """Compare a run with holding: curves at closes and at day ends, the run's returns and total.

    Beta is `cov(r, m) / var(m)`; alpha is Jensen's (1968), `(1 + mean(r - beta m)) ^ 365 - 1`.
    """
    if len(held) == 0:
        return MarketStats(None, None, None, None, None, None, None)
    daily = simple_returns(np.concatenate(([1.0], held_daily)))
    slope = beta(returns, daily)
    return MarketStats(
        change=float(held[-1]) - 1.0,
        max_drawdown=max_drawdown(np.concatenate(([1.0], held))),
        sharpe=sharpe(daily),
        excess=grown - (float(held[-1]) - 1.0),
        beta=slope,
        alpha=alpha(returns, daily),
        correlation=correlation(returns, daily),
    )


def beta(returns: Floats, market: Floats) -> float | None:
    """Return the slope of returns on market returns; None if the market does not vary."""
    if not varies(market):
        return None
    centred = market - np.mean(market)
    return float(np.dot(returns - np.mean(returns), centred) / np.dot(centred, centred))


def alpha(returns: Floats, market: Floats, per_year: float = YEAR_DAYS) -> float | None:
    """Return Jensen's alpha, compounded to a year as empyrical does."""
    slope = beta(returns, market)
    if slope is None:
        return None
    daily = float(np.mean(returns - slope * market))
    return float((1.0 + daily) ** per_year - 1.0) if daily > -1.0 else None


def correlation(returns: Floats, market: Floats) -> float | None:
    """Return Pearson's correlation; None if either side does not vary."""
    if not varies(returns) or not varies(market):
        return None
    return float(np.corrcoef(returns, market)[0, 1])
