"""Degradation watch: stated false alarms, measured ones, delays, restoring (R-SIG-02, R-WF-10)."""

from __future__ import annotations

import importlib
import math
from dataclasses import asdict, replace
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.data import ROOT

from ballast.core.errors import DataError
from ballast.core.rng import stream
from ballast.risk.degradation import limits
from ballast.risk.degradation.expectation import Expectation, Tolerance, expectation_of
from ballast.risk.degradation.watch import (
    DayClosed,
    Observation,
    TradeClosed,
    Verdict,
    Watched,
    WatchPlan,
    WatchState,
    assess,
    make_plan,
    step,
    worst,
)

CERTIFIED = Expectation(
    trades=400,
    mean=0.2,
    deviation=1.0,
    hit_rate=0.5,
    slippage_bps=3.0,
    slippage_deviation_bps=2.0,
    trades_per_day=1.5,
    days=270.0,
)
PLAN = make_plan(CERTIFIED)


def fed(observations: list[Observation], plan: WatchPlan = PLAN) -> WatchState:
    state = WatchState()
    for one in observations:
        state = step(plan, state, one)
    return state


def finding(state: WatchState, watched: Watched, plan: WatchPlan = PLAN) -> Any:
    return next(one for one in assess(plan, state) if one.watched == watched)


@pytest.mark.parametrize(("h", "length"), [(4.0, 335.4), (5.0, 930.9)], ids=["h=4", "h=5"])
def test_cusum_limit_equals_the_published_run_lengths(h: float, length: float) -> None:
    """One-sided normal CUSUM with k = 0.5 (Hawkins and Olwell 1998): ARL 335 and 931."""
    shift = 1.0  # k is half the shift; in nats the limit is shift * h
    found = limits.cusum_limit(
        length, drift=shift * shift / 2, overshoot=limits.NORMAL_OVERSHOOT * shift
    )
    assert found / shift == pytest.approx(h, rel=0.005)


@pytest.mark.parametrize("edge", [0.15, 0.4])
def test_cusum_of_normal_results_has_the_run_length_asked_for(edge: float) -> None:
    wanted = 300.0
    limit = limits.cusum_limit(
        wanted, drift=edge * edge / 2, overshoot=limits.NORMAL_OVERSHOOT * edge
    )
    rng = np.random.default_rng(1)
    lengths = np.zeros(800)
    score = np.zeros(800)
    running = np.ones(800, bool)
    while running.any():
        score = np.maximum(0.0, score - edge * (rng.normal(size=800) + edge / 2))
        lengths += running
        running &= score < limit
    error = lengths.std() / math.sqrt(800)
    assert lengths.mean() == pytest.approx(wanted, abs=4 * error + 0.03 * wanted)


@pytest.mark.parametrize("ratio", [0.5, 2.0])
@pytest.mark.parametrize("rate", [0.3, 1.5, 6.0])
def test_cusum_of_counts_alarms_no_more_often_than_asked(rate: float, ratio: float) -> None:
    wanted = 200.0
    drift = rate * (ratio - 1 - math.log(ratio))
    limit = limits.cusum_limit(wanted, drift=drift)
    rng = np.random.default_rng(2)
    lengths, score, running = np.zeros(500), np.zeros(500), np.ones(500, bool)
    while running.any():
        counts = rng.poisson(rate, 500)
        score = np.maximum(0.0, score + counts * math.log(ratio) - rate * (ratio - 1))
        lengths += running
        running &= score < limit
    assert wanted * 0.95 < lengths.mean() < 12 * wanted  # quiet by a day or two at busy rates


