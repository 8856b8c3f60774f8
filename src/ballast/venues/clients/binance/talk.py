"""Talk: what all sockets of Binance have in common, and the streams of a market.

Binance pings by the protocol and ends each connection after 24 hours. A stream of a market is asked
for by its name and acknowledged by the number of the request; a name that is none is acknowledged
too and stays silent, so names are made of symbols that are listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import Control, Grid, TheirFault, Word
from ballast.venues.clients.binance.public import interval_of
from ballast.venues.clients.binance.rows import ShapeError
from ballast.venues.clients.desk import Heard
from ballast.venues.normalise.parse import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.core.time import Timeframe
    from ballast.venues.clients.market import Market

LIFE_S = 23.5 * 3_600
PING_S = 20.0
CHUNK = 100
"""Streams asked for in one frame."""
NOTHING = Heard()


class Talk:
    """A socket that is kept by the protocol's own pings."""

    def __init__(self, name: str, address: str) -> None:
        """Begin without memory."""
        self._name, self._address = name, address

    @property
    def name(self) -> str:
        """Return what it is called."""
        return self._name

    async def url(self) -> str:
        """Return where to connect."""
        return self._address

    def ping(self, now_ns: int) -> None:
        """Return None: the protocol's ping serves."""
        del now_ns

    async def keep(self) -> None:
        """Do nothing: nothing is needed."""

    @property
    def ping_s(self) -> float:
        """Return seconds between pings."""
        return PING_S

    @property
    def keep_s(self) -> float:
        """Return 0: nothing needs to be kept."""
        return 0.0

    @property
    def life_s(self) -> float:
        """Return after how long it is made anew."""
        return LIFE_S


class MarketTalk(Talk):
    """Streams of a market: candles, best prices, trades, depth, as events."""

    def __init__(
        self, name: str, address: str, venue: str, streams: Sequence[str], grids: Mapping[str, Grid]
    ) -> None:
        """Ask for `streams`; `grids` are those of their symbols, by the venue's name."""
        super().__init__(name, address)
        self._venue, self._streams, self._grids = venue, streams, grids
        self._awaited: set[str] = set()

    def greeting(self, now_ns: int) -> Sequence[str]:
        """Return the subscriptions."""
        del now_ns
        chunks = [self._streams[at : at + CHUNK] for at in range(0, len(self._streams), CHUNK)]
        self._awaited = {str(number) for number in range(1, len(chunks) + 1)}
        return [
            msgspec.json.encode({"method": "SUBSCRIBE", "params": chunk, "id": number}).decode()
            for number, chunk in enumerate(chunks, 1)
        ]

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        """Read a frame; raise `ShapeError` for one that breaks the protocol."""
        del now_ns
        found = normalise(self._venue, frame, self._grids)
        if isinstance(found, TheirFault):
            raise ShapeError(f"{found.where}: {found.why}")
        first = found[0] if found else None
        if not isinstance(first, Control):
            return Heard(news=tuple(found))
        if first.word is Word.ERROR:
            return Heard(ends=f"refused: {first.text}")
        if first.word is Word.ANSWER and first.request_id in self._awaited:
            self._awaited.remove(first.request_id)
            return Heard(is_ready=not self._awaited)
        return NOTHING


def grids_of(markets: Sequence[Market]) -> dict[str, Grid]:
    """Return the grids that frames of these markets are read with."""
    return {one.name: Grid(one.tick, one.lot) for one in markets}


def streams_of(
    markets: Sequence[Market], kinds: Sequence[str], timeframe: Timeframe | None = None
) -> list[str]:
    """Return the names of streams; `kline` becomes that of the length of a bar."""
    words = [
        f"kline_{interval_of(timeframe)}" if one == "kline" and timeframe else one for one in kinds
    ]
    return [f"{market.name.lower()}@{word}" for market in markets for word in words]
