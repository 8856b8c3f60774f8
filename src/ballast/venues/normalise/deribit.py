"""Deribit: JSON-RPC notifications of books, trades, tickers and quotes.

Numbers are JSON numbers. A book's levels are `["new" | "change" | "delete", price, amount]`, or
plain pairs where the channel groups prices; `prev_change_id` names the change before. An option
without orders has a best price of 0 or null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import (
    NONE,
    BookUpdate,
    Control,
    Liquidation,
    Quote,
    Side,
    Ticker,
    Trade,
    Word,
)
from ballast.venues.normalise.exact import (
    NS_OF_MS,
    RAW,
    BrokenError,
    Id,
    Ms,
    Raw,
    counted,
    exact,
    level_rows,
    number_text,
    side_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ballast.core.marketdata import Event, Steps
    from ballast.venues.normalise.market import Market

_PAIR, _TRIPLE = 2, 3
_PRIVATE = ("user.",)
_IGNORED = (
    "announcements", "block_", "chart.", "deribit_", "estimated_", "incremental_ticker.",
    "instrument.", "markprice.", "perpetual.", "platform_state", "rfq.", "volatility",
)  # fmt: skip
_TAKER = "T"
"""`liquidation` of a trade: who was liquidated, the taker `T`, the maker `M` or both `MT`."""


class _Parameters(msgspec.Struct):
    channel: str = ""
    data: Raw = RAW
    type: str = ""


class _Envelope(msgspec.Struct):
    method: str = ""
    params: _Parameters | None = None
    result: Raw = RAW
    error: Raw = RAW
    id: int = NONE


class _Book(msgspec.Struct):
    timestamp: Ms
    instrument_name: str
    bids: list[list[Raw]]
    asks: list[list[Raw]]
    change_id: Id = NONE
    prev_change_id: Id = NONE
    type: str = ""


class _Trade(msgspec.Struct):
    trade_id: str
    timestamp: Ms
    price: Raw
    instrument_name: str
    direction: str
    amount: Raw
    liquidation: str = ""


class _Ticker(msgspec.Struct):
    timestamp: Ms
    instrument_name: str
    last_price: Raw = RAW
    mark_price: Raw = RAW
    index_price: Raw = RAW
    underlying_price: Raw = RAW
    current_funding: Raw = RAW
    open_interest: Raw = RAW
    best_bid_price: Raw = RAW
    best_bid_amount: Raw = RAW
    best_ask_price: Raw = RAW
    best_ask_amount: Raw = RAW


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_BOOK = msgspec.json.Decoder(_Book)
_TRADES = msgspec.json.Decoder(list[_Trade])
_TICKER = msgspec.json.Decoder(_Ticker)


def parse_deribit(frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of Deribit."""
    envelope = _ENVELOPE.decode(frame)
    number = "" if envelope.id < 0 else str(envelope.id)
    if envelope.method == "subscription" and envelope.params is not None:
        return _channel(envelope.params, market)
    if envelope.method == "heartbeat" and envelope.params is not None:
        asked = envelope.params.type == "test_request"
        return [Control(Word.PING if asked else Word.HEARTBEAT)]
    if bytes(envelope.error):
        return [Control(Word.ERROR, bytes(envelope.error).decode("utf-8", "replace"), number)]
    if bytes(envelope.result):
        return [Control(Word.ANSWER, "", number)]
    raise BrokenError("message", "unknown shape")


def _channel(parameters: _Parameters, market: Market) -> list[Event]:
    channel = parameters.channel
    reader = _READERS.get(channel.partition(".")[0])
    if reader is not None:
        return reader(bytes(parameters.data), market)
    if channel.startswith(_PRIVATE):
        return [Control(Word.PRIVATE, channel)]
    if channel.startswith(_IGNORED):
        return [Control(Word.IGNORED, channel)]
    raise BrokenError("channel", f"unknown channel '{channel[:40]}'")


