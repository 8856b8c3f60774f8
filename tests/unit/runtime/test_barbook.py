"""One final bar a symbol and close, and what did not agree (R-DATA-05, R-DATA-06, E4)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import VirtualClock

from ballast.core.instrument import Kind
from ballast.core.marketdata import Candle
from ballast.core.time import Timeframe
from ballast.runtime.node.events import ClosedBar
from ballast.runtime.shell.barbook import BarBook, Source
from ballast.runtime.shell.closing import CHECKED, LiveBars
from ballast.venues.clients.account import CandleRow
from ballast.venues.clients.market import Market

if TYPE_CHECKING:
    from ballast.venues.clients.desk import VenueDesk

SYMBOLS = ("BTCUSDT", "ETHUSDT")
MINUTE_MS = 60_000
MS_NS = 1_000_000


def bar(symbol: str, minute: int, close: float = 100.0, volume: float = 5.0) -> ClosedBar:
    return ClosedBar(symbol, minute * MINUTE_MS, (100.0, 101.0, 99.0, close, volume))


TELLINGS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(SYMBOLS),
            st.integers(0, 6),
            st.sampled_from([99.5, 100.0]),
            st.sampled_from(list(Source)),
        ),
        st.integers(0, 6),  # the close is given
    ),
    max_size=60,
)


@given(TELLINGS)
def test_each_close_is_given_once_with_the_first_bar_that_was_told(
    tellings: list[tuple[str, int, float, Source] | int],
) -> None:
    book = BarBook(SYMBOLS)
    first: dict[tuple[str, int], float] = {}
    told = gaps = 0
    newest = -1
    seen: set[tuple[str, int]] = set()
    for one in tellings:
        if isinstance(one, int):
            for each in book.give(one * MINUTE_MS):
                key = (each.symbol, each.open_ms // MINUTE_MS)
                assert key not in seen
                seen.add(key)
                assert each.prices[3] == first[key]
            if one > newest:
                newest = one
                gaps += sum((symbol, one) not in first for symbol in SYMBOLS)
            continue
        symbol, minute, close, source = one
        told += 1
        book.tell(bar(symbol, minute, close), source)
        if minute > newest:
            first.setdefault((symbol, minute), close)
    assert book.gaps == gaps
    assert book.streamed + book.asked == len(first)
    assert book.compared <= told - len(first)
    assert book.differences == 0 or book.last_differences


def test_what_is_told_otherwise_is_a_difference_and_changes_nothing() -> None:
    book = BarBook(SYMBOLS)
    book.tell(bar("BTCUSDT", 1), Source.STREAM)
    book.tell(bar("BTCUSDT", 1, volume=5.000001), Source.ASKED)
    assert (book.compared, book.differences) == (1, 0)
    book.tell(bar("BTCUSDT", 1, close=100.5), Source.ASKED)
    (found,) = book.last_differences
    assert (found.held[3], found.told[3], found.source) == (100.0, 100.5, Source.ASKED)
    assert book.give(MINUTE_MS) == (bar("BTCUSDT", 1),)


def test_a_gap_is_told_and_not_filled_and_a_late_bar_is_late() -> None:
    book = BarBook(SYMBOLS)
    book.tell(bar("ETHUSDT", 1), Source.STREAM)
    assert book.lacking(MINUTE_MS) == ["BTCUSDT"]
    assert book.give(MINUTE_MS) == (bar("ETHUSDT", 1),)
    assert list(book.last_gaps) == [("BTCUSDT", MINUTE_MS)]
    book.tell(bar("BTCUSDT", 1), Source.STREAM)
    assert (book.gaps, book.late) == (1, 1)
    assert book.give(MINUTE_MS) == ()


class Desk:
    """A venue that says its own of every minute, and is asked for it."""

    def __init__(self) -> None:
        grid = (Decimal("0.5"), Decimal("0.1"))
        self.markets = {one: Market(one, one, one[:3], "USDT", Kind.SPOT, *grid) for one in SYMBOLS}
        self.closes: dict[int, str] = {}
        self.asked: list[tuple[str, int, int]] = []

    async def candles(
        self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int
    ) -> list[CandleRow]:
        del timeframe
        self.asked.append((symbol, since_ms // MINUTE_MS, limit))
        return [
            CandleRow(
                since_ms + place * MINUTE_MS, Decimal(100), Decimal(101), Decimal(99),
                Decimal(self.closes.get(since_ms // MINUTE_MS + place, "100")), Decimal(5),
            )
            for place in range(limit)
        ]  # fmt: skip


def streamed(symbol: str, minute: int) -> Candle:
    return Candle(
        symbol, 0, minute * MINUTE_MS * MS_NS, "1m", 200, 202, 198, 200, 50, is_closed=True
    )


@pytest.mark.parametrize("wrong", [None, 5])
def test_now_and_then_streamed_bars_are_compared_with_what_the_venue_says(
    wrong: int | None,
) -> None:
    desk, clock = Desk(), VirtualClock()
    if wrong is not None:
        desk.closes[wrong] = "100.5"
    now = [0]

    async def run() -> LiveBars:
        bars = LiveBars(
            cast("VenueDesk", desk), SYMBOLS, Timeframe.parse("1m"), clock, lambda: now[0]
        )
        for minute in range(1, CHECKED + 1):
            now[0] = (minute + 1) * MINUTE_MS * MS_NS
            for symbol in SYMBOLS:
                bars.take(streamed(symbol, minute))
            assert len(await bars.closed(now[0])) == len(SYMBOLS)
        await asyncio.gather(*bars._checks)
        return bars

    bars: Any = asyncio.run(run())
    assert desk.asked == [(symbol, 1, CHECKED + 1) for symbol in SYMBOLS]
    assert bars.book.compared == CHECKED * len(SYMBOLS)
    assert [one.open_ms // MINUTE_MS for one in bars.book.last_differences] == (
        [wrong] * 2 if wrong else []
    )
    assert bars.asked == 0


def test_a_bar_that_the_stream_lacks_is_asked_for_and_the_one_before_compared() -> None:
    desk, clock = Desk(), VirtualClock()
    now = [0]

    async def run() -> LiveBars:
        bars = LiveBars(
            cast("VenueDesk", desk), SYMBOLS, Timeframe.parse("1m"), clock, lambda: now[0]
        )
        for minute in (1, 2):
            now[0] = (minute + 1) * MINUTE_MS * MS_NS
            bars.take(streamed("BTCUSDT", minute))
            if minute == 1:
                bars.take(streamed("ETHUSDT", minute))
            found = await bars.closed(now[0])
            assert [one.symbol for one in found] == list(SYMBOLS)
        return bars

    bars: Any = asyncio.run(run())
    assert desk.asked == [("ETHUSDT", 1, 3)]
    assert (bars.asked, bars.book.compared, bars.missing) == (1, 1, 0)
