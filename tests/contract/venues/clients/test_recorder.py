"""What is recorded of a venue is its book and its trades, through faults too (R-DATA-06, E4)."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes.streams import eventually

from ballast.core.marketdata import LOST, REPLAY, Row, Side
from ballast.runtime.clock import SystemClock
from ballast.service.testing import simulated_exchange
from ballast.store.books import StoredBook
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.recorder import Recorder
from ballast.venues.clients.venues import VENUES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from numpy.typing import NDArray

    from ballast.service.testing import ServedVenue

#   venue          exchange of ours    symbol
ROWS = [
    ("BINANCE",     "binance",         "BTCUSDT"),
    ("BINANCEUSDM", "binance-usdm",    "BTCUSDT"),
    ("BYBIT",       "bybit",           "BTCUSDT"),
    ("OKXSWAP",     "okx",             None),
    ("KRAKEN",      "kraken",          None),
    ("COINBASE",    "coinbase",        None),
]  # fmt: skip


class Tape:
    """A recorder on a served venue, and all rows that it gave."""

    def __init__(self, recorder: Recorder, symbol: str) -> None:
        self.recorder, self.symbol = recorder, symbol
        self.rows: NDArray[np.void] = np.empty(0, REPLAY)

    def take(self) -> None:
        rows, _ = self.recorder.part(self.symbol)
        self.rows = np.concatenate([self.rows, rows])

    def book(self) -> StoredBook:
        book = StoredBook()
        book.apply(self.rows)
        return book

    @property
    def state(self) -> Any:
        return self.recorder.recorded()[0]


@asynccontextmanager
async def recording(venue: ServedVenue, name: str, symbol: str | None) -> AsyncIterator[Tape]:
    row = VENUES[name]
    async with venue.session() as session:
        asker = VenueAsker(row.access, session, time.time_ns)
        desk = row.desk(asker, time.time_ns)
        await desk.load()
        chosen = symbol or next(iter(desk.markets))
        recorder = Recorder(desk, asker, [chosen], session, SystemClock(), time.time_ns)
        task = asyncio.create_task(recorder.run())
        try:
            await eventually(lambda: recorder.recorded()[0].is_known or task.done(), "a book")
            yield Tape(recorder, chosen)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()


@pytest.fixture(scope="module", params=ROWS, ids=lambda row: row[0])
def row(request: pytest.FixtureRequest) -> Iterator[tuple[ServedVenue, str, str | None]]:
    name, exchange, symbol = request.param
    with simulated_exchange(exchange=exchange, market="synthetic:seed=7") as venue:
        yield venue, name, symbol


def test_the_recorded_book_is_the_venues_own(row: tuple[ServedVenue, str, str | None]) -> None:
    """R-DATA-25: what is recorded builds the book that the venue has."""
    venue, name, symbol = row

    async def check() -> None:
        async with recording(venue, name, symbol) as tape:
            await eventually(lambda: tape.state.books > 5 and tape.state.trades > 2, "updates")
            tape.take()
            assert {int(kind) for kind in tape.rows["kind"]} == {Row.LEVEL, Row.TRADE}
            assert bool((np.diff(tape.rows["received_ns"]) >= 0).all())
            desk = tape.recorder.desk
            market = desk.markets[tape.symbol]
            for _ in range(40):  # the market moves: the two must meet once
                top = await desk.top(tape.symbol, 5)
                await asyncio.sleep(0.15)
                tape.take()
                held = np.unique(tape.rows["received_ns"])
                if any(_levels(tape.rows, at) == (top.bids[:3], top.asks[:3]) for at in held[-60:]):
                    break
            else:
                pytest.fail(f"the recorded book never was what {name} stated of {market.name}")

    asyncio.run(check())


def _levels(rows: NDArray[np.void], until_ns: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    book = StoredBook()
    book.apply(rows[rows["received_ns"] <= until_ns])
    return tuple(
        tuple((int(price), int(qty)) for price, qty in book.side(side, 3))
        for side in (Side.BUY, Side.SELL)
    )


#   fault            what is lost
FAULTS = ["drop_frame", "close_stream", "break_frame"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_a_gap_and_a_whole_book_follows(
    row: tuple[ServedVenue, str, str | None], fault: str
) -> None:
    venue, name, symbol = row
    if fault == "drop_frame" and name == "KRAKEN":
        fault = "close_stream"  # no numbers there: a dropped frame shows in the next checksum

    async def check() -> None:
        async with recording(venue, name, symbol) as tape:
            await eventually(lambda: tape.state.books > 3, "updates")
            for turn in range(60):  # it may befall the connection of the trades
                if tape.state.gaps:
                    break
                venue.fault(fault, "STREAM", count=1 + turn % 3 if fault == "drop_frame" else 1)
                await asyncio.sleep(0.2 + 0.1 * (turn % 7))  # not in step with the market
            assert tape.state.gaps
            await eventually(lambda: tape.state.is_known, "known again")
            tape.take()
            flags = tape.rows["flags"]
            lost = np.flatnonzero(flags & LOST)
            assert len(lost) >= 1
            assert tape.book().is_known

    asyncio.run(check())


def test_each_part_begins_with_the_whole_book(row: tuple[ServedVenue, str, str | None]) -> None:
    venue, name, symbol = row

    async def check() -> None:
        async with recording(venue, name, symbol) as tape:
            await eventually(lambda: tape.state.books > 3, "updates")
            tape.recorder.part(tape.symbol)
            tape.take()
            book = tape.book()
            assert book.is_known
            assert len(book.side(Side.BUY)) > 3

    asyncio.run(check())
