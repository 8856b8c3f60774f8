"""A live public book as the market; our own served venues are the exchange out there (R-EXCH)."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ballast.core.errors import UserError
from ballast.core.instrument import Kind
from ballast.core.marketdata import Grid
from ballast.core.orders import OrderKind, OrderRequest, OrderStatus, Side
from ballast.service.cli import venue_live, venue_symbols
from ballast.service.cli.venue_fronts import FRONTS
from ballast.service.testing import simulated_exchange
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder, ScriptedPath
from ballast.venues.simulated.engine.outcomes import Accepted
from ballast.venues.simulated.engine.profile import VenueProfile
from ballast.venues.simulated.fronts.keys import KeyRing
from ballast.venues.simulated.liquidity.live import LiveBook
from ballast.venues.simulated.server.live import TAPS, LiveFeed
from ballast.venues.simulated.server.pace import Pace
from ballast.venues.simulated.server.resolver import client_session
from ballast.venues.simulated.server.snapshot import Recipe
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.faults import Command, Fault
from ballast.venues.simulated.wire.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ballast.venues.simulated.engine.profile import Listing

STEP_NS = 50_000_000
STEPS = 40
PAUSE_S = 0.2
RISE_TICKS = 50
GRID = Grid(Decimal("0.01"), Decimal("0.00001"))


def unit_of(listing: Listing) -> int:
    """Return the lots of a hundred-thousandth of a coin."""
    return int(Decimal("0.00001") / listing.lot)


class Ours:
    """A venue of ours whose market is the live book of the exchange out there."""

    def __init__(self, name: str, server: VenueServer, real: Exchange, start_ns: int) -> None:
        self.server, self.real = server, real
        (self.symbol,) = real.listings
        listing = real.listings[self.symbol]
        self.unit = unit_of(listing)
        tap = TAPS[name]
        assert server.authority is not None
        context = server.authority.client_context()
        self.feed = LiveFeed(
            tap, tap.symbol("BTC", "USDT"), Grid(listing.tick, listing.lot),
            session=lambda: client_session(server.hosts, server.tls_port, context),
            pause_s=PAUSE_S,
        )  # fmt: skip
        self.book = LiveBook(self.symbol)
        self.feed.books.append(self.book)
        self.exchange = Exchange(VenueProfile(), [listing], start_ns=start_ns)
        self.exchange.attach(self.book)
        funds = {"USDT": listing.price(10**10), "BTC": listing.qty(10**8 * self.unit)}
        self.account = self.exchange.open_account("me", funds)

    def top(self, exchange: Exchange) -> Any:
        view = exchange.book(self.symbol, 20)
        return view.bids, view.asks

    async def until(self, check: Callable[[], bool], seconds: float = 15.0) -> None:
        """Let our venue's time pass until something is true."""
        deadline = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < deadline, self.book.says()
            await asyncio.sleep(0.005)
            self.exchange.advance(self.server.pace.now_ns())


@asynccontextmanager
async def out_there(name: str, steps: int) -> AsyncIterator[Ours]:
    """Serve an exchange whose price climbs for `steps`, then stands; listen to it."""
    start_ns = time.time_ns()
    plan = venue_symbols.plan_of(Recipe(name, "synthetic", "BTCUSDT", 0))
    listing = next(one.listing for one in plan.markets if one.listing.kind is Kind.SPOT)
    real = Exchange(FRONTS[name].profile, [listing], start_ns=start_ns)
    first = int(60_000 / listing.tick)
    points = [(start_ns + at * STEP_NS, first + at * RISE_TICKS) for at in range(steps)]
    real.attach(
        ScriptedPath(
            listing.symbol, points, Ladder(lots=500 * unit_of(listing), levels=15, step_ticks=7)
        )
    )
    gateway = Gateway([FRONTS[name].make(real, KeyRing())], now_ns=start_ns)
    async with VenueServer(gateway, Pace(start_ns, time.monotonic_ns)) as server:
        ours = Ours(name, server, real, start_ns)
        listening = asyncio.create_task(ours.feed.listen(server.pace.now_ns))
        try:
            yield ours
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def with_exchange(name: str, test: Callable[[Ours], Awaitable[None]], steps: int = STEPS) -> None:
    async def run() -> None:
        async with out_there(name, steps) as ours:
            await test(ours)

    asyncio.run(asyncio.wait_for(run(), 60))


