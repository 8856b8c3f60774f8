"""Match: an order meets the book (price first, then time).

An arriving order trades at the makers' prices, best price first, oldest order first, until it is
filled or its limit is reached. An iceberg shows `display` lots at a time; a new portion goes to the
end of the queue, as it does at the venues. Facts go to the output array; when it is nearly full, or
a maker's owner has to be looked at (`PAUSE`), the result is MORE and the caller places the rest.

What fill-or-kill counts as available leaves out the taker's own orders when self-trade prevention
is on, and reduce-only orders: those may shrink while the others trade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit, jit_inner
from ballast.kernel.exchange.layout import (
    DISPLAY,
    DONE,
    EXPIRED,
    FILL,
    FLAGS,
    FOK,
    HEADROOM,
    HIDDEN,
    ID,
    IOC,
    KILLED,
    L_COUNT,
    L_HEAD,
    L_HIDDEN,
    L_LOTS,
    L_PRICE,
    L_SIDE,
    L_STREET,
    LEFT,
    LEVEL,
    LEVEL_CAP,
    LEVEL_NOW,
    LOTS,
    MORE,
    NEXT,
    NONE,
    OWNER,
    PAUSE,
    POST_ONLY,
    PRICE,
    REDUCE_ONLY,
    REMOVED,
    REPRICE,
    RESTS,
    RESUMED,
    SELF,
    SELF_TRADE,
    SIDE,
    STP_MASK,
    STP_SHIFT,
    TRADED_LOTS,
    UNKNOWN,
    VALUE,
    WOULD_TRADE,
)
from ballast.kernel.exchange.queues import (
    append,
    best_level,
    close_level,
    count_of,
    free_record,
    keys_at,
    level_at,
    open_level,
    order_at,
    remember,
    slot_of,
    take_record,
    unlink,
)

if TYPE_CHECKING:
    from ballast.kernel.exchange.layout import Words

_TAKER, _MAKER, _BOTH = 1, 2, 3


@jit_inner
def note(out: Words, kind: int, a: int, b: int, c: int, d: int, e: int, f: int, g: int) -> None:
    """Append one fact to the output."""
    n = out[0, 0] + 1
    out[0, 0] = n
    out[n, 0] = kind
    out[n, 1] = a
    out[n, 2] = b
    out[n, 3] = c
    out[n, 4] = d
    out[n, 5] = e
    out[n, 6] = f
    out[n, 7] = g


@jit_inner
def note_level(m: Words, out: Words, level: int) -> None:
    """Report what a level shows now, and remove it if it is empty."""
    at = level_at(m, level)
    note(out, LEVEL_NOW, m[at + L_SIDE], m[at + L_PRICE], m[at + L_LOTS], 0, 0, 0, 0)
    if m[at + L_COUNT] == 0:
        close_level(m, level)


@jit_inner
def crosses(m: Words, side: int, limit: int) -> bool:
    """Tell whether an order of `side` at `limit` would trade."""
    level = best_level(m, -side)
    return level != NONE and side * m[level_at(m, level) + L_PRICE] <= side * limit


@jit_inner
def trade_with(m: Words, out: Words, slot: int, lots: int, side: int) -> None:
    """Trade `lots` with a resting order: shrink it, refill it or remove it."""
    o = order_at(m, slot)
    level = m[o + LEVEL]
    at = level_at(m, level)
    price = m[o + PRICE]
    m[o + LOTS] -= lots
    m[at + L_LOTS] -= lots
    if m[o + ID] == 0:
        m[at + L_STREET] -= lots
    m[LEFT] -= lots
    m[TRADED_LOTS] += lots
    m[VALUE] += lots * price
    rest = m[o + LOTS] + m[o + HIDDEN]
    note(out, FILL, m[o + ID], m[o + OWNER], price, lots, rest, side, m[o + LOTS])
    if m[o + LOTS] > 0:
        return
    unlink(m, slot)
    if rest == 0:
        free_record(m, slot)
        return
    m[o + LOTS] = min(m[o + DISPLAY], rest)
    m[o + HIDDEN] = rest - m[o + LOTS]
    append(m, level, slot)


@jit_inner
def drop_maker(m: Words, out: Words, slot: int, why: int) -> None:
    """Remove a resting order without its owner's wish; its level may be left empty."""
    o = order_at(m, slot)
    note(out, REMOVED, m[o + ID], m[o + OWNER], m[o + SIDE], m[o + PRICE],
         m[o + LOTS] + m[o + HIDDEN], why, 0)  # fmt: skip
    unlink(m, slot)
    free_record(m, slot)


