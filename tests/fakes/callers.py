"""Many callers of one budget in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.venues.clients.access import Access, Usage
from ballast.venues.clients.asking.budget import Budget
from ballast.venues.clients.asking.pools import ANY, Caps
from ballast.venues.clients.calls import Call, CallError, Pool, Urgency
from tests.fakes.clock import OrderedClock

if TYPE_CHECKING:
    from collections.abc import Mapping


def usage(headers: Mapping[str, str]) -> tuple[Usage, ...]:
    if "used" not in headers:
        return ()
    limit, resets = headers.get("limit"), headers.get("resets")
    return (
        Usage(
            headers.get("pool", Pool.DATA),
            float(headers["used"]),
            float(limit) if limit else None,
            float(resets) if resets else None,
        ),
    )


def access(
    data: float = 100.0, orders: float = 0.0, second: float = 0.0, path: float = 0.0
) -> Access:
    return Access(
        "X", "x", lambda *_: None, data_minute=data, orders_minute=orders,
        data_second=second, path_budget=path, read_usage=usage,
    )  # fmt: skip


@dataclass(frozen=True)
class Sent:
    name: int
    at_s: float
    cost: float
    urgency: Urgency


class Street:
    """Many callers of one budget in virtual time; remembers what was sent when."""

    def __init__(self, rules: Access, caps: Caps = ANY) -> None:
        self.clock = OrderedClock(start_s=0.0)
        self.budget = Budget(rules, self.clock, caps)
        self.sent: list[Sent] = []
        self.refused: list[tuple[int, CallError]] = []

    async def one(
        self,
        name: int,
        urgency: Urgency = Urgency.ROUTINE,
        *,
        cost: float = 1.0,
        after_s: float = 0.0,
        pool: Pool = Pool.DATA,
        method: str = "ask",
    ) -> None:
        if after_s:
            await self.clock.sleep(after_s)
        call = Call(method, urgency=urgency, cost=cost, pool=pool)
        try:
            await self.budget.acquire(call)
        except CallError as error:
            self.refused.append((name, error))
            return
        self.sent.append(Sent(name, self.clock.monotonic(), cost, urgency))
        self.budget.done(call)

    def run(self, *coroutines: object) -> None:
        asyncio.run(self.clock.drive(*coroutines))

    def most_within(self, span_s: float, *, without_protect: bool = False) -> float:
        """Return the most that was sent in any half-open span, by looking at all of them.

        A microsecond is left to the rounding of times.
        """
        sent = [
            one for one in self.sent if not (without_protect and one.urgency is Urgency.PROTECT)
        ]
        return max(
            (
                sum(each.cost for each in sent if one.at_s <= each.at_s < one.at_s + span_s - 1e-6)
                for one in sent
            ),
            default=0.0,
        )
