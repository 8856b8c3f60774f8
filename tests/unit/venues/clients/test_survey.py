"""A survey asks for what it needs, the most traded first, and for nothing behind the last place."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.time import DAY_MS
from ballast.venues.clients.account import CandleRow, DayTicker, TopOfBook, VenueStatus
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.market import Market
from ballast.venues.clients.survey import survey
from ballast.venues.clients.universe import Rules

if TYPE_CHECKING:
    from ballast.core.time import Timeframe

D = Decimal
NOW_MS = 20_000 * DAY_MS + 5_000
OLD = {"AAA": 900, "BBB": 3, "CCC": 40, "DDD": 41, "EEE": 500}
"""Days since the first bar of each asset, the most traded first."""


class Venue:
    """A venue that tells neither best prices with the day nor dates of listing."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.asked: list[tuple[str, str]] = []
        self.refuses: set[str] = set()
        self._is_open = is_open
        self.markets = {
            base + quote: Market(base + quote, base, base, quote, Kind.SPOT, D("0.5"), D(1))
            for base in OLD
            for quote in ("USDT", "BTC")
        }

    async def status(self) -> VenueStatus:
        return VenueStatus(self._is_open, "upgrade until noon")

    async def tickers(self) -> list[DayTicker]:
        return [
            DayTicker(symbol, D(100), D(1_000 - place)) for place, symbol in enumerate(self.markets)
        ]

    async def top(self, symbol: str, depth: int) -> TopOfBook:
        assert depth == 1
        self.asked.append(("top", symbol))
        width = 4 if symbol == "AAAUSDT" else 1
        return TopOfBook(symbol, ((200 - width, 1),), ((200 + width, 1),), 0)

    async def candles(
        self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int
    ) -> list[CandleRow]:
        self.asked.append(("candles", symbol))
        if symbol in self.refuses:
            raise CallError(Verdict.REFUSED, "no bars")
        first = (NOW_MS // DAY_MS - OLD[symbol[:3]]) * DAY_MS
        opens = range(max(first, since_ms), NOW_MS, timeframe.ms)[:limit]
        return [CandleRow(at, *(D(1),) * 5) for at in opens]


def asked(venue: Venue, rules: Rules) -> tuple[list[str], dict[str, str]]:
    desk: Any = venue
    found = asyncio.run(survey(desk, "USDT", rules, NOW_MS)).universe
    return [one.market.base for one in found.chosen], {
        one.symbol[:3]: one.rule for one in found.left_out
    }


def test_ages_are_asked_for_until_enough_are_found() -> None:
    venue = Venue()
    chosen, left = asked(venue, Rules(top=2, age_min_days=40))
    assert chosen == ["AAA", "CCC"]
    assert left == {"BBB": "age", "DDD": "rank", "EEE": "rank"}
    assert venue.asked == [("candles", f"{one}USDT") for one in ("AAA", "BBB", "CCC")]


def test_the_day_that_an_age_is_counted_in_decides() -> None:
    """Listed 40 days and a few seconds ago is no 40.5 days, 41 days and a few seconds is."""
    chosen, _ = asked(Venue(), Rules(age_min_days=40.5))
    assert chosen == ["AAA", "DDD", "EEE"]


def test_spreads_come_from_the_book_where_the_day_tells_none() -> None:
    """4 ticks of 0.5 on each side of 100 are 400 bps, 1 tick 100 bps."""
    chosen, left = asked(Venue(), Rules(spread_max_bps=D(100)))
    assert chosen == ["BBB", "CCC", "DDD", "EEE"]
    assert left == {"AAA": "spread"}


def test_nothing_is_asked_that_no_rule_wants() -> None:
    venue = Venue()
    chosen, _ = asked(venue, Rules(top=4))
    assert chosen == ["AAA", "BBB", "CCC", "DDD"]
    assert venue.asked == []


def test_what_the_venue_refuses_to_tell_is_unknown_and_no_pass() -> None:
    venue = Venue()
    venue.refuses = {"AAAUSDT"}
    chosen, left = asked(venue, Rules(top=1, age_min_days=40))
    assert chosen == ["CCC"]
    assert left["AAA"] == "unknown"


def test_a_closed_venue_is_asked_no_more() -> None:
    venue = Venue(is_open=False)
    chosen, left = asked(venue, Rules(age_min_days=40))
    assert chosen == []
    assert set(left.values()) == {"maintenance"}
    assert venue.asked == []
