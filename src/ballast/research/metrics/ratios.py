"""Return and risk-adjusted ratios of simple daily returns.

All take returns per calendar day and annualise with `per_year` (365 for crypto). `risk_free` is a
return per day, 0 by default. Spreads are sample standard deviations (ddof = 1). Conventions are
those of empyrical, against which each is checked. None means not defined (see `catalogue`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import YEAR_DAYS
from ballast.research.metrics.series import FLAT, varies

if TYPE_CHECKING:
    from ballast.research.metrics.series import Floats

EXPONENT_MAX = 700.0  # exp of more is not a float


def total_return(initial: float, final: float) -> float:
    """Return `final / initial - 1`."""
    return final / initial - 1.0


def cagr(growth: float, days: int, per_year: float = YEAR_DAYS) -> float | None:
    """Return the compound annual growth rate `growth ** (per_year / days) - 1`.

    `growth` is final over initial equity. A ruined account (growth <= 0) has -1. None without a day
    or where the power is not a float (a day's gain extrapolated to a year).
    """
    if days == 0:
        return None
    if growth <= 0:
        return -1.0
    exponent = math.log(growth) * per_year / days
    return math.exp(exponent) - 1.0 if exponent < EXPONENT_MAX else None


def volatility(returns: Floats, per_year: float = YEAR_DAYS) -> float | None:
    """Return the annualised standard deviation `std(r) * sqrt(per_year)`; None below two days."""
    if len(returns) < 2:  # noqa: PLR2004 - a spread needs two
        return None
    return float(np.std(returns, ddof=1)) * math.sqrt(per_year)


def sharpe(returns: Floats, per_year: float = YEAR_DAYS, *, risk_free: float = 0.0) -> float | None:
    """Return `mean(r - rf) / std(r - rf) * sqrt(per_year)` (Sharpe 1994)."""
    if not varies(returns):
        return None
    excess = returns - risk_free
    return float(np.mean(excess) / np.std(excess, ddof=1)) * math.sqrt(per_year)


def downside_risk(
    returns: Floats, per_year: float = YEAR_DAYS, *, target: float = 0.0
) -> float | None:
    """Return the annualised target semideviation `sqrt(mean(min(r - target, 0)^2) * per_year)`.

    All days are in the mean, not only the losing ones (Sortino and Price 1994).
    """
    if len(returns) == 0:
        return None
    below = np.minimum(returns - target, 0.0)
    return math.sqrt(float(np.mean(below * below)) * per_year)


def sortino(returns: Floats, per_year: float = YEAR_DAYS, *, target: float = 0.0) -> float | None:
    """Return `mean(r - target) * per_year / downside_risk` (Sortino and Price 1994)."""
    risk = downside_risk(returns, per_year, target=target)
    if risk is None or risk <= FLAT:
        return None
    return float(np.mean(returns - target)) * per_year / risk


def calmar(growth_rate: float | None, max_drawdown: float) -> float | None:
    """Return CAGR over the depth of the worst drawdown (Young 1991); None without a drawdown."""
    if growth_rate is None or max_drawdown > -FLAT:
        return None
    return growth_rate / -max_drawdown


def omega(returns: Floats, *, threshold: float = 0.0) -> float | None:
    """Return gains over losses around `threshold` per day (Keating and Shadwick 2002)."""
    excess = returns - threshold
    losses = -float(np.sum(excess[excess < 0]))
    return float(np.sum(excess[excess > 0])) / losses if losses > FLAT else None


def stability(returns: Floats) -> float | None:
    """Return R squared of a straight line through cumulative log returns: 1 grows evenly."""
    if len(returns) < 3 or float(np.min(returns)) <= -1.0:  # noqa: PLR2004 - a line fits two
        return None
    path = np.cumsum(np.log1p(returns))
    if float(np.ptp(path)) <= FLAT:
        return None
    time = np.arange(len(path), dtype=np.float64)
    return float(np.corrcoef(time, path)[0, 1]) ** 2
