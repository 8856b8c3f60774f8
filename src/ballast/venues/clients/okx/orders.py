"""Orders: sent, cancelled, amended and looked for at OKX, in reports of ours; raises nothing.

OKX answers a write with ids alone: that it took the request, not what became of it. So a cancel and
an amend are followed by a look, as is a cancel of an order that is not found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import PRICED, TERMINAL, OrderStatus
from ballast.core.reports import Action, Look, OrderReport, Rejection, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.calls import Call, CallError, Verdict
from ballast.venues.clients.okx import requests, words
from ballast.venues.clients.okx.known import Leg, Recent
from ballast.venues.clients.okx.looks import algo_by
from ballast.venues.clients.okx.rows import children_of, terms_of, text
from ballast.venues.clients.outcomes import outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.orders import AmendRequest, OrderRequest
    from ballast.core.reports import Report
    from ballast.venues.clients.calls import Urgency
    from ballast.venues.clients.market import Market
    from ballast.venues.clients.okx.known import Kinds
    from ballast.venues.clients.okx.looks import Looks
    from ballast.venues.clients.okx.questions import Questions


class Orders:
    """The orders of one account. `mode_of` says OKX's `tdMode` of a symbol."""

    def __init__(
        self,
        questions: Questions,
        looks: Looks,
        kinds: Kinds,
        mode_of: Callable[[Market], str],
    ) -> None:
        """Send through `questions`; what is known of the orders is kept in `kinds`."""
        self._asks = questions
        self._looks = looks
        self._mode_of = mode_of
        self._kinds = kinds
        self._legs: Recent[Leg] = Recent()

    async def submit(self, request: OrderRequest, urgency: Urgency) -> Sequence[Report]:
        """Send an order."""
        symbol, own = request.symbol, request.client_id
        algo = requests.is_algo(request)
        try:
            market = self._asks.market(symbol)
            call = requests.placing(request, market, self._mode_of(market), urgency)
            row = await self._written(call, "algoId" if algo else "ordId")
        except CallError as error:
            return [outcome(error, Action.SUBMIT, symbol, own, self._asks.now_ns())]
        self._kinds.keep(own, algo=algo)
        if algo:
            at_market = request.kind not in PRICED
            self._legs.keep(own, Leg(requests.leg_of(request), at_market))
        return [
            OrderReport(
                symbol,
                own,
                number_of(text(row, "algoId" if algo else "ordId")),
                OrderStatus.UNTRIGGERED if algo else OrderStatus.NEW,
                0,
                self._asks.now_ns(),
                Source.REPLY,
            )
        ]

    async def cancel(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[Report]:
        """Cancel an order, then look what became of it."""
        error: CallError | None = None
        try:
            market = self._asks.market(symbol)
            for algo in self._kinds.of(client_id):
                error = await self._cancelled(market, client_id, urgency, algo=algo)
                if error is None or error.verdict is not Verdict.MISSING:
                    break
        except CallError as refused:
            error = refused
        return await self._then_looked(Action.CANCEL, symbol, client_id, urgency, error)

    async def amend(self, request: AmendRequest, urgency: Urgency) -> Sequence[Report]:
        """Change an order, then look how it stands."""
        symbol, own = request.ref.symbol, request.ref.client_id
        error: CallError | None = None
        try:
            market = self._asks.market(symbol)
            # Only an algo order has a trigger.
            for algo in (True,) if request.trigger_ticks else self._kinds.of(own):
                error = await self._amended(request, market, urgency, algo=algo)
                if error is None or error.verdict is not Verdict.MISSING:
                    break
        except CallError as refused:
            error = refused
        return await self._then_looked(Action.AMEND, symbol, own, urgency, error)

    def replaced(self, request: OrderRequest) -> Sequence[Report]:
        """Refuse to replace: OKX has no such request, and two requests are not one."""
        error = requests.refused("OKX cannot cancel and place in one request")
        return [
            outcome(error, Action.SUBMIT, request.symbol, request.client_id, self._asks.now_ns())
        ]

    async def _written(self, call: Call, place: str) -> dict[str, Any]:
        """Return the row of an answer; one without an id leaves the outcome open (5.2)."""
        row = await self._asks.row(call)
        if not text(row, place):
            raise CallError(Verdict.UNCLEAR, f"{call.method}: an answer without {place}")
        return row

    async def _cancelled(
        self, market: Market, client_id: str, urgency: Urgency, *, algo: bool
    ) -> CallError | None:
        try:
            call = requests.cancelling(market, client_id, urgency, algo=algo)
            await self._written(call, "algoId" if algo else "ordId")
        except CallError as error:
            if algo and error.verdict is Verdict.MISSING:
                return await self._cancelled_children(market, client_id, urgency) or error
            return error
        return None

    async def _cancelled_children(
        self, market: Market, client_id: str, urgency: Urgency
    ) -> CallError | None:
        """Cancel what an algo order became, where that rests (a stop with a limit)."""
        try:
            row = await self._asks.row(algo_by(client_id, urgency))
            for order_id in children_of(row):
                call = requests.cancelling_child(market, order_id, urgency)
                await self._written(call, "ordId")
        except CallError as error:
            return error
        return None

    async def _amended(
        self, request: AmendRequest, market: Market, urgency: Urgency, *, algo: bool
    ) -> CallError | None:
        try:
            if algo:
                leg = await self._leg(request.ref.client_id, urgency)
                call = requests.amending_algo(
                    request, market, leg.name, urgency, at_market=leg.at_market
                )
            else:
                call = requests.amending(request, market, urgency)
            await self._written(call, "algoId" if algo else "ordId")
        except CallError as error:
            return error
        return None

    async def _leg(self, client_id: str, urgency: Urgency) -> Leg:
        """Return which leg an algo order is, asked for where it is not known."""
        known = self._legs.get(client_id)
        if known is None:
            row = await self._asks.row(algo_by(client_id, urgency))
            trails = text(row, "ordType") == "move_order_stop"
            name = requests.STOP if text(row, "slTriggerPx") else requests.TAKE
            at_market = terms_of(row)[1] == words.AT_MARKET
            known = Leg(requests.TRAIL if trails else name, at_market)
            self._legs.keep(client_id, known)
        return known

    async def _then_looked(
        self,
        action: Action,
        symbol: str,
        client_id: str,
        urgency: Urgency,
        error: CallError | None,
    ) -> Sequence[Report]:
        """Return how an order stands after a request about it, and how the request failed.

        What is refused for another reason than that the order is not found is told as it is.
        """
        told: list[Report] = []
        if error is None or error.verdict is Verdict.MISSING:
            looked = await self._looks.look(symbol, client_id, Look.BY_ID, urgency)
            told += [one for one in looked if isinstance(one, OrderReport)]
        if error is not None:
            failed = outcome(error, action, symbol, client_id, self._asks.now_ns())
            is_over = any(isinstance(one, OrderReport) and _is_over(one) for one in told)
            if not (is_over and isinstance(failed, Rejection)):
                told.append(failed)
        return told


def _is_over(report: OrderReport) -> bool:
    return report.status in TERMINAL
