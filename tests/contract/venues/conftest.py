"""A local exchange and clients of it, shared by a whole run: opening them is the slow part."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import pytest
from tests.fakes.clock import VirtualClock
from tests.fakes.exchange_server import FakeExchange, never, serve

from ballast.venues.download.client import VenueClient

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

T = TypeVar("T")

VENUES = ("BINANCE", "BINANCEUSDM", "OKX", "OKXSWAP", "BYBIT", "BYBITLINEAR")


@dataclass
class Rig:
    """One server, one client a venue, one loop, virtual time."""

    runner: asyncio.Runner
    exchange: FakeExchange
    url: str
    clients: dict[str, VenueClient] = field(default_factory=dict)
    clock: VirtualClock = field(default_factory=VirtualClock)

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    def reset(self, now_ms: int) -> FakeExchange:
        """Give the exchange a clean state and the venue's time."""
        fresh = FakeExchange(now_ms=now_ms, clock_s=self.clock.monotonic)
        self.exchange.__dict__.update(fresh.__dict__)
        self.exchange.log = []
        self.clock.slept_s.clear()
        return self.exchange

    def client(self, venue: str) -> VenueClient:
        """Return the client of a venue, with the markets loaded."""
        if venue not in self.clients:
            faults, self.exchange.faults = self.exchange.faults, never
            client = VenueClient.open(
                venue, self.clock, base_url=self.url, config={"timeout_on_exit": 0}
            )
            self.runner.run(client.load())
            self.clients[venue] = client
            self.exchange.faults = faults
            self.exchange.log.clear()
        return self.clients[venue]


@pytest.fixture(scope="session")
def rig() -> Generator[Rig, None, None]:
    with asyncio.Runner() as runner:
        exchange = FakeExchange(now_ms=0)
        server, url = runner.run(serve(exchange))
        made = Rig(runner, exchange, url)
        exchange.clock_s = made.clock.monotonic
        yield made
        for client in made.clients.values():
            runner.run(client.close())
        runner.run(server.cleanup())
