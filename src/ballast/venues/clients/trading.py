"""Trading: the node's orders to a desk, and what becomes of them back as reports.

What the shell asks for is sent at once as a task of its own, in the order in which it was asked: a
stop never waits for the answer to an entry. Answers come as reports later, in whatever order the
venue gives them; that is what the book of record is for. An entry needs the gate's approval.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.ids import Purpose, purpose_of
from ballast.core.orders import RejectReason
from ballast.core.reports import Action, Rejection, Unclear
from ballast.venues.clients.calls import CallError, Urgency
from ballast.venues.clients.desk import PairDesk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ballast.core.orders import AmendRequest, Fill, OrderRequest
    from ballast.core.reports import Look, Report
    from ballast.risk.gate.judge import Approved
    from ballast.venues.clients.desk import VenueDesk

PRICE_SLACK = 1.005
"""The price may have moved by half a percent since an entry was approved, not by more."""
URGENCIES = {Purpose.ENTRY: Urgency.TRADE, Purpose.TAKE: Urgency.TRADE}


def urgency_of(purpose: Purpose | None) -> Urgency:
    """Return how urgent an order for a purpose is; whatever is not known protects."""
    return URGENCIES.get(purpose, Urgency.PROTECT) if purpose is not None else Urgency.PROTECT


class TradingClient:
    """One account at one venue, as the shell's `TradeClient`."""

    def __init__(
        self,
        desk: VenueDesk,
        now_ns: Callable[[], int],
    ) -> None:
        """Trade through a desk; `serve` says who hears the answers."""
        self.desk = desk
        self.failed: BaseException | None = None
        """A defect of ours in a request; its owner stops on it."""
        self._tell: Callable[[Sequence[Report]], None] | None = None
        self._price_ticks: Callable[[str], int] = lambda _: 0
        self._now_ns = now_ns
        self._under_way: set[asyncio.Task[None]] = set()
        self._asks_trades: dict[str, asyncio.Task[None]] = {}
        """The last question for the trades of each symbol."""

    def serve(
        self, tell: Callable[[Sequence[Report]], None], price_ticks: Callable[[str], int]
    ) -> None:
        """Tell answers to `tell`; `price_ticks` knows the last price of a symbol."""
        self._tell, self._price_ticks = tell, price_ticks

    def submit(
        self, request: OrderRequest, purpose: Purpose, approved: Approved | None
    ) -> Sequence[Report]:
        """Send an order; raise `InternalError` for an entry that the gate did not approve.

        An approval that grew old before its order could go out is a refusal: nothing was sent.
        """
        now_ns = self._now_ns()
        if purpose is Purpose.ENTRY:
            if approved is not None and approved.is_old(now_ns):  # this machine was too slow
                return (
                    Rejection(
                        request.symbol, request.client_id, Action.SUBMIT, RejectReason.EXPIRY,
                        "the approval was too old to be used; not sent", now_ns,
                    ),
                )  # fmt: skip
            self._check(request, approved)
        self._start(
            self.desk.submit(request, urgency_of(purpose)),
            Unclear(request.symbol, request.client_id, Action.SUBMIT, "", now_ns),
        )
        return ()

    def _check(self, request: OrderRequest, approved: Approved | None) -> None:
        if approved is None:
            raise InternalError(f"the entry {request.client_id} has no approval")
        market = self.desk.markets[request.symbol]
        ticks = request.price_ticks or self._price_ticks(request.symbol)
        value = float(market.tick * ticks * market.lot * request.qty_lots)
        approved.check(request.symbol, request.side, value / PRICE_SLACK, self._now_ns())

    def cancel(self, symbol: str, client_id: str) -> Sequence[Report]:
        """Cancel an order."""
        self._start(
            self.desk.cancel(symbol, client_id, Urgency.PROTECT),
            Unclear(symbol, client_id, Action.CANCEL, "", self._now_ns()),
        )
        return ()

    def amend(self, request: AmendRequest) -> Sequence[Report]:
        """Change a resting order in place."""
        ref = request.ref
        self._start(
            self.desk.amend(request, urgency_of(purpose_of(ref.client_id))),
            Unclear(ref.symbol, ref.client_id, Action.AMEND, "", self._now_ns()),
        )
        return ()

    def replace(self, client_id: str, request: OrderRequest) -> Sequence[Report]:
        """Cancel an order and send another in one request."""
        now_ns = self._now_ns()
        self._start(
            self.desk.replace(client_id, request, urgency_of(purpose_of(request.client_id))),
            Unclear(request.symbol, client_id, Action.CANCEL, "", now_ns),
            Unclear(request.symbol, request.client_id, Action.SUBMIT, "", now_ns),
        )
        return ()

    def submit_pair(self, take: OrderRequest, stop: OrderRequest) -> Sequence[Report]:
        """Send a take and a stop for the same coins in one request; refused where none is known."""
        now_ns, both = self._now_ns(), (take, stop)
        if not isinstance(self.desk, PairDesk):
            no = RejectReason.NOT_SUPPORTED
            return [
                Rejection(one.symbol, one.client_id, Action.SUBMIT, no, "no pairs here", now_ns)
                for one in both
            ]
        self._start(
            self.desk.place_pair(take, stop, Urgency.PROTECT),
            *(Unclear(one.symbol, one.client_id, Action.SUBMIT, "", now_ns) for one in both),
        )
        return ()

    def look(self, symbol: str, client_id: str, look: Look) -> Sequence[Report]:
        """Look for an order in one place."""
        self._start(self.desk.look(symbol, client_id, look))
        return ()

    def trades(self, symbol: str) -> Sequence[Fill]:
        """Ask for the last trades of a symbol; they come as reports.

        One question at a time: each position that a stream shows may want them, and where answers
        are slow hundreds would wait for the budget that stops need too.
        """
        before = self._asks_trades.get(symbol)
        if before is None or before.done():
            self._asks_trades[symbol] = self._start(self.desk.trades(symbol))
        return ()

    # What is under way ----------------------------------------------------------------------

    def _start(self, asked: Awaitable[Sequence[Report]], *doubts: Unclear) -> asyncio.Task[None]:
        task = asyncio.ensure_future(self._answered(asked, doubts))
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    async def _answered(
        self, asked: Awaitable[Sequence[Report]], doubts: Sequence[Unclear]
    ) -> None:
        """Tell what an answer says; a question that failed says nothing, and is asked again."""
        try:
            reports = await asked
        except CallError as error:
            reports = [
                Unclear(one.symbol, one.client_id, one.action, str(error), self._now_ns())
                for one in doubts
            ]
        if self._tell is None:
            raise InternalError("a request was answered, and nobody is served")
        if reports:
            self._tell(reports)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed = self.failed or error

    async def settle(self, within_s: float) -> int:
        """Wait for what is under way; return how many requests still have no answer."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=within_s)
        return len(self._under_way)
