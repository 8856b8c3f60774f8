"""A node that decides by a drawn strategy, on a drawn market, over a lossy line; it may be killed.

Everything comes from the seed: prices, strategy, kind of venue, faults, deaths, commands, clocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.instrument import Kind
from ballast.core.journal import WriteFailedError
from ballast.core.orders import AmendRequest, OrderKind, OrderRef
from ballast.core.rng import stream
from ballast.oms.book import Keeping
from ballast.oms.protection.cover import Abilities
from ballast.oms.record import OrderRecord
from ballast.risk.gate.checks import Limits
from ballast.risk.gate.facts import Link
from ballast.risk.halt.breaker import Gate
from ballast.risk.halt.modes import Command, Mode
from ballast.runtime.node import events as told
from ballast.runtime.node.journalled import started
from ballast.runtime.shell.feeds import closed_bar
from ballast.venues.simulated.client import SimulatedClient
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder
from ballast.venues.simulated.engine.profile import BuyFee, VenueProfile
from ballast.venues.simulated.liquidity.candles import CandleReplay
from tests.fakes.drawn_sessions import (
    TICK,
    WARM,
    drawn_bars,
    drawn_slices,
    trading_strategy,
)
from tests.fakes.hearing import Heard
from tests.fakes.lossy_line import two_of
from tests.fakes.market_line import MarketLine
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.parity import LOT, candles
from tests.fakes.venue import SECOND

if TYPE_CHECKING:
    from collections import Counter

    from ballast.oms.book import BookOfRecord
    from ballast.runtime.node.events import ClosedBar, Effect, Event

HOUR_NS = 3_600 * SECOND
HOURS_MOST = 48
"""Prices are drawn and the strategy is chosen on so many, so that a shorter run begins the same."""
STARTS_MOST = 10
SNAPSHOT_RECORDS = 300
LATE_NS = 60 * SECOND
"""A bar that is older than this is history when it comes."""
POLL_NS = 20 * SECOND
"""Between two comparisons with the venue."""
BUSY_NS = 60 * SECOND
"""How long after something happened the venue is asked at that pace; then ten times slower."""
KEEPING = Keeping(ns=HOUR_NS // 6, orders=3, trades=4)
"""So that orders are forgotten within a run, and the venue lists trades that were."""
DEPTH = Ladder(lots=600_000, levels=10, spread_ticks=2)
"""Less in a level than most positions: entries, stops and market exits fill in parts."""
QUIET = told.Wake | told.Judged | told.Sliced | told.Settled | told.Alert
"""Effects that ask nothing of the venue."""


@dataclass(frozen=True)
class Place:
    """A way in which venues let protection be placed."""

    kind: Kind
    abilities: Abilities


PLACES = {
    "perpetual, amends": Place(
        Kind.PERPETUAL, Abilities(amends_stops=True, trails=True, trail_ppm=20_000)
    ),
    "perpetual, new first": Place(Kind.PERPETUAL, Abilities()),
    "spot, replaces": Place(Kind.SPOT, Abilities(reduces_only=False, replaces=True)),
    "spot, cancels": Place(Kind.SPOT, Abilities(reduces_only=False)),
    "spot, pairs": Place(Kind.SPOT, Abilities(reduces_only=False, replaces=True, pairs=True)),
}


class DecidingClient:
    """Brings bars, reports and looks to a node and carries its effects out."""

    def __init__(
        self,
        name: str,
        seed: int,
        rate: float,
        seen: Counter[str],
        without: frozenset[str] = frozenset(),
    ) -> None:
        self.name, self.place, self.rate = name, PLACES[name], rate
        self.draw = stream(seed, "client")
        bars, kind = drawn_bars(seed, WARM + HOURS_MOST + 1), self.place.kind
        pairs = self.place.abilities.pairs  # they need one take of the whole position
        parity = trading_strategy(seed, bars, kind, takes_all=pairs)
        self.bars, self.symbols = parity.bars, tuple(one.symbol for one in parity.bars)
        start_ns = int(self.bars[0].ts[WARM]) * 1_000_000
        exchange = Exchange(
            VenueProfile(buy_fee=BuyFee.QUOTE, history_max=100_000), parity.listings,
            start_ns=start_ns,
        )  # fmt: skip
        for one, listing in zip(self.bars, parity.listings, strict=True):
            exchange.attach(
                CandleReplay(one.symbol, candles(one.slice(WARM, len(one)), listing), HOUR_NS,
                             DEPTH, steps=2, shift_ns=1, stops=True)
            )  # fmt: skip
        self.line = MarketLine(seed, 0.0, seen, exchange, without)
        self.venue = SimulatedClient(exchange, self.line.account)
        self.rules = replace(
            parity.rules(self.venue.digits()), account="ours", abilities=self.place.abilities,
            cooldown_ns=2 * SECOND, may_be_bare=False, drawdown_kill=0.2,
            keeping=KEEPING,
            limits=Limits(slippage=1.0, same_side_ns=0, duplicate_ns=0, data_age_ns=2 * HOUR_NS),
            slices=drawn_slices(seed), settle_ns=10 * SECOND, slip_alarm=0.005,
        )  # fmt: skip
        self.memory, self.heard = Memory(), Heard({one: [] for one in self.symbols})
        self.crashes = self.starts = self.hour = 0
        self.is_attended = True
        self.poll_ns = self.busy_ns = start_ns
        self.wakes: list[int] = []
        self.looks: list[str] = []
        self.missed: list[ClosedBar] = []
        self.start()
        known = [closed_bar(one, row) for row in range(WARM) for one in self.bars]
        self.tell(told.Learned(tuple(known), self.now_ns))
        self.tell(told.Valued(self.venue.equity_atoms("USDT"), self.now_ns))
        self.command(Command.RESUME)

    @property
    def now_ns(self) -> int:
        return self.line.now_ns

    @property
    def book(self) -> BookOfRecord:
        return self.live.node.book

    # The process ----------------------------------------------------------------------------

    def start(self) -> None:
        """Open the journal and start the node from it, as a process does; it may die again."""
        for _ in range(STARTS_MOST):
            self.wakes.clear()
            self.looks.clear()
            self.starts += 1
            journal = MemoryJournal(self.memory, f"run-{self.starts}", self.now_ns)
            self.live, effects = started(self.rules, journal, self.now_ns)
            self.live.snapshot_records = SNAPSHOT_RECORDS
            self.busy_ns = self.poll_ns = self.now_ns
            self.heard.entries_of(told.Started(self.now_ns), effects, self.live.node)
            if self.carried_out(effects, "crash at start", 1 / 2):
                return

    def carried_out(self, effects: list[Effect], fault: str, part: float) -> bool:
        """Carry effects out; return False where the process died amid them."""
        dies = bool(effects) and self.is_hit(fault, part)
        sent = int(self.draw.integers(0, len(effects) + 1)) if dies else len(effects)
        for effect in effects[:sent]:
            self.carry_out(effect)
        if dies:
            self.crashes += 1
            self.stay_down()
        return not dies

    def stay_down(self) -> None:
        """Let the venue go on without us for a while: what it tells then nobody hears (P11)."""
        if self.is_hit("down", 2.0):
            most_ns = HOUR_NS * 3 // 2 if self.draw.random() < 0.2 else 60 * SECOND
            self.line.advance_to(self.now_ns + int(self.draw.integers(1, most_ns)))

    def tell(self, event: Event) -> bool:
        """Bring an event; now and then the journal fails, or the process dies amid the sending.

        Return whether the event is in the journal.
        """
        if self.is_hit("write failed", 1 / 500):
            self.memory.fail_next = True
        try:
            effects = self.live.handle(event)
        except WriteFailedError:
            self.start()  # what the event said is lost, as a frame is
            return False
        for symbol in self.symbols:
            if not self.book.holding(symbol).lots:
                self.heard.triggers[symbol].append(None)
        self.heard.note(event, effects, self.live.node)
        self.heard.entries_of(event, effects, self.live.node)
        if not self.carried_out(effects, "crash", 1 / 4):
            self.start()
        return True

    def is_hit(self, fault: str, part: float = 1.0) -> bool:
        hit = bool(self.draw.random() < self.line.rate * part * self.line.factors[fault])
        self.line.seen[fault] += hit
        return hit

    # Effects --------------------------------------------------------------------------------

    def carry_out(self, effect: Effect) -> None:  # noqa: C901 - one case a kind of effect
        ref = OrderRef(getattr(effect, "symbol", ""), client_id=getattr(effect, "client_id", ""))
        match effect:
            case told.Submit():
                self.seal(effect)
                self.line.send(effect.request)
            case told.CancelOrder():
                self.line.send(ref)
            case told.AmendOrder():
                self.heard.triggers[effect.symbol].append(effect.trigger_ticks)
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
                self.list_trades(effect.symbol)
            case told.AskMarket():
                self.looks.append(effect.symbol)
            case told.Wake():
                self.wakes.append(effect.at_wake_ns)
            case told.Alert():
                if effect.text.startswith(("kill switch", "paused")):
                    self.heard.running = False
            case told.Judged() | told.Sliced() | told.Settled():
                pass
        if not isinstance(effect, QUIET):
            self.busy_ns = self.now_ns

    def send_two(self, effect: told.ReplaceOrder | told.SubmitPair) -> None:
        """Send what goes in one request."""
        submits, asked = two_of(effect)
        for submit in submits:
            self.seal(submit)
        self.line.send(asked)

    def list_trades(self, symbol: str) -> None:
        """Let the venue tell all trades of a symbol, also those it told before, in their order."""
        at_ns = self.line.soon_ns()
        self.line.back += [(at_ns, fill) for fill in self.venue.trades(symbol)]

    def seal(self, submit: told.Submit) -> None:
        """Do what a trade client does, and note what the auditor asks about."""
        request, heard = submit.request, self.heard
        if not any(request.client_id in one.body for one in self.memory.records[-200:]):
            heard.unwritten.append(request.client_id)
        if request.trigger_ticks:
            heard.stop(request)
        heard.trails += request.kind is OrderKind.TRAILING_STOP
        if submit.purpose is not Purpose.ENTRY:
            return
        approval = self.live.node.approval(request.client_id)
        assert approval is not None, "an entry without approval (A4)"
        price = request.price_ticks or self.line.exchange.last_ticks(request.symbol)
        notional = float(request.qty_lots * LOT * price * TICK)
        approval.check(request.symbol, request.side, notional * 0.9, self.now_ns)
        heard.entries.append((request.symbol, request.qty_lots, self.now_ns))
        if not heard.running:
            heard.while_halted.append(request.client_id)

    # Time -----------------------------------------------------------------------------------

    @property
    def close_ns(self) -> int:
        return int(self.bars[0].ts[WARM + self.hour]) * 1_000_000 + HOUR_NS

    def step(self, until_ns: int) -> None:
        """Let time go to what happens next, and bring it."""
        times = [self.line.next_ns(), self.close_ns, self.poll_ns, until_ns, *self.wakes]
        to_ns = max(self.now_ns, min(one for one in times if one is not None))
        for report in self.line.advance_to(to_ns):
            self.busy_ns = to_ns
            self.tell(told.Reported(report, self.clock(to_ns)))
        self.prices()
        if any(one <= to_ns for one in self.wakes):
            self.wakes = [one for one in self.wakes if one > to_ns]
            self.tell(told.Elapsed(to_ns))
        self.look()
        if to_ns >= self.poll_ns:
            self.poll()
        if to_ns >= self.close_ns:
            self.close()

    def clock(self, at_ns: int) -> int:
        """Return what the clock says: now and then it has jumped back by up to an hour (X26)."""
        return at_ns - int(self.draw.integers(HOUR_NS)) if self.is_hit("clock", 0.2) else at_ns

    def prices(self) -> None:
        for symbol in self.symbols:
            desk = self.live.node.desks.get(symbol)
            ticks = self.line.exchange.last_ticks(symbol)
            is_busy = self.book.holding(symbol).lots or any(self.book.open_orders(symbol))
            if not (desk and is_busy and ticks and desk.price_ticks != ticks):
                continue
            if not self.is_hit("price lost"):
                self.tell(told.Priced(symbol, ticks, self.now_ns))

    def poll(self) -> None:
        """Ask for open orders and positions: often while something goes on."""
        now_ns = self.now_ns
        is_busy = now_ns - self.busy_ns < BUSY_NS or any(self.book.doubtful())
        self.poll_ns = now_ns + (POLL_NS if is_busy else 10 * POLL_NS)
        shown = self.line.open_orders()
        if shown is not None:
            self.tell(told.OrdersShown(tuple(shown), now_ns, now_ns))
        for symbol in self.symbols:
            if self.is_hit("trades listed", 0.05):
                self.list_trades(symbol)
            if not self.is_hit("read lost"):
                lots = self.line.lots[symbol]
                if lots != self.book.holding(symbol).lots:
                    self.poll_ns = min(self.poll_ns, now_ns + POLL_NS)
                self.tell(told.PositionShown(symbol, lots, now_ns, now_ns))

    def show_funds(self) -> None:
        """Show the node what the venue has free for a new order."""
        now_ns = self.now_ns
        self.tell(told.FundsShown(self.venue.free_atoms("USDT"), now_ns, now_ns))

    def look(self) -> None:
        """Answer what the node asked of a market, or lose the answer."""
        asked, self.looks = list(dict.fromkeys(self.looks)), []
        for symbol in asked:
            if not self.is_hit("read lost"):
                now_ns = self.now_ns
                self.tell(told.PositionShown(symbol, self.line.lots[symbol], now_ns, now_ns))
                self.show_funds()
                self.tell(told.Linked(symbol, self.link(), now_ns))

    def close(self) -> None:
        """Let the hour's bars be decided; now and then one is lost, and learnt an hour later."""
        close_ns = self.close_ns
        bars = [closed_bar(one, WARM + self.hour) for one in self.bars]
        self.hour += 1
        self.poll()
        if self.missed:
            self.tell(told.Learned(tuple(self.missed), self.now_ns))
            self.missed = []
        self.tell(told.Valued(self.venue.equity_atoms("USDT"), self.now_ns))
        self.show_funds()
        for symbol in self.symbols:
            self.tell(told.Linked(symbol, self.link(), self.now_ns))
        lost = [one for one in bars if self.is_hit("bar lost", 0.1)]
        there = tuple(one for one in bars if one not in lost)
        self.missed = lost
        if there and self.now_ns - close_ns > LATE_NS:  # the process was down: learnt, not decided
            self.tell(told.Learned(there, self.now_ns))
        elif there:
            self.tell(told.BarsClosed(there, close_ns, self.now_ns))
        if self.is_attended:
            self.person()

    def link(self) -> Link:
        return Link(
            Gate.CLOSED, is_trading=True, is_maintenance=False, data_ns=self.now_ns,
            is_contiguous=True, spread=1e-4, slippage=1e-4, clock_offset_ns=0, clock_ns=self.now_ns,
        )  # fmt: skip

    def person(self) -> None:
        """Halt now and then; look, release and start again some hours later."""
        chance = self.draw.random()
        if not self.heard.running:
            if chance < 0.4:
                if self.live.node.halt.mode is Mode.ALERT:
                    self.command(Command.RELEASE)
                self.command(Command.RESUME)
        elif chance < 0.1:
            self.command((Command.PAUSE, Command.FLATTEN, Command.KILL)[int(chance * 30)])

    def command(self, order: Command) -> None:
        """Command until it is written down, as a person does who sees no answer."""
        while not self.tell(told.Commanded(order, "ann", "simulation", self.now_ns)):
            pass
        self.heard.running = order is Command.RESUME
