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
from ballast.core.records import Intrabar, Level, Margin, Signal
from ballast.kernel.account import day_of, roll_days
from ballast.kernel.book import qty_of
from ballast.kernel.exits import distance, ratchet
from ballast.kernel.tape import funding_row, plan_row, position, spec_row

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

_DETAIL = int(Intrabar.DETAIL)
_CROSS = int(Margin.CROSS)
_PERCENT = int(Level.PERCENT)
_EXIT_LONG = int(Signal.EXIT_LONG)
_EXIT_SHORT = int(Signal.EXIT_SHORT)
_ENTER_LONG = int(Signal.ENTER_LONG)
_ENTER_SHORT = int(Signal.ENTER_SHORT)
_STOPPERS = int(Signal.NO_FILL | Signal.SEGMENT_END)

NEVER_MS = 2**62
HAIR = 0.999999
"""Thresholds are met a hair early; the function that owns the rule applies it exactly."""
HAIR_OF_EQUITY = 1e-12
"""The same for equity, whose rounding is of the order of its largest term."""


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


@jit_inner
def pass_quiet(
    t: Row, p: Row, spec: Row, marks: int, i: int, end: int, bits: int, until_ms: int,
    up_at: float, down_at: float, mark_up_at: float, mark_down_at: float, best: float,
    slope: float, shift: float,
) -> tuple[int, float, float, float]:  # fmt: skip
    """Walk the bars from `i`, at most to `end`, while none reaches a threshold, bit or time.

    Prices are multiplied by the side: up is our favour, for a short too. With each new best price
    the lower threshold rises to `slope * best + shift`. Return the bar it stopped at and, of the
    bars passed, the best price, the worst price and the worst mark. Nothing is called in here, so
    that all of it stays in registers.
    """
    side = float(p.side)
    long = p.side > 0
    has_mark = spec.has_mark != 0
    goods, bads = (t.high, t.low) if long else (t.low, t.high)
    mark_goods, mark_bads = (t.mark_high, t.mark_low) if long else (t.mark_low, t.mark_high)
    times, signals = t.ts, t.signals
    least = math.inf
    worst = math.inf
    while i < end:
        up = side * f8(goods, i)
        down = side * f8(bads, i)
        m = side * f8(marks, i)
        if down <= down_at or up >= up_at or m <= mark_down_at or m >= mark_up_at:
            break
        if u1(signals, i) & bits or i8(times, i) > until_ms:
            break
        if has_mark:
            if side * f8(mark_bads, i) <= down_at or side * f8(mark_goods, i) >= up_at:
                break
        best = max(best, up)
        least = min(least, down)
        worst = min(worst, m)
        down_at = max(down_at, slope * best + shift)
        i += 1
    return i, best, least, worst


@jit_inner
def trail_line(p: Row, spec: Row, plan: Row) -> tuple[float, float]:
    """Return (slope, shift) of a line over the stop that an armed trail has at each best price.

    In prices multiplied by the side. (0, -inf) where the stop must be asked for bar by bar: not
    armed yet, or it depends on more than the best price (break-even comes first or last, the fee
    schedule changes under `trail_floor_entry`).
    """
    if not p.armed or plan.trail_adaptive or plan.breakeven_r > 0.0:
        return 0.0, -math.inf
    if plan.trail_floor_entry and p.fee_row + 1 < spec.fee_last:
        return 0.0, -math.inf
    # The stop is rounded to the grid, towards the entry; a hair covers what that costs in bits.
    above = spec.tick_num / spec.tick_den + (1.0 - HAIR) * spec.tick_num / spec.tick_den
    above += HAIR_OF_EQUITY * p.best
    if plan.trail_kind == _PERCENT:
        return 1.0 - p.side * plan.trail_distance, above
    return 1.0, above - plan.trail_distance * p.atr


@jit_pasted
def glide(t: Row, acct: Row, lim: Row, k: int, stop: int) -> int:
    """Mark the quiet bars from clock index `k` on; return the index of the first other bar.

    `pass_quiet` runs ahead over the bars that only extend a range; the bar it stops at is then
    looked at exactly: it may still be quiet (a new peak, a ratchet, a new day), and then the walk
    goes on. A bar that is quiet but for a signal is marked too, and left to be decided
    (`acct.marked`).
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
    # Equity at mark m is base + side * (m - zero) * q: all of a spot purchase was paid.
    perpetual = spec.perpetual != 0
    zero = entry if perpetual else 0.0
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
    slope, shift = trail_line(p, spec, plan)
    best = p.best
    most = p.high
    least = p.low
    marks = t.mark_close if perpetual else t.close
    floor_at = account_floor(acct, lim, peak)
    day_end_ms = acct.day_end_ms
    # Where each bar must be asked there is nothing to run over.
    runs = not adaptive and not (pained and has_mark)
    slack = HAIR_OF_EQUITY * (abs(cash) + peak + q * entry)
    first = p.bar
    i = first
    mark = p.mark
    close_ms = acct.now_ms
    while i < last:
        if runs:
            # Equity never falls while the mark moves our way: its bounds are bounds of the mark.
            mark_down = side * zero + (floor_at - cash + slack) / q
            mark_up = side * zero + (peak - cash - slack) / q
            if pained:
                mark_down = max(mark_down, side * entry - HAIR * pain)
            up_at = high_at if long else -low_at
            down_at = low_at if long else -high_at
            if ratchets and shift == -math.inf:
                up_at = min(up_at, max(side * best, side * wake_at))
            until_ms = min(day_end_ms, funding_ms - 1) - timeframe_ms
            j, far, bad, worst = pass_quiet(
                t, p, spec, marks, i, last, bits, until_ms, up_at, down_at, mark_up,
                mark_down, side * best, slope, shift,
            )  # fmt: skip
            if j > i:
                best = side * far
                if long:
                    most = max(most, best)
                    least = min(least, bad)
                else:
                    least = min(least, best)
                    most = max(most, -bad)
                worst *= side
                e = cash + side * (worst - entry) * q if perpetual else cash + q * worst
                trough = min(trough, e)
                mark = f8(marks, j - 1)
                equity = cash + side * (mark - entry) * q if perpetual else cash + q * mark
                close_ms = i8(t.ts, j - 1) + timeframe_ms
                i = j
                if shift != -math.inf and side * best > side * p.best:
                    ratchet(t, p, spec, plan, j - 1, close_ms, best)
                    low_at = low_trigger(p, plan)
                    high_at = high_trigger(p, plan)
                if i == last:
                    break
        h = f8(t.high, i)
        l = f8(t.low, i)
        signal = u1(t.signals, i) & bits
        if l <= low_at or h >= high_at or signal & _STOPPERS:
            break
        next_ms = i8(t.ts, i) + timeframe_ms
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
        if e <= floor_at or (pained and side * (f8(t.close, i) - entry) <= -pain):
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
            slope, shift = trail_line(p, spec, plan)
            low_at = low_trigger(p, plan)
            high_at = high_trigger(p, plan)
        if signal:
            acct.marked = 1
            break
        i += 1
    passed = i - first
    walked = passed + acct.marked
    if walked == 0:
        return k
    if t.equity:
        for j in range(walked):
            m = f8(marks, first + j)
            e = cash + side * (m - entry) * q if perpetual else cash + q * m
            set_f8(t.equity, k + j, e)
            set_f8(t.exposure, k + j, q * m)
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
