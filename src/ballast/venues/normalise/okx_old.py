"""OKX v3 (`{"table": "swap/depth", ...}`), retired in 2021: kept for recordings of that time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from ballast.core.marketdata import (
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
    BrokenError,
    Raw,
    counted,
    exact,
    levels_of,
    ns_of_iso,
    side_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Event
    from ballast.venues.normalise.market import Market

_DEPTHS = {"depth": 400, "depth5": 5, "depth_l2_tbt": 400}
_CLOSES_LONG = "3"
"""`type` of a liquidation: 3 closes a long, 4 a short."""


class _Book(msgspec.Struct):
    instrument_id: str
    asks: Raw
    bids: Raw
    timestamp: str
    checksum: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**32 - 1)] | None = None


class _Books(msgspec.Struct):
    data: list[_Book]
    action: str = ""


class _Trade(msgspec.Struct):
    instrument_id: str
    price: str
    side: str
    timestamp: str
    trade_id: str
    size: str = ""
    qty: str = ""  # futures and swaps of the first months wrote it so


class _Trades(msgspec.Struct):
    data: list[_Trade]


class _Row(msgspec.Struct):
    instrument_id: str
    timestamp: str = ""
    last: str = ""
    best_bid: str = ""
    best_ask: str = ""
    best_bid_size: str = ""
    best_ask_size: str = ""
    open_interest: str = ""
    funding_rate: str = ""
    estimated_rate: str = ""
    funding_time: str = ""
    mark_price: str = ""


class _Rows(msgspec.Struct):
    data: list[_Row]


class _Forced(msgspec.Struct):
    instrument_id: str
    size: str
    price: str
    created_at: str
    type: str


class _ForcedRows(msgspec.Struct):
    data: list[_Forced]


_BOOKS = msgspec.json.Decoder(_Books)
_TRADES = msgspec.json.Decoder(_Trades)
_ROWS = msgspec.json.Decoder(_Rows)
_FORCED = msgspec.json.Decoder(_ForcedRows)


def parse_old(table: str, frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of a table such as `swap/trade`."""
    kind = table.partition("/")[2]
    if kind in _DEPTHS:
        return _books(frame, kind, market)
    if kind.startswith("candle") or kind == "price_range":
        return [Control(Word.IGNORED, table)]
    reader = _READERS.get(kind)
    if reader is None:
        raise BrokenError("table", f"unknown table '{table[:40]}'")
    return reader(frame, market)


def _books(frame: bytes, kind: str, market: Market) -> list[Event]:
    message = _BOOKS.decode(frame)
    if message.action not in {"partial", "update"} and kind != "depth5":
        raise BrokenError("action", f"'{message.action[:40]}'")
    found: list[Event] = []
    for book in message.data:
        bids, asks = levels_of(book.bids, book.asks, market.grid(book.instrument_id))
        found.append(
            BookUpdate(
                symbol=book.instrument_id,
                at_ns=ns_of_iso(book.timestamp, "timestamp"),
                is_snapshot=message.action != "update",
                bids=bids,
                asks=asks,
                checksum=book.checksum,
                depth=_DEPTHS[kind],
            )
        )
    return found


def _trades(frame: bytes, market: Market) -> list[Event]:
    found: list[Event] = []
    for trade in _TRADES.decode(frame).data:
        grid = market.grid(trade.instrument_id)
        found.append(
            Trade(
                symbol=trade.instrument_id,
                at_ns=ns_of_iso(trade.timestamp, "timestamp"),
                trade_id=trade.trade_id,
                price_ticks=counted(trade.price, grid.price, "price"),
                qty_lots=counted(trade.size or trade.qty, grid.qty, "size"),
                side=side_of(trade.side, "side"),
            )
        )
    return found


def _tickers(frame: bytes, market: Market) -> list[Event]:
    found: list[Event] = []
    for row in _ROWS.decode(frame).data:
        grid = market.grid(row.instrument_id)
        at_ns = ns_of_iso(row.timestamp, "timestamp") if row.timestamp else 0
        found.append(
            Ticker(
                symbol=row.instrument_id,
                at_ns=at_ns,
                last=exact(row.last, "last"),
                mark=exact(row.mark_price, "mark_price"),
                funding_rate=exact(row.funding_rate, "funding_rate"),
                predicted_rate=exact(row.estimated_rate, "estimated_rate"),
                funding_ns=ns_of_iso(row.funding_time, "funding_time") or None
                if row.funding_time
                else None,
                open_interest=exact(row.open_interest, "open_interest"),
            )
        )
        if row.best_bid or row.best_ask:
            found.append(
                Quote(
                    symbol=row.instrument_id,
                    at_ns=at_ns,
                    bid_ticks=counted(row.best_bid or "0", grid.price, "best_bid"),
                    bid_lots=counted(row.best_bid_size or "0", grid.qty, "best_bid_size"),
                    ask_ticks=counted(row.best_ask or "0", grid.price, "best_ask"),
                    ask_lots=counted(row.best_ask_size or "0", grid.qty, "best_ask_size"),
                )
            )
    return found


def _forced(frame: bytes, market: Market) -> list[Event]:
    found: list[Event] = []
    for order in _FORCED.decode(frame).data:
        grid = market.grid(order.instrument_id)
        found.append(
            Liquidation(
                symbol=order.instrument_id,
                at_ns=ns_of_iso(order.created_at, "created_at"),
                price_ticks=counted(order.price, grid.price, "price"),
                qty_lots=counted(order.size, grid.qty, "size"),
                side=Side.SELL if order.type == _CLOSES_LONG else Side.BUY,
            )
        )
    return found


_READERS: dict[str, Callable[[bytes, Market], list[Event]]] = {
    "trade": _trades,
    "ticker": _tickers,
    "funding_rate": _tickers,
    "mark_price": _tickers,
    "liquidation": _forced,
}
