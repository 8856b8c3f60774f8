"""One series: find what is missing, fetch it in time order, look again at what still is.

A killed download loses at most `FLUSH_BARS` bars of one symbol: whatever was written is whole, and
the next run asks only for what the store does not hold. A bar counts as absent at the venue when it
was missing twice: in the first answer and in a second question about just that span. The venue's
confirmation is recorded in the `HoleBook`, so that it is not asked a third time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.core.time import parse_ms
from ballast.venues.download.pages import Pager
from ballast.venues.download.plan import (
    Span,
    align_up,
    closed_end,
    gather,
    holes,
    intersect,
    missing,
    subtract,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ballast.core.ports import CandleSink, HoleBook
    from ballast.core.time import Timeframe
    from ballast.venues.download.pages import Source
    from ballast.venues.download.rows import Page

FLUSH_BARS = 10_000
"""Bars kept in memory before they are written: about a week of minutes, 10 pages of 1,000."""
GENESIS_MS = parse_ms("2010-01-01")
"""No venue has older candles; where a market's listing date is unknown the search begins here."""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Name of a series in the store."""

    venue: str
    symbol: str
    timeframe: Timeframe


@dataclass(frozen=True, slots=True)
class Wanted:
    """The request: open times `[from_ms, to_ms)`; None means open on that side.

    Without `from_ms` a stored series is continued from its last bar, a new one begins with the
    market. `repair` asks for the holes of the stored series only.
    """

    from_ms: int | None = None
    to_ms: int | None = None
    repair: bool = False


@dataclass(slots=True)
class SeriesReport:
    """What a download did to one series."""

    key: SeriesKey
    stored: int = 0
    confirmed_missing: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    planned: int = 0
    done: int = 0


@dataclass(slots=True)
class SeriesDownload:
    """Downloads one series into a sink."""

    key: SeriesKey
    source: Source
    page_bars: int
    sink: CandleSink
    book: HoleBook
    on_step: Callable[[SeriesReport], None] = lambda _: None
    _waiting: list[Page] = field(default_factory=list)
    _ts: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    async def run(self, wanted: Wanted, *, now_ms: int, listed_ms: int | None) -> SeriesReport:
        """Fetch what `wanted` asks for and the store lacks; `now_ms` is the venue's time."""
        self._open()
        report = SeriesReport(self.key)
        spans = self._plan(wanted, now_ms=now_ms, listed_ms=listed_ms)
        report.planned = sum(span.bars(self.key.timeframe) for span in spans)
        self.on_step(report)
        await self._fetch(spans, report)
        await self._look_again(spans, report)
        if len(self._ts):
            report.first_ms, report.last_ms = int(self._ts[0]), int(self._ts[-1])
        return report

    def _plan(self, wanted: Wanted, *, now_ms: int, listed_ms: int | None) -> list[Span]:
        timeframe = self.key.timeframe
        end = closed_end(now_ms, timeframe)
        if wanted.to_ms is not None:
            end = min(end, align_up(wanted.to_ms, timeframe))
        stored = self._ts
        start = wanted.from_ms
        if wanted.repair:
            limit = Span(start if start is not None else 0, end)
            return subtract(intersect(holes(stored, timeframe), [limit]), self._known())
        if start is None and len(stored):
            start = int(stored[-1]) + timeframe.ms
        start = max(start if start is not None else GENESIS_MS, listed_ms or GENESIS_MS)
        span = Span(align_up(start, timeframe), end)
        if span.from_ms >= span.to_ms:
            return []
        return subtract(missing(stored, timeframe, span), self._known())

    async def _fetch(self, spans: Sequence[Span], report: SeriesReport) -> None:
        """Walk the spans, writing as bars come in and, whatever happens, at the end."""
        pager = Pager(self.source, self.key.timeframe, self.page_bars)
        try:
            for span in spans:
                at = span.from_ms
                async for piece in pager.walk(span):
                    report.done += (
                        min(piece.known_to_ms, span.to_ms) - at
                    ) // report.key.timeframe.ms
                    at = piece.known_to_ms
                    self._keep(piece.page, report)
                    self.on_step(report)
        finally:
            self._flush(report)
            self.page_bars = pager.page_bars

    async def _look_again(self, spans: Sequence[Span], report: SeriesReport) -> None:
        """Ask a second time for bars inside the series that the first answers did not hold."""
        timeframe = self.key.timeframe
        open_holes = self._open_holes(spans)
        report.planned += sum(span.bars(timeframe) for span in open_holes)
        await self._fetch(gather(open_holes, self.page_bars * timeframe.ms), report)
        absent = [hole for asked in open_holes for hole in missing(self._ts, timeframe, asked)]
        if absent:
            self.book.confirm(
                self.key.venue, self.key.symbol, timeframe, [span.pair() for span in absent]
            )
            report.confirmed_missing = sum(span.bars(timeframe) for span in absent)

    def _open_holes(self, spans: Sequence[Span]) -> list[Span]:
        """Return the unconfirmed holes of the stored series that lie within `spans`."""
        inside = intersect(holes(self._ts, self.key.timeframe), spans)
        return subtract(inside, self._known())

    def _keep(self, page: Page, report: SeriesReport) -> None:
        if len(page):
            self._waiting.append(page)
        if sum(len(part) for part in self._waiting) >= FLUSH_BARS:
            self._flush(report)

    def _flush(self, report: SeriesReport) -> None:
        """Write what waits, except bars the store already has (a second look spans them)."""
        parts, self._waiting = self._waiting, []
        if not parts:
            return
        ts = np.concatenate([part.ts for part in parts])
        values = np.concatenate([part.values for part in parts])
        fresh = ~np.isin(ts, self._ts)
        if not fresh.any():
            return
        ts, values = ts[fresh], values[fresh]
        names = ("open", "high", "low", "close", "volume")
        columns = {name: values[:, place] for place, name in enumerate(names)}
        key = self.key
        self.sink.write(Bars.of(key.venue, key.symbol, key.timeframe, ts, columns))
        self._ts = np.union1d(self._ts, ts)
        report.stored += len(ts)

    def _open(self) -> None:
        """Read which bars the store holds, once; it may know the symbol by another spelling."""
        key = self.key
        if self.sink.has(key.venue, key.symbol, key.timeframe):
            bars = self.sink.read(key.venue, key.symbol, key.timeframe)
            self.key = SeriesKey(key.venue, bars.symbol, key.timeframe)
            self._ts = bars.ts

    def _known(self) -> list[Span]:
        key = self.key
        return [Span(*pair) for pair in self.book.known(key.venue, key.symbol, key.timeframe)]
