"""A venue of streams that does what a test says, and a conversation with it."""

from __future__ import annotations

import asyncio
import heapq
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from ballast.venues.clients.account import Balance
from ballast.venues.clients.desk import Heard
from tests.fakes.clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ballast.venues.clients.desk import News
    from ballast.venues.clients.streams.state import Phase, StreamState

LONG_S = 10.0
QUIET_S = 0.001


async def eventually(holds: Callable[[], object], what: str = "") -> None:
    """Wait in real time until something holds: for sockets, which have no virtual time."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + LONG_S
    while not holds():
        assert loop.time() < until_s, what or "it never came true"
        await asyncio.sleep(QUIET_S)


class SteeredClock(VirtualClock):
    """Virtual time that stands until a test lets it pass; sockets work meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self._count += 1
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now_s + seconds, self._count, woken))
        await woken

    def now_ns(self) -> int:
        return int(self.now_s * 1e9)

    async def pass_(self, seconds: float) -> None:
        """Let time pass: who wakes up acts, and what he sends arrives, before the next wakes."""
        until_s = self.now_s + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= until_s:
            wake_s, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self.now_s = max(self.now_s, wake_s)
            woken.set_result(None)
            await _settle()
        self.now_s = until_s


async def _settle() -> None:
    """Let what is on its way over loopback arrive."""
    for _ in range(4):
        await asyncio.sleep(QUIET_S)


class ScriptedVenue:
    """One path, `/stream`; each connection is greeted as `on_open` says."""

    def __init__(self) -> None:
        self.url = ""
        self.sockets: list[web.WebSocketResponse] = []
        self.heard: list[list[str]] = []
        self.pings: list[int] = []
        self.refusals: list[web.Response] = []
        """Answers to the next handshakes."""
        self.is_deaf = False
        """Whether nothing is answered any more, not even pings: a half-open line."""
        self.confirms = True
        self.answers = asyncio.Event()
        self.answers.set()
        self.pongs: list[bytes] = []

    async def say(self, value: object, place: int = -1) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        await self.sockets[place].send_str(text)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refusals:
            return self.refusals.pop(0)
        await self.answers.wait()
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        place = len(self.sockets)
        self.sockets.append(socket)
        self.heard.append([])
        self.pings.append(0)
        async for message in socket:
            if message.type is aiohttp.WSMsgType.PING:
                self.pings[place] += 1
                if not self.is_deaf:
                    await socket.pong(message.data)
            elif message.type is aiohttp.WSMsgType.PONG:
                self.pongs.append(message.data)
            elif message.type is aiohttp.WSMsgType.TEXT:
                self.heard[place].append(message.data)
                if message.data == "subscribe" and self.confirms:
                    await socket.send_str('{"ready": true}')
        return socket


@asynccontextmanager
async def scripted_venue() -> AsyncIterator[ScriptedVenue]:
    """Serve one on loopback."""
    venue = ScriptedVenue()
    app = web.Application()
    app.router.add_get("/stream", venue.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    venue.url = f"ws://{host}:{port}/stream"
    try:
        yield venue
    finally:
        venue.answers.set()
        for socket in venue.sockets:
            await socket.close()
        await runner.cleanup()


class Talk:
    """A conversation: a frame `{"n": 3}` is a balance of 3."""

    name = "talk"

    def __init__(
        self,
        url: str,
        *,
        ping_s: float = 4.0,
        keep_s: float = 0.0,
        life_s: float = 86_400.0,
        greeting: tuple[str, ...] = ("subscribe",),
        ping: str | None = None,
    ) -> None:
        self.ping_s, self.keep_s, self.life_s = ping_s, keep_s, life_s
        self.kept = 0
        self._url = url
        self._greeting = greeting
        self._ping = ping
        self.on_url: Callable[[], Awaitable[None]] | None = None
        self.on_keep: Callable[[], None] | None = None

    async def url(self) -> str:
        if self.on_url is not None:
            await self.on_url()
        return self._url

    def greeting(self, now_ns: int) -> tuple[str, ...]:
        del now_ns
        return self._greeting

    def ping(self, now_ns: int) -> str | None:
        del now_ns
        return self._ping

    async def keep(self) -> None:
        self.kept += 1
        if self.on_keep is not None:
            self.on_keep()

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        del now_ns
        value = json.loads(frame)
        if "ready" in value:
            return Heard(is_ready=True)
        if "ends" in value:
            return Heard(ends=value["ends"])
        if "ask" in value:
            return Heard(replies=(value["ask"],))
        if "defect" in value:
            raise AssertionError("ours")
        return Heard(news=(balance(value["n"]),))


def balance(number: int) -> Balance:
    from decimal import Decimal  # noqa: PLC0415

    return Balance("N", Decimal(number), Decimal(number))


class Ear:
    """What the owner of a carrier was told."""

    def __init__(self) -> None:
        self.news: list[tuple[News, int]] = []
        self.states: list[StreamState] = []

    def on_news(self, news: News, received_ns: int) -> None:
        self.news.append((news, received_ns))

    def on_state(self, state: StreamState) -> None:
        self.states.append(state)

    @property
    def numbers(self) -> list[int]:
        found: list[Any] = [one for one, _ in self.news]
        return [int(one.total) for one in found]

    @property
    def phases(self) -> list[Phase]:
        return [one.phase for one in self.states]
