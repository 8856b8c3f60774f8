"""Questions: all that is asked of Bybit that is not about one order. They raise `CallError`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ballast.core.orders import MarginMode, PositionMode
from ballast.core.reports import Source
from ballast.core.time import DAY_MS
from ballast.venues.clients.account import CandleRow, SymbolSetting, TopOfBook
from ballast.venues.clients.bybit import account, requests, rows, words
from ballast.venues.clients.bybit.rules import markets_of
from ballast.venues.clients.calls import Call, CallError, Pool, Urgency, Verdict
from ballast.venues.clients.market import number
from ballast.venues.clients.reading import reads_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from decimal import Decimal

    from ballast.core.orders import Fill
    from ballast.core.reports import OrderReport
    from ballast.core.time import Timeframe
    from ballast.venues.clients.account import Balance, Grants, VenuePosition, VenueStatus
    from ballast.venues.clients.bybit.words import Category
    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.desk import Paid
    from ballast.venues.clients.market import Market

PAGES_MAX = 200
"""Of one question: ten thousand orders, or twenty thousand trades."""
SETTLED_IN = frozenset({"USDT", "USDC"})
"""Coins of all linear perpetuals."""
MODE_COST = 2.0
"""Five changes of the margin mode a second, where other changes may be ten."""
UNLISTED = "unlisted"
INSTRUMENTS_PAGE = 1_000
POSITIONS_PAGE = 200
CANDLES_PAGE = 1_000
DEPTH_MOST = {"spot": 200, "linear": 500}
SPAN_MS = 7 * DAY_MS - 1
"""A question about trades or the transaction log may span seven days."""
HISTORY_MS = 2 * 365 * DAY_MS
"""The venue keeps executions and the transaction log for two years."""
INTERVALS = {
    60_000 * minutes: str(minutes) for minutes in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)
} | {DAY_MS: "D", 7 * DAY_MS: "W"}
"""`interval` of candles by their length in milliseconds."""
DONE = frozenset({"110025", "110026", "110043", "34036"})
"""What a setting is answered with that is set already."""


class Questions:
    """What both desks can be asked; `markets` is filled by `load`."""

    category: Category

    def __init__(self, asker: Asker, now_ns: Callable[[], int]) -> None:
        """Ask through `asker`; `now_ns` is the machine's clock."""
        self.venue = self.category.venue
        self.markets: Mapping[str, Market] = {}
        self.margin_mode = MarginMode.CROSS
        """Of the account, as it was last told."""
        self._asker = asker
        self._now_ns = now_ns

    async def ask(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        """Return the `result` of an answer; one without is a doubt like any other."""
        answer = await self._asker.ask(call)
        result = answer.get("result") if isinstance(answer, dict) else None
        if not isinstance(result, dict):
            raise CallError(Verdict.UNCLEAR, "an answer without a result")
        return result

    async def _pages(self, page: Callable[..., Call]) -> list[Any]:
        """Return the rows of all pages; `page` takes the `cursor` of one."""
        found: list[Any] = []
        cursor = ""
        for _ in range(PAGES_MAX):
            result = await self.ask(page(cursor=cursor))
            found += rows_of(result)
            cursor, before = str(result.get("nextPageCursor") or ""), cursor
            if not cursor or cursor == before:
                return found
        raise CallError(Verdict.UNCLEAR, f"more than {PAGES_MAX} pages")

    def market_of(self, symbol: str) -> Market:
        """Return a market; raise `CallError` for one that the venue has not."""
        market = self.markets.get(symbol)
        if market is None:
            raise CallError(Verdict.REFUSED, f"{self.venue} lists no {symbol}")
        return market

    def _get(
        self,
        method: str,
        urgency: Urgency,
        *,
        cursor: str = "",
        **params: Any,  # noqa: ANN401 - JSON
    ) -> Call:
        more = {"cursor": cursor} if cursor else {}
        given = {"category": self.category.name, **params, **more}
        return Call(method, given, urgency, cost=words.QUESTION)

    # What the venue is ----------------------------------------------------------------------

    @reads_answers
    async def load(self) -> None:
        """Ask for the trading rules of all symbols.

        What trades no more is not listed: a market that was known stays, and does not trade.
        """
        method = "publicGetV5MarketInstrumentsInfo"
        page = partial(self._get, method, Urgency.ROUTINE, limit=INSTRUMENTS_PAGE)
        listed = markets_of(await self._pages(page), self.category)
        gone = {
            symbol: replace(market, is_trading=False, status=UNLISTED)
            for symbol, market in self.markets.items()
            if symbol not in listed
        }
        self.markets = listed | gone

    @reads_answers
    async def server_ms(self) -> int:
        """Return the venue's time."""
        result = await self.ask(Call("publicGetV5MarketTime", cost=words.QUESTION))
        return int(result["timeNano"]) // words.NS_MS

    @reads_answers
    async def status(self) -> VenueStatus:
        """Return whether this market is open."""
        result = await self.ask(Call("publicGetV5SystemStatus", cost=words.QUESTION))
        return account.status_of(rows_of(result), self.category, self._asker.now_ms())

    @reads_answers
    async def grants(self) -> Grants:
        """Return what the key may do; the position mode is that of what is held."""
        key = await self.ask(Call("privateGetV5UserQueryApi", {}, Urgency.ASK))
        mode = PositionMode.ONE_WAY
        if not self.category.is_spot:
            mode = account.mode_of(await self._position_rows(SETTLED_IN))
        return account.grants_of(key, self.category, mode)

    @reads_answers
    async def fees(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return the account's maker and taker fee."""
        market = self.market_of(symbol)
        params = {"category": self.category.name, "symbol": market.name}
        call = Call("privateGetV5AccountFeeRate", params)
        found = [row for row in rows_of(await self.ask(call)) if row["symbol"] == market.name]
        if not found:
            raise CallError(Verdict.UNCLEAR, f"no fees of {symbol}")
        return number(found[0]["makerFeeRate"]), number(found[0]["takerFeeRate"])

    # What is there --------------------------------------------------------------------------

    @reads_answers
    async def open_orders(self, symbols: Sequence[str]) -> tuple[OrderReport, ...]:
        """Return all open orders of these symbols; those that wait for a price are among them."""
        wanted = {market.name: market for market in map(self.market_of, symbols)}
        quotes = {market.quote for market in wanted.values()}
        found = []
        for settle in [""] if self.category.is_spot else sorted(quotes):
            found += await self._pages(
                partial(requests.open_orders, self.category, Urgency.ASK, settle=settle)
            )
        told = (
            rows.ours_or_none(partial(rows.order_of, row, wanted[row["symbol"]], Source.QUERY), row)
            for row in found
            if row["symbol"] in wanted
        )
        return tuple(one for one in told if one is not None)

    @reads_answers
    async def trades(self, symbol: str, since_ms: int | None = None) -> list[Fill]:
        """Return own trades, oldest first; without `since_ms` the newest page."""
        market = self.market_of(symbol)
        if since_ms is None:
            page = await self.ask(requests.executions(market, self.category, Urgency.ASK))
            found = rows_of(page)
        else:
            found = await self._executions(market, since_ms)
        fills = [
            rows.ours_or_none(partial(rows.fill_of, row, market, self.category), row)
            for row in reversed(found)
        ]
        return sorted((one for one in fills if one is not None), key=lambda one: one.at_ns)

    @reads_answers
    async def funding(self, symbol: str, since_ms: int) -> list[Paid]:
        """Return funding payments, oldest first; [] on spot."""
        if self.category.is_spot:
            return []
        market = self.market_of(symbol)
        found = await self._executions(market, since_ms, kind="Funding")
        paid = [rows.paid_of(row, market) for row in reversed(found)]
        return sorted((one for one in paid if one is not None), key=lambda one: one.at_ns)

    async def _executions(self, market: Market, since_ms: int, kind: str = "") -> list[Any]:
        """Return executions since a time, newest first."""
        page = partial(requests.executions, market, self.category, Urgency.ASK, kind=kind)
        return await self._weekly(page, since_ms)

    async def _weekly(self, page: Callable[..., Call], since_ms: int) -> list[Any]:
        """Return rows since a time, newest first: all pages, week by week (`span_ms`)."""
        now_ms = self._asker.now_ms()
        from_ms = max(since_ms, now_ms - HISTORY_MS)
        found: list[Any] = []
        while from_ms <= now_ms:
            # What comes while pages are read belongs to the last span.
            to_ms = from_ms + SPAN_MS
            found = await self._pages(partial(page, span_ms=(from_ms, to_ms))) + found
            from_ms = to_ms + 1
        return found

    @reads_answers
    async def positions(self, symbols: Sequence[str]) -> list[VenuePosition]:
        """Return what is held of each of these symbols, flat ones with 0 lots."""
        markets = {market.name: market for market in map(self.market_of, symbols)}
        if self.category.is_spot:
            return account.coins_held(await self._wallet(), markets.values())
        mode = await self._margin_mode()
        found: dict[str, list[VenuePosition]] = {one.symbol: [] for one in markets.values()}
        for row in await self._position_rows({one.quote for one in markets.values()}):
            market = markets.get(row["symbol"])
            if market is not None and number(row["size"]):
                found[market.symbol].append(account.position_of(row, market, mode))
        return [
            held
            for symbol, known in found.items()
            for held in known or [account.flat(symbol, mode)]
        ]

    async def _position_rows(self, coins: Iterable[str]) -> list[Any]:
        """Return the open positions that are settled in these coins."""
        method, found = "privateGetV5PositionList", []
        for coin in sorted(coins):
            page = partial(self._get, method, Urgency.ASK, settleCoin=coin, limit=POSITIONS_PAGE)
            found += await self._pages(page)
        return found

    @reads_answers
    async def position_row(self, market: Market) -> dict[str, Any]:
        """Return the one position of a symbol, open or flat, as the venue prints it."""
        call = self._get("privateGetV5PositionList", Urgency.ASK, symbol=market.name)
        found: list[dict[str, Any]] = rows_of(await self.ask(call))
        shown = [row for row in found if row["symbol"] == market.name]
        if len(shown) != 1 or int(shown[0]["positionIdx"]):
            raise CallError(Verdict.UNCLEAR, f"{len(shown)} positions of {market.symbol}, not one")
        return shown[0]

    @reads_answers
    async def balances(self) -> list[Balance]:
        """Return all coins of the wallet that are not zero."""
        return account.balances_of(await self._wallet())

    @reads_answers
    async def free(self, quote: str) -> Decimal:
        """Return what a new order may use of a quote coin: free coins, or available margin."""
        return account.free_of(await self._wallet(), quote, is_spot=self.category.is_spot)

    @reads_answers
    async def equity(self, quote: str) -> Decimal:
        """Return what the whole account is worth, coins and open profit, in a quote coin."""
        wallet = await self._wallet()
        worth = account.worth_of(wallet, quote)
        if worth is not None:
            return worth
        price = await self._last_price("spot", f"{quote}USDT", Urgency.ASK)
        if price <= 0:
            raise CallError(Verdict.UNCLEAR, f"{quote} has no price in dollars")
        return number(wallet["totalEquity"]) / price

    async def _last_price(self, category: str, name: str, urgency: Urgency) -> Decimal:
        params = {"category": category, "symbol": name}
        call = Call("publicGetV5MarketTickers", params, urgency, cost=words.QUESTION)
        return number(rows_of(await self.ask(call))[0]["lastPrice"])

    async def last_ticks(self, market: Market, urgency: Urgency) -> int:
        """Return the price of the last trade."""
        return market.nearest_ticks(
            await self._last_price(self.category.name, market.name, urgency)
        )

    async def _wallet(self) -> dict[str, Any]:
        params = {"accountType": "UNIFIED"}
        call = Call("privateGetV5AccountWalletBalance", params, Urgency.ASK, cost=words.QUESTION)
        found = rows_of(await self.ask(call))
        if len(found) != 1:
            raise CallError(Verdict.UNCLEAR, f"{len(found)} wallets, not one")
        wallet: dict[str, Any] = found[0]
        return wallet

    # Setting up -----------------------------------------------------------------------------

    @reads_answers
    async def setting(self, symbol: str) -> SymbolSetting | None:
        """Return leverage and margin mode of a perpetual; None on spot."""
        if self.category.is_spot:
            return None
        row = await self.position_row(self.market_of(symbol))
        return SymbolSetting(symbol, number(row["leverage"]), await self._margin_mode())

    @reads_answers
    async def set_up(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> None:
        """Set one-way mode, margin mode (of the whole account) and leverage; spot has none."""
        if self.category.is_spot:
            if leverage != 1:
                raise CallError(Verdict.REFUSED, f"{self.venue} is traded without leverage")
            return
        name = self.market_of(symbol).name
        await self._set("privatePostV5PositionSwitchMode", symbol=name, mode=words.ONE_WAY)
        if await self._margin_mode() is not margin_mode:
            word = words.MARGIN_MODES[margin_mode]
            call = Call(
                "privatePostV5AccountSetMarginMode",
                {"setMarginMode": word},
                Urgency.TRADE,
                Pool.ORDERS,
                cost=MODE_COST,
                changes=True,
            )
            await self.ask(call)
        text = account.leverage_text(leverage)
        await self._set(
            "privatePostV5PositionSetLeverage", symbol=name, buyLeverage=text, sellLeverage=text
        )

    async def _set(self, method: str, **params: Any) -> None:  # noqa: ANN401 - JSON
        """Set something; that it is set already is no error."""
        given = {"category": self.category.name, **params}
        try:
            await self.ask(Call(method, given, Urgency.TRADE, Pool.ORDERS, changes=True))
        except CallError as error:
            if error.code not in DONE:
                raise

    async def _margin_mode(self) -> MarginMode:
        call = Call("privateGetV5AccountInfo", {}, Urgency.ASK, cost=words.QUESTION)
        result = await self.ask(call)
        self.margin_mode = words.MARGIN_MODES_BACK[result["marginMode"]]
        return self.margin_mode

    # Market data ----------------------------------------------------------------------------

    @reads_answers
    async def candles(
        self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int
    ) -> list[CandleRow]:
        """Return closed and growing bars from a time on, oldest first."""
        market, interval = self.market_of(symbol), INTERVALS.get(timeframe.ms)
        if interval is None:
            raise CallError(Verdict.REFUSED, f"{self.venue} has no candles of {timeframe}")
        found: list[CandleRow] = []
        while len(found) < limit:
            count = min(limit - len(found), CANDLES_PAGE)
            call = self._get(
                "publicGetV5MarketKline", Urgency.ROUTINE, symbol=market.name, interval=interval,
                start=since_ms, end=since_ms + count * timeframe.ms - 1, limit=count,
            )  # fmt: skip
            page = [_candle(row) for row in reversed(rows_of(await self.ask(call)))]
            found += page
            since_ms += count * timeframe.ms
            if since_ms > self._asker.now_ms():
                break
        return found

    @reads_answers
    async def top(self, symbol: str, depth: int) -> TopOfBook:
        """Return the best levels of the book."""
        market = self.market_of(symbol)
        limit = max(1, min(depth, DEPTH_MOST[self.category.name]))
        call = self._get(
            "publicGetV5MarketOrderbook", Urgency.ROUTINE, symbol=market.name, limit=limit
        )
        book = await self.ask(call)
        bids, asks = (
            tuple((market.ticks_of(price), market.lots_of(qty)) for price, qty in book[side])
            for side in ("b", "a")
        )
        return TopOfBook(symbol, bids, asks, int(book["ts"]) * words.NS_MS)


def rows_of(result: dict[str, Any]) -> list[Any]:
    """Return the rows of a result; raise `CallError` where there is no list."""
    found = result.get("list")
    if not isinstance(found, list):
        raise CallError(Verdict.UNCLEAR, "an answer without a list")
    return found


def _candle(row: Sequence[str]) -> CandleRow:
    open_, high, low, close, volume = (number(text) for text in row[1:6])
    return CandleRow(int(row[0]), open_, high, low, close, volume)
