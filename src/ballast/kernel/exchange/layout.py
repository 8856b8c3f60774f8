"""Layout: what lies where in the one int64 array that is a book.

    header | order records | level records | bid keys, bid levels, ask keys, ask levels | id table

Orders of one price hang in a doubly linked queue, oldest first. The prices of a side are a sorted
array of keys (`side * price`), so the best is the last for both sides, and most insertions, which
happen near the best price, move a few words. The id table is open-addressed with linear probing.
A head of -1 is no record. Capacities grow in Python, between calls; compiled code only checks.

Owner 0 is the street: the anonymous rest of the market. An order with id 0 is aggregated depth of
the street (`depth.py`), which is not in the id table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.int64]

FORMAT = 1
"""Number of this layout: a stored book of another is refused."""
NONE = -1

# Header words.
ORDER_CAP, LEVEL_CAP, TABLE_CAP = 0, 1, 2
FREE_ORDER, FREE_LEVEL = 3, 4
BIDS, ASKS = 5, 6
ORDERS, LEVELS = 7, 8
LEFT = 9
"""Lots the last order did not trade."""
ORDERS_AT, LEVELS_AT, SIDES_AT, TABLE_AT = 10, 11, 12, 13
VALUE = 14
"""Ticks times lots the last order traded, or the last walk would trade."""
TRADED_LOTS = 15
STATUS = 16
"""Result of the last command of a batch."""
HEADER = 20

# Words of an order record; `NEXT` also links the free records.
ID, OWNER, SIDE, PRICE, LOTS, HIDDEN, DISPLAY, FLAGS, NEXT, PREV, LEVEL = range(11)
ORDER_WORDS = 12

# Words of a level record; `L_HEAD` also links the free records.
L_PRICE, L_SIDE, L_HEAD, L_TAIL, L_LOTS, L_HIDDEN, L_COUNT, L_STREET = range(8)
LEVEL_WORDS = 8
"""`L_LOTS` is what everybody sees, `L_HIDDEN` the icebergs' reserves, `L_STREET` street depth."""

# Rows of the output array: row 0 holds the count, the others one fact each.
KIND, A, B, C, D, E, F, G = range(8)
OUT_WORDS = 8
FILL, REMOVED, LEVEL_NOW = 1, 2, 3
"""FILL: maker id, maker owner, price, lots, maker's lots left, taker's side, maker's visible lots.
REMOVED: id, owner, side, price, lots left, why. LEVEL_NOW: side, price, visible lots."""
HEADROOM = 8
"""Rows kept free so that one step of matching can always report what it did."""

# Why an order was removed without having been asked to.
SELF_TRADE, STALE = 1, 2

# Results of placing an order.
RESTS, DONE, EXPIRED, KILLED, WOULD_TRADE, SELF, MORE, UNKNOWN = range(8)
"""RESTS in the book; DONE: traded in full; EXPIRED: what is left was cancelled (IOC, or its price
bound); KILLED: fill-or-kill without enough; WOULD_TRADE: post-only would take; SELF: stopped by
self-trade prevention; MORE: handle the output, then place what is left again; UNKNOWN: no such id.
"""

# Flags of an order.
IOC, FOK, POST_ONLY, REPRICE, PAUSE, RESUMED, REDUCE_ONLY, AHEAD = 1, 2, 4, 8, 16, 32, 64, 128
STP_SHIFT = 8
"""Self-trade prevention: 0 none, 1 cancel taker, 2 cancel maker, 3 cancel both."""
STP_MASK = 3
"""PAUSE: stop after a fill with a named maker (its owner's other orders may have to shrink).
RESUMED: the rest of an order that MORE interrupted. REPRICE: post-only moves behind the touch.
AHEAD: recorded depth that arrives stands before the orders of names at its price."""

# Where the street's cancellations come from, when a level of recorded depth shrinks.
FROM_BACK, FROM_FRONT, PROPORTIONAL = 0, 1, 2

# Commands of a batch, and their columns.
PLACE, CANCEL, REDUCE, AMEND, SET_LEVEL, TRADE = range(6)
OP, C_ID, C_OWNER, C_SIDE, C_PRICE, C_LOTS, C_FLAGS, C_DISPLAY = range(8)
COMMAND_WORDS = 8
"""SET_LEVEL and TRADE read the rule of the street's cancellations from `C_DISPLAY`."""


def new_book(orders: int = 256, levels: int = 128) -> Words:
    """Return an empty book with room for so many orders and levels; both are rounded up to 2^k."""
    order_cap = 1 << max(orders - 1, 1).bit_length()
    level_cap = 1 << max(levels - 1, 1).bit_length()
    table_cap = 2 * order_cap
    orders_at = HEADER
    levels_at = orders_at + order_cap * ORDER_WORDS
    sides_at = levels_at + level_cap * LEVEL_WORDS
    table_at = sides_at + 4 * level_cap
    book = np.zeros(table_at + 2 * table_cap, dtype=np.int64)
    book[ORDER_CAP], book[LEVEL_CAP], book[TABLE_CAP] = order_cap, level_cap, table_cap
    book[ORDERS_AT], book[LEVELS_AT] = orders_at, levels_at
    book[SIDES_AT], book[TABLE_AT] = sides_at, table_at
    records = book[orders_at:levels_at].reshape(order_cap, ORDER_WORDS)
    records[:, NEXT] = np.arange(1, order_cap + 1)
    records[-1, NEXT] = NONE
    places = book[levels_at:sides_at].reshape(level_cap, LEVEL_WORDS)
    places[:, L_HEAD] = np.arange(1, level_cap + 1)
    places[-1, L_HEAD] = NONE
    return book


def new_output(rows: int = 1024) -> Words:
    """Return an empty output array for so many facts."""
    return np.zeros((rows + HEADROOM + 1, OUT_WORDS), dtype=np.int64)
