"""Probability of backtest overfitting, against a plain second implementation (R-WF-06)."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ballast.core.errors import DataError, InternalError
from ballast.research.selection.pbo import overfitting


def plain(streams: Any, blocks: int) -> dict[tuple[int, ...], tuple[float, float, float]]:
    """Follow the paper word by word: cut, glue halves, rank (logit, training, test ratio)."""
    trials, periods = streams.shape
    edges = [k * periods // blocks for k in range(blocks + 1)]
    parts = [streams[:, a:b] for a, b in itertools.pairwise(edges)]
    found = {}
    for choice in itertools.combinations(range(blocks), blocks // 2):
        train = np.concatenate([parts[k] for k in choice], axis=1)
        test = np.concatenate([parts[k] for k in range(blocks) if k not in choice], axis=1)
        inside = [row.mean() / row.std(ddof=1) if np.ptp(row) else 0.0 for row in train]
        outside = [row.mean() / row.std(ddof=1) if np.ptp(row) else 0.0 for row in test]
        best = int(np.argmax(inside))
        omega = stats.rankdata(outside)[best] / (trials + 1)
        found[choice] = (math.log(omega / (1 - omega)), inside[best], outside[best])
    return found


@pytest.mark.parametrize(("trials", "periods", "blocks"), [(2, 64, 8), (7, 101, 6), (12, 90, 10)])
def test_every_choice_equals_the_plain_implementation(
    trials: int, periods: int, blocks: int
) -> None:
    streams = np.random.default_rng(trials).normal(0.001, 0.02, (trials, periods))
    streams[1, :] = 0.0  # never traded
    expected = plain(streams, blocks)
    found = overfitting(streams, blocks=blocks)
    assert len(found.logits) == math.comb(blocks, blocks // 2)
    ours = sorted(zip(found.logits, found.trained, found.tested, strict=True))
    np.testing.assert_allclose(ours, sorted(expected.values()), rtol=1e-9, atol=1e-12)
    logits, trained, tested = np.array(list(expected.values())).T
    line = stats.linregress(trained, tested)
    assert found.pbo == np.mean(logits <= 0)
    assert found.loss == np.mean(tested < 0)
    assert found.slope == pytest.approx(line.slope, rel=1e-9)
    assert found.intercept == pytest.approx(line.intercept, rel=1e-9)
    assert found.r_squared == pytest.approx(line.rvalue**2, rel=1e-9)


def test_a_choice_is_followed_by_its_complement() -> None:
    """What trained one half tests the other: the order in which reports may pair them."""
    streams = np.random.default_rng(1).normal(0, 0.02, (3, 40))
    expected = plain(streams, 4)
    found = overfitting(streams, blocks=4)
    order = [(0, 1), (2, 3), (0, 2), (1, 3), (0, 3), (1, 2)]
    np.testing.assert_allclose(found.logits, [expected[choice][0] for choice in order])


def test_all_choices_of_sixteen_blocks() -> None:
    streams = np.random.default_rng(2).normal(0, 0.02, (5, 160))
    found = overfitting(streams)
    assert len(found.logits) == 12_870
    assert found.blocks == 16


def test_pure_noise_is_a_coin() -> None:
    """A-BT-09: over 40 seeded searches without edge the winner is in either half of the test."""
    found = [
        overfitting(np.random.default_rng(k).normal(0, 0.01, (20, 200)), blocks=8)
        for k in range(40)
    ]
    values = [one.pbo for one in found]
    error = float(np.std(values)) / math.sqrt(40)
    assert np.mean(values) == pytest.approx(0.5, abs=3.5 * error)
    assert error < 0.05
    falling = [one.slope is not None and one.slope < 0 for one in found]
    assert np.mean(falling) > 0.9  # what training took, testing lacks


def test_one_dominant_strategy_is_not_overfitted() -> None:
    streams = np.random.default_rng(3).normal(0, 0.01, (20, 400))
    streams[7] += 0.004
    found = overfitting(streams, blocks=8)
    assert found.pbo < 0.01
    assert found.loss < 0.01


def test_what_is_good_in_one_half_only_is_overfitted() -> None:
    """Each trial shines in its own quarter and pays for it everywhere else."""
    rng = np.random.default_rng(4)
    streams = rng.normal(0, 0.01, (8, 400))
    for k in range(8):
        streams[k] -= 0.002
        streams[k, k * 50 : k * 50 + 50] += 0.02
    found = overfitting(streams, blocks=8)
    assert found.pbo > 0.9
    assert found.loss > 0.9


def test_level_and_scale_of_money_do_not_matter() -> None:
    streams = np.random.default_rng(5).normal(0.0005, 0.01, (9, 300))
    one, two = overfitting(streams, blocks=8), overfitting(streams * 64.0, blocks=8)
    np.testing.assert_allclose(one.logits, two.logits)
    np.testing.assert_allclose(one.trained, two.trained)


def test_copies_of_one_trial_share_the_middle_rank() -> None:
    row = np.random.default_rng(6).normal(0, 0.01, 100)
    found = overfitting(np.tile(row, (5, 1)), blocks=4)
    np.testing.assert_allclose(found.logits, 0.0, atol=1e-12)
    assert found.pbo == 1.0


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        (np.ones((1, 100)), "1 rows; expected 2 or more"),
        (np.random.default_rng(1).normal(size=(3, 31)), "too little data, 31 periods"),
        (np.full((3, 100), np.nan), "300 of 300 values are not finite"),
        (np.zeros((3, 100)), "none of them varies"),
        (np.zeros(100), "1 dimensions"),
    ],
)
def test_unfit_streams_are_a_clear_error(streams: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        overfitting(streams)


@pytest.mark.parametrize("blocks", [0, 3, 22])
def test_odd_or_endless_blocks_are_refused(blocks: int) -> None:
    with pytest.raises(InternalError):
        overfitting(np.random.default_rng(1).normal(size=(3, 100)), blocks=blocks)
