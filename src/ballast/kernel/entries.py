"""Entries: from a signal to a queued order, through the safety gate and sizing (SEMANTICS 2.7, 5).

Symbols that signal at one close are ranked by confidence, then by declared order, and each is sized
on what the earlier ones left: queued entries count as open in every limit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner, jit_pasted
from ballast.core.memory import f8, i8, set_i8
from ballast.core.reasons import Refusal
from ballast.core.records import Margin, Signal
from ballast.core.ticks import from_steps, round_against
from ballast.kernel.account import free_cash, position_risk
from ballast.kernel.book import liquidation_price, qty_of, refuse
from ballast.kernel.costs import fee_rate, slip_fraction
from ballast.kernel.liquidity import liquidity_of
from ballast.kernel.tape import plan_row, position, sized_row, spec_row, tier_row
from ballast.kernel.value_at_risk import value_at_risk
from ballast.risk.limits import (
    refuse_account,
    refuse_stop,
    refuse_symbol,
    refuse_thin,
    remember_entry,
    stop_distance,
    thinness,
)
from ballast.risk.sizing import Snapshot, cluster_can_bind, explain_size, size, unit_cost

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

CORRELATION_MIN_SHARE = 0.5
"""With less than this share of the window in common, two symbols count as correlated (U-24)."""

NO_CORRELATION = -2.0
"""What no correlation can be."""

CONTRADICTION = 2
"""Side of a byte that asks for both sides, or to enter and leave one."""

EQUITY_NOISE = 1e-12
"""Relative rounding noise of a mean of days."""

_ENTER_LONG = int(Signal.ENTER_LONG)
_ENTER_SHORT = int(Signal.ENTER_SHORT)
_ISOLATED = int(Margin.ISOLATED)
_IN_POSITION = int(Refusal.ALREADY_IN_POSITION)
_CONFLICT = int(Refusal.CONFLICTING_SIGNALS)
_SLIPPAGE = int(Refusal.SLIPPAGE)
_SECTOR = int(Refusal.SECTOR_SHARE)
_CORRELATION = int(Refusal.CORRELATION)
_LEVERAGE = int(Refusal.LEVERAGE)
_VALUE_AT_RISK = int(Refusal.VALUE_AT_RISK)
_BEYOND = int(Refusal.STOP_BEYOND_LIQUIDATION)


@jit_inner
def correlation(t: Row, a: int, i: int, b: int, j: int, bars: int) -> float:
    """Return the correlation of log returns over the last `bars` common bars; 1 if too few.

    `i` and `j` are the last closed bars of symbols `a` and `b`. Bars pair by close time, so that
    symbols of two timeframes compare prices of one instant; a return is taken between neighbouring
    common bars.
    """
    n = 0
    pairs = 0
    sx = sy = sxx = syy = sxy = 0.0
    last_x = last_y = 0.0
    frame_a = spec_row(t.spec, a).timeframe_ms
    frame_b = spec_row(t.spec, b).timeframe_ms
    while n < bars and i >= spec_row(t.spec, a).first and j >= spec_row(t.spec, b).first:
        ahead = i8(t.ts, i) + frame_a - i8(t.ts, j) - frame_b
        if ahead > 0:
            i -= 1
            continue
        if ahead < 0:
            j -= 1
            continue
        x = math.log(f8(t.close, i))
        y = math.log(f8(t.close, j))
        if pairs > 0:
            dx = last_x - x
            dy = last_y - y
            n += 1
            sx += dx
            sy += dy
            sxx += dx * dx
            syy += dy * dy
            sxy += dx * dy
        pairs += 1
        last_x = x
        last_y = y
        i -= 1
        j -= 1
    if n < 1 or n < CORRELATION_MIN_SHARE * bars:
        return 1.0
    vx = sxx - sx * sx / n
    vy = syy - sy * sy / n
    if vx <= 0.0 or vy <= 0.0:
        return 1.0
    return (sxy - sx * sy / n) / math.sqrt(vx * vy)


@jit_inner
def is_of_side(p: Row, side: int) -> int:
    """Tell whether a position is open, or queued where none is, on this side."""
    if p.lots > 0:
        return 1 if p.side == side else 0
    return 1 if p.in_lots > 0 and p.in_side == side else 0


@jit_inner
def cluster_risk(t: Row, lim: Row, s: int, i: int, side: int) -> float:
    """Return the open risk on the candidate's side that moves with it; -1 without such position."""
    total = 0.0
    found = 0
    for j in range(t.symbols):
        if j == s or not is_of_side(position(t.pos, j), side):
            continue
        together = (
            spec_row(t.spec, j).cluster >= 0
            and spec_row(t.spec, j).cluster == spec_row(t.spec, s).cluster
        )
        if not together and lim.correlation > 0.0 and not lim.correlation_refuses:
            together = correlation_with(t, lim, s, i, j) > lim.correlation
        if together:
            found = 1
            total += position_risk(t, j)
    return total if found else -1.0


