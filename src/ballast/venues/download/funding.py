"""Funding rates of a perpetual, complete, whatever the venue's paging.

Settlements come every 1, 2, 4 or 8 hours and the interval of a symbol changes over time. A window
whose answer is shorter than the limit is complete; a full answer may have been cut, on whichever
side the venue cuts, so the window is halved and asked again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import DataError
from ballast.core.instrument import Kind
from ballast.core.records import FUNDING
from ballast.core.time import DAY_MS, HOUR_MS, MINUTE_MS
from ballast.venues.download.series import GENESIS_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from ballast.core.ports import FundingSink
    from ballast.venues.download.client import Listing, VenueClient

LIMIT = 100
"""Rows a request that every venue grants (OKX 100, Bybit 200, Binance 1,000)."""
USUAL_INTERVAL_MS = 8 * HOUR_MS
SHORTEST_WINDOW_MS = HOUR_MS
"""No venue settles more than `LIMIT` times an hour: a full answer below that is a broken venue."""
JITTER_MS = 1_000
"""A stamp this near to a full minute means that minute."""
WHERE_END_GOES = {"okx": "after"}
"""ccxt's `until` reaches every venue but these, where the end has another name."""


@dataclass(frozen=True, slots=True)
class FundingReport:
    """What a funding download did."""

    venue: str
    symbol: str
    stored: int
    last_ms: int | None


async def download_funding(
    client: VenueClient,
    listing: Listing,
    sink: FundingSink,
    *,
    from_ms: int | None,
    to_ms: int,
) -> FundingReport:
    """Store the settlements in `[from_ms, to_ms)` that the sink lacks.

    Without `from_ms` a stored series is continued. Raise `DataError` if the venue publishes none.
    """
    if client.venue.kind is Kind.SPOT or not client.exchange.has.get("fetchFundingRateHistory"):
        raise DataError(f"{client.venue.name} publishes no funding history")
    held = sink.read(client.venue.name, listing.symbol)
    start = from_ms
    if start is None and len(held):
        start = int(held["at_ms"][-1]) + 1
    start = max(start if start is not None else GENESIS_MS, listing.listed_ms or GENESIS_MS)
    rows: dict[int, tuple[int, float, float]] = {}
    width = (LIMIT - 1) * USUAL_INTERVAL_MS
    stored = 0
    try:
        while start < to_ms:
            stop = min(start + width, to_ms)
            answer = await _window(client, listing, start, stop)
            if len(answer) >= LIMIT:
                width //= 2
                if width < SHORTEST_WINDOW_MS:
                    raise DataError("funding answers never end", where=client.venue.name)
                continue
            rows.update(answer)
            if not rows and not len(held):
                # Before the first settlement there is nothing to page through: go in large steps.
                width = max(width, 100 * DAY_MS)
            start = stop
    finally:
        stored = _write(sink, client.venue.name, listing.symbol, rows, held)
    last = sink.read(client.venue.name, listing.symbol)
    return FundingReport(
        client.venue.name, listing.symbol, stored, int(last["at_ms"][-1]) if len(last) else None
    )


async def _window(
    client: VenueClient, listing: Listing, from_ms: int, to_ms: int
) -> dict[int, tuple[int, float, float]]:
    name = WHERE_END_GOES.get(client.venue.ccxt_id, "until")
    params = {name: to_ms if name == "after" else to_ms - 1}
    answer = await client.ask(
        lambda: client.exchange.fetch_funding_rate_history(
            listing.ccxt_symbol, from_ms, LIMIT, params
        )
    )
    inside = [row for row in answer if from_ms <= (row.get("timestamp") or 0) < to_ms]
    return {row[0]: row for row in _rows(inside)}


def _rows(answer: Iterable[Mapping[str, Any]]) -> Iterable[tuple[int, float, float]]:
    """Read settlement time, rate and, where the venue states it, the mark price (NaN otherwise).

    Venues stamp a settlement some milliseconds after the full minute it belongs to (29 ms seen);
    left like that it would miss the mark candle and fall behind the bar that opens with it.
    """
    for row in answer:
        rate, mark = row.get("fundingRate"), (row.get("info") or {}).get("markPrice")
        if rate is None or not math.isfinite(float(rate)):
            raise DataError(f"a funding row without a rate: {dict(row)!r:.120}")
        at_ms = int(row["timestamp"])
        minute_ms = round(at_ms / MINUTE_MS) * MINUTE_MS
        settled_ms = minute_ms if abs(at_ms - minute_ms) <= JITTER_MS else at_ms
        yield settled_ms, float(rate), float(mark) if mark else math.nan


def _write(
    sink: FundingSink,
    venue: str,
    symbol: str,
    rows: Mapping[int, tuple[int, float, float]],
    held: NDArray[np.void],
) -> int:
    known = set(held["at_ms"].tolist()) if len(held) else set()
    fresh = [rows[at_ms] for at_ms in sorted(rows) if at_ms not in known]
    if fresh:
        sink.write(venue, symbol, np.array(fresh, FUNDING))
    return len(fresh)
