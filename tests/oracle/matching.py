"""Stops, liquidations, takes and ratchets of docs/engine.md, "Levels"."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.reasons import Exit
from ballast.core.records import Intrabar, Level
from tests.oracle.books import book_exit, move_stop
from tests.oracle.costs import market_price, rates
from tests.oracle.entries import enter_at_limit
from tests.oracle.state import UNLIMITED, ExitOrder, floor_steps

if TYPE_CHECKING:
    from tests.oracle.state import Bar, Position, Symbol, World


@dataclass(frozen=True)
class Range:
    """What a position meets: a bar, or one finer bar of it."""

    open: float
    high: float
    low: float
    mark_high: float
    mark_low: float


def whole(bar: Bar) -> Range:
    return Range(bar.open, bar.high, bar.low, bar.mark_high, bar.mark_low)


def is_exposed(sym: Symbol, bar: Bar) -> bool:
    """Tell whether the position meets this bar's range: not so, if so asked, in its first bar."""
    p = sym.position
    return p is not None and (bool(sym.plan.entry_bar_exposed) or bar.index != p.entry_bar)


def meet_bar(world: World, sym: Symbol, bar: Bar) -> bool:
    """Let entry limit and position meet the bar; tell whether the limit filled inside it."""
    if sym.plan.intrabar == Intrabar.DETAIL and bar.fine:
        return meet_fine_bars(world, sym, bar)
    entered = enter_at_limit(world, sym, bar, bar.open, bar.high, bar.low)
    meet_range(world, sym, bar, whole(bar), bad_end_only=entered)
    return entered


def meet_fine_bars(world: World, sym: Symbol, bar: Bar) -> bool:
    """Replay the finer bars, each with its own volume; the first one meets the mark's range."""
    any_entered = False
    for k, (open_, high, low, _, volume) in enumerate(bar.fine):
        marks = (high, low)
        if sym.spec.has_mark:
            marks = (bar.mark_high, bar.mark_low) if k == 0 else (0.0, math.inf)
        sym.budget = volume_budget(sym, volume)
        entered = enter_at_limit(world, sym, bar, open_, high, low)
        meet_range(world, sym, bar, Range(open_, high, low, *marks), bad_end_only=entered)
        any_entered |= entered
    return any_entered


def meet_range(world: World, sym: Symbol, bar: Bar, r: Range, *, bad_end_only: bool) -> None:
    """Let the position meet one range, its ends in the order the plan asks for."""
    if not is_exposed(sym, bar):
        return
    assert sym.position is not None
    path = sym.plan.intrabar == Intrabar.PATH
    if bad_end_only:
        bad_end(world, sym, bar, r)
    elif path and good_end_is_nearer(sym.position, r):
        good_end(world, sym, bar, r)
        bad_end(world, sym, bar, r)
    else:
        bad_end(world, sym, bar, r)
        good_end(world, sym, bar, r)


def volume_budget(sym: Symbol, volume: float) -> int:
    """Return the lots this volume lets us trade."""
    if not sym.spec.participation > 0:
        return UNLIMITED
    return sym.lots_in(sym.spec.participation * volume)


def good_end_is_nearer(p: Position, r: Range) -> bool:
    up, down = r.high - r.open, r.open - r.low
    return up < down if p.side > 0 else down < up


# ------------------------------------------------------------------ the bad end


def bad_end(world: World, sym: Symbol, bar: Bar, r: Range) -> None:
    """Run stop and liquidation, the nearer one first."""
    p = sym.position
    if p is None:
        return
    stopped = stop_is_hit(sym, r)
    liquidated = liquidation_is_hit(sym, r)
    if stopped and (not liquidated or p.side * (p.stop - p.liquidation) >= 0):
        run_stop(world, sym, bar, r)
    if liquidated and sym.position:
        price = max(sym.against(p.bankruptcy, -p.side), sym.spec.tick_num / sym.spec.tick_den)
        book_exit(
            world, sym, bar, p.lots, price, price, Exit.LIQUIDATION, at_ms=bar.close_ms,
            fee_rate=sym.spec.liquidation_fee,
        )  # fmt: skip


def stop_is_hit(sym: Symbol, r: Range) -> bool:
    p = sym.position
    if p is None or p.stop is None:
        return False
    if p.side > 0:
        return (r.mark_low if sym.plan.trigger_mark else r.low) <= p.stop
    return (r.mark_high if sym.plan.trigger_mark else r.high) >= p.stop


def liquidation_is_hit(sym: Symbol, r: Range) -> bool:
    p = sym.position
    if p is None or sym.spot:
        return False
    return r.mark_low <= p.liquidation if p.side > 0 else r.mark_high >= p.liquidation


