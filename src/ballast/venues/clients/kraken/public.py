"""Kraken's public sockets: candles, best prices, trades and halts; and order books to record.

The candles never say that they are final. One is, when the venue tells of a later one, or when it
tells of anything a second after its end: by then a trade of it has been told, if there was one. A
bar without trades is not told at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ballast.core.marketdata import Candle, Control, Grid, TheirFault, Word
from ballast.venues.clients.candles import Growing
from ballast.venues.clients.desk import Heard, Listed
from ballast.venues.clients.kraken.names import ONLINE
from ballast.venues.clients.kraken.talk import (
    DECODER,
    PUBLIC_URL,
    Talk,
    rows_of,
    subscribe,
)
from ballast.venues.normalise.parse import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.marketdata import Event
    from ballast.venues.clients.desk import News
    from ballast.venues.clients.kraken.names import Names

MINUTES = frozenset({1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600})
"""Lengths of the candles there are."""
BOOK_DEPTH = 1_000
MINUTE_NS = 60_000_000_000
LATE_NS = 1_000_000_000
"""A candle is final so long after its end, by what the venue dates."""
SPOKEN = frozenset({Word.SUBSCRIBED, Word.HEARTBEAT, Word.STATUS, Word.PONG, Word.IGNORED})
STATES, METHOD = b'"channel":"instrument"', b'"method"'
"""Of a message that is about pairs, and of one that answers us."""


class MarketTalk(Talk):
    """A public connection: its frames are events of the symbols it is for."""

    name = "public"

    def __init__(self, names: Names, symbols: Sequence[str]) -> None:
        """Hear of these symbols."""
        super().__init__()
        self._symbols = tuple(symbols)
        self._ours = {names.stream(one): one for one in symbols}
        self._grids = {
            stream: Grid(names.markets[one].tick, names.markets[one].lot)
            for stream, one in self._ours.items()
        }
        self._awaited = 0
        """Answers to subscriptions that have not come."""

    async def url(self) -> str:
        """Return the address."""
        return PUBLIC_URL

    def greeting(self, now_ns: int) -> Sequence[str]:
        """Ask for the channels; each symbol of each is answered for itself."""
        del now_ns
        frames, self._awaited = self._asked(list(self._ours))
        return frames

    def _asked(self, streams: list[str]) -> tuple[list[str], int]:
        """Return the frames that subscribe, and how many answers they will have."""
        raise AssertionError(streams)

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        """Read a frame."""
        del now_ns
        if STATES in frame[:100] and METHOD not in frame[:100]:
            return Heard(tuple(self._listed(DECODER.decode(frame))))
        events = normalise("KRAKEN", frame, self._grids)
        if isinstance(events, TheirFault):
            raise ValueError(f"{events.where}: {events.why}")  # noqa: TRY004 - not our type's fault
        news: list[News] = []
        is_ready = False
        for event in events:
            if not isinstance(event, Control):
                news += self._told(self._named(event))
            elif event.word is Word.ERROR:
                return Heard(ends=f"refused: {event.text}")
            elif event.word is Word.SUBSCRIBED:
                self._awaited -= 1
                is_ready = self._awaited == 0
            elif event.word not in SPOKEN:
                raise ValueError(f"a message of {event.word} {event.text}")
        stated_ns = max((getattr(event, "at_ns", 0) for event in events), default=0)
        return Heard((*news, *self._due(stated_ns)), is_ready=is_ready)

    def _named(self, event: Event) -> Event:
        """Return an event under our name of its symbol."""
        symbol = self._ours[event.symbol]  # type: ignore[union-attr]  # no control
        return msgspec.structs.replace(event, symbol=symbol)

    def _told(self, event: Event) -> list[News]:
        return [event]

    def _due(self, venue_ns: int) -> list[News]:
        """Return what the venue's time brings."""
        del venue_ns
        return []

    def _listed(self, said: dict[str, Any]) -> list[News]:
        """Return the states of our symbols."""
        data = said.get("data")
        if not isinstance(data, dict):
            raise ValueError("instruments without data")  # noqa: TRY004 - as above
        rows = rows_of({"data": data.get("pairs", []), "channel": "instrument"})
        return [
            Listed(self._ours[row["symbol"]], row["status"] == ONLINE, str(row["status"]))
            for row in rows
            if row.get("symbol") in self._ours
        ]


class PublicTalk(MarketTalk):
    """Candles, best prices, trades, and what is halted."""

    def __init__(self, names: Names, symbols: Sequence[str], minutes: int) -> None:
        """Hear candles of so many minutes."""
        super().__init__(names, symbols)
        self._minutes = minutes
        self._growing = Growing(minutes * MINUTE_NS, LATE_NS)

    def _asked(self, streams: list[str]) -> tuple[list[str], int]:
        frames = [
            subscribe("ohlc", symbol=streams, interval=self._minutes, snapshot=False),
            subscribe("ticker", symbol=streams, event_trigger="bbo", snapshot=True),
            subscribe("trade", symbol=streams, snapshot=False),
            subscribe("instrument", snapshot=False),
        ]
        return frames, 3 * len(streams) + 1

    def _told(self, event: Event) -> list[News]:
        return [*self._growing.take(event)] if isinstance(event, Candle) else [event]

    def _due(self, venue_ns: int) -> list[News]:
        return [*self._growing.due(venue_ns)]


class BookTalk(MarketTalk):
    """Order books."""

    name = "public.depth"

    def _asked(self, streams: list[str]) -> tuple[list[str], int]:
        return [subscribe("book", symbol=streams, depth=BOOK_DEPTH)], len(streams)
