"""Growth: a larger copy of a book that is nearly full. Every slot keeps its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.kernel.exchange.layout import (
    ASKS,
    BIDS,
    FREE_LEVEL,
    FREE_ORDER,
    L_HEAD,
    LEFT,
    LEVEL_CAP,
    LEVEL_WORDS,
    LEVELS,
    LEVELS_AT,
    NEXT,
    NONE,
    ORDER_CAP,
    ORDER_WORDS,
    ORDERS,
    ORDERS_AT,
    SIDES_AT,
    STATUS,
    TABLE_AT,
    TABLE_CAP,
    TRADED_LOTS,
    VALUE,
    new_book,
)
from ballast.kernel.exchange.queues import remember

if TYPE_CHECKING:
    from ballast.kernel.exchange.layout import Words

CAPACITY_MAX = 1 << 22
"""Orders or levels of one book: four million, half a gigabyte; more is a leak, not a market."""


def has_room(book: Words, orders: int = 1) -> bool:
    """Tell whether so many more orders, each with a level of its own, fit."""
    free_orders = book[ORDER_CAP] - book[ORDERS]
    free_levels = book[LEVEL_CAP] - book[LEVELS]
    return bool(free_orders > orders and free_levels > orders)


def with_room(book: Words, orders: int = 1) -> Words:
    """Return the book itself, or a larger copy, with room for so many more orders."""
    if has_room(book, orders):
        return book
    order_cap = _enough(int(book[ORDER_CAP]), int(book[ORDERS]) + orders)
    level_cap = _enough(int(book[LEVEL_CAP]), int(book[LEVELS]) + orders)
    assert order_cap <= CAPACITY_MAX, order_cap
    assert level_cap <= CAPACITY_MAX, level_cap
    return _copied(book, new_book(order_cap, level_cap))


def _enough(capacity: int, wanted: int) -> int:
    while capacity <= wanted:
        capacity *= 2
    return capacity


def _copied(old: Words, new: Words) -> Words:
    for word in (BIDS, ASKS, ORDERS, LEVELS, LEFT, VALUE, TRADED_LOTS, STATUS):
        new[word] = old[word]
    _copy_records(old, new, (ORDERS_AT, ORDER_CAP, ORDER_WORDS, NEXT, FREE_ORDER))
    _copy_records(old, new, (LEVELS_AT, LEVEL_CAP, LEVEL_WORDS, L_HEAD, FREE_LEVEL))
    for i in range(4):
        start, cap = int(old[SIDES_AT]) + i * int(old[LEVEL_CAP]), int(old[LEVEL_CAP])
        into = int(new[SIDES_AT]) + i * int(new[LEVEL_CAP])
        new[into : into + cap] = old[start : start + cap]
    _enter_ids(old, new)
    return new


def _copy_records(old: Words, new: Words, words: tuple[int, int, int, int, int]) -> None:
    """Copy one kind of record and hang the new free ones behind the old free ones."""
    at, cap, width, link, free = words
    n, start, into = int(old[cap]), int(old[at]), int(new[at])
    new[into : into + n * width] = old[start : start + n * width]
    records = new[into : into + int(new[cap]) * width].reshape(-1, width)
    new[free] = old[free]
    if len(records) == n:
        return
    slot, last = int(old[free]), NONE
    while slot != NONE:
        last, slot = slot, int(records[slot, link])
    if last == NONE:
        new[free] = n
    else:
        records[last, link] = n


@jit
def _enter_ids(old: Words, new: Words) -> None:
    for place in range(old[TABLE_CAP]):
        name = old[old[TABLE_AT] + 2 * place]
        if name != 0:
            remember(new, name, old[old[TABLE_AT] + 2 * place + 1])
