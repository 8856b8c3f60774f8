"""Live sessions in this process and in virtual time: the live loop over a paper account."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ballast.risk.halt.modes import Command
from ballast.runtime.node.events import Commanded
from ballast.runtime.node.journalled import started
from ballast.runtime.shell.closing import LiveBars
from ballast.runtime.shell.live import Live, Rhythm
from ballast.runtime.shell.shell import Shell
from ballast.runtime.shell.venue_facts import Timing
from ballast.venues.clients.trading import TradingClient
from ballast.venues.simulated.desk import PaperDesk
from tests.fakes.clock import OrderedClock
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.papers import opened
from tests.fakes.recorded_venue import RecordedVenue

if TYPE_CHECKING:
    from ballast.core.instrument import Kind
    from ballast.core.orders import Fill
    from ballast.core.settings import Settings
    from ballast.strategies.plan import AnyStrategy

START_S = 1_000.0
RHYTHM = Rhythm(tick_s=60.0, reconcile_s=1_200.0, pause_s=600.0, status_s=3_600.0, cycle_s=1_200.0)
SECOND_NS = 1_000_000_000


class LiveSession:
    """One process. `trade` runs it through so many closes."""

    def __init__(
        self,
        kind: Kind,
        memory: Memory | None = None,
        run: str = "run-1",
        settings: Settings | None = None,
        strategy: AnyStrategy | None = None,
    ) -> None:
        self.opened = opened(kind, settings=settings, strategy=strategy)
        self.memory = memory or Memory()
        self.clock = OrderedClock(START_S)
        self.start_ns = self.opened.exchange.now_ns
        self.venue = RecordedVenue(self.opened.bars, self.opened.exchange, self.now_ns)
        self.kept: list[bytes] = []
        self.desk = PaperDesk(self.venue, self.opened.client, self.now_ns, self.kept.append)
        self.client = TradingClient(self.desk, self.now_ns)
        node, self.effects = started(
            self.opened.rules,
            MemoryJournal(self.memory, run),
            self.now_ns(),
            self.opened.strategies,
        )
        self.shell = Shell(node, self.client, self.now_ns)
        bars = self.opened.bars
        self.bars = LiveBars(
            self.desk, self.opened.symbols, bars[0].timeframe, self.clock, self.now_ns
        )
        self.live = Live(
            self.desk,
            self.shell,
            self.bars,
            self.clock,
            self.opened.symbols,
            timing=lambda: Timing(0, self.now_ns()),
            measure=self.desk.load,
            sends=self.client,
            rhythm=RHYTHM,
        )
        self.client.serve(self.live.report, self.live.price_ticks)

    def now_ns(self) -> int:
        return self.start_ns + round((self.clock.now_s - START_S) * SECOND_NS)

    def trade(self, closes: int) -> None:
        asyncio.run(self._trade(closes))

    async def _trade(self, closes: int) -> None:
        self.shell.started(self.effects)
        await self.live.begin()
        self.live.tell(Commanded(Command.RESUME, "ann", "a test", self.now_ns()))
        await self.clock.drive(self._until(closes))

    async def _until(self, closes: int) -> None:
        work = [
            asyncio.ensure_future(self.live.run()),
            asyncio.ensure_future(self.desk.pump(self.live.hear, self.clock, 60.0)),
            asyncio.ensure_future(self.venue.tell(self.live.hear, self.clock.sleep)),
        ]
        try:
            while self.live.figures.closes < closes:
                await self.clock.sleep(30.0)
                for one in work:
                    if one.done():
                        one.result()
        finally:
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    def fills(self) -> list[Fill]:
        return self.opened.client.trades(self.opened.symbols[0])
