"""`ballast live` with several strategies on one account, over sockets, killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.shell import ballast

from ballast.core.ids import Purpose, is_ours, purpose_of
from ballast.service.testing.venue import ServedVenue, simulated_exchange

if TYPE_CHECKING:
    from pathlib import Path

IDEA = '''"""Always in: what is tested here is not an opinion."""

from ballast.strategies import atr, atr_stop, close, param, params, strategy

p = params(stop=param(20.0, 1.0, 50.0, doc="stop distance in ATR"))
STRATEGY = strategy(
    "{name}", params=p, enter_long=close > 1.0, stop=atr_stop(p.stop), atr=atr(14), doc=__doc__,
    tag="{name}",
)
'''
LISTINGS = ("BTCUSDT.P", "ETHUSDT.P")
"""As the engine calls the perpetuals."""
SPEED = 6.0
READY_S = 150.0


def seen(venue: ServedVenue) -> dict[str, tuple[int, int, int]]:
    """Return held lots, lots under stops and the stops' trigger of each listing, at one moment."""
    exchange, account = venue._opened.exchange, venue._opened.key.account

    def look() -> dict[str, tuple[int, int, int]]:
        found = {}
        for listing in LISTINGS:
            stops = [
                one
                for one in exchange.open_orders(account, listing)
                if purpose_of(one.request.client_id) is Purpose.STOP
            ]
            held = exchange.position(account, listing).qty_lots
            trigger = stops[0].request.trigger_ticks if stops else 0
            found[listing] = (held, sum(one.left_lots for one in stops), trigger)
        return found

    return venue._there(look)  # type: ignore[no-any-return]


def both_are_covered(venue: ServedVenue) -> bool:
    return all(held > 0 and covered == held for held, covered, _ in seen(venue).values())


@pytest.mark.slow
def test_two_strategies_on_one_account_are_killed_and_nothing_is_done_twice(
    tmp_path: Path,
) -> None:
    """A1, A3, B2: both trade, each under its own stop, before and after a SIGKILL."""
    for name in ("first", "other"):
        file = tmp_path / "strategies" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(IDEA.format(name=name))
    with simulated_exchange(
        "bybit", "synthetic:seed=7,ETHUSDT=3000", symbol=["BTCUSDT", "ETHUSDT"],
        past="90m", speed=SPEED,
    ) as venue:  # fmt: skip
        keys = {
            "BALLAST_KEY__BYBIT__MAIN": venue.key,
            "BALLAST_SECRET__BYBIT__MAIN": venue.secret,
        }
        command = (
            "live", "first", "-s", "BTCUSDT", "--with", "other=ETHUSDT:stop=30",
            "--venue", "BYBITLINEAR", "-t", "1m", "--rehearse", str(venue.port),
            "--ca", str(venue.ca), "--speed", str(SPEED), "--set", "engine.margin=cross",
            "--set", "risk.reward_risk=0", "--set", "risk.correlation_refuses=false",
            "--set", "operations.memory_mb=100000", "--json",
        )  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "ballast.service.cli.main", *command],
            cwd=tmp_path, env={**os.environ, **keys}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            end_s = time.monotonic() + READY_S
            while not both_are_covered(venue):
                assert process.poll() is None, process.communicate()[1][-2_000:]
                assert time.monotonic() < end_s, seen(venue)
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        before = seen(venue)
        assert both_are_covered(venue), "protection rests at the venue, not in the process"
        state = ballast(tmp_path, *command, "--closes", "2", environment=keys).json()
        assert seen(venue) == before, "nothing was bought, sold or protected anew"
        _require_once(venue, state)
        assert ballast(tmp_path, "audit", "--verify").code == 0
        replayed: Any = ballast(tmp_path, "replay", "--json").json()
        held = {listing.removesuffix(".P"): lots for listing, (lots, _, _) in before.items()}
        assert replayed["holdings"] == held


def _require_once(venue: ServedVenue, state: Any) -> None:
    """Hold what the session says against every order that the venue ever took."""
    exchange, account = venue._opened.exchange, venue._opened.key.account
    assert [one["symbol"] for one in state["positions"]] == ["BTCUSDT", "ETHUSDT"]
    assert all(one["agree"] and one["side"] == "long" for one in state["positions"])
    for listing in LISTINGS:
        orders = venue._there(lambda one=listing: exchange.orders(account, one, limit=10_000))
        names = Counter(one.request.client_id for one in orders)
        assert all(is_ours(one) for one in names)
        assert max(names.values()) == 1
        entries = [one for one in names if purpose_of(one) is Purpose.ENTRY]
        assert len(entries) == 1, "entered twice"
