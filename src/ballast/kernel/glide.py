"""Glide: pass the bars on which nothing can happen to the one position of a run.

Half the time of a run is a position that only has to be marked. `glide` walks those bars with the
state in registers and stops before the first bar that could fill an order, pay a funding, ratchet
by anything but the best price, end a segment, carry a signal of ours, or trip an account rule. That
bar goes through the ordinary step. It decides nothing: runs with it and without it (`audit`) must
give the same bytes, and do, by test.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner, jit_pasted
from ballast.core.memory import f8, i8, set_f8, u1
from ballast.core.records import Intrabar, Margin, Signal
from ballast.kernel.account import day_of, roll_days
from ballast.kernel.book import qty_of
from ballast.kernel.exits import distance, ratchet
from ballast.kernel.tape import funding_row, plan_row, position, spec_row

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

_DETAIL = int(Intrabar.DETAIL)
_CROSS = int(Margin.CROSS)
_EXIT_LONG = int(Signal.EXIT_LONG)
_EXIT_SHORT = int(Signal.EXIT_SHORT)
_ENTER_LONG = int(Signal.ENTER_LONG)
_ENTER_SHORT = int(Signal.ENTER_SHORT)
_STOPPERS = int(Signal.NO_FILL | Signal.SEGMENT_END)

NEVER_MS = 2**62
HAIR = 0.999999
"""Thresholds are met a hair early; the function that owns the rule applies it exactly."""


@jit_pasted
def may_glide(p: Row, plan: Row) -> bool:
    """Tell whether the position has nothing queued and no rule that needs every bar."""
    if p.lots == 0 or p.in_lots > 0 or p.out_lots > 0 or p.dust > 0.0:
        return False
    if plan.intrabar == _DETAIL or plan.margin == _CROSS or plan.exit_after_ms > 0:
        return False
    return p.bar > p.entry_bar or plan.entry_bar_exposed


@jit_inner
def low_trigger(p: Row, plan: Row) -> float:
    """Return the highest price at or under which a bar's low can fill something."""
    if p.side > 0:
        return max(p.stop, p.liquidation)
    level = 0.0
    for k in range(plan.take_count):
        if not p.take_done[k]:
            level = max(level, p.take_price[k])
    return level


@jit_inner
def high_trigger(p: Row, plan: Row) -> float:
    """Return the lowest price at or over which a bar's high can fill something."""
    if p.side < 0:
        return min(p.stop, p.liquidation) if p.liquidation > 0.0 else p.stop
    level = math.inf
    for k in range(plan.take_count):
        if not p.take_done[k]:
            level = min(level, p.take_price[k])
    return level


@jit_inner
def stop_bits(p: Row, plan: Row) -> int:
    """Return the signal bits that this position must not pass by."""
    bits = _STOPPERS
    if p.side > 0:
        bits |= _ENTER_SHORT
        if plan.close_on_signal:
            bits |= _EXIT_LONG
    else:
        bits |= _ENTER_LONG
        if plan.close_on_signal:
            bits |= _EXIT_SHORT
    return bits


@jit_inner
def ratchet_from(p: Row, plan: Row) -> float:
    """Return the best price from which on a ratchet can move the stop."""
    s = p.side
    if p.armed:
        return -math.inf if s > 0 else math.inf
    away = math.inf
    if plan.trail_kind:
        away = distance(plan.trail_kind, plan.trail_activation, p.entry, p.atr, 0.0)
    if plan.breakeven_r > 0.0:
        away = min(away, plan.breakeven_r * p.risk)
    return p.entry + s * away * HAIR


@jit_inner
def account_floor(acct: Row, lim: Row, peak: float) -> float:
    """Return the equity under which an account rule may act, a hair above its exact level."""
    floor = -math.inf
    if lim.drawdown_kill > 0.0 and not acct.killed:
        floor = peak * (1.0 - lim.drawdown_kill)
    if lim.daily_loss > 0.0 and not acct.day_blocked:
        floor = max(floor, acct.day_open * (1.0 - lim.daily_loss))
    return floor * (2.0 - HAIR)


@jit_inner
def end_of_quiet(p: Row, spec: Row, plan: Row, last: int) -> int:
    """Return the first bar, at most `last`, that a time exit or a delisting may ask for."""
    if plan.exit_after_bars > 0:
        last = min(last, p.entry_bar + plan.exit_after_bars - 1)
    if spec.delisted:
        last = min(last, spec.last - 1)
    return last


@jit_pasted
def is_quiet(t: Row, p: Row, spec: Row, plan: Row, i: int) -> bool:
    """Tell whether bar `i` fills nothing of a position; if so, ratchet by it and be done.

    The same rule as `glide`, bar by bar, for runs of several symbols. What it looked up stands in
    the position until something happens to it.
    """
    if u1(t.signals, i) & _STOPPERS or not may_glide(p, plan):
        p.watched = 0
        return False
    if spec.delisted and i == spec.last - 1:
        return False
    if p.fund_row < spec.fund_last:
        if funding_row(t.funding, p.fund_row).at_ms <= i8(t.ts, i) + spec.timeframe_ms:
            return False
    if not p.watched:
        p.low_at = low_trigger(p, plan)
        p.high_at = high_trigger(p, plan)
        p.wake_at = ratchet_from(p, plan)
        p.watched = 1
    h = f8(t.high, i)
    l = f8(t.low, i)
    fills = l <= p.low_at or h >= p.high_at
    if spec.has_mark:
        fills = fills or f8(t.mark_low, i) <= p.low_at or f8(t.mark_high, i) >= p.high_at
    if fills:
        p.watched = 0
        return False
    p.high = max(p.high, h)
    p.low = min(p.low, l)
    long = p.side > 0
    reach = h if long else l
    moved = reach > p.best if long else reach < p.best
    woken = moved and (reach >= p.wake_at if long else reach <= p.wake_at)
    if woken or (plan.trail_kind != 0 and plan.trail_adaptive != 0):
        ratchet(t, p, spec, plan, i, i8(t.ts, i) + spec.timeframe_ms, reach)
        p.watched = 0
    elif moved:
        p.best = reach
    return True


