"""How many independent trials were there really? From the return streams of all of them.

A sweep over 60 neighbouring parameter sets is not 60 looks at the market, and not one. Three
counts, from the most to the least useful:

- **Independent** (the one to deflate with): so many independent trials would have a luckiest one
  as lucky as these have. Streams are standardised to z_i and projected on random days: with
  standard normal g, the <z_i, g> are what their Sharpe ratios do when nothing has an edge, with
  exactly their dependence. The mean of their maximum is inverted through the expected maximum of
  independent normals (`luck`). Each g is used with both signs: copies of one stream give one.
- **Clusters**: groups whose streams correlate by 0.5 or more on average (average linkage on
  1 - correlation, cut at 0.5). Unlike the silhouette rule of Lopez de Prado and Lewis (Detection of
  False Investment Strategies Using Unsupervised Learning Methods, Quantitative Finance 19, 2019)
  it needs no structure: independent streams are as many clusters. It ignores the luck inside a
  cluster, so it is the smaller number.
- **Participation**: (sum of eigenvalues)^2 / sum of their squares of the correlation matrix. As the
  sum is N and the sum of squares that of all correlations, it is N / (1 + (N - 1) r2), r2 the mean
  squared correlation of two streams (less 1 / (T - 1), what chance correlates). A lower bound in
  practice: one strong common factor pulls it down.

The variance that belongs to *independent* is that of Sharpe ratios without edge (`null_variance`),
because correlation is already in the count. The spread over all trials belongs to the count of all
trials, that over clusters to clusters. Mixing them discounts the correlation twice.

Bounded: any number of trials for the first count, in turns; the other two look at a seeded sample
of at most 1,024 different streams.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError, InternalError
from ballast.core.jit import jit
from ballast.core.rng import stream
from ballast.research.metrics.series import FLAT
from ballast.research.montecarlo.arrays import checked_matrix
from ballast.research.selection.luck import equivalent_trials
from ballast.research.selection.sharpe import DeflatedSharpe, SharpeRecord, null_variance
from ballast.research.selection.sharpe import deflated_sharpe as deflate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

PERIODS_MIN = 20
"""With fewer periods chance alone correlates streams by a quarter."""
CORRELATION = 0.5
"""Streams of one cluster share at least a quarter of their variance."""
SAMPLE_MAX = 1024
"""Streams clustered at most: a correlation matrix of 8 MB, a tenth of a second."""
_WORK = 2_000_000_000  # multiplications of the projection, about a second at the most
_PROJECTIONS = (128, 1024)  # the error of the count is some 8 % with the first, 3 % with the second
_ROWS = 2048  # streams projected at once


@dataclass(frozen=True, slots=True)
class TrialCount:
    """Counts of the trials in a matrix; `flat` never varied (no trade) and count for nothing.

    `distinct` are left without exact copies; `sampled` of them were clustered. Variances are of
    per-period Sharpe ratios, over distinct trials and over clusters; None below two.
    """

    trials: int
    periods: int
    flat: int
    distinct: int
    independent: float
    clusters: int
    sampled: int
    participation: float
    variance: float | None
    cluster_variance: float | None

    def scaled(self, total: int) -> float:
        """Return the independent ones among `total` trials of which these are a part.

        In proportion: where streams were not kept for all trials, the others are taken to be as
        independent as these. Never fewer than were found here.
        """
        return self.independent * max(1.0, total / self.trials)


def count_trials(streams: ArrayLike, *, seed: int) -> TrialCount:
    """Count the trials in `streams` [trials x periods] of returns, every trial of the search.

    Raises `DataError` for fewer than 20 periods, values that are not numbers, or if none varies.
    """
    values = checked_matrix(streams, what="trial streams", rows=1, least=PERIODS_MIN)
    alive = values[np.std(values, axis=1) > FLAT]
    if len(alive) == 0:
        raise DataError("trial streams: none of them varies", expected="a trial that trades")
    distinct = alive[_first_copies(alive)]
    standard = _standardised(distinct)
    some = _sample(len(distinct), seed)
    correlation = standard[some] @ standard[some].T
    labels = _labels(correlation)
    return TrialCount(
        trials=len(values),
        periods=values.shape[1],
        flat=len(values) - len(alive),
        distinct=len(distinct),
        independent=_independent(standard, seed),
        clusters=int(labels.max()) + 1,
        sampled=len(some),
        participation=_participation(correlation, len(distinct), values.shape[1]),
        variance=_variance(_ratios(distinct)),
        cluster_variance=_variance(_ratios(_merged(distinct[some], labels))),
    )


def deflated_for(
    record: SharpeRecord, count: TrialCount, *, total: int | None = None
) -> DeflatedSharpe:
    """Deflate the record of the best trial by the independent trials of its search.

    `total`: all trials ever made, as the ledger counts them; by default those in `count`.
    """
    trials = count.independent if total is None else count.scaled(total)
    return deflate(record, trials=trials, variance=null_variance(record.periods))


def cluster_labels(streams: ArrayLike, correlation: float = CORRELATION) -> Ints:
    """Return the cluster of each row of `streams`, numbered by first appearance; at most 1,024."""
    values = checked_matrix(streams, what="trial streams", rows=1, least=PERIODS_MIN)
    if len(values) > SAMPLE_MAX:
        raise InternalError(f"{len(values)} streams to cluster, {SAMPLE_MAX} at the most")
    standard = _standardised(values)
    return _labels(standard @ standard.T, correlation)


def _first_copies(values: Floats) -> Ints:
    seen: dict[bytes, int] = {}
    for row, one in enumerate(values + 0.0):  # -0.0 becomes 0.0
        seen.setdefault(hashlib.blake2b(one.tobytes(), digest_size=16).digest(), row)
    return np.array(list(seen.values()), np.int64)


def _standardised(values: Floats) -> Floats:
    """Return rows of mean 0 and length 1; rows that do not vary stay 0."""
    centred = values - np.mean(values, axis=1, keepdims=True)
    length = np.sqrt(np.sum(centred * centred, axis=1, keepdims=True))
    return np.asarray(centred / np.where(length > 0.0, length, 1.0), np.float64)


def _sample(count: int, seed: int) -> Ints:
    if count <= SAMPLE_MAX:
        return np.arange(count)
    return np.sort(stream(seed, "selection.sample").choice(count, SAMPLE_MAX, replace=False))


def _independent(standard: Floats, seed: int) -> float:
    """Return the count whose expected maximum is that of the projected streams.

    Rounded to a millionth, so that the order of a matrix product's sums moves nothing.
    """
    rows, periods = standard.shape
    least, most = _PROJECTIONS
    draws = min(most, max(least, _WORK // (rows * periods)))
    days = stream(seed, "selection.luck").normal(size=(periods, draws))
    top, bottom = np.full(draws, -np.inf), np.full(draws, np.inf)
    for first in range(0, rows, _ROWS):
        drawn = standard[first : first + _ROWS] @ days
        top = np.maximum(top, np.max(drawn, axis=0))
        bottom = np.minimum(bottom, np.min(drawn, axis=0))
    maximum = float(np.mean(top - bottom)) / 2.0
    return round(min(equivalent_trials(maximum), float(rows)), 6)


def _participation(correlation: Floats, count: int, periods: int) -> float:
    sampled = len(correlation)
    if sampled == 1:
        return 1.0
    pairs = sampled * (sampled - 1)
    squared = (float(np.sum(correlation * correlation)) - sampled) / pairs - 1.0 / (periods - 1)
    return count / (1.0 + (count - 1) * max(squared, 0.0))


def _merged(values: Floats, labels: Ints) -> Floats:
    """Return the mean of each cluster's streams, each at the same risk."""
    even = values / np.std(values, axis=1, keepdims=True)
    out = np.zeros((int(labels.max()) + 1, values.shape[1]))
    np.add.at(out, labels, even)
    return out