@pytest.mark.parametrize("name", sorted(TAPS))
def test_our_book_becomes_that_of_the_exchange_and_trades_fill_our_order(name: str) -> None:
    async def test(ours: Ours) -> None:
        exchange = ours.exchange
        await ours.until(lambda: ours.book.book.is_known)
        ask = exchange.best(ours.symbol)[1]
        beyond = ask + 4 * RISE_TICKS
        request = OrderRequest(
            ours.symbol, Side.SELL, OrderKind.LIMIT, 9 * ours.unit, price_ticks=beyond
        )
        outcome = exchange.submit(ours.account, request)
        assert isinstance(outcome, Accepted)
        await ours.until(lambda: not exchange.open_orders(ours.account))
        (order,) = exchange.orders(ours.account, ours.symbol, 10)
        assert (order.status, order.filled_lots) == (OrderStatus.FILLED, 9 * ours.unit)
        assert order.value == 9 * ours.unit * beyond
        last = 60_000 / float(ours.real.listings[ours.symbol].tick) + (STEPS - 1) * RISE_TICKS
        await ours.until(lambda: ours.real.last_ticks(ours.symbol) == last)
        await ours.until(lambda: ours.top(exchange) == ours.top(ours.real))
        assert len(ours.top(exchange)[0]) == 15
        assert ours.book.gaps == 0
        assert ours.feed.failures == 0

    with_exchange(name, test)


@pytest.mark.parametrize("name", sorted(TAPS))
@pytest.mark.parametrize("fault", [Fault.CLOSE_STREAM, Fault.DROP_FRAME])
def test_a_line_or_a_sequence_that_breaks_empties_the_street_until_a_whole_book(
    name: str, fault: Fault
) -> None:
    """A book with a hole looks like a book: better none than that."""

    async def test(ours: Ours) -> None:
        exchange = ours.exchange
        await ours.until(lambda: ours.book.book.is_known)
        ours.server.gateway.faults.command(Command(fault, "STREAM", 6))
        await ours.until(lambda: ours.book.gaps > 0)
        assert ours.top(exchange) == ((), ())
        assert "the street is empty" in ours.book.says()
        await ours.until(lambda: ours.book.book.is_known)
        assert exchange.best(ours.symbol)[0] > 0

    with_exchange(name, test, steps=10_000)


def test_a_book_taken_up_again_later_is_empty_until_the_exchange_has_spoken() -> None:
    async def test(ours: Ours) -> None:
        await ours.until(lambda: ours.book.book.is_known)
        state = ours.exchange.snapshot()
        again = Exchange(VenueProfile(), list(ours.real.listings.values()), start_ns=0)
        again.attach(LiveBook(ours.symbol))
        again.restore(state)
        assert ours.top(again) == ours.top(ours.exchange)
        again.advance(again.now_ns + 1)
        assert ours.top(again) == ((), ())

    with_exchange("bybit", test)


def test_an_exchange_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ballast.venues.simulated.server.live.FAILURES_MAX", 2)

    def nowhere() -> Any:
        return client_session({"stream.binance.com"}, 9, ssl.create_default_context())

    feed = LiveFeed(TAPS["binance"], "BTCUSDT", GRID, session=nowhere, pause_s=0.001)
    with pytest.raises(UserError, match="no book of BTCUSDT from BINANCE in 2 attempts"):
        asyncio.run(asyncio.wait_for(feed.listen(time.time_ns), 20))
    with pytest.raises(UserError, match="see whether the exchange can be reached"):
        asyncio.run(feed.first_price_ticks(time.time_ns))


# By name -------------------------------------------------------------------------------------


def test_a_venue_of_one_exchange_has_the_live_market_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = {"tick": "0.01", "lot": "0.00001"}
    with simulated_exchange(exchange="binance") as real:
        monkeypatch.setattr(venue_live, "session", real.session)
        with simulated_exchange(exchange="bybit", market="live:binance:BTCUSDT", **steps) as ours:
            assert ours.symbols == ("BTCUSDT", "BTCUSDT.P")
            deadline = time.monotonic() + 15
            while not ours.state()["books"]["BTCUSDT"]["bids"]:
                assert time.monotonic() < deadline, ours.status()["market"]
                time.sleep(0.05)
            state = ours.state()["books"]
            assert 59_000 < float(state["BTCUSDT.P"]["mark"]) < 61_000
            assert ours.status()["market"][0].startswith("the live book")
        with (
            pytest.raises(UserError, match="and has these steps"),
            simulated_exchange(market="live:binance:BTCUSDT", tick="7", lot="0.00001"),
        ):
            pass


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"market": "live:binence:BTCUSDT"}, "did you mean 'binance'"),
        ({"market": "live:okx:BTCUSDT"}, "say them with --tick and --lot"),
        ({"market": "live:okx:NOPAIR"}, "is no pair"),
    ],
)
def test_what_cannot_be_heard_is_refused_in_one_line(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as caught, simulated_exchange(**asked):
        pass
    assert words in caught.value.line()
    assert "\n" not in caught.value.line()


def test_a_live_market_has_no_other_speed_and_no_past(monkeypatch: pytest.MonkeyPatch) -> None:
    live = {"market": "live:binance:BTCUSDT", "tick": "0.01", "lot": "0.00001"}
    with simulated_exchange(exchange="binance") as real:
        monkeypatch.setattr(venue_live, "session", real.session)
        for more, words in (({"speed": 2.0}, "the market is live"), ({"past": "1h"}, "no past")):
            with pytest.raises(UserError, match=words), simulated_exchange(**live, **more):
                pass
