"""A simulated Binance spot on sockets, one funded account, and clients that reach it."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder, ScriptedPath
from ballast.venues.simulated.engine.profile import Filters, Listing, VenueProfile
from ballast.venues.simulated.fronts.binance.spot import BinanceSpot
from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
from ballast.venues.simulated.wire.gateway import Gateway
from tests.fakes.desks import serve, with_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from ballast.venues.simulated.server.sockets import VenueServer
    from ballast.venues.simulated.wire.faults import FaultPlan

SYMBOL = "BTCUSDT"
STEP_NS = 50_000_000
FILTERS = Filters(
    max_price=Decimal(1_000_000), max_qty=Decimal(1_000), min_notional=Decimal(5), max_orders=20
)
LISTING = Listing(
    SYMBOL, "BTC", "USDT", tick=Decimal("0.01"), lot=Decimal("0.00001"), filters=FILTERS
)


class SpotDesk:
    """The venue in memory: engine, front end, gateway, a key."""

    def __init__(
        self, start_ns: int, *, faults: FaultPlan | None = None, climbs: bool = True
    ) -> None:
        """Open with a price of 60,000 that climbs a tenth a step or stands, and a deep book."""
        self.exchange = Exchange(VenueProfile(name="binance"), [LISTING], start_ns=start_ns)
        steps = 20_000 if climbs else 1
        points = [(start_ns + step * STEP_NS, 6_000_000 + step * 10) for step in range(steps)]
        self.exchange.attach(ScriptedPath(SYMBOL, points, Ladder(lots=100_000)))
        self.account = self.exchange.open_account(
            "me", {"USDT": Decimal(100_000), "BTC": Decimal(2)}
        )
        self.keys = KeyRing()
        self.key: ApiKey = self.keys.make(self.account, "bot")
        self.front = BinanceSpot(self.exchange, self.keys)
        self.gateway = Gateway([self.front], faults, now_ns=start_ns)


async def eventually(check: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is true; fail if it does not become so."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


def spot_server(**more: Any) -> AbstractAsyncContextManager[tuple[SpotDesk, VenueServer]]:
    """Serve a desk on loopback."""
    return serve(lambda start_ns: SpotDesk(start_ns, **more))


def with_ccxt(test: Callable[[SpotDesk, Any], Awaitable[None]], **more: Any) -> None:
    """Run a test with ccxt on Binance spot."""
    options = {"fetchMarkets": {"types": ["spot"]}, "defaultType": "spot"}
    with_client(
        "binance", lambda start_ns: SpotDesk(start_ns, **more), test,
        enableRateLimit=False, options=options,
    )  # fmt: skip
