"""Asking: what a session asks a venue, and how the node is told the answers.

Trades come before open orders and positions: what was missed is booked before anything is compared.
A question that is not answered tells nothing, and what is not known refuses entries.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ballast.core.reports import OrderReport, Unclear
from ballast.risk.halt import baselines, breaker
from ballast.risk.halt.modes import Mode
from ballast.runtime.node.events import (
    Alert,
    Flowed,
    FundsShown,
    OrdersShown,
    PositionShown,
    Reported,
    Valued,
)
from ballast.runtime.shell.bare import BareTime
from ballast.runtime.shell.depths import worth_of
from ballast.runtime.shell.latency import Latency
from ballast.runtime.shell.venue_facts import VenueFacts, rungs_of
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.market import FEE_DIGITS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ballast.core.orders import Fill
    from ballast.core.reports import Report
    from ballast.runtime.node.events import Event
    from ballast.runtime.shell.shell import Shell
    from ballast.venues.clients.account import Flow, VenuePosition
    from ballast.venues.clients.desk import VenueDesk

T = TypeVar("T")
MS_NS = 1_000_000
SECOND_NS = 1_000_000_000
OVERLAP_MS = 60_000
"""How far a question for trades reaches back behind the last one: reads lag (X6)."""
FLOWS_OVERLAP_NS = 3_600 * SECOND_NS
"""How far a question for deposits reaches back behind the last one: some are listed late."""
LOOKS, LOOK_AGAIN_S = 3, 2.0
"""How often, and after how long, a fall that would end trading is asked for again."""
DEPTH = 20
FAULTS = frozenset(
    {Verdict.UNCLEAR, Verdict.UNREACHED, Verdict.RATE, Verdict.BANNED, Verdict.MAINTENANCE}
)
"""Failures of the link, which open the breaker; the others are our own."""


@dataclass(slots=True)
class Figures:
    """What a session counts, for people."""

    heard_ns: int = 0
    """When a stream of the venue last said anything; 0: never."""
    reconciliations: int = 0
    closes: int = 0
    cycles: int = 0
    lag_s: float = 0.0
    """Longest time the loop was late by."""


class Asking:
    """A node and a venue that is asked about its account."""

    def __init__(
        self,
        desk: VenueDesk,
        shell: Shell,
        symbols: Sequence[str],
        rules: breaker.BreakerRules = breaker.RULES,
        wait: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        """Ask for these symbols; `rules` are those of the circuit breaker.

        `wait` lets seconds pass before a mark that would end trading is asked for again.
        """
        self.desk = desk
        self.shell = shell
        self.symbols = tuple(symbols)
        self.quote = desk.markets[self.symbols[0]].quote
        self.facts = VenueFacts(desk.markets, symbols)
        self.breaker = breaker.Breaker()
        self._rules_of_breaker = rules
        self.bare = BareTime()
        self.figures = Figures()
        self.latency = Latency()
        self.orders: tuple[OrderReport, ...] = ()
        """Open orders as the venue showed them last."""
        self.positions: dict[str, VenuePosition] = {}
        """What the venue said last is held."""
        self._trades_ms: dict[str, int] = {}
        self._flows_ns = shell.node.levels.known_ns
        """Up to when the venue was asked for deposits; what came while no process ran too."""
        self._flows_told = 0
        self._is_blind = False
        """Whether a person was told that they are not seen here."""
        self._wait = wait

    @property
    def now_ns(self) -> int:
        """Return the time, the venue's as far as it is known."""
        return self.shell.now_ns()

    def tell(self, event: Event) -> None:
        """Bring an event to the node, and see who is without protection after it."""
        self.shell.tell(event)
        self.bare.look(self.shell.node)

    def report(self, reports: Sequence[Report]) -> None:
        """Take what the venue says of orders of symbols that are traded here."""
        for one in reports:
            if isinstance(one, Unclear):
                self._failed(one.why)
            if one.symbol in self.symbols:
                before = self.shell.node.book.get(one.client_id)
                slow = self.latency.heard(before, one, self.now_ns)
                self.tell(Reported(one, self.now_ns))
                if slow is not None:
                    self.shell.hear(slow)

    def atoms(self, amount: Decimal) -> int:
        """Return an amount of the quote asset in atoms."""
        session = self.shell.node.rules.session
        digits = session.seats[0].digits[self.quote] if session is not None else FEE_DIGITS
        return round(amount.scaleb(digits))

    def gate(self) -> breaker.Gate:
        """Return whether entries may rely on the link."""
        return self.breaker.gate(self.now_ns, self._rules_of_breaker)

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        """Ask the venue; None where it did not answer. The breaker counts (R-NET-08).

        An open breaker keeps entries away, not questions: what is held must be watched. But no
        answer closes it before its time; the first question after that is its trial.
        """
        was_open = self.gate() is breaker.Gate.OPEN
        self.breaker = breaker.tried(self.breaker, self.now_ns, self._rules_of_breaker)
        found: T | None = None
        failure = ""
        try:
            found = await question()
        except CallError as error:
            failure = str(error) if error.verdict in FAULTS else ""  # else it did answer
        if not was_open:
            if failure:
                self._failed(failure)
            else:
                self.breaker = breaker.succeeded(self.breaker)
        return found

    def _failed(self, what: str) -> None:
        """Count a failure of the link; tell a person when it is one too many."""
        was_closed = self.gate() is breaker.Gate.CLOSED
        rules = self._rules_of_breaker
        self.breaker = breaker.failed(self.breaker, what, self.now_ns, rules)
        if was_closed and self.gate() is breaker.Gate.OPEN:
            held_s = rules.open_ns // SECOND_NS
            self.shell.hear(Alert("", f"{rules.failures} failures: no entries for {held_s} s"))

    async def reconcile(self) -> bool:
        """Ask for everything that may have been missed, and tell it; return whether all came."""
        sure_ns = self.shell.sure_ns()
        trades = await asyncio.gather(
            *(self.ask(partial(self._trades, one)) for one in self.symbols)
        )
        for found in trades:
            self.report(found or ())
        is_whole = await self.show()
        await self.look_for_flows()  # last: it may wait for the budget, and what is held must not
        if is_whole and None not in trades:
            self.figures.reconciliations += 1
            for symbol in self.symbols:
                self._trades_ms[symbol] = sure_ns // MS_NS
            return True
        return False

    async def _trades(self, symbol: str) -> list[Fill]:
        since_ms = self._trades_ms.get(symbol)
        if since_ms is None:  # a process begins: as far back as our oldest order that may be open
            book = self.shell.node.book
            unsettled = [*book.open_orders(symbol), *book.doubtful()]
            sent = [one.prepared_ns for one in unsettled if one.symbol == symbol]
            since_ms = min(sent, default=self.now_ns) // MS_NS
        return await self.desk.trades(symbol, since_ms - OVERLAP_MS)

    async def show(self) -> bool:
        """Ask what is held, open, worth and free, and tell the node; return whether all came."""
        asked_ns, told = self.now_ns, self._flows_told
        orders, positions, equity, has_funds = await asyncio.gather(
            self.ask(lambda: self.desk.open_orders(self.symbols)),
            self.ask(lambda: self.desk.positions(self.symbols)),
            self.ask(lambda: self.desk.equity(self.quote)),
            self.show_funds(),
        )
        for one in positions or ():
            self.positions[one.symbol] = one
            self.tell(PositionShown(one.symbol, one.lots, asked_ns, self.now_ns, one.side))
        if orders is not None:
            self.orders = tuple(orders)
            self.tell(OrdersShown(tuple(orders), asked_ns, self.now_ns))
        if equity is not None and told != self._flows_told:
            equity = await self._equity()
        if equity is not None:
            await self._value(equity)  # last: it may wait, and what is held must not
        return has_funds and None not in (orders, positions, equity)

    async def _equity(self) -> Decimal | None:
        """Ask what the account is worth, so that no flow is told between question and answer.

        The answer could be from before it: told after it, it would be a loss or a gain.
        """
        for _ in range(LOOKS):
            told = self._flows_told
            equity = await self.ask(lambda: self.desk.equity(self.quote))
            if equity is None or told == self._flows_told:
                return equity
        return None

    async def _value(self, equity: Decimal) -> None:
        """Tell what the account is worth.

        A venue lists a withdrawal some seconds after it took the money. So a fall that would end
        trading is asked for again, and what was withdrawn with it, before anybody is told.
        """
        for _ in range(LOOKS):
            if not self._would_kill(self.atoms(equity)):
                break
            if self._wait is not None:
                await self._wait(LOOK_AGAIN_S)
            await self.look_for_flows()
            again = await self._equity()
            equity = equity if again is None else again
        self.tell(Valued(self.atoms(equity), self.now_ns))

    def _would_kill(self, equity: int) -> bool:
        node = self.shell.node
        if node.halt.mode is Mode.ALERT or not node.levels.known_ns:
            return False
        after = baselines.marked(node.levels, equity, max(self.now_ns, node.levels.known_ns))
        return after.breaks(node.rules.drawdown_kill, of_day=False)

    async def look_for_flows(self) -> None:
        """Ask for deposits and withdrawals since the first mark, and tell those that are new.

        Where the venue does not tell of any, or does not answer, nothing is told; a person hears of
        it once where that will not pass.
        """
        past = self.shell.node.past
        if not past.first_ns:
            return
        asked_ns = self.now_ns
        since_ns = max(self._flows_ns - FLOWS_OVERLAP_NS, past.first_ns)
        found = await self.ask(partial(self._flows, since_ns // MS_NS))
        if found is None:
            return
        self._flows_ns = asked_ns
        for one in found:
            if one.at_ns > past.first_ns and one.flow_id not in self.shell.node.past.names:
                amount, is_quote = self.atoms(one.worth), one.asset == self.quote
                if amount:  # else it counts nothing in equity either
                    self._flows_told += 1
                    self.tell(Flowed(amount, self.now_ns, is_quote, one.at_ns, one.flow_id))

    async def _flows(self, since_ms: int) -> list[Flow] | None:
        found, why = None, "the venue lists none"
        try:
            found = await self.desk.flows(self.quote, since_ms)
        except CallError as error:
            why = str(error)
            if error.verdict in FAULTS:
                raise
        if found is None and not self._is_blind:
            self._is_blind = True
            self.shell.hear(Alert("", f"deposits and withdrawals are not seen: {why}"))
        return found

    async def show_funds(self) -> bool:
        """Ask what a new order may use, and tell the node; return whether the answer came."""
        asked_ns = self.now_ns
        free = await self.ask(lambda: self.desk.free(self.quote))
        if free is not None:
            self.tell(FundsShown(self.atoms(free), asked_ns, self.now_ns))
        return free is not None

    async def look_at_depth(self, symbol: str) -> None:
        """Ask for the depth, and keep what sizes up to half of equity would cost in it.

        And what part of the usual depth that is: a book that thins out is no place to enter.
        """
        top = await self.ask(lambda: self.desk.top(symbol, DEPTH))
        seen = self.facts.of(symbol)
        if top is None:
            seen.rungs = ()
            seen.depths.lost()
            return
        market, within = self.desk.markets[symbol], self.shell.node.rules.limits.slippage
        unit = float(market.tick * market.lot)
        bids, asks = (worth_of(side, within, unit) for side in (top.bids, top.asks))
        seen.depths.shown(bids, asks, self.now_ns)
        session = self.shell.node.rules.session
        equity = self.shell.node.levels.equity / self.atoms(Decimal(1)) if session else 0.0
        seen.rungs = ()
        if top.bids and top.asks:
            worth = float(market.tick * top.asks[0][0] * market.lot)
            seen.rungs = rungs_of(top.bids, top.asks, lot_worth=worth, equity=equity)
            best = (top.bids[0][0], top.asks[0][0])
            if best != (seen.bid_ticks, seen.ask_ticks):
                seen.bid_ticks, seen.ask_ticks = best
                seen.data_ns = self.now_ns
