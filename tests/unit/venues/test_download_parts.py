"""The small parts of a download: names, rows, budget, patience (R-NET-02, R-NET-06, R-DATA-14)."""

from __future__ import annotations

import asyncio
import sys

import numpy as np
import pytest
from tests.fakes.clock import OrderedClock, VirtualClock

from ballast.core.errors import DataError, UserError
from ballast.core.instrument import Kind
from ballast.core.time import Timeframe
from ballast.venues.download.budget import RateBudget
from ballast.venues.download.exchange import load_ccxt
from ballast.venues.download.names import venue_name
from ballast.venues.download.plan import closed_end
from ballast.venues.download.retry import MAX_ATTEMPTS, Patience
from ballast.venues.download.rows import read_page
from ballast.venues.errors import VenueFaultError, VenueUnavailableError

HOUR = Timeframe.parse("1h")
WEEK = Timeframe.parse("1w")
H = HOUR.ms


def test_a_venue_name_says_which_market_is_meant() -> None:
    ids = ["binance", "binanceusdm", "bybit", "kucoin", "okx"]
    assert venue_name("bybitlinear", ids).ccxt_id == "bybit"
    assert venue_name("BYBIT", ids).kind is Kind.SPOT
    assert venue_name("KucoinSwap", ids).kind is Kind.PERPETUAL
    assert venue_name("kucoin", ids).name == "KUCOIN"


def test_an_unknown_venue_is_one_line_with_a_suggestion() -> None:
    with pytest.raises(DataError, match="did you mean 'BINANCE'") as caught:
        venue_name("binanse", ["binance"])
    assert "\n" not in caught.value.line()


def test_without_ccxt_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt.async_support", None)
    with pytest.raises(UserError) as caught:
        load_ccxt()
    assert 'pip install "ballast[exchanges]"' in caught.value.line()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([H, "1", "2", "0.5", "1"], "six fields"),
        ({"t": 1}, "six fields"),
        ([H + 1, "1", "2", "0.5", "1", "3"], "grid"),
        ([str(H), "1", "2", "0.5", "1", "3"], "grid"),
        ([H, "1", "2", None, "1", "3"], "impossible"),
        ([H, "1", "2", "nan", "1", "3"], "impossible"),
        ([H, "1", "inf", "0.5", "1", "3"], "impossible"),
        ([H, "1", "2", "0", "1", "3"], "impossible"),
        ([H, "-1", "2", "0.5", "1", "3"], "impossible"),
        ([H, "1", "2", "0.5", "1", "-3"], "impossible"),
        ([H, "one", "2", "0.5", "1", "3"], "impossible"),
        ([H, True, "2", "0.5", "1", "3"], "impossible"),
    ],
)
def test_a_row_that_breaks_the_schema_is_counted_and_named(row: object, reason: str) -> None:
    page = read_page([row, [2 * H, "1", "2", "0.5", "1.5", "3"]], HOUR)
    assert page.rejected == 1
    assert reason in page.reason
    assert page.ts.tolist() == [2 * H]


def test_a_page_is_sorted_and_unique_and_the_last_word_counts() -> None:
    rows = [[3 * H, *"12311"], [H, *"12311"], [H, *"12341"]]
    page = read_page(rows, HOUR)
    assert page.ts.tolist() == [H, 3 * H]
    assert page.values[0, 3] == 4.0
    assert page.rejected == 0


def test_a_mark_price_row_has_no_volume() -> None:
    page = read_page([[H, "1", "2", "0.5", "1", None]], HOUR, has_volume=False)
    assert page.values[0].tolist() == [1, 2, 0.5, 1, 0]


def test_the_forming_bar_is_the_first_that_is_not_closed() -> None:
    """R-DATA-16: at 02:00 the 01:00 bar is closed and the 02:00 bar has just begun."""
    assert closed_end(2 * H, HOUR) == 2 * H
    assert closed_end(2 * H - 1, HOUR) == H
    assert closed_end(2 * H + 1, HOUR) == 2 * H


def test_weeks_open_on_monday() -> None:
    monday = 1_704_067_200_000  # 2024-01-01, a Monday
    assert closed_end(monday + 5, WEEK) == monday


