"""The server of the simulated exchange on loopback: round trips, orders a second, memory.

    python bench/bench_sockets.py                 # a minute
    python bench/bench_sockets.py --minutes 10    # the goal of the design
    python bench/bench_sockets.py --connections 1 --streams 0 --minutes 0.2   # round trips alone

The server (Binance spot over a synthetic market, without TLS) runs in a process of its own; this
one is the load: `--connections` keep-alive connections place a resting limit order and cancel it,
signed, as fast as answers come, while `--streams` websocket clients read depth and trades. Both
share the machine's cores. The venue's own rate limits are lifted; all else is as anybody gets it.
Rates are of orders: one placement and one cancel are two requests and one order.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

PATH = "/api/v3/order"
WARM_S = 2.0
SAMPLE_S = 1.0
SERVER = """
import asyncio, json, sys, time
from ballast.service.cli import venue_fronts, venue_market, venue_open
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.weights import Budget

async def main() -> None:
    front = venue_fronts.front_of("binance")
    plan = venue_market.plan_of("synthetic:seed=7", offers=front.offers, symbol="BTCUSDT",
                                tick=None, lot=None, seed=7, period=None)
    opened = venue_open.open_venue(front, plan, balances=(), seed=1, speed=1.0)
    for meter in (opened.front._weights, *(one for _, one in opened.front._orders)):
        meter.budget = Budget(meter.budget.name, 10**12, meter.budget.window_ns)
    server = VenueServer(opened.gateway, opened.pace, tls=False)
    async with server:
        port = next(iter(server.plain_ports.values()))
        told = {"port": port, "key": opened.key.key, "secret": opened.key.secret}
        print(json.dumps(told), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@dataclass
class Tally:
    """What the load has seen."""

    place_ms: list[float] = field(default_factory=list)
    cancel_ms: list[float] = field(default_factory=list)
    frames: int = 0
    refused: int = 0
    server_s: float = 0.0


def signed(pairs: list[tuple[str, str]], secret: str) -> str:
    """Return a query with its signature."""
    text = "&".join(f"{name}={value}" for name, value in pairs)
    mark = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{text}&signature={mark}"


async def trade(session: aiohttp.ClientSession, said: dict[str, Any], tally: Tally) -> None:
    """Place and cancel until cancelled."""
    url, headers = f"http://127.0.0.1:{said['port']}{PATH}", {"X-MBX-APIKEY": said["key"]}
    terms = [("symbol", "BTCUSDT"), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"),
             ("quantity", "0.001"), ("price", "50000"), ("recvWindow", "60000")]  # fmt: skip
    while True:
        now = ("timestamp", str(time.time_ns() // 1_000_000))
        began = time.perf_counter()
        body = signed([*terms, now], said["secret"])
        async with session.post(f"{url}?{body}", headers=headers) as answer:
            told = await answer.json()
        placed = time.perf_counter()
        if "orderId" not in told:
            tally.refused += 1
            continue
        rest = [("symbol", "BTCUSDT"), ("orderId", str(told["orderId"])), now]
        body = signed([*rest, ("recvWindow", "60000")], said["secret"])
        async with session.delete(f"{url}?{body}", headers=headers) as answer:
            await answer.read()
        tally.place_ms.append((placed - began) * 1e3)
        tally.cancel_ms.append((time.perf_counter() - placed) * 1e3)


async def listen(session: aiohttp.ClientSession, said: dict[str, Any], tally: Tally) -> None:
    """Read depth and trades until cancelled."""
    streams = "btcusdt@depth@100ms/btcusdt@trade"
    async with session.ws_connect(
        f"http://127.0.0.1:{said['port']}/stream?streams={streams}"
    ) as ws:
        async for _ in ws:
            tally.frames += 1


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
    said: dict[str, Any], pid: int, chosen: argparse.Namespace
) -> tuple[Tally, list[float], float]:
    """Run the load; return what was seen, the memory second by second, and the seconds."""
    tally = Tally()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        tasks = [asyncio.create_task(listen(session, said, tally)) for _ in range(chosen.streams)]
        tasks += [
            asyncio.create_task(trade(session, said, tally)) for _ in range(chosen.connections)
        ]
        await asyncio.sleep(WARM_S)
        tally.place_ms.clear()
        tally.cancel_ms.clear()
        tally.frames = 0
        began, memory, spent_s = time.perf_counter(), [], cpu_s(pid)
        while time.perf_counter() - began < chosen.minutes * 60:
            await asyncio.sleep(SAMPLE_S)
            memory.append(resident_mb(pid))
        seconds = time.perf_counter() - began
        tally.server_s = cpu_s(pid) - spent_s
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return tally, memory, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--streams", type=int, default=50)
    chosen = parser.parse_args()
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = json.loads(server.stdout.readline())
        tally, memory, seconds = asyncio.run(load(said, server.pid, chosen))
        server.kill()
    place, cancel = np.array(tally.place_ms), np.array(tally.cancel_ms)
    print(f"{chosen.connections} connections, {chosen.streams} streams, {seconds:.0f} s")
    for name, row in (("place", place), ("cancel", cancel)):
        p50, p99 = np.percentile(row, (50, 99))
        print(f"{name:7s} p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    print(f"{len(place) / seconds:,.0f} orders/s, {2 * len(place) / seconds:,.0f} requests/s")
    print(
        f"server: {tally.server_s / seconds:.0%} of a core, "
        f"{tally.server_s / (2 * len(place)) * 1e3:.2f} ms of it a request"
    )
    print(f"{tally.frames / seconds:,.0f} stream frames/s, {tally.refused} refused")
    parts = [memory[int(k * (len(memory) - 1) / 4)] for k in range(5)]
    print("memory of the server, MB, in quarters:", ", ".join(f"{one:.0f}" for one in parts))


if __name__ == "__main__":
    main()
