"""Waiting: conditional orders that have not seen their price, and how far it is.

A market keeps the lowest rising and the highest falling trigger for each kind of price; a price
strictly between them sets nothing off. A trailing stop wants to see every price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import OrderKind, Side, TriggerBy

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.world import Live, Market, World

NEVER_RISES, NEVER_FALLS = 2**62, 0
_STOPS = frozenset({OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT, OrderKind.TRAILING_STOP})


def price_of(market: Market, by: TriggerBy) -> int:
    """Return the price that sets orders off, 0 while there is none."""
    if by is TriggerBy.LAST:
        return market.last_ticks
    return market.mark_ticks if by is TriggerBy.MARK else market.index_ticks


def rises(order: Live) -> bool:
    """Tell whether the order waits for the price to rise to its trigger."""
    request = order.request
    if request.trigger_rises is not None:
        return request.trigger_rises
    return (request.kind in _STOPS) == (request.side is Side.BUY)


def is_hit(order: Live, ticks: int) -> bool:
    """Tell whether a price sets the order off."""
    if not order.stop_ticks or not ticks:
        return False
    return ticks >= order.stop_ticks if rises(order) else ticks <= order.stop_ticks


def watch(world: World, market: Market, order: Live) -> None:
    """Have an order wait for its price; one that is there already is shown to it again."""
    market.waiting[order.order_id] = order
    widen(market, order)
    by = order.request.trigger_by
    if is_hit(order, price_of(market, by)):
        if by is TriggerBy.LAST:
            world.fired.append((market.terms.symbol, market.last_ticks))
        else:
            world.marked.append(market.terms.symbol)


def widen(market: Market, order: Live) -> None:
    """Have the market's bounds take an order into account."""
    by = order.request.trigger_by
    lowest, highest = market.bounds.get(by, (NEVER_RISES, NEVER_FALLS))
    if order.request.kind is OrderKind.TRAILING_STOP:
        lowest, highest = NEVER_FALLS, NEVER_RISES
    elif rises(order):
        lowest = min(lowest, order.stop_ticks)
    else:
        highest = max(highest, order.stop_ticks)
    market.bounds[by] = (lowest, highest)
