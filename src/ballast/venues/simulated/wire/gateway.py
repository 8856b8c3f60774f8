"""Gateway: between the transports and the front ends; where faults happen.

A transport hands in requests, connections and client frames together with the time, and sends what
comes out. The gateway advances the engine to that time first, so that what a client sees never lies
behind what it was told before, and spreads engine events over the open sessions that are interested
in them, in the order in which they were opened. What sessions say by the clock they say in
`advance`, a transport's own turn, and not at every request: fifty readers cost a request nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.venues.simulated.engine.latency import Latency, Leg
from ballast.venues.simulated.wire.faults import Fault, FaultPlan
from ballast.venues.simulated.wire.frontend import Departing, Trouble
from ballast.venues.simulated.wire.interests import Choosy, interest_of
from ballast.venues.simulated.wire.messages import (
    Answer,
    Close,
    Hang,
    Reset,
    Response,
)
from ballast.venues.simulated.wire.streams import Connection, Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.venues.simulated.wire.frontend import FrontEnd, Market
    from ballast.venues.simulated.wire.interests import Interest
    from ballast.venues.simulated.wire.messages import Frame, Outcome, Request

NOT_FOUND = Response.of({"code": 404, "msg": "no venue of this host"}, 404)
TROUBLE_BEFORE = {
    Fault.ERROR_BEFORE: Trouble.UNKNOWN_STATUS,
    Fault.UNAVAILABLE: Trouble.UNAVAILABLE,
    Fault.RATE_LIMITED: Trouble.RATE_LIMITED,
    Fault.BANNED: Trouble.BANNED,
    Fault.MAINTENANCE: Trouble.MAINTENANCE,
    Fault.FALSE_NOT_FOUND: Trouble.NOT_FOUND,
}
TROUBLE_AFTER = {
    Fault.ERROR_AFTER: Trouble.UNKNOWN_STATUS,
    Fault.REJECT_THEN_APPEAR: Trouble.REFUSED,
}
LOST_BEFORE: dict[Fault, Outcome] = {Fault.LOSE_REQUEST: Hang(), Fault.RESET_REQUEST: Reset()}
LOST_AFTER: dict[Fault, Outcome] = {Fault.LOSE_REPLY: Hang(), Fault.RESET_REPLY: Reset()}
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>cloud front</body></html>"
BROKEN_OFF, GOING_AWAY = Close(1006), Close(1001, "going away")
CUT_OFF = Response(503, PAGE, (("Content-Type", "text/html"),))
AUDIENCES_MAX = 4_096
"""Audiences remembered: each is made again in microseconds, and accounts may be many."""


class Gateway:
    """The venues of one process, under one fault plan and one clock."""

    def __init__(
        self,
        front_ends: Sequence[FrontEnd],
        faults: FaultPlan | None = None,
        now_ns: int = 0,
        *,
        stream_delay_ns: int = 0,
        latency: Latency | None = None,
    ) -> None:
        """Join front ends; the first one that knows a host answers for it.

        `latency` is how long requests, answers and frames are on their way; `stream_delay_ns` is
        short for a feed that takes always as long.
        """
        self.latency = latency or Latency(feed=Leg(stream_delay_ns))
        self.entries = 0
        """Requests and client frames that have set out."""
        self.now_ns = now_ns
        self.front_ends = tuple(front_ends)
        self.faults = faults or FaultPlan()
        self.requests = 0
        self.turned_away = 0
        """Requests and connections that an outage kept from the venue."""
        self._cut_until_ns = 0
        self._markets: tuple[Market, ...] = tuple(
            {id(one.market): one.market for one in self.front_ends}.values()
        )
        self._by_host = {host: one for one in reversed(self.front_ends) for host in one.hosts}
        self._by_name = {one.name: one for one in self.front_ends}
        self._fronts_of = {
            id(market): tuple(one for one in self.front_ends if one.market is market)
            for market in self._markets
        }
        self._connections: dict[int, Connection] = {}
        self._next = 0
        self._stirred: dict[int, Connection] = {}
        self._audiences: dict[tuple[int, Interest], tuple[Connection, ...]] = {}

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Return the open streams in the order in which they were opened."""
        return tuple(self._connections.values())

    def request(self, request: Request, now_ns: int) -> Outcome:
        """Carry one request to its front end, with whatever goes wrong on the way."""
        self._pass(now_ns)
        if self.is_cut:
            self.turned_away += 1
            return Reset()
        self.requests += 1
        found = self._route(request)
        if found is None:
            return Answer(NOT_FOUND)
        front, asked = found
        is_order = front.is_order_entry(asked)
        target = f"{front.name} {asked.method} {asked.path}"
        fault = self.faults.for_request(self.now_ns, target, is_order=is_order)
        outcome = self._befall(front, asked, fault)
        self._spread()
        ack_ns = self.latency.ack.draw_ns(self.faults.seed, "wire/ack", self.requests)
        if ack_ns and not isinstance(outcome, Hang):
            return replace(outcome, delay_ns=outcome.delay_ns + ack_ns)
        return outcome

    def _befall(self, front: FrontEnd, request: Request, fault: Fault | None) -> Outcome:
        if fault in LOST_BEFORE:
            return LOST_BEFORE[fault]
        if fault in TROUBLE_BEFORE:
            return Answer(front.trouble(TROUBLE_BEFORE[fault], request))
        if fault is Fault.TWICE:
            front.handle(request)
        response = front.handle(request)
        return self._reply(front, request, response, fault)

    def _reply(
        self, front: FrontEnd, request: Request, response: Response, fault: Fault | None
    ) -> Outcome:
        """Return what the client sees of a request that was carried out."""
        if fault in TROUBLE_AFTER:
            return Answer(front.trouble(TROUBLE_AFTER[fault], request))
        if fault in LOST_AFTER:
            return LOST_AFTER[fault]
        delay_ns = self.faults.a_delay_ns() if fault is Fault.DELAY else 0
        cut_bytes = len(response.body) // 2 if fault is Fault.TRUNCATE else None
        if fault is Fault.NOT_JSON:
            response = Response(502, PAGE, (("Content-Type", "text/html"),))
        elif fault is Fault.CHANGED_SHAPE:
            response = _reshaped(response)
        return Answer(response, delay_ns, cut_bytes)

    @property
    def is_cut(self) -> bool:
        """Tell whether nothing reaches the venue."""
        return self.now_ns < self._cut_until_ns

    def cut(self, until_ns: int, now_ns: int) -> None:
        """Let nothing reach the venue until then; open streams break at once. The market goes on.

        A time that is past ends an outage.
        """
        self._pass(now_ns)
        self._cut_until_ns = until_ns
        for connection in self.connections if self.is_cut else ():
            connection.fall_dead()
            connection.push(BROKEN_OFF, self.now_ns)
            self._stir(connection)

    def dismiss(self, now_ns: int) -> int:
        """Let the venue end every open stream, in its own words; return how many there were."""
        self._pass(now_ns)
        for connection in self.connections:
            session = connection.session
            said: Sequence[Frame] = (GOING_AWAY,)
            if isinstance(session, Departing):
                said = session.farewell(self.now_ns)
            for frame in said:
                connection.push(frame, self.now_ns)
            self._stir(connection)
        return len(self._connections)

    def entry_ns(self) -> int:
        """Return how long what sets out now is on its way to the venue.

        A transport waits so long before it hands in a request or a frame, in the order of each
        connection.
        """
        self.entries += 1
        return self.latency.entry.draw_ns(self.faults.seed, "wire/entry", self.entries)

    def _way(self, leg: Leg, name: str) -> Way | None:
        return Way(leg, self.faults.seed, f"wire/{name}") if leg != Leg() else None

    def connect(self, request: Request, now_ns: int) -> Connection | Response:
        """Open a stream, or return the answer that refuses it."""
        self._pass(now_ns)
        if self.is_cut:
            self.turned_away += 1
            return CUT_OFF
        found = self._route(request)
        if found is None:
            return NOT_FOUND
        front, asked = found
        target = f"{front.name} STREAM {asked.path}"
        if self.faults.for_connect(self.now_ns, target):
            return front.trouble(Trouble.UNAVAILABLE, asked)
        opened = front.connect(asked)
        if isinstance(opened, Response):
            return opened
        connection = Connection(
            self._next,
            front,
            opened,
            target,
            feed=self._way(self.latency.feed, f"feed/{self._next}"),
            ack=self._way(self.latency.ack, f"frame/{self._next}"),
            choosy=opened if isinstance(opened, Choosy) else None,
        )
        self._connections[self._next] = connection
        self._next += 1
        self._audiences.clear()
        self._choose(connection)
        return connection

    def receive(self, connection: Connection, text: str, now_ns: int) -> None:
        """Take a client's frame; the replies wait in the connection."""
        self._pass(now_ns)
        if connection.ended or connection.dead:
            return
        for frame in connection.session.receive(text):
            connection.reply(frame, self.now_ns)
        self._stir(connection)
        self._choose(connection)
        self._spread()

    def disconnect(self, connection: Connection) -> None:
        """Be told that the client is gone."""
        if self._connections.pop(connection.number, None) is not None:
            connection.session.closed()
            self._audiences.clear()
        self._stirred.pop(connection.number, None)
        connection.ended = True

    def advance(self, now_ns: int) -> None:
        """Let time pass for the engines and the sessions; never backwards."""
        self._pass(now_ns)
        for connection in self.connections:
            if not connection.dead:
                for frame in connection.session.tick(self.now_ns):
                    self._send(connection, frame)

    def _pass(self, now_ns: int) -> None:
        """Let time pass for the engines; never backwards."""
        self.now_ns = max(self.now_ns, now_ns)
        for market in self._markets:
            if self.now_ns > market.now_ns:
                market.advance(self.now_ns)
        self._spread()

    def take(self, connection: Connection, now_ns: int) -> Iterator[Frame]:
        """Yield the frames that have reached the client by now, in order."""
        while (frame := connection.pop(now_ns)) is not None:
            if isinstance(frame, Close):
                self.disconnect(connection)
            yield frame
        if not connection.ended:
            self._stir(connection)  # what is still on its way

    def arrived(self, now_ns: int) -> list[Connection]:
        """Return the streams that have something to take by now, once for what they have."""
        ready = [one for one in self._stirred.values() if one.due_ns <= now_ns]
        for one in ready:
            del self._stirred[one.number]
        return ready

    def _stir(self, connection: Connection) -> None:
        if connection.waiting:
            self._stirred[connection.number] = connection

    def _send(self, connection: Connection, frame: Frame) -> None:
        connection.send(frame, self.now_ns, self.faults)
        self._stir(connection)

    def _route(self, request: Request) -> tuple[FrontEnd, Request] | None:
        """Find the front end: by host, by the first segment of the path, or the only one."""
        host = request.host.partition(":")[0].lower()
        if host in self._by_host:
            return self._by_host[host], request
        name, _, path = request.path.removeprefix("/").partition("/")
        if name in self._by_name:
            return self._by_name[name], replace(request, path="/" + path)
        if len(self.front_ends) == 1:
            return self.front_ends[0], request
        return None

    def _spread(self) -> None:
        """Give every event since the last time to every session of its venue that wants it."""
        for market in self._markets:
            fronts = self._fronts_of[id(market)]
            for event in market.drain():
                for front in fronts:
                    front.observe(event)
                for connection in self._audience(market, interest_of(event)):
                    if not connection.is_mute:
                        for frame in connection.session.publish(event):
                            self._send(connection, frame)

    def _audience(self, market: Market, interest: Interest) -> tuple[Connection, ...]:
        """Return who is asked about events of a kind, in the order in which they came."""
        key = (id(market), interest)
        found = self._audiences.get(key)
        if found is None:
            if len(self._audiences) >= AUDIENCES_MAX:
                self._audiences.clear()
            found = self._audiences[key] = tuple(
                one
                for one in self._connections.values()
                if one.front.market is market
                and (one.interests is None or interest in one.interests)
            )
        return found

    def _choose(self, connection: Connection) -> None:
        """Learn what a session is interested in now."""
        if connection.choosy is None:
            return
        wanted = connection.choosy.interests()
        if wanted != connection.interests:
            connection.interests = wanted
            self._audiences.clear()


def _reshaped(response: Response) -> Response:
    """Return an answer of another shape: what an unannounced change of the venue looks like."""
    try:
        value = response.json()
    except ValueError:
        return response
    if isinstance(value, dict):
        keep = dict(list(value.items())[1:])
        return Response.of({**keep, "newField": {"nested": [1, "2", None]}}, response.status)
    return Response.of({"data": None}, response.status)
