"""Tickers: the last 24 hours of OKX's instruments.

`volCcy24h` counts quote coins on spot and base coins on swaps. A swap states no worth of what was
traded, so its coins are counted at the last price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.clients.account import DayTicker
from ballast.venues.clients.market import number

if TYPE_CHECKING:
    from ballast.venues.clients.market import Market


def ticker_of(row: dict[str, Any], market: Market) -> DayTicker:
    """Return one row of `market/tickers`."""
    last, volume = number(row["last"]), number(row["volCcy24h"])
    return DayTicker(
        market.symbol,
        last,
        volume * last if market.is_perpetual else volume,
        number(row.get("bidPx")),
        number(row.get("askPx")),
    )
