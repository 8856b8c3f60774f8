"""S-16, a sudden news shock, end to end: a live session is told by a file and by a person.

It holds a position. The shock refuses entries, with the reason that `ballast explain` shows, and
the stop that rests at the venue moves closer.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.fakes.shell import ballast

from ballast.core.ids import Purpose, purpose_of
from ballast.service.testing.venue import ServedVenue, simulated_exchange

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IDEA = '''"""Always in: what is tested here is not an opinion."""

from ballast.strategies import atr, atr_stop, close, strategy

STRATEGY = strategy(
    "always", enter_long=close > 1.0, stop=atr_stop(20.0), atr=atr(14), doc=__doc__, tag="always"
)
'''
LISTING = "BTCUSDT.P"
SPEED, READY_S = 6.0, 150.0


def trigger(venue: ServedVenue) -> int:
    """Return where the stop of the position rests at the venue; 0: nothing is held or covered."""
    exchange, account = venue._opened.exchange, venue._opened.key.account

    def look() -> int:
        stops = [
            one
            for one in exchange.open_orders(account, LISTING)
            if purpose_of(one.request.client_id) is Purpose.STOP
        ]
        held = exchange.position(account, LISTING).qty_lots
        is_whole = held > 0 and sum(one.left_lots for one in stops) == held
        return int(stops[0].request.trigger_ticks) if is_whole else 0

    return int(venue._there(look))


def until(what: str, process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + READY_S
    while not condition():
        assert process.poll() is None, process.communicate()[1][-2_000:]
        assert time.monotonic() < end_s, f"not in time: {what}"
        time.sleep(0.1)


def bids_kept(folder: Path) -> list[float]:
    text = (folder / "journal" / "state" / "main.depths.json").read_bytes()
    (looks,) = json.loads(text[9:])["looks"].values()
    return list(looks["bids"])


@pytest.mark.slow
def test_s_16_a_shock_refuses_entries_and_tightens_the_stop_at_the_venue(tmp_path: Path) -> None:
    """S-16, R-DATA-23, R-RISK-19, R-GATE-22."""
    idea = tmp_path / "strategies" / "always.py"
    idea.parent.mkdir()
    idea.write_text(IDEA)
    news = tmp_path / "news.jsonl"
    news.write_text("")
    with simulated_exchange("bybit", "synthetic:seed=7", past="90m", speed=SPEED) as venue:
        command = (
            "live", "always", "-s", "BTCUSDT", "--venue", "BYBITLINEAR", "-t", "1m",
            "--rehearse", str(venue.port), "--ca", str(venue.ca), "--speed", str(SPEED),
            "--set", "engine.margin=cross", "--set", "risk.reward_risk=0",
            "--set", "operations.memory_mb=100000", "--set", "gate.event_source=news.jsonl",
            "--set", "gate.event_poll_ms=1000", "--set", "gate.event_tighten_atr=3", "--json",
        )  # fmt: skip
        keys = {
            "BALLAST_KEY__BYBIT__MAIN": venue.key,
            "BALLAST_SECRET__BYBIT__MAIN": venue.secret,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "ballast.service.cli.main", *command],
            cwd=tmp_path, env={**os.environ, **keys}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            until("it holds and is covered", process, lambda: trigger(venue) > 0)
            before = trigger(venue)
            shock = {
                "name": "cpi", "text": "US CPI", "symbols": ["BTCUSDT"], "tightens": True,
                "until": time.time_ns() // 1_000_000 + 3_600_000,
            }  # fmt: skip
            with news.open("a") as file:
                file.write(json.dumps(shock) + "\n")
            until("the stop is closer", process, lambda: trigger(venue) > before)
            said = ballast(
                tmp_path, "announce", "war", "--for", "2h", "--name", "war", "--wait", "20",
                "--json",
            ).json()  # fmt: skip
            assert said["outcome"].startswith("done: nothing is opened in any symbol until")
            seen = ballast(tmp_path, "status", "--json").json()["portfolio"]
            assert [one["name"] for one in seen["announced"]] == ["war", "cpi"]
            venue.command("POST", "/script", script="flash_crash", in_s=0.0)
            until("the stop has filled", process, lambda: trigger(venue) == 0)

            def refusals() -> list[str]:
                told = ballast(tmp_path, "explain", "--json", "--refused").json()
                return [
                    reason
                    for one in told["decisions"]
                    for reason in one["reasons"]
                    if reason.startswith("announced: war")
                ]

            until("an entry is refused for it", process, lambda: bool(refusals()))
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err[-2_000:]
        exchange, account = venue._opened.exchange, venue._opened.key.account
        orders = venue._there(lambda: exchange.orders(account, LISTING, limit=10_000))
        entries = [one for one in orders if purpose_of(one.request.client_id) is Purpose.ENTRY]
        assert len(entries) == 1, "opened in a shock"
        told = ballast(tmp_path, "explain").out
        assert "US CPI (news.jsonl), until" in told, told
        ended = json.loads(out)
        assert ended["refused"] >= 1
        assert [one["name"] for one in ended["announced"]] == ["war", "cpi"]
        assert max(bids_kept(tmp_path)) > 0.0, "what its book showed is kept (R-RISK-20)"
        assert ballast(tmp_path, "replay", "--json").code == 0
        assert ballast(tmp_path, "audit", "--verify").code == 0
