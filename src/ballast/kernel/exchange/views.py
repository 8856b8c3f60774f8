"""Views: what a book shows, and where an order stands in its queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.kernel.exchange.layout import (
    L_LOTS,
    L_PRICE,
    L_STREET,
    LEVEL_CAP,
    LOTS,
    NONE,
    PREV,
)
from ballast.kernel.exchange.queues import (
    count_of,
    find_level,
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
def street_lots(m: Words, rows: Words) -> None:
    """Write into column 2 of rows (side, price, -) the recorded depth that stands there."""
    for i in range(len(rows)):
        level = find_level(m, rows[i, 0], rows[i, 1])
        rows[i, 2] = m[level_at(m, level) + L_STREET] if level != NONE else 0


@jit
def street_until(m: Words, side: int, limit: int, rows: Words) -> int:
    """Write (side, price, recorded depth) of the levels up to a limit into `rows`; return how many.

    As many as there are rows: there may be more.
    """
    first = keys_at(m, side) + m[LEVEL_CAP] + count_of(m, side) - 1
    n = min(count_of(m, side), len(rows))
    for i in range(n):
        at = level_at(m, m[first - i])
        if side * m[at + L_PRICE] < side * limit:
            return i
        rows[i, 0] = side
        rows[i, 1] = m[at + L_PRICE]
        rows[i, 2] = m[at + L_STREET]
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
