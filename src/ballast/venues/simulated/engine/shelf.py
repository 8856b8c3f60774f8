"""Shelf: orders change state, shrink and end. The only place where an order is closed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.orders import EndReason, OrderStatus
from ballast.kernel.exchange import layout, match
from ballast.venues.simulated.engine import funds
from ballast.venues.simulated.engine.events import Change, OrderUpdated

if TYPE_CHECKING:
    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.world import Live, Market, World

_EXPIRES = frozenset({EndReason.DEADLINE, EndReason.SELF_TRADE})


def update(world: World, order: Live, change: Change) -> Order:
    """Tell that an order changed; return it as it was told."""
    order.updated_ns = world.now_ns
    view = order.view()
    world.emit(lambda sequence, at_ns: OrderUpdated(sequence, at_ns, change, view))
    return view


def end(world: World, market: Market, order: Live, status: OrderStatus, reason: EndReason) -> None:
    """Close an order that is not in the book: free what it locks, keep it in the history."""
    account = world.accounts[order.account]
    order.status = status
    order.reason = reason
    order.in_book = False
    market.waiting.pop(order.order_id, None)
    funds.relock(world, account, market, order)
    symbol = market.terms.symbol
    account.orders(symbol).pop(order.order_id, None)
    closed = account.closed.setdefault(symbol, {})
    closed[order.order_id] = order
    if len(closed) > world.profile.history_max:
        forgotten = closed.pop(next(iter(closed)))
        key = f"{symbol}/{forgotten.request.client_id}"
        if account.client_ids.get(key) == forgotten.order_id:
            del account.client_ids[key]
    if status is not OrderStatus.FILLED:
        update(world, order, Change.ENDED)
    world.todo.append(order)


def take_out(world: World, market: Market, order: Live, reason: EndReason) -> None:
    """Cancel an order, wherever it waits."""
    if order.in_book:
        match.cancel(market.book, market.out, order.order_id)
        note_levels(market)
    status = OrderStatus.EXPIRED if reason in _EXPIRES else OrderStatus.CANCELLED
    end(world, market, order, status, reason)


def cut_down(world: World, market: Market, order: Live, lots: int, reason: EndReason) -> None:
    """Make an order smaller by `lots` without losing its place; to nothing is a cancel."""
    if lots >= order.left_lots:
        take_out(world, market, order, reason)
        return
    order.request = replace(order.request, qty_lots=order.request.qty_lots - lots)
    order.reason = reason
    if order.in_book:
        match.reduce(market.book, market.out, order.order_id, order.left_lots)
        note_levels(market)
    funds.relock(world, world.accounts[order.account], market, order)
    update(world, order, Change.AMENDED)


def note_levels(market: Market) -> None:
    """Take over the levels that a cancel or a reduction changed."""
    count = int(market.out[0, 0])
    for kind, side, ticks, lots, *_ in market.out[1 : count + 1].tolist():
        if kind == layout.LEVEL_NOW:
            market.book_sequence += 1
            market.changed[side, ticks] = lots
    market.out[0, 0] = 0
