"""Access: how OKX is reached, what one may ask of it in a minute, and how its stops are moved.

OKX counts every end point by itself, in windows of two seconds, by account (trading: by account and
instrument). A call of an end point that allows `n` in two seconds costs `20 / n`, as in ccxt, and
the calls of one end point may cost 20 in a window; all together 1,000 orders in two seconds.
"""

from __future__ import annotations

from dataclasses import replace

from ballast.oms.protection.cover import Abilities
from ballast.venues.clients.access import Access
from ballast.venues.clients.okx.codes import read_fault

COST_LIMIT = 20
"""What an end point allows in two seconds whose call costs 1."""
ORDERS_MINUTE = 30_000.0
"""Orders of an account are counted over all instruments, too: 1,000 in two seconds."""
HOSTS = ("www.okx.com", "ws.okx.com")
TEST_HOSTS = ("www.okx.com", "wspap.okx.com")

ACCESS = Access(
    venue="OKX",
    ccxt_id="okx",
    read_fault=read_fault,
    data_minute=ORDERS_MINUTE,
    orders_minute=ORDERS_MINUTE,
    path_budget=COST_LIMIT,
    needs_passphrase=True,
    shares="OKX",
    stamp_back_s=27,  # OKX takes what is dated up to 30 s back: three are left, as the fence has it
)
ACCESS_SWAP = replace(ACCESS, venue="OKXSWAP")
ACCESS_TEST = replace(ACCESS, options={"sandbox": True}, shares="OKX demo trading")
ACCESS_SWAP_TEST = replace(ACCESS_TEST, venue="OKXSWAP")
"""Demo trading: the same host, a header (`x-simulated-trading`), keys and sockets of its own."""

ABILITIES = Abilities(reduces_only=False, amends_stops=True)
"""A conditional order of spot is amended in place: price and size, nothing else (51543)."""
ABILITIES_SWAP = Abilities(reduces_only=True, amends_stops=True, trails=True)


def cost_of(limit: float) -> float:
    """Return what a call costs that may be made so often in two seconds."""
    return COST_LIMIT / limit
