"""A venue's answer, validated: rows of numbers become a `Page`, anything else is counted out.

A row is `[open time, open, high, low, close, volume]`, numbers as text or float. A row is rejected
when a field is missing, is not a finite number, a price is not above zero, the volume is negative,
or the time is off the grid. Whether highs and lows make sense is the judgement of `store.quality`,
which names such bars; here they are kept as the venue states them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.venues.download.plan import offset_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.core.time import Timeframe

FIELDS = 6


@dataclass(frozen=True, slots=True)
class Page:
    """Sorted, unique open times `ts` (n) and `values` (n, 5): open, high, low, close, volume."""

    ts: NDArray[np.int64]
    values: NDArray[np.float64]
    rejected: int = 0
    reason: str = ""

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ts)

    def within(self, from_ms: int, to_ms: int) -> Page:
        """Return the rows whose open time is in `[from_ms, to_ms)`."""
        start, stop = np.searchsorted(self.ts, [from_ms, to_ms])
        return Page(self.ts[start:stop], self.values[start:stop], self.rejected, self.reason)


def read_page(rows: Sequence[object], timeframe: Timeframe, *, has_volume: bool = True) -> Page:
    """Validate an answer; of rows with one open time the last one sent counts."""
    good: dict[int, tuple[float, ...]] = {}
    rejected, reason = 0, ""
    for row in rows:
        parsed = _read_row(row, timeframe, has_volume=has_volume)
        if isinstance(parsed, str):
            rejected, reason = rejected + 1, parsed
        else:
            good[parsed[0]] = parsed[1]
    ts = np.array(sorted(good), np.int64)
    values = np.array([good[int(at)] for at in ts], np.float64).reshape(len(ts), FIELDS - 1)
    return Page(ts, values, rejected, reason)


def _read_row(
    row: object, timeframe: Timeframe, *, has_volume: bool
) -> tuple[int, tuple[float, ...]] | str:
    """Return the open time and five numbers, or the reason why not."""
    if not isinstance(row, (list, tuple)) or len(row) < FIELDS:
        return "a row is not six fields"
    at_ms = row[0]
    if not isinstance(at_ms, int) or (at_ms - offset_ms(timeframe)) % timeframe.ms != 0:
        return f"open time {at_ms!r} is not on the {timeframe} grid"
    prices = tuple(_number(field) for field in row[1:5])
    volume = _number(row[5]) if has_volume else 0.0
    if not all(price > 0 for price in prices) or not volume >= 0:
        return f"impossible price or volume at {at_ms}"
    return at_ms, (*prices, volume)


def _number(field: object) -> float:
    """Return the finite number a field holds, or NaN, which no check passes."""
    if not isinstance(field, (str, int, float)) or isinstance(field, bool):
        return math.nan
    try:
        value = float(field)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
