"""Coinbase's public sockets: best prices, trades, halts, candles of five minutes; and books.

Other candles than those of five minutes are not told by any stream: their bars are asked by REST at
each close. The running candle is told every second, so the last word on one may come a second after
its end; every message is dated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import Candle, Control, Grid, TheirFault, Word
from ballast.venues.clients.candles import Growing
from ballast.venues.clients.coinbase.products import ONLINE
from ballast.venues.clients.coinbase.talk import EVENTS, PUBLIC_URL, Envelope, Talk
from ballast.venues.clients.desk import Heard, Listed
from ballast.venues.normalise.parse import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.marketdata import Event
    from ballast.venues.clients.coinbase.products import Products
    from ballast.venues.clients.desk import News

STREAMED_MINUTES = 5
SPAN_NS = STREAMED_MINUTES * 60_000_000_000
LATE_NS = 2_500_000_000
"""A candle is final so long after its end."""
SPOKEN = frozenset({Word.HEARTBEAT, Word.IGNORED, Word.SUBSCRIBED})
NEWEST = 2
"""Candles of a symbol that one message is heard for: a first state holds hundreds."""


class MarketTalk(Talk):
    """A public connection: its frames are events of the symbols it is for."""

    name = "public"
    address = PUBLIC_URL

    def __init__(self, products: Products, symbols: Sequence[str]) -> None:
        """Hear of these symbols."""
        self._ours = {products.markets[one].name: one for one in symbols}
        super().__init__(list(self._ours))
        self._grids = {
            name: Grid(products.markets[one].tick, products.markets[one].lot)
            for name, one in self._ours.items()
        }

    def told(self, said: Envelope, frame: bytes, now_ns: int) -> Heard:
        """Read a message of a channel."""
        del now_ns
        if said.channel == "status":
            return Heard(tuple(self._listed(said)))
        events = normalise("COINBASE", frame, self._grids)
        if isinstance(events, TheirFault):
            raise ValueError(f"{events.where}: {events.why}")  # noqa: TRY004 - of theirs
        named: list[Event] = []
        for event in events:
            if not isinstance(event, Control):
                symbol = self._ours[event.symbol]
                named.append(msgspec.structs.replace(event, symbol=symbol))
            elif event.word not in SPOKEN:
                raise ValueError(f"a message of {event.word} {event.text}")
        return Heard(tuple(self._news(named)))

    def _news(self, events: list[Event]) -> list[News]:
        return [*events]

    def _listed(self, said: Envelope) -> list[News]:
        """Return the states of our symbols."""
        try:
            rows = [row for event in EVENTS.decode(said.events) for row in event["products"]]
            return [
                Listed(self._ours[row["id"]], row["status"] == ONLINE, str(row["status"]))
                for row in rows
                if row["id"] in self._ours
            ]
        except (KeyError, TypeError) as error:
            raise ValueError(f"status: {type(error).__name__} {error}") from error


class PublicTalk(MarketTalk):
    """Best prices, trades, what is halted, and candles where they are told."""

    def __init__(self, products: Products, symbols: Sequence[str], minutes: int) -> None:
        """Hear candles of so many minutes, if there are any on the stream."""
        super().__init__(products, symbols)
        self._has_candles = minutes == STREAMED_MINUTES
        self._growing = Growing(SPAN_NS, LATE_NS)

    def channels(self) -> Sequence[str]:
        """Return the channels."""
        found = ("ticker", "market_trades", "status")
        return (*found, "candles") if self._has_candles else found

    def _news(self, events: list[Event]) -> list[News]:
        bars = [one for one in events if isinstance(one, Candle)]
        news: list[News] = [one for one in events if not isinstance(one, Candle)]
        for symbol in dict.fromkeys(one.symbol for one in bars):
            mine = sorted((one for one in bars if one.symbol == symbol), key=lambda b: b.open_ns)
            for bar in mine[-NEWEST:]:
                news += self._growing.take(bar)
        return news

    def due(self, venue_ns: int) -> list[News]:
        """Return the candles that are final by then."""
        return [*self._growing.due(venue_ns)]


class BookTalk(MarketTalk):
    """Order books."""

    name = "public.depth"

    def channels(self) -> Sequence[str]:
        """Return the channel of books."""
        return ("level2",)
