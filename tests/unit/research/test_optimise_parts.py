"""Parts of the optimiser: spaces, folds, objectives, pruning, landscape, throttle (R-OPT-*)."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.stats import qmc
from tests.fakes.runs import series_of

from ballast.core.errors import DataError, UserError
from ballast.core.rng import stream
from ballast.core.time import DAY_MS, HOUR_MS, MINUTE_MS
from ballast.research.evaluation import Span
from ballast.research.optimise.exhaustive import BLOCK, Candidates
from ballast.research.optimise.folds import folds_of
from ballast.research.optimise.landscape import average_ranks, importance, neighbourhood
from ballast.research.optimise.objective import (
    DRAWDOWN_FREE,
    INSTABILITY,
    TRADES_MIN,
    Objective,
    objectives_of,
    pareto_front,
)
from ballast.research.optimise.outcome import best_first, first_of_each
from ballast.research.optimise.pruning import TRIALS_MIN, running_means, survivors
from ballast.research.optimise.space import Space, parse_space
from ballast.research.optimise.throttle import is_due
from ballast.research.sweep_row import METRICS
from ballast.strategies import catalog

CROSS = catalog.load("ema_cross")
AXES = Space({"fast": (5.0, 6.0, 7.0), "slow": (20.0, 30.0), "stop": (1.0, 2.0, 3.0, 4.0)})


# -- space


def test_places_name_every_combination_once() -> None:
    places = [AXES.numbered(k) for k in range(AXES.size)]
    assert places == list(product(range(3), range(2), range(4)))
    assert AXES.combination((2, 0, 3)) == {"fast": 7.0, "slow": 20.0, "stop": 4.0}
    assert all(AXES.place_of(AXES.combination(place)) == place for place in places)


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=3, max_size=3))
def test_every_point_of_the_cube_is_a_place(unit: list[float]) -> None:
    place = AXES.place_at(unit)
    for at, length, u in zip(place, AXES.lengths, unit, strict=True):
        assert at / length <= u < (at + 1) / length or np.isclose(u, (at + 1) / length)


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ([], "the parameter space is empty"),
        (["fast=9"], "range of 'fast' holds one value"),
        (["fast=9,9"], "range of 'fast' holds one value"),
        (["fast=5..9", "fast=5..9"], "'fast' has two ranges"),
        (["quick=5..9"], "unknown parameter 'quick'"),
        (["fast=9..5"], "is empty"),
        (["fast=5..900"], "p.fast = "),
        (["fast"], "names no values"),
        (["fast=x..9"], "is not a number"),
    ],
)
def test_a_space_in_which_nothing_can_be_chosen_is_refused(texts: list[str], problem: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_space(texts, CROSS.params)
    assert problem in caught.value.line()
    assert "\n" not in caught.value.line()


def test_values_of_an_axis_are_sorted_so_that_neighbours_are_near() -> None:
    assert parse_space(["fast=20,5,9"], CROSS.params).axes == {"fast": (5.0, 9.0, 20.0)}


# -- candidates


@pytest.mark.parametrize("method", ["random", "sobol", "halton"])
def test_a_candidate_depends_on_its_number_alone(method: str) -> None:
    """Backwards, from the middle, twice: candidate k is candidate k."""
    one, two = (Candidates(AXES, method, 7) for _ in range(2))
    numbers = [0, 5, BLOCK - 1, BLOCK, 3 * BLOCK + 17]
    assert [one.place(k) for k in numbers] == [two.place(k) for k in reversed(numbers)][::-1]
    other = [Candidates(AXES, method, 8).place(k) for k in range(50)]
    assert [one.place(k) for k in range(50)] != other


def test_sobol_points_are_those_of_the_sequence_in_one_go() -> None:
    whole = qmc.Sobol(3, scramble=True, rng=stream(7, "optimise/sobol")).random(4 * BLOCK)
    found = Candidates(AXES, "sobol", 7)
    for number in (0, 1, BLOCK, 2 * BLOCK + 3, 4 * BLOCK - 1):
        assert found.place(number) == AXES.place_at(whole[number].tolist())


@pytest.mark.parametrize("method", ["random", "sobol", "halton"])
def test_all_combinations_have_the_same_chance(method: str) -> None:
    found = Candidates(AXES, method, 3)
    places = [found.place(k) for k in range(2 * BLOCK)]
    counts = [places.count(AXES.numbered(k)) for k in range(AXES.size)]
    assert stats.chisquare(counts).pvalue > 1e-4
    if method != "random":
        assert max(counts) - min(counts) <= 12, "spread evenly, not by chance"


def test_a_grid_ends_where_the_space_ends() -> None:
    found = Candidates(AXES, "grid", 0)
    assert found.end(10**6) == AXES.size
    assert found.place(AXES.size - 1) == (2, 1, 3)
    assert found.place(AXES.size) is None


# -- folds


def test_folds_are_equal_follow_each_other_and_leave_the_last_part_alone() -> None:
    """R-WF-01: 70 % are searched, 30 % are not looked at."""
    group = series_of(4_000)
    whole = Span.of(group)
    spans = folds_of(group, 5, 0.7)
    assert len(spans) == 5
    assert all(a.to_ms == b.from_ms for a, b in pairwise(spans))
    assert all(span.from_ms % DAY_MS == 0 for span in spans)
    assert spans[0].from_ms - whole.from_ms < DAY_MS
    cut = whole.from_ms + 0.7 * (whole.to_ms - whole.from_ms)
    assert cut - DAY_MS < spans[-1].to_ms <= cut
    days = [(span.to_ms - span.from_ms) // DAY_MS for span in spans]
    assert max(days) - min(days) <= 1


def test_too_little_data_for_the_folds_is_said_in_one_line() -> None:
    with pytest.raises(DataError, match=r"days are too few for 9 folds.*expected at least 126"):
        folds_of(series_of(1_500), 9, 0.7)
    with pytest.raises(DataError, match=r"bars in the fold.*expected at least 50"):
        folds_of(series_of(100, timeframe="1d"), 2, 0.7)
    for count in (0, -1, 51):
        with pytest.raises(UserError, match=r"folds; expected 1 to 50"):
            folds_of(series_of(1_500), count, 0.7)


# -- objectives


def figures(**columns: list[list[float]]) -> np.ndarray:
    """Return [n, folds, METRICS]: a list of folds a combination, the same for each metric named."""
    shape = np.array(next(iter(columns.values()))).shape
    found = np.zeros((*shape, len(METRICS)))
    for name, values in columns.items():
        found[:, :, METRICS.index(name)] = values
    return found


@pytest.mark.parametrize(
    ("sharpe", "trades", "drawdown", "expected"),
    [
        ([2.0, 2.0], [20, 20], [0.1, 0.1], 2.0),  # steady, traded, shallow: its mean
        ([4.0, 0.0], [20, 20], [0.1, 0.1], 2.0 - 0.5 * 2.0),  # one lucky fold
        ([2.0, 2.0], [5, 10], [0.1, 0.1], 2.0 * 15 / 30),  # fifteen trades prove half
        ([-2.0, -2.0], [5, 10], [0.1, 0.1], -2.0),  # few trades make a loss no better
        ([2.0, 2.0], [20, 20], [0.1, 0.3], 2.0 - 1.0),  # twice the drawdown of the kill switch
        ([2.0, np.nan], [20, 20], [0.1, 0.0], 1.0 - 0.5 * 1.0),  # a fold without a trade is zero
    ],
)
def test_the_robust_score_by_hand(
    sharpe: list[float], trades: list[float], drawdown: list[float], expected: float
) -> None:
    """R-OPT-03: penalties for drawdown, few trades and instability."""
    assert (INSTABILITY, TRADES_MIN, DRAWDOWN_FREE) == (0.5, 30, 0.15)
    rows = figures(sharpe=[sharpe], trades=[trades], max_drawdown=[drawdown])
    assert Objective().score(rows)[0] == pytest.approx(expected)


def test_a_metric_is_its_mean_over_folds() -> None:
    rows = figures(profit_factor=[[3.0, np.nan], [np.inf, 1.0]], fees=[[1.0, 2.0], [4.0, 6.0]])
    assert Objective("profit_factor").score(rows).tolist() == [2.0, 1.0], "undefined is neutral: 1"
    assert Objective("fees").score(rows).tolist() == [1.5, 5.0]
    assert (Objective("fees").sign, Objective("sharpe").sign) == (-1.0, 1.0)


def test_what_nobody_measures_is_no_objective() -> None:
    with pytest.raises(UserError, match=r"unknown objective 'sharp'.*did you mean 'sharpe'"):
        objectives_of("sharp", [])
    with pytest.raises(UserError, match="give one of them"):
        objectives_of("sharpe", ["cagr"])
    with pytest.raises(UserError, match="named twice"):
        objectives_of("", ["cagr", "cagr"])
    with pytest.raises(UserError, match="at most 4"):
        objectives_of("", list(METRICS[:5]))
    assert [one.name for one in objectives_of("", [])] == ["robust"]
    assert [one.name for one in objectives_of("", ["cagr", "fees"])] == ["cagr", "fees"]


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 25), st.integers(1, 3)),
        elements=st.integers(-3, 3).map(float),
    )
)
def test_the_front_is_what_no_other_row_dominates(scores: np.ndarray) -> None:
    """Against the definition, pair by pair."""
    expected = [
        not any((other >= row).all() and (other > row).any() for other in scores) for row in scores
    ]
    assert pareto_front(scores).tolist() == expected
    order = best_first(scores)
    front = [expected[k] for k in order]
    assert front == sorted(front, reverse=True), "the front comes first"
    assert sorted(order.tolist()) == list(range(len(scores)))


def test_a_combination_run_twice_is_one_row_of_the_best() -> None:
    places = np.array([[1, 1], [0, 2], [1, 1], [0, 2], [3, 3]], np.int32)
    assert first_of_each(places, np.array([0, 1, 2, 3, 4])).tolist() == [0, 1, 4]
    assert first_of_each(places, np.array([2, 3, 4])).tolist() == [2, 3, 4]
    assert len(first_of_each(places, np.zeros(0, np.int64))) == 0


# -- pruning


def test_running_means_stop_where_a_trial_stopped() -> None:
    folds = np.array([[[2.0], [4.0], [np.nan]]])
    assert np.array_equal(running_means(folds)[0, :, 0], [2.0, 3.0, np.nan], equal_nan=True)


def test_below_the_median_of_earlier_trials_is_left() -> None:
    before = np.arange(TRIALS_MIN + 1, dtype=np.float64)[:, None]
    now = np.array([[9.9], [10.0], [10.1]])
    assert survivors(now, before, np.array([1.0])).tolist() == [False, True, True]
    assert survivors(now, before, np.array([-1.0])).tolist() == [True, True, False]
    few = before[: TRIALS_MIN - 1]
    assert survivors(now, few, np.array([1.0])).all(), "a median of few is an accident"
    gone = np.concatenate((few, np.full((50, 1), np.nan)))
    assert survivors(now, gone, np.array([1.0])).all(), "trials that did not come so far are none"


def test_with_several_objectives_one_good_one_is_enough() -> None:
    before = np.stack([np.arange(41.0), np.arange(41.0)], axis=1)
    now = np.array([[30.0, 0.0], [0.0, 30.0], [0.0, 0.0]])
    assert survivors(now, before, np.array([1.0, 1.0])).tolist() == [True, True, False]


# -- landscape


def test_importance_finds_what_the_score_is_made_of() -> None:
    """An additive landscape: shares of its variance, nothing for what does nothing (R-OPT-08)."""
    rng = stream(1, "landscape")
    places = rng.integers(0, 10, (4_000, 3)).astype(np.int32)
    scores = 2.0 * places[:, 0] + 1.0 * places[:, 1]
    found = importance(places, (10, 10, 10), scores)
    assert found[0] == pytest.approx(0.8, abs=0.03)
    assert found[1] == pytest.approx(0.2, abs=0.03)
    assert found[2] == pytest.approx(0.0, abs=0.005)
    assert importance(places[:20], (10, 10, 10), np.zeros(20)).tolist() == [0.0] * 3
    assert importance(places[:1], (10, 10, 10), np.zeros(1)).tolist() == [0.0] * 3
    ruined = np.where(np.arange(4_000) % 100 == 0, -1e9, scores)
    assert importance(places, (10, 10, 10), ruined)[0] == pytest.approx(0.8, abs=0.05)


def test_importance_is_omega_squared_of_one_factor() -> None:
    """Against the analysis of variance of scipy: F gives omega squared (Hays 1963)."""
    rng = stream(2, "landscape")
    places = rng.integers(0, 4, (200, 1)).astype(np.int32)
    scores = rng.normal(size=200) + 0.5 * places[:, 0]
    ranks = stats.rankdata(scores)
    f = stats.f_oneway(*(ranks[places[:, 0] == k] for k in range(4))).statistic
    expected = 3 * (f - 1) / (3 * (f - 1) + 200)
    assert importance(places, (4,), scores)[0] == pytest.approx(expected)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_ranks_are_those_of_scipy(values: list[int]) -> None:
    assert average_ranks(np.array(values, float)).tolist() == stats.rankdata(values).tolist()


def test_a_needle_and_a_plateau_have_different_neighbours() -> None:
    """R-WF-04: the same best score, with and without company."""
    places = np.array(list(product(range(7), range(7))), np.int32)
    far = np.abs(places - 3).max(axis=1)
    middle = int(np.flatnonzero(far == 0)[0])
    plateau = neighbourhood(places, 5.0 - far, middle)
    needle = neighbourhood(places, np.where(far == 0, 5.0, 0.0), middle)
    assert plateau is not None
    assert needle is not None
    assert (plateau.count, plateau.steps, plateau.mean, plateau.worst) == (8, 1.0, 4.0, 4.0)
    assert (needle.mean, needle.share_better) == (0.0, 0.0)
    assert plateau.share_better == pytest.approx(40 / 48)
    alone = neighbourhood(places[:1], np.zeros(1), 0)
    assert alone is None


# -- throttle


@pytest.mark.parametrize(
    ("passed_ms", "timeframe_ms", "is_expected"),
    [
        (0, HOUR_MS, False),  # unchanged inputs
        (2 * MINUTE_MS, MINUTE_MS, False),  # what the audited bot did
        (59 * MINUTE_MS, MINUTE_MS, False),
        (60 * MINUTE_MS, MINUTE_MS, True),
        (60 * MINUTE_MS, 4 * HOUR_MS, False),  # an hour, and no new candle
        (4 * HOUR_MS, 4 * HOUR_MS, True),
    ],
)
def test_optimising_again_needs_an_hour_and_a_new_candle(
    passed_ms: int, timeframe_ms: int, is_expected: bool
) -> None:
    """R-BT-18, R-OPT-05, A-BT-11."""
    start = 1_600_000_000_000
    found = is_due(
        seen_ms=start, newest_ms=start + passed_ms, timeframe_ms=timeframe_ms, least_ms=HOUR_MS
    )
    assert found is is_expected
    assert is_due(seen_ms=None, newest_ms=start, timeframe_ms=timeframe_ms, least_ms=HOUR_MS)
