"""Plain requests are answered where they are read, unusual ones by the general server (R-QA)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from tests.fakes.toy_venue import SECOND_NS, ToyVenue

from ballast.core.errors import InternalError
from ballast.venues.simulated.server.direct import HEAD, PIECES_MAX, Almanac, _head
from ballast.venues.simulated.server.pace import Pace
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.faults import Command, Fault
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.messages import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HOST = b"Host: 127.0.0.1\r\n"
ECHO = b"POST /echo?a=1&b=%20 HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\nbody"
ECHOED = b'["POST",[["a","1"],["b"," "]],"body"]'


class Line:
    """A raw connection to a toy venue on its plain port."""

    def __init__(
        self, server: VenueServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self._reader, self._writer = server, reader, writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self) -> tuple[int, bytes]:
        """Return status and body of the next answer."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        found = [one for one in lines if one.startswith(b"content-length:")]
        length = int(found[0].partition(b":")[2]) if found else 0
        return int(head.split()[1]), await self._reader.readexactly(length)

    async def rest(self) -> bytes:
        """Return what comes until the server breaks the connection."""
        try:
            return await self._reader.read()
        except ConnectionError:
            return b""


def on_the_line(*tests: Callable[[Line], Awaitable[None]]) -> VenueServer:
    """Run each test on a connection of its own to one server."""

    async def run() -> VenueServer:
        gate = Gateway([ToyVenue()])
        async with VenueServer(gate, Pace(0, time.monotonic_ns), tls=False) as server:
            for test in tests:
                port = server.plain_ports["toy"]
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                await test(Line(server, reader, writer))
                writer.close()
        return server

    return asyncio.run(asyncio.wait_for(run(), 30))


def test_requests_of_one_packet_are_answered_in_their_order() -> None:
    async def test(line: Line) -> None:
        line.send(ECHO + b"GET /time HTTP/1.1\r\n" + HOST + b"\r\n" + ECHO)
        assert await line.answer() == (200, ECHOED)
        assert (await line.answer())[1].startswith(b'{"now":')
        assert await line.answer() == (200, ECHOED)
        assert line.server._direct  # still here: nothing of it was unusual

    on_the_line(test)


def test_a_body_may_come_in_pieces() -> None:
    async def test(line: Line) -> None:
        for piece in (ECHO[:-4], ECHO[-4:-1], ECHO[-1:]):
            line.send(piece)
            await asyncio.sleep(0.01)
        assert await line.answer() == (200, ECHOED)
        assert line.server._direct

    on_the_line(test)


UNUSUAL = [
    b"POST /echo?a=1&b=%20 HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    ECHO.replace(HOST, HOST + "X-Name: é\r\n".encode()),
    ECHO.replace(HOST, HOST + b"Connection: close\r\n"),
    ECHO.replace(HOST, HOST + b"X-Twice: 1\r\nX-Twice: 2\r\n"),
    ECHO.replace(b"HTTP/1.1", b"HTTP/1.0"),
]  # fmt: skip


@pytest.mark.parametrize("sent", UNUSUAL)
def test_what_is_unusual_is_answered_by_the_general_server(sent: bytes) -> None:
    async def test(line: Line) -> None:
        line.send(sent)
        assert await line.answer() == (200, ECHOED)
        assert not line.server._direct

    on_the_line(test)


ODD = [
    ECHO,
    b"GET /time HTTP/1.1\r\n\r\n",
    b"GET time HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n",
    b"PATCH /echo HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /echo?a=%FF&b HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /echo?x=1#y HTTP/1.1\r\n" + HOST + b"\r\n",
    ECHO.replace(b"Length: 4", b"Length: 04"),
    ECHO.replace(b"Length: 4", b"Length:  4 "),
    ECHO.replace(b"Length: 4", b"Length: +4"),
    ECHO.replace(b"Length: 4", b"Length: -4"),
    ECHO.replace(b"Length: 4", b"Length: 99999999"),
    ECHO.replace(HOST, HOST + b"Bad Name: 1\r\n"),
    ECHO.replace(HOST, HOST + b"X: 1\r\n folded\r\n"),
    ECHO.replace(HOST, HOST + b"X:\r\n"),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
]


@pytest.mark.parametrize("sent", ODD)
def test_both_ways_lead_to_the_same_answer(sent: bytes) -> None:
    """The general server decides what HTTP is: a head in pieces always goes to it."""
    found: list[tuple[int, bytes]] = []

    async def whole(line: Line) -> None:
        line.send(sent)
        found.append(await line.answer())

    async def pieces(line: Line) -> None:
        line.send(sent[:1])
        await asyncio.sleep(0.01)
        assert not line.server._direct
        line.send(sent[1:])
        found.append(await line.answer())

    on_the_line(whole, pieces)
    (status, body), (general, general_body) = found
    assert status == general
    assert body == general_body or status == 400  # in which it says what it did not understand


def test_a_late_answer_holds_back_those_after_it() -> None:
    async def test(line: Line) -> None:
        faults = line.server.gateway.faults
        faults.delay_ns = SECOND_NS // 100
        faults.command(Command(Fault.DELAY, "/echo"))
        line.send(ECHO + b"GET /time HTTP/1.1\r\n" + HOST + b"\r\n")
        assert await line.answer() == (200, ECHOED)
        assert (await line.answer())[1].startswith(b'{"now":')

    on_the_line(test)


def test_a_truncated_answer_ends_the_connection_after_half_of_it() -> None:
    async def test(line: Line) -> None:
        line.server.gateway.faults.command(Command(Fault.TRUNCATE))
        line.send(ECHO)
        said = await line.rest()
        assert said.endswith(b"\r\n\r\n" + ECHOED[: len(ECHOED) // 2])

    on_the_line(test)


def test_a_client_that_sends_without_end_while_it_waits_is_cut_off() -> None:
    async def test(line: Line) -> None:
        line.server.gateway.faults.command(Command(Fault.LOSE_REPLY))
        line.send(ECHO + b"x" * (PIECES_MAX + 1))
        assert await line.rest() == b""
        assert not line.server._direct

    on_the_line(test)


def test_the_server_cuts_what_is_open_when_it_stops() -> None:
    seen: list[Line] = []

    async def test(line: Line) -> None:
        line.server.gateway.faults.command(Command(Fault.LOSE_REPLY))
        line.send(ECHO)
        while not line.server.gateway.requests:  # noqa: ASYNC110 - on the way through the loop
            await asyncio.sleep(0.001)
        seen.append(line)

    server = on_the_line(test)
    assert seen
    assert server._direct == set()


def test_a_head_made_to_be_tried_in_many_ways_is_given_up_at_once() -> None:
    """With an optional blank after the colon this took twice as long for every header more."""
    head = b"GET / HTTP/1.1\r\n" + b"A: 1\r\n" * 60 + b"X"
    began = time.perf_counter()
    assert HEAD.match(head) is None
    assert time.perf_counter() - began < 1.0


def test_a_header_cannot_smuggle_another_and_the_date_is_printed_once_a_second() -> None:
    with pytest.raises(InternalError, match="line break in the header X"):
        _head(Response(200, b"", (("X", "1\r\nY: 2"),)), "now")
    almanac = Almanac()
    first = almanac.date(5.0)
    assert first.endswith("GMT")
    almanac._text = "kept"
    assert almanac.date(5.9) == "kept"
    assert almanac.date(6.0) != "kept"
