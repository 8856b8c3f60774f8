"""Value at risk: what one day in a hundred loses or more, entry included (R-RISK-12).

Historical: what the positions of this moment, queued ones and the candidate's would have gained on
each of the last `bars` bars of the candidate's symbol, scaled to a day by the square root of time
(P. Jorion, Value at Risk, 3rd ed., chapters 4 and 10). The others' bars are the last that had
closed by then. Stops are ignored. With fewer than half of those bars there is no sample, and the
whole notional of everything counts as lost. So does that of another symbol alone that lacks bars
for some of that time; the rest is looked at without it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner
from ballast.core.memory import f8, i8, set_f8
from ballast.core.time import DAY_MS
from ballast.kernel.book import qty_of
from ballast.kernel.tape import position, spec_row

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

TAIL = 0.01
_DAY_MS = DAY_MS


@jit_inner
def value_at_risk(t: Row, lim: Row, s: int, i: int, signed: float) -> float:
    """Return it in quote units, at least 0; `signed`: the candidate's notional, below 0 short.

    `i` is the last closed bar of symbol `s`.
    """
    n = min(lim.value_at_risk_bars, i - spec_row(t.spec, s).first)
    if n < 1 or 2 * n < lim.value_at_risk_bars:
        return gross_with(t, signed)
    for k in range(n):
        set_f8(t.sample, k, 0.0)
    lost = 0.0
    for j in range(t.symbols):
        notional = signed if j == s else notional_of(t, j)
        if notional != 0.0 and add_gains(t, s, i, n, j, notional) == 0:
            lost += abs(notional)
    scale = math.sqrt(_DAY_MS / spec_row(t.spec, s).timeframe_ms)
    return max(-low_quantile(t, n) * scale, 0.0) + lost


@jit_inner
def notional_of(t: Row, j: int) -> float:
    """Return the signed notional of a position, its queued entry added, at the mark."""
    p = position(t.pos, j)
    spec = spec_row(t.spec, j)
    held = p.side * qty_of(spec, p.lots) * p.mark if p.lots > 0 else 0.0
    return held + (p.in_side * qty_of(spec, p.in_lots) * p.mark if p.in_lots > 0 else 0.0)


@jit_inner
def gross_with(t: Row, signed: float) -> float:
    """Return the notional of everything: what is lost where nothing is known."""
    total = abs(signed)
    for j in range(t.symbols):
        total += abs(notional_of(t, j))
    return total


@jit_inner
def add_gains(t: Row, s: int, i: int, n: int, j: int, notional: float) -> int:
    """Add what `notional` of symbol `j` gained on each of the last `n` bars of `s`, newest first.

    Return 0, and add nothing, where `j` does not have bars for all of that time.
    """
    frame_s = spec_row(t.spec, s).timeframe_ms
    frame_j = spec_row(t.spec, j).timeframe_ms
    first = spec_row(t.spec, j).first
    if i8(t.ts, first) + frame_j > i8(t.ts, i - n) + frame_s:
        return 0
    at = min(position(t.pos, j).bar, spec_row(t.spec, j).last - 1)
    later = 0.0
    for k in range(n + 1):
        now_ms = i8(t.ts, i - k) + frame_s
        while i8(t.ts, at) + frame_j > now_ms:
            at -= 1
        close = f8(t.close, at)
        if k > 0:
            set_f8(t.sample, k - 1, f8(t.sample, k - 1) + notional * (later / close - 1.0))
        later = close
    return 1


@jit_inner
def low_quantile(t: Row, n: int) -> float:
    """Return the quantile `TAIL` of the first `n` of the sample, between neighbours by line.

    The lowest are brought to the front, as many as it takes: a sort would move them all.
    """
    place = (n - 1) * TAIL
    low = int(place)
    for a in range(min(low + 2, n)):
        best = a
        for b in range(a + 1, n):
            if f8(t.sample, b) < f8(t.sample, best):
                best = b
        value = f8(t.sample, best)
        set_f8(t.sample, best, f8(t.sample, a))
        set_f8(t.sample, a, value)
    under = f8(t.sample, low)
    if low + 1 >= n:
        return under
    return under + (place - low) * (f8(t.sample, low + 1) - under)