def _ratios(values: Floats) -> Floats:
    spread = np.std(values, axis=1, ddof=1)
    return np.asarray(np.mean(values, axis=1) / np.where(spread > 0.0, spread, 1.0), np.float64)


def _variance(ratios: Floats) -> float | None:
    return float(np.var(ratios, ddof=1)) if len(ratios) > 1 else None


def _labels(correlation: Floats, least: float = CORRELATION) -> Ints:
    """Cluster by average linkage; two clusters merge while they correlate by `least` or more."""
    return _linked(1.0 - correlation, 1.0 - least)


@jit
def _linked(distance: Floats, cut: float) -> Ints:
    """Return cluster numbers by the nearest-neighbour chain (Benzecri 1982); uses up `distance`.

    Average linkage is reducible: a merger never brings a cluster nearer to a third one than its
    parts were. So two that are each other's nearest may merge at once, in any order, and one whose
    nearest neighbour is beyond the cut is finished.
    """
    n = len(distance)
    home = np.arange(n)  # the cluster each row belongs to, a row number
    size = np.ones(n)
    waiting = np.ones(n, np.bool_)
    chain = np.empty(n + 1, np.int64)
    length = 0
    first = 0
    while first < n:
        if length == 0 and not waiting[first]:
            first += 1
            continue
        if length == 0:
            chain[0] = first
            length = 1
        here = chain[length - 1]
        before = chain[length - 2] if length > 1 else -1
        nearest = _nearest(distance, waiting, here, before)
        if nearest < 0 or distance[here, nearest] > cut:
            waiting[here] = False
            length -= 1
        elif nearest == before:
            _merge(distance, home, size, here, nearest)
            waiting[here] = False
            length -= 2
        else:
            chain[length] = nearest
            length += 1
    return _numbered(home)


@jit
def _nearest(distance: Floats, waiting: NDArray[np.bool_], here: int, before: int) -> int:
    """Return the nearest cluster to `here`; at a tie the one we came from, -1 for none."""
    nearest = before
    for k in range(len(distance)):
        if (
            waiting[k]
            and k != here
            and (nearest < 0 or distance[here, k] < distance[here, nearest])
        ):
            nearest = k
    return nearest


@jit
def _merge(distance: Floats, home: Ints, size: Floats, gone: int, kept: int) -> None:
    both = size[gone] + size[kept]
    for k in range(len(distance)):
        mean = (size[gone] * distance[gone, k] + size[kept] * distance[kept, k]) / both
        distance[kept, k] = mean
        distance[k, kept] = mean
        if home[k] == gone:
            home[k] = kept
    size[kept] = both


@jit
def _numbered(home: Ints) -> Ints:
    """Return the clusters numbered by first appearance."""
    number = np.full(len(home), -1, np.int64)
    labels = np.empty(len(home), np.int64)
    count = 0
    for k in range(len(home)):
        if number[home[k]] < 0:
            number[home[k]] = count
            count += 1
        labels[k] = number[home[k]]
    return labels
