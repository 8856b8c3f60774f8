"""Folds, splits, neighbours, objectives, choices: the parts of out-of-sample tests, by hand."""

from __future__ import annotations

import doctest
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from ballast.core.errors import UserError
from ballast.core.time import DAY_MS, HOUR_MS
from ballast.research.evaluation import Span
from ballast.research.metrics import drawdown, ratios
from ballast.research.outofsample import (
    OBJECTIVES,
    Evidence,
    Fold,
    Hysteresis,
    Robust,
    folds_of,
    objective_named,
    split,
    splits,
)
from ballast.research.outofsample.choice import Chooser
from ballast.research.outofsample.folds import check_folds
from ballast.research.outofsample.neighbours import drift, neighbours, unit_coordinates
from ballast.research.outofsample.objective import beside
from ballast.research.outofsample.purge import purge_days
from ballast.research.outofsample.rating import ratings
from ballast.research.outofsample.splits import (
    combinatorial,
    groups_of,
    paths_through,
    training_days,
)
from ballast.research.outofsample.stitched import curve_stats, efficiency, levels_of, window_of

DAY0 = 18_628  # 2021-01-01


def days(first: int, last: int) -> Span:
    return Span((DAY0 + first) * DAY_MS, (DAY0 + last) * DAY_MS)


def in_days(fold: Fold) -> tuple[int, int, int, int]:
    borders = (fold.train.from_ms, fold.train.to_ms, fold.test.from_ms, fold.test.to_ms)
    assert all(border % DAY_MS == 0 for border in borders)
    a, b, c, d = (border // DAY_MS - DAY0 for border in borders)
    return a, b, c, d


#         what is asked for                                        the folds, in days
PLANS: list[tuple[dict[str, Any], list[tuple[int, int, int, int]]]] = [
    ({"count": 2, "train_days": 40, "test_days": 30},              # the newest two
     [(0, 40, 40, 70), (0, 70, 70, 100)]),
    ({"count": 2, "train_days": 40, "test_days": 30, "scheme": "rolling"},
     [(0, 40, 40, 70), (30, 70, 70, 100)]),
    ({"count": 2, "train_days": 40, "test_days": 30, "scheme": "rolling", "gap_days": 3},
     [(0, 37, 40, 70), (30, 67, 70, 100)]),
    ({"train_days": 50, "test_days": 20},                          # ten days left: at the front
     [(0, 60, 60, 80), (0, 80, 80, 100)]),
    ({"train_days": 50, "test_days": 20, "scheme": "rolling"},
     [(10, 60, 60, 80), (30, 80, 80, 100)]),
    ({"count": 1, "test_days": 20}, [(0, 80, 80, 100)]),
    ({"count": 2, "train_days": 60}, [(0, 60, 60, 80), (0, 80, 80, 100)]),
    ({"count": 1}, [(0, 80, 80, 100)]),                            # four to one
    ({"test_days": 15},                                            # 60 to fit at first
     [(0, 70, 70, 85), (0, 85, 85, 100)]),
    ({"train_days": 60}, [(0, 70, 70, 85), (0, 85, 85, 100)]),
    ({}, [(0, 36 + 8 * k, 36 + 8 * k, 44 + 8 * k) for k in range(8)]),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "wanted"), PLANS)
def test_folds_by_count_and_by_length(
    asked: dict[str, Any], wanted: list[tuple[int, int, int, int]]
) -> None:
    """R-WF-03: anchored and rolling, drawn by hand on a hundred days."""
    assert [in_days(fold) for fold in folds_of(days(0, 100), **asked)] == wanted


def test_the_split_is_chronological_and_disjoint() -> None:
    """R-WF-01, A-BT-07: 70 % fit, 30 % judge; the gap is taken off what fits."""
    assert in_days(split(days(0, 100))) == (0, 70, 70, 100)
    assert in_days(split(days(0, 100), 0.5, gap_days=5)) == (0, 45, 50, 100)


