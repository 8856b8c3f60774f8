"""Access: how Bybit is reached, what it lets one ask, and how its stops are moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.oms.protection.cover import Abilities
from ballast.venues.clients.access import Access, Usage
from ballast.venues.clients.bybit.codes import read_fault
from ballast.venues.clients.bybit.words import QUESTION
from ballast.venues.clients.calls import Pool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.clients.market import Market

HOSTS = ("api.bybit.com", "stream.bybit.com")
RECV_WINDOW_MS = 3_000
"""The node's fence waits for it (`runtime.node`)."""
REQUESTS_MINUTE = 6_000.0 * QUESTION
"""An address may send 600 in five seconds, whatever they are. A sixth is left to others."""
ORDERS_MINUTE = 600.0
"""Ten creates, amends and cancels of each kind a second for an account without a VIP level."""
PATH_SECOND = 10.0
"""Of each path of an account, by the second: ten requests that change orders; fifty that ask, so
one of those weighs a fifth (`QUESTION`)."""
MS_S = 1_000.0


def read_usage(headers: Mapping[str, str]) -> tuple[Usage, ...]:
    """Read the limit of the path that was asked, which is counted by the second."""
    limit, left = headers.get("x-bapi-limit", ""), headers.get("x-bapi-limit-status", "")
    resets, now = headers.get("x-bapi-limit-reset-timestamp", ""), headers.get("timenow", "")
    if not (limit.isdigit() and left.isdigit()):
        return ()
    known = resets.isdigit() and now.isdigit()
    resets_s = max(0.0, (int(resets) - int(now)) / MS_S) if known else None
    return (Usage(Pool.ORDERS, float(int(limit) - int(left)), float(limit), resets_s),)


ACCESS = Access(
    venue="BYBIT",
    ccxt_id="bybit",
    read_fault=read_fault,
    options={"recvWindow": RECV_WINDOW_MS},
    data_minute=REQUESTS_MINUTE,
    orders_minute=ORDERS_MINUTE,
    path_budget=PATH_SECOND,
    path_window_s=1.0,
)
ACCESS_LINEAR = Access(
    venue="BYBITLINEAR",
    ccxt_id="bybit",
    read_fault=read_fault,
    options={"recvWindow": RECV_WINDOW_MS},
    data_minute=REQUESTS_MINUTE,
    orders_minute=ORDERS_MINUTE,
    path_budget=PATH_SECOND,
    path_window_s=1.0,
)
ABILITIES = Abilities(reduces_only=False, amends_stops=True)
"""Of spot: a stop locks the coins it sells, so only one can rest."""
ABILITIES_LINEAR = Abilities(reduces_only=True, amends_stops=True)


def abilities_of(market: Market) -> Abilities:
    """Return how the stops of a market are moved."""
    return ABILITIES_LINEAR if market.is_perpetual else ABILITIES
