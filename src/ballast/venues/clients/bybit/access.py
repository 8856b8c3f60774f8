"""Access: how Bybit is reached, what it lets one ask, and how its stops are moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import TriggerBy
from ballast.oms.protection.cover import Abilities
from ballast.venues.clients.access import Access, Usage
from ballast.venues.clients.bybit import words
from ballast.venues.clients.bybit.codes import read_fault
from ballast.venues.clients.calls import Pool
from ballast.venues.clients.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.clients.market import Market

HOSTS = ("api.bybit.com", "stream.bybit.com")
RECV_WINDOW_MS = 3_000
"""The node's fence waits for it (`runtime.node`)."""
REQUESTS_MINUTE = 6_000.0
"""An address may send 600 in five seconds; every request counts one. A sixth is left to others."""
ORDERS_MINUTE = 600.0
"""Ten creates, amends and cancels of each kind a second for an account without a VIP level."""
ORDERS_SECOND = 10.0
DATA_SECOND = 40.0
"""Of each path of an account: ten requests that change orders, fifty that ask."""
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
    data_second=DATA_SECOND,
    orders_second=ORDERS_SECOND,
)
ACCESS_LINEAR = Access(
    venue="BYBITLINEAR",
    ccxt_id="bybit",
    read_fault=read_fault,
    options={"recvWindow": RECV_WINDOW_MS},
    data_minute=REQUESTS_MINUTE,
    orders_minute=ORDERS_MINUTE,
    data_second=DATA_SECOND,
    orders_second=ORDERS_SECOND,
)
ABILITIES = Abilities(reduces_only=False, amends_stops=True)
"""Of spot: a stop locks the coins it sells, so only one can rest."""
ABILITIES_LINEAR = Abilities(reduces_only=True, amends_stops=True)


def abilities_of(market: Market) -> Abilities:
    """Return how the stops of a market are moved."""
    return ABILITIES_LINEAR if market.is_perpetual else ABILITIES


FACTS = Facts(
    kinds=words.SENDABLE,
    tifs=frozenset(words.TIFS),
    triggers=frozenset({TriggerBy.LAST}),
    sizes_by_money=True,
    amends_orders=True,
    tells_status=False,
    takes_ids_once=True,
)
FACTS_LINEAR = Facts(
    kinds=words.SENDABLE,
    tifs=frozenset(words.TIFS),
    triggers=frozenset(words.TRIGGERS),
    amends_orders=True,
    sets_position_stops=True,
    tells_status=False,
    takes_ids_once=True,
)
