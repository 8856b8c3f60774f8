"""Landscape: which parameters matter, and whether the best stands on a plateau or on a needle.

Importance is the share of the ranks of all scores that one parameter explains by itself: omega
squared (Hays 1963) over at most ten groups of its values. It is near zero for a parameter that does
nothing, and the shares of an additive landscape add up to one. Ranks, because one ruin must not
decide what matters.

The neighbourhood of a combination are the trials nearest to it on the axes (R-WF-04, R-OPT-08). A
best whose neighbours are no better than the rest was picked by luck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GROUPS_MAX = 10
NEIGHBOURS_PER_AXIS = 4
"""On a grid: both sides of every axis, and as many diagonals."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The trials around one: their scores, and how far (in steps, the worst axis) the last lies."""

    count: int
    mean: float
    worst: float
    share_better: float  # of all other trials that the mean neighbour beats
    steps: float


def importance(places: NDArray[np.int32], lengths: Sequence[int], scores: Floats) -> Floats:
    """Return the share of the ranks of `scores` [n] that each axis of `places` [n, axes] explains.

    0 where it cannot be said: all scores equal, or too few trials.
    """
    ranks = average_ranks(scores)
    total = float(np.sum((ranks - ranks.mean()) ** 2)) if len(ranks) else 0.0
    found = np.zeros(len(lengths))
    for axis, length in enumerate(lengths):
        bins = min(length, GROUPS_MAX)
        groups = places[:, axis].astype(np.int64) * bins // length
        counts = np.bincount(groups, minlength=bins)
        used = counts > 0
        free = len(ranks) - int(used.sum())
        if total == 0.0 or free < 1:
            continue
        means = np.bincount(groups, ranks, minlength=bins)[used] / counts[used]
        between = float(np.sum(counts[used] * (means - ranks.mean()) ** 2))
        within = (total - between) / free
        found[axis] = max((between - (used.sum() - 1) * within) / (total + within), 0.0)
    return found


def average_ranks(values: Floats) -> Floats:
    """Return ranks from 1, equal values sharing the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found: Floats = (ends - (counts - 1) / 2.0)[inverse]
    return found


def neighbourhood(places: NDArray[np.int32], scores: Floats, at: int) -> Neighbourhood | None:
    """Return the neighbourhood of trial `at`; `scores` are more is better. None where it is alone.

    Nearest by the largest number of steps on any axis, then by their sum.
    """
    others = np.flatnonzero((places != places[at]).any(axis=1))
    if not len(others):
        return None
    apart = np.abs(places[others].astype(np.int64) - places[at])
    order = np.lexsort((apart.sum(axis=1), apart.max(axis=1)))
    near = order[: NEIGHBOURS_PER_AXIS * places.shape[1]]
    around = scores[others[near]]
    mean = float(around.mean())
    return Neighbourhood(
        count=len(near),
        mean=mean,
        worst=float(around.min()),
        share_better=float(np.mean(scores[others] < mean)),
        steps=float(apart[near].max()),
    )
