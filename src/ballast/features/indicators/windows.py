"""Rolling windows that never drift.

A running sum that adds the new value and subtracts the old one keeps the rounding error of
everything it ever saw: one freak print spoils the series for good. Here nothing is subtracted. The
window is two stacks: a block of `period` values already seen, kept as aggregates of its tails
(from each position to its end), and a front aggregate of the values since. The window's aggregate
is tail + front; when the front is a full block it is turned into tails, `period` steps of work
every `period` rows. What has left the window has left the numbers.

Sums are of distances to an *anchor*, a value that is always inside the window (the newest one when
the block was turned). So the error is relative to the range of the window, not to the price, and
a flat window gives its value exactly and a deviation of exactly zero.

Each function works on a `cell`, a slice of the kernel's state; a zeroed cell is an empty window.
The first two values of a cell are the rows in the front block and whether a block is behind it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit, jit_inline

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector

NAN = math.nan


@jit
def mean_size(period: int) -> int:
    """Return the length of a `push_mean` cell."""
    return 4 + period


@jit
def moments_size(period: int) -> int:
    """Return the length of a `push_moments` or `push_weighted` cell."""
    return 5 + 2 * period


@jit
def pair_size(period: int) -> int:
    """Return the length of a `push_pair` cell."""
    return 2 + 2 * period


@jit
def highest_size(period: int) -> int:
    """Return the length of a `push_highest` cell."""
    return 3 + period


@jit
def range_size(period: int) -> int:
    """Return the length of a `push_range` cell."""
    return 4 + 2 * period


@jit
def lag_size(period: int) -> int:
    """Return the length of a `push_lag` cell."""
    return 2 + period


@jit_inline
def push_mean(cell: Vector, period: int, value: float) -> float:
    """Add a value; return the mean of the last `period`, NaN before there are as many."""
    counted = cell[0] + 1.0
    rows = int(counted)
    if cell[0] == 0.0 and cell[1] == 0.0:
        cell[2] = value
    front = cell[3] + (value - cell[2])
    if rows < period:
        cell[0] = counted
        cell[3] = front
        tail = cell[4 + rows]
        cell[3 + rows] = value
        return cell[2] + (tail + front) / period if cell[1] != 0.0 else NAN
    cell[3 + rows] = value
    total = 0.0
    for i in range(3 + period, 3, -1):
        total += cell[i] - value
        cell[i] = total
    cell[0] = 0.0
    cell[1] = 1.0
    cell[2] = value
    cell[3] = 0.0
    return value + total / period


@jit_inline
def push_moments(cell: Vector, period: int, value: float) -> tuple[float, float]:
    """Add a value; return (mean, sum of squared deviations) of the last `period`, or NaN twice."""
    counted = cell[0] + 1.0
    rows = int(counted)
    if cell[0] == 0.0 and cell[1] == 0.0:
        cell[2] = value
    anchor = cell[2]
    away = value - anchor
    first = cell[3] + away
    second = cell[4] + away * away
    if rows < period:
        cell[0] = counted
        cell[3] = first
        cell[4] = second
        first += cell[5 + rows]
        second += cell[5 + period + rows]
        cell[4 + rows] = value
        if cell[1] == 0.0:
            return NAN, NAN
    else:
        cell[4 + rows] = value
        anchor = value
        first, second = 0.0, 0.0
        for i in range(4 + period, 4, -1):
            away = cell[i] - anchor
            first += away
            second += away * away
            cell[i] = first
            cell[i + period] = second
        cell[0] = 0.0
        cell[1] = 1.0
        cell[2] = anchor
        cell[3] = 0.0
        cell[4] = 0.0
    return anchor + first / period, max(0.0, second - first * first / period)


@jit_inline
def push_weighted(cell: Vector, period: int, value: float) -> tuple[float, float, float]:
    """Add a value; return (anchor, sum of d, sum of k * d), d = value - anchor, k = 1 .. period.

    The oldest value has k = 1. NaN three times before there are `period` values.
    """
    counted = cell[0] + 1.0
    rows = int(counted)
    if cell[0] == 0.0 and cell[1] == 0.0:
        cell[2] = value
    anchor = cell[2]
    first = cell[3] + (value - anchor)
    second = cell[4] + counted * (value - anchor)
    if rows < period:
        cell[0] = counted
        cell[3] = first
        cell[4] = second
        second += cell[5 + period + rows] + (period - rows) * first
        first += cell[5 + rows]
        cell[4 + rows] = value
        if cell[1] == 0.0:
            return NAN, NAN, NAN
    else:
        cell[4 + rows] = value
        anchor = value
        first, second = 0.0, 0.0
        for i in range(4 + period, 4, -1):
            first += cell[i] - anchor
            second += first
            cell[i] = first
            cell[i + period] = second
        cell[0] = 0.0
        cell[1] = 1.0
        cell[2] = anchor
        cell[3] = 0.0
        cell[4] = 0.0
    return anchor, first, second


@jit_inline
def push_highest(cell: Vector, period: int, value: float) -> float:
    """Add a value; return the highest of the last `period`, NaN before there are as many.

    The lowest is `-push_highest(cell, period, -value)`.
    """
    counted = cell[0] + 1.0
    rows = int(counted)
    front = max(cell[2], value) if rows > 1 else value
    if rows < period:
        cell[0] = counted
        cell[2] = front
        tail = cell[3 + rows]
        cell[2 + rows] = value
        return max(tail, front) if cell[1] != 0.0 else NAN
    cell[2 + rows] = value
    best = value
    for i in range(2 + period, 2, -1):
        best = max(best, cell[i])
        cell[i] = best
    cell[0] = 0.0
    cell[1] = 1.0
    return best


@jit_inline
def push_range(cell: Vector, period: int, high: float, low: float) -> tuple[float, float]:
    """Add a bar; return (highest high, lowest low) of the last `period`, or NaN twice."""
    counted = cell[0] + 1.0
    rows = int(counted)
    top = max(cell[2], high) if rows > 1 else high
    bottom = min(cell[3], low) if rows > 1 else low
    if rows < period:
        cell[0] = counted
        cell[2] = top
        cell[3] = bottom
        old_top, old_bottom = cell[4 + rows], cell[4 + period + rows]
        cell[3 + rows] = high
        cell[3 + period + rows] = low
        if cell[1] == 0.0:
            return NAN, NAN
        return max(old_top, top), min(old_bottom, bottom)
    cell[3 + rows] = high
    cell[3 + period + rows] = low
    top, bottom = high, low
    for i in range(3 + period, 3, -1):
        top = max(top, cell[i])
        bottom = min(bottom, cell[i + period])
        cell[i] = top
        cell[i + period] = bottom
    cell[0] = 0.0
    cell[1] = 1.0
    return top, bottom


@jit_inline
def push_lag(cell: Vector, period: int, value: float) -> float:
    """Add a value; return the one `period` rows before it, NaN before there is one."""
    counted = cell[0] + 1.0
    at = int(counted)
    before = cell[1 + at] if cell[1] != 0.0 else NAN
    cell[1 + at] = value
    if at == period:
        counted = 0.0
        cell[1] = 1.0
    cell[0] = counted
    return before


@jit_inline
def share_below(cell: Vector, period: int, value: float) -> float:
    """Return the share of the `period` values before `value` that are lower, then add it.

    Uses a `push_lag` cell; NaN before there are `period` values. O(period) a call.
    """
    share = NAN
    if cell[1] != 0.0:
        below = 0
        for i in range(2, 2 + period):
            if cell[i] < value:
                below += 1
        share = below / period
    push_lag(cell, period, value)
    return share


@jit_inline
def push_pair(cell: Vector, period: int, left: float, right: float) -> float:
    """Add a pair; return the correlation of the last `period` pairs, NaN before there are as many.

    Two passes over the window, O(period) a call: means first, then products of distances to them.
    """
    at = int(cell[0])
    cell[2 + at] = left
    cell[2 + period + at] = right
    at += 1
    if at == period:
        at = 0
        cell[1] = 1.0
    cell[0] = at
    if cell[1] == 0.0:
        return NAN
    # Distances to the newest pair: a flat side gives exactly zero.
    left_mean, right_mean = 0.0, 0.0
    for i in range(2, 2 + period):
        left_mean += cell[i] - left
        right_mean += cell[i + period] - right
    left_mean = left + left_mean / period
    right_mean = right + right_mean / period
    both, left_squares, right_squares = 0.0, 0.0, 0.0
    for i in range(2, 2 + period):
        left_away = cell[i] - left_mean
        right_away = cell[i + period] - right_mean
        both += left_away * right_away
        left_squares += left_away * left_away
        right_squares += right_away * right_away
    scale = math.sqrt(left_squares) * math.sqrt(right_squares)
    return min(1.0, max(-1.0, both / scale)) if scale > 0.0 else 0.0
