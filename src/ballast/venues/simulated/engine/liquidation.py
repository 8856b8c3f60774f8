"""Liquidation: positions whose margin is used up are taken away, and who pays.

An isolated position goes when margin plus marked profit is at or below its maintenance margin. In
cross margin all cross positions of the account answer: when equity is at or below the sum of their
maintenance margins, the one with the largest loss goes, then the next, until equity suffices. A
position is taken away in steps, each for what the one before left:

1. its orders are cancelled (all cross orders of the account in cross margin);
2. it trades in the book, no worse than its bankruptcy price, at which its margin is just used up;
3. it trades at worse prices as long as the insurance fund can pay the difference;
4. positions of the other side are closed against it at its bankruptcy price (auto-deleveraging),
   those with the highest profit times leverage first, and at last the street's.

What is left of the margin pays the liquidation fee to the fund. Isolated losses never reach the
wallet: what a close lacks, the fund pays; what the fund lacks, the street bears.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import EndReason, OrderKind, OrderRequest, OrderStatus, PositionSide, Side
from ballast.venues.simulated.engine import funds, margin, matching, positions, reduction, shelf
from ballast.venues.simulated.engine.events import Change, Deleveraged, Liquidated
from ballast.venues.simulated.engine.world import Live

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.world import Account, Holding, Market, World


def check(world: World, market: Market) -> None:
    """Look at every account that has a position in a symbol whose mark moved."""
    for account in world.accounts.values():
        check_account(world, account, market)


def check_account(world: World, account: Account, market: Market) -> None:
    """Liquidate what is due in one account; make good a wallet that nothing stands behind."""
    symbol, asset = market.terms.symbol, market.terms.quote
    if margin.is_cross(account, symbol):
        _check_cross(world, account, asset)
        if account.wallet(asset).total < 0 and not _cross_positions(world, account, asset):
            _cover(world, account, asset, 0)
        return
    for which, held in account.holdings.get(symbol, {}).items():
        if held.qty and _is_due(market, held):
            _cancel_orders(world, account, [market])
            _take_away(world, account, market, which)


def _is_due(market: Market, held: Holding) -> bool:
    ticks = positions.price_now(market)
    left = held.margin + positions.unrealised(market.terms, held, ticks)
    return left <= positions.maintenance(market.terms, held, ticks)


def cross_maintenance(world: World, account: Account, asset: str) -> int:
    """Return the maintenance margin of all cross positions settled in an asset."""
    return sum(
        positions.maintenance(market.terms, held, positions.price_now(market))
        for market, _, held in _cross_positions(world, account, asset)
    )


def _cross_positions(
    world: World, account: Account, asset: str
) -> list[tuple[Market, PositionSide, Holding]]:
    return [
        (world.markets[symbol], which, held)
        for symbol, sides in account.holdings.items()
        if world.markets[symbol].terms.quote == asset and margin.is_cross(account, symbol)
        for which, held in sides.items()
        if held.qty
    ]


def _check_cross(world: World, account: Account, asset: str) -> None:
    def loss(found: tuple[Market, PositionSide, Holding]) -> tuple[int, str]:
        market, _, held = found
        ticks = positions.price_now(market)
        return positions.unrealised(market.terms, held, ticks), market.terms.symbol

    while True:
        found = _cross_positions(world, account, asset)
        due = cross_maintenance(world, account, asset)
        if not found or margin.equity(world, account, asset) > due:
            return
        _cancel_orders(world, account, [market for market, _, _ in found])
        market, which, _ = min(found, key=loss)
        _take_away(world, account, market, which)


def _cancel_orders(world: World, account: Account, markets: list[Market]) -> None:
    for market in markets:
        for order in list(account.open.get(market.terms.symbol, {}).values()):
            if order.is_open:
                shelf.take_out(world, market, order, EndReason.LIQUIDATION)


def bankruptcy_ticks(world: World, account: Account, market: Market, which: PositionSide) -> int:
    """Return the worst whole price at which closing leaves nothing owed; at least one tick."""
    terms = market.terms
    held = account.holding(terms.symbol, which)
    behind = held.margin
    if margin.is_cross(account, terms.symbol):
        ticks = positions.price_now(market)
        own = positions.unrealised(terms, held, ticks)
        behind = margin.equity(world, account, terms.quote) - own
    worth = abs(held.qty) * terms.point_atoms
    if held.qty > 0:
        return max(1, -(-(held.cost - behind) // worth))
    return max(1, (-held.cost + behind) // worth)


def _take_away(world: World, account: Account, market: Market, which: PositionSide) -> None:
    terms = market.terms
    held = account.holding(terms.symbol, which)
    lots = abs(held.qty)
    bankrupt = bankruptcy_ticks(world, account, market, which)
    fund_before = world.insurance.get(terms.quote, 0)
    cross = margin.is_cross(account, terms.symbol)
    floor = 0 if cross else account.wallet(terms.quote).total
    value = _trade(world, account, market, which, bankrupt)
    if held.qty:
        value += _trade(
            world, account, market, which, _covered_limit(world, market, held, bankrupt)
        )
    deleveraged = abs(held.qty)
    if deleveraged:
        _deleverage(world, account, market, which, bankrupt)
    if not cross or not _cross_positions(world, account, terms.quote):
        _cover(world, account, terms.quote, floor)
    _charge_fee(world, account, market, value, floor)
    gained = world.insurance.get(terms.quote, 0) - fund_before
    world.touch(account.account, terms.quote)
    world.emit(
        lambda sequence, at_ns: Liquidated(
            sequence, at_ns, account.account, terms.symbol, which, lots, bankrupt, deleveraged,
            gained,
        )
    )  # fmt: skip


def _trade(world: World, account: Account, market: Market, which: PositionSide, limit: int) -> int:
    """Close what the book takes up to `limit`, without a fee; return its value in atoms."""
    held = account.holding(market.terms.symbol, which)
    side = Side.SELL if held.qty > 0 else Side.BUY
    request = OrderRequest(
        market.terms.symbol, side, OrderKind.MARKET, abs(held.qty), limit,
        reduce_only=True, position_side=which,
    )  # fmt: skip
    order = Live(
        order_id=world.next_order_id,
        account=account.account,
        request=request,
        status=OrderStatus.NEW,
        created_ns=world.now_ns,
        updated_ns=world.now_ns,
        is_liquidation=True,
    )
    world.next_order_id += 1
    account.orders(market.terms.symbol)[order.order_id] = order
    shelf.update(world, order, Change.NEW)
    matching.enter_book(world, market, order, limit, is_market=True)
    return order.value * market.terms.point_atoms


def _covered_limit(world: World, market: Market, held: Holding, bankrupt: int) -> int:
    """Return the worst price at which the insurance fund could pay for the whole rest."""
    worth = abs(held.qty) * market.terms.point_atoms
    further = max(0, world.insurance.get(market.terms.quote, 0)) // worth
    return max(1, bankrupt - further) if held.qty > 0 else bankrupt + further


def _cover(world: World, account: Account, asset: str, floor: int) -> None:
    """Bring the wallet back to its floor: the fund pays, and what it lacks the street bears."""
    wallet = account.wallet(asset)
    owed = floor - wallet.total
    if owed <= 0:
        return
    paid = min(owed, max(0, world.insurance.get(asset, 0)))
    world.insurance[asset] = world.insurance.get(asset, 0) - paid
    world.street[asset] = world.street.get(asset, 0) - (owed - paid)
    wallet.total += owed
    world.touch(account.account, asset)


def _charge_fee(world: World, account: Account, market: Market, value: int, floor: int) -> None:
    asset = market.terms.quote
    wallet = account.wallet(asset)
    left = max(0, wallet.total - max(0, floor))
    fee = min(left, funds.part(value, world.profile.liquidation_fee_ppm))
    wallet.total -= fee
    world.insurance[asset] = world.insurance.get(asset, 0) + fee


def _deleverage(
    world: World, account: Account, market: Market, which: PositionSide, ticks: int
) -> None:
    """Close the rest against positions of the other side, at the bankruptcy price."""
    terms = market.terms
    held = account.holding(terms.symbol, which)
    side = Side.SELL if held.qty > 0 else Side.BUY
    for other, other_side in _ranked(world, market, side):
        if not held.qty:
            return
        theirs = other.holding(terms.symbol, other_side)
        if theirs is held:
            continue
        lots = min(abs(held.qty), abs(theirs.qty))
        back = Side(-side)
        positions.fill(world, account, terms, side, which, price=ticks, lots=lots)
        positions.fill(world, other, terms, back, other_side, price=ticks, lots=lots)
        reduction.enforce(world, market, other)
        _tell_deleveraged(world, other, terms.symbol, other_side, lots=lots, ticks=ticks)
    if held.qty:
        lots = abs(held.qty)
        positions.fill(world, account, terms, side, which, price=ticks, lots=lots)
        positions.street_fill(world, terms, Side(-side), price=ticks, lots=lots)


def _tell_deleveraged(
    world: World, other: Account, symbol: str, which: PositionSide, *, lots: int, ticks: int
) -> None:
    world.emit(
        lambda sequence, at_ns: Deleveraged(
            sequence, at_ns, other.account, symbol, which, lots, ticks
        )
    )


def _ranked(world: World, market: Market, side: Side) -> list[tuple[Account, PositionSide]]:
    """Return the holders of the other side, the most profitable and leveraged first."""
    symbol, terms = market.terms.symbol, market.terms
    ticks = positions.price_now(market)
    ranked = []
    for account in world.accounts.values():
        leverage = account.chosen(symbol).leverage if symbol in account.holdings else 1
        for which, held in account.holdings.get(symbol, {}).items():
            if held.qty * side <= 0:
                continue
            profit = positions.unrealised(terms, held, ticks)
            score = profit * leverage * PRECISION // max(1, abs(held.cost))
            ranked.append((-score, account.account, which))
    ranked.sort()
    return [(world.accounts[number], which) for _, number, which in ranked]


PRECISION = 10**9
"""Ranking compares whole numbers: profit per cost, in billionths."""
