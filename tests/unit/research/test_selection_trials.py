"""Effective number of trials: planted structures, and scipy's clusters (R-WF-06)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from ballast.core.errors import DataError, InternalError
from ballast.research.selection import trials
from ballast.research.selection.luck import exact_maximum
from ballast.research.selection.sharpe import lucky_sharpe, null_variance, sharpe_record
from ballast.research.selection.trials import cluster_labels, count_trials, deflated_for

DAYS = 700


def noise(rows: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(0, 0.01, (rows, DAYS))


def grouped(sizes: list[int], correlation: float, seed: int = 1) -> Any:
    """Return streams in groups that correlate so inside a group, and not between groups."""
    rng = np.random.default_rng(seed)
    parts = [
        math.sqrt(correlation) * rng.normal(size=DAYS)
        + math.sqrt(1 - correlation) * rng.normal(size=(size, DAYS))
        for size in sizes
    ]
    return np.concatenate(parts) * 0.01


def test_identical_streams_count_once() -> None:
    """Exactly, for any seed: each random day is used with both signs."""
    for seed in range(6):
        found = count_trials(np.tile(noise(1), (60, 1)), seed=seed)
        assert (found.trials, found.distinct, found.clusters) == (60, 1, 1)
        assert found.independent == 1.0
        assert found.participation == 1.0
        assert found.variance is None
    mirrored = np.tile(noise(1), (9, 1)) * np.linspace(1, 3, 9)[:, None]
    assert [count_trials(mirrored, seed=k).independent for k in range(6)] == pytest.approx(
        [1.0] * 6
    )


def test_nearly_identical_streams_count_once_too() -> None:
    """Not equal byte for byte: the same trades but for a rounding."""
    streams = np.tile(noise(1), (60, 1)) * np.linspace(1, 3, 60)[:, None] + 1e-9 * noise(60, 2)
    found = count_trials(streams, seed=1)
    assert (found.distinct, found.clusters) == (60, 1)
    assert found.independent == pytest.approx(1.0, abs=1e-3)
    assert found.participation == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("rows", [2, 10, 60, 300])
def test_independent_streams_count_all(rows: int) -> None:
    found = count_trials(noise(rows), seed=1)
    assert found.clusters == rows
    assert found.independent == pytest.approx(rows, rel=0.12)
    assert found.participation == pytest.approx(rows, rel=0.05)


def test_a_stream_and_its_mirror_are_two() -> None:
    """Both signs of a coin: one of them always wins."""
    row = noise(1)
    found = count_trials(np.concatenate((row, -row)), seed=1)
    assert found.clusters == 2
    assert found.independent == 2.0


@pytest.mark.parametrize("sizes", [[10] * 6, [40, 5, 5, 1, 1], [3, 30]])
def test_planted_clusters_are_found(sizes: list[int]) -> None:
    streams = grouped(sizes, 0.8)
    shuffle = np.random.default_rng(2).permutation(len(streams))
    labels = cluster_labels(streams[shuffle])
    planted = np.repeat(np.arange(len(sizes)), sizes)[shuffle]
    assert len({*zip(labels.tolist(), planted.tolist(), strict=True)}) == len(sizes)
    found = count_trials(streams[shuffle], seed=1)
    assert found.clusters == len(sizes)
    assert len(sizes) <= found.independent < len(streams)


@pytest.mark.parametrize("correlation", [0.2, 0.5, 0.8])
def test_independent_count_has_the_luck_of_the_correlated_trials(correlation: float) -> None:
    """Equal correlation r: the best of n has the luck sqrt(1 - r) of the best of n free ones."""
    found = count_trials(grouped([60], correlation), seed=1)
    expected = math.sqrt(1 - correlation) * exact_maximum(60)
    assert exact_maximum(found.independent) == pytest.approx(expected, rel=0.06)
    assert found.participation < found.independent


def test_participation_equals_the_eigenvalues() -> None:
    streams = grouped([10, 10, 4], 0.6)
    values = np.linalg.eigvalsh(np.corrcoef(streams))
    exact = values.sum() ** 2 / (values**2).sum()
    found = count_trials(streams, seed=1).participation
    chance = 1.0 / (DAYS - 1)
    squared = (24**2 / exact - 24) / (24 * 23)
    assert found == pytest.approx(24 / (1 + 23 * (squared - chance)), rel=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_clusters_equal_scipys_average_linkage(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(50, 6))
    streams = mixing @ rng.normal(size=(6, 200)) + rng.normal(0, rng.uniform(0.3, 3), (50, 200))
    distance = 1 - np.corrcoef(streams)
    np.fill_diagonal(distance, 0.0)
    tree = hierarchy.linkage(squareform(distance, checks=False), "average")
    for least in (0.2, 0.5, 0.8):
        theirs = hierarchy.fcluster(tree, 1 - least, "distance")
        ours = cluster_labels(streams, least)
        pairs = {*zip(ours.tolist(), theirs.tolist(), strict=True)}
        assert len(pairs) == len({*ours.tolist()}) == len({*theirs.tolist()})


def test_trials_that_never_traded_count_for_nothing() -> None:
    found = count_trials(np.concatenate((noise(5), np.zeros((7, DAYS)))), seed=1)
    assert (found.trials, found.flat, found.distinct, found.clusters) == (12, 7, 5, 5)


def test_variances_are_those_of_sharpe_ratios() -> None:
    streams = grouped([4, 4, 4], 0.9)
    found = count_trials(streams, seed=1)
    ratios = streams.mean(axis=1) / streams.std(axis=1, ddof=1)
    assert found.variance == pytest.approx(ratios.var(ddof=1), rel=1e-12)
    even = streams / streams.std(axis=1, keepdims=True)
    groups = even.reshape(3, 4, DAYS).mean(axis=1)
    ratios = groups.mean(axis=1) / groups.std(axis=1, ddof=1)
    assert found.cluster_variance == pytest.approx(ratios.var(ddof=1), rel=1e-9)


def test_many_trials_are_counted_in_turns_and_clustered_by_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bounded memory: 200 streams where 40 are clustered and 16 projected at once."""
    streams = grouped([20] * 10, 0.9)
    whole = count_trials(streams, seed=3)
    monkeypatch.setattr(trials, "_ROWS", 16)
    assert count_trials(streams, seed=3) == whole
    monkeypatch.setattr(trials, "SAMPLE_MAX", 40)
    some = count_trials(streams, seed=3)
    assert (some.sampled, some.clusters, whole.clusters) == (40, 10, 10)
    assert some.independent == whole.independent
    assert some.participation == pytest.approx(whole.participation, rel=0.35)
    with pytest.raises(InternalError):
        cluster_labels(streams)


