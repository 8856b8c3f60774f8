"""The server of the simulated exchange on loopback: round trips, orders a second, memory.

    python bench/bench_sockets.py                 # a minute
    python bench/bench_sockets.py --minutes 10    # the goal of the design
    python bench/bench_sockets.py --connections 1 --streams 0 --own 0 --minutes 0.2   # round trips
    python bench/bench_sockets.py --tls           # the same over TLS

The server (Binance spot over a synthetic market) runs in a process of its own; this one is the
load: `--connections` keep-alive connections place a resting limit order and cancel it, signed, as
fast as answers come, while `--streams` websocket clients read depth and trades and `--own` read the
user's stream, which tells every one of those orders. Both share the machine's cores; the load
writes its requests by hand, for a client library costs more than the server. The venue's own rate
limits are lifted; all else is as anybody gets it. An order is two requests: placement and cancel.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import re
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

PATH = "/api/v3/order"
HOST = "api.binance.com"
WARM_S = 2.0
WARM_ORDERS, WARM_MOST = 20, 100
SAMPLE_S = 1.0
ORDER_ID = re.compile(rb'"orderId":(\d+)')
SERVER = """
import asyncio, json, sys, time
from pathlib import Path
from ballast.service.cli import venue_fronts, venue_open
from ballast.venues.simulated.server.loop import run
from ballast.venues.simulated.server.snapshot import Recipe
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.weights import Budget

async def main() -> None:
    recipe = Recipe("binance", "synthetic:seed=7", "BTCUSDT", seed=1)
    opened = venue_open.open_venue(venue_fronts.front_of("binance"), venue_open.plan_of(recipe),
                                   balances=(), seed=1, speed=1.0)
    for meter in (opened.front._weights, *(one for _, one in opened.front._orders)):
        meter.budget = Budget(meter.budget.name, 10**12, meter.budget.window_ns)
    server = VenueServer(opened.gateway, opened.pace, tls=sys.argv[1] == "tls")
    async with server:
        port = server.tls_port or next(iter(server.plain_ports.values()))
        ca = server.authority.root_pem.decode() if server.authority else ""
        told = {"port": port, "key": opened.key.key, "secret": opened.key.secret, "ca": ca}
        print(json.dumps(told), flush=True)
        await asyncio.Event().wait()

run(main())
"""


@dataclass
class Tally:
    """What the load has seen."""

    place_ms: list[float] = field(default_factory=list)
    cancel_ms: list[float] = field(default_factory=list)
    frames: int = 0
    own: int = 0
    refused: int = 0
    server_s: float = 0.0

    def clear(self) -> None:
        """Begin to count."""
        self.place_ms.clear()
        self.cancel_ms.clear()
        self.frames = self.own = self.refused = 0


@dataclass(frozen=True)
class Venue:
    """Where the server is, and whose key is used."""

    port: int
    key: str
    secret: str
    ca: str

    @property
    def context(self) -> ssl.SSLContext | None:
        """Trust the server, where it speaks TLS."""
        return ssl.create_default_context(cadata=self.ca) if self.ca else None

    def signed(self, pairs: str) -> str:
        """Return a query with its signature."""
        mark = hmac.new(self.secret.encode(), pairs.encode(), hashlib.sha256).hexdigest()
        return f"{pairs}&signature={mark}"


class Trader(asyncio.Protocol):
    """Places and cancels on one connection, one request at a time."""

    TERMS = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000"

    def __init__(self, venue: Venue, tally: Tally) -> None:
        self.venue, self.tally = venue, tally
        self.pieces, self.began, self.places = b"", 0.0, True
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask("POST", self.TERMS)

    def ask(self, method: str, pairs: str) -> None:
        """Send a request."""
        stamp = time.time_ns() // 1_000_000
        query = self.venue.signed(f"{pairs}&recvWindow=60000&timestamp={stamp}")
        head = f"{method} {PATH}?{query} HTTP/1.1\r\nHost: {HOST}\r\nX-MBX-APIKEY: {self.venue.key}"
        self.began = time.perf_counter()
        self.transport.write(f"{head}\r\nAccept: */*\r\nContent-Length: 0\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self.pieces += data
        head, found, body = self.pieces.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().partition(b"content-length: ")[2].split()[0]):
            return
        self.pieces = b""
        took_ms = (time.perf_counter() - self.began) * 1e3
        number = ORDER_ID.search(body)
        if number is None:
            self.tally.refused += 1
        if number is not None and self.places:
            self.tally.place_ms.append(took_ms)
            self.places = False
            self.ask("DELETE", f"symbol=BTCUSDT&orderId={number[1].decode()}")
            return
        self.tally.cancel_ms.append(took_ms)
        self.places = True
        self.ask("POST", self.TERMS)


async def listen(session: aiohttp.ClientSession, venue: Venue, tally: Tally) -> None:
    """Read depth and trades until cancelled."""
    names = "btcusdt@depth@100ms/btcusdt@trade"
    async with session.ws_connect(_url(venue, f"/stream?streams={names}"), **_trust(venue)) as ws:
        async for _ in ws:
            tally.frames += 1


async def listen_own(session: aiohttp.ClientSession, venue: Venue, tally: Tally) -> None:
    """Read the user's own events until cancelled."""
    pairs = f"apiKey={venue.key}&timestamp={time.time_ns() // 1_000_000}"
    values = dict(one.split("=") for one in venue.signed(pairs).split("&"))
    asked = {"id": 1, "method": "userDataStream.subscribe.signature", "params": values}
    async with session.ws_connect(_url(venue, "/ws-api/v3"), **_trust(venue)) as ws:
        await ws.send_str(json.dumps(asked))
        answer = await ws.receive_json()
        assert answer["status"] == 200, answer
        async for _ in ws:
            tally.own += 1


