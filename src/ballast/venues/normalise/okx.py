"""OKX v5, spot and swap; the retired v3 (`table`) is handed to `okx_old.py`.

    books, books5, books-l2-tbt, books50-l2-tbt   snapshot, then updates: `prevSeqId` names the one
                                                  before; the CRC32 `checksum` is over the text sent
    bbo-tbt, trades, trades-all, tickers, mark-price, index-tickers, funding-rate, open-interest,
    candle..., and the REST book (`market/books`), which does not name its instrument

Quantities of swaps are contracts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from ballast.core.marketdata import (
    NONE,
    BookUpdate,
    Candle,
    Control,
    Event,
    Quote,
    Ticker,
    Trade,
    Word,
)
from ballast.venues.normalise.exact import (
    RAW,
    BrokenError,
    Id,
    Raw,
    counted,
    exact,
    levels_of,
    ns_of_ms,
    side_of,
)
from ballast.venues.normalise.okx_old import parse_old

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Grid, Levels
    from ballast.venues.normalise.market import Market

Checksum = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**32 - 1)]
_DEPTHS = {"books": 400, "books5": 5, "books-l2-tbt": 400, "books50-l2-tbt": 50}
_WHOLE = frozenset({"books5"})
"""Channels that send whole books without saying so."""
_PRIVATE = frozenset(
    {
        "account", "positions", "balance_and_position", "orders", "orders-algo", "algo-advance",
        "fills", "liquidation-warning", "account-greeks", "sprd-orders", "sprd-trades",
        "grid-orders-spot", "grid-orders-contract", "grid-positions", "rfqs", "quotes",
    }
)  # fmt: skip
_IGNORED = frozenset(
    {
        "instruments", "status", "price-limit", "opt-summary", "estimated-price", "index-candle",
        "liquidation-orders", "adl-warning", "economic-calendar", "public-struc-block-trades",
        "public-block-trades", "block-tickers", "option-trades", "call-auction-details",
    }
)  # fmt: skip
_WORDS = {
    "subscribe": Word.SUBSCRIBED,
    "unsubscribe": Word.UNSUBSCRIBED,
    "error": Word.ERROR,
    "login": Word.ANSWER,
    "notice": Word.STATUS,
    "channel-conn-count": Word.STATUS,
    "channel-conn-count-error": Word.ERROR,
}


class _Argument(msgspec.Struct, rename={"inst_id": "instId"}):
    channel: str = ""
    inst_id: str = ""


class _Envelope(msgspec.Struct):
    arg: _Argument | None = None
    action: str = ""
    data: Raw = RAW
    event: str = ""
    code: str = ""
    msg: str = ""
    id: str = ""
    op: str = ""
    table: str = ""


class _Book(msgspec.Struct, rename="camel"):
    asks: Raw
    bids: Raw
    ts: str
    checksum: Checksum | None = None
    seq_id: Id = NONE
    prev_seq_id: Id = NONE
    inst_id: str = ""


class _Trade(msgspec.Struct, rename="camel"):
    inst_id: str
    trade_id: str
    px: str
    sz: str
    side: str
    ts: str
    count: str = "1"


class _Fields(msgspec.Struct, rename="camel"):
    """A row of any of the channels that make a ticker."""

    inst_id: str
    ts: str = ""
    last: str = ""
    bid_px: str = ""
    bid_sz: str = ""
    ask_px: str = ""
    ask_sz: str = ""
    mark_px: str = ""
    idx_px: str = ""
    funding_rate: str = ""
    next_funding_rate: str = ""
    funding_time: str = ""
    oi: str = ""


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_BOOKS = msgspec.json.Decoder(list[_Book])
_TRADES = msgspec.json.Decoder(list[_Trade])
_FIELDS = msgspec.json.Decoder(list[_Fields])
_BARS = msgspec.json.Decoder(list[list[str]])
_BAR_COLUMNS = 9


def parse_okx(frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of OKX."""
    if frame.strip() in {b"pong", b"ping"}:
        return [Control(Word.PONG if frame.strip() == b"pong" else Word.PING)]
    envelope = _ENVELOPE.decode(frame)
    if envelope.table:
        return parse_old(envelope.table, frame, market)
    if envelope.event:
        word = _WORDS.get(envelope.event)
        if word is None:
            raise BrokenError("event", f"unknown event '{envelope.event[:40]}'")
        topic = envelope.arg.channel if envelope.arg is not None else envelope.event
        return [Control(word, envelope.msg or topic, envelope.id)]
    if envelope.arg is not None and envelope.arg.channel:
        return _channel(envelope, envelope.arg, market)
    return _answer(envelope, market)


def _answer(envelope: _Envelope, market: Market) -> list[Event]:
    """Read an answer to a request, which may be a book."""
    if not envelope.code:
        raise BrokenError("message", "unknown shape")
    if envelope.code != "0":
        return [Control(Word.ERROR, envelope.msg or envelope.code, envelope.id)]
    data = bytes(envelope.data)
    if b'"bids"' in data and b'"asks"' in data:
        return _books(envelope, _Argument("books", market.symbol), market, is_snapshot=True)
    return [Control(Word.ANSWER, envelope.op, envelope.id)]


