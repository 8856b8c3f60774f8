"""Fewer points for the eye: keep the first, the last and the extremes of every bucket.

A line of 45,000 points on a screen 1,500 pixels wide shows per pixel only its lowest and highest
point. Keeping exactly those leaves the picture, and no peak or trough is lost (which thinning by
every n-th point would do).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ballast.research.metrics.series import Floats, Ints

BUCKETS = 700  # of at most four points each: below 3,000 points a line


def extreme_rows(*lines: Floats, buckets: int = BUCKETS) -> Ints:
    """Return sorted rows that keep first, last, and every bucket's extremes of all `lines`.

    The lines have one length; NaN rows are never chosen as extremes.
    """
    count = len(lines[0])
    if count <= 4 * buckets:
        return np.arange(count, dtype=np.int64)
    starts = np.linspace(0, count, buckets + 1).astype(np.int64)
    rows = {0, count - 1}
    for line in lines:
        low = np.where(np.isnan(line), np.inf, line)
        high = np.where(np.isnan(line), -np.inf, line)
        for first, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            rows.add(first + int(np.argmin(low[first:stop])))
            rows.add(first + int(np.argmax(high[first:stop])))
    return np.array(sorted(rows), np.int64)