def test_result_is_a_function_of_the_seed() -> None:
    streams = noise(30)
    assert count_trials(streams, seed=1) == count_trials(streams, seed=1)
    other = count_trials(streams, seed=2).independent
    assert other == pytest.approx(count_trials(streams, seed=1).independent, rel=0.15)


def test_trials_without_streams_count_in_proportion() -> None:
    found = count_trials(grouped([10] * 6, 0.8), seed=1)
    assert found.scaled(60) == found.independent
    assert found.scaled(30) == found.independent
    assert found.scaled(600) == pytest.approx(10 * found.independent)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_best_of_correlated_noise_is_rarely_admitted(correlation: float) -> None:
    """A-BT-09: the count and its variance hold the 5 % whatever the dependence."""
    admitted = 0
    count = count_trials(grouped([30], correlation), seed=1)  # of the same kind as all below
    for k in range(300):
        streams = grouped([30], correlation, seed=1000 + k)
        ratios = streams.mean(axis=1) / streams.std(axis=1, ddof=1)
        record = sharpe_record(streams[int(ratios.argmax())])
        assert record is not None
        admitted += deflated_for(record, count).probability > 0.95
    assert admitted / 300 <= 0.06


def test_deflation_uses_the_ledgers_total_and_the_variance_without_edge() -> None:
    streams = noise(20)
    count = count_trials(streams, seed=1)
    record = sharpe_record(streams[0])
    assert record is not None
    few, many = deflated_for(record, count), deflated_for(record, count, total=2000)
    assert few.lucky == lucky_sharpe(count.independent, null_variance(DAYS))
    assert many.trials == pytest.approx(100 * count.independent)
    assert many.probability < few.probability


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        (np.zeros((5, 100)), "none of them varies"),
        (np.ones((2, 19)), "too little data, 19 periods; expected 20"),
        (np.full((2, 40), np.nan), "80 of 80"),
        (np.empty((0, 40)), "0 rows"),
    ],
)
def test_unfit_streams_are_a_clear_error(streams: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        count_trials(streams, seed=1)
