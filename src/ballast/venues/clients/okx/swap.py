"""Swap: the desk of OKX's linear perpetual swaps (`OKXSWAP`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import MarginMode, RejectReason
from ballast.venues.clients.account import SymbolSetting, VenuePosition
from ballast.venues.clients.calls import Call, CallError, Pool, Urgency
from ballast.venues.clients.market import number, plain
from ballast.venues.clients.okx import account, words
from ballast.venues.clients.okx.access import TEST_HOSTS, cost_of
from ballast.venues.clients.okx.bills import bills_since, flows_since
from ballast.venues.clients.okx.desk import OkxDesk
from ballast.venues.clients.okx.questions import chosen, legible, read
from ballast.venues.clients.okx.rows import text
from ballast.venues.clients.okx.tickers import last_prices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from ballast.venues.clients.account import Flow
    from ballast.venues.clients.desk import Paid


class OkxSwap(OkxDesk):
    """One account at OKX swap. OKX wants the margin mode beside each order.

    It is what `set_up` was told, or that of the position; cross until either is known.
    """

    venue = "OKXSWAP"
    inst_type = words.SWAP

    async def positions(self, symbols: Sequence[str]) -> list[VenuePosition]:
        """Return what is held of these symbols, flat ones with 0 lots."""
        wanted = {self._asks.market(one).name: self._asks.market(one) for one in symbols}
        call = read("privateGetAccountPositions", 10, Urgency.ASK, instType=self.inst_type)
        rows = chosen(wanted, await self._asks.rows(call))
        with legible():
            found = [account.position_of(row, market) for row, market in rows]
        for one in found:
            if one.lots:
                self._modes[one.symbol] = one.margin_mode
        held = {one.symbol for one in found}
        return found + [VenuePosition(one, 0) for one in symbols if one not in held]

    async def free(self, quote: str) -> Decimal:
        """Return the margin that is available: of the quote asset, or of all that answer for it."""
        row = await self._wallet()
        with legible():
            return account.margin_of(row, quote, borrows=self._level in words.BORROWING_LEVELS)

    async def equity(self, quote: str) -> Decimal:
        """Return the equity in a quote asset: cash, open profit, isolated margin.

        Where all coins answer for a position (multi-currency and portfolio accounts), all of them
        count, at the venue's prices in dollars; else only the quote asset does.
        """
        row = await self._wallet()
        with legible():
            held = [one for one in row["details"] if text(one, "ccy") == quote]
            own = sum((number(one.get("eq")) for one in held), number("0"))
            if self._level not in words.BORROWING_LEVELS:
                return own
            dollars = sum((number(one.get("eqUsd")) for one in held), number("0"))
            price = dollars / own if own and dollars else number("1")
            return number(row.get("totalEq")) / price

    async def funding(self, symbol: str, since_ms: int) -> list[Paid]:
        """Return funding payments, oldest first."""
        market = self._asks.market(symbol)
        found = await bills_since(
            self._asks,
            since_ms,
            account.FUNDING,
            instType=self.inst_type,
            instId=market.name,
        )
        rows = chosen({market.name: market}, found)
        with legible():
            paid = [account.paid_of(row, symbol) for row, _ in rows]
        return sorted(paid, key=lambda one: one.at_ns)

    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        """Return transfers in and out, oldest first, counted as `equity` counts coins."""
        return await flows_since(self._asks, quote, since_ms, self._prices)

    async def _prices(self, quote: str) -> dict[str, Decimal]:
        """Return what one of each coin counts in a quote asset; {} where only that one counts.

        What is not held any more has no price in the wallet, and is counted at its last trade.
        """
        if self._level not in words.BORROWING_LEVELS:
            return {}
        row, last = await self._wallet(), await last_prices(self._asks, quote)
        with legible():
            dollars = account.dollars_of(row)
        unit = dollars.get(quote, number("1"))
        return last | {coin: price / unit for coin, price in dollars.items()}

    async def setting(self, symbol: str) -> SymbolSetting | None:
        """Return leverage and margin mode as orders of ours would use them."""
        market = self._asks.market(symbol)
        mode = self._modes.get(symbol, MarginMode.CROSS)
        call = read(
            "privateGetAccountLeverageInfo",
            20,
            instId=market.name,
            mgnMode=words.MARGIN_MODES[mode],
        )
        row = await self._asks.row(call)
        with legible():
            return SymbolSetting(symbol, number(row["lever"]), mode)

    async def set_up(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> None:
        """Set one-way mode and leverage; the margin mode goes with each order from now on."""
        market = self._asks.market(symbol)
        if text(await self._config(), "posMode") != words.NET_MODE:
            await self._set("privatePostAccountSetPositionMode", 5, posMode=words.NET_MODE)
        await self._set(
            "privatePostAccountSetLeverage",
            20,
            instId=market.name,
            lever=plain(leverage),
            mgnMode=words.MARGIN_MODES[margin_mode],
        )
        self._modes[symbol] = margin_mode

    async def _set(self, method: str, limit: float, **params: str) -> None:
        """Change a setting; one that is so already is no error."""
        call = Call(method, params, Urgency.ASK, Pool.DATA, cost_of(limit), changes=True)
        try:
            await self._asks.rows(call)
        except CallError as error:
            if error.reason is not RejectReason.NO_CHANGE:
                raise


class OkxSwapTest(OkxSwap):
    """The desk of swaps in demo trading."""

    stream_host = TEST_HOSTS[1]
