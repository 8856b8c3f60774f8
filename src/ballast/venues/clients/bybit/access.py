"""Access: how Bybit is reached, what it lets one ask, and how its stops are moved.

Its headers tell how much is left of the path that was asked, for the account: others that trade it
are counted there. One account has spot and perpetuals, so both share one budget.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.oms.protection.cover import Abilities
from ballast.venues.clients.access import OF_PATH, Access, Usage
from ballast.venues.clients.bybit.codes import read_fault
from ballast.venues.clients.bybit.words import QUESTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.clients.market import Market

HOSTS = ("api.bybit.com", "stream.bybit.com")
TEST_HOSTS = ("api-testnet.bybit.com", "stream-testnet.bybit.com")
RECV_WINDOW_MS = 3_000
"""The node's fence waits for it (`runtime.node`)."""
REQUESTS_MINUTE = 6_000.0 * QUESTION
"""An address may send 600 in five seconds, whatever they are. A sixth is left to others."""
ORDERS_MINUTE = 600.0
"""Ten creates, amends and cancels of each kind a second for an account without a VIP level."""
REQUESTS_SECOND = 100.0 * QUESTION
"""The same by the second: one that asks in bursts would use up its five seconds in one."""
PATH_SECOND = 10.0
"""Of each path of an account, by the second: ten requests that change orders; fifty that ask, so
one of those weighs a fifth (`QUESTION`)."""

PATH_SPAN_S = 1.0
LIMIT, LEFT = "x-bapi-limit", "x-bapi-limit-status"


def read_usage(headers: Mapping[str, str]) -> tuple[Usage, ...]:
    """Return what the headers say of the path that was asked."""
    texts = headers.get(LIMIT, ""), headers.get(LEFT, "")
    if not all(one.isascii() and one.isdigit() for one in texts):
        return ()
    limit, left = (float(one) for one in texts)
    if not 0 <= left <= limit or not limit:
        return ()
    return (Usage(OF_PATH, limit - left, limit, PATH_SPAN_S),)


ACCESS = Access(
    venue="BYBIT",
    ccxt_id="bybit",
    read_fault=read_fault,
    options={"recvWindow": RECV_WINDOW_MS},
    data_minute=REQUESTS_MINUTE,
    orders_minute=ORDERS_MINUTE,
    data_second=REQUESTS_SECOND,
    path_budget=PATH_SECOND,
    path_window_s=PATH_SPAN_S,
    read_usage=read_usage,
    shares="BYBIT",
)
ACCESS_LINEAR = replace(ACCESS, venue="BYBITLINEAR")
_TEST = {"recvWindow": RECV_WINDOW_MS, "sandbox": True}
ACCESS_TEST = replace(ACCESS, options=_TEST, shares="BYBIT test network")
ACCESS_LINEAR_TEST = replace(ACCESS_TEST, venue="BYBITLINEAR")
"""The same at the venue's test network, which has accounts and keys of its own."""
ABILITIES = Abilities(reduces_only=False, amends_stops=True)
"""Of spot: a stop locks the coins it sells, so only one can rest."""
ABILITIES_LINEAR = Abilities(reduces_only=True, amends_stops=True)


def abilities_of(market: Market) -> Abilities:
    """Return how the stops of a market are moved."""
    return ABILITIES_LINEAR if market.is_perpetual else ABILITIES
