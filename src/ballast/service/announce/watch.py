"""Watch: a source of announcements, looked at again and again, and the node told of what is new.

The node's journal holds what was announced, not how often it was said. A source that does not
answer refuses entries after its patience, and a person is told once; at a start, before the first
answer, nothing is opened either.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.risk.halt.shocks import Shock
from ballast.runtime.clock import SystemClock
from ballast.runtime.node.events import Alert, SourceShown
from ballast.runtime.startup import Finding, Mark
from ballast.service.announce.file import FileEvents
from ballast.service.announce.telling import event_of
from ballast.service.announce.url import SCHEMES, UrlEvents

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ballast.core.notices import Heard, Notice
    from ballast.core.ports import Clock, EventSource
    from ballast.core.settings import Settings
    from ballast.runtime.node.events import Announced, Event
    from ballast.runtime.shell.shell import Shell

MS_S, MS_NS = 1_000.0, 1_000_000
WAIT_S = 15.0
"""Longest real wait for one look: a disk that hangs must not hang the session's start."""
FAULTS_MOST = 5
"""Lines a look that are told one by one: a file of another kind has thousands."""
TOLD_MOST = 1_000
"""Announcements whose last words are remembered, so that they are not told again."""


class EventWatch:
    """Brings what a source says to a node."""

    def __init__(
        self,
        source: EventSource,
        shell: Shell,
        clock: Clock,
        apart_ns: Callable[[], int],
        every_s: float,
        tell: Callable[[Event], None],
    ) -> None:
        """Look every so many seconds; `apart_ns`: the node's time less that of people."""
        self.source = source
        self.fault = ""
        """As the node was told last."""
        self._shell = shell
        self._clock = clock
        self._apart_ns = apart_ns
        self._every_s = every_s
        self._tell = tell
        self._heard_s = clock.monotonic()
        self._is_heard = False
        self._said: dict[str, Notice] = {}
        self._faults: set[str] = set()
        self._asked: asyncio.Future[Heard] | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        try:
            while True:
                await self._clock.sleep(self._every_s)
                await self.look()
        finally:
            if self._asked is not None:
                self._asked.cancel()

    async def look(self) -> None:
        """Look once, and tell the node what is new."""
        fault = ""
        try:
            found = await self._read()
        except UserError as error:
            found, fault = None, error.line()
        now_s = self._clock.monotonic()
        if found is not None:
            self._heard_s = now_s
            self._take(found)
        elif now_s - self._heard_s < self.source.patience_s:
            return
        if bool(fault) != bool(self.fault) or not (self._is_heard or fault):
            self._tell(SourceShown(fault, self._shell.now_ns()))
        self.fault = fault
        self._is_heard = self._is_heard or not fault

    async def _read(self) -> Heard:
        """Ask the source; one look that does not end is waited for, and no other begun."""
        now_ns = self._shell.now_ns() - self._apart_ns()
        if self._asked is None:
            self._asked = asyncio.ensure_future(self.source.read(now_ns // MS_NS))
        done, _ = await asyncio.wait({self._asked}, timeout=WAIT_S)
        if not done:
            raise UserError(f"no answer within {WAIT_S:g} s", where=self.source.name)
        asked, self._asked = self._asked, None
        return asked.result()

    def _take(self, found: Heard) -> None:
        for notice in {one.name: one for one in found.notices}.values():
            if self._said.get(notice.name) != notice:
                self._said.pop(notice.name, None)
                self._said[notice.name] = notice
                self._announce(notice)
        while len(self._said) > TOLD_MOST:
            del self._said[next(iter(self._said))]
        fresh = [one for one in found.faults if one not in self._faults]
        self._faults = set(found.faults)  # a feed says the same until somebody mends it
        for line in fresh[:FAULTS_MOST]:
            self._shell.hear(Alert("", f"no announcement: {line}"))
        if len(fresh) > FAULTS_MOST:
            more = f"{len(fresh) - FAULTS_MOST} more of {self.source.name}"
            self._shell.hear(Alert("", f"no announcement: {more}"))

    def _announce(self, notice: Notice) -> None:
        """Tell the node, unless it knows, or it is over and nothing was told of it."""
        event = event_of(notice, self.source.name, self._shell.now_ns(), self._apart_ns())
        known = self._shell.node.shocks.of(notice.name)
        if event.until_ns <= event.at_ns:
            is_news = known is not None and not known.is_over
        else:
            is_news = known is None or not known.repeats(_shock(event))
        if is_news:
            self._tell(event)


def _shock(event: Announced) -> Shock:
    return Shock(
        event.name, event.source, event.text, event.symbols, event.until_ns, event.tightens
    )


def listened(settings: Settings, workspace: Path) -> tuple[EventSource, float] | None:
    """Return the source that is configured, and how often it is looked at, in seconds.

    A file is looked for from the folder of the workspace. Raise `ConfigError` for no such source.
    """
    gate = settings.gate
    said = gate.event_source.strip()
    if not said:
        return None
    every_s = gate.event_poll_ms / MS_S
    if "://" in said or said.split(":", 1)[0].lower() in SCHEMES:
        return UrlEvents(said, gate.event_silent_ms / MS_S), every_s
    return FileEvents(workspace / said), every_s


async def looked_at(settings: Settings, workspace: Path) -> list[Finding]:
    """Return what a look at the configured source finds; nothing where there is none."""
    found = listened(settings, workspace)
    if found is None:
        return []
    source, what = found[0], "event source"
    try:
        heard = await source.read(SystemClock().now_ns() // MS_NS)
    except UserError as error:
        text = f"{error.line()}: nothing is opened until it is heard"
        return [Finding(what, Mark.REMARK, text, "mend it, or empty gate.event_source")]
    if heard.faults:
        return [Finding(what, Mark.REMARK, heard.faults[0], "announce what was meant")]
    return [Finding(what, Mark.GOOD, f"{source.name} says {len(heard.notices)} announcements")]
