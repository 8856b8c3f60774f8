"""Together: pass the steps of several symbols on which none of their positions can act.

`glide` walks one position alone; with several the equity of a step is a sum over all of them, so
they go bar by bar, side by side. What is saved is the lists, the phases and the symbols that sleep.
Nothing is decided and nothing estimated: a step is looked at first, and either belongs to the
ordinary loop untouched, or is done here by the same functions in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner, jit_pasted
from ballast.core.memory import f8, i8, set_f8, set_i8, u1
from ballast.kernel.account import apply_rules
from ballast.kernel.book import qty_of
from ballast.kernel.exits import ratchet, wanted_exit
from ballast.kernel.glide import (
    NEVER_MS,
    STOPPERS,
    high_trigger,
    low_trigger,
    may_glide,
    ratchet_from,
    stop_bits,
)
from ballast.kernel.match import NO_BUDGET, volume_budget
from ballast.kernel.tape import funding_row, plan_row, position, spec_row

if TYPE_CHECKING:
    from ballast.kernel.tape import Row


@jit_inner
def fills_at(t: Row, p: Row, spec: Row, plan: Row, i: int) -> bool:
    """Tell whether the range of bar `i` reaches a price at which the position can fill."""
    if not p.watched:
        p.low_at = low_trigger(p, plan)
        p.high_at = high_trigger(p, plan)
        p.wake_at = ratchet_from(p, plan)
        p.watched = 1
    fills = f8(t.low, i) <= p.low_at or f8(t.high, i) >= p.high_at
    if spec.has_mark:
        fills = fills or f8(t.mark_low, i) <= p.low_at or f8(t.mark_high, i) >= p.high_at
    return fills


@jit_inner
def follow(t: Row, p: Row, spec: Row, plan: Row, i: int) -> None:
    """Extend the range of a position by bar `i`, which fills nothing, and ratchet by it."""
    h = f8(t.high, i)
    l = f8(t.low, i)
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


@jit_pasted
def is_quiet(t: Row, p: Row, spec: Row, plan: Row, i: int) -> bool:
    """Tell whether bar `i` fills nothing of a position; if so, ratchet by it and be done.

    The same rule as `glide`, bar by bar. What it looked up stands in the position until something
    happens to it.
    """
    if u1(t.signals, i) & STOPPERS or not may_glide(p, plan):
        p.watched = 0
        return False
    if spec.delisted and i == spec.last - 1:
        return False
    if p.fund_row < spec.fund_last:
        if funding_row(t.funding, p.fund_row).at_ms <= i8(t.ts, i) + spec.timeframe_ms:
            return False
    if fills_at(t, p, spec, plan, i):
        p.watched = 0
        return False
    follow(t, p, spec, plan, i)
    return True


@jit_inner
def gather(t: Row, acct: Row) -> int:
    """List the awake symbols in `t.live`; return when the first sleeper wakes, 0: do not glide."""
    soonest = NEVER_MS
    live = 0
    for s in range(t.symbols):
        p = position(t.pos, s)
        if p.idle:
            soonest = min(soonest, p.wake_ms)
            continue
        if not may_glide(p, plan_row(t.plan, s)):
            return 0
        set_i8(t.live, live, s)
        live += 1
    acct.live = live
    return soonest if live else 0


@jit_inner
def passes(t: Row, p: Row, spec: Row, plan: Row, now_ms: int) -> bool:
    """Tell whether the position's bar closes at `now_ms`, fills nothing and asks for nothing."""
    i = p.bar
    if i >= spec.last or i8(t.ts, i) + spec.timeframe_ms != now_ms:
        return False
    if u1(t.signals, i) & stop_bits(p, plan):
        return False
    if spec.delisted and i == spec.last - 1:
        return False
    if p.fund_row < spec.fund_last and funding_row(t.funding, p.fund_row).at_ms <= now_ms:
        return False
    if fills_at(t, p, spec, plan, i):
        return False
    return wanted_exit(p, plan, i, 0, now_ms, f8(t.close, i)) == 0


@jit_inner
def all_pass(t: Row, acct: Row, now_ms: int) -> bool:
    """Tell whether the bar of every awake symbol passes."""
    for n in range(acct.live):
        s = i8(t.live, n)
        if not passes(t, position(t.pos, s), spec_row(t.spec, s), plan_row(t.plan, s), now_ms):
            return False
    return True


@jit_inner
def leave_budgets(t: Row, acct: Row) -> None:
    """Leave the volume budgets of the last bars passed, as the ordinary loop would have."""
    for n in range(acct.live):
        s = i8(t.live, n)
        p = position(t.pos, s)
        spec = spec_row(t.spec, s)
        p.budget = NO_BUDGET
        if spec.participation > 0.0:
            p.budget = volume_budget(spec, f8(t.volume, p.bar - 1))


@jit_pasted
def glide_together(t: Row, acct: Row, lim: Row, k: int, stop: int) -> int:
    """Take the steps from clock index `k` that are quiet for all; return the index of the next."""
    wakes_ms = gather(t, acct)
    if wakes_ms == 0:
        return k
    halted = acct.killed + acct.day_blocked
    begun = k
    while k < stop:
        now_ms = i8(t.clock, k)
        if now_ms >= wakes_ms or now_ms > acct.day_end_ms or not all_pass(t, acct, now_ms):
            break
        equity = acct.cash
        gross = 0.0
        held_ms = 0
        for n in range(acct.live):
            s = i8(t.live, n)
            p = position(t.pos, s)
            spec = spec_row(t.spec, s)
            follow(t, p, spec, plan_row(t.plan, s), p.bar)
            q = qty_of(spec, p.lots)
            if spec.perpetual:
                p.mark = f8(t.mark_close, p.bar)
                equity += p.side * (p.mark - p.entry) * q
            else:
                p.mark = f8(t.close, p.bar)
                equity += q * p.mark
            gross += q * p.mark
            held_ms = spec.timeframe_ms
            p.bar += 1
        acct.now_ms = now_ms
        acct.held_bars += acct.live
        acct.exposed_ms += held_ms
        acct.equity = equity
        apply_rules(t, acct, lim, now_ms)
        if t.equity:
            set_f8(t.equity, k, equity)
            set_f8(t.exposure, k, gross)
        k += 1
        if acct.killed + acct.day_blocked != halted:
            break
    if k > begun:
        leave_budgets(t, acct)
    return k
