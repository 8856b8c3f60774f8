"""Line: one connection of one conversation, from its address to its end.

Three tasks live while it is open: one reads, one writes, one watches. The reader stamps a message
and posts it before it waits for the next; nobody else waits in between, so nothing that the venue
sent is lost or read late because something else was busy (exchanges.md 6.1).

A connection may die without a word: the venue's machine is gone, a router forgot it. So it is asked
for a sign of life every `ping_s`, at most every `PING_MAX_S`; what does not answer within a few
seconds is stale, and after another question that is not answered either it is dead.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import aiohttp

from ballast.venues.clients.asking.wire import BANNED, TOO_MANY, seconds
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.waiting import within

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.ports import Clock
    from ballast.venues.clients.desk import Conversation

    Socket = aiohttp.ClientWebSocketResponse[Literal[False]]

URL_S = 30.0
"""For the address: a listen key or a token is asked for, and may wait for the budget."""
CONNECT_S = 10.0
READY_S = 20.0
"""From an open socket to all that was subscribed."""
PING_MAX_S = 10.0
"""Longest time between two signs of life asked for, whatever the venue needs to keep the line."""
ANSWER_MAX_S = 5.0
"""Longest wait for one of them; a venue's ping takes well under a second."""
CLOSE_S = 1.0
FRAME_MAX = 1 << 24
"""Whole books of thousands of levels are some 500 KB."""
SENDS_PER_S = 4
"""Binance ends a connection that sends more than five messages a second."""
OUTBOX_MAX = 1_000
"""Messages that wait to be sent; so many mean that nothing goes out any more."""
KEEP_TRIES = 3
KEEP_AGAIN_S = 30.0
THROTTLED_S = 60.0
"""Pause after a 429 or 418 that does not say how long."""
SHORTEST_S = 0.001


class LostError(Exception):
    """The connection is of no use any more; `retry_after_s` is the venue's word for when."""

    def __init__(
        self, why: str, retry_after_s: float | None = None, verdict: Verdict | None = None
    ) -> None:
        """Say why; `verdict` where a call of ours failed."""
        self.retry_after_s = retry_after_s
        self.verdict = verdict
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Received:
    """A message came; `frame` is None for a pong, which only says that the venue is there."""

    line: Line
    frame: bytes | None
    at_ns: int


@dataclass(frozen=True, slots=True)
class Dialled:
    """The pause is over, it connects."""

    line: Line


@dataclass(frozen=True, slots=True)
class Opened:
    """The socket is open and the greeting is on its way."""

    line: Line
    has_greeting: bool


@dataclass(frozen=True, slots=True)
class Silent:
    """No sign of life came in time."""

    line: Line
    why: str


