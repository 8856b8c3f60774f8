"""The hidden Markov model against statsmodels, and against counting every path (R-STRAT-15)."""

from __future__ import annotations

from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import norm

from ballast.features.regime.markov import (
    HALF_LOG_TWO_PI,
    Freedom,
    Model,
    begin,
    filter_rows,
    filter_step,
    fit,
    freedom_of,
    learn,
    new_model,
    smooth,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def drawn(seed: int, states: int, features: int) -> Model:
    """Return a model drawn at random."""
    rng = np.random.default_rng(seed)
    move = rng.dirichlet(np.full(states, 0.7), states)
    return Model(
        rng.dirichlet(np.ones(states)),
        move,
        rng.normal(0.0, 2.0, (states, features)),
        rng.uniform(0.2, 3.0, (states, features)),
    )


def every_path(model: Model, rows: Floats) -> tuple[float, Floats, Floats, Floats]:
    """Count all K ** T paths: (log-likelihood, filtered, smoothed, expected moves)."""
    count, states = len(rows), len(model.start)
    density = np.array(
        [
            [
                np.prod(norm.pdf(row, model.means[s], np.sqrt(model.variances[s])))
                for s in range(states)
            ]
            for row in rows
        ]
    )
    filtered = np.zeros((count, states))
    for stop in range(1, count + 1):
        for path in product(range(states), repeat=stop):
            weight = model.start[path[0]] * np.prod([density[t, s] for t, s in enumerate(path)])
            weight *= np.prod([model.move[a, b] for a, b in pairwise(path)])
            filtered[stop - 1, path[-1]] += weight
    likelihood = filtered[-1].sum()
    smoothed, moves = np.zeros((count, states)), np.zeros((states, states))
    for path in product(range(states), repeat=count):
        weight = model.start[path[0]] * np.prod([density[t, s] for t, s in enumerate(path)])
        weight *= np.prod([model.move[a, b] for a, b in pairwise(path)]) / likelihood
        for t, s in enumerate(path):
            smoothed[t, s] += weight
        for a, b in pairwise(path):
            moves[a, b] += weight
    return (
        float(np.log(likelihood)),
        filtered / filtered.sum(axis=1, keepdims=True),
        smoothed,
        moves,
    )


@pytest.mark.parametrize(
    ("seed", "states", "features"), [(1, 2, 1), (2, 3, 2), (3, 4, 2), (4, 2, 3)]
)
def test_filter_and_smoother_are_the_sum_over_every_path(
    seed: int, states: int, features: int
) -> None:
    """Likelihood, filtered, smoothed and moves equal their definition, every path counted."""
    model = drawn(seed, states, features)
    rows = np.random.default_rng(seed).normal(0.0, 2.0, (6, features))
    likelihood, filtered, smoothed, moves = every_path(model, rows)
    found, found_moves = np.empty((6, states)), np.empty((states, states))
    assert filter_rows(model, rows, found) == pytest.approx(likelihood, abs=1e-10)
    np.testing.assert_allclose(found, filtered, atol=1e-12)
    smooth(model, found, found_moves)
    np.testing.assert_allclose(found, smoothed, atol=1e-12)
    np.testing.assert_allclose(found_moves, moves, atol=1e-12)


def two_moods(seed: int, count: int) -> Floats:
    """Return a series that is calm or wild for a while, as one column."""
    rng = np.random.default_rng(seed)
    wild = False
    values = np.empty((count, 1))
    for t in range(count):
        wild = wild != (rng.random() < 0.03)
        values[t, 0] = rng.normal(-0.4, 2.0) if wild else rng.normal(0.2, 0.5)
    return values


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_filter_equals_statsmodels_markov_regression(seed: int) -> None:
    """Log-likelihood to 1e-8 and filtered probabilities, with switching mean and variance."""
    from statsmodels.tsa.regime_switching.markov_regression import (  # noqa: PLC0415 - takes 1 s
        MarkovRegression,
    )

    rows = two_moods(seed, 500)
    stay, leave = 0.93, 0.12
    move = np.array([[stay, 1.0 - stay], [leave, 1.0 - leave]])
    start = np.array([leave, 1.0 - stay]) / (leave + 1.0 - stay)  # what it tends to
    model = Model(start, move, np.array([[0.1], [-0.2]]), np.array([[0.4], [3.1]]))
    theirs = MarkovRegression(rows[:, 0], k_regimes=2, trend="c", switching_variance=True)
    params = np.array([stay, leave, 0.1, -0.2, 0.4, 3.1])
    found = np.empty((500, 2))
    assert filter_rows(model, rows, found) == pytest.approx(theirs.loglike(params), abs=1e-8)
    expected = theirs.filter(params).filtered_marginal_probabilities
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_fit_reaches_what_statsmodels_reaches() -> None:
    """Expectation maximisation from a rough start ends where their optimiser ends."""
    from statsmodels.tsa.regime_switching.markov_regression import (  # noqa: PLC0415 - takes 1 s
        MarkovRegression,
    )

    rows = two_moods(7, 1500)
    freedom = freedom_of(rows, 0, 0.0)
    groups = (np.abs(rows[:, 0]) > 1.0).astype(np.int64)
    model = begin(rows, groups, 2, freedom)
    found = np.empty((1500, 2))
    best = fit(model, rows, found, freedom)
    theirs = MarkovRegression(rows[:, 0], k_regimes=2, trend="c", switching_variance=True).fit()
    assert best == pytest.approx(theirs.llf, abs=1.0)
    np.testing.assert_allclose(
        np.sort(model.variances[:, 0]), np.sort(theirs.params[-2:]), rtol=0.05
    )
    assert model.variances[:, 0] == pytest.approx([0.25, 4.0], rel=0.15)  # as planted
    assert model.move.diagonal() == pytest.approx([0.97, 0.97], abs=0.02)


@pytest.mark.parametrize("states", [2, 3, 4])
def test_no_round_of_a_fit_lowers_the_likelihood(states: int) -> None:
    """The theorem behind expectation maximisation (Baum 1970), without prior and floor."""
    rows = np.random.default_rng(states).normal(0.0, 1.0, (300, 2)) * two_moods(5, 300)
    model = drawn(states, states, 2)
    freedom = Freedom(np.zeros(2), 0, 0.0)
    found, moves = np.empty((300, states)), np.empty((states, states))
    last = filter_rows(model, rows, found)
    for _ in range(25):
        smooth(model, found, moves)
        learn(model, rows, found, moves, freedom)
        now = filter_rows(model, rows, found)
        assert now >= last - 1e-9
        last = now


def test_tied_states_differ_only_in_what_is_free() -> None:
    """Calm states share the mean of the first feature, all states its variance, to the bit."""
    rows = np.random.default_rng(2).normal(0.0, 1.0, (400, 2))
    rows[200:, 0] += 3.0
    freedom = freedom_of(rows, 2, 0.1)
    groups = np.where(rows[:, 0] > 1.5, 2, (rows[:, 1] > 0.0).astype(int))
    model = begin(rows, groups, 3, freedom)
    fit(model, rows, np.empty((400, 3)), freedom)
    assert model.means[0, 0] == model.means[1, 0]
    assert len(set(model.variances[:, 0].tolist())) == 1
    assert model.means[0, 1] != model.means[1, 1]
    assert model.means[2, 0] == pytest.approx(3.0, abs=0.2)


def test_step_by_step_is_the_whole() -> None:
    """Bit for bit, so that a live filter is where a batch would be."""
    model, rows = drawn(5, 3, 2), np.random.default_rng(5).normal(0.0, 2.0, (200, 2))
    whole, room = np.empty((200, 3)), np.empty((3, 3))
    total = filter_rows(model, rows, whole)
    first = np.empty((1, 3))
    parts = [filter_rows(model, rows[:1], first)]
    now = first[0].copy()
    for t in range(1, 200):
        parts.append(filter_step(model, now, rows[t], room))
        np.testing.assert_array_equal(now, whole[t])
    assert sum(parts) == pytest.approx(total, abs=1e-9)


def test_a_bar_far_from_every_state_is_judged_and_not_nan() -> None:
    """Its density would underflow to 0 in each state; what is compared are ratios."""
    model = drawn(6, 2, 1)
    rows = np.array([[0.0], [1e6], [0.0]])
    found = np.empty((3, 2))
    likelihood = filter_rows(model, rows, found)
    assert np.isfinite(found).all()
    assert likelihood < -1e10
    assert found.sum(axis=1) == pytest.approx([1.0, 1.0, 1.0])


def test_what_a_model_holds_impossible_may_happen() -> None:
    """A move of probability 0 into the only state that explains a row does not divide by 0."""
    model = new_model(2, 1)
    model.start[:] = (1.0, 0.0)
    model.move[:] = np.eye(2)
    model.means[:] = ((0.0,), (1e4,))
    found = np.empty((2, 2))
    filter_rows(model, np.array([[0.0], [1e4]]), found)
    np.testing.assert_array_equal(found[1], [0.0, 1.0])


def test_a_single_state_is_the_normal_distribution() -> None:
    """With one state the log-likelihood is a sum of normal ones (scipy)."""
    model = Model(np.ones(1), np.ones((1, 1)), np.array([[0.3, -1.0]]), np.array([[2.0, 0.5]]))
    rows = np.random.default_rng(1).normal(0.0, 1.0, (50, 2))
    expected = norm.logpdf(rows, model.means[0], np.sqrt(model.variances[0])).sum()
    assert filter_rows(model, rows, np.empty((50, 1))) == pytest.approx(expected, abs=1e-9)
    assert pytest.approx(0.9189385332046727) == HALF_LOG_TWO_PI