@jit_pasted
def glide(t: Row, acct: Row, lim: Row, k: int, stop: int) -> int:
    """Mark the quiet bars from clock index `k` on; return the index of the first other bar.

    A bar that is quiet but for a signal is marked too, and left to be decided (`acct.marked`).
    """
    p = position(t.pos, 0)
    plan = plan_row(t.plan, 0)
    if not may_glide(p, plan):
        return k
    spec = spec_row(t.spec, 0)
    last = end_of_quiet(p, spec, plan, p.bar + (stop - k))
    long = p.side > 0
    side = float(p.side)
    ratchets = plan.trail_kind != 0 or plan.breakeven_r > 0.0
    adaptive = plan.trail_kind != 0 and plan.trail_adaptive != 0
    low_at = low_trigger(p, plan)
    high_at = high_trigger(p, plan)
    bits = stop_bits(p, plan)
    q = qty_of(spec, p.lots)
    entry = p.entry
    perpetual = spec.perpetual != 0
    has_mark = spec.has_mark != 0
    timeframe_ms = spec.timeframe_ms
    funding_ms = NEVER_MS
    if p.fund_row < spec.fund_last:
        funding_ms = funding_row(t.funding, p.fund_row).at_ms
    cash = acct.cash
    equity = acct.equity
    peak = acct.peak
    trough = acct.trough
    pained = plan.position_drawdown > 0.0
    pain = plan.position_drawdown * entry
    # Nothing ratchets before the best price reaches one of its thresholds.
    wake_at = ratchet_from(p, plan)
    best = p.best
    most = p.high
    least = p.low
    recorded = t.equity != 0
    # Addresses in locals: through `t` they would be read again after every store.
    highs, lows, closes, times, bytes_ = t.high, t.low, t.close, t.ts, t.signals
    marks = t.mark_close if perpetual else t.close
    floor_at = account_floor(acct, lim, peak)
    day_end_ms = acct.day_end_ms
    first = p.bar
    i = first
    mark = p.mark
    close_ms = acct.now_ms
    while i < last:
        h = f8(highs, i)
        l = f8(lows, i)
        signal = u1(bytes_, i) & bits
        if l <= low_at or h >= high_at or signal & _STOPPERS:
            break
        next_ms = i8(times, i) + timeframe_ms
        if next_ms >= funding_ms:
            break
        if has_mark and (f8(t.mark_low, i) <= low_at or f8(t.mark_high, i) >= high_at):
            break
        m = f8(marks, i)
        e = cash + side * (m - entry) * q if perpetual else cash + q * m
        if next_ms > day_end_ms:
            acct.equity = equity
            roll_days(t, acct, day_of(next_ms))
            day_end_ms = acct.day_end_ms
            floor_at = account_floor(acct, lim, peak)
        # A hair above the thresholds the step takes over: it applies the exact rule.
        if e <= floor_at or (pained and side * (f8(closes, i) - entry) <= -pain):
            break
        if e > peak:
            if trough < peak:
                acct.worst_drawdown = max(acct.worst_drawdown, 1.0 - trough / peak)
            peak = e
            trough = e
            acct.longest_drawdown_ms = max(acct.longest_drawdown_ms, next_ms - acct.peak_ms)
            acct.peak_ms = next_ms
            floor_at = account_floor(acct, lim, peak)
        elif e < trough:
            trough = e
        equity = e
        mark = m
        close_ms = next_ms
        most = max(most, h)
        least = min(least, l)
        reach = h if long else l
        moved = reach > best if long else reach < best
        if moved:
            best = reach
        woken = moved and ratchets and (reach >= wake_at if long else reach <= wake_at)
        if woken or adaptive:
            ratchet(t, p, spec, plan, i, next_ms, reach)
            wake_at = ratchet_from(p, plan)
            low_at = low_trigger(p, plan)
            high_at = high_trigger(p, plan)
        if recorded:
            set_f8(t.equity, k + i - first, e)
            set_f8(t.exposure, k + i - first, q * m)
        if signal:
            acct.marked = 1
            break
        i += 1
    passed = i - first
    walked = passed + acct.marked
    if walked == 0:
        return k
    acct.equity = equity
    acct.worst_drawdown = max(acct.worst_drawdown, 1.0 - trough / peak)
    acct.peak = peak
    acct.trough = trough
    acct.now_ms = close_ms
    acct.held_bars += walked
    acct.exposed_ms += walked * timeframe_ms
    p.best = best
    p.high = most
    p.low = least
    p.mark = mark
    p.bar = i
    return k + passed
