"""Hand-written kernels with the rules of `workloads.py` and nothing else: the machine's yardstick.

They stand outside the house on purpose (own compiler switches, no rules but W1's, no ledger), to
show how far a general engine is from what the machine can do.
"""

# Compiled code as in a textbook: one loop, one letter a column, types found by the compiler.
# ruff: noqa: ANN001, ANN201, C901, PLR0912, PLR0915

from __future__ import annotations

import numpy as np
from numba import njit, prange  # noqa: TID251  the yardstick must not share our door


@njit(cache=True)
def ema(x, n):
    """Exponential mean, alpha = 2 / (n + 1), seeded with the first value."""
    a = 2.0 / (n + 1.0)
    b = 1.0 - a
    out = np.empty_like(x)
    y = x[0]
    out[0] = y
    for i in range(1, x.size):
        y = a * x[i] + b * y
        out[i] = y
    return out


@njit(cache=True)
def atr(h, l, c, n):
    """Wilder's mean true range, seeded with the first bar's range."""
    out = np.empty_like(h)
    y = h[0] - l[0]
    out[0] = y
    k = 1.0 / n
    w = (n - 1.0) / n
    for i in range(1, h.size):
        p = c[i - 1]
        y = y * w + max(h[i] - l[i], abs(h[i] - p), abs(l[i] - p)) * k
        out[i] = y
    return out


@njit(cache=True)
def fused(o, h, l, c, fast, slow, atr_n, stop_m, act_m, trail_m, cash, fee, slip, share, pnl):
    """Run W1 in one pass, indicators computed inside the loop; return trades and final equity."""
    n = c.size
    af, as_, ka = 2.0 / (fast + 1.0), 2.0 / (slow + 1.0), 1.0 / atr_n
    bf, bs, wa = 1.0 - af, 1.0 - as_, (atr_n - 1.0) / atr_n
    fv = sv = c[0]
    av = h[0] - l[0]
    qty = at = stop = mx = entry = cost = prev = 0.0
    pend_in = pend_out = False
    k = 0
    up, dn = 1.0 + slip, 1.0 - slip
    for i in range(n):
        if i > 0:
            p = c[i - 1]
            fv = af * c[i] + bf * fv
            sv = as_ * c[i] + bs * sv
            av = av * wa + max(h[i] - l[i], abs(h[i] - p), abs(l[i] - p)) * ka
        if qty > 0.0 or pend_in:
            px = -1.0
            if pend_in:
                entry = o[i] * up
                qty = share * cash / entry
                cost = qty * entry * (1.0 + fee)
                cash -= cost
                stop = entry - stop_m * at
                mx = entry
                pend_in = False
            if pend_out:
                px = o[i] * dn
                pend_out = False
            else:
                level = stop
                if mx >= entry + act_m * at:
                    level = max(level, mx - trail_m * at)
                if o[i] <= level:
                    px = o[i] * dn
                elif l[i] <= level:
                    px = level * dn
            if px >= 0.0:
                got = qty * px * (1.0 - fee)
                cash += got
                pnl[k] = got - cost
                k += 1
                qty = 0.0
            elif h[i] > mx:
                mx = h[i]
        d = fv - sv
        if qty > 0.0:
            if prev >= 0.0 and d < 0.0:
                pend_out = True
        elif prev <= 0.0 and d > 0.0 and i > 0:
            pend_in = True
            at = av
        prev = d
    return k, cash + qty * c[n - 1]


@njit(cache=True)
def crossings(f, s):
    """Return the bars where f crosses s, in order: +bar upwards, -bar downwards."""
    out = np.empty(f.size, np.int64)
    k = 0
    for i in range(1, f.size):
        p = f[i - 1] - s[i - 1]
        d = f[i] - s[i]
        if p <= 0.0 and d > 0.0:
            out[k] = i
            k += 1
        elif p >= 0.0 and d < 0.0:
            out[k] = -i
            k += 1
    return out[:k].copy()


@njit(cache=True)
def sparse(o, h, l, c, cross, a, stop_m, act_m, trail_m, cash, fee, slip, share):
    """Run W1 by jumping from cross to cross while flat; same result as `fused`."""
    n, m = c.size, cross.size
    up, dn = 1.0 + slip, 1.0 - slip
    k = j = 0
    while j < m:
        x = cross[j]
        j += 1
        if x < 0 or x + 1 >= n:
            continue
        at = a[x]
        i = x + 1
        entry = o[i] * up
        qty = share * cash / entry
        cash -= qty * entry * (1.0 + fee)
        level = entry - stop_m * at
        act = entry + act_m * at
        mx = entry
        down = j
        while down < m and cross[down] > 0:
            down += 1
        last = -cross[down] + 1 if down < m else n
        px = -1.0
        while i < min(last, n):
            if l[i] <= level:
                px = (min(o[i], level)) * dn
                break
            if h[i] > mx:
                mx = h[i]
                if mx >= act:
                    level = max(level, mx - trail_m * at)
            i += 1
        if px < 0.0:
            if last >= n:
                return k, cash + qty * c[n - 1]
            px = o[last] * dn
            i = last
        cash += qty * px * (1.0 - fee)
        k += 1
        while j < m and abs(cross[j]) < i:
            j += 1
    return k, cash


@njit(parallel=True, cache=True)
def sweep(o, h, l, c, emas, a, fast_row, slow_row, stops, act_m, trail_m, costs, trades, equity):
    """Run every stop of every (fast, slow) pair; pairs are spread over the threads."""
    cash, fee, slip, share = costs
    for p in prange(fast_row.size):
        cross = crossings(emas[fast_row[p]], emas[slow_row[p]])
        for q in range(stops.size):
            place = p * stops.size + q
            k, e = sparse(o, h, l, c, cross, a, stops[q], act_m, trail_m, cash, fee, slip, share)
            trades[place] = k
            equity[place] = e
