"""Soak: a node trades ten symbols for a long time while everything goes wrong now and then.

    make soak MINUTES=120 VENUE=BYBITLINEAR

One process: a served venue in a thread, a node with its streams and journal, drawn decisions, and
faults drawn from SEED. Venue time runs SPEED times as fast. Every interval says memory, tasks,
faults, fills, reconciliations, the longest bare time and violations. The exit code is 1 for a
violation, a task that ended, or memory that grows: the median of the last quarter of samples is
more than a tenth and more than 40 MB above that of the second quarter (the first one warms up).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.contract.venues.clients.rows import ROWS
from tests.e2e.live.auditing import BARE_S, LIVE, Auditor, name_of
from tests.e2e.live.mischief import Mischief
from tests.e2e.live.session import Session, wired_at
from tests.e2e.live.trader import LIMITS

from ballast.core.ids import is_ours
from ballast.core.orders import Side
from ballast.core.rng import stream
from ballast.oms.record import OVER
from ballast.risk.halt.modes import Command
from ballast.runtime.node.events import Commanded
from ballast.service.testing.venue import ServedVenue, simulated_exchange

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.contract.venues.clients.rows import Row

BASES = {
    "BTC": 60_000, "ETH": 3_000, "BNB": 600, "BCH": 500, "MKR": 1_500, "YFI": 6_000, "XMR": 400,
    "AAVE": 300, "QNT": 250, "COMP": 200,
}  # fmt: skip
"""Bases, and their price: a tick must be a small part of it."""
VALUE = 600
"""In quote, of an entry."""
ENTRY_S = 60.0
"""Least venue time between two entries of a symbol: twenty orders a minute are a runaway."""
GROWTH, GROWTH_MB = 1.10, 40.0
SAMPLES_MIN = 8
MB = 1 << 20
EVER = replace(LIMITS, moved_1m=1.0, moved_5m=1.0)
"""It trades on through the crashes that are drawn."""
CALM_S = 90.0
SLACK_S = 6.0
"""Real time that a busy machine may be late by, beside the fifteen seconds of the venue's."""


def rss_mb() -> float:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / MB


def grows(samples: list[float]) -> bool:
    """Tell whether memory grows, by the medians of the second and the last quarter."""
    if len(samples) < SAMPLES_MIN:
        return False
    quarter = len(samples) // 4
    before, after = median(samples[quarter : 2 * quarter]), median(samples[-quarter:])
    return after > before * GROWTH and after > before + GROWTH_MB


def market(row: Row, seed: int, speed: float) -> AbstractContextManager[ServedVenue]:
    """Serve a venue that lists all bases, each with agents of its own."""
    prices = ",".join(f"{base}USDT={price}" for base, price in BASES.items())
    return simulated_exchange(
        row.exchange,
        f"synthetic:seed={seed},{prices}",
        symbol=[f"{base}USDT" for base in BASES],
        balances={"USDT": 1_000_000},
        seed=seed,
        speed=speed,
    )


def rows_of(row: Row) -> list[Row]:
    """Return what must be known of each symbol, from what is known of one."""
    made = []
    for base, price in BASES.items():
        step = row.lot
        lots = max(round(Decimal(VALUE) / price / step), 1)
        listing = row.listing.replace("BTC", base)
        made.append(replace(row, symbol=f"{base}USDT", listing=listing, qty=step * lots))
    return made


