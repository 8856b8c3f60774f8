"""Public data of Binance spot: instruments, books, trades, candles, tickers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.fronts.binance import public
from ballast.venues.simulated.fronts.binance.spot_words import amount
from ballast.venues.simulated.fronts.numbers import ratio

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Trade
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.front import BinanceFront

MINUTE_NS = 60_000_000_000
ORDER_TYPES = (
    "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)  # fmt: skip
STATUS = {
    Trading.TRADING: "TRADING",
    Trading.CANCEL_ONLY: "HALT",
    Trading.HALTED: "HALT",
    Trading.DELISTED: "BREAK",
}
RATE_LIMITS = (
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6_000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61_000},
)


def exchange_info(front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/exchangeInfo."""
    one = call.maybe_symbol()
    many = call.given.optional("symbols")
    call.given.allow("permissions", "showPermissionSets", "symbolStatus")
    call.given.finish()
    names = list(front.market.listings)
    if one is not None:
        names = [one]
    elif many is not None:
        names = [call.known(name.strip(' "')) for name in many.strip("[]").split(",")]
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "rateLimits": list(RATE_LIMITS),
        "exchangeFilters": [],
        "symbols": [_symbol(front, front.market.listings[name]) for name in names],
    }


def _symbol(front: BinanceFront, listing: Listing) -> dict[str, Any]:
    return {
        "symbol": listing.symbol,
        "status": STATUS[front.trading(listing.symbol)],
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(ORDER_TYPES),
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": [
            "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH",
        ],
    }  # fmt: skip


def _filters(listing: Listing) -> list[dict[str, Any]]:
    """Return the filters the engine holds orders to."""
    bounds = listing.filters
    market_max = bounds.market_max_qty or bounds.max_qty
    filters: list[dict[str, Any]] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": amount(bounds.min_price or listing.tick),
            "maxPrice": amount(bounds.max_price),
            "tickSize": amount(listing.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": amount(bounds.min_qty or listing.lot),
            "maxQty": amount(bounds.max_qty),
            "stepSize": amount(listing.lot),
        },
        {"filterType": "ICEBERG_PARTS", "limit": bounds.max_iceberg_parts},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": amount(bounds.market_min_qty),
            "maxQty": amount(market_max),
            "stepSize": amount(bounds.market_step),
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": amount(bounds.min_notional),
            "applyMinToMarket": bounds.min_notional_applies_to_market,
            "maxNotional": amount(bounds.max_notional) if bounds.max_notional else
            "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": bounds.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": bounds.max_conditional_orders},
    ]  # fmt: skip
    if bounds.percent_up:
        filters.append(
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": str(bounds.percent_up),
                "bidMultiplierDown": str(bounds.percent_down),
                "askMultiplierUp": str(bounds.percent_up),
                "askMultiplierDown": str(bounds.percent_down),
                "avgPriceMins": 5,
            }
        )
    return filters


def depth(front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/depth."""
    symbol = call.symbol()
    limit = call.whole("limit", 100, 5_000)
    call.given.finish()
    view = front.market.book(symbol, max(limit, 1))
    bids, asks = public.levels(front, view)
    return {"lastUpdateId": view.sequence, "bids": bids, "asks": asks}


def trades(front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/trades."""
    return [{**one, "isBestMatch": True} for one in public.recent_trades(front, call)]


def aggregate_trades(front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/aggTrades."""
    return [aggregate(front, one) for one in public.asked_trades(front, call)]


def aggregate(front: BinanceFront, one: Trade) -> dict[str, Any]:
    """Return a trade in the short names."""
    return {**public.aggregate(front, one), "M": True}


def klines(front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/klines."""
    call.given.allow("timeZone")
    return public.candles(front, call, 1_000)


def average_price(front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/avgPrice: volume weighted over five minutes, else the last price."""
    symbol = call.symbol()
    call.given.finish()
    from_ns = call.now_ns - 5 * MINUTE_NS
    found = front.board.candles(symbol, MINUTE_NS, now_ns=call.now_ns, from_ns=from_ns)
    lots, value = sum(one.lots for one in found), sum(one.value for one in found)
    price = front.words.price(symbol, front.market.last_ticks(symbol))
    if lots:
        price = ratio(value, lots, front.market.listings[symbol].tick, 8)
    return {"mins": 5, "price": price, "closeTime": call.now_ms}


def _asked_symbols(front: BinanceFront, call: Call) -> tuple[list[str], bool]:
    """Return the symbols that are asked for, and whether a single object answers."""
    one = call.maybe_symbol()
    many = call.given.optional("symbols")
    call.given.allow("type", "symbolStatus")
    call.given.finish()
    if one is not None:
        return [one], True
    if many is not None:
        return [call.known(name.strip(' "')) for name in many.strip("[]").split(",")], False
    return list(front.market.listings), False


def day_ticker(front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/ticker/24hr."""
    names, single = _asked_symbols(front, call)
    found = [ticker(front, name, call.now_ns) for name in names]
    return found[0] if single else found


def ticker(front: BinanceFront, symbol: str, now_ns: int) -> dict[str, Any]:
    """Return the day's figures of a symbol."""
    bid, ask = public.touch(front, symbol)
    day = public.day_figures(front, symbol, now_ns)
    return day | {
        "prevClosePrice": day["openPrice"],
        "bidPrice": bid[0],
        "bidQty": bid[1],
        "askPrice": ask[0],
        "askQty": ask[1],
    }


def price_ticker(front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/ticker/price."""
    names, single = _asked_symbols(front, call)
    found = [
        {"symbol": name, "price": front.words.price(name, front.market.last_ticks(name))}
        for name in names
    ]
    return found[0] if single else found


def book_ticker(front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/ticker/bookTicker."""
    names, single = _asked_symbols(front, call)
    found = []
    for name in names:
        bid, ask = public.touch(front, name)
        found.append(
            {
                "symbol": name,
                "bidPrice": bid[0],
                "bidQty": bid[1],
                "askPrice": ask[0],
                "askQty": ask[1],
            }
        )
    return found[0] if single else found
