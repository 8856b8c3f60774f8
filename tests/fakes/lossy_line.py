"""A line to the simulated exchange on which anything gets lost, and the careful client behind it.

The line knows every fate of a request (N2, N3, N5, N11, X1, X2, X6 of the fault model): it does not
arrive, it arrives and its answer does not, it arrives seconds later, reads lag, stream events are
dropped or doubled. The client knows only `oms`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import OrderKind, OrderRef, OrderRequest, PositionSide, RejectReason, Side
from ballast.core.reports import Action, Miss, OrderReport, Place, Refusal, Source, Unclear
from ballast.core.rng import stream
from ballast.oms import lifecycle, resolver
from ballast.oms.book import OrderBook
from ballast.oms.reconcile import READ_LAG_NS, compare_orders, compare_positions
from ballast.oms.resolver import Step
from ballast.venues.simulated.engine.events import Filled, OrderUpdated
from ballast.venues.simulated.engine.outcomes import Accepted, Rejected
from tests.fakes.venue import SECOND, SPOT, rich, venue

if TYPE_CHECKING:
    from collections import Counter

    from ballast.core.orders import Order
    from ballast.core.reports import Report
    from ballast.oms.record import OrderRecord

WINDOW_NS = 3 * SECOND
LAG_NS = 10 * SECOND
STEP_NS = SECOND // 4
RECONCILE_NS = 60 * SECOND
MID = 6_000_000


def report_of(order: Order, source: Source, at_ns: int) -> OrderReport:
    """Say of an order what a venue says."""
    return OrderReport(
        order.request.symbol, order.request.client_id, order.order_id, order.status,
        order.filled_lots, at_ns, source, order.reason,
    )  # fmt: skip


@dataclass
class Line:
    """Requests out, reports back; `rate` is the chance of a fault, 0: an honest line."""

    seed: int
    rate: float
    seen: Counter[str]
    accepted: dict[str, int] = field(default_factory=dict)
    later: list[tuple[int, OrderRequest | OrderRef]] = field(default_factory=list)
    back: list[tuple[int, Report]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.exchange = venue()
        self.account, self.other = (rich(self.exchange, name) for name in ("ours", "other"))
        self.draw = stream(self.seed, "line")

    @property
    def now_ns(self) -> int:
        return self.exchange.now_ns

    def is_hit(self, fault: str) -> bool:
        hit = bool(self.draw.random() < self.rate)
        self.seen[fault] += hit
        return hit

    def send(self, request: OrderRequest | OrderRef) -> None:
        """Take a request; what becomes of it is drawn."""
        if self.is_hit("lost"):
            return self.answer_unclear(request)
        if self.is_hit("late"):  # still inside of the fence
            delay = int(self.draw.integers(1, WINDOW_NS + 9 * SECOND))
            self.later.append((self.now_ns + delay, request))
            return self.answer_unclear(request)
        outcome = self.carry_out(request)
        if self.is_hit("reply lost"):
            return self.answer_unclear(request)
        if isinstance(request, OrderRequest) and self.is_hit("refusal lies"):
            outcome = Rejected(RejectReason.INSUFFICIENT_BALANCE, "and yet it was accepted")
        reply: Report
        if isinstance(outcome, Accepted):
            reply = report_of(outcome.order, Source.REPLY, self.now_ns)
        else:
            reply = Refusal(
                SPOT,
                request.client_id,
                self.action(request),
                outcome.reason,
                outcome.detail,
                self.now_ns,
            )
        self.back.append((self.now_ns + int(self.draw.integers(0, SECOND)), reply))
        return None

    def action(self, request: OrderRequest | OrderRef) -> Action:
        return Action.CANCEL if isinstance(request, OrderRef) else Action.SUBMIT

    def answer_unclear(self, request: OrderRequest | OrderRef) -> None:
        if self.draw.random() < 0.5:  # else: nothing at all
            unclear = Unclear(SPOT, request.client_id, self.action(request), "504", self.now_ns)
            self.back.append((self.now_ns + 2 * SECOND, unclear))

    def carry_out(self, request: OrderRequest | OrderRef) -> Accepted | Rejected:
        if isinstance(request, OrderRef):
            outcome = self.exchange.cancel(self.account, request)
            assert isinstance(outcome, Accepted | Rejected)
            return outcome
        outcome = self.exchange.submit(self.account, request)
        assert isinstance(outcome, Accepted | Rejected)
        if isinstance(outcome, Accepted):
            self.accepted[request.client_id] = self.accepted.get(request.client_id, 0) + 1
        return outcome

    def look(self, record: OrderRecord, step: Step) -> None:
        """Answer a question about an order, from a copy that may lag behind."""
        if self.is_hit("read lost"):
            return
        ref = OrderRef(SPOT, client_id=record.client_id)
        found = self.exchange.order(self.account, ref)
        lags = found is not None and self.now_ns - found.created_ns < LAG_NS
        if lags and self.is_hit("read lags"):
            found = None
        reports: list[Report] = []
        place = {Step.ASK_BY_ID: Place.BY_ID, Step.ASK_OPEN_ORDERS: Place.OPEN_ORDERS}
        if step is Step.ASK_TRADES:
            fills = self.exchange.fills(self.account, SPOT, limit=10_000)
            reports += [one for one in fills if one.client_id == record.client_id]
            if not reports:
                reports.append(Miss(SPOT, record.client_id, Place.TRADES, self.now_ns))
        elif found is None or (step is Step.ASK_OPEN_ORDERS and not found.left_lots):
            reports.append(Miss(SPOT, record.client_id, place[step], self.now_ns))
        else:
            reports.append(report_of(found, Source.QUERY, self.now_ns))
        self.back += [(self.now_ns + int(self.draw.integers(0, SECOND)), one) for one in reports]

    def open_orders(self) -> list[OrderReport] | None:
        """Answer with all open orders, as they were up to ten seconds ago; None: no answer."""
        if self.is_hit("read lost"):
            return None
        shown = self.exchange.open_orders(self.account)
        if self.is_hit("read lags"):
            shown = [one for one in shown if self.now_ns - one.created_ns >= LAG_NS]
        return [report_of(one, Source.QUERY, self.now_ns) for one in shown]

    def position(self) -> int | None:
        """Answer with what our trades come to at the venue; None: no answer."""
        if self.is_hit("read lost"):
            return None
        fills = self.exchange.fills(self.account, SPOT, limit=10_000)
        return sum(int(one.side) * one.qty_lots for one in fills)

    def advance(self) -> list[Report]:
        """Let a quarter of a second pass; return what arrives."""
        now_ns = self.now_ns + STEP_NS
        self.exchange.advance(now_ns)
        for at_ns, request in [one for one in self.later if one[0] <= now_ns]:
            self.later.remove((at_ns, request))
            self.carry_out(request)
        for event in self.exchange.drain():
            match event:
                case OrderUpdated(order=order) if order.account == self.account:
                    self.stream(report_of(order, Source.STREAM, event.at_ns))
                case Filled(fill=fill) if fill.account == self.account:
                    self.stream(fill)
                case _:
                    pass
        due = sorted((one for one in self.back if one[0] <= now_ns), key=lambda one: one[0])
        self.back = [one for one in self.back if one[0] > now_ns]
        return [report for _, report in due]

    def stream(self, report: Report) -> None:
        if self.is_hit("frame dropped"):
            return
        copies = 2 if self.is_hit("frame doubled") else 1
        for _ in range(copies):  # each late by its own time: frames overtake each other
            self.back.append((self.now_ns + int(self.draw.integers(0, SECOND)), report))


class Client:
    """Places and cancels by chance; learns what became of it by `oms` alone."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.book = OrderBook()
        self.draw = stream(line.seed, "client")
        self.decision = 0
        self.names: list[str] = []
        self.reconcile_ns = 0
        self.gap_ns = 0

    def act(self) -> None:
        """Place an order, cancel one, or do nothing; the other account trades against us."""
        choice = self.draw.random()
        if choice < 0.25:
            self.place()
        elif choice < 0.40:
            live = [one for one in self.book.open_orders() if one.order_id]
            if live:
                record = live[int(self.draw.integers(len(live)))]
                self.book.keep(lifecycle.cancelling(record, self.line.now_ns))
                self.line.send(OrderRef(SPOT, client_id=record.client_id))
        elif choice < 0.65:
            side = Side.BUY if self.draw.random() < 0.5 else Side.SELL
            lots = int(self.draw.integers(1, 50))
            request = OrderRequest(SPOT, side, OrderKind.LIMIT, lots, MID + 100 * int(side))
            self.line.exchange.submit(self.line.other, request)

    def place(self) -> None:
        self.decision += 1
        side = Side.BUY if self.draw.random() < 0.5 else Side.SELL
        purpose = Purpose.ENTRY if side is Side.BUY else Purpose.EXIT
        name = client_id(
            purpose, account="ours", strategy="chance", symbol=SPOT, decision=self.decision
        )
        self.names.append(name)
        price = MID + int(self.draw.integers(-150, 150))
        lots = int(self.draw.integers(1, 60))
        kind = OrderKind.MARKET if self.draw.random() < 0.2 else OrderKind.LIMIT
        request = OrderRequest(
            SPOT, side, kind, lots, price if kind is OrderKind.LIMIT else 0, client_id=name
        )
        now_ns = self.line.now_ns
        record = self.book.prepare(name, purpose, request, decision=self.decision, at_ns=now_ns)
        self.book.keep(lifecycle.sent(record, now_ns, resolver.fence_ns(now_ns, WINDOW_NS)))
        self.line.send(request)

    def compare_position(self, now_ns: int) -> None:
        """Ask for all trades where the position differs in two looks far enough apart."""
        lots = self.line.position()
        if lots is None:
            return
        if not compare_positions(self.book, {(SPOT, PositionSide.BOTH): lots}):
            self.gap_ns = 0
        elif not self.gap_ns:
            self.gap_ns = now_ns
        elif now_ns - self.gap_ns >= READ_LAG_NS:
            for fill in self.line.exchange.fills(self.line.account, SPOT, limit=10_000):
                self.book.take(fill)

    def step(self) -> None:
        """Take what arrived, then do about each doubtful order what the resolver says."""
        for report in self.line.advance():
            self.book.take(report)
        now_ns = self.line.now_ns
        if now_ns >= self.reconcile_ns:
            self.reconcile_ns = now_ns + RECONCILE_NS
            shown = self.line.open_orders()
            if shown is not None:
                compare_orders(self.book, shown, now_ns)
            self.compare_position(now_ns)
        for record in list(self.book.doubtful()):
            match resolver.next_step(record, now_ns).step:
                case Step.UNHEARD:
                    self.book.keep(lifecycle.unheard(record, now_ns))
                case Step.ABSENT:
                    self.book.keep(lifecycle.absent(record, now_ns))
                case Step.ASK_BY_ID | Step.ASK_OPEN_ORDERS | Step.ASK_TRADES as step:
                    self.book.keep(lifecycle.asked(record, now_ns))
                    self.line.look(record, step)
                case Step.NOTHING | Step.WAIT:
                    pass
