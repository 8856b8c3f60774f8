"""Direct: plain requests of a kept-alive connection, answered where they are read.

Nearly all traffic of a venue is one shape: a whole HTTP/1.1 request with a few printable headers
and perhaps a body of known length. Such a request is read here with one pattern, carried to the
gateway and answered within the same call, without a task, a stream or a response object; that is
a quarter of the time the general server takes. Whatever is of any other shape (an upgrade to a
websocket, chunks, a head in pieces, words we do not know) is handed, with the connection and from
its first byte, to the general server, aiohttp, which has the last word on what HTTP is.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ballast.core.errors import InternalError
from ballast.venues.simulated.wire.messages import Hang, Request, Reset

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.venues.simulated.server.pace import Pace
    from ballast.venues.simulated.wire.messages import Answer, Outcome, Response

HEAD = re.compile(
    rb"(GET|POST|PUT|DELETE) (/[!-~]*) HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]{1,64}:[ -~]{0,4096}\r\n){1,64})\r\n"
)
"""A head that leaves no question; what it does not match is not ours to judge. Each part can match
in one way only, so that a head made to be tried for ever is refused at once."""
OURS_NOT = frozenset({"upgrade", "transfer-encoding", "expect", "trailer", "te"})
"""Headers that ask for more than an answer."""
BODY_MAX = 1 << 20
HANG_S = 120.0
"""A reply that never comes is given up after this: longer than any client waits."""
PIECES_MAX = 1 << 21
"""Bytes that may wait behind an answer that is late; a client that sends more is cut off."""
REASONS = {one.value: one.phrase for one in HTTPStatus}


class Direct(asyncio.Protocol):
    """One connection of a client."""

    def __init__(
        self,
        serve: Callable[[Request], Outcome],
        entry_s: Callable[[], float],
        pace: Pace,
        general: Callable[[], asyncio.Protocol],
        host: str | None,
        opened: set[Direct],
        almanac: Almanac,
    ) -> None:
        """Answer with `serve`, `entry_s` after a request was read.

        `host` is what a plain port stands for; None: as the client says.
        """
        self._serve = serve
        self._entry_s = entry_s
        self._pace = pace
        self._general = general
        self._host = host
        self._opened = opened
        self._almanac = almanac
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._address = ""
        self._pieces = b""
        self._late: deque[asyncio.TimerHandle] = deque()  # at most one

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        self._opened.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client, and what it still waits for."""
        del exc
        self._opened.discard(self)
        while self._late:
            self._late.pop().cancel()

    def pause_writing(self) -> None:
        """Read no more of a client that does not read its answers."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def cut(self) -> None:
        """Break the connection."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer every whole request there is; wait for the rest of a body."""
        self._pieces = self._pieces + data if self._pieces else data
        if len(self._pieces) > PIECES_MAX:
            self.cut()
            return
        while self._pieces and not self._late and not self._transport.is_closing():
            found = self._next()
            if found is None:
                return
            seconds = self._entry_s()
            if seconds:
                self._after(seconds, partial(self._answer, found))
            else:
                self._answer(found)

    def _answer(self, request: Request) -> None:
        self._tell(self._serve(request))

    def _next(self) -> Request | None:
        """Take a whole request off what was sent; None: it is not whole, or not ours any more."""
        pieces = self._pieces
        head = HEAD.match(pieces)
        if head is None:
            self._hand_over()
            return None
        headers: dict[str, str] = {}
        lines = head[3].decode("ascii").split("\r\n")
        for line in lines[:-1]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = headers.get("content-length", "0")
        if (
            len(headers) < len(lines) - 1  # one was said twice
            or not OURS_NOT.isdisjoint(headers)
            or "host" not in headers
            or headers.get("connection", "keep-alive").lower() != "keep-alive"
            or not (length.isdecimal() and len(length) < 8)  # noqa: PLR2004 - ten million
            or int(length) > BODY_MAX
        ):
            self._hand_over()
            return None
        end = head.end() + int(length)
        if len(pieces) < end:
            return None
        self._pieces = pieces[end:]
        path, _, query = head[2].decode("ascii").partition("?")
        return Request(
            head[1].decode("ascii"),
            self._host or headers["host"],
            path,
            query,
            headers,
            pieces[head.end() : end],
            self._address,
        )

    def _hand_over(self) -> None:
        """Give the connection to the general server, with all that is not answered yet."""
        self._opened.discard(self)
        general, pieces = self._general(), self._pieces
        self._pieces = b""
        self._transport.set_protocol(general)
        general.connection_made(self._transport)
        general.data_received(pieces)

    def _tell(self, outcome: Outcome) -> None:
        if isinstance(outcome, Hang):
            self._after(HANG_S, self.cut)
        elif outcome.delay_ns:
            self._after(self._pace.real_seconds(outcome.delay_ns), lambda: self._write(outcome))
        else:
            self._write(outcome)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something later; what the client sends until then waits."""

        def late() -> None:
            self._late.clear()
            act()
            if not self._transport.is_closing():
                self.data_received(b"")

        self._late.append(self._loop.call_later(seconds, late))

    def _write(self, outcome: Answer | Reset) -> None:
        if isinstance(outcome, Reset):
            self.cut()
            return
        response = outcome.response
        body = response.body if outcome.cut_bytes is None else response.body[: outcome.cut_bytes]
        date = self._almanac.date(self._loop.time())
        self._transport.write(_head(response, date) + body)
        if outcome.cut_bytes is not None:
            self.cut()


class Almanac:
    """The date of answers, printed once a second."""

    def __init__(self) -> None:
        """Print at the first question."""
        self._text = ""
        self._until = 0.0

    def date(self, at_s: float) -> str:
        """Return the date in the words of HTTP; `at_s` is any steady clock's time."""
        if at_s >= self._until:
            self._text, self._until = formatdate(usegmt=True), at_s + 1.0
        return self._text


def _head(response: Response, date: str) -> bytes:
    """Return status line and headers of an answer."""
    lines = [f"HTTP/1.1 {response.status} {REASONS.get(response.status, '')}"]
    for name, value in response.headers:
        if "\n" in value or "\r" in value:
            raise InternalError(f"a line break in the header {name}")
        lines.append(f"{name}: {value}")
    lines.append(f"Content-Length: {len(response.body)}\r\nDate: {date}\r\n\r\n")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")
