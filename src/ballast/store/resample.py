"""Longer bars from shorter ones: closed bars only, nothing filled.

A bucket starts at a multiple of the new timeframe since 1970 (weeks on Monday). The first bucket
is left out when its opening bars are missing, the last when it is not over. A bucket in the middle
that lacks bars is kept, as the exchange's own long bar would be, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import SEGMENT_END, SYNTHETIC, Bars
from ballast.core.errors import DataError
from ballast.core.time import DAY_MS, WEEK_MS, Timeframe
from ballast.store.sums import exact_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

MONDAY_MS = 4 * DAY_MS  # 1970-01-05, the first Monday


@dataclass(frozen=True, slots=True)
class Resampled:
    """The longer bars; base bars left out at either end; bars made of too few base bars."""

    bars: Bars
    dropped_first: int
    dropped_last: int
    incomplete: int


def resample(bars: Bars, timeframe: Timeframe) -> Resampled:
    """Aggregate bars to a multiple of their timeframe; raise `DataError` if it is none.

    Volumes are summed with one rounding, so that they equal the exchange's own decimals.
    """
    step = bars.timeframe.ms
    if timeframe.ms % step or timeframe.ms <= step:
        raise DataError(
            f"{timeframe} is not a multiple of {bars.timeframe}",
            where=bars.name,
            expected=f"for example {Timeframe(2 * step)} or {Timeframe(4 * step)}",
        )
    anchor = MONDAY_MS if timeframe.ms % WEEK_MS == 0 else 0
    bucket = (bars.ts - anchor) // timeframe.ms * timeframe.ms + anchor
    starts = np.flatnonzero(np.concatenate([[len(bars) > 0], bucket[1:] != bucket[:-1]]))
    opens = bucket[starts]
    counts = np.diff(np.append(starts, len(bars)))
    first, last = 0, len(starts)
    if last and bars.ts[0] != opens[0]:
        first = 1
    if last > first and int(bars.ts[-1]) + step < int(opens[-1]) + timeframe.ms:
        last -= 1
    kept = slice(first, last)
    return Resampled(
        bars=_aggregate(bars, timeframe, starts[kept], opens[kept], counts[kept]),
        dropped_first=int(counts[:first].sum()),
        dropped_last=int(counts[last:].sum()),
        incomplete=int((counts[kept] < timeframe.ms // step).sum()),
    )


def _aggregate(
    bars: Bars,
    timeframe: Timeframe,
    starts: NDArray[np.intp],
    opens: NDArray[np.int64],
    counts: NDArray[np.intp],
) -> Bars:
    if not len(starts):
        raise DataError(
            f"{len(bars)} bars make no whole bar of {timeframe}",
            where=bars.name,
            fix="choose a shorter timeframe",
        )
    end = int(starts[-1] + counts[-1])
    last = starts + counts - 1
    columns = {
        "open": bars.open[starts],
        "high": np.maximum.reduceat(bars.high[:end], starts),
        "low": np.minimum.reduceat(bars.low[:end], starts),
        "close": bars.close[last],
        "volume": exact_sums(bars.volume[:end], starts),
    }
    synthetic = np.bitwise_and.reduceat(bars.flags[:end], starts) & SYNTHETIC
    flags = synthetic | (bars.flags[last] & SEGMENT_END)
    return Bars.of(bars.venue, bars.symbol, timeframe, opens, columns, flags)