@jit_inner
def sweep_level(m: Words, out: Words, level: int, owner: int, side: int, flags: int) -> int:
    """Trade with the queue of one level until it, or what is left (`LEFT`), is gone."""
    at = level_at(m, level)
    prevention = (flags >> STP_SHIFT) & STP_MASK
    while m[LEFT] > 0 and m[at + L_HEAD] != NONE:
        if out[0, 0] + HEADROOM >= len(out):
            return MORE
        slot = m[at + L_HEAD]
        o = order_at(m, slot)
        if prevention != 0 and owner != 0 and m[o + OWNER] == owner:
            if prevention != _TAKER:
                drop_maker(m, out, slot, SELF_TRADE)
            if prevention != _MAKER:
                return SELF
            continue
        named = m[o + OWNER] != 0
        trade_with(m, out, slot, min(m[LEFT], m[o + LOTS]), side)
        if named and flags & PAUSE and m[LEFT] > 0:
            return MORE
    return DONE


@jit_inner
def sweep(m: Words, out: Words, owner: int, side: int, limit: int, flags: int) -> int:
    """Trade `LEFT` lots of an arriving order with everything its limit reaches."""
    result = DONE
    while m[LEFT] > 0 and result == DONE and crosses(m, side, limit):
        if out[0, 0] + HEADROOM >= len(out):
            return MORE
        level = best_level(m, -side)
        result = sweep_level(m, out, level, owner, side, flags)
        note_level(m, out, level)
    return result


@jit_inner
def rest_order(
    m: Words, out: Words, order_id: int, owner: int, side: int, price: int, lots: int,
    flags: int, display: int,
) -> None:  # fmt: skip
    """Put what is left of an order into the book, at the end of its level's queue."""
    level = open_level(m, side, price)
    slot = take_record(m)
    o = order_at(m, slot)
    shown = min(display, lots) if display > 0 else lots
    m[o + ID] = order_id
    m[o + OWNER] = owner
    m[o + SIDE] = side
    m[o + PRICE] = price
    m[o + LOTS] = shown
    m[o + HIDDEN] = lots - shown
    m[o + DISPLAY] = display
    m[o + FLAGS] = flags
    if order_id != 0:
        remember(m, order_id, slot)
    append(m, level, slot)
    note_level(m, out, level)


@jit_inner
def counted(m: Words, slot: int, owner: int, flags: int) -> int:
    """Return the lots of a resting order that a fill-or-kill order may count on."""
    o = order_at(m, slot)
    if flags & FOK and m[o + FLAGS] & REDUCE_ONLY:
        return 0
    if owner != 0 and m[o + OWNER] == owner and (flags >> STP_SHIFT) & STP_MASK != 0:
        return 0
    return m[o + LOTS] + m[o + HIDDEN]


