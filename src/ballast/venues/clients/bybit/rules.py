"""Rules: the venue's instruments become our markets.

Symbols of ours are base and quote (`BTCUSDT`), which are the venue's own names but for perpetuals
in USDC (`BTCPERP`). Dated futures and other categories are left out, and so is what states no
steps: it is asked for again with the next `load`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.venues.clients.bybit.words import SENDABLE
from ballast.venues.clients.market import Market, number
from ballast.venues.clients.reading import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.venues.clients.bybit.words import Category

PERPETUAL = "LinearPerpetual"
TRADING = "Trading"


def markets_of(rows: Iterable[Any], category: Category) -> dict[str, Market]:
    """Return the markets by our symbol. Of two with one name the one that trades stays."""
    found: dict[str, Market] = {}
    for row in rows:
        if not category.is_spot and row.get("contractType") != PERPETUAL:
            continue
        try:
            market = _spot(row, category) if category.is_spot else _perpetual(row, category)
        except UNREADABLE:
            continue  # a symbol announced without its steps: it cannot be traded, others can
        if min(market.tick, market.lot) <= 0:
            continue
        known = found.get(market.symbol)
        if known is None or (market.is_trading and not known.is_trading):
            found[market.symbol] = market
    return found


def _spot(row: dict[str, Any], category: Category) -> Market:
    sizes = row["lotSizeFilter"]
    largest = sizes.get("maxLimitOrderQty") or sizes.get("maxOrderQty")
    return Market(
        **_common(row, category),
        lot=number(sizes["basePrecision"]),
        min_qty=number(sizes.get("minOrderQty")),
        max_qty=number(largest),
        market_max_qty=number(sizes.get("maxMarketOrderQty") or largest),
        min_notional=number(sizes.get("minOrderAmt")),
    )


def _perpetual(row: dict[str, Any], category: Category) -> Market:
    sizes, prices = row["lotSizeFilter"], row["priceFilter"]
    largest = sizes.get("maxOrderQty")
    return Market(
        **_common(row, category),
        lot=number(sizes["qtyStep"]),
        min_qty=number(sizes.get("minOrderQty")),
        max_qty=number(largest),
        market_max_qty=number(sizes.get("maxMktOrderQty") or largest),
        min_notional=number(sizes.get("minNotionalValue")),
        min_price=number(prices.get("minPrice")),
        max_price=number(prices.get("maxPrice")),
        leverage_max=number(row["leverageFilter"].get("maxLeverage")) or Decimal(1),
        listed_ms=int(row.get("launchTime") or 0) or None,
        delists_ms=int(row.get("deliveryTime") or 0) or None,
    )


def _common(row: dict[str, Any], category: Category) -> dict[str, Any]:
    base, quote, status = str(row["baseCoin"]), str(row["quoteCoin"]), str(row["status"])
    return {
        "symbol": base + quote,
        "name": str(row["symbol"]),
        "base": base,
        "quote": quote,
        "kind": category.kind,
        "tick": number(row["priceFilter"]["tickSize"]),
        "is_trading": status == TRADING,
        "status": status,
        "kinds": SENDABLE,
    }
