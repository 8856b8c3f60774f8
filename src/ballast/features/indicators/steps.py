"""Steps of recursive averages: state in, new state out, no arrays.

Written as `average += weight * (value - average)`: on a flat series the result is the value
itself, to the last bit, so two averages of a market that does not move never cross by rounding. The
first `period` values get the weights 1, 1/2, 1/3 ..., which makes the seed their mean (TA-Lib's
convention). Callers keep the scalars in local variables; the compiler inlines the calls.
"""

from __future__ import annotations

from ballast.core.jit import jit_inline


@jit_inline
def smooth(
    count: int, average: float, period: int, alpha: float, value: float
) -> tuple[int, float]:
    """Return the new (count, average); the average is valid when count has reached `period`."""
    if count >= period:
        return count, average + alpha * (value - average)
    return count + 1, average + (value - average) / (count + 1)


@jit_inline
def true_range(high: float, low: float, close_before: float) -> float:
    """Return the range of a bar, the gap to the last close included."""
    return max(high, close_before) - min(low, close_before)


@jit_inline
def atr_step(
    seen: int,
    average: float,
    period: int,
    alpha: float,
    high: float,
    low: float,
    close_before: float,
) -> tuple[int, float]:
    """Return the new (seen, ATR); valid when seen = period + 1 (the first bar has no range)."""
    if seen == 0:
        return 1, 0.0
    count, average = smooth(seen - 1, average, period, alpha, true_range(high, low, close_before))
    return count + 1, average
