"""What a fill does to cash, position and account: docs/engine.md, "Market fills" and "Levels"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.reasons import Exit
from ballast.core.records import Level, Margin
from tests.oracle.costs import fee_in_base, rates
from tests.oracle.state import DAY_MS, Fill, Position, Take, Trade

if TYPE_CHECKING:
    from tests.oracle.state import Bar, EntryOrder, Symbol, World


def day(t: int) -> int:
    """Return the UTC day of a close time: midnight ends the old day."""
    return (t - 1) // DAY_MS


def profit(sym: Symbol, price: float) -> float:
    """Return the open profit of a position at `price`."""
    p = sym.position
    return p.side * (price - p.entry) * sym.qty(p.lots) if p else 0.0


def margin(sym: Symbol) -> float:
    """Return the initial margin a perpetual position holds."""
    p = sym.position
    return sym.qty(p.lots) * p.entry / sym.plan.leverage if p and not sym.spot else 0.0


def free_cash(world: World) -> float:
    """Return cash less margins and less the losses of cross positions."""
    free = world.account.cash
    for sym in world.symbols:
        if sym.position and not sym.spot:
            free -= margin(sym)
            if sym.plan.margin == Margin.CROSS:
                free -= max(0.0, -profit(sym, sym.mark))
    return free


def equity(world: World) -> float:
    """Return cash, spot and dust at their marks, and the open profit of perpetuals."""
    total = world.account.cash
    for sym in world.symbols:
        if sym.position:
            p = sym.position
            total += sym.qty(p.lots) * sym.mark if sym.spot else profit(sym, sym.mark)
        total += sym.dust * sym.mark
    return total


def pay_funding(world: World, sym: Symbol, until_ms: int) -> None:
    """Let the holder, if there is one, pay every funding up to and including `until_ms`."""
    while sym.next_funding < len(sym.fundings) and sym.fundings[sym.next_funding][0] <= until_ms:
        _, rate, mark = sym.fundings[sym.next_funding]
        sym.next_funding += 1
        p = sym.position
        if p and not sym.spot:
            paid = p.side * sym.qty(p.lots) * mark * rate
            world.account.cash -= paid
            world.account.funding += paid
            p.funding += paid


def _record(
    world: World, sym: Symbol, bar: Bar, side: int, reason: int, lots: int, price: float,
    fee: float, slippage: float, cash: float, *, at_ms: int, maker: bool,
) -> None:  # fmt: skip
    p = sym.position
    assert p is not None
    p.fees += fee
    p.slippage += slippage
    p.fills += 1
    p.high, p.low = max(p.high, price), min(p.low, price)
    world.account.fees += fee
    world.fills.append(
        Fill(
            p.id,
            sym.index,
            side,
            int(reason),
            int(maker),
            bar.index,
            at_ms,
            price,
            lots,
            fee,
            slippage,
            cash,
        )
    )


def book_entry(
    world: World, sym: Symbol, bar: Bar, order: EntryOrder, lots: int, price: float, ideal: float,
    *, at_ms: int, maker: bool,
) -> None:  # fmt: skip
    """Open a position, or add to it."""
    account = world.account
    cash_before = account.cash
    if sym.position is None:
        sym.position = Position(account.next_id, order.side, bar.index, at_ms, order)
        sym.position.best = price
        sym.position.high = sym.position.low = price
        account.next_id += 1
    p = sym.position
    qty = sym.qty(lots)
    fee = qty * price * rates(sym, at_ms)[0 if maker else 1]
    received = lots
    if fee_in_base(sym):
        arrived = qty - fee / price
        received = sym.lots_in(arrived)
        sym.dust += arrived - sym.qty(received)
        account.cash -= qty * price
    elif sym.spot:
        account.cash -= qty * price + fee
    else:
        account.cash -= fee
    spent = p.entry * p.lots + price * received
    p.entry = spent / (p.lots + received) if p.lots else price
    p.lots += received
    p.lots_entered += received
    slippage = abs(price - ideal) * qty
    _record(world, sym, bar, order.side, Exit.ENTRY, lots, price, fee, slippage,
            account.cash - cash_before, at_ms=at_ms, maker=maker)  # fmt: skip
    set_levels(sym)
    set_liquidation(world, sym)


def book_exit(
    world: World, sym: Symbol, bar: Bar, lots: int, price: float, ideal: float, reason: int,
    *, at_ms: int, maker: bool = False, fee_rate: float | None = None,
) -> None:  # fmt: skip
    """Close `lots` of a position; the last lot writes the trade."""
    p = sym.position
    assert p is not None
    assert 0 < lots <= p.lots
    account = world.account
    cash_before = account.cash
    qty = sym.qty(lots)
    rate = rates(sym, at_ms)[0 if maker else 1] if fee_rate is None else fee_rate
    fee = qty * price * rate
    gain = p.side * (price - p.entry) * qty
    account.cash += (qty * price if sym.spot else gain) - fee
    account.realised += gain
    p.realised += gain
    p.exit_notional += qty * price
    p.exit_lots += lots
    p.lots -= lots
    _record(world, sym, bar, -p.side, reason, lots, price, fee, abs(price - ideal) * qty,
            account.cash - cash_before, at_ms=at_ms, maker=maker)  # fmt: skip
    if p.lots == 0:
        pnl = p.realised - p.fees - p.funding
        exit_price = p.exit_notional / sym.qty(p.exit_lots)
        write_trade(world, sym, reason, bar.index, at_ms, exit_price, pnl)
        count_result(world, sym, pnl, at_ms)
        sym.position = None
        sym.exit = None
        sym.entry = None
    elif sym.plan.margin == Margin.ISOLATED:
        set_liquidation(world, sym)


def write_trade(
    world: World, sym: Symbol, reason: int, exit_bar: int, exit_ms: int, exit_price: float,
    pnl: float,
) -> None:  # fmt: skip
    """Write the row of a position that closed, or that is open at the end."""
    p = sym.position
    assert p is not None
    good, bad = (p.high, p.low) if p.side > 0 else (p.low, p.high)
    world.trades.append(
        Trade(
            p.id,
            sym.index,
            p.side,
            int(reason),
            p.fills,
            p.order.bar,
            p.entry_bar,
            exit_bar,
            p.entry_ms,
            exit_ms,
            p.lots_entered,
            p.entry,
            exit_price,
            pnl,
            p.fees,
            p.slippage,
            p.funding,
            p.side * (bad - p.entry) / p.entry,
            p.side * (good - p.entry) / p.entry,
            p.risk_cash,
            pnl / p.risk_cash if p.risk_cash > 0 else 0.0,
            p.order.confidence,
            p.order.close,
        )
    )


def count_result(world: World, sym: Symbol, pnl: float, at_ms: int) -> None:
    """Grow or break the loss streak; pause the symbol and, at the limit, the account."""
    account, limits = world.account, world.limits
    if not pnl < 0:
        account.losses_in_row = 0
        return
    account.losses_in_row += 1
    if limits.loss_cooldown_ms > 0:
        pause = limits.loss_cooldown_ms * 2 ** min(account.losses_in_row - 1, 20)
        sym.cooldown_until_ms = at_ms + pause
    if 0 < limits.loss_streak <= account.losses_in_row:
        account.blocked_until_ms = at_ms + limits.streak_cooldown_ms
        account.losses_in_row = 0


def move_stop(sym: Symbol, level: float, reason: int) -> None:
    """Round the stop towards the market's side and move it, only ever in our favour."""
    p = sym.position
    assert p is not None
    rounded = sym.tick_up(level) if p.side > 0 else sym.tick_down(level)
    if p.stop is None or p.side * (rounded - p.stop) > 0:
        p.stop = rounded
        p.stop_reason = int(reason)


