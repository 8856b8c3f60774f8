"""Every venue, every fault: what is stored is what the venue holds, no more and no less."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.venues.conftest import VENUES, Rig
from tests.contract.venues.desk import Store, assert_same
from tests.fakes.exchange_server import SPOILING
from tests.fakes.markets import random_bars
from tests.fakes.sinks import COLUMNS

from ballast.core.errors import DataError
from ballast.core.rng import stream
from ballast.core.time import Timeframe, parse_ms
from ballast.venues.download.plan import holes
from ballast.venues.download.series import Wanted

if TYPE_CHECKING:
    from ballast.core.bars import Bars

START = parse_ms("2024-01-01")
PAGE = {"BINANCE": 1000, "BINANCEUSDM": 500, "OKX": 300, "OKXSWAP": 300}
NAMES = ("1m", "5m", "15m", "1h", "4h", "1d")


def closed(bars: Bars, now_ms: int) -> Bars:
    return bars.period(None, now_ms - bars.timeframe.ms + 1)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("off_by", [-1, 0, 1])
def test_what_is_stored_is_what_was_served_on_each_page_boundary(
    rig: Rig, venue: str, off_by: int
) -> None:
    """R-DATA-01: two pages and one bar less, exactly, and one bar more; the last one forms."""
    n_bars = 2 * PAGE.get(venue, 1000) + off_by
    bars = random_bars(1, "1m", START, n_bars + 1)
    exchange = rig.reset(int(bars.ts[-1]) + 30_000)
    store = Store(rig, venue)
    exchange.bars["BTCUSDT", "1m"] = bars
    (outcome,) = rig.run(store.fetch("1m", Wanted(from_ms=START)))
    assert_same(store.get("1m"), bars.slice(0, n_bars))
    assert outcome.report.stored == n_bars
    assert outcome.problem == ""


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("timeframe", NAMES)
def test_every_timeframe_with_holes_of_the_venue(rig: Rig, venue: str, timeframe: str) -> None:
    """R-DATA-08: a hole the venue confirms is recorded, and costs nothing the next time."""
    bars = random_bars(2, timeframe, START, 800, absent=(5, *range(300, 420), 700))
    exchange = rig.reset(int(bars.ts[-1]) + bars.timeframe.ms)
    store = Store(rig, venue)
    exchange.bars["BTCUSDT", timeframe] = bars
    (outcome,) = rig.run(store.fetch(timeframe, Wanted(from_ms=START)))
    assert_same(store.get(timeframe), bars)
    assert outcome.report.confirmed_missing == 122
    exchange.log.clear()
    (again,) = rig.run(store.fetch(timeframe, Wanted(from_ms=START)))
    assert (again.report.stored, again.report.planned) == (0, 0)
    assert exchange.asked("kline", "candle") == []


@pytest.mark.parametrize("venue", VENUES)
def test_pages_of_200_where_1000_were_asked_leave_no_holes(rig: Rig, venue: str) -> None:
    """The defect of the ADAUSDT set (200 bars of every 1,002) cannot be made here."""
    bars = random_bars(3, "1m", START, 3_006)
    exchange = rig.reset(int(bars.ts[-1]) + 60_000)
    store = Store(rig, venue)
    exchange.bars["BTCUSDT", "1m"] = bars
    exchange.page_cap = 200
    rig.run(store.fetch("1m", Wanted(from_ms=START)))
    assert_same(store.get("1m"), bars)
    assert store.book.spans == {}


@pytest.mark.parametrize("skew_ms", [-86_400_000, -59_999, -1, 0, 1, 59_999, 86_400_000])
def test_the_venues_clock_decides_which_bar_is_closed(rig: Rig, skew_ms: int) -> None:
    """R-DATA-16: whatever the venue's clock says, the bar forming at that moment is left out."""
    bars = random_bars(4, "1m", START, 4_000)
    now_ms = int(bars.ts[2_000]) + skew_ms
    exchange = rig.reset(now_ms)
    store = Store(rig, "BYBIT")
    exchange.bars["BTCUSDT", "1m"] = bars
    rig.run(store.fetch("1m", Wanted(from_ms=START)))
    got = store.get("1m")
    expected = closed(bars, now_ms)
    assert got is None if not len(expected) else assert_same(got, expected) is None


