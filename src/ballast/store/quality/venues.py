"""Checks against other series: copies of another market, revised bars, deviating prices.

`others` may hold three sorts of series. One with the same venue, symbol and timeframe is another
download of this one: differences are revisions. Any other is a second opinion on the price. If its
bars are *equal*, volume included, one of the two files holds the other's data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import format_ms
from ballast.store.quality.findings import Finding, Kind, Severity, finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.store.quality.frame import Frame

OVERLAP_LEAST = 50  # bars in common before two series can be judged against each other
COPY_SHARE = 0.5
DEVIATION = 0.01  # of price, after the median basis is taken off
FAR = 0.2  # median difference in price: not the same thing
DEVIATION_SEVERE = 0.05  # share of bars
COLUMNS = ("open", "high", "low", "close", "volume")


def check_venues(bars: Frame, name: str, others: Sequence[Bars]) -> list[Finding]:
    """Compare with each other series of the same timeframe, bar by bar."""
    found = []
    for other in others:
        mine, theirs = _common(bars, other)
        if not len(mine):
            continue
        if other.name == name:
            found += _revised(bars, other, mine, theirs)
        elif len(mine) >= OVERLAP_LEAST:
            found += _copied(bars, other, mine, theirs) or _deviating(bars, other, mine, theirs)
    return found


def _common(bars: Frame, other: Bars) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of both series (neither empty) that open at the same time."""
    at = np.minimum(np.searchsorted(other.ts, bars.ts), len(other) - 1)
    mine = np.flatnonzero(other.ts[at] == bars.ts)
    return mine, at[mine]


def _revised(
    bars: Frame, other: Bars, mine: NDArray[np.int64], theirs: NDArray[np.int64]
) -> list[Finding]:
    differs = np.zeros(len(mine), np.bool_)
    for column in COLUMNS:
        differs |= getattr(bars, column)[mine] != getattr(other, column)[theirs]
    at = mine[differs]
    if not len(at):
        return []
    share = len(at) / len(mine)
    where = format_ms(int(bars.ts[at[0]]))
    return [
        finding(
            Kind.REVISION,
            Severity.WARNING,
            rows=bars.rows[at],
            ts=bars.ts[at],
            detail=f"{len(at)} of {len(mine)} bars differ between two downloads, first {where}",
            measured=share,
            limit=0.0,
            cost=0.02 + 5.0 * share,
        )
    ]


def _copied(
    bars: Frame, other: Bars, mine: NDArray[np.int64], theirs: NDArray[np.int64]
) -> list[Finding]:
    """Find bars equal in close and (non-zero) volume: chance does not do that twice."""
    volume = bars.volume[mine]
    same = (bars.close[mine] == other.close[theirs]) & (volume == other.volume[theirs])
    at = mine[same & (volume > 0)]
    share = len(at) / len(mine)
    if share < COPY_SHARE:
        return []
    return [
        finding(
            Kind.COPIED_MARKET,
            Severity.SEVERE,
            rows=bars.rows[at],
            ts=bars.ts[at],
            detail=f"{len(at)} of {len(mine)} bars are those of {other.name}",
            measured=share,
            limit=COPY_SHARE,
            cost=0.5,
        )
    ]


def _deviating(
    bars: Frame, other: Bars, mine: NDArray[np.int64], theirs: NDArray[np.int64]
) -> list[Finding]:
    """Judge closes after the median basis is taken off; a basis beyond 20 % is another price."""
    logs = np.log(bars.close[mine] / other.close[theirs])
    basis = float(np.median(logs))
    if abs(basis) > FAR:
        return [
            finding(
                Kind.FAR_FROM_VENUES,
                Severity.SEVERE,
                rows=bars.rows[mine],
                ts=bars.ts[mine],
                detail=f"the median price is {np.exp(basis):.4g} times that of {other.name}",
                measured=abs(basis),
                limit=FAR,
                cost=0.6,
            )
        ]
    off = np.abs(logs - basis)
    at = mine[off > DEVIATION]
    if not len(at):
        return []
    share, worst = len(at) / len(mine), int(np.argmax(off))
    return [
        finding(
            Kind.VENUE_DEVIATION,
            Severity.SEVERE if share > DEVIATION_SEVERE else Severity.WARNING,
            rows=bars.rows[at],
            ts=bars.ts[at],
            detail=f"{len(at)} of {len(mine)} closes differ by over {DEVIATION:.0%} from "
            f"{other.name} (basis {basis:+.3%}), the most {off[worst]:.2%} "
            f"at {format_ms(int(bars.ts[mine[worst]]))}",
            measured=float(off[worst]),
            limit=DEVIATION,
            cost=5.0 * share,
        )
    ]
