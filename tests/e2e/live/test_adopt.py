"""`ballast adopt` over sockets: a position opened by hand, and one whose journal is lost.

The simulated exchange speaks the venue's own protocol; whoever opens by hand does so in its engine.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.shell import Done, ballast

from ballast.core.ids import Purpose, is_ours, purpose_of
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.service.testing.venue import ServedVenue, simulated_exchange

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SYMBOL, PAST = "BTCUSDT", "2h"
MS_NS = 1_000_000
PERPETUAL = f"{SYMBOL}.P"
"""As the engine calls it, which lists the pair of spot too."""


def eventually(is_so: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait until something is so: trades of one millisecond have no order at this venue."""
    until_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.01)


class Desk:
    """A workspace beside a venue, and a person who trades there by hand."""

    def __init__(self, home: Path, venue: ServedVenue, row: str) -> None:
        self.home, self.venue, self.row = home, venue, row
        self.hands = 0
        ballast(home, "init")

    def run(self, *arguments: str) -> Done:
        name = "BYBIT"
        return ballast(
            self.home, *arguments,
            environment={
                f"BALLAST_KEY__{name}__MAIN": self.venue.key,
                f"BALLAST_SECRET__{name}__MAIN": self.venue.secret,
            },
        )  # fmt: skip

    def session(self, verb: str, *more: str) -> Done:
        return self.run(
            *verb.split(), "ema_cross", "--venue", self.row, "-s", SYMBOL, "-t", "1m",
            "--rehearse", str(self.venue.port), "--ca", str(self.venue.ca),
            "--set", "engine.margin=cross", *more,
        )  # fmt: skip

    def adopt(self, *more: str) -> Done:
        words = f"adopt {SYMBOL} on {self.row}"
        return self.session(f"adopt {SYMBOL}", "--confirm", words, "--json", *more)

    def by_hand(self, side: Side, lots: int) -> None:
        self.hands += 1
        request = OrderRequest(
            PERPETUAL, side, OrderKind.MARKET, lots, client_id=f"by-hand-{self.hands}"
        )
        before_ns = self.there(lambda: self.exchange.now_ns)
        eventually(lambda: self.there(lambda: self.exchange.now_ns) > before_ns + MS_NS)
        self.there(lambda: self.exchange.submit(self.account, request))

    @property
    def exchange(self) -> Any:
        return self.venue._opened.exchange

    @property
    def account(self) -> int:
        return self.venue._opened.key.account

    def there(self, act: Any) -> Any:
        return self.venue._there(act)

    def stops(self) -> list[tuple[int, int]]:
        """Return (trigger, lots) of our stops that rest at the venue."""
        return self.there(
            lambda: [
                (one.request.trigger_ticks, one.left_lots)
                for one in self.exchange.open_orders(self.account)
                if purpose_of(one.request.client_id) is Purpose.STOP
            ]
        )


def lose_journal(desk: Desk) -> None:
    for path in sorted((desk.home / "journal").rglob("*")):
        if path.is_file():
            path.unlink()


@pytest.mark.slow
def test_a_position_opened_by_hand_is_taken_over_and_traded_on(tmp_path: Path) -> None:
    """R-RECON-05, S-06, S-35, A-STATE-07: refused before, protected at once, replayed after."""
    with simulated_exchange("bybit", past=PAST) as venue:
        desk = Desk(tmp_path, venue, "BYBITLINEAR")
        desk.by_hand(Side.BUY, 40)
        refused = desk.session("live", "--closes", "1")
        assert refused.code == 2
        assert "ballast adopt" in refused.err
        assert desk.stops() == []
        looked = desk.session(f"adopt {SYMBOL}", "--dry-run", "--json").json()
        assert (looked["qty_before"], looked["protected"]) == (0.0, False)
        assert desk.stops() == [], "only looked"
        wrong = desk.session(f"adopt {SYMBOL}", "--confirm", "yes", "--json")
        assert (wrong.code, desk.stops()) == (2, [])
        told = desk.adopt().json()
        assert told["protected"]
        assert told["side"] == "long"
        assert told["stop"] < told["price"]
        ((trigger, lots),) = desk.stops()
        assert lots == 40
        replayed = desk.run("replay", "--json").json()
        assert replayed["holdings"] == {SYMBOL: 40}
        assert desk.run("audit", "--verify").code == 0
        again = desk.adopt()
        assert again.code == 2
        assert "nothing of BTCUSDT is strange" in again.err
        state = desk.session("live", "--closes", "1", "--json").json()
        (held,) = state["positions"]
        assert state["bare_seconds"] < 15.0
        if held["side"] != "flat":  # the strategy may leave at its first close
            assert held["agree"]
            assert desk.stops()[0][0] >= trigger


