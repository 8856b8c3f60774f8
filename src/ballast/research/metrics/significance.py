"""How sure can one be: intervals of win rate, mean trade and Sharpe ratio (R-SIG-03, R-SIG-10).

These treat trades and days as independent. They are the optimistic answer: dependence widens the
truth, and trying many variants widens it much more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.time import YEAR_DAYS
from ballast.research.metrics.distribution import kurtosis, skewness
from ballast.research.metrics.ratios import sharpe
from ballast.research.metrics.series import varies
from ballast.research.metrics.student import quantile_two_sided, two_sided_p

if TYPE_CHECKING:
    from ballast.research.metrics.series import Floats

LEVEL = 0.95
TRADES_MIN = 30
"""Fewer closed trades than this prove nothing (R-SIG-10)."""
NORMAL_KURTOSIS = 3.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval around `estimate`."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SignificanceStats:
    """Intervals at 95 %; `p_value` is of "the mean trade is zero"; `psr` of "true Sharpe > 0"."""

    trades: int
    win_rate: Interval | None
    mean_trade: Interval | None
    t_statistic: float | None
    p_value: float | None
    sharpe_lo: Interval | None
    sharpe_mertens: Interval | None
    psr: float | None


def significance_stats(
    pnl: Floats, returns: Floats, per_year: float = YEAR_DAYS
) -> SignificanceStats:
    """Return the intervals for net trade results (quote currency) and daily returns."""
    t_statistic = _t_statistic(pnl)
    return SignificanceStats(
        trades=len(pnl),
        win_rate=wilson_interval(int(np.count_nonzero(pnl > 0)), len(pnl)),
        mean_trade=mean_interval(pnl),
        t_statistic=t_statistic,
        p_value=None if t_statistic is None else two_sided_p(t_statistic, len(pnl) - 1),
        sharpe_lo=sharpe_interval(returns, per_year, normal=True),
        sharpe_mertens=sharpe_interval(returns, per_year, normal=False),
        psr=_probability_positive(returns),
    )


def mean_interval(values: Floats, level: float = LEVEL) -> Interval | None:
    """Return `mean +- t(level, n - 1) * std / sqrt(n)` (Student 1908)."""
    if not varies(values):
        return None
    centre = float(np.mean(values))
    half = quantile_two_sided(level, len(values) - 1) * _standard_error(values)
    return Interval(centre, centre - half, centre + half)


def wilson_interval(successes: int, count: int, level: float = LEVEL) -> Interval | None:
    """Return the interval of a share of independent cases (Wilson, JASA 22, 1927); None for none.

    (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n). It stays inside [0, 1] and
    says something at 0 of 10, where `p +- z sqrt(p (1 - p) / n)` claims certainty.
    """
    if not 0 <= successes <= count:
        raise InternalError(f"{successes} successes of {count}")
    if count == 0:
        return None
    share = successes / count
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    spread = z * z / count
    centre = (share + spread / 2.0) / (1.0 + spread)
    inside = share * (1.0 - share) / count + spread / (4.0 * count)
    half = z * math.sqrt(inside) / (1.0 + spread)
    low = (
        0.0 if successes == 0 else centre - half
    )  # exactly 0 and 1 at the ends, not a last bit off
    high = 1.0 if successes == count else centre + half
    return Interval(share, low, high)


def is_evidence(trades: int, least: int = TRADES_MIN) -> bool:
    """Tell whether so many closed trades may be spoken of at all (R-WF-08: 30 by default)."""
    return trades >= least


def sharpe_interval(
    returns: Floats, per_year: float = YEAR_DAYS, *, normal: bool, level: float = LEVEL
) -> Interval | None:
    """Return the annualised Sharpe with `+- z * se * sqrt(per_year)`.

    Per period `se^2 = (1 + S^2 / 2 - skew S + (kurtosis - 3) / 4 S^2) / n` (Mertens 2002); `normal`
    drops the last two terms (Lo 2002, independent normal returns). Kurtosis is raw.
    """
    annual = sharpe(returns, per_year)
    if annual is None:
        return None
    moments = (0.0, NORMAL_KURTOSIS) if normal else _moments(returns)
    error = sharpe_error(annual / math.sqrt(per_year), len(returns), *moments)
    half = NormalDist().inv_cdf((1 + level) / 2) * error * math.sqrt(per_year)
    return Interval(annual, annual - half, annual + half)


def sharpe_error(ratio: float, count: int, skew: float, raw_kurtosis: float) -> float:
    """Return the standard error of a per-period Sharpe ratio over `count` periods."""
    tails = -skew * ratio + (raw_kurtosis - NORMAL_KURTOSIS) / 4 * ratio * ratio
    return math.sqrt(max(1.0 + ratio * ratio / 2 + tails, 0.0) / count)


def probabilistic_sharpe(
    ratio: float, target: float, count: int, skew: float, raw_kurtosis: float
) -> float:
    """Return P(true Sharpe > target) (Bailey and Lopez de Prado 2012); ratios are per period."""
    error = sharpe_error(ratio, count - 1, skew, raw_kurtosis)
    if error == 0.0:
        return 1.0 if ratio > target else 0.0
    return NormalDist().cdf((ratio - target) / error)


def _probability_positive(returns: Floats) -> float | None:
    annual = sharpe(returns, 1.0)
    if annual is None:
        return None
    return probabilistic_sharpe(annual, 0.0, len(returns), *_moments(returns))


def _moments(returns: Floats) -> tuple[float, float]:
    skew, raw = skewness(returns), kurtosis(returns)
    return (0.0 if skew is None else skew), (NORMAL_KURTOSIS if raw is None else raw)


def _standard_error(values: Floats) -> float:
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


def _t_statistic(values: Floats) -> float | None:
    return float(np.mean(values)) / _standard_error(values) if varies(values) else None
