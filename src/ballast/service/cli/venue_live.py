"""A real exchange's public book as the market of `venue serve --market live:binance:BTCUSDT`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import aiohttp

from ballast.core.errors import UserError, suggest
from ballast.core.marketdata import Grid
from ballast.service.cli.stores import instrument_book
from ballast.venues.simulated.server.live import TAPS, LiveFeed

if TYPE_CHECKING:
    from decimal import Decimal


def feed_of(
    exchange: str,
    base: str,
    quote: str,
    *,
    tick: Decimal | None,
    lot: Decimal | None,
) -> tuple[LiveFeed, Grid, Decimal]:
    """Return what listens to a pair, the steps of it, and its price now.

    Raise `UserError` for an exchange nobody knows how to listen to, steps that are not known, or a
    book that does not come.
    """
    tap = TAPS.get(exchange)
    if tap is None:
        raise UserError(
            f"no live market of '{exchange}'",
            where="--market",
            expected=f"one of {', '.join(TAPS)}",
            fix=suggest(exchange, TAPS),
        )
    symbol = tap.symbol(base, quote)
    book = instrument_book()
    if book.has(tap.venue, f"{base}{quote}"):
        known = book.get(tap.venue, f"{base}{quote}")
        tick, lot = tick or known.tick, lot or known.lot
    if tick is None or lot is None:
        raise UserError(
            f"the steps of {symbol} on {tap.venue} are not known",
            where="--market",
            fix="say them with --tick and --lot",
        )
    grid = Grid(tick, lot)
    feed = LiveFeed(tap, symbol, grid, session=lambda: session())  # noqa: PLW0108 - looked up late
    ticks = asyncio.run(feed.first_price_ticks(time.time_ns))
    return feed, grid, grid.price_of(ticks)


def session() -> aiohttp.ClientSession:
    """Return what reaches the exchange; inside a running event loop."""
    return aiohttp.ClientSession()
