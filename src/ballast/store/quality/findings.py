"""Findings: what a check has to say about a series, and the advice that goes with each kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS_SHOWN = 20  # positions kept per finding: enough to look at, small enough for a certificate
SEVERE_COST = 0.25
"""A severe finding costs at least this much, so it fails the default threshold of 0.8 alone."""


class Severity(StrEnum):
    """Info: true of real markets. Warning: use with care. Severe: not what it claims to be."""

    INFO = "info"
    WARNING = "warning"
    SEVERE = "severe"


class Group(StrEnum):
    """Parts of the score; the findings of one group together cost at most its cap."""

    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    EXTREMES = "extremes"
    IDENTITY = "identity"
    LIQUIDITY = "liquidity"
    AGREEMENT = "agreement"
    SPREAD = "spread"
    FRESHNESS = "freshness"


CAPS = {
    Group.COMPLETENESS: 0.6,
    Group.VALIDITY: 0.6,
    Group.EXTREMES: 0.3,
    Group.IDENTITY: 1.0,
    Group.LIQUIDITY: 0.5,
    Group.AGREEMENT: 0.5,
    Group.SPREAD: 0.3,
    Group.FRESHNESS: 0.3,
}
"""The most each group can take from the score of 1. No single group but identity ends a series."""


class Kind(StrEnum):
    """The name of a defect or of an oddity."""

    TIME_UNIT = "time_unit"
    OUT_OF_ORDER = "out_of_order"
    DUPLICATE_TIME = "duplicate_time"
    NOT_FINITE = "not_finite"
    BAD_PRICE = "bad_price"
    OHLC_INCONSISTENT = "ohlc_inconsistent"
    NEGATIVE_VOLUME = "negative_volume"
    OFF_GRID = "off_grid"
    SYNTHETIC_BARS = "synthetic_bars"
    NO_BARS = "no_bars"
    MIXED_TIMEFRAME = "mixed_timeframe"
    GAP = "gap"
    INCOMPLETE = "incomplete"
    PAGING_HOLE = "paging_hole"
    DOWNLOAD_HOLE = "download_hole"
    WINDOW_HOLE = "window_hole"
    SPARSE = "sparse"
    HALT = "halt"
    PARTIAL_BAR = "partial_bar"
    UNCLOSED_BAR = "unclosed_bar"
    STALE_SERIES = "stale_series"
    EXTREME_MOVE = "extreme_move"
    UNUSUAL_MOVE = "unusual_move"
    FLASH_WICK = "flash_wick"
    TEST_NETWORK = "test_network"
    NO_VOLUME = "no_volume"
    ZERO_VOLUME = "zero_volume"
    ILLIQUID = "illiquid"
    FROZEN_PRICE = "frozen_price"
    PRE_LISTING = "pre_listing"
    MARKET_SPLICE = "market_splice"
    TICK_CHANGE = "tick_change"
    OFF_TICK = "off_tick"
    COPIED_MARKET = "copied_market"
    REVISION = "revision"
    VENUE_DEVIATION = "venue_deviation"
    FAR_FROM_VENUES = "far_from_venues"
    WIDE_SPREAD = "wide_spread"
    CROSSED_QUOTES = "crossed_quotes"


_GROUPS = {
    Group.COMPLETENESS: (
        Kind.GAP,
        Kind.INCOMPLETE,
        Kind.DOWNLOAD_HOLE,
        Kind.WINDOW_HOLE,
        Kind.SPARSE,
        Kind.HALT,
        Kind.SYNTHETIC_BARS,
    ),
    Group.VALIDITY: (
        Kind.OUT_OF_ORDER,
        Kind.DUPLICATE_TIME,
        Kind.NOT_FINITE,
        Kind.BAD_PRICE,
        Kind.OHLC_INCONSISTENT,
        Kind.NEGATIVE_VOLUME,
        Kind.OFF_GRID,
        Kind.PARTIAL_BAR,
        Kind.UNCLOSED_BAR,
    ),
    Group.EXTREMES: (Kind.EXTREME_MOVE, Kind.UNUSUAL_MOVE, Kind.FLASH_WICK),
    Group.IDENTITY: (
        Kind.NO_BARS,
        Kind.TIME_UNIT,
        Kind.MIXED_TIMEFRAME,
        Kind.PAGING_HOLE,
        Kind.TEST_NETWORK,
        Kind.PRE_LISTING,
        Kind.MARKET_SPLICE,
        Kind.TICK_CHANGE,
        Kind.OFF_TICK,
        Kind.COPIED_MARKET,
        Kind.FAR_FROM_VENUES,
    ),
    Group.LIQUIDITY: (Kind.NO_VOLUME, Kind.ZERO_VOLUME, Kind.ILLIQUID, Kind.FROZEN_PRICE),
    Group.AGREEMENT: (Kind.REVISION, Kind.VENUE_DEVIATION),
    Group.SPREAD: (Kind.WIDE_SPREAD, Kind.CROSSED_QUOTES),
    Group.FRESHNESS: (Kind.STALE_SERIES,),
}
GROUP = {kind: group for group, kinds in _GROUPS.items() for kind in kinds}

ADVICE = {
    Kind.TIME_UNIT: "import again with the right time unit; storage wants milliseconds",
    Kind.OUT_OF_ORDER: "import again with `ballast data import`, which sorts",
    Kind.DUPLICATE_TIME: "import again; of bars with one open time the first is kept",
    Kind.NOT_FINITE: "quarantine these rows and download the range again",
    Kind.BAD_PRICE: "quarantine these rows and download the range again",
    Kind.OHLC_INCONSISTENT: "quarantine these rows and download the range again",
    Kind.NEGATIVE_VOLUME: "quarantine these rows and download the range again",
    Kind.OFF_GRID: "check the timeframe; bars open at whole multiples of it",
    Kind.SYNTHETIC_BARS: "nothing fills on them; repair from the venue where it has the bars",
    Kind.NO_BARS: "download or import the series again",
    Kind.MIXED_TIMEFRAME: "split the file by timeframe and import the parts",
    Kind.GAP: "download the missing ranges again; what stays missing needs a gap policy",
    Kind.INCOMPLETE: "download again, or restrict the run to a complete period",
    Kind.PAGING_HOLE: "download again with the venue's page size; the holes are the downloader's",
    Kind.DOWNLOAD_HOLE: "download the range again; the venue traded through it",
    Kind.WINDOW_HOLE: "treat the windows as separate series, or use gap policy `split`",
    Kind.SPARSE: "the venue omits bars without a trade: use gap policy `mark`, expect thin books",
    Kind.HALT: "the venue stood still: no order would have worked here; use gap policy `split`",
    Kind.PARTIAL_BAR: "drop the bar or download it again after its close",
    Kind.UNCLOSED_BAR: "drop it; a bar may be read only after its close",
    Kind.STALE_SERIES: "update the series before it decides anything",
    Kind.EXTREME_MOVE: "confirm with a second venue before a signal relies on it",
    Kind.UNUSUAL_MOVE: "compare with a second venue; real news looks like this too",
    Kind.FLASH_WICK: "confirm with a second venue before a stop or a trailing maximum uses it",
    Kind.TEST_NETWORK: "do not trade on it: download from the production venue",
    Kind.NO_VOLUME: "fine for mark and index prices; as a market it cannot be traded",
    Kind.ZERO_VOLUME: "nothing fills on these bars",
    Kind.ILLIQUID: "choose a market that trades, or cap participation hard",
    Kind.FROZEN_PRICE: "indicators stand still here; check the feed of that time",
    Kind.PRE_LISTING: "cut the bars before the first trade; nobody could trade there",
    Kind.MARKET_SPLICE: "cut at the splice and download the second part from the right market",
    Kind.TICK_CHANGE: "store the tick size with its date, so that fills use the one of the time",
    Kind.OFF_TICK: "check that the file belongs to this market, and the tick of that time",
    Kind.COPIED_MARKET: "the file holds another market's bars: download the right one",
    Kind.REVISION: "the venue corrected bars: keep the newer download, re-run what used the older",
    Kind.VENUE_DEVIATION: "look at these bars; one of the venues was alone with its price",
    Kind.FAR_FROM_VENUES: "check symbol, quote currency and units; this is another price",
    Kind.WIDE_SPREAD: "block entries while the spread is wide",
    Kind.CROSSED_QUOTES: "the quotes are stale or mixed up: drop these",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect. `rows` are the first positions in the series as given (not in any cleaned copy).

    `count` is the number of rows (or gaps, or holes) concerned, `measured` the number that was
    compared with `limit`, `cost` what the finding takes from the score before its group's cap.
    """

    kind: Kind
    severity: Severity
    count: int
    rows: tuple[int, ...]
    from_ms: int | None
    to_ms: int | None
    measured: float
    limit: float
    detail: str
    cost: float

    @property
    def advice(self) -> str:
        """Return what to do about it."""
        return ADVICE[self.kind]

    @property
    def group(self) -> Group:
        """Return the part of the score it belongs to."""
        return GROUP[self.kind]


def finding(
    kind: Kind,
    severity: Severity,
    *,
    rows: NDArray[np.int64],
    ts: NDArray[np.int64],
    detail: str,
    measured: float,
    limit: float,
    cost: float = 0.0,
    count: int | None = None,
) -> Finding:
    """Build a finding; `rows` are positions, `ts` the open times of the same rows.

    A severe finding costs at least `SEVERE_COST`: whatever is not what it claims to be fails.
    """
    least = SEVERE_COST if severity is Severity.SEVERE else 0.0
    return Finding(
        kind=kind,
        severity=severity,
        count=len(rows) if count is None else count,
        rows=tuple(int(row) for row in rows[:ROWS_SHOWN]),
        from_ms=int(np.min(ts)) if len(ts) else None,
        to_ms=int(np.max(ts)) if len(ts) else None,
        measured=float(measured),
        limit=float(limit),
        detail=detail,
        cost=max(float(cost), least),
    )
