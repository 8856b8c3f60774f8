"""Rolling Sharpe and volatility over the last `window` calendar days."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import YEAR_DAYS
from ballast.research.metrics.series import FLAT

if TYPE_CHECKING:
    from ballast.research.metrics.series import Floats


def rolling_volatility(returns: Floats, window: int, per_year: float = YEAR_DAYS) -> Floats:
    """Return the annualised spread of the last `window` returns; NaN for the first window - 1."""
    spread = np.full(len(returns), np.nan)
    if len(returns) >= window:
        views = np.lib.stride_tricks.sliding_window_view(returns, window)
        spread[window - 1 :] = np.std(views, axis=1, ddof=1) * math.sqrt(per_year)
    return spread


def rolling_sharpe(returns: Floats, window: int, per_year: float = YEAR_DAYS) -> Floats:
    """Return the annualised Sharpe of the last `window` returns; NaN where they do not vary."""
    ratio = np.full(len(returns), np.nan)
    if len(returns) >= window:
        views = np.lib.stride_tricks.sliding_window_view(returns, window)
        means, spread = np.mean(views, axis=1), np.std(views, axis=1, ddof=1)
        moving = spread > FLAT
        safe = np.where(moving, spread, 1.0)
        ratio[window - 1 :] = np.where(moving, means / safe * math.sqrt(per_year), np.nan)
    return ratio
