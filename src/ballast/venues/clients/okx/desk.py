"""Desk: what the spot and the swap desk of OKX share; `spot.py` and `swap.py` add the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import MarginMode
from ballast.venues.clients.account import TopOfBook
from ballast.venues.clients.calls import Urgency
from ballast.venues.clients.okx import account, words
from ballast.venues.clients.okx.access import HOSTS
from ballast.venues.clients.okx.candles import candles_of
from ballast.venues.clients.okx.fills import Fills
from ballast.venues.clients.okx.known import Kinds
from ballast.venues.clients.okx.looks import Looks
from ballast.venues.clients.okx.orders import Orders
from ballast.venues.clients.okx.private import Business, Private
from ballast.venues.clients.okx.public import Bars, Books, Quotes
from ballast.venues.clients.okx.questions import Questions, chosen, legible, read
from ballast.venues.clients.okx.rows import MS_NS, ns_of, text
from ballast.venues.clients.okx.tickers import ticker_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from ballast.core.orders import AmendRequest, Fill, OrderRequest
    from ballast.core.reports import Look, OrderReport, Report
    from ballast.core.time import Timeframe
    from ballast.venues.clients.account import Balance, CandleRow, DayTicker, Grants, VenueStatus
    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.desk import Conversation
    from ballast.venues.clients.market import Market


class OkxDesk:
    """What both markets share. The account's level decides the `tdMode` of spot."""

    venue = "OKX"
    inst_type = words.SPOT
    stream_host = HOSTS[1]

    def __init__(self, asker: Asker, now_ns: Callable[[], int]) -> None:
        """Ask through `asker`; `now_ns` stamps reports."""
        self._asker = asker
        self._asks = Questions(asker, now_ns, self.inst_type)
        kinds = Kinds()
        self._fills = Fills(self._asks)
        self._looks = Looks(self._asks, self._fills, kinds)
        self._orders = Orders(self._asks, self._looks, kinds, self._mode)
        self._level = ""
        self._modes: dict[str, MarginMode] = {}

    @property
    def markets(self) -> Mapping[str, Market]:
        """Return the markets by our symbols; filled by `load`."""
        return self._asks.markets

    @markets.setter
    def markets(self, markets: Mapping[str, Market]) -> None:
        self._asks.markets = dict(markets)

    # What the venue is ----------------------------------------------------------------------

    async def load(self) -> None:
        """Ask for the trading rules, and with a key for the level of the account."""
        await self._asks.load()
        if self._asker.key and not self._level:
            self._level = text(await self._config(), "acctLv")

    async def server_ms(self) -> int:
        """Return the venue's time."""
        row = await self._asks.row(read("publicGetPublicTime", 10))
        with legible():
            return ns_of(row, "ts") // MS_NS

    async def status(self) -> VenueStatus:
        """Return whether the venue is open; without a state it tells what is planned too."""
        rows = await self._asks.rows(read("publicGetSystemStatus", 0.4))
        with legible():
            return account.status_of(rows)

    async def grants(self) -> Grants:
        """Return what the key may do and how the account is set."""
        row = await self._config()
        self._level = text(row, "acctLv")
        return account.grants_of(row)

    async def fees(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return the account's maker and taker fee as fractions of notional."""
        market = self._asks.market(symbol)
        which = {"instId": market.name}
        if market.is_perpetual:
            which = {"instFamily": market.name.removesuffix(f"-{words.SWAP}")}
        call = read("privateGetAccountTradeFee", 5, instType=self.inst_type, **which)
        row = await self._asks.row(call)
        with legible():
            return account.fees_of(row, self._asks.groups.get(symbol, ""))

    async def _config(self) -> dict[str, Any]:
        return await self._asks.row(read("privateGetAccountConfig", 5))

    def _mode(self, market: Market) -> str:
        """Return OKX's `tdMode` of orders."""
        if market.is_perpetual:
            return words.MARGIN_MODES[self._modes.get(market.symbol, MarginMode.CROSS)]
        return "cross" if self._level in words.BORROWING_LEVELS else words.CASH

    # Orders: never raise for what the venue says --------------------------------------------

    async def submit(self, request: OrderRequest, urgency: Urgency) -> Sequence[Report]:
        """Send an order."""
        return await self._orders.submit(request, urgency)

    async def cancel(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[Report]:
        """Cancel an order, and tell what became of it."""
        return await self._orders.cancel(symbol, client_id, urgency)

    async def amend(self, request: AmendRequest, urgency: Urgency) -> Sequence[Report]:
        """Change a resting order in place, and tell how it stands."""
        return await self._orders.amend(request, urgency)

    async def replace(
        self, client_id: str, request: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Refuse: OKX amends, and has no request that cancels and places."""
        del client_id, urgency
        return self._orders.replaced(request)

    async def look(self, symbol: str, client_id: str, look: Look) -> Sequence[Report]:
        """Look for an order in one place; not there: `Miss`. A failed question: nothing."""
        return await self._looks.look(symbol, client_id, look)

    # Questions: raise `CallError` -----------------------------------------------------------

    async def open_orders(self, symbols: Sequence[str]) -> tuple[OrderReport, ...]:
        """Return all open orders of these symbols, conditional and foreign ones too."""
        with legible():
            return await self._looks.resting(symbols)

    async def trades(self, symbol: str, since_ms: int | None = None) -> list[Fill]:
        """Return own trades, oldest first, all pages since then; None: the newest page."""
        with legible():
            return await self._fills.trades(self._asks.market(symbol), since_ms)

    async def balances(self) -> list[Balance]:
        """Return all assets that are not zero."""
        with legible():
            return account.balances_of([await self._wallet()])

    async def _wallet(self) -> dict[str, Any]:
        return await self._asks.row(read("privateGetAccountBalance", 10, Urgency.ASK))

    # Market data ----------------------------------------------------------------------------

    async def candles(
        self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int
    ) -> list[CandleRow]:
        """Return closed and growing bars from a time on, oldest first."""
        market = self._asks.market(symbol)
        with legible():
            return await candles_of(self._asks, market, timeframe, since_ms, limit)

    async def top(self, symbol: str, depth: int) -> TopOfBook:
        """Return the best levels of the book."""
        market = self._asks.market(symbol)
        call = read("publicGetMarketBooks", 40, instId=market.name, sz=str(depth))
        row = await self._asks.row(call)
        with legible():
            bids, asks = (
                tuple((market.ticks_of(one[0]), market.lots_of(one[1])) for one in row[side])
                for side in ("bids", "asks")
            )
            return TopOfBook(symbol, bids, asks, ns_of(row, "ts"))

    async def tickers(self) -> list[DayTicker]:
        """Return the last 24 hours of all instruments."""
        call = read("publicGetMarketTickers", 20, instType=self.inst_type)
        rows = await self._asks.rows(call)
        names = {one.name: one for one in self.markets.values()}
        with legible():
            return [ticker_of(row, market) for row, market in chosen(names, rows)]

    # Sockets --------------------------------------------------------------------------------

    def private(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return the conversations of orders, algo orders, balances and positions."""
        markets = [self._asks.market(one) for one in symbols]
        return [
            Private(self._asker, self.inst_type, markets, self.stream_host),
            Business(self._asker, self.inst_type, markets, self.stream_host),
        ]

    def public(self, symbols: Sequence[str], timeframe: Timeframe) -> Sequence[Conversation]:
        """Return the conversations of best prices and trades, and of candles."""
        markets = [self._asks.market(one) for one in symbols]
        host = self.stream_host
        return [Quotes(self.venue, markets, host), Bars(self.venue, markets, timeframe, host)]

    def depth(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return the conversation of order books."""
        markets = [self._asks.market(one) for one in symbols]
        return [Books(self.venue, markets, self.stream_host)]
