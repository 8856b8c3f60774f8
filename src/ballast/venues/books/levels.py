"""One side of a book as a sorted array with holes: the best price is the last row.

A level that is taken away stays as a row of quantity 0, a hole. A level that comes moves only the
rows between its place and the nearest hole, and most come where one has just gone: a book of
thousands of levels then changes by a few rows, however far from the best price. The last row is
never a hole. When more than half of the rows are holes they are swept out.

Rows are those of `core.marketdata`: price in ticks, quantity in lots, form. `sign` is +1 for bids,
-1 for asks: rows rise by `sign * price`. Of a side two numbers are kept: its rows, and those that
are levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.jit import jit
from ballast.core.marketdata import FORM, PRICE, QTY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.marketdata import Levels

HOLES_LEAST = 64
"""Holes that are always allowed: sweeping a small book over and over would cost more."""


@jit
def place_of(rows: Levels, count: int, sign: int, price: int) -> int:
    """Return the first of the `count` rows that is not worse than `price`; `count` if none is."""
    low, high = 0, count
    wanted = sign * price
    while low < high:
        middle = (low + high) >> 1
        if sign * rows[middle, PRICE] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@jit
def _put(rows: Levels, at: int, changes: Levels, k: int) -> None:
    for column in range(3):
        rows[at, column] = changes[k, column]


@jit
def _insert(rows: Levels, count: int, at: int, changes: Levels, k: int) -> int:
    """Make place for a level before row `at`, from the nearest hole; return the new count."""
    up, down = at, at - 1
    while up < count and rows[up, QTY] != 0:
        if down >= 0 and rows[down, QTY] == 0:
            for row in range(down, at - 1):
                for column in range(3):
                    rows[row, column] = rows[row + 1, column]
            _put(rows, at - 1, changes, k)
            return count
        up += 1
        down -= 1
    for row in range(up, at, -1):
        for column in range(3):
            rows[row, column] = rows[row - 1, column]
    _put(rows, at, changes, k)
    return max(count, up + 1)


@jit
def apply_side(
    rows: Levels, counts: NDArray[np.int64], sign: int, changes: Levels, depth: int
) -> None:
    """Set, add and take away levels in the order given, and keep the best `depth` (0: all).

    `counts` is (rows, levels) of the side and is changed; `rows` must have room for one more row a
    change. Taking away what is not there does nothing: venues send such changes for levels outside
    the depth they had sent.
    """
    count, live = counts[0], counts[1]
    for k in range(len(changes)):
        qty = changes[k, QTY]
        at = place_of(rows, count, sign, changes[k, PRICE])
        if at < count and rows[at, PRICE] == changes[k, PRICE]:
            live += int(qty > 0) - int(rows[at, QTY] > 0)
            rows[at, QTY] = qty
            rows[at, FORM] = changes[k, FORM]
        elif qty > 0:
            live += 1
            count = _insert(rows, count, at, changes, k)
    while count > 0 and rows[count - 1, QTY] == 0:
        count -= 1
    worst = 0
    while 0 < depth < live:
        if rows[worst, QTY] != 0:
            rows[worst, QTY] = 0
            live -= 1
        worst += 1
    if count > 2 * live + HOLES_LEAST:
        count = _sweep(rows, count)
    counts[0], counts[1] = count, live


@jit
def _sweep(rows: Levels, count: int) -> int:
    """Close all holes; return the new count."""
    kept = 0
    for row in range(count):
        if rows[row, QTY] != 0:
            for column in range(3):
                rows[kept, column] = rows[row, column]
            kept += 1
    return kept


@jit
def apply_book(
    bids: Levels, asks: Levels, counts: NDArray[np.int64], bid_changes: Levels,
    ask_changes: Levels, depth: int,
) -> bool:  # fmt: skip
    """Change both sides and say whether the book is crossed then.

    `counts` has a row (rows, levels) a side, the bids first.
    """
    apply_side(bids, counts[0], 1, bid_changes, depth)
    apply_side(asks, counts[1], -1, ask_changes, depth)
    if counts[0, 0] == 0 or counts[1, 0] == 0:
        return False
    return bool(bids[counts[0, 0] - 1, PRICE] >= asks[counts[1, 0] - 1, PRICE])


def sorted_side(levels: Levels, sign: int) -> Levels:
    """Return levels sorted for a side: the last of equal prices counts, empty ones are left out."""
    rows = levels[np.argsort(sign * levels[:, PRICE], kind="stable")]
    is_last = np.append(rows[1:, PRICE] != rows[:-1, PRICE], [True] * (len(rows) > 0))
    return rows[is_last.astype(bool) & (rows[:, QTY] > 0)]
