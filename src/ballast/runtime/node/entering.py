"""Entering: how an approved entry is sent: whole, or in slices where it is large for its market.

    sent --settled, protected, interval over--> asked --the market is shown--> judged --> sent ...

The next slice goes only when the one before it is filled whole and booked, the position has its
stop at the venue, and the gate, asked again on fresh facts, still allows entries. Whatever else
happens ends the entry: a halt, an exit or any reducing fill, a signal the other way, a slice that
did not fill, a price that ran away, the end of the entry's time. What was not sent is dropped then
and told (`Sliced`); it is never made up for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.oms.record import Phase
from ballast.risk.gate import memory as remembering
from ballast.risk.gate.facts import Candidate
from ballast.risk.gate.judge import judge_part
from ballast.risk.halt import runaway
from ballast.risk.halt.shocks import Shocks
from ballast.runtime.node import purse as purses
from ballast.runtime.node.desk import NO_LINK, Desk, Known, NodeRules, gather, unprotected
from ballast.runtime.node.events import Alert, AskMarket, Sliced, Wake
from ballast.runtime.node.settling import Settling
from ballast.runtime.node.slices import SlicePlan, parts_of

if TYPE_CHECKING:
    from ballast.oms.record import OrderRecord
    from ballast.risk.gate.judge import Approved
    from ballast.risk.halt.health import HealthFault
    from ballast.runtime.node.decider import Decider
    from ballast.runtime.node.events import HealthShown

SECOND_NS = 1_000_000_000
LOOK_NS = 3 * SECOND_NS
"""After a look at the market that was not answered, the next one."""


class Entering(Settling):
    """Sends entries, and drops what is left of them."""

    def __init__(self, rules: NodeRules) -> None:
        """Begin with nothing under way."""
        super().__init__(rules)
        self.decider: Decider | None = None
        self._approvals: dict[str, Approved] = {}
        self.health: tuple[HealthFault, ...] = ()
        self.purse = purses.Purse()
        self.shocks = Shocks()

    def _candidate(
        self, decider: Decider, symbol: str, side: Side, notional: float, signalled_ns: int,
        *, rests: bool,
    ) -> Candidate:  # fmt: skip
        """Return what the gate is asked of an entry, with its costs as they are now."""
        link, owner = self.desk(symbol).link or NO_LINK, self.rules.owner_hash(symbol)
        held, fee = self.rules.permission(owner, symbol), decider.fee(symbol, rests=False)
        return Candidate(
            symbol, side, owner, signalled_ns, notional,
            edge=None if held is None else held.edge(fee),
            cost=link.round_trip(notional, fee, rests=rests),
        )  # fmt: skip

    def _needs(self, asked: Candidate, limit_ticks: int) -> float:
        """Return what an entry takes of the quote asset; without a session, its notional."""
        decider = self.decider
        if decider is None or asked.symbol not in decider.places:
            return asked.notional
        return decider.needs(asked.symbol, asked.notional, rests=limit_ticks > 0)

    def _unit_atoms(self) -> float:
        """Return the atoms of the unit that candidates are counted in."""
        return self.decider.quote_atoms if self.decider is not None else 1.0

    def _gathered(self, asked: Candidate, limit_ticks: int) -> Known:
        """Return what the node itself knows of a candidate's account and symbol."""
        needed = self._needs(asked, limit_ticks)
        return Known(
            self.halt, self.levels, self.book, self.desk(asked.symbol), self.bare(), self.health,
            purses.funds_for(self.purse, needed, self._unit_atoms()),
            self.shocks.against(asked.symbol), self.shocks.fault,
        )  # fmt: skip

    def _felt(self, event: HealthShown) -> None:
        """Take what the process lacks of its machine; tell a person what is new and what is over.

        Only entries are refused for it; what is held is looked after as ever.
        """
        before = {one.vital: one.blocks for one in self.health}
        for one in event.faults:
            if before.get(one.vital) is not one.blocks:
                refuses = "; no entries" if one.blocks else ""
                self._out.append(Alert("", f"{one.line}{refuses}"))
        left = before.keys() - {one.vital for one in event.faults}
        for vital in sorted(left):
            self._out.append(Alert("", f"{vital} is within its limits again"))
        self.health = event.faults

    def bare(self) -> frozenset[str]:
        """Return the symbols that need no stop: dust, or decided without one where that may be."""
        found = set()
        for symbol, desk in self.desks.items():
            is_dust = abs(self.book.holding(symbol).lots) <= desk.dust_lots
            is_bare = not desk.stop_ticks and not desk.guard.best_ticks
            if is_dust or (is_bare and self.rules.may_be_bare):
                found.add(symbol)
        return frozenset(found)

    # Sending --------------------------------------------------------------------------------

    def _deciding(self, symbol: str) -> Decider | None:
        """Return the decider where it has decided on a bar of the symbol."""
        decider = self.decider
        if decider is None or symbol not in decider.places:
            return None
        return decider if decider.last_open_ms(symbol) >= 0 else None

    def _parts(self, symbol: str, lots: int) -> tuple[int, ...]:
        """Return the parts in which an entry is sent."""
        decider = self._deciding(symbol)
        if decider is None:
            return (lots,)
        room_ns = decider.held(symbol).until_ns - self.now_ns
        flow = decider.flow(symbol, self.rules.slices.share, room_ns)
        return parts_of(lots, flow, self.rules.slices)

    def _begin(
        self, asked: Candidate, parts: tuple[int, ...], limit_ticks: int, approved: Approved
    ) -> None:
        """Send an entry, or the first part of it."""
        judged = self.decision
        share = parts[0] / sum(parts)
        name = self._send(asked, parts[0], limit_ticks, approved.part(asked.notional * share))
        decider = self.decider
        if len(parts) == 1 or decider is None:
            return
        rules = self.rules.slices
        self.desk(asked.symbol).plan = SlicePlan(
            asked, judged, self.decision, parts, limit_ticks, decider.close_ticks(asked.symbol),
            name, self.now_ns, self.now_ns + rules.interval_ns,
        )  # fmt: skip
        sizes = " + ".join(str(one) for one in parts)
        text = f"{sizes} lots, at least {rules.interval_ns / SECOND_NS:g} s apart"
        self._out.append(Sliced(asked.symbol, judged, 1, len(parts), 0, text))

    def _send(
        self,
        asked: Candidate,
        lots: int,
        limit_ticks: int,
        approved: Approved,
        plan: SlicePlan | None = None,
    ) -> str:
        """Send one order of an entry; return its name."""
        kind = OrderKind.LIMIT if limit_ticks else OrderKind.MARKET
        request = OrderRequest(asked.symbol, Side(asked.side), kind, lots, limit_ticks)
        if plan is None:
            submit = self._enter(Purpose.ENTRY, request)
        else:
            submit = self._enter(Purpose.ENTRY, request, decision=plan.decision, leg=plan.sent)
        self._approvals[submit.request.client_id] = approved
        takes = self._needs(replace(asked, notional=approved.notional), limit_ticks)
        self.purse = purses.promised(self.purse, takes * self._unit_atoms(), self.now_ns)
        self._out.append(submit)
        return submit.request.client_id

    def _decided_ticks(self, purpose: Purpose, request: OrderRequest) -> int:
        decider = self._deciding(request.symbol)
        if purpose is not Purpose.ENTRY or decider is None:
            return super()._decided_ticks(purpose, request)
        plan = self.desk(request.symbol).plan
        return plan.from_ticks if plan is not None else decider.close_ticks(request.symbol)

    # Going on -------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Go on with every entry that is under way in slices, or drop what is left of it."""
        for symbol in sorted(self.desks):
            plan = self.desks[symbol].plan
            if plan is None:
                continue
            record = self.book.get(plan.client_id)
            against = self._against(self.desks[symbol], plan, record) if plan.goes_on else ""
            if against:
                plan = self._drop(symbol, plan, against)
            if record is not None and not record.is_settled:
                continue
            if plan.goes_on:
                self._next(symbol, plan)
            else:
                self._over(symbol, plan)

    def _against(self, desk: Desk, plan: SlicePlan, record: OrderRecord | None) -> str:
        """Return why nothing more of an entry is sent; empty: nothing speaks against it."""
        if not self.halt.allows_entries:
            return f"the account is {self.halt.mode}"
        if desk.closes:
            return "the position is to be closed"
        shock = self.shocks.against(plan.asked.symbol)
        if shock is not None:
            return f"announced: {shock.line}"
        if record is None:
            return "its last order is forgotten"
        if record.is_settled and record.booked_lots < record.request.qty_lots:
            why = record.refused or record.end or record.phase
            return f"slice {plan.sent} of {len(plan.lots)} did not fill ({why})"
        return self._too_late(desk, plan)

    def _too_late(self, desk: Desk, plan: SlicePlan) -> str:
        """Return why the market of the decision is gone; empty: it is not."""
        symbol, decider = plan.asked.symbol, self.decider
        held = decider.held(symbol) if decider is not None else None
        if held is None or not held.wants_entry or self.now_ns >= held.until_ns:
            return "its time is over"
        moved, away = plan.moved(desk.price_ticks), self.rules.slices.away
        is_priced = desk.priced_ns >= plan.begun_ns
        if is_priced and not plan.limit_ticks and moved > away:
            return f"the price ran {moved:.2%} away, limit {away:.2%}"
        best = desk.guard.best_ticks
        if best and desk.price_ticks and int(plan.asked.side) * (desk.price_ticks - best) <= 0:
            return "the price is beyond the stop"
        return ""

    def _next(self, symbol: str, plan: SlicePlan) -> None:
        """Send the next slice when it is time, the position is protected and the gate allows it."""
        desk = self.desks[symbol]
        if symbol in unprotected(self.book, self.bare()):
            return  # its stop is on its way, and will be told of
        if self.now_ns < plan.due_ns:
            self._out.append(Wake(plan.due_ns))
            return
        if plan.asked_ns and desk.linked_ns >= plan.asked_ns:
            self._judge_slice(symbol, plan)
            return
        if not plan.asked_ns or self.now_ns >= plan.asked_ns + LOOK_NS:
            plan = desk.plan = replace(plan, asked_ns=self.now_ns)
            self._out.append(AskMarket(symbol))
        self._out.append(Wake(plan.asked_ns + LOOK_NS))

    def _judge_slice(self, symbol: str, plan: SlicePlan) -> None:
        """Ask the gate about the next slice on what is known now; send it, or drop the rest."""
        desk, lots = self.desks[symbol], plan.lots[plan.sent]
        share = lots / sum(plan.lots)
        worth = plan.asked.notional * share * max(1.0, 1.0 + abs(plan.moved(desk.price_ticks)))
        asked = self._part_of(plan, worth)
        known = self._gathered(asked, plan.limit_ticks)
        snapshot = gather(asked, desk.link or NO_LINK, known, self.rules, self.now_ns)
        verdict = judge_part(snapshot, self.gate, self.rules.limits)
        against = "; ".join(reason.line for reason in verdict.reasons)
        if verdict.approved is not None:
            against = self._paced(worth)
        if against or verdict.approved is None:
            self._over(symbol, self._drop(symbol, plan, against))
            return
        name = self._send(asked, lots, plan.limit_ticks, verdict.approved, plan)
        plan = desk.plan = replace(
            plan, client_id=name, sent=plan.sent + 1, asked_ns=0,
            due_ns=self.now_ns + self.rules.slices.interval_ns,
        )  # fmt: skip
        if not plan.goes_on:
            self._tell(plan, "all slices are sent")

    def _part_of(self, plan: SlicePlan, notional: float) -> Candidate:
        """Return what is asked of the next slice: its own costs, as they are now (R-GATE-27)."""
        part, decider = replace(plan.asked, notional=notional), self.decider
        if decider is None or not self.rules.recosts_slices:
            return part
        rests = plan.limit_ticks > 0
        now = self._candidate(
            decider, part.symbol, part.side, notional, part.signalled_ns, rests=rests
        )
        return replace(part, edge=now.edge, cost=now.cost)

    def _paced(self, notional: float) -> str:
        """Count an order that enlarges a position; return why it is one too many."""
        self.pace, found = runaway.sending(
            self.pace, round(notional), self.now_ns, position_max=self.rules.position_max
        )
        if not found:
            return ""
        self._kill("runaway", str(found))
        return f"runaway: {found}"

    # Dropping -------------------------------------------------------------------------------

    def _drop(self, symbol: str, plan: SlicePlan, why: str) -> SlicePlan:
        """Send no more of an entry, and cancel what rests of it."""
        plan = self.desks[symbol].plan = replace(plan, over=why)
        self._tell(plan, why)
        record = self.book.get(plan.client_id)
        if record is not None and record.phase is Phase.LIVE:
            self._cancel(record)
        return plan

    def _tell(self, plan: SlicePlan, text: str) -> None:
        asked, slices = plan.asked, len(plan.lots)
        self._out.append(Sliced(asked.symbol, plan.judged, plan.sent, slices, plan.left_lots, text))

    def _stop_slices(self, symbol: str, why: str, *, side: int = 0) -> None:
        """Drop what is left of an entry; `side`: only one of that side."""
        plan = self.desk(symbol).plan
        if plan is not None and plan.goes_on and side in {0, int(plan.asked.side)}:
            self._drop(symbol, plan, why)

    def _filled(self, record: OrderRecord) -> None:
        """Hear of a fill: whatever makes the position smaller ends the entry."""
        desk = self.desk(record.symbol)
        if desk.plan is not None and record.purpose is Purpose.ENTRY:
            desk.plan = replace(desk.plan, has_filled=True)
        elif record.purpose is not Purpose.ENTRY:
            self._stop_slices(record.symbol, "the position was reduced")

    def _over(self, symbol: str, plan: SlicePlan) -> None:
        """Let an entry in slices end: its last order is over, and all fills of it are booked."""
        self.desks[symbol].plan = None
        self._entry_ended(symbol)
        if not plan.has_filled:
            self.gate = remembering.came_to_nothing(self.gate, symbol)

    def _ended(self, record: OrderRecord) -> None:
        """Leave the end of a slice to `_go_on`: the entry is over when all of them are."""
        if record.purpose is not Purpose.ENTRY or self.desk(record.symbol).plan is None:
            super()._ended(record)

    def _look_again(self) -> None:
        """Forget after a restart that the market was asked about: the answer went elsewhere."""
        for desk in self.desks.values():
            if desk.plan is not None:
                desk.plan = replace(desk.plan, asked_ns=0)

    # Resting --------------------------------------------------------------------------------

    def _may_rest(self, record: OrderRecord) -> bool:
        if self.shocks.against(record.symbol) is not None:
            return False
        if self.decider is not None and record.symbol in self.decider.places:
            is_wanted = self.decider.held(record.symbol).wants_entry
            return is_wanted and self.now_ns < self._rests_until(record)
        return super()._may_rest(record)

    def _rests_until(self, record: OrderRecord) -> int:
        if self.decider is not None and record.symbol in self.decider.places:
            return self.decider.held(record.symbol).until_ns
        return super()._rests_until(record)
