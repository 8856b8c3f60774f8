"""Public: the sockets of best prices and trades, of candles, and of order books.

Frames are read by `venues.normalise`; quantities are counted in lots of the venue's own units,
which are the same count of ours. Candles are told on the business socket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ballast.core.marketdata import Candle, Control, TheirFault
from ballast.venues.clients.desk import Listed
from ballast.venues.clients.okx import words
from ballast.venues.clients.okx.access import HOSTS
from ballast.venues.clients.okx.candles import bar_of
from ballast.venues.clients.okx.rows import text
from ballast.venues.clients.okx.rules import LIVE, grids_of
from ballast.venues.clients.okx.talk import FrameError, Talk
from ballast.venues.normalise.parse import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.core.time import Timeframe
    from ballast.venues.clients.desk import News
    from ballast.venues.clients.market import Market

INSTRUMENTS = "instruments"


class Public(Talk):
    """A socket of market data of some markets."""

    def __init__(
        self, venue: str, channels: Sequence[str], markets: Sequence[Market], host: str = HOSTS[1]
    ) -> None:
        """Subscribe to channels of each market."""
        args = [{"channel": one, "instId": market.name} for market in markets for one in channels]
        super().__init__(args, host)
        self._venue = venue
        self._grids = grids_of(markets)
        self._symbols = {one.name: one.symbol for one in markets}

    def news(
        self,
        arg: dict[str, Any],
        data: object,
        frame: bytes,
        now_ns: int,
    ) -> Sequence[News]:
        """Return the events of a frame, under our symbols."""
        del arg, data, now_ns
        events = normalise(self._venue, frame, self._grids)
        if isinstance(events, TheirFault):
            raise FrameError(f"{events.where}: {events.why}")
        return [
            msgspec.structs.replace(one, symbol=self._symbols[one.symbol])
            for one in events
            if not isinstance(one, Control)
        ]


class Quotes(Public):
    """Best prices and trades; and whether the markets trade."""

    name = "public"

    def __init__(self, venue: str, markets: Sequence[Market], host: str = HOSTS[1]) -> None:
        """Tell of these markets."""
        super().__init__(venue, ("bbo-tbt", "trades"), markets, host)
        kinds = sorted({words.SWAP if one.is_perpetual else words.SPOT for one in markets})
        self.want([{"channel": INSTRUMENTS, "instType": one} for one in kinds])
        self._states = {one.name: one.status for one in markets}

    def news(
        self,
        arg: dict[str, Any],
        data: object,
        frame: bytes,
        now_ns: int,
    ) -> Sequence[News]:
        """Return the events of a frame; of the list of instruments, what has changed."""
        if arg.get("channel") == INSTRUMENTS:
            return list(self._listed(data))
        return super().news(arg, data, frame, now_ns)

    def _listed(self, rows: object) -> Iterator[Listed]:
        if not isinstance(rows, list):
            raise FrameError("instruments: data that is no list")
        for row in rows:
            name, state = text(row, "instId"), text(row, "state")
            if name in self._states and state and state != self._states[name]:
                self._states[name] = state
                yield Listed(self._symbols[name], state == LIVE, state)


class Bars(Public):
    """Candles, closed and growing."""

    path = "business"
    name = "public.candles"

    def __init__(
        self,
        venue: str,
        markets: Sequence[Market],
        timeframe: Timeframe,
        host: str = HOSTS[1],
    ) -> None:
        """Tell the bars of a length of these markets."""
        super().__init__(venue, (f"candle{bar_of(timeframe)}",), markets, host)
        self._interval = str(timeframe)

    def news(
        self,
        arg: dict[str, Any],
        data: object,
        frame: bytes,
        now_ns: int,
    ) -> Sequence[News]:
        """Return the bars of a frame, their length in our words."""
        return [
            msgspec.structs.replace(one, interval=self._interval)
            if isinstance(one, Candle)
            else one
            for one in super().news(arg, data, frame, now_ns)
        ]


class Books(Public):
    """Order books: 400 levels a side, then what changes."""

    name = "public.depth"

    def __init__(self, venue: str, markets: Sequence[Market], host: str = HOSTS[1]) -> None:
        """Tell the books of these markets."""
        super().__init__(venue, ("books",), markets, host)
