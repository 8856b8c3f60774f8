"""Queues: the levels of a side, the orders of a level, and orders by id.

Every function keeps the sums of a level equal to its orders; `check.py` proves it in the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner
from ballast.kernel.exchange.layout import (
    ASKS,
    BIDS,
    FREE_LEVEL,
    FREE_ORDER,
    HIDDEN,
    ID,
    L_COUNT,
    L_HEAD,
    L_HIDDEN,
    L_LOTS,
    L_PRICE,
    L_SIDE,
    L_STREET,
    L_TAIL,
    LEVEL,
    LEVEL_CAP,
    LEVEL_WORDS,
    LEVELS,
    LEVELS_AT,
    LOTS,
    NEXT,
    NONE,
    ORDER_WORDS,
    ORDERS,
    ORDERS_AT,
    PREV,
    SIDES_AT,
    TABLE_AT,
    TABLE_CAP,
)

if TYPE_CHECKING:
    from ballast.kernel.exchange.layout import Words


@jit_inner
def order_at(m: Words, slot: int) -> int:
    """Return where the record of an order begins."""
    return m[ORDERS_AT] + slot * ORDER_WORDS


@jit_inner
def level_at(m: Words, slot: int) -> int:
    """Return where the record of a level begins."""
    return m[LEVELS_AT] + slot * LEVEL_WORDS


@jit_inner
def keys_at(m: Words, side: int) -> int:
    """Return where the sorted keys of a side begin; its level slots lie `LEVEL_CAP` further."""
    return m[SIDES_AT] if side > 0 else m[SIDES_AT] + 2 * m[LEVEL_CAP]


@jit_inner
def count_of(m: Words, side: int) -> int:
    """Return the number of prices on a side."""
    return m[BIDS] if side > 0 else m[ASKS]


@jit_inner
def best_level(m: Words, side: int) -> int:
    """Return the slot of the best level of a side, or NONE."""
    n = count_of(m, side)
    return m[keys_at(m, side) + m[LEVEL_CAP] + n - 1] if n > 0 else NONE


@jit_inner
def position_of(m: Words, side: int, price: int) -> int:
    """Return the first place among a side's keys that is not below this price's key."""
    keys = keys_at(m, side)
    key = side * price
    low, high = 0, count_of(m, side)
    if high > 0 and m[keys + high - 1] < key:
        return high
    while low < high:
        middle = (low + high) >> 1
        if m[keys + middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@jit_inner
def find_level(m: Words, side: int, price: int) -> int:
    """Return the slot of the level at a price, or NONE."""
    place = position_of(m, side, price)
    keys = keys_at(m, side)
    if place < count_of(m, side) and m[keys + place] == side * price:
        return m[keys + m[LEVEL_CAP] + place]
    return NONE


@jit_inner
def worse_level(m: Words, side: int, price: int) -> int:
    """Return the slot of the best level of a side that is strictly worse than a price, or NONE."""
    place = position_of(m, side, price) - 1
    return m[keys_at(m, side) + m[LEVEL_CAP] + place] if place >= 0 else NONE


@jit_inner
def open_level(m: Words, side: int, price: int) -> int:
    """Return the slot of the level at a price, made if there is none."""
    place = position_of(m, side, price)
    keys = keys_at(m, side)
    slots = keys + m[LEVEL_CAP]
    n = count_of(m, side)
    if place < n and m[keys + place] == side * price:
        return m[slots + place]
    slot = m[FREE_LEVEL]
    at = level_at(m, slot)
    m[FREE_LEVEL] = m[at + L_HEAD]
    for i in range(n, place, -1):
        m[keys + i] = m[keys + i - 1]
        m[slots + i] = m[slots + i - 1]
    m[keys + place] = side * price
    m[slots + place] = slot
    m[BIDS if side > 0 else ASKS] = n + 1
    m[LEVELS] += 1
    m[at + L_PRICE] = price
    m[at + L_SIDE] = side
    m[at + L_HEAD] = NONE
    m[at + L_TAIL] = NONE
    m[at + L_LOTS] = 0
    m[at + L_HIDDEN] = 0
    m[at + L_COUNT] = 0
    m[at + L_STREET] = 0
    return slot


@jit_inner
def close_level(m: Words, slot: int) -> None:
    """Remove a level that holds no order any more."""
    at = level_at(m, slot)
    side = m[at + L_SIDE]
    keys = keys_at(m, side)
    slots = keys + m[LEVEL_CAP]
    n = count_of(m, side)
    for i in range(position_of(m, side, m[at + L_PRICE]), n - 1):
        m[keys + i] = m[keys + i + 1]
        m[slots + i] = m[slots + i + 1]
    m[BIDS if side > 0 else ASKS] = n - 1
    m[LEVELS] -= 1
    m[at + L_HEAD] = m[FREE_LEVEL]
    m[FREE_LEVEL] = slot


@jit_inner
def take_record(m: Words) -> int:
    """Return a free order record."""
    slot = m[FREE_ORDER]
    m[FREE_ORDER] = m[order_at(m, slot) + NEXT]
    m[ORDERS] += 1
    return slot


@jit_inner
def append(m: Words, level: int, slot: int) -> None:
    """Put an order at the end of a level's queue and add it to the level's sums."""
    at = level_at(m, level)
    o = order_at(m, slot)
    tail = m[at + L_TAIL]
    m[o + LEVEL] = level
    m[o + PREV] = tail
    m[o + NEXT] = NONE
    if tail == NONE:
        m[at + L_HEAD] = slot
    else:
        m[order_at(m, tail) + NEXT] = slot
    m[at + L_TAIL] = slot
    count_in(m, at, o)


@jit_inner
def prepend(m: Words, level: int, slot: int) -> None:
    """Put an order before all others of a level and add it to the level's sums."""
    at = level_at(m, level)
    o = order_at(m, slot)
    head = m[at + L_HEAD]
    m[o + LEVEL] = level
    m[o + PREV] = NONE
    m[o + NEXT] = head
    if head == NONE:
        m[at + L_TAIL] = slot
    else:
        m[order_at(m, head) + PREV] = slot
    m[at + L_HEAD] = slot
    count_in(m, at, o)