def test_concurrent_waiters_are_served_in_order_and_never_exceed_the_budget() -> None:
    """K-01: time is read again after each wait, one lock orders the waiters, weights count."""

    async def scenario() -> list[tuple[float, int]]:
        clock = OrderedClock()
        budget = RateBudget(10.0, 5.0, clock)
        passed: list[tuple[float, int]] = []

        async def worker(name: int) -> None:
            await budget.acquire(3.0)
            passed.append((clock.monotonic() - 1000.0, name))

        await clock.drive(*(worker(name) for name in range(10)))
        return passed

    passed = asyncio.run(scenario())
    assert [name for _, name in passed] == list(range(10))
    # 5 units at once, then 10 a second: the k-th worker passes when 3 (k + 1) units have come.
    expected = [max(0.0, (3 * (k + 1) - 5) / 10) for k in range(10)]
    np.testing.assert_allclose([at for at, _ in passed], expected, atol=1e-9)


def test_a_pause_that_comes_while_waiting_is_obeyed() -> None:
    async def scenario() -> float:
        clock = OrderedClock()
        budget = RateBudget(1.0, 1.0, clock)
        await budget.acquire(1.0)

        async def close() -> None:
            await clock.sleep(0.5)
            budget.pause(60.0)

        await clock.drive(budget.acquire(1.0), close())
        return clock.monotonic() - 1000.0

    assert asyncio.run(scenario()) == pytest.approx(60.5)


def test_a_request_heavier_than_the_bucket_passes_and_leaves_a_debt() -> None:
    async def scenario() -> list[float]:
        clock = OrderedClock()
        budget = RateBudget(2.0, 4.0, clock)
        at = []
        for weight in (20.0, 1.0):
            await clock.drive(budget.acquire(weight))
            at.append(clock.monotonic() - 1000.0)
        return at

    assert asyncio.run(scenario()) == pytest.approx([0.0, 8.5])


def test_a_cancelled_waiter_spends_nothing_and_blocks_nobody() -> None:
    async def scenario() -> float:
        clock = OrderedClock()
        budget = RateBudget(1.0, 1.0, clock)
        await budget.acquire(1.0)
        waiting = asyncio.ensure_future(budget.acquire(1.0))
        await asyncio.sleep(0)
        waiting.cancel()
        await clock.drive(budget.acquire(1.0))
        return budget.spent_units

    assert asyncio.run(scenario()) == 2.0


def patience(clock: VirtualClock) -> Patience:
    return Patience("FAKE", clock, RateBudget(1e6, 1e6, clock))


def failing(times: int, fault: VenueFaultError) -> tuple[list[int], object]:
    """A question that fails `times` times, and the list that counts how often it was asked."""
    asked: list[int] = []

    async def question() -> str:
        asked.append(1)
        if len(asked) <= times:
            raise fault
        return "answer"

    return asked, question


def test_a_passing_fault_is_waited_out_with_doubling_pauses() -> None:
    """R-NET-06: waits double with jitter, between half and all of 1, 2, 4 seconds."""
    clock = VirtualClock()
    asked, question = failing(3, VenueFaultError("HTTP 500", status=500))
    asker, told = patience(clock), []
    asker.on_wait = lambda what, seconds: told.append((what, seconds))
    assert asyncio.run(asker.ask(question)) == "answer"  # type: ignore[arg-type]
    assert len(asked) == 4
    assert told == [("HTTP 500", wait) for wait in clock.slept_s]
    for wait, full in zip(clock.slept_s, (1, 2, 4), strict=True):
        assert full / 2 <= wait <= full


def test_patience_is_bounded() -> None:
    clock = VirtualClock()
    asked, question = failing(99, VenueFaultError("HTTP 503", status=503))
    with pytest.raises(VenueUnavailableError, match="gave up after 6 attempts") as caught:
        asyncio.run(patience(clock).ask(question))  # type: ignore[arg-type]
    assert len(asked) == MAX_ATTEMPTS
    assert caught.value.exit_code == 75


def test_retry_after_is_honoured_and_stops_everyone() -> None:
    """R-NET-03."""
    clock = VirtualClock()
    asker = patience(clock)
    _, question = failing(1, VenueFaultError("slow down", status=429, retry_after_s=17.0))
    asyncio.run(asker.ask(question))  # type: ignore[arg-type]
    assert clock.slept_s == [17.0]

    async def throttled_elsewhere() -> None:
        asker.budget.pause(5.0)
        await asker.budget.acquire(1.0)

    asyncio.run(throttled_elsewhere())
    assert clock.slept_s == [17.0, 5.0]


def test_a_ban_is_reported_at_once() -> None:
    clock = VirtualClock()
    asked, question = failing(9, VenueFaultError("banned", status=418, retry_after_s=7200.0))
    with pytest.raises(VenueUnavailableError, match="7200 s"):
        asyncio.run(patience(clock).ask(question))  # type: ignore[arg-type]
    assert len(asked) == 1
    assert clock.slept_s == []