def set_levels(sym: Symbol) -> None:
    """Place stop and takes around the mean entry price."""
    p, plan = sym.position, sym.plan
    assert p is not None
    order = p.order
    if plan.stop_kind == Level.COLUMN:
        move_stop(sym, order.stop, Exit.STOP)
    elif plan.stop_kind != Level.NONE:
        unit = order.atr if plan.stop_kind == Level.ATR else p.entry
        move_stop(sym, p.entry - p.side * plan.stop_value * unit, Exit.STOP)
    if p.stop is not None:
        p.risk = max(0.0, p.side * (p.entry - p.stop))
    p.risk_cash = p.risk * sym.qty(p.lots_entered)
    units = {Level.ATR: order.atr, Level.PERCENT: p.entry, Level.R: p.risk}
    old = p.takes
    p.takes = []
    for k in range(plan.take_count):
        level = p.entry + p.side * plan.take_value[k] * units[plan.take_kind[k]]
        away = sym.tick_up(level) if p.side > 0 else sym.tick_down(level)
        done = old[k].done if old else False
        p.takes.append(Take(away, done, old[k].resting_lots if old else 0))


def set_liquidation(world: World, sym: Symbol) -> None:
    """Find the price at which the backing is down to the maintenance margin, tier by tier."""
    p = sym.position
    if p is None or sym.spot:
        return
    qty, s = sym.qty(p.lots), p.side
    if sym.plan.margin == Margin.CROSS:
        backing = world.account.cash
        for other in world.symbols:
            if other is sym or other.spot or not other.position:
                continue
            if other.plan.margin == Margin.CROSS:
                backing += profit(other, other.mark)
            else:
                backing -= margin(other)
        backing = max(0.0, backing)
    else:
        backing = margin(sym)
    p.liquidation = liquidation_price(sym, qty, p.entry, s, backing)
    p.bankruptcy = max(0.0, p.entry - s * backing / qty)


def liquidation_price(sym: Symbol, qty: float, entry: float, s: int, backing: float) -> float:
    """Return the price that leaves exactly the maintenance margin of its own tier."""
    tiers = [(t.cap, t.maintenance, t.deduction) for t in sym.tiers] or [(float("inf"), 0.0, 0.0)]
    price = 0.0
    for cap, maintenance, deduction in tiers:
        price = (qty * entry - s * (backing + deduction)) / (qty * (1 - s * maintenance))
        if qty * price < cap:
            break
    return max(0.0, price)
