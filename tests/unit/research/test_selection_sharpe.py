"""The Sharpe ratio under suspicion, against the papers' worked examples (R-WF-06, R-SIG-10)."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats
from tests.data import SHARED, needs_data

from ballast.core.errors import InternalError
from ballast.research.selection import luck
from ballast.research.selection.sharpe import (
    AnnualSharpe,
    PeriodSharpe,
    SharpeRecord,
    annualised,
    deflated_sharpe,
    familywise_p,
    lucky_sharpe,
    minimum_track_record,
    null_variance,
    per_period,
    probability_above,
    sharpe_record,
)


def reference() -> dict[str, Any]:
    return json.loads((SHARED / "reference" / "sharpe-statistics.json").read_text())


@needs_data
def test_deflated_sharpe_equals_the_published_example() -> None:
    """Bailey and Lopez de Prado 2014: annual Sharpe 2.5 over five years, variance 0.5 a year."""
    found = reference()["deflated_sharpe"]
    inputs = found["inputs"]
    year = inputs["periods_per_year"]
    for case in found["cases"]:
        ratio = per_period(AnnualSharpe(inputs["annual_sharpe"]), year)
        record = SharpeRecord(ratio, inputs["T"], case["skew"], case["kurtosis"])
        variance = inputs["var_of_trial_sharpes_annual"] / year
        ours = deflated_sharpe(record, trials=case["N"], variance=variance)
        assert ours.lucky == pytest.approx(case["sr0_per_period"], rel=1e-12)
        assert ours.probability == pytest.approx(case["dsr"], rel=1e-12)
        assert round(ours.probability, 4) == case["published"]


@needs_data
def test_probabilistic_sharpe_equals_the_published_example() -> None:
    for case in reference()["probabilistic_sharpe"]["cases"]:
        record = SharpeRecord(PeriodSharpe(case["sr"]), case["T"], case["skew"], case["kurtosis"])
        ours = probability_above(record, PeriodSharpe(case["sr0"]))
        assert round(ours, 3) == case["published"]


@needs_data
def test_minimum_track_record_equals_the_published_table() -> None:
    found = reference()["min_track_record_length"]
    for case in found["cases"]:
        year = case["periods"]
        record = SharpeRecord(
            per_period(AnnualSharpe(case["annual_sr"]), year), 2, case["skew"], case["kurtosis"]
        )
        target = per_period(AnnualSharpe(case["annual_sr0"]), year)
        length = minimum_track_record(record, target, found["confidence"])
        assert length is not None
        assert length / year == pytest.approx(case["years"], rel=1e-12)
        assert round(length / year, 2) == case["published"]


def test_a_record_of_the_minimum_length_has_just_the_confidence() -> None:
    record = SharpeRecord(PeriodSharpe(0.1), 500, -1.0, 8.0)
    target = PeriodSharpe(0.02)
    length = minimum_track_record(record, target, 0.9)
    assert length is not None
    whole = math.ceil(length)
    long = SharpeRecord(record.sharpe, whole, -1.0, 8.0)
    short = SharpeRecord(record.sharpe, whole - 1, -1.0, 8.0)
    assert probability_above(short, target) < 0.9 <= probability_above(long, target)


def test_no_length_proves_what_is_not_there() -> None:
    record = SharpeRecord(PeriodSharpe(0.02), 500)
    assert minimum_track_record(record, PeriodSharpe(0.02)) is None


def test_excess_kurtosis_passed_for_raw_is_refused() -> None:
    """features 3.1: two libraries pass excess kurtosis; a normal sample then has 0, not 3."""
    sample = np.random.default_rng(5).normal(size=400)
    excess = float(stats.kurtosis(sample))
    with pytest.raises(InternalError, match="excess"):
        SharpeRecord(PeriodSharpe(0.1), 400, float(stats.skew(sample)), excess)
    for skew, kurtosis in ((0.0, 0.5), (-2.0, 4.9), (0.0, math.nan)):
        with pytest.raises(InternalError, match="excess"):
            SharpeRecord(PeriodSharpe(0.1), 400, skew, kurtosis)
    with pytest.raises(InternalError):
        SharpeRecord(PeriodSharpe(0.1), 1)


def test_fat_tails_on_the_losing_side_lower_the_certainty() -> None:
    ratio = PeriodSharpe(0.1)
    normal = probability_above(SharpeRecord(ratio, 300), PeriodSharpe(0.0))
    crashes = probability_above(SharpeRecord(ratio, 300, -3.0, 20.0), PeriodSharpe(0.0))
    assert crashes < normal


def test_record_of_returns_has_the_moments_of_scipy() -> None:
    returns = np.random.default_rng(8).standard_t(5, 700) * 0.01 + 0.001
    record = sharpe_record(returns)
    assert record is not None
    assert record.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1), rel=1e-12)
    assert record.skewness == pytest.approx(stats.skew(returns), rel=1e-12)
    assert record.raw_kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False), rel=1e-12)
    assert record.periods == 700
    assert sharpe_record(np.full(20, 0.001)) is None
    assert annualised(record.sharpe, 365) == pytest.approx(record.sharpe * math.sqrt(365))


@pytest.mark.parametrize("trials", [1, 2, 3, 7, 60, 1000])
def test_exact_maximum_equals_scipys_integral(trials: int) -> None:
    def density(x: float) -> float:
        return x * trials * stats.norm.pdf(x) * stats.norm.cdf(x) ** (trials - 1)

    expected, _ = integrate.quad(density, -9, 9, limit=200)
    assert luck.exact_maximum(trials) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(("trials", "known"), [(1, 0.0), (2, 1 / math.sqrt(math.pi))])
def test_expected_maximum_of_one_and_two_is_exact(trials: int, known: float) -> None:
    """The published formula gives minus infinity and 0.52 there: a bar too low."""
    assert luck.expected_maximum(trials) == pytest.approx(known, abs=1e-7)


def test_expected_maximum_never_falls_and_is_never_below_the_truth() -> None:
    counts = np.concatenate((np.linspace(1, 12, 111), np.geomspace(13, 1e9, 60)))
    ours = [luck.expected_maximum(float(n)) for n in counts]
    assert all(a < b for a, b in itertools.pairwise(ours))
    assert all(a >= luck.exact_maximum(float(n)) for a, n in zip(ours, counts, strict=True))


def test_expected_maximum_equals_a_simulation() -> None:
    """The False Strategy theorem: 20,000 times the best of 50 without edge."""
    best = np.random.default_rng(2).normal(size=(20_000, 50)).max(axis=1)
    error = best.std() / math.sqrt(len(best))
    assert luck.exact_maximum(50) == pytest.approx(best.mean(), abs=4 * error)
    assert 0.0 < luck.expected_maximum(50) - luck.exact_maximum(50) < 0.03


@pytest.mark.parametrize("trials", [1.0, 1.7, 2.0, 35.5, 4000.0, 1e6])
def test_equivalent_trials_undoes_the_maximum(trials: float) -> None:
    found = luck.equivalent_trials(luck.exact_maximum(trials))
    assert found == pytest.approx(trials, rel=1e-6)


def test_luck_out_of_range() -> None:
    assert luck.equivalent_trials(-0.5) == 1.0
    assert luck.equivalent_trials(50.0) == 1e9
    for wrong in (0.5, math.nan, 1e10):
        with pytest.raises(InternalError):
            luck.exact_maximum(wrong)
    with pytest.raises(InternalError):
        lucky_sharpe(10, math.nan)


def test_best_of_many_without_edge_is_deflated_away() -> None:
    """A-BT-09, R-WF-06: of 400 searches over 60 sets, undeflated selection admits nearly all."""
    rng = np.random.default_rng(12)
    plain = deflated = 0
    for _ in range(400):
        streams = rng.normal(0.0, 0.01, (60, 500))
        ratios = streams.mean(axis=1) / streams.std(axis=1, ddof=1)
        record = sharpe_record(streams[int(ratios.argmax())])
        assert record is not None
        plain += probability_above(record, PeriodSharpe(0.0)) > 0.95
        variance = max(float(ratios.var(ddof=1)), null_variance(500))
        deflated += deflated_sharpe(record, trials=60, variance=variance).probability > 0.95
    assert plain / 400 > 0.9
    assert deflated / 400 < 0.02


def test_familywise_p_is_the_chance_of_the_best() -> None:
    assert familywise_p(0.05, 1) == pytest.approx(0.05)
    assert familywise_p(0.01, 60) == pytest.approx(1 - 0.99**60, rel=1e-12)
    assert familywise_p(1.0, 60) == 1.0
