"""Shell: one node, one venue; events in a queue, effects carried out one after the other."""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, Protocol

from ballast.core.orders import AmendRequest, OrderRef
from ballast.core.reports import Look
from ballast.oms.resolver import Step
from ballast.runtime.node.events import (
    Alert,
    AmendOrder,
    Ask,
    AskMarket,
    AskTrades,
    CancelOrder,
    Effect,
    Elapsed,
    Event,
    Judged,
    ReplaceOrder,
    Reported,
    Settled,
    Sized,
    Sliced,
    Submit,
    SubmitPair,
    Wake,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.ids import Purpose
    from ballast.core.orders import Fill, OrderRequest
    from ballast.core.reports import Report
    from ballast.risk.gate.judge import Approved
    from ballast.runtime.node.journalled import JournalledNode
    from ballast.runtime.node.node import Node

LOOKS = {
    Step.ASK_BY_ID: Look.BY_ID,
    Step.ASK_OPEN_ORDERS: Look.OPEN_ORDERS,
    Step.ASK_TRADES: Look.TRADES,
}


class TradeClient(Protocol):
    """One account at one venue. What it does not answer at once comes as reports later."""

    def submit(
        self, request: OrderRequest, purpose: Purpose, approved: Approved | None
    ) -> Sequence[Report]:
        """Send an order; an entry needs the gate's approval."""

    def cancel(self, symbol: str, client_id: str) -> Sequence[Report]:
        """Cancel an order."""

    def amend(self, request: AmendRequest) -> Sequence[Report]:
        """Change a resting order in place."""

    def replace(self, client_id: str, request: OrderRequest) -> Sequence[Report]:
        """Cancel an order and send another in one request."""

    def submit_pair(self, take: OrderRequest, stop: OrderRequest) -> Sequence[Report]:
        """Send a take and a stop for the same coins in one request."""

    def look(self, symbol: str, client_id: str, look: Look) -> Sequence[Report]:
        """Look for an order in one place."""

    def trades(self, symbol: str) -> Sequence[Fill]:
        """Return the last trades of the account in a symbol."""


class Shell:
    """Brings events to a node, carries its effects out, and remembers when it wants to be woken."""

    def __init__(
        self,
        live: JournalledNode,
        client: TradeClient,
        now_ns: Callable[[], int],
        hear: Callable[[Effect], None] = lambda _: None,
    ) -> None:
        """Serve a node; `hear` is told what is for people: verdicts of the gate and alerts."""
        self.live = live
        self.client = client
        self.now_ns = now_ns
        self.sure_ns = now_ns
        """The time that has come at the venue too; a line to one says it."""
        self.hear = hear
        self.look: Callable[[str], None] = lambda _: None
        """Asks what is held of a symbol and what its market is like; the node is told later."""
        self._queue: deque[Event] = deque()
        self._wakes: list[int] = []
        self._is_busy = False

    @property
    def node(self) -> Node:
        """The node."""
        return self.live.node

    def tell(self, event: Event) -> None:
        """Bring an event; what its effects are answered with follows before this returns."""
        self._queue.append(event)
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._queue:
                self.carry_out(self.live.handle(self._queue.popleft()))
        finally:
            self._is_busy = False

    def carry_out(self, effects: Sequence[Effect]) -> None:
        """Do what the node wants, in its order."""
        for effect in effects:
            for report in self._done(effect):
                self._queue.append(Reported(report, self.now_ns()))

    def started(self, effects: Sequence[Effect]) -> None:
        """Do what a node wants at its start."""
        self._is_busy = True
        self.carry_out(effects)
        self._is_busy = False
        self.tell(Elapsed(self.now_ns()))

    def _done(self, effect: Effect) -> Sequence[Report]:
        client = self.client
        match effect:
            case Submit(purpose=purpose, request=request):
                approved = self.node.approval(request.client_id)
                return client.submit(request, purpose, approved)
            case CancelOrder():
                return client.cancel(effect.symbol, effect.client_id)
            case AmendOrder():
                ref = OrderRef(effect.symbol, client_id=effect.client_id)
                return client.amend(
                    AmendRequest(ref, effect.qty_lots, effect.price_ticks, effect.trigger_ticks)
                )
            case ReplaceOrder() | SubmitPair():
                return self._two(effect)
            case Ask() | AskTrades():
                return self._asked(effect)
            case Wake():
                heapq.heappush(self._wakes, effect.at_wake_ns)
            case AskMarket():
                self.look(effect.symbol)
            case Judged() | Sized() | Sliced() | Settled() | Alert():
                self.hear(effect)
        return ()

    def _two(self, effect: ReplaceOrder | SubmitPair) -> Sequence[Report]:
        match effect:
            case ReplaceOrder():
                return self.client.replace(effect.client_id, effect.submit.request)
            case SubmitPair():
                return self.client.submit_pair(effect.take.request, effect.stop.request)

    def _asked(self, effect: Ask | AskTrades) -> Sequence[Report]:
        match effect:
            case Ask():
                return self.client.look(effect.symbol, effect.client_id, LOOKS[effect.step])
            case AskTrades():
                return self.client.trades(effect.symbol)

    # Time -----------------------------------------------------------------------------------

    def next_wake_ns(self) -> int | None:
        """Return when the node wants to be woken next."""
        return self._wakes[0] if self._wakes else None

    def wake(self, now_ns: int) -> None:
        """Tell the node that time passed, where it wanted to hear."""
        if not self._wakes or self._wakes[0] > now_ns:
            return
        while self._wakes and self._wakes[0] <= now_ns:
            heapq.heappop(self._wakes)
        self.tell(Elapsed(now_ns))
