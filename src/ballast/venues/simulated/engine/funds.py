"""Funds: what open orders lock, what fills move, what fees take (spot).

An order locks exactly what it may still spend: `need` of it, no more. Fees are truncated to whole
atoms, so that what several fills of an order pay never exceeds what the order has locked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import PRICED, OrderKind, OrderStatus, Side
from ballast.venues.simulated.engine.profile import PPM, BuyFee

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.profile import Terms
    from ballast.venues.simulated.engine.world import Account, Live, Market, World


def fee_ppm(account: Account, terms: Terms, *, is_maker: bool) -> int:
    """Return the fee rate of an account for a symbol: its own, or the listing's."""
    own = account.maker_ppm if is_maker else account.taker_ppm
    return own.get(terms.symbol, terms.maker_ppm if is_maker else terms.taker_ppm)


def part(atoms: int, ppm: int) -> int:
    """Return a share of an amount, truncated towards zero."""
    return atoms * ppm // PPM if ppm >= 0 else -(atoms * -ppm // PPM)


def worst_fee_ppm(account: Account, terms: Terms) -> int:
    """Return the largest rate a fill can be charged."""
    rates = [fee_ppm(account, terms, is_maker=is_maker) for is_maker in (True, False)]
    return max(0, *rates)


def lock_asset(terms: Terms, side: Side) -> str:
    """Return what an order of this side spends."""
    return terms.quote if side is Side.BUY else terms.base


def spend_of(world: World, account: Account, terms: Terms, lots: int, ticks: int) -> int:
    """Return the quote atoms that buying costs at most, a fee in quote included."""
    cost = lots * ticks * terms.point_atoms
    if world.profile.buy_fee is BuyFee.QUOTE:
        cost += part(cost, worst_fee_ppm(account, terms))
    return cost


def need(world: World, account: Account, terms: Terms, order: Live) -> int:
    """Return what an open spot order locks."""
    request = order.request
    if not order.is_open or order.status is OrderStatus.PENDING or terms.is_perpetual:
        return 0
    if request.side is Side.SELL:
        return order.left_lots * terms.lot_atoms
    if request.kind in PRICED:
        return spend_of(world, account, terms, order.left_lots, request.price_ticks)
    if request.kind is OrderKind.MARKET or order.triggered_ns:
        return 0  # carried out at once, from what is free
    ticks = order.stop_ticks or request.activation_ticks or request.trigger_ticks
    return spend_of(world, account, terms, order.left_lots, ticks)


def relock(world: World, account: Account, market: Market, order: Live) -> None:
    """Lock what the order needs now instead of what it needed before.

    The two legs of an OCO pair share one lock, the larger need: only one of them can trade.
    """
    if not order.list_id:
        _lock(world, account, market.terms, order, need(world, account, market.terms, order))
        return
    sharing = [order, *companions(world, account, order)]
    wanted = joint_need(world, account, market.terms, order)
    held = sum(one.locked for one in sharing)
    for one in sharing:
        one.locked = 0
    keeper = next((one for one in sharing if one.is_open), order)
    keeper.locked = held
    _lock(world, account, market.terms, keeper, wanted)


def _lock(world: World, account: Account, terms: Terms, order: Live, wanted: int) -> None:
    """Make an order lock so much."""
    if wanted == order.locked:
        return
    asset = lock_asset(terms, order.request.side)
    account.wallet(asset).locked += wanted - order.locked
    order.locked = wanted
    world.touch(account.account, asset)


def companions(world: World, account: Account, order: Live) -> list[Live]:
    """Return the other live legs of an order's list."""
    group = world.lists.get(order.list_id) if order.list_id else None
    if group is None or order.order_id not in group.legs:
        return []
    live = account.open.get(group.symbol, {})
    others = (live.get(leg) for leg in group.legs if leg != order.order_id)
    return [one for one in others if one is not None and one.status is not OrderStatus.PENDING]


def joint_need(world: World, account: Account, terms: Terms, order: Live) -> int:
    """Return what an order and its pair lock; once one has begun, the other does not count."""
    orders = [order, *companions(world, account, order)]
    begun = [one for one in orders if one.is_open and (one.filled_lots or one.triggered_ns)]
    return max(need(world, account, terms, one) for one in begun or orders)


def can_lock(world: World, account: Account, market: Market, order: Live) -> bool:
    """Tell whether the account has free what the order needs more than it has locked."""
    wanted = need(world, account, market.terms, order)
    wallet = account.wallet(lock_asset(market.terms, order.request.side))
    return wanted - order.locked <= wallet.total - wallet.locked


def exchange_spot(
    world: World, account: Account | None, terms: Terms, side: Side, *, price: int, lots: int
) -> None:
    """Move both assets of a trade for one side of it; None is the street."""
    quote, base = price * lots * terms.point_atoms, lots * terms.lot_atoms
    for asset, atoms in ((terms.base, side * base), (terms.quote, -side * quote)):
        if account is None:
            world.street[asset] = world.street.get(asset, 0) + atoms
        else:
            account.wallet(asset).total += atoms
            world.touch(account.account, asset)


def charge_spot(
    world: World,
    account: Account,
    terms: Terms,
    side: Side,
    *,
    price: int,
    lots: int,
    is_maker: bool,
) -> tuple[str, int]:
    """Take the fee of a fill; return its asset and atoms (negative: a rebate)."""
    quote, base = price * lots * terms.point_atoms, lots * terms.lot_atoms
    ppm = fee_ppm(account, terms, is_maker=is_maker)
    token = _discounted(world, account, terms, part(quote, ppm))
    in_base = side is Side.BUY and world.profile.buy_fee is BuyFee.BASE
    if token is not None:
        asset, atoms = world.profile.discount_asset, token
    elif in_base:
        asset, atoms = terms.base, part(base, ppm)
    else:
        asset, atoms = terms.quote, part(quote, ppm)
    take_fee(world, account, asset, atoms)
    return asset, atoms


def take_fee(world: World, account: Account, asset: str, atoms: int) -> None:
    """Move a fee from an account to the venue."""
    account.wallet(asset).total -= atoms
    world.fees[asset] = world.fees.get(asset, 0) + atoms
    world.touch(account.account, asset)


def _discounted(world: World, account: Account, terms: Terms, fee: int) -> int | None:
    """Return the fee in atoms of the discount token, or None where it is not paid in it."""
    profile = world.profile
    market = world.markets.get(profile.discount_symbol)
    if not account.pays_discounted or market is None or fee <= 0:
        return None
    token = market.terms
    if token.quote != terms.quote or token.base != profile.discount_asset or not market.last_ticks:
        return None
    reduced = part(fee, PPM - profile.discount_ppm)
    # One lot of the token is worth `last x point` quote atoms and is `lot_atoms` token atoms.
    worth = market.last_ticks * token.point_atoms
    atoms = -(-reduced * token.lot_atoms // worth)
    wallet = account.wallet(profile.discount_asset)
    return atoms if wallet.total - wallet.locked >= atoms else None
