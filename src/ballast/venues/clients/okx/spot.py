"""Spot: the desk of OKX's spot markets (`OKX`)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.core.orders import RejectReason
from ballast.venues.clients.market import number
from ballast.venues.clients.okx import account, words
from ballast.venues.clients.okx.access import TEST_HOSTS
from ballast.venues.clients.okx.desk import OkxDesk
from ballast.venues.clients.okx.questions import legible, read
from ballast.venues.clients.okx.requests import refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.orders import MarginMode
    from ballast.venues.clients.account import SymbolSetting, VenuePosition
    from ballast.venues.clients.desk import Paid


class OkxSpot(OkxDesk):
    """One account at OKX spot."""

    venue = "OKX"
    inst_type = words.SPOT

    async def positions(self, symbols: Sequence[str]) -> list[VenuePosition]:
        """Return the coins of these symbols, in whole lots."""
        markets = [self._asks.market(one) for one in symbols]
        held = {one.asset: one for one in await self.balances()}
        return [account.coins_of(held, one) for one in markets]

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

    async def funding(self, symbol: str, since_ms: int) -> list[Paid]:
        """Return nothing: spot pays no funding."""
        del symbol, since_ms
        return []

    async def setting(self, symbol: str) -> SymbolSetting | None:
        """Return None: spot has no leverage."""
        del symbol
        return None

    async def set_up(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> None:
        """Raise `CallError` unless the leverage is 1: spot has no other."""
        del symbol, margin_mode
        if leverage != 1:
            raise refused("spot has no leverage", RejectReason.LEVERAGE)


class OkxSpotTest(OkxSpot):
    """The desk of spot in demo trading."""

    stream_host = TEST_HOSTS[1]
