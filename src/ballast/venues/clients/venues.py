"""Venues: every venue that can be traded, in one table; adding one is a row here and a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import UserError, suggest
from ballast.venues.clients.binance.access import SPOT as BINANCE_SPOT
from ballast.venues.clients.binance.access import SPOT_DEMO as BINANCE_SPOT_DEMO
from ballast.venues.clients.binance.access import USDM as BINANCE_USDM
from ballast.venues.clients.binance.access import USDM_DEMO as BINANCE_USDM_DEMO
from ballast.venues.clients.binance.spot import SpotDemoDesk as BinanceSpotDemo
from ballast.venues.clients.binance.spot import SpotDesk as BinanceSpotDesk
from ballast.venues.clients.binance.spot import abilities_of as binance_spot_abilities
from ballast.venues.clients.binance.usdm import UsdmDemoDesk as BinanceUsdmDemo
from ballast.venues.clients.binance.usdm import UsdmDesk as BinanceUsdmDesk
from ballast.venues.clients.binance.usdm import abilities_of as binance_usdm_abilities
from ballast.venues.clients.bybit import access as bybit
from ballast.venues.clients.bybit.desk import (
    BybitLinear,
    BybitLinearTest,
    BybitSpot,
    BybitSpotTest,
)
from ballast.venues.clients.coinbase import access as coinbase
from ballast.venues.clients.coinbase.desk import CoinbaseDesk
from ballast.venues.clients.kraken import access as kraken
from ballast.venues.clients.kraken.desk import KrakenDesk
from ballast.venues.clients.okx import access as okx
from ballast.venues.clients.okx.spot import OkxSpot, OkxSpotTest
from ballast.venues.clients.okx.swap import OkxSwap, OkxSwapTest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.oms.protection.cover import Abilities
    from ballast.venues.clients.access import Access
    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.desk import VenueDesk
    from ballast.venues.clients.market import Market


@dataclass(frozen=True, slots=True)
class Venue:
    """One venue: how it is reached, who speaks with it, how its stops move.

    `hosts` are all names it is reached under: REST first, then its sockets.
    """

    access: Access
    desk: Callable[[Asker, Callable[[], int]], VenueDesk]
    abilities: Callable[[Market], Abilities]
    hosts: tuple[str, ...]


VENUES: dict[str, Venue] = {
    "BINANCE": Venue(
        BINANCE_SPOT,
        BinanceSpotDesk,
        binance_spot_abilities,
        ("api.binance.com", "ws-api.binance.com", "stream.binance.com"),
    ),
    "BINANCEUSDM": Venue(
        BINANCE_USDM,
        BinanceUsdmDesk,
        binance_usdm_abilities,
        ("fapi.binance.com", "api.binance.com", "fstream.binance.com"),
    ),
    "OKX": Venue(okx.ACCESS, OkxSpot, lambda _: okx.ABILITIES, okx.HOSTS),
    "OKXSWAP": Venue(okx.ACCESS_SWAP, OkxSwap, lambda _: okx.ABILITIES_SWAP, okx.HOSTS),
    "BYBIT": Venue(bybit.ACCESS, BybitSpot, bybit.abilities_of, bybit.HOSTS),
    "BYBITLINEAR": Venue(bybit.ACCESS_LINEAR, BybitLinear, bybit.abilities_of, bybit.HOSTS),
    "KRAKEN": Venue(kraken.ACCESS, KrakenDesk, kraken.abilities_of, kraken.HOSTS),
    "COINBASE": Venue(coinbase.ACCESS, CoinbaseDesk, coinbase.abilities_of, coinbase.HOSTS),
}


TESTNETS: dict[str, Venue] = {
    "BINANCE": Venue(
        BINANCE_SPOT_DEMO,
        BinanceSpotDemo,
        binance_spot_abilities,
        ("demo-api.binance.com", "demo-ws-api.binance.com", "demo-stream.binance.com"),
    ),
    "BINANCEUSDM": Venue(
        BINANCE_USDM_DEMO,
        BinanceUsdmDemo,
        binance_usdm_abilities,
        ("demo-fapi.binance.com", "fstream.binancefuture.com"),
    ),
    "BYBIT": Venue(bybit.ACCESS_TEST, BybitSpotTest, bybit.abilities_of, bybit.TEST_HOSTS),
    "BYBITLINEAR": Venue(
        bybit.ACCESS_LINEAR_TEST, BybitLinearTest, bybit.abilities_of, bybit.TEST_HOSTS
    ),
    "OKX": Venue(okx.ACCESS_TEST, OkxSpotTest, lambda _: okx.ABILITIES, okx.TEST_HOSTS),
    "OKXSWAP": Venue(
        okx.ACCESS_SWAP_TEST, OkxSwapTest, lambda _: okx.ABILITIES_SWAP, okx.TEST_HOSTS
    ),
}
"""Venues whose test network can be traded on, with keys of its own and money that is none."""


def venue_named(name: str, *, is_test: bool = False) -> Venue:
    """Return the row of a venue, or of its test network; raise `UserError` where there is none."""
    table, what = (TESTNETS, "test network") if is_test else (VENUES, "venue")
    found = table.get(name.strip().upper())
    if found is None:
        raise UserError(
            f"'{name}' is no {what} that can be traded on",
            expected=f"one of {', '.join(table)}",
            fix=suggest(name.upper(), table),
        )
    return found
