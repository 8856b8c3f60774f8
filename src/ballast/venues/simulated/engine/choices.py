"""Choices: what an account sets for its perpetuals: leverage, margin, mode of positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import MarginMode, RejectReason
from ballast.venues.simulated.engine import margin, positions
from ballast.venues.simulated.engine.outcomes import Accepted, Rejected

if TYPE_CHECKING:
    from ballast.core.orders import PositionMode, PositionSide
    from ballast.venues.simulated.engine.outcomes import Outcome
    from ballast.venues.simulated.engine.world import Account, Market, World


def set_leverage(world: World, account: Account, market: Market, leverage: int) -> Outcome:
    """Set the leverage of a symbol; what is open must fit it. Isolated margin stays as it is."""
    terms = market.terms
    if not terms.is_perpetual:
        return Rejected(RejectReason.NOT_SUPPORTED, "spot has no leverage")
    if not 1 <= leverage <= terms.tiers[0].max_leverage:
        return Rejected(RejectReason.LEVERAGE, f"1 to {terms.tiers[0].max_leverage}")
    chosen = account.chosen(terms.symbol)
    if leverage == chosen.leverage:
        return Rejected(RejectReason.NO_CHANGE)
    cap = margin.largest(terms, leverage)
    if cap and margin.exposure(account, market) > cap:
        return Rejected(RejectReason.LEVERAGE, "the position is too large for it")
    before = chosen.leverage
    chosen.leverage = leverage
    if leverage < before and margin.available(world, account, terms.quote) < 0:
        chosen.leverage = before
        return Rejected(RejectReason.INSUFFICIENT_MARGIN)
    _touch(world, account, terms.symbol)
    return Accepted()


def set_margin_mode(world: World, account: Account, market: Market, mode: MarginMode) -> Outcome:
    """Choose cross or isolated margin for a symbol without position and orders."""
    symbol = market.terms.symbol
    if not market.terms.is_perpetual:
        return Rejected(RejectReason.NOT_SUPPORTED, "spot has no margin mode")
    chosen = account.chosen(symbol)
    if chosen.margin_mode is mode:
        return Rejected(RejectReason.NO_CHANGE)
    if _is_busy(account, symbol):
        return Rejected(RejectReason.OPEN_ORDERS_OR_POSITION)
    chosen.margin_mode = mode
    _touch(world, account, symbol)
    return Accepted()


def set_position_mode(world: World, account: Account, mode: PositionMode) -> Outcome:
    """Choose one signed position a symbol, or long and short side by side, for the account."""
    if account.position_mode is mode:
        return Rejected(RejectReason.NO_CHANGE)
    perpetuals = [one for one in world.markets.values() if one.terms.is_perpetual]
    if any(_is_busy(account, one.terms.symbol) for one in perpetuals):
        return Rejected(RejectReason.OPEN_ORDERS_OR_POSITION)
    account.position_mode = mode
    return Accepted()


def add_margin(
    world: World, account: Account, market: Market, which: PositionSide, atoms: int
) -> Outcome:
    """Move margin from the wallet into an isolated position, or (negative) back out of it."""
    terms = market.terms
    chosen = account.chosen(terms.symbol)
    held = account.holdings.get(terms.symbol, {}).get(which)
    if held is None or not held.qty or chosen.margin_mode is not MarginMode.ISOLATED:
        return Rejected(RejectReason.NO_POSITION, "no isolated position")
    if atoms > 0 and margin.available(world, account, terms.quote) < atoms:
        return Rejected(RejectReason.INSUFFICIENT_MARGIN)
    ticks = positions.price_now(market)
    value = positions.notional(terms, held.qty, ticks)
    left = held.margin + atoms + min(0, positions.unrealised(terms, held, ticks))
    if atoms < 0 and left < -(-value // chosen.leverage):
        return Rejected(RejectReason.INSUFFICIENT_MARGIN)
    account.wallet(terms.quote).total -= atoms
    held.margin += atoms
    world.touch(account.account, terms.quote)
    world.touch_position(account.account, terms.symbol, which)
    return Accepted()


def _is_busy(account: Account, symbol: str) -> bool:
    sides = account.holdings.get(symbol, {})
    return bool(account.open.get(symbol)) or any(held.qty for held in sides.values())


def _touch(world: World, account: Account, symbol: str) -> None:
    for which in account.holdings.get(symbol, {}):
        world.touch_position(account.account, symbol, which)
