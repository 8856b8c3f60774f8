"""Checks of prices against time and neighbours: moves, flash wicks, test-network prices.

An extreme is confirmed when a second venue shows at least half of it in the same bar; a confirmed
one is information, an unconfirmed one a warning (R-DQ-04: a flagged bar needs confirmation).
"""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import DAY_MS, format_ms
from ballast.store.quality.findings import Finding, Kind, Severity, finding
from ballast.store.quality.frame import Frame, local_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.core.bars import Bars

MAD = 1.4826  # median absolute deviation to standard deviation, for a normal distribution
UNUSUAL_Z = 30.0
WICK_RANGES = 10.0  # local median ranges beyond the body and both neighbours
WICK_LEAST = 0.02  # and at least this fraction of price
CONFIRMED = 0.5
SCALE_FLOOR = 2e-4
JUMP = 0.4  # log move within a day (49 % up, 33 % down) that real markets make once in years
JUMPS_EACH_WAY = 3
DAYS_PER_JUMP = 10.0


def check_prices(bars: Frame, *, extreme_move: float, others: Sequence[Bars] = ()) -> list[Finding]:
    """Judge closes against closes and wicks against neighbours and local volatility."""
    if len(bars) < 2:  # noqa: PLR2004 - a move needs two bars
        return []
    logs = np.diff(np.log(bars.close))
    return [
        *_moves(bars, logs, extreme_move, others),
        *_wicks(bars, others),
        *_test_network(bars, logs),
    ]


def _moves(
    bars: Frame, logs: NDArray[np.float64], limit: float, others: Sequence[Bars]
) -> list[Finding]:
    """Flag moves above the limit, and above its share of a day when far outside local volatility.

    Only between adjacent bars: over a hole the elapsed time explains the move.
    """
    adjacent = bars.missing == 0
    size = np.abs(np.expm1(logs))
    far = adjacent & (size > limit)
    found = _flag(bars, np.flatnonzero(far) + 1, size, others, _EXTREME, limit)
    scaled = limit * sqrt(min(1.0, bars.timeframe.ms / DAY_MS))
    scores = np.abs(logs) / local_scale(np.abs(logs) * MAD, SCALE_FLOOR)
    odd = adjacent & ~far & (size > scaled) & (scores > UNUSUAL_Z)
    return found + _flag(bars, np.flatnonzero(odd) + 1, size, others, _UNUSUAL, scaled)


_EXTREME = (Kind.EXTREME_MOVE, "close-to-close move")
_UNUSUAL = (Kind.UNUSUAL_MOVE, "unusual move")


def _flag(
    bars: Frame,
    at: NDArray[np.int64],
    size: NDArray[np.float64],
    others: Sequence[Bars],
    what: tuple[Kind, str],
    limit: float,
) -> list[Finding]:
    """Build the finding of moves that end at rows `at` (`size` is indexed by the row before)."""
    if not len(at):
        return []
    moves = np.log(bars.close[at] / bars.close[at - 1])
    seen = np.zeros(len(at), np.bool_)
    for other in others:
        now, before = _match(other, bars.ts[at]), _match(other, bars.ts[at - 1])
        both = (now >= 0) & (before >= 0)
        theirs = np.log(other.close[now] / other.close[before])
        seen |= both & (theirs * np.sign(moves) >= CONFIRMED * np.abs(moves))
    kind, words = what
    return [_extreme(bars, at, size[at - 1], seen, (kind, words), limit, bool(others))]


def _extreme(
    bars: Frame,
    at: NDArray[np.int64],
    size: NDArray[np.float64],
    seen: NDArray[np.bool_],
    what: tuple[Kind, str],
    limit: float,
    compared: bool,  # noqa: FBT001 - private, always passed by position
) -> Finding:
    kind, words = what
    top = int(np.argmax(size))
    alone = int((~seen).sum())
    told = f"; {int(seen.sum())} confirmed by another venue" if compared else ""
    share = alone / len(bars)
    unsure = alone > 0 and kind is not Kind.UNUSUAL_MOVE
    return finding(
        kind,
        Severity.WARNING if unsure else Severity.INFO,
        rows=bars.rows[at],
        ts=bars.ts[at],
        detail=f"{len(at)} {words}{'s' if len(at) > 1 else ''}, the largest {size[top]:.1%} "
        f"at {format_ms(int(bars.ts[at[top]]))}{told}",
        measured=float(size[top]),
        limit=limit,
        cost=5.0 * share if unsure else share,
    )


def _match(other: Bars, ts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row of `other` (not empty) at each time, -1 where it has none."""
    at = np.minimum(np.searchsorted(other.ts, ts), len(other) - 1)
    return np.where(other.ts[at] == ts, at, -1)


def _wicks(bars: Frame, others: Sequence[Bars]) -> list[Finding]:
    """Flag highs and lows beyond the body and both neighbours, in units of the local range."""
    scale = local_scale(np.log(bars.high / bars.low), SCALE_FLOOR)
    body_high, body_low = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
    top, bottom = body_high.copy(), body_low.copy()
    top[1:] = np.maximum(top[1:], bars.high[:-1])
    top[:-1] = np.maximum(top[:-1], bars.high[1:])
    bottom[1:] = np.minimum(bottom[1:], bars.low[:-1])
    bottom[:-1] = np.minimum(bottom[:-1], bars.low[1:])
    up, down = np.log(bars.high / top), np.log(bottom / bars.low)
    size = np.maximum(up, down)
    at = np.flatnonzero((size > WICK_RANGES * scale) & (size > log(1.0 + WICK_LEAST)))
    if not len(at):
        return []
    seen = np.zeros(len(at), np.bool_)
    for other in others:
        row = _match(other, bars.ts[at])
        above = np.log(other.high[row] / top[at]) >= CONFIRMED * up[at]
        below = np.log(bottom[at] / other.low[row]) >= CONFIRMED * down[at]
        seen |= (row >= 0) & np.where(up[at] > down[at], above, below)
    what = (Kind.FLASH_WICK, "flash wick")
    return [_extreme(bars, at, np.expm1(size[at]), seen, what, WICK_LEAST, bool(others))]


def _test_network(bars: Frame, logs: NDArray[np.float64]) -> list[Finding]:
    """Find prices that leap both ways every few days, holes shorter than a day included."""
    leap = (np.abs(logs) > JUMP) & (bars.steps <= DAY_MS)
    at = np.flatnonzero(leap) + 1
    ups = int((logs[at - 1] > 0).sum())
    days = max(1.0, float(bars.ts[-1] - bars.ts[0]) / DAY_MS)
    rare = days / max(1, len(at)) > DAYS_PER_JUMP
    if min(ups, len(at) - ups) < JUMPS_EACH_WAY or rare:
        return []
    low, high = float(bars.low.min()), float(bars.high.max())
    return [
        finding(
            Kind.TEST_NETWORK,
            Severity.SEVERE,
            rows=bars.rows[at],
            ts=bars.ts[at],
            detail=f"{len(at)} leaps beyond 49 % up or 33 % down, both ways, in {days:.0f} days; "
            f"prices from {low:.6g} to {high:.6g}: no real market",
            measured=days / len(at),
            limit=DAYS_PER_JUMP,
            cost=0.6,
        )
    ]