def _book(data: bytes, market: Market) -> list[Event]:
    book = _BOOK.decode(data)
    grid = market.grid(book.instrument_name)
    return [
        BookUpdate(
            symbol=book.instrument_name,
            at_ns=book.timestamp * NS_OF_MS,
            is_snapshot=book.type == "snapshot" or book.prev_change_id <= 0,
            bids=level_rows(_levels(book.bids), grid, "bids"),
            asks=level_rows(_levels(book.asks), grid, "asks"),
            last_id=book.change_id,
            prev_id=book.prev_change_id,
        )
    ]


def _levels(rows: list[list[Raw]]) -> Iterator[tuple[str, str]]:
    for row in rows:
        if len(row) not in {_PAIR, _TRIPLE}:
            raise BrokenError("levels", f"a level of {len(row)} values")
        gone = len(row) == _TRIPLE and bytes(row[0]) == b'"delete"'
        amount = "0" if gone else number_text(row[-1], "amount")
        yield number_text(row[-2], "price"), amount


def _trades(data: bytes, market: Market) -> list[Event]:
    found: list[Event] = []
    for trade in _TRADES.decode(data):
        grid = market.grid(trade.instrument_name)
        side = side_of(trade.direction, "direction")
        event = Trade(
            symbol=trade.instrument_name,
            at_ns=trade.timestamp * NS_OF_MS,
            trade_id=trade.trade_id,
            price_ticks=counted(number_text(trade.price, "price"), grid.price, "price"),
            qty_lots=counted(number_text(trade.amount, "amount"), grid.qty, "amount"),
            side=side,
        )
        found.append(event)
        if trade.liquidation:
            forced = side if _TAKER in trade.liquidation else Side(-side)
            found.append(
                Liquidation(event.symbol, event.at_ns, event.price_ticks, event.qty_lots, forced)
            )
    return found


def _ticker(data: bytes, market: Market) -> list[Event]:
    ticker = _TICKER.decode(data)
    grid = market.grid(ticker.instrument_name)
    at_ns = ticker.timestamp * NS_OF_MS
    index = exact(ticker.index_price, "index_price")
    return [
        Ticker(
            symbol=ticker.instrument_name,
            at_ns=at_ns,
            last=exact(ticker.last_price, "last_price"),
            mark=exact(ticker.mark_price, "mark_price"),
            index=exact(ticker.underlying_price, "underlying_price") if index is None else index,
            funding_rate=exact(ticker.current_funding, "current_funding"),
            open_interest=exact(ticker.open_interest, "open_interest"),
        ),
        Quote(
            symbol=ticker.instrument_name,
            at_ns=at_ns,
            bid_ticks=_signed(ticker.best_bid_price, grid.price, "best_bid_price"),
            bid_lots=_amount(ticker.best_bid_amount, grid.qty, "best_bid_amount"),
            ask_ticks=_signed(ticker.best_ask_price, grid.price, "best_ask_price"),
            ask_lots=_amount(ticker.best_ask_amount, grid.qty, "best_ask_amount"),
        ),
    ]


def _quote(data: bytes, market: Market) -> list[Event]:
    return _ticker(data, market)[1:]


def _amount(raw: Raw, steps: Steps, where: str) -> int:
    return 0 if bytes(raw) in {b"", b"null"} else counted(number_text(raw, where), steps, where)


def _signed(raw: Raw, steps: Steps, where: str) -> int:
    """Count steps of a number that may be missing (0), or negative: combinations are priced so."""
    if bytes(raw) in {b"", b"null"}:
        return 0
    text = number_text(raw, where)
    if text.startswith("-"):
        return -counted(text[1:], steps, where)
    return counted(text, steps, where)


_READERS: dict[str, Callable[[bytes, Market], list[Event]]] = {
    "book": _book,
    "trades": _trades,
    "ticker": _ticker,
    "quote": _quote,
}
