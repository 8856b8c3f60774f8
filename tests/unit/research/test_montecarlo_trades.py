"""Trades shuffled and redrawn (R-WF-05)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ballast.core.errors import DataError, InternalError
from ballast.research.metrics.drawdown import max_drawdown
from ballast.research.montecarlo import trades
from ballast.research.montecarlo.paths import shuffled_depths
from ballast.research.montecarlo.trades import redraw_trades, shuffle_trades

SIX = np.array([0.10, -0.05, 0.02, -0.08, 0.04, -0.03])


def depth_of(returns: np.ndarray) -> float:
    return max_drawdown(np.concatenate(([1.0], np.cumprod(1 + np.array(returns)))))


def test_shuffles_are_uniform_over_all_orders() -> None:
    """720 orders of six trades: the mean and the odds equal those over every one of them."""
    every = np.array([depth_of(order) for order in itertools.permutations(SIX)])
    found = shuffle_trades(SIX, seed=1, draws=20_000)
    error = every.std() / np.sqrt(20_000)
    assert found.drawdowns.mean() == pytest.approx(every.mean(), abs=4 * error)
    for level in (0.05, 0.25, 0.75, 0.95):
        share = np.mean(found.drawdowns <= np.quantile(every, level) + 1e-9)
        exact = np.mean(every <= np.quantile(every, level) + 1e-9)
        assert share == pytest.approx(exact, abs=0.015)
    deeper = np.mean(every <= depth_of(SIX) + 1e-9)
    shallower = np.mean(every >= depth_of(SIX) - 1e-9)
    assert found.p_deeper == pytest.approx(deeper, abs=0.015)
    assert found.p_shallower == pytest.approx(shallower, abs=0.015)


def test_a_shuffle_is_that_of_fisher_and_yates() -> None:
    """Swap the last with one of all, then the one before with one of the rest; rows in a row."""
    growth = np.log1p(SIX)
    uniforms = np.random.default_rng(4).random((40, 5))
    uniforms[0] = 0.9999  # each stays where it is
    order = list(growth)
    expected = []
    for row in uniforms:
        for k in range(5, 0, -1):
            other = int(row[k - 1] * (k + 1))
            order[k], order[other] = order[other], order[k]
        expected.append(-np.log1p(depth_of(np.expm1(order))))
    assert expected[0] == pytest.approx(-np.log1p(depth_of(SIX)))
    np.testing.assert_allclose(shuffled_depths(growth, uniforms), expected, atol=1e-12)
    np.testing.assert_array_equal(growth, np.log1p(SIX))  # the caller's array is left alone


def test_the_end_is_the_same_in_any_order() -> None:
    found = shuffle_trades(SIX, seed=1, draws=10)
    assert found.final == pytest.approx(np.prod(1 + SIX), rel=1e-12)
    assert found.observed == pytest.approx(depth_of(SIX), rel=1e-12)


def test_losses_in_clusters_and_kind_orders_are_told_apart() -> None:
    """A-BT-10: planted orders of one set of trades, at both ends of what chance does."""
    rng = np.random.default_rng(3)
    some = rng.normal(0.004, 0.03, 80)
    clustered = np.sort(some)
    gains, losses = np.sort(some[some >= 0])[::-1], np.sort(some[some < 0])
    pairs = min(len(gains), len(losses))
    kind = np.stack((gains[:pairs], losses[:pairs]), axis=1).ravel()
    kind = np.concatenate((kind, gains[pairs:], losses[pairs:]))
    assert len(kind) == 80
    assert shuffle_trades(clustered, seed=1).p_deeper < 0.01
    assert shuffle_trades(kind, seed=1).p_shallower < 0.05
    chance = shuffle_trades(rng.permutation(some), seed=1)
    assert chance.p_deeper > 0.05
    assert chance.p_shallower > 0.05


def test_p_values_of_random_orders_are_uniform() -> None:
    rng = np.random.default_rng(5)
    base = rng.normal(0.002, 0.02, 30)
    values = [shuffle_trades(rng.permutation(base), seed=k, draws=99).p_deeper for k in range(200)]
    assert np.mean(np.array(values) <= 0.1) == pytest.approx(0.1, abs=0.07)
    assert np.mean(values) == pytest.approx(0.5, abs=0.08)
    assert min(values) > 0.0


def test_shuffles_in_turns_of_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trades, "_CHUNK_NUMBERS", 60)
    assert len(shuffle_trades(SIX, seed=1, draws=101).drawdowns) == 101


def test_redrawn_trades_vary_in_their_end() -> None:
    found = redraw_trades(SIX, seed=2, draws=4000, horizon=50)
    logs = np.log1p(SIX)
    error = logs.std() * np.sqrt(50 / 4000)
    assert np.log(found.finals).mean() == pytest.approx(50 * logs.mean(), abs=4 * error)
    assert np.log(found.finals).std() == pytest.approx(logs.std() * np.sqrt(50), rel=0.05)
    assert list(found.fan.days[[0, -1]]) == [0, 50]


def test_a_total_loss_ends_the_account() -> None:
    found = shuffle_trades(np.append(SIX, -1.0), seed=1, draws=20)
    assert found.final == pytest.approx(0.0, abs=1e-9)
    assert found.observed == pytest.approx(-1.0)
    assert found.drawdowns.max() == pytest.approx(-1.0)


def test_too_few_trades_and_impossible_requests() -> None:
    with pytest.raises(DataError, match="trades: too little data, 4 values"):
        shuffle_trades(SIX[:4], seed=1)
    with pytest.raises(InternalError):
        shuffle_trades(SIX, seed=1, draws=0)