def run_stop(world: World, sym: Symbol, bar: Bar, r: Range) -> None:
    p = sym.position
    assert p is not None
    assert p.stop is not None
    ideal = min(r.open, p.stop) if p.side > 0 else max(r.open, p.stop)
    ideal = min(max(ideal, r.low), r.high)
    sym.entry = None
    lots = min(p.lots, sym.budget)
    if lots < p.lots and not sym.piece_is_legal(lots, ideal):
        lots = 0
    if lots < p.lots:
        sym.exit = ExitOrder(p.lots - lots, p.stop_reason, bar.close_ms)
    if lots > 0:
        sym.budget -= lots
        price = market_price(sym, bar, ideal, lots, -p.side, stop=True)
        book_exit(world, sym, bar, lots, price, ideal, p.stop_reason, at_ms=bar.close_ms)


# ------------------------------------------------------------------ the good end


def good_end(world: World, sym: Symbol, bar: Bar, r: Range) -> None:
    """Run the takes in order."""
    p = sym.position
    if p is None:
        return
    for k in range(len(p.takes)):
        if sym.position is None or sym.exit:
            return
        take = p.takes[k]
        if not take.done:
            run_take(world, sym, bar, r, k)


def run_take(world: World, sym: Symbol, bar: Bar, r: Range, k: int) -> None:
    p = sym.position
    assert p is not None
    take = p.takes[k]
    end = r.high if p.side > 0 else r.low
    over = p.side * (end - take.price)
    if not (over > 0 or (over == 0 and sym.plan.touch_fills)):
        return
    share = min(take.resting_lots, p.lots) if take.resting_lots else take_share(sym, k)
    lots = min(share, sym.budget)
    if lots < share and not sym.piece_is_legal(lots, take.price):
        take.resting_lots = share
        return
    take.resting_lots = share - lots
    take.done = lots == share
    sym.budget -= lots
    gapped = p.side * (r.open - take.price) > 0
    price = sym.against(r.open, -p.side) if gapped else take.price
    book_exit(
        world, sym, bar, lots, price, price, Exit.TAKE_1 + k, at_ms=bar.close_ms, maker=True
    )  # fmt: skip


def take_share(sym: Symbol, k: int) -> int:
    """Return the rung's lots, or all if the rung or what it leaves would be illegal."""
    p = sym.position
    assert p is not None
    price = p.takes[k].price
    share = min(floor_steps(sym.plan.take_fraction[k] * p.lots_entered), p.lots)
    rest = p.lots - share
    if not sym.piece_is_legal(share, price):
        return p.lots
    if rest > 0 and rest < 1.02 * sym.spec.min_lots:
        return p.lots
    if rest > 0 and sym.qty(rest) * price < sym.spec.min_notional:
        return p.lots
    return share


# ------------------------------------------------------------------ ratchets


def watch(sym: Symbol, bar: Bar, *, entered_inside: bool) -> None:
    """Keep the extremes of a position that outlived the bar, for MAE and MFE.

    In the bar of a limit entry the good end may have come before the fill: it does not count.
    """
    p = sym.position
    assert p is not None
    if not entered_inside or p.side < 0:
        p.high = max(p.high, bar.high)
    if not entered_inside or p.side > 0:
        p.low = min(p.low, bar.low)


def ratchet(sym: Symbol, bar: Bar) -> None:
    """Move best, trail and break-even by the closed bar."""
    p, plan = sym.position, sym.plan
    assert p is not None
    end = bar.high if p.side > 0 else bar.low
    moved = p.side * (end - p.best) > 0
    if moved:
        p.best = end
    covered = p.entry * (1 + p.side * 2 * rates(sym, bar.close_ms)[1])
    if plan.trail_kind != Level.NONE and (moved or plan.trail_adaptive):
        trail(sym, bar, covered)
    risked = plan.breakeven_r * p.risk
    if risked > 0 and moved and p.side * (p.best - p.entry) >= risked:
        move_stop(sym, covered, Exit.BREAK_EVEN)


def trail(sym: Symbol, bar: Bar, covered: float) -> None:
    p, plan = sym.position, sym.plan
    assert p is not None
    atr = bar.atr if plan.trail_adaptive else p.order.atr
    by_atr = plan.trail_kind == Level.ATR
    activation = plan.trail_activation * (p.order.atr if by_atr else p.entry)
    if p.side * (p.best - p.entry) >= activation:
        p.armed = True
    if not p.armed:
        return
    level = p.best - p.side * plan.trail_distance * (atr if by_atr else p.best)
    if plan.trail_floor_entry:
        level = max(level, covered) if p.side > 0 else min(level, covered)
    if math.isfinite(level):
        move_stop(sym, level, Exit.TRAILING_STOP)
