"""Soundness: whether an array that came from outside is a book that compiled code may touch.

Nothing checks bounds in compiled code, so every link of a stored book is followed here before it is
used: sizes, links within range, queues without loops, sums equal to their orders, ids found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.kernel.exchange.layout import (
    ASKS,
    BIDS,
    FREE_LEVEL,
    FREE_ORDER,
    HEADER,
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
    ORDER_CAP,
    ORDER_WORDS,
    ORDERS,
    ORDERS_AT,
    PREV,
    PRICE,
    SIDE,
    SIDES_AT,
    TABLE_AT,
    TABLE_CAP,
)
from ballast.kernel.exchange.queues import count_of, keys_at, level_at, order_at, slot_of

if TYPE_CHECKING:
    from ballast.kernel.exchange.layout import Words


def is_sound(book: Words) -> bool:
    """Tell whether an array is a book in every respect."""
    return has_shape(book) and bool(_links_hold(book))


def has_shape(book: Words) -> bool:
    """Tell whether an array has the size and the sections that its header says."""
    if len(book) < HEADER:
        return False
    orders, levels, table = (int(book[word]) for word in (ORDER_CAP, LEVEL_CAP, TABLE_CAP))
    if min(orders, levels) < 2 or max(orders, levels, table) > len(book) or table != 2 * orders:
        return False
    if orders & (orders - 1) or levels & (levels - 1):
        return False
    places = [HEADER, HEADER + orders * ORDER_WORDS]
    places.append(places[1] + levels * LEVEL_WORDS)
    places.append(places[2] + 4 * levels)
    said = [int(book[word]) for word in (ORDERS_AT, LEVELS_AT, SIDES_AT, TABLE_AT)]
    return said == places and len(book) == places[3] + 2 * table


@jit
def _links_hold(m: Words) -> int:
    """Follow every link; 1 if all is as it should be."""
    orders, levels = m[ORDER_CAP], m[LEVEL_CAP]
    if m[BIDS] < 0 or m[ASKS] < 0 or m[BIDS] + m[ASKS] != m[LEVELS] or m[LEVELS] > levels:
        return 0
    if not _free_list_holds(m, m[FREE_ORDER], orders, orders - m[ORDERS], 0):
        return 0
    if not _free_list_holds(m, m[FREE_LEVEL], levels, levels - m[LEVELS], 1):
        return 0
    if not _table_holds(m):
        return 0
    seen = 0
    for side in (1, -1):
        keys = keys_at(m, side)
        for place in range(count_of(m, side)):
            slot = m[keys + levels + place]
            if slot < 0 or slot >= levels or (place > 0 and m[keys + place - 1] >= m[keys + place]):
                return 0
            at = level_at(m, slot)
            if m[at + L_SIDE] != side or side * m[at + L_PRICE] != m[keys + place]:
                return 0
            count = _queue_holds(m, slot)
            if count <= 0:
                return 0
            seen += count
    return 1 if seen == m[ORDERS] else 0


@jit
def _free_list_holds(m: Words, head: int, cap: int, count: int, kind: int) -> int:
    slot, seen = head, 0
    while slot != NONE:
        if slot < 0 or slot >= cap or seen > count:
            return 0
        seen += 1
        slot = m[order_at(m, slot) + NEXT] if kind == 0 else m[level_at(m, slot) + L_HEAD]
    return 1 if seen == count else 0


@jit
def _table_holds(m: Words) -> int:
    """Check that every id names a record within range, and that searches end."""
    free = 0
    for place in range(m[TABLE_CAP]):
        if m[m[TABLE_AT] + 2 * place] == 0:
            free += 1
        else:
            slot = m[m[TABLE_AT] + 2 * place + 1]
            if slot < 0 or slot >= m[ORDER_CAP]:
                return 0
    return 1 if free > 0 else 0


@jit
def _queue_holds(m: Words, level: int) -> int:
    """Return the orders of a level, or -1 when its queue or its sums are wrong."""
    at = level_at(m, level)
    slot, before = m[at + L_HEAD], NONE
    lots, hidden, street, count = 0, 0, 0, 0
    while slot != NONE:
        if slot < 0 or slot >= m[ORDER_CAP] or count > m[ORDERS]:
            return -1
        o = order_at(m, slot)
        if m[o + PREV] != before or m[o + LEVEL] != level or m[o + LOTS] <= 0 or m[o + HIDDEN] < 0:
            return -1
        if m[o + SIDE] != m[at + L_SIDE] or m[o + PRICE] != m[at + L_PRICE]:
            return -1
        if m[o + ID] != 0 and slot_of(m, m[o + ID]) != slot:
            return -1
        lots += m[o + LOTS]
        hidden += m[o + HIDDEN]
        street += m[o + LOTS] if m[o + ID] == 0 else 0
        count += 1
        before = slot
        slot = m[o + NEXT]
    sums = lots == m[at + L_LOTS] and hidden == m[at + L_HIDDEN] and street == m[at + L_STREET]
    return count if sums and before == m[at + L_TAIL] and count == m[at + L_COUNT] else -1
