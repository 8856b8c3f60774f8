"""Kraken spot, websocket v2: `{"channel": "book", "type": "update", "data": [...]}`.

Prices and quantities are JSON numbers; their digits as sent matter for the checksum, so they are
never made floats. The trades of a snapshot lie before the subscription and are passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from ballast.core.marketdata import BookUpdate, Candle, Control, Quote, Ticker, Trade, Word
from ballast.venues.normalise.exact import (
    RAW,
    BrokenError,
    Id,
    Raw,
    counted,
    exact,
    level_rows,
    ns_of_iso,
    number_text,
    side_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Event, Grid
    from ballast.venues.normalise.market import Market

_PRIVATE = frozenset({"executions", "balances", "level3"})
"""`level3` needs an account."""
_TYPES = frozenset({"snapshot", "update"})


class _Envelope(msgspec.Struct):
    channel: str = ""
    type: str = ""
    data: Raw = RAW
    method: str = ""
    success: bool = True
    error: str = ""
    req_id: int = 0


class _Level(msgspec.Struct):
    price: Raw
    qty: Raw


class _Book(msgspec.Struct):
    symbol: str
    bids: list[_Level] = []
    asks: list[_Level] = []
    checksum: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)] | None = None
    timestamp: str = ""


class _Trade(msgspec.Struct):
    symbol: str
    side: str
    price: Raw
    qty: Raw
    trade_id: Id
    timestamp: str


class _DayTicker(msgspec.Struct):
    symbol: str
    bid: Raw
    bid_qty: Raw
    ask: Raw
    ask_qty: Raw
    last: Raw = RAW
    timestamp: str = ""


class _Bar(msgspec.Struct):
    symbol: str
    open: Raw
    high: Raw
    low: Raw
    close: Raw
    volume: Raw
    interval_begin: str
    interval: int
    timestamp: str = ""


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_BOOKS = msgspec.json.Decoder(list[_Book])
_TRADES = msgspec.json.Decoder(list[_Trade])
_TICKERS = msgspec.json.Decoder(list[_DayTicker])
_BARS = msgspec.json.Decoder(list[_Bar])


def parse_v2(frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of version 2."""
    envelope = _ENVELOPE.decode(frame)
    if envelope.method:
        return [_answer(envelope)]
    channel = envelope.channel
    if channel == "heartbeat":
        return [Control(Word.HEARTBEAT)]
    if channel == "status":
        return [Control(Word.STATUS)]
    if channel in _PRIVATE:
        return [Control(Word.PRIVATE, channel)]
    if channel == "instrument":
        return [Control(Word.IGNORED, channel)]
    reader = _READERS.get(channel)
    if reader is None:
        raise BrokenError("channel", f"unknown channel '{channel[:40]}'")
    if envelope.type not in _TYPES:
        raise BrokenError("type", f"'{envelope.type[:40]}'")
    return reader(envelope, market)


def _answer(envelope: _Envelope) -> Control:
    number = str(envelope.req_id) if envelope.req_id else ""
    if not envelope.success or envelope.error:
        return Control(Word.ERROR, envelope.error, number)
    match envelope.method:
        case "pong":
            return Control(Word.PONG, "", number)
        case "ping":
            return Control(Word.PING, "", number)
        case "subscribe":
            return Control(Word.SUBSCRIBED, "", number)
        case "unsubscribe":
            return Control(Word.UNSUBSCRIBED, "", number)
        case _:
            return Control(Word.PRIVATE, envelope.method, number)


def _books(envelope: _Envelope, market: Market) -> list[Event]:
    found: list[Event] = []
    for book in _BOOKS.decode(envelope.data):
        grid = market.grid(book.symbol)
        found.append(
            BookUpdate(
                symbol=book.symbol,
                at_ns=ns_of_iso(book.timestamp, "timestamp") if book.timestamp else 0,
                is_snapshot=envelope.type == "snapshot",
                bids=level_rows(map(_texts, book.bids), grid, "bids"),
                asks=level_rows(map(_texts, book.asks), grid, "asks"),
                checksum=book.checksum,
            )
        )
    return found


def _texts(level: _Level) -> tuple[str, str]:
    return number_text(level.price, "price"), number_text(level.qty, "qty")


def _trades(envelope: _Envelope, market: Market) -> list[Event]:
    trades = _TRADES.decode(envelope.data)
    if envelope.type == "snapshot":
        return [Control(Word.IGNORED, "trades before the subscription")]
    return [_trade(trade, market.grid(trade.symbol)) for trade in trades]


def _trade(trade: _Trade, grid: Grid) -> Trade:
    return Trade(
        symbol=trade.symbol,
        at_ns=ns_of_iso(trade.timestamp, "timestamp"),
        trade_id=str(trade.trade_id),
        price_ticks=counted(number_text(trade.price, "price"), grid.price, "price"),
        qty_lots=counted(number_text(trade.qty, "qty"), grid.qty, "qty"),
        side=side_of(trade.side, "side"),
    )


def _tickers(envelope: _Envelope, market: Market) -> list[Event]:
    found: list[Event] = []
    for row in _TICKERS.decode(envelope.data):
        grid = market.grid(row.symbol)
        at_ns = ns_of_iso(row.timestamp, "timestamp") if row.timestamp else 0
        found += [
            Quote(
                symbol=row.symbol,
                at_ns=at_ns,
                bid_ticks=counted(number_text(row.bid, "bid"), grid.price, "bid"),
                bid_lots=counted(number_text(row.bid_qty, "bid_qty"), grid.qty, "bid_qty"),
                ask_ticks=counted(number_text(row.ask, "ask"), grid.price, "ask"),
                ask_lots=counted(number_text(row.ask_qty, "ask_qty"), grid.qty, "ask_qty"),
            ),
            Ticker(symbol=row.symbol, at_ns=at_ns, last=exact(row.last, "last")),
        ]
    return found


def _bars(envelope: _Envelope, market: Market) -> list[Event]:
    """Read candles; the feed never says that one is final."""
    found: list[Event] = []
    for bar in _BARS.decode(envelope.data):
        grid = market.grid(bar.symbol)
        open_ns = ns_of_iso(bar.interval_begin, "interval_begin")
        found.append(
            Candle(
                symbol=bar.symbol,
                at_ns=ns_of_iso(bar.timestamp, "timestamp") if bar.timestamp else open_ns,
                open_ns=open_ns,
                interval=f"{bar.interval}m",
                open_ticks=counted(number_text(bar.open, "open"), grid.price, "open"),
                high_ticks=counted(number_text(bar.high, "high"), grid.price, "high"),
                low_ticks=counted(number_text(bar.low, "low"), grid.price, "low"),
                close_ticks=counted(number_text(bar.close, "close"), grid.price, "close"),
                volume_lots=counted(number_text(bar.volume, "volume"), grid.qty, "volume"),
                is_closed=False,
            )
        )
    return found


_READERS: dict[str, Callable[[_Envelope, Market], list[Event]]] = {
    "book": _books,
    "trade": _trades,
    "ticker": _tickers,
    "ohlc": _bars,
}