@pytest.mark.slow
def test_a_lost_journal_is_rebuilt_from_trades_with_the_parts_that_were_sold(
    tmp_path: Path,
) -> None:
    """R-RECON-01, R-RECON-02, R-STOP-29: bought in two, sold in part: all is what it was."""
    with simulated_exchange("bybit", past=PAST) as venue:
        desk = Desk(tmp_path, venue, "BYBITLINEAR")
        desk.by_hand(Side.SELL, 7)
        desk.by_hand(Side.BUY, 47)  # turned around: the position began with 40 of these
        desk.by_hand(Side.BUY, 20)
        desk.by_hand(Side.SELL, 30)
        told = desk.adopt("--from-trades", "--stop", "1000").json()
        assert told["protected"]
        assert told["trades"] == 3
        assert desk.stops() == [(desk_ticks(desk, 1000), 30)]
        fills = desk.there(lambda: desk.exchange.fills(desk.account, PERPETUAL, limit=100))
        opened = [(40, fills[1].price_ticks), (20, fills[2].price_ticks)]
        mean = sum(lots * ticks for lots, ticks in opened) / 60
        listing = desk.exchange.listings[PERPETUAL]
        assert told["entry"] == pytest.approx(mean * float(listing.tick))
        gain = (fills[3].price_ticks - mean) * 30 * float(listing.tick * listing.lot)
        assert told["realised"] == pytest.approx(gain)
        # The journal is lost, and while nobody looks another part is sold by hand.
        lose_journal(desk)
        desk.by_hand(Side.SELL, 10)
        told = desk.adopt("--from-trades").json()
        assert told["stop"] == 1000.0, "the stop that rests is ours, and is kept"
        assert len(told["orders_kept"]) == 1
        assert desk.stops() == [(desk_ticks(desk, 1000), 20)], "one stop, of the new size"
        assert desk.run("replay", "--json").json()["holdings"] == {SYMBOL: 20}


@pytest.mark.slow
def test_orders_of_a_new_journal_have_names_that_the_venue_does_not_know(tmp_path: Path) -> None:
    """A2, A3, A9: the same decisions of the same account, counted from 1 again after a loss."""
    with simulated_exchange("bybit", past=PAST) as venue:
        desk = Desk(tmp_path, venue, "BYBITLINEAR")
        names: list[set[str]] = []
        for _ in range(2):
            desk.by_hand(Side.BUY, 40)
            assert desk.adopt("--stop", "1000").json()["protected"]
            assert desk.stops() == [(desk_ticks(desk, 1000), 40)]
            names.append(desk.there(lambda: {
                one.request.client_id
                for one in desk.exchange.open_orders(desk.account)
                if is_ours(one.request.client_id)
            }))  # fmt: skip
            desk.there(lambda: desk.exchange.cancel_all(desk.account, PERPETUAL))
            desk.by_hand(Side.SELL, 40)
            lose_journal(desk)
        first, second = names
        assert first
        assert second
        assert not first & second


@pytest.mark.slow
def test_what_an_older_journal_misses_is_booked_trade_by_trade(tmp_path: Path) -> None:
    """A journal from a backup knows the position, and not what was sold since."""
    with simulated_exchange("bybit", past=PAST) as venue:
        desk = Desk(tmp_path, venue, "BYBITLINEAR")
        desk.by_hand(Side.BUY, 40)
        assert desk.adopt("--stop", "1000").code == 0
        desk.by_hand(Side.SELL, 15)
        alone = desk.adopt()
        assert (alone.code, "--from-trades" in alone.err) == (2, True)
        told = desk.adopt("--from-trades").json()
        assert told["trades"] == 1
        assert desk.stops() == [(desk_ticks(desk, 1000), 25)]
        desk.by_hand(Side.SELL, 25)
        told = desk.adopt("--from-trades").json()
        assert told["side"] == "flat"
        assert desk.run("replay", "--json").json()["holdings"] == {}
        assert desk.stops() == []


def desk_ticks(desk: Desk, price: int) -> int:
    return int(price / desk.exchange.listings[PERPETUAL].tick)
