"""A node on the lossy line: the shell that a simulation needs, and nothing that thinks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.orders import AmendRequest, OrderRef, Side
from ballast.core.rng import stream
from ballast.oms.lifecycle import AWAITED
from ballast.oms.record import OrderRecord
from ballast.risk.gate.checks import Limits
from ballast.risk.gate.facts import Candidate, Link, Permission
from ballast.risk.halt.breaker import Gate
from ballast.risk.halt.modes import Command
from ballast.runtime.node import events as told
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.journalled import started
from tests.fakes.guarded import AWAY, START, UNITS, VenueKind, Walking
from tests.fakes.lossy_line import LAG_NS, RECONCILE_NS, Line, two_of
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.venue import SECOND

if TYPE_CHECKING:
    from ballast.oms.book import BookOfRecord
    from ballast.runtime.node.events import Effect, Event

HASH = "4f1c"
FAR_NS = 10**18


class NodedClient(Walking):
    """Brings events to a node and carries its effects out; may be killed at any step."""

    names_birth = True
    """Whether its ids are those of today's journals."""
    limits = Limits(same_side_ns=2 * SECOND, duplicate_ns=SECOND)

    def __init__(self, line: Line, kind: VenueKind) -> None:
        self.line, self.kind, self.symbol = line, kind, kind.symbol
        self.draw = stream(line.seed, "client")
        self.price = START[kind.symbol]
        self.unit = self.price // UNITS
        self.triggers: list[int | None] = []
        self.reconcile_ns = self.trade_ns = 0
        self.crashes = 0
        self.memory = Memory()
        permission = Permission(
            HASH, is_passed=True, expires_ns=10 * FAR_NS, symbols=(self.symbol,),
            notional_max=1e9,
        )  # fmt: skip
        self.rules = NodeRules(
            "ours", HASH, (permission,), abilities=kind.abilities, cooldown_ns=2 * SECOND,
            position_max=10**9, entry_ns=10 * SECOND,
            limits=self.limits, names_birth=self.names_birth,
        )  # fmt: skip
        self.start()
        self.quote()
        self.tell(told.Valued(10**12, self.line.now_ns))
        self.tell(told.Commanded(Command.RESUME, "ann", "simulation", self.line.now_ns))

    @property
    def book(self) -> BookOfRecord:
        return self.live.node.book

    def start(self) -> None:
        """Open the journal and start the node from it, as a process does."""
        journal = MemoryJournal(self.memory, f"run-{self.crashes}", self.line.now_ns)
        self.live, effects = started(self.rules, journal, self.line.now_ns)
        for effect in effects:
            self.carry_out(effect)

    def crash(self) -> None:
        """Lose everything but the journal, and start again from it.

        What was on its way is not known any more, and must not be waited for as if it were (G2).
        """
        self.crashes += 1
        waited = [one.client_id for one in self.book.doubtful() if one.phase in AWAITED]
        self.start()
        for name in waited:
            record = self.book.get(name)
            assert record is not None, f"{name} is forgotten by a start"
            assert record.phase not in AWAITED, f"{name} is still awaited after a start"

    def tell(self, event: Event, *, dies: bool = False) -> None:
        """Bring an event; `dies` kills the process after the journal, amid the sending."""
        effects = self.live.handle(event)
        if not self.book.holding(self.symbol).lots:
            self.triggers.append(None)
        sent = int(self.draw.integers(0, len(effects) + 1)) if dies else len(effects)
        for effect in effects[:sent]:
            self.carry_out(effect)
        if dies:
            self.crash()

    def send_two(self, effect: told.ReplaceOrder | told.SubmitPair) -> None:
        """Send what goes in one request."""
        submits, asked = two_of(effect)
        for submit in submits:
            self.seal(submit)
        self.line.send(asked)

    def carry_out(self, effect: Effect) -> None:
        match effect:
            case told.Submit():
                self.seal(effect)
                self.line.send(effect.request)
            case told.CancelOrder():
                self.line.send(OrderRef(effect.symbol, client_id=effect.client_id))
            case told.AmendOrder():
                self.triggers.append(effect.trigger_ticks)
                ref = OrderRef(effect.symbol, client_id=effect.client_id)
                self.line.send(
                    AmendRequest(ref, effect.qty_lots, effect.price_ticks, effect.trigger_ticks)
                )
            case told.ReplaceOrder() | told.SubmitPair():
                self.send_two(effect)
            case told.Ask():
                record = self.book.get(effect.client_id)
                assert isinstance(record, OrderRecord)
                self.line.look(record, effect.step)
            case told.AskTrades():
                for fill in self.line.exchange.fills(self.line.account, self.symbol, limit=10_000):
                    self.line.back.append((self.line.soon_ns(), fill))
            case told.Judged() | told.Sliced() | told.Settled() | told.AskMarket():
                pass
            case told.Alert() | told.Wake():
                pass

    def seal(self, submit: told.Submit) -> None:
        """Do what a trade client does: no entry without an approval for just this."""
        request = submit.request
        if request.trigger_ticks:
            self.triggers.append(request.trigger_ticks)
        if submit.purpose is Purpose.ENTRY:
            approval = self.live.node.approval(request.client_id)
            assert approval is not None, "an entry without approval"
            approval.check(request.symbol, request.side, 1.0, self.line.now_ns)

    # The strategy ---------------------------------------------------------------------------

    def act(self) -> None:
        """Decide now and then to enter; let the stop follow both ways; leave now and then."""
        now_ns, direction = self.line.now_ns, self.kind.direction
        stop = self.price - direction * AWAY * self.unit
        chance = self.draw.random()
        if self.book.holding(self.symbol).lots:
            self.tell(told.Moved(self.symbol, stop, now_ns))
            if chance < 0.005:
                self.tell(told.Left(self.symbol, "signal", now_ns))
        elif chance < 0.1:
            link = Link(
                Gate.CLOSED, is_trading=True, is_maintenance=False, data_ns=now_ns,
                is_contiguous=True, spread=1e-5, slippage=1e-4, clock_offset_ns=0, clock_ns=now_ns,
            )  # fmt: skip
            side = Side(direction)
            asked = Candidate(self.symbol, side, HASH, now_ns, 1.0)
            lots = int(self.draw.integers(5, 60))
            ticks = self.price + direction * int(self.draw.integers(-1, 3))
            self.tell(told.Decided(asked, link, lots, ticks, stop, now_ns), dies=self.dies())

    def dies(self) -> bool:
        """Draw whether the process dies at this event, once in a few hundred of the worst line."""
        hit = bool(self.draw.random() < self.line.rate / 100)
        self.line.seen["crash"] += hit
        return hit

    def step(self) -> None:
        """Bring what arrived; ask the venue now and then; let the time pass."""
        for report in self.line.advance():
            self.tell(told.Reported(report, self.line.now_ns), dies=self.dies())
        now_ns = self.line.now_ns
        ticks = self.line.exchange.last_ticks(self.symbol)
        self.tell(told.Priced(self.symbol, ticks, now_ns))
        if now_ns >= self.reconcile_ns:
            self.reconcile_ns = now_ns + RECONCILE_NS
            shown = self.line.open_orders()
            if shown is not None:
                self.tell(told.OrdersShown(tuple(shown), now_ns, now_ns))
        if now_ns >= self.trade_ns:
            self.trade_ns = now_ns + LAG_NS // 4
            lots = self.line.position()
            if lots is not None:
                self.tell(told.PositionShown(self.symbol, lots, now_ns, now_ns))
                self.tell(told.FundsShown(10**12, now_ns, now_ns))
        self.tell(told.Elapsed(now_ns), dies=self.dies())
