"""Coinbase Advanced Trade; messages of the older Exchange (Pro) feed go to `coinbase_pro.py`.

`sequence_num` counts the messages of a connection, whatever their channel: it is the `frame_id` of
every event, and a hole in it may be a hole in any book. A level is absolute: `new_quantity` 0 takes
it away. The side of a trade is the maker's, so the taker's is the other one. The trades of a
snapshot lie before the subscription and are passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import (
    NONE,
    BookUpdate,
    Candle,
    Control,
    Quote,
    Side,
    Ticker,
    Trade,
    Word,
)
from ballast.venues.normalise.coinbase_pro import parse_pro
from ballast.venues.normalise.exact import (
    NS,
    RAW,
    BrokenError,
    Id,
    Raw,
    counted,
    exact,
    level_rows,
    ns_of_iso,
    side_of,
    whole,
)
from ballast.venues.normalise.market import UnlistedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Event
    from ballast.venues.normalise.market import Market

_WORDS = {
    "subscriptions": Word.SUBSCRIBED,
    "heartbeats": Word.HEARTBEAT,
    "status": Word.IGNORED,
    "user": Word.PRIVATE,
    "futures_balance_summary": Word.PRIVATE,
}


class _Envelope(msgspec.Struct):
    channel: str = ""
    timestamp: str = ""
    sequence_num: Id = NONE
    events: Raw = RAW
    type: str = ""
    message: str = ""
    pricebook: Raw = RAW
    error: Raw = RAW


class _Change(msgspec.Struct):
    side: str
    price_level: str
    new_quantity: str


class _Changes(msgspec.Struct):
    type: str
    product_id: str
    updates: list[_Change] = []


class _Trade(msgspec.Struct):
    trade_id: str
    product_id: str
    price: str
    size: str
    side: str
    time: str


class _Trades(msgspec.Struct):
    type: str
    trades: list[_Trade] = []


class _DayTicker(msgspec.Struct):
    product_id: str
    price: str = ""
    best_bid: str = ""
    best_bid_quantity: str = ""
    best_ask: str = ""
    best_ask_quantity: str = ""


class _Tickers(msgspec.Struct):
    tickers: list[_DayTicker] = []


class _Bar(msgspec.Struct):
    start: str
    high: str
    low: str
    open: str
    close: str
    volume: str
    product_id: str


class _Bars(msgspec.Struct):
    candles: list[_Bar] = []


class _RestLevel(msgspec.Struct):
    price: str
    size: str


class _RestBook(msgspec.Struct):
    product_id: str
    bids: list[_RestLevel]
    asks: list[_RestLevel]
    time: str = ""


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_CHANGES = msgspec.json.Decoder(list[_Changes])
_TRADES = msgspec.json.Decoder(list[_Trades])
_TICKERS = msgspec.json.Decoder(list[_Tickers])
_BARS = msgspec.json.Decoder(list[_Bars])
_REST_BOOK = msgspec.json.Decoder(_RestBook)


def parse_coinbase(frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of Coinbase."""
    envelope = _ENVELOPE.decode(frame)
    if not envelope.channel:
        if bytes(envelope.pricebook):
            return _rest_book(envelope.pricebook, market)
        if envelope.type:
            return parse_pro(envelope.type, frame, market)
        if bytes(envelope.error):
            return [Control(Word.ERROR, envelope.message)]
        raise BrokenError("channel", "missing")
    word = _WORDS.get(envelope.channel)
    if word is not None:
        return [Control(word, envelope.channel, frame_id=envelope.sequence_num)]
    reader = _READERS.get(envelope.channel)
    if reader is None:
        raise BrokenError("channel", f"unknown channel '{envelope.channel[:40]}'")
    at_ns = ns_of_iso(envelope.timestamp, "timestamp")
    try:
        found = reader(envelope, at_ns, market)
    except UnlistedError as error:
        found = [Control(Word.UNLISTED, error.symbol, frame_id=envelope.sequence_num)]
    return found or [Control(Word.IGNORED, envelope.channel, frame_id=envelope.sequence_num)]


