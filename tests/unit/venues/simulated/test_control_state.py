"""What the control interface tells and does where two listings stand on one host (R-EXCH-16)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import msgspec

from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.service.cli import venue_market, venue_open
from ballast.service.cli.venue_fronts import FRONTS
from ballast.venues.simulated.engine.outcomes import Accepted
from ballast.venues.simulated.engine.street import Speaking
from ballast.venues.simulated.server.control import Control
from ballast.venues.simulated.server.sockets import VenueServer

SECOND_NS = 1_000_000_000


def opened_of_both() -> venue_open.OpenVenue:
    """A Bybit that lists spot and perpetual of a pair, made by agents, two seconds old."""
    front = FRONTS["bybit"]
    plan = venue_market.plan_of(
        "synthetic", offers=front.offers, symbol="BTCUSDT", tick=None, lot=None, seed=7, period=None
    )
    desk = venue_open.open_venue(front, plan, balances=[], seed=7, speed=1.0)
    desk.gateway.advance(desk.started_ns + 2 * SECOND_NS)
    return desk


def control_of(desk: venue_open.OpenVenue) -> Control:
    """Make the interface without opening its port; aiohttp wants a loop for that."""

    async def make() -> Control:
        server = VenueServer(desk.gateway, desk.pace)
        return Control(server, desk.exchange, [desk.key.account])

    return asyncio.run(make())


def asked(control: Control, method: str, path: str, value: Any = None) -> tuple[int, Any]:
    """Ask without a socket."""
    body = b"" if value is None else msgspec.json.encode(value)
    reply = control.reply(method, path, body, host="localhost", content_type="application/json")
    return reply.status, msgspec.json.decode(msgspec.json.encode(reply.value))


def test_the_state_is_what_the_account_holds_after_a_trade() -> None:
    desk = opened_of_both()
    exchange, account = desk.exchange, desk.key.account
    control = control_of(desk)
    for request in (
        OrderRequest("BTCUSDT", Side.BUY, OrderKind.MARKET, 1_000),
        OrderRequest("BTCUSDT", Side.BUY, OrderKind.LIMIT, 1_000, 5_000_000, client_id="rests"),
        OrderRequest("BTCUSDT.P", Side.SELL, OrderKind.MARKET, 2),
    ):
        assert isinstance(exchange.submit(account, request), Accepted)
    before = exchange.snapshot()
    status, said = asked(control, "GET", "/state")
    assert status == 200
    assert exchange.snapshot() == before
    book = exchange.book("BTCUSDT", 20)
    listing = exchange.listings["BTCUSDT"]
    assert said["books"]["BTCUSDT"]["asks"] == [
        [str(listing.price(ticks)), str(listing.qty(lots))] for ticks, lots in book.asks
    ]
    assert said["books"]["BTCUSDT"]["mark"] is None
    assert abs(float(said["books"]["BTCUSDT.P"]["mark"]) - 60_000) < 600
    (mine,) = said["accounts"]
    assert [one["client_id"] for one in mine["orders"]] == ["rests"]
    cash = {one["asset"]: one for one in mine["balances"]}["USDT"]
    assert Decimal(cash["locked"]) >= Decimal("500.00")
    (held,) = mine["positions"]
    assert (held["symbol"], held["qty"]) == ("BTCUSDT.P", "-0.002")
    bought, sold = (sum(Decimal(one["qty"]) for one in mine["fills"] if one["side"] == side)
                    for side in ("buy", "sell"))  # fmt: skip
    assert (bought, sold) == (Decimal("0.01"), Decimal("0.002"))


def test_a_path_leads_all_listings_or_none() -> None:
    """50.0 is 5,000 ticks of spot and 500 of the swap, which is too coarse for agents."""
    desk = opened_of_both()
    control = control_of(desk)
    before = [one.says() for one in desk.exchange.sources if isinstance(one, Speaking)]
    status, said = asked(control, "POST", "/path", {"points": [[10, "50.0"]]})
    assert (status, "a path to 500 ticks" in said["error"]) == (400, True)
    after = [one.says() for one in desk.exchange.sources if isinstance(one, Speaking)]
    assert len(before) == len(after) == 2
    assert not any("on a path" in words for words in after)
    assert asked(control, "POST", "/path", {"points": [[10, "60000.0"]]})[0] == 200
    after = [one.says() for one in desk.exchange.sources if isinstance(one, Speaking)]
    assert all("on a path" in words for words in after)
