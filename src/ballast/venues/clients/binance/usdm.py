"""The desk of Binance USD-M perpetuals.

Orders that wait for a price live with the algo service, all others under `order`; a conditional
order that was set off lives in both. So an order that is not found in one place is looked for in
the other, and open orders are always asked for in both. Stops neither change nor are replaced: a
new one is placed beside the old, and then the old one is cancelled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ballast.core.orders import CONDITIONAL, OrderKind, OrderStatus, RejectReason
from ballast.core.reports import Action, Look, Miss, OrderReport, Source
from ballast.oms.protection.cover import Abilities
from ballast.venues.clients.binance import usdm_words as words
from ballast.venues.clients.binance.base import WithoutWallet, is_lost
from ballast.venues.clients.binance.paging import PAGE, rows_since
from ballast.venues.clients.binance.rows import NS_MS, of_ours, read
from ballast.venues.clients.binance.usdm_account import UsdmAccountDesk
from ballast.venues.clients.binance.usdm_rows import AlgoCancelled, AlgoOrder, UsdmOrder, UsdmTrade
from ballast.venues.clients.binance.usdm_stream import UsdmTalk
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ballast.core.orders import AmendRequest, Fill, OrderRequest
    from ballast.core.reports import Report
    from ballast.core.time import Timeframe
    from ballast.venues.clients.desk import Conversation
    from ballast.venues.clients.market import Market

ABILITIES = Abilities(reduces_only=True, amends_stops=False, replaces=False, stops_at_market=True)
WEEK_MS = 7 * 86_400_000
OPEN_COST, OPEN_ALL_COST, ORDERS_COST, TRADES_COST = 1.0, 40.0, 5.0, 5.0
ASK_ALL_FROM = 40
"""Symbols from which on asking for all open orders at once is no dearer."""


def abilities_of(market: Market) -> Abilities:
    """Return how stops of a perpetual move, and whether the venue moves some by itself."""
    return replace(ABILITIES, trails=OrderKind.TRAILING_STOP in market.kinds)


class UsdmDesk(UsdmAccountDesk):
    """One account of Binance USD-M."""

    streams_url = "wss://fstream.binance.com"

    # Orders ---------------------------------------------------------------------------------

    async def submit(self, request: OrderRequest, urgency: Urgency) -> Sequence[Report]:
        """Send an order to the service that takes its kind."""
        return await self._do(
            Action.SUBMIT,
            request.symbol,
            request.client_id,
            lambda market: words.place(market, request, urgency),
            lambda market, answer: [self._placed(market, answer, request)],
        )

    async def cancel(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[Report]:
        """Cancel an order where it is; what is nowhere to be cancelled is looked up."""
        ways = [self._cancel_order, self._cancel_algo]
        told: Sequence[Report] = await ways[words.is_algo(client_id)](symbol, client_id, urgency)
        market = self.markets.get(symbol)
        if market is None or not any(is_lost(one) for one in told):
            return told
        try:
            found = await self._by_id(market, client_id, urgency)
            if not (found and found[0].status in _OPEN):
                return found or told
            if found[0].status is OrderStatus.UNTRIGGERED:
                return await self._cancel_algo(symbol, client_id, urgency)
            child = await self._child_of(client_id, urgency)
        except CallError:
            return told
        # It was set off meanwhile: it is an order now, perhaps under another name.
        return await self._cancel_order(symbol, client_id, urgency, child)

    async def amend(self, request: AmendRequest, urgency: Urgency) -> Sequence[Report]:
        """Change quantity and price of a resting limit order; stops cannot be changed."""
        symbol, client_id = request.ref.symbol, request.ref.client_id
        if request.trigger_ticks or request.stops is not None or words.is_algo(client_id):
            reason = RejectReason.NOT_SUPPORTED
            return [self._no(Action.AMEND, symbol, client_id, reason, "stops cannot be changed")]
        market = self.markets.get(symbol)
        if market is None:
            reason = RejectReason.UNKNOWN_SYMBOL
            return [self._no(Action.AMEND, symbol, client_id, reason, "not listed")]
        try:  # side, and what is not to change, must be said again
            row = await self._order(market, urgency, origClientOrderId=client_id)
        except CallError as error:
            if error.verdict is Verdict.MISSING:
                reason = RejectReason.UNKNOWN_ORDER
            else:
                reason = RejectReason.NOT_DONE
            return [self._no(Action.AMEND, symbol, client_id, reason, error.code or error.verdict)]
        qty, price = request.qty_lots, request.price_ticks
        return await self._do(
            Action.AMEND,
            symbol,
            client_id,
            lambda market: words.amended(market, row, qty, price, urgency),
            lambda market, answer: [
                words.report_of(market, read(answer, UsdmOrder), Source.REPLY, client_id)
            ],
        )

    async def replace(
        self, client_id: str, request: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Refuse both halves: USD-M has no such request."""
        del urgency
        return self._neither(request, client_id, RejectReason.NOT_SUPPORTED, "no replace")

    async def look(self, symbol: str, client_id: str, look: Look) -> Sequence[Report]:
        """Look for an order in one place, which is two: as an order and as a conditional one."""
        places: dict[Look, Callable[[Market, str, Urgency], Awaitable[Sequence[Report]]]] = {
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
        """Return all open orders of these symbols, waiting ones and foreign ones too."""
        markets = [self._market(symbol) for symbol in symbols]
        return tuple(await self._open(markets, Urgency.ASK))

    async def trades(self, symbol: str, since_ms: int | None = None) -> list[Fill]:
        """Return own trades, oldest first, under our names where the last orders tell them."""
        market = self._market(symbol)

        async def page(**where: int) -> list[UsdmTrade]:
            return await self._trades(market, Urgency.ASK, **where)

        now_ms = self._asker.now_ms()
        rows = await rows_since(page, since_ms, now_ms, WEEK_MS, newest_spans=True)
        if not rows:
            return []
        algos = await self._algos(market, Urgency.ASK)
        names = {one.child: one.client_algo_id for one in algos if one.child}
        orders = {row.order_id: row for row in await self._past(market, Urgency.ASK)}

        def into() -> list[Fill]:
            found = []
            for row in rows:
                order = orders.get(row.order_id)
                name = names.get(row.order_id) or (order.client_order_id if order else "")
                found.append(words.fill_of(market, row, name, algo=row.order_id in names))
            return found

        return self._read(into)

    # Sockets --------------------------------------------------------------------------------

    def private(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return what tells orders, fills, balances and positions of the account."""
        del symbols
        return (UsdmTalk(self.streams_url, self._asker, self.markets),)

    def public(self, symbols: Sequence[str], timeframe: Timeframe) -> Sequence[Conversation]:
        """Return what tells candles, trades and marks, and what tells best prices."""
        kinds = ("kline", "aggTrade", "markPrice@1s")
        quotes = f"{self.streams_url}/public/stream"
        return (
            self._talk("public", f"{self.streams_url}/market/stream", symbols, kinds, timeframe),
            self._talk("public.quotes", quotes, symbols, ("bookTicker",)),
        )

    def depth(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return what tells changes of the books, every 100 ms."""
        address = f"{self.streams_url}/public/stream"
        return (self._talk("public.depth", address, symbols, ("depth@100ms",)),)

    # Inside ---------------------------------------------------------------------------------

    def _placed(self, market: Market, answer: Any, request: OrderRequest) -> OrderReport:  # noqa: ANN401
        if request.kind in CONDITIONAL:
            return words.algo_report(market, read(answer, AlgoOrder), Source.REPLY)
        row = read(answer, UsdmOrder)
        return words.report_of(market, row, Source.REPLY, request.client_id)

    async def _cancel_order(
        self, symbol: str, client_id: str, urgency: Urgency, child: int = 0
    ) -> Sequence[Report]:
        which: dict[str, str | int] = (
            {"orderId": child} if child else {"origClientOrderId": client_id}
        )
        return await self._do(
            Action.CANCEL,
            symbol,
            client_id,
            lambda market: words.cancel(market, urgency, **which),
            lambda market, answer: [
                words.report_of(market, read(answer, UsdmOrder), Source.REPLY, client_id)
            ],
        )

    async def _cancel_algo(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[Report]:
        def into(market: Market, answer: Any) -> Sequence[Report]:  # noqa: ANN401 - JSON
            found = read(answer, AlgoCancelled)
            number = words.number_for(client_id, found.algo_id, algo=True)
            status, at_ns = OrderStatus.CANCELLED, self._asker.now_ms() * NS_MS
            return [OrderReport(market.symbol, client_id, number, status, 0, at_ns, Source.REPLY)]

        return await self._do(
            Action.CANCEL, symbol, client_id, lambda _: words.cancel_algo(client_id, urgency), into
        )

    async def _by_id(
        self, market: Market, client_id: str, urgency: Urgency
    ) -> Sequence[OrderReport]:
        """Ask where the name says the order is, then in the other place."""
        ways = [self._as_order, self._as_algo]
        if words.is_algo(client_id):
            ways.reverse()
        for way in ways:
            try:
                return [await way(market, client_id, urgency)]
            except CallError as error:
                if error.verdict is not Verdict.MISSING:
                    raise
        return []

    async def _as_order(self, market: Market, client_id: str, urgency: Urgency) -> OrderReport:
        row = await self._order(market, urgency, origClientOrderId=client_id)
        return self._read(lambda: words.report_of(market, row, Source.QUERY, client_id))

    async def _as_algo(self, market: Market, client_id: str, urgency: Urgency) -> OrderReport:
        """Return a conditional order; of one that was set off, what became of its child."""
        row = await self._algo(client_id, urgency)
        if row.algo_status not in words.SENT or not row.child:
            return self._read(lambda: words.algo_report(market, row, Source.QUERY))
        try:
            child = await self._order(market, urgency, orderId=row.child)
        except CallError as error:
            if error.verdict is not Verdict.MISSING:
                raise
            return self._read(lambda: words.algo_report(market, row, Source.QUERY))
        return self._read(lambda: _of_child(market, row, child))

    async def _child_of(self, client_id: str, urgency: Urgency) -> int:
        try:
            return (await self._algo(client_id, urgency)).child
        except CallError as error:
            if error.verdict is not Verdict.MISSING:
                raise
            return 0

    async def _algo(self, client_id: str, urgency: Urgency) -> AlgoOrder:
        call = Call("fapiPrivateGetAlgoOrder", {"clientAlgoId": client_id}, urgency)
        return await self._ask(call, lambda answer: read(answer, AlgoOrder))

    async def _order(self, market: Market, urgency: Urgency, **which: str | int) -> UsdmOrder:
        call = Call("fapiPrivateGetOrder", {"symbol": market.name, **which}, urgency)
        return await self._ask(call, lambda answer: read(answer, UsdmOrder))

    async def _among_open(
        self, market: Market, client_id: str, urgency: Urgency
    ) -> Sequence[OrderReport]:
        found = await self._open([market], urgency)
        return [one for one in found if one.client_id == client_id]

    async def _open(self, markets: Sequence[Market], urgency: Urgency) -> list[OrderReport]:
        wanted = {one.name: one for one in markets}

        def orders(answer: Any) -> list[OrderReport]:  # noqa: ANN401 - JSON
            rows = [row for row in read(answer, list[UsdmOrder]) if row.symbol in wanted]
            return [report for row in rows for report in _shown(wanted[row.symbol], row)]

        def algos(answer: Any) -> list[OrderReport]:  # noqa: ANN401 - JSON
            rows = [row for row in read(answer, list[AlgoOrder]) if row.symbol in wanted]
            return [report for row in rows for report in _waiting(wanted[row.symbol], row)]

        asks_all = len(wanted) >= ASK_ALL_FROM
        places: list[dict[str, str]] = [{}] if asks_all else [{"symbol": one} for one in wanted]
        cost = OPEN_ALL_COST if asks_all else OPEN_COST
        found: dict[tuple[str, str, int], OrderReport] = {}
        for where in places:  # algos first: one that is set off in between is seen as order, too
            call = Call("fapiPrivateGetOpenAlgoOrders", where, urgency, cost=cost)
            reports = await self._ask(call, algos)
            call = Call("fapiPrivateGetOpenOrders", where, urgency, cost=cost)
            reports += await self._ask(call, orders)
            found |= {(one.symbol, one.client_id, one.order_id): one for one in reports}
        return list(found.values())

    async def _among_trades(
        self, market: Market, client_id: str, urgency: Urgency
    ) -> Sequence[Report]:
        """Find the number of an order among the last ones of both kinds, and ask for its trades."""
        algo = next(
            (one for one in reversed(await self._algos(market, urgency))
             if one.client_algo_id == client_id), None,
        )  # fmt: skip
        past = await self._past(market, urgency)
        number = algo.child if algo is not None else 0
        row = next(
            (one for one in reversed(past)
             if one.order_id == number or one.client_order_id == client_id), None,
        )  # fmt: skip
        if row is None:
            if algo is None:
                return []
            waiting = algo
            return [self._read(lambda: words.algo_report(market, waiting, Source.QUERY))]
        shown = row
        trades = await self._trades(market, urgency, orderId=shown.order_id)
        is_child = algo is not None
        return self._read(
            lambda: [
                _of_child(market, algo, shown)
                if algo is not None
                else words.report_of(market, shown, Source.QUERY, client_id),
                *(words.fill_of(market, one, client_id, algo=is_child) for one in trades),
            ]
        )

    async def _trades(self, market: Market, urgency: Urgency, **where: int) -> list[UsdmTrade]:
        params = {"symbol": market.name, "limit": PAGE, **where}
        call = Call("fapiPrivateGetUserTrades", params, urgency, cost=TRADES_COST)
        return await self._ask(call, lambda answer: read(answer, list[UsdmTrade]))

    async def _past(self, market: Market, urgency: Urgency) -> list[UsdmOrder]:
        params = {"symbol": market.name, "limit": PAGE}
        call = Call("fapiPrivateGetAllOrders", params, urgency, cost=ORDERS_COST)
        return await self._ask(call, lambda answer: read(answer, list[UsdmOrder]))

    async def _algos(self, market: Market, urgency: Urgency) -> list[AlgoOrder]:
        params = {"symbol": market.name, "limit": PAGE}
        call = Call("fapiPrivateGetAllAlgoOrders", params, urgency, cost=ORDERS_COST)
        return await self._ask(call, lambda answer: read(answer, list[AlgoOrder]))


class UsdmDemoDesk(WithoutWallet, UsdmDesk):
    """The desk of USD-M in demo trading."""

    streams_url = "wss://fstream.binancefuture.com"


_OPEN = frozenset({OrderStatus.UNTRIGGERED, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})


def _of_child(market: Market, algo: AlgoOrder, child: UsdmOrder) -> OrderReport:
    """Return what became of a conditional order that was set off, with the price that did it."""
    report = words.report_of(market, child, Source.QUERY, algo.client_algo_id, algo=True)
    return replace(report, trigger_ticks=market.ticks_of(algo.trigger_price))


def _shown(market: Market, row: UsdmOrder) -> list[OrderReport]:
    """Return an open order; none for somebody else's that cannot be read."""
    name = row.client_order_id
    return of_ours(name, lambda: [words.report_of(market, row, Source.QUERY)], [])


def _waiting(market: Market, row: AlgoOrder) -> list[OrderReport]:
    """Return a conditional order that waits; none for somebody else's that cannot be read."""
    name = row.client_algo_id
    return of_ours(name, lambda: [words.algo_report(market, row, Source.QUERY)], [])
