"""Checks of bid and ask: wide and crossed quotes (R-DQ-07)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.core.time import format_ms
from ballast.store.quality.findings import Finding, Kind, Severity, finding

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Quotes:
    """Best bid and ask over time: `at_ms` int64 UTC, prices float64, all of one length."""

    at_ms: NDArray[np.int64]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse columns of different length."""
        if not len(self.at_ms) == len(self.bid) == len(self.ask):
            raise DataError("the columns of the quotes differ in length")


def check_quotes(quotes: Quotes, *, limit: float) -> list[Finding]:
    """Flag spreads above `limit` of the bid, and asks at or below the bid."""
    if not len(quotes.at_ms):
        return []
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (quotes.ask - quotes.bid) / quotes.bid
    usable = np.isfinite(spread) & (quotes.bid > 0)
    found = []
    wide = np.flatnonzero(usable & (spread > limit))
    if len(wide):
        top = int(wide[np.argmax(spread[wide])])
        detail = (
            f"{len(wide)} of {len(spread)} quotes wider than {limit:.2%} of the bid, "
            f"the widest {spread[top]:.2%} at {format_ms(int(quotes.at_ms[top]))}"
        )
        found.append(_quote(Kind.WIDE_SPREAD, quotes, wide, detail, float(spread[top]), limit))
    crossed = np.flatnonzero(~usable | (spread <= 0))
    if len(crossed):
        share = len(crossed) / len(spread)
        detail = f"{len(crossed)} of {len(spread)} quotes without bid below ask"
        found.append(_quote(Kind.CROSSED_QUOTES, quotes, crossed, detail, share, 0.0))
    return found


def _quote(
    kind: Kind, quotes: Quotes, at: NDArray[np.int64], detail: str, measured: float, limit: float
) -> Finding:
    share = len(at) / len(quotes.at_ms)
    return finding(
        kind,
        Severity.WARNING,
        rows=at,
        ts=quotes.at_ms[at],
        detail=detail,
        measured=measured,
        limit=limit,
        cost=0.02 + 2.0 * share,
    )
