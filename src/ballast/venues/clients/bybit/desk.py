"""Desk: orders at Bybit. What is sent is looked at once, for its answer holds only its ids.

The venue answers before its matching has seen the order. So a request that was taken is followed
by a look by our id, and told as what that shows; if it still shows nothing after half a second, the
outcome is `Unclear`, and whoever resolves doubts looks again. A cancel and an amend are told alike.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from ballast.core.orders import CONDITIONAL, RejectReason, TriggerBy
from ballast.core.reports import Action, Look, Miss, OrderReport, Rejection, Source, Unclear
from ballast.venues.clients.account import DayTicker
from ballast.venues.clients.bybit import requests, rows, stops, words
from ballast.venues.clients.bybit.access import TEST_HOSTS
from ballast.venues.clients.bybit.flows import Flows
from ballast.venues.clients.bybit.private import PrivateStream
from ballast.venues.clients.bybit.public import DepthStream, PublicStream
from ballast.venues.clients.bybit.questions import rows_of
from ballast.venues.clients.bybit.spoken import HOST
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.clients.market import number
from ballast.venues.clients.outcomes import outcome
from ballast.venues.clients.reading import UNREADABLE, reads_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.orders import AmendRequest, OrderRequest, PositionStops
    from ballast.core.reports import Report
    from ballast.core.time import Timeframe
    from ballast.venues.clients.calls import Call
    from ballast.venues.clients.desk import Conversation
    from ballast.venues.clients.market import Market

Row = dict[str, Any]

PAUSES_S = (0.1, 0.4)
"""Between looks at an order that was just taken: the lists of the venue follow its matching within
some hundredths of a second. Whoever trades hears of it by the stream meanwhile."""
DAY_FIELDS = ("lastPrice", "turnover24h", "bid1Price", "ask1Price")


class Bybit(Flows):
    """What both desks do with orders."""

    stream_host = HOST

    async def submit(self, request: OrderRequest, urgency: Urgency) -> Sequence[Report]:
        """Send an order, and look at it."""
        symbol, name = request.symbol, request.client_id
        market = self.markets.get(symbol)
        why = RejectReason.UNKNOWN_SYMBOL
        refused = why if market is None else requests.unfit(request, self.category)
        if market is None or refused is not None:
            return [self._rejected(symbol, name, Action.SUBMIT, refused or why)]
        call = requests.create(request, market, self.category, urgency)
        failed = await self._change(call, Action.SUBMIT, symbol, name)
        if failed is not None:
            return [failed]
        found = await self._found(market, name, urgency)
        if found is None:
            return [self._unclear(symbol, name, Action.SUBMIT)]
        report, row = found
        if self.category.is_spot and request.kind in CONDITIONAL:
            price = await self._price_before(market, row, urgency)
            if rows.is_turned(report, price, request, rises=requests.rises(request)):
                return await self._undo(market, report, urgency)
        return [report]

    async def _price_before(self, market: Market, row: Row, urgency: Urgency) -> int:
        """Return the price when an order arrived, in ticks, or where it is not told the present.

        0 where neither is known: the order is then believed, and the price watched by the node.
        """
        try:
            told = market.nearest_ticks(row.get("lastPriceOnCreated"))
            return told or await self.last_ticks(market, urgency)
        except (CallError, *UNREADABLE):
            return 0

    async def _undo(
        self, market: Market, report: OrderReport, urgency: Urgency
    ) -> Sequence[Report]:
        """Cancel an order that waits for the wrong side; it is told as cancelled by ourselves."""
        told = await self.cancel(market.symbol, report.client_id, urgency)
        return told if isinstance(told[0], OrderReport) else [report, *told]

    async def cancel(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[Report]:
        """Cancel an order, and look at it: it may have ended otherwise, or before."""
        market = self.markets.get(symbol)
        if market is None:
            why = RejectReason.UNKNOWN_SYMBOL
            return [self._rejected(symbol, client_id, Action.CANCEL, why)]
        failed: Rejection | Unclear | None = None
        for call in requests.cancels(client_id, market, self.category, urgency):
            failed = await self._change(call, Action.CANCEL, symbol, client_id)
            if not _is_missing(failed):
                break
        if failed is not None and not _is_missing(failed):
            return [failed]
        found = await self._found(market, client_id, urgency)
        if found is not None:
            return [found[0]]
        return [failed or self._unclear(symbol, client_id, Action.CANCEL)]

    async def amend(self, request: AmendRequest, urgency: Urgency) -> Sequence[Report]:
        """Change a resting order in place, in one step, and look at it."""
        symbol, name = request.ref.symbol, request.ref.client_id
        market = self.markets.get(symbol)
        if market is None or not name or request.stops is not None:
            why = RejectReason.UNKNOWN_SYMBOL if market is None else RejectReason.NOT_SUPPORTED
            return [self._rejected(symbol, name, Action.AMEND, why)]
        call = requests.amend(request, market, self.category, urgency)
        failed = await self._change(call, Action.AMEND, symbol, name)
        if failed is not None:
            return [failed]
        found = await self._found(market, name, urgency)
        return [found[0] if found else self._unclear(symbol, name, Action.AMEND)]

    async def replace(
        self, client_id: str, request: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Refuse: Bybit changes an order in place (`amend`), and replaces none in one request."""
        del urgency
        symbol, why = request.symbol, RejectReason.NOT_SUPPORTED
        return [
            self._rejected(symbol, client_id, Action.CANCEL, why),
            self._rejected(symbol, request.client_id, Action.SUBMIT, why),
        ]

    async def _change(
        self, call: Call, action: Action, symbol: str, client_id: str
    ) -> Rejection | Unclear | None:
        """Ask for a change; None: it was taken. An answer without an id is a doubt (D7)."""
        try:
            result = await self.ask(call)
        except CallError as error:
            return outcome(error, action, symbol, client_id, self._now_ns())
        if not result.get("orderId"):
            why = "an answer without an order id"
            return Unclear(symbol, client_id, action, why, self._now_ns())
        return None

    # Looking --------------------------------------------------------------------------------

    async def look(self, symbol: str, client_id: str, look: Look) -> Sequence[Report]:
        """Look for an order in one place; a question that failed says nothing."""
        market = self.markets.get(symbol)
        if market is None:
            return []
        at_ns = self._now_ns()
        try:
            found = await self._looked(market, client_id, look)
        except CallError as error:
            if error.verdict is not Verdict.MISSING:
                return []
            found = []
        except UNREADABLE:
            return []
        return found or [Miss(symbol, client_id, look, at_ns)]

    async def _looked(self, market: Market, client_id: str, look: Look) -> list[Report]:
        match look:
            case Look.BY_ID:
                found = await self._by_id(market, client_id, Urgency.ASK)
                return [found[0]] if found else []
            case Look.OPEN_ORDERS:
                page = partial(requests.open_orders, self.category, Urgency.ASK, symbol=market.name)
                shown = [
                    rows.order_of(row, market, Source.QUERY)
                    for row in await self._pages(page)
                    if row.get("orderLinkId") == client_id
                ]
                return list(shown)
            case Look.TRADES:
                page = partial(
                    requests.executions, market, self.category, Urgency.ASK, client_id=client_id
                )
                fills = [
                    rows.fill_of(row, market, self.category)
                    for row in reversed(await self._pages(page))
                    if row.get("orderLinkId") == client_id
                ]
                return [one for one in fills if one is not None]

    async def _found(
        self, market: Market, client_id: str, urgency: Urgency
    ) -> tuple[OrderReport, Row] | None:
        """Return an order of ours as the venue has it now; None where it cannot be told.

        What is not there yet is looked for again; a question that failed is not asked again here.
        """
        for pause_s in (*PAUSES_S, None):
            try:
                found = await self._by_id(market, client_id, urgency)
            except (CallError, *UNREADABLE):
                return None
            if found is not None or pause_s is None:
                return found
            await asyncio.sleep(pause_s)
        return None

    async def _by_id(
        self, market: Market, client_id: str, urgency: Urgency
    ) -> tuple[OrderReport, Row] | None:
        """Return the order of an id, from what is open or ended lately, or from the history."""
        for call in requests.by_id(client_id, market, self.category, urgency):
            shown = [
                row
                for row in rows_of(await self.ask(call))
                if row.get("orderLinkId") == client_id and row.get("symbol") == market.name
            ]
            if shown:  # one name, one order: told twice, its later word counts
                last = max(shown, key=rows.how_late)
                return rows.order_of(last, market, Source.QUERY), last
        return None

    # Reports --------------------------------------------------------------------------------

    def _rejected(
        self, symbol: str, client_id: str, action: Action, why: RejectReason
    ) -> Rejection:
        """Refuse what need not be sent."""
        return Rejection(symbol, client_id, action, why, "not sent", self._now_ns())

    def _unclear(self, symbol: str, client_id: str, action: Action) -> Unclear:
        return Unclear(symbol, client_id, action, "taken, but not shown yet", self._now_ns())

    # Market data ----------------------------------------------------------------------------

    @reads_answers
    async def tickers(self) -> list[DayTicker]:
        """Return the last 24 hours of all symbols of the category."""
        result = await self.ask(self._get("publicGetV5MarketTickers", Urgency.ROUTINE))
        markets = {one.name: one for one in self.markets.values()}
        return [
            DayTicker(
                markets[row["symbol"]].symbol,
                *(number(row[name]) for name in DAY_FIELDS),
            )
            for row in rows_of(result)
            if row["symbol"] in markets
        ]

    # Sockets --------------------------------------------------------------------------------

    def private(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return the private stream: orders, fills, wallet, positions, funding."""
        markets = [self.market_of(one) for one in symbols]
        mode, host = self.margin_mode, self.stream_host
        return [PrivateStream(self.category, markets, self._asker, mode, host)]

    def public(self, symbols: Sequence[str], timeframe: Timeframe) -> Sequence[Conversation]:
        """Return the public stream: candles, best prices, trades."""
        markets = [self.market_of(one) for one in symbols]
        return [PublicStream(self.category, markets, timeframe, self.stream_host)]

    def depth(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return the stream of the order books, for recording."""
        markets = [self.market_of(one) for one in symbols]
        return [DepthStream(self.category, markets, self.stream_host)]


def _is_missing(failed: Rejection | Unclear | None) -> bool:
    return isinstance(failed, Rejection) and failed.reason is RejectReason.UNKNOWN_ORDER


class BybitSpot(Bybit):
    """The desk of spot."""

    category = words.SPOT


class BybitLinear(Bybit):
    """The desk of linear perpetuals."""

    category = words.LINEAR

    async def position_stops(self, symbol: str) -> PositionStops:
        """Return the stops of a position, whoever set them; raise `CallError`."""
        return await stops.position_stops(self, symbol)

    async def set_position_stop(
        self, symbol: str, stop_loss_ticks: int, *, trigger_by: TriggerBy = TriggerBy.LAST
    ) -> PositionStops:
        """Set the stop-loss of the whole position in one step (0: none), and read it back.

        The node itself protects with orders of its own. Raise `CallError`: refused, or `UNCLEAR`
        where what is read back is not what was asked for.
        """
        return await stops.set_position_stop(
            self, symbol, stop_loss_ticks=stop_loss_ticks, trigger_by=trigger_by
        )


class BybitSpotTest(BybitSpot):
    """The desk of spot at the test network."""

    stream_host = TEST_HOSTS[1]


class BybitLinearTest(BybitLinear):
    """The desk of linear perpetuals at the test network."""

    stream_host = TEST_HOSTS[1]
