"""Session: five tasks beside a running node, until the time is over or somebody stops it.

watch      what happens to protection, from the journal, every second
snapshot   the journal replayed and timed, every 30 s
look       the venue asked and timed, every 60 s, and sooner while something seems wrong
compare    after each look: memory, journal, venue
tell       progress, in real time
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.ids import Purpose, purpose_of
from ballast.core.orders import Fill
from ballast.runtime.node.events import (
    AmendOrder,
    CancelOrder,
    ReplaceOrder,
    Reported,
    Submit,
    SubmitPair,
)
from ballast.runtime.node.journalled import CODEC, EFFECT, EVENT
from ballast.service.diagnose.health import heaviness
from ballast.service.diagnose.issues import Issue, Kind, Persisting, Severity, compare
from ballast.service.diagnose.views import JournalView, of_node, of_venue
from ballast.venues.clients.calls import CallError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.journal import Record
    from ballast.core.ports import Clock
    from ballast.service.diagnose.memory import Memory
    from ballast.venues.clients.desk import VenueDesk

MS_S = 1_000.0
SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How long, and how often what is looked at, in seconds; `*_ms`: what is slow."""

    duration_s: float = 900.0
    watch_s: float = 1.0
    snapshot_s: float = 30.0
    look_s: float = 60.0
    again_s: float = 3.0
    """Between two looks while something seems wrong: it must be seen twice."""
    tell_s: float = 10.0
    silent_s: float = 10.0
    journal_ms: float = 250.0
    venue_ms: float = 500.0
    memory_mb: float = 150.0
    """Above it, with nothing held, the process is heavy; so it is above `cpu`, of a core."""
    cpu: float = 0.02


@dataclass(slots=True)
class Findings:
    """What a session found."""

    issues: list[Issue] = field(default_factory=list)
    transitions: Counter[str] = field(default_factory=Counter)
    snapshots: int = 0
    looks: int = 0
    agreed: int = 0
    """Looks at which all places said the same."""
    journal_ms: list[float] = field(default_factory=list)
    venue_ms: list[float] = field(default_factory=list)
    begun_ns: int = 0
    ended_ns: int = 0
    connection: dict[str, Any] = field(default_factory=dict)
    """What the node said last of its talk with the venue."""
    health: dict[str, Any] = field(default_factory=dict)
    """What it said last of its machine."""
    exposure: dict[str, Any] = field(default_factory=dict)
    """What it said last of what it holds."""
    is_whole: bool = False
    """Whether the time was not cut short."""


