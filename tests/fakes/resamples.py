"""Resampled rows as the blocks our bootstrap works on: how another library's draws come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.research.montecarlo.blocks import Draws

if TYPE_CHECKING:
    from collections.abc import Sequence


def draws_of(many: Sequence[Any], periods: int) -> Draws:
    """Return the draws whose resampled rows are `many`, each an array of row numbers."""
    pairs = [_runs(np.asarray(rows), periods) for rows in many]
    first = np.cumsum([0] + [len(start) for start, _ in pairs])
    start = np.concatenate([start for start, _ in pairs]).astype(np.int32)
    length = np.concatenate([length for _, length in pairs]).astype(np.int32)
    return Draws(first.astype(np.int64), start, length, periods, len(many[0]))


def _runs(rows: Any, periods: int) -> tuple[Any, Any]:
    cuts = np.flatnonzero(np.diff(rows) % periods != 1) + 1
    starts = np.concatenate(([0], cuts))
    return rows[starts], np.diff(np.concatenate((starts, [len(rows)])))