def test_days_that_begin_and_end_inside_the_data_are_used() -> None:
    """Borders lie at midnight, the ends where the data ends."""
    span = Span(DAY0 * DAY_MS + 5 * HOUR_MS, (DAY0 + 99) * DAY_MS + HOUR_MS)
    fold = split(span)
    assert (fold.train.from_ms, fold.test.to_ms) == (span.from_ms, span.to_ms)
    assert fold.test.from_ms == (DAY0 + 70) * DAY_MS
    first, *_, last = folds_of(span, count=3)
    assert (first.train.from_ms, last.test.to_ms) == (span.from_ms, span.to_ms)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"count": 10, "train_days": 50, "test_days": 20}, "too little data: 10 folds of 50 + 20"),
        ({"count": 40}, "too little data"),
        ({"train_days": 200, "test_days": 10}, "too little data"),
        ({"train_days": 20, "test_days": 10}, "at least 30 days to fit"),
        ({"train_days": 35, "test_days": 10, "gap_days": 10}, "with a gap of 10"),
        ({"train_days": 90, "count": 20}, "too little data"),
        ({"scheme": "rollin"}, "did you mean 'rolling'"),
        ({"count": 0}, "0 folds"),
        ({"train_days": -1}, "-1 train days"),
        ({"gap_days": -1}, "a gap of -1"),
    ],
)
def test_folds_that_cannot_be(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        folds_of(days(0, 100), **asked)
    assert said in caught.value.line()


def test_overlapping_periods_are_refused() -> None:
    with pytest.raises(UserError, match="overlap"):
        Fold(days(0, 50), days(49, 60))
    one, other = Fold(days(0, 40), days(40, 60)), Fold(days(0, 50), days(50, 70))
    with pytest.raises(UserError, match="overlap"):
        check_folds([one, other])
    with pytest.raises(UserError, match="no folds"):
        check_folds([])
    for share in (0.0, 1.0, math.nan):
        with pytest.raises(UserError, match="in-sample share"):
            split(days(0, 100), share)
    with pytest.raises(UserError, match="too little data"):
        split(days(0, 40))


def test_the_splits_of_the_book() -> None:
    """Lopez de Prado 2018, figures 12.1 and 12.2: N = 6, k = 2 gives 15 splits and 5 paths."""
    found = combinatorial(6, 2)
    assert len(found) == 15
    paths = paths_through(found, 6)
    # "path 1 combines (G1,S1), (G2,S1), (G3,S2), (G4,S3), (G5,S4) and (G6,S5)", and so on
    assert (paths + 1).tolist() == [
        [1, 1, 2, 3, 4, 5],
        [2, 6, 6, 7, 8, 9],
        [3, 7, 10, 10, 11, 12],
        [4, 8, 11, 13, 13, 14],
        [5, 9, 12, 14, 15, 15],
    ]
    assert doctest.testmod(splits).failed == 0


@pytest.mark.parametrize(("groups", "tests"), [(2, 1), (5, 1), (6, 3), (10, 2), (8, 4)])
def test_as_many_splits_and_paths_as_the_formula_says(groups: int, tests: int) -> None:
    """Splits C(N, k), paths phi = k / N C(N, k)."""
    found = combinatorial(groups, tests)
    assert len(found) == math.comb(groups, tests)
    paths = paths_through(found, groups)
    assert paths.shape == (tests * math.comb(groups, tests) // groups, groups)
    used = [(int(number), group) for path in paths for group, number in enumerate(path)]
    judged = [(number, group) for number, one in enumerate(found) for group in one]
    assert sorted(used) == judged, "each judged group is in exactly one path"


@pytest.mark.parametrize(("groups", "tests"), [(1, 1), (4, 4), (4, 0), (3, 5), (40, 10)])
def test_splits_that_cannot_be(groups: int, tests: int) -> None:
    with pytest.raises(UserError, match=r"test groups|splits"):
        combinatorial(groups, tests)


def test_groups_are_whole_days_as_equal_as_can_be() -> None:
    found = groups_of(days(0, 32), 3)
    assert [(one.to_ms - one.from_ms) // DAY_MS for one in found] == [11, 11, 10]
    assert all(a.to_ms == b.from_ms for a, b in pairwise(found))
    with pytest.raises(UserError, match="too little data"):
        groups_of(days(0, 32), 10)


#         tests    purge  embargo   which of six groups of three days may fit
TRAINING = [
    ((1,), 0, 0, "111 000 111 111 111 111"),
    ((1,), 1, 0, "110 000 011 111 111 111"),
    ((1,), 1, 1, "110 000 001 111 111 111"),
    ((0, 1), 2, 0, "000 000 001 111 111 111"),
    ((0, 5), 1, 2, "000 000 111 111 110 000"),
    ((1, 3), 1, 0, "110 000 010 000 011 111"),
    ((1, 3), 2, 2, "100 000 000 000 000 011"),
]


@pytest.mark.parametrize(("tests", "purge", "embargo", "wanted"), TRAINING)
def test_days_beside_a_test_do_not_fit(
    tests: tuple[int, ...], purge: int, embargo: int, wanted: str
) -> None:
    """Purged before and after, under embargo after it only."""
    use = training_days([3] * 6, tests, purge=purge, embargo=embargo)
    assert "".join(str(int(day)) for day in use) == wanted.replace(" ", "")


def test_the_purge_is_one_longest_trade_in_whole_days() -> None:
    assert purge_days(0, 100 * DAY_MS) == 0
    assert purge_days(5 * HOUR_MS, 100 * DAY_MS) == 1
    assert purge_days(3 * DAY_MS, 100 * DAY_MS) == 3
    assert purge_days(99 * DAY_MS, 100 * DAY_MS) == 25, "a strategy that never sells"


def test_ratings_are_those_of_the_metrics() -> None:
    """Sharpe, drawdown and yearly return of the days that count, joined."""
    rng = np.random.Generator(np.random.PCG64(3))
    daily = rng.normal(0.001, 0.02, (5, 40))
    daily[3] = 0.0
    use = rng.random(40) < 0.7
    sharpe, fall, yearly = ratings(daily, use)
    for k in range(5):
        row = daily[k, use]
        wanted = ratios.sharpe(row)
        assert math.isnan(sharpe[k]) if wanted is None else sharpe[k] == pytest.approx(wanted)
        assert fall[k] == pytest.approx(-drawdown.max_drawdown(levels_of(row)))
        assert yearly[k] == pytest.approx(row.mean() * 365)
    none = ratings(daily, np.zeros(40, np.bool_))
    assert np.all(np.isnan(none[0]))
    assert none[1].tolist() == none[2].tolist() == [0.0] * 5


def grid_of(*axes: tuple[str, tuple[float, ...]]) -> list[dict[str, float]]:
    found: list[dict[str, float]] = [{}]
    for name, values in axes:
        found = [{**one, name: value} for one in found for value in values]
    return found


def test_neighbours_are_one_step_away() -> None:
    """R-WF-04. Values need not be evenly spaced, and holes (broken rules) have no neighbour."""
    combos = grid_of(("a", (1.0, 5.0, 50.0)), ("b", (2.0, 3.0)))
    del combos[3]  # a = 5, b = 3
    #  0: (1,2)   1: (1,3)   2: (5,2)   3: (50,2)   4: (50,3)
    found = [sorted(int(k) for k in row if k >= 0) for row in neighbours(combos)]
    assert found == [[1, 2], [0], [0, 3], [2, 4], [3]]
    assert neighbours([{}]).shape == (1, 0)
    assert neighbours([{"a": 1.0}]).tolist() == [[-1, -1]]


def test_a_random_sample_has_its_nearest_as_neighbours() -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    points = rng.random((600, 2)) * (1.0, 1000.0)
    combos = [{"a": float(a), "b": float(b)} for a, b in points]
    found = neighbours(combos)
    unit = unit_coordinates(combos)
    for row in (0, 511, 512, 599):
        away = np.hypot(*(unit - unit[row]).T)
        away[row] = np.inf
        assert set(found[row].tolist()) == set(np.argsort(away)[:4].tolist())


def test_drift_is_the_mean_share_of_each_axis() -> None:
    combos = grid_of(("a", (10.0, 20.0, 30.0)), ("b", (0.0, 1.0)), ("same", (7.0,)))
    unit = unit_coordinates(combos)
    assert drift(unit, 0, 0) == 0.0
    assert drift(unit, 0, len(combos) - 1) == 1.0
    assert drift(unit, 0, 2) == pytest.approx(0.25)  # a: half of its axis, b: nothing
    assert drift(unit_coordinates([{"a": 1.0}]), 0, 0) == 0.0


def test_combinations_must_name_the_same() -> None:
    with pytest.raises(UserError, match="a combination names b"):
        neighbours([{"a": 1.0}, {"b": 1.0}])
    with pytest.raises(UserError, match="no combinations"):
        neighbours([])


def evidence(**changes: Any) -> Evidence:
    """Five combinations in a row: a plateau at 0, 1, 2 and a peak at 4 beside nothing."""
    given: dict[str, Any] = {
        "sharpe": np.array([1.0, 1.1, 1.0, -0.2, 1.6]),
        "drawdown": np.full(5, 0.1),
        "yearly": np.array([0.1, 0.2, 0.1, -0.1, 0.3]),
        "trades": np.full(5, 40.0),
        "longest_ms": np.zeros(5, np.int64),
        "days": 365,
        "neighbours": np.array([[-1, 1], [0, 2], [1, 3], [2, 4], [3, -1]]),
    }
    return Evidence(**given | changes)


def test_the_robust_score_by_hand() -> None:
    """R-OPT-03: the lonely peak loses half of its lead; falls and few trades cost."""
    score = Robust()(evidence())
    assert beside(evidence()).tolist() == [1.1, 1.0, -0.2, 1.0, -0.2]
    assert score.tolist() == pytest.approx([0.9, 0.95, 0.3, -0.3, 0.6])
    assert int(np.argmax(score)) == 1
    assert int(np.argmax(OBJECTIVES["sharpe"](evidence()))) == 4
    fallen = Robust()(evidence(drawdown=np.array([0.1, 0.6, 0.1, 0.1, 0.1])))
    assert fallen.tolist() == pytest.approx([0.9, 0.45, 0.3, -0.3, 0.6])
    few = Robust()(evidence(trades=np.array([40.0, 3.0, 40.0, 40.0, 0.0])))
    assert few.tolist() == pytest.approx([0.9, 0.95 - 0.9, 0.3, -0.3, 0.6 - 1.0])


def test_what_never_traded_is_never_chosen() -> None:
    silent = evidence(sharpe=np.array([np.nan, 1.1, np.nan, -0.2, np.nan]))
    for name, objective in OBJECTIVES.items():
        assert np.isnan(objective(silent))[[0, 2, 4]].all(), name
        assert np.isfinite(objective(silent))[[1, 3]].all(), name
    assert beside(silent)[1] == 0.0, "neighbours that never moved count as nothing"
    alone = evidence(neighbours=np.zeros((5, 0), np.int64))
    assert beside(alone).tolist() == alone.sharpe.tolist()
    assert OBJECTIVES["calmar"](evidence(drawdown=np.zeros(5)))[1] == pytest.approx(20.0)


def test_an_objective_by_name() -> None:
    assert objective_named("robust") == Robust()
    with pytest.raises(UserError, match="did you mean 'sharpe'"):
        objective_named("sharp")


nan = math.nan
#  scores fold by fold                                        chosen, best of three with 10 %
STORIES = [
    # slightly better once: the incumbent stays (A-BT-12)
    ([[1.0, 0.5], [1.0, 1.05], [1.0, 0.9]], [0, 0, 0]),
    # clearly better, but not three times in a row
    ([[1.0, 0.5], [1.0, 1.5], [1.0, 1.5], [1.0, 1.0], [1.0, 1.5]], [0, 0, 0, 0, 0]),
    # clearly better three times: it takes over, and must be beaten three times itself
    ([[1.0, 0.5], [1.0, 1.5], [1.0, 1.5], [1.0, 1.5], [9.0, 1.0], [9.0, 1.0]], [0, 0, 0, 1, 1, 1]),
    # a margin is by size: a loser is not defended by its sign
    ([[-1.0, -2.0], [-1.0, -0.95], [-1.0, -0.85], [-1.0, -0.85], [-1.0, -0.85]], [0, 0, 0, 0, 1]),
    # an incumbent that did nothing in the window is replaced at once
    ([[1.0, 0.5], [nan, 0.1]], [0, 1]),
    # nothing to choose: nothing chosen, the incumbent is remembered
    ([[1.0, 0.5], [nan, nan], [1.0, 1.05]], [0, None, 0]),
]


@pytest.mark.parametrize(("scores", "chosen"), STORIES)
def test_a_challenger_must_beat_the_incumbent_clearly_and_often(
    scores: list[list[float]], chosen: list[int | None]
) -> None:
    """R-OPT-06."""
    chooser = Chooser(Hysteresis(0.10, 3))
    assert [chooser.choose(np.array(row)) for row in scores] == chosen


def test_without_a_rule_the_best_is_chosen_and_ties_go_to_the_first() -> None:
    chooser = Chooser()
    rows = [[1.0, 2.0, 2.0], [3.0, 2.0, 1.0], [nan, nan, 1.0]]
    assert [chooser.choose(np.array(row)) for row in rows] == [1, 0, 2]
    for margin, times in ((-0.1, 1), (0.1, 0), (math.inf, 1), (nan, 1)):
        with pytest.raises(UserError, match="switch margin"):
            Hysteresis(margin, times)


def test_efficiency_is_only_defined_where_something_was_promised() -> None:
    assert efficiency(0.2, 0.1) == pytest.approx(0.5)
    assert efficiency(0.2, -0.1) == pytest.approx(-0.5)
    assert efficiency(0.0, 0.1) is None
    assert efficiency(-0.2, -0.1) is None, "two losses are not a success"


def test_curves_by_hand() -> None:
    found = curve_stats(np.array([0.10, -0.50, 0.20]))
    assert found.total_return == pytest.approx(1.1 * 0.5 * 1.2 - 1)
    assert found.max_drawdown == pytest.approx(0.5)
    assert found.yearly_return == pytest.approx(-0.2 / 3 * 365)
    assert found.positive_days == pytest.approx(2 / 3)
    flat = window_of(np.zeros(9), 0.0)
    assert (flat.sharpe, flat.yearly_return, flat.max_drawdown, flat.trades) == (None, 0.0, 0.0, 0)
    none = curve_stats(np.zeros(0))
    assert (none.days, none.total_return, none.cagr, none.sharpe) == (0, 0.0, None, None)
