"""Access: how Bybit is reached, what it lets one ask, and how its stops are moved.

Its headers tell how much is left of the path that was asked, and not which path that was: nothing
is read out of them, our own count by path holds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.oms.protection.cover import Abilities
from ballast.venues.clients.access import Access
from ballast.venues.clients.bybit.codes import read_fault
from ballast.venues.clients.bybit.words import QUESTION

if TYPE_CHECKING:
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

ACCESS = Access(
    venue="BYBIT",
    ccxt_id="bybit",
    read_fault=read_fault,
    options={"recvWindow": RECV_WINDOW_MS},
    data_minute=REQUESTS_MINUTE,
    orders_minute=ORDERS_MINUTE,
    data_second=REQUESTS_SECOND,
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
    data_second=REQUESTS_SECOND,
    path_budget=PATH_SECOND,
    path_window_s=1.0,
)
_TEST = {"recvWindow": RECV_WINDOW_MS, "sandbox": True}
ACCESS_TEST = replace(ACCESS, options=_TEST)
ACCESS_LINEAR_TEST = replace(ACCESS_LINEAR, options=_TEST)
"""The same at the venue's test network, which has accounts and keys of its own."""
ABILITIES = Abilities(reduces_only=False, amends_stops=True)
"""Of spot: a stop locks the coins it sells, so only one can rest."""
ABILITIES_LINEAR = Abilities(reduces_only=True, amends_stops=True)


def abilities_of(market: Market) -> Abilities:
    """Return how the stops of a market are moved."""
    return ABILITIES_LINEAR if market.is_perpetual else ABILITIES
