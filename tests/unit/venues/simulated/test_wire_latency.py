"""Requests, answers and frames take their time on the wire, in order (R-COST-11, R-EXCH)."""

from __future__ import annotations

import asyncio
import time
from statistics import median
from typing import TYPE_CHECKING

import aiohttp
import pytest
from tests.fakes.toy_venue import SECOND_NS, ToyVenue, asked, texts

from ballast.core.errors import UserError
from ballast.service.cli.venue_latency import latency_of
from ballast.venues.simulated.engine.latency import Latency, Leg
from ballast.venues.simulated.server.pace import Pace
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.faults import Command, Fault
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.messages import Answer, Hang, Reset
from ballast.venues.simulated.wire.streams import Connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MS = 1_000_000
WILD = Leg(5 * MS, 10 * MS, 1.0)


def stream_of(gate: Gateway) -> Connection:
    opened = gate.connect(asked("GET", "/stream"), gate.now_ns)
    assert isinstance(opened, Connection)
    gate.receive(opened, "subscribe", gate.now_ns)
    return opened


def order(gate: Gateway, now_ns: int) -> object:
    return gate.request(asked("POST", "/order"), now_ns)


def test_every_way_is_drawn_from_its_own_distribution_and_from_the_seed() -> None:
    def drawn() -> tuple[list[int], list[int]]:
        gate = Gateway([ToyVenue()], latency=Latency(entry=WILD, ack=Leg(MS)))
        entries = [gate.entry_ns() for _ in range(400)]
        answers = [order(gate, number) for number in range(3)]
        return entries, [one.delay_ns for one in answers if isinstance(one, Answer)]

    entries, acks = drawn()
    assert min(entries) > 5 * MS
    assert median(entries) == pytest.approx(15 * MS, rel=0.15)
    assert max(entries) > 60 * MS
    assert acks == [MS] * 3
    assert drawn() == (entries, acks)


def test_frames_of_a_late_feed_keep_their_order_and_a_delayed_one_does_not() -> None:
    gate = Gateway([ToyVenue()], latency=Latency(feed=WILD))
    stream = stream_of(gate)
    for number in range(1, 101):
        order(gate, number * MS)
    due = [one[0] for one in sorted(stream.waiting)]
    expected = ["heard subscribe", *(f"order {number}" for number in range(1, 101))]
    assert texts(gate.take(stream, 60 * SECOND_NS)) == expected
    assert all(at >= number * MS + 5 * MS for number, at in enumerate(due))
    gate.faults.command(Command(Fault.DELAY_FRAME, "STREAM"))
    for now_ns in (100 * SECOND_NS, 100 * SECOND_NS + 1):
        order(gate, now_ns)
    assert texts(gate.take(stream, 200 * SECOND_NS)) == ["order 102", "order 101"]


def test_a_reply_takes_the_way_of_acknowledgements_behind_what_was_sent_before() -> None:
    slow_feed = Gateway([ToyVenue()], latency=Latency(feed=Leg(50 * MS), ack=Leg(MS)))
    stream = stream_of(slow_feed)
    assert slow_feed.arrived(MS) == [stream]
    assert texts(slow_feed.take(stream, MS)) == ["heard subscribe"]
    order(slow_feed, 2 * MS)
    slow_feed.receive(stream, "subscribe", 3 * MS)
    assert list(slow_feed.take(stream, 51 * MS)) == []
    assert texts(slow_feed.take(stream, 52 * MS)) == ["order 1", "heard subscribe"]


def test_a_reset_is_late_too_and_what_hangs_stays_so() -> None:
    gate = Gateway([ToyVenue()], latency=Latency(ack=Leg(MS)))
    for fault, seen in ((Fault.RESET_REPLY, Reset(MS)), (Fault.LOSE_REPLY, Hang())):
        gate.faults.command(Command(fault))
        assert order(gate, 0) == seen


# On sockets ------------------------------------------------------------------------------------


def served(latency: Latency, test: Callable[[str, VenueServer], Awaitable[None]]) -> None:
    async def run() -> None:
        gate = Gateway([ToyVenue()], latency=latency)
        async with VenueServer(gate, Pace(0, time.monotonic_ns), tls=False) as server:
            await test(f"http://127.0.0.1:{server.plain_ports['toy']}", server)

    asyncio.run(asyncio.wait_for(run(), 30))


def test_a_round_trip_takes_both_ways_whoever_reads_the_request() -> None:
    """A chunked body is read by the general server, the other by the direct one."""

    async def chunks() -> object:
        yield b"body"

    async def test(url: str, _server: VenueServer) -> None:
        async with aiohttp.ClientSession() as client:
            for body in (b"body", chunks()):
                began = time.perf_counter()
                async with client.post(f"{url}/order", data=body) as answer:
                    assert answer.status == 200
                assert 0.05 <= time.perf_counter() - began < 5.0

    served(Latency(entry=Leg(30 * MS), ack=Leg(20 * MS)), test)


def test_frames_of_a_client_travel_together_and_arrive_in_order() -> None:
    """Fifty frames that take 0.1 s each are there after 0.1 s, not after five."""

    async def test(url: str, server: VenueServer) -> None:
        async with aiohttp.ClientSession() as client, client.ws_connect(f"{url}/stream") as ws:
            began = time.perf_counter()
            for number in range(50):
                await ws.send_str(f"frame {number}")
            heard = [await ws.receive_str() for _ in range(50)]
            took = time.perf_counter() - began
        assert heard == [f"heard frame {number}" for number in range(50)]
        assert 0.1 <= took < 2.5
        assert server.gateway.entries == 50

    served(Latency(entry=Leg(100 * MS)), test)


# Words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Latency()),
        ("20ms", Latency(Leg(20 * MS), Leg(20 * MS), Leg(20 * MS))),
        (
            "entry=5ms+10ms~0.8,ack=250us",
            Latency(entry=Leg(5 * MS, 10 * MS, 0.8), ack=Leg(250_000)),
        ),
        ("feed=1s+0.5ms", Latency(feed=Leg(SECOND_NS, 500_000))),
    ],
)
def test_the_option_says_it_in_a_line(text: str | None, expected: Latency) -> None:
    assert latency_of(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "such as 20ms"),
        ("20", "such as 20ms"),
        ("-5ms", "such as 20ms"),
        ("5ms~1", "such as 20ms"),
        ("entri=5ms", "did you mean 'entry'"),
        ("5ms,ack=5ms", "says ack twice"),
        ("61s", "up to 60 s"),
        ("1ms+1ms~9", "a spread up to 3"),
    ],
)
def test_what_it_cannot_mean_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        latency_of(text)
    assert words in caught.value.line()
    assert "\n" not in caught.value.line()