class Diagnosis:
    """One session over some symbols."""

    def __init__(
        self,
        desk: VenueDesk,
        journal: JournalView,
        memory: Callable[[], Memory | None],
        symbols: Sequence[str],
        clock: Clock,
        now_ns: Callable[[], int],
        *,
        pace: Pace | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Look at these symbols; `memory` reads what the node says of itself."""
        self.findings = Findings()
        self._desk, self._journal, self._memory = desk, journal, memory
        self._symbols = tuple(symbols)
        self._clock, self._now_ns = clock, now_ns
        self._pace = pace or Pace()
        self._tell = tell
        self._persisting = Persisting()
        self._slow: set[Kind] = set()

    async def run(self) -> Findings:
        """Run the five tasks for the time that was asked for."""
        pace, found = self._pace, self.findings
        found.begun_ns = self._now_ns()
        tasks = [
            asyncio.ensure_future(self._every(pace.watch_s, self._watch)),
            asyncio.ensure_future(self._every(pace.snapshot_s, self._snapshot)),
            asyncio.ensure_future(self._looking()),
            asyncio.ensure_future(self._every(pace.tell_s, self._progress)),
        ]
        end_s = self._clock.monotonic() + pace.duration_s
        try:
            while self._clock.monotonic() < end_s:
                await self._clock.sleep(min(0.1, pace.watch_s))
                for one in tasks:
                    if one.done():
                        one.result()
            found.is_whole = True
        finally:
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            found.ended_ns = self._now_ns()
        return found

    async def _every(self, seconds: float, act: Callable[[], None]) -> None:
        while True:
            act()
            await self._clock.sleep(seconds)

    # Watch and snapshot ----------------------------------------------------------------------

    def _watch(self) -> None:
        """Count what happened to protection since the last look."""
        begun_s = self._clock.monotonic()
        self._journal.look()
        elapsed_ms = (self._clock.monotonic() - begun_s) * MS_S
        for record in self._journal.seen:
            name = transition_of(record)
            if name:
                self.findings.transitions[name] += 1
        self._note_slow(Kind.SLOW_JOURNAL, elapsed_ms, self._pace.journal_ms)
        memory = self._memory()
        silent_s = (self._now_ns() - memory.at_ns) / SECOND_NS if memory is not None else 0.0
        if memory is None or silent_s > self._pace.silent_s:
            said = "never said anything" if memory is None else f"said nothing for {silent_s:.0f} s"
            self._once(Kind.SILENT, Severity.HIGH, f"the node {said}")
        else:
            self._slow.discard(Kind.SILENT)
        if memory is not None:
            self.findings.connection = memory.connection
            self.findings.health = memory.health
            self.findings.exposure = memory.exposure
            self._note_faults(memory.health)
            self._note_weight(memory)

    def _note_weight(self, memory: Memory) -> None:
        """Tell once of a process that takes more than its targets while nothing is held."""
        is_rest = not any(one.is_held for one in memory.views.values())
        heavy = heaviness(memory.health, self._pace.memory_mb, self._pace.cpu) if is_rest else ""
        if heavy:
            self._once(Kind.HEAVY, Severity.LOW, heavy)
        else:
            self._slow.discard(Kind.HEAVY)

    def _note_faults(self, health: dict[str, Any]) -> None:
        faults = health.get("faults", [])
        if not faults:
            self._slow.discard(Kind.MACHINE)
            return
        severity = Severity.HIGH if any(one["blocks"] for one in faults) else Severity.LOW
        self._once(Kind.MACHINE, severity, "; ".join(one["line"] for one in faults))

    def _snapshot(self) -> None:
        begun_s = self._clock.monotonic()
        self._journal.look()
        self.findings.journal_ms.append((self._clock.monotonic() - begun_s) * MS_S)
        self.findings.snapshots += 1

    # Look and compare ------------------------------------------------------------------------

    async def _looking(self) -> None:
        while True:
            seems_wrong = await self.look()
            pause_s = self._pace.again_s if seems_wrong else self._pace.look_s
            await self._clock.sleep(min(pause_s, self._pace.look_s))

    async def look(self) -> bool:
        """Ask the venue once and compare; return whether something seems wrong."""
        node = self._journal.look()
        aside = {}
        if node is not None:
            aside = {one: node.desk(one).aside_lots or 0 for one in self._symbols}
        begun_s = self._clock.monotonic()
        try:
            venue = await of_venue(self._desk, self._symbols, aside)
        except CallError as error:
            self._once(Kind.UNANSWERED, Severity.HIGH, str(error))
            return True
        self._slow.discard(Kind.UNANSWERED)
        elapsed_ms = (self._clock.monotonic() - begun_s) * MS_S / 2  # orders, then positions
        self.findings.venue_ms.append(elapsed_ms)
        self.findings.looks += 1
        self._note_slow(Kind.SLOW_VENUE, elapsed_ms, self._pace.venue_ms)
        node = self._journal.look()
        if node is None:
            return False
        memory = self._memory()
        issues = compare(
            memory.views if memory is not None else None,
            of_node(node, self._symbols),
            venue,
            self._now_ns(),
        )
        self.findings.agreed += not issues
        for issue in self._persisting.take(issues):
            self._add(issue)
        return bool(issues)

    # Issues and progress ---------------------------------------------------------------------

    def _note_slow(self, kind: Kind, elapsed_ms: float, most_ms: float) -> None:
        if elapsed_ms > most_ms:
            self._once(kind, Severity.LOW, f"{elapsed_ms:.0f} ms, expected {most_ms:.0f} at most")

    def _once(self, kind: Kind, severity: Severity, text: str) -> None:
        """Add an issue of no symbol, once while it lasts."""
        if kind not in self._slow:
            self._slow.add(kind)
            self._add(Issue(kind, severity, "", text, self._now_ns(), {}))

    def _add(self, issue: Issue) -> None:
        self.findings.issues.append(issue)
        self._tell(f"{issue.severity.name} {issue.kind}: {issue.text}")

    def _progress(self) -> None:
        found = self.findings
        passed_s = (self._now_ns() - found.begun_ns) / SECOND_NS
        self._tell(
            f"{passed_s:.0f} of {self._pace.duration_s:.0f} s: {found.snapshots} snapshots, "
            f"{found.looks} looks ({found.agreed} in agreement), "
            f"{sum(found.transitions.values())} transitions, {len(found.issues)} issues"
        )


def transition_of(record: Record) -> str:
    """Return what a record says of protection; '' for nothing."""
    if record.kind not in {EVENT, EFFECT}:
        return ""
    return _named(CODEC.value(record))


def _named(value: object) -> str:
    """Return what an event or effect is to protection."""
    is_stop = purpose_of(_order_of(value)) is Purpose.STOP
    match value:
        case Submit(purpose=Purpose.ENTRY):
            name = "position wanted"
        case Submit() | SubmitPair() if is_stop:
            name = "stop placed"
        case AmendOrder() | ReplaceOrder():
            name = "stop moved"
        case CancelOrder() if is_stop:
            name = "stop cancelled"
        case Reported(report=Fill()):
            name = "stop filled" if is_stop else "filled"
        case _:
            name = ""
    return name


def _order_of(value: object) -> str:
    """Return the client id that an event or effect is about."""
    match value:
        case Submit(request=request) | SubmitPair(stop=Submit(request=request)):
            return request.client_id
        case CancelOrder(client_id=name):
            return name
        case Reported(report=report):
            return report.client_id
        case _:
            return ""
