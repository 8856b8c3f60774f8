"""Scenario: a test position on a simulated venue, watched while it lives (R-DIAG-11).

A venue is served in this process, a node without a strategy enters with a stop close to the price,
draws it closer, and enters again when it has filled: creation, moves and activation, all of which
the session beside it must see and find in agreement.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ballast.core.errors import UserError
from ballast.core.orders import Side
from ballast.core.settings.rule import Secret
from ballast.core.time import Timeframe
from ballast.risk.gate.checks import Limits
from ballast.risk.gate.facts import Candidate, Permission
from ballast.risk.halt.breaker import Gate
from ballast.risk.halt.modes import Command
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.events import Commanded, Decided, Moved
from ballast.runtime.shell.live import Rhythm
from ballast.runtime.wiring import Rehearsal, open_line, wire
from ballast.service.diagnose.connection import connection_of
from ballast.service.diagnose.memory import Memory
from ballast.service.diagnose.views import of_node
from ballast.store.journal import JournalWriter
from ballast.store.journal.headfile import head_path
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.store.journal.writer import Start
from ballast.venues.clients.access import Keys
from ballast.venues.clients.streams.state import Phase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from ballast.runtime.wiring import Line, Wired
    from ballast.venues.clients.venues import Venue

SYMBOL = "BTCUSDT"
HASH = "scenario"
FAR_NS = 2**62
NOTIONAL = 600.0
STOP_PPM = 1_500
"""How far the stop is to begin with; the made market moves as far within a minute or two."""
STEP_S = 1.0
ENTRY_S = 5.0
"""Between two entries: twenty a minute would be a runaway."""
LIMITS = Limits(duplicate_ns=0, same_side_ns=0, data_age_ns=FAR_NS, slippage=1.0)


class Served(Protocol):
    """A simulated exchange that answers on this machine."""

    @property
    def port(self) -> int:
        """Return its TLS port."""
        ...

    @property
    def key(self) -> str:
        """Return the key of its funded account."""
        ...

    @property
    def secret(self) -> str:
        """Return the secret of that key."""
        ...

    @property
    def passphrase(self) -> str:
        """Return the passphrase of that key."""
        ...

    @property
    def ca(self) -> Path:
        """Return the file of the certificate to trust."""
        ...


@dataclass(frozen=True)
class Place:
    """A `Served` in a process of its own."""

    port: int
    ca: Path
    key: str
    secret: str
    passphrase: str


@asynccontextmanager
async def served(front: str, folder: Path) -> AsyncIterator[Place]:
    """Serve a simulated exchange in a process of its own while the block runs.

    Raise `UserError` where it does not start.
    """
    arguments = ("venue", "serve", "--exchange", front, "--market", "synthetic:seed=7")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ballast.service.cli.main", *arguments,
        "--past", "5m", "--json", "--ca", str(folder / "ca.pem"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        line = await process.stdout.readline()
        if not line:
            raise UserError("the simulated exchange did not start", fix="`ballast venue serve`")
        told = json.loads(line)
        yield Place(
            int(told["port"]),
            folder / "ca.pem",
            str(told["api_key"]),
            str(told["api_secret"]),
            str(told.get("api_passphrase", "")),
        )
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


class Scenario:
    """A node that trades a test position."""

    def __init__(self, line: Line, wired: Wired) -> None:
        """Trade through this node."""
        self.line, self.wired = line, wired
        self._entered_s = 0.0

    def memory(self) -> Memory:
        """Return what the node believes now."""
        views = of_node(self.wired.shell.node, [SYMBOL])
        return Memory(views, self.line.now_ns(), connection_of(self.wired))

    async def step(self) -> None:
        """Enter, or draw the stop closer by a tenth of its distance."""
        live = self.wired.live
        node, price = self.wired.shell.node, live.price_ticks(SYMBOL)
        lots = node.book.holding(SYMBOL).lots
        if lots and price:
            direction = 1 if lots > 0 else -1
            stop = node.desk(SYMBOL).stop_ticks
            closer = stop + (price - stop) // 10
            if direction * (closer - stop) > 0:
                live.tell(Moved(SYMBOL, closer, live.now_ns))
        elif self._may_enter() and price and await live.show():
            self._entered_s = time.monotonic()
            await self._enter(price)

    def _may_enter(self) -> bool:
        is_open = any(self.wired.shell.node.book.open_orders(SYMBOL))
        return not is_open and time.monotonic() - self._entered_s >= ENTRY_S

    async def _enter(self, price: int) -> None:
        live, market = self.wired.live, self.line.desk.markets[SYMBOL]
        await live.look_at_depth(SYMBOL)
        seen = live.facts.of(SYMBOL)
        seen.is_contiguous, seen.data_ns = True, live.now_ns
        worth = float(market.tick * price * market.lot)
        lots = max(int(NOTIONAL / worth), 1)
        link = live.facts.link(SYMBOL, Gate.CLOSED, self.line.timing())
        asked = Candidate(SYMBOL, Side.BUY, HASH, live.now_ns, worth * lots * 1.02)
        stop = price - price * STOP_PPM // 1_000_000
        live.tell(Decided(asked, link, lots, 0, stop, live.now_ns))


@asynccontextmanager
async def playing(venue: Served, row: Venue, folder: Path) -> AsyncIterator[Scenario]:
    """Play the scenario at a served venue while the block runs; its journal lies in `folder`."""
    keys = Keys(Secret(venue.key), Secret(venue.secret), Secret(venue.passphrase))
    line = await open_line(row, keys, Rehearsal(venue.port, venue.ca), may_change=True)
    path = journal_in(folder)
    database = SqliteDatabase(path)
    now_ns = line.now_ns()
    journal = JournalWriter(database, head_path(path), Start("scenario", "scenario", now_ns))
    rules = NodeRules(
        "scenario",
        HASH,
        (
            Permission(
                HASH, is_passed=True, expires_ns=FAR_NS, symbols=(SYMBOL,), notional_max=1e15
            ),
        ),
        limits=LIMITS,
        abilities=row.abilities(line.desk.markets[SYMBOL]),
        cooldown_ns=0,
        drawdown_kill=1.0,
    )
    wired, effects = wire(
        line, rules, journal, (), [SYMBOL], Timeframe(60_000), lambda _: None, Rhythm()
    )
    work = [asyncio.ensure_future(one.run()) for one in wired.carriers]
    scenario = Scenario(line, wired)
    try:
        while sum(one.phase is Phase.READY for one in wired.states.values()) < len(work):
            await line.clock.sleep(0.02)
        wired.shell.started(effects)
        await wired.live.begin()
        wired.live.tell(Commanded(Command.RESUME, "scenario", "a test position", line.now_ns()))
        work += [
            asyncio.ensure_future(wired.live.run()),
            asyncio.ensure_future(_stepping(scenario.step)),
        ]
        yield scenario
        for one in work:
            if one.done():
                one.result()
    finally:
        for one in work:
            one.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await wired.client.settle(5.0)
        journal.close()
        database.close()
        await line.close()


def journal_in(folder: Path) -> Path:
    """Return where the scenario's journal lies."""
    return folder / "scenario.sqlite"


async def _stepping(step: Callable[[], Awaitable[None]]) -> None:
    while True:
        await step()
        await asyncio.sleep(STEP_S)


FRONTS = {
    "BINANCE": "binance",
    "BINANCEUSDM": "binance-usdm",
    "BYBIT": "bybit",
    "BYBITLINEAR": "bybit",
    "OKX": "okx",
    "OKXSWAP": "okx",
    "KRAKEN": "kraken",
    "COINBASE": "coinbase",
}
"""Which simulated exchange speaks which venue's protocol."""


def front_of(venue: str) -> str:
    """Return the simulated exchange that speaks a venue's protocol."""
    return FRONTS[venue]
