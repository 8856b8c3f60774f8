"""Coinbase Exchange, once Pro: `snapshot`, `l2update`, `match`, `ticker` by their `type`.

The book channel has no sequence. The side of a match is the maker's. `last_match` repeats the trade
before the subscription and is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import BookUpdate, Control, Quote, Side, Ticker, Trade, Word
from ballast.venues.normalise.exact import (
    BrokenError,
    Id,
    Raw,
    counted,
    exact,
    level_rows,
    levels_of,
    ns_of_iso,
    side_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Event
    from ballast.venues.normalise.market import Market

_WORDS = {
    "subscriptions": Word.SUBSCRIBED,
    "heartbeat": Word.HEARTBEAT,
    "status": Word.IGNORED,
    "last_match": Word.IGNORED,
    "received": Word.IGNORED,
    "open": Word.IGNORED,
    "done": Word.IGNORED,
    "change": Word.IGNORED,
    "activate": Word.IGNORED,
    "error": Word.ERROR,
}


class _Snapshot(msgspec.Struct):
    product_id: str
    bids: Raw
    asks: Raw
    time: str = ""


class _Changes(msgspec.Struct):
    product_id: str
    changes: list[tuple[str, str, str]]
    time: str = ""


class _Match(msgspec.Struct):
    trade_id: Id
    side: str
    size: str
    price: str
    product_id: str
    time: str


class _DayTicker(msgspec.Struct):
    product_id: str
    price: str
    best_bid: str = ""
    best_ask: str = ""
    best_bid_size: str = ""
    best_ask_size: str = ""
    time: str = ""


class _Error(msgspec.Struct):
    message: str = ""


_SNAPSHOT = msgspec.json.Decoder(_Snapshot)
_CHANGES = msgspec.json.Decoder(_Changes)
_MATCH = msgspec.json.Decoder(_Match)
_TICKER = msgspec.json.Decoder(_DayTicker)
_ERROR = msgspec.json.Decoder(_Error)


def parse_pro(kind: str, frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of this type."""
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(frame, market)
    word = _WORDS.get(kind)
    if word is None:
        raise BrokenError("type", f"unknown type '{kind[:40]}'")
    return [Control(word, _ERROR.decode(frame).message if word is Word.ERROR else kind)]


def _snapshot(frame: bytes, market: Market) -> list[Event]:
    book = _SNAPSHOT.decode(frame)
    bids, asks = levels_of(book.bids, book.asks, market.grid(book.product_id))
    at_ns = ns_of_iso(book.time, "time") if book.time else 0
    return [BookUpdate(book.product_id, at_ns, is_snapshot=True, bids=bids, asks=asks)]


def _changes(frame: bytes, market: Market) -> list[Event]:
    update = _CHANGES.decode(frame)
    grid = market.grid(update.product_id)
    sides: dict[Side, list[tuple[str, str]]] = {Side.BUY: [], Side.SELL: []}
    for side, price, qty in update.changes:
        sides[side_of(side, "changes")].append((price, qty))
    return [
        BookUpdate(
            symbol=update.product_id,
            at_ns=ns_of_iso(update.time, "time") if update.time else 0,
            is_snapshot=False,
            bids=level_rows(sides[Side.BUY], grid, "changes"),
            asks=level_rows(sides[Side.SELL], grid, "changes"),
        )
    ]


def _match(frame: bytes, market: Market) -> list[Event]:
    trade = _MATCH.decode(frame)
    grid = market.grid(trade.product_id)
    return [
        Trade(
            symbol=trade.product_id,
            at_ns=ns_of_iso(trade.time, "time"),
            trade_id=str(trade.trade_id),
            price_ticks=counted(trade.price, grid.price, "price"),
            qty_lots=counted(trade.size, grid.qty, "size"),
            side=Side(-side_of(trade.side, "side")),
        )
    ]


def _ticker(frame: bytes, market: Market) -> list[Event]:
    ticker = _TICKER.decode(frame)
    grid = market.grid(ticker.product_id)
    at_ns = ns_of_iso(ticker.time, "time") if ticker.time else 0
    found: list[Event] = [
        Ticker(symbol=ticker.product_id, at_ns=at_ns, last=exact(ticker.price, "price"))
    ]
    if ticker.best_bid and ticker.best_ask:
        found.append(
            Quote(
                symbol=ticker.product_id,
                at_ns=at_ns,
                bid_ticks=counted(ticker.best_bid, grid.price, "best_bid"),
                bid_lots=counted(ticker.best_bid_size or "0", grid.qty, "best_bid_size"),
                ask_ticks=counted(ticker.best_ask, grid.price, "best_ask"),
                ask_lots=counted(ticker.best_ask_size or "0", grid.qty, "best_ask_size"),
            )
        )
    return found


_READERS: dict[str, Callable[[bytes, Market], list[Event]]] = {
    "snapshot": _snapshot,
    "l2update": _changes,
    "match": _match,
    "ticker": _ticker,
}
