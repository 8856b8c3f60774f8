"""Markets that make themselves: agents and candles (R-EXCH-16; issue point 2)."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.venue import SECOND, SPOT, START_NS, limit, only, rich, taken, venue

from ballast.core.errors import DataError, UserError
from ballast.core.orders import OrderRef, OrderStatus, Side
from ballast.venues.simulated.engine.events import Traded
from ballast.venues.simulated.liquidity import synthetic
from ballast.venues.simulated.liquidity.candles import CandleReplay, CandleTicks, path_of
from ballast.venues.simulated.liquidity.synthetic import SyntheticAgents, SyntheticMarket

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange

HOUR = 3_600 * SECOND
MARKET = SyntheticMarket(SPOT, 6_000_000, 2_000, seed=7)


def agents(market: SyntheticMarket = MARKET) -> tuple[Exchange, SyntheticAgents]:
    exchange, source = venue(), SyntheticAgents(market, START_NS)
    exchange.attach(source)
    return exchange, source


def test_agents_keep_a_two_sided_book_around_their_fair_price() -> None:
    exchange, source = agents()
    for step in range(1, 121):
        exchange.advance(START_NS + step * SECOND)
        bid, ask = exchange.best(SPOT)
        assert 0 < bid < ask
        assert abs((bid + ask) / 2 / source.fair_ticks - 1) < 0.002
        assert len(exchange.book(SPOT).bids) >= synthetic.LEVELS
    trades = only(exchange.drain(), Traded)
    assert {one.trade.taker_side for one in trades} == {Side.BUY, Side.SELL}
    assert len(trades) > 100


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    def played(market: SyntheticMarket) -> list[object]:
        exchange, _ = agents(market)
        exchange.advance(START_NS + 30 * SECOND)
        return list(exchange.drain())

    assert played(MARKET) == played(MARKET)
    assert played(MARKET) != played(SyntheticMarket(SPOT, 6_000_000, 2_000, seed=8))


def test_agents_go_on_from_a_snapshot_with_a_wall_standing() -> None:
    (one, first), (two, second) = agents(), agents()
    at_ns = START_NS
    while not first.has_wall:
        at_ns += SECOND
        one.advance(at_ns)
    one.drain()
    two.restore(one.snapshot())
    assert second.has_wall
    for exchange in (one, two):
        exchange.advance(at_ns + 90 * SECOND)
    assert one.drain() == two.drain()
    assert one.snapshot() == two.snapshot()


def test_a_spoofer_places_walls_and_pulls_them_mostly_untouched() -> None:
    """R-EXCH-16: a wall is many levels large, and goes when the price comes near."""
    exchange, source = agents()
    largest, seen = 0, []
    for step in range(1, 601):
        exchange.advance(START_NS + step * SECOND)
        seen.append(source.has_wall)
        view = exchange.book(SPOT, 50)
        largest = max(largest, *(lots for _, lots in view.bids + view.asks))
    pulled = sum(was and not now for was, now in pairwise(seen))
    assert pulled >= 3
    assert largest >= MARKET.level_lots * synthetic.WALL_LEVELS
    assert exchange.book(SPOT, 50).asks


def test_volatility_is_the_one_asked_for_and_clustered() -> None:
    """Long-run variance as asked; squared moves correlate, moves do not (Bollerslev 1986)."""
    _, source = agents()
    draws = np.random.Generator(np.random.PCG64(5))
    fair = [source.fair_ticks]
    for _ in range(60_000):
        source._walk(draws)
        fair.append(source.fair_ticks)
    moves = np.diff(np.log(fair))
    a_year = sqrt(synthetic.YEAR_S * SECOND / synthetic.STEP_NS)
    assert float(moves.std()) * a_year == pytest.approx(MARKET.volatility, rel=0.1)
    assert abs(float(np.corrcoef(moves[:-1], moves[1:])[0, 1])) < 0.03
    squares = moves * moves
    assert float(np.corrcoef(squares[:-1], squares[1:])[0, 1]) > 0.05


def test_customers_trade_with_the_agents() -> None:
    exchange, _ = agents()
    me = rich(exchange)
    exchange.advance(START_NS + SECOND)
    bid, ask = exchange.best(SPOT)
    bought = taken(exchange.submit(me, limit(Side.BUY, ask + 500, 100))).order
    assert bought.status is OrderStatus.FILLED
    resting = taken(exchange.submit(me, limit(Side.SELL, ask - 1, 100))).order
    assert resting.status is OrderStatus.NEW
    exchange.advance(START_NS + 300 * SECOND)
    found = exchange.order(me, OrderRef(SPOT, order_id=resting.order_id))
    assert found is not None
    assert found.filled_lots > 0
    assert bid > 0


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (SyntheticMarket(SPOT, 6_000_000, 2_000, volatility=0.0), "volatility 0"),
        (SyntheticMarket(SPOT, 6_000_000, 2_000, volatility=float("nan")), "volatility nan"),
        (SyntheticMarket(SPOT, 10, 2_000), "10 ticks"),
        (SyntheticMarket(SPOT, 6_000_000, 0), "0 lots a level"),
    ],
)
def test_markets_that_cannot_be_are_refused(market: SyntheticMarket, said: str) -> None:
    with pytest.raises(UserError, match=said):
        SyntheticAgents(market, START_NS)


# Candles ---------------------------------------------------------------------------------

BARS = [
    CandleTicks(START_NS, 10_000, 10_060, 9_900, 10_020, 500),
    CandleTicks(START_NS + HOUR, 10_020, 10_020, 10_020, 10_020, 1),
    CandleTicks(START_NS + 3 * HOUR, 10_000, 10_100, 9_990, 10_090, 60),  # after a gap
]


def test_a_path_goes_to_the_nearer_extreme_first() -> None:
    #       open, high, low, close    the corners
    cases = [((100, 103, 90, 95), [100, 103, 90, 95]),
             ((100, 120, 99, 110), [100, 99, 120, 110]),
             ((100, 105, 95, 100), [100, 105, 95, 100])]  # fmt: skip
    for prices, corners in cases:
        path = path_of(CandleTicks(0, *prices, 100), HOUR, steps=1)
        assert [point.ticks for point in path] == corners
        assert [point.at_ns for point in path] == [0, HOUR // 4, HOUR // 2, HOUR * 3 // 4]


def test_a_bar_without_volume_moves_the_book_and_trades_nothing() -> None:
    exchange = venue()
    exchange.attach(CandleReplay(SPOT, [CandleTicks(START_NS, 100, 120, 90, 110, 0)], HOUR))
    exchange.advance(START_NS + HOUR)
    assert only(exchange.drain(), Traded) == []
    assert exchange.best(SPOT) == (109, 111)


def test_orders_between_the_extremes_fill_at_their_own_price() -> None:
    exchange = venue()
    exchange.attach(CandleReplay(SPOT, BARS, HOUR))
    me = rich(exchange)
    inside = taken(exchange.submit(me, limit(Side.BUY, 9_950, 1_000))).order
    below = taken(exchange.submit(me, limit(Side.BUY, 9_899, 1_000))).order
    exchange.advance(START_NS + 5 * HOUR)
    fills = exchange.fills(me)
    assert {(one.order_id, one.price_ticks) for one in fills} == {(inside.order_id, 9_950)}
    assert sum(one.qty_lots for one in fills) == 1_000
    assert [one.order_id for one in exchange.open_orders(me)] == [below.order_id]


def test_a_replay_goes_on_from_a_snapshot_and_ends() -> None:
    one, two = venue(), venue()
    first, second = (CandleReplay(SPOT, BARS, HOUR) for _ in range(2))
    one.attach(first)
    two.attach(second)
    one.advance(START_NS + HOUR // 3)
    one.drain()
    two.restore(one.snapshot())
    for exchange in (one, two):
        exchange.advance(START_NS + 9 * HOUR)
    assert one.drain() == two.drain()
    assert first.is_over
    assert second.is_over
    assert first.next_ns(one.now_ns) is None


@pytest.mark.parametrize(
    ("bars", "said"),
    [
        ([BARS[1], BARS[0]], "back in time"),
        ([BARS[0], BARS[0]], "overlap"),
        ([CandleTicks(0, 100, 99, 90, 95, 1)], "candle 0 has impossible values"),
        ([CandleTicks(0, 100, 110, 101, 105, 1)], "candle 0 has impossible values"),
        ([CandleTicks(0, 100, 110, 0, 105, 1)], "candle 0 has impossible values"),
        ([CandleTicks(0, 100, 110, 90, 105, -1)], "candle 0 has impossible values"),
    ],
)
def test_candles_that_cannot_be_are_refused(bars: list[CandleTicks], said: str) -> None:
    with pytest.raises(DataError, match=said):
        CandleReplay(SPOT, bars, HOUR)
