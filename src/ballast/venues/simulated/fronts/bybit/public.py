"""Market data of Bybit: instruments, books, tickers, candles, trades, funding."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.fronts.bybit import errors
from ballast.venues.simulated.fronts.bybit.call import category_of, paged, wire_name
from ballast.venues.simulated.fronts.bybit.words import milli, order_name
from ballast.venues.simulated.fronts.numbers import shortest

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Trade
    from ballast.venues.simulated.engine.outcomes import BookView
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.board import Board, Candle
    from ballast.venues.simulated.fronts.bybit.call import Call
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified

NS_MS = 1_000_000
MINUTE_NS = 60_000_000_000
DAY_NS = 1_440 * MINUTE_NS
INTERVALS_NS = {
    **{str(minutes): minutes * MINUTE_NS
       for minutes in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)},
    "D": DAY_NS,
}  # fmt: skip
STATUS = {
    Trading.TRADING: "Trading",
    Trading.CANCEL_ONLY: "PreLaunch",
    Trading.HALTED: "PreLaunch",
    Trading.DELISTED: "Closed",
}
MAINTENANCE_STATES = {one: one for one in ("", "scheduled", "ongoing", "completed", "canceled")}
OPEN_INTEREST_TIMES = frozenset({"5min", "15min", "30min", "1h", "4h", "1d"})
BOOK_DEPTHS = {"spot": (1, 200), "linear": (25, 500)}
"""Levels of `market/orderbook`: when nothing is said, and at most."""
RATE_DIGITS = Decimal("1e-8")


def server_time(_front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/market/time."""
    return {"timeSecond": str(call.now_ns // 10**9), "timeNano": str(call.now_ns)}


def system_status(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/system/status: announcements of maintenance."""
    wanted_id, wanted = call.text("id"), call.choice("state", MAINTENANCE_STATES)
    planned = front.market.notices.maintenance
    if planned is None:
        return {"list": []}
    row = {
        "id": f"maintenance-{planned.from_ns // NS_MS}",
        "title": "Scheduled maintenance",
        "state": "ongoing" if planned.from_ns <= front.market.now_ns else "scheduled",
        "begin": str(planned.from_ns // NS_MS),
        "end": str(planned.until_ns // NS_MS),
        "href": "",
        "serviceTypes": [1, 2, 3, 4, 5],
        "product": [],
        "uidSuffix": [],
        "maintainType": 1,
        "env": 1,
    }
    is_wanted = wanted in {"", row["state"]} and wanted_id in {"", row["id"]}
    return {"list": [row] if is_wanted else []}


# Instruments ---------------------------------------------------------------------------------


def instruments(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/market/instruments-info."""
    category, status = call.category(), call.text("status", "Trading")
    rows = [
        _spot(front, one) if category == "spot" else _perpetual(front, one)
        for one in call.listings()
    ]
    rows = [row for row in rows if status == row["status"] or call.has("symbol")]
    chosen, cursor = paged(rows, call, 500, 1_000)
    answer = {"category": category, "list": chosen}
    return answer if category == "spot" else {**answer, "nextPageCursor": cursor}


def _spot(front: BybitUnified, one: Listing) -> dict[str, Any]:
    bounds = one.filters
    return {
        "symbol": wire_name(one),
        "baseCoin": one.base,
        "quoteCoin": one.quote,
        "innovation": "0",
        "status": STATUS[front.market.trading(one.symbol)],
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": shortest(one.lot),
            "quotePrecision": shortest(one.tick * one.lot),
            "minOrderQty": shortest(bounds.min_qty or one.lot),
            "maxOrderQty": shortest(bounds.max_qty),
            "minOrderAmt": shortest(bounds.min_notional),
            "maxOrderAmt": shortest(bounds.max_notional or Decimal(4_000_000)),
            "maxLimitOrderQty": shortest(bounds.max_qty),
            "maxMarketOrderQty": shortest(bounds.market_max_qty or bounds.max_qty),
        },
        "priceFilter": {"tickSize": shortest(one.tick)},
        "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
    }


def _perpetual(front: BybitUnified, one: Listing) -> dict[str, Any]:
    bounds = one.filters
    step = one.lot * one.contract
    most = bounds.max_qty * one.contract
    return {
        "symbol": wire_name(one),
        "contractType": "LinearPerpetual",
        "status": STATUS[front.market.trading(one.symbol)],
        "baseCoin": one.base,
        "quoteCoin": one.quote,
        "launchTime": "1584230400000",
        "deliveryTime": str(front.market.notices.ends_ns.get(one.symbol, 0) // NS_MS),
        "deliveryFeeRate": "",
        "priceScale": str(-int(one.tick.normalize().as_tuple().exponent)),
        "leverageFilter": {
            "minLeverage": "1",
            "maxLeverage": str(one.tiers[0].max_leverage),
            "leverageStep": "1",
        },
        "priceFilter": {
            "minPrice": shortest(bounds.min_price or one.tick),
            "maxPrice": shortest(bounds.max_price),
            "tickSize": shortest(one.tick),
        },
        "lotSizeFilter": {
            "maxOrderQty": shortest(most),
            "minOrderQty": shortest(bounds.min_qty * one.contract or step),
            "qtyStep": shortest(step),
            "postOnlyMaxOrderQty": shortest(most),
            "maxMktOrderQty": shortest(bounds.market_max_qty * one.contract or most),
            "minNotionalValue": shortest(bounds.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": front.market.profile.funding_hours * 60,
        "settleCoin": one.quote,
        "copyTrading": "none",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": False,
        "preListingInfo": None,
        "displayName": "",
        "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
    }


def risk_limit(_front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/market/risk-limit."""
    category = _derivatives(call)
    rows = [
        {
            "id": number,
            "symbol": wire_name(one),
            "riskLimitValue": shortest(tier.cap or Decimal(10**9)),
            "maintenanceMargin": shortest(tier.maintenance),
            "initialMargin": shortest((1 / Decimal(tier.max_leverage)).quantize(RATE_DIGITS)),
            "isLowestRisk": int(number == 1),
            "maxLeverage": f"{tier.max_leverage}.00",
            "mmDeduction": shortest(tier.deduction) if tier.deduction else "",
        }
        for one in call.listings()
        for number, tier in enumerate(one.tiers, 1)
    ]
    return {"category": category, "list": rows, "nextPageCursor": ""}


def _derivatives(call: Call) -> str:
    category = call.category()
    if category == "spot":
        raise errors.CATEGORY
    return category


# Books and trades ----------------------------------------------------------------------------


def levels(front: BybitUnified, view: BookView) -> tuple[list[list[str]], list[list[str]]]:
    """Return bids and asks as pairs of texts."""
    words = front.words
    bids, asks = (
        [[words.price(view.symbol, ticks), words.qty(view.symbol, lots)] for ticks, lots in side]
        for side in (view.bids, view.asks)
    )
    return bids, asks


def orderbook(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/market/orderbook."""
    listing = call.listing()
    view = front.market.book(listing.symbol, call.limit(*BOOK_DEPTHS[category_of(listing)]))
    bids, asks = levels(front, view)
    return {
        "s": wire_name(listing),
        "b": bids,
        "a": asks,
        "ts": call.now_ms,
        "u": view.sequence + 1,
        "seq": view.sequence,
        "cts": call.now_ms,
    }


def recent_trades(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/market/recent-trade: newest first."""
    listing = call.listing()
    most = 60 if category_of(listing) == "spot" else 1_000
    found = front.market.trades(listing.symbol, call.limit(min(most, 500), most))
    rows = [_trade(front, listing, one) for one in reversed(found)]
    return {"category": category_of(listing), "list": rows}


def _trade(front: BybitUnified, listing: Listing, one: Trade) -> dict[str, Any]:
    return {
        "execId": order_name(listing, one.trade_id),
        "symbol": wire_name(listing),
        "price": front.words.price(one.symbol, one.price_ticks),
        "size": front.words.qty(one.symbol, one.qty_lots),
        "side": "Buy" if one.taker_side > 0 else "Sell",
        "time": milli(one.at_ns),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(one.trade_id),
    }


# Tickers -------------------------------------------------------------------------------------


def tickers(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/market/tickers."""
    rows = [ticker(front, one, call.now_ns) for one in call.listings()]
    return {"category": call.category(), "list": rows}


def ticker(front: BybitUnified, listing: Listing, now_ns: int) -> dict[str, Any]:
    """Return the figures of a symbol's last day."""
    words, symbol, market = front.words, listing.symbol, front.market
    day = front.board.day(symbol, now_ns)
    bids, asks = levels(front, market.book(symbol, 1))
    bid, ask = (bids or [["", ""]])[0], (asks or [["", ""]])[0]
    last = market.last_ticks(symbol)
    opened = day.open if day else last
    change = Decimal(last - opened) / opened if opened else Decimal(0)
    whole = {
        "symbol": wire_name(listing),
        "bid1Price": bid[0],
        "bid1Size": bid[1],
        "ask1Price": ask[0],
        "ask1Size": ask[1],
        "lastPrice": words.price(symbol, last),
        "prevPrice24h": words.price(symbol, opened),
        "price24hPcnt": shortest(change.quantize(Decimal("1e-6"))),
        "highPrice24h": words.price(symbol, day.high if day else last),
        "lowPrice24h": words.price(symbol, day.low if day else last),
        "turnover24h": shortest(words.worth(symbol, day.value if day else 0)),
        "volume24h": words.qty(symbol, day.lots if day else 0),
    }
    if category_of(listing) == "spot":
        return {**whole, "usdIndexPrice": words.price(symbol, last)}
    return whole | _perpetual_ticker(front, listing, now_ns)


def _perpetual_ticker(front: BybitUnified, listing: Listing, now_ns: int) -> dict[str, Any]:
    words, symbol = front.words, listing.symbol
    view = front.market.perpetual(symbol)
    hour = front.board.candles(symbol, MINUTE_NS, now_ns=now_ns, from_ns=now_ns - 60 * MINUTE_NS)
    lots = front.open_lots(symbol)
    return {
        "indexPrice": words.price(symbol, view.index_ticks),
        "markPrice": words.price(symbol, view.mark_ticks),
        "prevPrice1h": words.price(symbol, hour[0].open) if hour else "",
        "openInterest": words.qty(symbol, lots),
        "openInterestValue": shortest(words.worth(symbol, lots * view.mark_ticks)),
        "fundingRate": words.rate_e9(view.funding_rate_e9),
        "nextFundingTime": milli(view.next_funding_ns),
        "fundingIntervalHour": str(front.market.profile.funding_hours),
        "fundingCap": "0.005",
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "basis": "",
        "basisRateYear": "",
        "deliveryFeeRate": "",
        "deliveryTime": str(front.market.notices.ends_ns.get(symbol, 0) // NS_MS),
        "curPreListingPhase": "",
        "preOpenPrice": "",
        "preQty": "",
        "tickDirection": "PlusTick",
    }


# Candles -------------------------------------------------------------------------------------


def klines(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/market/kline: newest first."""
    return _candles(front, call, front.board, is_traded=True)


def mark_klines(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/market/mark-price-kline: newest first, without volume."""
    _derivatives(call)
    return _candles(front, call, front.marks, is_traded=False)


def _candles(front: BybitUnified, call: Call, board: Board, *, is_traded: bool) -> Any:  # noqa: ANN401
    listing = call.listing()
    interval = call.text("interval")
    if interval not in INTERVALS_NS:
        raise errors.bad("Invalid period!")
    found = board.candles(
        listing.symbol,
        INTERVALS_NS[interval],
        now_ns=call.now_ns,
        from_ns=call.whole("start", 0) * NS_MS,
        to_ns=call.whole("end", 1 << 43) * NS_MS,
    )
    limit = call.limit(200, 1_000)
    # With a start alone the oldest are meant, as the venue does it; else the newest.
    chosen = found[:limit] if call.has("start") and not call.has("end") else found[-limit:]
    rows = [_row(front, listing.symbol, one, is_traded=is_traded) for one in reversed(chosen)]
    return {"category": category_of(listing), "symbol": wire_name(listing), "list": rows}


def _row(front: BybitUnified, symbol: str, one: Candle, *, is_traded: bool) -> list[str]:
    words = front.words
    row = [milli(one.open_ns)]
    row += [words.price(symbol, ticks) for ticks in (one.open, one.high, one.low, one.close)]
    if is_traded:
        row += [words.qty(symbol, one.lots), shortest(words.worth(symbol, one.value))]
    return row


# Funding and interest ------------------------------------------------------------------------


def funding_history(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/market/funding/history: newest first."""
    category, listing = _derivatives(call), call.listing()
    rows = [
        {
            "symbol": wire_name(listing),
            "fundingRate": front.words.rate_e9(rate_e9),
            "fundingRateTimestamp": milli(at_ns),
        }
        for at_ns, rate_e9 in reversed(front.funding.get(listing.symbol, ()))
        if call.between(at_ns)
    ]
    return {"category": category, "list": rows[: call.limit(200, 200)]}


def open_interest(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/market/open-interest: of now; no history is kept."""
    category, listing = _derivatives(call), call.listing()
    if call.text("intervalTime") not in OPEN_INTEREST_TIMES:
        raise errors.invalid("intervalTime")
    lots = front.open_lots(listing.symbol)
    row = {
        "openInterest": front.words.qty(listing.symbol, lots),
        "timestamp": str(call.now_ms),
    }
    return {
        "symbol": wire_name(listing),
        "category": category,
        "list": [row],
        "nextPageCursor": "",
    }
