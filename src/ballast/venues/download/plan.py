"""Which bars are missing: pure arithmetic on open times.

A `Span` is `[from_ms, to_ms)` on the timeframe's grid. Weeks open on Monday, everything else on a
multiple of its length since 1970 (a Thursday).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import DAY_MS, WEEK_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.core.time import Timeframe

MONDAY_MS = 4 * DAY_MS


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Open times `[from_ms, to_ms)`."""

    from_ms: int
    to_ms: int

    def bars(self, timeframe: Timeframe) -> int:
        """Count the bars that fit."""
        return max(0, (self.to_ms - self.from_ms) // timeframe.ms)

    def pair(self) -> tuple[int, int]:
        """Return the two ends."""
        return self.from_ms, self.to_ms


def offset_ms(timeframe: Timeframe) -> int:
    """Return the open time of the grid's first bar after 1970-01-01."""
    return MONDAY_MS if timeframe.ms % WEEK_MS == 0 else 0


def align_up(at_ms: int, timeframe: Timeframe) -> int:
    """Return the first open time at or after `at_ms`."""
    offset = offset_ms(timeframe)
    return -((offset - at_ms) // timeframe.ms) * timeframe.ms + offset


def closed_end(now_ms: int, timeframe: Timeframe) -> int:
    """Return the open time of the bar still forming at `now_ms`: all earlier bars are closed."""
    return align_up(now_ms + 1, timeframe) - timeframe.ms


def holes(ts: NDArray[np.int64], timeframe: Timeframe) -> list[Span]:
    """Return the spans missing between the first and the last of the open times `ts`."""
    rows = np.flatnonzero(np.diff(ts) > timeframe.ms)
    return [Span(int(ts[row]) + timeframe.ms, int(ts[row + 1])) for row in rows]


def missing(ts: NDArray[np.int64], timeframe: Timeframe, span: Span) -> list[Span]:
    """Return the parts of `span` that `ts` (sorted) does not hold."""
    start, stop = np.searchsorted(ts, [span.from_ms, span.to_ms])
    edges = np.concatenate(([span.from_ms - timeframe.ms], ts[start:stop], [span.to_ms]))
    return holes(edges.astype(np.int64), timeframe)


def intersect(spans: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Return the parts that lie in both; each argument is sorted and free of overlap."""
    common: list[Span] = []
    left = right = 0
    while left < len(spans) and right < len(other):
        one, two = spans[left], other[right]
        part = Span(max(one.from_ms, two.from_ms), min(one.to_ms, two.to_ms))
        if part.from_ms < part.to_ms:
            common.append(part)
        if one.to_ms <= two.to_ms:
            left += 1
        else:
            right += 1
    return common


def subtract(spans: Sequence[Span], known: Sequence[Span]) -> list[Span]:
    """Return what is left of `spans` outside `known`; both sorted and free of overlap."""
    if not spans:
        return []
    edges = [spans[0].from_ms, *(edge for span in known for edge in span.pair()), spans[-1].to_ms]
    outside = [Span(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)]
    return intersect(spans, [span for span in outside if span.from_ms < span.to_ms])


def gather(spans: Sequence[Span], reach_ms: int) -> list[Span]:
    """Join neighbouring spans as long as the union stays within `reach_ms`: one request for many.

    A span longer than `reach_ms` stays as it is.
    """
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.to_ms - joined[-1].from_ms <= reach_ms:
            joined[-1] = Span(joined[-1].from_ms, max(joined[-1].to_ms, span.to_ms))
        else:
            joined.append(span)
    return joined
