"""Public data of Binance, alike on spot and USD-M: candles and the top of a book by REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import RejectReason
from ballast.venues.clients.account import CandleRow, DayTicker, TopOfBook
from ballast.venues.clients.binance.rows import NS_MS, BestRow, DayRow, Depth, ShapeError, read
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.market import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.core.time import Timeframe
    from ballast.venues.clients.market import Market

INTERVALS_MS = {
    "1s": 1_000, "1m": 60_000, "3m": 180_000, "5m": 300_000, "15m": 900_000, "30m": 1_800_000,
    "1h": 3_600_000, "2h": 7_200_000, "4h": 14_400_000, "6h": 21_600_000, "8h": 28_800_000,
    "12h": 43_200_000, "1d": 86_400_000, "3d": 259_200_000, "1w": 604_800_000,
}  # fmt: skip
INTERVALS = {ms: word for word, ms in INTERVALS_MS.items()}
CANDLE_FIELDS = 6
DEPTHS = (5, 10, 20, 50, 100, 500, 1_000)
"""Levels a REST book may have; spot takes any, USD-M these."""


def interval_of(timeframe: Timeframe) -> str:
    """Return Binance's word for the length of a bar; raise `CallError` where it has none."""
    word = INTERVALS.get(timeframe.ms)
    if word is None:
        raise CallError(
            Verdict.REFUSED,
            f"Binance has no candles of {timeframe}",
            reason=RejectReason.NOT_SUPPORTED,
        )
    return word


def candles_of(answer: Any) -> list[CandleRow]:  # noqa: ANN401 - JSON
    """Return the rows of `klines`; raise `ShapeError`, `OffGridError`."""
    return [_candle(row) for row in read(answer, list[list[Any]])]


def _candle(row: Sequence[Any]) -> CandleRow:
    if len(row) < CANDLE_FIELDS or not isinstance(row[0], int):
        raise ShapeError(f"a candle of {len(row)} fields")
    return CandleRow(row[0], *(number(one) for one in row[1:CANDLE_FIELDS]))


def depth_limit(depth: int) -> int:
    """Return the least number of levels that can be asked for and suffices."""
    return next((most for most in DEPTHS if depth <= most), DEPTHS[-1])


def top_of(market: Market, answer: Any, depth: int, at_ns: int) -> TopOfBook:  # noqa: ANN401
    """Return the best levels of `depth`; the book of spot has no time, it has the present's."""
    book = read(answer, Depth)
    bids, asks = (
        tuple((market.ticks_of(price), market.lots_of(qty)) for price, qty in side[:depth])
        for side in (book.bids, book.asks)
    )
    return TopOfBook(market.symbol, bids, asks, book.e * NS_MS or at_ns)


def tickers_of(
    markets: Mapping[str, Market],
    days: Any,  # noqa: ANN401 - JSON
    best: Any = (),  # noqa: ANN401 - JSON
) -> list[DayTicker]:
    """Return `ticker/24hr` of listed symbols; best prices of `bookTicker` where it was asked."""
    touch = {row.symbol: (row.bid_price, row.ask_price) for row in read(best, list[BestRow])}
    return [
        DayTicker(
            row.symbol,
            number(row.last_price),
            number(row.quote_volume),
            *map(number, touch.get(row.symbol, (row.bid_price, row.ask_price))),
        )
        for row in read(days, list[DayRow])
        if row.symbol in markets
    ]