def _books(envelope: _Envelope, at_ns: int, market: Market) -> list[Event]:
    found: list[Event] = []
    for changes in _CHANGES.decode(envelope.events):
        if changes.type not in {"snapshot", "update"}:
            raise BrokenError("type", f"'{changes.type[:40]}'")
        grid = market.grid(changes.product_id)
        sides: dict[Side, list[tuple[str, str]]] = {Side.BUY: [], Side.SELL: []}
        for change in changes.updates:
            row = (change.price_level, change.new_quantity)
            sides[side_of(change.side, "side")].append(row)
        found.append(
            BookUpdate(
                symbol=changes.product_id,
                at_ns=at_ns,
                is_snapshot=changes.type == "snapshot",
                bids=level_rows(sides[Side.BUY], grid, "updates"),
                asks=level_rows(sides[Side.SELL], grid, "updates"),
                frame_id=envelope.sequence_num,
            )
        )
    return found


def _rest_book(raw: Raw, market: Market) -> list[Event]:
    book = _REST_BOOK.decode(raw)
    grid = market.grid(book.product_id)
    return [
        BookUpdate(
            symbol=book.product_id,
            at_ns=ns_of_iso(book.time, "time") if book.time else 0,
            is_snapshot=True,
            bids=level_rows(((row.price, row.size) for row in book.bids), grid, "bids"),
            asks=level_rows(((row.price, row.size) for row in book.asks), grid, "asks"),
        )
    ]


def _trades(envelope: _Envelope, _: int, market: Market) -> list[Event]:
    found: list[Event] = []
    for event in _TRADES.decode(envelope.events):
        if event.type == "snapshot":
            continue
        for trade in event.trades:
            grid = market.grid(trade.product_id)
            found.append(
                Trade(
                    symbol=trade.product_id,
                    at_ns=ns_of_iso(trade.time, "time"),
                    trade_id=trade.trade_id,
                    price_ticks=counted(trade.price, grid.price, "price"),
                    qty_lots=counted(trade.size, grid.qty, "size"),
                    side=Side(-side_of(trade.side, "side")),
                    frame_id=envelope.sequence_num,
                )
            )
    return found


def _tickers(envelope: _Envelope, at_ns: int, market: Market) -> list[Event]:
    found: list[Event] = []
    for row in (row for event in _TICKERS.decode(envelope.events) for row in event.tickers):
        grid = market.grid(row.product_id)
        number = envelope.sequence_num
        last = exact(row.price, "price")
        found.append(Ticker(symbol=row.product_id, at_ns=at_ns, last=last, frame_id=number))
        if row.best_bid and row.best_ask:
            found.append(
                Quote(
                    symbol=row.product_id,
                    at_ns=at_ns,
                    bid_ticks=counted(row.best_bid, grid.price, "best_bid"),
                    bid_lots=counted(row.best_bid_quantity or "0", grid.qty, "best_bid_quantity"),
                    ask_ticks=counted(row.best_ask, grid.price, "best_ask"),
                    ask_lots=counted(row.best_ask_quantity or "0", grid.qty, "best_ask_quantity"),
                    frame_id=number,
                )
            )
    return found


def _bars(envelope: _Envelope, at_ns: int, market: Market) -> list[Event]:
    """Read candles of five minutes, the only length; the feed never says that one is final."""
    found: list[Event] = []
    for bar in (bar for event in _BARS.decode(envelope.events) for bar in event.candles):
        grid = market.grid(bar.product_id)
        found.append(
            Candle(
                symbol=bar.product_id,
                at_ns=at_ns,
                open_ns=whole(bar.start, "start", 2**32) * NS,
                interval="5m",
                open_ticks=counted(bar.open, grid.price, "open"),
                high_ticks=counted(bar.high, grid.price, "high"),
                low_ticks=counted(bar.low, grid.price, "low"),
                close_ticks=counted(bar.close, grid.price, "close"),
                volume_lots=counted(bar.volume, grid.qty, "volume"),
                is_closed=False,
            )
        )
    return found


_READERS: dict[str, Callable[[_Envelope, int, Market], list[Event]]] = {
    "l2_data": _books,
    "market_trades": _trades,
    "ticker": _tickers,
    "ticker_batch": _tickers,
    "candles": _bars,
}
