"""Triggers: conditional orders see every trade, and every mark, in the order they happened.

What fires at one price goes to the book in the order in which it was placed.

A trailing stop becomes active when the price reaches its activation (at once without one). From
then on its stop follows the best price since, at its distance: `extreme -+ extreme * ppm / 10^6`,
or a fixed number of ticks; it never moves back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import PRICED, EndReason, OrderKind, OrderStatus, RejectReason
from ballast.venues.simulated.engine import funds, launching, reduction, shelf
from ballast.venues.simulated.engine.events import Change, Trading
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.engine.profile import PPM
from ballast.venues.simulated.engine.waiting import (
    NEVER_FALLS,
    NEVER_RISES,
    is_hit,
    price_of,
    widen,
)

if TYPE_CHECKING:
    from ballast.core.orders import TriggerBy
    from ballast.venues.simulated.engine.world import Live, Market, World


def refuse(world: World, market: Market, order: Live) -> Rejected | None:
    """Return why a conditional order cannot wait: no price to follow, or its price has passed."""
    ticks = price_of(market, order.request.trigger_by)
    if order.request.kind is OrderKind.TRAILING_STOP:
        return None if ticks or order.request.activation_ticks else Rejected(RejectReason.NO_PRICE)
    if is_hit(order, ticks) and not world.profile.trigger_at_once:
        return Rejected(RejectReason.WOULD_TRIGGER)
    return None


def prepare(market: Market, order: Live) -> None:
    """Make a trailing stop without activation active, before it is admitted."""
    ticks = price_of(market, order.request.trigger_by)
    if order.request.kind is OrderKind.TRAILING_STOP and ticks:
        _follow(order, ticks)


def see(world: World, market: Market, by: TriggerBy, ticks: int) -> None:
    """Let the waiting orders see a price; fire those it hits, oldest first."""
    lowest, highest = market.bounds.get(by, (NEVER_RISES, NEVER_FALLS))
    if highest < ticks < lowest or not ticks or market.trading is not Trading.TRADING:
        return
    market.bounds[by] = (NEVER_RISES, NEVER_FALLS)
    fired = []
    for order in sorted(market.waiting.values(), key=lambda order: order.order_id):
        if order.request.trigger_by is not by:
            continue
        _trail(world, market, order, ticks)
        if is_hit(order, ticks):
            fired.append(order)
        else:
            widen(market, order)
    for order in fired:
        if order.order_id in market.waiting:  # not cancelled by one that fired before it
            fire(world, market, order)


def _trail(world: World, market: Market, order: Live, ticks: int) -> None:
    """Move a trailing stop with the price."""
    if order.request.kind is not OrderKind.TRAILING_STOP or is_hit(order, ticks):
        return
    was_active = order.stop_ticks > 0
    before = order.stop_ticks
    _follow(order, ticks)
    if order.stop_ticks == before:
        return
    funds.relock(world, world.accounts[order.account], market, order)
    if not was_active:
        shelf.update(world, order, Change.ACTIVATED)


def _follow(order: Live, ticks: int) -> None:
    request = order.request
    sign = int(request.side)  # a sell follows the highest price, a buy the lowest
    if not order.stop_ticks:
        activation = request.activation_ticks
        if activation and sign * ticks > sign * activation:
            return
        order.extreme_ticks = ticks
    elif sign * ticks >= sign * order.extreme_ticks:
        return
    order.extreme_ticks = ticks
    distance = request.trail_ticks or ticks * request.trail_ppm // PPM
    order.stop_ticks = max(1, ticks + sign * max(1, distance))


def fire(world: World, market: Market, order: Live) -> None:
    """Let an order whose price has come go to the book, if it can still be paid for."""
    market.waiting.pop(order.order_id, None)
    account = world.accounts[order.account]
    order.triggered_ns = world.now_ns
    order.status = OrderStatus.NEW
    world.todo.append(order)
    refused = reduction.resize_to_position(account, order)
    if refused is not None:
        shelf.end(world, market, order, OrderStatus.EXPIRED, refused)
        return
    is_market = order.request.kind not in PRICED
    if is_market and not launching.can_pay(world, account, market, order):
        shelf.end(world, market, order, OrderStatus.EXPIRED, EndReason.INSUFFICIENT)
        return
    funds.relock(world, account, market, order)
    shelf.update(world, order, Change.TRIGGERED)
    launching.launch(world, market, order)
