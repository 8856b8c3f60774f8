"""Public data of Binance USD-M: instruments, books, trades, candles, tickers, marks, funding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.engine.profile import digits_of
from ballast.venues.simulated.fronts.binance import public, usdm_errors
from ballast.venues.simulated.fronts.binance.usdm_words import rate_e9
from ballast.venues.simulated.fronts.numbers import shortest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.usdm import BinanceUsdm

NS_MS = 1_000_000
DELIVERY_MS = 4_133_404_800_000
"""When a perpetual is delivered: never, which the venue writes as the year 2100."""
ONBOARD_MS = 1_569_398_400_000
DEPTHS = frozenset({5, 10, 20, 50, 100, 500, 1_000})
STATUS = {
    Trading.TRADING: "TRADING",
    Trading.CANCEL_ONLY: "PRE_SETTLE",
    Trading.HALTED: "PENDING_TRADING",
    Trading.DELISTED: "CLOSE",
}
RATE_LIMITS = (
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2_400},
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1_200},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
)


def exchange_info(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/exchangeInfo."""
    call.given.finish()
    listings = front.market.listings.values()
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": list(RATE_LIMITS),
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "0"}
            for asset in sorted({one.quote for one in listings})
        ],
        "symbols": [_symbol(front, one) for one in listings],
    }


