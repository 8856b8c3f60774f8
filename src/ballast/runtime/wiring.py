"""Wiring: the one place that builds what can send an order.

    line = await open_line(venue, keys)              a venue that answers; it only reads
    wire(line, ...)                                   a node whose orders go there

A rehearsal is a line of which every host is the simulated exchange on this machine: the same code,
the same names, TLS with that exchange's own certificate, and no other address can be reached.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from ballast.core.errors import DataError, UserError
from ballast.risk.halt.breaker import RULES as BREAKER
from ballast.runtime.clock import FastClock, SlewedClock, SystemClock
from ballast.runtime.node.events import Alert
from ballast.runtime.node.journalled import started
from ballast.runtime.shell.closing import LiveBars
from ballast.runtime.shell.live import NOTHING_PLANNED, Live, Rhythm
from ballast.runtime.shell.shell import Shell
from ballast.runtime.shell.venue_facts import Timing
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.asking.budget import Budget
from ballast.venues.clients.asking.patience import PATIENT, Patience
from ballast.venues.clients.asking.pools import ANY, Caps
from ballast.venues.clients.calls import Verdict
from ballast.venues.clients.streams.carrier import Carrier
from ballast.venues.clients.streams.state import Phase
from ballast.venues.clients.trading import TradingClient

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import aiohttp

    from ballast.core.journal import Journal
    from ballast.core.time import Timeframe
    from ballast.risk.halt.breaker import BreakerRules
    from ballast.runtime.maintenance import Planned
    from ballast.runtime.node.desk import NodeRules
    from ballast.runtime.node.events import Effect
    from ballast.strategies.plan import AnyStrategy
    from ballast.venues.clients.access import Access, Keys
    from ballast.venues.clients.calls import CallError
    from ballast.venues.clients.desk import Conversation, VenueDesk
    from ballast.venues.clients.streams.state import StreamState
    from ballast.venues.clients.venues import Venue


_BUDGETS: WeakKeyDictionary[
    asyncio.AbstractEventLoop, WeakValueDictionary[tuple[Any, ...], Budget]
] = WeakKeyDictionary()
"""Budgets in use, by what shares them: a venue counts an address, not our objects."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A simulated exchange on this machine: `ballast venue serve` says its port and its file."""

    port: int
    ca: Path
    speed: float = 1.0
    """Of that exchange: the session's time runs as fast."""


@dataclass(slots=True)
class Line:
    """A venue that can be asked."""

    venue: Venue
    session: aiohttp.ClientSession
    asker: VenueAsker
    desk: VenueDesk
    clock: SystemClock | FastClock
    time: SlewedClock = field(init=False)
    """The node's."""

    def __post_init__(self) -> None:
        """Begin with what is known of the venue's clock."""
        self.time = SlewedClock(self.clock.now_ns, lambda: self.asker.offset_ns)

    @property
    def name(self) -> str:
        """The name of the venue."""
        return self.venue.access.venue

    @property
    def is_rehearsed(self) -> bool:
        """Whether it is a simulated exchange, with a time of its own."""
        return isinstance(self.clock, FastClock)

    def now_ns(self) -> int:
        """Return the node's time: it follows the venue's as measured, and does not jump."""
        return self.time.now_ns()

    def apart_ns(self) -> int:
        """Return how far the node's time is from that of people: 0 but for a rehearsal."""
        if isinstance(self.clock, FastClock):
            return self.now_ns() - SystemClock().now_ns()
        return 0

    def sure_ns(self) -> int:
        """Return the time by which a bar is closed at the venue too."""
        return self.time.sure_ns()

    def timing(self) -> Timing:
        """Return how far the venue's clock is from ours."""
        time = self.asker.time
        offset = time.last if time is not None else None
        if offset is None:
            return Timing()
        return Timing(offset.offset_ns, offset.measured_ns + self.time.offset_ns)

    async def close(self) -> None:
        """Let go of the connections."""
        await self.session.close()


async def open_line(
    venue: Venue,
    keys: Keys | None = None,
    rehearsal: Rehearsal | None = None,
    *,
    may_change: bool = False,
    caps: Caps = ANY,
    patience: Patience = PATIENT,
    on_wait: Callable[[CallError, float], None] = lambda _error, _seconds: None,
) -> Line:
    """Reach a venue, measure its clock and load its rules; raise `CallError` where it is silent.

    Lines of this loop to venues that share a budget ask out of one: the first one's `caps` hold.
    `patience` and `on_wait` are those of the asker.
    """
    clock = FastClock(rehearsal.speed) if rehearsal is not None else SystemClock()
    session = _session(venue, rehearsal)
    asker = VenueAsker(
        venue.access, session, clock.now_ns, keys, clock=clock, may_change=may_change,
        patience=patience, on_wait=on_wait,
        budget=_budget_of(venue.access, rehearsal, clock, caps),
    )  # fmt: skip
    line = Line(venue, session, asker, venue.desk(asker, clock.now_ns), clock)
    try:
        asker.keep_time(line.desk.server_ms)
        await asker.measure()
        if isinstance(clock, FastClock):  # a simulated exchange may live in another hour
            clock.move(asker.offset_ns)
            await asker.measure()
        line.time.step()
        await line.desk.load()
    except BaseException:
        await line.close()
        raise
    return line


