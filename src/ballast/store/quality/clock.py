"""Checks of the clock: mixed timeframes, partial and unclosed bars, freshness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import Timeframe, format_ms
from ballast.store.quality.findings import Finding, Kind, Severity, finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.store.quality.frame import Frame

MIXED_RUN = 12
"""Equal steps in a row that are no accident: a sparse market gives 12 twos once in 1e8 bars."""
PARTIAL_WINDOW = 48
PARTIAL_VOLUME, PARTIAL_RANGE = 0.05, 0.25  # of the median of the bars beside it


def check_clock(bars: Frame, *, now_ms: int | None, max_age_bars: int | None) -> list[Finding]:
    """Judge the timeframe, the two end bars and, given the time, closedness and age."""
    found = _mixed(bars) + _partial(bars)
    if now_ms is not None:
        found += _unclosed(bars, now_ms)
        if max_age_bars is not None:
            found += _stale(bars, now_ms, max_age_bars)
    return found


def _mixed(bars: Frame) -> list[Finding]:
    """Find stretches whose steps are all equal and are not the timeframe."""
    steps, own = bars.steps, bars.timeframe.ms
    if len(steps) < MIXED_RUN:
        return []
    starts = np.concatenate(([0], np.flatnonzero(np.diff(steps)) + 1))
    lengths = np.diff(np.concatenate((starts, [len(steps)])))
    odd = (steps[starts] != own) & (lengths >= MIXED_RUN)
    if not odd.any():
        return []
    count = int(lengths[odd].sum())
    each = [(Timeframe(int(ms)), ms) for ms in np.unique(steps[starts[odd]]) if ms % 1000 == 0]
    names = ", ".join(str(timeframe) for timeframe, _ in each[:3]) or "another length"
    at = starts[odd]
    return [
        finding(
            Kind.MIXED_TIMEFRAME,
            Severity.SEVERE,
            rows=bars.rows[at],
            ts=np.concatenate((bars.ts[at], bars.ts[at + lengths[odd]])),
            detail=f"{count} bars of {names} in a series of {bars.timeframe}",
            measured=count / len(bars),
            limit=0.0,
            cost=0.5,
            count=count,
        )
    ]


def _partial(bars: Frame) -> list[Finding]:
    """Compare the first and the last bar with their neighbours: tiny volume and tiny range."""
    if len(bars) <= PARTIAL_WINDOW:
        return []
    spread = bars.high - bars.low
    found = []
    ends = ((0, slice(1, 1 + PARTIAL_WINDOW)), (len(bars) - 1, slice(-1 - PARTIAL_WINDOW, -1)))
    for at, beside in ends:
        volume, usual = float(bars.volume[at]), float(np.median(bars.volume[beside]))
        thin = volume < PARTIAL_VOLUME * usual
        if thin and spread[at] < PARTIAL_RANGE * float(np.median(spread[beside])):
            found.append(_end_bar(bars, at, volume / usual))
    return found


def _end_bar(bars: Frame, at: int, share: float) -> Finding:
    which = "last" if at else "first"
    return finding(
        Kind.PARTIAL_BAR,
        Severity.INFO,
        rows=bars.rows[at : at + 1],
        ts=bars.ts[at : at + 1],
        detail=f"the {which} bar has {share:.1%} of the usual volume: it was cut short",
        measured=share,
        limit=PARTIAL_VOLUME,
        cost=0.01,
    )


def _unclosed(bars: Frame, now_ms: int) -> list[Finding]:
    at: NDArray[np.int64] = np.flatnonzero(bars.ts + bars.timeframe.ms > now_ms)
    if not len(at):
        return []
    return [
        finding(
            Kind.UNCLOSED_BAR,
            Severity.WARNING,
            rows=bars.rows[at],
            ts=bars.ts[at],
            detail=f"bars not closed at {format_ms(now_ms)}",
            measured=float(len(at)),
            limit=0.0,
            cost=0.05,
        )
    ]


def _stale(bars: Frame, now_ms: int, max_age_bars: int) -> list[Finding]:
    age = (now_ms - int(bars.ts[-1])) / bars.timeframe.ms - 1.0
    if age <= max_age_bars:
        return []
    return [
        finding(
            Kind.STALE_SERIES,
            Severity.SEVERE,
            rows=bars.rows[-1:],
            ts=bars.ts[-1:],
            detail=f"the last bar closed {age:.1f} bars ago",
            measured=age,
            limit=float(max_age_bars),
            cost=0.3,
        )
    ]
