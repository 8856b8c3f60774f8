"""White's reality check and Hansen's SPA, against arch and a plain implementation (R-WF-06)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from arch.bootstrap import SPA, RealityCheck, StationaryBootstrap
from tests.fakes.resamples import draws_of

from ballast.core.errors import DataError, InternalError
from ballast.research.selection import reality
from ballast.research.selection.reality import mean_deviation, reality_check, superior_ability

PERIODS, REPS, BLOCK = 250, 199, 6


def planted(seed: int, edge: float = 0.0, trials: int = 12) -> Any:
    """Return [trials x periods] with a common part, some hopeless trials, and an edge in one."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.01, (trials, PERIODS)) + rng.normal(0, 0.006, PERIODS)
    values[-3:] -= 0.004
    values[0] += edge
    return values


def indices_of_arch(values: Any, seed: int) -> list[Any]:
    draws = StationaryBootstrap(BLOCK, values.T.copy(), seed=seed)
    return [draws.index.copy() for _ in draws.bootstrap(REPS)]


def counted(share: float) -> float:
    """Return arch's share of resamples as our p-value, which is never zero."""
    return (round(share * REPS) + 1) / (REPS + 1)


@pytest.mark.parametrize("edge", [0.0, 0.001, 0.002])
def test_p_values_equal_arch_on_the_same_draws(edge: float) -> None:
    """arch compares means that are not studentised, whatever its option says."""
    values = planted(3, edge)
    theirs = SPA(np.zeros(PERIODS), -values.T, block_size=BLOCK, reps=REPS, seed=11)
    theirs.compute()
    draws = draws_of(indices_of_arch(values, 11), PERIODS)
    ours = reality._tested(values, [draws], REPS, float(BLOCK), 11, studentised=False)
    assert ours.p_lower == pytest.approx(counted(theirs.pvalues["lower"]))
    assert ours.p_consistent == pytest.approx(counted(theirs.pvalues["consistent"]))
    assert ours.p_upper == pytest.approx(counted(theirs.pvalues["upper"]))
    assert ours.p_lower <= ours.p_consistent <= ours.p_upper
    assert ours.best == int(values.mean(axis=1).argmax())


def test_reality_check_equals_arch_within_the_error_of_two_samples() -> None:
    values = planted(3, 0.001)
    theirs = RealityCheck(np.zeros(PERIODS), -values.T, block_size=BLOCK, reps=1500, seed=1)
    theirs.compute()
    expected = float(theirs.pvalues["upper"])
    ours = reality_check(values, seed=2, draws=1500, block=float(BLOCK))
    error = math.sqrt(2 * expected * (1 - expected) / 1500)
    assert 0.02 < expected < 0.98
    assert ours == pytest.approx(expected, abs=4 * error)


def test_deviation_equals_arch_and_the_bootstrap_itself() -> None:
    values = planted(5)
    theirs = SPA(np.zeros(PERIODS), -values.T, block_size=BLOCK, reps=2, seed=1)
    theirs.compute()
    ours = mean_deviation(values, float(BLOCK))
    np.testing.assert_allclose(ours**2, theirs._loss_diff_var, rtol=1e-9)
    means = np.array([values[:, rows].mean(axis=1) for rows in indices_of_arch(values, 2)])
    np.testing.assert_allclose(means.std(axis=0) * math.sqrt(PERIODS), ours, rtol=0.2)


def hansen(values: Any, rows: list[Any], block: float) -> list[float]:
    """Follow Hansen 2005, section 3, with loops; return the three p-values."""
    trials, n = values.shape
    omega = mean_deviation(values, block)
    means = values.mean(axis=1)
    statistic = max(0.0, *(math.sqrt(n) * means / omega))
    bar = [-omega[k] / math.sqrt(n) * math.sqrt(2 * math.log(math.log(n))) for k in range(trials)]
    found = []
    for centre in (
        [max(means[k], 0.0) for k in range(trials)],
        [means[k] if means[k] >= bar[k] else 0.0 for k in range(trials)],
        list(means),
    ):
        reached = 0
        for one in rows:
            drawn = [
                math.sqrt(n) * (values[k, one].mean() - centre[k]) / omega[k] for k in range(trials)
            ]
            reached += max(0.0, *drawn) >= statistic
        found.append((reached + 1) / (len(rows) + 1))
    return found


@pytest.mark.parametrize("edge", [0.0, 0.0015])
def test_studentised_p_values_equal_a_plain_implementation(edge: float) -> None:
    values = planted(8, edge)
    values[2] *= 5  # unequal deviations: what studentising is for
    rows = indices_of_arch(values, 4)
    draws = draws_of(rows, PERIODS)
    ours = reality._tested(values, [draws], REPS, float(BLOCK), 4, studentised=True)
    assert [ours.p_lower, ours.p_consistent, ours.p_upper] == pytest.approx(
        hansen(values, rows, float(BLOCK))
    )


def test_columns_in_turns_give_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    values = planted(8, 0.001)
    whole = superior_ability(values, seed=1, draws=150)
    monkeypatch.setattr(reality, "_COLUMNS", 5)
    assert superior_ability(values, seed=1, draws=150) == whole


def test_no_edge_is_rejected_as_rarely_as_the_level_says() -> None:
    """R-WF-06: best of 8 of pure noise, 200 times, at 10 %."""
    rejected = 0
    for k in range(200):
        values = np.random.default_rng(k).normal(0, 0.01, (8, 120))
        rejected += superior_ability(values, seed=k, draws=99, block=1.0).p_consistent <= 0.1
    assert 0.04 < rejected / 200 < 0.17


def test_an_edge_among_many_is_found() -> None:
    found = superior_ability(planted(9, 0.005), seed=1, draws=500)
    assert found.best == 0
    assert found.p_consistent < 0.02


def test_hopeless_trials_hide_an_edge_from_white_not_from_hansen() -> None:
    """Two hundred bad, wild trials: the reason for studentising and for the consistent centre."""
    rng = np.random.default_rng(10)
    bad = rng.normal(-0.02, 0.08, (200, PERIODS))
    good = rng.normal(0.0022, 0.01, (1, PERIODS))
    values = np.concatenate((good, bad))
    assert reality_check(values, seed=1, draws=400, block=1.0) > 0.5
    assert superior_ability(values, seed=1, draws=400, block=1.0).p_consistent < 0.05


def test_nothing_above_the_benchmark_proves_nothing() -> None:
    found = superior_ability(planted(1) - 0.02, seed=1, draws=50)
    assert found.statistic == 0.0
    assert found.p_lower == found.p_consistent == found.p_upper == 1.0


def test_trials_that_never_trade_are_no_candidates() -> None:
    values = planted(8, 0.001)
    idle = np.concatenate((values, np.zeros((2, PERIODS))))
    with_idle = superior_ability(idle, seed=1, draws=100, block=5.0)
    without = superior_ability(values, seed=1, draws=100, block=5.0)
    assert with_idle.p_upper == without.p_upper
    assert superior_ability(np.zeros((2, 50)), seed=1, draws=10).p_lower == 1.0


@pytest.mark.parametrize(
    ("excess", "said"),
    [
        (np.ones((2, 29)), "too little data, 29 periods; expected 30"),
        (np.full((2, 40), np.inf), "80 of 80"),
        (np.ones(40), "1 dimensions"),
    ],
)
def test_unfit_returns_are_a_clear_error(excess: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        superior_ability(excess, seed=1)


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(InternalError):
        superior_ability(planted(1), seed=1, draws=0)
    with pytest.raises(InternalError):
        superior_ability(planted(1), seed=1, block=0.3)
