"""Lossy: a client on whose line things get lost, drawn from a seed.

A request does not arrive, or it is carried out and its answer is lost; a message of the stream is
dropped. The caller hears `Unclear`, or nothing. What becomes of a request depends on the seed, its
order and how often it was asked, not on what was asked between: a session that is run again meets
the same faults.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ballast.core.reports import Action, Unclear
from ballast.core.rng import stream
from ballast.venues.simulated.client import SimulatedClient

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.core.ids import Purpose
    from ballast.core.orders import AmendRequest, OrderRequest
    from ballast.core.reports import Report
    from ballast.risk.gate.judge import Approved
    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange

SILENT = 0.5
"""Part of the failures that leave no word at all."""
ARRIVES, LOST, UNANSWERED = "arrives", "request lost", "answer lost"
DROPPED = "message dropped"


class LossyClient(SimulatedClient):
    """A client whose requests fail at a rate; half of the failures leave no word at all."""

    def __init__(self, exchange: Exchange, account: int, *, seed: int, rate: float) -> None:
        """Lose at this rate, 0 to 1; `seen` counts what was."""
        super().__init__(exchange, account)
        self.seed, self.rate = seed, rate
        self.seen: Counter[str] = Counter()
        self._asked: Counter[tuple[str, str]] = Counter()

    def _fate(self, action: str, name: str) -> tuple[str, bool]:
        """Draw what becomes of a request, and whether the caller hears that it is unclear."""
        self._asked[action, name] += 1
        draw = stream(self.seed, f"{action}/{name}/{self._asked[action, name]}").random(2)
        fate = ARRIVES
        if draw[0] < self.rate:
            fate = LOST if draw[0] < self.rate / 2 else UNANSWERED
            self.seen[fate] += 1
        return fate, bool(draw[1] >= SILENT)

    def _unclear(self, symbol: str, name: str, action: Action, *, is_heard: bool) -> list[Report]:
        if not is_heard:
            return []
        return [Unclear(symbol, name, action, "no answer", self.exchange.now_ns)]

    def submit(
        self, request: OrderRequest, purpose: Purpose, approved: Approved | None
    ) -> list[Report]:
        """Send an order, perhaps in vain."""
        fate, is_heard = self._fate("submit", request.client_id)
        answer = [] if fate == LOST else super().submit(request, purpose, approved)
        if fate == ARRIVES:
            return answer
        return self._unclear(request.symbol, request.client_id, Action.SUBMIT, is_heard=is_heard)

    def again(self, request: OrderRequest) -> None:
        """Carry out an order of the journal, unless it did not arrive then either."""
        if self._fate("submit", request.client_id)[0] != LOST:
            super().again(request)

    def cancel(self, symbol: str, client_id: str) -> list[Report]:
        """Cancel an order, perhaps in vain."""
        fate, is_heard = self._fate("cancel", client_id)
        answer = [] if fate == LOST else super().cancel(symbol, client_id)
        if fate == ARRIVES:
            return answer
        return self._unclear(symbol, client_id, Action.CANCEL, is_heard=is_heard)

    def amend(self, request: AmendRequest) -> list[Report]:
        """Change an order, perhaps in vain."""
        name = request.ref.client_id
        fate, is_heard = self._fate("amend", name)
        answer = [] if fate == LOST else super().amend(request)
        if fate == ARRIVES:
            return answer
        return self._unclear(request.ref.symbol, name, Action.AMEND, is_heard=is_heard)

    def replace(self, client_id: str, request: OrderRequest) -> list[Report]:
        """Cancel and send in one request, perhaps in vain."""
        fate, is_heard = self._fate("replace", request.client_id)
        answer = [] if fate == LOST else super().replace(client_id, request)
        if fate == ARRIVES:
            return answer
        return [
            *self._unclear(request.symbol, client_id, Action.CANCEL, is_heard=is_heard),
            *self._unclear(request.symbol, request.client_id, Action.SUBMIT, is_heard=is_heard),
        ]

    def submit_pair(self, take: OrderRequest, stop: OrderRequest) -> list[Report]:
        """Send two orders in one request, perhaps in vain."""
        fate, is_heard = self._fate("pair", stop.client_id)
        answer = [] if fate == LOST else super().submit_pair(take, stop)
        if fate == ARRIVES:
            return answer
        return [
            report
            for one in (take, stop)
            for report in self._unclear(one.symbol, one.client_id, Action.SUBMIT, is_heard=is_heard)
        ]

    def reports(self, events: Iterable[Event]) -> list[Report]:
        """Return what the stream brings: some of its messages are dropped."""
        kept = []
        for place, report in enumerate(super().reports(events)):
            key = f"stream/{report.client_id}/{self.exchange.now_ns}/{place}"
            if stream(self.seed, key).random() < self.rate:
                self.seen[DROPPED] += 1
            else:
                kept.append(report)
        return kept
