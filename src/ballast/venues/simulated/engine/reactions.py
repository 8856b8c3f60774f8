"""Reactions: what follows from what just happened, until nothing more does.

First lists and position stops react to their orders, then conditional orders see the trades, in
their order, then marks: liquidation before triggers, for a venue looks at margin first. Each
reaction can cause trades, which come back here. It ends, for every round closes an order, moves a
trailing stop or uses up a trade that happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.orders import TriggerBy
from ballast.venues.simulated.engine import liquidation, lists, stops, triggers

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.world import World

ROUNDS_MAX = 10_000_000
"""Reactions to one request; more is a loop."""


def run(world: World) -> None:
    """Let everything react."""
    for _ in range(ROUNDS_MAX):
        if world.todo:
            order = world.todo.popleft()
            lists.react(world, order)
            market, account = world.markets[order.request.symbol], world.accounts[order.account]
            if market.terms.is_perpetual:
                stops.drop_orphans(world, account, market.terms.symbol)
                stops.follow(world, order)
                liquidation.check_account(world, account, market)
        elif world.fired:
            symbol, ticks = world.fired.popleft()
            market = world.markets[symbol]
            if market.terms.is_perpetual and not market.mark_ticks:
                liquidation.check(world, market)
            triggers.see(world, market, TriggerBy.LAST, ticks)
        elif world.marked:
            _marked(world, world.marked.popleft())
        else:
            return
    raise InternalError("reactions do not end")


def _marked(world: World, symbol: str) -> None:
    market = world.markets[symbol]
    if not market.terms.is_perpetual:
        return
    liquidation.check(world, market)
    triggers.see(world, market, TriggerBy.MARK, market.mark_ticks)
    triggers.see(world, market, TriggerBy.INDEX, market.index_ticks)
