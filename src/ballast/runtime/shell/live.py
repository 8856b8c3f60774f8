"""Live: a node and a real venue, in real time: news in, effects out, and the venue asked again.

What a stream tells goes to the node as it comes. Whenever a stream began anew, and every minute
besides, the venue is asked for trades, then for open orders, positions and equity, and last for
deposits and withdrawals: what was missed is booked before anything is compared. At a close what is
open, held and worth is asked once more, and then the bars are told, so the node decides on what is
known then (SEMANTICS 1.6). Nothing here decides.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from ballast.core.marketdata import Candle
from ballast.core.orders import Fill
from ballast.core.reports import OrderReport
from ballast.risk.gate.checks import CLOCK_OFFSET_NS
from ballast.risk.halt.breaker import RULES as BREAKER
from ballast.runtime.maintenance import Planned
from ballast.runtime.node.events import (
    Alert,
    BarsClosed,
    Elapsed,
    Funded,
    Learned,
    Linked,
    PositionShown,
    Priced,
    SetAside,
)
from ballast.runtime.shell.asking import Asking
from ballast.venues.clients.account import VenuePosition
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.desk import Paid

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ballast.core.ports import Clock
    from ballast.risk.halt.breaker import BreakerRules
    from ballast.runtime.node.events import ClosedBar
    from ballast.runtime.shell.closing import LiveBars
    from ballast.runtime.shell.shell import Shell
    from ballast.runtime.shell.venue_facts import Timing
    from ballast.venues.clients.account import VenueStatus
    from ballast.venues.clients.desk import News, VenueDesk

T = TypeVar("T")
MS_NS = 1_000_000
SECOND_NS = 1_000_000_000
TICK_S = 0.1
PAUSE_S, PAUSE_MAX_S = 1.0, 30.0
"""After questions that were not answered; it doubles from the first to the last."""
PRICE_NS = 250 * MS_NS
"""Between two prices of a symbol that the node is told; its journal keeps each of them."""
RECONCILE_S = 60.0
STATUS_S = 30.0
RULES_S = 3_600.0
CLOCK_S = 300.0
"""R-EXCH-05; the gate wants it younger than ten minutes."""
FUNDING_S = 300.0
CYCLE_S = 120.0
NOTHING_PLANNED = Planned()


class Sends(Protocol):
    """What carries the node's orders."""

    failed: BaseException | None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often what is asked, in seconds; `tick_s`: how often time is looked at."""

    tick_s: float = TICK_S
    reconcile_s: float = RECONCILE_S
    pause_s: float = PAUSE_S
    status_s: float = STATUS_S
    rules_s: float = RULES_S
    clock_s: float = CLOCK_S
    funding_s: float = FUNDING_S
    cycle_s: float = CYCLE_S


class Live(Asking):
    """One session. `begin` once, then `run` until it is cancelled."""

    def __init__(
        self,
        desk: VenueDesk,
        shell: Shell,
        bars: LiveBars,
        clock: Clock,
        symbols: Sequence[str],
        *,
        timing: Callable[[], Timing],
        measure: Callable[[], Awaitable[None]],
        sends: Sends,
        rhythm: Rhythm | None = None,
        breaker: BreakerRules = BREAKER,
        ack_ms: float = 0.0,
        planned: Planned = NOTHING_PLANNED,
    ) -> None:
        """Serve a node; `timing` tells how far the venue's clock is off, `measure` looks anew.

        An order of which the venue says nothing for more than `ack_ms` is told of; 0: none is.
        """
        super().__init__(desk, shell, symbols, breaker, clock.sleep)
        self.latency.most_ms = ack_ms
        self.bars = bars
        self._clock = clock
        self._timing = timing
        self._measure = measure
        self._sends = sends
        self._planned = planned
        self._rhythm = rhythm or Rhythm()
        self._told_ns: dict[str, int] = {}
        self._untold: set[str] = set()
        """Symbols whose last price came too soon after one that was told."""
        self._again = False
        self._asked_for: dict[str, None] = {}
        shell.look = self._ask_for

    # News -----------------------------------------------------------------------------------

    def hear(self, news: News, received_ns: int) -> None:
        """Take what a stream says."""
        self.figures.heard_ns = received_ns
        match news:
            case OrderReport() | Fill():
                self.report([news])
            case VenuePosition() if news.symbol in self.symbols:
                at_ns = self.now_ns
                self.tell(PositionShown(news.symbol, news.lots, at_ns, at_ns, news.side))
            case Paid():
                self._funded(news)
            case Candle():
                self.bars.take(news)
                self._moved(self.facts.take(news, received_ns))
            case _:
                self._moved(self.facts.take(news, received_ns))

    def price_ticks(self, symbol: str) -> int:
        """Return the last price that is known of a symbol; 0: none."""
        return self.facts.of(symbol).last_ticks or self.shell.node.desk(symbol).price_ticks

    def renewed(self) -> None:
        """Hear that a private stream began anew: what it missed must be asked for."""
        self._again = True

    def _moved(self, symbol: str) -> None:
        """Tell the node a price that matters to it, not more often than it can use it.

        One that comes too soon is told a moment later: after a gap there may be no other.
        """
        self._untold.discard(symbol)
        if not symbol:
            return
        book, now_ns = self.shell.node.book, self.now_ns
        if not (book.holding(symbol).lots or any(book.open_orders(symbol))):
            return
        if now_ns - self._told_ns.get(symbol, 0) < PRICE_NS:
            self._untold.add(symbol)
            return
        self._told_ns[symbol] = now_ns
        self.tell(Priced(symbol, self.facts.of(symbol).last_ticks, now_ns))

    def _funded(self, paid: Paid) -> None:
        if paid.symbol in self.symbols:
            atoms = self.atoms(paid.amount)
            self.tell(Funded(paid.symbol, atoms, paid.at_ns))

    # A close --------------------------------------------------------------------------------

    async def close(self, close_ns: int) -> None:
        """Let the bars of a close time be decided, on what is known then."""
        closing = asyncio.ensure_future(self.bars.closed(close_ns))
        await asyncio.gather(self.show(), *(self.look_at_depth(one) for one in self.symbols))
        bars = await closing
        if not bars:
            return
        now_ns = self.now_ns
        decider = self.shell.node.decider
        for bar in bars:
            seen = self.facts.of(bar.symbol)
            last_ms = decider.last_open_ms(bar.symbol) if decider is not None else -1
            span_ms = close_ns // MS_NS - bar.open_ms
            seen.is_contiguous = last_ms < 0 or last_ms + span_ms == bar.open_ms
            seen.data_ns = now_ns  # a bar that closed is news
            self.tell(Priced(bar.symbol, self._last(bar), now_ns))
            link = self.facts.link(bar.symbol, self.gate(), self._timing())
            self.tell(Linked(bar.symbol, link, now_ns))
        self.figures.closes += 1
        self.tell(BarsClosed(bars, close_ns, now_ns))
        self.latency.decided(close_ns, self.now_ns)

    def _last(self, bar: ClosedBar) -> int:
        """Return the last price, or the bar's close where no trade was heard of."""
        seen, market = self.facts.of(bar.symbol), self.desk.markets[bar.symbol]
        return seen.last_ticks or market.nearest_ticks(repr(bar.prices[3]))

    # A slice --------------------------------------------------------------------------------

    def _ask_for(self, symbol: str) -> None:
        self._asked_for[symbol] = None

    async def look(self, symbol: str) -> None:
        """Ask what is held of a symbol and what its market is like, and tell the node.

        Where the venue does not say what is held nothing is told, and so nothing more is sent.
        """
        asked_ns = self.now_ns
        positions, _, _ = await asyncio.gather(
            self.ask(lambda: self.desk.positions((symbol,))),
            self.show_funds(),
            self.look_at_depth(symbol),
        )
        if positions is None:
            return
        for one in positions:
            self.tell(PositionShown(symbol, one.lots, asked_ns, self.now_ns, one.side))
        link = self.facts.link(symbol, self.gate(), self._timing())
        self.tell(Linked(symbol, link, self.now_ns))

    async def _looks(self) -> None:
        """Look where the node asked for it."""
        while self._asked_for:
            symbol = next(iter(self._asked_for))
            del self._asked_for[symbol]
            await self.look(symbol)

    # A session ------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Learn the bars since the last one that is known, and what the venue holds of ours.

        Raise `CallError` where the venue does not answer: nothing may be traded unreconciled.
        """
        node = self.shell.node
        decider, session = node.decider, node.rules.session
        if decider is not None and session is not None:
            learned: list[ClosedBar] = []
            for symbol in self.symbols:
                last_ms = decider.last_open_ms(symbol)
                learned += await self.bars.history(symbol, session.room // 2, last_ms)
            learned.sort(key=lambda bar: bar.open_ms)
            if learned:
                self.tell(Learned(tuple(learned), self.now_ns))
        await self._rules()
        self._heard_status(await self.desk.status())
        await self._set_aside()
        if not await self.reconcile():
            raise CallError(Verdict.UNREACHED, "the venue did not say what the account holds")

    async def _set_aside(self) -> None:
        """Leave alone the coins that were in a spot account before the first session began.

        Raise `CallError` where the venue does not say.
        """
        if self.desk.markets[self.symbols[0]].is_perpetual:
            return
        fresh = [one for one in self.symbols if self.shell.node.desk(one).aside_lots is None]
        for one in await self.desk.positions(fresh) if fresh else ():
            ours = self.shell.node.book.holding(one.symbol).lots
            self.tell(SetAside(one.symbol, max(one.lots - ours, 0), self.now_ns))

    async def run(self) -> None:
        """Serve until cancelled; raise what broke: a defect of ours, or a journal that is full."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_time())
            tasks.create_task(self._keep_closing())
            tasks.create_task(self._keep_reconciling())
            tasks.create_task(self._every(self._rhythm.tick_s, self._looks))
            tasks.create_task(self._every(self._rhythm.cycle_s, self._cycle))
            tasks.create_task(self._every(self._rhythm.status_s, self._status))
            tasks.create_task(self._every(self._rhythm.rules_s, self._rules))
            tasks.create_task(self._every(self._rhythm.clock_s, self._look_at_clock))
            if self.desk.markets[self.symbols[0]].is_perpetual:
                tasks.create_task(self._every(self._rhythm.funding_s, self._fundings))

    async def _cycle(self) -> None:
        """Ask for the depth of every book, and so for the price of what is held or rests.

        That is the net beneath the streams: the last price counts as long as the book still holds
        it between its best prices. The depths of the others make their norm.
        """
        book = self.shell.node.book
        busy = [one for one in self.symbols if book.holding(one).lots or any(book.open_orders(one))]
        await asyncio.gather(*(self.look_at_depth(one) for one in self.symbols))
        for symbol in busy:
            seen = self.facts.of(symbol)
            if seen.rungs and seen.last_ticks:
                seen.last_ticks = min(max(seen.last_ticks, seen.bid_ticks), seen.ask_ticks)
                self.tell(Priced(symbol, seen.last_ticks, self.now_ns))
        self.figures.cycles += 1
        self.tell(Elapsed(self.now_ns))

    async def _keep_time(self) -> None:
        before_s = self._clock.monotonic()
        while True:
            await self._clock.sleep(self._rhythm.tick_s)
            now_s = self._clock.monotonic()
            self.figures.lag_s = max(self.figures.lag_s, now_s - before_s - self._rhythm.tick_s)
            before_s = now_s
            if self._sends.failed is not None:
                raise self._sends.failed
            for symbol in sorted(self._untold):
                self._moved(symbol)
            self.shell.wake(self.now_ns)
            self.bare.look(self.shell.node)

    async def _keep_closing(self) -> None:
        while True:
            close_ns = self.bars.next_close_ns()
            while self.now_ns < close_ns:
                left_s = (close_ns - self.now_ns) / SECOND_NS
                await self._clock.sleep(min(10 * self._rhythm.tick_s, max(left_s, 0.001)))
            await self.close(close_ns)

    async def _keep_reconciling(self) -> None:
        pause_s = self._rhythm.pause_s
        while True:
            due_s = self._clock.monotonic() + self._rhythm.reconcile_s
            while not self._again and self._clock.monotonic() < due_s:
                await self._clock.sleep(self._rhythm.tick_s)
            self._again = False
            if await self.reconcile():
                pause_s = self._rhythm.pause_s
            else:
                self._again = True
                await self._clock.sleep(pause_s)
                pause_s = min(2 * pause_s, max(PAUSE_MAX_S, self._rhythm.pause_s))
            self.tell(Elapsed(self.now_ns))

    async def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._clock.sleep(seconds)
            await act()

    async def _status(self) -> None:
        self._heard_status(await self.ask(self.desk.status))

    def _heard_status(self, status: VenueStatus | None) -> None:
        """Learn whether the venue is open; stops are looked at before it closes, and after."""
        if status is not None:
            status = self._planned.joined(status, self.now_ns)
        news = self.facts.opens(status, self.now_ns)
        if news:
            self.shell.hear(Alert("", news))
            self.renewed()

    async def _look_at_clock(self) -> None:
        await self.ask(self._measure)
        offset_ns = self._timing().offset_ns
        news = "" if offset_ns is None else self.facts.drifts(offset_ns, CLOCK_OFFSET_NS)
        if news:
            self.shell.hear(Alert("", news))

    async def _rules(self) -> None:
        await self.ask(self.desk.load)
        for symbol in self.facts.refresh(self.desk.markets, self.now_ns):
            self.shell.hear(Alert(symbol, "its end of trading is announced: nothing is opened"))

    async def _fundings(self) -> None:
        """Ask for payments since the last entry; the node passes over those it has booked."""
        decider = self.shell.node.decider
        for symbol in self.symbols if decider is not None else ():
            since_ms = decider.last_entry_ms(symbol) if decider is not None else 0
            if since_ms > 0:
                for paid in await self.ask(partial(self.desk.funding, symbol, since_ms)) or ():
                    self._funded(paid)