@dataclass(frozen=True, slots=True)
class Due:
    """A successor is wanted, before this line has to end."""

    line: Line
    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The line is of no use any more, or was retired."""

    line: Line
    why: str
    retry_after_s: float | None = None
    verdict: Verdict | None = None


LineEvent = Received | Dialled | Opened | Silent | Due | Ended


class Line:
    """One connection; `post` takes what happens, at once and in order."""

    def __init__(
        self,
        number: int,
        conversation: Conversation,
        session: aiohttp.ClientSession,
        clock: Clock,
        now_ns: Callable[[], int],
        post: Callable[[LineEvent], None],
        life: float = 1.0,
    ) -> None:
        """Prepare; `carry` connects. `life`: the share of its full life that is used."""
        self.number = number
        self.conversation = conversation
        self.is_dialling = False
        self.is_ready = False
        self.is_over = False
        """Whether what it still says is not to be heard."""
        self._session = session
        self._clock = clock
        self._now_ns = now_ns
        self._post = post
        self._life = life
        self._outbox: deque[str | bytes | None] = deque()
        self._has_mail = asyncio.Event()
        self._retires = asyncio.Event()
        self._sent_s: deque[float] = deque(maxlen=SENDS_PER_S)
        self._alive_s = 0.0
        self._silent_s: float | None = None

    async def carry(self, *, after_s: float = 0.0) -> None:
        """Connect after a pause, and carry the conversation until it ends; then post `Ended`."""
        if after_s > 0:
            await self._clock.sleep(after_s)
        self.is_dialling = True
        self._post(Dialled(self))
        socket = None
        try:
            socket = await self._connected(await self._address())
            await self._until_one_ends(socket)
        except LostError as lost:
            self._post(Ended(self, str(lost), lost.retry_after_s, lost.verdict))
        else:
            self._post(Ended(self, "retired"))
        finally:
            if socket is not None:
                await socket.close()

    def send(self, texts: Sequence[str]) -> None:
        """Put frames into the outbox."""
        self._outbox.extend(texts)
        self._has_mail.set()

    def retire(self) -> None:
        """Close the connection: it is not needed any more."""
        self._retires.set()

    # Opening ------------------------------------------------------------------------------

    async def _address(self) -> str:
        """Return the address; raise `LostError` if there is none."""
        try:
            return await within(self._clock, URL_S, self.conversation.url())
        except CallError as error:
            raise LostError(f"no address: {error}", error.retry_after_s, error.verdict) from error
        except TimeoutError:
            raise LostError(f"no address within {URL_S:g} s") from None

    async def _connected(self, url: str) -> Socket:
        """Return the open socket; raise `LostError` with what the handshake said."""
        dialled = self._session.ws_connect(
            url,
            autoping=False,
            max_msg_size=FRAME_MAX,
            decode_text=False,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
        )
        try:
            return await within(self._clock, CONNECT_S, dialled)
        except aiohttp.WSServerHandshakeError as error:
            pause_s = seconds(dict(error.headers or {}).get("Retry-After"))
            if pause_s is None and error.status in {TOO_MANY, BANNED}:
                pause_s = THROTTLED_S
            raise LostError(f"refused with HTTP {error.status}", pause_s) from error
        except (aiohttp.ClientError, OSError) as error:
            raise LostError(f"no connection: {str(error) or type(error).__name__}") from error
        except TimeoutError:
            raise LostError(f"no connection within {CONNECT_S:g} s") from None

    # Open ---------------------------------------------------------------------------------

    async def _until_one_ends(self, socket: Socket) -> None:
        """Read, write, watch and keep until the first of them ends, and raise what ended it."""
        self._alive_s = self._clock.monotonic()
        greeting = self.conversation.greeting(self._now_ns())
        self.send(greeting)
        self._post(Opened(self, has_greeting=bool(greeting)))
        works = (
            self._read(socket),
            self._write(socket),
            self._watch(),
            self._keep(),
            self._retired(),
        )
        tasks = [asyncio.create_task(one) for one in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for one in sorted(done, key=tasks.index):
                one.result()
        finally:
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _retired(self) -> None:
        await self._retires.wait()

    async def _read(self, socket: Socket) -> None:
        text, binary = aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY
        monotonic, now_ns, post, receive = (
            self._clock.monotonic, self._now_ns, self._post, socket.receive,
        )  # fmt: skip
        while True:
            message = await receive()
            kind = message.type
            if kind is text or kind is binary:
                post(Received(self, message.data, now_ns()))
            elif kind is aiohttp.WSMsgType.PING:
                post(Received(self, None, now_ns()))
                self._outbox.appendleft(bytes(message.data))
                self._has_mail.set()
            elif kind is aiohttp.WSMsgType.PONG:
                post(Received(self, None, now_ns()))
            else:
                raise LostError(_farewell(socket, kind, message.data, message.extra))
            self._alive_s = monotonic()
            self._silent_s = None

    async def _write(self, socket: Socket) -> None:
        """Send what is in the outbox: text; bytes are a pong's, None is a ping."""
        while True:
            await self._has_mail.wait()
            self._has_mail.clear()
            while self._outbox:
                if len(self._outbox) > OUTBOX_MAX:
                    raise LostError(f"{len(self._outbox)} messages cannot be sent")
                await self._pace()
                mail = self._outbox.popleft()
                try:
                    if mail is None:
                        await socket.ping()
                    elif isinstance(mail, bytes):
                        await socket.pong(mail)
                    else:
                        await socket.send_str(mail)
                except (aiohttp.ClientError, OSError) as error:
                    raise LostError(f"cannot send: {str(error) or type(error).__name__}") from error
                self._sent_s.append(self._clock.monotonic())

    async def _pace(self) -> None:
        """Wait until one more message in this second is allowed."""
        if len(self._sent_s) == SENDS_PER_S:
            wait_s = self._sent_s[0] + 1.0 - self._clock.monotonic()
            if wait_s > 0:
                await self._clock.sleep(wait_s)

    async def _watch(self) -> None:
        """Ask for signs of life; raise `LostError` if there are none, or nothing is subscribed."""
        life_s = (self.conversation.life_s or math.inf) * self._life
        every_s = min(self.conversation.ping_s or PING_MAX_S, PING_MAX_S)
        answer_s = min(every_s, ANSWER_MAX_S)
        now_s = self._clock.monotonic()
        ping_s, ready_s, due_s = now_s + every_s, now_s + READY_S, now_s + life_s
        while True:
            now_s = self._clock.monotonic()
            if self._silent_s is not None and now_s >= self._silent_s + answer_s:
                raise LostError(self._silence(now_s))
            if not self.is_ready and now_s >= ready_s:
                raise LostError(f"not subscribed within {READY_S:g} s")
            if self._silent_s is None and now_s >= self._alive_s + every_s + answer_s:
                self._silent_s = ping_s = now_s  # asked once more: perhaps it was we who slept
                self._post(Silent(self, self._silence(now_s)))
            if now_s >= ping_s:
                self._outbox.append(self.conversation.ping(self._now_ns()))
                self._has_mail.set()
                ping_s = now_s + every_s
            if now_s >= due_s:
                self._post(Due(self, "the end of its life is near"))
                due_s = now_s + life_s
            if self._silent_s is None:
                next_s = min(ping_s, due_s, self._alive_s + every_s + answer_s)
            else:
                next_s = min(ping_s, due_s, self._silent_s + answer_s)
            if not self.is_ready:
                next_s = min(next_s, ready_s)
            await self._clock.sleep(max(SHORTEST_S, next_s - now_s))

    def _silence(self, now_s: float) -> str:
        return f"silent for {now_s - self._alive_s:.1f} s"

    async def _keep(self) -> None:
        """Keep the connection allowed; a successor is asked for where that fails."""
        every_s = self.conversation.keep_s
        failures = 0
        while True:
            if every_s <= 0:
                await asyncio.Event().wait()
            await self._clock.sleep(min(every_s, KEEP_AGAIN_S) if failures else every_s)
            try:
                await self.conversation.keep()
                failures = 0
            except CallError as error:
                failures += 1
                if error.verdict in {Verdict.REFUSED, Verdict.MISSING}:
                    raise LostError(f"not kept: {error}") from error
                if failures == KEEP_TRIES:
                    self._post(Due(self, f"not kept: {error}"))
                    failures = 0


def _farewell(socket: Socket, kind: aiohttp.WSMsgType, data: object, extra: object) -> str:
    """Say how a connection ended."""
    if kind is aiohttp.WSMsgType.ERROR:
        return f"broken: {data or socket.exception()}"
    said = f", {extra}" if extra else ""
    return f"closed by the venue ({socket.close_code}{said})"
