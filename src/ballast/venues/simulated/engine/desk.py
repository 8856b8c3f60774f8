"""Desk: requests come in, orders are made, changed and cancelled.

Every function here either refuses and changes nothing, or does the whole of what was asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.orders import (
    CONDITIONAL,
    PRICED,
    EndReason,
    OrderKind,
    OrderStatus,
    RejectReason,
    Side,
)
from ballast.kernel.exchange import layout, views
from ballast.kernel.exchange.match import walk
from ballast.venues.simulated.engine import checks, funds, matching
from ballast.venues.simulated.engine.clock import DEADLINE
from ballast.venues.simulated.engine.events import Change
from ballast.venues.simulated.engine.outcomes import Accepted, Rejected
from ballast.venues.simulated.engine.profile import PPM, BuyFee
from ballast.venues.simulated.engine.world import Live

if TYPE_CHECKING:
    from ballast.core.orders import OrderRef, OrderRequest
    from ballast.venues.simulated.engine.outcomes import Outcome
    from ballast.venues.simulated.engine.world import Account, Market, World


def submit(world: World, account: Account, market: Market, request: OrderRequest) -> Outcome:
    """Take a new order, or say why not."""
    refused = checks.refuse(world, account, market, request)
    if refused is not None:
        return refused
    if request.quote_atoms:
        sized = size_by_money(world, account, market, request)
        if isinstance(sized, Rejected):
            return sized
        request = sized
    order = draft(world, account, request)
    refused = afford(world, account, market, order)
    if refused is not None:
        return refused
    if _dead_on_arrival(world, market, order):
        return Rejected(RejectReason.WOULD_TRADE)
    admit(world, account, market, order)
    launch(world, market, order)
    return Accepted((order.view(),))


def draft(world: World, account: Account, request: OrderRequest) -> Live:
    """Make the order that a request would become; nothing knows of it yet."""
    waits = request.kind in CONDITIONAL
    return Live(
        order_id=world.next_order_id,
        account=account.account,
        request=request,
        status=OrderStatus.UNTRIGGERED if waits else OrderStatus.NEW,
        created_ns=world.now_ns,
        updated_ns=world.now_ns,
        stop_ticks=request.trigger_ticks,
    )


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
    matching.update(world, order, Change.NEW)


def launch(world: World, market: Market, order: Live) -> None:
    """Let an order that waits for nothing trade."""
    if order.status is OrderStatus.UNTRIGGERED or order.status is OrderStatus.PENDING:
        return
    is_market = order.request.kind not in PRICED
    limit = market_limit(world, market, order) if is_market else order.request.price_ticks
    matching.enter_book(world, market, order, limit, is_market=is_market)


def market_limit(world: World, market: Market, order: Live) -> int:
    """Return the worst price a market order may trade at."""
    request = order.request
    best = int(views.best_price(market.book, -request.side))
    bound = world.profile.market_protection_ppm
    if request.kind is OrderKind.MARKET and request.price_ticks:
        return request.price_ticks
    if bound and best and request.side is Side.BUY:
        return best * (PPM + bound) // PPM
    if bound and best:
        return max(1, -(-best * (PPM - bound) // PPM))
    return matching.NO_LIMIT if request.side is Side.BUY else 1


def size_by_money(
    world: World, account: Account, market: Market, request: OrderRequest
) -> OrderRequest | Rejected:
    """Turn a market order sized in quote into lots, by walking the book."""
    terms = market.terms
    budget = request.quote_atoms
    if request.side is Side.BUY and world.profile.buy_fee is BuyFee.QUOTE:
        budget = budget * PPM // (PPM + funds.worst_fee_ppm(account, terms))
    order = draft(world, account, request)
    limit = market_limit(world, market, order)
    flags = matching.prevention(world, order)
    lots = int(
        walk(market.book, order.account, int(request.side), limit, terms.market_max_lots,
             budget // terms.point_atoms, flags)
    )  # fmt: skip
    lots -= lots % terms.market_step_lots
    if not lots:
        return Rejected(RejectReason.NO_LIQUIDITY, "nothing to trade for this amount")
    sized = replace(request, qty_lots=lots)
    return checks.quantities(terms, sized) or sized


def afford(world: World, account: Account, market: Market, order: Live) -> Rejected | None:
    """Refuse an order the account cannot pay for."""
    if order.request.kind is OrderKind.MARKET:
        enough = has_cash(world, account, market, order)
    else:
        enough = funds.can_lock(world, account, market, order)
    return None if enough else Rejected(RejectReason.INSUFFICIENT_BALANCE)


def has_cash(world: World, account: Account, market: Market, order: Live) -> bool:
    """Tell whether a spot market order that is carried out now can be paid with what is free."""
    terms, request = market.terms, order.request
    wallet = account.wallet(funds.lock_asset(terms, request.side))
    free = wallet.total - wallet.locked + order.locked
    if request.side is Side.SELL:
        return order.left_lots * terms.lot_atoms <= free
    limit = market_limit(world, market, order)
    flags = matching.prevention(world, order)
    walk(market.book, order.account, 1, limit, order.left_lots, -1, flags)
    cost = int(market.book[layout.VALUE]) * terms.point_atoms
    if world.profile.buy_fee is BuyFee.QUOTE:
        cost += funds.part(cost, funds.worst_fee_ppm(account, terms))
    return cost <= free


def _dead_on_arrival(world: World, market: Market, order: Live) -> bool:
    """Tell whether a post-only order would trade at a venue that refuses it then."""
    request = order.request
    if not request.post_only or request.kind is not OrderKind.LIMIT:
        return False
    if world.profile.post_only.value != "reject":
        return False
    best = int(views.best_price(market.book, -request.side))
    return best > 0 and request.side * best <= request.side * request.price_ticks


def find(account: Account, ref: OrderRef) -> Live | None:
    """Return the order a reference names, open or closed."""
    order_id = ref.order_id
    if not order_id and ref.client_id:
        order_id = account.client_ids.get(f"{ref.symbol}/{ref.client_id}", 0)
    return account.find(ref.symbol, order_id)


def cancel(world: World, account: Account, market: Market, ref: OrderRef) -> Outcome:
    """Cancel an open order."""
    order = find(account, ref)
    if order is None:
        return Rejected(RejectReason.UNKNOWN_ORDER)
    if not order.is_open:
        filled = order.status is OrderStatus.FILLED
        return Rejected(RejectReason.ALREADY_FILLED if filled else RejectReason.UNKNOWN_ORDER)
    matching.take_out(world, market, order, EndReason.REQUESTED)
    return Accepted((order.view(),))


def cancel_all(world: World, account: Account, symbol: str | None, reason: EndReason) -> Outcome:
    """Cancel every open order of an account, or of one of its symbols, oldest first."""
    symbols = [symbol] if symbol is not None else list(account.open)
    orders = [order for one in symbols for order in account.open.get(one, {}).values()]
    for order in orders:
        if order.is_open:
            matching.take_out(world, world.markets[order.request.symbol], order, reason)
    return Accepted(tuple(order.view() for order in orders))
