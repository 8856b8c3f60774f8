"""`ballast live` with `exits.pairs`: take and stop rest at the venue, and outlive the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.fakes.shell import ballast

from ballast.core.ids import is_ours, purpose_of
from ballast.service.testing.venue import ServedVenue, simulated_exchange

if TYPE_CHECKING:
    from pathlib import Path

IDEA = '''"""Always in, out at a half more or a tenth less."""

from ballast.strategies import close, no_trail, percent_stop, strategy, take

STRATEGY = strategy(
    "paired", enter_long=close > 1.0, stop=percent_stop(0.1), trail=no_trail(),
    takes=[take(0.5)], doc=__doc__, tag="paired",
)
'''
LISTING = "BTCUSDT"
SPEED = 6.0
READY_S = 150.0


def rests(venue: ServedVenue) -> dict[str, tuple[int, int]]:
    """Return price (a stop's trigger) and lots of each order of ours that rests, by purpose."""
    exchange, account = venue._opened.exchange, venue._opened.key.account

    def look() -> dict[str, tuple[int, int]]:
        found = {}
        for one in exchange.open_orders(account, LISTING):
            asked = one.request
            if is_ours(asked.client_id):
                purpose = purpose_of(asked.client_id)
                assert purpose is not None
                found[purpose.name] = (asked.price_ticks or asked.trigger_ticks, one.left_lots)
        return found

    return venue._there(look)  # type: ignore[no-any-return]


def is_paired(venue: ServedVenue) -> bool:
    found = rests(venue)
    return found.keys() == {"TAKE", "STOP"} and found["TAKE"][1] == found["STOP"][1] > 0


@pytest.mark.slow
def test_take_and_stop_outlive_the_process_and_a_start_finds_them(tmp_path: Path) -> None:
    """R-STOP-28, A3, B2: after a SIGKILL the venue alone would sell at either level."""
    file = tmp_path / "strategies" / "paired.py"
    file.parent.mkdir()
    file.write_text(IDEA)
    with simulated_exchange(
        "binance", "synthetic:seed=7", symbol=["BTCUSDT"], past="90m", speed=SPEED
    ) as venue:
        keys = {
            "BALLAST_KEY__BINANCE__MAIN": venue.key,
            "BALLAST_SECRET__BINANCE__MAIN": venue.secret,
        }
        command = (
            "live", "paired", "-s", "BTCUSDT", "--venue", "BINANCE", "-t", "1m",
            "--rehearse", str(venue.port), "--ca", str(venue.ca), "--speed", str(SPEED),
            "--set", "exits.pairs=true", "--set", "risk.reward_risk=0",
            "--set", "operations.memory_mb=100000", "--json",
        )  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "ballast.service.cli.main", *command],
            cwd=tmp_path, env={**os.environ, **keys}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            end_s = time.monotonic() + READY_S
            while not is_paired(venue):
                assert process.poll() is None, process.communicate()[1][-2_000:]
                assert time.monotonic() < end_s, rests(venue)
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        before = rests(venue)
        assert before["TAKE"][0] > before["STOP"][0]
        ballast(tmp_path, *command, "--closes", "2", environment=keys).json()
        assert rests(venue) == before, "nothing was placed anew"
        alone = [one if one != "exits.pairs=true" else "exits.pairs=false" for one in command]
        ballast(tmp_path, *alone, "--closes", "1", environment=keys).json()
        assert rests(venue) == before, "what rests is left to rest"
        assert ballast(tmp_path, "audit", "--verify").code == 0
