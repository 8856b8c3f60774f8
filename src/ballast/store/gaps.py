"""Gap policies: what a run does where bars are missing (SEMANTICS 1.5, R-DQ-05, R-DQ-10).

- `reject`: a gap longer than `max_gap_bars` is an error. The default of live trading.
- `split`: the last bar before such a gap is flagged `SEGMENT_END`: no position is carried over it.
- `mark`: every missing bar of a shorter gap becomes a flat bar at the previous close with volume 0,
  flagged `SYNTHETIC`, on which nothing fills; a longer gap splits. Never looks ahead.
- `interpolate`: research only. Like `mark`, but the close runs on a straight line to the next open.
  It knows the next bar, so it looks ahead; gaps of at most 3 bars, and nothing live accepts it.

Nothing is ever filled backwards, and nothing without a flag.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import SEGMENT_END, SYNTHETIC, Bars
from ballast.core.errors import DataError, UserError, suggest
from ballast.core.settings import DataSettings
from ballast.core.time import format_ms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.time import Timeframe

GAP_FACTOR = DataSettings().gap_factor
POLICIES = ("reject", "split", "mark", "interpolate")
INTERPOLATED_MOST = 3
SYNTHETIC_MOST = 10_000_000
"""Bars `mark` may make: 19 years of minutes. More is a wrong timeframe, not a gap."""


def missing_bars(
    steps: NDArray[np.int64], timeframe: Timeframe, gap_factor: float = GAP_FACTOR
) -> NDArray[np.int64]:
    """Return how many bars are missing in each step between two open times.

    A step above `gap_factor` timeframes misses at least one bar: 1.6 is a gap, 1.4 is none.
    """
    one = timeframe.ms
    whole = np.maximum(1, (steps + one // 2) // one - 1)
    return np.where(steps > gap_factor * one, whole, 0)


def apply_gap_policy(
    bars: Bars,
    policy: str,
    max_gap_bars: int | None = None,
    *,
    gap_factor: float = GAP_FACTOR,
) -> Bars:
    """Return `bars` under a gap policy; the same object where there is nothing to do.

    `max_gap_bars` is the longest gap that is tolerated (`reject`, `split`: 0 by default, every gap
    counts) or filled (`mark`: all of them by default; `interpolate`: 3). Raises `DataError` for a
    gap that `reject` does not tolerate, `UserError` for an unknown policy or an impossible limit.
    """
    limit = _limit(policy, max_gap_bars)
    missing = missing_bars(np.diff(bars.ts), bars.timeframe, gap_factor)
    long = np.flatnonzero(missing > limit)
    if policy == "reject":
        if len(long):
            raise _refusal(bars, missing, long, limit)
        return bars
    if len(long):
        flags = bars.flags.copy()
        flags[long] |= SEGMENT_END
        bars = bars.with_flags(flags)
    fill = np.where(missing <= limit, missing, 0)
    if policy == "split" or not fill.any():
        return bars
    return _filled(bars, fill, linear=policy == "interpolate")


def _limit(policy: str, max_gap_bars: int | None) -> int:
    if policy not in POLICIES:
        raise UserError(
            f"unknown gap policy '{policy}'",
            expected="one of " + ", ".join(POLICIES),
            fix=suggest(policy, POLICIES),
        )
    if max_gap_bars is not None and max_gap_bars < 0:
        raise UserError("the longest gap cannot be negative", expected="0 or more bars")
    if policy == "interpolate":
        limit = INTERPOLATED_MOST if max_gap_bars is None else max_gap_bars
        if limit > INTERPOLATED_MOST:
            raise UserError(
                f"cannot interpolate gaps of {limit} bars",
                expected=f"at most {INTERPOLATED_MOST}",
                fix="use gap policy 'mark' or 'split' for longer ones",
            )
        return limit
    if policy == "mark":
        return SYNTHETIC_MOST if max_gap_bars is None else max_gap_bars
    return max_gap_bars or 0


def _refusal(
    bars: Bars, missing: NDArray[np.int64], long: NDArray[np.int64], limit: int
) -> DataError:
    worst = int(long[np.argmax(missing[long])])
    return DataError(
        f"{len(long)} gap(s) of more than {limit} bars; the longest, {int(missing[worst])} bars, "
        f"after {format_ms(int(bars.ts[worst]))}",
        where=bars.name,
        fix="download the missing bars, or choose gap policy 'split' or 'mark'",
    )


def _filled(bars: Bars, fill: NDArray[np.int64], *, linear: bool) -> Bars:
    """Insert `fill[i]` synthetic bars after bar `i`, one timeframe apart."""
    total = int(fill.sum())
    if total > SYNTHETIC_MOST:
        raise UserError(
            f"filling the gaps would make {total} bars",
            where=bars.name,
            expected=f"at most {SYNTHETIC_MOST}",
            fix="check the timeframe, or set the longest gap to be filled",
        )
    counts = np.append(fill, 0) + 1
    source = np.repeat(np.arange(len(bars)), counts)
    starts = np.cumsum(counts) - counts
    offset = np.arange(len(source)) - starts[source]
    made = offset > 0
    close = bars.close[source]
    before = close.copy()
    if linear:
        ahead = bars.open[np.minimum(source + 1, len(bars) - 1)]
        slope = (ahead - close) / (counts[source] + 0.0)
        before[made] = (close + slope * (offset - 1))[made]
        close = np.where(made, close + slope * offset, close)
    flags = bars.flags[source]
    flags[made] = SYNTHETIC
    return replace(
        bars,
        ts=bars.ts[source] + offset * bars.timeframe.ms,
        open=np.where(made, before, bars.open[source]),
        high=np.where(made, np.maximum(before, close), bars.high[source]),
        low=np.where(made, np.minimum(before, close), bars.low[source]),
        close=close,
        volume=np.where(made, 0.0, bars.volume[source]),
        flags=flags,
    )
