"""Loop: the compiled driver of the decision step over arrays (SEMANTICS 2).

One pass over the global clock. At each close time, for all symbols before the next phase: queued
exits and then entries at the open; resting orders and liquidation; ratchets; marking and account
rules; signals. While everything is flat it jumps to the next entry signal: equity is constant then.

Everything the run knows is in its state rows, so the loop can stop at any step (`stop_at`, or a
full result) and go on with the same call. On-bar strategies and growing results use that.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.aside import settle
from ballast.core.jit import jit, jit_pasted
from ballast.core.memory import f8, i8, set_f8, set_i8, touch_8, u1
from ballast.core.reasons import Refusal
from ballast.core.records import Margin, Signal
from ballast.kernel.account import (
    apply_rules,
    day_of,
    gross_notional,
    identity_gap,
    roll_days,
    value,
)
from ballast.kernel.bar import after, at_open, during, enter_at_open, expire_entry, signal_exit
from ballast.kernel.book import pay_funding, refuse
from ballast.kernel.entries import CONTRADICTION, consider, entry_side, rank
from ballast.kernel.glide import glide
from ballast.kernel.match import NO_BUDGET, refresh_cross, volume_budget
from ballast.kernel.tape import account_row, limits_row, plan_row, position, spec_row, tape_row
from ballast.kernel.together import glide_together, is_quiet
from ballast.kernel.waiting import fall_asleep, skip_flat

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

RUNNING, FULL, DONE = 0, 1, 2
ROWS_PER_STEP = 12
"""Rows one symbol can add to a result in one step: entry, stop, takes, liquidation, to spare."""
ROWS_PER_FINE_BAR = 8
"""Rows that each finer bar of the step can add: with a volume budget all of them fill in parts."""

_ENTER = int(Signal.ENTER_LONG | Signal.ENTER_SHORT)
_ENTER_LONG = int(Signal.ENTER_LONG)
_ENTER_SHORT = int(Signal.ENTER_SHORT)
_NO_FILL = int(Signal.NO_FILL)
_CROSS = int(Margin.CROSS)
_IN_POSITION = int(Refusal.ALREADY_IN_POSITION)
_CONFLICT = int(Refusal.CONFLICTING_SIGNALS)

ABSENT, PRESENT, SYNTHETIC = 0, 1, 2


@jit_pasted
def wake_all(t: Row, acct: Row) -> None:
    """List the symbols that are not asleep in `t.live`, and say which have a bar closing now."""
    live = 0
    for s in range(t.symbols):
        p = position(t.pos, s)
        if p.idle:
            if p.wake_ms > acct.now_ms:
                continue
            p.bar = p.wake_bar
            p.idle = 0
        spec = spec_row(t.spec, s)
        i = p.bar
        here = ABSENT
        if i < spec.last and i8(t.ts, i) + spec.timeframe_ms == acct.now_ms:
            here = SYNTHETIC if u1(t.signals, i) & _NO_FILL else PRESENT
        set_i8(t.here, s, here)
        set_i8(t.live, live, s)
        live += 1
    acct.live = live


@jit_pasted
def open_bar(t: Row, acct: Row, lim: Row, s: int) -> None:
    """Start the bar of a symbol with a position or an entry: its volume, fundings, queued exit."""
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    p.budget = NO_BUDGET
    if spec.participation > 0.0:
        p.budget = volume_budget(spec, f8(t.volume, p.bar))
    if p.lots > 0 and (p.out_lots > 0 or p.fund_row < spec.fund_last):
        at_open(t, acct, lim, s)


@jit_pasted
def meet_range(t: Row, acct: Row, lim: Row, s: int) -> None:
    """Match what rests of symbol `s` with the range of its bar, and close the bar."""
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    p.watched = 0
    if p.lots > 0 and spec.perpetual:
        pay_funding(t, acct, p, spec, acct.now_ms, 0)
        if plan_row(t.plan, s).margin == _CROSS:
            refresh_cross(t, acct, s)
    entered = during(t, acct, lim, s)
    if p.in_lots > 0:
        expire_entry(t, acct, s)
    if p.lots > 0:
        after(t, acct, lim, s, entered)


@jit_pasted
def match_all(t: Row, acct: Row, lim: Row) -> None:
    """Fill what was queued and what rests, for the symbols whose bar closes now (2.1 to 2.5)."""
    for n in range(acct.live):
        s = i8(t.live, n)
        p = position(t.pos, s)
        if i8(t.here, s) == PRESENT and (p.lots > 0 or p.in_lots > 0):
            open_bar(t, acct, lim, s)
    for n in range(acct.live):
        s = i8(t.live, n)
        if i8(t.here, s) == PRESENT and position(t.pos, s).in_lots > 0:
            enter_at_open(t, acct, s)
    for n in range(acct.live):
        s = i8(t.live, n)
        p = position(t.pos, s)
        if i8(t.here, s) != PRESENT or (p.lots == 0 and p.in_lots == 0):
            continue
        if p.lots > 0 and is_quiet(t, p, spec_row(t.spec, s), plan_row(t.plan, s), p.bar):
            continue
        meet_range(t, acct, lim, s)


@jit_pasted
def mark_all(t: Row, acct: Row, lim: Row) -> None:
    """Mark to market at the close, then the account rules (2.6)."""
    held_ms = 0
    for n in range(acct.live):
        s = i8(t.live, n)
        p = position(t.pos, s)
        spec = spec_row(t.spec, s)
        here = i8(t.here, s)
        if here:
            p.mark = f8(t.mark_close, p.bar) if spec.perpetual else f8(t.close, p.bar)
        if p.lots > 0:
            held_ms = spec.timeframe_ms
            if here:
                acct.held_bars += 1
    acct.exposed_ms += held_ms
    acct.equity = value(t, acct)
    apply_rules(t, acct, lim, acct.now_ms)


@jit_pasted
def stay_or_leave(t: Row, acct: Row, s: int, i: int, bits: int) -> None:
    """Queue the exit that bar `i` asks for; refuse an entry against the open position."""
    p = position(t.pos, s)
    signal_exit(t, acct, p, spec_row(t.spec, s), plan_row(t.plan, s), i, bits)
    if p.out_lots > 0:
        touch_8(t.open, i + 1)
    opposite = _ENTER_SHORT if p.side > 0 else _ENTER_LONG
    if bits & opposite and bits & _NO_FILL == 0:
        refuse(t, acct, s, -p.side, _IN_POSITION, i, float(p.side), 0.0)


@jit_pasted
def decide_entry(t: Row, acct: Row, lim: Row, s: int, i: int, bits: int) -> None:
    """Take the entry bits of bar `i` of a flat symbol through the gate."""
    side = entry_side(bits)
    if side == CONTRADICTION:
        refuse(t, acct, s, 0, _CONFLICT, i, 0.0, 0.0)
    elif side != 0:
        consider(t, acct, lim, s, side, i)


@jit_pasted
def decide_all(t: Row, acct: Row, lim: Row) -> int:
    """Read the signals of the closed bars, exits first; return how many symbols are busy (2.7)."""
    candidates = 0
    for n in range(acct.live):
        s = i8(t.live, n)
        here = i8(t.here, s)
        if not here:
            continue
        p = position(t.pos, s)
        i = p.bar
        bits = u1(t.signals, i)
        if p.lots > 0:
            stay_or_leave(t, acct, s, i, bits)
        elif bits & _ENTER and p.in_lots == 0 and here == PRESENT:
            set_i8(t.order, candidates, s)
            key = f8(t.confidence, i) if t.confidence else 1.0
            set_f8(t.keys, s, key if key == key else -math.inf)  # noqa: PLR0124  NaN comes last
            candidates += 1
    if candidates > 1:
        rank(t, candidates)
    for c in range(candidates):
        s = i8(t.order, c)
        i = position(t.pos, s).bar
        decide_entry(t, acct, lim, s, i, u1(t.signals, i))
    busy = 0
    for n in range(acct.live):
        s = i8(t.live, n)
        p = position(t.pos, s)
        if i8(t.here, s):
            p.bar += 1
        if p.lots > 0 or p.in_lots > 0 or p.dust > 0.0:
            busy += 1
        else:
            fall_asleep(t, p, spec_row(t.spec, s))
    return busy


@jit_pasted
def step_alone(t: Row, acct: Row, lim: Row, i: int) -> int:
    """Take the step of bar `i` of a run of one symbol; return 1 while it is busy.

    The same phases as for several, by the same functions, without the lists of who is there. A run
    that is audited takes the general way, and both give the same bytes.
    """
    p = position(t.pos, 0)
    spec = spec_row(t.spec, 0)
    if p.idle:
        if p.wake_bar > i:
            return 0
        p.bar = i
        p.idle = 0
    bits = u1(t.signals, i)
    is_real = bits & _NO_FILL == 0
    if acct.marked:
        acct.marked = 0
    else:
        if is_real and (p.lots > 0 or p.in_lots > 0):
            open_bar(t, acct, lim, 0)
            if p.in_lots > 0:
                enter_at_open(t, acct, 0)
            if p.lots > 0 or p.in_lots > 0:
                meet_range(t, acct, lim, 0)
        p.mark = f8(t.mark_close, i) if spec.perpetual else f8(t.close, i)
        if p.lots > 0:
            acct.held_bars += 1
            acct.exposed_ms += spec.timeframe_ms
        acct.equity = value(t, acct)
        apply_rules(t, acct, lim, acct.now_ms)
    if p.lots > 0:
        stay_or_leave(t, acct, 0, i, bits)
    elif bits & _ENTER and p.in_lots == 0 and is_real:
        decide_entry(t, acct, lim, 0, i, bits)
    p.bar = i + 1
    if p.lots > 0 or p.in_lots > 0 or p.dust > 0.0:
        return 1
    fall_asleep(t, p, spec)
    return 0


@jit_pasted
def is_full(t: Row, acct: Row) -> bool:
    """Tell whether a recorded array may not hold what one more step can add."""
    room = t.step_rows
    if t.fills_room and acct.fills + room > t.fills_room:
        return True
    if t.trades_room and acct.trades + room > t.trades_room:
        return True
    if t.sized_room and acct.sized + t.symbols > t.sized_room:
        return True
    return t.refused_room > 0 and acct.refusals + room > t.refused_room


@jit
def run_alone(tape: int, stop_at: int) -> int:
    """Advance a run of one symbol as `run` does; compiled without what several need."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    lim = limits_row(t.limits, 0)
    k = acct.steps
    busy = 1
    first = spec_row(t.spec, 0).first
    frame_ms = spec_row(t.spec, 0).timeframe_ms
    while k < stop_at:
        if busy == 0:
            k = skip_flat(t, acct, k, stop_at)
        elif not acct.marked:
            k = glide(t, acct, lim, k, stop_at)
        if k >= stop_at:
            break
        if is_full(t, acct):
            acct.steps = k
            return FULL
        acct.now_ms = i8(t.ts, first + k) + frame_ms
        if acct.now_ms > acct.day_end_ms:
            roll_days(t, acct, day_of(acct.now_ms))
        busy = step_alone(t, acct, lim, first + k)
        if t.equity:
            set_f8(t.equity, k, acct.equity)
            if busy:
                set_f8(t.exposure, k, gross_notional(t))
        k += 1
    acct.steps = k
    return DONE if k >= t.steps else RUNNING


