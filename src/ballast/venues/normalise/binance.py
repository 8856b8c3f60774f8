"""Binance: spot, USD-M and COIN-M, raw and combined streams, and the REST depth snapshot.

A message says what it is in `e`, save two of spot: the best quote (`u s b B a A`) and the partial
book (`lastUpdateId bids asks`), which is also the shape of the REST snapshot. A combined stream
wraps every message in `{"stream": name, "data": ...}`; the name tells a partial book of futures
from a change of one. `pu`, the number of the change before, exists only in futures.

Depth is the bulk of the traffic: it is decoded in one pass when it looks like depth, and anything
else takes the way that asks what it is first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from ballast.core.marketdata import (
    NONE,
    BookUpdate,
    Control,
    Quote,
    Side,
    Trade,
    Word,
)
from ballast.venues.normalise.binance_tickers import TICKERS, open_interest
from ballast.venues.normalise.exact import (
    NS_OF_MS,
    RAW,
    BrokenError,
    Id,
    Ms,
    Raw,
    counted,
    levels_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Event
    from ballast.venues.normalise.market import Market

_MARKET = "MARKET"
"""`X` of a trade against the book; other values are hand-overs (insurance fund, ADL)."""
_PARTIAL = re.compile(r"@depth\d+(@|$)|@depthSnapshot")


class _Depth(msgspec.Struct):
    e: Literal["depthUpdate"]
    s: str
    u: Id
    b: Raw
    a: Raw
    E: Ms = 0
    T: Ms = 0
    U: Id = NONE
    pu: Id = NONE


class _Combined(msgspec.Struct):
    stream: str
    data: _Depth


class _Envelope(msgspec.Struct, rename={"last_update_id": "lastUpdateId"}):
    stream: str = ""
    data: Raw = RAW
    e: str = ""
    event: Raw = RAW  # of the user stream, wrapped since the websocket API carries it
    last_update_id: Raw = RAW
    u: Raw = RAW
    result: Raw = RAW
    id: Raw = RAW
    error: Raw = RAW
    code: Raw = RAW
    msg: str = ""


class _Snapshot(msgspec.Struct, rename={"last_update_id": "lastUpdateId"}):
    last_update_id: Id
    bids: Raw
    asks: Raw
    E: Ms = 0
    T: Ms = 0
    symbol: str = ""


class _BestQuote(msgspec.Struct):
    u: Id
    s: str
    b: str
    B: str
    a: str
    A: str
    E: Ms = 0
    T: Ms = 0


class _Trade(msgspec.Struct):
    s: str
    t: Id
    p: str
    q: str
    T: Ms
    m: bool
    X: str = _MARKET


class _AggregateTrade(msgspec.Struct):
    s: str
    p: str
    q: str
    f: Id
    l: Id
    T: Ms
    m: bool
    a: Id = NONE


_COMBINED = msgspec.json.Decoder(_Combined)
_DEPTH = msgspec.json.Decoder(_Depth)
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_SNAPSHOT = msgspec.json.Decoder(_Snapshot)
_BEST_QUOTE = msgspec.json.Decoder(_BestQuote)
_TRADE = msgspec.json.Decoder(_Trade)
_AGGREGATE_TRADE = msgspec.json.Decoder(_AggregateTrade)
_PRIVATE = frozenset(
    {
        "executionReport", "outboundAccountPosition", "balanceUpdate", "listStatus",
        "listenKeyExpired", "eventStreamTerminated", "externalLockUpdate", "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE", "ACCOUNT_CONFIG_UPDATE", "MARGIN_CALL", "TRADE_LITE", "ALGO_UPDATE",
        "STRATEGY_UPDATE", "GRID_UPDATE", "CONDITIONAL_ORDER_TRIGGER_REJECT",
    }
)  # fmt: skip
_IGNORED = frozenset(
    {
        "24hrMiniTicker", "1hTicker", "4hTicker", "1dTicker", "avgPrice", "compositeIndex",
        "contractInfo", "assetIndexUpdate", "continuous_kline", "indexPrice_kline",
        "markPrice_kline", "indexPriceUpdate", "referencePrice", "tradingSession",
    }
)  # fmt: skip


def parse_binance(frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of any Binance market."""
    if b"depthUpdate" in frame[:120]:
        found = _quick(frame, market)
        if found is not None:
            return found
    envelope = _ENVELOPE.decode(frame)
    if envelope.stream and bytes(envelope.data):
        inner = bytes(envelope.data)
        return _message(inner, _ENVELOPE.decode(inner), envelope.stream, market)
    return _message(frame, envelope, "", market)


def _quick(frame: bytes, market: Market) -> list[Event] | None:
    """Read a change of depth in one pass; None if the message is built another way."""
    try:
        if frame.startswith(b'{"stream"'):
            combined = _COMBINED.decode(frame)
            return _depth(combined.data, combined.stream, market)
        return _depth(_DEPTH.decode(frame), "", market)
    except msgspec.MsgspecError:
        return None


