"""Purge: how long before a test the fitting must stop, measured by the trades themselves.

A trade that is open at a border belongs to both sides: what it earns is decided by prices of the
other one. So the returns within one longest trade of a border are taken out of the fitting (Lopez
de Prado 2018, chapter 7), and an embargo after it, because returns remember.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.time import DAY_MS
from ballast.research.evaluation import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.research.evaluation import Evaluator
    from ballast.research.outofsample.folds import Fold

PURGE_SHARE_MAX = 0.25
"""Of a window, at the most: a strategy that never sells has trades as long as the data."""


def purged(
    judge: Evaluator, combos: Sequence[Mapping[str, float]], folds: Sequence[Fold]
) -> tuple[Fold, ...]:
    """End each training window one longest trade earlier, by at most a quarter of its length.

    The longest trade is that of any combination inside the same training window, so that nothing of
    the test decides where fitting stops. It is rounded up to whole days.
    """
    trains = [fold.train for fold in folds]
    found = []
    for fold, seen in zip(folds, judge.passes(combos, trains, daily=False), strict=True):
        length = fold.train.to_ms - fold.train.from_ms
        days = purge_days(int(seen.longest_ms.max()), length)
        train = Span(fold.train.from_ms, fold.train.to_ms - days * DAY_MS)
        found.append(replace(fold, train=train))
    return tuple(found)


def purge_days(longest_ms: int, window_ms: int) -> int:
    """Return the days to purge for a longest trade beside a window: at most a quarter of it."""
    return min(math.ceil(longest_ms / DAY_MS), int(PURGE_SHARE_MAX * window_ms) // DAY_MS)
