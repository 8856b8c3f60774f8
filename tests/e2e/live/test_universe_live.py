"""`ballast live --universe` over sockets: what fails the rules opens nothing more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.shell import ballast

from ballast.core.ids import Purpose, purpose_of
from ballast.core.orders import Side
from ballast.service.live import universe
from ballast.service.testing.venue import ServedVenue, simulated_exchange

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.runtime.shell.live import Live
    from ballast.venues.clients.universe import Universe

IDEA = '''"""Always in: what is tested here is not an opinion."""

from ballast.strategies import atr, atr_stop, close, strategy

STRATEGY = strategy(
    "always", enter_long=close > 1.0, stop=atr_stop(10.0), atr=atr(14), doc=__doc__, tag="always"
)
'''
BTC, ETH = "BTCUSDT.P", "ETHUSDT.P"
SPEED, LOOK_S, READY_S = 6.0, 20.0, 150.0


def turn_over(venue: ServedVenue, listing: str, value: int) -> None:
    """Let the street trade so much of a listing, in quote, at its last price."""
    exchange = venue._opened.exchange

    def act() -> None:
        ticks, rules = exchange.last_ticks(listing), exchange.listings[listing]
        lots = int(value / rules.price(ticks) / (rules.lot * rules.contract))
        exchange.street.trade(listing, Side.BUY, ticks, lots)
        exchange.settle()

    venue._there(act)


def orders(venue: ServedVenue, listing: str) -> list[Any]:
    exchange, account = venue._opened.exchange, venue._opened.key.account
    return list(venue._there(lambda: exchange.orders(account, listing, limit=10_000)))


def held(venue: ServedVenue, listing: str) -> int:
    exchange, account = venue._opened.exchange, venue._opened.key.account
    return int(venue._there(lambda: exchange.position(account, listing).qty_lots))


@pytest.mark.slow
def test_what_leaves_the_universe_is_protected_and_opens_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-DATA-13: the larger one is chosen; overtaken, it is stopped out and not entered again."""
    left, done = threading.Event(), threading.Event()

    class Watch(universe.UniverseWatch):
        def take(self, live: Live, found: Universe) -> None:
            super().take(live, found)
            if self.out:
                left.set()

    monkeypatch.setattr(universe, "UniverseWatch", lambda wanted: Watch(wanted, LOOK_S))
    idea = tmp_path / "strategies" / "always.py"
    idea.parent.mkdir()
    idea.write_text(IDEA)
    with simulated_exchange(
        "bybit", "synthetic:seed=7,ETHUSDT=3000", symbol=["BTCUSDT", "ETHUSDT"],
        past="90m", speed=SPEED,
    ) as venue:  # fmt: skip
        turn_over(venue, ETH, 10**10)

        def overtake() -> None:
            pause = threading.Event()
            while not held(venue, ETH):
                pause.wait(0.1)
            turn_over(venue, BTC, 10**12)
            if left.wait(READY_S):
                venue.command("POST", "/script", script="flash_crash", in_s=0.0)
                while held(venue, ETH):
                    pause.wait(0.1)
                done.set()

        threading.Thread(target=overtake, daemon=True).start()
        state = ballast(
            tmp_path, "live", "always", "--universe", "top=1", "--venue", "BYBITLINEAR",
            "-t", "1m", "--rehearse", str(venue.port), "--ca", str(venue.ca),
            "--speed", str(SPEED), "--closes", "8", "--set", "engine.margin=cross",
            "--set", "risk.reward_risk=0", "--set", "operations.memory_mb=100000", "--json",
            environment={
                "BALLAST_KEY__BYBIT__MAIN": venue.key,
                "BALLAST_SECRET__BYBIT__MAIN": venue.secret,
            },
        ).json()  # fmt: skip
        assert left.is_set()
        assert done.is_set(), "its stop did not act"
        assert [one["symbol"] for one in state["positions"]] == ["ETHUSDT"]
        assert orders(venue, BTC) == []
        entries = [
            one for one in orders(venue, ETH) if purpose_of(one.request.client_id) is Purpose.ENTRY
        ]
        assert len(entries) == 1, "opened again"
        told = ballast(tmp_path, "audit", "--text", "market:", "-s", "ETHUSDT").out
        assert state["refused"] >= 1
        assert "market:" in told, told
