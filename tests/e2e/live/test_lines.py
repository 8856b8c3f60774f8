"""Lines to simulated venues: one budget for what shares an account, a refused key told as that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.contract.venues.clients.rows import ROWS

from ballast.core.errors import UserError
from ballast.core.settings import Settings
from ballast.core.settings.rule import Secret
from ballast.core.time import Timeframe
from ballast.research import workspace
from ballast.runtime.shell.closing import LiveBars
from ballast.runtime.wiring import Rehearsal, open_line
from ballast.service.live.opening import LiveWish, open_live
from ballast.service.live.running import LiveRunning
from ballast.service.testing.venue import ServedVenue, simulated_exchange
from ballast.store.journal import JournalWriter
from ballast.store.journal.headfile import head_path
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.store.journal.writer import Start
from ballast.venues.clients.access import Keys
from ballast.venues.clients.asking.pools import Caps
from ballast.venues.clients.venues import VENUES

if TYPE_CHECKING:
    from pathlib import Path


def keys_of(venue: ServedVenue) -> Keys:
    return Keys(Secret(venue.key), Secret(venue.secret), Secret(venue.passphrase))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("front", "names"), [("bybit", ("BYBIT", "BYBITLINEAR")), ("okx", ("OKX", "OKXSWAP"))]
)
def test_venues_of_one_account_ask_out_of_one_budget(front: str, names: tuple[str, str]) -> None:
    with simulated_exchange(front, past="5m") as venue:
        asyncio.run(_shared(venue, names))


async def _shared(venue: ServedVenue, names: tuple[str, str]) -> None:
    rehearsal, keys = Rehearsal(venue.port, venue.ca), keys_of(venue)
    first = await open_line(VENUES[names[0]], keys, rehearsal, caps=Caps(data=500))
    alone = sum(one.counts.calls for one in first.asker.budget.states())
    second = await open_line(VENUES[names[1]], keys, rehearsal)
    try:
        assert second.asker.budget is first.asker.budget
        together = sum(one.counts.calls for one in first.asker.budget.states())
        assert together - alone == second.asker.record.calls > 0
        assert 500 in {one.cap for one in second.asker.budget.states()}
    finally:
        await first.close()
        await second.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(VENUES))
def test_every_venue_serves_several_symbols_to_its_own_client(name: str) -> None:
    """R-EXCH-16: listed, with rules and candles of their own, over TLS."""
    with simulated_exchange(
        ROWS[name].exchange,
        "synthetic:seed=7,ETHUSDT=3000",
        symbol=["BTCUSDT", "ETHUSDT"],
        past="5m",
    ) as venue:
        closes = asyncio.run(_closes(venue, name))
    assert 59_000 < closes["BTCUSDT"] < 61_000
    assert 2_900 < closes["ETHUSDT"] < 3_100


async def _closes(venue: ServedVenue, name: str) -> dict[str, float]:
    """Return the last close of each symbol, as the venue's candles say it."""
    line = await open_line(VENUES[name], None, Rehearsal(venue.port, venue.ca))
    try:
        symbols = ("BTCUSDT", "ETHUSDT")
        assert all(line.desk.markets[one].is_trading for one in symbols)
        bars = LiveBars(line.desk, symbols, Timeframe(60_000), line.clock, line.now_ns)
        return {one: (await bars.history(one, 3))[-1].prices[3] for one in symbols}
    finally:
        await line.close()


@pytest.mark.slow
def test_a_key_that_is_refused_at_the_socket_is_told_as_a_key(tmp_path: Path) -> None:
    """Not as 'no stream of BYBITLINEAR' after half a minute: waiting would not help."""
    with simulated_exchange("bybit", past="2h") as venue:
        with pytest.raises(UserError, match="refuses the key at its private socket") as raised:
            asyncio.run(_refused(venue, tmp_path))
        assert "ballast keys" in raised.value.fix


async def _refused(venue: ServedVenue, folder: Path) -> None:
    line = await open_line(
        VENUES["BYBITLINEAR"], keys_of(venue), Rehearsal(venue.port, venue.ca), may_change=True
    )
    path = folder / "journal.sqlite"
    database = SqliteDatabase(path)
    journal = JournalWriter(database, head_path(path), Start("run", "test", line.now_ns()))
    try:
        strategy, symbols = workspace.load("ema_cross", folder / "strategies"), ("BTCUSDT",)
        opened = await open_live(
            line, strategy, symbols, Timeframe(60_000), Settings(), "main", LiveWish({})
        )
        line.asker.rekey(Keys(Secret(venue.key), Secret("revoked")))
        async with asyncio.timeout(20):
            await LiveRunning(line, opened, journal).run(asyncio.Event())
    finally:
        journal.close()
        database.close()
        await line.close()
