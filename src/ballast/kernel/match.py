"""Match: which orders a bar fills, at which price (SEMANTICS 2.2 to 2.4).

Market orders fill at the open, moved against us. Resting orders meet the bar's range: a stop at
`min(open, stop)` (a gap fills at the open, never at the stop), a take at `max(open, level)` as
maker. A position is liquidated at its bankruptcy price when the mark's worst price crosses the
liquidation price, unless its stop is nearer. A bar's volume bounds what fills (`budget`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner, jit_pasted
from ballast.core.memory import f8, i8
from ballast.core.reasons import Exit
from ballast.core.records import FeeAsset, Intrabar, Margin
from ballast.core.ticks import from_steps, round_against, steps_floor
from ballast.kernel.book import (
    arriving_lots,
    back_position,
    close_fill,
    open_fill,
    qty_of,
    skip_funding,
)
from ballast.kernel.costs import fee_rate, slip_fraction
from ballast.kernel.exits import set_levels
from ballast.kernel.tape import plan_row, position, spec_row

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

RESIDUAL = 1.02
"""A remainder below this multiple of the minimum quantity is no position (SEMANTICS 3)."""

NO_BUDGET = 2**62
"""Volume budget where participation is unlimited."""

_PATH = int(Intrabar.PATH)
_CROSS = int(Margin.CROSS)
_BASE = int(FeeAsset.BASE)
_LIQUIDATION = int(Exit.LIQUIDATION)
_TAKE_1 = int(Exit.TAKE_1)


@jit_inner
def volume_budget(spec: Row, volume: float) -> int:
    """Return the lots that a bar of `volume` base units lets us trade."""
    if spec.participation <= 0.0:
        return NO_BUDGET
    return steps_floor(spec.participation * volume, spec.lot_num, spec.lot_den)


@jit_pasted
def at_market(t: Row, spec: Row, i: int, price: float, lots: int, side: int, stop: int) -> float:
    """Return the fill price of a market order of `lots` in bar `i`, costs known at bar i - 1."""
    j = max(i - 1, spec.first)
    slip = slip_fraction(t, spec, qty_of(spec, lots) * price, price, j)
    if stop:
        slip = min(slip * spec.slip_stop_multiple, 0.99)
    filled = round_against(price * (1.0 + side * slip), side, spec.tick_num, spec.tick_den)
    return max(filled, from_steps(1, spec.tick_num, spec.tick_den))


@jit_pasted
def exit_at_open(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, limits: Row, s: int, i: int
) -> None:
    """Fill the queued exit of symbol `s` at the open of bar `i`, within the volume budget."""
    lots = min(p.out_lots, p.lots)
    o = f8(t.open, i)
    if p.budget < lots:
        lots = p.budget
        if lots < max(spec.min_lots, 1) or qty_of(spec, lots) * o < spec.min_notional:
            return
    price = at_market(t, spec, i, o, lots, -p.side, 0)
    p.budget -= lots
    p.out_lots -= lots
    reason = p.out_reason
    close_fill(t, acct, p, spec, plan, limits, s, i, i8(t.ts, i), price, o, lots, 0, reason)


@jit_pasted
def affordable(t: Row, p: Row, spec: Row, plan: Row, free: float, price: float, at_ms: int) -> int:
    """Return the lots that `free` quote units buy at `price`, fees included."""
    if free <= 0.0:
        return 0
    rate = fee_rate(t, spec, p, at_ms, 0)
    if spec.perpetual:
        unit = price * (1.0 / plan.leverage + rate)
    elif spec.fee_asset == _BASE:
        unit = price
    else:
        unit = price * (1.0 + rate)
    return steps_floor(free / unit, spec.lot_num, spec.lot_den)


@jit_inner
def legal(spec: Row, lots: int, arriving: int, price: float) -> bool:
    """Tell whether the venue takes an entry of `lots` and what arrives is more than a residual."""
    if arriving < 1 or arriving < RESIDUAL * spec.min_lots:
        return False
    return qty_of(spec, lots) * price >= spec.min_notional


@jit_inner
def wanted_lots(p: Row, spec: Row, plan: Row, price: float) -> int:
    """Return the lots an entry still wants: as decided, or what its money buys at `price`."""
    if not plan.size_in_quote:
        return p.in_lots
    lots = steps_floor(p.in_value / price, spec.lot_num, spec.lot_den)
    return min(lots, spec.max_lots) if spec.max_lots > 0 else lots


@jit_pasted
def enter(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, s: int, i: int,
    ideal: float, maker: int, free: float, at_ms: int,
) -> int:  # fmt: skip
    """Fill the queued entry around `ideal`; return 0 filled, 1 no cash, 2 no volume.

    The quantity shrinks to what cash buys; what the volume does not give stays queued.
    """
    want = wanted_lots(p, spec, plan, ideal)
    lots = min(want, p.budget)
    if lots < 1:
        return 2
    price = ideal
    if not maker:
        price = at_market(t, spec, i, ideal, lots, p.in_side, 0)
        if p.in_limit > 0.0:  # a limit order never pays more than its limit
            price = min(price, p.in_limit) if p.in_side > 0 else max(price, p.in_limit)
    if plan.size_in_quote:
        lots = min(p.budget, wanted_lots(p, spec, plan, price))
    can = affordable(t, p, spec, plan, free, price, at_ms)
    short_of_volume = p.budget < min(want, can)
    lots = min(lots, can)
    if not legal(spec, lots, arriving_lots(spec, lots, fee_rate(t, spec, p, at_ms, maker)), price):
        return 2 if short_of_volume else 1
    # What fills inside the bar holds at its close, and pays a funding of that instant.
    skip_funding(t, p, spec, at_ms - maker)
    p.budget -= lots
    p.in_lots = 0 if can <= lots else max(want - lots, 0)
    if plan.size_in_quote:
        p.in_value -= qty_of(spec, lots) * price
        if not short_of_volume:
            p.in_lots = 0
    open_fill(t, acct, p, spec, plan, s, i, at_ms, price, ideal, lots, maker)
    set_levels(p, spec, plan)
    return 0


@jit_pasted
def adverse(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, limits: Row, s: int, i: int,
    o: float, h: float, l: float, mark_h: float, mark_l: float,
) -> None:  # fmt: skip
    """Let the bad end of the range hit stop and liquidation, the nearer one first."""
    long = p.side > 0
    worst = (mark_l if long else mark_h) if plan.trigger_mark else l if long else h
    hit = worst <= p.stop if long else worst >= p.stop
    mark_worst = mark_l if long else mark_h
    dead = p.liquidation > 0.0 and (
        mark_worst <= p.liquidation if long else mark_worst >= p.liquidation
    )
    at_ms = i8(t.ts, i) + spec.timeframe_ms
    if hit and not (dead and p.side * (p.stop - p.liquidation) < 0.0):
        level = min(o, p.stop) if long else max(o, p.stop)
        level = min(max(level, l), h)
        stopped(t, acct, p, spec, plan, limits, s, i, at_ms, level)
    if dead and p.lots > 0:
        side = -p.side
        price = round_against(p.bankruptcy, side, spec.tick_num, spec.tick_den)
        price = max(price, from_steps(1, spec.tick_num, spec.tick_den))
        lots = p.lots
        close_fill(
            t, acct, p, spec, plan, limits, s, i, at_ms, price, price, lots, 0,
            _LIQUIDATION,
        )  # fmt: skip


@jit_pasted
def stopped(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, limits: Row, s: int, i: int,
    at_ms: int, level: float,
) -> None:  # fmt: skip
    """Fill a triggered stop at `level`; what the volume does not take leaves at the next open."""
    reason = p.stop_reason
    p.in_lots = 0  # who is being stopped out does not go on buying
    lots = min(p.lots, p.budget)
    p.out_reason = reason
    p.out_lots = p.lots
    p.out_from_ms = at_ms
    if lots < p.lots and (
        lots < max(spec.min_lots, 1) or qty_of(spec, lots) * level < spec.min_notional
    ):
        return
    price = at_market(t, spec, i, level, lots, -p.side, 1)
    p.budget -= lots
    p.out_lots -= lots
    close_fill(t, acct, p, spec, plan, limits, s, i, at_ms, price, level, lots, 0, reason)


@jit_inner
def take_lots(p: Row, spec: Row, plan: Row, k: int, level: float) -> int:
    """Return what take `k` sells: its share of the original, or all where a legal rest is not left.

    A share or a rest under the minimum is not retried for ever: the whole position goes (3).
    """
    if p.take_left[k] > 0:
        return min(p.take_left[k], p.lots)
    share = qty_of(spec, p.lots_entered) * plan.take_fraction[k]
    lots = min(steps_floor(share, spec.lot_num, spec.lot_den), p.lots)
    rest = p.lots - lots
    small = lots < max(spec.min_lots, 1) or qty_of(spec, lots) * level < spec.min_notional
    if rest > 0 and (
        rest < RESIDUAL * spec.min_lots or qty_of(spec, rest) * level < spec.min_notional
    ):
        small = True
    return p.lots if small else lots


@jit_pasted
def favourable(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, limits: Row, s: int, i: int,
    o: float, h: float, l: float,
) -> None:  # fmt: skip
    """Let the good end of the range fill the takes, in the order they are given."""
    at_ms = i8(t.ts, i) + spec.timeframe_ms
    for k in range(plan.take_count):
        if p.lots == 0 or p.out_lots > 0:
            return
        if p.take_done[k]:
            continue
        level = p.take_price[k]
        long = p.side > 0
        if plan.touch_fills:
            hit = h >= level if long else l <= level
        else:
            hit = h > level if long else l < level
        if not hit:
            continue
        want = take_lots(p, spec, plan, k, level)
        lots = min(want, p.budget)
        if lots < want and (
            lots < max(spec.min_lots, 1) or qty_of(spec, lots) * level < spec.min_notional
        ):
            p.take_left[k] = want
            continue
        side = -p.side
        price = level
        if (o > level) if long else (o < level):
            price = round_against(o, side, spec.tick_num, spec.tick_den)
        p.budget -= lots
        p.take_left[k] = want - lots
        if lots == want:
            p.take_done[k] = 1
        close_fill(
            t, acct, p, spec, plan, limits, s, i, at_ms, price, price, lots, 1,
            _TAKE_1 + k,
        )  # fmt: skip


@jit_pasted
def resting(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, limits: Row, s: int, i: int,
    o: float, h: float, l: float, mark_h: float, mark_l: float, entered: int,
) -> None:  # fmt: skip
    """Match one bar's range with the position's orders; `entered` means by a limit in this bar.

    After a limit entry only the adverse end is met: the good end may have come before the fill.
    """
    bad_first = True
    if plan.intrabar == _PATH and not entered:
        low_first = o - l < h - o
        tie = o - l == h - o
        bad_first = tie or (low_first if p.side > 0 else not low_first)
    if not bad_first:
        favourable(t, acct, p, spec, plan, limits, s, i, o, h, l)
        if p.lots == 0:
            return
    adverse(t, acct, p, spec, plan, limits, s, i, o, h, l, mark_h, mark_l)
    if bad_first and p.lots > 0 and not entered:
        favourable(t, acct, p, spec, plan, limits, s, i, o, h, l)


@jit_inner
def cross_backing(t: Row, acct: Row, s: int) -> float:
    """Return what stands behind symbol `s` in cross margin: cash plus the others' open profit.

    Isolated margin is not part of it. The others are valued at their last mark.
    """
    backing = acct.cash
    for j in range(t.symbols):
        if j == s or not spec_row(t.spec, j).perpetual or position(t.pos, j).lots == 0:
            continue
        if plan_row(t.plan, j).margin == _CROSS:
            q = qty_of(spec_row(t.spec, j), position(t.pos, j).lots)
            backing += (
                position(t.pos, j).side * (position(t.pos, j).mark - position(t.pos, j).entry) * q
            )
        else:
            backing -= position(t.pos, j).margin
    return max(backing, 0.0)


@jit_inner
def refresh_cross(t: Row, acct: Row, s: int) -> None:
    """Recompute the liquidation price of a cross position from the account as it stands."""
    back_position(t, spec_row(t.spec, s), position(t.pos, s), cross_backing(t, acct, s))


@jit_inner
def limit_touched(p: Row, plan: Row, h: float, l: float) -> bool:
    """Tell whether the bar trades through (or, if allowed, at) the resting entry limit."""
    if p.in_side > 0:
        return l <= p.in_limit if plan.touch_fills else l < p.in_limit
    return h >= p.in_limit if plan.touch_fills else h > p.in_limit


@jit_inner
def limit_price(p: Row, spec: Row, o: float) -> float:
    """Return the price at which a touched entry limit fills: the open where it is better."""
    better = o < p.in_limit if p.in_side > 0 else o > p.in_limit
    if better:
        return round_against(o, p.in_side, spec.tick_num, spec.tick_den)
    return p.in_limit