@jit
def run_many(tape: int, stop_at: int, audit: int) -> int:
    """Advance a run of several symbols, or an audited one, as `run` does."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    lim = limits_row(t.limits, 0)
    k = acct.steps
    busy = 1
    while k < stop_at:
        if busy == 0:
            k = skip_flat(t, acct, k, stop_at)
        elif not audit:
            k = glide_together(t, acct, lim, k, stop_at)
        if k >= stop_at:
            break
        if is_full(t, acct):
            acct.steps = k
            return FULL
        acct.now_ms = i8(t.clock, k)
        if acct.now_ms > acct.day_end_ms:
            roll_days(t, acct, day_of(acct.now_ms))
        wake_all(t, acct)
        match_all(t, acct, lim)
        mark_all(t, acct, lim)
        busy = decide_all(t, acct, lim)
        if t.equity:
            set_f8(t.equity, k, acct.equity)
            if busy:
                set_f8(t.exposure, k, gross_notional(t))
        if audit:
            acct.identity_gap = max(acct.identity_gap, identity_gap(t, acct))
        k += 1
    acct.steps = k
    return DONE if k >= t.steps else RUNNING


@jit
def run(tape: int, stop_at: int, audit: int) -> int:
    """Advance to clock index `stop_at`; return RUNNING, FULL (grow and call again) or DONE.

    `tape` is the address of a TAPE row: a plain number is the cheapest argument there is. From
    Python `advance` does the same, and compiles only the one loop that the run needs.
    """
    if tape_row(tape, 0).symbols == 1 and not audit:
        return run_alone(tape, stop_at)
    return run_many(tape, stop_at, audit)


def advance(tape: int, stop_at: int, audit: int, symbols: int) -> int:
    """Advance a run of `symbols` symbols as `run` does; a first start compiles half as much."""
    if symbols == 1 and not audit:
        settle("run_alone")
        return run_alone(tape, stop_at)
    settle("run_many")
    return run_many(tape, stop_at, audit)
