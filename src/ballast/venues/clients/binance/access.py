"""Access: how Binance is reached: ccxt's class, the receive window, budgets and their headers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.venues.clients.access import WINDOW_MS, Access, Usage
from ballast.venues.clients.binance.faults import read_spot, read_usdm
from ballast.venues.clients.calls import Pool

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHT_HEADER = "x-mbx-used-weight-1m"
WINDOW_S = {"10s": 10.0, "1m": 60.0, "1d": 86_400.0}
SPOT_ORDERS = {"10s": 100.0, "1d": 200_000.0}
USDM_ORDERS = {"10s": 300.0, "1m": 1_200.0}
SPOT_WEIGHT, USDM_WEIGHT = 6_000.0, 2_400.0


def read_spot_usage(headers: Mapping[str, str]) -> tuple[Usage, ...]:
    """Return what spot's headers say of weight and orders used."""
    return _usage(headers, SPOT_WEIGHT, SPOT_ORDERS)


def read_usdm_usage(headers: Mapping[str, str]) -> tuple[Usage, ...]:
    """Return what USD-M's headers say of weight and orders used."""
    return _usage(headers, USDM_WEIGHT, USDM_ORDERS)


def _usage(
    headers: Mapping[str, str], weight: float, orders: Mapping[str, float]
) -> tuple[Usage, ...]:
    wanted = [(WEIGHT_HEADER, Pool.DATA, weight, 60.0)]
    wanted += [
        (f"x-mbx-order-count-{window}", Pool.ORDERS, most, WINDOW_S[window])
        for window, most in orders.items()
    ]
    return tuple(
        Usage(pool, float(headers[name]), most, resets_s)
        for name, pool, most, resets_s in wanted
        if headers.get(name, "").isascii() and headers.get(name, "").isdigit()
    )


SPOT = Access(
    "BINANCE",
    "binance",
    read_spot,
    options={"recvWindow": WINDOW_MS},
    data_minute=SPOT_WEIGHT,
    orders_minute=600.0,
    read_usage=read_spot_usage,
)
USDM = Access(
    "BINANCEUSDM",
    "binanceusdm",
    read_usdm,
    options={"recvWindow": WINDOW_MS},
    data_minute=USDM_WEIGHT,
    orders_minute=1_200.0,
    read_usage=read_usdm_usage,
)
SPOT_DEMO, USDM_DEMO = replace(SPOT, is_demo=True), replace(USDM, is_demo=True)
"""Demo trading: keys of its own, money that is none, and no pages of the wallet."""
