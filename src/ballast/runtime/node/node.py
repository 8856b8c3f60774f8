"""The node: one account's decisions and their execution, as a pure function of its events.

    node = Node(rules)
    effects = node.handle(event)       # what is to be sent, asked and told, in order

With a session in its rules it decides by itself when bars close: the strategy's plan and the
kernel's steps say what is wanted (`decider.py`), the gate judges each entry, and what the kernel
says of stops, takes and exits is what the guard keeps at the venue. Without a session another part
decides, and says so (`Decided`, `Moved`, `Left`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.errors import ConfigError, InternalError
from ballast.core.ids import Purpose
from ballast.core.orders import Side
from ballast.core.reason_texts import refused_text
from ballast.core.reasons import Refusal
from ballast.oms import lifecycle
from ballast.oms.record import OVER
from ballast.risk.gate import memory as remembering
from ballast.risk.gate.judge import beside, judge
from ballast.runtime.node.accounting import DRAWDOWN
from ballast.runtime.node.announcing import Announcing
from ballast.runtime.node.decider import Decider
from ballast.runtime.node.desk import NO_LINK, Early, NodeRules, gather
from ballast.runtime.node.events import (
    Adopted,
    Alert,
    Announced,
    BarsClosed,
    Commanded,
    Decided,
    Effect,
    Elapsed,
    Event,
    Flowed,
    Funded,
    FundsShown,
    HealthShown,
    Judged,
    Learned,
    Left,
    Linked,
    Moved,
    OrdersShown,
    PositionShown,
    Priced,
    Reported,
    SetAside,
    Sized,
    SourceShown,
    Started,
    Valued,
    touched,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.orders import Fill
    from ballast.kernel.live import Refused
    from ballast.oms.record import OrderRecord
    from ballast.risk.gate.facts import Candidate, Link
    from ballast.risk.gate.judge import Approved, Reason
    from ballast.runtime.node.decider import Wanted
    from ballast.runtime.node.desk import Desk
    from ballast.strategies.plan import AnyStrategy

MS_NS = 1_000_000


class Node(Announcing):
    """One account. `handle` is its only door; it returns what is to be done, in order."""

    def __init__(self, rules: NodeRules, classes: Sequence[AnyStrategy] = ()) -> None:
        """Begin with nothing; `classes` are needed where strategies of the session are such."""
        super().__init__(rules)
        self._classes = tuple(classes)

    def handle(self, event: Event) -> list[Effect]:
        """Take an event; return the effects. Time never goes back, whatever an event says."""
        self.now_ns = max(self.now_ns, event.at_ns)
        self._out = []
        halt = self.halt
        self._apply(event)
        self._end_shocks()
        only = touched(event) if self.halt is halt else ""
        for symbol in [only] if only in self.desks else sorted(self.desks):
            self._heed(symbol)
            self._look_after(symbol)
        self._end_entries()
        self._resolve()
        self._go_on()
        return self._out

    def approval(self, name: str) -> Approved | None:
        """Give the approval an entry goes out with, once; None after a replay: it is not sent."""
        return self._approvals.pop(name, None)

    # What happened --------------------------------------------------------------------------

    def _apply(self, event: Event) -> None:
        match event:
            case Started():
                self._started()
            case Elapsed():
                pass
            case Decided():
                self.desk(event.candidate.symbol).stop_ticks = event.stop_ticks
                self._judge(event.candidate, event.link, event.qty_lots, event.price_ticks)
            case BarsClosed() | Learned():
                self._bars(event)
            case Priced() | Moved() | Left() | Linked():
                self._symbol(event)
            case Reported():
                self._take(event.report)
            case OrdersShown() | PositionShown() | SetAside() | Adopted():
                self._shown(event)
            case Valued() | Flowed() | Commanded() | Funded() | FundsShown():
                self._account(event)
            case HealthShown() | Announced() | SourceShown():
                self._news(event)

    def _started(self) -> None:
        """Begin again: what was on its way is not known any more."""
        if self.rules.names_birth and not self.birth_ns:
            self.birth_ns = self.now_ns
        for record in list(self.book.doubtful()):
            self.book.keep(lifecycle.unheard(record, self.now_ns))
        self._approvals.clear()
        self.health = ()  # of the process that ended
        self._look_again()
        self._listen()
        session = self.rules.session
        if session is None or (self.decider is not None and self.decider.session == session):
            return
        before = self.decider
        if before is not None and (self.book.holdings() or any(self.book.open_orders())):
            raise ConfigError(
                "another strategy, symbols or limits while something of the last ones is open",
                where=f"account {self.rules.account}",
                fix="start as before, flatten, then change them",
            )
        decider = self.begin_deciding()
        if before is not None:
            decider.go_on_from(before)

    def begin_deciding(self) -> Decider:
        """Make the decider of the session; raise `InternalError` where there is none."""
        session = self.rules.session
        if session is None:
            raise InternalError("a node without a session decides nothing")
        self.decider = Decider(session, self._classes, self.now_ns)
        for seat, coin in zip(session.seats, session.coins(), strict=True):
            self.desk(seat.symbol)
            if coin is not None:
                self.book.trades_coin(seat.symbol, coin)
        return self.decider

    def _symbol(self, event: Priced | Moved | Left | Linked) -> None:
        desk = self.desk(event.symbol)
        match event:
            case Priced():
                desk.price_ticks, desk.priced_ns = event.ticks, event.at_ns
            case Moved():
                desk.stop_ticks = event.stop_ticks
            case Left():
                self._leave(event.symbol, event.reason)
            case Linked():
                desk.link, desk.linked_ns = event.link, self.now_ns
                if self.decider is not None:
                    self.decider.deepened(event.symbol, event.link.depth_share)

    def _close_late(self, entry: OrderRecord) -> None:
        """Close what comes of an entry from before the account was flattened.

        It was called flat while the venue had called that entry refused, and lied. This rule's case
        is the account that was resumed since; while it is halted `_take_slot_again` closes as well.
        Neither can stand for both: that one asks how the account is now, this one when the entry
        was sent, and an entry kept through a pause that is over is no more than an entry.
        """
        is_late = entry.purpose is Purpose.ENTRY and entry.prepared_ns <= self.halt.closed_ns
        if is_late and not self.halt.closes and self.book.holding(entry.symbol).lots:
            self._leave(entry.symbol, "it was entered before the account was flattened")

    def _leave(self, symbol: str, reason: str) -> None:
        desk = self.desk(symbol)
        if not desk.closes:
            self._out.append(Alert(symbol, f"closing: {reason}"))
        desk.closes = True

    def _shown(self, event: OrdersShown | PositionShown | SetAside | Adopted) -> None:
        match event:
            case SetAside():
                self.desk(event.symbol).aside_lots = event.lots
            case OrdersShown():
                self._compare(event)
            case PositionShown():
                self._position(event)
            case Adopted():
                self._adopt(event)

    # A decision -----------------------------------------------------------------------------

    def _bars(self, event: BarsClosed | Learned) -> None:
        """Let the strategy and the kernel decide, then take what they want to the gate."""
        decider = self.decider
        if decider is None:
            return
        if isinstance(event, Learned):
            decider.learn(event.bars)
            return
        for refused in decider.close(event.close_ns, event.bars):
            symbol = decider.session.seats[refused.place].symbol
            self._refused(decider, symbol, refused, event.close_ns)
            self._stop_slices(symbol, "a signal the other way", side=-refused.side)
        if decider.live.account.killed[0]:
            self._kill(DRAWDOWN, "the kernel's equity fell too far below its peak")
        wanted = [one for bar in event.bars if (one := decider.entry(bar.symbol)) is not None]
        wanted.sort(key=lambda one: -one.confidence)  # stable: declared order breaks ties
        for one in wanted:
            self._want(decider, one, event.close_ns)

    def _refused(self, decider: Decider, symbol: str, refused: Refused, signalled_ns: int) -> None:
        """Tell what the kernel's own limits refused, with the value and the limit."""
        self.decision += 1
        lines = [f"kernel: {refused_text(refused.reason, refused.measured, refused.limit)}"]
        if self.rules.tells_all and refused.is_signal:
            lines += self._beside(decider, symbol, Side(refused.side), signalled_ns)
        self._out.append(Judged(symbol, self.decision, tuple(lines)))
        self._explain(symbol, self.decision, refused.reason)

    def _beside(self, decider: Decider, symbol: str, side: Side, signalled_ns: int) -> list[str]:
        """Return what the gate has against a signal that the kernel refused, and remember nothing.

        Whether it is one order too many of a minute is not asked: that counts what is sent.
        """
        rests = decider.rests(symbol)
        asked = self._candidate(decider, symbol, side, 0.0, signalled_ns, rests=rests)
        known = self._gathered(asked, int(rests))
        link = self.desk(symbol).link or NO_LINK
        found = beside(
            gather(asked, link, known, self.rules, self.now_ns), self.gate, self.rules.limits
        )
        self._tell_defects(symbol, found)
        return [reason.line for reason in found]

    def _want(self, decider: Decider, one: Wanted, signalled_ns: int) -> None:
        desk = self.desk(one.symbol)
        rests = one.limit_ticks > 0
        asked = self._candidate(
            decider, one.symbol, one.side, one.notional, signalled_ns, rests=rests
        )
        desk.stop_ticks = one.stop_ticks
        judged = self.decision + 1
        if not self._judge(asked, desk.link or NO_LINK, one.lots, one.limit_ticks):
            decider.entry_over(one.symbol)
        self._explain(one.symbol, judged, Refusal.NONE)

    def _explain(self, symbol: str, decision: int, reason: Refusal) -> None:
        """Tell what the size was made of that was judged, or refused for this reason."""
        if self.decider is None or not self.rules.tells_sizes:
            return
        row = self.decider.live.sized_of(self.decider.places[symbol])
        if row is not None and row["reason"] == reason:
            self._out.append(Sized(symbol, decision, row))

    def _judge(self, asked: Candidate, link: Link, lots: int, limit_ticks: int) -> bool:
        """Judge a candidate on what is known now; send it if nothing speaks against it."""
        desk = self.desk(asked.symbol)
        self.decision += 1
        known = self._gathered(asked, limit_ticks)
        snapshot = gather(asked, link, known, self.rules, self.now_ns)
        verdict = judge(snapshot, self.gate, self.rules.limits)
        self.gate = verdict.memory
        reasons = [reason.line for reason in verdict.reasons]
        parts = self._parts(asked.symbol, lots)
        if verdict.approved is not None:
            found = self._paced(asked.notional * parts[0] / lots)
            if found:
                reasons.append(found)
                self.gate = remembering.came_to_nothing(self.gate, asked.symbol)
        self._out.append(Judged(asked.symbol, self.decision, tuple(reasons)))
        self._tell_defects(asked.symbol, verdict.reasons)
        if reasons or verdict.approved is None:
            return False
        desk.closes = False
        self._begin(asked, parts, limit_ticks, verdict.approved)
        return True

    def _tell_defects(self, symbol: str, reasons: Sequence[Reason]) -> None:
        """Tell a person of checks that failed of themselves."""
        self._out += [
            Alert(symbol, f"a check fails of itself: {one.line}")
            for one in reasons
            if one.is_defect
        ]

    # What the kernel hears, and says --------------------------------------------------------

    def _booked(self, record: OrderRecord, fill: Fill) -> None:
        self._close_late(record)
        if self.decider is None:
            return
        desk = self.desk(fill.symbol)
        self._filled(record)
        take = desk.taking.get(record.client_id)
        waits = self._in_kernel(Early(record.client_id, fill, take, self.halt.closes))
        if waits is not None:
            desk.early = (*desk.early, waits)
            self._out.append(
                Alert(
                    fill.symbol,
                    f"{waits.fill.qty_lots} lots of {record.client_id} closed the unknown",
                )
            )
        if record.purpose is Purpose.ENTRY:
            left = [self._in_kernel(one) for one in desk.early]
            desk.early = tuple(one for one in left if one is not None)
            if record.phase in OVER:
                self._ended(record)

    def _in_kernel(self, early: Early) -> Early | None:
        """Book a fill in the kernel; return what of it must wait, with its share of the fee."""
        fill, record = early.fill, self.book.get(early.client_id)
        if self.decider is None or record is None:
            return None
        left = self.decider.filled(record, fill, early.take, kills=early.kills)
        if not left:
            return None
        fee = fill.fee_atoms * left // fill.qty_lots
        return replace(early, fill=replace(fill, qty_lots=left, fee_atoms=fee))

    def _entry_ended(self, symbol: str) -> None:
        if self.decider is not None:
            self.decider.entry_over(symbol)

    def _written_off(self, symbol: str) -> None:
        if self.decider is not None and symbol in self.decider.places:
            self.decider.written_off(symbol, self.now_ns)

    def _dust_lots(self, symbol: str, desk: Desk) -> int:
        if self.decider is None or self.rules.abilities.reduces_only:
            return desk.dust_lots
        return max(desk.dust_lots, self.decider.dust_lots(symbol, desk.price_ticks))

    def _atr_ticks(self, symbol: str) -> float:
        if self.decider is None or symbol not in self.decider.places:
            return 0.0
        return self.decider.held(symbol).atr_ticks

    def _heed(self, symbol: str) -> None:
        """Take over what the kernel says of a position: its stop, its takes, that it should go."""
        decider = self.decider
        if decider is None or symbol not in decider.places:
            return
        if not self.book.holding(symbol).lots:
            return
        self._tighten(symbol)
        desk, held = self.desks[symbol], decider.held(symbol)
        desk.stop_ticks = held.stop_ticks or desk.stop_ticks
        desk.takes = held.takes
        if held.exit:
            self._leave(symbol, held.exit)
