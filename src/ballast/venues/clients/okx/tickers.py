"""Tickers: the last 24 hours of OKX's instruments.

`volCcy24h` counts quote coins on spot and base coins on swaps. A swap states no worth of what was
traded, so its coins are counted at the last price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.clients.account import DayTicker
from ballast.venues.clients.market import number
from ballast.venues.clients.okx import words
from ballast.venues.clients.okx.questions import legible, read

if TYPE_CHECKING:
    from decimal import Decimal

    from ballast.venues.clients.market import Market
    from ballast.venues.clients.okx.questions import Questions


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


async def last_prices(asks: Questions, quote: str) -> dict[str, Decimal]:
    """Return the last spot price in a quote asset of each asset that has a market in it."""
    rows = await asks.rows(read("publicGetMarketTickers", 20, instType=words.SPOT))
    end = f"-{quote}"
    with legible():
        return {
            name.removesuffix(end): number(row.get("last"))
            for row in rows
            if (name := str(row["instId"])).endswith(end)
        }
