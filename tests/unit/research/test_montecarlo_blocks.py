"""The stationary bootstrap's blocks: laws, bounds, and the length that fits (R-WF-05)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arch.bootstrap import optimal_block_length
from scipy import stats

from ballast.core.errors import InternalError
from ballast.core.rng import stream
from ballast.research.montecarlo import blocks
from ballast.research.montecarlo.blocks import chunked_draws, optimal_block, stationary_draws
from ballast.research.montecarlo.paths import draw_sums, times_drawn


def drawn(seed: int = 1, **how: float) -> blocks.Draws:
    shape = {"periods": 200, "draws": 300, "block": 8.0, "horizon": 200} | how
    return stationary_draws(stream(seed, "test"), **shape)  # type: ignore[arg-type]


@pytest.mark.parametrize("block", [1.0, 1.3, 8.0, 70.0, 900.0])
@pytest.mark.parametrize(("periods", "horizon"), [(200, 200), (50, 170), (300, 7)])
def test_draws_are_whole_and_in_bounds(block: float, periods: int, horizon: int) -> None:
    """Also with blocks longer than the series, which go round it."""
    found = drawn(block=block, periods=periods, horizon=horizon, draws=40)
    rows = found.indices()
    assert rows.shape == (40, horizon)
    assert rows.min() >= 0
    assert rows.max() < periods
    assert len(found.start) == len(found.length) == found.first[-1]
    assert found.length.min() >= 1
    assert found.length.max() <= periods
    for draw in range(len(found)):
        assert found.length[found.first[draw] : found.first[draw + 1]].sum() == horizon


def test_block_lengths_are_geometric_and_starts_uniform() -> None:
    """Politis and Romano 1994: a period is followed by its successor with chance 1 - 1/block.

    Or, with chance 1 / block / n, by it again by a new start.
    """
    block, periods = 6.0, 40
    rows = drawn(block=block, periods=periods, horizon=500, draws=200).indices()
    follows = np.diff(rows, axis=1) % periods == 1
    expected = 1 - 1 / block + 1 / (block * periods)
    error = math.sqrt(expected * (1 - expected) / follows.size)
    assert follows.mean() == pytest.approx(expected, abs=4 * error)
    lengths = np.diff(np.flatnonzero(~follows[0]))
    assert lengths.mean() == pytest.approx(block, rel=0.5)
    counts = np.bincount(rows[:, 0], minlength=periods)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_lengths_follow_the_geometric_law_in_every_class() -> None:
    found = stationary_draws(stream(3, "x"), periods=10**6, draws=1, block=3.0, horizon=60_000)
    lengths = found.length[:-1]
    classes = np.arange(1, 12)
    seen = np.array([np.sum(lengths == k) for k in classes] + [np.sum(lengths > 11)])
    chance = np.append(stats.geom.pmf(classes, 1 / 3), stats.geom.sf(11, 1 / 3))
    assert stats.chisquare(seen, chance * len(lengths)).pvalue > 1e-3


def test_same_seed_same_draws_other_seed_other_draws() -> None:
    np.testing.assert_array_equal(drawn(4).indices(), drawn(4).indices())
    assert not np.array_equal(drawn(4).indices(), drawn(5).indices())


def test_turns_bound_memory_and_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK_BLOCKS", 500)
    parts = list(chunked_draws(stream(1, "x"), periods=90, draws=101, block=3.0, horizon=90))
    assert len(parts) > 5
    assert sum(len(part) for part in parts) == 101
    assert max(part.first[-1] for part in parts) < 2 * 500


def test_too_few_random_words_are_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lengths are random: what was drawn ahead may not suffice."""
    monkeypatch.setattr(blocks, "_SPARE", 0.01)
    assert drawn(draws=100).indices().shape == (100, 200)


@pytest.mark.parametrize("block", [1.0, 4.0, 30.0, 500.0])
def test_sums_over_draws_equal_sums_over_rows(block: float) -> None:
    """Short blocks are summed by counts, long ones by running sums."""
    columns = np.random.default_rng(1).normal(size=(200, 3))
    found = drawn(block=block, horizon=460)
    rows = found.indices()
    expected = columns[rows].sum(axis=1)
    np.testing.assert_allclose(draw_sums(found, columns), expected, rtol=0, atol=1e-11)
    counted = np.array([np.bincount(one, minlength=200) for one in rows])
    np.testing.assert_array_equal(times_drawn(found), counted)


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.8, -0.5, 0.97])
@pytest.mark.parametrize("count", [30, 200, 1826])
def test_optimal_block_equals_arch(count: int, memory: float) -> None:
    """Politis and White 2004, corrected 2009; ours is never below one period."""
    shocks = np.random.default_rng(count).normal(size=count)
    series = np.empty(count)
    state = 0.0
    for i, shock in enumerate(shocks):
        state = memory * state + shock
        series[i] = state
    expected = float(optimal_block_length(series)["stationary"].iloc[0])
    assert optimal_block(series) == pytest.approx(max(expected, 1.0), abs=1e-6)


def test_longer_memory_wants_longer_blocks() -> None:
    rng = np.random.default_rng(0)
    white = rng.normal(size=2000)
    slow = np.convolve(white, np.ones(25) / 25, mode="same")
    assert optimal_block(slow) > 5 * optimal_block(white)


def test_series_without_memory_or_movement_have_blocks_of_one() -> None:
    assert optimal_block(np.zeros(500)) == 1.0
    assert optimal_block(np.arange(5.0)) == 1.0


@pytest.mark.parametrize(
    "wrong", [{"block": 0.5}, {"block": math.nan}, {"draws": 0}, {"horizon": 0}]
)
def test_impossible_draws_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InternalError):
        drawn(**wrong)
