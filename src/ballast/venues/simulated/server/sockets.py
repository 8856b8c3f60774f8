"""Sockets: the gateway on loopback, over TLS under real host names and over plain ports.

One TLS port serves every venue (the `Host` header says which); each venue also has a plain port of
its own, for clients that can only be given an address. Plain requests are answered by `direct`;
streams and everything unusual by aiohttp. A task lets the venue's time pass and wakes the writer of
each stream that has something to send.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from aiohttp import WSMsgType, web

from ballast.core.errors import UserError
from ballast.venues.simulated.server.authority import Authority, make_authority
from ballast.venues.simulated.server.direct import BODY_MAX, HANG_S, Almanac, Direct
from ballast.venues.simulated.wire.messages import (
    Answer,
    Binary,
    Close,
    Hang,
    Ping,
    Request,
    Reset,
    Response,
    Text,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ballast.venues.simulated.server.pace import Pace
    from ballast.venues.simulated.wire.frontend import FrontEnd
    from ballast.venues.simulated.wire.gateway import Gateway
    from ballast.venues.simulated.wire.messages import Frame
    from ballast.venues.simulated.wire.streams import Connection

LOOPBACK = "127.0.0.1"
TURN_S = 0.004
"""Real time between two turns of the venue's clock: a quarter of the shortest depth interval."""
FRAME_MAX = 1 << 20
BROKEN = 1006
"""Close code of a connection that just breaks."""


class VenueServer:
    """The venues of one gateway on sockets; use it as an async context."""

    def __init__(
        self,
        gateway: Gateway,
        pace: Pace,
        *,
        tls: bool = True,
        port: int = 0,
        plain_ports: dict[str, int] | None = None,
    ) -> None:
        """Prepare; ports of 0 are chosen by the system."""
        self.gateway = gateway
        self.pace = pace
        self.hosts = frozenset(host for one in gateway.front_ends for host in one.hosts)
        self.authority: Authority | None = make_authority(self.hosts) if tls else None
        self.tls_port = port
        self.plain_ports = dict(plain_ports or {})
        self._servers: list[asyncio.Server] = []
        self._web: list[web.Server] = []
        self._direct: set[Direct] = set()
        self._wakes: dict[int, asyncio.Event] = {}
        self._turning: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Open the ports; raise `UserError` if one is taken."""
        try:
            if self.authority is not None:
                with tempfile.TemporaryDirectory() as folder:
                    context = self.authority.server_context(Path(folder))
                self.tls_port = await self._listen(None, self.tls_port, context)
            for front in self.gateway.front_ends:
                wanted = self.plain_ports.get(front.name, 0)
                self.plain_ports[front.name] = await self._listen(front, wanted, None)
        except BaseException:
            await self.stop()
            raise
        self._turning = asyncio.create_task(self._turn())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close everything."""
        await self.stop()

    async def until_broken(self) -> None:
        """Wait for ever, unless the venue's time stops passing: then raise what stopped it."""
        if self._turning is not None:
            await asyncio.shield(self._turning)

    async def stop(self) -> None:
        """Close ports and streams."""
        if self._turning is not None:
            self._turning.cancel()
            await asyncio.gather(self._turning, return_exceptions=True)
            self._turning = None
        for server in self._servers:
            server.close()
        for one in tuple(self._direct):
            one.cut()
        for handler in self._web:
            await handler.shutdown(timeout=0.2)
        for connection in self.gateway.connections:
            self.gateway.disconnect(connection)
        self._servers.clear()
        self._web.clear()

    async def _listen(
        self, front: FrontEnd | None, port: int, context: ssl.SSLContext | None
    ) -> int:
        async def serve(request: web.BaseRequest) -> web.StreamResponse:
            return await self._serve(request, front)

        handler = web.Server(serve, access_log=None)
        host = None if front is None else _host_of(front)
        almanac = Almanac()

        def connected() -> Direct:
            return Direct(
                self._request, self._entry_s, self.pace, handler, host, self._direct, almanac
            )

        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(connected, LOOPBACK, port, ssl=context)
        except OSError as problem:
            raise UserError(
                f"port {port} cannot be opened: {problem.strerror}",
                fix="take another with --port, or 0 for any free one",
            ) from None
        self._web.append(handler)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _turn(self) -> None:
        """Let the venue's time pass, and wake the writers."""
        while True:
            self.gateway.advance(self.pace.now_ns())
            self._wake()
            await asyncio.sleep(TURN_S)

    def _wake(self) -> None:
        """Wake the writers that have something to send."""
        for connection in self.gateway.arrived(self.pace.now_ns()):
            wake = self._wakes.get(connection.number)
            if wake is not None:
                wake.set()

    async def _serve(self, asked: web.BaseRequest, front: FrontEnd | None) -> web.StreamResponse:
        request = await _request_of(asked, front)
        if request is None:
            return web.Response(status=413)
        if asked.headers.get("Upgrade", "").lower() == "websocket":
            return await self._stream(asked, request)
        await asyncio.sleep(self._entry_s())
        return await self._answer(asked, self._request(request))

    def _entry_s(self) -> float:
        """Return how long what was sent is still on its way, in real seconds."""
        return self.pace.real_seconds(self.gateway.entry_ns())

    def _request(self, request: Request) -> Answer | Reset | Hang:
        """Carry a request to the gateway, and wake the streams that it made speak."""
        outcome = self.gateway.request(request, self.pace.now_ns())
        self._wake()
        return outcome

    async def _answer(
        self, asked: web.BaseRequest, outcome: Answer | Reset | Hang
    ) -> web.StreamResponse:
        if isinstance(outcome, Hang):
            await asyncio.sleep(HANG_S)
            return _break_off(asked)
        if outcome.delay_ns:
            await asyncio.sleep(self.pace.real_seconds(outcome.delay_ns))
        if isinstance(outcome, Reset):
            return _break_off(asked)
        whole = _web_response(outcome.response)
        if outcome.cut_bytes is None:
            return whole
        part = web.StreamResponse(status=outcome.response.status)
        part.headers.update(dict(outcome.response.headers))
        part.content_length = len(outcome.response.body)
        await part.prepare(asked)
        await part.write(outcome.response.body[: outcome.cut_bytes])
        return _break_off(asked, part)

    async def _stream(self, asked: web.BaseRequest, request: Request) -> web.StreamResponse:
        opened = self.gateway.connect(request, self.pace.now_ns())
        if isinstance(opened, Response):
            return _web_response(opened)
        socket = web.WebSocketResponse(
            autoping=False, autoclose=True, max_msg_size=FRAME_MAX, compress=False
        )
        await socket.prepare(asked)
        wake = self._wakes[opened.number] = asyncio.Event()
        wake.set()
        writer = asyncio.create_task(self._write(opened, socket, asked, wake))
        try:
            await self._read(opened, socket, wake)
        finally:
            self.gateway.disconnect(opened)
            self._wakes.pop(opened.number, None)
            writer.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await writer
        return socket

    async def _read(
        self, connection: Connection, socket: web.WebSocketResponse, wake: asyncio.Event
    ) -> None:
        def deliver(text: str) -> None:
            self.gateway.receive(connection, text, self.pace.now_ns())
            wake.set()
            self._wake()

        arrivals = _Arrivals(deliver)
        async for message in socket:
            if message.type is WSMsgType.PING and not connection.dead:
                with suppress(ConnectionError):  # it was cut off a moment ago
                    await socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                connection.session.pong()
            elif message.type is WSMsgType.TEXT:
                arrivals.put(message.data, self._entry_s())

    async def _write(
        self,
        connection: Connection,
        socket: web.WebSocketResponse,
        asked: web.BaseRequest,
        wake: asyncio.Event,
    ) -> None:
        while not socket.closed:
            await wake.wait()
            wake.clear()
            for frame in self.gateway.take(connection, self.pace.now_ns()):
                if isinstance(frame, Close) and frame.code == BROKEN:
                    _abort(asked)
                    return
                await _send(socket, frame)