def test_sprt_accuses_no_more_often_than_asked() -> None:
    """Wald's bounds with a fresh start after each acquittal, over a horizon of 250."""
    kept, lost, chance, miss, horizon = 0.5, 0.4, 0.05, 0.1, 250
    drift = kept * math.log(kept / lost) + (1 - kept) * math.log((1 - kept) / (1 - lost))
    each = limits.sprt_chance(horizon, chance, miss=miss, drift=drift)
    upper, lower = limits.wald_upper(each, miss), limits.wald_lower(each, miss)
    assert each < chance
    rng = np.random.default_rng(3)
    streams = 4000
    accused, score = np.zeros(streams, bool), np.zeros(streams)
    for _ in range(horizon):
        won = rng.random(streams) < kept
        score += np.where(won, math.log(lost / kept), math.log((1 - lost) / (1 - kept)))
        accused |= score >= upper
        score[score <= lower] = 0.0
    assert 0.015 < accused.mean() < chance + 0.01


def test_run_length_and_chance_are_the_same_statement() -> None:
    length = limits.run_length(250, 0.01)
    assert 1 - math.exp(-250 / length) == pytest.approx(0.01)
    assert 1 - (1 - limits.each_of(0.05, 5)) ** 5 == pytest.approx(0.05)


def test_lost_hit_rate_is_where_two_sized_results_break_even() -> None:
    """Wins of W, losses of L, the hit rate p: the edge ends at L / (W + L)."""
    p, win, loss = 0.45, 1.6, 1.0
    mean = p * win - (1 - p) * loss
    deviation = (win + loss) * math.sqrt(p * (1 - p))
    sure = replace(CERTIFIED, trades=10**12, mean=mean, deviation=deviation, hit_rate=p)
    assert sure.lost_hit_rate() == pytest.approx(loss / (win + loss), rel=1e-5)
    unsure = replace(sure, trades=400)
    assert unsure.least_hit_rate() == pytest.approx(p - math.sqrt(p * (1 - p) / 400))


def test_expectation_of_a_sample_is_its_own_figures() -> None:
    rng = np.random.default_rng(7)
    results, slips = rng.normal(0.1, 1, 90), rng.normal(3, 1, 80)
    counts = rng.poisson(0.5, 180)
    found = expectation_of(results.tolist(), slips.tolist(), counts.tolist())
    assert found.trades == 90
    assert found.mean == pytest.approx(results.mean())
    assert found.deviation == pytest.approx(results.std(ddof=1))
    assert found.hit_rate == np.mean(results > 0)
    assert found.slippage_bps == pytest.approx(slips.mean())
    assert found.slippage_deviation_bps == pytest.approx(slips.std(ddof=1))
    assert found.trades_per_day == pytest.approx(counts.mean())
    assert found.dispersion == pytest.approx(max(1.0, counts.var() / counts.mean()))
    assert expectation_of([1.0, 2.0], [], [1, 1]).dispersion == 1.0
    assert expectation_of([1.0, 2.0], [], [1, 1]).slippage_scale_bps() == 1.0


