"""Kraken spot: websocket v1 (arrays), the door to v2 (objects), and the REST book.

v1 sends `[channel id, content..., "book-1000", "XBT/USD"]`. A book is `as` and `bs` first, then `a`
and `b` in one or two objects, the last of which carries the checksum `c`. Every level has a time of
its own; the youngest dates the update. Levels that leave the depth are not deleted: who keeps the
book cuts it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import (
    BookUpdate,
    Candle,
    Control,
    Quote,
    Side,
    Ticker,
    Trade,
    Word,
)
from ballast.venues.normalise.exact import (
    RAW,
    BrokenError,
    Raw,
    counted,
    exact,
    levels_of,
    ns_of_seconds,
    whole,
)
from ballast.venues.normalise.kraken_v2 import parse_v2

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Event
    from ballast.venues.normalise.market import Market

_SIDES = {"b": Side.BUY, "s": Side.SELL}
_TIME = re.compile(rb'"(\d{10}\.\d{6})"')
"""A time as the levels carry it; no price or quantity has ten digits and six decimals."""
_REST_TIME = re.compile(rb",\s*(\d{10})\s*\]")
_CHECKSUM_MOST = 2**32 - 1
_WORDS = {
    "heartbeat": Word.HEARTBEAT,
    "systemStatus": Word.STATUS,
    "pong": Word.PONG,
    "ping": Word.PING,
}


class _Status(msgspec.Struct, rename="camel"):
    event: str = ""
    status: str = ""
    error_message: str = ""
    channel_name: str = ""
    error: Raw = RAW
    result: Raw = RAW
    feed: str = ""


class _Levels(msgspec.Struct, rename={"all_asks": "as", "all_bids": "bs"}):
    all_asks: Raw = RAW
    all_bids: Raw = RAW
    a: Raw = RAW
    b: Raw = RAW
    c: str = ""


class _Rest(msgspec.Struct):
    asks: Raw
    bids: Raw


class _DayTicker(msgspec.Struct):
    c: tuple[str, str]


_ARRAY = msgspec.json.Decoder(list[Raw])
_TEXT = msgspec.json.Decoder(str)
_STATUS = msgspec.json.Decoder(_Status)
_LEVELS = msgspec.json.Decoder(_Levels | None)
_TRADES = msgspec.json.Decoder(list[tuple[str, str, str, str, str, str]])
_SPREAD = msgspec.json.Decoder(tuple[str, str, str, str, str])
_BAR = msgspec.json.Decoder(tuple[str, str, str, str, str, str, str, str, int])
_DAY_TICKER = msgspec.json.Decoder(_DayTicker)
_REST = msgspec.json.Decoder(dict[str, _Rest])
_SHORTEST = 4
_PRIVATE = frozenset({"ownTrades", "openOrders"})


def parse_kraken(frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of Kraken spot."""
    if frame.lstrip()[:1] == b"[":
        return _array(frame, market)
    status = _STATUS.decode(frame)
    if status.event:
        return [_status(status)]
    if status.feed:  # Kraken Futures, another venue
        return [Control(Word.IGNORED, status.feed)]
    if bytes(status.error).lstrip()[:1] == b"[":
        return _answer(status, market)
    return parse_v2(frame, market)


def _status(status: _Status) -> Control:
    if status.event == "subscriptionStatus":
        if status.status == "error":
            return Control(Word.ERROR, status.error_message)
        gone = status.status == "unsubscribed"
        return Control(Word.UNSUBSCRIBED if gone else Word.SUBSCRIBED, status.channel_name)
    word = _WORDS.get(status.event)
    if word is not None:
        return Control(word, status.status)
    if status.event.endswith("Status"):  # the answer to an order
        return Control(Word.PRIVATE, status.event)
    if status.event == "error":
        return Control(Word.ERROR, status.error_message)
    raise BrokenError("event", f"unknown event '{status.event[:40]}'")


def _answer(status: _Status, market: Market) -> list[Event]:
    """Read an answer of the REST interface, which may be a book by pair."""
    if bytes(status.error).strip() != b"[]":
        return [Control(Word.ERROR, bytes(status.error).decode("utf-8", "replace"))]
    result = bytes(status.result)
    if b'"asks"' not in result:
        return [Control(Word.ANSWER)]
    found: list[Event] = []
    for pair, book in _REST.decode(result).items():
        bids, asks = levels_of(book.bids, book.asks, market.grid(pair))
        times = _REST_TIME.findall(result)
        at_ns = ns_of_seconds(max(times).decode(), "time") if times else 0
        found.append(BookUpdate(pair, at_ns, is_snapshot=True, bids=bids, asks=asks))
    return found


