"""Funding: at fixed hours, longs pay shorts (or the reverse) the rate on the marked value.

Amounts are truncated towards zero, position by position; the street pays or receives the rest, so
that a payment moves money and makes none. In isolated margin the position's own margin pays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import MarginMode
from ballast.venues.simulated.engine import positions
from ballast.venues.simulated.engine.events import FundingPaid
from ballast.venues.simulated.engine.world import FUNDING

if TYPE_CHECKING:
    from ballast.core.orders import PositionSide
    from ballast.venues.simulated.engine.world import Account, Market, World

RATE_SCALE = 10**9
HOUR_NS = 3_600 * 10**9


def schedule(world: World, market: Market) -> None:
    """Set the timer of a perpetual's next funding: whole multiples of the interval since 1970."""
    every = world.profile.funding_hours * HOUR_NS
    market.next_funding_ns = (world.now_ns // every + 1) * every
    world.set_timer(market.next_funding_ns, FUNDING, market.terms.symbol)


def settle(world: World, market: Market) -> None:
    """Pay the funding of one perpetual, and set the next timer."""
    terms, rate = market.terms, market.funding_rate_e9
    ticks = positions.price_now(market)
    for account in world.accounts.values():
        for which, held in account.holdings.get(terms.symbol, {}).items():
            due = positions.share(held.qty * ticks * terms.point_atoms, rate, RATE_SCALE)
            if held.qty and due:
                _pay(world, account, market, which, due)
    schedule(world, market)
    world.marked.append(terms.symbol)


def _pay(world: World, account: Account, market: Market, which: PositionSide, due: int) -> None:
    terms = market.terms
    if account.chosen(terms.symbol).margin_mode is MarginMode.ISOLATED:
        account.holding(terms.symbol, which).margin -= due
    else:
        account.wallet(terms.quote).total -= due
    world.street[terms.quote] = world.street.get(terms.quote, 0) + due
    world.touch(account.account, terms.quote)
    world.touch_position(account.account, terms.symbol, which)
    rate = market.funding_rate_e9
    world.emit(
        lambda sequence, at_ns: FundingPaid(
            sequence, at_ns, account.account, terms.symbol, which, rate, -due
        )
    )
