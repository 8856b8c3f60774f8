"""Our clients of a venue beside plain ccxt: CPU of a book message, round trip of an order.

    python bench/bench_venue_clients.py                # a minute
    python bench/bench_venue_clients.py --seconds 20 --orders 400

The simulated Binance spot runs in a process of its own, over TLS under the real names. Depth: its
time runs `--speed` times as fast, so that frames come often; each client keeps the whole book, and
what its process spends is divided by the frames that it read. Orders: placed one after the other at
the speed of the clock, ours by `desk.submit` and ccxt's by `create_order`, in turns; cancels are
not counted. The limits of the venue and of both clients are lifted. Only the ratios say something.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ccxt.pro as ccxt
import msgspec

from ballast.core.ids import Purpose, client_id
from ballast.core.marketdata import BookUpdate, Grid
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.core.reports import OrderReport
from ballast.core.settings.rule import Secret
from ballast.runtime.clock import SystemClock
from ballast.venues.books.builder import BookBuilder
from ballast.venues.books.rules import rules_of
from ballast.venues.clients.access import Keys, no_usage
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.calls import Call, Urgency
from ballast.venues.clients.streams.carrier import Carrier
from ballast.venues.clients.venues import VENUES
from ballast.venues.normalise.parse import normalise
from ballast.venues.simulated.server.resolver import client_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp

NAME, SYMBOL, PAIR = "BINANCE", "BTCUSDT", "BTC/USDT"
FREE = 1e12
SERVER = """
import asyncio, json, sys
from ballast.service.cli import venue_fronts, venue_open
from ballast.venues.simulated.server.loop import run
from ballast.venues.simulated.server.snapshot import Recipe
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.weights import Budget

async def main() -> None:
    recipe = Recipe("binance", "synthetic:seed=7", "BTCUSDT", seed=1)
    opened = venue_open.open_venue(venue_fronts.front_of("binance"), venue_open.plan_of(recipe),
                                   balances=(), seed=1, speed=float(sys.argv[1]))
    for meter in (opened.front._weights, *(one for _, one in opened.front._orders)):
        meter.budget = Budget(meter.budget.name, 10**12, meter.budget.window_ns)
    server = VenueServer(opened.gateway, opened.pace)
    async with server:
        told = {"port": server.tls_port, "key": opened.key.key, "secret": opened.key.secret,
                "ca": server.authority.root_pem.decode(), "hosts": sorted(server.hosts)}
        print(json.dumps(told), flush=True)
        await asyncio.Event().wait()

run(main())
"""


@dataclass(frozen=True)
class Venue:
    """Where the server is, and whose key is used."""

    port: int
    key: str
    secret: str
    ca: str
    hosts: list[str]

    def session(self) -> aiohttp.ClientSession:
        return client_session(self.hosts, self.port, ssl.create_default_context(cadata=self.ca))

    def asker(self, session: aiohttp.ClientSession) -> VenueAsker:
        row = replace(
            VENUES[NAME].access,
            data_minute=FREE, orders_minute=FREE, data_second=0.0, orders_second=0.0,
            read_usage=no_usage,
        )  # fmt: skip
        keys = Keys(Secret(self.key), Secret(self.secret))
        return VenueAsker(row, session, time.time_ns, keys, clock=SystemClock())

    def plain(self, session: aiohttp.ClientSession) -> Any:  # noqa: ANN401 - ccxt's
        return ccxt.binance(
            {
                "apiKey": self.key,
                "secret": self.secret,
                "session": session,
                "enableRateLimit": False,
                "options": {
                    "fetchMarkets": {"types": ["spot"]},
                    "fetchCurrencies": False,
                    "fetchMargins": False,
                },
            }
        )


@contextmanager
def serving(speed: float) -> Iterator[Venue]:
    """Run the server."""
    command = [sys.executable, "-c", SERVER, str(speed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Venue(**json.loads(process.stdout.readline()))
        finally:
            process.kill()


async def depth_ours(venue: Venue, seconds: float) -> tuple[float, int]:
    """Return CPU seconds and frames of a book kept by our carrier."""
    async with venue.session() as session:
        asker = venue.asker(session)
        desk = VENUES[NAME].desk(asker, time.time_ns)
        await desk.load()
        market = desk.markets[SYMBOL]
        grid = Grid(market.tick, market.lot)
        builder = BookBuilder(rules_of(NAME), grid)

        def hear(news: object, _: int) -> None:
            if isinstance(news, BookUpdate):
                builder.take(news)

        carrier = Carrier(
            session, lambda: desk.depth([SYMBOL])[0], SystemClock(), time.time_ns,
            on_news=hear, on_state=lambda _: None,
        )  # fmt: skip
        task = asyncio.create_task(carrier.run())
        while not builder.is_live:
            await asyncio.sleep(0.3)
            call = Call("publicGetDepth", {"symbol": market.name, "limit": 1_000}, Urgency.ROUTINE)
            body = msgspec.json.encode(await asker.ask(call))
            events = normalise(NAME, body, {market.name: grid}, market.name)
            assert isinstance(events, list)
            hear(events[0], 0)
        frames, began_s = carrier.traffic.frames, time.process_time()
        await asyncio.sleep(seconds)
        spent_s, frames = time.process_time() - began_s, carrier.traffic.frames - frames
        assert builder.is_live, builder.reason
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return spent_s, frames


async def depth_ccxt(venue: Venue, seconds: float) -> tuple[float, int]:
    """Return CPU seconds and frames of a book kept by ccxt's loop as documented."""
    async with venue.session() as session:
        client = venue.plain(session)
        count, told = 0, client.handle_message

        def counted(*arguments: Any) -> Any:  # noqa: ANN401 - ccxt's
            nonlocal count
            count += 1
            return told(*arguments)

        client.handle_message = counted
        await client.load_markets()
        await client.watch_order_book(PAIR, 1_000)

        async def watch() -> None:
            while True:
                await client.watch_order_book(PAIR, 1_000)

        task = asyncio.create_task(watch())
        await asyncio.sleep(0.5)
        frames, began_s = count, time.process_time()
        await asyncio.sleep(seconds)
        spent_s, frames = time.process_time() - began_s, count - frames
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.close()
        return spent_s, frames


