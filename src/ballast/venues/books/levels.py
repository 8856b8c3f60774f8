"""One side of a book as a sorted array: the best price is the last row, so the top is cheap.

Most changes are near the best price; with the best last, an insertion there moves a few rows, and
one at the far end moves memory in one sweep: 1,000 levels are 24 kB. Rows are those of
`core.marketdata`: price in ticks, quantity in lots, form. `sign` is +1 for bids, -1 for asks: rows
rise by `sign * price`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.jit import jit
from ballast.core.marketdata import FORM, PRICE, QTY

if TYPE_CHECKING:
    from ballast.core.marketdata import Levels


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
def apply_side(rows: Levels, count: int, sign: int, changes: Levels) -> int:
    """Set, add and take away levels in the order given; return the new count.

    `rows` must have room for `count + len(changes)`. Taking away what is not there does nothing:
    venues send such changes for levels outside the depth they had sent.
    """
    for k in range(len(changes)):
        price, qty = changes[k, PRICE], changes[k, QTY]
        at = place_of(rows, count, sign, price)
        if at < count and rows[at, PRICE] == price:
            if qty > 0:
                rows[at, QTY] = qty
                rows[at, FORM] = changes[k, FORM]
                continue
            for row in range(at, count - 1):
                for column in range(3):
                    rows[row, column] = rows[row + 1, column]
            count -= 1
        elif qty > 0:
            for row in range(count, at, -1):
                for column in range(3):
                    rows[row, column] = rows[row - 1, column]
            for column in range(3):
                rows[at, column] = changes[k, column]
            count += 1
    return count


@jit
def apply_book(
    bids: Levels, asks: Levels, counts: Levels, bid_changes: Levels, ask_changes: Levels, depth: int
) -> bool:
    """Change both sides, keep the best `depth` levels of each (0: all); say whether it crosses.

    `counts` holds the rows of bids and asks and is changed. Both arrays need room.
    """
    counts[0] = cut_side(bids, apply_side(bids, counts[0], 1, bid_changes), depth)
    counts[1] = cut_side(asks, apply_side(asks, counts[1], -1, ask_changes), depth)
    if counts[0] == 0 or counts[1] == 0:
        return False
    return bool(bids[counts[0] - 1, PRICE] >= asks[counts[1] - 1, PRICE])


@jit
def cut_side(rows: Levels, count: int, depth: int) -> int:
    """Keep the best `depth` rows, all if it is 0; return the new count."""
    extra = count - depth
    if depth <= 0 or extra <= 0:
        return count
    for row in range(depth):
        for column in range(3):
            rows[row, column] = rows[row + extra, column]
    return depth


def sorted_side(levels: Levels, sign: int) -> Levels:
    """Return levels sorted for a side: the last of equal prices counts, empty ones are left out."""
    rows = levels[np.argsort(sign * levels[:, PRICE], kind="stable")]
    is_last = np.append(rows[1:, PRICE] != rows[:-1, PRICE], [True] * (len(rows) > 0))
    return rows[is_last.astype(bool) & (rows[:, QTY] > 0)]
