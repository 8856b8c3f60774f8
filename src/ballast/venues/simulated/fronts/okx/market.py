"""Market data of OKX: books, trades, candles, tickers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.venues.simulated.fronts.okx import errors
from ballast.venues.simulated.fronts.okx.call import type_of
from ballast.venues.simulated.fronts.okx.words import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.simulated.engine.events import Trade
    from ballast.venues.simulated.fronts.board import Candle
    from ballast.venues.simulated.fronts.okx.call import Call
    from ballast.venues.simulated.fronts.okx.front import OkxFront

NS_MS = 1_000_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
HONG_KONG_MS = 8 * HOUR_MS
"""Bars of six hours and more open with the day of Hong Kong, those with `utc` with that of UTC."""
BARS_MS = {
    "1m": MINUTE_MS, "3m": 3 * MINUTE_MS, "5m": 5 * MINUTE_MS, "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS, "1H": HOUR_MS, "2H": 2 * HOUR_MS, "4H": 4 * HOUR_MS,
    "6H": 6 * HOUR_MS, "12H": 12 * HOUR_MS, "1D": 24 * HOUR_MS, "2D": 48 * HOUR_MS,
    "3D": 72 * HOUR_MS, "6Hutc": 6 * HOUR_MS, "12Hutc": 12 * HOUR_MS, "1Dutc": 24 * HOUR_MS,
    "2Dutc": 48 * HOUR_MS, "3Dutc": 72 * HOUR_MS,
}  # fmt: skip
BOOK_MAX = 400


def books(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/market/books."""
    listing = call.listing()
    size = call.whole("sz", 1, BOOK_MAX)
    view = front.market.book(listing.symbol, max(1, size))
    return [
        {
            "asks": levels(front, listing.symbol, view.asks),
            "bids": levels(front, listing.symbol, view.bids),
            "ts": str(call.now_ms),
            "seqId": view.sequence,
        }
    ]


def levels(front: OkxFront, symbol: str, side: Sequence[tuple[int, int]]) -> list[list[str]]:
    """Return levels: price, size, a retired field, and how many orders (here: one a level)."""
    words = front.words
    return [
        [words.price(symbol, ticks), words.qty(symbol, lots), "0", "1" if lots else "0"]
        for ticks, lots in side
    ]


