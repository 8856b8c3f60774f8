"""What the gate is told of a venue: the unknown is None, what leaves is not traded (R-EXCH-15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ballast.core.instrument import Kind
from ballast.core.marketdata import Quote
from ballast.risk.gate.facts import Link
from ballast.risk.halt.breaker import Gate
from ballast.runtime.clock import SystemClock
from ballast.runtime.shell.venue_facts import (
    LEAVES_NS,
    MS_NS,
    Timing,
    VenueFacts,
    largest_of,
    rungs_of,
)
from ballast.venues.clients.account import VenueStatus
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
    """R-GATE-28."""
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
    """A lot is worth 0.1: of half of 1,000 the ten lots that are shown hold the smallest size."""
    thin = rungs_of(((1_000, 50),), ((1_001, 50),), lot_worth=0.1, equity=1_000.0)
    assert thin == ((3.90625, 0.0),)
    assert largest_of(thin) is None
    assert rungs_of((), ((1_001, 50),), lot_worth=0.1, equity=1_000.0) == ()
    link = Link(
        Gate.CLOSED, is_trading=True, is_maintenance=False, data_ns=1, is_contiguous=True,
        spread=0.0, slippage=largest_of(thin), clock_offset_ns=0, clock_ns=1, rungs=thin,
    )  # fmt: skip
    assert link.of_size(3.9).slippage == 0.0
    assert link.of_size(4.0).slippage is None, "refused: nobody knows"


def test_a_small_entry_is_judged_by_what_its_own_size_costs() -> None:
    """R-COST-06: half of the account would cost 8 %, and five units nearly nothing."""
    asks = ((1_000, 50), (1_100, 10_000))
    rungs = rungs_of(((999, 100_000),), asks, lot_worth=0.1, equity=100.0)
    assert [notional for notional, _ in rungs] == [50.0 / 2**k for k in range(7, -1, -1)]
    assert [cost for _, cost in rungs] == sorted(cost for _, cost in rungs)
    link = Link(
        Gate.CLOSED, is_trading=True, is_maintenance=False, data_ns=1, is_contiguous=True,
        spread=0.0, slippage=largest_of(rungs), clock_offset_ns=0, clock_ns=1, rungs=rungs,
    )  # fmt: skip
    assert link.of_size(3.0).slippage == 0.0
    large = link.of_size(50.0).slippage
    assert large == pytest.approx(0.09)
    assert link.of_size(51.0).slippage == large, "no position may be larger"
    assert replace(link, rungs=()).of_size(3.0).slippage == large, "a journal from before"


def test_the_clock_of_a_session_does_not_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sets the machine's clock: no timer of a session moves."""
    clock = SystemClock()
    before_ns = clock.now_ns()
    monkeypatch.setattr("time.time_ns", lambda: 0)
    assert 0 <= clock.now_ns() - before_ns < 60_000_000_000


MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("status", "is_maintenance"),
    [
        (VenueStatus(is_open=True), False),
        (VenueStatus(is_open=False), True),
        (VenueStatus(is_open=True, closes_ms=NOW_NS // MS_NS + 16 * MINUTE_MS), False),
        (VenueStatus(is_open=True, closes_ms=NOW_NS // MS_NS + 15 * MINUTE_MS), True),
        (VenueStatus(is_open=True, closes_ms=NOW_NS // MS_NS - MINUTE_MS), True),
        (None, None),
    ],
)
def test_nothing_is_opened_from_a_quarter_of_an_hour_before_a_maintenance(
    status: VenueStatus | None, is_maintenance: bool | None
) -> None:
    """R-EXCH-14: what is not known is not open."""
    known = facts()
    known.opens(status, NOW_NS)
    assert known.link("BTCUSDT", Gate.CLOSED, Timing()).is_maintenance is is_maintenance


def test_a_maintenance_is_told_once_and_so_is_its_end() -> None:
    known, closed = facts(), VenueStatus(is_open=False, text="upgrade")
    said = [
        known.opens(one, NOW_NS)
        for one in (VenueStatus(is_open=True), closed, None, closed, VenueStatus(is_open=True))
    ]
    assert said == [
        "", "the venue is closed (upgrade): nothing is opened", "", "", "the venue is open again",
    ]  # fmt: skip


def test_a_clock_that_drifts_is_told_once_and_so_is_its_return() -> None:
    """R-EXCH-07: our offset follows it, no clock of a machine is set, and a person knows."""
    second, seen = 1_000_000_000, facts()
    said = [seen.drifts(round(one * second), second) for one in (0.9, 1.1, 40.0, -40.0, -0.2, 0.3)]
    assert [bool(one) for one in said] == [False, True, False, False, True, False]
    assert said[1] == (
        "the venue's clock is 1.1 s ahead of this machine's, limit 1 s: nothing is opened"
    )
    assert said[4] == "the clocks agree again, to 0.2 s"
    assert "behind" in seen.drifts(-2 * second, second)
