"""A line to the simulated exchange on which anything gets lost, and the careful client behind it.

The line knows every fate of a request (N2, N3, N5, N11, X1 to X3, X6 of the fault model): it does
not arrive, it arrives and its answer does not, it arrives late, its answer lies, reads lag, and
stream events are dropped or doubled. The client knows only `oms`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import (
    AmendRequest,
    ListKind,
    ListRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionSide,
    RejectReason,
    Side,
)
from ballast.core.reports import Action, Look, Miss, OrderReport, Rejection, Source, Unclear
from ballast.core.rng import stream
from ballast.oms import lifecycle, resolver
from ballast.oms.book import BookOfRecord
from ballast.oms.reconcile import READ_LAG_NS, compare_orders, compare_positions
from ballast.oms.resolver import Step
from ballast.runtime.node.events import ReplaceOrder, Submit, SubmitPair
from ballast.venues.simulated.engine.events import Filled, OrderUpdated
from ballast.venues.simulated.engine.outcomes import Accepted, HalfDone, Rejected
from tests.fakes.venue import SECOND, SPOT, rich, venue

if TYPE_CHECKING:
    from collections import Counter

    from ballast.core.orders import Order
    from ballast.core.reports import Report
    from ballast.oms.book import Taken
    from ballast.oms.record import OrderRecord
    from ballast.venues.simulated.engine.outcomes import Outcome

WINDOW_NS = 3 * SECOND
LAG_NS = 10 * SECOND
STEP_NS = SECOND // 4
RECONCILE_NS = 20 * SECOND
"""Between two comparisons while something is held."""
MID = 6_000_000


@dataclass(frozen=True)
class Swap:
    """A cancel and a new order in one request."""

    ref: OrderRef
    request: OrderRequest


@dataclass(frozen=True)
class Both:
    """A take and a stop for the same coins in one request."""

    take: OrderRequest
    stop: OrderRequest


Asked = OrderRequest | OrderRef | AmendRequest | Swap | Both


def two_of(effect: ReplaceOrder | SubmitPair) -> tuple[tuple[Submit, ...], Swap | Both]:
    """Return the orders that go in one request, and the request."""
    match effect:
        case ReplaceOrder(submit=submit):
            ref = OrderRef(effect.symbol, client_id=effect.client_id)
            return (submit,), Swap(ref, submit.request)
        case SubmitPair(take=take, stop=stop):
            return (take, stop), Both(take.request, stop.request)


def parts(asked: Asked) -> list[tuple[str, Action]]:
    """Return what a request asks, of which orders."""
    match asked:
        case OrderRequest():
            return [(asked.client_id, Action.SUBMIT)]
        case OrderRef():
            return [(asked.client_id, Action.CANCEL)]
        case AmendRequest():
            return [(asked.ref.client_id, Action.AMEND)]
        case Swap():
            return [*parts(asked.ref), *parts(asked.request)]
        case Both():
            return [*parts(asked.take), *parts(asked.stop)]


def report_of(order: Order, source: Source, at_ns: int) -> OrderReport:
    """Say of an order what a venue says."""
    return OrderReport(
        order.request.symbol, order.request.client_id, order.order_id, order.status,
        order.filled_lots, at_ns, source, order.reason, order.request.qty_lots,
        order.request.price_ticks, order.request.trigger_ticks,
    )  # fmt: skip


@dataclass
class Line:
    """Requests out, reports back; `rate` is the chance of a fault, 0: an honest line."""

    seed: int
    rate: float
    seen: Counter[str]
    symbol: str = SPOT
    accepted: dict[str, int] = field(default_factory=dict)
    later: list[tuple[int, Asked]] = field(default_factory=list)
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

    def soon_ns(self) -> int:
        return self.now_ns + int(self.draw.integers(0, SECOND))

    def send(self, asked: Asked) -> None:
        """Take a request; what becomes of it is drawn."""
        if self.is_hit("lost"):
            return self.answer_unclear(asked)
        if self.is_hit("late"):  # still inside of the fence
            delay = int(self.draw.integers(1, WINDOW_NS + 9 * SECOND))
            self.later.append((self.now_ns + delay, asked))
            return self.answer_unclear(asked)
        replies = self.carry_out(asked)
        if self.is_hit("reply lost"):
            return self.answer_unclear(asked)
        if isinstance(asked, OrderRequest) and self.is_hit("refusal lies"):
            lie = Rejected(RejectReason.INSUFFICIENT_BALANCE, "and yet it was accepted")
            replies = [self.refusal(asked.client_id, Action.SUBMIT, lie)]
        self.back += [(self.soon_ns(), one) for one in replies]
        return None

    def answer_unclear(self, asked: Asked) -> None:
        if self.draw.random() < 0.5:  # else: nothing at all
            for name, action in parts(asked):
                unclear = Unclear(self.symbol, name, action, "504", self.now_ns)
                self.back.append((self.now_ns + 2 * SECOND, unclear))

    def refusal(self, name: str, action: Action, why: Rejected) -> Rejection:
        return Rejection(self.symbol, name, action, why.reason, why.detail, self.now_ns)

    def carry_out(self, asked: Asked) -> list[Report]:
        """Do what is asked; return the venue's true answers."""
        exchange, account = self.exchange, self.account
        match asked:
            case OrderRequest():
                return [
                    self.answer(asked.client_id, Action.SUBMIT, exchange.submit(account, asked))
                ]
            case OrderRef():
                return [
                    self.answer(asked.client_id, Action.CANCEL, exchange.cancel(account, asked))
                ]
            case AmendRequest():
                outcome = exchange.amend(account, asked)
                return [self.answer(asked.ref.client_id, Action.AMEND, outcome)]
            case Swap():
                return self.swap(asked)
            case Both():
                return self.both(asked)

    def both(self, asked: Both) -> list[Report]:
        """Place both orders, or neither."""
        orders = (asked.take, asked.stop)
        wanted = ListRequest(asked.take.symbol, ListKind.OCO, orders, asked.stop.client_id)
        outcome = self.exchange.submit_list(self.account, wanted)
        if isinstance(outcome, Rejected):
            return [self.refusal(one.client_id, Action.SUBMIT, outcome) for one in orders]
        assert isinstance(outcome, Accepted)
        for one in orders:
            self.accepted[one.client_id] = self.accepted.get(one.client_id, 0) + 1
        return [report_of(one, Source.REPLY, self.now_ns) for one in outcome.orders]

    def swap(self, asked: Swap) -> list[Report]:
        """Cancel and place in one request: done, half done, or neither (X3)."""
        old, new = asked.ref.client_id, asked.request.client_id
        outcome = self.exchange.cancel_replace(self.account, asked.ref, asked.request)
        if isinstance(outcome, HalfDone):
            gone = report_of(outcome.cancelled, Source.REPLY, self.now_ns)
            return [gone, self.refusal(new, Action.SUBMIT, outcome.rejected)]
        if isinstance(outcome, Rejected):
            return [
                self.refusal(old, Action.CANCEL, outcome), self.refusal(new, Action.SUBMIT, outcome)
            ]  # fmt: skip
        self.accepted[new] = self.accepted.get(new, 0) + 1
        return [report_of(one, Source.REPLY, self.now_ns) for one in outcome.orders]

    def answer(self, name: str, action: Action, outcome: Outcome) -> Report:
        if isinstance(outcome, Accepted):
            if action is Action.SUBMIT:
                self.accepted[name] = self.accepted.get(name, 0) + 1
            return report_of(outcome.order, Source.REPLY, self.now_ns)
        assert isinstance(outcome, Rejected)
        return self.refusal(name, action, outcome)

    def look(self, record: OrderRecord, step: Step) -> None:
        """Answer a question about an order, from a copy that may lag behind."""
        if self.is_hit("read lost"):
            return
        found = self.exchange.order(self.account, OrderRef(self.symbol, client_id=record.client_id))
        lags = found is not None and self.now_ns - found.created_ns < LAG_NS
        if lags and self.is_hit("read lags"):
            found = None
        reports: list[Report] = []
        place = {Step.ASK_BY_ID: Look.BY_ID, Step.ASK_OPEN_ORDERS: Look.OPEN_ORDERS}
        if step is Step.ASK_TRADES:
            fills = self.exchange.fills(self.account, self.symbol, limit=10_000)
            reports += [one for one in fills if one.client_id == record.client_id]
            if not reports:
                reports.append(Miss(self.symbol, record.client_id, Look.TRADES, self.now_ns))
        elif found is None or (step is Step.ASK_OPEN_ORDERS and not found.left_lots):
            reports.append(Miss(self.symbol, record.client_id, place[step], self.now_ns))
        else:
            reports.append(report_of(found, Source.QUERY, self.now_ns))
        self.back += [(self.soon_ns(), one) for one in reports]

    def open_orders(self) -> list[OrderReport] | None:
        """Answer with all open orders, as they were up to ten seconds ago; None: no answer."""
        if self.is_hit("read lost"):
            return None
        shown = self.exchange.open_orders(self.account)
        if self.is_hit("read lags"):
            shown = [one for one in shown if self.now_ns - one.created_ns >= LAG_NS]
        return [report_of(one, Source.QUERY, self.now_ns) for one in shown]

    def true_lots(self) -> int:
        """Return what our trades come to at the venue, for those who may know the truth."""
        fills = self.exchange.fills(self.account, self.symbol, limit=10_000)
        return sum(int(one.side) * one.qty_lots for one in fills)

    def position(self) -> int | None:
        """Answer with what our trades come to at the venue; None: no answer."""
        return None if self.is_hit("read lost") else self.true_lots()

    def advance(self) -> list[Report]:
        """Let a quarter of a second pass; return what arrives."""
        now_ns = self.now_ns + STEP_NS
        self.exchange.advance(now_ns)
        for at_ns, asked in [one for one in self.later if one[0] <= now_ns]:
            self.later.remove((at_ns, asked))
            self.carry_out(asked)
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
            self.back.append((self.soon_ns(), report))


