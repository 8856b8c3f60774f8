"""Margin: what perpetual positions and orders require, and what is left.

For each account and settlement asset:

- equity = wallet + unrealised profit of cross positions (marked);
- required = over its perpetuals: (worst value of position and resting orders) / leverage, rounded
  up, plus the taker fee on the orders. The worst value is the larger of |position + buys| and
  |position - sells|, as Binance USD-M does it; in hedge mode each side adds up by itself. Orders
  that only reduce, and orders that wait for a price, require nothing. Of an isolated position only
  the orders count here: its own margin lies outside the wallet.
- available = equity - required - what spot orders lock.

A new order must fit what is available: what it adds to the requirement, its fee, and the loss it
would show at once at the mark. An order that adds nothing is never refused for margin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import (
    PRICED,
    MarginMode,
    OrderStatus,
    PositionMode,
    PositionSide,
    RejectReason,
    Side,
)
from ballast.kernel.exchange import layout
from ballast.kernel.exchange.match import walk
from ballast.venues.simulated.engine import funds, positions
from ballast.venues.simulated.engine.outcomes import Rejected

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.venues.simulated.engine.profile import Terms
    from ballast.venues.simulated.engine.world import Account, Live, Market, World

_NOT_COUNTED = frozenset({OrderStatus.PENDING, OrderStatus.UNTRIGGERED})


def side_fits(account: Account, request: OrderRequest) -> Rejected | None:
    """Refuse an order that names a position the account's mode does not have."""
    hedged = account.position_mode is PositionMode.HEDGE
    if hedged == (request.position_side is PositionSide.BOTH):
        mode = account.position_mode.value
        return Rejected(RejectReason.POSITION_SIDE, f"the account is in {mode} mode")
    return None


def cross_unrealised(world: World, account: Account, asset: str) -> int:
    """Return the marked profit of an account's cross positions settled in an asset."""
    total = 0
    for symbol, sides in account.holdings.items():
        market = world.markets[symbol]
        if market.terms.quote != asset or not is_cross(account, symbol):
            continue
        ticks = positions.price_now(market)
        total += sum(positions.unrealised(market.terms, held, ticks) for held in sides.values())
    return total


def is_cross(account: Account, symbol: str) -> bool:
    """Tell whether a symbol's positions answer with the whole wallet."""
    return account.chosen(symbol).margin_mode is MarginMode.CROSS


def equity(world: World, account: Account, asset: str) -> int:
    """Return wallet plus marked profit of the cross positions."""
    return account.wallet(asset).total + cross_unrealised(world, account, asset)


def available(world: World, account: Account, asset: str) -> int:
    """Return what can still be used for orders; below zero when losses ate it."""
    used = account.wallet(asset).locked
    for symbol in sorted({*account.holdings, *account.open}):
        market = world.markets[symbol]
        if market.terms.is_perpetual and market.terms.quote == asset:
            used += required(account, market)
    return equity(world, account, asset) - used


def required(
    account: Account, market: Market, *, extra: tuple[Live, int] | None = None, but: int = 0
) -> int:
    """Return the initial margin of one perpetual.

    `extra` is an order with its value that would be added, `but` the id of one not to count.
    """
    terms = market.terms
    chosen = account.chosen(terms.symbol)
    exposed = exposure(account, market, extra=extra, but=but)
    if chosen.margin_mode is MarginMode.ISOLATED:
        exposed -= sum(
            positions.notional(terms, held.qty, positions.price_now(market))
            for held in account.holdings.get(terms.symbol, {}).values()
        )
    fees = sum(value for _, value in _orders(account, terms, extra, but))
    reserve = funds.part(fees, funds.worst_fee_ppm(account, terms))
    return -(-max(0, exposed) // chosen.leverage) + reserve


def exposure(
    account: Account, market: Market, *, extra: tuple[Live, int] | None = None, but: int = 0
) -> int:
    """Return the worst value of the positions if every resting order traded."""
    terms = market.terms
    ticks = positions.price_now(market)
    worst = 0
    sides = account.holdings.get(terms.symbol, {})
    orders = _orders(account, terms, extra, but)
    for which in PositionSide:
        held = sides.get(which)
        value = held.qty * ticks * terms.point_atoms if held is not None else 0
        mine = [(o.request.side, v) for o, v in orders if o.request.position_side is which]
        buys = sum(v for side, v in mine if side is Side.BUY)
        sells = sum(v for side, v in mine if side is Side.SELL)
        worst += max(abs(value + buys), abs(value - sells))
    return worst


def _orders(
    account: Account, terms: Terms, extra: tuple[Live, int] | None, but: int
) -> list[tuple[Live, int]]:
    """Return the orders that may open a position, each with the value of what is left of it."""
    found = [
        (order, order.left_lots * order.request.price_ticks * terms.point_atoms)
        for order in account.open.get(terms.symbol, {}).values()
        if order.order_id != but
        and order.status not in _NOT_COUNTED
        and not positions.is_reducing(order.request)
    ]
    return found if extra is None else [*found, extra]


def refuse(
    world: World, account: Account, market: Market, order: Live, limit: int
) -> Rejected | None:
    """Return why an order does not fit the account's margin, leverage bracket or position limit."""
    if positions.is_reducing(order.request) or order.status in _NOT_COUNTED:
        return None
    terms = market.terms
    value, instant_loss = _priced(market, order, limit)
    extra, but = (order, value), order.order_id
    before_but = 0 if order.in_book else but
    before = required(account, market, but=before_but)
    before_exposure = exposure(account, market, but=before_but)
    after = required(account, market, extra=extra, but=but)
    after_exposure = exposure(account, market, extra=extra, but=but)
    if after_exposure <= before_exposure:
        return None
    refused = _too_large(account, market, order, after_exposure)
    if refused is not None:
        return refused
    grows = after - before + instant_loss
    free = available(world, account, terms.quote) + required(account, market) - before
    return Rejected(RejectReason.INSUFFICIENT_MARGIN) if free < grows else None


def _too_large(account: Account, market: Market, order: Live, exposed: int) -> Rejected | None:
    terms = market.terms
    cap = largest(terms, account.chosen(terms.symbol).leverage)
    if cap and exposed > cap:
        return Rejected(RejectReason.MAX_POSITION, f"at most {cap} atoms at this leverage")
    if terms.max_position_lots:
        held = account.holdings.get(terms.symbol, {}).get(order.request.position_side)
        lots = abs((held.qty if held is not None else 0) + order.request.side * order.left_lots)
        if lots > terms.max_position_lots:
            return Rejected(RejectReason.MAX_POSITION, f"at most {terms.max_position_lots} lots")
    return None


def largest(terms: Terms, leverage: int) -> int:
    """Return the largest position value a leverage allows, 0 for no bound."""
    allowed = [tier for tier in terms.tiers if tier.max_leverage >= leverage]
    if not allowed:
        return 1
    return 0 if any(not tier.cap_atoms for tier in allowed) else allowed[-1].cap_atoms


def _priced(market: Market, order: Live, limit: int) -> tuple[int, int]:
    """Return what an order is worth at the prices it would get, and its loss at the mark."""
    terms, side = market.terms, int(order.request.side)
    lots = order.left_lots
    traded = int(walk(market.book, 0, side, limit, lots, -1, 0))
    cost = int(market.book[layout.VALUE])
    rest = lots - traded if order.request.kind in PRICED else 0
    cost += rest * order.request.price_ticks
    mark = positions.price_now(market)
    loss = max(0, side * (cost - mark * (traded + rest))) if mark else 0
    return cost * terms.point_atoms, loss * terms.point_atoms
