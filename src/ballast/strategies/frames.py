"""Frames: a stretch of bars on which expressions are computed, and its view of other stretches.

A frame is one segment of a series (indicators start anew after a gap that splits it). A higher
timeframe is made of the closed, complete buckets of the frame's own bars; a base bar sees the last
bucket closed at its own close time, and sees nothing (NaN) where that bucket has holes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ballast.core.bars import SEGMENT_END, Bars
from ballast.core.errors import StrategyError
from ballast.core.time import DAY_MS, HOUR_MS, MINUTE_MS, WEEK_MS, Timeframe
from ballast.strategies.signatures import BAR_SERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MONDAY_MS = 4 * DAY_MS
"""Weeks start on Monday; the epoch was a Thursday."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Bars without a split inside. `key` names their content; `start` is the row in the series."""

    bars: Bars
    key: Hashable
    start: int
    is_flagged: bool = False  # some bar of the whole series carries a flag
    _higher: dict[Timeframe, tuple[Frame, Ints]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.bars)

    @property
    def close_ms(self) -> Ints:
        """When each bar is known."""
        return self.bars.ts + self.bars.timeframe.ms

    def column(self, name: str) -> Floats:
        """Return a series of the bars or of their open time (UTC), read-only."""
        if name in BAR_SERIES:
            return read_only(getattr(self.bars, name))
        return read_only(_DERIVED[name](self.bars))

    def higher(self, timeframe: Timeframe) -> tuple[Frame, Ints]:
        """Return the frame of a higher timeframe and, for each own bar, its visible row or -1."""
        known = self._higher.get(timeframe)
        if known is None:
            bars, at = resample(self.bars, timeframe)
            known = (Frame(bars, (self.key, timeframe.ms), 0), at)
            self._higher[timeframe] = known
        return known


def frames_of(bars: Bars, key: str) -> tuple[Frame, ...]:
    """Cut a series after each bar flagged SEGMENT_END."""
    if not len(bars) or not bars.flags.any():
        return (Frame(bars, key, 0),)
    ends = [int(row) + 1 for row in np.flatnonzero(bars.flags & SEGMENT_END)]
    cuts = sorted({0, *ends, len(bars)})
    return tuple(
        Frame(bars.slice(start, stop), (key, start), start, is_flagged=True)
        for start, stop in pairwise(cuts)
    )


def read_only(column: Floats) -> Floats:
    """Return a contiguous view that cannot be written: one compiled type for all callers."""
    view = np.ascontiguousarray(column).view()
    view.flags.writeable = False
    return view


_DERIVED: dict[str, Callable[[Bars], Floats]] = {
    "hl2": lambda bars: (bars.high + bars.low) / 2.0,
    "hlc3": lambda bars: (bars.high + bars.low + bars.close) / 3.0,
    "ohlc4": lambda bars: (bars.open + bars.high + bars.low + bars.close) / 4.0,
    "quote_volume": lambda bars: bars.volume * bars.close,
    "ts": lambda bars: bars.ts.astype(np.float64),
    "hour": lambda bars: (bars.ts // HOUR_MS % 24).astype(np.float64),
    "minute_of_day": lambda bars: (bars.ts % DAY_MS // MINUTE_MS).astype(np.float64),
    "weekday": lambda bars: ((bars.ts - MONDAY_MS) // DAY_MS % 7).astype(np.float64),
    "month": lambda bars: _month(bars.ts),
}


def _month(ts: Ints) -> Floats:
    months = ts.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    return (months % 12 + 1).astype(np.float64)


def ratio(base: Timeframe, higher: Timeframe) -> int:
    """Return how many base bars fill a higher one; raise `StrategyError` unless a whole number."""
    if higher.ms % base.ms or higher.ms < base.ms:
        raise StrategyError(
            f"on('{higher}', ...) on bars of {base}",
            expected=f"a whole multiple of {base}",
            fix=f"use a timeframe that bars of {base} fill exactly",
        )
    return higher.ms // base.ms


def resample(bars: Bars, timeframe: Timeframe) -> tuple[Bars, Ints]:
    """Return the complete closed buckets as bars, and the row each base bar may see (-1: none)."""
    count = ratio(bars.timeframe, timeframe)
    anchor = MONDAY_MS if timeframe.ms % WEEK_MS == 0 else 0
    bucket = (bars.ts - anchor) // timeframe.ms
    starts = np.flatnonzero(np.diff(bucket, prepend=bucket[:1] - 1))
    lengths = np.diff(starts, append=len(bucket))
    full = lengths == count
    ids = bucket[starts[full]]
    high = _bucket_bars(bars, timeframe, starts, lengths, full, ids * timeframe.ms + anchor)
    wanted = (bars.ts + bars.timeframe.ms - anchor) // timeframe.ms - 1
    at = np.searchsorted(ids, wanted)
    if not len(ids):
        return high, np.full(len(bars), -1, np.int64)
    found = ids[np.minimum(at, len(ids) - 1)] == wanted
    return high, np.where(found & (at < len(ids)), at, -1).astype(np.int64)


def _bucket_bars(
    bars: Bars, timeframe: Timeframe, starts: Ints, lengths: Ints, full: NDArray[np.bool_], ts: Ints
) -> Bars:
    lasts = (starts + lengths - 1)[full]
    if not len(starts):
        empty = np.empty(0)
        columns = dict.fromkeys(BAR_SERIES, empty)
    else:
        columns = {
            "open": bars.open[starts[full]],
            "high": np.maximum.reduceat(bars.high, starts)[full],
            "low": np.minimum.reduceat(bars.low, starts)[full],
            "close": bars.close[lasts],
            "volume": np.add.reduceat(bars.volume, starts)[full],
        }
    return Bars.of(bars.venue, bars.symbol, timeframe, ts, columns)
