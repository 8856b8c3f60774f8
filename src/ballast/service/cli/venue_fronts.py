"""The venues that can be served: whose protocol, which kinds of listing, how a pair is spelled.

A venue that serves spot and perpetuals on one host has one row with both kinds: one engine, one
account, two listings of the same pair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.core.errors import UserError, suggest
from ballast.core.instrument import Kind
from ballast.venues.simulated.engine.profile import Tier, VenueProfile
from ballast.venues.simulated.fronts.binance.spot import BinanceSpot
from ballast.venues.simulated.fronts.binance.usdm import PROFILE as USDM
from ballast.venues.simulated.fronts.binance.usdm import BinanceUsdm
from ballast.venues.simulated.fronts.bybit.unified import PROFILE as BYBIT
from ballast.venues.simulated.fronts.bybit.unified import BybitUnified
from ballast.venues.simulated.fronts.coinbase.front import PROFILE as COINBASE
from ballast.venues.simulated.fronts.coinbase.front import CoinbaseFront
from ballast.venues.simulated.fronts.coinbase.security import make_key as coinbase_key
from ballast.venues.simulated.fronts.keys import KeyRing
from ballast.venues.simulated.fronts.kraken.front import PROFILE as KRAKEN
from ballast.venues.simulated.fronts.kraken.front import KrakenFront
from ballast.venues.simulated.fronts.okx.front import PROFILE as OKX
from ballast.venues.simulated.fronts.okx.front import OkxFront

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.fronts.keys import ApiKey
    from ballast.venues.simulated.wire.frontend import FrontEnd

SPOT_TICK, SPOT_LOT = Decimal("0.01"), Decimal("0.00001")
PERPETUAL_TICK, PERPETUAL_LOT = Decimal("0.1"), Decimal("0.001")
TIERS = (
    Tier(Decimal(300_000), 125, Decimal("0.004")),
    Tier(Decimal(800_000), 100, Decimal("0.005"), Decimal(300)),
    Tier(Decimal(3_000_000), 75, Decimal("0.0065"), Decimal(1_500)),
    Tier(Decimal(12_000_000), 50, Decimal("0.01"), Decimal(12_000)),
    Tier(Decimal(70_000_000), 25, Decimal("0.02"), Decimal(132_000)),
    Tier(Decimal(100_000_000), 20, Decimal("0.025"), Decimal(482_000)),
    Tier(Decimal(0), 10, Decimal("0.05"), Decimal(2_982_000)),
)
"""Leverage brackets of a large pair; each deduction makes maintenance continuous at its floor."""
BYBIT_TIERS = (
    Tier(Decimal(2_000_000), 100, Decimal("0.005")),
    Tier(Decimal(10_000_000), 50, Decimal("0.01"), Decimal(10_000)),
    Tier(Decimal(50_000_000), 25, Decimal("0.02"), Decimal(110_000)),
    Tier(Decimal(0), 10, Decimal("0.05"), Decimal(1_610_000)),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of listing of a venue, and what is usual there.

    `spelling` makes the symbol of a listing from `base` and `quote`; the symbols of one venue must
    differ. `lot` counts contracts of `contract` base units each.
    """

    spelling: str = "{base}{quote}"
    tick: Decimal = SPOT_TICK
    lot: Decimal = SPOT_LOT
    contract: Decimal = Decimal(1)
    maker_ppm: int = 1_000
    taker_ppm: int = 1_000
    tiers: tuple[Tier, ...] = ()

    def symbol(self, base: str, quote: str) -> str:
        """Return the symbol of a pair."""
        return self.spelling.format(base=base, quote=quote)


SPOT = Offer()
PERPETUAL = Offer(tick=PERPETUAL_TICK, lot=PERPETUAL_LOT, maker_ppm=200, taker_ppm=500, tiers=TIERS)


@dataclass(frozen=True, slots=True)
class Front:
    """One venue: what makes its front end, what it lists, and the rules it trades by."""

    make: Callable[[Exchange, KeyRing], FrontEnd]
    offers: Mapping[Kind, Offer]
    profile: VenueProfile
    has_passphrase: bool = False
    make_key: Callable[..., ApiKey] = KeyRing.make
    """Makes a key on a ring: for an account, by a name, from a `seed`."""


FRONTS: dict[str, Front] = {
    "binance": Front(BinanceSpot, {Kind.SPOT: SPOT}, VenueProfile(name="binance")),
    "binance-usdm": Front(BinanceUsdm, {Kind.PERPETUAL: PERPETUAL}, USDM),
    "bybit": Front(
        BybitUnified,
        {
            Kind.SPOT: SPOT,
            # Both are BTCUSDT on the wire; the engine needs a name for each.
            Kind.PERPETUAL: replace(
                PERPETUAL, spelling="{base}{quote}.P", taker_ppm=550, tiers=BYBIT_TIERS
            ),
        },
        BYBIT,
    ),
    "okx": Front(
        OkxFront,
        {
            Kind.SPOT: replace(SPOT, spelling="{base}-{quote}", tick=Decimal("0.1"), maker_ppm=800),
            Kind.PERPETUAL: replace(
                PERPETUAL,
                spelling="{base}-{quote}-SWAP",
                lot=Decimal("0.01"),
                contract=Decimal("0.01"),
            ),
        },
        OKX,
        has_passphrase=True,
    ),
    "kraken": Front(
        KrakenFront,
        {
            Kind.SPOT: replace(
                SPOT,
                spelling="{base}/{quote}",
                tick=Decimal("0.1"),
                lot=Decimal("0.00000001"),
                maker_ppm=2_500,
                taker_ppm=4_000,
            ),
        },
        KRAKEN,
    ),
    "coinbase": Front(
        CoinbaseFront,
        {Kind.SPOT: replace(SPOT, spelling="{base}-{quote}", maker_ppm=6_000, taker_ppm=12_000)},
        COINBASE,
        make_key=coinbase_key,
    ),
}


def front_of(name: str) -> Front:
    """Return the venue of a name; raise `UserError` for an unknown one."""
    if name not in FRONTS:
        raise UserError(
            f"unknown exchange '{name}'",
            where="--exchange",
            expected=f"one of {', '.join(FRONTS)}",
            fix=suggest(name, FRONTS),
        )
    return FRONTS[name]
