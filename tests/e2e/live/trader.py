"""A process that trades at a simulated venue through sockets until it is killed, over and over.

    python -m tests.e2e.live.trader '{"venue": "BYBITLINEAR", "port": ..., "ca": ..., ...}'

Its node has no strategy: seeded decisions come every moment: in with a stop, the stop closer, out.
It says `ready` on stdout once it has reconciled, and `done` when it was told to end and is flat.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

import msgspec

from ballast.core.orders import Side
from ballast.core.rng import stream
from ballast.core.settings.rule import Secret
from ballast.core.time import Timeframe
from ballast.risk.gate.checks import Limits
from ballast.risk.gate.facts import Candidate, Permission
from ballast.risk.halt.breaker import Gate
from ballast.risk.halt.modes import Command
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.events import Commanded, Decided, Left, Moved
from ballast.runtime.shell.live import Rhythm
from ballast.runtime.wiring import Rehearsal, Wired, open_line, wire
from ballast.store.journal import JournalWriter
from ballast.store.journal.headfile import head_path
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.store.journal.writer import Start
from ballast.venues.clients.access import Keys
from ballast.venues.clients.streams.state import Phase
from ballast.venues.clients.venues import VENUES

HASH = "trader"
FAR_NS = 2**62
SECOND_NS = 1_000_000_000
STOP_PPM = 4_000
LIMITS = Limits(
    signal_age_ns=60 * SECOND_NS, duplicate_ns=0, same_side_ns=0, data_age_ns=FAR_NS, slippage=1.0
)


class Order(msgspec.Struct):
    """What the process is told at its start."""

    venue: str
    port: int
    ca: str
    key: str
    secret: str
    passphrase: str
    symbol: str
    lots: int
    journal: str
    seed: int
    pause_s: float = 0.25
    entries_s: float = 3.5
    """Least time between two entries: twenty a minute is a runaway."""


def rules_of(order: Order, abilities: object) -> NodeRules:
    """Return the rules of a node that others decide for."""
    permission = Permission(HASH, True, FAR_NS, (order.symbol,), 1e15)
    return NodeRules(
        "trader", HASH, (permission,), limits=LIMITS, abilities=abilities,  # type: ignore[arg-type]
        cooldown_ns=0, position_max=10**12, drawdown_kill=1.0, books_strange=True,
    )  # fmt: skip


class Trader:
    """Seeded decisions for one node."""

    def __init__(self, order: Order, wired: Wired) -> None:
        self.order, self.wired = order, wired
        self.live = wired.live
        self.node = wired.shell.node
        self.market = wired.line.desk.markets[order.symbol]
        self.rng = stream(order.seed + time.time_ns() % 100_000, "trader")
        self.ends = False
        self._entered_s = 0.0

    async def trade(self) -> None:
        """Decide until told to end; then get flat."""
        while True:
            await asyncio.sleep(self.order.pause_s * float(self.rng.uniform(0.2, 1.8)))
            if self.wired.client.failed is not None:
                raise self.wired.client.failed
            lots = self.node.book.holding(self.order.symbol).lots
            is_open = any(self.node.book.open_orders(self.order.symbol))
            is_flat = abs(lots) <= self.node.desk(self.order.symbol).dust_lots and not is_open
            if self.ends and is_flat and not any(self.node.book.doubtful()):
                return
            if not is_flat:
                self._hold(lots)
            elif not self.ends and time.monotonic() - self._entered_s > self.order.entries_s:
                await self._enter()

    def _hold(self, lots: int) -> None:
        """Move the stop closer, or leave."""
        symbol, now_ns = self.order.symbol, self.live.now_ns
        price = self.live.price_ticks(symbol)
        if self.ends or self.rng.random() < 0.2:
            self.live.tell(Left(symbol, "drawn", now_ns))
        elif lots and price:
            direction = 1 if lots > 0 else -1
            away = int(self.rng.integers(2_000, STOP_PPM))
            self.live.tell(Moved(symbol, price - direction * price * away // 1_000_000, now_ns))

    async def _enter(self) -> None:
        symbol = self.order.symbol
        if not await self.live.show():
            return
        await self.live.look_at_depth(symbol)
        seen = self.live.facts.of(symbol)
        price = self.live.price_ticks(symbol) or seen.ask_ticks
        if not price:
            return
        self._entered_s = time.monotonic()
        seen.is_contiguous = True
        seen.data_ns = now_ns = self.live.now_ns
        is_short = self.market.is_perpetual and self.rng.random() < 0.5
        side = Side.SELL if is_short else Side.BUY
        notional = float(self.market.tick * price * self.market.lot * self.order.lots) * 1.02
        link = self.live.facts.link(symbol, Gate.CLOSED, self.wired.line.timing())
        stop = price - int(side) * price * STOP_PPM // 1_000_000
        asked = Candidate(symbol, side, HASH, now_ns, notional)
        self.live.tell(Decided(asked, link, self.order.lots, 0, stop, now_ns))


async def main(order: Order) -> None:
    """Trade until SIGTERM, then get flat and end."""
    keys = Keys(Secret(order.key), Secret(order.secret), Secret(order.passphrase))
    venue = VENUES[order.venue]
    rehearsal = Rehearsal(order.port, Path(order.ca))
    line = await open_line(venue, keys, rehearsal, may_change=True)
    path = Path(order.journal)
    database = SqliteDatabase(path)
    journal = JournalWriter(
        database, head_path(path), Start(f"run-{time.time_ns()}", "trader", time.time_ns())
    )
    rules = rules_of(order, venue.abilities(line.desk.markets[order.symbol]))
    wired, effects = wire(
        line, rules, journal, (), [order.symbol], Timeframe(60_000), lambda _: None,
        Rhythm(reconcile_s=5.0),
    )  # fmt: skip
    work = [asyncio.ensure_future(one.run()) for one in wired.carriers]
    try:
        while sum(one.phase is Phase.READY for one in wired.states.values()) < len(work):
            await line.clock.sleep(0.01)
        wired.shell.started(effects)
        await wired.live.begin()
        wired.live.tell(Commanded(Command.RESUME, "trader", "a test", wired.live.now_ns))
        trader = Trader(order, wired)

        def end() -> None:
            trader.ends = True

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
        print("ready", flush=True)  # noqa: T201 - its parent waits for it
        live = asyncio.ensure_future(wired.live.run())
        trading = asyncio.ensure_future(trader.trade())
        work += [live, trading]
        done, _ = await asyncio.wait([live, trading], return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
        await wired.client.settle(5.0)
        print("done", flush=True)  # noqa: T201
    finally:
        for one in work:
            one.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        journal.close()
        database.close()
        await line.close()


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Order)))