@jit_inner
def walked(m: Words, owner: int, side: int, limit: int, lots: int, budget: int, flags: int) -> int:
    """Return the lots an order could trade now, within `budget` ticks x lots; cost in `VALUE`."""
    m[VALUE] = 0
    left = lots
    keys = keys_at(m, -side)
    slots = keys + m[LEVEL_CAP]
    simple = owner == 0 and not flags & FOK
    for i in range(count_of(m, -side) - 1, -1, -1):
        at = level_at(m, m[slots + i])
        price = m[at + L_PRICE]
        if side * price > side * limit or left <= 0:
            break
        size = m[at + L_LOTS] + m[at + L_HIDDEN]
        if not simple:
            size = 0
            slot = m[at + L_HEAD]
            while slot != NONE:
                size += counted(m, slot, owner, flags)
                slot = m[order_at(m, slot) + NEXT]
        take = min(size, left)
        if budget >= 0:
            take = min(take, (budget - m[VALUE]) // price)
        m[VALUE] += take * price
        left -= take
        if budget >= 0 and take < size:
            break
    return lots - left


@jit
def walk(m: Words, owner: int, side: int, limit: int, lots: int, budget: int, flags: int) -> int:
    """Say what an order would trade now: lots returned, ticks x lots in `VALUE`; nothing changes.

    `budget` bounds the cost in ticks x lots; below 0 there is none.
    """
    return walked(m, owner, side, limit, lots, budget, flags)


@jit_inner
def enter(
    m: Words, out: Words, order_id: int, owner: int, side: int, limit: int, lots: int,
    flags: int, display: int,
) -> int:  # fmt: skip
    """Place an order (see `place`)."""
    m[LEFT] = lots
    m[TRADED_LOTS] = 0
    price = limit
    if not flags & RESUMED:
        if flags & POST_ONLY and crosses(m, side, limit):
            if not flags & REPRICE:
                return WOULD_TRADE
            price = m[level_at(m, best_level(m, -side)) + L_PRICE] - side
            if price <= 0:
                return WOULD_TRADE
        if flags & FOK and walked(m, owner, side, limit, lots, -1, flags) < lots:
            return KILLED
    m[VALUE] = 0
    if not flags & POST_ONLY:
        result = sweep(m, out, owner, side, price, flags)
        if result == MORE:
            return MORE
        if m[LEFT] == 0:
            return DONE
        if result == SELF:
            return SELF
        if flags & (IOC | FOK):
            return EXPIRED
    rest_order(m, out, order_id, owner, side, price, m[LEFT], flags, display)
    return RESTS


@jit_inner
def leave(m: Words, out: Words, order_id: int) -> int:
    """Take an order out; what it still had is in `LEFT`."""
    slot = slot_of(m, order_id)
    if slot == NONE:
        return UNKNOWN
    o = order_at(m, slot)
    level = m[o + LEVEL]
    m[LEFT] = m[o + LOTS] + m[o + HIDDEN]
    unlink(m, slot)
    free_record(m, slot)
    note_level(m, out, level)
    return DONE


@jit_inner
def shrink(m: Words, out: Words, order_id: int, lots: int) -> int:
    """Make a resting order smaller without losing its place: reserve first, then what shows."""
    slot = slot_of(m, order_id)
    if slot == NONE:
        return UNKNOWN
    o = order_at(m, slot)
    at = level_at(m, m[o + LEVEL])
    cut = m[o + LOTS] + m[o + HIDDEN] - lots
    if cut <= 0 or lots <= 0:
        return UNKNOWN
    hidden = min(cut, m[o + HIDDEN])
    m[o + HIDDEN] -= hidden
    m[at + L_HIDDEN] -= hidden
    m[o + LOTS] -= cut - hidden
    m[at + L_LOTS] -= cut - hidden
    note_level(m, out, m[o + LEVEL])
    return RESTS


@jit
def place(
    m: Words, out: Words, order_id: int, owner: int, side: int, limit: int, lots: int,
    flags: int, display: int,
) -> int:  # fmt: skip
    """Place an order of `side` (+1 buy, -1 sell); return RESTS, DONE, EXPIRED, KILLED, ...

    A market order is IOC with its protection price as limit. There must be room for one order and
    one level. `LEFT` then holds the lots that did not trade, `TRADED_LOTS` and `VALUE` what did.
    """
    out[0, 0] = 0
    return enter(m, out, order_id, owner, side, limit, lots, flags, display)


@jit
def cancel(m: Words, out: Words, order_id: int) -> int:
    """Take an order out of the book; DONE, or UNKNOWN when it is not there."""
    out[0, 0] = 0
    return leave(m, out, order_id)


@jit
def reduce(m: Words, out: Words, order_id: int, lots: int) -> int:
    """Make an order smaller in place; RESTS, or UNKNOWN when it is not there or not larger."""
    out[0, 0] = 0
    return shrink(m, out, order_id, lots)
