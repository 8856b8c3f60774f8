"""Running: a live session from its journal: probe, reconcile, then trade, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.errors import UserError
from ballast.core.orders import MarginMode
from ballast.risk.halt.modes import Command
from ballast.runtime.node.events import Alert
from ballast.runtime.shell.health import HealthWatch
from ballast.runtime.startup import Probe, Wanted
from ballast.runtime.wiring import wire
from ballast.service.announce.telling import announce
from ballast.service.announce.watch import EventWatch
from ballast.service.commands import commanded, take_commands
from ballast.service.diagnose.connection import connection_of
from ballast.service.diagnose.health import health_of
from ballast.service.diagnose.memory import write_memory
from ballast.service.keys.following import follow
from ballast.service.live.depthfile import KEEP_S, SUFFIX, DepthFile, Scope
from ballast.service.paper.exposure import ExposureView
from ballast.service.paper.running import Heard
from ballast.venues.clients.access import Keys
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.streams.state import Phase
from ballast.venues.errors import VenueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path

    from ballast.core.journal import Journal
    from ballast.core.ports import EventSource
    from ballast.core.settings import EngineSettings
    from ballast.risk.halt.health import HealthLimits
    from ballast.runtime.node.events import Effect
    from ballast.runtime.node.node import Node
    from ballast.runtime.shell.depths import Depths
    from ballast.runtime.shell.live import Live, Rhythm
    from ballast.runtime.startup import Finding
    from ballast.runtime.wiring import Line, Wired
    from ballast.service.keys.account import Keys as AccountKeys
    from ballast.service.keys.source import KeySource
    from ballast.service.live.opening import OpenedLive
    from ballast.store.inbox import Inbox, Message

INBOX_S = 0.25
STATE_S = 1.0
READY_S = 30.0
"""How long the streams may take to begin; a venue that is not heard is not traded."""
KEY_FIX = "`ballast keys check` says what is wrong with it; `ballast keys rotate` takes another one"
SETTLE_S = 5.0
"""How long a stop waits for answers that are under way; what then has none is asked for again."""


async def probed(
    line: Line,
    opened: OpenedLive,
    before: Node | None,
    engine: EngineSettings,
    *,
    adopts: str = "",
) -> list[Finding]:
    """Look at everything that must be true before trading; `before` is the journal's node.

    What is held of a symbol that is about to be adopted is not compared with the journal.
    """
    ours: tuple[tuple[str, int | None], ...] = tuple(
        (one, before.book.holding(one).lots if before is not None else 0)
        for one in opened.symbols
        if one != adopts
    )
    if adopts:
        ours += ((adopts, None),)
    wanted = Wanted(
        opened.symbols,
        opened.rules.abilities,
        opened.instruments,
        Decimal(str(engine.leverage)),
        MarginMode(engine.margin),
        ours,
        opened.planned,
        line.now_ns(),
    )
    return await Probe(line.desk, wanted, line.timing).run()


class LiveRunning:
    """One session under way."""

    def __init__(
        self,
        line: Line,
        opened: OpenedLive,
        journal: Journal,
        inbox: Inbox | None = None,
        tell: Callable[[int, Effect], None] = lambda _, __: None,
        keys: KeySource | None = None,
        state_file: Path | None = None,
        beside: Callable[[Live], Sequence[Coroutine[Any, Any, None]]] = lambda _: (),
        is_heard: Callable[[], bool] = lambda: True,
        beat: Callable[[], None] = lambda: None,
        health_limits: HealthLimits | None = None,
        events: tuple[EventSource, float] | None = None,
    ) -> None:
        """Prepare; `run` does it. `keys` are looked at again while it runs.

        `state_file` says every second what this process believes, for `ballast diagnose`.
        `beside` is what must go on beside the session, and ends it where it ends: a paper account;
        nothing is traded before its books are heard. `beat` is called as long as the loop turns.
        Beyond `health_limits` entries are refused; None or no state file: nobody measures.
        `events` is what announces shocks, and how often it is looked at, in seconds.
        """
        self._keys = keys
        self.line = line
        self.opened = opened
        self.journal = journal
        self.heard = Heard()
        self.wired: Wired | None = None
        self._inbox = inbox
        self._tell = tell
        self._state_file = state_file
        self._beside = beside
        self._is_heard = is_heard
        self._beat = beat
        self._health_limits = health_limits
        self._events = events
        self.health: HealthWatch | None = None
        self.exposure = ExposureView(opened.legs)

    @property
    def node(self) -> Node:
        """The node, once it has begun."""
        assert self.wired is not None  # noqa: S101 - `run` has begun
        return self.wired.shell.node

    async def run(
        self,
        stop: asyncio.Event,
        draw: Callable[[LiveRunning], None] = lambda _: None,
        *,
        closes: int | None = None,
        rhythm: Rhythm | None = None,
        act: Callable[[LiveRunning], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """Trade until `stop` is set, or so many closes are decided; or until `act` is done.

        Raise `VenueUnavailableError` where venue or streams do not come, `UserError` where the key
        is refused, and whatever broke the session.
        """
        opened = self.opened
        wired, effects = wire(
            self.line, opened.rules, self.journal, opened.strategies, opened.symbols,
            opened.timeframe, self._hear, rhythm or opened.rhythm, opened.breaker,
            opened.ack_ms, opened.planned,
        )  # fmt: skip
        self.wired = wired
        depths = self._depths(wired)
        work = [asyncio.ensure_future(one.run()) for one in wired.carriers]
        work += [asyncio.ensure_future(one) for one in self._beside(wired.live)]
        try:
            await self._heard_by_all(wired, work)
            wired.shell.started(effects)
            try:
                await wired.live.begin()
            except CallError as error:
                raise VenueUnavailableError(
                    f"the venue does not say what is held: {error}", fix="start again when it does"
                ) from None
            work += await self._listening(wired)
            if not self.node.halt.who and act is None:
                self.command(Command.RESUME, getpass.getuser(), "a live session begins")
            work += [
                asyncio.ensure_future(wired.live.run()),
                asyncio.ensure_future(self._serve(draw)),
                asyncio.ensure_future(self._until(stop, closes)),
            ]
            if self._health_limits is not None and self._state_file is not None:
                folder = self._state_file.parent  # the journal lies beside it
                self.health = HealthWatch(wired.live, self._health_limits, folder)
                work.append(asyncio.ensure_future(self.health.run()))
            work += [asyncio.ensure_future(self._keep_depths(*one)) for one in depths]
            if act is not None:
                work.append(asyncio.ensure_future(act(self)))
            if self._keys is not None:
                work.append(asyncio.ensure_future(follow(self._keys, self._rekey, self._say)))
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
            await wired.client.settle(SETTLE_S)
            with contextlib.suppress(TimeoutError):  # so that what is shown last is so
                await asyncio.wait_for(wired.live.reconcile(), SETTLE_S)
        finally:
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            for file, books in depths:
                file.write(file.text(books))
            await wired.client.settle(SETTLE_S)

    def _depths(self, wired: Wired) -> list[tuple[DepthFile, dict[str, Depths]]]:
        """Go on with the looks at each book that are kept; return where they are kept, and they.

        Where nothing is written beside the journal, they are kept nowhere.
        """
        if self._state_file is None:
            return []
        line, within = self.line, self.opened.rules.limits.slippage
        scope = Scope(line.name, line.venue.access.is_demo, line.is_rehearsed, within)
        file = DepthFile(self._state_file.with_suffix(SUFFIX), scope)
        books = {one: wired.live.facts.of(one).depths for one in self.opened.symbols}
        if why := file.restore(books, line.now_ns()):
            self._say(f"the norm of depths begins anew: {why}")
        return [(file, books)]

    async def _keep_depths(self, file: DepthFile, books: dict[str, Depths]) -> None:
        """Write the looks down again and again; that a disk refuses is told once in a row."""
        told = ""
        while True:
            await self.line.clock.sleep(KEEP_S)
            why = await asyncio.to_thread(file.write, file.text(books))
            if why and not told:
                self._say(f"the norm of depths is not kept: {why}")
            told = why

    async def _listening(self, wired: Wired) -> list[asyncio.Task[None]]:
        """Look at the source of announcements, where there is one, before anything is decided."""
        if self._events is None:
            return []
        source, every_s = self._events
        live, line = wired.live, self.line
        watch = EventWatch(source, wired.shell, line.clock, line.apart_ns, every_s, live.tell)
        await watch.look()
        return [asyncio.create_task(watch.run())]

    async def _heard_by_all(self, wired: Wired, work: Sequence[asyncio.Future[None]]) -> None:
        """Wait until every stream is there; raise `UserError` where one is not."""
        limit = asyncio.get_running_loop().time() + READY_S
        while True:
            ready = [one for one in wired.states.values() if one.phase is Phase.READY]
            if len(ready) >= len(wired.carriers) and self._is_heard():
                return
            for one in work:
                if one.done():
                    one.result()
            self._require_key(wired)
            if asyncio.get_running_loop().time() > limit:
                lost = ", ".join(
                    f"{one.name} {one.phase} {one.reason}".strip()
                    for one in wired.states.values()
                    if one.phase is not Phase.READY
                )
                raise VenueUnavailableError(f"no stream of {self.line.name}: {lost or 'no answer'}")
            await asyncio.sleep(0.02)

    def _require_key(self, wired: Wired) -> None:
        """Raise `UserError` where a stream is refused for its key: waiting would not help."""
        for one in wired.states.values():
            if one.verdict is Verdict.KEY:
                raise UserError(
                    f"{self.line.name} refuses the key at its {one.name} socket: {one.reason}",
                    fix=KEY_FIX,
                )

    async def _serve(self, draw: Callable[[LiveRunning], None]) -> None:
        said_s = 0.0
        while True:
            self._beat()
            self.take_commands()
            draw(self)
            now_s = asyncio.get_running_loop().time()
            if self._state_file is not None and now_s - said_s >= STATE_S:
                said_s = now_s
                assert self.wired is not None  # noqa: S101 - `node` would have said so
                write_memory(
                    self._state_file, self.node, self.opened.symbols, self.line.now_ns(),
                    connection_of(self.wired), health_of(self.health),
                    self.exposure.of(self.node),
                )  # fmt: skip
            await asyncio.sleep(INBOX_S)

    async def _until(self, stop: asyncio.Event, closes: int | None) -> None:
        while closes is None or self.closes_decided < closes:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INBOX_S)
            if stop.is_set():
                return

    @property
    def closes_decided(self) -> int:
        """Return how many closes were decided since this start."""
        return self.wired.live.figures.closes if self.wired is not None else 0

    # Commands -------------------------------------------------------------------------------

    def take_commands(self) -> None:
        """Take a person's commands out of the inbox, in order."""
        look = self.wired.live.renewed if self.wired is not None else None
        take_commands(self._inbox, self.command, look, self.announce)

    def command(self, command: Command, who: str, reason: str) -> str:
        """Carry out a command; return what came of it."""
        node = self.node
        assert self.wired is not None  # noqa: S101 - `node` would have said so
        tell = self.wired.live.tell
        return commanded(node, tell, command, who, reason, self.line.now_ns())

    def announce(self, message: Message) -> str:
        """Take what somebody announces; return what came of it."""
        node, line = self.node, self.line
        assert self.wired is not None  # noqa: S101 - `node` would have said so
        return announce(node, self.wired.live.tell, message, line.now_ns(), line.apart_ns())

    def _rekey(self, keys: AccountKeys) -> None:
        self.line.asker.rekey(Keys(*keys.texts()))

    def _say(self, text: str) -> None:
        self._hear(Alert("", text))

    def _hear(self, effect: Effect) -> None:
        at_ns = self.line.now_ns()
        self.heard.note(at_ns, effect)
        self._tell(at_ns, effect)
