"""Windows of maintenance that a person has set (R-EXCH-14, R-DATA-21, S-14)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.live_sessions import LiveSession
from tests.unit.runtime.test_startup_symbols import MARKET, said

from ballast.core.errors import ConfigError, UserError
from ballast.core.instrument import Kind
from ballast.core.maintenance import next_span, windows_of
from ballast.core.settings import Settings, check
from ballast.core.time import format_ms, parse_ms
from ballast.runtime.maintenance import Planned
from ballast.runtime.node.events import Alert
from ballast.runtime.startup import Mark
from ballast.service.live.opening import planned_at
from ballast.venues.clients.account import VenueStatus

MS_NS = 1_000_000
MINUTE_MS = 60_000
OPEN = VenueStatus(is_open=True)
TEXT = "OKX Wed 06:00-08:00; BINANCE 2026-12-03 22:00-02:00; * Sunday 00:00-00:10"
#        now (a Tuesday is 2026-12-01)  venue      the span that is on or comes next
SPANS = [
    ("2026-12-01T00:00", "OKX", "2026-12-02 06:00", "2026-12-02 08:00"),
    ("2026-12-02T07:59", "OKX", "2026-12-02 06:00", "2026-12-02 08:00"),
    ("2026-12-02T08:00", "OKX", "2026-12-06 00:00", "2026-12-06 00:10"),
    ("2026-12-06T00:10", "OKX", "2026-12-09 06:00", "2026-12-09 08:00"),
    ("2026-12-01T00:00", "BINANCE", "2026-12-03 22:00", "2026-12-04 02:00"),
    ("2026-12-04T01:59", "BINANCE", "2026-12-03 22:00", "2026-12-04 02:00"),
    ("2026-12-04T02:00", "BINANCE", "2026-12-06 00:00", "2026-12-06 00:10"),
    ("2026-12-01T00:00", "KRAKEN", "2026-12-06 00:00", "2026-12-06 00:10"),
]


@pytest.mark.parametrize(("now", "venue", "begins", "ends"), SPANS)
def test_a_window_is_weekly_or_of_one_day_and_may_pass_midnight(
    now: str, venue: str, begins: str, ends: str
) -> None:
    found = next_span(windows_of(TEXT, "x"), venue, parse_ms(now))
    assert found is not None
    assert tuple(map(format_ms, found)) == (begins, ends)


def test_a_dated_window_that_is_over_is_none() -> None:
    windows = windows_of("BINANCE 2026-12-03 22:00-23:00", "x")
    assert next_span(windows, "BINANCE", parse_ms("2026-12-03T23:00")) is None
    assert next_span(windows, "OKX", parse_ms("2026-12-01")) is None


@pytest.mark.parametrize(
    "text",
    ["OKX", "OKX Wed 6-8", "OKX Foo 06:00-08:00", "OKX 2026-13-01 06:00-08:00",
     "Wed 06:00-08:00", "OKX Wed 06:00-25:00", "OKX We3 06:00-08:00", "OKX Wedding 06:00-08:00"],
)  # fmt: skip
def test_what_is_no_window_is_one_clear_line(text: str) -> None:
    settings = Settings()
    network = replace(settings.network, maintenance=text)
    with pytest.raises(ConfigError, match="is no window") as found:
        check(replace(settings, network=network))
    assert "network.maintenance" in str(found.value)
    assert "\n" not in str(found.value).split("is no window")[0]


def test_a_venue_that_nobody_knows_and_too_many_windows_are_refused() -> None:
    settings = Settings()
    wrong = replace(settings.network, maintenance="BINANCEE Wed 06:00-08:00")
    with pytest.raises(UserError, match="no venue is called BINANCEE"):
        planned_at("OKX", replace(settings, network=wrong))
    with pytest.raises(ConfigError, match="101 windows"):
        windows_of("OKX Wed 06:00-08:00;" * 101, "x")
    right = replace(settings.network, maintenance=TEXT)
    assert planned_at("okx", replace(settings, network=right)).venue == "OKX"


NOW_NS = parse_ms("2026-12-02T05:00") * MS_NS
AT_SIX = parse_ms("2026-12-02T06:00")


@pytest.mark.parametrize(
    ("announced", "closes"),
    [(None, AT_SIX), (AT_SIX - MINUTE_MS, AT_SIX - MINUTE_MS), (AT_SIX + MINUTE_MS, AT_SIX)],
)
def test_the_earlier_of_what_is_set_and_what_is_announced_counts(
    announced: int | None, closes: int
) -> None:
    planned = Planned(windows_of(TEXT, "x"), "OKX")
    status = planned.joined(replace(OPEN, closes_ms=announced), NOW_NS)
    assert status.is_open
    assert status.closes_ms == closes
    within = planned.joined(replace(OPEN, closes_ms=announced), NOW_NS + 3600 * 10**9)
    assert not within.is_open
    assert "network.maintenance" in within.text
    closed = VenueStatus(is_open=False, text="theirs")
    assert planned.joined(closed, NOW_NS) == closed
    assert Planned().joined(OPEN, NOW_NS) == OPEN


def test_a_session_opens_nothing_from_before_a_window_until_after_it_and_looks_at_both_ends() -> (
    None
):
    """A session in virtual time: told once as it comes, once as it goes; reconciled both times."""
    session = LiveSession(Kind.PERPETUAL)
    begins_ms = session.now_ns() // MS_NS + 60 * MINUTE_MS
    day, at = format_ms(begins_ms).split()
    last = format_ms(begins_ms + 30 * MINUTE_MS).split()[1]
    windows = windows_of(f"* {day} {at}-{last}", "x")
    session.live._planned = Planned(windows, "SIM")
    heard: list[Any] = []
    session.shell.hear = heard.append
    looked = []
    for minutes in (0, 44, 46, 61, 89, 91):
        now_ns = (begins_ms + (minutes - 60) * MINUTE_MS) * MS_NS
        session.clock.now_s += (now_ns - session.now_ns()) / 1e9
        session.live._again = False
        asyncio.run(session.live._status())
        looked.append((session.live.facts.is_maintenance, session.live._again))
    assert looked == [
        (False, False), (False, False), (True, True), (True, False), (True, False), (False, True),
    ]  # fmt: skip
    texts = [one.text for one in heard if isinstance(one, Alert)]
    assert texts[0].startswith("the venue closes soon (set by network.maintenance")
    assert texts[1:] == ["the venue is open again"]


def test_a_start_says_when_the_venue_closes_and_refuses_in_a_window() -> None:
    planned = Planned(windows_of(TEXT, "x"), "OKX")
    ((mark, text),) = said(MARKET, "venue", planned=planned, now_ns=NOW_NS)
    assert mark is Mark.REMARK
    assert text.startswith("open; closes at 2026-12-02 06:00 UTC (set by network.maintenance")
    ((mark, text),) = said(MARKET, "venue", planned=planned, now_ns=NOW_NS + 3600 * 10**9)
    assert mark is Mark.BAD
