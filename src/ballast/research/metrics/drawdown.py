"""Falls from the peak: depth, times, recovery, the table of the worst, the ulcer index.

A drawdown begins at the peak, is deepest at its trough and ends when equity is back at the peak.
The curve is marked equity at every bar's close with the starting equity in front: a run that falls
from its first bar is in a drawdown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ballast.research.metrics.series import Floats, Ints

WORST_COUNT = 10


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One fall. `depth` is negative; `end_ms` is None while equity is still below the peak.

    `duration_ms` runs from the peak to the end (or to the last bar), `recovery_ms` from the trough.
    """

    depth: float
    start_ms: int
    trough_ms: int
    end_ms: int | None
    duration_ms: int
    recovery_ms: int | None


@dataclass(frozen=True, slots=True)
class DrawdownStats:
    """The deepest fall and its times (None if equity never fell), and the worst ten."""

    max: float
    start_ms: int | None
    trough_ms: int | None
    end_ms: int | None
    duration_ms: int | None
    recovery_ms: int | None
    longest_ms: int | None
    from_start: float
    ulcer: float
    worst: tuple[Drawdown, ...]


def drawdown_stats(at_ms: Ints, levels: Floats, day_levels: Floats) -> DrawdownStats:
    """Return the falls of the curve at every close; the ulcer index uses the day ends."""
    found = drawdowns(at_ms, levels)
    ranked = sorted(found, key=lambda fall: (fall.depth, fall.start_ms))
    deepest = ranked[0] if ranked else None
    return DrawdownStats(
        max=deepest.depth if deepest else 0.0,
        start_ms=deepest.start_ms if deepest else None,
        trough_ms=deepest.trough_ms if deepest else None,
        end_ms=deepest.end_ms if deepest else None,
        duration_ms=deepest.duration_ms if deepest else None,
        recovery_ms=deepest.recovery_ms if deepest else None,
        longest_ms=max((fall.duration_ms for fall in found), default=None),
        from_start=fall_from_start(levels),
        ulcer=ulcer_index(day_levels),
        worst=tuple(ranked[:WORST_COUNT]),
    )


def underwater(levels: Floats) -> Floats:
    """Return `level / running peak - 1` for each point, 0 at a peak, never positive."""
    return levels / np.maximum.accumulate(levels) - 1.0


def max_drawdown(levels: Floats) -> float:
    """Return the deepest fall from a peak as a negative fraction (0 if it never fell)."""
    return float(np.min(underwater(levels))) if len(levels) else 0.0


def fall_from_start(levels: Floats) -> float:
    """Return the deepest fall below the first level, a negative fraction (0 if never below)."""
    return min(0.0, float(np.min(levels)) / float(levels[0]) - 1.0) if len(levels) else 0.0


def ulcer_index(levels: Floats) -> float:
    """Return the root mean square of the underwater curve (Martin and McCann 1989), positive."""
    depth = underwater(levels)
    return math.sqrt(float(np.mean(depth * depth))) if len(levels) else 0.0


def drawdowns(at_ms: Ints, levels: Floats) -> tuple[Drawdown, ...]:
    """Return every fall from a peak, in time order; `at_ms` are the times of `levels`."""
    if len(levels) == 0:
        return ()
    below = underwater(levels) < 0
    edges = np.diff(below.astype(np.int8), prepend=np.int8(0), append=np.int8(0))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    spans = zip(starts.tolist(), stops.tolist(), strict=True)
    return tuple(_drawdown(at_ms, levels, first, stop) for first, stop in spans)


def _drawdown(at_ms: Ints, levels: Floats, first: int, stop: int) -> Drawdown:
    peak = first - 1  # the first level is never below itself: a fall always has a point before it
    trough = first + int(np.argmin(levels[first:stop]))
    recovered = stop < len(levels)
    last_ms = int(at_ms[stop]) if recovered else int(at_ms[-1])
    return Drawdown(
        depth=float(levels[trough] / levels[peak] - 1.0),
        start_ms=int(at_ms[peak]),
        trough_ms=int(at_ms[trough]),
        end_ms=last_ms if recovered else None,
        duration_ms=last_ms - int(at_ms[peak]),
        recovery_ms=last_ms - int(at_ms[trough]) if recovered else None,
    )
