"""Survey: asks a desk what a universe is chosen by, and no more than that.

One question tells the last 24 hours of all symbols. What it leaves open is asked symbol by symbol,
the most traded first, until enough are found: best prices where the venue tells them for one symbol
only, and the first daily bar where it states no date of listing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.core.time import DAY_MS, Timeframe
from ballast.venues.clients.account import DayTicker
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.universe import Candidate, Universe, select

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.venues.clients.account import VenueStatus
    from ballast.venues.clients.desk import VenueDesk
    from ballast.venues.clients.market import Market
    from ballast.venues.clients.universe import Rules

DAY = Timeframe.parse("1d")
BARS_MOST = 300
"""Daily bars of one question: every venue of ours answers so many at once."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found, and whether the venue is open."""

    status: VenueStatus
    universe: Universe


async def survey(
    desk: VenueDesk,
    quote: str,
    rules: Rules,
    now_ms: int,
    market_caps: Mapping[str, Decimal] | None = None,
    step: Callable[[int, int], None] = lambda _asked, _known: None,
) -> Survey:
    """Return the universe of a quote asset; raise `CallError` where the venue does not answer.

    `step` is told how many questions about single symbols were asked, of how many that are known.
    """
    status = await desk.status()
    closed = "" if status.is_open else status.text or "maintenance"
    tickers = {one.symbol: one for one in await desk.tickers()}
    caps = market_caps or {}
    assets = {one.base for one in desk.markets.values()}
    candidates = {
        one.symbol: _candidate(one, tickers.get(one.symbol), caps.get(one.base))
        for one in desk.markets.values()
        if one.quote == quote
    }
    asked: set[tuple[str, str]] = set()
    while True:
        found = select(candidates.values(), rules, now_ms, assets, closed)
        wanted = [
            (symbol, fact)
            for symbol, facts in found.unknown.items()
            for fact in sorted(facts)
            if (symbol, fact) not in asked
        ]
        if not wanted:
            return Survey(status, found)
        room = max(rules.top - len(found.chosen), 1) if rules.top else len(wanted)
        for place, (symbol, fact) in enumerate(wanted[:room], 1):
            asked.add((symbol, fact))
            candidates[symbol] = await _learnt(desk, candidates[symbol], fact, rules, now_ms)
            step(len(asked), len(asked) + len(wanted) - place)


def _candidate(market: Market, ticker: DayTicker | None, cap: Decimal | None) -> Candidate:
    spread = ticker.spread_bps if ticker is not None else None
    return Candidate(market, ticker, market.listed_ms, spread, cap)


async def _learnt(
    desk: VenueDesk, one: Candidate, fact: str, rules: Rules, now_ms: int
) -> Candidate:
    """Return a candidate with a fact that was asked for; as it was where the venue refuses."""
    try:
        if fact == "spread":
            return replace(one, spread_bps=await _spread_bps(desk, one.market))
        return replace(one, listed_ms=await _first_bar_ms(desk, one.market, rules, now_ms))
    except CallError as error:
        if error.verdict is not Verdict.REFUSED:
            raise
        return one


async def _spread_bps(desk: VenueDesk, market: Market) -> Decimal | None:
    top = await desk.top(market.symbol, 1)
    bid, ask = (market.tick * (side[0][0] if side else 0) for side in (top.bids, top.asks))
    return DayTicker(market.symbol, ask, Decimal(0), bid, ask).spread_bps


async def _first_bar_ms(desk: VenueDesk, market: Market, rules: Rules, now_ms: int) -> int | None:
    """Return when the first daily bar opened that is no older than asked for; None: no bar.

    One that is there on the very day proves the age; a later one is the first there ever was.
    """
    since_ms = int(now_ms - rules.age_min_days * DAY_MS) // DAY_MS * DAY_MS
    count = min(int(rules.age_min_days) + 2, BARS_MOST)
    rows = await desk.candles(market.symbol, DAY, since_ms, count)
    return rows[0].open_ms if rows else None
