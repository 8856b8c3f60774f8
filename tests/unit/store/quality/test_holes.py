"""Gaps, completeness, and the cause of each hole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.store.quality.series import START, drop, take, walk

from ballast.core.time import HOUR_MS
from ballast.store.quality import Kind, Severity, check_bars


@pytest.mark.parametrize(("step", "gaps"), [(1.4, 0), (1.5, 0), (1.6, 1), (2.0, 1)])
def test_gap_begins_above_one_and_a_half_intervals(step: float, gaps: int) -> None:
    """A-DATA-02: a gap of 1.6 intervals is reported, one of 1.4 is none."""
    bars = walk(100)
    ts = bars.ts.copy()
    ts[50:] += int((step - 1) * HOUR_MS)
    report = check_bars(replace(bars, ts=ts))
    assert report.counters.get("gap", 0) == gaps
    assert report.counters["missing"] == gaps
    if gaps:
        assert report.of(Kind.GAP)[0].rows == (49,)


@pytest.mark.parametrize(("missing", "issue"), [(60, True), (51, True), (50, False), (40, False)])
def test_completeness_below_95_percent_is_an_issue(missing: int, *, issue: bool) -> None:
    """A-DATA-03: 94 % of the candles is an issue that states the number missing, 96 % is none."""
    holes = range(10, 10 + 12 * missing, 12)
    report = check_bars(drop(walk(1000), *holes))
    (found,) = report.of(Kind.INCOMPLETE)
    assert (found.severity is Severity.WARNING) == issue
    assert found.count == missing
    assert found.measured == pytest.approx(1 - missing / 1000)
    assert f"{missing} of 1000 bars missing" in found.detail


def test_completeness_is_not_rounded() -> None:
    """94.95 % is below 95 %."""
    holes = range(10, 10 + 19 * 505, 19)
    (found,) = check_bars(drop(walk(10_000), *holes)).of(Kind.INCOMPLETE)
    assert found.severity is Severity.WARNING


def test_missing_a_tenth_is_the_edge_of_the_gate() -> None:
    """U-22: 10 % missing costs 0.2."""
    report = check_bars(drop(walk(1000), *range(10, 910, 9)))
    assert report.penalties["completeness"] == pytest.approx(0.2, abs=0.001)


@pytest.mark.parametrize("size", [100, 500, 1000])
def test_lone_hole_of_a_page_is_suspected(size: int) -> None:
    """A hole of exactly 500 bars is a failed download page."""
    (found,) = check_bars(drop(walk(3000, "1m"), slice(700, 700 + size))).of(Kind.PAGING_HOLE)
    assert (found.severity, found.measured, found.rows) == (Severity.WARNING, size, (699,))


def test_hole_of_an_odd_size_is_no_page() -> None:
    """499 is not 500."""
    report = check_bars(drop(walk(3000, "1m"), slice(700, 1199)))
    assert not report.has(Kind.PAGING_HOLE)
    assert report.has(Kind.HALT)


def test_pages_are_found_among_other_holes() -> None:
    """Constant holes, and beside them an outage that is none of them."""
    holes = [slice(start, start + 77) for start in range(200, 2600, 277)]
    report = check_bars(drop(walk(4000, "1m"), *holes, slice(3000, 3090)))
    (pages,) = report.of(Kind.PAGING_HOLE)
    assert (pages.count, pages.measured, pages.severity) == (len(holes), 77, Severity.SEVERE)
    assert "200 bars present of every 277" in pages.detail
    assert report.of(Kind.HALT)[0].count == 1


def test_hole_the_same_venue_traded_through_is_a_download_hole() -> None:
    """A second series of the venue decides between a halt and a failed download."""
    bars = drop(walk(500), slice(100, 137))
    other = walk(500, seed=2, name="V-T")
    report = check_bars(bars, neighbours=[other])
    assert report.has(Kind.DOWNLOAD_HOLE)
    assert not report.has(Kind.HALT)
    assert check_bars(bars, others=[walk(500)]).has(Kind.DOWNLOAD_HOLE)  # a better download
    silent = check_bars(bars, neighbours=[drop(other, slice(100, 137))])
    assert silent.has(Kind.HALT)
    assert not silent.has(Kind.DOWNLOAD_HOLE)
    elsewhere = check_bars(bars, neighbours=[walk(500, seed=2, name="W-S")])
    assert elsewhere.has(Kind.HALT)  # another venue says nothing about this one


def test_windows_months_apart_are_named() -> None:
    """Two downloads in one file are not a halt of 40 days."""
    report = check_bars(drop(walk(3000), slice(1000, 2001)))
    assert report.has(Kind.WINDOW_HOLE)
    assert not report.has(Kind.HALT)


def test_sparse_market_is_named_and_its_halt_still_found() -> None:
    """Minutes without a trade are left out; a day of silence is something else."""
    keep = np.ones(20_000, np.bool_)
    keep[::7] = False
    keep[1::91] = False
    keep[9000:10400] = False
    report = check_bars(take(walk(20_000, "1m"), np.flatnonzero(keep)))
    assert report.has(Kind.SPARSE)
    (halt,) = report.of(Kind.HALT)
    assert halt.count == 1
    assert halt.from_ms == START + 8999 * 60_000


def test_mixed_timeframes_are_named() -> None:
    """Hours with a stretch of quarter hours, and with one of four hours."""
    bars = walk(400)
    steps = np.full(399, HOUR_MS)
    steps[100:200] = HOUR_MS // 4
    steps[300:330] = 4 * HOUR_MS
    ts = START + np.concatenate(([0], np.cumsum(steps)))
    (found,) = check_bars(replace(bars, ts=ts)).of(Kind.MIXED_TIMEFRAME)
    assert found.count == 130
    assert found.rows == (100, 300)
    assert "15m, 4h" in found.detail
    assert found.severity is Severity.SEVERE


def test_wrongly_labelled_timeframe_is_named() -> None:
    """Four-hour bars in a file that says one hour."""
    bars = walk(400, "4h")
    wrong = replace(bars, timeframe=walk(2).timeframe)
    assert check_bars(wrong).of(Kind.MIXED_TIMEFRAME)[0].count == 399
