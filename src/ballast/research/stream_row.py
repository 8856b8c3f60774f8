"""Stream row: the figures and the sketch of one run's daily returns, in one compiled pass.

A sweep makes thousands of runs a second: the moments and the blocks are computed where the days
are, and the days are forgotten. Definitions are those of `research.metrics`: Sharpe per day with
ddof 1, population skew, raw population kurtosis.
"""

from __future__ import annotations

import math
from typing import Any

from ballast.core.jit import jit

BLOCK_DAYS = 28
"""Days of a block of a sketch, counted from 1970-01-01 so that all streams share one calendar."""
NOISE = 1e-24
"""Below this a variance is rounding noise: a flat run has no Sharpe ratio, as in `sweep_row`."""
_BLOCK_DAYS = BLOCK_DAYS


@jit
def returns_of(initial: float, daily: Any, out: Any) -> None:  # noqa: ANN401 - float64 arrays
    """Write simple returns of equities at the ends of days; 0 after ruin."""
    before = initial
    for d in range(len(daily)):
        out[d] = daily[d] / before - 1.0 if before > 0.0 else 0.0
        before = daily[d]


@jit
def describe(
    returns: Any,  # noqa: ANN401 - float64: one a calendar day
    first_day: int,
    first_block: int,
    trades: float,
    out: Any,  # noqa: ANN401 - float64 of FIGURES
    sketch: Any,  # noqa: ANN401 - float32, zeros
) -> None:
    """Write FIGURES and the blocks of one stream that starts on UTC day `first_day`."""
    n = len(returns)
    total = 0.0
    growth = 1.0
    block_sum = 0.0
    block = first_day // _BLOCK_DAYS
    for d in range(n):
        r = returns[d]
        total += r
        growth *= 1.0 + r
        here = (first_day + d) // _BLOCK_DAYS
        if here != block:
            if block >= first_block:
                sketch[block - first_block] = block_sum
            block_sum = 0.0
            block = here
        block_sum += r
    if n > 0 and block >= first_block:
        sketch[block - first_block] = block_sum
    mean = total / n if n > 0 else 0.0
    m2 = 0.0
    m3 = 0.0
    m4 = 0.0
    for d in range(n):
        x = returns[d] - mean
        y = x * x
        m2 += y
        m3 += y * x
        m4 += y * y
    out[0] = math.nan
    out[1] = trades
    out[2] = growth - 1.0
    out[3] = math.nan
    out[4] = math.nan
    out[5] = n
    if n > 1 and m2 / (n - 1) > NOISE:
        out[0] = mean / math.sqrt(m2 / (n - 1))
        out[3] = m3 / n / (m2 / n) ** 1.5
        out[4] = m4 / n / (m2 / n) ** 2