@dataclass
class Audit:
    """What was found of one symbol, kept small however long it takes."""

    session: Session
    bare_s: float
    """Longest real time that a position may be seen without its stop."""
    violations: list[str] = field(default_factory=list)
    pending: Counter[str] = field(default_factory=Counter)
    doubted: set[str] = field(default_factory=set)
    last_trade: int = 0
    fills: int = 0

    def look(self) -> None:
        """Take what the venue filled since the last look, and hold it against the node's book."""
        auditor, node = self.session.auditor, self.session.node
        listing, account = auditor.row.listing, auditor.account
        found = auditor.ask(
            lambda one: one.fills(account, listing, from_id=self.last_trade + 1, limit=10_000)
        )
        for fill in found:
            self.last_trade = max(self.last_trade, fill.trade_id)
            self.fills += 1
            if is_ours(name_of(fill)):
                self.pending[name_of(fill)] += fill.qty_lots
        for name, lots in list(self.pending.items()):
            record = node.book.get(name)
            if record is not None and record.phase not in OVER:
                continue
            if record is not None and record.filled_lots == record.booked_lots == lots:
                del self.pending[name]
                self.doubted.discard(name)
            elif name in self.doubted:
                booked = record.booked_lots if record is not None else None
                self.violations.append(f"{name}: {lots} lots at the venue, {booked} booked")
                del self.pending[name]
            else:
                self.doubted.add(name)  # a fill may be on its way: seen twice it is missing
        if auditor.longest_bare_s >= self.bare_s:
            self.violations.append(f"{listing} bare for {auditor.longest_bare_s:.1f} s")
            auditor.longest_bare_s = 0.0

    def end(self) -> None:
        """Look once more, when all is over."""
        self.look()
        self.look()
        auditor = self.session.auditor
        orders = auditor.orders()
        sent = Counter(one.request.client_id for one in orders)
        self.violations += [f"{one} was accepted twice" for one, many in sent.items() if many > 1]
        self.violations += [
            f"{name_of(one)} is left"
            for one in orders
            if one.status in LIVE and is_ours(name_of(one))
        ]
        if abs(auditor.position - self.session.lots) > auditor.dust:
            self.violations.append(
                f"{auditor.row.listing}: {auditor.position} lots at the venue,"
                f" {self.session.lots} by our fills"
            )


class Soak:
    """One run."""

    def __init__(
        self, sessions: list[Session], venue: ServedVenue, seed: int, speed: float
    ) -> None:
        self.sessions, self.venue, self.speed = sessions, venue, speed
        self.audits = [Audit(one, BARE_S / speed + SLACK_S) for one in sessions]
        self.rng = stream(seed, "soak")
        self.mischief = Mischief(venue, [one.auditor for one in sessions], seed)
        self.samples: list[float] = []
        self.entries = 0
        self.ends = False

    @property
    def violations(self) -> list[str]:
        return [f"{one.session.symbol}: {what}" for one in self.audits for what in one.violations]

    async def decide(self, session: Session) -> None:
        """In with a stop, the stop closer, out; one symbol, until the end."""
        entered_s = time.monotonic() - ENTRY_S / self.speed * float(self.rng.random())
        while not self.ends:
            await asyncio.sleep(2.0 / self.speed * float(self.rng.uniform(0.2, 1.8)))
            price = session.live.price_ticks(session.symbol)
            if session.lots and price:
                direction = 1 if session.lots > 0 else -1
                if self.rng.random() < 0.03:
                    session.leave()
                else:
                    away = float(self.rng.uniform(0.002, 0.008))
                    session.move_stop(round(price * (1.0 - direction * away)))
            elif (
                session.is_free and price and (time.monotonic() - entered_s) * self.speed > ENTRY_S
            ):
                entered_s = time.monotonic()
                is_short = session.market.is_perpetual and self.rng.random() < 0.5
                side = Side.SELL if is_short else Side.BUY
                self.entries += not await session.enter(side, stop_share=0.008)

    async def watch(self) -> None:
        """Look at every symbol, over and over; let a person resume what a rule has paused."""
        node = self.sessions[0].node
        while True:
            for one in self.sessions:
                await asyncio.to_thread(one.auditor.look_at_open)
                await asyncio.sleep(0.02)
            if not node.halt.allows_entries:
                at_ns = self.sessions[0].live.now_ns
                if node.halt.mode == "alert":
                    self.sessions[0].live.tell(Commanded(Command.RELEASE, "soak", "on", at_ns))
                self.sessions[0].live.tell(Commanded(Command.RESUME, "soak", "on", at_ns))

    def say(self, begun_s: float) -> None:
        """Print one line."""
        for one in self.audits:
            one.look()
        gc.collect()
        self.samples.append(rss_mb())
        live = self.sessions[0].live
        bare_s = max(one.auditor.longest_bare_s for one in self.sessions)
        print(  # noqa: T201 - what it is for
            f"{(time.monotonic() - begun_s) / 60:6.1f} min  rss {self.samples[-1]:6.1f} MB"
            f"  tasks {len(asyncio.all_tasks()):3d}  faults {self.mischief.count:5d}"
            f"  entries {self.entries:4d}  fills {sum(one.fills for one in self.audits):5d}"
            f"  reconciled {live.figures.reconciliations:5d}  lag {live.figures.lag_s:4.1f} s"
            f"  bare {bare_s:4.1f} s  violations {len(self.violations)}",
            flush=True,
        )

    async def finish(self) -> None:
        """Get flat with nothing in the way; what is not flat then is a violation."""
        self.mischief.stop()
        for audit in self.audits:
            session = audit.session
            end = time.monotonic() + CALM_S
            while not session.is_calm and time.monotonic() < end:
                if session.lots:
                    session.leave()
                await asyncio.sleep(0.2)
            if not session.is_calm:
                audit.violations.append(f"not flat: {session.says()}")
        await self.sessions[0].wired.client.settle(5.0)
        for audit in self.audits:
            audit.end()


