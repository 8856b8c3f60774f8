"""Hyperliquid: whole books (`l2Book`), trades, best quotes, asset contexts.

A book is always sent whole; it carries no sequence, only its time. A trade's side `B` bought, `A`
sold. Candles and REST answers of the `info` endpoint have the same shapes as their channels.
"""

from __future__ import annotations

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
    NS_OF_MS,
    RAW,
    BrokenError,
    Id,
    Ms,
    Raw,
    counted,
    exact,
    level_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Event
    from ballast.venues.normalise.market import Market

_SIDES = {"B": Side.BUY, "A": Side.SELL}
_PRIVATE = frozenset(
    {
        "user", "userEvents", "userFills", "userFundings", "orderUpdates", "notification",
        "webData2", "webData3", "userNonFundingLedgerUpdates", "clearinghouseState", "openOrders",
        "userTwapSliceFills", "userTwapHistory", "activeAssetData",
    }
)  # fmt: skip
_IGNORED = frozenset({"allMids", "activeSpotAssetCtx", "allDexsAssetCtxs", "explorerBlock"})


class _Envelope(msgspec.Struct):
    channel: str = ""
    data: Raw = RAW
    levels: Raw = RAW
    coin: str = ""


class _Level(msgspec.Struct):
    px: str
    sz: str


class _Book(msgspec.Struct):
    coin: str
    levels: tuple[list[_Level], list[_Level]]
    time: Ms


class _Best(msgspec.Struct):
    coin: str
    time: Ms
    bbo: list[_Level | None]


class _Trade(msgspec.Struct):
    coin: str
    side: str
    px: str
    sz: str
    time: Ms
    tid: Id


class _Context(msgspec.Struct, rename="camel"):
    funding: str = ""
    open_interest: str = ""
    oracle_px: str = ""
    mark_px: str = ""


class _Asset(msgspec.Struct):
    coin: str
    ctx: _Context


class _Bar(msgspec.Struct):
    t: Ms
    T: Ms
    s: str
    i: str
    o: str
    c: str
    h: str
    l: str
    v: str


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_BOOK = msgspec.json.Decoder(_Book)
_BEST = msgspec.json.Decoder(_Best)
_TRADES = msgspec.json.Decoder(list[_Trade])
_ASSET = msgspec.json.Decoder(_Asset)
_BAR = msgspec.json.Decoder(_Bar)


def parse_hyperliquid(frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of Hyperliquid."""
    envelope = _ENVELOPE.decode(frame)
    channel, data = envelope.channel, bytes(envelope.data)
    if not channel:
        if envelope.coin and bytes(envelope.levels):
            return _book(frame, market)
        raise BrokenError("channel", "missing")
    reader = _READERS.get(channel)
    if reader is not None:
        return reader(data, market)
    if channel in _PRIVATE:
        return [Control(Word.PRIVATE, channel)]
    if channel in _IGNORED:
        return [Control(Word.IGNORED, channel)]
    return [_control(channel, data)]


def _control(channel: str, data: bytes) -> Control:
    match channel:
        case "subscriptionResponse":
            gone = b'"unsubscribe"' in data
            return Control(Word.UNSUBSCRIBED if gone else Word.SUBSCRIBED)
        case "pong":
            return Control(Word.PONG)
        case "error":
            return Control(Word.ERROR, data.decode("utf-8", "replace"))
        case "post":
            return Control(Word.ANSWER)
        case _:
            raise BrokenError("channel", f"unknown channel '{channel[:40]}'")


def _book(data: bytes, market: Market) -> list[Event]:
    book = _BOOK.decode(data)
    grid = market.grid(book.coin)
    bids, asks = (
        level_rows(((level.px, level.sz) for level in side), grid, "levels") for side in book.levels
    )
    at_ns = book.time * NS_OF_MS
    return [BookUpdate(book.coin, at_ns, is_snapshot=True, bids=bids, asks=asks)]


def _best(data: bytes, market: Market) -> list[Event]:
    best = _BEST.decode(data)
    grid = market.grid(best.coin)
    numbers = [
        (counted(level.px, grid.price, "px"), counted(level.sz, grid.qty, "sz"))
        if level is not None
        else (0, 0)
        for level in [*best.bbo, None, None][:2]
    ]
    return [Quote(best.coin, best.time * NS_OF_MS, *numbers[0], *numbers[1])]


def _trades(data: bytes, market: Market) -> list[Event]:
    found: list[Event] = []
    for trade in _TRADES.decode(data):
        grid = market.grid(trade.coin)
        if trade.side not in _SIDES:
            raise BrokenError("side", f"'{trade.side[:40]}' is no side")
        found.append(
            Trade(
                symbol=trade.coin,
                at_ns=trade.time * NS_OF_MS,
                trade_id=str(trade.tid),
                price_ticks=counted(trade.px, grid.price, "px"),
                qty_lots=counted(trade.sz, grid.qty, "sz"),
                side=_SIDES[trade.side],
            )
        )
    return found


def _asset(data: bytes, market: Market) -> list[Event]:
    asset = _ASSET.decode(data)
    market.grid(asset.coin)
    return [
        Ticker(
            symbol=asset.coin,
            at_ns=0,
            mark=exact(asset.ctx.mark_px, "markPx"),
            index=exact(asset.ctx.oracle_px, "oraclePx"),
            funding_rate=exact(asset.ctx.funding, "funding"),
            open_interest=exact(asset.ctx.open_interest, "openInterest"),
        )
    ]


def _bar(data: bytes, market: Market) -> list[Event]:
    """Read a candle; the channel never says that one is final."""
    bar = _BAR.decode(data)
    grid = market.grid(bar.s)
    return [
        Candle(
            symbol=bar.s,
            at_ns=bar.t * NS_OF_MS,
            open_ns=bar.t * NS_OF_MS,
            interval=bar.i,
            open_ticks=counted(bar.o, grid.price, "o"),
            high_ticks=counted(bar.h, grid.price, "h"),
            low_ticks=counted(bar.l, grid.price, "l"),
            close_ticks=counted(bar.c, grid.price, "c"),
            volume_lots=counted(bar.v, grid.qty, "v"),
            is_closed=False,
        )
    ]


_READERS: dict[str, Callable[[bytes, Market], list[Event]]] = {
    "l2Book": _book,
    "bbo": _best,
    "trades": _trades,
    "activeAssetCtx": _asset,
    "candle": _bar,
}
