"""Clock: what happens because time passes."""

from __future__ import annotations

from heapq import heappop
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.orders import EndReason
from ballast.venues.simulated.engine import desk, funding, shelf, trading
from ballast.venues.simulated.engine.world import COUNTDOWN, DEADLINE, FUNDING, NOTICE, REQUEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.simulated.engine.street import LiquiditySource, Street
    from ballast.venues.simulated.engine.world import Account, World

MS = 10**6


def next_ns(world: World, sources: Sequence[LiquiditySource]) -> int | None:
    """Return when the next timer goes off or the next source acts, or None."""
    times = [time for one in sources if (time := one.next_ns(world.now_ns)) is not None]
    if world.timers:
        times.append(world.timers[0][0])
    return min(times, default=None)


def run_due(world: World, sources: Sequence[LiquiditySource], street: Street) -> int:
    """Do one thing that is due now: a timer, or else a source.

    Return the ticket of a request that has arrived, for the caller to carry out, or 0.
    """
    if world.timers and world.timers[0][0] <= world.now_ns:
        _, _, kind, symbol, number = heappop(world.timers)
        if kind == REQUEST:
            return number
        _go_off(world, kind, symbol, number)
        return 0
    for source in sources:
        due = source.next_ns(world.now_ns)
        if due is None or due > world.now_ns:
            continue
        source.step(street, world.now_ns)
        following = source.next_ns(world.now_ns)
        if following is not None and following <= world.now_ns:
            raise InternalError(f"{type(source).__name__} does not move on in time")
        break
    return 0


def set_countdown(world: World, account: Account, symbol: str, ms: int) -> None:
    """Arm, move or (0) disarm the dead-man switch of an account's symbol ("" for all)."""
    if ms <= 0:
        account.countdowns.pop(symbol, None)
        return
    due = world.now_ns + ms * MS
    account.countdowns[symbol] = due
    world.set_timer(due, COUNTDOWN, symbol, account.account)


def _go_off(world: World, kind: str, symbol: str, number: int) -> None:
    if kind == DEADLINE:
        _end_at_deadline(world, symbol, number)
    elif kind == COUNTDOWN:
        account = world.accounts[number]
        if account.countdowns.get(symbol, 0) == world.now_ns:  # it was not moved since
            del account.countdowns[symbol]
            desk.cancel_all(world, account, symbol or None, EndReason.COUNTDOWN)
    elif kind == FUNDING:
        funding.settle(world, world.markets[symbol])
    elif kind == NOTICE:
        trading.go_off(world, symbol)


def _end_at_deadline(world: World, symbol: str, order_id: int) -> None:
    for account in world.accounts.values():
        order = account.open.get(symbol, {}).get(order_id)
        if order is not None:
            shelf.take_out(world, world.markets[symbol], order, EndReason.DEADLINE)