@jit_inner
def correlation_with(t: Row, lim: Row, s: int, i: int, j: int) -> float:
    """Return the correlation of `s`, at its closed bar `i`, with `j`, as both were known then."""
    last = last_closed(t, j, i8(t.ts, i) + spec_row(t.spec, s).timeframe_ms)
    return correlation(t, s, i, j, last, lim.correlation_bars)


@jit_inner
def correlated(t: Row, lim: Row, s: int, i: int, side: int) -> float:
    """Return the first correlation above the limit with a position of this side; -2: none is.

    Queued entries are positions here too (R-RISK-08).
    """
    for j in range(t.symbols):
        if j == s or not is_of_side(position(t.pos, j), side):
            continue
        r = correlation_with(t, lim, s, i, j)
        if r > lim.correlation:
            return r
    return NO_CORRELATION


@jit_inner
def sector_notional(t: Row, s: int) -> float:
    """Return the notional of open and queued positions in the sector of `s`, both sides added."""
    total = 0.0
    for j in range(t.symbols):
        p = position(t.pos, j)
        if j != s and spec_row(t.spec, j).cluster == spec_row(t.spec, s).cluster:
            total += qty_of(spec_row(t.spec, j), p.lots + p.in_lots) * p.mark
    return total


@jit_inner
def last_closed(t: Row, j: int, now_ms: int) -> int:
    """Return symbol `j`'s last bar that closed no later than `now_ms`."""
    spec = spec_row(t.spec, j)
    bar = min(position(t.pos, j).bar, spec.last - 1)
    if i8(t.ts, bar) + spec.timeframe_ms > now_ms:
        bar -= 1
    return bar


@jit_pasted
def rolling_best(t: Row, acct: Row, days: int) -> float:
    """Return the best daily close of the last `days` days, or equity where that is more."""
    best = acct.equity
    for d in range(max(acct.days - days, 0), min(acct.days, t.daily_room)):
        best = max(best, f8(t.daily, d))
    return best


@jit_pasted
def equity_is_weak(t: Row, acct: Row, days: int) -> int:
    """Tell whether equity is below the mean of its last `days` daily closes.

    A hair below is not: the mean of equal numbers need not equal them.
    """
    last = min(acct.days, t.daily_room)
    if days < 1 or last < days:
        return 0
    total = 0.0
    for d in range(last - days, last):
        total += f8(t.daily, d)
    return 1 if acct.equity < total / days * (1.0 - EQUITY_NOISE) else 0


@jit_inner
def tier_leverage(t: Row, spec: Row, notional: float) -> float:
    """Return the largest leverage of the bracket that holds `notional`; 0 without brackets."""
    for k in range(spec.tier_first, spec.tier_last):
        if notional < tier_row(t.tiers, k).cap or k == spec.tier_last - 1:
            return tier_row(t.tiers, k).leverage
    return 0.0