@pytest.mark.parametrize(
    ("results", "days", "said"),
    [
        ([1.0], [1], "1 closed trades"),
        ([0.5, 0.5], [1, 1], "do not vary"),
        ([0.5, math.nan], [1, 1], "no numbers"),
        ([0.5, 0.7], [0, 0], "no day with a trade"),
        ([0.5, 0.7], [], "no day with a trade"),
    ],
)
def test_nothing_is_expected_of_too_little(
    results: list[float], days: list[int], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        expectation_of(results, [], days)


def bench() -> Any:
    return importlib.import_module("degradation")


@pytest.mark.parametrize("certified", [150, 100_000])
def test_unchanged_streams_are_accused_as_rarely_as_stated(
    certified: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeded streams of skewed trades, also against a certificate of 150: at most 5 and 25 %."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    module, streams = bench(), 120
    accused, warned = module.measure("test", module.World(), streams=streams, certified=certified)
    assert accused / streams <= 0.075
    assert warned / streams <= 0.3


@pytest.mark.parametrize(
    ("world", "within"),
    [({"drop": 0.131}, 700), ({"slip": 2.0}, 150), ({"rate": 0.5}, 200), ({"rate": 2.0}, 200)],
    ids=["edge reversed", "slippage doubled", "half the trades", "twice the trades"],
)
def test_planted_degradation_is_found(
    world: dict[str, float], within: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-17: half of the changed streams are accused within so many trades."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    module = bench()
    found = module.delays("test", module.World(**world), streams=15, certified=500)
    assert np.median(found) < within


@pytest.mark.parametrize(
    ("observations", "watched", "measured"),
    [
        ([TradeClosed(-0.6)] * 120, Watched.EXPECTANCY, -0.6),
        ([TradeClosed(-0.01), TradeClosed(-0.02)] * 60, Watched.HIT_RATE, 0.0),
        ([TradeClosed(0.2, 9.0)] * 30, Watched.SLIPPAGE, 9.0),
        ([DayClosed(0)] * 60, Watched.FEWER, 0.0),
        ([DayClosed(5)] * 40, Watched.MORE, 5.0),
    ],
)
def test_each_chart_accuses_what_it_watches(
    observations: list[Observation], watched: Watched, measured: float
) -> None:
    state = fed(observations)
    found = finding(state, watched)
    assert found.verdict == Verdict.DEGRADED
    assert found.measured == pytest.approx(measured)
    assert found.score >= found.limit
    assert found.observations == len(observations)
    assert worst(assess(PLAN, state)) == Verdict.DEGRADED


def test_trades_as_certified_are_fine() -> None:
    state = fed([TradeClosed(1.2, 3.0), TradeClosed(-0.8, 3.0), DayClosed(1), DayClosed(2)] * 100)
    assert {one.verdict for one in assess(PLAN, state)} == {Verdict.OK}


def test_better_than_certified_is_no_degradation() -> None:
    state = fed([TradeClosed(1.5, -2.0)] * 300)
    assert finding(state, Watched.EXPECTANCY).verdict == Verdict.OK
    assert finding(state, Watched.SLIPPAGE).verdict == Verdict.OK
    assert finding(state, Watched.HIT_RATE).verdict == Verdict.OK


def test_warning_comes_before_the_alarm_and_goes_away_again() -> None:
    state, seen = WatchState(), []
    for _ in range(200):
        state = step(PLAN, state, TradeClosed(-0.6))
        seen.append(finding(state, Watched.EXPECTANCY).verdict)
        if seen[-1] == Verdict.WARN:
            break
    assert seen[-1] == Verdict.WARN
    for _ in range(200):
        state = step(PLAN, state, TradeClosed(1.0))
    assert finding(state, Watched.EXPECTANCY).verdict == Verdict.OK


def test_an_acquittal_starts_the_hit_rate_anew() -> None:
    """Four hundred good trades are no credit: losses accuse as soon as they would have."""
    losses_alone = fed([TradeClosed(-0.01)] * 100).hit_rate.alarm_at
    state = fed([TradeClosed(0.3)] * 400)
    assert PLAN.of(Watched.HIT_RATE).clear < state.hit_rate.score <= 0.0
    after = state
    for _ in range(100):
        after = step(PLAN, after, TradeClosed(-0.01))
    assert losses_alone > 0
    assert losses_alone <= after.hit_rate.alarm_at - 400 <= 2 * losses_alone


@pytest.mark.parametrize("trades", [50, 400, 100_000])
def test_a_standard_error_of_the_certificate_is_forgiven(trades: int) -> None:
    """Evidence of a result begins half an edge below the least believed mean; of slippage too."""
    certified = replace(CERTIFIED, trades=trades)
    plan = make_plan(certified)
    error = 1 / math.sqrt(trades)
    edge = max(0.2 - error, 0.1)
    neutral = certified.mean - (error + edge / 2) * certified.deviation
    assert step(plan, WatchState(), TradeClosed(neutral + 0.001)).expectancy.score == 0.0
    assert step(plan, WatchState(), TradeClosed(neutral - 0.001)).expectancy.score > 0.0
    dear = 3.0 + (error + 0.5) * 2.0
    assert step(plan, WatchState(), TradeClosed(0.1, dear - 0.001)).slippage.score == 0.0
    assert step(plan, WatchState(), TradeClosed(0.1, dear + 0.001)).slippage.score > 0.0


def test_an_alarm_stays() -> None:
    """The test has ended: luck afterwards does not take the evidence back."""
    state = fed([TradeClosed(-0.6)] * 200)
    after = state
    for _ in range(500):
        after = step(PLAN, after, TradeClosed(1.0))
    assert after.expectancy.score == 0.0
    assert finding(after, Watched.EXPECTANCY).verdict == Verdict.DEGRADED
    assert after.expectancy.alarm_at == state.expectancy.alarm_at


def test_one_catastrophe_is_not_a_different_distribution() -> None:
    """Drawdown limits answer a single loss of 50 R; the watch counts it as four deviations."""
    state = fed([TradeClosed(-50.0, 900.0)])
    assert worst(assess(PLAN, state)) == Verdict.OK


def test_trades_without_known_slippage_leave_its_chart_alone() -> None:
    state = fed([TradeClosed(0.1)] * 50)
    assert state.slippage == WatchState().slippage
    assert finding(state, Watched.SLIPPAGE).measured is None
    assert state.expectancy.seen == 50


def test_simulated_slippage_that_never_varies_has_a_scale() -> None:
    """A backtest charges the same basis points each time: a deviation of zero."""
    plan = make_plan(replace(CERTIFIED, slippage_bps=2.0, slippage_deviation_bps=0.0))
    rng = stream(1, "slip")
    state = WatchState()
    for value in rng.normal(2.0, 0.8, 300):
        state = step(plan, state, TradeClosed(0.2, float(value)))
    assert finding(state, Watched.SLIPPAGE, plan).verdict == Verdict.OK


def test_a_stricter_tolerance_asks_for_more_evidence() -> None:
    strict = make_plan(CERTIFIED, Tolerance(false_alarm=0.001, false_warning=0.05))
    for watched in Watched:
        assert strict.of(watched).alarm > PLAN.of(watched).alarm
        assert strict.of(watched).warn > PLAN.of(watched).warn
        assert PLAN.of(watched).alarm > PLAN.of(watched).warn > 0


def test_irregular_days_are_forgiven_by_their_dispersion() -> None:
    """Trades come in bursts: variance over mean of 4 must not accuse an unchanged strategy."""
    bursty = make_plan(replace(CERTIFIED, dispersion=4.0))
    plain_alarms = bursty_alarms = 0
    for k in range(60):
        counts = stream(k, "bursts").negative_binomial(0.5, 0.25, 170)  # mean 1.5, variance 6
        for plan in (PLAN, bursty):
            state = fed([DayClosed(int(count)) for count in counts], plan)
            alarmed = worst(assess(plan, state)) == Verdict.DEGRADED
            plain_alarms += alarmed and plan is PLAN
            bursty_alarms += alarmed and plan is bursty
    assert bursty_alarms / 60 < 0.1 < plain_alarms / 60


def test_state_survives_the_journal_bit_for_bit() -> None:
    rng = stream(5, "journal")
    some: list[Observation] = []
    for _ in range(200):
        some += [TradeClosed(float(rng.normal(0.1, 1)), float(rng.normal(4, 2)))]
        some += [DayClosed(int(rng.poisson(1.5)))]
    half = fed(some[:200])
    restored = msgspec.convert(msgspec.json.decode(msgspec.json.encode(asdict(half))), WatchState)
    assert restored == half
    for one in some[200:]:
        half, restored = step(PLAN, half, one), step(PLAN, restored, one)
    assert restored == half
    assert half == fed(some)


@pytest.mark.parametrize(
    "wrong",
    [{"trades": 1}, {"deviation": 0.0}, {"hit_rate": 1.2}, {"mean": math.nan}, {"days": 0.0}],
)
def test_figures_no_sample_has_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(AssertionError):
        replace(CERTIFIED, **wrong)


def test_observations_that_are_no_numbers_are_refused() -> None:
    for one in (TradeClosed(math.nan), TradeClosed(0.1, math.inf), DayClosed(-1)):
        with pytest.raises(AssertionError):
            step(PLAN, WatchState(), one)
