"""Comparing: the book of an account against what the venue shows, and what others did there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.orders import Fill, OrderKind
from ballast.oms import lifecycle
from ballast.oms.reconcile import READ_LAG_NS, PositionGap, closed_by, compare_orders
from ballast.risk.gate import memory as remembering
from ballast.risk.halt import modes
from ballast.runtime.node.desk import Desk, stray_fill
from ballast.runtime.node.events import Alert, AskTrades

if TYPE_CHECKING:
    from ballast.core.reports import Report
    from ballast.oms.book import BookOfRecord, Taken
    from ballast.oms.lifecycle import Remark
    from ballast.oms.record import OrderRecord
    from ballast.risk.gate.memory import Memory as GateMemory
    from ballast.runtime.node.desk import NodeRules
    from ballast.runtime.node.events import Effect, OrdersShown, PositionShown

STRANGE_MAX = 200
"""Trades of others that are remembered: so many are enough to explain what became of a position."""


class Comparing:
    """The half of an `Execution` that looks at what the venue shows; it changes no order."""

    rules: NodeRules
    now_ns: int
    book: BookOfRecord
    halt: modes.Halt
    gate: GateMemory
    desks: dict[str, Desk]
    _out: list[Effect]

    def desk(self, symbol: str) -> Desk:
        """Return what is kept of a symbol."""
        return self.desks.setdefault(symbol, Desk())

    def _remark(self, report: Report, taken: Taken) -> None:
        if taken.record is None and isinstance(report, Fill):
            desk = self.desk(report.symbol)
            if report not in desk.strange:
                self._say(report.symbol, stray_fill(report, taken))
                if self.rules.books_strange and taken.is_new:
                    desk.strange = (*desk.strange, report)[-STRANGE_MAX:]
            return
        for remark in taken.remarks:
            if remark is not lifecycle.Remark.STALE:
                self._out.append(Alert(report.symbol, f"{report.client_id}: {remark}"))

    def _say(self, symbol: str, line: str) -> None:
        """Tell a person, where there is something to tell."""
        if line:
            self._out.append(Alert(symbol, line))

    def _say_lost(self, symbol: str, line: str) -> None:
        if self.rules.tells_lost:
            self._say(symbol, line)

    def _take_slot_again(self, record: OrderRecord, remarks: tuple[Remark, ...]) -> None:
        """Let an entry that is there after all hold its symbol's slot again (R-GATE-12).

        Where the account does not run when it is heard of, it is closed: whoever halted it counted
        on this entry not being there. That is this rule's case, a pause or a latch without any
        flatten; an account that runs again is `_close_late`'s.
        """
        if lifecycle.Remark.REAPPEARED in remarks and record.purpose is Purpose.ENTRY:
            self.gate = remembering.reappeared(self.gate, record.symbol)
            self.desk(record.symbol).closes |= not self.halt.allows_entries

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
        ours = self.book.holding(event.symbol, event.side).lots
        lots = event.lots - (desk.aside_lots or 0)
        if desk.aside_lots and lots == ours + 1:
            lots = ours  # two parts of a lot, theirs and ours, came to a whole one
        desk.venue_lots, desk.asked_ns = lots, event.asked_ns
        if lots == ours:
            desk.gap_ns, desk.agreed_ns = 0, event.asked_ns
            self._forget(event)
        elif not desk.gap_ns:
            desk.gap_ns = event.asked_ns
        elif event.asked_ns - desk.gap_ns >= READ_LAG_NS and not self._adopted(event, desk):
            self._out.append(AskTrades(event.symbol))
            self._out.append(Alert(event.symbol, f"{lots} lots at the venue, {ours} by fills"))

    def _adopted(self, event: PositionShown, desk: Desk) -> bool:
        """Book trades of others that closed what we hold, where they explain the gap to the lot.

        A liquidation, or a person who closed by hand: what they left is ours, and nothing is opened
        until a person has looked (F8). Coins of a spot account belong to several; they stay.
        """
        symbol = event.symbol
        gap = PositionGap(
            symbol, event.side, self.book.holding(symbol, event.side).lots, desk.venue_lots or 0
        )
        fills = closed_by(gap, desk.strange, desk.agreed_ns)
        if not self.rules.abilities.reduces_only or not fills:
            return False
        for one in fills:
            self.book.adopt(one)
        desk.gap_ns = 0
        lots = abs(gap.ours_lots - gap.venue_lots)
        why = f"{lots} lots of {symbol} were closed by no order of ours"
        self.halt = modes.tripped(self.halt, "strange", why, self.now_ns, kills=False, closes=False)
        self._out.append(Alert(symbol, f"{why}: booked, and entries pause"))
        return True

    def _forget(self, event: PositionShown) -> None:
        """Let old orders go now that the venue holds what the book does: no fill is missing.

        Not by time alone: after a stop of some days the first look decides what is missing. Nor
        while something moves: two fills that nobody knows of may cancel each other for a while.
        """
        keeping, book = self.rules.keeping, self.book
        moving = [one for one in book.doubtful() if one.symbol == event.symbol]
        moving += [
            one for one in book.open_orders(event.symbol) if one.request.kind is OrderKind.MARKET
        ]
        if moving:
            return
        before_ns = min(event.asked_ns, self.now_ns) - keeping.ns
        if before_ns - self.book.forgotten_ns(event.symbol) > keeping.ns // 8:
            self.book.forget(event.symbol, before_ns, keeping)
