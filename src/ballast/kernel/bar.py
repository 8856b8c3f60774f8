"""Bar: what one symbol does in each phase of one close time (SEMANTICS 2.1 to 2.5).

`at_open`, `enter_at_open`, `during`, `after`, in this order; the loop runs each phase over all
symbols before the next. Funding is paid by whoever holds the position at the funding's own time:
one inside the bar after the fills at the open, one at the close after the bar's exits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner, jit_pasted
from ballast.core.memory import f8, i8, u1
from ballast.core.reasons import Exit, Refusal
from ballast.core.records import Intrabar, Margin, Signal
from ballast.kernel.account import free_cash
from ballast.kernel.book import close_fill, drop_entry, pay_funding
from ballast.kernel.exits import ratchet, wanted_exit
from ballast.kernel.match import (
    at_market,
    enter,
    exit_at_open,
    limit_price,
    limit_touched,
    refresh_cross,
    resting,
    volume_budget,
)
from ballast.kernel.tape import plan_row, position, spec_row

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

_SEGMENT_END = int(Signal.SEGMENT_END)
_DETAIL = int(Intrabar.DETAIL)
_CROSS = int(Margin.CROSS)
_SIGNAL = int(Exit.SIGNAL)
_SEGMENT = int(Exit.SEGMENT_END)
_DELISTED = int(Exit.DELISTED)
_EXPIRED = int(Refusal.EXPIRED)
_NO_CASH = int(Refusal.NO_CASH)
_NO_VOLUME = int(Refusal.NO_LIQUIDITY_AT_FILL)


@jit_pasted
def at_open(t: Row, acct: Row, lim: Row, s: int) -> None:
    """Pay the fundings of a gap, then fill the queued exit of symbol `s` at its open."""
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    plan = plan_row(t.plan, s)
    i = p.bar
    open_ms = i8(t.ts, i)
    pay_funding(t, acct, p, spec, open_ms, 1)
    if p.out_lots == 0 or p.out_from_ms > open_ms:
        return
    if plan.stop_before_exit and p.out_reason == _SIGNAL:
        if p.side > 0:
            worst = f8(t.mark_low, i) if plan.trigger_mark else f8(t.low, i)
            hit = worst <= p.stop
        else:
            worst = f8(t.mark_high, i) if plan.trigger_mark else f8(t.high, i)
            hit = worst >= p.stop
        if hit:  # the range of the bar runs it, after all opens
            return
    exit_at_open(t, acct, p, spec, plan, lim, s, i)


@jit_pasted
def enter_at_open(t: Row, acct: Row, s: int) -> None:
    """Fill or expire the queued entry of symbol `s` at its open."""
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    plan = plan_row(t.plan, s)
    i = p.bar
    open_ms = i8(t.ts, i)
    o = f8(t.open, i)
    if open_ms < p.in_from_ms:
        return
    if open_ms >= p.in_until_ms:
        drop_entry(t, acct, s, _EXPIRED, float(open_ms), float(p.in_until_ms))
        return
    if p.in_limit > 0.0 and p.in_side * (p.in_limit - o) < 0.0:
        return
    free = free_cash(t, acct, 0)
    done = enter(t, acct, p, spec, plan, s, i, o, 0, free, open_ms)
    if done == 1:
        drop_entry(t, acct, s, _NO_CASH, p.in_value, free)
    elif p.in_lots > 0 and p.in_limit == 0.0 and open_ms + spec.timeframe_ms >= p.in_until_ms:
        drop_entry(t, acct, s, _NO_VOLUME, float(p.budget), p.in_value)


@jit_inner
def enter_at_limit(t: Row, acct: Row, s: int, o: float, h: float, l: float) -> int:
    """Fill a resting entry limit that the range trades through; return 1 if it filled."""
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    plan = plan_row(t.plan, s)
    i = p.bar
    if p.in_lots == 0 or p.in_limit == 0.0 or i8(t.ts, i) < p.in_from_ms:
        return 0
    if not limit_touched(p, plan, h, l):
        return 0
    free = free_cash(t, acct, 0)
    price = limit_price(p, spec, o)
    done = enter(t, acct, p, spec, plan, s, i, price, 1, free, i8(t.ts, i) + spec.timeframe_ms)
    if done == 1:
        drop_entry(t, acct, s, _NO_CASH, p.in_value, free)
    if done == 0 and spec.perpetual and plan.margin == _CROSS:
        refresh_cross(t, acct, s)
    return 1 if done == 0 else 0


@jit_inner
def expire_entry(t: Row, acct: Row, s: int) -> None:
    """Cancel what is left of an entry after the last bar of its time in force or of a segment."""
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    i = p.bar
    close_ms = i8(t.ts, i) + spec.timeframe_ms
    over = p.in_from_ms <= i8(t.ts, i) and close_ms >= p.in_until_ms
    gone = spec.delisted and i == spec.last - 1
    if over or gone or u1(t.signals, i) & _SEGMENT_END:
        drop_entry(t, acct, s, _EXPIRED, float(close_ms), float(p.in_until_ms))


@jit_pasted
def during(t: Row, acct: Row, lim: Row, s: int) -> int:
    """Match symbol `s`'s range with its resting orders; return 1 if an entry limit filled."""
    p = position(t.pos, s)
    plan = plan_row(t.plan, s)
    i = p.bar
    if plan.intrabar == _DETAIL and t.fine_first:
        first = i8(t.fine_first, i)
        last = i8(t.fine_first, i + 1)
        if last > first:
            return during_fine(t, acct, lim, s, first, last)
    o = f8(t.open, i)
    h = f8(t.high, i)
    l = f8(t.low, i)
    entered = 0
    if p.in_limit > 0.0:
        entered = enter_at_limit(t, acct, s, o, h, l)
    if p.lots > 0 and (plan.entry_bar_exposed or p.entry_bar != i):
        spec = spec_row(t.spec, s)
        resting(
            t, acct, p, spec, plan, lim, s, i, o, h, l, f8(t.mark_high, i), f8(t.mark_low, i),
            entered,
        )  # fmt: skip
    return entered


