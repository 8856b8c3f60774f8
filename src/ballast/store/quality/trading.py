"""Checks of trading activity: zero volume, illiquid markets, frozen prices, bars before listing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import HOUR_MS, MINUTE_MS, format_ms
from ballast.store.quality.findings import Finding, Kind, Severity, finding
from ballast.store.quality.frame import Frame, runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

ILLIQUID_SHARE = 0.10
ILLIQUID_SEVERE = 0.25
PRE_LISTING_BARS = 3  # a market that just opened may wait a bar or two for its first trade
FROZEN_MS = 30 * MINUTE_MS
FROZEN_BARS = 3
LIQUID_SHARE = 0.05  # below this share of zero-volume bars a silent hour is a halt


def check_trading(bars: Frame, *, listed_ms: int | None) -> list[Finding]:
    """Judge where nobody traded, and where the price did not move."""
    empty = bars.volume == 0
    if empty.all():
        return [*_no_volume(bars), *_frozen(bars, empty)]
    start = _first_trade(bars, empty, listed_ms)
    found = _pre_listing(bars, start)
    traded = np.zeros(len(bars), np.bool_)
    traded[start:] = True
    empty &= traded
    return found + _zero_volume(bars, empty, len(bars) - start) + _frozen(bars, empty)


def _no_volume(bars: Frame) -> list[Finding]:
    return [
        finding(
            Kind.NO_VOLUME,
            Severity.INFO,
            rows=bars.rows[:0],
            ts=bars.ts[[0, -1]],
            detail="no bar has any volume: a mark or index price, or volume was not recorded",
            measured=0.0,
            limit=0.0,
            count=len(bars),
        )
    ]


def _first_trade(bars: Frame, empty: NDArray[np.bool_], listed_ms: int | None) -> int:
    """Return the first row of the market's life: first volume, or the stated listing."""
    start = int(np.argmin(empty))
    if start < PRE_LISTING_BARS:
        start = 0
    if listed_ms is not None:
        step = bars.timeframe.ms
        start = max(start, int(np.searchsorted(bars.ts, listed_ms - step, side="right")))
    return min(start, len(bars) - 1)


def _pre_listing(bars: Frame, start: int) -> list[Finding]:
    if start == 0:
        return []
    share = start / len(bars)
    return [
        finding(
            Kind.PRE_LISTING,
            Severity.SEVERE,
            rows=bars.rows[:start],
            ts=bars.ts[:start],
            detail=f"{start} bars before the first trade at {format_ms(int(bars.ts[start]))}, "
            "with prices of an index",
            measured=share,
            limit=0.0,
            cost=0.2 + share,
        )
    ]


def _zero_volume(bars: Frame, empty: NDArray[np.bool_], alive: int) -> list[Finding]:
    at = np.flatnonzero(empty)
    if not len(at):
        return []
    share = len(at) / alive
    thin = share > ILLIQUID_SHARE
    severity = Severity.INFO
    if thin:
        severity = Severity.SEVERE if share > ILLIQUID_SEVERE else Severity.WARNING
    return [
        finding(
            Kind.ILLIQUID if thin else Kind.ZERO_VOLUME,
            severity,
            rows=bars.rows[at],
            ts=bars.ts[at],
            detail=f"{len(at)} of {alive} bars without a trade ({share:.3g})",
            measured=share,
            limit=ILLIQUID_SHARE,
            cost=share,
        )
    ]


def _frozen(bars: Frame, empty: NDArray[np.bool_]) -> list[Finding]:
    """Find stretches where open, high, low and close repeat the close before.

    Without any volume in a market that otherwise trades, an hour of it is a halt of the venue.
    """
    still = (bars.high == bars.low) & (bars.open == bars.close)
    still[1:] &= bars.open[1:] == bars.close[:-1]
    still[1:] &= bars.missing == 0
    starts, lengths = runs(still)
    least = max(FROZEN_BARS, -(-FROZEN_MS // bars.timeframe.ms))
    long = lengths >= least
    if not long.any():
        return []
    starts, lengths = starts[long], lengths[long]
    found = [_frozen_runs(Kind.FROZEN_PRICE, bars, starts, lengths, "frozen prices")]
    if float(empty.mean()) < LIQUID_SHARE:
        silent = np.array(
            [bool(empty[a : a + n].all()) for a, n in zip(starts, lengths, strict=True)]
        )
        halted = silent & (lengths * bars.timeframe.ms >= HOUR_MS)
        if halted.any():
            what = "halts written as bars without volume"
            found.append(_frozen_runs(Kind.HALT, bars, starts[halted], lengths[halted], what))
    return found


def _frozen_runs(
    kind: Kind, bars: Frame, starts: NDArray[np.int64], lengths: NDArray[np.int64], what: str
) -> Finding:
    longest = int(np.argmax(lengths))
    total = int(lengths.sum())
    share = total / len(bars)
    hours = float(lengths[longest]) * bars.timeframe.ms / HOUR_MS
    costs = kind is Kind.FROZEN_PRICE
    return finding(
        kind,
        Severity.WARNING if costs and share > 0.01 else Severity.INFO,  # noqa: PLR2004 - 1 %
        rows=bars.rows[starts],
        ts=np.concatenate((bars.ts[starts], bars.ts[starts + lengths - 1])),
        detail=f"{what}: {total} bars, the longest stretch {hours:.3g} h "
        f"from {format_ms(int(bars.ts[starts[longest]]))}",
        measured=hours,
        limit=(FROZEN_MS if costs else HOUR_MS) / HOUR_MS,
        cost=2.0 * share if costs else 0.0,
    )
