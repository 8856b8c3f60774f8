"""A store, a client and a desk to download with, for the contract tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tests.fakes.sinks import COLUMNS, MemoryBook, MemorySink

from ballast.core.time import Timeframe
from ballast.venues.download.run import Desk, Job, Outcome, Progress, download

if TYPE_CHECKING:
    from tests.contract.venues.conftest import Rig

    from ballast.core.bars import Bars
    from ballast.venues.download.series import Wanted


class Store:
    """A sink and its book of holes, and the client's desk around them."""

    def __init__(self, rig: Rig, venue: str, workers: int = 4) -> None:
        self.rig, self.venue = rig, venue
        self.sink, self.book = MemorySink(), MemoryBook()
        self.client = rig.client(venue)
        self.progress: list[Progress] = []
        self.desk = Desk(
            self.client, self.sink, self.book, rig.clock, workers, self.progress.append
        )

    async def fetch(
        self, timeframe: str, wanted: Wanted, symbols: tuple[str, ...] = ("BTCUSDT",)
    ) -> list[Outcome]:
        frame = Timeframe.parse(timeframe)
        jobs = [Job(self.client.listing(symbol), frame) for symbol in symbols]
        now_ms = await self.client.now_ms()
        return await download(self.desk, jobs, wanted, now_ms=now_ms)

    def get(self, timeframe: str, symbol: str = "BTCUSDT") -> Bars | None:
        return self.sink.series.get((self.venue, symbol, Timeframe.parse(timeframe)))

    def confirmed(self, timeframe: str, symbol: str = "BTCUSDT") -> set[int]:
        frame = Timeframe.parse(timeframe)
        spans = self.book.known(self.venue, symbol, frame)
        return {at for low, high in spans for at in range(low, high, frame.ms)}


def assert_same(got: Bars | None, expected: Bars) -> None:
    assert got is not None
    np.testing.assert_array_equal(got.ts, expected.ts)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name))
