"""Faults of single rows: each is counted, named, placed, and kept out of all later checks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.store.quality.series import START, drop, put, take, walk

from ballast.core.bars import SYNTHETIC
from ballast.core.time import HOUR_MS
from ballast.store.quality import Kind, Severity, check_bars

NAN, INF = float("nan"), float("inf")

#  cells that are changed, kind that must be found, rows
FAULTS = [
    ({"close": {7: NAN}}, Kind.NOT_FINITE, (7,)),
    ({"volume": {9: INF}}, Kind.NOT_FINITE, (9,)),
    ({"low": {3: 0.0}}, Kind.BAD_PRICE, (3,)),
    ({"low": {3: -1.0}}, Kind.BAD_PRICE, (3,)),
    ({"high": {5: 50.0}}, Kind.OHLC_INCONSISTENT, (5,)),
    ({"open": {5: 150.0}}, Kind.OHLC_INCONSISTENT, (5,)),
    (
        {"open": {6: 100.0}, "close": {6: 102.0}, "high": {6: 103.0}, "low": {6: 101.0}},
        Kind.OHLC_INCONSISTENT,
        (6,),
    ),
    ({"low": {2: 150.0}, "high": {4: 50.0}}, Kind.OHLC_INCONSISTENT, (2, 4)),
    ({"volume": {1: -3.0}}, Kind.NEGATIVE_VOLUME, (1,)),
]


@pytest.mark.parametrize(("cells", "kind", "rows"), FAULTS)
def test_invalid_row_is_counted_and_placed(
    cells: dict[str, dict[int, float]], kind: Kind, rows: tuple[int, ...]
) -> None:
    """A-DATA-01, S-41, R-DQ-01, R-DQ-13."""
    report = check_bars(put(walk(), **cells))
    (found,) = report.of(kind)
    assert found.rows == rows
    assert found.count == len(rows)
    assert found.from_ms == START + rows[0] * HOUR_MS
    assert report.counters[kind.value] == len(rows)
    assert report.counters["missing"] == len(rows)  # a rejected row is a hole, never filled
    assert report.score < 1.0


def test_faultless_walk_has_no_finding() -> None:
    """The series all other cases start from."""
    report = check_bars(walk())
    assert report.findings == ()
    assert report.score == 1.0


def test_one_percent_of_invalid_rows_fails() -> None:
    """R-DQ-12: more than a row in a hundred cannot be trusted."""
    bad = dict.fromkeys(range(0, 400, 50), NAN)
    report = check_bars(put(walk(400), close=bad))
    assert report.of(Kind.NOT_FINITE)[0].severity is Severity.SEVERE
    assert not report.passes(0.8)


def test_duplicates_and_order_are_found_on_unsorted_rows() -> None:
    """A-DATA-01: a repeated open time and a bar after a later one."""
    bars = walk(100)
    rows = np.arange(100)
    rows[[40, 41]] = [41, 40]
    rows = np.insert(rows, 60, 59)
    report = check_bars(take(bars, rows))
    assert report.of(Kind.OUT_OF_ORDER)[0].rows == (41,)
    assert report.of(Kind.DUPLICATE_TIME)[0].rows == (60,)
    assert report.counters["missing"] == 0


def test_duplicate_keeps_the_first_of_the_given_order() -> None:
    """The second one, whatever it holds, raises nothing else."""
    bars = walk(100)
    twice = take(bars, np.insert(np.arange(100), 60, 59))
    wild = put(twice, high={60: 1e6}, close={60: 9e5})
    kinds = {found.kind for found in check_bars(wild).findings}
    assert kinds == {Kind.DUPLICATE_TIME}


@pytest.mark.parametrize(
    ("unit", "word"), [(1 / 1000, "seconds"), (1000, "microseconds"), (10**6, "nanoseconds")]
)
def test_wrong_time_unit_is_named(unit: float, word: str) -> None:
    """Stamps of another unit are recognised, and the series is judged in the right one."""
    bars = walk(100)
    ts = bars.ts // 1000 if unit < 1 else bars.ts * int(unit)
    report = check_bars(replace(bars, ts=ts))
    (found,) = report.of(Kind.TIME_UNIT)
    assert word in found.detail
    assert found.count == 100
    assert found.from_ms == START
    assert [each.kind for each in report.findings] == [Kind.TIME_UNIT]


def test_time_unit_that_changes_inside_the_file() -> None:
    """The public archives of one venue went from milliseconds to microseconds in 2025."""
    bars = walk(100)
    ts = bars.ts.copy()
    ts[70:] *= 1000
    (found,) = check_bars(replace(bars, ts=ts)).findings
    assert found.kind is Kind.TIME_UNIT
    assert (found.count, found.rows[0]) == (30, 70)


def test_small_times_of_tests_are_milliseconds() -> None:
    """A series that starts at the epoch is not mistaken for seconds."""
    bars = walk(100)
    assert check_bars(replace(bars, ts=bars.ts - bars.ts[0])).findings == ()


def test_bars_off_the_grid() -> None:
    """R-DQ-13: an hourly bar that opens at 12:07."""
    bars = walk(200)
    ts = bars.ts.copy()
    ts[[20, 30]] += 7 * 60_000
    (found,) = check_bars(replace(bars, ts=ts)).of(Kind.OFF_GRID)
    assert found.rows == (20, 30)
    assert found.severity is Severity.WARNING


def test_whole_series_with_an_offset_is_told_but_not_punished() -> None:
    """Some venues open their day at 16:00 UTC; weeks open on Mondays."""
    bars = walk(200, "1d")
    report = check_bars(replace(bars, ts=bars.ts + 16 * HOUR_MS))
    (found,) = report.findings
    assert (found.kind, found.severity, report.score) == (Kind.OFF_GRID, Severity.INFO, 1.0)
    assert "57600 s" in found.detail
    assert check_bars(walk(60, "1w")).findings == ()


def test_synthetic_bars_count_as_missing() -> None:
    """R-DQ-05: made-up bars do not make a series complete."""
    bars = walk(100)
    flags = bars.flags.copy()
    flags[50:56] = SYNTHETIC
    report = check_bars(bars.with_flags(flags))
    assert report.counters["synthetic_bars"] == 6
    assert report.counters["missing"] == 6
    assert report.has(Kind.INCOMPLETE)


def test_empty_and_hopeless_series_score_low() -> None:
    """No crash on nothing at all."""
    empty = drop(walk(10), slice(0, 10))
    assert check_bars(empty).of(Kind.NO_BARS)[0].detail == "no bar at all"
    broken = put(walk(10), close=dict.fromkeys(range(10), NAN))
    report = check_bars(broken)
    assert report.has(Kind.NO_BARS)
    assert report.score == 0.0
    assert check_bars(walk(1)).findings == ()