@jit_inner
def count_in(m: Words, at: int, o: int) -> None:
    """Add the order at `o` to the sums of the level at `at`."""
    m[at + L_LOTS] += m[o + LOTS]
    m[at + L_HIDDEN] += m[o + HIDDEN]
    m[at + L_COUNT] += 1
    if m[o + ID] == 0:
        m[at + L_STREET] += m[o + LOTS]


@jit_inner
def unlink(m: Words, slot: int) -> None:
    """Take an order out of its queue and out of its level's sums; the level may be left empty."""
    o = order_at(m, slot)
    at = level_at(m, m[o + LEVEL])
    before, after = m[o + PREV], m[o + NEXT]
    if before == NONE:
        m[at + L_HEAD] = after
    else:
        m[order_at(m, before) + NEXT] = after
    if after == NONE:
        m[at + L_TAIL] = before
    else:
        m[order_at(m, after) + PREV] = before
    m[at + L_LOTS] -= m[o + LOTS]
    m[at + L_HIDDEN] -= m[o + HIDDEN]
    m[at + L_COUNT] -= 1
    if m[o + ID] == 0:
        m[at + L_STREET] -= m[o + LOTS]


@jit_inner
def free_record(m: Words, slot: int) -> None:
    """Give an unlinked order's record back, and forget its id."""
    o = order_at(m, slot)
    if m[o + ID] != 0:
        forget(m, m[o + ID])
    m[o + NEXT] = m[FREE_ORDER]
    m[FREE_ORDER] = slot
    m[ORDERS] -= 1


@jit_inner
def home_of(m: Words, order_id: int) -> int:
    """Return the table place where the search for an id begins."""
    return (order_id ^ (order_id >> 17)) & (m[TABLE_CAP] - 1)


@jit_inner
def remember(m: Words, order_id: int, slot: int) -> None:
    """Enter an id, which must be new and positive."""
    table, mask = m[TABLE_AT], m[TABLE_CAP] - 1
    place = home_of(m, order_id)
    while m[table + 2 * place] != 0:
        place = (place + 1) & mask
    m[table + 2 * place] = order_id
    m[table + 2 * place + 1] = slot


@jit_inner
def slot_of(m: Words, order_id: int) -> int:
    """Return the record of an id, or NONE."""
    table, mask = m[TABLE_AT], m[TABLE_CAP] - 1
    place = home_of(m, order_id)
    while m[table + 2 * place] != 0:
        if m[table + 2 * place] == order_id:
            return m[table + 2 * place + 1]
        place = (place + 1) & mask
    return NONE


@jit_inner
def forget(m: Words, order_id: int) -> None:
    """Strike an id out and close the gap, so that no later search stops at it too early."""
    table, mask = m[TABLE_AT], m[TABLE_CAP] - 1
    gap = home_of(m, order_id)
    while m[table + 2 * gap] != order_id:
        gap = (gap + 1) & mask
    place = gap
    while True:
        place = (place + 1) & mask
        found = m[table + 2 * place]
        if found == 0:
            break
        home = home_of(m, found)
        if ((place - home) & mask) >= ((place - gap) & mask):
            m[table + 2 * gap] = found
            m[table + 2 * gap + 1] = m[table + 2 * place + 1]
            gap = place
    m[table + 2 * gap] = 0
