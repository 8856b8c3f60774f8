"""Adopting: a position at the venue is taken over by the node, while a person looks (R-RECON-05).

The session begins like any other: it replays the journal, opens the streams and reconciles. Then
it shows what would be taken over, waits for the word, tells the node, and ends when a stop rests.
It opens nothing: its rules permit no entry.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.errors import UserError
from ballast.runtime.adopting import planned, tried
from ballast.runtime.node.desk import unprotected
from ballast.runtime.node.events import Priced
from ballast.venues.clients.calls import CallError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ballast.runtime.adopting import AdoptWish, Outcome, Plan
    from ballast.service.live.opening import OpenedLive
    from ballast.service.live.running import LiveRunning
    from ballast.venues.clients.market import Market

PROTECTED_S = 30.0
"""How long a stop may take to rest: the guard closes what is bare for fifteen seconds."""
LOOK_S = 0.05


def entering_nothing(opened: OpenedLive) -> OpenedLive:
    """Return a session in which the gate lets no entry pass."""
    return replace(opened, rules=replace(opened.rules, permissions=()))


class Adoption:
    """One position that is taken over; give `act` to `LiveRunning.run`."""

    def __init__(
        self, wish: AdoptWish, confirm: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        """Take over what is wished; `confirm` is shown it, and raises where a person says no."""
        self.wish = wish
        self.told: dict[str, Any] = {}
        self._confirm = confirm

    async def act(self, running: LiveRunning) -> None:
        """Plan, have it confirmed, look again, and do it; raise `UserError` where it cannot be."""
        plan, outcome = await self._look(running)
        market = running.line.desk.markets[self.wish.symbol]
        self.told = plain(market, plan, outcome)
        await self._confirm(self.told)
        plan, again = await self._look(running)  # a person thinks, and a market moves meanwhile
        if (again.lots_before, again.lots) != (outcome.lots_before, outcome.lots):
            raise UserError(f"what is held of {self.wish.symbol} has changed", fix="start again")
        assert running.wired is not None  # noqa: S101 - it is under way
        live = running.wired.live
        live.tell(Priced(self.wish.symbol, plan.price_ticks, running.line.now_ns()))
        live.tell(replace(plan.event, at_ns=running.line.now_ns()))
        self.told = plain(market, plan, again)
        await self._protected(running)
        self.told["protected"] = True

    async def _look(self, running: LiveRunning) -> tuple[Plan, Outcome]:
        line = running.line
        try:
            plan = await planned(line.desk, running.node, self.wish, line.now_ns())
        except CallError as error:
            raise UserError(f"{line.name} does not answer: {error}") from None
        return plan, tried(running.node, running.opened.strategies, plan)

    async def _protected(self, running: LiveRunning) -> None:
        """Wait until a stop of its size rests; raise `UserError` where none does."""
        symbol, clock = self.wish.symbol, running.line.clock
        until_s = clock.monotonic() + PROTECTED_S
        while symbol in unprotected(running.node.book, running.node.bare()):
            if clock.monotonic() > until_s:
                raise UserError(
                    f"{symbol} is adopted, and no stop of it rests yet",
                    fix="start `ballast live` at once, or close it by hand; see the alerts",
                )
            await clock.sleep(LOOK_S)


def plain(market: Market, plan: Plan, outcome: Outcome) -> dict[str, Any]:
    """Return what is taken over, for people and `--json`."""
    lots, stop = outcome.lots, market.tick * outcome.stop_ticks
    entry = Decimal(repr(outcome.entry))
    direction = 1 if lots > 0 else -1
    risk = float((entry - stop) * direction * market.lot * abs(lots)) if lots else 0.0
    return {
        "symbol": market.symbol,
        "side": "flat" if not lots else "long" if lots > 0 else "short",
        "qty": float(market.lot * abs(lots)),
        "qty_before": float(market.lot * abs(outcome.lots_before)),
        "entry": outcome.entry,
        "price": float(market.tick * plan.price_ticks),
        "stop": float(stop),
        "loss_at_stop": round(risk, 8),
        "realised": outcome.realised,
        "takes_done": outcome.takes_done,
        "trades": sum(one.order_id != 0 for one in plan.event.fills),
        "orders_kept": [one.client_id for one in plan.event.orders],
        "orders_cancelled": list(plan.event.cancels),
        "protected": False,
    }
