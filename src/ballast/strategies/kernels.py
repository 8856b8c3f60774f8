"""Compiled loops over columns: comparing, crossing, counting, packing. No NaN ever says yes.

A condition is a uint8 column: 0 no, 1 yes, 2 unknown (an input was NaN). `and`, `or`, `not` follow
Kleene's three-valued logic, so that `~(x > y)` is not a yes in the warm-up. An *order* column holds
how two columns stand: 0 equal, 1 greater, 2 less, 4 unknown; every comparison of the pair and
both crossings are read off it, so that a pair of float columns is read once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bytes = NDArray[np.uint8]

NAN = math.nan
NO, YES, UNKNOWN = np.uint8(0), np.uint8(1), np.uint8(2)
GREATER, LESS = np.uint8(1), np.uint8(2)
_ORDER_UNKNOWN = np.uint8(4)
_ONE = np.uint8(1)
_TWO = np.uint8(2)


@jit
def order(a: Floats, b: Floats, out: Bytes) -> None:
    """Write how each row of `a` stands to that of `b`."""
    for i in range(a.size):
        x, y = a[i], b[i]
        known = np.uint8(x > y) | np.uint8(np.uint8(x < y) << _ONE)
        out[i] = known | np.uint8(np.uint8(math.isnan(x) | math.isnan(y)) << _TWO)


@jit
def order_number(a: Floats, b: float, out: Bytes) -> None:
    """Write how each row of `a` stands to one number."""
    lost = math.isnan(b)
    for i in range(a.size):
        x = a[i]
        known = np.uint8(x > b) | np.uint8(np.uint8(x < b) << _ONE)
        out[i] = known | np.uint8(np.uint8(math.isnan(x) | lost) << _TWO)


@jit
def relation(orders: Bytes, pick: int, flip: int, out: Bytes) -> None:
    """Write the condition `(order & pick) != 0`, turned round if `flip` is 1."""
    mask, turn = np.uint8(pick), np.uint8(flip)
    for i in range(orders.size):
        row = orders[i]
        unknown = np.uint8(row >> _TWO)
        holds = np.uint8((row & mask) != 0) ^ turn
        out[i] = np.uint8(holds & np.uint8(unknown ^ _ONE)) | np.uint8(unknown << _ONE)


@jit
def crossing(orders: Bytes, side: int, out: Bytes) -> None:
    """Write the condition: the order is `side` now and was known and not `side` a bar before."""
    mask = np.uint8(side)
    if orders.size:
        out[0] = UNKNOWN
    for i in range(1, orders.size):
        row, before = orders[i], orders[i - 1]
        unknown = np.uint8(np.uint8(row | before) >> _TWO)
        holds = np.uint8(row == mask) & np.uint8(before != mask)
        out[i] = np.uint8(holds & np.uint8(unknown ^ _ONE)) | np.uint8(unknown << _ONE)


@jit
def inside(x: Floats, low: float, high: float, out: Bytes) -> None:
    """Write the condition low < x < high."""
    lost = math.isnan(low) | math.isnan(high)
    for i in range(x.size):
        value = x[i]
        unknown = np.uint8(math.isnan(value) | lost)
        out[i] = np.uint8((value > low) & (value < high)) | np.uint8(unknown << _ONE)


@jit
def both(a: Bytes, b: Bytes, out: Bytes) -> None:
    """Write a and b: no wins, then unknown."""
    for i in range(a.size):
        x, y = a[i], b[i]
        some = np.uint8(x != 0) & np.uint8(y != 0)
        unknown = np.uint8(np.uint8(x | y) >> _ONE) & some
        out[i] = np.uint8(some & np.uint8(unknown ^ _ONE)) | np.uint8(unknown << _ONE)


@jit
def either(a: Bytes, b: Bytes, out: Bytes) -> None:
    """Write a or b: yes wins, then unknown."""
    for i in range(a.size):
        x, y = a[i], b[i]
        yes = np.uint8(x | y) & _ONE
        unknown = np.uint8(np.uint8(x | y) >> _ONE) & np.uint8(yes ^ _ONE)
        out[i] = yes | np.uint8(unknown << _ONE)


@jit
def invert(a: Bytes, out: Bytes) -> None:
    """Write not a; unknown stays unknown."""
    for i in range(a.size):
        x = a[i]
        unknown = np.uint8(x >> _ONE)
        out[i] = np.uint8(np.uint8(x ^ _ONE) & np.uint8(unknown ^ _ONE)) | np.uint8(unknown << _ONE)


@jit
def pack(condition: Bytes, mask: int, bit: int, out: Bytes) -> None:
    """Write `bit` where `condition & mask`, 0 elsewhere."""
    wanted, mark = np.uint8(mask), np.uint8(bit)
    for i in range(condition.size):
        out[i] = np.uint8(np.uint8((condition[i] & wanted) != 0) * mark)


@jit
def pack_more(condition: Bytes, mask: int, bit: int, out: Bytes) -> None:
    """Add `bit` where `condition & mask`."""
    wanted, mark = np.uint8(mask), np.uint8(bit)
    for i in range(condition.size):
        out[i] |= np.uint8(np.uint8((condition[i] & wanted) != 0) * mark)


@jit
def run_length(x: Floats, count: int, sign: float, out: Bytes) -> None:
    """Write the condition: each of the last `count` steps went in the direction of `sign`."""
    length, known = 0, 0
    for i in range(x.size):
        if math.isnan(x[i]):
            length, known = 0, 0
        else:
            known += 1
            up = known > 1 and sign * (x[i] - x[i - 1]) > 0.0
            length = length + 1 if up else 0
        out[i] = UNKNOWN if known <= count else np.uint8(length >= count)


@jit
def edge(condition: Bytes, out: Bytes) -> None:
    """Write the condition: yes now, and not yes a bar before (nothing is before the first bar)."""
    before = NO
    for i in range(condition.size):
        row = condition[i]
        out[i] = row if row != YES else np.uint8(before != YES)
        before = row


@jit
def count_since(condition: Bytes, out: Floats) -> None:
    """Write the bars since the last yes, NaN before the first."""
    last = -1
    for i in range(condition.size):
        if condition[i] == YES:
            last = i
        out[i] = float(i - last) if last >= 0 else NAN


@jit
def hold_since(condition: Bytes, x: Floats, out: Floats) -> None:
    """Write x as it was at the last yes, NaN before the first."""
    held = NAN
    for i in range(condition.size):
        if condition[i] == YES:
            held = x[i]
        out[i] = held


@jit
def align(
    ts_close: NDArray[np.int64], other_close: NDArray[np.int64], age_ms: int, at: NDArray[np.int64]
) -> None:
    """Write for each close time the last other row closed by then; -1: none is fresh enough."""
    row = -1
    for i in range(ts_close.size):
        while row + 1 < other_close.size and other_close[row + 1] <= ts_close[i]:
            row += 1
        at[i] = row if row >= 0 and ts_close[i] - other_close[row] <= age_ms else -1


@jit
def spread_floats(values: Floats, at: NDArray[np.int64], out: Floats) -> None:
    """Write `values[at]`, NaN where `at` is -1."""
    for i in range(at.size):
        out[i] = values[at[i]] if at[i] >= 0 else NAN


@jit
def spread_bytes(values: Bytes, at: NDArray[np.int64], out: Bytes) -> None:
    """Write `values[at]`, unknown where `at` is -1."""
    for i in range(at.size):
        out[i] = values[at[i]] if at[i] >= 0 else UNKNOWN


@jit
def choose(condition: Bytes, a: Floats, b: Floats, out: Floats) -> None:
    """Write a where yes, b where no, NaN where unknown."""
    for i in range(condition.size):
        row = condition[i]
        out[i] = a[i] if row == YES else (b[i] if row == NO else NAN)


@jit
def time_noise(ts: NDArray[np.int64], seed: int, out: Floats) -> None:
    """Write a number in [0, 1) from each time and the seed (SplitMix64, Steele et al. 2014)."""
    for i in range(ts.size):
        z = np.uint64(ts[i]) + np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = (z ^ (z >> np.uint64(31))) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
        out[i] = np.float64(z >> np.uint64(11)) * 1.1102230246251565e-16
