"""Spot: the desk of OKX's spot markets (`OKX`)."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from ballast.venues.clients.account import free_of
from ballast.venues.clients.okx import account, words
from ballast.venues.clients.okx.access import TEST_HOSTS
from ballast.venues.clients.okx.bills import flows_since
from ballast.venues.clients.okx.desk import OkxDesk
from ballast.venues.clients.okx.tickers import last_prices
from ballast.venues.clients.spot import SpotOnly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.clients.account import Flow, VenuePosition


class OkxSpot(SpotOnly, OkxDesk):
    """One account at OKX spot."""

    venue = "OKX"
    inst_type = words.SPOT

    async def positions(self, symbols: Sequence[str]) -> list[VenuePosition]:
        """Return the coins of these symbols, in whole lots."""
        markets = [self._asks.market(one) for one in symbols]
        held = {one.asset: one for one in await self.balances()}
        return [account.coins_of(held, one) for one in markets]

    async def free(self, quote: str) -> Decimal:
        """Return the coins of a quote asset that no order holds."""
        return free_of(await self.balances(), quote)

    async def equity(self, quote: str) -> Decimal:
        """Return what all coins are worth in a quote asset, at their last trade in it.

        What has no market in that asset is left out.
        """
        held = await self.balances()
        last = await last_prices(self._asks, quote)
        return sum(
            (one.total * (1 if one.asset == quote else last.get(one.asset, 0)) for one in held),
            Decimal(0),
        )

    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        """Return transfers in and out, oldest first, counted as `equity` counts coins."""
        prices = partial(last_prices, self._asks)
        return await flows_since(self._asks, quote, since_ms, prices)


class OkxSpotTest(OkxSpot):
    """The desk of spot in demo trading."""

    stream_host = TEST_HOSTS[1]