def _symbol(front: BinanceUsdm, one: Listing) -> dict[str, Any]:
    tier = one.tiers[0]
    return {
        "symbol": one.symbol,
        "pair": one.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": front.market.notices.ends_ns.get(one.symbol, DELIVERY_MS * NS_MS) // NS_MS,
        "onboardDate": ONBOARD_MS,
        "status": STATUS[front.trading(one.symbol)],
        "maintMarginPercent": shortest(tier.maintenance * 100),
        "requiredMarginPercent": f"{100 / tier.max_leverage:.4f}",
        "baseAsset": one.base,
        "quoteAsset": one.quote,
        "marginAsset": one.quote,
        "pricePrecision": digits_of(one.tick),
        "quantityPrecision": digits_of(one.lot * one.contract),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": _filters(one),
        "orderTypes": [
            "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
            "TRAILING_STOP_MARKET",
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }  # fmt: skip


def _filters(one: Listing) -> list[dict[str, Any]]:
    """Return the filters the engine holds orders to."""
    bounds, step = one.filters, one.lot * one.contract
    least, most = bounds.min_qty * one.contract or step, bounds.max_qty * one.contract
    market_most = bounds.market_max_qty * one.contract or most
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": shortest(bounds.min_price or one.tick),
            "maxPrice": shortest(bounds.max_price),
            "tickSize": shortest(one.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": shortest(least),
            "maxQty": shortest(most),
            "stepSize": shortest(step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": shortest(bounds.market_min_qty * one.contract or least),
            "maxQty": shortest(market_most),
            "stepSize": shortest(bounds.market_step * one.contract or step),
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": bounds.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": bounds.max_conditional_orders},
        {"filterType": "MIN_NOTIONAL", "notional": shortest(bounds.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": str(bounds.percent_up) if bounds.percent_up else "1000",
            "multiplierDown": str(bounds.percent_down),
            "multiplierDecimal": "4",
        },
    ]


# Books and trades ----------------------------------------------------------------------------


def depth(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/depth."""
    symbol = call.symbol()
    limit = call.whole("limit", 500)
    call.given.finish()
    if limit not in DEPTHS:
        raise usdm_errors.DEPTH_LIMIT
    view = front.market.book(symbol, limit)
    bids, asks = public.levels(front, view)
    stamp = {"E": call.now_ms, "T": call.now_ms}
    return {"lastUpdateId": view.sequence, **stamp, "bids": bids, "asks": asks}


def trades(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/trades."""
    return public.recent_trades(front, call)


def aggregate_trades(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/aggTrades."""
    return [public.aggregate(front, one) for one in public.asked_trades(front, call)]


def klines(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/klines."""
    return public.candles(front, call, 1_500)


def mark_klines(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/markPriceKlines: without volume."""
    rows = public.candles(front, call, 1_500, front.ledger.marks)
    for row in rows:
        row[5] = row[7] = row[9] = row[10] = "0"
    return rows


# Tickers -------------------------------------------------------------------------------------


def _of_each(
    front: BinanceUsdm, call: Call, make: Callable[[BinanceUsdm, str, int], dict[str, Any]]
) -> Any:  # noqa: ANN401 - JSON
    """Return what is made of the symbol that is asked for, or the list of all."""
    one = call.maybe_symbol()
    call.given.finish()
    if one is not None:
        return make(front, one, call.now_ns)
    return [make(front, name, call.now_ns) for name in front.market.listings]


def day_ticker(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/ticker/24hr."""
    return _of_each(front, call, public.day_figures)


def price_ticker(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/ticker/price, and v2."""
    return _of_each(front, call, _price)


def _price(front: BinanceUsdm, symbol: str, now_ns: int) -> dict[str, Any]:
    price = front.words.price(symbol, front.market.last_ticks(symbol))
    return {"symbol": symbol, "price": price, "time": now_ns // NS_MS}


def book_ticker(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/ticker/bookTicker."""
    return _of_each(front, call, _quote)


def _quote(front: BinanceUsdm, symbol: str, now_ns: int) -> dict[str, Any]:
    bid, ask = public.touch(front, symbol)
    return {
        "symbol": symbol,
        "bidPrice": bid[0],
        "bidQty": bid[1],
        "askPrice": ask[0],
        "askQty": ask[1],
        "time": now_ns // NS_MS,
        "lastUpdateId": front.market.book(symbol, 1).sequence,
    }


# Marks, funding, interest --------------------------------------------------------------------


def premium_index(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/premiumIndex."""
    return _of_each(front, call, _premium)


def _premium(front: BinanceUsdm, symbol: str, now_ns: int) -> dict[str, Any]:
    view = front.market.perpetual(symbol)
    words = front.words
    return {
        "symbol": symbol,
        "markPrice": words.price(symbol, view.mark_ticks),
        "indexPrice": words.price(symbol, view.index_ticks),
        "estimatedSettlePrice": words.price(symbol, view.index_ticks),
        "lastFundingRate": rate_e9(view.funding_rate_e9),
        "interestRate": "0.00010000",
        "nextFundingTime": view.next_funding_ns // NS_MS,
        "time": now_ns // NS_MS,
    }


def funding_rate(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/fundingRate: oldest first."""
    symbol = call.maybe_symbol()
    start, end = call.whole("startTime", 0), call.whole("endTime", 2**62)
    limit = call.whole("limit", 100, 1_000)
    call.given.finish()
    names = [symbol] if symbol else list(front.market.listings)
    rows = [
        {
            "symbol": name,
            "fundingRate": rate_e9(value),
            "fundingTime": at_ns // NS_MS,
            "markPrice": front.words.price(name, front.market.perpetual(name).mark_ticks),
        }
        for name in names
        for at_ns, value in front.ledger.fundings(name)
        if start <= at_ns // NS_MS <= end
    ]
    return rows[:limit] if start else rows[-limit:]


def funding_info(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/fundingInfo."""
    call.given.finish()
    return [
        {
            "symbol": name,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": front.market.profile.funding_hours,
            "disclaimer": False,
        }
        for name in front.market.listings
    ]


def open_interest(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/openInterest: of the customers who have keys."""
    symbol = call.symbol()
    call.given.finish()
    accounts = sorted({one.account for one in front.keys})
    held = [one for number in accounts for one in front.market.positions(number, symbol)]
    lots = sum(abs(one.qty_lots) for one in held)
    return {
        "symbol": symbol,
        "openInterest": front.words.qty(symbol, lots),
        "time": call.now_ms,
    }
