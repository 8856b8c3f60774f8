"""Rules of the statistics of proof for any streams: bounds and orders (R-WF-05, R-WF-06)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ballast.research.metrics.significance import wilson_interval
from ballast.research.montecarlo.bootstrap import bootstrap_returns
from ballast.research.montecarlo.trades import shuffle_trades
from ballast.research.selection.luck import equivalent_trials, exact_maximum
from ballast.research.selection.pbo import overfitting
from ballast.research.selection.reality import superior_ability
from ballast.research.selection.sharpe import (
    PeriodSharpe,
    deflated_sharpe,
    minimum_track_record,
    probability_above,
    sharpe_record,
)
from ballast.research.selection.trials import count_trials

FEW = settings(max_examples=25)
RETURN = st.floats(-0.5, 1.0).map(lambda x: round(x, 3))


def streams(rows: int, periods: int) -> Any:
    return arrays(np.float64, st.tuples(st.integers(2, rows), st.just(periods)), elements=RETURN)


@FEW
@given(streams(5, 24))
def test_overfitting_is_bounded_and_blind_to_the_order_of_trials(values: Any) -> None:
    assume(np.ptp(values, axis=1).any())
    found = overfitting(values, blocks=6)
    assert 0.0 <= found.pbo <= 1.0
    assert 0.0 <= found.loss <= 1.0
    bound = math.log(len(values)) + 1e-9
    assert (np.abs(found.logits) <= bound).all()
    best = [row[row.argmax()] for row in np.sort(found.trained)[None, :]]
    assert np.isfinite(best).all()
    again = overfitting(values[::-1], blocks=6)
    np.testing.assert_allclose(np.sort(found.trained), np.sort(again.trained), atol=1e-9)


@FEW
@given(streams(5, 40), st.integers(0, 5))
def test_reality_p_values_are_ordered(values: Any, seed: int) -> None:
    found = superior_ability(values, seed=seed, draws=60)
    assert 0.0 < found.p_lower <= found.p_consistent <= found.p_upper <= 1.0
    assert found.statistic >= 0.0


@FEW
@given(streams(6, 24))
def test_counts_lie_between_one_and_the_distinct_trials(values: Any) -> None:
    assume(np.ptp(values, axis=1).any())
    found = count_trials(values, seed=1)
    assert 1.0 <= found.independent <= found.distinct <= found.trials - found.flat
    assert 1 <= found.clusters <= found.distinct
    assert 1.0 - 1e-9 <= found.participation <= found.distinct + 1e-9
    twice = count_trials(np.concatenate((values, values)), seed=1)
    assert (twice.distinct, twice.independent) == (found.distinct, found.independent)


@FEW
@given(arrays(np.float64, st.integers(20, 60), elements=st.floats(-1.0, 2.0)), st.integers(1, 90))
def test_bootstrap_outcomes_are_bounded(returns: Any, horizon: int) -> None:
    found = bootstrap_returns(returns, seed=1, draws=20, horizon=horizon + 1)
    out = found.outcomes
    assert (out.drawdowns <= 0.0).all()
    assert (out.drawdowns >= -1.0).all()
    assert (out.lowest <= 1.0).all()
    assert (out.finals >= 0.0).all()
    assert np.isfinite(out.fan.values).all()
    for row in found.figures:
        for interval in (row.percentile, row.bca):
            assert interval is None or interval.low <= interval.high
    assert out.fan.days[-1] == horizon + 1


@FEW
@given(arrays(np.float64, st.integers(5, 40), elements=st.floats(-0.9, 2.0)))
def test_every_order_counts_itself(returns: Any) -> None:
    found = shuffle_trades(returns, seed=1, draws=30)
    assert found.p_deeper + found.p_shallower > 1.0 / 31
    assert found.p_deeper > 0.0
    assert found.p_shallower > 0.0
    assert found.final == pytest.approx(float(np.prod(1 + returns)), rel=1e-9, abs=1e-12)


@given(st.floats(1.0, 1e8), st.floats(1.0, 1e8))
def test_more_trials_are_luckier(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert exact_maximum(low) <= exact_maximum(high) + 1e-12
    assert equivalent_trials(exact_maximum(low)) == pytest.approx(low, rel=1e-4, abs=1e-4)


@given(
    arrays(np.float64, st.integers(5, 80), elements=RETURN),
    st.floats(1, 1e5),
    st.floats(0.0, 0.1),
    st.floats(0.5, 0.999),
)
def test_deflation_only_lowers_and_length_agrees_with_probability(
    returns: Any, trials: float, variance: float, confidence: float
) -> None:
    record = sharpe_record(returns)
    assume(record is not None)
    assert record is not None
    plain = probability_above(record, PeriodSharpe(0.0))
    deflated = deflated_sharpe(record, trials=trials, variance=variance)
    assert 0.0 <= deflated.probability <= plain + 1e-12
    length = minimum_track_record(record, PeriodSharpe(0.0), confidence)
    if length is not None and abs(length - len(returns)) > 1e-6:
        assert (plain >= confidence) == (length <= len(returns))


@given(st.integers(1, 400), st.data(), st.floats(0.5, 0.999))
def test_wilson_holds_its_estimate_inside_the_unit(count: int, data: Any, level: float) -> None:
    hits = data.draw(st.integers(0, count))
    found = wilson_interval(hits, count, level)
    assert found is not None
    assert 0.0 <= found.low <= found.estimate <= found.high <= 1.0
    mirror = wilson_interval(count - hits, count, level)
    assert mirror is not None
    assert mirror.low == pytest.approx(1.0 - found.high, abs=1e-12)
