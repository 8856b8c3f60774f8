"""Clock: what happens because time passes."""

from __future__ import annotations

from heapq import heappop
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.orders import EndReason
from ballast.venues.simulated.engine import matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.simulated.engine.street import LiquiditySource, Street
    from ballast.venues.simulated.engine.world import World

DEADLINE = "deadline"


def next_ns(world: World, sources: Sequence[LiquiditySource]) -> int | None:
    """Return when the next timer goes off or the next source acts, or None."""
    times = [time for one in sources if (time := one.next_ns(world.now_ns)) is not None]
    if world.timers:
        times.append(world.timers[0][0])
    return min(times, default=None)


def run_due(world: World, sources: Sequence[LiquiditySource], street: Street) -> None:
    """Do one thing that is due now: a timer, or else a source."""
    if world.timers and world.timers[0][0] <= world.now_ns:
        _, _, kind, symbol, number = heappop(world.timers)
        _go_off(world, kind, symbol, number)
        return
    for source in sources:
        due = source.next_ns(world.now_ns)
        if due is None or due > world.now_ns:
            continue
        source.step(street, world.now_ns)
        following = source.next_ns(world.now_ns)
        if following is not None and following <= world.now_ns:
            raise InternalError(f"{type(source).__name__} does not move on in time")
        return


def _go_off(world: World, kind: str, symbol: str, number: int) -> None:
    if kind == DEADLINE:
        _end_at_deadline(world, symbol, number)


def _end_at_deadline(world: World, symbol: str, order_id: int) -> None:
    for account in world.accounts.values():
        order = account.open.get(symbol, {}).get(order_id)
        if order is not None:
            matching.take_out(world, world.markets[symbol], order, EndReason.DEADLINE)
