"""Settling: orders that should be over and are not, and what those that are over have cost.

A market order trades at once or not at all. One that the venue still shows as open after a while is
cancelled: whatever is answered settles it, for "unknown" and "filled already" are looked up. What
it was for is then decided anew: an entry's rest is dropped, an exit is sent again by the guard.

Slippage is measured against the price at the decision: of an entry, slices and limits too, the
close it was decided on; of a stop its trigger; of a take its level; of a market exit the last
price that was known when it was sent. A cost is positive, a gain negative.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.orders import Fill, OrderKind
from ballast.oms.record import Phase, Wish
from ballast.oms.resolver import OVERDUE_NS
from ballast.runtime.node.desk import Cost
from ballast.runtime.node.events import Alert, Settled, Submit, Wake
from ballast.runtime.node.execution import Execution

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.core.reports import Report
    from ballast.oms.record import OrderRecord

BPS = 10_000.0
SECOND_NS = 1_000_000_000


class Settling(Execution):
    """Sees to it that orders come to an end, and tells what each came to."""

    # What does not end ----------------------------------------------------------------------

    def _end_entries(self) -> None:
        super()._end_entries()
        if self.rules.settle_ns:
            self._hurry()

    def _hurry(self) -> None:
        """Cancel market orders that do not end; tell of an order that nobody knows for long."""
        dues = []
        for record in list(self.book.open_orders()):
            is_market = record.request.kind is OrderKind.MARKET
            if record.phase is Phase.LIVE and is_market and record.cancel is Wish.NONE:
                due_ns = max(record.sent_ns, record.wished_ns) + self.rules.settle_ns
                act = self._cancel_late
            elif record.phase is Phase.UNKNOWN and not self._is_told(record):
                due_ns = record.updated_ns + OVERDUE_NS
                act = self._tell_unknown
            else:
                continue
            if self.now_ns < due_ns:
                dues.append(due_ns)
            else:
                act(record)
        if dues:
            self._out.append(Wake(min(dues)))

    def _is_told(self, record: OrderRecord) -> bool:
        return record.client_id in self.desk(record.symbol).overdue

    def _cancel_late(self, record: OrderRecord) -> None:
        late = f"did not end within {self.rules.settle_ns / SECOND_NS:g} s"
        self._out.append(Alert(record.symbol, f"{record.client_id} {late}: cancelled"))
        self._cancel(record)

    def _tell_unknown(self, record: OrderRecord) -> None:
        """Tell once of an order that is unknown for too long (A5)."""
        desk = self.desk(record.symbol)
        desk.overdue = (*desk.overdue, record.client_id)
        late = f"nobody has known of {record.client_id} for {OVERDUE_NS // SECOND_NS} s"
        self._out.append(Alert(record.symbol, f"{late}: it is still looked for"))

    # What it cost ---------------------------------------------------------------------------

    def _decided_ticks(self, purpose: Purpose, request: OrderRequest) -> int:
        """Return the price that an order is measured against; 0: none is known."""
        if purpose is Purpose.TAKE and request.price_ticks:
            return request.price_ticks
        return request.trigger_ticks or self.desk(request.symbol).price_ticks

    def _enter(
        self, purpose: Purpose, request: OrderRequest, *, decision: int = 0, leg: int = 0
    ) -> Submit:
        submit = super()._enter(purpose, request, decision=decision, leg=leg)
        if self.rules.slip_alarm:
            decided = self._decided_ticks(purpose, request)
            self.desk(request.symbol).costs[submit.request.client_id] = Cost(decided)
        return submit

    def _take(self, report: Report) -> None:
        before = self.book.find(report) if isinstance(report, Fill) else None
        super()._take(report)
        if before is None or not isinstance(report, Fill):
            return
        desk, record = self.desk(before.symbol), self._known(before.client_id)
        lots = record.booked_lots - before.booked_lots
        cost = desk.costs.get(record.client_id)
        if lots > 0 and cost is not None:
            value = cost.value + lots * report.price_ticks
            desk.costs[record.client_id] = replace(cost, lots=cost.lots + lots, value=value)

    def _resolve(self) -> None:
        super()._resolve()
        self._settle()

    def _settle(self) -> None:
        """Tell what orders came to that are over, with all their fills booked."""
        for symbol in sorted(self.desks):
            desk = self.desks[symbol]
            for name, cost in list(desk.costs.items()):
                record = self.book.get(name)
                if record is not None and not record.is_settled:
                    continue
                del desk.costs[name]
                if record is not None and cost.lots:
                    self._tell_cost(record, cost)
            desk.overdue = tuple(one for one in desk.overdue if self._is_unknown(one))

    def _is_unknown(self, name: str) -> bool:
        record = self.book.get(name)
        return record is not None and record.phase is Phase.UNKNOWN

    def _tell_cost(self, record: OrderRecord, cost: Cost) -> None:
        decided = record.request.trigger_ticks or cost.decided_ticks
        if not decided:
            return
        mean = cost.value / cost.lots
        lost = int(record.request.side) * (cost.value - cost.lots * decided)
        self.desk(record.symbol).slipped += lost
        slip = int(record.request.side) * (mean / decided - 1.0)
        self._out.append(
            Settled(
                record.symbol, record.client_id, record.purpose, cost.lots, mean, decided,
                round(slip * BPS, 4),
            )
        )  # fmt: skip
        if slip > self.rules.slip_alarm:
            what = f"{record.purpose.name.lower()} {record.client_id}"
            text = f"slippage of {what}: {slip:.2%}, limit {self.rules.slip_alarm:.2%}"
            self._out.append(Alert(record.symbol, text))
