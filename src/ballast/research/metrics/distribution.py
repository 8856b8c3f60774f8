"""The shape of daily returns: asymmetry, tails, value at risk, best and worst days.

Value at risk and its companions are returns, not losses: -0.05 means that a day lost 5 %.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from ballast.research.metrics.series import FLAT, varies

if TYPE_CHECKING:
    from ballast.research.metrics.series import Floats


def _standard_moment(values: Floats, power: int) -> float | None:
    if not varies(values):
        return None
    centred = values - np.mean(values)
    spread = float(np.mean(centred * centred)) ** 0.5
    return float(np.mean((centred / spread) ** power))


def skewness(values: Floats) -> float | None:
    """Return the third standard moment m3 / m2^1.5 (population form, as scipy's default)."""
    return _standard_moment(values, 3)


def kurtosis(values: Floats) -> float | None:
    """Return the fourth standard moment m4 / m2^2: **raw**, a normal sample has 3, not 0."""
    return _standard_moment(values, 4)


def value_at_risk(values: Floats, tail: float) -> float | None:
    """Return the `tail` quantile (0.05: the return that 5 % of days fall below), interpolated."""
    return float(np.quantile(values, tail)) if len(values) else None


def conditional_value_at_risk(values: Floats, tail: float) -> float | None:
    """Return the mean of the worst `floor((n - 1) * tail) + 1` days, as empyrical does."""
    if len(values) == 0:
        return None
    count = int((len(values) - 1) * tail) + 1
    return float(np.mean(np.partition(values, count - 1)[:count]))


def parametric_value_at_risk(values: Floats, tail: float) -> float | None:
    """Return `mean + std * z(tail)`: the value at risk if days were normal (they are not)."""
    if not varies(values):
        return None
    return NormalDist(float(np.mean(values)), float(np.std(values, ddof=1))).inv_cdf(tail)


def parametric_conditional_value_at_risk(values: Floats, tail: float) -> float | None:
    """Return `mean - std * pdf(z(tail)) / tail`: the normal expected shortfall."""
    if not varies(values):
        return None
    unit = NormalDist()
    density = unit.pdf(unit.inv_cdf(tail))
    return float(np.mean(values)) - float(np.std(values, ddof=1)) * density / tail


def tail_ratio(values: Floats) -> float | None:
    """Return |95th percentile| / |5th percentile|: above 1 the good days reach further."""
    if len(values) == 0:
        return None
    low, high = (abs(float(x)) for x in np.quantile(values, (0.05, 0.95)))
    return high / low if low > FLAT else None


def positive_share(values: Floats) -> float | None:
    """Return the share of days with a return above zero."""
    return float(np.count_nonzero(values > 0)) / len(values) if len(values) else None
