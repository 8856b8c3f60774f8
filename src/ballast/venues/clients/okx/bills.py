"""Bills: what changed the balances of the trading account: funding, and what came and went.

OKX keeps deposits in another account, the funding account. What is traded with is moved to the
trading account by a transfer, and leaves it by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.clients.account import Flow
from ballast.venues.clients.market import number
from ballast.venues.clients.okx.fills import EDGE_MS
from ballast.venues.clients.okx.questions import legible, read
from ballast.venues.clients.okx.rows import RowError, ns_of, text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from decimal import Decimal

    from ballast.venues.clients.okx.questions import Questions

BILLS_MS = 7 * 86_400_000
"""How far back `bills` reaches; before that, three months, `bills-archive` does."""
TRANSFER = "1"
"""Type of the bills of transfers."""
SIGNS = {"11": 1, "12": -1}
"""Subtypes of transfers in and out, and the sign of what they change."""


async def bills_since(asks: Questions, since_ms: int, kind: str, **more: str) -> list[Any]:
    """Return the bills of a type since a time, newest first, all pages."""
    is_old = since_ms < asks.now_ms() - BILLS_MS + EDGE_MS
    call = read(
        "privateGetAccountBillsArchive" if is_old else "privateGetAccountBills",
        5 if is_old else 10,
        type=kind,
        begin=str(since_ms),
        **more,
    )
    return await asks.pages(call, "billId")


async def flows_since(
    asks: Questions,
    quote: str,
    since_ms: int,
    prices: Callable[[str], Awaitable[Mapping[str, Decimal]]],
) -> list[Flow]:
    """Return transfers in and out, oldest first.

    `prices` says what one of each asset counts in a quote asset; what it leaves out counts nothing.
    """
    rows = await bills_since(asks, since_ms, TRANSFER)
    with legible():
        rows = [row for row in reversed(rows) if text(row, "type") == TRANSFER]
        others = any(text(row, "ccy") != quote for row in rows)
        worth = await prices(quote) if others else {}
        found = [flow_of(row, quote, worth) for row in rows]
    return sorted(found, key=lambda one: one.at_ns)


def flow_of(row: Mapping[str, Any], quote: str, prices: Mapping[str, Decimal]) -> Flow:
    """Return a bill of a transfer; raise `RowError` for one that lacks or contradicts itself."""
    asset, said, name = (text(row, one) for one in ("ccy", "balChg", "billId"))
    if not (asset and said and name):
        raise RowError("a transfer without an asset, an amount or an id")
    amount = number(said)
    if amount * SIGNS.get(text(row, "subType"), 0) < 0:
        raise RowError(f"a transfer of {amount} {asset} of subType {text(row, 'subType')}")
    worth = amount if asset == quote else amount * prices.get(asset, 0)
    return Flow(asset, amount, worth, ns_of(row, "ts"), name)
