"""Public data that all markets of Binance say alike: candles, trades, day figures, touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.binance import errors
from ballast.venues.simulated.fronts.numbers import ratio

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Trade
    from ballast.venues.simulated.engine.outcomes import BookView
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.front import BinanceFront
    from ballast.venues.simulated.fronts.board import Board, Candle

NS_MS = 1_000_000
MINUTE_MS = 60_000
DAY_MS = 1_440 * MINUTE_MS
INTERVALS_MS = {
    "1m": MINUTE_MS, "3m": 3 * MINUTE_MS, "5m": 5 * MINUTE_MS, "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS, "1h": 60 * MINUTE_MS, "2h": 120 * MINUTE_MS, "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS, "8h": 480 * MINUTE_MS, "12h": 720 * MINUTE_MS,
    "1d": DAY_MS, "3d": 3 * DAY_MS,
}  # fmt: skip


def ping(_front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET ping."""
    call.given.finish()
    return {}


def server_time(_front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET time."""
    call.given.finish()
    return {"serverTime": call.now_ms}


def levels(front: BinanceFront, view: BookView) -> tuple[list[list[str]], list[list[str]]]:
    """Return bids and asks as pairs of texts."""
    words = front.words
    bids, asks = (
        [[words.price(view.symbol, ticks), words.qty(view.symbol, lots)] for ticks, lots in side]
        for side in (view.bids, view.asks)
    )
    return bids, asks


def touch(front: BinanceFront, symbol: str) -> tuple[list[str], list[str]]:
    """Return the best bid and ask as pairs of texts; zeros where a side is empty."""
    bids, asks = levels(front, front.market.book(symbol, 1))
    nothing = [front.words.price(symbol, 0), front.words.qty(symbol, 0)]
    return (bids or [nothing])[0], (asks or [nothing])[0]


def asked_trades(front: BinanceFront, call: Call) -> list[Trade]:
    """Return the trades that a question for aggregates means; here each is its own aggregate."""
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
    return found[:limit] if from_id or start else found[-limit:]


def recent_trades(front: BinanceFront, call: Call) -> list[dict[str, Any]]:
    """Return the last trades in the long names."""
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
        }
        for one in front.market.trades(symbol, limit)
    ]


def aggregate(front: BinanceFront, one: Trade) -> dict[str, Any]:
    """Return a trade in the short names."""
    return {
        "a": one.trade_id,
        "p": front.words.price(one.symbol, one.price_ticks),
        "q": front.words.qty(one.symbol, one.qty_lots),
        "f": one.trade_id,
        "l": one.trade_id,
        "T": one.at_ns // NS_MS,
        "m": one.taker_side < 0,
    }


def candles(
    front: BinanceFront, call: Call, most: int, board: Board | None = None
) -> list[list[Any]]:
    """Return the candles a question means, at most so many; of trades unless `board` says."""
    symbol = call.symbol()
    interval = call.given.required("interval")
    if interval not in INTERVALS_MS:
        raise errors.Refusal(-1120, "Invalid interval.")
    start, end = call.maybe_whole("startTime"), call.whole("endTime", 2**43)
    limit = call.whole("limit", 500, most)
    call.given.finish()
    span_ms = INTERVALS_MS[interval]
    found = (board or front.board).candles(
        symbol,
        span_ms * NS_MS,
        now_ns=call.now_ns,
        from_ns=(start or 0) * NS_MS,
        to_ns=end * NS_MS,
    )
    chosen = found[:limit] if start is not None else found[-limit:]
    return [_row(front, symbol, one, span_ms) for one in chosen]


def _row(front: BinanceFront, symbol: str, one: Candle, span_ms: int) -> list[Any]:
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


def streamed_candle(
    front: BinanceFront, symbol: str, interval: str, open_ns: int, *, closed: bool
) -> dict[str, Any] | None:
    """Return the event of the candle that opened then; None where there is none."""
    now_ns = front.wire_now_ns
    span_ns = INTERVALS_MS[interval] * NS_MS
    found = front.board.candles(symbol, span_ns, now_ns=now_ns, from_ns=open_ns, to_ns=open_ns)
    if not found:
        return None
    one, words = found[0], front.words
    return {
        "e": "kline",
        "E": now_ns // NS_MS,
        "s": symbol,
        "k": {
            "t": open_ns // NS_MS,
            "T": (open_ns + span_ns) // NS_MS - 1,
            "s": symbol,
            "i": interval,
            "f": one.first_trade,
            "L": one.last_trade,
            "o": words.price(symbol, one.open),
            "c": words.price(symbol, one.close),
            "h": words.price(symbol, one.high),
            "l": words.price(symbol, one.low),
            "v": words.qty(symbol, one.lots),
            "n": one.trades,
            "x": closed,
            "q": words.quote(symbol, one.value),
            "V": words.qty(symbol, one.taker_buy_lots),
            "Q": words.quote(symbol, one.taker_buy_value),
            "B": "0",
        },
    }


def day_figures(front: BinanceFront, symbol: str, now_ns: int) -> dict[str, Any]:
    """Return what the last day was."""
    words, listing = front.words, front.market.listings[symbol]
    day = front.board.day(symbol, now_ns)
    opened, high, low, close = (day.open, day.high, day.low, day.close) if day else (0, 0, 0, 0)
    percent = 100 * listing.tick * (close - opened) / listing.price(opened) if opened else 0
    lots, value = (day.lots, day.value) if day else (0, 0)
    return {
        "symbol": symbol,
        "priceChange": words.price(symbol, close - opened),
        "priceChangePercent": f"{percent:.3f}",
        "weightedAvgPrice": ratio(value, lots, listing.tick, words.price_digits(symbol)),
        "lastPrice": words.price(symbol, close),
        "lastQty": words.qty(symbol, 0),
        "openPrice": words.price(symbol, opened),
        "highPrice": words.price(symbol, high),
        "lowPrice": words.price(symbol, low),
        "volume": words.qty(symbol, lots),
        "quoteVolume": words.quote(symbol, value),
        "openTime": now_ns // NS_MS - DAY_MS,
        "closeTime": now_ns // NS_MS,
        "firstId": day.first_trade if day else -1,
        "lastId": day.last_trade if day else -1,
        "count": day.trades if day else 0,
    }


def short_figures(day: dict[str, Any], *, brief: bool) -> dict[str, Any]:
    """Return a day's figures in the short names of the streams."""
    head = {"e": "24hrMiniTicker" if brief else "24hrTicker", "E": day["closeTime"]}
    head |= {"s": day["symbol"], "c": day["lastPrice"], "o": day["openPrice"]}
    head |= {"h": day["highPrice"], "l": day["lowPrice"]}
    head |= {"v": day["volume"], "q": day["quoteVolume"]}
    if brief:
        return head
    return head | {
        "p": day["priceChange"], "P": day["priceChangePercent"], "w": day["weightedAvgPrice"],
        "Q": day["lastQty"], "O": day["openTime"], "C": day["closeTime"], "F": day["firstId"],
        "L": day["lastId"], "n": day["count"],
    }  # fmt: skip