def _url(venue: Venue, path: str) -> str:
    return f"http{'s' if venue.ca else ''}://127.0.0.1:{venue.port}{path}"


def _trust(venue: Venue) -> dict[str, Any]:
    if not venue.ca:
        return {}
    return {"ssl": venue.context, "server_hostname": HOST, "headers": {"Host": HOST}}


def resident_mb(pid: int) -> float:
    """Return the memory of a process that is in RAM."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_s(pid: int) -> float:
    """Return the processor time a process has used."""
    parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


async def load(
    venue: Venue, pid: int, chosen: argparse.Namespace
) -> tuple[Tally, list[float], float]:
    """Run the load; return what was seen, the memory second by second, and the seconds."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    name = HOST if venue.ca else None
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks = [asyncio.create_task(listen(session, venue, tally)) for _ in range(chosen.streams)]
        tasks += [asyncio.create_task(listen_own(session, venue, tally)) for _ in range(chosen.own)]
        traders = [
            await loop.create_connection(
                lambda: Trader(venue, tally), "127.0.0.1", venue.port,
                ssl=venue.context, server_hostname=name,
            )
            for _ in range(chosen.connections)
        ]  # fmt: skip
        await asyncio.sleep(WARM_S)
        for _ in range(WARM_MOST):  # the first orders may have to be compiled
            if len(tally.cancel_ms) >= WARM_ORDERS:
                break
            await asyncio.sleep(SAMPLE_S)
        tally.clear()
        began, memory, spent_s = time.perf_counter(), [], cpu_s(pid)
        while time.perf_counter() - began < chosen.minutes * 60:
            await asyncio.sleep(SAMPLE_S)
            memory.append(resident_mb(pid))
        seconds = time.perf_counter() - began
        tally.server_s = cpu_s(pid) - spent_s
        for transport, _ in traders:
            transport.abort()
        for task in tasks:
            assert not task.done(), task.result()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return tally, memory, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--own", type=int, default=1, help="readers of the user's stream")
    parser.add_argument("--tls", action="store_true")
    chosen = parser.parse_args()
    command = [sys.executable, "-c", SERVER, "tls" if chosen.tls else "plain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        venue = Venue(**json.loads(server.stdout.readline()))
        tally, memory, seconds = asyncio.run(load(venue, server.pid, chosen))
        server.kill()
    place, cancel = np.array(tally.place_ms), np.array(tally.cancel_ms)
    requests = len(place) + len(cancel)
    print(
        f"{chosen.connections} connections, {chosen.streams} + {chosen.own} streams,"
        f" {'TLS' if chosen.tls else 'plain'}, {seconds:.0f} s"
    )
    for name, row in (("place", place), ("cancel", cancel)):
        p50, p99 = np.percentile(row, (50, 99))
        print(f"{name:7s} p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    print(f"{len(place) / seconds:,.0f} orders/s, {requests / seconds:,.0f} requests/s")
    print(
        f"server: {tally.server_s / seconds:.0%} of a core, "
        f"{tally.server_s / requests * 1e3:.3f} ms of it a request"
    )
    print(
        f"{tally.frames / seconds:,.0f} market frames/s, {tally.own / seconds:,.0f} of the user's,"
        f" {tally.refused} refused"
    )
    parts = [memory[int(k * (len(memory) - 1) / 4)] for k in range(5)]
    print("memory of the server, MB, in quarters:", ", ".join(f"{one:.0f}" for one in parts))


if __name__ == "__main__":
    main()
