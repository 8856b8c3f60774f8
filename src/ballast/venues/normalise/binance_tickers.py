"""Binance: the quieter streams: candles, mark price and funding, tickers, forced orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import Candle, Liquidation, Ticker
from ballast.venues.normalise.exact import NS_OF_MS, Ms, counted, exact, side_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Event
    from ballast.venues.normalise.market import Market


class _Bar(msgspec.Struct):
    t: Ms
    i: str
    o: str
    h: str
    l: str
    c: str
    v: str
    x: bool


class _Kline(msgspec.Struct):
    s: str
    E: Ms
    k: _Bar


class _Mark(msgspec.Struct):
    s: str
    E: Ms
    p: str
    i: str = ""
    r: str = ""
    T: Ms = 0


class _DayTicker(msgspec.Struct):
    s: str
    E: Ms
    c: str


class _OpenInterest(msgspec.Struct, rename="camel"):
    symbol: str
    open_interest: str


class _Forced(msgspec.Struct):
    s: str
    S: str
    q: str
    p: str
    T: Ms


class _ForcedOrder(msgspec.Struct):
    o: _Forced


_KLINE = msgspec.json.Decoder(_Kline)
_MARK = msgspec.json.Decoder(_Mark)
_DAY_TICKER = msgspec.json.Decoder(_DayTicker)
_OPEN_INTEREST = msgspec.json.Decoder(_OpenInterest)
_FORCED_ORDER = msgspec.json.Decoder(_ForcedOrder)


def _kline(frame: bytes, market: Market) -> list[Event]:
    kline = _KLINE.decode(frame)
    grid, bar = market.grid(kline.s), kline.k
    return [
        Candle(
            symbol=kline.s,
            at_ns=kline.E * NS_OF_MS,
            open_ns=bar.t * NS_OF_MS,
            interval=bar.i,
            open_ticks=counted(bar.o, grid.price, "k.o"),
            high_ticks=counted(bar.h, grid.price, "k.h"),
            low_ticks=counted(bar.l, grid.price, "k.l"),
            close_ticks=counted(bar.c, grid.price, "k.c"),
            volume_lots=counted(bar.v, grid.qty, "k.v"),
            is_closed=bar.x,
        )
    ]


def _mark(frame: bytes, market: Market) -> list[Event]:
    """Read mark price and funding; a dated contract has no funding and sends a time of 0."""
    mark = _MARK.decode(frame)
    market.grid(mark.s)
    return [
        Ticker(
            symbol=mark.s,
            at_ns=mark.E * NS_OF_MS,
            mark=exact(mark.p, "p"),
            index=exact(mark.i, "i"),
            funding_rate=exact(mark.r, "r") if mark.T else None,
            funding_ns=mark.T * NS_OF_MS or None,
        )
    ]


def _day_ticker(frame: bytes, market: Market) -> list[Event]:
    ticker = _DAY_TICKER.decode(frame)
    market.grid(ticker.s)
    return [Ticker(symbol=ticker.s, at_ns=ticker.E * NS_OF_MS, last=exact(ticker.c, "c"))]


def open_interest(frame: bytes, market: Market) -> list[Event]:
    """Read the answer to a question for the open interest, recorded as if it were a stream."""
    found = _OPEN_INTEREST.decode(frame)
    market.grid(found.symbol)
    interest = exact(found.open_interest, "openInterest")
    return [Ticker(symbol=found.symbol, at_ns=0, open_interest=interest)]


def _forced(frame: bytes, market: Market) -> list[Event]:
    order = _FORCED_ORDER.decode(frame).o
    grid = market.grid(order.s)
    return [
        Liquidation(
            symbol=order.s,
            at_ns=order.T * NS_OF_MS,
            price_ticks=counted(order.p, grid.price, "o.p"),
            qty_lots=counted(order.q, grid.qty, "o.q"),
            side=side_of(order.S, "o.S"),
        )
    ]


TICKERS: dict[str, Callable[[bytes, Market], list[Event]]] = {
    "kline": _kline,
    "markPriceUpdate": _mark,
    "24hrTicker": _day_ticker,
    "forceOrder": _forced,
}
"""The reader of each event."""