@jit_inner
def during_fine(t: Row, acct: Row, lim: Row, s: int, first: int, last: int) -> int:
    """Replay the finer bars `[first, last)` of the bar, each by the pessimistic rule.

    Finer mark prices are not known: the bar's own mark range is met by the first of them.
    """
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    plan = plan_row(t.plan, s)
    i = p.bar
    n = t.fine_count
    mark_h = f8(t.mark_high, i)
    mark_l = f8(t.mark_low, i)
    any_entered = 0
    for f in range(first, last):
        o = f8(t.fine, f)
        h = f8(t.fine, n + f)
        l = f8(t.fine, 2 * n + f)
        p.budget = volume_budget(spec, f8(t.fine, 4 * n + f))
        entered = enter_at_limit(t, acct, s, o, h, l)
        any_entered = max(any_entered, entered)
        if not spec.has_mark:
            mark_h = h
            mark_l = l
        elif f > first:
            mark_h = 0.0
            mark_l = math.inf
        if p.lots > 0 and (plan.entry_bar_exposed or p.entry_bar != i):
            resting(t, acct, p, spec, plan, lim, s, i, o, h, l, mark_h, mark_l, entered)
    return any_entered


@jit_pasted
def after(t: Row, acct: Row, lim: Row, s: int, entered: int) -> None:
    """Close the bar of symbol `s`: funding at the close, ratchets, the end of a segment.

    In the bar of a limit entry the good end of the range may have come before the fill.
    """
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    plan = plan_row(t.plan, s)
    i = p.bar
    close_ms = i8(t.ts, i) + spec.timeframe_ms
    pay_funding(t, acct, p, spec, close_ms, 1)
    if plan.entry_bar_exposed or p.entry_bar != i:
        h = f8(t.high, i)
        l = f8(t.low, i)
        if not entered:
            p.high = max(p.high, h)
            p.low = min(p.low, l)
            ratchet(t, p, spec, plan, i, close_ms, h if p.side > 0 else l)
        elif p.side > 0:
            p.low = min(p.low, l)
        else:
            p.high = max(p.high, h)
    gone = spec.delisted and i == spec.last - 1
    if gone or u1(t.signals, i) & _SEGMENT_END:
        c = f8(t.close, i)
        lots = p.lots
        price = at_market(t, spec, i, c, lots, -p.side, 0)
        reason = _DELISTED if gone else _SEGMENT
        close_fill(t, acct, p, spec, plan, lim, s, i, close_ms, price, c, lots, 0, reason)


@jit_inner
def signal_exit(t: Row, acct: Row, p: Row, spec: Row, plan: Row, i: int, bits: int) -> None:
    """Queue the exit that the closed bar asks for, unless one is queued already."""
    reason = wanted_exit(p, plan, i, bits, acct.now_ms, f8(t.close, i))
    if reason:
        p.in_lots = 0
        if p.out_lots == 0:
            p.out_lots = p.lots
            p.out_reason = reason
            p.out_from_ms = acct.now_ms + plan.latency_bars * spec.timeframe_ms
