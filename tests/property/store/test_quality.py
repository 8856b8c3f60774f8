"""The check never fails on data, never overlooks a planted fault, keeps what its score promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.quality.series import START, put, take, walk

from ballast.core.bars import Bars
from ballast.core.time import Timeframe
from ballast.store.quality import Kind, check_bars

PRICES = ("open", "high", "low", "close")
BARS = walk(200)
cells = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, 1.0, 1e-300, 1e300, -1.0, 5e-324]),
)


@st.composite
def garbage(draw: st.DrawFn) -> Bars:
    """Draw columns of anything, at times of anything."""
    count = draw(st.integers(0, 40))
    column = st.lists(cells, min_size=count, max_size=count)
    times = draw(st.lists(st.integers(-(2**40), 2**62), min_size=count, max_size=count))
    near = draw(st.booleans())
    ts = np.array([START + time % 50 * 900_000 for time in times] if near else times, np.int64)
    o, h, l, c, v = (np.array(draw(column), np.float64) for _ in range(5))
    flags = np.array(draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)), np.uint8)
    return Bars("V", "S", Timeframe.parse("1h"), ts, o, h, l, c, v, flags)


@given(garbage(), st.booleans())
def test_no_data_makes_the_check_fail(bars: Bars, other: bool) -> None:
    """R-DQ-08: a report comes out of anything; its score is within 0..1."""
    report = check_bars(bars, others=[BARS] if other else [])
    assert 0.0 <= report.score <= 1.0
    assert report.counters["usable"] <= report.bars
    if report.severe:
        assert not report.passes(0.8)
    for found in report.findings:
        assert found.count >= 0
        assert all(0 <= row < len(bars) for row in found.rows)
        assert "\n" not in found.detail


@given(st.integers(0, 10**6), st.sampled_from(["1m", "1h", "1d"]))
def test_calm_walk_has_no_severe_finding(seed: int, timeframe: str) -> None:
    """No false alarm on any seed."""
    assert check_bars(walk(300, timeframe, seed=seed)).score == 1.0


@given(st.sets(st.integers(0, 199), min_size=1, max_size=9), st.sampled_from(PRICES), st.data())
def test_planted_bad_prices_are_all_found(rows: set[int], column: str, data: st.DataObject) -> None:
    """R-DQ-01, R-DQ-13: each in its place, whatever else is wrong."""
    value = data.draw(st.sampled_from([float("nan"), float("inf"), 0.0, -3.0]))
    report = check_bars(put(BARS, **{column: dict.fromkeys(rows, value)}))
    kind = Kind.BAD_PRICE if value <= 0 else Kind.NOT_FINITE
    (found,) = report.of(kind)
    assert set(found.rows) == rows


@given(st.sets(st.integers(1, 198), min_size=1, max_size=80))
def test_missing_bars_are_counted_exactly(rows: set[int]) -> None:
    """R-DQ-03, R-DQ-06: whatever the pattern of the holes."""
    keep = np.setdiff1d(np.arange(200), sorted(rows))
    report = check_bars(take(BARS, keep))
    assert report.counters["missing"] == len(rows)
    assert report.counters["expected"] == 200
    assert report.of(Kind.INCOMPLETE)[0].measured == len(keep) / 200


@given(st.permutations(range(30)))
def test_order_of_rows_changes_only_the_finding_of_order(order: list[int]) -> None:
    """Shuffled rows are sorted before anything else is judged."""
    bars = BARS.slice(0, 30)
    kinds = {found.kind for found in check_bars(take(bars, np.array(order))).findings}
    assert kinds == (set() if order == sorted(order) else {Kind.OUT_OF_ORDER})


@given(st.integers(0, 10**9))
def test_shift_in_time_changes_nothing(weeks: int) -> None:
    """No date is special."""
    moved = replace(BARS, ts=BARS.ts + weeks % 1500 * 604_800_000)
    assert check_bars(moved).findings == ()
