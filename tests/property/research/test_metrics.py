"""Rules that hold for every run: bounds, identities, round trips (R-MET-09)."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.fakes.results import Deal, make_result, walk

from ballast.core.reasons import Exit
from ballast.core.time import DAY_MS
from ballast.research import storage
from ballast.research.metrics import calendar, distribution, drawdown, ratios, series, summary
from ballast.research.metrics.catalogue import METRICS, undefined
from ballast.research.report.document import result_json
from ballast.research.report.downsample import extreme_rows
from ballast.research.report.encode import times

LEVELS = arrays(np.float64, st.integers(1, 80), elements=st.floats(1.0, 1e6))
RETURNS = arrays(np.float64, st.integers(0, 60), elements=st.floats(-0.9, 3.0))
REASONS = st.sampled_from([Exit.SIGNAL, Exit.STOP, Exit.TIME, Exit.LIQUIDATION])


@st.composite
def deals(draw: st.DrawFn) -> list[Deal]:
    """Draw up to eight deals of one or two symbols on 120 bars, some never closed."""
    found = []
    for _ in range(draw(st.integers(0, 8))):
        entry = draw(st.integers(0, 110))
        leave = draw(st.one_of(st.none(), st.integers(entry, 119)))
        found.append(
            Deal(
                entry,
                leave,
                side=draw(st.sampled_from([1, -1])),
                lots=draw(st.integers(1, 40_000)),
                symbol=draw(st.integers(0, 1)),
                reason=draw(REASONS),
                stop_distance=draw(st.sampled_from([0.0, 0.5, 4.0])),
                funding=draw(st.floats(-5, 5)),
            )
        )
    return found


def result_of(drawn: list[Deal]) -> Any:
    return make_result(drawn, [walk(120), walk(120, seed=2, symbol="ETHUSDT")])


@given(LEVELS)
def test_drawdowns_partition_the_time_under_water(levels: np.ndarray) -> None:
    at_ms = np.arange(len(levels), dtype=np.int64)
    below = drawdown.underwater(levels) < 0
    falls = drawdown.drawdowns(at_ms, levels)
    covered = np.zeros(len(levels), bool)
    for fall in falls:
        stop = len(levels) if fall.end_ms is None else fall.end_ms
        assert not covered[fall.start_ms + 1 : stop].any()
        covered[fall.start_ms + 1 : stop] = True
        assert fall.start_ms < fall.trough_ms
        assert -1 < fall.depth < 0
    np.testing.assert_array_equal(covered, below)
    deepest = min((fall.depth for fall in falls), default=0.0)
    assert deepest == pytest.approx(drawdown.max_drawdown(levels), abs=1e-12)
    assert drawdown.ulcer_index(levels) <= -drawdown.max_drawdown(levels) + 1e-12
    assert drawdown.fall_from_start(levels) >= drawdown.max_drawdown(levels) - 1e-12


@given(RETURNS)
def test_ratios_are_finite_or_none(returns: np.ndarray) -> None:
    for value in (
        ratios.sharpe(returns),
        ratios.sortino(returns),
        ratios.omega(returns),
        ratios.stability(returns),
        ratios.volatility(returns),
        distribution.skewness(returns),
        distribution.kurtosis(returns),
        distribution.tail_ratio(returns),
    ):
        assert value is None or np.isfinite(value)


@given(RETURNS)
def test_a_worse_tail_is_never_a_better_return(returns: np.ndarray) -> None:
    if len(returns) == 0:
        assert distribution.value_at_risk(returns, 0.05) is None
        return
    var_99, var_95 = (distribution.value_at_risk(returns, tail) for tail in (0.01, 0.05))
    worst = distribution.conditional_value_at_risk(returns, 0.01)
    assert var_99 is not None
    assert var_95 is not None
    assert worst is not None
    assert var_99 <= var_95 + 1e-12
    assert worst <= var_99 + 1e-12


@given(LEVELS, st.integers(0, 20_000))
def test_months_and_years_compound_to_the_whole(levels: np.ndarray, first_day: int) -> None:
    ends = (np.arange(len(levels), dtype=np.int64) * 11 + first_day + 1) * DAY_MS
    days = series.daily_series(ends, levels, 1000.0)
    for rows in (calendar.monthly_returns(days, 1000.0), calendar.yearly_returns(days, 1000.0)):
        grown = np.prod([1 + row.change for row in rows])
        assert grown == pytest.approx(levels[-1] / 1000.0, rel=1e-9)
    assert np.prod(1 + days.returns) == pytest.approx(levels[-1] / 1000.0, rel=1e-9)


@given(deals())
def test_every_run_has_one_story(drawn: list[Deal]) -> None:
    """Ledger, curve and figures agree; every None has a reason; JSON is finite."""
    result = result_of(drawn)
    found = summary(result)
    scale = 1e-9 * max(1.0, float(np.abs(result.run.equity).max()))
    assert found.account.profit == pytest.approx(
        found.trades.net + found.trades.open_pnl, abs=max(scale, 1e-6)
    )
    assert found.trades.count + found.trades.open_count == len(drawn)
    for cut in (found.sides, found.symbols, found.tags, found.exits, found.weekdays, found.hours):
        assert sum(row.count for row in cut) == found.trades.count
    why = undefined(found)
    for each in METRICS:
        value = each.value(found)
        assert (value is None) == (each.path in why)
        assert value is None or np.isfinite(value), each.path
    json.loads(result_json(result, found), parse_constant=pytest.fail)


@settings(max_examples=15)  # every save waits for the disk
@given(deals())
def test_every_run_survives_the_disk(drawn: list[Deal]) -> None:
    result = result_of(drawn)
    with tempfile.TemporaryDirectory() as folder:
        back = storage.load(storage.save(result, Path(folder))).result
    assert back.run.trades.tobytes() == result.run.trades.tobytes()
    assert summary(back) == summary(result)


@given(arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e6, 1e6)), st.integers(1, 50))
def test_thinning_keeps_the_extremes(line: np.ndarray, buckets: int) -> None:
    rows = extreme_rows(line, buckets=buckets)
    assert (np.diff(rows) > 0).all()
    assert line[rows].min() == line.min()
    assert line[rows].max() == line.max()
    assert {0, len(line) - 1} <= set(rows.tolist())
    assert len(rows) <= max(2 * buckets + 2, 4 * buckets)


@given(st.lists(st.integers(0, 10**9), unique=True, max_size=50))
def test_times_read_back(stamps: list[int]) -> None:
    at_ms = np.array(sorted(stamps), np.int64)
    spec = times(at_ms)
    gaps = [1] * spec["gaps"] if isinstance(spec["gaps"], int) else spec["gaps"]
    back = spec["start"] + spec["step"] * np.concatenate(([0], np.cumsum(gaps)))
    if len(at_ms):
        np.testing.assert_array_equal(back, at_ms)
