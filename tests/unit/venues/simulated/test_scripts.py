"""Scripts, paths and momentum: what they do to the book of a synthetic market (R-EXCH-16)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.venue import SECOND, SPOT, START_NS, only, venue

from ballast.core.errors import UserError
from ballast.core.orders import Side
from ballast.venues.simulated.engine.events import Traded
from ballast.venues.simulated.liquidity.scripts import SCRIPTS, SCRIPTS_MAX
from ballast.venues.simulated.liquidity.synthetic import SyntheticAgents, SyntheticMarket

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange

PRICE = 6_000_000
MARKET = SyntheticMarket(SPOT, PRICE, 2_000, seed=7)
CRASH_S = 60


class Stage:
    """A synthetic market; times are seconds after it opened."""

    def __init__(self, *scripts: str, market: SyntheticMarket = MARKET) -> None:
        self.exchange: Exchange = venue()
        self.source = SyntheticAgents(market, START_NS)
        self.exchange.attach(self.source)
        for name in scripts:
            self.source.schedule(name, START_NS + CRASH_S * SECOND)

    def to(self, second: float) -> list[Traded]:
        self.exchange.advance(START_NS + round(second * SECOND))
        return only(self.exchange.drain(), Traded)

    def depth(self) -> int:
        """Lots of the makers' nearest levels, the spoofer's walls left out."""
        view = self.exchange.book(SPOT, 12)
        return sum(lots for _, lots in view.bids + view.asks if lots < 10 * MARKET.level_lots)

    def spread(self) -> int:
        bid, ask = self.exchange.best(SPOT)
        return ask - bid

    def means(self, *, first: int, last: int) -> tuple[float, float]:
        """Mean depth and spread of these seconds."""
        seen = []
        for second in range(first, last):
            self.to(second)
            seen.append((self.depth(), self.spread()))
        return sum(one for one, _ in seen) / len(seen), sum(one for _, one in seen) / len(seen)


def prices(trades: list[Traded]) -> list[int]:
    return [one.trade.price_ticks for one in trades]


def test_a_flash_crash_trades_a_tenth_down_within_seconds_and_comes_back() -> None:
    stage, calm = Stage("flash_crash"), Stage()
    before = prices(stage.to(CRASH_S))
    assert before == prices(calm.to(CRASH_S))
    falling = stage.to(CRASH_S + 22)
    low = min(prices(falling))
    assert 0.885 < low / before[-1] < 0.91
    sold = sum(one.trade.qty_lots for one in falling if one.trade.taker_side is Side.SELL)
    bought = sum(one.trade.qty_lots for one in falling if one.trade.taker_side is Side.BUY)
    assert sold > 2 * bought
    assert min(prices(calm.to(CRASH_S + 22))) > 0.99 * before[-1]
    after = prices(stage.to(CRASH_S + 150))
    assert abs(after[-1] / before[-1] - 1) < 0.01
    assert "nothing scripted" in stage.source.says()


def test_in_a_collapse_the_depth_goes_and_the_price_stays() -> None:
    stage = Stage("liquidity_collapse")
    depth, spread = stage.means(first=30, last=CRASH_S)
    thin, wide = stage.means(first=CRASH_S + 5, last=CRASH_S + 60)
    assert thin < depth / 8
    assert wide > 3 * spread
    back, narrow = stage.means(first=CRASH_S + 125, last=CRASH_S + 180)
    assert back > depth / 2
    assert narrow < 2 * spread
    assert abs(stage.source.fair_ticks / PRICE - 1) < 0.01


def test_a_path_leads_the_price_and_then_lets_it_go() -> None:
    #         second, price     and between them straight lines
    points = [(20, 6_060_000), (40, 5_880_000), (60, 5_940_000)]
    stage = Stage()
    stage.to(10)
    stage.source.follow(
        [(START_NS + second * SECOND, ticks) for second, ticks in points], START_NS + 10 * SECOND
    )
    assert "on a path" in stage.source.says()
    for second, ticks in [*points[:1], (30, 5_970_000), *points[1:]]:
        stage.to(second)
        assert abs(stage.source.fair_ticks - ticks) < 2
        stage.to(second + 2)
        assert abs(sum(stage.exchange.best(SPOT)) / 2 - stage.source.fair_ticks) < 0.001 * ticks
    stage.to(90)
    assert 0 < abs(stage.source.fair_ticks - 5_940_000) < 0.01 * PRICE
    assert "nothing scripted" in stage.source.says()


def test_momentum_takers_go_on_buying_after_a_rise_and_selling_after_a_fall() -> None:
    def taken(seed: int, target: int, *, has_momentum: bool) -> int:
        """Net lots bought by takers in the seconds after a move that has ended."""
        stage = Stage(market=replace(MARKET, seed=seed, has_momentum=has_momentum))
        stage.to(10)
        stage.source.follow([(START_NS + 40 * SECOND, target)], START_NS + 10 * SECOND)
        stage.to(40)
        return sum(one.trade.taker_side * one.trade.qty_lots for one in stage.to(46))

    for side, target in ((1, 6_060_000), (-1, 5_940_000)):
        extra = [
            side
            * (taken(seed, target, has_momentum=True) - taken(seed, target, has_momentum=False))
            for seed in range(6)
        ]
        assert min(extra) > 0
        assert sum(extra) > 6 * MARKET.level_lots // 2


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_the_same_every_time_and_from_a_snapshot_in_its_middle(name: str) -> None:
    one, two, three = Stage(name), Stage(name), Stage()
    for stage in (one, two):
        stage.source.follow([(START_NS + 100 * SECOND, PRICE + 30_000)], START_NS)
    assert one.to(CRASH_S + 15) == two.to(CRASH_S + 15)
    three.exchange.restore(one.exchange.snapshot())
    assert one.to(CRASH_S + 60) == two.to(CRASH_S + 60) == three.to(CRASH_S + 60)
    assert one.exchange.snapshot() == three.exchange.snapshot()


def test_what_cannot_be_scripted_is_refused_and_changes_nothing() -> None:
    source = Stage().source
    before = source.snapshot()
    with pytest.raises(UserError, match="did you mean 'flash_crash'"):
        source.schedule("flash_crush", START_NS)
    later = START_NS + SECOND
    for points, said in [
        ([], "cannot be followed"),
        ([(later, PRICE), (later, PRICE)], "cannot be followed"),
        ([(START_NS, PRICE)], "begins in the past"),
        ([(later, 10)], "a path to 10 ticks"),
        ([(later, 10**12)], "a path to 1000000000000 ticks"),
    ]:
        with pytest.raises(UserError, match=said):
            source.follow(points, START_NS)
    assert source.snapshot() == before
    for _ in range(SCRIPTS_MAX):
        source.schedule("flash_crash", later)
    with pytest.raises(UserError, match="too many scripts"):
        source.schedule("flash_crash", later)
