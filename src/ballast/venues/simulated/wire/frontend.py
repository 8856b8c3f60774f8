"""Front end: one venue's protocol over the engine. Every venue's folder implements this.

A front end is sans I/O. It decodes a request, checks it as strictly as the venue does, calls the
engine, and encodes the answer; a session turns engine events into frames. It never waits, never
reads a clock (`wire_now_ns` is the venue's time, skewed where a fault says so), never draws.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.simulated.wire.messages import Frame, Request, Response


class Trouble(StrEnum):
    """Answers a venue gives when it does not do what it was asked, each in its own words."""

    UNKNOWN_STATUS = "unknown_status"  # the gateway gave up; whether it was done is not known
    UNAVAILABLE = "unavailable"  # 503, nothing was done
    MAINTENANCE = "maintenance"
    RATE_LIMITED = "rate_limited"  # 429 or the venue's code
    BANNED = "banned"  # 418, 403 or the venue's code
    NOT_FOUND = "not_found"  # "unknown order", true or false
    REFUSED = "refused"  # a refusal of an order, insufficient balance


class Market(Protocol):
    """What the gateway itself needs of the engine."""

    @property
    def now_ns(self) -> int:
        """Return the engine's time."""
        ...

    def advance(self, to_ns: int) -> None:
        """Let the engine's time pass: liquidity, timers, funding, expiries."""
        ...

    def drain(self) -> Sequence[Any]:
        """Return the events since the last call, in order."""
        ...


class Session(Protocol):
    """One stream connection of a client.

    A session may say which events `publish` can have an answer to (`interests.Choosy`): it is not
    asked about others then. `tick` comes with each turn of the transport, not with each request.
    """

    def receive(self, text: str) -> Sequence[Frame]:
        """Take a text frame of the client; return what is sent back at once."""
        ...

    def publish(self, event: Any) -> Sequence[Frame]:  # noqa: ANN401 - the engine's event union
        """Return the frames of one engine event, none if this session did not ask for it."""
        ...

    def tick(self, now_ns: int) -> Sequence[Frame]:
        """Return what is due by time: pings, expiries, the end after 24 hours, batched depth."""
        ...

    def pong(self) -> None:
        """Be told that the client answered a ping of the venue."""
        ...

    def closed(self) -> None:
        """Be told that the connection is gone."""
        ...


@runtime_checkable
class Departing(Protocol):
    """A session whose venue says something before it ends a stream."""

    def farewell(self, now_ns: int) -> Sequence[Frame]:
        """Return what is said now; the stream need not be closed by it."""
        ...


class FrontEnd(Protocol):
    """One venue's protocol. One that also says what it keeps (`keeping.Keeper`) can be restored."""

    name: str
    hosts: frozenset[str]
    """Host names it answers to; over plain loopback the first path segment may name it instead."""
    clock_skew_ns: int
    """Set by the faults: how far the venue's clock is from the engine's."""

    @property
    def market(self) -> Market:
        """Return the engine behind it; several front ends may share one."""
        ...

    def observe(self, event: Any) -> None:  # noqa: ANN401 - the engine's event union
        """Take every event of the engine once, before the sessions do."""
        ...

    def handle(self, request: Request) -> Response:
        """Answer one request; never raise for what a client sent."""
        ...

    def connect(self, request: Request) -> Session | Response:
        """Open a stream, or refuse it with an answer."""
        ...

    def is_order_entry(self, request: Request) -> bool:
        """Tell whether the request can place, change or cancel an order."""
        ...

    def trouble(self, kind: Trouble, request: Request) -> Response:
        """Return how this venue says it, with its status, its code and its headers."""
        ...