async def run(options: argparse.Namespace, folder: Path) -> int:
    """Soak; return the exit code."""
    row = ROWS[options.venue]
    rows = rows_of(row)
    heard: deque[Any] = deque(maxlen=2_000)
    symbols = [one.symbol for one in rows]
    with market(row, options.seed, options.speed) as venue:
        journal = folder / "journal.sqlite"
        async with wired_at(
            venue, row, journal, symbols, heard, speed=options.speed, limits=EVER
        ) as begun:
            wired, work = begun
            sessions = [Session(wired, one, Auditor(venue, one), heard) for one in rows]
            soak = Soak(sessions, venue, options.seed, options.speed)
            begun_s = time.monotonic()
            deciders = [asyncio.ensure_future(soak.decide(one)) for one in sessions]
            work += deciders
            work += [asyncio.ensure_future(one) for one in (soak.watch(), soak.mischief.run())]
            while (time.monotonic() - begun_s) / 60 < options.minutes:
                await asyncio.wait(work, timeout=options.every, return_when=asyncio.FIRST_COMPLETED)
                soak.say(begun_s)
                if any(one.done() for one in work) or wired.client.failed is not None:
                    break
            dead = [repr(one) for one in work if one.done()]
            soak.ends = True
            if not dead:
                await asyncio.wait(deciders, timeout=CALM_S)  # an entry may be under way
                await soak.finish()
            return summary(soak, dead, wired.client.failed)


def summary(soak: Soak, dead: list[str], failed: BaseException | None) -> int:
    """Say how it ended; return the exit code."""
    soak.say(time.monotonic())
    causes = [*soak.violations, *(f"a task ended: {one}" for one in dead)]
    if failed is not None:
        causes.append(f"a request broke: {failed!r}")
    if grows(soak.samples):
        causes.append(f"memory grows: {soak.samples[0]:.0f} to {soak.samples[-1]:.0f} MB")
    faults = ", ".join(f"{name} {many}" for name, many in sorted(soak.mischief.done.items()))
    print(f"faults: {faults}")  # noqa: T201
    print("\n".join(causes) or "no violation, no dead task, memory is steady")  # noqa: T201
    return 1 if causes else 0


def main() -> int:
    """Read the options, and soak."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--venue", choices=sorted(ROWS), default="BYBITLINEAR")
    parser.add_argument("--speed", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--every", type=float, default=30.0, help="seconds between two lines")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ballast-soak-") as folder:
        return asyncio.run(run(options, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
