"""Bybit v5, spot and derivatives; what looks like the retired v2 is handed to `bybit_old.py`.

orderbook.DEPTH.SYMBOL   snapshot or delta, `u` counts by one; a snapshot with u = 1 is a restart
publicTrade.SYMBOL       tickers.SYMBOL (a delta states only what changed)
kline.INTERVAL.SYMBOL    liquidation.SYMBOL, allLiquidation.SYMBOL
REST market/orderbook    the same book under `result`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import (
    NONE,
    BookUpdate,
    Candle,
    Control,
    Liquidation,
    Side,
    Ticker,
    Trade,
    Word,
)
from ballast.venues.normalise.bybit_old import OLD_TOPICS, parse_old
from ballast.venues.normalise.exact import (
    NS_OF_MS,
    RAW,
    BrokenError,
    Id,
    Ms,
    Raw,
    counted,
    exact,
    levels_of,
    ns_of_ms,
    side_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Event
    from ballast.venues.normalise.market import Market

_PRIVATE = frozenset({"order", "execution", "position", "wallet", "greeks", "dcp", "spread"})
_IGNORED = frozenset({"insurance", "priceLimit", "rpi", "system", "adlAlert", "kline_lt", "lt"})

_WORDS = {
    "subscribe": Word.SUBSCRIBED,
    "unsubscribe": Word.UNSUBSCRIBED,
    "ping": Word.PING,
    "pong": Word.PONG,
}


class _Envelope(msgspec.Struct):
    topic: str = ""
    type: str = ""
    ts: Ms = 0
    cts: Ms = 0
    data: Raw = RAW
    op: str = ""
    success: bool | None = None
    ret_msg: str = ""
    retMsg: str = ""  # noqa: N815 - both spellings occur in one protocol
    retCode: int | None = None  # noqa: N815 - as above
    result: Raw = RAW
    req_id: str = ""


class _Book(msgspec.Struct):
    s: str
    b: Raw
    a: Raw
    u: Id
    seq: Id = NONE
    ts: Ms = 0
    cts: Ms = 0


class _Trade(msgspec.Struct):
    T: Ms
    s: str
    S: str
    v: str
    p: str
    i: str
    BT: bool = False


class _Ticker(msgspec.Struct, rename="camel"):
    symbol: str
    last_price: str = ""
    mark_price: str = ""
    index_price: str = ""
    open_interest: str = ""
    funding_rate: str = ""
    next_funding_time: str = ""


class _Bar(msgspec.Struct):
    start: Ms
    interval: str
    open: str
    close: str
    high: str
    low: str
    volume: str
    confirm: bool
    timestamp: Ms


class _Forced(msgspec.Struct, rename={"updated_time": "updatedTime"}):
    updated_time: Ms
    symbol: str
    side: str
    size: str
    price: str


class _ForcedShort(msgspec.Struct):
    T: Ms
    s: str
    S: str
    v: str
    p: str


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_BOOK = msgspec.json.Decoder(_Book)
_TRADES = msgspec.json.Decoder(list[_Trade])
_TICKER = msgspec.json.Decoder(_Ticker)
_BARS = msgspec.json.Decoder(list[_Bar])
_FORCED = msgspec.json.Decoder(_Forced)
_FORCED_SHORT = msgspec.json.Decoder(list[_ForcedShort])


def parse_bybit(frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of Bybit."""
    envelope = _ENVELOPE.decode(frame)
    if not envelope.topic:
        return _answer(envelope, market)
    kind, _, rest = envelope.topic.partition(".")
    reader = _READERS.get(kind)
    if reader is not None and not (kind == "liquidation" and not envelope.ts):
        return reader(envelope, rest, market)
    if kind in OLD_TOPICS:
        if kind == "trade" and b'"T"' in bytes(envelope.data):
            return _trades(envelope, rest, market)
        return parse_old(kind, rest, frame, market)
    if kind in _PRIVATE:
        return [Control(Word.PRIVATE, envelope.topic)]
    if kind in _IGNORED:
        return [Control(Word.IGNORED, envelope.topic)]
    raise BrokenError("topic", f"unknown topic '{envelope.topic[:40]}'")


def _answer(envelope: _Envelope, market: Market) -> list[Event]:
    if b'"b"' in bytes(envelope.result):
        book = _BOOK.decode(envelope.result)
        return [_update(book, book.cts or book.ts, 0, market, is_snapshot=True)]
    text = envelope.ret_msg or envelope.retMsg
    if envelope.success is False or envelope.retCode:
        return [Control(Word.ERROR, text or str(envelope.retCode), envelope.req_id)]
    op = envelope.op or ("" if envelope.success is None else "subscribe")  # v2 named no operation
    if text == "pong":
        op = "pong"
    if op or envelope.retCode is not None:
        return [Control(_WORDS.get(op, Word.ANSWER), text or op, envelope.req_id)]
    raise BrokenError("message", "unknown shape")