def _channel(envelope: _Envelope, argument: _Argument, market: Market) -> list[Event]:
    channel = argument.channel
    if channel in _DEPTHS:
        if channel not in _WHOLE and envelope.action not in {"snapshot", "update"}:
            raise BrokenError("action", f"'{envelope.action[:40]}'")
        is_snapshot = channel in _WHOLE or envelope.action == "snapshot"
        return _books(envelope, argument, market, is_snapshot=is_snapshot)
    if channel.startswith("candle"):
        return _bars(envelope, argument, market)
    reader = _READERS.get(channel)
    if reader is not None:
        return reader(envelope, argument, market)
    if channel in _PRIVATE:
        return [Control(Word.PRIVATE, channel)]
    if channel in _IGNORED or "candle" in channel:
        return [Control(Word.IGNORED, channel)]
    raise BrokenError("arg.channel", f"unknown channel '{channel[:40]}'")


def _books(
    envelope: _Envelope, argument: _Argument, market: Market, *, is_snapshot: bool
) -> list[Event]:
    found: list[Event] = []
    for book in _BOOKS.decode(envelope.data):
        symbol = book.inst_id or argument.inst_id
        bids, asks = levels_of(book.bids, book.asks, market.grid(symbol))
        found.append(
            BookUpdate(
                symbol=symbol,
                at_ns=ns_of_ms(book.ts, "ts"),
                is_snapshot=is_snapshot,
                bids=bids,
                asks=asks,
                last_id=book.seq_id,
                prev_id=book.prev_seq_id,
                checksum=book.checksum,
                depth=_DEPTHS[argument.channel],
            )
        )
    return found


def _quotes(envelope: _Envelope, argument: _Argument, market: Market) -> list[Event]:
    found: list[Event] = []
    for book in _BOOKS.decode(envelope.data):
        bids, asks = levels_of(book.bids, book.asks, market.grid(argument.inst_id))
        bid, ask = _best(bids), _best(asks)
        found.append(
            Quote(argument.inst_id, ns_of_ms(book.ts, "ts"), *bid, *ask, update_id=book.seq_id)
        )
    return found


def _best(levels: Levels) -> tuple[int, int]:
    return (int(levels[0, 0]), int(levels[0, 1])) if len(levels) else (0, 0)


def _trades(envelope: _Envelope, _: _Argument, market: Market) -> list[Event]:
    found: list[Event] = []
    for trade in _TRADES.decode(envelope.data):
        grid = market.grid(trade.inst_id)
        found.append(
            Trade(
                symbol=trade.inst_id,
                at_ns=ns_of_ms(trade.ts, "ts"),
                trade_id=trade.trade_id,
                price_ticks=counted(trade.px, grid.price, "px"),
                qty_lots=counted(trade.sz, grid.qty, "sz"),
                side=side_of(trade.side, "side"),
                is_aggregate=trade.count != "1",
            )
        )
    return found


def _tickers(envelope: _Envelope, argument: _Argument, market: Market) -> list[Event]:
    found: list[Event] = []
    for row in _FIELDS.decode(envelope.data):
        at_ns = ns_of_ms(row.ts, "ts") if row.ts else 0
        if argument.channel == "index-tickers":  # of an index, which is no instrument
            found.append(Ticker(row.inst_id, at_ns, index=exact(row.idx_px, "idxPx")))
            continue
        grid = market.grid(row.inst_id)
        funding = row.funding_time
        found.append(
            Ticker(
                symbol=row.inst_id,
                at_ns=at_ns,
                last=exact(row.last, "last"),
                mark=exact(row.mark_px, "markPx"),
                funding_rate=exact(row.funding_rate, "fundingRate"),
                predicted_rate=exact(row.next_funding_rate, "nextFundingRate"),
                funding_ns=ns_of_ms(funding, "fundingTime") if funding else None,
                open_interest=exact(row.oi, "oi"),
            )
        )
        if row.bid_px or row.ask_px:
            bid = counted(row.bid_px or "0", grid.price, "bidPx"), _lots(row.bid_sz, grid)
            ask = counted(row.ask_px or "0", grid.price, "askPx"), _lots(row.ask_sz, grid)
            found.append(Quote(row.inst_id, at_ns, *bid, *ask))
    return found


def _lots(text: str, grid: Grid) -> int:
    return counted(text or "0", grid.qty, "size")


def _bars(envelope: _Envelope, argument: _Argument, market: Market) -> list[Event]:
    grid = market.grid(argument.inst_id)
    found: list[Event] = []
    for row in _BARS.decode(envelope.data):
        if len(row) != _BAR_COLUMNS:
            raise BrokenError("data", f"a candle of {len(row)} values")
        open_ns = ns_of_ms(row[0], "ts")
        o, h, l, c = (counted(text, grid.price, "price") for text in row[1:5])
        found.append(
            Candle(
                symbol=argument.inst_id,
                at_ns=open_ns,
                open_ns=open_ns,
                interval=argument.channel.removeprefix("candle"),
                open_ticks=o,
                high_ticks=h,
                low_ticks=l,
                close_ticks=c,
                volume_lots=counted(row[5], grid.qty, "vol"),
                is_closed=row[8] == "1",
            )
        )
    return found


_READERS: dict[str, Callable[[_Envelope, _Argument, Market], list[Event]]] = {
    "bbo-tbt": _quotes,
    "trades": _trades,
    "trades-all": _trades,
    "tickers": _tickers,
    "mark-price": _tickers,
    "index-tickers": _tickers,
    "funding-rate": _tickers,
    "open-interest": _tickers,
}