def _message(frame: bytes, envelope: _Envelope, stream: str, market: Market) -> list[Event]:
    if envelope.e == "depthUpdate":
        return _depth(_DEPTH.decode(frame), stream, market)
    if envelope.e:
        return _event(frame, envelope.e, market)
    if bytes(envelope.last_update_id):
        return _snapshot(frame, stream, market)
    if bytes(envelope.u):
        return _best_quote(frame, market)
    if stream.endswith("@openInterest"):
        return open_interest(frame, market)
    return [_control(envelope)]


def _event(frame: bytes, kind: str, market: Market) -> list[Event]:
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(frame, market)
    if kind in _PRIVATE:
        return [Control(Word.PRIVATE, kind)]
    if kind in _IGNORED:
        return [Control(Word.IGNORED, kind)]
    raise BrokenError("e", f"unknown event '{kind[:40]}'")


def _control(envelope: _Envelope) -> Control:
    if bytes(envelope.event):
        return Control(Word.PRIVATE, "event")
    number = bytes(envelope.id).decode("ascii", "replace").strip('"')
    if bytes(envelope.error) or (bytes(envelope.code) and envelope.msg):
        text = envelope.msg or bytes(envelope.error).decode("utf-8", "replace")
        return Control(Word.ERROR, text, number)
    if bytes(envelope.result):
        return Control(Word.ANSWER, "", number)
    raise BrokenError("message", "unknown shape")


def _depth(depth: _Depth, stream: str, market: Market) -> list[Event]:
    bids, asks = levels_of(depth.b, depth.a, market.grid(depth.s))
    if depth.u < max(depth.U, 0):
        raise BrokenError("U", f"changes from {depth.U} to {depth.u}")
    partial = "@depth@" not in stream and _PARTIAL.search(stream) is not None
    at_ns = (depth.T or depth.E) * NS_OF_MS
    # By position: this is the bulk of all traffic, and names cost a tenth of it.
    return [BookUpdate(depth.s, at_ns, partial, bids, asks, depth.U, depth.u, depth.pu)]


def _snapshot(frame: bytes, stream: str, market: Market) -> list[Event]:
    book = _SNAPSHOT.decode(frame)
    symbol = book.symbol or stream.partition("@")[0].upper() or market.symbol
    bids, asks = levels_of(book.bids, book.asks, market.grid(symbol))
    return [
        BookUpdate(
            symbol=symbol,
            at_ns=(book.T or book.E) * NS_OF_MS,
            is_snapshot=True,
            bids=bids,
            asks=asks,
            last_id=book.last_update_id,
        )
    ]


def _best_quote(frame: bytes, market: Market) -> list[Event]:
    quote = _BEST_QUOTE.decode(frame)
    grid = market.grid(quote.s)
    return [
        Quote(
            symbol=quote.s,
            at_ns=(quote.T or quote.E) * NS_OF_MS,
            bid_ticks=counted(quote.b, grid.price, "b"),
            bid_lots=counted(quote.B, grid.qty, "B"),
            ask_ticks=counted(quote.a, grid.price, "a"),
            ask_lots=counted(quote.A, grid.qty, "A"),
            update_id=quote.u,
        )
    ]


def _trade(frame: bytes, market: Market) -> list[Event]:
    trade = _TRADE.decode(frame)
    grid = market.grid(trade.s)
    return [
        Trade(
            symbol=trade.s,
            at_ns=trade.T * NS_OF_MS,
            trade_id=str(trade.t),
            price_ticks=counted(trade.p, grid.price, "p"),
            qty_lots=counted(trade.q, grid.qty, "q"),
            side=Side.SELL if trade.m else Side.BUY,
            off_book=trade.X != _MARKET,
            first_id=trade.t,
            last_id=trade.t,
        )
    ]


def _aggregate_trade(frame: bytes, market: Market) -> list[Event]:
    trade = _AGGREGATE_TRADE.decode(frame)
    grid = market.grid(trade.s)
    if trade.f > trade.l:
        raise BrokenError("f", f"trades from {trade.f} to {trade.l}")
    return [
        Trade(
            symbol=trade.s,
            at_ns=trade.T * NS_OF_MS,
            trade_id=str(trade.a) if trade.a >= 0 else "",
            price_ticks=counted(trade.p, grid.price, "p"),
            qty_lots=counted(trade.q, grid.qty, "q"),
            side=Side.SELL if trade.m else Side.BUY,
            is_aggregate=True,
            first_id=trade.f,
            last_id=trade.l,
        )
    ]


_READERS: dict[str, Callable[[bytes, Market], list[Event]]] = {
    "bookTicker": _best_quote,
    "trade": _trade,
    "aggTrade": _aggregate_trade,
    **TICKERS,
}
