"""A perpetual in memory: the market of the scenario that every venue's clients take."""

from __future__ import annotations

from decimal import Decimal

from ballast.core.instrument import Kind
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder, ScriptedPath
from ballast.venues.simulated.engine.profile import Filters, Listing, Tier, VenueProfile

TIERS = (Tier(Decimal(800_000), 100, Decimal("0.005")), Tier(Decimal(0), 25, Decimal("0.02")))
MAX_BASE = Decimal(1_000)
DEPTH_BASE = Decimal(1)
"""What a level of the book holds, in base units."""
PRICE = Decimal(60_000)
CASH = Decimal(100_000)
STEP_NS = 50_000_000


def listing(
    symbol: str = "BTCUSDT",
    *,
    tick: str = "0.1",
    lot: str = "0.001",
    contract: str = "1",
) -> Listing:
    """Return a perpetual of BTC in USDT; a lot counts contracts."""
    filters = Filters(
        max_price=Decimal(1_000_000),
        max_qty=MAX_BASE / Decimal(contract),
        min_notional=Decimal(5),
        max_orders=20,
    )
    return Listing(
        symbol,
        "BTC",
        "USDT",
        tick=Decimal(tick),
        lot=Decimal(lot),
        kind=Kind.PERPETUAL,
        contract=Decimal(contract),
        filters=filters,
        maker_ppm=200,
        taker_ppm=500,
        tiers=TIERS,
    )


def perpetual_exchange(
    profile: VenueProfile, listed: Listing, *, start_ns: int, climbs: bool = False
) -> tuple[Exchange, int]:
    """Return an exchange around 60,000 and its account; the price stands, or climbs by a tick."""
    exchange = Exchange(profile, [listed], start_ns=start_ns)
    first = int(PRICE / listed.tick)
    points = [(start_ns + step * STEP_NS, first + step) for step in range(20_000 if climbs else 1)]
    lots = int(DEPTH_BASE / (listed.lot * listed.contract))
    exchange.attach(ScriptedPath(listed.symbol, points, Ladder(lots=lots)))
    account = exchange.open_account("me", {"USDT": CASH})
    exchange.advance(start_ns)
    return exchange, account