@jit_pasted
def consider(t: Row, acct: Row, lim: Row, s: int, side: int, i: int) -> None:
    """Take one signal through gate and sizing; queue an order or refuse with one reason."""
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    plan = plan_row(t.plan, s)
    now_ms = acct.now_ms
    open_count = 0
    gross = 0.0
    open_risk = 0.0
    for j in range(t.symbols):
        if position(t.pos, j).lots > 0 or position(t.pos, j).in_lots > 0:
            open_count += 1
            lots = position(t.pos, j).lots + position(t.pos, j).in_lots
            gross += qty_of(spec_row(t.spec, j), lots) * position(t.pos, j).mark
            open_risk += position_risk(t, j)
    best = rolling_best(t, acct, lim.rolling_days) if lim.rolling_drawdown > 0.0 else acct.equity
    reason, measured, limit = refuse_account(acct, lim, now_ms, open_count, best)
    confidence = f8(t.confidence, i) if t.confidence else 1.0
    floor = max(lim.confidence, f8(t.floor, i)) if t.floor else lim.confidence
    z = f8(t.volatility, i) if t.volatility else 0.0
    if not reason:
        reason, measured, limit = refuse_symbol(
            p, spec, plan, lim, side, now_ms, confidence, floor, z
        )
    if reason:
        refuse(t, acct, s, side, reason, i, measured, limit)
        return
    close = f8(t.close, i)
    atr = f8(t.atr, i)
    stop = f8(t.stop, i) if t.stop else 0.0
    away = stop_distance(plan, side, close, atr, stop)
    fee = fee_rate(t, spec, p, now_ms, 0)
    sigma = f8(t.sigma, i) if t.sigma else 0.0
    quote_volume = f8(t.quote_volume, i) if t.quote_volume else 0.0
    slip = slip_fraction(t, spec, 0.0, close, i)
    reason, measured, limit = refuse_stop(plan, lim, close, atr, away, 2.0 * (fee + slip) * close)
    liquid = liquidity_of(t, p, spec, i, lim)
    if not reason:
        reason, measured, limit = refuse_thin(lim, liquid)
    if reason:
        refuse(t, acct, s, side, reason, i, measured, limit)
        return
    thin = thinness(lim, liquid)
    weak = equity_is_weak(t, acct, lim.scale_equity_days)
    free = free_cash(t, acct, 1)
    snapshot = Snapshot(
        close, atr, away, confidence, floor, z, sigma, quote_volume, free, slip, fee, open_risk,
        -1.0, gross, weak, thin,
    )  # fmt: skip
    lots, reason, measured, limit = size(acct, spec, plan, lim, snapshot)
    clustered = lim.cluster_risk > 0.0 and open_count > 0
    if clustered and (reason or cluster_can_bind(acct, plan, lim, snapshot)):
        together = cluster_risk(t, lim, s, i, side)
        snapshot = Snapshot(
            close, atr, away, confidence, floor, z, sigma, quote_volume, free, slip, fee,
            open_risk, together, gross, weak, thin,
        )  # fmt: skip
        lots, reason, measured, limit = size(acct, spec, plan, lim, snapshot)
    if not reason:
        reason, measured, limit = refuse_order(
            t, acct, spec, plan, lim, s, side, i, lots, away, close
        )
    if t.sized_room:
        keep_size(t, acct, lim, s, side, i, lots, reason, snapshot)
    if reason:
        refuse(t, acct, s, side, reason, i, measured, limit)
        return
    queue_entry(t, acct, p, spec, plan, side, i, lots, away, confidence)
    p.in_cost = unit_cost(spec, plan, fee, slip)


@jit_inner
def keep_size(
    t: Row, acct: Row, lim: Row, s: int, side: int, i: int, lots: int, reason: int, x: Snapshot
) -> None:
    """Keep the row that explains a size, whether it was queued or refused in the end."""
    row = sized_row(t.sized, acct.sized)
    row.symbol = s
    row.side = side
    row.reason = reason
    row.bar = i
    row.at_ms = acct.now_ms
    row.lots = lots
    explain_size(row, acct, spec_row(t.spec, s), plan_row(t.plan, s), lim, x)
    acct.sized += 1


