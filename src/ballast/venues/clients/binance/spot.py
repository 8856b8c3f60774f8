"""The desk of Binance spot.

A stop is STOP_LOSS where the symbol takes it, else STOP_LOSS_LIMIT; it moves by cancel-replace. All
orders, waiting ones too, are under one end point. Weights are those that Binance publishes.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import OrderKind, RejectReason
from ballast.core.reports import Action, Look, Miss, OrderReport, Source
from ballast.oms.protection.cover import Abilities
from ballast.venues.clients.account import Balance, Grants, VenuePosition, free_of
from ballast.venues.clients.binance import flows, spot_pairs, spot_words
from ballast.venues.clients.binance.base import BinanceDesk, WithoutWallet, is_lost
from ballast.venues.clients.binance.paging import PAGE, rows_since
from ballast.venues.clients.binance.rows import (
    UNREADABLE,
    SpotAccount,
    SpotFees,
    SpotOrder,
    SpotTrade,
    UnsayableError,
    of_ours,
    read,
)
from ballast.venues.clients.binance.rules import spot_markets
from ballast.venues.clients.binance.spot_stream import SpotTalk
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.market import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.orders import AmendRequest, Fill, MarginMode, OrderRequest
    from ballast.core.reports import Report
    from ballast.core.time import Timeframe
    from ballast.venues.clients.account import Flow, SymbolSetting
    from ballast.venues.clients.desk import Conversation, Paid
    from ballast.venues.clients.market import Market

KINDS = ("kline", "bookTicker", "trade")
ABILITIES = Abilities(reduces_only=False, replaces=True, stops_at_market=True)
DAY_MS = 86_400_000
ORDER_COST, OPEN_COST, OPEN_ALL_COST, ORDERS_COST, ACCOUNT_COST = 4.0, 6.0, 80.0, 20.0, 20.0
TRADES_COST, TRADES_OF_ORDER_COST, FEES_COST, RULES_COST, PRICES_COST = 20.0, 5.0, 20.0, 20.0, 4.0
ASK_ALL_FROM = int(OPEN_ALL_COST / OPEN_COST) + 1
"""Symbols from which on asking for all open orders at once is cheaper."""


def abilities_of(market: Market) -> Abilities:
    """Return how stops of a symbol move: at market where it takes STOP_LOSS."""
    return replace(
        ABILITIES,
        stops_at_market=OrderKind.STOP_MARKET in market.kinds,
        pairs=market.takes_pairs,
    )


class SpotDesk(BinanceDesk):
    """One account of Binance spot."""

    venue = "BINANCE"
    user_url = "wss://ws-api.binance.com:443/ws-api/v3"
    stream_url = "wss://stream.binance.com:9443/stream"
    methods = "public"
    candle_costs = ((PAGE, 2.0),)
    depth_costs = ((100, 5.0), (500, 25.0), (1_000, 50.0))
    prices = Call("publicGetTickerPrice", {}, Urgency.ASK, cost=PRICES_COST)
    day_cost = 80.0

    # What the venue is ----------------------------------------------------------------------

    async def load(self) -> None:
        """Ask for the trading rules of all symbols."""
        call = Call("publicGetExchangeInfo", cost=RULES_COST)
        self.markets = await self._ask(call, spot_markets)

    async def grants(self) -> Grants:
        """Return what the key may do; moving coins to other accounts counts as withdrawing."""
        key = await self._rights()
        account = await self._account()
        return Grants(
            can_read=key.enable_reading,
            can_trade=key.enable_spot_and_margin_trading and account.can_trade,
            can_withdraw=key.enable_withdrawals
            or key.enable_internal_transfer
            or key.permits_universal_transfer,
            is_ip_bound=key.ip_restrict,
            expires_ms=key.trading_authority_expiration_time,
            account_kind=account.account_type.lower() or "spot",
        )

    async def fees(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return maker and taker fee: standard, special and tax; without the discount of BNB."""
        params = {"symbol": self._market(symbol).name}
        call = Call("privateGetAccountCommission", params, Urgency.ASK, cost=FEES_COST)
        found = await self._ask(call, lambda answer: read(answer, SpotFees))
        parts = [found.standard_commission, found.special_commission, found.tax_commission]
        stated = [one for one in parts if one is not None]
        maker = sum((number(one.maker) for one in stated), Decimal(0))
        return maker, sum((number(one.taker) for one in stated), Decimal(0))

    # Orders ---------------------------------------------------------------------------------

    async def submit(self, request: OrderRequest, urgency: Urgency) -> Sequence[Report]:
        """Send an order; its answer tells the fills that it had at once."""
        return await self._do(
            Action.SUBMIT,
            request.symbol,
            request.client_id,
            lambda market: spot_words.place(market, request, urgency),
            lambda market, answer: self._placed(market, answer, request.client_id),
        )

    async def cancel(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[Report]:
        """Cancel an order; one that is not found is looked up."""
        told = await self._do(
            Action.CANCEL,
            symbol,
            client_id,
            lambda market: spot_words.cancel(market, client_id, urgency),
            lambda market, answer: [self._row(market, answer, Source.REPLY, client_id)],
        )
        return await self._looked_up(told, urgency)

    async def amend(self, request: AmendRequest, urgency: Urgency) -> Sequence[Report]:
        """Refuse: spot changes no order in place but for a smaller quantity."""
        del urgency
        ref, reason = request.ref, RejectReason.NOT_SUPPORTED
        return [self._no(Action.AMEND, ref.symbol, ref.client_id, reason, "no amend on spot")]

    async def replace(
        self, client_id: str, request: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Cancel an order and then send another in one request; both outcomes are told."""
        market, new_id = self.markets.get(request.symbol), request.client_id
        if market is None:
            return self._neither(request, client_id, RejectReason.UNKNOWN_SYMBOL, "not listed")
        try:
            call = spot_words.replaced(market, client_id, request, urgency)
        except UnsayableError as error:
            return self._neither(request, client_id, RejectReason.NOT_SUPPORTED, str(error))
        at_ns = self._now_ns()
        try:
            answer = await self._asker.ask(call)
            told = spot_pairs.told_done(market, answer, client_id, new_id, at_ns)
        except CallError as error:
            told = spot_pairs.told_failed(market, error, client_id, new_id, at_ns)
        except UNREADABLE as error:
            told = spot_pairs.told_unclear(market, str(error), client_id, new_id, at_ns)
        return await self._looked_up(told, urgency)

    async def place_pair(
        self, take: OrderRequest, stop: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Place a take and a stop for the same coins, of which one will fill: both or neither.

        The take is a post-only limit order or waits for its price; both orders are reported. A
        cancel of either cancels both (`PairDesk`).
        """
        both, market = (take, stop), self.markets.get(stop.symbol)
        no, at_ns = RejectReason.NOT_SUPPORTED, self._now_ns()
        if market is None:
            no = RejectReason.UNKNOWN_SYMBOL
            return [self._no(Action.SUBMIT, a.symbol, a.client_id, no, "not listed") for a in both]
        try:
            call = spot_pairs.pair(market, take, stop, urgency)
        except UnsayableError as error:
            told = str(error)
            return [self._no(Action.SUBMIT, a.symbol, a.client_id, no, told) for a in both]
        try:
            return spot_pairs.told_pair(market, await self._asker.ask(call), both)
        except CallError as error:
            return spot_pairs.pair_failed(market, error, both, at_ns)
        except UNREADABLE as error:
            doubt = CallError(Verdict.UNCLEAR, f"unreadable answer: {error}")
            return spot_pairs.pair_failed(market, doubt, both, at_ns)

    async def look(self, symbol: str, client_id: str, look: Look) -> Sequence[Report]:
        """Look for an order in one place.

        Trades name orders only by the venue's id. `TRADES` finds that among the last orders, which
        is another read than the one by our id, and then asks for the trades of the order.
        """
        places = {
            Look.BY_ID: self._by_id,
            Look.OPEN_ORDERS: self._among_open,
            Look.TRADES: self._among_trades,
        }
        market, asked_ns = self.markets.get(symbol), self._now_ns()
        if market is None:
            return []
        try:
            found = await places[look](market, client_id, Urgency.ASK)
        except CallError:
            return []
        return found or [Miss(symbol, client_id, look, asked_ns)]

    # Questions ------------------------------------------------------------------------------

    async def open_orders(self, symbols: Sequence[str]) -> tuple[OrderReport, ...]:
        """Return all open orders of these symbols, foreign ones too; spot has them in one place."""
        wanted = {self._market(symbol).name: self._market(symbol) for symbol in symbols}
        if len(wanted) >= ASK_ALL_FROM:
            asked = [Call("privateGetOpenOrders", {}, Urgency.ASK, cost=OPEN_ALL_COST)]
        else:
            asked = [
                Call("privateGetOpenOrders", {"symbol": name}, Urgency.ASK, cost=OPEN_COST)
                for name in wanted
            ]

        def into(answer: Any) -> list[OrderReport]:  # noqa: ANN401 - JSON
            rows = [row for row in read(answer, list[SpotOrder]) if row.symbol in wanted]
            return [report for row in rows for report in _shown(wanted[row.symbol], row)]

        return tuple([report for call in asked for report in await self._ask(call, into)])

    async def trades(self, symbol: str, since_ms: int | None = None) -> list[Fill]:
        """Return own trades, oldest first; their orders are named by the venue's id only."""
        market = self._market(symbol)

        async def page(**where: int) -> list[SpotTrade]:
            params = {"symbol": market.name, "limit": PAGE, **where}
            call = Call("privateGetMyTrades", params, Urgency.ASK, cost=TRADES_COST)
            return await self._ask(call, lambda answer: read(answer, list[SpotTrade]))

        rows = await rows_since(page, since_ms, self._asker.now_ms(), DAY_MS)
        return self._read(lambda: [spot_words.fill_of(market, row) for row in rows])

    async def positions(self, symbols: Sequence[str]) -> list[VenuePosition]:
        """Return the coins of each symbol's base, in whole lots."""
        totals = {one.asset: one.total for one in await self.balances()}
        markets = [self._market(symbol) for symbol in symbols]
        return [
            VenuePosition(one.symbol, int(totals.get(one.base, Decimal(0)) // one.lot))
            for one in markets
        ]

    async def balances(self) -> list[Balance]:
        """Return all assets that are not zero."""
        account = await self._account()
        rows = [
            Balance(one.asset, number(one.free) + number(one.locked), number(one.free))
            for one in account.balances
        ]
        return [one for one in rows if one.total]

    async def free(self, quote: str) -> Decimal:
        """Return the coins of a quote asset that no order holds."""
        return free_of(await self.balances(), quote)

    async def equity(self, quote: str) -> Decimal:
        """Return the worth of all coins in `quote`; one without a pair with it counts nothing."""
        return await self._worth({one.asset: one.total for one in await self.balances()}, quote)

    async def funding(self, symbol: str, since_ms: int) -> list[Paid]:
        """Return []: spot has no funding."""
        del symbol, since_ms
        return []

    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        """Return what came to spot and left it, of the last half year at most."""
        found = await flows.moves(self._ask, since_ms, self._asker.now_ms())
        return await self._valued(found, quote)

    # Setting up -----------------------------------------------------------------------------

    async def setting(self, symbol: str) -> SymbolSetting | None:
        """Return None: spot has no leverage."""
        self._market(symbol)
        return None

    async def set_up(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> None:
        """Do nothing, for there is nothing to set; raise `CallError` for any leverage but 1."""
        del margin_mode
        self._market(symbol)
        if leverage != 1:
            raise CallError(
                Verdict.REFUSED, f"spot has no leverage of {leverage}", reason=RejectReason.LEVERAGE
            )

    # Sockets --------------------------------------------------------------------------------

    def private(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return what tells orders, fills and balances of the account, of all its symbols."""
        del symbols
        return (SpotTalk(self.user_url, self._asker, self.markets),)

    def public(self, symbols: Sequence[str], timeframe: Timeframe) -> Sequence[Conversation]:
        """Return what tells candles, best prices and trades."""
        return (self._talk("public", self.stream_url, symbols, KINDS, timeframe),)

    def depth(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return what tells changes of the books, every 100 ms."""
        return (self._talk("public.depth", self.stream_url, symbols, ("depth@100ms",)),)

    # Inside ---------------------------------------------------------------------------------

    async def _account(self) -> SpotAccount:
        params = {"omitZeroBalances": "true"}
        call = Call("privateGetAccount", params, Urgency.ASK, cost=ACCOUNT_COST)
        return await self._ask(call, lambda answer: read(answer, SpotAccount))

    async def _orders(self, call: Call) -> list[SpotOrder]:
        return await self._ask(call, lambda answer: read(answer, list[SpotOrder]))

    def _row(self, market: Market, answer: Any, source: Source, client_id: str) -> OrderReport:  # noqa: ANN401
        return spot_words.report_of(market, read(answer, SpotOrder), source, client_id)

    def _placed(self, market: Market, answer: Any, client_id: str) -> list[Report]:  # noqa: ANN401
        row = read(answer, SpotOrder)
        report = spot_words.report_of(market, row, Source.REPLY, client_id)
        return [report, *spot_words.fills_of(market, row, client_id)]

    async def _looked_up(self, told: Sequence[Report], urgency: Urgency) -> list[Report]:
        """Put in place of a cancel that found nothing what the venue says of the order."""
        made: list[Report] = []
        for report in told:
            found: Sequence[Report] = ()
            if is_lost(report):
                market = self.markets[report.symbol]
                try:
                    found = await self._by_id(market, report.client_id, urgency)
                except CallError:
                    found = ()
            made += found or [report]
        return made

    async def _by_id(self, market: Market, client_id: str, urgency: Urgency) -> list[Report]:
        params = {"symbol": market.name, "origClientOrderId": client_id}
        call = Call("privateGetOrder", params, urgency, cost=ORDER_COST)
        try:
            return [
                await self._ask(call, lambda row: self._row(market, row, Source.QUERY, client_id))
            ]
        except CallError as error:
            if error.verdict is Verdict.MISSING:
                return []
            raise

    async def _among_open(self, market: Market, client_id: str, urgency: Urgency) -> list[Report]:
        call = Call("privateGetOpenOrders", {"symbol": market.name}, urgency, cost=OPEN_COST)
        rows = await self._orders(call)
        mine = [row for row in rows if row.client_order_id == client_id]
        return self._read(lambda: [spot_words.report_of(market, one, Source.QUERY) for one in mine])

    async def _among_trades(self, market: Market, client_id: str, urgency: Urgency) -> list[Report]:
        params: dict[str, Any] = {"symbol": market.name, "limit": PAGE}
        rows = await self._orders(Call("privateGetAllOrders", params, urgency, cost=ORDERS_COST))
        mine = [row for row in rows if row.client_order_id == client_id]
        if not mine:
            return []
        row = mine[-1]
        params["orderId"] = row.order_id
        call = Call("privateGetMyTrades", params, urgency, cost=TRADES_OF_ORDER_COST)
        trades = await self._ask(call, lambda answer: read(answer, list[SpotTrade]))
        return self._read(
            lambda: [
                spot_words.report_of(market, row, Source.QUERY, client_id),
                *(spot_words.fill_of(market, one, client_id) for one in trades),
            ]
        )


class SpotDemoDesk(WithoutWallet, SpotDesk):
    """The desk of spot in demo trading."""

    user_url = "wss://demo-ws-api.binance.com/ws-api/v3"
    stream_url = "wss://demo-stream.binance.com/stream"

    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        """Return None: demo trading has no pages of the wallet."""
        del quote, since_ms
        return None


def _shown(market: Market, row: SpotOrder) -> list[OrderReport]:
    """Return an open order; none for somebody else's that cannot be read."""
    name = row.client_order_id
    return of_ours(name, lambda: [spot_words.report_of(market, row, Source.QUERY)], [])
