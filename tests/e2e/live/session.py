"""Session: a node that trades at a served venue over TLS, told by a test what to decide.

    async with trading(venue, row, folder) as session:
        await session.enter()

Real client, streams, journal and live loop, no strategy: the test says when to enter, to move the
stop and to leave. An auditor looks at the venue's engine all the while.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.e2e.live.auditing import Auditor
from tests.e2e.live.trader import FAR_NS, HASH, Order, rules_of

from ballast.core.ids import Purpose
from ballast.core.orders import Side
from ballast.core.settings.rule import Secret
from ballast.core.time import Timeframe
from ballast.risk.gate.facts import Candidate, Permission
from ballast.risk.halt.breaker import BreakerRules, Gate
from ballast.risk.halt.modes import Command
from ballast.runtime.node.desk import unprotected
from ballast.runtime.node.events import Alert, Commanded, Decided, Judged, Left, Moved
from ballast.runtime.shell.live import Rhythm
from ballast.runtime.wiring import Rehearsal, Wired, open_line, wire
from ballast.store.journal import JournalWriter
from ballast.store.journal.headfile import head_path
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.store.journal.writer import Start
from ballast.venues.clients.access import Keys
from ballast.venues.clients.streams.state import Phase
from ballast.venues.clients.venues import VENUES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, MutableSequence, Sequence
    from pathlib import Path

    from tests.contract.venues.clients.rows import Row

    from ballast.oms.protection.cover import Abilities
    from ballast.oms.record import OrderRecord
    from ballast.runtime.node.events import Effect
    from ballast.runtime.node.node import Node
    from ballast.service.testing.venue import ServedVenue

SECOND_NS = 1_000_000_000
STOP_SHARE = 0.01
"""How far from the price a stop is placed."""
WAIT_S = 30.0
"""Longest real wait for what must come; a busy machine needs a few seconds."""
LOOK_S = 0.05
RHYTHM = Rhythm(reconcile_s=4.0, status_s=1.0, rules_s=2.0, clock_s=60.0, pause_s=0.5)
BREAKER = BreakerRules(open_ns=3 * SECOND_NS)


class Session:
    """One node under way at one venue."""

    def __init__(
        self, wired: Wired, row: Row, auditor: Auditor, heard: MutableSequence[Effect]
    ) -> None:
        self.wired, self.row, self.auditor = wired, row, auditor
        self.live, self.symbol = wired.live, row.symbol
        self.market = wired.line.desk.markets[row.symbol]
        self.lots_usual = int(row.qty / row.lot)
        self.heard = heard
        self.halted: list[tuple[int, bool]] = []

    @property
    def node(self) -> Node:
        return self.wired.shell.node

    @property
    def lots(self) -> int:
        """Return what the node believes is held, dust left out."""
        lots = self.node.book.holding(self.symbol).lots
        return 0 if abs(lots) <= self.node.desk(self.symbol).dust_lots else lots

    @property
    def alerts(self) -> list[str]:
        return [one.text for one in self.heard if isinstance(one, Alert)]

    @property
    def orders(self) -> list[OrderRecord]:
        """Return all orders the node remembers, oldest first."""
        return [one for one in self.node.book.state().orders if one.symbol == self.symbol]

    def of(self, purpose: Purpose) -> list[OrderRecord]:
        return [one for one in self.orders if one.purpose is purpose]

    @property
    def is_heard(self) -> bool:
        """Tell whether every stream is ready."""
        phases = [one.phase for one in self.wired.states.values()]
        return len(phases) == len(self.wired.carriers) and set(phases) == {Phase.READY}

    @property
    def is_linked(self) -> bool:
        """Tell whether the breaker lets entries through."""
        return self.live.gate() is Gate.CLOSED

    @property
    def losses(self) -> int:
        """Return how many connections were given up."""
        return sum(one.traffic.losses for one in self.wired.carriers)

    @property
    def connects(self) -> int:
        return sum(one.traffic.connects for one in self.wired.carriers)

    @property
    def throttled(self) -> int:
        return sum(one.counts.throttled for one in self.wired.line.asker.budget.states())

    @property
    def bans(self) -> int:
        return sum(one.counts.bans for one in self.wired.line.asker.budget.states())

    @property
    def closed_s(self) -> float:
        """Return for how long nothing may be sent."""
        return max(one.closed_s for one in self.wired.line.asker.budget.states())

    @property
    def is_free(self) -> bool:
        """Tell whether nothing of the symbol is held or open."""
        return not self.lots and not any(self.node.book.open_orders(self.symbol))

    @property
    def is_calm(self) -> bool:
        """Tell whether nothing is held, open or unknown."""
        return self.is_free and not any(self.node.book.doubtful())

    @property
    def is_covered(self) -> bool:
        """Tell whether node and venue agree on a position and its whole stop."""
        bare = unprotected(self.node.book, self.node.bare())
        return bool(self.lots) and not bare and self._agrees()

    def _agrees(self) -> bool:
        return abs(self.auditor.position) - self.auditor.covered_lots <= self.auditor.dust

    # What the test decides ----------------------------------------------------------------

    async def enter(
        self,
        side: Side = Side.BUY,
        lots: int = 0,
        limit_ticks: int = 0,
        stop_share: float = STOP_SHARE,
    ) -> tuple[str, ...]:
        """Let the node decide to enter; return what spoke against it, () where it was sent."""
        live, symbol = self.live, self.symbol
        await live.show()
        await live.look_at_depth(symbol)
        seen = live.facts.of(symbol)
        price = live.price_ticks(symbol) or seen.ask_ticks
        assert price, "no price is known"
        seen.is_contiguous, seen.data_ns = True, live.now_ns
        lots = lots or self.lots_usual
        notional = float(self.market.tick * price * self.market.lot * lots) * 1.02
        link = live.facts.link(symbol, live.gate(), self.wired.line.timing())
        stop = round(price * (1.0 - int(side) * stop_share))
        asked = Candidate(symbol, side, HASH, live.now_ns, notional)
        live.tell(Decided(asked, link, lots, limit_ticks, stop, live.now_ns))
        judged = [one for one in self.heard if isinstance(one, Judged)]
        return judged[-1].reasons

    async def hold(self, **wish: Any) -> None:
        """Enter and wait until all of it is covered by a stop that rests at the venue."""
        against = await self.enter(**wish)
        assert not against, against
        await self.until("the position is covered", lambda: self.is_covered)

    def move_stop(self, ticks: int) -> None:
        self.live.tell(Moved(self.symbol, ticks, self.live.now_ns))

    def leave(self) -> None:
        self.live.tell(Left(self.symbol, "the test says so", self.live.now_ns))

    async def finish(self) -> None:
        """Get flat, and wait until nothing is unknown any more and the venue agrees."""
        if self.lots:
            self.leave()
        await self.until("all is flat", lambda: self.is_calm)
        await self.wired.client.settle(5.0)
        await self.until("the venue agrees", lambda: abs(self.auditor.position) <= self.dust)

    @property
    def dust(self) -> int:
        return self.auditor.dust

    async def until(
        self, what: str, condition: Callable[[], bool], within_s: float = WAIT_S
    ) -> None:
        """Wait for something; a failure says what was waited for and how things stand."""
        end = time.monotonic() + within_s
        while not condition():
            if self.wired.client.failed is not None:
                raise self.wired.client.failed
            assert time.monotonic() < end, f"not within {within_s:g} s: {what}; {self.says()}"
            await asyncio.sleep(LOOK_S)

    def says(self) -> str:
        """Say how things stand."""
        orders = [
            f"{one.purpose.name} {one.phase.name} {one.filled_lots}/{one.request.qty_lots}"
            for one in self.orders[-6:]
        ]
        streams = [f"{one.name} {one.phase} {one.reason}" for one in self.wired.states.values()]
        judged = [one.reasons for one in self.heard if isinstance(one, Judged)][-1:]
        return (
            f"{self.lots} lots, {self.auditor.position} at the venue, halt {self.node.halt.mode}"
            f" ({self.node.halt.reason}), breaker {self.live.gate()}; {orders}; {streams};"
            f" alerts {self.alerts[-6:]}; judged {judged}"
        )

    async def watch(self) -> None:
        """Look at the venue and at the node's mode, over and over."""
        while True:
            self.halted.append((self.live.now_ns, not self.node.halt.allows_entries))
            await asyncio.to_thread(self.auditor.look)
            await asyncio.sleep(LOOK_S)

    def entries_while_halted(self) -> list[str]:
        """Return the entries that the venue took while the node was halted before and after."""
        wrong = []
        for one in self.auditor.ours(Purpose.ENTRY):
            before = [is_halted for at_ns, is_halted in self.halted if at_ns <= one.created_ns]
            after = [is_halted for at_ns, is_halted in self.halted if at_ns > one.created_ns]
            if before and after and before[-1] and after[0]:
                wrong.append(one.request.client_id)
        return wrong


