"""`ballast diagnose` over sockets: a healthy node, and one whose stop somebody takes away."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.shell import ballast

from ballast.core.ids import Purpose, purpose_of
from ballast.core.orders import OrderRef
from ballast.core.settings.rule import Secret
from ballast.runtime.wiring import Rehearsal, open_line
from ballast.service.diagnose import scenario
from ballast.service.diagnose.issues import Kind
from ballast.service.diagnose.session import Diagnosis, Pace
from ballast.service.diagnose.views import JournalView
from ballast.service.testing.venue import ServedVenue, simulated_exchange
from ballast.store.journal import JournalReader
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.venues.clients.access import Keys
from ballast.venues.clients.venues import VENUES

if TYPE_CHECKING:
    from pathlib import Path

VENUE = "BYBITLINEAR"


@pytest.mark.slow
def test_a_healthy_node_gives_no_issue_and_exit_0(tmp_path: Path) -> None:
    """A-DIAG-01, R-DIAG-01 to 03, R-DIAG-07, R-DIAG-10, R-DIAG-11, R-DIAG-13.

    The command, its report and its log; what happened to protection; progress while it runs.
    R-CLI-10: it exercises the guards of a test position and says how they did.
    """
    done = ballast(tmp_path, "diagnose", "--scenario", "--duration", "12s", "--json")
    assert re.search(r"\d+ of 12 s: \d+ snapshots, \d+ looks", done.err)
    report = done.json()
    assert report["is_whole"]
    assert report["transitions"]["stop placed"] > 0
    assert report["looks_in_agreement"] > 0
    said = report["connection"]
    assert said["calls"]["calls"] >= said["calls"]["answered"] > 0
    assert said["calls"]["worst_ms"] >= said["calls"]["median_ms"] > 0
    assert {one["pool"] for one in said["budgets"]} == {"orders", "data"}
    assert all(one["frames"] for one in said["streams"])
    assert not [one for one in report["issues"] if one["severity"] in {"HIGH", "CRITICAL"}]
    assert done.code == 0
    assert list(tmp_path.glob("reports/diagnose-*.json"))
    (log,) = tmp_path.glob("logs/diagnose-*.log")
    assert " looks (" in log.read_text()


@pytest.mark.slow
def test_a_stop_that_somebody_takes_away_is_found(tmp_path: Path) -> None:
    """A-DIAG-02: whatever the node places is gone at once, so a look finds the position bare."""
    with simulated_exchange("bybit", past="5m") as venue:
        kinds = asyncio.run(_diagnosed(venue, tmp_path))
    assert Kind.MISSING in kinds


async def _diagnosed(venue: ServedVenue, folder: Path) -> set[Kind]:
    row = VENUES[VENUE]
    async with scenario.playing(venue, row, folder) as played:
        while not any(one.purpose is Purpose.STOP and one.is_open for one in _orders(played)):
            await played.line.clock.sleep(0.1)
        taking = asyncio.ensure_future(_taking(venue))
        keys = Keys(Secret(venue.key), Secret(venue.secret))
        line = await open_line(row, keys, Rehearsal(venue.port, venue.ca))
        database = SqliteDatabase(scenario.journal_in(folder), read_only=True)
        try:
            session = Diagnosis(
                line.desk,
                JournalView(JournalReader(database)),
                played.memory,
                [scenario.SYMBOL],
                line.clock,
                line.now_ns,
                pace=Pace(duration_s=4.0, again_s=0.3, look_s=0.5, snapshot_s=1.0),
            )
            found = await session.run()
        finally:
            taking.cancel()
            database.close()
            await line.close()
    return {one.kind for one in found.issues}


def _orders(played: scenario.Scenario) -> list[Any]:
    return list(played.wired.shell.node.book.open_orders(scenario.SYMBOL))


async def _taking(venue: ServedVenue) -> None:
    """Take every stop away as soon as it is there: the node places them again."""
    while True:
        await asyncio.to_thread(_take_away, venue)
        await asyncio.sleep(0.02)


def _take_away(venue: ServedVenue) -> None:
    def act() -> None:
        exchange, account = venue._opened.exchange, venue._opened.key.account
        for order in exchange.open_orders(account):
            if purpose_of(order.request.client_id) is Purpose.STOP:
                exchange.cancel(
                    account,
                    OrderRef(order.request.symbol, client_id=order.request.client_id),
                )

    venue._there(act)
