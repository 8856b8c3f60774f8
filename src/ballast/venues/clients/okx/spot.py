"""Spot: the desk of OKX's spot markets (`OKX`)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.venues.clients.account import free_of
from ballast.venues.clients.market import number
from ballast.venues.clients.okx import account, words
from ballast.venues.clients.okx.access import TEST_HOSTS
from ballast.venues.clients.okx.desk import OkxDesk
from ballast.venues.clients.okx.questions import legible, read
from ballast.venues.clients.spot import SpotOnly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.clients.account import VenuePosition


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
        tickers = await self._asks.rows(read("publicGetMarketTickers", 20, instType=self.inst_type))
        with legible():
            last = {str(one["instId"]): number(one.get("last")) for one in tickers}
            return sum(
                (
                    one.total * (1 if one.asset == quote else last.get(f"{one.asset}-{quote}", 0))
                    for one in held
                ),
                Decimal(0),
            )


class OkxSpotTest(OkxSpot):
    """The desk of spot in demo trading."""

    stream_host = TEST_HOSTS[1]
