"""Public data of Binance spot: instruments, books, trades, candles, tickers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.fronts.binance import errors
from ballast.venues.simulated.fronts.binance.spot_words import ZERO, amount
from ballast.venues.simulated.fronts.numbers import ratio

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Trade
    from ballast.venues.simulated.engine.outcomes import BookView
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.spot import BinanceSpot
    from ballast.venues.simulated.fronts.board import Candle

NS_MS = 1_000_000
MINUTE_MS = 60_000
INTERVALS_MS = {
    "1m": MINUTE_MS, "3m": 3 * MINUTE_MS, "5m": 5 * MINUTE_MS, "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS, "1h": 60 * MINUTE_MS, "2h": 120 * MINUTE_MS, "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS, "8h": 480 * MINUTE_MS, "12h": 720 * MINUTE_MS,
    "1d": 1_440 * MINUTE_MS, "3d": 4_320 * MINUTE_MS,
}  # fmt: skip
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


def ping(_front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/ping."""
    call.given.finish()
    return {}


def server_time(_front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/time."""
    call.given.finish()
    return {"serverTime": call.now_ms}


def exchange_info(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
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


def _symbol(front: BinanceSpot, listing: Listing) -> dict[str, Any]:
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


def levels(front: BinanceSpot, view: BookView) -> tuple[list[list[str]], list[list[str]]]:
    """Return bids and asks as pairs of texts."""
    words = front.words
    bids, asks = (
        [[words.price(view.symbol, ticks), words.qty(view.symbol, lots)] for ticks, lots in side]
        for side in (view.bids, view.asks)
    )
    return bids, asks


def depth(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/depth."""
    symbol = call.symbol()
    limit = call.whole("limit", 100, 5_000)
    call.given.finish()
    view = front.market.book(symbol, max(limit, 1))
    bids, asks = levels(front, view)
    return {"lastUpdateId": view.sequence, "bids": bids, "asks": asks}


def trades(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/trades."""
    symbol = call.symbol()
    limit = call.whole("limit", 500, 1_000)
    call.given.allow("fromId")
    call.given.finish()
    words = front.words
    return [
        {
            "id": one.trade_id,
            "price": words.price(symbol, one.price_ticks),
            "qty": words.qty(symbol, one.qty_lots),
            "quoteQty": words.quote(symbol, one.price_ticks * one.qty_lots),
            "time": one.at_ns // NS_MS,
            "isBuyerMaker": one.taker_side < 0,
            "isBestMatch": True,
        }
        for one in front.market.trades(symbol, limit)
    ]


def aggregate_trades(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/aggTrades: here every trade is its own aggregate."""
    symbol = call.symbol()
    from_id = call.whole("fromId", 0)
    start, end = call.whole("startTime", 0), call.whole("endTime", 2**62)
    limit = call.whole("limit", 500, 1_000)
    call.given.finish()
    found = [
        one
        for one in front.market.trades(symbol, 1_000)
        if one.trade_id >= from_id and start <= one.at_ns // NS_MS <= end
    ]
    chosen = found[:limit] if from_id or start else found[-limit:]
    return [aggregate(front, one) for one in chosen]


def aggregate(front: BinanceSpot, one: Trade) -> dict[str, Any]:
    """Return a trade in the short names."""
    return {
        "a": one.trade_id,
        "p": front.words.price(one.symbol, one.price_ticks),
        "q": front.words.qty(one.symbol, one.qty_lots),
        "f": one.trade_id,
        "l": one.trade_id,
        "T": one.at_ns // NS_MS,
        "m": one.taker_side < 0,
        "M": True,
    }


def klines(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/klines."""
    symbol = call.symbol()
    interval = call.given.required("interval")
    if interval not in INTERVALS_MS:
        raise errors.Refusal(-1120, "Invalid interval.")
    start, end = call.maybe_whole("startTime"), call.whole("endTime", 2**43)
    limit = call.whole("limit", 500, 1_000)
    call.given.allow("timeZone")
    call.given.finish()
    span_ms = INTERVALS_MS[interval]
    found = front.board.candles(
        symbol,
        span_ms * NS_MS,
        now_ns=call.now_ns,
        from_ns=(start or 0) * NS_MS,
        to_ns=end * NS_MS,
    )
    chosen = found[:limit] if start is not None else found[-limit:]
    return [_kline(front, symbol, one, span_ms) for one in chosen]


def _kline(front: BinanceSpot, symbol: str, one: Candle, span_ms: int) -> list[Any]:
    words = front.words
    open_ms = one.open_ns // NS_MS
    prices = [words.price(symbol, value) for value in (one.open, one.high, one.low, one.close)]
    return [
        open_ms,
        *prices,
        words.qty(symbol, one.lots),
        open_ms + span_ms - 1,
        words.quote(symbol, one.value),
        one.trades,
        words.qty(symbol, one.taker_buy_lots),
        words.quote(symbol, one.taker_buy_value),
        "0",
    ]


def average_price(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/avgPrice: volume weighted over five minutes, else the last price."""
    symbol = call.symbol()
    call.given.finish()
    from_ns = call.now_ns - 5 * MINUTE_MS * NS_MS
    found = front.board.candles(symbol, MINUTE_MS * NS_MS, now_ns=call.now_ns, from_ns=from_ns)
    lots, value = sum(one.lots for one in found), sum(one.value for one in found)
    price = front.words.price(symbol, front.market.last_ticks(symbol))
    if lots:
        price = ratio(value, lots, front.market.listings[symbol].tick, 8)
    return {"mins": 5, "price": price, "closeTime": call.now_ms}


def _asked_symbols(front: BinanceSpot, call: Call) -> tuple[list[str], bool]:
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


def day_ticker(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/ticker/24hr."""
    names, single = _asked_symbols(front, call)
    found = [ticker(front, name, call.now_ns) for name in names]
    return found[0] if single else found


def ticker(front: BinanceSpot, symbol: str, now_ns: int) -> dict[str, Any]:
    """Return the day's figures of a symbol."""
    words = front.words
    view = front.market.book(symbol, 1)
    bids, asks = levels(front, view)
    bid, ask = (bids or [[ZERO, ZERO]])[0], (asks or [[ZERO, ZERO]])[0]
    day = front.board.day(symbol, now_ns)
    opened, high, low, close = (day.open, day.high, day.low, day.close) if day else (0, 0, 0, 0)
    change = front.market.listings[symbol].tick * (close - opened)
    percent = 100 * change / front.market.listings[symbol].price(opened) if opened else change
    average = ZERO
    if day and day.lots:
        average = ratio(day.value, day.lots, front.market.listings[symbol].tick, 8)
    return {
        "symbol": symbol,
        "priceChange": amount(change),
        "priceChangePercent": f"{percent:.3f}",
        "weightedAvgPrice": average,
        "prevClosePrice": words.price(symbol, opened),
        "lastPrice": words.price(symbol, close),
        "lastQty": ZERO,
        "bidPrice": bid[0],
        "bidQty": bid[1],
        "askPrice": ask[0],
        "askQty": ask[1],
        "openPrice": words.price(symbol, opened),
        "highPrice": words.price(symbol, high),
        "lowPrice": words.price(symbol, low),
        "volume": words.qty(symbol, day.lots if day else 0),
        "quoteVolume": words.quote(symbol, day.value if day else 0),
        "openTime": now_ns // NS_MS - 86_400_000,
        "closeTime": now_ns // NS_MS,
        "firstId": day.first_trade if day else -1,
        "lastId": day.last_trade if day else -1,
        "count": day.trades if day else 0,
    }


def price_ticker(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/ticker/price."""
    names, single = _asked_symbols(front, call)
    found = [
        {"symbol": name, "price": front.words.price(name, front.market.last_ticks(name))}
        for name in names
    ]
    return found[0] if single else found


def book_ticker(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/ticker/bookTicker."""
    names, single = _asked_symbols(front, call)
    found = []
    for name in names:
        bids, asks = levels(front, front.market.book(name, 1))
        bid, ask = (bids or [[ZERO, ZERO]])[0], (asks or [[ZERO, ZERO]])[0]
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
