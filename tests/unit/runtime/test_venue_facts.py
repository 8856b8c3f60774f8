"""What the gate is told of a venue: the unknown is None, what leaves is not traded (R-EXCH-15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ballast.core.instrument import Kind
from ballast.core.marketdata import Quote
from ballast.risk.halt.breaker import Gate
from ballast.runtime.clock import SystemClock
from ballast.runtime.shell.venue_facts import (
    LEAVES_NS,
    MS_NS,
    Timing,
    VenueFacts,
    slippage_of,
)
from ballast.venues.clients.account import TopOfBook
from ballast.venues.clients.desk import Listed
from ballast.venues.clients.market import Market

BTC = Market(
    "BTCUSDT", "BTCUSDT", "BTC", "USDT", Kind.SPOT, tick=Decimal("0.1"), lot=Decimal("0.001")
)
NOW_NS = 1_800_000_000_000_000_000


def facts(market: Market = BTC) -> VenueFacts:
    return VenueFacts({"BTCUSDT": market}, ["BTCUSDT"])


def test_before_anything_was_heard_nothing_is_known() -> None:
    link = facts().link("BTCUSDT", Gate.CLOSED, Timing())
    assert link.is_trading
    assert (link.is_maintenance, link.data_ns, link.is_contiguous) == (None, None, None)
    assert (link.spread, link.slippage, link.clock_offset_ns, link.clock_ns) == (None,) * 4


def test_a_repeated_quote_is_no_news() -> None:
    """E3: a stream that repeats itself is as stale as one that is silent."""
    known = facts()
    quote = Quote("BTCUSDT", 1, 1_000, 1, 1_001, 1)
    known.take(quote, 5)
    known.take(quote, 9)
    link = known.link("BTCUSDT", Gate.CLOSED, Timing())
    assert link.data_ns == 5
    assert link.spread == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("days", "trades"), [(None, True), (4.0, True), (3.0, False), (0.5, False), (-1.0, False)]
)
def test_a_symbol_whose_end_is_announced_is_left_in_time(days: float | None, trades: bool) -> None:
    ends_ms = None if days is None else (NOW_NS + round(days * LEAVES_NS / 3)) // MS_NS
    known, market = facts(), replace(BTC, delists_ms=ends_ms)
    told = known.refresh({"BTCUSDT": market}, NOW_NS)
    assert told == ([] if trades else ["BTCUSDT"])
    assert known.refresh({"BTCUSDT": market}, NOW_NS) == []  # once
    known.take(Listed("BTCUSDT", is_trading=True, status="TRADING"), NOW_NS)
    assert known.link("BTCUSDT", Gate.CLOSED, Timing()).is_trading is trades


def test_a_symbol_that_is_gone_from_the_rules_trades_no_more() -> None:
    known = facts()
    known.refresh({}, NOW_NS)
    assert known.link("BTCUSDT", Gate.CLOSED, Timing()).is_trading is False


def test_what_the_visible_depth_does_not_hold_has_no_price() -> None:
    thin = TopOfBook("BTCUSDT", ((1_000, 10),), ((1_001, 10),), 0)
    assert slippage_of(thin, BTC, equity=1_000.0) is None
    deep = TopOfBook("BTCUSDT", ((1_000, 10_000),), ((1_001, 10), (1_101, 10_000)), 0)
    found = slippage_of(deep, BTC, equity=4.0)
    assert found is not None
    assert 0.0 < found < 0.1


def test_the_clock_of_a_session_does_not_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sets the machine's clock: no timer of a session moves."""
    clock = SystemClock()
    before_ns = clock.now_ns()
    monkeypatch.setattr("time.time_ns", lambda: 0)
    assert 0 <= clock.now_ns() - before_ns < 60_000_000_000