def trades(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/market/trades."""
    symbol = call.listing().symbol
    limit = call.whole("limit", 100, 500)
    found = front.market.trades(symbol, 500)[-limit:] if limit else []
    return [trade(front, one) for one in reversed(found)]


def history_trades(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/market/history-trades."""
    symbol = call.listing().symbol
    by_time = call.choice("type", ("1", "2"), "1") == "2"
    rows = list(reversed(front.market.trades(symbol, 1_000)))
    found = call.page(rows, lambda one: one.at_ns // NS_MS if by_time else one.trade_id)
    return [trade(front, one) for one in found]


def trade(front: OkxFront, one: Trade) -> dict[str, str]:
    """Return a public trade."""
    return {
        "instId": one.symbol,
        "side": "buy" if one.taker_side > 0 else "sell",
        "sz": front.words.qty(one.symbol, one.qty_lots),
        "source": "0",
        "px": front.words.price(one.symbol, one.price_ticks),
        "tradeId": str(one.trade_id),
        "ts": str(one.at_ns // NS_MS),
    }


def candles(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/market/candles and /history-candles, the newest first."""
    symbol = call.listing().symbol
    bar = call.choice("bar", tuple(BARS_MS), "1m")
    found = front.board.candles(symbol, BARS_MS[bar] * NS_MS, now_ns=call.now_ns,
                                offset_ns=offset_ms(bar) * NS_MS)  # fmt: skip
    rows = list(reversed(found))
    chosen = call.page(rows, lambda one: one.open_ns // NS_MS, 300, 100)
    return [candle(front, symbol, one, bar, call.now_ms) for one in chosen]


def offset_ms(bar: str) -> int:
    """Return how long before midnight UTC a bar's day begins."""
    in_hong_kong = BARS_MS[bar] >= 6 * HOUR_MS and not bar.endswith("utc")
    return HONG_KONG_MS if in_hong_kong else 0


def candle(front: OkxFront, symbol: str, one: Candle, bar: str, now_ms: int) -> list[str]:
    """Return a candle: time, prices, volume (size, base, quote), and whether it is closed."""
    words = front.words
    open_ms = one.open_ns // NS_MS
    swap = front.market.listings[symbol].kind is Kind.PERPETUAL
    worth = text(words.worth(symbol, one.value))
    return [
        str(open_ms),
        *(words.price(symbol, value) for value in (one.open, one.high, one.low, one.close)),
        words.qty(symbol, one.lots),
        words.coins(symbol, one.lots) if swap else worth,
        worth,
        "1" if open_ms + BARS_MS[bar] <= now_ms else "0",
    ]


def one_ticker(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/market/ticker."""
    symbol = call.listing().symbol
    return [ticker(front, symbol, call.now_ns)]


def tickers(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/market/tickers."""
    found = call.chosen(needs_type=True)
    return [ticker(front, one.symbol, call.now_ns) for one in found]


def ticker(front: OkxFront, symbol: str, now_ns: int) -> dict[str, str]:
    """Return the day's figures of an instrument."""
    words, listing = front.words, front.market.listings[symbol]
    view = front.market.book(symbol, 1)
    bid, ask = (view.bids or ((0, 0),))[0], (view.asks or ((0, 0),))[0]
    day = front.board.day(symbol, now_ns)
    opened, high, low = (day.open, day.high, day.low) if day else (0, 0, 0)
    tape = front.market.trades(symbol, 1)
    last, size = (tape[-1].price_ticks, tape[-1].qty_lots) if tape else (0, 0)
    lots, value = (day.lots, day.value) if day else (0, 0)
    swap = listing.kind is Kind.PERPETUAL
    return {
        "instType": type_of(listing),
        "instId": symbol,
        "last": words.maybe_price(symbol, last),
        "lastSz": words.qty(symbol, size),
        "askPx": words.maybe_price(symbol, ask[0]),
        "askSz": words.qty(symbol, ask[1]),
        "bidPx": words.maybe_price(symbol, bid[0]),
        "bidSz": words.qty(symbol, bid[1]),
        "open24h": words.maybe_price(symbol, opened),
        "high24h": words.maybe_price(symbol, high),
        "low24h": words.maybe_price(symbol, low),
        "volCcy24h": words.coins(symbol, lots) if swap else text(words.worth(symbol, value)),
        "vol24h": words.qty(symbol, lots),
        "ts": str(now_ns // NS_MS),
        "sodUtc0": _day_open(front, symbol, now_ns, "1Dutc"),
        "sodUtc8": _day_open(front, symbol, now_ns, "1D"),
    }


def _day_open(front: OkxFront, symbol: str, now_ns: int, bar: str) -> str:
    span_ns, offset_ns = BARS_MS[bar] * NS_MS, offset_ms(bar) * NS_MS
    found = front.board.running(symbol, span_ns, now_ns=now_ns, offset_ns=offset_ns)
    return front.words.maybe_price(symbol, found.open if found else 0)


def index_tickers(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/market/index-tickers."""
    name, quote = call.given.optional("instId"), call.given.optional("quoteCcy")
    if name is None and quote is None:
        raise errors.either("quoteCcy", "instId")
    rows = {}
    for one in front.market.listings.values():
        pair = f"{one.base}-{one.quote}"
        if name in {None, pair} and quote in {None, one.quote} and pair not in rows:
            ticks = front.market.last_ticks(one.symbol)
            if one.kind is Kind.PERPETUAL:
                ticks = front.market.perpetual(one.symbol).index_ticks or ticks
            price = front.words.maybe_price(one.symbol, ticks)
            rows[pair] = {
                "instId": pair, "idxPx": price, "high24h": price, "low24h": price,
                "open24h": price, "sodUtc0": price, "sodUtc8": price, "ts": str(call.now_ms),
            }  # fmt: skip
    return list(rows.values())