def _budget_of(
    access: Access, rehearsal: Rehearsal | None, clock: SystemClock | FastClock, caps: Caps
) -> Budget:
    """Return the budget of an address at a venue: one for all lines of this loop."""
    budgets = _BUDGETS.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    place = (access.shares or access.venue, access.is_demo, rehearsal)
    found = budgets.get(place)
    if found is None:
        found = budgets[place] = Budget(access, clock, caps)
    return found


def _session(venue: Venue, rehearsal: Rehearsal | None) -> aiohttp.ClientSession:
    import aiohttp  # noqa: PLC0415 - 0.25 s, and an extra

    if rehearsal is None:
        return aiohttp.ClientSession()
    from ballast.venues.simulated.server.resolver import client_session  # noqa: PLC0415

    if not rehearsal.ca.is_file():
        raise DataError("no certificate of a simulated exchange", where=str(rehearsal.ca))
    try:
        context = ssl.create_default_context(cafile=str(rehearsal.ca))
    except ssl.SSLError:
        raise DataError("is no certificate", where=str(rehearsal.ca)) from None
    return client_session(venue.hosts, rehearsal.port, context)


@dataclass(slots=True)
class Wired:
    """A node that trades at a venue, and the streams it hears."""

    line: Line
    shell: Shell
    client: TradingClient
    live: Live
    carriers: list[Carrier] = field(default_factory=list)
    states: dict[str, StreamState] = field(default_factory=dict)


def wire(
    line: Line,
    rules: NodeRules,
    journal: Journal,
    classes: Sequence[AnyStrategy],
    symbols: Sequence[str],
    timeframe: Timeframe,
    hear: Callable[[Effect], None],
    rhythm: Rhythm | None = None,
    breaker: BreakerRules = BREAKER,
    ack_ms: float = 0.0,
    planned: Planned = NOTHING_PLANNED,
) -> tuple[Wired, list[Effect]]:
    """Start a node from its journal at a venue; return it and what is to be done first.

    Nothing is sent before `Shell.started` is given those effects.
    """
    missing = [one for one in symbols if one not in line.desk.markets]
    if missing:
        raise UserError(f"{line.name} does not list {', '.join(missing)}")
    client = TradingClient(line.desk, line.now_ns)
    node, effects = started(rules, journal, line.now_ns(), classes)
    shell = Shell(node, client, line.now_ns, hear)
    shell.sure_ns = line.sure_ns
    bars = LiveBars(line.desk, symbols, timeframe, line.clock, line.sure_ns)
    live = Live(
        line.desk, shell, bars, line.clock, symbols,
        timing=line.timing, measure=line.asker.measure, sends=client, rhythm=rhythm,
        breaker=breaker, ack_ms=ack_ms, planned=planned,
    )  # fmt: skip
    client.serve(live.report, live.price_ticks)
    wired = Wired(line, shell, client, live)
    _carry(wired, symbols, timeframe, hear)
    return wired, effects


def _carry(
    wired: Wired, symbols: Sequence[str], timeframe: Timeframe, hear: Callable[[Effect], None]
) -> None:
    """Make the carriers of everything the venue tells by itself."""
    desk, live = wired.line.desk, wired.live
    refused: set[str] = set()

    def told(state: StreamState) -> None:
        wired.states[state.name] = state
        if state.phase is Phase.READY:
            refused.discard(state.name)
        if state.verdict is Verdict.KEY and state.name not in refused:
            refused.add(state.name)
            hear(Alert("", f"the key is refused at the {state.name} socket: {state.reason}"))
        if state.phase is Phase.READY and state.missed_since_ns is not None:
            live.renewed()

    makers = [
        *(_maker(desk.private, symbols, place) for place in range(len(desk.private(symbols)))),
        *(
            _maker(lambda chosen: desk.public(chosen, timeframe), symbols, place)
            for place in range(len(desk.public(symbols, timeframe)))
        ),
    ]
    wired.carriers += [
        Carrier(
            wired.line.session,
            make,
            wired.line.clock,
            wired.line.now_ns,
            on_news=live.hear,
            on_state=told,
            seed=number,
        )
        for number, make in enumerate(makers)
    ]


def _maker(
    conversations: Callable[[Sequence[str]], Sequence[Conversation]],
    symbols: Sequence[str],
    place: int,
) -> Callable[[], Conversation]:
    """Return what makes the conversation of one place anew: each connection begins without past."""
    return lambda: conversations(symbols)[place]