def _book(envelope: _Envelope, rest: str, market: Market) -> list[Event]:
    depth, _, _ = rest.partition(".")
    if envelope.type not in {"snapshot", "delta"} or not (depth.isascii() and depth.isdigit()):
        raise BrokenError("type", f"a {envelope.type[:40]} of {envelope.topic[:40]}")
    book = _BOOK.decode(envelope.data)
    at_ms = envelope.cts or envelope.ts
    is_snapshot = envelope.type == "snapshot"
    return [_update(book, at_ms, int(depth[:5]), market, is_snapshot=is_snapshot)]


def _update(
    book: _Book, at_ms: int, depth: int, market: Market, *, is_snapshot: bool
) -> BookUpdate:
    bids, asks = levels_of(book.b, book.a, market.grid(book.s))
    return BookUpdate(
        symbol=book.s,
        at_ns=at_ms * NS_OF_MS,
        is_snapshot=is_snapshot,
        bids=bids,
        asks=asks,
        first_id=book.u,
        last_id=book.u,
        depth=depth,
    )


def _trades(envelope: _Envelope, _: str, market: Market) -> list[Event]:
    found: list[Event] = []
    for trade in _TRADES.decode(envelope.data):
        grid = market.grid(trade.s)
        found.append(
            Trade(
                symbol=trade.s,
                at_ns=trade.T * NS_OF_MS,
                trade_id=trade.i,
                price_ticks=counted(trade.p, grid.price, "p"),
                qty_lots=counted(trade.v, grid.qty, "v"),
                side=side_of(trade.S, "S"),
                off_book=trade.BT,
            )
        )
    return found


def _ticker(envelope: _Envelope, _: str, market: Market) -> list[Event]:
    ticker = _TICKER.decode(envelope.data)
    market.grid(ticker.symbol)
    funding_ms = ticker.next_funding_time
    return [
        Ticker(
            symbol=ticker.symbol,
            at_ns=envelope.ts * NS_OF_MS,
            last=exact(ticker.last_price, "lastPrice"),
            mark=exact(ticker.mark_price, "markPrice"),
            index=exact(ticker.index_price, "indexPrice"),
            funding_rate=exact(ticker.funding_rate, "fundingRate"),
            funding_ns=ns_of_ms(funding_ms, "nextFundingTime") or None if funding_ms else None,
            open_interest=exact(ticker.open_interest, "openInterest"),
        )
    ]


def _bars(envelope: _Envelope, rest: str, market: Market) -> list[Event]:
    symbol = rest.partition(".")[2]
    grid = market.grid(symbol)
    return [
        Candle(
            symbol=symbol,
            at_ns=bar.timestamp * NS_OF_MS,
            open_ns=bar.start * NS_OF_MS,
            interval=bar.interval,
            open_ticks=counted(bar.open, grid.price, "open"),
            high_ticks=counted(bar.high, grid.price, "high"),
            low_ticks=counted(bar.low, grid.price, "low"),
            close_ticks=counted(bar.close, grid.price, "close"),
            volume_lots=counted(bar.volume, grid.qty, "volume"),
            is_closed=bar.confirm,
        )
        for bar in _BARS.decode(envelope.data)
    ]


def _forced(envelope: _Envelope, _: str, market: Market) -> list[Event]:
    order = _FORCED.decode(envelope.data)
    return [
        _liquidation(order.symbol, order.updated_time, order.side, order.size, order.price, market)
    ]


def _all_forced(envelope: _Envelope, _: str, market: Market) -> list[Event]:
    return [
        _liquidation(order.s, order.T, order.S, order.v, order.p, market)
        for order in _FORCED_SHORT.decode(envelope.data)
    ]


def _liquidation(
    symbol: str, at_ms: int, side: str, qty: str, price: str, market: Market
) -> Liquidation:
    """Turn the side of the position, which Bybit states, into that of the order."""
    grid = market.grid(symbol)
    return Liquidation(
        symbol=symbol,
        at_ns=at_ms * NS_OF_MS,
        price_ticks=counted(price, grid.price, "price"),
        qty_lots=counted(qty, grid.qty, "size"),
        side=Side(-side_of(side, "side")),
    )


_READERS: dict[str, Callable[[_Envelope, str, Market], list[Event]]] = {
    "orderbook": _book,
    "publicTrade": _trades,
    "tickers": _ticker,
    "kline": _bars,
    "liquidation": _forced,
    "allLiquidation": _all_forced,
}
