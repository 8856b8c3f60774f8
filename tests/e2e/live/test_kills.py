"""Killed at any moment, started again: nothing sent twice, nothing lost, nothing left bare.

Real processes, real SIGKILLs, real sockets and TLS, the venue's own protocol (A1, A3, A8, B2, B4,
G1). `BALLAST_KILLS=100` kills as often at each venue. The auditor looks at the venue's
engine, of which the trader knows nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.contract.venues.clients.rows import ROWS
from tests.e2e.live.trader import Order

from ballast.core.ids import Purpose, is_ours, purpose_of
from ballast.core.orders import Fill, OrderStatus
from ballast.core.rng import stream
from ballast.runtime.node.journalled import replayed
from ballast.service.testing.venue import simulated_exchange
from ballast.store.journal import JournalReader, Query
from ballast.store.journal.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from tests.contract.venues.clients.rows import Row

    from ballast.service.testing.venue import ServedVenue

KILLS = int(os.environ.get("BALLAST_KILLS", "2"))
VENUES = ("BINANCE", "BINANCEUSDM", "BYBITLINEAR", "OKXSWAP")
READY_S = 60.0
BARE_S = 15.0
"""The node closes what is bare for longer (B4); so must nothing be found bare for longer."""
LIVE = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.UNTRIGGERED})


@dataclass
class Auditor:
    """Looks at the venue itself."""

    venue: ServedVenue
    row: Row
    bare_since: float | None = None
    longest_bare_s: float = 0.0
    looks: int = 0
    coins: int = field(init=False)

    def __post_init__(self) -> None:
        self.coins = self.held()

    def ask(self, question: Any) -> Any:
        return self.venue._there(lambda: question(self.venue._opened.exchange))

    @property
    def is_perpetual(self) -> bool:
        return bool(self.ask(lambda one: one.listings[self.row.listing].kind == "perpetual"))

    @property
    def account(self) -> int:
        return self.venue._opened.key.account

    def held(self) -> int:
        """Return signed lots of the position; on spot, of all coins."""

        def of(exchange: Any) -> int:
            listing = exchange.listings[self.row.listing]
            if listing.kind == "perpetual":
                return int(exchange.position(self.account, self.row.listing).qty_lots)
            atoms = exchange.balance(self.account, listing.base).total_atoms
            return int(exchange.amount(listing.base, atoms) // listing.lot)

        return int(self.ask(of))

    def orders(self) -> list[Any]:
        return list(self.ask(lambda one: one.orders(self.account, self.row.listing, limit=100_000)))

    def fills(self) -> list[Fill]:
        return list(self.ask(lambda one: one.fills(self.account, self.row.listing, limit=100_000)))

    def look(self) -> None:
        """See whether what is held has a stop of its size, and for how long it has not."""
        self.looks += 1
        held = self.held() - (0 if self.is_perpetual else self.coins)
        stops = [
            one
            for one in self.orders()
            if one.status in LIVE and purpose_of(one.request.client_id) is Purpose.STOP
        ]
        covered = sum(one.left_lots for one in stops)
        dust = 0 if self.is_perpetual else 50
        now = time.monotonic()
        if abs(held) <= dust or covered >= abs(held) - dust:
            self.bare_since = None
            return
        self.bare_since = self.bare_since or now
        self.longest_bare_s = max(self.longest_bare_s, now - self.bare_since)


def started(order: Order) -> subprocess.Popen[str]:
    """Start a trader and wait until it has reconciled."""
    text = msgspec.json.encode(order).decode()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.live.trader", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if line != "ready":
        process.kill()
        raise AssertionError(f"the trader said {line!r}: {process.communicate()[1][-2_000:]}")
    return process


@pytest.mark.slow
@pytest.mark.parametrize("name", VENUES)
def test_a_trader_that_is_killed_loses_nothing_and_leaves_nothing_bare(
    name: str, tmp_path: Path
) -> None:
    row = ROWS[name]
    with simulated_exchange(row.exchange, "synthetic:seed=7", past="10m") as venue:
        auditor = Auditor(venue, row)
        order = Order(
            name, venue.port, str(venue.ca), venue.key, venue.secret, venue.passphrase,
            row.symbol, int(row.qty / row.lot), str(tmp_path / "journal.sqlite"), seed=7,
        )  # fmt: skip
        rng = stream(7, f"kills/{name}")
        for _ in range(KILLS):
            process = started(order)
            until = time.monotonic() + float(rng.uniform(0.0, 8.0))
            while time.monotonic() < until:
                auditor.look()
                time.sleep(0.05)
            assert process.poll() is None, process.communicate()[1][-2_000:]
            process.send_signal(signal.SIGKILL)
            process.communicate()
            auditor.bare_since = None  # nobody can protect while nothing runs
        process = started(order)
        process.send_signal(signal.SIGTERM)
        said, errors = process.communicate(timeout=READY_S)
        assert "done" in said, errors[-2_000:]
        _require_whole(auditor, order)


def _require_whole(auditor: Auditor, order: Order) -> None:
    """Hold the venue against the journal: nothing twice, nothing lost, nothing left."""
    sent = Counter(one.request.client_id for one in auditor.orders())
    ours = {one: count for one, count in sent.items() if is_ours(one)}
    assert ours, "nothing was traded: the test shows nothing"
    assert not [one for one, count in ours.items() if count > 1]
    database = SqliteDatabase(Path(order.journal), read_only=True)
    try:
        node = replayed(JournalReader(database).find(Query())).node
    finally:
        database.close()
    assert node is not None
    fills = auditor.fills()
    venue_lots = sum(int(one.side) * one.qty_lots for one in fills)
    booked = {one.client_id: one.filled_lots for one in node.book.state().orders if one.filled_lots}
    at_venue: Counter[str] = Counter()
    for fill in fills:
        at_venue[fill.client_id] += fill.qty_lots
    assert booked == {one: lots for one, lots in at_venue.items() if is_ours(one)}
    assert abs(venue_lots) <= node.desk(order.symbol).dust_lots + 1
    left = [one.request.client_id for one in auditor.orders() if one.status in LIVE]
    assert not [one for one in left if is_ours(one)]
    assert auditor.longest_bare_s < BARE_S
