"""Access: how Bybit is reached, what it lets one ask, and how its stops are moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.oms.protection.cover import Abilities
from ballast.venues.clients.access import Access, Usage
from ballast.venues.clients.bybit.codes import read_fault
from ballast.venues.clients.calls import Pool

if TYPE_CHECKING:
    from collections.abc import Mapping

RECV_WINDOW_MS = 3_000
"""The node's fence waits for it (`runtime.node`)."""
REQUESTS_MINUTE = 6_000.0
"""An address may send 600 in five seconds; every request counts one. A sixth is left to others."""
ORDERS_MINUTE = 600.0
"""Ten creates, amends and cancels of each kind a second for an account without a VIP level."""
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
)
ACCESS_LINEAR = Access(
    venue="BYBITLINEAR",
    ccxt_id="bybit",
    read_fault=read_fault,
    options={"recvWindow": RECV_WINDOW_MS},
    data_minute=REQUESTS_MINUTE,
    orders_minute=ORDERS_MINUTE,
)
ABILITIES = Abilities(reduces_only=False, amends_stops=True)
"""Of spot: a stop locks the coins it sells, so only one can rest."""
ABILITIES_LINEAR = Abilities(reduces_only=True, amends_stops=True)
