"""Pools: one of a venue's budgets: what is spent in it, who waits for it, how it stands."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.venues.clients.asking.window import Stated, Window
from ballast.venues.clients.calls import Urgency

if TYPE_CHECKING:
    from ballast.venues.clients.calls import Call, Pool

MINUTE_S, SECOND_S = 60.0, 1.0
PATIENCE_S = {
    Urgency.PROTECT: 10.0,
    Urgency.TRADE: 5.0,
    Urgency.ASK: 60.0,
    Urgency.ROUTINE: 120.0,
}
"""How long a call may wait. An entry is stale by then; a stop is decided anew; the rest can wait
until a whole window has passed."""


@dataclass(frozen=True, slots=True)
class Caps:
    """Calls a minute that a person allows (`network.*_minute`), whatever they weigh; 0: any."""

    orders: int = 0
    data: int = 0
    together: int = 0
    """Where the venue has one budget for all."""


ANY = Caps()


@dataclass(slots=True)
class PoolCounts:
    """What happened in a pool, for metrics (R-NET-17)."""

    calls: int = 0
    cost: float = 0.0
    waited: int = 0
    waited_s: float = 0.0
    waiting_max: int = 0
    refused: int = 0
    """Not sent: too many waiting, or waited too long."""
    throttled: int = 0
    """Refused by the venue for their rate."""
    bans: int = 0


@dataclass(frozen=True, slots=True)
class PoolState:
    """How a pool stands; `used` of `limit` within the last minute, by our count.

    `calls` of `cap` are what a person allows in it; 0 of 0 where nobody said anything.
    """

    pool: Pool
    used: float
    limit: float
    calls: float
    cap: float
    waiting: int
    closed_s: float
    """For how long nobody may ask, `PROTECT` neither; 0: open."""
    counts: PoolCounts


@dataclass(slots=True)
class Ticket:
    """A call that waits."""

    call: Call
    rank: tuple[int, int]
    since_s: float
    turn: asyncio.Future[None]

    @property
    def ends_s(self) -> float:
        """Return when it has waited too long."""
        return self.since_s + PATIENCE_S[self.call.urgency]


@dataclass(slots=True)
class Basin:
    """One pool."""

    pool: Pool
    windows: tuple[Window, ...]
    cap: Window | None = None
    """Calls, each of which counts one."""
    paths: dict[str, Window] = field(default_factory=dict)
    """Of single end points, by method."""
    told: dict[str, Stated] = field(default_factory=dict)
    """What the venue states of single end points, by method."""
    counts: PoolCounts = field(default_factory=PoolCounts)
    stated: dict[float, Stated] = field(default_factory=dict)
    """By limit: a venue may state a minute's and a day's."""
    flying: float = 0.0
    """Cost of calls that are not answered yet: headers may not know of them."""
    waiting: list[Ticket] = field(default_factory=list)
    rests_until_s: float = 0.0
    """For everybody but `PROTECT`."""
    streak: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    pump: asyncio.Task[None] | None = None


def cap_of(most: int) -> Window | None:
    """Return the window of calls that a person allows; None: any number."""
    return Window(MINUTE_S, float(most)) if most else None


def windows_of(span_s: float, minute: float, second: float) -> tuple[Window, ...]:
    """Return the windows of a pool, the minute's first."""
    windows = (Window(span_s, minute),)
    return (*windows, Window(SECOND_S, second)) if second else windows
