"""A venue whose public half is a recording: candles by REST and as they close, in virtual time."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.marketdata import Candle
from ballast.venues.clients.account import CandleRow, DayTicker, TopOfBook, VenueStatus
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.market import Market

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.bars import Bars
    from ballast.core.time import Timeframe
    from ballast.venues.simulated.engine.exchange import Exchange

MS_NS = 1_000_000


class RecordedVenue:
    """The public half of a `VenueDesk`; `silent` makes every question fail."""

    def __init__(self, bars: Sequence[Bars], exchange: Exchange, now_ns: Callable[[], int]) -> None:
        self.venue = bars[0].venue
        self.silent = False
        self.drops: set[int] = set()
        """Open times of candles that the stream does not tell."""
        self.asked = 0
        self._bars = {one.symbol: one for one in bars}
        self._exchange = exchange
        self._now_ns = now_ns
        self.markets = {
            symbol: Market(
                symbol, symbol, listing.base, listing.quote, listing.kind, listing.tick, listing.lot
            )
            for symbol, listing in exchange.listings.items()
        }

    def _answer(self) -> None:
        self.asked += 1
        if self.silent:
            raise CallError(Verdict.UNREACHED, "the line is cut")

    async def load(self) -> None:
        self._answer()

    async def server_ms(self) -> int:
        self._answer()
        return self._now_ns() // MS_NS

    async def status(self) -> VenueStatus:
        self._answer()
        return VenueStatus(is_open=True)

    async def candles(
        self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int
    ) -> list[CandleRow]:
        del timeframe
        self._answer()
        bars, now_ms = self._bars[symbol], self._now_ns() // MS_NS
        first = int(bars.ts.searchsorted(since_ms))
        rows = range(first, min(first + limit, len(bars)))
        columns = ("open", "high", "low", "close", "volume")
        return [
            CandleRow(
                int(bars.ts[row]),
                *(Decimal(repr(float(getattr(bars, name)[row]))) for name in columns),
            )
            for row in rows
            if int(bars.ts[row]) <= now_ms
        ]

    async def top(self, symbol: str, depth: int) -> TopOfBook:
        self._answer()
        view = self._exchange.book(symbol, depth)
        return TopOfBook(symbol, tuple(view.bids), tuple(view.asks), self._now_ns())

    async def tickers(self) -> list[DayTicker]:
        self._answer()
        return [
            DayTicker(one.symbol, Decimal(repr(float(one.close[-1]))), Decimal(0))
            for one in self._bars.values()
        ]

    def private(self, symbols: Sequence[str]) -> Sequence[Any]:
        del symbols
        return ()

    def public(self, symbols: Sequence[str], timeframe: Timeframe) -> Sequence[Any]:
        del symbols, timeframe
        return ()

    async def tell(self, hear: Callable[[Any, int], None], sleep: Any) -> None:
        """Tell each candle as it closes, as a stream does."""
        one = next(iter(self._bars.values()))
        for row, open_ms in enumerate(one.ts.tolist()):
            close_ns = (open_ms + one.timeframe.ms) * MS_NS
            if close_ns <= self._now_ns():
                continue
            while self._now_ns() < close_ns:
                await sleep((close_ns - self._now_ns()) / 1e9)
            for symbol, bars in self._bars.items():
                if open_ms not in self.drops:
                    hear(self._candle(symbol, bars, row), self._now_ns())

    def _candle(self, symbol: str, bars: Bars, row: int) -> Candle:
        market = self.markets[symbol]
        ticks = [
            market.nearest_ticks(repr(float(getattr(bars, name)[row])))
            for name in ("open", "high", "low", "close")
        ]
        lots = round(float(bars.volume[row]) / float(market.lot))
        open_ns = int(bars.ts[row]) * MS_NS
        return Candle(
            symbol, self._now_ns(), open_ns, str(bars.timeframe), *ticks, lots, is_closed=True
        )
