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
from ballast.core.memory import WORD, f8, i8, least_of_8, most_of_8, set_f8, u1, word_at
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
STOPPERS = int(Signal.NO_FILL | Signal.SEGMENT_END)

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


@jit_pasted
def low_trigger(p: Row, plan: Row) -> float:
    """Return the highest price at or under which a bar's low can fill something."""
    if p.side > 0:
        return max(p.stop, p.liquidation)
    level = 0.0
    for k in range(plan.take_count):
        if not p.take_done[k]:
            level = max(level, p.take_price[k])
    return level


@jit_pasted
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
    bits = STOPPERS
    if p.side > 0:
        bits |= _ENTER_SHORT
        if plan.close_on_signal:
            bits |= _EXIT_LONG
    else:
        bits |= _ENTER_LONG
        if plan.close_on_signal:
            bits |= _EXIT_SHORT
    return bits


@jit_pasted
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


@jit_pasted
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
def pass_quiet(
    t: Row, p: Row, spec: Row, marks: int, i: int, end: int, bits: int, until_ms: int,
    up_at: float, down_at: float, mark_up_at: float, mark_down_at: float, best: float,
    slope: float, shift: float,
) -> tuple[int, float, float, float]:  # fmt: skip
    """Walk the bars from `i`, at most to `end`, while none reaches a threshold, bit or time.

    Prices are multiplied by the side: up is our favour, for a short too. With each new best price
    the lower threshold rises to `slope * best + shift`. Return the bar it stopped at and, of the
    bars passed, the best price, the worst price and the worst mark. Nothing is called in here, so
    that all of it stays in registers. Eight bars that all pass are passed at once: they must stay
    above the threshold as it is after the best of them.
    """
    side = float(p.side)
    long = p.side > 0
    has_mark = spec.has_mark != 0
    goods, bads = (t.high, t.low) if long else (t.low, t.high)
    mark_goods, mark_bads = (t.mark_high, t.mark_low) if long else (t.mark_low, t.mark_high)
    times, signals = t.ts, t.signals
    bits_of_8 = bits * 0x0101010101010101
    least = math.inf
    worst = math.inf
    one_by_one = end if has_mark else i  # up to this bar
    while i < end:
        if i >= one_by_one and i + WORD <= end:
            top, bottom = most_of_8(t.high, i), least_of_8(t.low, i)
            mark_top, mark_bottom = most_of_8(marks, i), least_of_8(marks, i)
            up, down = (top, bottom) if long else (-bottom, -top)
            m, mark_up = (mark_bottom, mark_top) if long else (-mark_top, -mark_bottom)
            rising = max(down_at, slope * max(best, up) + shift)
            inside = down > rising and up < up_at and m > mark_down_at and mark_up < mark_up_at
            if (
                inside
                and word_at(signals, i) & bits_of_8 == 0
                and i8(times, i + WORD - 1) <= until_ms
            ):
                best = max(best, up)
                least = min(least, down)
                worst = min(worst, m)
                down_at = rising
                i += WORD
                continue
            one_by_one = i + WORD
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


@jit_pasted
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
def run_ahead(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, marks: int, i: int, last: int, bits: int,
    until_ms: int, low_at: float, high_at: float, wake_at: float, floor_at: float, slope: float,
    shift: float,
) -> int:  # fmt: skip
    """Pass the bars from `i` that only extend a range; return the first other one.

    Equity never falls while the mark moves our way, so its bounds are bounds of the mark; they are
    met a hair early. An armed trail is asked once, for the best price of all bars passed.
    """
    long = p.side > 0
    side = float(p.side)
    q = qty_of(spec, p.lots)
    zero = side * p.entry if spec.perpetual else 0.0
    slack = HAIR_OF_EQUITY * (abs(acct.cash) + acct.peak + q * p.entry)
    mark_down = zero + (floor_at - acct.cash + slack) / q
    mark_up = zero + (acct.peak - acct.cash - slack) / q
    if plan.position_drawdown > 0.0:
        mark_down = max(mark_down, side * p.entry - HAIR * plan.position_drawdown * p.entry)
    up_at = high_at if long else -low_at
    down_at = low_at if long else -high_at
    if shift == -math.inf and (plan.trail_kind != 0 or plan.breakeven_r > 0.0):
        up_at = min(up_at, max(side * p.best, side * wake_at))
    j, best, least, worst = pass_quiet(
        t, p, spec, marks, i, last, bits, until_ms, up_at, down_at, mark_up, mark_down,
        side * p.best, slope, shift,
    )  # fmt: skip
    if j == i:
        return i
    best *= side
    p.high = max(p.high, best if long else -least)
    p.low = min(p.low, least if long else best)
    acct.trough = min(acct.trough, equity_at(acct, p, spec, q, side * worst))
    p.mark = f8(marks, j - 1)
    acct.equity = equity_at(acct, p, spec, q, p.mark)
    acct.now_ms = i8(t.ts, j - 1) + spec.timeframe_ms
    if shift != -math.inf and side * best > side * p.best:
        ratchet(t, p, spec, plan, j - 1, acct.now_ms, best)
    p.best = best
    return j


