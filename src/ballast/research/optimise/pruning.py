"""Pruning: leave a combination after some folds when earlier ones stood better at that point.

The median rule (Golovin et al., Vizier 2017): after fold k a trial whose mean so far is below the
median of what earlier trials had after fold k is left. Only trials of earlier batches are asked, so
the decision depends neither on threads nor on the order inside a batch. With several objectives a
trial is left when it is below the median in every one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TRIALS_MIN = 20
"""Trials that must have come so far before anything is left: a median of few is an accident."""


def running_means(folds: Floats) -> Floats:
    """Return [n, folds, objectives] means of the first 1, 2, ... folds, NaN from the end on."""
    counts = np.arange(1, folds.shape[1] + 1, dtype=np.float64)[None, :, None]
    found: Floats = np.cumsum(folds, axis=1) / counts
    return found


def survivors(now: Floats, before: Floats, signs: Floats) -> NDArray[np.bool_]:
    """Return which of `now` [n, objectives] go on, against `before` [m, objectives] at that fold.

    Rows of `before` that are NaN did not come so far. `signs` is -1 where less is better.
    """
    known = before[~np.isnan(before).any(axis=1)]
    if len(known) < TRIALS_MIN:
        return np.ones(len(now), np.bool_)
    median = np.median(known * signs, axis=0)
    found: NDArray[np.bool_] = np.any(now * signs >= median, axis=1)
    return found
