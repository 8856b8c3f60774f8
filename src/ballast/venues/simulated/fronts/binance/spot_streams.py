"""Market streams of Binance spot: depth, trades, candles, quotes, tickers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.events import BookChanged, Traded
from ballast.venues.simulated.fronts.binance import spot_public
from ballast.venues.simulated.fronts.binance.spot_words import ZERO
from ballast.venues.simulated.wire.messages import Close, Ping, Response, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.fronts.binance.spot import BinanceSpot
    from ballast.venues.simulated.wire.messages import Frame, Request

NS_MS = 1_000_000
SECOND_NS = 1_000_000_000
PING_NS = 20 * SECOND_NS
PONG_NS = 60 * SECOND_NS
LIFE_NS = 86_400 * SECOND_NS
STREAMS_MAX = 1_024
MESSAGES_SECOND = 5
"""Frames a client may send in a second; more ends the connection, as on the venue."""
DEPTHS = {"depth": SECOND_NS, "depth@1000ms": SECOND_NS, "depth@100ms": SECOND_NS // 10}
PLAIN = frozenset({"trade", "aggTrade", "bookTicker", "miniTicker", "ticker"})
PARTIAL = frozenset(
    f"depth{count}{speed}" for count in (5, 10, 20) for speed in ("", "@100ms", "@1000ms")
)


def open_streams(front: BinanceSpot, request: Request) -> SpotStreams | Response:
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


@dataclass(slots=True)
class Depth:
    """What one depth stream still has to say."""

    symbol: str
    every_ns: int
    due_ns: int
    first: int = 0
    last: int = 0
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)


class SpotStreams:
    """One connection for market streams."""

    def __init__(self, front: BinanceSpot, *, wraps: bool) -> None:
        """Open; nothing is subscribed yet. `wraps` gives frames the name of their stream."""
        self._front = front
        self._wraps = wraps
        self._opened_ns = front.wire_now_ns
        self._pings = 0
        self._ponged_ns = self._opened_ns
        self._names: dict[str, None] = {}
        self._depths: dict[str, Depth] = {}
        self._second, self._messages = 0, 0
        self._quotes: dict[str, tuple[Any, ...]] = {}
        self._ticked_ns = self._opened_ns

    def subscribe(self, name: str) -> bool:
        """Subscribe a stream; False for a name that is none (the venue stays silent then)."""
        symbol, _, kind = name.partition("@")
        listed = symbol.upper() in self._front.market.listings and symbol == symbol.lower()
        known = kind in PLAIN or kind in DEPTHS or kind in PARTIAL or _interval(kind) is not None
        if name in {"!miniTicker@arr", "!ticker@arr"}:
            listed = known = True
        if not (listed and known) or len(self._names) >= STREAMS_MAX:
            return False
        self._names[name] = None
        if kind in DEPTHS:
            every_ns = DEPTHS[kind]
            self._depths[name] = Depth(symbol.upper(), every_ns, self._opened_ns + every_ns)
        return True

    def receive(self, text: str) -> Sequence[Frame]:
        """Answer SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS."""
        second = self._front.wire_now_ns // SECOND_NS
        self._messages = self._messages + 1 if second == self._second else 1
        self._second = second
        if self._messages > MESSAGES_SECOND:
            return (Close(1008, "Too many requests"),)
        try:
            asked = json.loads(text)
        except (ValueError, RecursionError):
            return (_said(None, error={"code": 3, "msg": "Invalid JSON: expected value"}),)
        if not isinstance(asked, dict):
            return (_said(None, error={"code": 2, "msg": "Invalid request"}),)
        return (self._answer(asked),)

    def _answer(self, asked: dict[str, Any]) -> Text:
        number, method = asked.get("id"), asked.get("method")
        if set(asked) - {"id", "method", "params"}:
            return _said(number, error={"code": 2, "msg": "Invalid request: unknown field"})
        names = asked.get("params", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return _said(number, error={"code": 2, "msg": "Invalid request: invalid type"})
        match method:
            case "SUBSCRIBE":
                for name in names:
                    self.subscribe(name)
                return _said(number)
            case "UNSUBSCRIBE":
                for name in names:
                    self._names.pop(name, None)
                    self._depths.pop(name, None)
                return _said(number)
            case "LIST_SUBSCRIPTIONS":
                return _said(number, list(self._names))
            case _:
                return _said(number, error={"code": 2, "msg": "Invalid request: unknown variant"})

    def publish(self, event: Event) -> Sequence[Frame]:
        """Return frames of trades and quotes at once; depth is gathered."""
        match event:
            case BookChanged():
                return tuple(self._book(event))
            case Traded():
                return tuple(self._trade(event))
            case _:
                return ()

    def _book(self, event: BookChanged) -> Iterator[Frame]:
        for depth in self._depths.values():
            if depth.symbol == event.symbol:
                depth.first = depth.first or event.book_first
                depth.last = event.book_last
                depth.bids.update(event.bids)
                depth.asks.update(event.asks)
        name = f"{event.symbol.lower()}@bookTicker"
        if name in self._names:
            view = self._front.market.book(event.symbol, 1)
            quote = (*view.bids[:1], *view.asks[:1])
            if self._quotes.get(name) != quote:
                self._quotes[name] = quote
                bids, asks = spot_public.levels(self._front, view)
                bid, ask = (bids or [[ZERO, ZERO]])[0], (asks or [[ZERO, ZERO]])[0]
                yield self._frame(
                    name,
                    {
                        "u": event.book_last,
                        "s": event.symbol,
                        "b": bid[0],
                        "B": bid[1],
                        "a": ask[0],
                        "A": ask[1],
                    },
                )

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
        for name in self._names:
            interval = _interval(name.partition("@")[2])
            if interval is not None and name.startswith(f"{low}@"):
                yield from self._kline(name, trade.symbol, interval, closed=False)

    def _kline(self, name: str, symbol: str, interval: str, *, closed: bool) -> Iterator[Frame]:
        front = self._front
        now_ns = front.wire_now_ns
        span_ns = spot_public.INTERVALS_MS[interval] * NS_MS
        open_ns = now_ns - now_ns % span_ns - (span_ns if closed else 0)
        found = front.board.candles(symbol, span_ns, now_ns=now_ns, from_ns=open_ns, to_ns=open_ns)
        if not found:
            return
        one, words = found[0], front.words
        yield self._frame(
            name,
            {
                "e": "kline",
                "E": now_ns // NS_MS,
                "s": symbol,
                "k": {
                    "t": open_ns // NS_MS,
                    "T": (open_ns + span_ns) // NS_MS - 1,
                    "s": symbol,
                    "i": interval,
                    "f": one.first_trade,
                    "L": one.last_trade,
                    "o": words.price(symbol, one.open),
                    "c": words.price(symbol, one.close),
                    "h": words.price(symbol, one.high),
                    "l": words.price(symbol, one.low),
                    "v": words.qty(symbol, one.lots),
                    "n": one.trades,
                    "x": closed,
                    "q": words.quote(symbol, one.value),
                    "V": words.qty(symbol, one.taker_buy_lots),
                    "Q": words.quote(symbol, one.taker_buy_value),
                    "B": "0",
                },
            },
        )

    def tick(self, now_ns: int) -> Sequence[Frame]:
        """Return what is due: gathered depth, closed candles, tickers, pings, the end."""
        now_ns += self._front.clock_skew_ns
        if now_ns - self._opened_ns >= LIFE_NS:
            return (Close(1001, "24 hours"),)
        if now_ns - self._ponged_ns > PING_NS + PONG_NS:
            return (Close(1008, "Pong timeout"),)
        frames: list[Frame] = []
        for name, depth in self._depths.items():
            if now_ns >= depth.due_ns:
                depth.due_ns = now_ns - now_ns % depth.every_ns + depth.every_ns
                if depth.last:
                    frames.append(self._depth_frame(name, depth, now_ns))
        frames += self._by_the_second(now_ns)
        due = (now_ns - self._opened_ns) // PING_NS
        if due > self._pings:
            self._pings = due
            frames.append(Ping(str(now_ns // NS_MS).encode()))
        return frames

    def _by_the_second(self, now_ns: int) -> list[Frame]:
        """Return tickers, partial books and closed candles: at most one of each a second."""
        before, self._ticked_ns = self._ticked_ns, now_ns
        frames: list[Frame] = []
        tenth = now_ns // (SECOND_NS // 10) > before // (SECOND_NS // 10)
        second = now_ns // SECOND_NS > before // SECOND_NS
        for name in self._names:
            symbol, _, kind = name.partition("@")
            interval = _interval(kind)
            if interval is not None:
                span_ns = spot_public.INTERVALS_MS[interval] * NS_MS
                if now_ns // span_ns > before // span_ns:
                    frames += self._kline(name, symbol.upper(), interval, closed=True)
            elif kind in PARTIAL and (tenth if kind.endswith("@100ms") else second):
                frames.append(self._partial(name, symbol.upper(), kind))
            elif second and (kind in {"ticker", "miniTicker"} or name.startswith("!")):
                frames += self._tickers(name, symbol, now_ns)
        return frames

    def _partial(self, name: str, symbol: str, kind: str) -> Frame:
        count = int(kind.removeprefix("depth").partition("@")[0])
        view = self._front.market.book(symbol, count)
        bids, asks = spot_public.levels(self._front, view)
        return self._frame(name, {"lastUpdateId": view.sequence, "bids": bids, "asks": asks})

    def _tickers(self, name: str, symbol: str, now_ns: int) -> Iterator[Frame]:
        front = self._front
        all_of_them = name.startswith("!")
        names = list(front.market.listings) if all_of_them else [symbol.upper()]
        brief = "mini" in name
        found = [_ticker(spot_public.ticker(front, one, now_ns), brief=brief) for one in names]
        yield self._frame(name, found if all_of_them else found[0])

    def _depth_frame(self, name: str, depth: Depth, now_ns: int) -> Frame:
        words, symbol = self._front.words, depth.symbol
        bids, asks = (
            [[words.price(symbol, ticks), words.qty(symbol, lots)] for ticks, lots in side.items()]
            for side in (depth.bids, depth.asks)
        )
        frame = self._frame(
            name,
            {
                "e": "depthUpdate",
                "E": now_ns // NS_MS,
                "s": symbol,
                "U": depth.first,
                "u": depth.last,
                "b": bids,
                "a": asks,
            },
        )
        depth.first = depth.last = 0
        depth.bids.clear()
        depth.asks.clear()
        return frame

    def _frame(self, name: str, data: Any) -> Text:  # noqa: ANN401 - JSON
        whole = {"stream": name, "data": data} if self._wraps else data
        return Text(json.dumps(whole, separators=(",", ":")))

    def pong(self) -> None:
        """Remember that the client is there."""
        self._ponged_ns = self._front.wire_now_ns

    def closed(self) -> None:
        """Let go."""
        self._names.clear()
        self._depths.clear()


def _interval(kind: str) -> str | None:
    name = kind.removeprefix("kline_")
    return name if kind.startswith("kline_") and name in spot_public.INTERVALS_MS else None


def _said(
    number: Any,  # noqa: ANN401 - whatever id the client chose
    result: Any = None,  # noqa: ANN401 - JSON
    error: dict[str, Any] | None = None,
) -> Text:
    body = {"error": error, "id": number} if error else {"result": result, "id": number}
    return Text(json.dumps(body, separators=(",", ":")))


def _ticker(day: dict[str, Any], *, brief: bool) -> dict[str, Any]:
    """Return a ticker in the short names of the stream."""
    head = {"e": "24hrMiniTicker" if brief else "24hrTicker", "E": day["closeTime"]}
    head |= {"s": day["symbol"], "c": day["lastPrice"], "o": day["openPrice"]}
    head |= {"h": day["highPrice"], "l": day["lowPrice"]}
    head |= {"v": day["volume"], "q": day["quoteVolume"]}
    if brief:
        return head
    return head | {
        "p": day["priceChange"], "P": day["priceChangePercent"], "w": day["weightedAvgPrice"],
        "x": day["prevClosePrice"], "Q": day["lastQty"], "b": day["bidPrice"],
        "B": day["bidQty"], "a": day["askPrice"], "A": day["askQty"], "O": day["openTime"],
        "C": day["closeTime"], "F": day["firstId"], "L": day["lastId"], "n": day["count"],
    }  # fmt: skip
