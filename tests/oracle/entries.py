"""Filling, and giving up, a queued entry: docs/engine.md, "Market fills", **Entry**."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.reasons import Refusal
from tests.oracle.books import book_entry, free_cash
from tests.oracle.costs import fee_in_base, market_price, rates

if TYPE_CHECKING:
    from tests.oracle.state import Bar, Symbol, World


def drop_entry(world: World, sym: Symbol, reason: Refusal) -> None:
    """Cancel a queued entry; it is a refusal only if nothing of it has filled."""
    order = sym.entry
    if order and not sym.position:
        world.refuse(sym, order.side, reason, order.bar)
    sym.entry = None


def enter_at_open(world: World, sym: Symbol, bar: Bar) -> None:
    """Phase 3 of one symbol."""
    order = sym.entry
    if not order or bar.synthetic or order.from_ms > bar.open_ms:
        return
    if bar.open_ms >= order.until_ms:
        drop_entry(world, sym, Refusal.EXPIRED)
    elif order.limit is None:
        fill_entry(world, sym, bar, bar.open, maker=False)
        if sym.entry and bar.close_ms >= order.until_ms:
            drop_entry(world, sym, Refusal.NO_LIQUIDITY_AT_FILL)
    elif order.side * (order.limit - bar.open) >= 0:
        fill_entry(world, sym, bar, bar.open, maker=False)


def enter_at_limit(
    world: World, sym: Symbol, bar: Bar, open_: float, high: float, low: float
) -> bool:
    """Fill a resting entry limit that the range trades through; tell whether it did."""
    order = sym.entry
    if not order or order.limit is None or order.from_ms > bar.open_ms:
        return False
    room = order.side * (order.limit - (low if order.side > 0 else high))
    if not (room > 0 or (room == 0 and sym.plan.touch_fills)):
        return False
    better = min(open_, order.limit) if order.side > 0 else max(open_, order.limit)
    before = len(world.fills)
    fill_entry(world, sym, bar, better, maker=True)
    return len(world.fills) > before


def expire_limit(world: World, sym: Symbol, bar: Bar) -> None:
    """Cancel what is left of a limit after the last bar of its time in force."""
    order = sym.entry
    if order and order.from_ms <= bar.open_ms and bar.close_ms >= order.until_ms:
        drop_entry(world, sym, Refusal.EXPIRED)


def fill_entry(world: World, sym: Symbol, bar: Bar, ideal: float, *, maker: bool) -> None:
    """Fill what wish, volume and cash allow of a queued entry."""
    order = sym.entry
    assert order is not None
    at_ms = bar.close_ms if maker else bar.open_ms
    wanted = wanted_lots(sym, ideal)
    lots = min(wanted, sym.budget)
    if lots < 1:
        return
    price = ideal if maker else taker_price(sym, bar, ideal, lots)
    if sym.plan.size_in_quote:
        lots = min(wanted_lots(sym, price), sym.budget)
    affordable = affordable_lots(sym, free_cash(world), price, at_ms)
    lots = min(lots, affordable)
    volume_binds = sym.budget < min(wanted, affordable)
    if not entry_is_legal(sym, lots, price, at_ms, maker=maker):
        if not volume_binds:
            drop_entry(world, sym, Refusal.NO_CASH)
        return
    sym.budget -= lots
    order.lots = wanted - lots
    order.value -= sym.qty(lots) * price
    if affordable <= lots or order.lots <= 0 or (sym.plan.size_in_quote and not volume_binds):
        sym.entry = None
    book_entry(world, sym, bar, order, lots, price, ideal, at_ms=at_ms, maker=maker)


def wanted_lots(sym: Symbol, price: float) -> int:
    """Return the lots still wanted: as decided, or what the decided money buys at `price`."""
    order, most = sym.entry, sym.spec.max_lots
    assert order is not None
    if not sym.plan.size_in_quote:
        return order.lots
    lots = sym.lots_in(order.value / price)
    return min(lots, most) if most > 0 else lots


def taker_price(sym: Symbol, bar: Bar, ideal: float, lots: int) -> float:
    """Return the market price; a limit order never pays more than its limit."""
    order = sym.entry
    assert order is not None
    price = market_price(sym, bar, ideal, lots, order.side)
    if order.limit is None:
        return price
    return min(price, order.limit) if order.side > 0 else max(price, order.limit)


def affordable_lots(sym: Symbol, free: float, price: float, at_ms: int) -> int:
    """Return the lots that `free` buys at `price`, taker fee included."""
    taker = rates(sym, at_ms)[1]
    if not sym.spot:
        unit = price * (1 / sym.plan.leverage + taker)
    else:
        unit = price if fee_in_base(sym) else price * (1 + taker)
    return sym.lots_in(free / unit) if free > 0 else 0


def entry_is_legal(sym: Symbol, lots: int, price: float, at_ms: int, *, maker: bool) -> bool:
    """Check the venue's minima on what arrives, and the minimum notional on what is ordered."""
    arriving = lots
    if fee_in_base(sym):
        fee = sym.qty(lots) * price * rates(sym, at_ms)[0 if maker else 1]
        arriving = sym.lots_in(sym.qty(lots) - fee / price)
    if arriving < 1 or arriving < 1.02 * sym.spec.min_lots:
        return False
    return sym.qty(lots) * price >= sym.spec.min_notional