def _array(frame: bytes, market: Market) -> list[Event]:
    parts = _ARRAY.decode(frame)
    if len(parts) < _SHORTEST:
        if len(parts) > 1 and bytes(parts[1])[:1] == b'"' and _TEXT.decode(parts[1]) in _PRIVATE:
            return [Control(Word.PRIVATE, _TEXT.decode(parts[1]))]
        raise BrokenError("message", f"an array of {len(parts)}")
    pair, name = _TEXT.decode(parts[-1]), _TEXT.decode(parts[-2])
    channel, _, detail = name.partition("-")
    if channel == "book":
        return _book(parts[1:-2], pair, detail, market)
    reader = _READERS.get(channel)
    if reader is None:
        raise BrokenError("channel", f"unknown channel '{name[:40]}'")
    return reader(parts[1], pair, detail, market)


def _book(parts: list[Raw], pair: str, detail: str, market: Market) -> list[Event]:
    grid = market.grid(pair)
    bids = asks = b""
    checksum = None
    is_snapshot = False
    for part in parts:
        levels = _LEVELS.decode(part)
        if levels is None:
            continue
        if bytes(levels.all_asks) or bytes(levels.all_bids):
            is_snapshot = True
            asks, bids = bytes(levels.all_asks), bytes(levels.all_bids)
        asks = bytes(levels.a) or asks
        bids = bytes(levels.b) or bids
        if levels.c:
            checksum = whole(levels.c, "c", _CHECKSUM_MOST)
    buys, sells = levels_of(Raw(bids), Raw(asks), grid)
    times = _TIME.findall(bids + asks)
    return [
        BookUpdate(
            symbol=pair,
            at_ns=ns_of_seconds(max(times).decode(), "time") if times else 0,
            is_snapshot=is_snapshot,
            bids=buys,
            asks=sells,
            checksum=checksum,
            depth=whole(detail, "channel", 10_000) if detail else 0,
        )
    ]


def _trades(content: Raw, pair: str, _: str, market: Market) -> list[Event]:
    grid = market.grid(pair)
    found: list[Event] = []
    for price, qty, time, side, _kind, _misc in _TRADES.decode(content):
        if side not in _SIDES:
            raise BrokenError("side", f"'{side[:40]}' is no side")
        found.append(
            Trade(
                symbol=pair,
                at_ns=ns_of_seconds(time, "time"),
                trade_id="",
                price_ticks=counted(price, grid.price, "price"),
                qty_lots=counted(qty, grid.qty, "volume"),
                side=_SIDES[side],
            )
        )
    return found


def _spread(content: Raw, pair: str, _: str, market: Market) -> list[Event]:
    grid = market.grid(pair)
    bid, ask, time, bid_qty, ask_qty = _SPREAD.decode(content)
    return [
        Quote(
            symbol=pair,
            at_ns=ns_of_seconds(time, "time"),
            bid_ticks=counted(bid, grid.price, "bid"),
            bid_lots=counted(bid_qty, grid.qty, "bidVolume"),
            ask_ticks=counted(ask, grid.price, "ask"),
            ask_lots=counted(ask_qty, grid.qty, "askVolume"),
        )
    ]


def _bar(content: Raw, pair: str, interval: str, market: Market) -> list[Event]:
    """Read a candle; the feed never says that one is final."""
    grid = market.grid(pair)
    time, end, o, h, l, c, _average, volume, _count = _BAR.decode(content)
    minutes = whole(interval or "1", "interval", 100_000)
    return [
        Candle(
            symbol=pair,
            at_ns=ns_of_seconds(time, "time"),
            open_ns=ns_of_seconds(end, "etime") - minutes * 60_000_000_000,
            interval=f"{minutes}m",
            open_ticks=counted(o, grid.price, "open"),
            high_ticks=counted(h, grid.price, "high"),
            low_ticks=counted(l, grid.price, "low"),
            close_ticks=counted(c, grid.price, "close"),
            volume_lots=counted(volume, grid.qty, "volume"),
            is_closed=False,
        )
    ]


def _ticker(content: Raw, pair: str, _: str, market: Market) -> list[Event]:
    market.grid(pair)
    return [Ticker(symbol=pair, at_ns=0, last=exact(_DAY_TICKER.decode(content).c[0], "c"))]


_READERS: dict[str, Callable[[Raw, str, str, Market], list[Event]]] = {
    "trade": _trades,
    "spread": _spread,
    "ohlc": _bar,
    "ticker": _ticker,
}
