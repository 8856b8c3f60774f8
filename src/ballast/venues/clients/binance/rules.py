"""Rules: exchangeInfo as `Market`s; a symbol whose rules cannot be read is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import OrderKind
from ballast.venues.clients.binance.rows import UNREADABLE, Row, ShapeError, read
from ballast.venues.clients.market import Market, number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

TRADING = "TRADING"
PERPETUAL = "PERPETUAL"
NEVER_MS = 4_133_404_800_000
"""`deliveryDate` of a perpetual, in the year 2100, until its end is announced."""
SPOT_KINDS = {
    "LIMIT": OrderKind.LIMIT,
    "MARKET": OrderKind.MARKET,
    "STOP_LOSS": OrderKind.STOP_MARKET,
    "STOP_LOSS_LIMIT": OrderKind.STOP_LIMIT,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT_LIMIT": OrderKind.TAKE_PROFIT_LIMIT,
}
USDM_KINDS = {
    "LIMIT": OrderKind.LIMIT,
    "MARKET": OrderKind.MARKET,
    "STOP_MARKET": OrderKind.STOP_MARKET,
    "STOP": OrderKind.STOP_LIMIT,
    "TAKE_PROFIT_MARKET": OrderKind.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT_LIMIT,
    "TRAILING_STOP_MARKET": OrderKind.TRAILING_STOP,
}


class SymbolRow(Row):
    """A symbol of exchangeInfo."""

    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    order_types: tuple[str, ...]
    filters: tuple[dict[str, Any], ...]
    allow_trailing_stop: bool = False
    oco_allowed: bool = False
    contract_type: str = ""
    margin_asset: str = ""
    onboard_date: int | None = None
    delivery_date: int | None = None


class _Symbols(Row):
    symbols: tuple[dict[str, Any], ...]


def rows_of(answer: Any) -> list[SymbolRow]:  # noqa: ANN401 - JSON
    """Return the symbols of exchangeInfo that can be read."""
    found = []
    for one in read(answer, _Symbols).symbols:
        try:
            found.append(read(one, SymbolRow))
        except ShapeError:
            continue
    return found


def spot_markets(answer: Any) -> dict[str, Market]:  # noqa: ANN401 - JSON
    """Return the markets of spot by symbol."""
    found = {}
    for row in rows_of(answer):
        kinds = kinds_of(row, SPOT_KINDS)
        if row.allow_trailing_stop and OrderKind.STOP_MARKET in kinds:
            kinds |= {OrderKind.TRAILING_STOP}
        market = market_of(row, Kind.SPOT, kinds)
        if market is not None:
            found[row.symbol] = market
    return found


def usdm_markets(answer: Any, leverages: Mapping[str, Decimal]) -> dict[str, Market]:  # noqa: ANN401
    """Return the perpetuals of USD-M by symbol; `leverages` is the most each may have."""
    found = {}
    for row in rows_of(answer):
        if row.contract_type != PERPETUAL:
            continue
        most = leverages.get(row.symbol)
        market = market_of(row, Kind.PERPETUAL, kinds_of(row, USDM_KINDS), most)
        if market is not None:
            found[row.symbol] = market
    return found


def kinds_of(row: SymbolRow, words: Mapping[str, OrderKind]) -> frozenset[OrderKind]:
    """Return the kinds of orders a symbol takes."""
    return frozenset(words[one] for one in row.order_types if one in words)


def market_of(
    row: SymbolRow, kind: Kind, kinds: frozenset[OrderKind], leverage_max: Decimal | None = None
) -> Market | None:
    """Return the market of a symbol; None where tick or lot is missing or no number."""
    filters = {str(one.get("filterType", "")): one for one in row.filters}

    def stated(name: str, field: str) -> Decimal:
        return number(filters.get(name, {}).get(field))

    try:
        tick, lot = stated("PRICE_FILTER", "tickSize"), stated("LOT_SIZE", "stepSize")
        if tick <= 0 or lot <= 0:
            return None
        least = max(
            stated("NOTIONAL", "minNotional"),
            stated("MIN_NOTIONAL", "minNotional"),  # spot's former name
            stated("MIN_NOTIONAL", "notional"),  # of USD-M
        )
        return Market(
            symbol=row.symbol,
            name=row.symbol,
            base=row.base_asset,
            quote=row.quote_asset,
            kind=kind,
            tick=tick,
            lot=lot,
            min_qty=stated("LOT_SIZE", "minQty"),
            max_qty=stated("LOT_SIZE", "maxQty"),
            market_max_qty=stated("MARKET_LOT_SIZE", "maxQty"),
            min_notional=least,
            min_price=stated("PRICE_FILTER", "minPrice"),
            max_price=stated("PRICE_FILTER", "maxPrice"),
            is_trading=row.status == TRADING,
            status=row.status,
            kinds=kinds,
            takes_pairs=row.oco_allowed,
            leverage_max=leverage_max or number(1),
            listed_ms=row.onboard_date,
            delists_ms=ends if 0 < (ends := row.delivery_date or 0) < NEVER_MS else None,
        )
    except UNREADABLE:
        return None
