"""Flows: what Kraken's ledger tells of money that came from elsewhere, and left (R-RISK-28).

`Ledgers` is asked for one type after the other: all of them at once would bring every trade too.
A question costs two points of twenty, of which half a one comes back each second, so one a minute
takes a fifth of what there is. The balance changes by the amount less the fee, on both ways. A
withdrawal that failed is told as another entry, which brings the money back.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.venues.clients.account import Flow
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.kraken.names import asset_of
from ballast.venues.clients.kraken.rows import nanoseconds
from ballast.venues.clients.market import number

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ballast.venues.clients.kraken.names import Names
    from ballast.venues.clients.market import Market

    Ask = Callable[[dict[str, str]], Awaitable[Any]]

KINDS = ("deposit", "withdrawal", "transfer")
PAGE = 50
PAGES_MAX = 100
"""5,000 entries of a type; beyond it a page that repeats itself would be asked for ever."""
MS_NS = 1_000_000


async def entries(ask: Ask, since_ms: int) -> dict[str, Any]:
    """Return the entries since a time; `ask` sends `Ledgers` with its parameters."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        found |= await _of(ask, kind, since_ms)
    first_ns = since_ms * MS_NS
    return {name: row for name, row in found.items() if _at_ns(row) >= first_ns}


async def _of(ask: Ask, kind: str, since_ms: int) -> dict[str, Any]:
    """Ask for page after page; what comes meanwhile moves rows on, so some come twice."""
    start_s = max(since_ms // 1_000 - 1, 0)  # the start itself is left out
    found: dict[str, Any] = {}
    for _ in range(PAGES_MAX):
        asked = {"type": kind, "start": str(start_s), "without_count": "true"}
        page = (await ask({**asked, "ofs": str(len(found))}))["ledger"]
        found |= page
        if len(page) < PAGE:
            return found
    raise CallError(Verdict.UNCLEAR, f"the ledger of {kind} does not end after {PAGES_MAX} pages")


def pairs_of(names: Names, rows: Mapping[str, Any], quote: str) -> list[Market]:
    """Return the pairs whose prices tell what the entries are worth."""
    assets = {asset_of(row["asset"]) for row in rows.values()} - {quote}
    both = [names.markets.get(one) for asset in assets for one in (asset + quote, quote + asset)]
    return [one for one in both if one is not None]


def flows_of(rows: dict[str, Any], quote: str, prices: Mapping[str, Decimal]) -> list[Flow]:
    """Return the entries, oldest first; an asset without a price counts nothing."""
    found = []
    # The last ones come first, and times are cut off: what seems to be of one time keeps its order.
    for ledger_id, row in reversed(rows.items()):
        asset, amount = asset_of(row["asset"]), _stated(row, "amount") - _stated(row, "fee")
        worth = _worth(asset, amount, quote, prices)
        found.append(Flow(asset, amount, worth, _at_ns(row), ledger_id))
    return sorted(found, key=lambda one: one.at_ns)


def _at_ns(row: Mapping[str, Any]) -> int:
    return nanoseconds(_stated(row, "time"))


def _stated(row: Mapping[str, Any], name: str) -> Decimal:
    """Return a number that every entry has; raise `ValueError` where it is left out."""
    if row[name] in {None, ""}:
        raise ValueError(f"an entry without its {name}")
    return number(row[name])


def _worth(asset: str, amount: Decimal, quote: str, prices: Mapping[str, Decimal]) -> Decimal:
    if asset == quote:
        return amount
    if asset + quote in prices:
        return amount * prices[asset + quote]
    inverse = prices.get(quote + asset)
    return amount / inverse if inverse else Decimal(0)
