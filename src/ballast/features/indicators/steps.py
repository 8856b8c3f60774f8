"""Steps of recursive averages: state in, new state out, no arrays.

Written as `average += weight * (value - average)`: on a flat series the result is the value
itself, to the last bit, so two averages of a market that does not move never cross by rounding. The
first `period` values get the weights 1, 1/2, 1/3 ..., which makes the seed their mean (TA-Lib's
convention). Callers keep the scalars in local variables; the compiler inlines the calls.
"""

from __future__ import annotations

from ballast.core.jit import jit


@jit
def smooth(
    count: int, average: float, period: int, alpha: float, value: float
) -> tuple[int, float]:
    """Return the new (count, average); the average is valid when count has reached `period`."""
    if count >= period:
        return count, average + alpha * (value - average)
    return count + 1, average + (value - average) / (count + 1)


@jit
def true_range(high: float, low: float, close_before: float) -> float:
    """Return the range of a bar, the gap to the last close included."""
    return max(high, close_before) - min(low, close_before)
