"""Carrier: keeps one conversation with a venue going, through every way a connection can end.

    carrier = Carrier(session, make, clock, now_ns, on_news=take, on_state=told)
    await carrier.run()  # until it is cancelled

`make` gives a new conversation for each connection. Each message is stamped when it is read and put
into one queue, from which it is heard in order; while one is heard nothing else is waited for.

States, as the owner is told them (`StreamState`):

    CONNECTING -> READY       all that was asked for is subscribed
    READY -> STALE -> READY   no sign of life came in time, and then one did
    READY or STALE -> DOWN    the connection ended; a new one is made after a pause that grows

What happened between two connections is not told again by any venue. So each READY says since when
something may have been missed: then the owner asks by REST (exchanges.md 6.2). Before a connection
has to end by the venue's rules a second one is opened, and the first is closed only after that one
is ready: nothing is missed (`missed_since_ns` None), and what both told is told twice.

A message that cannot be read ends its connection: what it said is unknown. Whatever our own code
raises beyond that is a defect, and `run` raises it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.rng import stream
from ballast.venues.clients.calls import Verdict
from ballast.venues.clients.streams.line import (
    SHORTEST_S,
    Dialled,
    Due,
    Ended,
    Line,
    LineEvent,
    Opened,
    Received,
    Silent,
)
from ballast.venues.clients.streams.state import Phase, StreamState, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import aiohttp
    import numpy as np

    from ballast.core.ports import Clock
    from ballast.venues.clients.desk import Conversation, Heard, News

PAUSE_S, PAUSE_MAX_S = 0.5, 30.0
"""Waits double from the first to the last: 300 connections in five minutes are never reached."""
STEADY_S = 30.0
"""A connection that was ready for so long was a good one: waits begin anew."""
HOPELESS_S = 60.0
"""Pause where asking again is of little use: a key that is refused, an address sent away."""
RETRY_AFTER_MAX_S = 3 * 86_400.0
"""No venue bans for longer."""
LINGER_S = 1.0
"""How long a connection is still heard after its successor is ready."""
LIFE_SPREAD = 0.05
"""Share of a life by which it is cut at random: connections made together do not end together."""
DOUBLINGS_MAX = 16
"""More would overflow nothing, and change nothing."""
BATCH = 256
"""Messages heard before others get their turn: some ten milliseconds."""
UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError)
"""What reading a frame of an unexpected shape raises."""
HOPELESS = frozenset({Verdict.KEY, Verdict.BANNED})


class Carrier:
    """Carries one conversation; `run` it once."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        make: Callable[[], Conversation],
        clock: Clock,
        now_ns: Callable[[], int],
        *,
        on_news: Callable[[News, int], None],
        on_state: Callable[[StreamState], None],
        on_frame: Callable[[int, bytes, int], None] | None = None,
        news_within_s: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Prepare. The session is its owner's to close; `on_news` gets news and when it came.

        `on_frame` gets each raw frame before it is heard, with the number of its connection.
        `news_within_s`: a connection without news for so long is made anew, however alive it
        seems; 0 where silence is normal.
        """
        self.traffic = Traffic()
        self.state: StreamState | None = None
        """As it was told last."""
        self._session = session
        self._make = make
        self._clock = clock
        self._now_ns = now_ns
        self._on_news = on_news
        self._on_state = on_state
        self._on_frame = on_frame
        self._news_within_s = news_within_s
        self._seed = seed
        self._rng: np.random.Generator | None = None
        self._name = ""
        self._queue: deque[LineEvent] = deque()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._defect: BaseException | None = None
        self._lines = 0
        self._current: Line | None = None
        self._next: Line | None = None
        self._renewal = ""
        self._failures = 0
        self._ready_s = self._news_s = clock.monotonic()
        self._heard_ns = self._news_ns = 0
        self._missed_ns: int | None = 0
        self._is_stale = False

    async def run(self) -> None:
        """Carry until cancelled; raise only defects of ours."""
        if self._lines:
            raise InternalError("a carrier runs once")
        self._dial(0.0)
        if self._news_within_s > 0:
            self._start(self._watch_news())
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                if self._defect is not None:
                    raise self._defect
                while self._queue:
                    for _ in range(min(BATCH, len(self._queue))):
                        self._take(self._queue.popleft())
                    await asyncio.sleep(0)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def restart(self, why: str) -> None:
        """Give the connection up and make a new one: its owner knows that it loses things.

        What was missed then counts from the last news.
        """
        if self._current is not None:
            self._current.retire()
            self._missed_ns = self._news_ns
            self._lost(self._current, why, 0.0, None)

    @property
    def waiting(self) -> int:
        """Return how many messages wait to be heard."""
        return len(self._queue)

    # What lines post ----------------------------------------------------------------------

    def _post(self, event: LineEvent) -> None:
        self._queue.append(event)
        self._wake.set()

    def _take(self, event: LineEvent) -> None:
        line = event.line
        if line.is_over:
            return
        if isinstance(event, Received):
            self._received(line, event.frame, event.at_ns)
            return
        match event:
            case Dialled():
                if self._current is None:
                    self._tell(Phase.CONNECTING)
            case Opened(_, has_greeting):
                self.traffic.connects += 1
                if not has_greeting:  # nothing was asked for, so nothing is missing
                    self._promote(line)
            case Silent(_, why) if line is self._current:
                self._tell(Phase.STALE, why)
            case Due(_, why) if line is self._current and self._next is None:
                self.traffic.renewals += 1
                self._renewal = why
                self._dial(0.0)
            case Ended(_, why, retry_after_s, verdict):
                self._lost(line, why, retry_after_s, verdict)
            case _:
                pass  # of a line that does not count now

    def _received(self, line: Line, frame: bytes | None, at_ns: int) -> None:
        traffic = self.traffic
        waiting = len(self._queue) + 1
        traffic.waiting_max = max(traffic.waiting_max, waiting)
        delay_ns = self._now_ns() - at_ns
        traffic.delay_ns_max = max(traffic.delay_ns_max, delay_ns)
        if frame is not None:
            traffic.frames += 1
            traffic.octets += len(frame)
            if self._on_frame is not None:
                self._on_frame(line.number, frame, at_ns)
            try:
                heard = line.conversation.hear(frame, at_ns)
            except UNREADABLE as error:
                traffic.unreadable += 1
                line.retire()
                self._lost(line, f"a frame cannot be read: {type(error).__name__}: {error}")
                return
            self._heard(line, heard, at_ns)
        if line is self._current:
            self._heard_ns = at_ns
            if self._is_stale:
                self._tell(Phase.READY, "heard again")

    def _heard(self, line: Line, heard: Heard, at_ns: int) -> None:
        for one in heard.news:
            self._on_news(one, at_ns)
        if heard.news:
            self.traffic.news += len(heard.news)
            self._news_ns, self._news_s = at_ns, self._clock.monotonic()
        if heard.replies:
            line.send(heard.replies)
        if heard.is_ready and not (line.is_ready or line.is_over):
            self._heard_ns = at_ns
            self._promote(line)
        if heard.ends and not line.is_over:
            line.retire()
            self._lost(line, heard.ends, verdict=heard.verdict)

    # How the stream stands ----------------------------------------------------------------

    def _promote(self, line: Line) -> None:
        """Let a line that is ready be the one that counts; the one before it is closed soon."""
        old, self._current, self._next = self._current, line, None
        line.is_ready = True
        now_s = self._clock.monotonic()
        self._ready_s = self._news_s = now_s
        if old is not None:
            self._failures = 0
            self._start(self._close_soon(old))
        missed_ns = self._missed_ns if old is None else None
        self._missed_ns = None
        self._tell(Phase.READY, "" if old is None else self._renewal, missed_ns=missed_ns)

    def _lost(
        self,
        line: Line,
        why: str,
        retry_after_s: float | None = None,
        verdict: Verdict | None = None,
    ) -> None:
        """Note that a line is of no use any more, and begin another unless one is on its way."""
        line.is_over = True
        if line is not self._current and line is not self._next:
            return  # a successor is ready
        now_s = self._clock.monotonic()
        self.traffic.losses += 1
        if line is self._current:
            self._current = None
            if self._missed_ns is None:
                self._missed_ns = self._heard_ns
            if now_s - self._ready_s >= STEADY_S:
                self._failures = 0
            if self._next is not None:
                self._tell(Phase.DOWN, why, verdict=verdict)
                if self._next.is_dialling:
                    self._tell(Phase.CONNECTING)
                return
        pause_s = self._pause_s(retry_after_s, verdict)
        if self._current is None:
            self._tell(Phase.DOWN, why, retry_s=pause_s, verdict=verdict)
        self._dial(pause_s)

    def _pause_s(self, retry_after_s: float | None, verdict: Verdict | None) -> float:
        """Return how long to wait: doubling, by half at random, longer where the venue says so."""
        assert self._rng is not None  # noqa: S101 - made with the first line
        longest_s = min(PAUSE_MAX_S, PAUSE_S * 2.0 ** min(self._failures, DOUBLINGS_MAX))
        self._failures += 1
        pause_s = longest_s * float(self._rng.uniform(0.5, 1.0))
        if verdict in HOPELESS:
            pause_s = max(pause_s, HOPELESS_S)
        return max(pause_s, min(retry_after_s or 0.0, RETRY_AFTER_MAX_S))

    def _tell(
        self,
        phase: Phase,
        reason: str = "",
        *,
        missed_ns: int | None = None,
        retry_s: float | None = None,
        verdict: Verdict | None = None,
    ) -> None:
        self._is_stale = phase is Phase.STALE
        state = StreamState(self._name, phase, self._now_ns(), reason, missed_ns, retry_s, verdict)
        self.state = state
        self._on_state(state)

    # Tasks --------------------------------------------------------------------------------

    def _dial(self, pause_s: float) -> None:
        """Begin a line after a pause."""
        conversation = self._make()
        if self._rng is None:
            self._name = conversation.name
            self._rng = stream(self._seed, f"streams/{self._name}")
        self._lines += 1
        life = 1.0 - LIFE_SPREAD * float(self._rng.random())
        line = self._next = Line(
            self._lines, conversation, self._session, self._clock, self._now_ns, self._post, life
        )
        self._start(line.carry(after_s=pause_s))

    async def _close_soon(self, line: Line) -> None:
        await self._clock.sleep(LINGER_S)
        line.retire()

    async def _watch_news(self) -> None:
        """Give a connection up that tells nothing, where it should."""
        wait_s = self._news_within_s
        while True:
            await self._clock.sleep(max(wait_s, SHORTEST_S))
            silent_s = self._clock.monotonic() - self._news_s
            wait_s = self._news_within_s - silent_s
            if wait_s <= 0:
                wait_s = self._news_within_s
                self.restart(f"no news for {silent_s:.1f} s")

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        defect = None if task.cancelled() else task.exception()
        if defect is not None:
            self._defect = defect
            self._wake.set()
