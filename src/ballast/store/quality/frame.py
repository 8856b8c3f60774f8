"""Frame: the usable rows of a series, and the small array tools every check shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.store.gaps import missing_bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.core.time import Timeframe

BLOCK = 128
"""Bars in a block of the local scale: long against one spike, short against a regime."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Valid bars in strict time order. `rows[i]` is the position of bar `i` in the given series."""

    timeframe: Timeframe
    rows: NDArray[np.int64]
    ts: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    steps: NDArray[np.int64]
    """Time from each bar to the next, length n - 1."""
    missing: NDArray[np.int64]
    """Bars missing between each bar and the next; 0 where the step is no gap."""

    def __len__(self) -> int:
        """Count the usable bars."""
        return len(self.ts)

    @property
    def missing_total(self) -> int:
        """Count the bars missing inside all gaps."""
        return int(self.missing.sum())


def frame(
    timeframe: Timeframe,
    rows: NDArray[np.int64],
    ts: NDArray[np.int64],
    columns: Sequence[NDArray[np.float64]],
    gap_factor: float,
) -> Frame:
    """Measure steps and gaps: a step above `gap_factor` timeframes is a gap of at least one bar."""
    steps = np.diff(ts)
    o, h, l, c, v = columns
    missing = missing_bars(steps, timeframe, gap_factor)
    return Frame(timeframe, rows, ts, o, h, l, c, v, steps, missing)


def runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return starts and lengths of the runs of True."""
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    starts = np.flatnonzero(edges == 1)
    return starts, np.flatnonzero(edges == -1) - starts


def local_scale(values: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """Return a robust local level: the largest of the medians of a block and its two neighbours.

    Medians do not see a lone spike; the largest of three does not mistake the first bars of a storm
    for an error of the calm before it. One value a row, at least `floor`.
    """
    size = len(values)
    blocks = max(1, size // BLOCK)
    body = np.median(values[: blocks * BLOCK].reshape(blocks, -1), axis=1)
    padded = np.concatenate((body[:1], body, body[-1:]))
    level = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    index = np.minimum(np.arange(size) // BLOCK, blocks - 1)
    return np.asarray(np.maximum(level, floor)[index])


def around(values: NDArray[np.float64], at: int, width: int) -> tuple[float, float]:
    """Return the medians of the `width` values before and from `at` (0 where there are none)."""
    before, after = values[max(0, at - width) : at], values[at : at + width]
    return (
        float(np.median(before)) if len(before) else 0.0,
        float(np.median(after)) if len(after) else 0.0,
    )
