"""One close time of docs/engine.md, phase by phase: slow, plain, to be read beside the text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.reasons import Exit, Refusal
from ballast.core.records import Margin, Signal
from tests.oracle.books import (
    book_exit,
    day,
    equity,
    pay_funding,
    profit,
    set_liquidation,
    write_trade,
)
from tests.oracle.checks import Candidate, side_of
from tests.oracle.costs import market_price
from tests.oracle.entries import drop_entry, enter_at_open, expire_limit
from tests.oracle.gate import decide
from tests.oracle.loading import load
from tests.oracle.matching import (
    is_exposed,
    meet_bar,
    ratchet,
    stop_is_hit,
    volume_budget,
    watch,
    whole,
)
from tests.oracle.state import ExitOrder

if TYPE_CHECKING:
    from ballast.kernel.market import Market
    from tests.oracle.state import Bar, Symbol, World

    Present = list[tuple[Symbol, Bar]]


def simulate(market: Market, cash: float) -> World:
    """Run a market from start to end."""
    world = load(market, cash)
    for t in world.clock_ms:
        step(world, t)
    finish(world)
    return world


def step(world: World, t: int) -> None:
    """Do everything that happens at one close time."""
    world.now_ms = t
    present = []
    for sym in world.symbols:
        if sym.next_bar < len(sym.bars) and sym.bars[sym.next_bar].close_ms == t:
            present.append((sym, sym.bars[sym.next_bar]))
            sym.next_bar += 1
    new_day(world, day(t))
    for sym, bar in present:
        sym.budget = volume_budget(sym, bar.volume)
        open_position(world, sym, bar)
    for sym, bar in present:
        enter_at_open(world, sym, bar)
    for sym, bar in present:
        inside(world, sym, bar)
    mark(world, present)
    for sym, bar in present:
        decide_exit(world, sym, bar)
    decide_entries(world, present)


# ------------------------------------------------------------------ 1. new day


def new_day(world: World, today: int) -> None:
    account = world.account
    if today <= account.day:
        return
    world.daily += [account.equity] * (today - account.day)
    account.day = today
    account.day_open = account.equity
    account.day_blocked = False


# ------------------------------------------------------------------ 2. open, positions


def open_position(world: World, sym: Symbol, bar: Bar) -> None:
    if bar.synthetic:
        return
    pay_funding(world, sym, bar.open_ms)
    p, order = sym.position, sym.exit
    if not p or not order or order.from_ms > bar.open_ms:
        return
    if sym.plan.stop_before_exit and order.reason == Exit.SIGNAL and stop_is_hit(sym, whole(bar)):
        return
    lots = min(order.lots, p.lots)
    if sym.budget < lots:
        lots = sym.budget
        if not sym.piece_is_legal(lots, bar.open):
            return
    sym.budget -= lots
    order.lots -= lots
    price = market_price(sym, bar, bar.open, lots, -p.side)
    book_exit(world, sym, bar, lots, price, bar.open, order.reason, at_ms=bar.open_ms)


# ------------------------------------------------------------------ 4. range


def inside(world: World, sym: Symbol, bar: Bar) -> None:
    if bar.synthetic or not (sym.position or sym.entry):
        return
    pay_funding(world, sym, bar.close_ms - 1)
    if sym.position and sym.plan.margin == Margin.CROSS:
        set_liquidation(world, sym)
    entered_inside = meet_bar(world, sym, bar)
    expire_limit(world, sym, bar)
    if sym.position:
        pay_funding(world, sym, bar.close_ms)
        if is_exposed(sym, bar):
            watch(sym, bar, entered_inside=entered_inside)
            if not entered_inside:
                ratchet(sym, bar)
    if bar.bits & Signal.SEGMENT_END or (sym.spec.delisted and bar is sym.bars[-1]):
        end_segment(world, sym, bar)


def end_segment(world: World, sym: Symbol, bar: Bar) -> None:
    """Close at the close: nothing is carried over the end of a segment or a listing."""
    gone = sym.spec.delisted and bar is sym.bars[-1]
    drop_entry(world, sym, Refusal.EXPIRED)
    p = sym.position
    if p:
        reason = Exit.DELISTED if gone else Exit.SEGMENT_END
        price = market_price(sym, bar, bar.close, p.lots, -p.side)
        book_exit(world, sym, bar, p.lots, price, bar.close, reason, at_ms=bar.close_ms)


# ------------------------------------------------------------------ 5. mark


def mark(world: World, present: Present) -> None:
    account, limits = world.account, world.limits
    for sym, bar in present:
        sym.mark = bar.close if sym.spot else bar.mark_close
    account.equity = equity(world)
    world.equity.append(account.equity)
    account.peak = max(account.peak, account.equity)
    loss = account.equity - account.day_open
    if limits.daily_loss > 0 and loss <= -limits.daily_loss * account.day_open:
        account.day_blocked = True
        cancel_entries(world, Refusal.DAILY_LOSS)
    fallen = account.equity - account.peak
    is_deep = limits.drawdown_kill > 0 and fallen <= -limits.drawdown_kill * account.peak
    if is_deep and not account.killed:
        account.killed = True
        cancel_entries(world, Refusal.KILL_SWITCH)
        if limits.kill_closes:
            for sym in world.symbols:
                if sym.position:
                    sym.exit = ExitOrder(sym.position.lots, int(Exit.KILL_SWITCH), world.now_ms)


def cancel_entries(world: World, reason: Refusal) -> None:
    for sym in world.symbols:
        drop_entry(world, sym, reason)


def queue_exit(world: World, sym: Symbol, reason: Exit) -> None:
    assert sym.position is not None
    delay = sym.plan.latency_bars * sym.spec.timeframe_ms
    sym.exit = ExitOrder(sym.position.lots, int(reason), world.now_ms + delay)


# ------------------------------------------------------------------ 6. signals


def decide_exit(world: World, sym: Symbol, bar: Bar) -> None:
    p = sym.position
    if p is None:
        return
    reason = exit_reason(world, sym, bar)
    if reason is not None:
        sym.entry = None
        if not sym.exit:
            queue_exit(world, sym, reason)
    against = Signal.ENTER_SHORT if p.side > 0 else Signal.ENTER_LONG
    if bar.bits & against and not bar.synthetic:
        world.refuse(sym, -p.side, Refusal.ALREADY_IN_POSITION, bar.index)


def exit_reason(world: World, sym: Symbol, bar: Bar) -> Exit | None:
    p, plan = sym.position, sym.plan
    assert p is not None
    own = Signal.EXIT_LONG if p.side > 0 else Signal.EXIT_SHORT
    if plan.close_on_signal and bar.bits & own:
        return Exit.SIGNAL
    if 0 < plan.exit_after_bars <= bar.index - p.entry_bar + 1:
        return Exit.TIME
    if 0 < plan.exit_after_ms <= world.now_ms - p.entry_ms:
        return Exit.TIME
    fall = p.side * (bar.close - p.entry)
    if plan.position_drawdown > 0 and fall <= -plan.position_drawdown * p.entry:
        return Exit.POSITION_DRAWDOWN
    return None


def decide_entries(world: World, present: Present) -> None:
    candidates = []
    for sym, bar in present:
        entering = bar.bits & (Signal.ENTER_LONG | Signal.ENTER_SHORT)
        if not entering or bar.synthetic or sym.position or sym.entry:
            continue
        side = 0 if conflicting(bar.bits) else side_of(bar.bits)
        candidates.append(Candidate(world, sym, bar, side))
    candidates.sort(key=rank)
    for c in candidates:
        reason = decide(c) if c.side else Refusal.CONFLICTING_SIGNALS
        if reason:
            world.refuse(c.sym, c.side, reason, c.bar.index)


def rank(c: Candidate) -> float:
    """Sort by falling confidence; one that is not known comes last."""
    return math.inf if math.isnan(c.bar.confidence) else -c.bar.confidence


def conflicting(bits: Signal) -> bool:
    both = Signal.ENTER_LONG | Signal.ENTER_SHORT
    long_twice = Signal.ENTER_LONG | Signal.EXIT_LONG
    short_twice = Signal.ENTER_SHORT | Signal.EXIT_SHORT
    return any(bits & pair == pair for pair in (both, long_twice, short_twice))


# ------------------------------------------------------------------ the end


def finish(world: World) -> None:
    """Mark what is open, refuse what is queued."""
    new_day(world, world.account.day + 1)
    for sym in world.symbols:
        p = sym.position
        if p:
            pnl = p.realised + profit(sym, sym.mark) - p.fees - p.funding
            last = sym.bars[-1].index
            write_trade(world, sym, Exit.END, last, world.now_ms, sym.mark, pnl)
        drop_entry(world, sym, Refusal.LAST_BAR)
