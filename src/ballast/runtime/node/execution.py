"""Execution: orders, stops and silences of one account; what `node.py` decides is carried out here.

Every event runs through the same steps: what it says is applied; then every symbol that holds
something or has orders is looked after by its guard; then every order about which something is not
known is asked for. So no path forgets the stop, and none forgets the silence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.ids import Purpose, client_id
from ballast.core.orders import Fill
from ballast.core.reports import Rejection
from ballast.oms import lifecycle, resolver
from ballast.oms.book import BookOfRecord
from ballast.oms.protection import guard as guarding
from ballast.oms.protection import pairs, trails
from ballast.oms.protection.cover import (
    Alarm,
    Amend,
    Cancel,
    Cover,
    Memory,
    Place,
    PlacePair,
    Replace,
    Verdict,
)
from ballast.oms.record import OVER, Phase, Wish
from ballast.oms.resolver import Step
from ballast.risk.gate import memory as remembering
from ballast.risk.gate.memory import Memory as GateMemory
from ballast.risk.halt import baselines, modes, runaway
from ballast.risk.halt.flows import Past
from ballast.runtime.node.comparing import Comparing
from ballast.runtime.node.desk import Desk, NodeRules, heard_late, lost_stop
from ballast.runtime.node.events import (
    Alert,
    AmendOrder,
    Ask,
    CancelOrder,
    Effect,
    ReplaceOrder,
    Submit,
    SubmitPair,
    Wake,
)

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.core.reports import Report
    from ballast.oms.protection.cover import Act
    from ballast.oms.record import OrderRecord

WINDOW_NS = 3_000_000_000
"""Receive window of a signed request: short, because the fence waits for it."""


class Execution(Comparing):
    """The orders and positions of one account."""

    def __init__(self, rules: NodeRules) -> None:
        """Begin with nothing: paused, flat, and without a past; the journal gives one."""
        self.rules = rules
        self.now_ns = 0
        self.book = BookOfRecord()
        self.halt = modes.Halt()
        self.levels = baselines.Baselines()
        self.past = Past()
        self.pace = runaway.Pace()
        self.gate = GateMemory()
        self.desks: dict[str, Desk] = {}
        self.decision = 0
        self.birth_ns = 0
        """When its journal began; 0: not said, or its ids are not made of it."""
        self._out: list[Effect] = []

    def _kill(self, rule: str, reason: str) -> None:
        """Latch the kill switch."""
        if self.halt.mode is not modes.Mode.ALERT:
            self._out.append(Alert("", f"kill switch: {reason} ({rule})"))
        self.halt = modes.tripped(
            self.halt, rule, reason, self.now_ns, kills=True, closes=self.rules.kill_closes
        )

    def _enter(
        self, purpose: Purpose, request: OrderRequest, *, decision: int = 0, leg: int = 0
    ) -> Submit:
        """Name an order and enter it into the book as sent: the effect follows the journal.

        A further leg is of the decision of the first one; 0: a new decision.
        """
        if not decision:
            self.decision += 1
            decision = self.decision
        name = client_id(
            purpose,
            account=self.rules.account,
            strategy=self.rules.owner_hash(request.symbol),
            symbol=request.symbol,
            decision=decision,
            leg=leg,
            birth_ns=self.birth_ns,
        )
        named = replace(request, client_id=name)
        record = self.book.prepare(name, purpose, named, decision=decision, at_ns=self.now_ns)
        fence_ns = resolver.fence_ns(self.now_ns, WINDOW_NS)
        self.book.keep(lifecycle.sent(record, self.now_ns, fence_ns))
        return Submit(purpose, named)

    # What others may add --------------------------------------------------------------------

    def _booked(self, record: OrderRecord, fill: Fill) -> None:
        """Hear of a fill of an order of ours, once."""

    def _entry_ended(self, symbol: str) -> None:
        """Hear that an entry order is over, filled or not."""

    def _written_off(self, symbol: str) -> None:
        """Hear that what is left of a position is dust, or nothing."""

    def _dust_lots(self, symbol: str, desk: Desk) -> int:
        """Return the most lots that cannot be sold alone; none where orders only reduce."""
        del symbol
        return desk.dust_lots

    def _may_rest(self, record: OrderRecord) -> bool:
        """Whether an entry may go on resting; when it does, `_rests_until` says how long."""
        return self.now_ns < self._rests_until(record)

    def _rests_until(self, record: OrderRecord) -> int:
        return record.prepared_ns + self.rules.entry_ns

    # What the venue says --------------------------------------------------------------------

    def _take(self, report: Report) -> None:
        before = self.book.get(report.client_id)
        taken = self.book.take(report)
        self._remark(report, taken)
        record = taken.record
        if record is None or not taken.is_new:
            return
        desk = self.desk(record.symbol)
        if isinstance(report, Fill):
            if report.at_ns >= desk.priced_ns:  # a trade of ours is a price like any other
                desk.price_ticks, desk.priced_ns = report.price_ticks, report.at_ns
            self._say_lost(report.symbol, heard_late(report, self.now_ns))
            self._booked(record, report)
        if isinstance(report, Rejection) and record.phase is Phase.REFUSED:
            self._refused_there(desk, record, report)
        elif record.phase is Phase.LIVE:
            self.pace = runaway.accepted(self.pace)
        self._take_slot_again(record, taken.remarks)
        if before is not None and before.phase not in OVER and record.phase in OVER:
            self._lost(before, record)
            self._ended(record)

    def _lost(self, before: OrderRecord, after: OrderRecord) -> None:
        lots = self.book.holding(after.symbol).lots
        self._say_lost(after.symbol, lost_stop(before, after, lots))

    def _ended(self, record: OrderRecord) -> None:
        """Do what follows from the end of an order."""
        if record.purpose is Purpose.ENTRY and record.is_settled:
            self._entry_ended(record.symbol)
        is_held = bool(self.book.holding(record.symbol).lots)
        if record.purpose is Purpose.ENTRY and not record.filled_lots and not is_held:
            self.gate = remembering.came_to_nothing(self.gate, record.symbol)

    def _refused_there(self, desk: Desk, record: OrderRecord, report: Rejection) -> None:
        """Remember what the venue refused, and how often."""
        match record.purpose:
            case Purpose.STOP:
                desk.guard = guarding.refused(desk.guard)
            case Purpose.TAKE:
                self._take_refused(desk, record)
            case Purpose.TRAIL:
                desk.guard = trails.refused(desk.guard)
                why = f"the venue's own trailing stop is refused: {record.refused}; the stop holds"
                self._out.append(Alert(record.symbol, why))
            case _:
                pass
        self.pace, found = runaway.refused(self.pace, report.reason)
        if found:
            self._kill("runaway", str(found))

    def _take_refused(self, desk: Desk, record: OrderRecord) -> None:
        """Do without a take that the venue refuses: the stop still holds the position.

        One of a pair is watched instead: what it was refused for need not be the take.
        """
        number = desk.taking.get(record.client_id)
        if pairs.legs_of([record], self.rules.abilities):
            why = f"a pair of take and stop is refused: {record.refused}; the take is watched"
            self._out.append(Alert(record.symbol, why))
        elif number is not None:
            desk.refused_takes = (*desk.refused_takes, number)
            self._out.append(Alert(record.symbol, f"take {number + 1} refused: {record.refused}"))

    # What is held ---------------------------------------------------------------------------

    def _look_after(self, symbol: str) -> None:
        """Ask the guard of one symbol, and do what it says."""
        desk = self.desks[symbol]
        lots = self.book.holding(symbol).lots
        reducing = self.book.reducing(symbol)
        dust = self._dust_lots(symbol, desk)
        if abs(lots) <= dust and not reducing:
            self._now_flat(symbol, desk, lots)
            return
        desk.was_held = desk.was_held or abs(lots) > dust
        verdict: Verdict = guarding.guard(
            self._cover(symbol, lots, desk),
            desk.guard,
            reducing,
            price_ticks=desk.price_ticks,
            now_ns=self.now_ns,
            abilities=self.rules.abilities,
            patience=self.rules.patience,
        )
        desk.guard = verdict.memory
        self._out += [Alert(symbol, alarm.value) for alarm in verdict.alarms]
        if Alarm.REFUSED in verdict.alarms:
            self._pause(symbol)
        for act in verdict.acts:
            self._act(symbol, act)
        if verdict.wake_ns:
            self._out.append(Wake(verdict.wake_ns))

    def _pause(self, symbol: str) -> None:
        """Open nothing more where the venue takes no stops: the next entry would be bare too (B4).

        A line that loses stops is another matter: it comes back, and the gate asks for it.
        """
        before = self.halt
        why = f"the venue refuses stops of {symbol}"
        self.halt = modes.tripped(before, "no_stop", why, self.now_ns, kills=False, closes=False)
        if self.halt is not before and self.halt.mode is not before.mode:
            self._out.append(Alert("", f"paused: {why} (no_stop)"))

    def _cover(self, symbol: str, lots: int, desk: Desk) -> Cover:
        """Say what should rest for a position."""
        return Cover(
            symbol,
            lots,
            desk.stop_ticks,
            dust_lots=self._dust_lots(symbol, desk),
            closes=desk.closes or self.halt.closes,
            takes=tuple(one for one in desk.takes if one.number not in desk.refused_takes),
            atr_ticks=self._atr_ticks(symbol),
            may_be_bare=self.rules.may_be_bare,
            is_whole=desk.plan is None and not self.book.is_entering(symbol),
        )

    def _atr_ticks(self, symbol: str) -> float:
        """Return the ATR of a position's entry; 0 where no kernel knows it."""
        del symbol
        return 0.0

    def _now_flat(self, symbol: str, desk: Desk, dust_lots: int) -> None:
        """Begin the cool-down when a position is gone, but for what cannot be sold alone."""
        if not dust_lots:
            desk.dust_lots = 0
        if not desk.was_held:
            return
        if dust_lots != desk.dust_lots:
            self._out.append(Alert(symbol, f"{dust_lots} lots are left that cannot be sold alone"))
            desk.dust_lots = dust_lots
        self._written_off(symbol)
        desk.was_held = desk.closes = False
        desk.guard = Memory()
        desk.takes = desk.refused_takes = ()
        desk.taking.clear()
        desk.early = ()
        self.gate = remembering.closed(self.gate, symbol, self.now_ns + self.rules.cooldown_ns)

    def _act(self, symbol: str, act: Act) -> None:
        match act:
            case Place():
                self._out.append(self._placed(act))
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
            case PlacePair():
                self._out.append(SubmitPair(self._placed(act.take), self._placed(act.stop)))

    def _placed(self, act: Place) -> Submit:
        submit = self._enter(act.purpose, act.request)
        if act.take is not None:
            self.desks[act.request.symbol].taking[submit.request.client_id] = act.take
        return submit

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
            if self.halt.allows_entries and self._may_rest(record):
                self._out.append(Wake(self._rests_until(record)))
            else:
                self._cancel(record)
        unknown = any(one.purpose is Purpose.ENTRY for one in self.book.doubtful())
        if self.halt.closes and not entries and not unknown and not self.book.holdings():
            self.halt = modes.flat(self.halt, self.now_ns)

    def _gone(self, record: OrderRecord) -> None:
        gone = self.book.keep(lifecycle.absent(record, self.now_ns))
        self._lost(record, gone)
        self._ended(gone)
