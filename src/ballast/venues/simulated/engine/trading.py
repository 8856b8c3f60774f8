"""Trading: what may be done with a symbol, by command and by announcement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import EndReason
from ballast.venues.simulated.engine import desk
from ballast.venues.simulated.engine.events import HaltChanged, Trading
from ballast.venues.simulated.engine.notices import Maintenance
from ballast.venues.simulated.engine.world import NOTICE

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.world import World


def set_trading(world: World, symbol: str, trading: Trading) -> None:
    """Halt, resume or delist a symbol; delisting cancels what is open."""
    world.markets[symbol].trading = trading
    world.emit(lambda sequence, at_ns: HaltChanged(sequence, at_ns, symbol, trading))
    if trading is Trading.DELISTED:
        for account in world.accounts.values():
            desk.cancel_all(world, account, symbol, EndReason.DELISTED)


def announce_maintenance(world: World, from_ns: int, until_ns: int) -> None:
    """Announce a maintenance in place of any other one that has not begun."""
    world.notices.maintenance = Maintenance(from_ns, until_ns)
    world.set_timer(from_ns, NOTICE)
    world.set_timer(until_ns, NOTICE)


def announce_end(world: World, symbol: str, at_ns: int) -> None:
    """Announce that a symbol will be delisted at a time."""
    world.notices.ends_ns[symbol] = at_ns
    world.set_timer(at_ns, NOTICE, symbol)


def go_off(world: World, symbol: str) -> None:
    """Do what was announced for now; an announcement that was replaced does nothing."""
    if symbol:
        if world.notices.ends_ns.get(symbol) == world.now_ns:
            set_trading(world, symbol, Trading.DELISTED)
        return
    planned = world.notices.maintenance
    if planned is None:
        return
    if planned.from_ns == world.now_ns:
        planned.halted = [
            name for name, one in world.markets.items() if one.trading is Trading.TRADING
        ]
        for name in planned.halted:
            set_trading(world, name, Trading.HALTED)
    elif planned.until_ns == world.now_ns:
        for name in planned.halted:
            set_trading(world, name, Trading.TRADING)
        world.notices.maintenance = None