@pytest.mark.parametrize("venue", ["BINANCE", "OKXSWAP", "BYBITLINEAR"])
def test_an_update_asks_only_for_what_is_new(rig: Rig, venue: str) -> None:
    """R-DATA-02."""
    bars = random_bars(5, "1h", START, 3_000)
    exchange = rig.reset(int(bars.ts[2_500]))
    store = Store(rig, venue)
    exchange.bars["BTCUSDT", "1h"] = bars
    rig.run(store.fetch("1h", Wanted(from_ms=START)))
    exchange.now_ms = int(bars.ts[-1]) + bars.timeframe.ms
    exchange.log.clear()
    (outcome,) = rig.run(store.fetch("1h", Wanted()))
    assert outcome.report.stored == 500
    assert len(exchange.asked("kline", "candle")) <= 2
    assert_same(store.get("1h"), bars)


def test_a_new_series_without_a_start_begins_with_the_market(rig: Rig) -> None:
    """Fourteen years before the listing cost less than twenty questions, not thousands."""
    bars = random_bars(6, "1m", START + 600_000, 2_000)
    exchange = rig.reset(int(bars.ts[-1]) + 60_000)
    store = Store(rig, "OKX")
    exchange.bars["BTCUSDT", "1m"] = bars
    exchange.bars["BTCUSDT", "1d"] = random_bars(6, "1d", START, 2)
    rig.run(store.fetch("1m", Wanted()))
    assert_same(store.get("1m"), bars)
    assert len(exchange.log) < 40


def test_repair_fills_a_hole_of_ours_and_asks_nothing_else(rig: Rig) -> None:
    bars = random_bars(7, "1m", START, 5_000)
    exchange = rig.reset(int(bars.ts[-1]) + 60_000)
    store = Store(rig, "BINANCE")
    exchange.bars["BTCUSDT", "1m"] = bars
    torn = random_bars(7, "1m", START, 4_000, venue="BINANCE", absent=tuple(range(1_200, 1_260)))
    store.sink.write(torn)
    (outcome,) = rig.run(store.fetch("1m", Wanted(repair=True)))
    assert outcome.report.stored == 60
    (question,) = exchange.asked("klines")
    assert int(question.query["startTime"]) == int(bars.ts[1_200])
    assert int(question.query["limit"]) == 60
    assert len(store.get("1m") or ()) == 4_000


faults = st.sampled_from(
    ["", "", "", "429", "500", "502", "503", "reset", *SPOILING],
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    venue=st.sampled_from(VENUES),
    seed=st.integers(0, 2**32),
    n_bars=st.integers(1, 900),
    cut=st.tuples(st.integers(-50, 950), st.integers(-50, 950)),
    absent=st.lists(st.integers(0, 899), max_size=12),
    cap=st.integers(20, 1000),
    script=st.lists(faults, max_size=14),
)
def test_faults_of_any_kind_change_nothing_in_the_result(
    rig: Rig,
    venue: str,
    seed: int,
    n_bars: int,
    cut: tuple[int, int],
    absent: list[int],
    cap: int,
    script: list[str],
) -> None:
    """Downloaded equals served for any period, page size and sequence of faults (R-NET-06).

    A bar that an answer swallowed is found by the second look, unless it is the first or the last
    of the series: those cannot be told from a market that began later.
    """
    bars = random_bars(seed, "1m", START, n_bars, absent=tuple({*absent} - {0, n_bars - 1}))
    exchange = rig.reset(START + 900 * 60_000)
    store = Store(rig, venue)
    exchange.bars["BTCUSDT", "1m"] = bars
    exchange.page_cap = cap
    plan = dict(enumerate(_at_most_five_in_a_row(script)))
    exchange.faults = lambda number, path: plan.get(number, "") if "time" not in path else ""
    low, high = (START + place * 60_000 for place in sorted(cut))
    (outcome,) = rig.run(store.fetch("1m", Wanted(from_ms=low, to_ms=high)))
    assert outcome.problem == ""
    expected = bars.period(low, high)
    if not len(expected):
        assert store.get("1m") is None
        return
    assert_same(store.get("1m"), expected)
    inner = {
        at
        for hole in holes(expected.ts, expected.timeframe)
        for at in range(hole.from_ms, hole.to_ms, 60_000)
    }
    assert inner <= store.confirmed("1m")
    assert store.confirmed("1m").isdisjoint(expected.ts.tolist())