class Client:
    """Places and cancels by chance; learns what became of it by `oms` alone."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.book = BookOfRecord()
        self.draw = stream(line.seed, "client")
        self.decision = 0
        self.names: list[str] = []
        self.reconcile_ns = 0
        self.gap_ns = 0

    def act(self) -> None:
        """Look an order, cancel one, or do nothing; the other account trades against us."""
        choice = self.draw.random()
        if choice < 0.25:
            self.place()
        elif choice < 0.40:
            live = [one for one in self.book.open_orders() if one.order_id]
            if live:
                self.cancel(live[int(self.draw.integers(len(live)))])
        elif choice < 0.65:
            side = Side.BUY if self.draw.random() < 0.5 else Side.SELL
            lots = int(self.draw.integers(1, 50))
            request = OrderRequest(SPOT, side, OrderKind.LIMIT, lots, MID + 100 * int(side))
            self.line.exchange.submit(self.line.other, request)

    def place(self) -> None:
        side = Side.BUY if self.draw.random() < 0.5 else Side.SELL
        purpose = Purpose.ENTRY if side is Side.BUY else Purpose.EXIT
        price = MID + int(self.draw.integers(-150, 150))
        lots = int(self.draw.integers(1, 60))
        if self.draw.random() < 0.2:
            self.submit(purpose, OrderRequest(SPOT, side, OrderKind.MARKET, lots))
        else:
            self.submit(purpose, OrderRequest(SPOT, side, OrderKind.LIMIT, lots, price))

    def submit(self, purpose: Purpose, request: OrderRequest) -> None:
        """Write an order down, then send it."""
        self.line.send(self.enter(purpose, request))

    def enter(self, purpose: Purpose, request: OrderRequest) -> OrderRequest:
        """Name an order and enter it into the book as sent."""
        self.decision += 1
        name = client_id(
            purpose, account="ours", strategy="chance", symbol=request.symbol,
            decision=self.decision,
        )  # fmt: skip
        self.names.append(name)
        now_ns = self.line.now_ns
        named = replace(request, client_id=name)
        record = self.book.prepare(name, purpose, named, decision=self.decision, at_ns=now_ns)
        self.book.keep(lifecycle.sent(record, now_ns, resolver.fence_ns(now_ns, WINDOW_NS)))
        return named

    def cancel(self, record: OrderRecord) -> None:
        """Write a cancel down, then send it."""
        self.book.keep(lifecycle.cancelling(record, self.line.now_ns))
        self.line.send(OrderRef(record.symbol, client_id=record.client_id))

    def compare_position(self, now_ns: int) -> None:
        """Ask for all trades where the position differs in two looks far enough apart."""
        lots = self.line.position()
        if lots is None:
            return
        symbol = self.line.symbol
        if not compare_positions(self.book, {(symbol, PositionSide.BOTH): lots}):
            self.gap_ns = 0
        elif not self.gap_ns:
            self.gap_ns = now_ns
        elif now_ns - self.gap_ns >= READ_LAG_NS:
            for fill in self.line.exchange.fills(self.line.account, symbol, limit=10_000):
                self.take(fill)

    def take(self, report: Report) -> Taken:
        """Apply a report."""
        return self.book.take(report)

    def step(self) -> None:
        """Take what arrived, then do about each doubtful order what the resolver says."""
        for report in self.line.advance():
            self.take(report)
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
