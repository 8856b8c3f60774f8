"""Where candles give no book, an order pays the square root of its size (R-COST-10, R-COST-12)."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from ballast.core.orders import OrderKind, OrderRequest, OrderStatus, Side
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder
from ballast.venues.simulated.engine.outcomes import Accepted
from ballast.venues.simulated.engine.profile import Listing, VenueProfile
from ballast.venues.simulated.liquidity.candles import CandleReplay, CandleTicks
from ballast.venues.simulated.liquidity.impact import (
    BARS,
    SHARE_MAX,
    Law,
    depth_of,
    law_of,
)

HOUR = 3_600_000_000_000
START_NS = 1_700_000_400 * 1_000_000_000
PRICE = 6_000_000
LOTS = 1_000_000
LISTING = Listing("BTCUSDT", "BTC", "USDT", tick=Decimal("0.01"), lot=Decimal("0.00001"),
                  taker_ppm=0)  # fmt: skip
LAW = Law(1.0, 0.03, 24.0 * LOTS)


def bars(count: int = 40) -> list[CandleTicks]:
    """Hours that go up and down by half a percent in turn, and end where they began."""
    closes = [PRICE * (1_000 + 5 * (number % 2)) // 1_000 for number in range(count)]
    opens = [PRICE, *closes[:-1]]
    return [
        CandleTicks(START_NS + number * HOUR, first, max(first, last), min(first, last), last, LOTS)
        for number, (first, last) in enumerate(zip(opens, closes, strict=True))
    ]


def paid(lots: int, *, impact: float, hours: float = 30.9) -> tuple[float, Accepted]:
    """Return what a purchase of a fresh account pays over the price, as a part of it."""
    exchange = Exchange(VenueProfile(), [LISTING], start_ns=START_NS)
    exchange.attach(CandleReplay("BTCUSDT", bars(), HOUR, Ladder(lots=50_000), impact=impact))
    account = exchange.open_account("me", {"USDT": Decimal(10**9)})
    exchange.advance(START_NS + round(hours * HOUR))
    bid, ask = exchange.best("BTCUSDT")
    outcome = exchange.submit(account, OrderRequest("BTCUSDT", Side.BUY, OrderKind.MARKET, lots))
    assert isinstance(outcome, Accepted)
    order = outcome.order
    middle = (bid + ask) / 2
    return order.value / order.filled_lots / middle - 1.0, outcome


def test_the_law_is_that_of_the_candles_that_are_over() -> None:
    closes, lots = [one.close for one in bars(BARS)], [LOTS] * BARS
    law = law_of(1.5, closes, lots, HOUR)
    assert law is not None
    returns = np.diff(np.log(closes))
    assert law.sigma == pytest.approx(float(returns.std(ddof=1)) * math.sqrt(24.0))
    assert law.day_lots == 24.0 * LOTS
    assert law.cost_ticks(law.day_lots / 100, PRICE) == pytest.approx(PRICE * 1.5 * law.sigma / 10)
    for factor, some in ((0.0, closes), (1.0, closes[:2]), (1.0, [PRICE] * BARS)):
        assert law_of(factor, some, lots[: len(some)], HOUR) is None
    assert law_of(1.0, closes, [0] * BARS, HOUR) is None


def test_the_levels_cost_what_the_law_says_at_every_size_between_them() -> None:
    levels = depth_of(LAW, PRICE)
    assert sum(lots for _, lots in levels) == pytest.approx(LAW.day_lots * SHARE_MAX, abs=12)
    assert [away for away, _ in levels] == sorted({away for away, _ in levels})
    taken = cost = 0
    for away, lots in levels:
        for part in (lots // 2, lots - lots // 2):
            taken, cost = taken + part, cost + part * away
            wanted = LAW.cost_ticks(taken, PRICE)
            assert wanted - 1.0 < cost / taken < (1.05 if taken > part else 1.5) * wanted + 1.0
        assert cost / taken == pytest.approx(LAW.cost_ticks(taken, PRICE), rel=0.01, abs=1.0)


def test_an_order_pays_the_square_root_of_its_size() -> None:
    """A-OMS-11: an order four times as large pays twice as much of the price, never less."""
    closes = [one.close for one in bars()[10:30]]
    law = law_of(1.0, closes, [LOTS] * BARS, HOUR)
    assert law is not None
    costs = [paid(lots, impact=1.0)[0] for lots in (10_000, 40_000, 160_000, 640_000)]
    for cost, lots in zip(costs, (10_000, 40_000, 160_000, 640_000), strict=True):
        assert cost == pytest.approx(law.cost_ticks(lots, PRICE) / PRICE, rel=0.08)
    for small, large in pairwise(costs):
        assert 1.8 < large / small < 2.2
    assert paid(160_000, impact=2.0)[0] == pytest.approx(2.0 * costs[2], rel=0.08)


def test_beyond_a_quarter_of_a_day_the_rest_is_not_filled() -> None:
    lots = round(24 * LOTS * SHARE_MAX)
    _, outcome = paid(lots + 500_000, impact=1.0)
    assert outcome.order.status is OrderStatus.EXPIRED
    assert outcome.order.filled_lots == pytest.approx(lots, abs=12)


@pytest.mark.parametrize(("impact", "hours"), [(0.0, 30.9), (1.0, 1.5)])
def test_without_the_law_or_candles_to_take_it_from_the_levels_are_equal(
    impact: float, hours: float
) -> None:
    cost, outcome = paid(50_000, impact=impact, hours=hours)
    assert outcome.order.filled_lots == 50_000
    assert cost == pytest.approx(1 / PRICE, rel=0.05)


def test_a_restored_replay_shows_the_depth_it_had() -> None:
    books = []
    for restores in (False, True):
        exchange = Exchange(VenueProfile(), [LISTING], start_ns=START_NS)
        exchange.attach(CandleReplay("BTCUSDT", bars(), HOUR, impact=1.0))
        exchange.advance(START_NS + 20 * HOUR)
        if restores:
            state = exchange.snapshot()
            exchange = Exchange(VenueProfile(), [LISTING], start_ns=START_NS)
            exchange.attach(CandleReplay("BTCUSDT", bars(), HOUR, impact=1.0))
            exchange.restore(state)
        exchange.advance(START_NS + 33 * HOUR)
        books.append(replace(exchange.book("BTCUSDT", 50)))
    assert books[0] == books[1]
    assert len(books[0].asks) > 8
