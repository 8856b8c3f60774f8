"""Positions: what fills do to perpetual holdings, and what a holding is worth.

A holding keeps its signed quantity and its signed cost in atoms, so that the entry price is their
exact ratio. Closing a part removes that part of the cost, truncated towards zero; what truncation
leaves stays in the rest. The street's quantity and cost are kept too: per symbol the quantities of
all sum to zero, and cash less cost over all is constant.

An isolated position's margin lies in the holding, outside the wallet. What a close releases is its
part of the margin plus what it realised; a loss beyond that part is taken from the rest of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import MarginMode, PositionSide, Side
from ballast.venues.simulated.engine import funds
from ballast.venues.simulated.engine.profile import PPM

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.venues.simulated.engine.profile import Terms, TierTerms
    from ballast.venues.simulated.engine.world import Account, Holding, Market, World


def side_of(request: OrderRequest) -> PositionSide:
    """Return which position an order is about."""
    return request.position_side


def is_reducing(request: OrderRequest) -> bool:
    """Tell whether an order may only reduce: said so, or the closing side of a hedged position."""
    if request.reduce_only or request.close_position:
        return True
    if request.position_side is PositionSide.BOTH:
        return False
    return (request.position_side is PositionSide.LONG) != (request.side is Side.BUY)


def share(atoms: int, part: int, whole: int) -> int:
    """Return `atoms * part / whole`, truncated towards zero."""
    return atoms * part // whole if atoms >= 0 else -(-atoms * part // whole)


def notional(terms: Terms, lots: int, ticks: int) -> int:
    """Return the value of so many lots, unsigned, in atoms."""
    return abs(lots) * ticks * terms.point_atoms


def fill(
    world: World,
    account: Account,
    terms: Terms,
    side: Side,
    which: PositionSide,
    *,
    price: int,
    lots: int,
) -> int:
    """Book a fill into a position and the wallet; return the realised profit in atoms."""
    held = account.holding(terms.symbol, which)
    realised = 0
    closing = min(lots, abs(held.qty)) if held.qty * side < 0 else 0
    if closing:
        realised = _close(account, terms, held, price=price, lots=closing)
    if lots > closing:
        _open(account, terms, held, side, price=price, lots=lots - closing)
    world.touch(account.account, terms.quote)
    world.touch_position(account.account, terms.symbol, which)
    return realised


def _open(
    account: Account, terms: Terms, held: Holding, side: Side, *, price: int, lots: int
) -> None:
    value = notional(terms, lots, price)
    held.qty += side * lots
    held.cost += side * value
    chosen = account.chosen(terms.symbol)
    if chosen.margin_mode is MarginMode.ISOLATED:
        wallet = account.wallet(terms.quote)
        margin = min(-(-value // chosen.leverage), max(0, wallet.total))
        wallet.total -= margin
        held.margin += margin


def _close(account: Account, terms: Terms, held: Holding, *, price: int, lots: int) -> int:
    sign, size = (1 if held.qty > 0 else -1), abs(held.qty)
    cost = share(held.cost, lots, size)
    margin = share(held.margin, lots, size)
    realised = sign * notional(terms, lots, price) - cost
    held.qty -= sign * lots
    held.cost -= cost
    held.margin -= margin
    held.realised += realised
    released = margin + realised
    if account.chosen(terms.symbol).margin_mode is MarginMode.ISOLATED and released < 0:
        owed = min(-released, max(0, held.margin))
        held.margin -= owed
        released += owed
    account.wallet(terms.quote).total += released
    if not held.qty:
        account.wallet(terms.quote).total += held.margin
        held.margin = 0
    return realised


def street_fill(world: World, terms: Terms, side: Side, *, price: int, lots: int) -> None:
    """Book a fill of the street."""
    symbol = terms.symbol
    world.street_qty[symbol] = world.street_qty.get(symbol, 0) + side * lots
    value = side * notional(terms, lots, price)
    world.street_cost[symbol] = world.street_cost.get(symbol, 0) + value


def charge(
    world: World, account: Account, terms: Terms, *, price: int, lots: int, is_maker: bool
) -> int:
    """Take the fee of a perpetual fill in quote; return it."""
    fee = funds.part(notional(terms, lots, price), funds.fee_ppm(account, terms, is_maker=is_maker))
    funds.take_fee(world, account, terms.quote, fee)
    return fee


def unrealised(terms: Terms, held: Holding, ticks: int) -> int:
    """Return the profit a holding would have at a price."""
    return held.qty * ticks * terms.point_atoms - held.cost


def tier_of(terms: Terms, value: int) -> TierTerms:
    """Return the leverage bracket of a notional value."""
    for tier in terms.tiers:
        if not tier.cap_atoms or value <= tier.cap_atoms:
            return tier
    return terms.tiers[-1]


def maintenance(terms: Terms, held: Holding, ticks: int) -> int:
    """Return the margin below which a holding is liquidated, rounded up."""
    value = notional(terms, held.qty, ticks)
    tier = tier_of(terms, value)
    return max(0, -(-value * tier.maintenance_ppm // PPM) - tier.deduction_atoms)


def price_now(market: Market) -> int:
    """Return the price positions are valued at: mark, or the last trade before there is one."""
    return market.mark_ticks or market.last_ticks
