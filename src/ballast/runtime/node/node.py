"""The node: one account's execution.

Every event runs through the same three steps: what it says is applied; then every symbol that holds
something or has orders is looked after by its guard; then every order about which something is not
known is asked for. So no path forgets the stop, and none forgets the silence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.ids import Purpose, client_id
from ballast.core.orders import Fill, OrderKind, OrderRequest
from ballast.core.reports import Rejection
from ballast.oms import lifecycle, resolver
from ballast.oms.book import BookOfRecord
from ballast.oms.protection import guard as guarding
from ballast.oms.protection.cover import (
    Amend,
    Cancel,
    Cover,
    Memory,
    Place,
    Replace,
    Verdict,
)
from ballast.oms.reconcile import READ_LAG_NS, compare_orders
from ballast.oms.record import OVER, Phase, Wish
from ballast.oms.resolver import Step
from ballast.risk.gate import memory as remembering
from ballast.risk.gate.judge import judge
from ballast.risk.gate.memory import Memory as GateMemory
from ballast.risk.halt import baselines, modes, runaway
from ballast.runtime.node.desk import Desk, Known, NodeRules, gather
from ballast.runtime.node.events import (
    Alert,
    AmendOrder,
    Ask,
    AskTrades,
    CancelOrder,
    Commanded,
    Decided,
    Effect,
    Elapsed,
    Event,
    Flowed,
    Judged,
    Left,
    Moved,
    OrdersShown,
    PositionShown,
    Priced,
    ReplaceOrder,
    Reported,
    Started,
    Submit,
    Valued,
    Wake,
)

if TYPE_CHECKING:
    from ballast.core.reports import Report
    from ballast.oms.book import Taken
    from ballast.oms.lifecycle import Remark
    from ballast.oms.protection.cover import Act
    from ballast.oms.record import OrderRecord
    from ballast.risk.gate.judge import Approved

WINDOW_NS = 3_000_000_000
"""Receive window of a signed request: short, because the fence waits for it."""


class Node:
    """One account. `handle` is its only door; it returns what is to be done, in order."""

    def __init__(self, rules: NodeRules) -> None:
        """Begin with nothing: paused, flat, and without a past; the journal gives one."""
        self.rules = rules
        self.now_ns = 0
        self.book = BookOfRecord()
        self.halt = modes.Halt()
        self.levels = baselines.Baselines()
        self.pace = runaway.Pace()
        self.gate = GateMemory()
        self.desks: dict[str, Desk] = {}
        self.decision = 0
        self._approvals: dict[str, Approved] = {}
        self._out: list[Effect] = []

    def handle(self, event: Event) -> list[Effect]:
        """Take an event; return the effects. Time never goes back, whatever an event says."""
        self.now_ns = max(self.now_ns, event.at_ns)
        self._out = []
        self._apply(event)
        for symbol in sorted(self.desks):
            self._look_after(symbol)
        self._end_entries()
        self._resolve()
        return self._out

    def approval(self, name: str) -> Approved | None:
        """Give the approval an entry goes out with, once; None after a replay: it is not sent."""
        return self._approvals.pop(name, None)

    def desk(self, symbol: str) -> Desk:
        """Return what is kept of a symbol."""
        return self.desks.setdefault(symbol, Desk())

    # What happened --------------------------------------------------------------------------

    def _apply(self, event: Event) -> None:
        match event:
            case Started():
                for record in list(self.book.doubtful()):
                    self.book.keep(lifecycle.unheard(record, self.now_ns))
                self._approvals.clear()
            case Elapsed():
                pass
            case Decided():
                self._decided(event)
            case Priced() | Moved() | Left():
                self._symbol(event)
            case Reported():
                self._take(event.report)
            case OrdersShown() | PositionShown():
                self._shown(event)
            case Valued() | Flowed() | Commanded():
                self._account(event)

    def _symbol(self, event: Priced | Moved | Left) -> None:
        desk = self.desk(event.symbol)
        match event:
            case Priced():
                desk.price_ticks = event.ticks
            case Moved():
                desk.stop_ticks = event.stop_ticks
            case Left():
                desk.closes = True
                self._out.append(Alert(event.symbol, f"closing: {event.reason}"))

    def _shown(self, event: OrdersShown | PositionShown) -> None:
        match event:
            case OrdersShown():
                self._compare(event)
            case PositionShown():
                self._position(event)

    def _account(self, event: Valued | Flowed | Commanded) -> None:
        match event:
            case Valued():
                self.levels = baselines.marked(self.levels, event.equity, self.now_ns)
                if self.levels.breaks(self.rules.drawdown_kill, of_day=False):
                    self._kill("drawdown_kill", f"{self.levels.drawdown:.1%} below the peak")
            case Flowed():
                self.levels = baselines.flowed(self.levels, event.amount, self.now_ns)
            case Commanded():
                self.halt = modes.commanded(
                    self.halt, event.order, who=event.who, reason=event.reason, at_ns=self.now_ns
                )

    def _kill(self, rule: str, reason: str) -> None:
        """Latch the kill switch."""
        if self.halt.mode is not modes.Mode.ALERT:
            self._out.append(Alert("", f"kill switch: {reason} ({rule})"))
        self.halt = modes.tripped(
            self.halt, rule, reason, self.now_ns, kills=True, closes=self.rules.kill_closes
        )

    # An entry -------------------------------------------------------------------------------

    def _decided(self, event: Decided) -> None:
        """Judge a candidate on what is known now; send it if nothing speaks against it."""
        asked = event.candidate
        desk = self.desk(asked.symbol)
        self.decision += 1
        known = Known(self.halt, self.levels, self.book, desk)
        snapshot = gather(event, known, self.rules, self.now_ns)
        verdict = judge(snapshot, self.gate, self.rules.limits)
        self.gate = verdict.memory
        reasons = [reason.line for reason in verdict.reasons]
        if verdict.approved is not None:
            self.pace, found = runaway.sending(
                self.pace,
                round(asked.notional),
                self.now_ns,
                position_max=self.rules.position_max,
            )
            if found:
                reasons.append(f"runaway: {found}")
                self.gate = remembering.came_to_nothing(self.gate, asked.symbol)
                self._kill("runaway", str(found))
        self._out.append(Judged(asked.symbol, self.decision, tuple(reasons)))
        if reasons or verdict.approved is None:
            return
        desk.stop_ticks, desk.closes = event.stop_ticks, False
        kind = OrderKind.LIMIT if event.price_ticks else OrderKind.MARKET
        request = OrderRequest(asked.symbol, asked.side, kind, event.qty_lots, event.price_ticks)
        submit = self._enter(Purpose.ENTRY, request)
        self._approvals[submit.request.client_id] = verdict.approved
        self._out.append(submit)

    def _enter(self, purpose: Purpose, request: OrderRequest) -> Submit:
        """Name an order and enter it into the book as sent: the effect follows the journal."""
        self.decision += 1
        name = client_id(
            purpose,
            account=self.rules.account,
            strategy=self.rules.strategy_hash,
            symbol=request.symbol,
            decision=self.decision,
        )
        named = replace(request, client_id=name)
        record = self.book.prepare(name, purpose, named, decision=self.decision, at_ns=self.now_ns)
        fence_ns = resolver.fence_ns(self.now_ns, WINDOW_NS)
        self.book.keep(lifecycle.sent(record, self.now_ns, fence_ns))
        return Submit(purpose, named)

    # What the venue says --------------------------------------------------------------------

    def _take(self, report: Report) -> None:
        before = self.book.get(report.client_id)
        taken = self.book.take(report)
        self._remark(report, taken)
        record = taken.record
        if record is None or not taken.is_new:
            return
        desk = self.desk(record.symbol)
        refused = isinstance(report, Rejection) and record.phase is Phase.REFUSED
        if refused and record.purpose is Purpose.STOP:
            desk.guard = guarding.refused(desk.guard)
        if refused and isinstance(report, Rejection):
            self.pace, found = runaway.refused(self.pace, report.reason)
            if found:
                self._kill("runaway", str(found))
        elif record.phase is Phase.LIVE:
            self.pace = runaway.accepted(self.pace)
        self._take_slot_again(record, taken.remarks)
        ended = before is not None and before.phase not in OVER and record.phase in OVER
        if ended and record.purpose is Purpose.ENTRY and not record.filled_lots:
            self.gate = remembering.came_to_nothing(self.gate, record.symbol)

    def _remark(self, report: Report, taken: Taken) -> None:
        if taken.record is None and isinstance(report, Fill):
            self._out.append(Alert(report.symbol, f"a fill of no order of ours: {report.trade_id}"))
        for remark in taken.remarks:
            if remark is not lifecycle.Remark.STALE:
                self._out.append(Alert(report.symbol, f"{report.client_id}: {remark}"))

    def _take_slot_again(self, record: OrderRecord, remarks: tuple[Remark, ...]) -> None:
        """Let an entry that is there after all hold its symbol's slot again (R-GATE-12)."""
        if lifecycle.Remark.REAPPEARED in remarks and record.purpose is Purpose.ENTRY:
            self.gate = remembering.reappeared(self.gate, record.symbol)

    def _compare(self, event: OrdersShown) -> None:
        found = compare_orders(self.book, event.orders, event.asked_ns)
        for report, taken in found.taken:
            self._remark(report, taken)
            if taken.record is not None:
                self._take_slot_again(taken.record, taken.remarks)
        for stray in found.strays:
            self._out.append(Alert(stray.symbol, f"{stray.client_id} is ours and in no record"))

    def _position(self, event: PositionShown) -> None:
        desk = self.desk(event.symbol)
        desk.venue_lots, desk.asked_ns = event.lots, event.asked_ns
        ours = self.book.holding(event.symbol, event.side).lots
        if event.lots == ours:
            desk.gap_ns = 0
        elif not desk.gap_ns:
            desk.gap_ns = event.asked_ns
        elif event.asked_ns - desk.gap_ns >= READ_LAG_NS:
            self._out.append(AskTrades(event.symbol))
            self._out.append(
                Alert(event.symbol, f"{event.lots} lots at the venue, {ours} by fills")
            )

    # What is held ---------------------------------------------------------------------------

    def _look_after(self, symbol: str) -> None:
        """Ask the guard of one symbol, and do what it says."""
        desk = self.desks[symbol]
        lots = self.book.holding(symbol).lots
        reducing = self.book.reducing(symbol)
        if not lots and not reducing:
            self._now_flat(symbol, desk)
            return
        desk.was_held = desk.was_held or lots != 0
        verdict: Verdict = guarding.guard(
            Cover(symbol, lots, desk.stop_ticks, closes=desk.closes or self.halt.closes),
            desk.guard,
            reducing,
            price_ticks=desk.price_ticks,
            now_ns=self.now_ns,
            abilities=self.rules.abilities,
        )
        desk.guard = verdict.memory
        self._out += [Alert(symbol, alarm.value) for alarm in verdict.alarms]
        for act in verdict.acts:
            self._act(symbol, act)
        if verdict.wake_ns:
            self._out.append(Wake(verdict.wake_ns))

    def _now_flat(self, symbol: str, desk: Desk) -> None:
        """Begin the cool-down when a position is gone."""
        if not desk.was_held:
            return
        desk.was_held = desk.closes = False
        desk.guard = Memory()
        self.gate = remembering.closed(self.gate, symbol, self.now_ns + self.rules.cooldown_ns)

    def _act(self, symbol: str, act: Act) -> None:
        match act:
            case Place():
                purpose = Purpose.FLATTEN if act.is_flatten else Purpose.STOP
                self._out.append(self._enter(purpose, act.request))
            case Cancel():
                self._cancel(self._known(act.client_id))
            case Amend():
                self.book.keep(lifecycle.amending(self._known(act.client_id), self.now_ns))
                self._out.append(
                    AmendOrder(
                        symbol, act.client_id, act.qty_lots, act.trigger_ticks, act.price_ticks
                    )
                )
            case Replace():
                self.book.keep(lifecycle.cancelling(self._known(act.client_id), self.now_ns))
                submit = self._enter(Purpose.STOP, act.place.request)
                self._out.append(ReplaceOrder(symbol, act.client_id, submit))

    def _cancel(self, record: OrderRecord) -> None:
        if record.cancel is Wish.NONE and record.is_open:
            self.book.keep(lifecycle.cancelling(record, self.now_ns))
            self._out.append(CancelOrder(record.symbol, record.client_id))

    def _known(self, name: str) -> OrderRecord:
        record = self.book.get(name)
        if record is None:
            raise InternalError(f"no order {name}")
        return record

    # What is not known ----------------------------------------------------------------------

    def _resolve(self) -> None:
        """Do about each order of which too little is known what the resolver says."""
        for record in list(self.book.doubtful()):
            step = resolver.next_step(record, self.now_ns).step
            match step:
                case Step.UNHEARD:
                    self.book.keep(lifecycle.unheard(record, self.now_ns))
                case Step.ABSENT:
                    self._gone(record)
                case Step.ASK_BY_ID | Step.ASK_OPEN_ORDERS | Step.ASK_TRADES:
                    self.book.keep(lifecycle.asked(record, self.now_ns))
                    self._out.append(Ask(record.symbol, record.client_id, step))
                case Step.NOTHING | Step.WAIT:
                    pass
        wake_ns = resolver.next_wake_ns(self.book.doubtful(), self.now_ns)
        if wake_ns:
            self._out.append(Wake(wake_ns))

    def _end_entries(self) -> None:
        """Cancel entries of a halted account, and those that rest from another market's decision.

        At every event, not when the halt begins: an entry may become known after it (F4).
        """
        entries = [one for one in self.book.open_orders() if one.purpose is Purpose.ENTRY]
        for record in entries:
            if record.phase is not Phase.LIVE:
                continue
            until_ns = record.prepared_ns + self.rules.entry_ns
            if self.now_ns >= until_ns or not self.halt.allows_entries:
                self._cancel(record)
            else:
                self._out.append(Wake(until_ns))
        if self.halt.closes and not entries and not self.book.holdings():
            self.halt = modes.flat(self.halt, self.now_ns)

    def _gone(self, record: OrderRecord) -> None:
        self.book.keep(lifecycle.absent(record, self.now_ns))
        if record.purpose is Purpose.ENTRY and not record.filled_lots:
            self.gate = remembering.came_to_nothing(self.gate, record.symbol)
