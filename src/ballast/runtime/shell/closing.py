"""Closing: exactly one final bar a symbol and close, from the stream, else by asking the venue.

The stream's own word that a candle closed comes first; a close at which a symbol's is missing after
`GRACE_S` is asked for. What the venue does not have either is a gap: it stays one, and is told.
Now and then the last bars are asked for anyway, and what differs is told (`BarBook`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ballast.runtime.node.events import ClosedBar
from ballast.runtime.shell.barbook import BarBook, Source
from ballast.venues.clients.calls import CallError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.marketdata import Candle
    from ballast.core.ports import Clock
    from ballast.core.time import Timeframe
    from ballast.venues.clients.account import CandleRow
    from ballast.venues.clients.desk import VenueDesk

MS_NS = 1_000_000
GRACE_S = 1.5
"""How long the stream may take to say that a candle closed; a signal may be five seconds old."""
LOOK_S = 0.02
ASKED = 3
"""Bars asked for at a close: the one that closed, one before it, and the growing one."""
PAGE = 500
CHECKED = 12
"""So many closes are compared at once with what the venue says when it is asked."""


class LiveBars:
    """The bars of some symbols of one timeframe, as they close."""

    def __init__(
        self,
        desk: VenueDesk,
        symbols: Sequence[str],
        timeframe: Timeframe,
        clock: Clock,
        now_ns: Callable[[], int],
    ) -> None:
        """Make bars of these symbols, in this order."""
        self.book = BarBook(tuple(symbols))
        """Counts gaps, late bars, and bars that stream and venue told differently."""
        self.asked = 0
        """Closes at which the stream was too late and the venue was asked."""
        self._desk = desk
        self._symbols = tuple(symbols)
        self._timeframe = timeframe
        self._clock = clock
        self._now_ns = now_ns
        self._closes = 0
        self._checks: set[asyncio.Task[None]] = set()
        self._defect: BaseException | None = None

    @property
    def missing(self) -> int:
        """Return how many bars neither the stream nor the venue had in time."""
        return self.book.gaps

    def take(self, candle: Candle) -> None:
        """Hear of a candle; only a closed one is a bar."""
        if not candle.is_closed or candle.symbol not in self._symbols:
            return
        market = self._desk.markets[candle.symbol]
        ticks = (candle.open_ticks, candle.high_ticks, candle.low_ticks, candle.close_ticks)
        prices = tuple(float(market.tick * one) for one in ticks)
        volume = float(market.lot * candle.volume_lots)
        open_ms = candle.open_ns // MS_NS
        self.book.tell(ClosedBar(candle.symbol, open_ms, (*prices, volume)), Source.STREAM)

    def next_close_ns(self) -> int:
        """Return the next time at which bars close."""
        span_ns = self._timeframe.ms * MS_NS
        return (self._now_ns() // span_ns + 1) * span_ns

    async def closed(self, close_ns: int) -> tuple[ClosedBar, ...]:
        """Return the bars that closed at a time, in declared order, within a few seconds of it."""
        if self._defect is not None:
            raise self._defect
        while self._now_ns() < close_ns:  # a node's time may be ahead of the venue's for a while
            await self._clock.sleep(LOOK_S)
        open_ms = close_ns // MS_NS - self._timeframe.ms
        late_s = self._clock.monotonic() + GRACE_S
        while self.book.lacking(open_ms) and self._clock.monotonic() < late_s:
            await self._clock.sleep(LOOK_S)
        lacking = self.book.lacking(open_ms)
        if lacking:
            self.asked += 1
            since_ms = open_ms - self._timeframe.ms  # the one before, to compare
            await asyncio.gather(*(self._ask(one, since_ms, ASKED) for one in lacking))
        self._closes += 1
        if self._closes % CHECKED == 0:
            self._check(open_ms)
        return self.book.give(open_ms)

    async def _ask(self, symbol: str, since_ms: int, count: int) -> None:
        try:
            rows = await self._desk.candles(symbol, self._timeframe, since_ms, count)
        except CallError:
            return
        for row in rows:
            if self._is_final(row):
                self.book.tell(bar_of(symbol, row), Source.ASKED)

    def _check(self, open_ms: int) -> None:
        """Compare what the stream told with what the venue says, while nobody waits for it."""
        since_ms = open_ms - (CHECKED - 1) * self._timeframe.ms

        async def check() -> None:
            for symbol in self._symbols:
                await self._ask(symbol, since_ms, CHECKED + 1)

        task = asyncio.create_task(check())
        self._checks.add(task)
        task.add_done_callback(self._checked)

    def _checked(self, task: asyncio.Task[None]) -> None:
        self._checks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._defect = task.exception()

    def _is_final(self, row: CandleRow) -> bool:
        return (row.open_ms + self._timeframe.ms) * MS_NS <= self._now_ns()

    async def history(self, symbol: str, count: int, after_ms: int = -1) -> list[ClosedBar]:
        """Return the last closed bars of a symbol, oldest first, at most `count`, after a time.

        Raise `CallError` where the venue does not answer.
        """
        span_ms = self._timeframe.ms
        last_ms = self._now_ns() // MS_NS // span_ms * span_ms
        since_ms = max(last_ms - count * span_ms, after_ms + 1)
        found: dict[int, ClosedBar] = {}
        while since_ms < last_ms:
            rows = await self._desk.candles(symbol, self._timeframe, since_ms, PAGE)
            final = [one for one in rows if one.open_ms >= since_ms and self._is_final(one)]
            found |= {one.open_ms: bar_of(symbol, one) for one in final}
            if not final:
                break
            since_ms = final[-1].open_ms + span_ms
        return [found[at_ms] for at_ms in sorted(found)][-count:]


def bar_of(symbol: str, row: CandleRow) -> ClosedBar:
    """Return a bar of the venue's as the node is told it."""
    prices = (row.open, row.high, row.low, row.close, row.volume)
    return ClosedBar(symbol, row.open_ms, tuple(float(one) for one in prices))
