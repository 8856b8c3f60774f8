"""The venues on real sockets: TLS under real names, plain ports, broken connections (R-QA)."""

from __future__ import annotations

import asyncio
import io
import socket
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from tests.fakes.toy_venue import SECOND_NS, ToyVenue

from ballast.core.errors import UserError
from ballast.venues.simulated.server.pace import Pace
from ballast.venues.simulated.server.resolver import client_session
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.faults import Command, Fault
from ballast.venues.simulated.wire.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

START_NS = 1_700_000_000 * SECOND_NS
API = "https://api.toy.example"


class Desk:
    """A server with its client, for one test."""

    def __init__(self, server: VenueServer, venue: ToyVenue, client: aiohttp.ClientSession) -> None:
        self.server, self.venue, self.client = server, venue, client

    def fault(self, fault: Fault, pattern: str = "") -> None:
        self.server.gateway.faults.command(Command(fault, pattern))

    async def json(self, method: str, url: str, **more: Any) -> Any:
        async with self.client.request(method, url, **more) as answer:
            return await answer.json()


def at_desk(test: Callable[[Desk], Awaitable[None]], *, speed: float = 1.0) -> None:
    async def run() -> None:
        venue = ToyVenue()
        venue.market.now_ns = START_NS
        gate = Gateway([venue], now_ns=START_NS)
        async with VenueServer(gate, Pace(START_NS, time.monotonic_ns, speed)) as server:
            assert server.authority is not None
            context = server.authority.client_context()
            async with client_session(server.hosts, server.tls_port, context) as client:
                await test(Desk(server, venue, client))

    asyncio.run(asyncio.wait_for(run(), 30))


def test_a_client_keeps_the_real_addresses_over_tls() -> None:
    async def test(desk: Desk) -> None:
        assert await desk.json("POST", f"{API}/order", data={"side": "BUY"}) == {
            "id": 1, "form": [["side", "BUY"]],
        }  # fmt: skip
        said = await desk.json("GET", "https://stream.toy.example:9443/echo?a=1&b=%20", data="x")
        assert said == ["GET", [["a", "1"], ["b", " "]], "x"]

    at_desk(test)


def test_no_other_host_can_be_reached() -> None:
    """A forgotten address must fail, not reach a real exchange."""

    async def test(desk: Desk) -> None:
        with pytest.raises(aiohttp.ClientConnectorError):
            await desk.json("GET", "https://api.example.org/time")

    at_desk(test)


def test_a_client_that_does_not_trust_the_authority_is_not_fooled() -> None:
    async def test(desk: Desk) -> None:
        resolver = desk.client.connector._resolver  # type: ignore[union-attr]
        connector = aiohttp.TCPConnector(resolver=resolver)
        async with aiohttp.ClientSession(connector=connector) as plain:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await plain.get(f"{API}/time")

    at_desk(test)


def test_a_plain_port_serves_one_venue_to_any_address() -> None:
    async def test(desk: Desk) -> None:
        port = desk.server.plain_ports["toy"]
        async with (
            aiohttp.ClientSession() as plain,
            plain.get(f"http://127.0.0.1:{port}/time") as answer,
        ):
            assert (await answer.json())["now"] >= START_NS

    at_desk(test)


def test_a_stream_tells_what_a_request_did() -> None:
    async def test(desk: Desk) -> None:
        async with desk.client.ws_connect("wss://stream.toy.example:9443/stream") as stream:
            await stream.send_str("subscribe")
            assert await stream.receive_str() == "heard subscribe"
            await desk.json("POST", f"{API}/order")
            await desk.json("POST", f"{API}/order")
            assert [await stream.receive_str() for _ in range(2)] == ["order 1", "order 2"]

    at_desk(test)


def test_a_reset_and_a_truncated_body_break_the_connection() -> None:
    async def test(desk: Desk) -> None:
        desk.fault(Fault.RESET_REPLY)
        with pytest.raises(aiohttp.ClientError):
            await desk.json("POST", f"{API}/order")
        assert desk.venue.market.orders == 1
        desk.fault(Fault.TRUNCATE)
        with pytest.raises(aiohttp.ClientPayloadError):
            await desk.json("POST", f"{API}/order")
        assert desk.venue.market.orders == 2
        assert (await desk.json("POST", f"{API}/order"))["id"] == 3

    at_desk(test)


def test_a_lost_reply_makes_the_client_wait_in_vain() -> None:
    async def test(desk: Desk) -> None:
        desk.fault(Fault.LOSE_REPLY)
        limit = aiohttp.ClientTimeout(total=0.2)
        with pytest.raises(TimeoutError):
            await desk.json("POST", f"{API}/order", timeout=limit)
        assert desk.venue.market.orders == 1

    at_desk(test)


def test_a_stream_can_be_closed_with_a_code_or_broken() -> None:
    async def test(desk: Desk) -> None:
        kinds = set()
        for _ in range(4):
            async with desk.client.ws_connect("wss://stream.toy.example/stream") as stream:
                await stream.send_str("subscribe")
                await stream.receive_str()
                desk.fault(Fault.CLOSE_STREAM)
                await desk.json("POST", f"{API}/order")
                message = await stream.receive()
                kinds.add((message.type.name, stream.close_code))
        assert {code for _, code in kinds} == {1000, 1001, 1006, 1011}

    at_desk(test)


def test_time_runs_at_the_asked_speed_and_pings_come_by_it() -> None:
    async def test(desk: Desk) -> None:
        async with desk.client.ws_connect(
            "wss://stream.toy.example/stream", autoping=False
        ) as stream:
            message = await stream.receive()
            assert message.type is aiohttp.WSMsgType.PING
            await stream.pong(message.data)
            await stream.send_str("x")
            await stream.receive()
        assert desk.venue.sessions[0].pongs == 1
        assert desk.venue.market.now_ns - START_NS >= 20 * SECOND_NS

    at_desk(test, speed=1_000.0)


def test_a_body_too_large_is_refused() -> None:
    async def test(desk: Desk) -> None:
        async with desk.client.post(f"{API}/echo", data=io.BytesIO(b"x" * (1 << 21))) as answer:
            assert answer.status == 413

    at_desk(test)


def test_a_taken_port_is_said_in_one_line() -> None:
    async def run() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            gate = Gateway([ToyVenue()])
            with pytest.raises(UserError, match=f"port {port} cannot be opened"):
                async with VenueServer(gate, Pace(0, time.monotonic_ns), port=port):
                    pass

    asyncio.run(run())


def test_pace_changes_without_a_jump() -> None:
    clock = [0]
    pace = Pace(1_000, lambda: clock[0], 10.0)
    clock[0] = 50
    assert pace.now_ns() == 1_500
    pace.change(2.0)
    assert pace.now_ns() == 1_500
    clock[0] = 60
    assert pace.now_ns() == 1_520
    assert pace.real_seconds(2 * SECOND_NS) == pytest.approx(1.0)
    for speed in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(UserError, match="speed"):
            pace.change(speed)
