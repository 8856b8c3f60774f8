"""Candles replayed and made again of the public trades are the same candles (R-EXCH-16)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.venue import SECOND, SPOT, START_NS, only, venue

from ballast.venues.simulated.engine.events import Traded
from ballast.venues.simulated.fronts.board import Board
from ballast.venues.simulated.liquidity.candles import CandleReplay, CandleTicks, path_of

HOUR = 3_600 * SECOND
START = START_NS - START_NS % HOUR + HOUR


@st.composite
def candle(draw: st.DrawFn, *, place: int = 0) -> CandleTicks:
    prices = [draw(st.integers(50, 400)) for _ in range(4)]
    low, *middle, high = sorted(prices)
    opens, closes = draw(st.permutations([*middle, low, high]))[:2]
    lots = draw(st.one_of(st.integers(0, 30), st.integers(0, 10**6)))
    return CandleTicks(START + place * HOUR, opens, high, low, closes, lots)


@st.composite
def candles(draw: st.DrawFn) -> list[CandleTicks]:
    places = sorted(draw(st.sets(st.integers(0, 8), min_size=1, max_size=4)))
    return [draw(candle(place=place)) for place in places]


@settings(max_examples=60)
@given(bars=candles(), steps=st.integers(1, 9))
def test_replayed_trades_make_the_stored_candles_again(bars: list[CandleTicks], steps: int) -> None:
    exchange, board = venue(), Board()
    exchange.attach(CandleReplay(SPOT, bars, HOUR, steps=steps))
    exchange.advance(START + 10 * HOUR)
    for event in exchange.drain():
        board.observe(event)
    made = board.candles(SPOT, HOUR, now_ns=START + 10 * HOUR)
    wanted = {bar.open_ns: bar for bar in bars if bar.lots}
    traded = {one.open_ns: one for one in made if one.lots}
    assert traded.keys() == wanted.keys()
    for open_ns, bar in wanted.items():
        one = traded[open_ns]
        assert (one.open, one.high, one.low, one.close) == (bar.open, bar.high, bar.low, bar.close)
        # Fewer lots than different prices cannot be: then the prices win, a lot each.
        assert one.lots == (bar.lots if bar.lots >= 4 else max(bar.lots, _corners(bar)))


@given(bar=candle(), steps=st.integers(1, 20))
def test_a_path_stays_within_its_bar(bar: CandleTicks, steps: int) -> None:
    path = path_of(bar, HOUR, steps)
    times = [point.at_ns for point in path]
    assert times == sorted(set(times))
    assert bar.open_ns == times[0]
    assert times[-1] < bar.open_ns + HOUR
    assert all(bar.low <= point.ticks <= bar.high for point in path)
    assert (path[0].ticks, path[-1].ticks) == (bar.open, bar.close)
    assert {bar.low, bar.high} <= {point.ticks for point in path}
    assert all((point.lots > 0) == (bar.lots > 0) for point in path)


def _corners(bar: CandleTicks) -> int:
    """Count the corners of the path that differ from the one before, written another way."""
    near, far = (
        (bar.high, bar.low)
        if abs(bar.high - bar.open) <= abs(bar.open - bar.low)
        else (bar.low, bar.high)
    )
    return 1 + (near != bar.open) + (far != near) + (bar.close != far)


def test_the_street_alone_trades_in_a_replay() -> None:
    exchange = venue()
    exchange.attach(CandleReplay(SPOT, [CandleTicks(START, 100, 120, 90, 110, 77)], HOUR))
    exchange.advance(START + HOUR)
    trades = [one.trade for one in only(exchange.drain(), Traded)]
    assert sum(one.qty_lots for one in trades) == 77
