"""An auditor of a node that decides: looks at the venue and the journal, not at what it believes.

python -m tests.sim.auditing NAME SEED HOURS [FAULT,...]   # one run again, without some faults

It prints the head of its journal. `many.py` runs many, and shrinks one that fails.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.orders import OrderKind
from ballast.oms.lifecycle import Remark
from ballast.oms.record import Phase, Wish
from ballast.risk.halt.modes import Command
from ballast.runtime.node.events import Settled
from ballast.runtime.node.journalled import CODEC, replayed
from tests.fakes.deciding import HOUR_NS, DecidingClient
from tests.fakes.drawn_sessions import TICK
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.parity import LOT
from tests.fakes.venue import SECOND
from tests.sim.entering import Rules, Watch

if TYPE_CHECKING:
    from ballast.core.orders import Fill, Order

HONEST_AFTER_HOURS, HONEST_HOURS = 10, 2
"""The line is faulty for so many hours, then honest for so many, and so on."""
SETTLED_NS = 90 * SECOND
"""After the faults: the fence of the last lost order, the looks behind it, and one comparison."""
COVERED_NS = 10 * SECOND
RATES = (0.1, 0.25, 0.5, 0.0)
DUST_MOST = 5.5
"""Quote units: the least order is 5; the price may have moved since it was called so."""
LAST = 30
"""Records that a failure shows."""


class Auditor:
    """Looks at every step; `finish` looks at what must hold at rest."""

    def __init__(self, client: DecidingClient) -> None:
        self.client, self.line = client, client.line
        self.watches = {one: Watch(client.now_ns) for one in client.symbols}
        self.honest_ns = client.now_ns
        self.longest_ns = 0
        self.steps = 0
        self.rules = Rules(client)

    def look(self, *, is_honest: bool) -> None:
        """Check everything that can be checked now."""
        self.steps += 1
        heard = self.client.heard
        assert not heard.unwritten, f"sent before it was written: {heard.unwritten} (A1)"
        assert not heard.while_halted, f"entered while halted: {heard.while_halted} (F4)"
        assert max(self.line.accepted.values(), default=1) == 1, "accepted twice (A2)"
        if not is_honest:
            self.honest_ns = self.line.now_ns
        self.rules.look(self.watches, self.honest_ns)
        orders: defaultdict[str, list[Order]] = defaultdict(list)
        for one in self.line.exchange.open_orders(self.line.account):
            orders[one.request.symbol].append(one)
        for symbol, watch in self.watches.items():
            self.kernel(symbol)
            self.ratchet(symbol, watch)
            self.symbol(symbol, watch, orders[symbol])

    def kernel(self, symbol: str) -> None:
        """See to it that the kernel holds what the book does, and no more than was entered."""
        decider = self.client.live.node.decider
        assert decider is not None
        p = decider.live.pos[decider.places[symbol]]
        held = self.client.book.holding(symbol).lots
        early = sum(
            int(one.fill.side) * one.fill.qty_lots
            for one in self.client.live.node.desk(symbol).early
        )
        kernel = int(p.lots) * int(p.side or 0)
        assert kernel + early == held - self.dust(symbol), "the kernel holds something else (C2)"

    def dust(self, symbol: str) -> int:
        """Return the lots that the node calls dust; they must be what nobody can sell alone."""
        lots = self.client.live.node.desk(symbol).dust_lots
        worth = self.worth(symbol, lots)
        assert worth < DUST_MOST, f"{lots} lots are called dust, worth {worth:.2f} (C6)"
        return lots

    def worth(self, symbol: str, lots: int) -> float:
        """Return what lots are worth at the last price, in quote units."""
        return float(lots * LOT * self.line.exchange.last_ticks(symbol) * TICK)

    def symbol(self, symbol: str, watch: Watch, orders: list[Order]) -> None:
        lots, now_ns = self.line.lots[symbol] - self.dust(symbol), self.line.now_ns
        if self.client.place.kind == "spot":
            assert lots >= 0, "sold what was not there (C4)"
        entered = [one.request.qty_lots for one in orders if self.purpose(one) is Purpose.ENTRY]
        trails = [one for one in orders if one.request.kind is OrderKind.TRAILING_STOP]
        assert all(one.request.reduce_only for one in trails), "may enlarge (B6)"
        stops = [
            one for one in orders if one.request.kind is not OrderKind.LIMIT and one not in trails
        ]
        there = {one.request.client_id for one in orders}
        assert len(entered) <= 1, "two entries at once (F3)"
        most = max(self.client.heard.approved.get(symbol, [])[-2:], default=0)
        assert abs(lots) <= most, f"{lots} lots, and {most} were approved (B6, F3)"
        if watch.side and lots:
            assert watch.side * lots > 0, "turned around (B6)"
        watch.side = (lots > 0) - (lots < 0)
        phantom = any(
            one.phase is Phase.LIVE and one.cancel is Wish.NONE and one.client_id not in there
            for one in self.client.book.open_orders(symbol)
        )
        if phantom or self.client.book.holding(symbol).lots != self.line.lots[symbol]:
            watch.known_ns = now_ns
        held = sum(one.left_lots for one in stops)
        self.rules.gap(watch, (lots, held), self.honest_ns)
        watch.hold("flat", now_ns, is_well=lots != 0 or not [*stops, *trails])
        watch.hold("wrong", now_ns, is_well=not lots or (held == abs(lots) and len(stops) == 1))
        watch.hold("bare", now_ns, is_well=held >= abs(lots))
        watch.hold("calm", now_ns, is_well=self.client.heard.running or not entered)
        self.in_time(watch, f"{symbol}: {lots} lots, {stops}")

    def purpose(self, order: Order) -> Purpose | None:
        record = self.client.book.get(order.request.client_id)
        return record.purpose if record else None

    def in_time(self, watch: Watch, what: str) -> None:
        """Hold against the clock: how long the line was honest, the position known, and bare."""
        now_ns = self.line.now_ns
        settled_ns = now_ns - max(self.honest_ns + SETTLED_NS, watch.known_ns)
        for name, rule in (("wrong", "B1"), ("calm", "F4"), ("flat", "B5")):
            late_ns = min(now_ns - watch.since_ns[name], settled_ns)
            assert late_ns <= COVERED_NS, f"{name} for too long: {what} ({rule})"
        if self.client.place.abilities.holds_two:
            bare_ns = now_ns - max(watch.since_ns["bare"], watch.known_ns, self.honest_ns)
            self.longest_ns = max(self.longest_ns, bare_ns)
            assert bare_ns <= COVERED_NS, f"not covered in time: {what} (B1)"

    def ratchet(self, symbol: str, watch: Watch) -> None:
        """See to it that no stop of a position is asked for behind one before it (B9)."""
        triggers = self.client.heard.triggers[symbol]
        held = self.client.book.holding(symbol).lots
        for trigger in triggers[watch.seen :]:
            if trigger is None:
                watch.best = 0
                continue
            way = (held > 0) - (held < 0)
            if watch.best:
                assert way * (trigger - watch.best) >= 0, f"{symbol}: loosened (B9)"
            watch.best = trigger
        watch.seen = len(triggers)

    # At rest --------------------------------------------------------------------------------

    def finish(self) -> None:
        """Flatten on an honest line; then venue, book, kernel and journal are one (C2, C3, C8)."""
        client, line = self.client, self.line
        line.rate = 0.0
        client.is_attended = False  # nobody resumes what is flattened for good
        client.command(Command.FLATTEN)
        until_ns = line.now_ns + 10 * 60 * SECOND
        while line.now_ns < until_ns:
            client.step(until_ns)
            self.look(is_honest=True)
        assert not line.exchange.open_orders(line.account), "orders rest after all (B5)"
        assert not list(client.book.doubtful()), "it comes to rest (G10)"
        decider = client.live.node.decider
        assert decider is not None
        for symbol in client.symbols:
            fills = line.exchange.fills(line.account, symbol, limit=100_000)
            assert sum(int(one.side) * one.qty_lots for one in fills) == line.lots[symbol]
            dust = self.dust(symbol)
            assert line.lots[symbol] == client.book.holding(symbol).lots == dust, "flat (C2)"
            self.forgets(symbol)
        cash = client.venue.equity_atoms("USDT") / 10 ** client.venue.digits()["USDT"]
        cash -= sum(self.worth(symbol, self.dust(symbol)) for symbol in client.symbols)
        ours = float(decider.live.account.cash[0])
        assert abs(cash - ours) <= 1e-6 * cash, f"{cash} at the venue, {ours} by the kernel (C3)"
        for symbol, lots in client.heard.wanted.items():
            assert not lots, f"{symbol}: nobody says what became of {lots} lots (G10)"
        self.costs()
        self.replay()

    def costs(self) -> None:
        """See to it that what is told of each order is what the venue filled (R-COST-15)."""
        client, told = self.client, {}
        alerts = set()
        for record in client.memory.records:
            if '"Settled"' in record.body or '"Alert"' in record.body:
                effect = CODEC.value(record)
                if isinstance(effect, Settled):
                    told[effect.client_id] = effect
                else:
                    alerts.add(effect.text)
        filled: defaultdict[str, list[Fill]] = defaultdict(list)
        for symbol in client.symbols:
            for fill in self.line.exchange.fills(self.line.account, symbol, limit=100_000):
                filled[fill.client_id].append(fill)
        for name, fills in filled.items():
            if f"{name}: {Remark.REAPPEARED}" in alerts:
                continue  # it was given up before it was filled
            lots = sum(one.qty_lots for one in fills)
            mean = sum(one.qty_lots * one.price_ticks for one in fills) / lots
            assert name in told, f"nobody says what {name} cost (R-COST-15)"
            assert (told[name].lots, told[name].mean_ticks) == (lots, mean), f"{name} (R-COST-15)"

    def forgets(self, symbol: str) -> None:
        """See to it that memory has an end: what is old and over has left the book (G6)."""
        book, keeping = self.client.book, self.client.rules.keeping
        orders = [one for one in book.state().orders if one.symbol == symbol]
        before_ns = self.line.now_ns - HOUR_NS - 2 * keeping.ns
        old = [one for one in orders if max(one.updated_ns, one.prepared_ns) < before_ns]
        assert len(old) <= keeping.orders, f"{len(old)} old orders are kept (G6)"
        known = {one.order_id for one in orders}
        spare = [key for key in book.state().trades if key[0] == symbol and key[2] not in known]
        assert len(spare) <= keeping.trades, f"{len(spare)} old trades are kept (G6)"

    def replay(self) -> None:
        """See to it that the journal alone gives the node, to the byte (C8)."""
        node = self.client.live.node
        records = MemoryJournal(self.client.memory, "later").records()
        again = replayed(records).node
        assert again is not None
        assert again.decider is not None
        assert node.decider is not None
        for name in ("pos", "account"):
            ours, theirs = (getattr(one.decider.live, name) for one in (node, again))
            assert ours.tobytes() == theirs.tobytes(), f"{name} after a replay (C8)"
        assert vars(again.book) == vars(node.book), "the book after a replay (C8)"
        assert (again.desks, again.halt, again.gate) == (node.desks, node.halt, node.gate)


def run(
    name: str, seed: int, hours: int, seen: Counter[str], without: frozenset[str] = frozenset()
) -> Auditor:
    """Run a seed for so many hours; on a failure say how to run it again, and show its end."""
    client = DecidingClient(name, seed, RATES[seed % len(RATES)], seen, without)
    auditor = Auditor(client)
    try:
        end_ns = client.now_ns + hours * HOUR_NS
        while client.now_ns < end_ns:
            hour = client.hour % (HONEST_AFTER_HOURS + HONEST_HOURS)
            is_honest = hour >= HONEST_AFTER_HOURS
            client.line.rate = 0.0 if is_honest else client.rate
            client.step(end_ns)
            auditor.look(is_honest=is_honest)
        auditor.finish()
    except Exception as error:
        last = "\n".join(
            f"{one.seq} {one.kind} {one.body}" for one in client.memory.records[-LAST:]
        )
        error.add_note(
            f"again: {again(name, seed, hours, without)}  # step {auditor.steps}\n{last}"
        )
        raise
    return auditor


def again(name: str, seed: int, hours: int, without: frozenset[str] = frozenset()) -> str:
    """Return the command that runs a seed again."""
    left_out = f" '{','.join(sorted(without))}'" if without else ""
    return f"python -m tests.sim.auditing '{name}' {seed} {hours}{left_out}"


if __name__ == "__main__":
    faults: Counter[str] = Counter()
    left_out = frozenset(sys.argv[4].split(",")) if len(sys.argv) > 4 else frozenset()
    found = run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), faults, left_out)
    print(found.client.memory.records[-1].hash)  # noqa: T201 - what the caller asked for
    print(dict(faults), found.steps, found.longest_ns, file=sys.stderr)  # noqa: T201