def _at_most_five_in_a_row(script: list[str]) -> list[str]:
    """Leave room for the sixth attempt: patience is bounded, and tested elsewhere."""
    kept, row = [], 0
    for fault in script:
        row = row + 1 if fault else 0
        kept.append(fault if row <= 4 else "")
        row = 0 if row > 4 else row
    return kept


@pytest.mark.parametrize("venue", ["BINANCE", "OKX"])
def test_a_download_killed_at_any_request_resumes_without_asking_twice(
    rig: Rig, venue: str
) -> None:
    """The sink refuses a bar it holds, so asking again for stored bars would fail here."""
    bars = random_bars(8, "5m", START, 2_500, absent=(40, 1_111))
    reference = rig.reset(int(bars.ts[-1]) + 300_000)
    store = Store(rig, venue)
    reference.bars["BTCUSDT", "5m"] = bars
    rig.run(store.fetch("5m", Wanted(from_ms=START)))
    total = len(reference.log)
    for kill_at in range(1, total):
        exchange = rig.reset(int(bars.ts[-1]) + 300_000)
        exchange.bars["BTCUSDT", "5m"] = bars
        store = Store(rig, venue)
        killed_at_ms = rig.run(_killed(rig, store, kill_at))
        exchange.faults = lambda _number, _path: ""
        exchange.log.clear()
        rig.run(store.fetch("5m", Wanted(from_ms=START)))
        assert_same(store.get("5m"), bars)
        first_asked = [_start_of(entry.query) for entry in exchange.asked("kline", "candle")]
        assert all(at >= killed_at_ms or at <= int(bars.ts[1_110]) + 300_000 for at in first_asked)
        assert len(exchange.log) <= total + 1


async def _killed(rig: Rig, store: Store, kill_at: int) -> int:
    """Cancel the download when the server receives request `kill_at`; return the last stored."""
    task = asyncio.ensure_future(store.fetch("5m", Wanted(from_ms=START)))

    def faults(number: int, _path: str) -> str:
        if number == kill_at:
            task.cancel()
        return ""

    rig.exchange.faults = faults
    with pytest.raises(asyncio.CancelledError):
        await task
    stored = store.get("5m")
    return int(stored.ts[-1]) if stored is not None else 0


def _start_of(query: dict[str, str]) -> int:
    return int(query.get("startTime") or int(query["before"]) + 1)


@pytest.mark.parametrize(
    ("venue", "symbol", "words"),
    [
        ("BINANCE", "BTCUST", "did you mean 'BTCUSDT'"),
        ("OKXSWAP", "BTC/USDT:USDC", "no perpetual market"),
        ("BYBIT", "XXXXXX", "look the symbol up"),
    ],
)
def test_an_unknown_symbol_is_one_line(rig: Rig, venue: str, symbol: str, words: str) -> None:
    rig.reset(START)
    with pytest.raises(DataError, match=words):
        rig.client(venue).listing(symbol)


@pytest.mark.parametrize("spelling", ["BTCUSDT", "btc/usdt", "BTC-USDT", "BTC/USDT:USDT"])
def test_a_symbol_may_be_written_as_one_is_used_to(rig: Rig, spelling: str) -> None:
    rig.reset(START)
    assert rig.client("BYBITLINEAR").listing(spelling).symbol == "BTCUSDT"


def test_a_timeframe_the_venue_lacks_is_one_line_with_a_way_out(rig: Rig) -> None:
    rig.reset(START)
    with pytest.raises(DataError, match="ballast data resample") as caught:
        rig.client("OKX").check_timeframe(Timeframe.parse("7m"))
    assert "15m" in caught.value.line()


def test_real_bars_survive_the_wire_bit_for_bit(rig: Rig) -> None:
    """Prices travel as decimal text and come back as the very same doubles."""
    rng = stream(1, "wire")
    bars = random_bars(10, "1m", START, 300)
    rough = {name: getattr(bars, name) * rng.uniform(0.99, 1.01, 300) for name in COLUMNS}
    rough["high"] = np.maximum.reduce(list(rough.values())[:4])
    rough["low"] = np.minimum.reduce([rough[name] for name in COLUMNS[:4]])
    exact = type(bars).of(bars.venue, bars.symbol, bars.timeframe, bars.ts, rough)
    exchange = rig.reset(int(bars.ts[-1]) + 60_000)
    store = Store(rig, "BINANCE")
    exchange.bars["BTCUSDT", "1m"] = exact
    rig.run(store.fetch("1m", Wanted(from_ms=START)))
    assert_same(store.get("1m"), exact)
