"""Budgets, bans, dead venues and progress (R-NET-01, R-NET-03, R-DATA-14, R-DATA-24)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tests.contract.venues.desk import Store, assert_same
from tests.fakes.markets import random_bars

from ballast.core.time import parse_ms
from ballast.venues.download.series import Wanted

if TYPE_CHECKING:
    from tests.contract.venues.conftest import Rig

START = parse_ms("2024-01-01")


def test_many_symbols_share_one_budget(rig: Rig) -> None:
    """R-NET-01, R-DATA-24: no window holds more requests than the venue grants.

    OKX grants 20 requests in 2 s for history; ccxt states one each 110 ms.
    """
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "TRXUSDT")
    exchange = rig.reset(START + 6_000 * 60_000)
    store = Store(rig, "OKX", workers=4)
    for place, symbol in enumerate(symbols):
        exchange.bars[symbol, "1m"] = random_bars(place, "1m", START, 6_000, symbol=symbol)
    outcomes = rig.run(store.fetch("1m", Wanted(from_ms=START), symbols))
    assert [outcome.report.key.symbol for outcome in outcomes] == list(symbols)
    for symbol in symbols:
        assert_same(store.get("1m", symbol), exchange.bars[symbol, "1m"])
    at = np.array([entry.at_s for entry in exchange.asked("candles")])
    assert len(at) == 80
    for window_s, most in ((2.0, 20), (60.0, 60 / 0.11)):
        ends = np.searchsorted(at, at + window_s, side="right")
        assert int((ends - np.arange(len(at))).max()) <= most
    assert at[-1] - at[0] > 0.8 * 80 * 0.11


def test_a_throttled_venue_is_left_alone_for_as_long_as_it_says(rig: Rig) -> None:
    """R-NET-03: Retry-After stops all symbols, not only the one that was told."""
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    exchange = rig.reset(START + 3_000 * 60_000)
    store = Store(rig, "BINANCE", workers=3)
    for symbol in symbols:
        exchange.bars[symbol, "1m"] = random_bars(1, "1m", START, 3_000, symbol=symbol)
    exchange.retry_after_s = 33
    exchange.faults = lambda number, _path: "429" if number == 4 else ""
    rig.run(store.fetch("1m", Wanted(from_ms=START), symbols))
    (told,) = [entry for entry in exchange.log if entry.status == 429]
    later = [entry.at_s for entry in exchange.log[5:]]
    in_flight = 2  # the other workers' requests may have been under way
    assert all(at >= told.at_s + 33 for at in later[in_flight:])
    assert sum(len(store.get("1m", symbol) or ()) for symbol in symbols) == 9_000


def test_a_ban_stops_everything_and_what_was_stored_stays(rig: Rig) -> None:
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    exchange = rig.reset(START + 5_000 * 60_000)
    store = Store(rig, "BINANCE", workers=1)
    for symbol in symbols:
        exchange.bars[symbol, "1m"] = random_bars(1, "1m", START, 5_000, symbol=symbol)
    exchange.retry_after_s = 7_200
    exchange.faults = lambda number, _path: "418" if number >= 4 else ""
    outcomes = rig.run(store.fetch("1m", Wanted(from_ms=START), symbols))
    assert "banned" in outcomes[0].problem
    assert all(outcome.problem.startswith("not begun") for outcome in outcomes[1:])
    assert len(exchange.log) == 5
    assert len(store.get("1m") or ()) == 3_000
    store.client.patience.budget.pause(0)


def test_a_dead_venue_is_reported_after_bounded_attempts(rig: Rig) -> None:
    exchange = rig.reset(START + 100 * 60_000)
    store = Store(rig, "BYBIT")
    exchange.faults = lambda _number, path: "" if "time" in path else "reset"
    (outcome,) = rig.run(store.fetch("1m", Wanted(from_ms=START)))
    assert "gave up after 6 attempts" in outcome.problem
    assert "\n" not in outcome.problem


def test_rejected_rows_are_asked_for_again_and_counted(rig: Rig) -> None:
    """R-DATA-14: an unusable row is named; the answer is asked for once more."""
    bars = random_bars(9, "1m", START, 50)
    exchange = rig.reset(int(bars.ts[-1]) + 60_000)
    store = Store(rig, "OKX")
    exchange.bars["BTCUSDT", "1m"] = bars
    exchange.faults = lambda number, _path: "garbage" if number in {1, 2} else ""
    (outcome,) = rig.run(store.fetch("1m", Wanted(from_ms=START)))
    assert_same(store.get("1m"), bars)  # the second look found the row
    assert outcome.rejected == 1
    assert "impossible price" in outcome.reason


def test_progress_only_grows_and_ends_with_everything_done(rig: Rig) -> None:
    exchange = rig.reset(START + 4_000 * 60_000)
    store = Store(rig, "OKX", workers=2)
    symbols = ("BTCUSDT", "ETHUSDT")
    for symbol in symbols:
        exchange.bars[symbol, "1m"] = random_bars(1, "1m", START, 4_000, symbol=symbol)
    rig.run(store.fetch("1m", Wanted(from_ms=START), symbols))
    done = [step.bars_done for step in store.progress]
    assert done == sorted(done)
    last = store.progress[-1]
    assert (last.bars_done, last.bars_planned, last.bars_stored) == (8_000, 8_000, 8_000)
    assert (last.series_done, last.eta_s) == (2, 0.0)
    assert any(step.eta_s is not None and step.eta_s > 0 for step in store.progress)