@dataclass
class Trips:
    """Round trips of orders: wall milliseconds, CPU milliseconds."""

    wall_ms: list[float]
    cpu_ms: list[float]

    def took(self, began_s: float, began_cpu_s: float) -> None:
        self.wall_ms.append((time.perf_counter() - began_s) * 1e3)
        self.cpu_ms.append((time.process_time() - began_cpu_s) * 1e3)


async def orders(venue: Venue, count: int) -> tuple[Trips, Trips]:
    """Return the round trips of our desk and of ccxt, order by order in turns."""
    ours, theirs = Trips([], []), Trips([], [])
    async with venue.session() as session, venue.session() as other:
        desk = VENUES[NAME].desk(venue.asker(session), time.time_ns)
        await desk.load()
        client = venue.plain(other)
        await client.load_markets()
        for number in range(1, count + 1):
            name = client_id(
                Purpose.ENTRY, account="bench", strategy="x", symbol=SYMBOL, decision=number
            )
            request = OrderRequest(
                SYMBOL, Side.BUY, OrderKind.LIMIT, qty_lots=100, price_ticks=5_000_000,
                client_id=name,
            )  # fmt: skip
            began = time.perf_counter(), time.process_time()
            (report,) = await desk.submit(request, Urgency.TRADE)
            ours.took(*began)
            assert isinstance(report, OrderReport), report
            await desk.cancel(SYMBOL, name, Urgency.TRADE)
            began = time.perf_counter(), time.process_time()
            placed = await client.create_order(PAIR, "limit", "buy", 0.001, 50_000)
            theirs.took(*began)
            await client.cancel_order(placed["id"], PAIR)
        await client.close()
    return ours, theirs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--speed", type=float, default=10.0)
    options = parser.parse_args()
    with serving(options.speed) as venue:
        cpu = {}
        for name, measure in (("ours", depth_ours), ("ccxt", depth_ccxt)) * 2:
            spent_s, frames = asyncio.run(measure(venue, options.seconds))
            cpu.setdefault(name, []).append(spent_s / max(frames, 1) * 1e6)
            print(f"depth {name}: {frames / options.seconds:.0f} frames/s, {cpu[name][-1]:.0f} us")
    ours_us, ccxt_us = min(cpu["ours"]), min(cpu["ccxt"])
    print(f"depth message: ours {ours_us:.0f} us, ccxt {ccxt_us:.0f} us: {ccxt_us / ours_us:.1f} x")
    with serving(1.0) as venue:
        ours, theirs = asyncio.run(orders(venue, options.orders))
    for what, pick in (("round trip", "wall_ms"), ("CPU", "cpu_ms")):
        mine, other = (statistics.median(getattr(one, pick)) for one in (ours, theirs))
        print(f"order {what}: ours {mine:.2f} ms, ccxt {other:.2f} ms: {other / mine:.2f} x")


if __name__ == "__main__":
    main()
