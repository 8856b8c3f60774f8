"""Rules of the degradation watch for any certificate and any stream (R-SIG-02)."""

from __future__ import annotations

import math
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from ballast.risk.degradation.expectation import Expectation, Tolerance
from ballast.risk.degradation.watch import (
    DayClosed,
    Observation,
    TradeClosed,
    Verdict,
    WatchState,
    assess,
    make_plan,
    step,
)

EXPECTATIONS = st.builds(
    Expectation,
    trades=st.integers(2, 5000),
    mean=st.floats(-3, 3),
    deviation=st.floats(0.001, 50),
    hit_rate=st.floats(0, 1),
    slippage_bps=st.floats(-5, 100),
    slippage_deviation_bps=st.floats(0, 100),
    trades_per_day=st.floats(0.01, 200),
    days=st.floats(1, 3000),
    dispersion=st.floats(0.2, 20),
)
TOLERANCES = st.builds(
    Tolerance,
    false_alarm=st.floats(0.001, 0.2),
    false_warning=st.floats(0.2, 0.6),
    horizon_trades=st.integers(1, 5000),
)
OBSERVATIONS = st.one_of(
    st.builds(TradeClosed, st.floats(-1e6, 1e6), st.one_of(st.none(), st.floats(-1e4, 1e4))),
    st.builds(DayClosed, st.integers(0, 1000)),
)


@given(EXPECTATIONS, TOLERANCES, st.lists(OBSERVATIONS, max_size=40))
def test_scores_are_finite_and_verdicts_follow_the_limits(
    expectation: Expectation, tolerance: Tolerance, stream: list[Observation]
) -> None:
    plan = make_plan(expectation, tolerance)
    for limit in plan.limits:
        assert limit.clear <= 0.0 < limit.warn <= limit.alarm < math.inf
    state = WatchState()
    before = dict.fromkeys(range(len(plan.limits)), Verdict.OK)
    for one in stream:
        state = step(plan, state, one)
        for k, found in enumerate(assess(plan, state)):
            assert math.isfinite(found.score)
            if found.score >= plan.limits[k].alarm or before[k] == Verdict.DEGRADED:
                assert found.verdict == Verdict.DEGRADED
            else:
                assert found.verdict == (found.score >= plan.limits[k].warn)
            before[k] = found.verdict
    for chart in asdict(state).values():
        assert 0 <= chart["since"] <= chart["seen"]
        assert 0 <= chart["alarm_at"] <= chart["seen"]
