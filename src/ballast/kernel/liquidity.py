"""Liquidity: what a market trades and shows now, against what it usually does (R-RISK-20).

Now: the mean quote volume of the last 5 bars. Usually: the median of the last `bars`, which a few
storms do not move, as a mean would be. Nothing is kept: an entry that is considered asks for it, on
the bars at hand, in a backtest and in a node alike. What a live book lacks of its usual depth is
told by whoever watches it (`depth_lack`); the worse of the two counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner
from ballast.core.memory import f8

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

NOW_BARS = 5
"""One quiet bar is no collapse, and one busy bar does not end one."""
NORM_BARS_MIN = 20
"""With fewer bars there is no norm."""
ENOUGH = 1.0
"""What is told of a market above its threshold, or without a norm."""
NOISE = 1e-9
"""Where a count and a quotient might differ by rounding, the quotient decides."""


@jit_inner
def liquidity_of(t: Row, p: Row, spec: Row, i: int, lim: Row) -> float:
    """Return the worse of traded volume and shown depth, each over its norm, at most 1."""
    return min(volume_of(t, spec, i, lim), ENOUGH - p.depth_lack)


@jit_inner
def volume_of(t: Row, spec: Row, i: int, lim: Row) -> float:
    """Return quote volume at bar `i` over its norm, where that is less than a limit; else 1.

    A market whose norm is nothing is told as 1 too: there is nothing to collapse from.
    """
    enough = max(lim.liquidity_block, lim.liquidity_shrink)
    first = max(spec.first, i - lim.liquidity_bars + 1)
    count = i - first + 1
    if enough <= 0.0 or count < NORM_BARS_MIN:
        return ENOUGH
    now = 0.0
    for k in range(i - NOW_BARS + 1, i + 1):
        now += f8(t.close, k) * f8(t.volume, k)
    now /= NOW_BARS
    least = now / enough * (1.0 - NOISE)
    below = 0
    for k in range(first, i + 1):
        below += f8(t.close, k) * f8(t.volume, k) <= least
    if below > (count - 1) // 2:  # so the median is: most markets, most of the time
        return ENOUGH
    return now / lower_median(t, first, i)


@jit_inner
def lower_median(t: Row, first: int, last: int) -> float:
    """Return the lower median of the quote volumes of the bars `[first, last]`.

    By narrowing an interval around it, without a copy to sort: each pass takes the first value that
    is still inside as its pivot, and counts.
    """
    place = (last - first) // 2
    low = -1.0
    high = 1e300
    while True:
        pivot = -1.0
        for k in range(first, last + 1):
            value = f8(t.close, k) * f8(t.volume, k)
            if low < value < high:
                pivot = value
                break
        less = 0
        same = 0
        for k in range(first, last + 1):
            value = f8(t.close, k) * f8(t.volume, k)
            less += value < pivot
            same += value == pivot
        if place < less:
            high = pivot
        elif place < less + same:
            return pivot
        else:
            low = pivot
