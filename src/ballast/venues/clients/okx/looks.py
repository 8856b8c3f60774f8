"""Looks: where an order of ours may be found at OKX, and how it stands there.

Orders and algo orders are asked for apart. An algo order that has triggered stands as the orders it
became do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ballast.core.orders import OrderStatus
from ballast.core.reports import Look, Miss, OrderReport, Source
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.okx import words
from ballast.venues.clients.okx.questions import UNREADABLE, chosen, read
from ballast.venues.clients.okx.rows import (
    MS_NS,
    algo_report,
    children_of,
    order_report,
    readable,
    text,
    whole_report,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.reports import Report
    from ballast.venues.clients.market import Market
    from ballast.venues.clients.okx.fills import Fills
    from ballast.venues.clients.okx.known import Kinds
    from ballast.venues.clients.okx.questions import Questions

FORGETS_NS = 7_200_000_000_000
"""OKX forgets a cancelled order that never traded after two hours."""
RESTING_TYPES = ("conditional,oco", "trigger", "move_order_stop")
"""Types of algo orders that only wait, as they may be asked for together."""


class Looks:
    """The places where the orders of one account are looked for."""

    def __init__(self, questions: Questions, fills: Fills, kinds: Kinds) -> None:
        """Ask through `questions`."""
        self._asks = questions
        self._fills = fills
        self._kinds = kinds

    async def look(
        self, symbol: str, client_id: str, look: Look, urgency: Urgency = Urgency.ASK
    ) -> Sequence[Report]:
        """Look for an order in one place; a question that fails says nothing."""
        reports: list[Report] = []
        try:
            market = self._asks.market(symbol)
            match look:
                case Look.BY_ID:
                    found = await self._by_id(market, client_id, urgency)
                    reports += [found] if found is not None else []
                case Look.OPEN_ORDERS:
                    resting = await self.resting((symbol,), urgency)
                    reports += [one for one in resting if one.client_id == client_id]
                case Look.TRADES:
                    ids = await self._order_ids(market, client_id, urgency)
                    reports += await self._fills.of_order(market, client_id, ids)
        except (CallError, *UNREADABLE):
            return []
        return reports or [Miss(symbol, client_id, look, self._asks.now_ns())]

    async def resting(
        self, symbols: Sequence[str], urgency: Urgency = Urgency.ROUTINE
    ) -> tuple[OrderReport, ...]:
        """Return all open orders of these symbols, those that wait for a price too."""
        wanted = {self._asks.market(one).name: self._asks.market(one) for one in symbols}
        kind = self._asks.inst_type
        call = read("privateGetTradeOrdersPending", 60, urgency, instType=kind)
        rows = chosen(wanted, await self._asks.pages(call, "ordId"))
        found = [*readable(rows, lambda row, of: order_report(row, of, Source.QUERY))]
        for types in RESTING_TYPES:
            call = read(
                "privateGetTradeOrdersAlgoPending", 20, urgency, instType=kind, ordType=types
            )
            rows = chosen(wanted, await self._asks.pages(call, "algoId"))
            found += readable(rows, lambda row, of: algo_report(row, of, Source.QUERY))
        return tuple(found)

    async def _by_id(self, market: Market, client_id: str, urgency: Urgency) -> OrderReport | None:
        for algo in self._kinds.of(client_id):
            row = await self._row(market, client_id, urgency, algo=algo)
            if row is None:
                continue
            self._kinds.keep(client_id, algo=algo)
            if not algo:
                return order_report(row, market, Source.QUERY)
            return await self._continued(row, market, urgency)
        return None

    async def _row(
        self, market: Market, client_id: str, urgency: Urgency, *, algo: bool
    ) -> dict[str, Any] | None:
        """Return the row of an order by our id; None for one that is not found."""
        call = (
            algo_by(client_id, urgency) if algo else _order_by(market, urgency, clOrdId=client_id)
        )
        return await self._maybe(call)

    async def _maybe(self, call: Call) -> dict[str, Any] | None:
        try:
            rows = await self._asks.rows(call)
        except CallError as error:
            if error.verdict is Verdict.MISSING:
                return None
            raise
        return rows[0] if rows else None

    async def _continued(
        self, row: dict[str, Any], market: Market, urgency: Urgency
    ) -> OrderReport:
        """Return how an algo order stands: once triggered, as the orders it became do."""
        own = algo_report(row, market, Source.QUERY)
        if text(row, "state") not in words.TRIGGERED:
            return own
        orders = [
            await self._maybe(_order_by(market, urgency, ordId=one)) for one in children_of(row)
        ]
        known = [order_report(one, market, Source.QUERY) for one in orders if one is not None]
        if known:
            whole = whole_report(known)
            return replace(
                own,
                status=whole.status,
                filled_lots=whole.filled_lots,
                at_ns=whole.at_ns,
                reason=whole.reason,
            )
        if self._asks.now_ms() * MS_NS - own.at_ns > FORGETS_NS:
            return replace(own, status=OrderStatus.CANCELLED)
        return own

    async def _order_ids(self, market: Market, client_id: str, urgency: Urgency) -> tuple[str, ...]:
        """Return the venue's ids of the orders that can have traded for one of ours."""
        for algo in self._kinds.of(client_id):
            row = await self._row(market, client_id, urgency, algo=algo)
            if row is not None:
                return children_of(row) if algo else (text(row, "ordId"),)
        return ()


def algo_by(client_id: str, urgency: Urgency) -> Call:
    """Return the question about an algo order by our id."""
    return read("privateGetTradeOrderAlgo", 20, urgency, algoClOrdId=client_id)


def _order_by(market: Market, urgency: Urgency, **ids: str) -> Call:
    params = {"instId": market.name, **ids}
    return read("privateGetTradeOrder", 60, urgency, **params)
