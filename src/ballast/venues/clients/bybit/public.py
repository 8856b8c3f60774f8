"""Public streams: candles, best prices, trades; and order books as they come, for recording.

Best prices are the book of depth one, which is always sent whole. A subscription that is refused
ends the connection: half of what was asked for is not what the node decides upon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import (
    BookUpdate,
    Candle,
    Control,
    Grid,
    Liquidation,
    Quote,
    TheirFault,
    Ticker,
    Trade,
    Word,
)
from ballast.venues.clients.bybit.questions import INTERVALS
from ballast.venues.clients.bybit.spoken import HOST, Spoken
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.desk import Heard
from ballast.venues.normalise.parse import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.time import Timeframe
    from ballast.venues.clients.bybit.words import Category
    from ballast.venues.clients.market import Market

DEPTH = 200
"""Levels a side of recorded books: told ten (spot five) times a second."""
BEST = 1
NOTHING = 0, 0
Told = BookUpdate | Candle | Liquidation | Quote | Ticker | Trade


class Subscribed(Spoken):
    """A connection that subscribes topics and hears market data."""

    name = "public"

    def __init__(
        self, category: Category, markets: Sequence[Market], topics: Sequence[str], host: str
    ) -> None:
        """Hear topics of markets; `topics` have the names of the venue's symbols in them."""
        super().__init__(f"/v5/public/{category.name}", host)
        self._venue = category.venue
        self._symbols = {one.name: one.symbol for one in markets}
        self._grids = {one.name: Grid(one.tick, one.lot) for one in markets}
        most = category.topics_most
        self._frames = [topics[at : at + most] for at in range(0, len(topics), most)]
        self._awaited = {str(number) for number in range(len(self._frames))}

    def greeting(self, now_ns: int) -> Sequence[str]:
        """Return the subscriptions, a few topics in each."""
        del now_ns
        return [
            msgspec.json.encode({"req_id": str(at), "op": "subscribe", "args": topics}).decode()
            for at, topics in enumerate(self._frames)
        ]

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        """Read one frame."""
        del now_ns
        events = normalise(self._venue, frame, self._grids)
        if isinstance(events, TheirFault):
            raise ValueError(f"{events.where}: {events.why}")  # noqa: TRY004 - of theirs
        news: list[Told] = []
        for event in events:
            if not isinstance(event, Control):
                news.append(self._ours(event))
            elif event.word is Word.ERROR:
                return Heard(ends=f"refused: {event.text}")
            elif event.word is Word.SUBSCRIBED and event.request_id in self._awaited:
                self._awaited.discard(event.request_id)
                return Heard(is_ready=not self._awaited)
        return Heard(tuple(news))

    def _ours(self, event: Told) -> Told:
        """Return an event under our symbol; a book of the best levels is a quote."""
        if isinstance(event, BookUpdate) and event.depth == BEST:
            event = _quote(event)
        symbol = self._symbols[event.symbol]
        return event if symbol == event.symbol else msgspec.structs.replace(event, symbol=symbol)


def _quote(book: BookUpdate) -> Quote:
    bid, ask = (
        (int(side[0][0]), int(side[0][1])) if len(side) else NOTHING
        for side in (book.bids, book.asks)
    )
    return Quote(book.symbol, book.at_ns, *bid, *ask, update_id=book.last_id)


class PublicStream(Subscribed):
    """Candles, best prices and trades."""

    def __init__(
        self,
        category: Category,
        markets: Sequence[Market],
        timeframe: Timeframe,
        host: str = HOST,
    ) -> None:
        """Hear bars of a timeframe; raise `CallError` for one that the venue has not."""
        interval = INTERVALS.get(timeframe.ms)
        if interval is None:
            why = f"{category.venue} has no candles of {timeframe}"
            raise CallError(Verdict.REFUSED, why)
        kinds = (f"kline.{interval}", f"orderbook.{BEST}", "publicTrade")
        topics = [f"{kind}.{one.name}" for one in markets for kind in kinds]
        super().__init__(category, markets, topics, host)


class DepthStream(Subscribed):
    """Order books: a whole one first, then what changes."""

    name = "public.depth"

    def __init__(self, category: Category, markets: Sequence[Market], host: str = HOST) -> None:
        """Hear the books of markets."""
        topics = [f"orderbook.{DEPTH}.{one.name}" for one in markets]
        super().__init__(category, markets, topics, host)
