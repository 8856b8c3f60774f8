"""Standing: how a position stands, and the price that would liquidate it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.venues.simulated.engine import liquidation, margin, positions
from ballast.venues.simulated.engine.events import Position
from ballast.venues.simulated.engine.profile import PPM

if TYPE_CHECKING:
    from ballast.core.orders import PositionSide
    from ballast.venues.simulated.engine.world import Account, Market, World


def of(world: World, account: Account, market: Market, which: PositionSide) -> Position:
    """Return a position as others may see it."""
    terms = market.terms
    chosen = account.chosen(terms.symbol)
    held = account.holding(terms.symbol, which)
    ticks = positions.price_now(market)
    return Position(
        account=account.account,
        symbol=terms.symbol,
        side=which,
        qty_lots=held.qty,
        cost_atoms=held.cost,
        margin_mode=chosen.margin_mode,
        leverage=chosen.leverage,
        margin_atoms=held.margin,
        mark_ticks=ticks,
        unrealised_atoms=positions.unrealised(terms, held, ticks) if held.qty else 0,
        realised_atoms=held.realised,
        liquidation_ticks=liquidation_ticks(world, account, market, which) if held.qty else 0,
    )


def all_of(world: World, account: Account, symbol: str | None) -> list[Position]:
    """Return the open positions of an account, by symbol."""
    return [
        of(world, account, world.markets[one], which)
        for one in sorted(account.holdings)
        if symbol is None or one == symbol
        for which, held in sorted(account.holdings[one].items())
        if held.qty
    ]


def liquidation_ticks(world: World, account: Account, market: Market, which: PositionSide) -> int:
    """Return the mark price nearest to now that would liquidate a position; 0 for none.

    Solves `margin + q P - cost = maintenance(P)` in the present leverage bracket. In cross margin
    the margin is the rest of the equity less what the other positions need, all at present marks.
    """
    terms = market.terms
    held = account.holding(terms.symbol, which)
    ticks = positions.price_now(market)
    tier = positions.tier_of(terms, positions.notional(terms, held.qty, ticks))
    behind = held.margin
    if margin.is_cross(account, terms.symbol):
        others = liquidation.cross_maintenance(world, account, terms.quote)
        others -= positions.maintenance(terms, held, ticks)
        own = positions.unrealised(terms, held, ticks)
        behind = margin.equity(world, account, terms.quote) - own - others
    behind += tier.deduction_atoms
    worth = abs(held.qty) * terms.point_atoms
    if held.qty > 0:
        return max(0, (held.cost - behind) * PPM // (worth * (PPM - tier.maintenance_ppm)))
    return max(0, -(-(behind - held.cost) * PPM // (worth * (PPM + tier.maintenance_ppm))))
