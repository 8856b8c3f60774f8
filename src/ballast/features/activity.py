"""Activity: how much trades and how much it moves, read by costs and caps at single bars.

Both are direct sums over the last bars, not recursions: a value can be computed for one bar alone,
and a run computes it only where it will be read. The dense column and the single value are the same
bits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WINDOW = 20
"""Bars looked back on, this one included (R-COST-10, R-SIZE-16, R-IND-09)."""


@jit
def mean_quote_volume_at(close: Floats, volume: Floats, i: int) -> float:
    """Return the mean quote volume of the last 20 bars up to `i`; 0 where there are fewer."""
    if i < WINDOW - 1:
        return 0.0
    total = 0.0
    for k in range(i - WINDOW + 1, i + 1):
        total += close[k] * volume[k]
    return total / WINDOW


@jit
def mean_quote_volume(
    close: Floats,
    volume: Floats,
    signals: NDArray[np.uint8],
    bits: int,
    first: int,
    last: int,
    out: Floats,
) -> None:
    """Write the mean quote volume of the bars `[first, last)` whose signal byte has one of `bits`.

    `out` has a row for every bar; those of other bars stay as they are.
    """
    for i in range(first, last):
        if signals[i] & bits:
            out[i] = mean_quote_volume_at(close, volume, i)


@jit
def log_return_deviation(close: Floats, out: Floats) -> None:
    """Write the sample standard deviation of the last 20 log returns of every bar; 0 before."""
    for i in range(WINDOW, len(close)):
        total = 0.0
        squares = 0.0
        for k in range(i - WINDOW + 1, i + 1):
            r = math.log(close[k] / close[k - 1])
            total += r
            squares += r * r
        variance = (squares - total * total / WINDOW) / (WINDOW - 1)
        out[i] = math.sqrt(max(variance, 0.0))
