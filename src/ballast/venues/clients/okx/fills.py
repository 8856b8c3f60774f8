"""Fills: own trades of OKX, each under the id of the order we sent.

A row of `fills` names the order that traded (`ordId`, `clOrdId`), never the algo order it came
from. Where our id does not already say that it was a plain order, the order is asked for once, and
remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.ids import Purpose, is_ours, purpose_of
from ballast.venues.books.capture import number_of
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.market import OffGridError
from ballast.venues.clients.okx.known import Recent
from ballast.venues.clients.okx.questions import asks_of, read, with_params
from ballast.venues.clients.okx.rows import MS_NS, Named, RowError, asked_fill, named, ns_of, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.core.orders import Fill
    from ballast.venues.clients.market import Market
    from ballast.venues.clients.okx.questions import Questions

RECENT_MS = 3 * 86_400_000
"""How far back `fills` reaches; before that, three months, `fills-history` does."""
EDGE_MS = 3_600_000
LAG_MS = 60_000
"""An order that traded so lately is there, even where a query does not show it yet."""
PLAIN = frozenset({Purpose.EXIT, Purpose.FLATTEN})
"""What is never sent as an algo order."""


class Fills:
    """The trades of one account."""

    def __init__(self, questions: Questions) -> None:
        """Ask through `questions`."""
        self._asks = questions
        self._named: Recent[Named] = Recent()

    async def trades(self, market: Market, since_ms: int | None) -> list[Fill]:
        """Return trades of a market, oldest first: all pages since then, or the newest page."""
        if since_ms is None:
            rows = await self._asks.rows(self._call(market, None))
        else:
            rows = await self._asks.pages(self._call(market, since_ms), "billId")
        return await self._read(rows, market)

    async def of_order(
        self, market: Market, client_id: str, order_ids: Iterable[str]
    ) -> list[Fill]:
        """Return the trades of an order: by the venue's ids of it, or on the newest page."""
        rows: list[dict[str, Any]] = []
        for order_id in order_ids:
            for call in (self._call(market, None, Urgency.ASK), self._call(market, 0, Urgency.ASK)):
                found = await self._asks.pages(with_params(call, ordId=order_id), "billId")
                if found:
                    rows += found
                    break
        if not rows:
            rows = await self._asks.rows(self._call(market, None, Urgency.ASK))
        fills = await self._read(rows, market)
        return [one for one in fills if one.client_id == client_id]

    def _call(
        self, market: Market, since_ms: int | None, urgency: Urgency = Urgency.ROUTINE
    ) -> Call:
        params = asks_of(market)
        if since_ms is None:
            return read("privateGetTradeFills", 60, urgency, **params)
        if since_ms:
            params |= {"begin": str(since_ms)}
        if since_ms > self._asks.now_ms() - RECENT_MS + EDGE_MS:
            return read("privateGetTradeFills", 60, urgency, **params)
        return read("privateGetTradeFillsHistory", 10, urgency, **params)

    async def _read(self, rows: Iterable[dict[str, Any]], market: Market) -> list[Fill]:
        """Return fills, oldest first; the venue's rows are newest first, some of one moment."""
        found: list[Fill] = []
        for row in rows:
            ids = await self._names(row, market)
            try:
                found.append(asked_fill(row, market, ids))
            except (RowError, OffGridError):  # of an order we know nothing of: as of `readable`
                if is_ours(ids.client_id):
                    raise
        found.reverse()
        return sorted(found, key=lambda one: one.at_ns)

    async def _names(self, row: dict[str, Any], market: Market) -> Named:
        """Return the ids of the order of ours that traded; raise `CallError` where in doubt."""
        order_id, own = text(row, "ordId"), text(row, "clOrdId")
        plain = Named(number_of(order_id), own)
        if purpose_of(own) in PLAIN or not order_id:
            return plain
        known = self._named.get(order_id)
        if known is not None:
            return known
        call = read("privateGetTradeOrder", 60, Urgency.ASK, instId=market.name, ordId=order_id)
        try:
            known = named(await self._asks.row(call))
        except CallError as error:
            if error.verdict is not Verdict.MISSING:
                raise
            age_ms = self._asks.now_ms() - ns_of(row, "fillTime", "ts") // MS_NS
            if age_ms < LAG_MS:
                said = f"the order {order_id} has traded and is not found yet"
                raise CallError(Verdict.UNCLEAR, said) from error
            return plain
        self._named.keep(order_id, known)
        return known
