"""Desk: requests about orders come in and are answered.

Every function here either refuses and changes nothing, or does the whole of what was asked; only a
cancel-replace can be half done, and says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.orders import CONDITIONAL, EndReason, OrderStatus, RejectReason, Side
from ballast.kernel.exchange.match import walk
from ballast.venues.simulated.engine import (
    admission,
    checks,
    funds,
    launching,
    margin,
    matching,
    reduction,
    shelf,
)
from ballast.venues.simulated.engine.outcomes import Accepted, HalfDone, Rejected
from ballast.venues.simulated.engine.positions import is_reducing
from ballast.venues.simulated.engine.profile import PPM, BuyFee

if TYPE_CHECKING:
    from ballast.core.orders import OrderRef, OrderRequest
    from ballast.venues.simulated.engine.outcomes import Outcome
    from ballast.venues.simulated.engine.world import Account, Live, Market, World


def submit(world: World, account: Account, market: Market, request: OrderRequest) -> Outcome:
    """Take a new order, or say why not."""
    refused = checks.refuse(world, account, market, request)
    if refused is not None:
        return refused
    sized = _sized(world, account, market, request)
    if isinstance(sized, Rejected):
        return sized
    order = admission.draft(world, account, sized)
    refused = admission.refuse(world, account, market, order)
    if refused is not None:
        return refused
    admission.admit(world, account, market, order)
    launching.launch(world, market, order)
    return Accepted((order.view(),))


def _sized(
    world: World, account: Account, market: Market, request: OrderRequest
) -> OrderRequest | Rejected:
    """Return the request with its quantity: by money, or no more than there is to reduce."""
    if market.terms.is_perpetual:
        refused = margin.side_fits(account, request)
        if refused is not None:
            return refused
        if is_reducing(request) and request.kind not in CONDITIONAL:
            return reduction.fit(world, account, request)
    if request.quote_atoms:
        return _size_by_money(world, account, market, request)
    return request


def _size_by_money(
    world: World, account: Account, market: Market, request: OrderRequest
) -> OrderRequest | Rejected:
    """Turn a market order sized in quote into lots, by walking the book."""
    terms = market.terms
    budget = request.quote_atoms
    if request.side is Side.BUY and world.profile.buy_fee is BuyFee.QUOTE:
        budget = budget * PPM // (PPM + funds.worst_fee_ppm(account, terms))
    order = admission.draft(world, account, request)
    limit = launching.limit_of(world, market, order)
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


def find(account: Account, ref: OrderRef) -> Live | None:
    """Return the order a reference names, open or closed."""
    order_id = ref.order_id
    if not order_id and ref.client_id:
        order_id = account.client_ids.get(f"{ref.symbol}/{ref.client_id}", 0)
    return account.find(ref.symbol, order_id)


def find_open(account: Account, ref: OrderRef) -> Live | Rejected:
    """Return the open order a reference names, or why there is none."""
    order = find(account, ref)
    if order is None:
        return Rejected(RejectReason.UNKNOWN_ORDER)
    if order.is_open:
        return order
    filled = order.status is OrderStatus.FILLED
    return Rejected(RejectReason.ALREADY_FILLED if filled else RejectReason.UNKNOWN_ORDER)


def cancel(world: World, account: Account, market: Market, ref: OrderRef) -> Outcome:
    """Cancel an open order."""
    order = find_open(account, ref)
    if isinstance(order, Rejected):
        return order
    shelf.take_out(world, market, order, EndReason.REQUESTED)
    return Accepted((order.view(),))


def cancel_replace(
    world: World,
    account: Account,
    market: Market,
    ref: OrderRef,
    request: OrderRequest,
    *,
    stop_on_failure: bool,
) -> Outcome | HalfDone:
    """Cancel an order and place another, which gets a new id and the end of the queue."""
    order = find_open(account, ref)
    if isinstance(order, Rejected):
        return order if stop_on_failure else submit(world, account, market, request)
    shelf.take_out(world, market, order, EndReason.REPLACED)
    placed = submit(world, account, market, request)
    if isinstance(placed, Rejected):
        return HalfDone(order.view(), placed)
    return Accepted((*placed.orders, order.view()))


def cancel_all(world: World, account: Account, symbol: str | None, reason: EndReason) -> Accepted:
    """Cancel every open order of an account, or of one of its symbols, oldest first."""
    symbols = [symbol] if symbol is not None else list(account.open)
    orders = [order for one in symbols for order in account.open.get(one, {}).values()]
    for order in orders:
        if order.is_open:
            shelf.take_out(world, world.markets[order.request.symbol], order, reason)
    return Accepted(tuple(order.view() for order in orders))
