"""Waiting: how a run of flat symbols finds the next bar that can matter (SEMANTICS 2.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner, jit_pasted
from ballast.core.memory import WORD, i8, set_f8, touch_8, u1, word_at
from ballast.core.records import Signal
from ballast.kernel.account import day_of, roll_days
from ballast.kernel.glide import NEVER_MS
from ballast.kernel.tape import position, spec_row

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

_ENTER = int(Signal.ENTER_LONG | Signal.ENTER_SHORT)
_ENTER_WORD = _ENTER * 0x0101010101010101


@jit_pasted
def next_entry(signals: int, bar: int, last: int) -> int:
    """Return the first bar in `[bar, last)` whose signal byte asks for an entry, or `last`.

    Eight bytes at a time: most of a run is waiting.
    """
    while bar + WORD <= last and word_at(signals, bar) & _ENTER_WORD == 0:
        bar += WORD
    while bar < last and u1(signals, bar) & _ENTER == 0:
        bar += 1
    return bar


@jit_pasted
def touch_bar(t: Row, i: int) -> None:
    """Fetch what an entry decided on bar `i` and filled after it reads: a miss a column else."""
    touch_8(t.ts, i)
    touch_8(t.close, i)
    touch_8(t.atr, i)
    touch_8(t.open, i + 1)
    touch_8(t.high, i + 1)
    touch_8(t.low, i + 1)
    if t.quote_volume:
        touch_8(t.quote_volume, i)


@jit_pasted
def fall_asleep(t: Row, p: Row, spec: Row) -> None:
    """Let a flat symbol sleep until its next entry signal: until then no bar can matter to it."""
    p.idle = 1
    p.wake_bar = next_entry(t.signals, p.bar, spec.last)
    p.wake_ms = NEVER_MS
    if p.wake_bar < spec.last:
        touch_bar(t, p.wake_bar)
        p.wake_ms = i8(t.ts, p.wake_bar) + spec.timeframe_ms


@jit_inner
def step_at(t: Row, k: int, stop: int, close_ms: int) -> int:
    """Return the first clock index in `[k, stop)` at or after `close_ms`, or `stop`."""
    lo = k
    hi = k + 1
    while hi < stop and i8(t.clock, hi) < close_ms:  # most jumps are short
        lo = hi + 1
        hi += 2 * (hi - k)
    hi = min(hi, stop)
    while lo < hi:
        mid = (lo + hi) // 2
        if i8(t.clock, mid) < close_ms:
            lo = mid + 1
        else:
            hi = mid
    return lo


@jit_pasted
def skip_flat(t: Row, acct: Row, k: int, stop: int) -> int:
    """Jump from step `k` to the next one that wakes a symbol; equity is constant on the way."""
    if t.symbols == 1:
        target = min(position(t.pos, 0).wake_bar - spec_row(t.spec, 0).first, stop)
    else:
        soonest = NEVER_MS
        for s in range(t.symbols):
            soonest = min(soonest, position(t.pos, s).wake_ms)
        target = step_at(t, k, stop, soonest)
    if target <= k:
        return k
    if t.equity:
        for j in range(k, target):
            set_f8(t.equity, j, acct.equity)
    if t.symbols == 1:
        spec = spec_row(t.spec, 0)
        last_ms = i8(t.ts, spec.first + target - 1) + spec.timeframe_ms
    else:
        last_ms = i8(t.clock, target - 1)
    if last_ms > acct.day_end_ms:
        roll_days(t, acct, day_of(last_ms))
    acct.now_ms = last_ms
    return target
