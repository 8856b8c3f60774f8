"""Coinbase's desk: one spot account.

The venue asks and cancels by its own ids. What it calls an order of ours is remembered (`Known`);
where it is not, open orders are listed, and then all orders of the last three months.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import TERMINAL, OrderStatus, RejectReason
from ballast.core.reports import Action, Look, Miss, OrderReport, Rejection, Report, Source, Unclear
from ballast.venues.books.capture import number_of
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.clients.coinbase import words
from ballast.venues.clients.coinbase.access import EDITS, PREVIEWS
from ballast.venues.clients.coinbase.private import PrivateTalk
from ballast.venues.clients.coinbase.public import BookTalk, PublicTalk
from ballast.venues.clients.coinbase.questions import CoinbaseQuestions, minutes_of
from ballast.venues.clients.coinbase.rows import fill_of, order_report
from ballast.venues.clients.outcomes import outcome
from ballast.venues.clients.reading import reads_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ballast.core.orders import AmendRequest, Fill, OrderRequest
    from ballast.core.time import Timeframe
    from ballast.venues.clients.desk import Conversation

MS_NS = 1_000_000
DAY_MS = 86_400_000
BACK_MS = 90 * DAY_MS
"""How far back an order is looked for that is neither remembered nor open."""
PAGE = "250"
NAMED_MOST = 50
"""Orders a question names at once."""
WAITING = ["PENDING", "QUEUED", "EDIT_QUEUED", "CANCEL_QUEUED"]
"""States of open orders that are not asked together with `OPEN`."""
CANCEL_PENDS = "DUPLICATE_CANCEL_REQUEST"
Rows = list[dict[str, Any]]


class CoinbaseDesk(CoinbaseQuestions):
    """One account at Coinbase spot."""

    # Orders ---------------------------------------------------------------------------------

    async def submit(self, request: OrderRequest, urgency: Urgency) -> Sequence[Report]:
        """Send an order. An id that was used before creates nothing: its order is the answer."""
        symbol, client_id = request.symbol, request.client_id
        market, lacks = self.markets.get(symbol), words.unsupported(request)
        if market is None:
            return (self._no(symbol, client_id, Action.SUBMIT, RejectReason.UNKNOWN_SYMBOL),)
        if lacks:
            reason = RejectReason.NOT_SUPPORTED
            return (self._no(symbol, client_id, Action.SUBMIT, reason, lacks),)
        try:
            said = await self._asker.ask(words.place(market, request, urgency))
        except CallError as error:
            return (outcome(error, Action.SUBMIT, symbol, client_id, self._now_ns()),)
        name = order_id_of(said)
        if not name:
            why = "accepted without an id"
            return (Unclear(symbol, client_id, Action.SUBMIT, why, self._now_ns()),)
        self._known.learn(name, symbol, client_id)
        status = OrderStatus.UNTRIGGERED if request.trigger_ticks else OrderStatus.NEW
        now_ns = self._now_ns()
        return (OrderReport(symbol, client_id, number_of(name), status, 0, now_ns, Source.REPLY),)

    def _no(
        self, symbol: str, client_id: str, action: Action, reason: RejectReason, code: str = ""
    ) -> Rejection:
        """Return the refusal of what is not even sent."""
        code = code or "not listed"
        return Rejection(symbol, client_id, action, reason, code, self._now_ns())

    async def cancel(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[Report]:
        """Cancel an order, and look what it came to: the answer does not say what had traded."""
        if symbol not in self.markets:
            return (self._no(symbol, client_id, Action.CANCEL, RejectReason.UNKNOWN_SYMBOL),)
        try:
            name = await self._named(symbol, client_id, urgency)
            if not name:
                return (self._unknown(symbol, client_id, Action.CANCEL),)
            failure = cancel_failure(await self._asker.ask(words.cancel(name, urgency)))
        except CallError as error:
            return (outcome(error, Action.CANCEL, symbol, client_id, self._now_ns()),)
        found = await self._ended(symbol, client_id, urgency)
        return self._came_to(symbol, client_id, failure, found)

    def _came_to(
        self, symbol: str, client_id: str, failure: str, found: Sequence[OrderReport] | None
    ) -> Sequence[Report]:
        """Return what a cancel came to: `failure` as the venue says it, `found` as it shows it."""
        if found is None:
            why = f"{failure or 'cancelled'}; what had traded is not known"
            return (Unclear(symbol, client_id, Action.CANCEL, why, self._now_ns()),)
        if not found:
            return (self._unknown(symbol, client_id, Action.CANCEL),)
        if failure and failure != CANCEL_PENDS and found[0].status not in TERMINAL:
            reason = RejectReason.BAD_REQUEST
            return (self._no(symbol, client_id, Action.CANCEL, reason, failure),)
        return found

    def _unknown(self, symbol: str, client_id: str, action: Action) -> Rejection:
        reason, code = RejectReason.UNKNOWN_ORDER, "no order of this id"
        return self._no(symbol, client_id, action, reason, code)

    async def _ended(
        self, symbol: str, client_id: str, urgency: Urgency
    ) -> Sequence[OrderReport] | None:
        """Return the order as the venue shows it, () where it shows none; None: no answer."""
        try:
            return await self._orders_of(symbol, client_id, urgency)
        except CallError:
            return None

    async def amend(self, request: AmendRequest, urgency: Urgency) -> Sequence[Report]:
        """Change size and price of a limit order that is good till it is cancelled."""
        ref = request.ref
        symbol, client_id = ref.symbol, ref.client_id
        if symbol not in self.markets:
            return (self._no(symbol, client_id, Action.AMEND, RejectReason.UNKNOWN_SYMBOL),)
        if request.trigger_ticks or request.stops is not None:
            reason, code = RejectReason.NOT_SUPPORTED, "a trigger cannot be edited"
            return (self._no(symbol, client_id, Action.AMEND, reason, code),)
        try:
            before = await self._orders_of(symbol, client_id, urgency)
            if not before:
                return (self._unknown(symbol, client_id, Action.AMEND),)
            refusal = await self._edited(request, before[0], urgency)
        except CallError as error:
            return (outcome(error, Action.AMEND, symbol, client_id, self._now_ns()),)
        if refusal is not None:
            return (refusal,)
        found = await self._ended(symbol, client_id, urgency)
        why = "changed; how it stands could not be asked"
        return found or (Unclear(symbol, client_id, Action.AMEND, why, self._now_ns()),)

    @reads_answers
    async def _edited(
        self, request: AmendRequest, before: OrderReport, urgency: Urgency
    ) -> Rejection | Unclear | None:
        """Edit an order; return why it was not done, None where it was. Both terms are sent."""
        ref, market = request.ref, self.markets[request.ref.symbol]
        qty = market.qty_text(request.qty_lots or before.qty_lots)
        price = market.price_text(request.price_ticks or before.price_ticks)
        name = self._known.name_of(ref.client_id)
        said = await self._asker.ask(words.edit(name, qty, price, urgency))
        if said["success"] is True:
            return None
        reason, code = edit_failure(said)
        if reason is None:
            return Unclear(ref.symbol, ref.client_id, Action.AMEND, code, self._now_ns())
        return self._no(ref.symbol, ref.client_id, Action.AMEND, reason, code)

    async def replace(
        self, client_id: str, request: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Refuse: it has no such request. Nothing is sent."""
        del urgency
        reason, code = RejectReason.NOT_SUPPORTED, "no replacement in one request"
        return (
            self._no(request.symbol, client_id, Action.CANCEL, reason, code),
            self._no(request.symbol, request.client_id, Action.SUBMIT, reason, code),
        )

    # Looks ----------------------------------------------------------------------------------

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
                    shown = await self.open_orders([symbol])
                    found = [one for one in shown if one.client_id == client_id]
                case Look.TRADES:
                    found = await self._fills_of(symbol, client_id)
        except CallError:
            return ()
        return found or (Miss(symbol, client_id, look, now_ns),)

    async def _named(self, symbol: str, client_id: str, urgency: Urgency) -> str:
        """Return what the venue calls one of our orders, '' where it has none of this id."""
        if not self._known.name_of(client_id):
            await self._orders_of(symbol, client_id, urgency)
        return self._known.name_of(client_id)

    @reads_answers
    async def _orders_of(self, symbol: str, client_id: str, urgency: Urgency) -> list[OrderReport]:
        """Return the order of one of our ids: by the venue's, else out of all there are."""
        name = self._known.name_of(client_id)
        if name:
            try:
                said = await self._get("OrdersHistoricalOrderId", {"order_id": name}, urgency)
            except CallError as error:
                if error.verdict is not Verdict.MISSING:
                    raise
                return []
            return self._reports([said["order"]], client_id)
        product = self.markets[symbol].name
        found = self._reports(await self._open_rows(urgency, product), client_id)
        if found:
            return found
        since_ns = (self._asker.now_ms() - BACK_MS) * MS_NS
        asked = {"product_ids": [product], "start_date": words.iso(since_ns), "limit": PAGE}
        rows = await self._pages("OrdersHistoricalBatch", "orders", asked, urgency)
        return self._reports(rows, client_id)

    async def _open_rows(self, urgency: Urgency, *products: str) -> Rows:
        """Return the open orders. Those on their way into the book are asked first."""
        rows: Rows = []
        for statuses in (WAITING, ["OPEN"]):
            asked = {"order_status": statuses, "product_ids": list(products), "limit": PAGE}
            rows += await self._pages("OrdersHistoricalBatch", "orders", asked, urgency)
        return list({row["order_id"]: row for row in rows}.values())

    def _reports(self, rows: Rows, client_id: str | None = None) -> list[OrderReport]:
        """Return orders, oldest first, those of one of our ids alone; learn their names."""
        found = []
        for row in rows:
            report = order_report(self._products, row)
            if report is None:
                continue
            self._known.learn(row["order_id"], report.symbol, report.client_id)
            if client_id in {None, report.client_id}:
                found.append(report)
        return sorted(found, key=lambda one: one.at_ns)

    @reads_answers
    async def open_orders(self, symbols: Sequence[str]) -> tuple[OrderReport, ...]:
        """Return all open orders of these symbols."""
        products = [self.markets[one].name for one in symbols]
        return tuple(self._reports(await self._open_rows(Urgency.ASK, *products)))

    # Fills ----------------------------------------------------------------------------------

    @reads_answers
    async def trades(self, symbol: str, since_ms: int | None = None) -> list[Fill]:
        """Return own trades, oldest first."""
        asked: dict[str, Any] = {"product_ids": [self.markets[symbol].name], "limit": PAGE}
        if since_ms is None:
            rows = (await self._get("OrdersHistoricalFills", asked))["fills"]
            return await self._fills(rows, symbol)
        first_ns = since_ms * MS_NS
        asked["start_sequence_timestamp"] = words.iso(first_ns)
        rows = await self._pages("OrdersHistoricalFills", "fills", asked)
        return [one for one in await self._fills(rows, symbol) if one.at_ns >= first_ns]

    @reads_answers
    async def _fills_of(self, symbol: str, client_id: str) -> list[Fill]:
        """Return the trades of one order: named by it, or else among the last of the symbol."""
        name = self._known.name_of(client_id)
        if not name:
            return [one for one in await self.trades(symbol) if one.client_id == client_id]
        asked = {"order_ids": [name], "limit": PAGE}
        rows = await self._pages("OrdersHistoricalFills", "fills", asked)
        return await self._fills(rows, symbol)

    async def _fills(self, rows: Rows, symbol: str) -> list[Fill]:
        """Return fills with our ids, which the venue does not tell with them."""
        await self._learn(row["order_id"] for row in rows)
        found = []
        for row in rows:
            whose = self._known.whose(row["order_id"])
            fill = fill_of(self._products, row, whose.client_id if whose else "")
            if fill is not None and fill.symbol == symbol:
                found.append(fill)
        return sorted(found, key=lambda one: (one.at_ns, one.trade_id))

    async def _learn(self, names: Iterable[str]) -> None:
        """Ask whose orders these are, of those that are not known."""
        unknown = sorted({one for one in names if self._known.whose(one) is None})
        for first in range(0, len(unknown), NAMED_MOST):
            asked = {"order_ids": unknown[first : first + NAMED_MOST], "limit": PAGE}
            self._reports(await self._pages("OrdersHistoricalBatch", "orders", asked))

    # Sockets --------------------------------------------------------------------------------

    def private(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return the conversation that tells orders. Fills and balances are asked by REST."""
        return (PrivateTalk(self._products, self._known, self._asker, symbols),)

    def public(self, symbols: Sequence[str], timeframe: Timeframe) -> Sequence[Conversation]:
        """Return the conversation that tells best prices, trades, halts, and bars of 5 minutes."""
        return (PublicTalk(self._products, symbols, minutes_of(timeframe)),)

    def depth(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return the conversation that tells the books."""
        return (BookTalk(self._products, symbols),)


def order_id_of(said: object) -> str:
    """Return the id of an order that was taken, '' where the answer has none."""
    if not isinstance(said, dict) or said.get("success") is not True:
        return ""
    part = said.get("success_response")
    name = (part if isinstance(part, dict) else said).get("order_id")
    return name if isinstance(name, str) else ""


def cancel_failure(said: object) -> str:
    """Return why a cancel was not taken, '' where it was; raise `CallError` for no answer."""
    results = said.get("results") if isinstance(said, dict) else None
    if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], dict):
        raise CallError(Verdict.UNCLEAR, "a cancel was answered without a result")
    if results[0].get("success") is True:
        return ""
    return str(results[0].get("failure_reason") or "refused without a reason")


def edit_failure(said: dict[str, Any]) -> tuple[RejectReason | None, str]:
    """Return why an edit was not done, in our words and the venue's; None: that is not known."""
    errors = said.get("errors") or said.get("error_response") or [{}]
    first = errors[0] if isinstance(errors, list) else errors
    own = str(first.get("edit_failure_reason") or "")
    preview = str(first.get("preview_failure_reason") or "")
    reason = PREVIEWS.get(preview) or EDITS.get(own)
    code = preview if preview in PREVIEWS else own
    return reason, code or "not done, without a reason"