class _Arrivals:
    """Frames of one client on their way to the venue; none overtakes another."""

    def __init__(self, deliver: Callable[[str], None]) -> None:
        self._deliver = deliver
        self._frames: deque[str] = deque()
        self._last_s = 0.0
        self._loop = asyncio.get_running_loop()

    def put(self, text: str, seconds: float) -> None:
        """Let a frame arrive after so long, or after those before it."""
        if not seconds and not self._frames:
            self._deliver(text)
            return
        self._last_s = max(self._last_s, self._loop.time() + seconds)
        self._frames.append(text)
        self._loop.call_at(self._last_s, lambda: self._deliver(self._frames.popleft()))


async def _send(socket: web.WebSocketResponse, frame: Frame) -> None:
    match frame:
        case Text(text):
            await socket.send_str(text)
        case Binary(data):
            await socket.send_bytes(data)
        case Ping(data):
            await socket.ping(data)
        case Close(code, reason):
            await socket.close(code=code, message=reason.encode())


def _host_of(front: FrontEnd) -> str:
    """Return the name by which a plain port asks for its venue."""
    return min(front.hosts)


async def _request_of(asked: web.BaseRequest, front: FrontEnd | None) -> Request | None:
    """Return the request in our words; None if its body is too large."""
    length = asked.content_length or 0
    if length > BODY_MAX:
        return None
    body = b""
    if asked.body_exists:
        body = await asked.content.read(BODY_MAX + 1)
        while not asked.content.at_eof() and len(body) <= BODY_MAX:
            body += await asked.content.read(BODY_MAX + 1 - len(body))
    if len(body) > BODY_MAX:
        return None
    path, _, query = asked.raw_path.partition("?")
    host = _host_of(front) if front is not None else asked.host
    headers = {name.lower(): value for name, value in asked.headers.items()}
    return Request(asked.method, host, path, query, headers, body, asked.remote or LOOPBACK)


def _web_response(response: Response) -> web.Response:
    answer = web.Response(status=response.status, body=response.body)
    for name, value in response.headers:
        answer.headers[name] = value
    return answer


def _abort(asked: web.BaseRequest) -> None:
    if asked.transport is not None:
        asked.transport.abort()


def _break_off(
    asked: web.BaseRequest, response: web.StreamResponse | None = None
) -> web.StreamResponse:
    """Break the connection; what is returned is never sent."""
    _abort(asked)
    return response if response is not None else web.Response()
