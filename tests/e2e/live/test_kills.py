"""Killed at any moment, started again: nothing sent twice, nothing lost, nothing left bare.

Real processes, real SIGKILLs, real sockets and TLS, the venue's own protocol (A1, A3, A8, B2, B4,
G1). `BALLAST_KILLS=100` kills as often at each venue. An auditor looks at the venue's engine.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from tests.contract.venues.clients.rows import ROWS
from tests.e2e.live.auditing import Auditor
from tests.e2e.live.trader import Order

from ballast.core.rng import stream
from ballast.service.testing.venue import simulated_exchange

KILLS = int(os.environ.get("BALLAST_KILLS", "2"))
VENUES = ("BINANCE", "BINANCEUSDM", "BYBITLINEAR", "OKXSWAP")
READY_S = 60.0


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
        auditor.require_whole(Path(order.journal), order.symbol)