@asynccontextmanager
async def trading(
    venue: ServedVenue,
    row: Row,
    folder: Path,
    *,
    speed: float = 1.0,
    limits_stops: bool = False,
    has_takes: bool = False,
    trail_ppm: int = 0,
    **rules: Any,
) -> AsyncIterator[Session]:
    """Trade while the block runs; then get flat, and hold the venue against the journal.

    `rules` are fields of `NodeRules` that differ from the usual ones; with `limits_stops` stops are
    limit orders, as at a venue that has no others; with `trail_ppm` the venue trails besides. With
    `has_takes` the test puts takes on the node's desk, which no journal holds: then the venue is
    held against the node.
    """
    auditor = Auditor(venue, row)
    if limits_stops:
        rules["abilities"] = replace(await abilities_of(venue, row), stops_at_market=False)
    if trail_ppm:
        rules["abilities"] = replace(await abilities_of(venue, row), trail_ppm=trail_ppm)
    heard: list[Effect] = []
    journal = folder / "journal.sqlite"
    async with wired_at(venue, row, journal, [row.symbol], heard, speed=speed, **rules) as begun:
        wired, work = begun
        session = Session(wired, row, auditor, heard)
        work.append(asyncio.ensure_future(session.watch()))
        yield session
        for one in work:
            if one.done():
                one.result()
        await session.finish()
    assert not session.entries_while_halted()
    if has_takes:
        assert not (found := auditor.violations(session.node, row.symbol)), found
    else:
        auditor.require_whole(journal, row.symbol)


