"""Latency: a request arrives later than it was sent, its answer later still, the feed late too.

Each leg is a smallest delay plus a log-normal one: `minimum + median * exp(sigma * z)`. Draw number
n of a leg depends on the seed, the leg and n alone, so that nothing has to be remembered. Requests
of one account do not overtake each other: they share a connection. Its answers may.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.orders import AmendRequest, ListRequest, OrderRef, OrderRequest
from ballast.core.rng import stream
from ballast.venues.simulated.engine.events import Answered
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.engine.world import REQUEST, Sent

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.outcomes import Outcome
    from ballast.venues.simulated.engine.world import World


@dataclass(frozen=True, slots=True)
class Leg:
    """One way: nanoseconds it takes at least, and the median and spread of what comes on top."""

    minimum_ns: int = 0
    median_ns: int = 0
    sigma: float = 0.0

    def draw_ns(self, seed: int, leg: str, number: int) -> int:
        """Return delay `number` of a leg."""
        if not self.median_ns:
            return self.minimum_ns
        spread = stream(seed, f"latency/{leg}/{number}").standard_normal() if self.sigma else 0.0
        return self.minimum_ns + int(self.median_ns * math.exp(self.sigma * float(spread)))


@dataclass(frozen=True, slots=True)
class Latency:
    """The three legs between a client and the venue."""

    feed: Leg = field(default_factory=Leg)
    entry: Leg = field(default_factory=Leg)
    ack: Leg = field(default_factory=Leg)


Request = OrderRequest | AmendRequest | OrderRef | ListRequest
"""What can be sent with a delay; an `OrderRef` asks to cancel."""


def put_on_its_way(
    world: World,
    latency: Latency,
    seed: int,
    account: int,
    request: Request,
) -> int:
    """Send a request; return its ticket."""
    ticket = world.next_ticket
    world.next_ticket += 1
    due = world.now_ns + latency.entry.draw_ns(seed, "entry", ticket)
    due = max(due, world.arrivals.get(account, 0))
    world.arrivals[account] = due
    world.sent[ticket] = _sent(ticket, account, request)
    world.set_timer(due, REQUEST, number=ticket)
    return ticket


def _sent(ticket: int, account: int, request: Request) -> Sent:
    match request:
        case OrderRequest():
            return Sent(ticket, account, order=request)
        case AmendRequest():
            return Sent(ticket, account, amend=request)
        case OrderRef():
            return Sent(ticket, account, cancel=request)
        case ListRequest():
            return Sent(ticket, account, group=request)


def answer(world: World, latency: Latency, seed: int, sent: Sent, outcome: Outcome) -> None:
    """Tell what became of a request, and when its sender will know."""
    due = world.now_ns + latency.ack.draw_ns(seed, "ack", sent.ticket)
    rejected = outcome.reason if isinstance(outcome, Rejected) else None
    ids = () if isinstance(outcome, Rejected) else tuple(one.order_id for one in outcome.orders)
    world.emit(
        lambda sequence, at_ns: Answered(
            sequence, at_ns, sent.ticket, sent.account, due, rejected, ids
        )
    )


class DelayedFeed:
    """Hands events over when they reach a client; the order is kept."""

    def __init__(self, latency: Latency, seed: int) -> None:
        """Delay by the feed leg."""
        self._leg = latency.feed
        self._seed = seed
        self._waiting: deque[tuple[int, Event]] = deque()
        self._last_ns = 0

    def push(self, events: list[Event]) -> None:
        """Take events as the exchange made them."""
        for event in events:
            due = event.at_ns + self._leg.draw_ns(self._seed, "feed", event.sequence)
            self._last_ns = max(self._last_ns, due)
            self._waiting.append((self._last_ns, event))

    def next_ns(self) -> int | None:
        """Return when the next event arrives, or None."""
        return self._waiting[0][0] if self._waiting else None

    def arrived(self, now_ns: int) -> list[Event]:
        """Return the events that have arrived by now, once."""
        found = []
        while self._waiting and self._waiting[0][0] <= now_ns:
            found.append(self._waiting.popleft()[1])
        return found
