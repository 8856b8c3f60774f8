"""Kraken's desk: one spot account."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ballast.core.orders import Fill, OrderStatus, RejectReason
from ballast.core.reports import Action, Look, Miss, OrderReport, Rejection, Report, Source, Unclear
from ballast.venues.books.capture import number_of
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.clients.kraken import words
from ballast.venues.clients.kraken.access import HISTORY
from ballast.venues.clients.kraken.private import PrivateTalk
from ballast.venues.clients.kraken.public import BookTalk, PublicTalk
from ballast.venues.clients.kraken.questions import KrakenQuestions, minutes_of
from ballast.venues.clients.kraken.rows import fill_of, order_report
from ballast.venues.clients.market import number
from ballast.venues.clients.outcomes import outcome
from ballast.venues.clients.reading import reads_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ballast.core.orders import AmendRequest, OrderRequest
    from ballast.core.time import Timeframe
    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.desk import Conversation

ORDER_PAGE, TRADE_PAGE, TRADES_ASKED = 50, 50, 20
"""Orders a question may name, trades a page holds, and trades a question may name."""
MS_NS = 1_000_000
Rows = dict[str, Any]


class KrakenDesk(KrakenQuestions):
    """One account at Kraken spot."""

    def __init__(self, asker: Asker, now_ns: Callable[[], int]) -> None:
        """Work through an asker; `now_ns` dates what the venue does not."""
        super().__init__(asker, now_ns)
        self._walks: dict[int | None, asyncio.Future[Rows]] = {}

    # Orders ---------------------------------------------------------------------------------

    async def submit(self, request: OrderRequest, urgency: Urgency) -> Sequence[Report]:
        """Send an order."""
        symbol, client_id = request.symbol, request.client_id
        market, lacks = self.markets.get(symbol), words.unsupported(request)
        if market is None:
            return (self._unlisted(symbol, client_id, Action.SUBMIT),)
        if lacks:
            reason = RejectReason.NOT_SUPPORTED
            return (Rejection(symbol, client_id, Action.SUBMIT, reason, lacks, self._now_ns()),)
        call = words.place(market, request, self._asker.now_ms(), urgency)
        try:
            said = await self._ask(call)
        except CallError as error:
            return (outcome(error, Action.SUBMIT, symbol, client_id, self._now_ns()),)
        ids = said.get("txid") if isinstance(said, dict) else None
        if not isinstance(ids, list) or not ids:
            why = "accepted without an id"
            return (Unclear(symbol, client_id, Action.SUBMIT, why, self._now_ns()),)
        self._known.learn(ids[0], symbol, client_id)
        waits = bool(request.trigger_ticks)
        status = OrderStatus.UNTRIGGERED if waits else OrderStatus.NEW
        order_id = number_of(ids[0])
        now_ns = self._now_ns()
        return (OrderReport(symbol, client_id, order_id, status, 0, now_ns, Source.REPLY),)

    def _unlisted(self, symbol: str, client_id: str, action: Action) -> Rejection:
        reason = RejectReason.UNKNOWN_SYMBOL
        return Rejection(symbol, client_id, action, reason, "not listed", self._now_ns())

    async def cancel(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[Report]:
        """Cancel an order, and look what it came to: the answer does not say what had traded."""
        if symbol not in self.markets:
            return (self._unlisted(symbol, client_id, Action.CANCEL),)
        try:
            await self._ask(words.cancel(client_id, urgency))
        except CallError as error:
            refused = outcome(error, Action.CANCEL, symbol, client_id, self._now_ns())
            if error.verdict is not Verdict.MISSING:
                return (refused,)
            found = await self._ended(symbol, client_id, urgency)
            return found or (refused,)
        found = await self._ended(symbol, client_id, urgency)
        why = "cancelled; what had traded is not known"
        return found or (Unclear(symbol, client_id, Action.CANCEL, why, self._now_ns()),)

    async def _ended(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[OrderReport]:
        """Return the order as the venue shows it; () where it could not be asked or found."""
        try:
            return await self._orders_of(symbol, client_id, urgency)
        except CallError:
            return ()

    async def amend(self, request: AmendRequest, urgency: Urgency) -> Sequence[Report]:
        """Change a resting order in place."""
        ref = request.ref
        market = self.markets.get(ref.symbol)
        if market is None:
            return (self._unlisted(ref.symbol, ref.client_id, Action.AMEND),)
        call = words.amend(market, request, self._asker.now_ms(), urgency)
        try:
            await self._ask(call)
        except CallError as error:
            return (outcome(error, Action.AMEND, ref.symbol, ref.client_id, self._now_ns()),)
        found = await self._ended(ref.symbol, ref.client_id, urgency)
        why = "changed; how it stands could not be asked"
        return found or (Unclear(ref.symbol, ref.client_id, Action.AMEND, why, self._now_ns()),)

    async def replace(
        self, client_id: str, request: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Refuse: it has no such request for orders with ids of ours. Nothing is sent."""
        del urgency
        now_ns, reason = self._now_ns(), RejectReason.NOT_SUPPORTED
        code = "no replacement in one request"
        return (
            Rejection(request.symbol, client_id, Action.CANCEL, reason, code, now_ns),
            Rejection(request.symbol, request.client_id, Action.SUBMIT, reason, code, now_ns),
        )

    async def look(self, symbol: str, client_id: str, look: Look) -> Sequence[Report]:
        """Look for an order in one place."""
        now_ns = self._now_ns()
        if symbol not in self.markets:
            return ()
        found: Sequence[Report]
        try:
            match look:
                case Look.BY_ID:
                    found = await self._orders_of(symbol, client_id, Urgency.ASK)
                case Look.OPEN_ORDERS:
                    found = await self._open_of(symbol, client_id, Urgency.ASK)
                case Look.TRADES:
                    found = await self._trades_of(symbol, client_id)
        except CallError:
            return ()
        return found or (Miss(symbol, client_id, look, now_ns),)

    @reads_answers
    async def _orders_of(self, symbol: str, client_id: str, urgency: Urgency) -> list[OrderReport]:
        """Return the order of one of our ids: by the venue's where it is known, else by ours.

        Open orders are asked before those that ended: one that ends meanwhile is in the second.
        """
        txid = self._known.name_of(client_id)
        if txid:
            try:
                rows = await self._private("QueryOrders", {"txid": txid}, urgency)
            except CallError as error:
                if error.verdict is not Verdict.MISSING:
                    raise
                return []
            return self._reports(rows, symbol, client_id)
        found = await self._open_of(symbol, client_id, urgency)
        if not found:
            said = await self._private(
                "ClosedOrders", {"cl_ord_id": client_id, "without_count": "true"}, urgency
            )
            found = self._reports(said["closed"], symbol, client_id)
        return found

    @reads_answers
    async def _open_of(self, symbol: str, client_id: str, urgency: Urgency) -> list[OrderReport]:
        said = await self._private("OpenOrders", {"cl_ord_id": client_id}, urgency)
        return self._reports(said["open"], symbol, client_id)

    def _reports(self, rows: Rows, symbol: str, client_id: str) -> list[OrderReport]:
        """Return those orders of an answer that have our id."""
        return [
            one
            for one in self._all_reports(rows)
            if (one.symbol, one.client_id) == (symbol, client_id)
        ]

    def _all_reports(self, rows: Rows) -> list[OrderReport]:
        """Return the orders of an answer, oldest first, and learn their names."""
        now_ns = self._now_ns()
        ordered = sorted(rows.items(), key=lambda one: number(one[1]["opentm"]))
        found = []
        for txid, row in ordered:
            report = order_report(self._names, txid, row, now_ns)
            if report is not None:
                self._known.learn(txid, report.symbol, report.client_id)
                found.append(report)
        return found

    # Questions ------------------------------------------------------------------------------

    @reads_answers
    async def open_orders(self, symbols: Sequence[str]) -> tuple[OrderReport, ...]:
        """Return all open orders of these symbols: one answer holds all kinds, and all of them."""
        said = await self._private("OpenOrders")
        wanted = frozenset(symbols)
        return tuple(one for one in self._all_reports(said["open"]) if one.symbol in wanted)

    @reads_answers
    async def trades(self, symbol: str, since_ms: int | None = None) -> list[Fill]:
        """Return own trades, oldest first. The history has no pairs: all of it is walked."""
        rows = await self._history(since_ms)
        first_ns = (since_ms or 0) * MS_NS  # times are told cut off, so the start lets more pass
        return [one for one in await self._fills(rows, symbol) if one.at_ns >= first_ns]

    async def _history(self, since_ms: int | None) -> Rows:
        """Return the trades of all pairs; who asks for the same at once shares one walk."""
        walk = self._walks.get(since_ms)
        if walk is None:
            walk = asyncio.ensure_future(self._walk(since_ms))
            self._walks[since_ms] = walk
            walk.add_done_callback(lambda _: self._walks.pop(since_ms, None))
        return await asyncio.shield(walk)

    async def _walk(self, since_ms: int | None) -> Rows:
        rows: Rows = {}
        asked = {"without_count": "true"}
        if since_ms is not None:  # what happened at the start itself is left out
            asked["start"] = f"{max(since_ms - 1, 0) / 1_000:.3f}"
        while True:
            asked["ofs"] = str(len(rows))
            page = (await self._private("TradesHistory", asked, cost=HISTORY))["trades"]
            rows |= page
            if since_ms is None or len(page) < TRADE_PAGE:
                return rows

    @reads_answers
    async def _trades_of(self, symbol: str, client_id: str) -> list[Fill]:
        """Return the trades of one order: named by it, or else among the last of the account."""
        txid = self._known.name_of(client_id)
        if not txid:
            return [one for one in await self.trades(symbol) if one.client_id == client_id]
        said = await self._private("QueryOrders", {"txid": txid, "trades": "true"})
        ids = [one for row in said.values() for one in row.get("trades") or ()]
        rows: Rows = {}
        for first in range(0, len(ids), TRADES_ASKED):
            chosen = ",".join(ids[first : first + TRADES_ASKED])
            rows |= await self._private("QueryTrades", {"txid": chosen})
        return await self._fills(rows, symbol)

    async def _fills(self, rows: Rows, symbol: str) -> list[Fill]:
        """Return the trades of a symbol, with our ids, which trades need not tell."""
        market = self.markets[symbol]
        mine = {txid: row for txid, row in rows.items() if self._names.find(row["pair"]) == market}
        await self._learn(row["ordertxid"] for row in mine.values() if not row.get("cl_ord_id"))
        found = []
        for txid, row in mine.items():
            whose = self._known.whose(row["ordertxid"])
            client_id = whose.client_id if whose else ""
            fill = fill_of(self._names, txid, row, client_id)
            if fill is not None:
                self._known.learn(row["ordertxid"], symbol, fill.client_id)
                found.append(fill)
        return sorted(found, key=lambda one: (one.at_ns, one.trade_id))

    async def _learn(self, txids: Iterable[str]) -> None:
        """Ask whose orders these are, of those that are not known."""
        unknown = sorted({one for one in txids if self._known.whose(one) is None})
        for first in range(0, len(unknown), ORDER_PAGE):
            chosen = unknown[first : first + ORDER_PAGE]
            self._all_reports(await self._private("QueryOrders", {"txid": ",".join(chosen)}))

    # Sockets --------------------------------------------------------------------------------

    async def _token(self) -> str:
        """Return a token for the private socket, good for a quarter of an hour."""
        said = await self._private("GetWebSocketsToken", urgency=Urgency.PROTECT)
        return str(said["token"])

    def private(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return the conversation that tells orders, fills and balances."""
        del symbols
        return (PrivateTalk(self._names, self._known, self._token),)

    def public(self, symbols: Sequence[str], timeframe: Timeframe) -> Sequence[Conversation]:
        """Return the conversation that tells candles, best prices, trades, and halts."""
        return (PublicTalk(self._names, symbols, minutes_of(timeframe)),)

    def depth(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return the conversation that tells the books."""
        return (BookTalk(self._names, symbols),)
