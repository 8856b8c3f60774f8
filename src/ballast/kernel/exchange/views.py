"""Views: what a book shows, and where an order stands in its queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.kernel.exchange.layout import (
    L_LOTS,
    L_PRICE,
    LEVEL_CAP,
    LOTS,
    NONE,
    PREV,
)
from ballast.kernel.exchange.queues import (
    count_of,
    keys_at,
    level_at,
    order_at,
    slot_of,
)

if TYPE_CHECKING:
    from ballast.kernel.exchange.layout import Words


@jit
def levels(m: Words, side: int, rows: Words) -> int:
    """Write price and visible lots of the best levels into `rows`; return how many there are."""
    n = min(count_of(m, side), len(rows))
    first = keys_at(m, side) + m[LEVEL_CAP] + count_of(m, side) - 1
    for i in range(n):
        at = level_at(m, m[first - i])
        rows[i, 0] = m[at + L_PRICE]
        rows[i, 1] = m[at + L_LOTS]
    return n


@jit
def best_price(m: Words, side: int) -> int:
    """Return the best price of a side, or 0 when it is empty."""
    n = count_of(m, side)
    return side * m[keys_at(m, side) + n - 1] if n > 0 else 0


@jit
def lots_ahead(m: Words, order_id: int) -> int:
    """Return the visible lots that trade before this order at its price; -1 for no such order."""
    slot = slot_of(m, order_id)
    if slot == NONE:
        return -1
    total = 0
    slot = m[order_at(m, slot) + PREV]
    while slot != NONE:
        o = order_at(m, slot)
        total += m[o + LOTS]
        slot = m[o + PREV]
    return total


@jit
def where(m: Words, order_id: int) -> int:
    """Return where the record of a resting order begins in the array, or NONE."""
    slot = slot_of(m, order_id)
    return order_at(m, slot) if slot != NONE else NONE