@jit_pasted
def equity_at(acct: Row, p: Row, spec: Row, q: float, mark: float) -> float:
    """Return the equity of a run whose one position of `q` base units is marked at `mark`."""
    if spec.perpetual:
        return acct.cash + p.side * (mark - p.entry) * q
    return acct.cash + q * mark


@jit_inner
def record_walk(t: Row, acct: Row, p: Row, spec: Row, marks: int, k: int, bars: int) -> None:
    """Write equity and notional of the `bars` bars up to clock index `k + bars`, if recorded."""
    if not t.equity:
        return
    q = qty_of(spec, p.lots)
    for j in range(bars):
        m = f8(marks, p.bar + j)
        set_f8(t.equity, k + j, equity_at(acct, p, spec, q, m))
        set_f8(t.exposure, k + j, q * m)


@jit_pasted
def pass_peak(acct: Row, equity: float, at_ms: int) -> None:
    """Book a new peak of equity; the fall since the old one is over."""
    if acct.trough < acct.peak:
        acct.worst_drawdown = max(acct.worst_drawdown, 1.0 - acct.trough / acct.peak)
    acct.peak = equity
    acct.trough = equity
    acct.longest_drawdown_ms = max(acct.longest_drawdown_ms, at_ms - acct.peak_ms)
    acct.peak_ms = at_ms


@jit_pasted
def glide(t: Row, acct: Row, lim: Row, k: int, stop: int) -> int:
    """Mark the quiet bars from clock index `k` on; return the index of the first other bar.

    `run_ahead` passes the bars that only extend a range; the bar it stops at is then looked at
    exactly: it may still be quiet (a new peak, a ratchet, a new day), and then the walk goes on. A
    bar that is quiet but for a signal is marked too, and left to be decided (`acct.marked`).
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
    has_mark = spec.has_mark != 0
    timeframe_ms = spec.timeframe_ms
    funding_ms = NEVER_MS
    if p.fund_row < spec.fund_last:
        funding_ms = funding_row(t.funding, p.fund_row).at_ms
    pained = plan.position_drawdown > 0.0
    pain = plan.position_drawdown * p.entry
    # Nothing ratchets before the best price reaches one of its thresholds.
    wake_at = ratchet_from(p, plan)
    slope, shift = trail_line(p, spec, plan)
    marks = t.mark_close if spec.perpetual else t.close
    floor_at = account_floor(acct, lim, acct.peak)
    i = p.bar
    while i < last:
        if not adaptive and not (pained and has_mark):  # else each bar must be asked
            until_ms = min(acct.day_end_ms, funding_ms - 1) - timeframe_ms
            i = run_ahead(
                t, acct, p, spec, plan, marks, i, last, bits, until_ms, low_at, high_at, wake_at,
                floor_at, slope, shift,
            )  # fmt: skip
            if shift != -math.inf:
                low_at = low_trigger(p, plan)
                high_at = high_trigger(p, plan)
            if i == last:
                break
        h = f8(t.high, i)
        l = f8(t.low, i)
        signal = u1(t.signals, i) & bits
        if l <= low_at or h >= high_at or signal & STOPPERS:
            break
        next_ms = i8(t.ts, i) + timeframe_ms
        if next_ms >= funding_ms:
            break
        if has_mark and (f8(t.mark_low, i) <= low_at or f8(t.mark_high, i) >= high_at):
            break
        m = f8(marks, i)
        e = equity_at(acct, p, spec, q, m)
        if next_ms > acct.day_end_ms:
            roll_days(t, acct, day_of(next_ms))
            floor_at = account_floor(acct, lim, acct.peak)
        # A hair above the thresholds the step takes over: it applies the exact rule.
        if e <= floor_at or (pained and side * (f8(t.close, i) - p.entry) <= -pain):
            break
        if e > acct.peak:
            pass_peak(acct, e, next_ms)
            floor_at = account_floor(acct, lim, acct.peak)
        acct.trough = min(acct.trough, e)
        acct.equity = e
        acct.now_ms = next_ms
        p.mark = m
        p.high = max(p.high, h)
        p.low = min(p.low, l)
        reach = h if long else l
        moved = reach > p.best if long else reach < p.best
        woken = moved and ratchets and (reach >= wake_at if long else reach <= wake_at)
        if woken or adaptive:
            ratchet(t, p, spec, plan, i, next_ms, reach)
            wake_at = ratchet_from(p, plan)
            slope, shift = trail_line(p, spec, plan)
            low_at = low_trigger(p, plan)
            high_at = high_trigger(p, plan)
        elif moved:
            p.best = reach
        if signal:
            acct.marked = 1
            break
        i += 1
    passed = i - p.bar
    walked = passed + acct.marked
    if walked == 0:
        return k
    record_walk(t, acct, p, spec, marks, k, walked)
    acct.worst_drawdown = max(acct.worst_drawdown, 1.0 - acct.trough / acct.peak)
    acct.held_bars += walked
    acct.exposed_ms += walked * timeframe_ms
    p.bar = i
    return k + passed
