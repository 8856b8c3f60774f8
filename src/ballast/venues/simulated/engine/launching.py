"""Launching: an order that waits for nothing (any more) goes to the book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import PRICED, OrderKind, OrderStatus, Side
from ballast.kernel.exchange import layout, views
from ballast.kernel.exchange.match import walk
from ballast.venues.simulated.engine import funds, margin, matching, waiting
from ballast.venues.simulated.engine.profile import PPM, BuyFee

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.world import Account, Live, Market, World


def launch(world: World, market: Market, order: Live) -> None:
    """Let an order trade, or wait for its price."""
    if order.status is OrderStatus.PENDING:
        return
    if order.status is OrderStatus.UNTRIGGERED:
        waiting.watch(world, market, order)
        return
    limit = limit_of(world, market, order)
    matching.enter_book(world, market, order, limit, is_market=order.request.kind not in PRICED)


def limit_of(world: World, market: Market, order: Live) -> int:
    """Return the worst price an order may trade at."""
    request = order.request
    if request.kind in PRICED:
        return request.price_ticks
    if request.kind is OrderKind.MARKET and request.price_ticks:
        return request.price_ticks
    best = int(views.best_price(market.book, -request.side))
    bound = world.profile.market_protection_ppm
    if bound and best and request.side is Side.BUY:
        return best * (PPM + bound) // PPM
    if bound and best:
        return max(1, -(-best * (PPM - bound) // PPM))
    return matching.NO_LIMIT if request.side is Side.BUY else 1


def can_pay(world: World, account: Account, market: Market, order: Live) -> bool:
    """Tell whether an order that goes to the book now can be paid for."""
    if market.terms.is_perpetual:
        limit = limit_of(world, market, order)
        return margin.refuse(world, account, market, order, limit) is None
    if order.request.kind in PRICED:
        return funds.can_lock(world, account, market, order)
    return _has_cash(world, account, market, order)


def _has_cash(world: World, account: Account, market: Market, order: Live) -> bool:
    """Tell whether a spot market order can be paid with what is free, and what it has locked."""
    terms, request = market.terms, order.request
    wallet = account.wallet(funds.lock_asset(terms, request.side))
    held = sum(one.locked for one in (order, *funds.companions(world, account, order)))
    free = wallet.total - wallet.locked + held
    if request.side is Side.SELL:
        return order.left_lots * terms.lot_atoms <= free
    limit = limit_of(world, market, order)
    walk(market.book, order.account, 1, limit, order.left_lots, -1,
         matching.prevention(world, order))  # fmt: skip
    cost = int(market.book[layout.VALUE]) * terms.point_atoms
    if world.profile.buy_fee is BuyFee.QUOTE:
        cost += funds.part(cost, funds.worst_fee_ppm(account, terms))
    return cost <= free