async def abilities_of(venue: ServedVenue, row: Row) -> Abilities:
    """Return how stops are placed and moved at a venue."""
    line = await open_line(VENUES[row.venue], None, Rehearsal(venue.port, venue.ca))
    try:
        return VENUES[row.venue].abilities(line.desk.markets[row.symbol])
    finally:
        await line.close()


@asynccontextmanager
async def wired_at(
    venue: ServedVenue,
    row: Row,
    journal_file: Path,
    symbols: Sequence[str],
    heard: MutableSequence[Effect],
    *,
    speed: float = 1.0,
    rhythm: Rhythm = RHYTHM,
    **rules: Any,
) -> AsyncIterator[tuple[Wired, list[asyncio.Future[Any]]]]:
    """Begin a node at a venue, and stop it; what goes on beside it is cancelled with it."""
    venue_row = VENUES[row.venue]
    no_fees_in_coins(venue)
    keys = Keys(Secret(venue.key), Secret(venue.secret), Secret(venue.passphrase))
    line = await open_line(venue_row, keys, Rehearsal(venue.port, venue.ca, speed), may_change=True)
    database = SqliteDatabase(journal_file)
    started = Start("scenario", "trader", time.time_ns())
    journal = JournalWriter(database, head_path(journal_file), started)
    order = Order(row.venue, venue.port, str(venue.ca), "", "", "", symbols[0], 0, "", 0)
    told = rules_of(order, venue_row.abilities(line.desk.markets[symbols[0]]))
    permission = Permission(HASH, True, FAR_NS, tuple(symbols), 1e15)
    wired, effects = wire(
        line, replace(told, permissions=(permission,), **rules), journal, (), symbols,
        Timeframe(60_000), heard.append, rhythm, BREAKER,
    )  # fmt: skip
    work: list[asyncio.Future[Any]] = [asyncio.ensure_future(one.run()) for one in wired.carriers]
    try:
        end = time.monotonic() + WAIT_S
        while sum(one.phase is Phase.READY for one in wired.states.values()) < len(work):
            assert time.monotonic() < end, [*wired.states.values()]
            await asyncio.sleep(LOOK_S)
        wired.shell.started(effects)
        await wired.live.begin()
        wired.live.tell(Commanded(Command.RESUME, "trader", "a test", wired.live.now_ns))
        work.append(asyncio.ensure_future(wired.live.run()))
        yield wired, work
    finally:
        for one in work:
            one.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        journal.close()
        database.close()
        await line.close()


def no_fees_in_coins(venue: ServedVenue) -> None:
    """Let spot cost nothing: a node without a session does not know that coins pay fees."""
    exchange, account = venue._opened.exchange, venue._opened.key.account

    def act() -> None:
        for one in exchange.listings.values():
            if one.kind != "perpetual":
                exchange.set_fees(account, one.symbol, maker_ppm=0, taker_ppm=0)

    venue._there(act)