@jit_pasted
def refuse_order(
    t: Row, acct: Row, spec: Row, plan: Row, lim: Row, s: int, side: int, i: int, lots: int,
    away: float, close: float,
) -> tuple[int, float, float]:  # fmt: skip
    """Check what depends on the final size, and what is dear to know."""
    q = qty_of(spec, lots)
    notional = q * close
    if lim.slippage > 0.0:
        slip = slip_fraction(t, spec, notional, close, i)
        if slip > lim.slippage:
            return _SLIPPAGE, slip, lim.slippage
    if lim.correlation_refuses and lim.correlation > 0.0:
        r = correlated(t, lim, s, i, side)
        if r > lim.correlation:
            return _CORRELATION, r, lim.correlation
    if lim.sector_share > 0.0 and spec.cluster >= 0:
        share = (sector_notional(t, s) + notional) / acct.equity
        if share > lim.sector_share:
            return _SECTOR, share, lim.sector_share
    if lim.value_at_risk > 0.0:
        share = value_at_risk(t, lim, s, i, side * notional) / acct.equity
        if share > lim.value_at_risk:
            return _VALUE_AT_RISK, share, lim.value_at_risk
    if spec.perpetual:
        allowed = tier_leverage(t, spec, notional)
        if lim.leverage > 0.0 and (allowed == 0.0 or lim.leverage < allowed):
            allowed = lim.leverage
        if allowed > 0.0 and plan.leverage > allowed:
            return _LEVERAGE, plan.leverage, allowed
        if plan.margin == _ISOLATED and away > 0.0:
            dead = liquidation_price(t, spec, side, close, q, notional / plan.leverage)
            if side * (close - dead) <= away:
                return _BEYOND, away, side * (close - dead)
    return 0, 0.0, 0.0


@jit_pasted
def queue_entry(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, side: int, i: int, lots: int,
    away: float, confidence: float,
) -> None:  # fmt: skip
    """Queue the order: market at the next open, or a limit a pull-back away from the close."""
    close = f8(t.close, i)
    p.in_side = side
    p.in_lots = lots
    p.in_limit = 0.0
    if plan.entry_limit_atr > 0.0:
        level = close - side * plan.entry_limit_atr * f8(t.atr, i)
        p.in_limit = round_against(level, -side, spec.tick_num, spec.tick_den)
        p.in_limit = max(p.in_limit, from_steps(1, spec.tick_num, spec.tick_den))
    p.in_from_ms = acct.now_ms + plan.latency_bars * spec.timeframe_ms
    p.in_until_ms = p.in_from_ms + max(plan.entry_ttl_bars, 1) * spec.timeframe_ms
    p.in_atr = f8(t.atr, i)
    p.in_distance = away
    p.in_stop = f8(t.stop, i) if t.stop else 0.0
    p.in_confidence = confidence
    p.in_bar = i
    p.in_value = qty_of(spec, lots) * close
    p.signal_price = close
    remember_entry(acct, p, acct.now_ms)


@jit_inner
def entry_side(bits: int) -> int:
    """Return the side a flat symbol's signal byte asks for: 1, -1, 0: none, or CONTRADICTION."""
    long = bits & _ENTER_LONG
    short = bits & _ENTER_SHORT
    if long and short:
        return CONTRADICTION
    if long:
        return CONTRADICTION if bits & 2 else 1
    if short:
        return CONTRADICTION if bits & 8 else -1
    return 0


@jit_inner
def rank(t: Row, count: int) -> None:
    """Sort the first `count` symbols of `order` by falling key; declared order breaks ties."""
    for a in range(1, count):
        b = a
        while b > 0:
            one = i8(t.order, b)
            two = i8(t.order, b - 1)
            if not f8(t.keys, one) > f8(t.keys, two):
                break
            set_i8(t.order, b, two)
            set_i8(t.order, b - 1, one)
            b -= 1
