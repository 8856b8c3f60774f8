"""Streams of Binance USD-M: depth, trades, candles, quotes, marks, liquidations, and one's own.

A listen key is the name of a stream: of a connection that was opened with it, or subscribed like
any other. The venue's paths `/public`, `/market` and `/private` lead to the same streams here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import Side
from ballast.venues.simulated.engine.events import Liquidated
from ballast.venues.simulated.fronts.binance import public
from ballast.venues.simulated.fronts.binance.streams import (
    SECOND_NS,
    MarketStreams,
    levels_of,
    passed,
)
from ballast.venues.simulated.fronts.binance.usdm_user import UserFeed
from ballast.venues.simulated.fronts.binance.usdm_words import rate_e9
from ballast.venues.simulated.wire.messages import Close, Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.venues.simulated.engine.events import BookChanged, Event, Traded
    from ballast.venues.simulated.fronts.binance.gathered import Depth
    from ballast.venues.simulated.fronts.binance.usdm import BinanceUsdm
    from ballast.venues.simulated.wire.messages import Frame, Request

NS_MS = 1_000_000
MS_100, MS_250, MS_500 = 100 * NS_MS, 250 * NS_MS, 500 * NS_MS
SPEEDS = {"": MS_250, "@100ms": MS_100, "@250ms": MS_250, "@500ms": MS_500}
MARKS = {"markPrice": 3 * SECOND_NS, "markPrice@3s": 3 * SECOND_NS, "markPrice@1s": SECOND_NS}
ALL_MARKS = {
    "!markPrice@arr": 3 * SECOND_NS,
    "!markPrice@arr@3s": 3 * SECOND_NS,
    "!markPrice@arr@1s": SECOND_NS,
}
FORCED = "forceOrder"
LINEAR = {"st": 1}
"""What says that a frame is of USD-M: the venue tells COIN-M on the same connections."""
PARTS = ("/public", "/market", "/private")


def open_streams(front: BinanceUsdm, request: Request) -> UsdmStreams | Response:
    """Open `/ws`, `/ws/NAME` or `/stream?streams=A/B`, also behind a part of the venue."""
    path = request.path.rstrip("/")
    for part in PARTS:
        path = path.removeprefix(part)
    pairs = dict(request.query_pairs())
    wraps = path == "/stream"
    if wraps:
        wanted = [name for name in pairs.get("streams", "").split("/") if name]
    elif path == "/ws" or path.startswith("/ws/"):
        # Some clients number their connections (`/ws/0`).
        wanted = [name for name in path[4:].split("/") if name and not name.isdecimal()]
    else:
        return Response.of({"code": -5000, "msg": "Path not found"}, 404)
    wanted += [name for name in pairs.get("listenKey", "").split("/") if name]
    session = UsdmStreams(front, wraps=wraps)
    for name in wanted:
        session.subscribe(name)
    return session


class UsdmStreams(MarketStreams):
    """One connection for streams of USD-M."""

    depths = {f"depth{speed}": every for speed, every in SPEEDS.items()}  # noqa: RUF012
    partials = {  # noqa: RUF012 - a table nobody writes to
        f"depth{count}{speed}": every for count in (5, 10, 20) for speed, every in SPEEDS.items()
    }
    plain = frozenset({"trade", "aggTrade", "bookTicker", "miniTicker", "ticker", FORCED, *MARKS})
    whole = frozenset(
        {"!miniTicker@arr", "!ticker@arr", "!bookTicker", f"!{FORCED}@arr", *ALL_MARKS}
    )
    streams_max = 1_024
    messages_second = 10
    ping_ns, pong_ns = 180 * SECOND_NS, 600 * SECOND_NS

    def __init__(self, front: BinanceUsdm, *, wraps: bool) -> None:
        """Open; nothing is subscribed yet."""
        super().__init__(front, wraps=wraps)
        self._venue = front
        self._feeds: dict[str, UserFeed] = {}

    def subscribe(self, name: str) -> bool:
        """Subscribe a stream, or the events of a listen key that lives."""
        known = self._venue.ledger.listening(name, self._venue.wire_now_ns)
        if known is not None and name not in self._feeds:
            self._feeds[name] = UserFeed(self._venue, known.account)
        return super().subscribe(name)

    def farewell(self, now_ns: int) -> Sequence[Frame]:
        """Let the listen keys expire: told once, then silence; what has none is closed."""
        if not self._feeds:
            return (Close(1001, "going away"),)
        wire_ns = now_ns + self._venue.clock_skew_ns
        said = []
        for key, feed in self._feeds.items():
            self._venue.ledger.expire(key, wire_ns)
            said += [self._frame(key, one) for one in feed.tick(key, wire_ns)]
        return said

    def _unsubscribe(self, name: str) -> None:
        self._feeds.pop(name, None)
        super()._unsubscribe(name)

    def _is_known(self, name: str) -> bool:
        return name in self._feeds or super()._is_known(name)

    def publish(self, event: Event) -> Sequence[Frame]:
        """Return frames of the market, of liquidations, and of one's own account."""
        frames = [*super().publish(event)]
        if isinstance(event, Liquidated):
            frames += self._forced(event)
        for name, feed in self._feeds.items():
            frames += [self._frame(name, one) for one in feed.take(event)]
        return frames

    def _forced(self, event: Liquidated) -> Iterator[Frame]:
        words, symbol = self._venue.words, event.symbol
        found = self._venue.liquidation_of(event)
        side = found.request.side if found is not None else Side.SELL
        average = words.average(found) if found is not None else words.price(symbol, 0)
        filled = words.qty(symbol, found.filled_lots if found is not None else 0)
        stamp = event.at_ns // NS_MS
        order = {
            "s": symbol,
            "S": side.name,
            "o": "LIMIT",
            "f": "IOC",
            "q": words.qty(symbol, event.qty_lots),
            "p": words.price(symbol, event.bankruptcy_ticks),
            "ap": average,
            "X": "FILLED",
            "l": filled,
            "z": filled,
            "T": stamp,
        }
        for name in (f"{symbol.lower()}@{FORCED}", f"!{FORCED}@arr"):
            if name in self._names:
                yield self._frame(name, {"e": FORCED, "E": stamp, "o": order})

    def _quote(self, event: BookChanged) -> dict[str, Any]:
        stamp = {"E": event.at_ns // NS_MS, "T": event.at_ns // NS_MS}
        return {"e": "bookTicker", **stamp, **super()._quote(event)}

    def _trade(self, event: Traded) -> Iterator[Frame]:
        trade, stamp = event.trade, event.at_ns // NS_MS
        words, low = self._venue.words, trade.symbol.lower()
        head = {"E": stamp, "s": trade.symbol}
        if (name := f"{low}@trade") in self._names:
            body = {
                "e": "trade",
                **head,
                "t": trade.trade_id,
                "p": words.price(trade.symbol, trade.price_ticks),
                "q": words.qty(trade.symbol, trade.qty_lots),
                "T": stamp,
                "X": "MARKET",
                "m": trade.taker_side < 0,
            }
            yield self._frame(name, body)
        if (name := f"{low}@aggTrade") in self._names:
            yield self._frame(
                name, {"e": "aggTrade", **head, **public.aggregate(self._venue, trade)}
            )

    def _by_the_clock(self, name: str, before: int, now_ns: int) -> Iterator[Frame]:
        feed = self._feeds.get(name)
        if feed is not None:
            for one in feed.tick(name, now_ns):
                yield self._frame(name, one)
            return
        if name in ALL_MARKS:
            if passed(before, now_ns, ALL_MARKS[name]):
                listed = self._venue.market.listings
                yield self._frame(name, [self._mark(one, now_ns) for one in listed])
            return
        symbol, _, kind = name.partition("@")
        if kind not in MARKS:
            yield from super()._by_the_clock(name, before, now_ns)
        elif passed(before, now_ns, MARKS[kind]):
            yield self._frame(name, self._mark(symbol.upper(), now_ns))

    def _mark(self, symbol: str, now_ns: int) -> dict[str, Any]:
        view, words = self._venue.market.perpetual(symbol), self._venue.words
        return {
            "e": "markPriceUpdate",
            "E": now_ns // NS_MS,
            "s": symbol,
            "p": words.price(symbol, view.mark_ticks),
            "i": words.price(symbol, view.index_ticks),
            "P": words.price(symbol, view.index_ticks),
            "r": rate_e9(view.funding_rate_e9),
            "T": view.next_funding_ns // NS_MS,
            **LINEAR,
        }

    def _ticker(self, symbol: str, now_ns: int, *, brief: bool) -> dict[str, Any]:
        return {**super()._ticker(symbol, now_ns, brief=brief), **LINEAR}

    def _partial(self, symbol: str, kind: str, now_ns: int) -> dict[str, Any]:
        view = self._venue.market.book(symbol, levels_of(kind))
        bids, asks = public.levels(self._venue, view)
        return {
            "e": "depthUpdate",
            "E": now_ns // NS_MS,
            "T": now_ns // NS_MS,
            "s": symbol,
            "U": view.sequence,
            "u": view.sequence,
            "pu": view.sequence - 1,
            "ps": symbol,
            **LINEAR,
            "b": bids,
            "a": asks,
        }

    def _depth_more(self, depth: Depth, now_ns: int) -> dict[str, Any]:
        """Return what chains the changes: the last one that was told before."""
        return {"T": now_ns // NS_MS, "pu": depth.said, "ps": depth.symbol, **LINEAR}
