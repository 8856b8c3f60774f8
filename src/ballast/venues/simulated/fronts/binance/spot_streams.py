"""Market streams of Binance spot: depth, trades, candles, quotes, tickers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.binance import public, spot_public
from ballast.venues.simulated.fronts.binance.streams import SECOND_NS, MarketStreams, levels_of
from ballast.venues.simulated.wire.messages import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.venues.simulated.engine.events import Traded
    from ballast.venues.simulated.fronts.binance.front import BinanceFront
    from ballast.venues.simulated.wire.messages import Frame, Request

NS_MS = 1_000_000
PING_NS = 20 * SECOND_NS
PONG_NS = 60 * SECOND_NS
TENTH_NS = SECOND_NS // 10


def open_streams(front: BinanceFront, request: Request) -> SpotStreams | Response:
    """Open `/ws`, `/ws/NAME` or `/stream?streams=A/B`."""
    path = request.path.rstrip("/")
    wraps = path == "/stream"
    if wraps:
        names = dict(request.query_pairs()).get("streams", "")
        wanted = [name for name in names.split("/") if name]
    elif path == "/ws" or path.startswith("/ws/"):
        # Some clients number their connections (`/ws/0`); a stream's name has an `@`.
        wanted = [name for name in path[4:].split("/") if "@" in name or name.startswith("!")]
    else:
        return Response.of({"code": -5000, "msg": "Path not found"}, 404)
    session = SpotStreams(front, wraps=wraps)
    for name in wanted:
        session.subscribe(name)
    return session


class SpotStreams(MarketStreams):
    """One connection for market streams of spot."""

    depths = {"depth": SECOND_NS, "depth@1000ms": SECOND_NS, "depth@100ms": TENTH_NS}  # noqa: RUF012
    partials = {  # noqa: RUF012 - a table nobody writes to
        f"depth{count}{speed}": every
        for count in (5, 10, 20)
        for speed, every in (("", SECOND_NS), ("@100ms", TENTH_NS), ("@1000ms", SECOND_NS))
    }
    plain = frozenset({"trade", "aggTrade", "bookTicker", "miniTicker", "ticker"})
    whole = frozenset({"!miniTicker@arr", "!ticker@arr"})
    streams_max = 1_024
    messages_second = 5
    ping_ns, pong_ns = PING_NS, PONG_NS

    def _trade(self, event: Traded) -> Iterator[Frame]:
        trade = event.trade
        low = trade.symbol.lower()
        stamp = event.at_ns // NS_MS
        if (name := f"{low}@trade") in self._names:
            words = self._front.words
            yield self._frame(
                name,
                {
                    "e": "trade",
                    "E": stamp,
                    "s": trade.symbol,
                    "t": trade.trade_id,
                    "p": words.price(trade.symbol, trade.price_ticks),
                    "q": words.qty(trade.symbol, trade.qty_lots),
                    "T": stamp,
                    "m": trade.taker_side < 0,
                    "M": True,
                },
            )
        if (name := f"{low}@aggTrade") in self._names:
            short = spot_public.aggregate(self._front, trade)
            yield self._frame(name, {"e": "aggTrade", "E": stamp, "s": trade.symbol, **short})

    def _partial(self, symbol: str, kind: str, now_ns: int) -> dict[str, Any]:
        del now_ns
        view = self._front.market.book(symbol, levels_of(kind))
        bids, asks = public.levels(self._front, view)
        return {"lastUpdateId": view.sequence, "bids": bids, "asks": asks}

    def _ticker(self, symbol: str, now_ns: int, *, brief: bool) -> dict[str, Any]:
        day = spot_public.ticker(self._front, symbol, now_ns)
        short = public.short_figures(day, brief=brief)
        if brief:
            return short
        return short | {
            "x": day["prevClosePrice"], "b": day["bidPrice"], "B": day["bidQty"],
            "a": day["askPrice"], "A": day["askQty"],
        }  # fmt: skip
