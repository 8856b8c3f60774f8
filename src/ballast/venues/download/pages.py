"""One span of candles, in pages, whatever the venue's idea of a page is.

Venues differ: some answer with the first `limit` bars at or after the start, some with the last
`limit` bars before the end, some silently with fewer than `limit`. Advancing by what was *asked*
then loses bars: 200 of every 1,002 is a real data set made that way. So:

- the question is exact: start, end and limit describe the same bars;
- the cursor advances by what was *received*;
- bars missing in front of an answer are asked for at once; if they exist the venue's page is
  smaller than we thought, and it is made smaller from there on;
- an empty answer leads to one question in days (`next_day`) that jumps to the next day with trade,
  so that years before a listing cost a handful of requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ballast.core.time import Timeframe
    from ballast.venues.download.plan import Span
    from ballast.venues.download.rows import Page


class Source(Protocol):
    """A venue's candles of one symbol."""

    async def page(self, from_ms: int, to_ms: int, limit: int) -> Page:
        """Ask for the bars in `[from_ms, to_ms)`; the answer may hold fewer, others, or none."""
        ...

    async def next_day(self, from_ms: int, to_ms: int) -> int:
        """Return the earliest time at or after `from_ms` from where on there may be bars."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """New bars, and how far the span is now known."""

    page: Page
    known_to_ms: int


@dataclass(slots=True)
class Pager:
    """Walks spans; remembers what it learned about the venue's page size."""

    source: Source
    timeframe: Timeframe
    page_bars: int

    async def walk(self, span: Span) -> AsyncIterator[Piece]:
        """Yield the bars of `span` in time order, each once. Every step moves forward."""
        cursor = span.from_ms
        while cursor < span.to_ms:
            stop = min(cursor + self.page_bars * self.timeframe.ms, span.to_ms)
            answer = await self._ask(cursor, stop)
            page = answer.within(cursor, stop)
            if len(page) and int(page.ts[0]) > cursor and await self._hides(cursor, page):
                continue
            if len(page):
                cursor = int(page.ts[-1]) + self.timeframe.ms
            else:
                cursor = await self._jump(answer, stop, span)
            yield Piece(page, cursor)

    async def _ask(self, from_ms: int, to_ms: int) -> Page:
        limit = (to_ms - from_ms) // self.timeframe.ms
        return await self.source.page(from_ms, to_ms, limit)

    async def _hides(self, cursor: int, page: Page) -> bool:
        """Ask for the bars in front of `page`; if there are any, shrink the page and say so."""
        first = int(page.ts[0])
        front = (await self._ask(cursor, first)).within(cursor, first)
        if not len(front) or self.page_bars == 1:
            return False
        # The venue answers with the end of a window. Halving finds its page in a few questions and
        # costs little when a single bad answer only looked like that.
        self.page_bars = max(1, self.page_bars // 2)
        return True

    async def _jump(self, answer: Page, stop: int, span: Span) -> int:
        """Return where to go on after an empty page: never behind `stop`."""
        if stop >= span.to_ms:
            return stop
        later = answer.within(stop, span.to_ms)
        if len(later):  # a venue that ignores the end has already shown the next bar
            return int(later.ts[0])
        return max(stop, min(span.to_ms, await self.source.next_day(stop, span.to_ms)))
