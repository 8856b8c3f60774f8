"""Admission: a request becomes an order, if the account can carry it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import CONDITIONAL, OrderKind, OrderStatus, RejectReason
from ballast.kernel.exchange import views
from ballast.venues.simulated.engine import funds, launching, margin, shelf, triggers
from ballast.venues.simulated.engine.events import Change
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.engine.profile import PostOnly
from ballast.venues.simulated.engine.world import DEADLINE, Live

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.venues.simulated.engine.world import Account, Market, World


def draft(world: World, account: Account, request: OrderRequest, *, later: int = 0) -> Live:
    """Make the order that a request would become, `later` ids on; nothing knows of it yet."""
    waits = request.kind in CONDITIONAL
    return Live(
        order_id=world.next_order_id + later,
        account=account.account,
        request=request,
        status=OrderStatus.UNTRIGGERED if waits else OrderStatus.NEW,
        created_ns=world.now_ns,
        updated_ns=world.now_ns,
        stop_ticks=request.trigger_ticks,
    )


def refuse(world: World, account: Account, market: Market, order: Live) -> Rejected | None:
    """Return why the account, or the market as it is now, does not take an order."""
    if order.status is OrderStatus.UNTRIGGERED:
        refused = triggers.refuse(world, market, order)
        if refused is not None:
            return refused
        triggers.prepare(market, order)
    return refuse_taking(world, market, order) or refuse_unpaid(world, account, market, order)


def refuse_unpaid(world: World, account: Account, market: Market, order: Live) -> Rejected | None:
    """Return why an order cannot be paid for."""
    if market.terms.is_perpetual:
        limit = launching.limit_of(world, market, order)
        return margin.refuse(world, account, market, order, limit)
    if order.request.kind is OrderKind.MARKET:
        enough = launching.can_pay(world, account, market, order)
    else:
        enough = funds.can_lock(world, account, market, order)
    return None if enough else Rejected(RejectReason.INSUFFICIENT_BALANCE)


def refuse_taking(world: World, market: Market, order: Live) -> Rejected | None:
    """Refuse a post-only order that would trade, at a venue that says so at once."""
    request = order.request
    if not request.post_only or request.kind is not OrderKind.LIMIT:
        return None
    if world.profile.post_only is not PostOnly.REJECT or not would_take(market, request):
        return None
    return Rejected(RejectReason.WOULD_TRADE)


def would_take(market: Market, request: OrderRequest) -> bool:
    """Tell whether a limit order would trade at once."""
    best = int(views.best_price(market.book, -request.side))
    return best > 0 and request.side * best <= request.side * request.price_ticks


def admit(world: World, account: Account, market: Market, order: Live) -> None:
    """Enter a checked order into the account's books and lock what it needs."""
    world.next_order_id = order.order_id + 1
    symbol = market.terms.symbol
    account.orders(symbol)[order.order_id] = order
    if order.request.client_id:
        account.client_ids[f"{symbol}/{order.request.client_id}"] = order.order_id
    funds.relock(world, account, market, order)
    if order.request.expire_ns:
        world.set_timer(order.request.expire_ns, DEADLINE, symbol, order.order_id)
    shelf.update(world, order, Change.NEW)
