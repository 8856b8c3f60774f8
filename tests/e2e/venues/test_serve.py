"""A served venue in a process of its own, and ccxt that finds it by what it printed (R-EXCH-16)."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from tests.fakes.shell import ballast

from ballast.venues.simulated.server.resolver import client_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAIR = "BTC/USDT"


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [
        sys.executable,
        "-m",
        "ballast.service.cli.main",
        "venue",
        "serve",
        "--json",
        "--duration",
        "120",
    ]
    with subprocess.Popen(
        [*command, *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


async def trade(said: dict[str, Any], pair: str = PAIR) -> dict[str, Any]:
    """Buy for what the venue takes, signed with the venue's time where that runs faster."""
    import ccxt.async_support as ccxt  # noqa: PLC0415 - half a second

    context = ssl.create_default_context(cafile=said["ca"])
    session = client_session(said["hosts"], said["port"], context)
    types = ["spot", "linear"] if said["exchange"] == "bybit" else ["spot"]
    client = getattr(ccxt, said["exchange"])(
        {
            "apiKey": said["api_key"],
            "secret": said["api_secret"],
            "session": session,
            "options": {"fetchMarkets": {"types": types}, "recvWindow": 60_000},
        }
    )
    if said["speed"] != 1.0:
        began_ms = said["started_ms"]
        client.nonce = lambda: int(
            began_ms + (time.time_ns() // 1_000_000 - began_ms) * said["speed"]
        )
    try:
        await client.load_markets()
        more = {"cost": 1_200} if said["exchange"] == "coinbase" else {}  # sized in quote only
        await client.create_order(pair, "market", "buy", 0.02, None, more)
        return dict(await client.fetch_balance())
    finally:
        await client.close()
        await session.close()


def test_ccxt_trades_with_what_the_line_says_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    with served(tmp_path, "--balance", "USDT=5000") as (process, said):
        with urlopen(f"{said['plain_url']}/api/v3/ticker/price", timeout=10) as answer:  # noqa: S310 - loopback
            assert json.load(answer)[0]["symbol"] == "BTCUSDT"
        with urlopen(f"{said['control_url']}/status", timeout=10) as answer:  # noqa: S310 - loopback
            assert json.load(answer)["symbols"]["BTCUSDT"]["trading"] == "trading"
        balance = asyncio.run(asyncio.wait_for(trade(said), 60))
        assert balance["BTC"]["total"] == 0.01998
        assert 3_500 < balance["USDT"]["total"] < 4_100
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(("pair", "bought"), [(PAIR, 0.01998), (f"{PAIR}:USDT", 0.0)])
def test_a_served_bybit_has_spot_and_perpetual_of_the_pair(
    tmp_path: Path, pair: str, bought: float
) -> None:
    cash = ("--balance", "USDT=5000", "--balance", "BTC=0")
    with served(tmp_path, "--exchange", "bybit", "--market", "synthetic:seed=7", *cash) as both:
        _, said = both
        assert said["symbols"] == ["BTCUSDT", "BTCUSDT.P"]
        balance = asyncio.run(asyncio.wait_for(trade(said, pair), 60))
        assert balance["BTC"]["total"] == bought
        assert 3_500 < balance["USDT"]["free"] < 4_990


def test_a_served_coinbase_takes_orders_signed_with_the_private_key_it_printed(
    tmp_path: Path,
) -> None:
    asked = ("--exchange", "coinbase", "--market", "synthetic:seed=7", "--balance", "USDT=5000")
    with served(tmp_path, *asked) as (_process, said):
        assert said["symbols"] == ["BTC-USDT"]
        balance = asyncio.run(asyncio.wait_for(trade(said), 60))
        assert 0.019 < balance["BTC"]["total"] < 0.021
        assert 3_799 < balance["USDT"]["total"] < 3_802


def test_a_fast_venue_takes_orders_signed_with_its_own_time(tmp_path: Path) -> None:
    with served(tmp_path, "--speed", "20") as (_process, said):
        balance = asyncio.run(asyncio.wait_for(trade(said), 60))
        assert balance["BTC"]["total"] == 1.68668


def test_a_venue_is_written_to_a_file_and_set_up_again_from_it(tmp_path: Path) -> None:
    kept = tmp_path / "kept.venue"
    with served(tmp_path, "--balance", "USDT=5000", "--seed", "3") as (_process, said):
        asyncio.run(asyncio.wait_for(trade(said), 60))
        with urlopen(f"{said['control_url']}/state", timeout=10) as answer:  # noqa: S310 - loopback
            before = json.load(answer)["accounts"]
        port = ("--control-port", str(said["control_port"]))
        done = ballast(tmp_path, "venue", "snapshot", str(kept), *port, "--json").json()
        assert set(done) == {"file", "bytes", "venue_ms"}
        assert done["bytes"] == kept.stat().st_size
    nobody = ballast(tmp_path, "venue", "snapshot", str(kept), *port).mistake()
    assert "no venue answers on port" in nobody
    with served(tmp_path, "--restore", str(kept)) as (_process, again):
        assert (again["api_key"], again["market"]) == (said["api_key"], said["market"])
        assert again["started_ms"] > done["venue_ms"]  # it has caught up
        with urlopen(f"{again['control_url']}/state", timeout=10) as answer:  # noqa: S310 - loopback
            assert json.load(answer)["accounts"] == before
        balance = asyncio.run(asyncio.wait_for(trade(again), 60))
        assert balance["BTC"]["total"] == 2 * 0.01998
    with served(tmp_path, "--restore", str(kept), "--no-catch-up") as (_process, old):
        assert old["started_ms"] == done["venue_ms"]


def test_a_snapshot_that_cannot_be_set_up_again_is_refused_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.venue"
    broken.write_bytes(b"nothing of ours")
    serve = ("venue", "serve", "--duration", "0.05", "--restore")
    assert "not a snapshot" in ballast(tmp_path, *serve, str(broken)).mistake()
    assert "none.venue" in ballast(tmp_path, *serve, str(tmp_path / "none.venue")).mistake()
    beside = ballast(tmp_path, *serve, str(broken), "--seed", "0").mistake()
    assert "--seed beside --restore" in beside
