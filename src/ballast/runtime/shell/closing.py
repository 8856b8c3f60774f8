"""Closing: exactly one final bar a symbol and close, from the stream, else by asking the venue.

The stream's own word that a candle closed comes first; a close at which a symbol's is missing after
`GRACE_S` is asked for. What the venue does not have either is a gap: it stays one, and is told.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ballast.runtime.node.events import ClosedBar
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
        self.missing = 0
        """Bars that neither the stream nor the venue had in time."""
        self.asked = 0
        """Closes at which the stream was too late and the venue was asked."""
        self._desk = desk
        self._symbols = tuple(symbols)
        self._timeframe = timeframe
        self._clock = clock
        self._now_ns = now_ns
        self._closed: dict[tuple[str, int], ClosedBar] = {}

    def take(self, candle: Candle) -> None:
        """Hear of a candle; only a closed one is a bar."""
        if not candle.is_closed or candle.symbol not in self._symbols:
            return
        market = self._desk.markets[candle.symbol]
        ticks = (candle.open_ticks, candle.high_ticks, candle.low_ticks, candle.close_ticks)
        prices = tuple(float(market.tick * one) for one in ticks)
        volume = float(market.lot * candle.volume_lots)
        open_ms = candle.open_ns // MS_NS
        bar = ClosedBar(candle.symbol, open_ms, (*prices, volume))
        self._closed[candle.symbol, open_ms] = bar

    def next_close_ns(self) -> int:
        """Return the next time at which bars close."""
        span_ns = self._timeframe.ms * MS_NS
        return (self._now_ns() // span_ns + 1) * span_ns

    async def closed(self, close_ns: int) -> tuple[ClosedBar, ...]:
        """Return the bars that closed at a time, in declared order, within a few seconds of it."""
        open_ms = close_ns // MS_NS - self._timeframe.ms
        late_s = self._clock.monotonic() + GRACE_S
        while self._lacks(open_ms) and self._clock.monotonic() < late_s:
            await self._clock.sleep(LOOK_S)
        lacking = self._lacks(open_ms)
        if lacking:
            self.asked += 1
            await asyncio.gather(*(self._ask(one, open_ms) for one in lacking))
        self.missing += len(self._lacks(open_ms))
        found = [self._closed.get((symbol, open_ms)) for symbol in self._symbols]
        for key in [one for one in self._closed if one[1] <= open_ms]:
            del self._closed[key]
        return tuple(one for one in found if one is not None)

    def _lacks(self, open_ms: int) -> list[str]:
        return [one for one in self._symbols if (one, open_ms) not in self._closed]

    async def _ask(self, symbol: str, open_ms: int) -> None:
        try:
            rows = await self._desk.candles(symbol, self._timeframe, open_ms, ASKED)
        except CallError:
            return
        for row in rows:
            if row.open_ms == open_ms and self._is_final(row):
                self._closed[symbol, open_ms] = bar_of(symbol, row)

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
