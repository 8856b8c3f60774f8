"""A venue of one page: it counts orders, its streams tell the count. For tests of the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.wire.frontend import Trouble
from ballast.venues.simulated.wire.messages import Close, Frame, Ping, Request, Response, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

SECOND_NS = 1_000_000_000
STATUS = {
    Trouble.UNKNOWN_STATUS: 504,
    Trouble.UNAVAILABLE: 503,
    Trouble.MAINTENANCE: 503,
    Trouble.RATE_LIMITED: 429,
    Trouble.BANNED: 418,
    Trouble.NOT_FOUND: 400,
    Trouble.REFUSED: 400,
}


@dataclass
class ToyMarket:
    """Counts what was done to it."""

    now_ns: int = 0
    orders: int = 0
    events: list[int] = field(default_factory=list)

    def advance(self, to_ns: int) -> None:
        assert to_ns >= self.now_ns
        self.now_ns = to_ns

    def drain(self) -> Sequence[int]:
        out, self.events = self.events, []
        return out

    def order(self) -> int:
        self.orders += 1
        self.events.append(self.orders)
        return self.orders


@dataclass
class ToySession:
    market: ToyMarket
    opened_ns: int
    subscribed: bool = False
    pings: int = 0
    pongs: int = 0
    gone: bool = False

    def receive(self, text: str) -> Sequence[Frame]:
        self.subscribed = text == "subscribe"
        return (Text(f"heard {text}"),)

    def publish(self, event: Any) -> Sequence[Frame]:
        return (Text(f"order {event}"),) if self.subscribed else ()

    def tick(self, now_ns: int) -> Sequence[Frame]:
        age = now_ns - self.opened_ns
        if age >= 86_400 * SECOND_NS:
            return (Close(1001, "a day is over"),)
        due = age // (20 * SECOND_NS)
        if due > self.pings:
            self.pings = due
            return (Ping(b"here?"),)
        return ()

    def pong(self) -> None:
        self.pongs += 1

    def closed(self) -> None:
        self.gone = True


class ToyVenue:
    name = "toy"
    hosts = frozenset({"api.toy.example", "stream.toy.example"})

    def __init__(self, market: ToyMarket | None = None) -> None:
        self.market = market or ToyMarket()
        self.clock_skew_ns = 0
        self.sessions: list[ToySession] = []
        self.seen: list[int] = []

    def observe(self, event: Any) -> None:
        self.seen.append(event)

    def handle(self, request: Request) -> Response:
        if request.path == "/order" and request.method == "POST":
            return Response.of({"id": self.market.order(), "form": request.form_pairs()})
        if request.path == "/time":
            return Response.of({"now": self.market.now_ns + self.clock_skew_ns})
        if request.path == "/echo":
            return Response.of([request.method, request.query_pairs(), request.body.decode()])
        return Response.of({"code": -1}, 404)

    def connect(self, request: Request) -> ToySession | Response:
        if request.path != "/stream":
            return Response.of({"code": -2}, 403)
        self.sessions.append(ToySession(self.market, self.market.now_ns))
        return self.sessions[-1]

    def is_order_entry(self, request: Request) -> bool:
        return request.path == "/order" and request.method != "GET"

    def trouble(self, kind: Trouble, request: Request) -> Response:
        return Response.of({"trouble": kind, "path": request.path}, STATUS[kind])


def asked(method: str, path: str, query: str = "", **more: Any) -> Request:
    return Request(method, more.pop("host", "api.toy.example"), path, query, **more)


def texts(frames: Any) -> list[str]:
    return [one.text if isinstance(one, Text) else json.dumps(str(one)) for one in frames]
