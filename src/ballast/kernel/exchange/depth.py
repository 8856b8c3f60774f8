"""Depth: recorded books replayed around our own orders, with a place in the queue.

A recording says how much a price shows, not whose it is. The street's lots at a price are kept as
aggregated pieces between our orders, so an order of ours has a number of lots ahead of it. Rules:

- a rise joins the end of the queue, behind ours; with AHEAD it stands before all of ours: after a
  gap of the recording nobody knows what was there first;
- a fall is cancelled from the back (the default: ours gain nothing while anything is behind them),
  from the front, or in proportion;
- a trade takes from the front: what is ahead of ours first, then ours, then what is behind;
- a trade at a worse price, or depth that crosses, proves recorded depth at better prices stale: it
  is removed. Our orders there had priority, so they trade first, at their own price.

Known limits: what an order of ours takes from recorded depth is back when the recording next states
that level; the recorded market does not react to us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit, jit_inner
from ballast.kernel.exchange.layout import (
    AHEAD,
    DONE,
    FROM_BACK,
    HEADROOM,
    ID,
    L_HEAD,
    L_LOTS,
    L_PRICE,
    L_STREET,
    L_TAIL,
    LEFT,
    LEVEL,
    LOTS,
    MORE,
    NEXT,
    NONE,
    PREV,
    PROPORTIONAL,
    TRADED_LOTS,
    VALUE,
)
from ballast.kernel.exchange.match import note_level, rest_order, sweep
from ballast.kernel.exchange.queues import (
    best_level,
    find_level,
    free_record,
    level_at,
    open_level,
    order_at,
    prepend,
    unlink,
    worse_level,
)

if TYPE_CHECKING:
    from ballast.kernel.exchange.layout import Words


@jit_inner
def cut_piece(m: Words, slot: int, lots: int) -> int:
    """Take up to `lots` from a piece of street depth; return what was taken."""
    o = order_at(m, slot)
    taken = min(lots, m[o + LOTS])
    if taken == m[o + LOTS]:
        unlink(m, slot)
        free_record(m, slot)
        return taken
    at = level_at(m, m[o + LEVEL])
    m[o + LOTS] -= taken
    m[at + L_LOTS] -= taken
    m[at + L_STREET] -= taken
    return taken


@jit_inner
def cut_from(m: Words, level: int, lots: int, back: int) -> None:
    """Cancel `lots` of the street at a level, walking the queue from one end."""
    at = level_at(m, level)
    slot = m[at + L_TAIL] if back != 0 else m[at + L_HEAD]
    while lots > 0 and slot != NONE:
        o = order_at(m, slot)
        following = m[o + PREV] if back != 0 else m[o + NEXT]
        if m[o + ID] == 0:
            lots -= cut_piece(m, slot, lots)
        slot = following


@jit_inner
def cut_evenly(m: Words, level: int, lots: int) -> None:
    """Cancel `lots` of the street, each piece in proportion, what rounding leaves from the back."""
    at = level_at(m, level)
    total = m[at + L_STREET]
    left = lots
    slot = m[at + L_HEAD]
    while slot != NONE:
        o = order_at(m, slot)
        following = m[o + NEXT]
        if m[o + ID] == 0:
            # Through a double, then held within bounds: the product may not fit 63 bits.
            share = min(int(lots * (m[o + LOTS] / total)), left)
            if share > 0:
                left -= cut_piece(m, slot, share)
        slot = following
    cut_from(m, level, left, 1)


@jit_inner
def clear_stale(m: Words, out: Words, side: int, beyond: int) -> int:
    """Remove the street's depth of `side` at prices strictly better than `beyond`.

    Levels with orders of names keep those. MORE when the output is full.
    """
    level = best_level(m, side)
    while level != NONE and side * m[level_at(m, level) + L_PRICE] > side * beyond:
        if out[0, 0] + HEADROOM >= len(out):
            return MORE
        at = level_at(m, level)
        price = m[at + L_PRICE]
        if m[at + L_STREET] > 0:
            cut_from(m, level, m[at + L_STREET], 0)
            note_level(m, out, level)
        level = worse_level(m, side, price)
    return DONE


@jit_inner
def join_level(m: Words, out: Words, side: int, price: int, flags: int) -> int:
    """Let `LEFT` lots of the street trade with what they cross, then join an end of the queue."""
    m[TRADED_LOTS] = 0
    m[VALUE] = 0
    if sweep(m, out, 0, side, price, flags) == MORE:
        return MORE
    if m[LEFT] == 0:
        return DONE
    level = open_level(m, side, price)
    ahead = flags & AHEAD != 0
    end = m[level_at(m, level) + (L_HEAD if ahead else L_TAIL)]
    if end == NONE or m[order_at(m, end) + ID] != 0:
        rest_order(m, out, 0, 0, side, price, m[LEFT], 0, 0)
        if ahead:
            slot = m[level_at(m, level) + L_TAIL]
            unlink(m, slot)
            prepend(m, level, slot)
        return DONE
    at = level_at(m, level)
    m[order_at(m, end) + LOTS] += m[LEFT]
    m[at + L_LOTS] += m[LEFT]
    m[at + L_STREET] += m[LEFT]
    note_level(m, out, level)
    return DONE


@jit_inner
def put_level(m: Words, out: Words, side: int, price: int, lots: int, flags: int, rule: int) -> int:
    """Make the street show `lots` at a price (see `set_level`)."""
    level = find_level(m, side, price)
    shown = m[level_at(m, level) + L_STREET] if level != NONE else 0
    m[LEFT] = 0
    if lots < shown:
        if rule == PROPORTIONAL:
            cut_evenly(m, level, shown - lots)
        else:
            cut_from(m, level, shown - lots, 1 if rule == FROM_BACK else 0)
        note_level(m, out, level)
    if lots <= shown:
        return DONE
    m[LEFT] = lots - shown
    if clear_stale(m, out, -side, price + side) == MORE:
        return MORE
    return join_level(m, out, side, price, flags)


@jit_inner
def replay_trade(m: Words, out: Words, side: int, price: int, lots: int, flags: int) -> int:
    """Trade with the book as a recorded taker of `side` did (see `trade_through`)."""
    m[LEFT] = lots
    m[TRADED_LOTS] = 0
    m[VALUE] = 0
    if clear_stale(m, out, -side, price) == MORE:
        return MORE
    return sweep(m, out, 0, side, price, flags)


@jit
def set_level(m: Words, out: Words, side: int, price: int, lots: int, flags: int, rule: int) -> int:
    """Make the street show `lots` at a price; MORE asks for `add_level` with what is in `LEFT`."""
    out[0, 0] = 0
    return put_level(m, out, side, price, lots, flags, rule)


@jit
def add_level(m: Words, out: Words, side: int, price: int, lots: int, flags: int) -> int:
    """Let `lots` of the street arrive at a price: trade with orders it meets, then join the end."""
    out[0, 0] = 0
    m[LEFT] = lots
    if clear_stale(m, out, -side, price + side) == MORE:
        return MORE
    return join_level(m, out, side, price, flags)


@jit
def trade_through(m: Words, out: Words, side: int, price: int, lots: int, flags: int) -> int:
    """Replay a trade at `price` whose taker was `side`; `LEFT` is what nobody here traded.

    MORE: handle the output, then call again with what is left.
    """
    out[0, 0] = 0
    return replay_trade(m, out, side, price, lots, flags)
