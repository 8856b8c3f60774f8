"""Feeds: where closed bars come from: a recording, or the public trades of the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.runtime.node.events import ClosedBar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.core.bars import Bars
    from ballast.venues.simulated.engine.events import Trade
    from ballast.venues.simulated.engine.profile import Listing

MS_NS = 1_000_000


class RecordedFeed:
    """Bars of a recording, as they were; the exchange plays the same candles."""

    def __init__(self, bars: Sequence[Bars], first: int = 0) -> None:
        """Give the bars from the place `first` on."""
        self._rows: dict[int, list[ClosedBar]] = {}
        for one in bars:
            for row in range(first, len(one)):
                close_ms = int(one.ts[row]) + one.timeframe.ms
                self._rows.setdefault(close_ms * MS_NS, []).append(closed_bar(one, row))
        self._times = sorted(self._rows, reverse=True)

    def skip_to(self, close_ns: int) -> None:
        """Leave out what closed until then: it is known already."""
        while self._times and self._times[-1] <= close_ns:
            del self._rows[self._times.pop()]

    def next_close_ns(self, now_ns: int) -> int | None:
        """Return the next close time that has not been given."""
        del now_ns
        return self._times[-1] if self._times else None

    def observe(self, trade: Trade) -> None:
        """Pass over a trade: a recording knows its bars already."""

    def closed(self, close_ns: int) -> Sequence[ClosedBar]:
        """Return the bars of a close time, once."""
        while self._times and self._times[-1] <= close_ns:
            self._times.pop()
        return self._rows.pop(close_ns, [])


def closed_bar(bars: Bars, row: int) -> ClosedBar:
    """Return one bar as the node is told it."""
    prices = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    return ClosedBar(bars.symbol, int(bars.ts[row]), tuple(float(one[row]) for one in prices))


class TradedFeed:
    """Bars made of the public trades; a bar in which nothing traded does not exist."""

    def __init__(self, listings: Mapping[str, Listing], span_ms: int) -> None:
        """Make bars of `span_ms` of these symbols, in this order."""
        self._listings = dict(listings)
        self._span_ns = span_ms * MS_NS
        self._open: dict[str, tuple[int, list[int]]] = {}
        self._done: dict[str, tuple[int, list[int]]] = {}

    def next_close_ns(self, now_ns: int) -> int | None:
        """Return the end of the bar that `now_ns` is in."""
        return (now_ns // self._span_ns + 1) * self._span_ns

    def observe(self, trade: Trade) -> None:
        """Take a trade into its bar."""
        if trade.symbol not in self._listings:
            return
        begun_ns = trade.at_ns // self._span_ns * self._span_ns
        ticks, lots = trade.price_ticks, trade.qty_lots
        held = self._open.get(trade.symbol)
        if held is None or held[0] != begun_ns:
            if held is not None:
                self._done[trade.symbol] = held
            self._open[trade.symbol] = (begun_ns, [ticks, ticks, ticks, ticks, lots])
            return
        bar = held[1]
        bar[1] = max(bar[1], ticks)
        bar[2] = min(bar[2], ticks)
        bar[3] = ticks
        bar[4] += lots

    def closed(self, close_ns: int) -> Sequence[ClosedBar]:
        """Return the bars that end at a time, in declared order."""
        found = []
        for symbol, listing in self._listings.items():
            begun_ns = close_ns - self._span_ns
            both = (self._done.get(symbol), self._open.get(symbol))
            held = next((one for one in both if one is not None and one[0] == begun_ns), None)
            if held is None:
                continue
            prices = tuple(float(listing.price(ticks)) for ticks in held[1][:4])
            volume = float(listing.qty(held[1][4]))
            found.append(ClosedBar(symbol, held[0] // MS_NS, (*prices, volume)))
        return found
