"""Market streams of Binance: subscriptions, depth, candles, tickers, pings, the end.

What every market of Binance does alike is here; a market names its streams and prints its frames.
What many readers hear alike is printed once: depth by `gathered`, trades and candles by `sayings`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from ballast.venues.simulated.engine.events import BookChanged, Traded
from ballast.venues.simulated.fronts.binance import public
from ballast.venues.simulated.fronts.binance.gathered import Depth
from ballast.venues.simulated.wire.messages import Close, Ping, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.fronts.binance.front import BinanceFront
    from ballast.venues.simulated.wire.interests import Interest
    from ballast.venues.simulated.wire.messages import Frame

NS_MS = 1_000_000
SECOND_NS = 1_000_000_000
LIFE_NS = 86_400 * SECOND_NS
TRADES = frozenset({"trade", "aggTrade"})
QUOTES = "bookTicker"
BY_THE_CLOCK = frozenset({"ticker", "miniTicker"})


class MarketStreams:
    """One connection for market streams."""

    depths: ClassVar[Mapping[str, int]]
    """Kinds of gathered depth, and how often they speak."""
    partials: ClassVar[Mapping[str, int]]
    """Kinds of partial books, and how often they speak."""
    plain: ClassVar[frozenset[str]]
    """Kinds of streams of one symbol that need no more words."""
    whole: ClassVar[frozenset[str]]
    """Streams of all symbols, by their names."""
    streams_max: ClassVar[int]
    messages_second: ClassVar[int]
    """Frames a client may send in a second; more ends the connection, as on the venue."""
    ping_ns: ClassVar[int]
    pong_ns: ClassVar[int]
    """How long the venue waits for the answer to a ping."""

    def __init__(self, front: BinanceFront, *, wraps: bool) -> None:
        """Open; nothing is subscribed yet. `wraps` gives frames the name of their stream."""
        self._front = front
        self._wraps = wraps
        self._opened_ns = front.wire_now_ns
        self._pings = 0
        self._ponged_ns = self._opened_ns
        self._names: dict[str, None] = {}
        self._depths: dict[str, Depth] = {}
        self._heard: dict[str, int] = {}  # the last message of each depth stream
        self._timed: tuple[str, ...] = ()
        self._key = ""  # of all that says the same of a trade
        self._second, self._messages = 0, 0
        self._quotes: dict[str, tuple[Any, ...]] = {}
        self._ticked_ns = self._opened_ns

    def subscribe(self, name: str) -> bool:
        """Subscribe a stream; False for a name that is none (the venue stays silent then)."""
        symbol, _, kind = name.partition("@")
        if len(self._names) >= self.streams_max or not self._is_known(name):
            return False
        self._names[name] = None
        if kind in self.depths and name not in self._depths:
            every_ns = self.depths[kind]
            said = self._front.market.book(symbol.upper(), 1).sequence
            due_ns = self._front.wire_now_ns + every_ns
            fresh = Depth(symbol.upper(), every_ns, due_ns, said=said)
            self._depths[name] = self._front.depths.join(name, fresh)
            self._heard[name] = self._depths[name].number
        self._renamed()
        return True

    def _unsubscribe(self, name: str) -> None:
        self._names.pop(name, None)
        if self._depths.pop(name, None) is not None:
            del self._heard[name]
            self._front.depths.leave(name)
        self._renamed()

    def _renamed(self) -> None:
        """Note what follows from the names: which of them speak by the clock."""
        self._key = f"{self._wraps}/{'/'.join(self._names)}"
        self._timed = tuple(
            name
            for name in self._names
            if (kind := name.partition("@")[2]) not in TRADES
            and kind not in self.depths
            and kind != QUOTES
        )

    def interests(self) -> frozenset[Interest] | None:
        """Return what `publish` answers; None with a stream that this class does not know."""
        found: set[Interest] = set()
        for name in self._names:
            symbol, _, kind = name.partition("@")
            if name == f"!{QUOTES}":
                found.update((BookChanged, one) for one in self._front.market.listings)
            elif kind in TRADES or _interval(kind) is not None:
                found.add((Traded, symbol.upper()))
            elif kind == QUOTES:
                found.add((BookChanged, symbol.upper()))
            elif not (kind in self.depths or kind in self.partials or kind in BY_THE_CLOCK):
                return None
        return frozenset(found)

    def _is_known(self, name: str) -> bool:
        if name in self.whole:
            return True
        symbol, _, kind = name.partition("@")
        listed = symbol.upper() in self._front.market.listings and symbol == symbol.lower()
        known = kind in self.plain or kind in self.depths or kind in self.partials
        return listed and (known or _interval(kind) is not None)

    def receive(self, text: str) -> Sequence[Frame]:
        """Answer SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS."""
        second = self._front.wire_now_ns // SECOND_NS
        self._messages = self._messages + 1 if second == self._second else 1
        self._second = second
        if self._messages > self.messages_second:
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
                    self._unsubscribe(name)
                return _said(number)
            case "LIST_SUBSCRIPTIONS":
                return _said(number, list(self._names))
            case _:
                return _said(number, error={"code": 2, "msg": "Invalid request: unknown variant"})

    def publish(self, event: Event) -> Sequence[Frame]:
        """Return frames of trades and quotes at once; depth is gathered by the front end."""
        match event:
            case BookChanged():
                return tuple(self._book(event))
            case Traded():
                return self._front.sayings.of(
                    event, self._key, lambda: (*self._trade(event), *self._running(event))
                )
            case _:
                return ()

    def _book(self, event: BookChanged) -> Iterator[Frame]:
        for name in (f"{event.symbol.lower()}@bookTicker", "!bookTicker"):
            if name in self._names:
                view = self._front.market.book(event.symbol, 1)
                quote = (event.symbol, *view.bids[:1], *view.asks[:1])
                if self._quotes.get(name + event.symbol) != quote:
                    self._quotes[name + event.symbol] = quote
                    yield self._frame(name, self._quote(event))

    def _quote(self, event: BookChanged) -> dict[str, Any]:
        """Return the event of a touch that changed."""
        bid, ask = public.touch(self._front, event.symbol)
        return {
            "u": event.book_last,
            "s": event.symbol,
            "b": bid[0],
            "B": bid[1],
            "a": ask[0],
            "A": ask[1],
        }

    def _trade(self, event: Traded) -> Iterator[Frame]:
        """Yield the frames of a trade."""
        raise NotImplementedError

    def _running(self, event: Traded) -> Iterator[Frame]:
        """Yield the candles that a trade changed."""
        low = event.trade.symbol.lower()
        for name in self._names:
            interval = _interval(name.partition("@")[2])
            if interval is not None and name.startswith(f"{low}@"):
                yield from self._candle(name, event.trade.symbol, interval, closed=False)

    def _candle(self, name: str, symbol: str, interval: str, *, closed: bool) -> Iterator[Frame]:
        now_ns = self._front.wire_now_ns
        span_ns = public.INTERVALS_MS[interval] * NS_MS
        open_ns = now_ns - now_ns % span_ns - (span_ns if closed else 0)
        said = public.streamed_candle(self._front, symbol, interval, open_ns, closed=closed)
        if said is not None:
            yield self._frame(name, said)

    def tick(self, now_ns: int) -> Sequence[Frame]:
        """Return what is due: gathered depth, closed candles, tickers, pings, the end."""
        now_ns += self._front.clock_skew_ns
        if now_ns - self._opened_ns >= LIFE_NS:
            return (Close(1001, "24 hours"),)
        if now_ns - self._ponged_ns > self.ping_ns + self.pong_ns:
            return (Close(1008, "Pong timeout"),)
        frames: list[Frame] = []
        for name, depth in self._depths.items():
            if now_ns >= depth.due_ns:  # the first reader in whose turn it is lets it speak
                depth.due_ns = now_ns - now_ns % depth.every_ns + depth.every_ns
                if depth.last:
                    self._speak(name, depth, now_ns)
            if depth.number > self._heard[name]:
                self._heard[name] = depth.number
                frames.append(depth.frames[self._wraps])
        before, self._ticked_ns = self._ticked_ns, now_ns
        for name in self._timed:
            frames += self._by_the_clock(name, before, now_ns)
        due = (now_ns - self._opened_ns) // self.ping_ns
        if due > self._pings:
            self._pings = due
            frames.append(Ping(str(now_ns // NS_MS).encode()))
        return frames

    def _by_the_clock(self, name: str, before: int, now_ns: int) -> Iterator[Frame]:
        """Yield a ticker, a partial book, a closed candle where its time has come."""
        symbol, _, kind = name.partition("@")
        interval = _interval(kind)
        if interval is not None:
            if passed(before, now_ns, public.INTERVALS_MS[interval] * NS_MS):
                yield from self._candle(name, symbol.upper(), interval, closed=True)
        elif kind in self.partials:
            if passed(before, now_ns, self.partials[kind]):
                yield self._frame(name, self._partial(symbol.upper(), kind, now_ns))
        elif "icker" in name and "book" not in name and passed(before, now_ns, SECOND_NS):
            yield self._tickers(name, symbol, now_ns)

    def _partial(self, symbol: str, kind: str, now_ns: int) -> dict[str, Any]:
        """Return the event of a partial book."""
        raise NotImplementedError

    def _tickers(self, name: str, symbol: str, now_ns: int) -> Text:
        all_of_them = name.startswith("!")
        names = list(self._front.market.listings) if all_of_them else [symbol.upper()]
        found = [self._ticker(one, now_ns, brief="mini" in name) for one in names]
        return self._frame(name, found if all_of_them else found[0])

    def _ticker(self, symbol: str, now_ns: int, *, brief: bool) -> dict[str, Any]:
        """Return the event of a day's figures."""
        return public.short_figures(public.day_figures(self._front, symbol, now_ns), brief=brief)

    def _speak(self, name: str, depth: Depth, now_ns: int) -> None:
        """Make the next message of a depth stream, for all its readers."""
        words, symbol = self._front.words, depth.symbol
        bids, asks = (
            [[words.price(symbol, ticks), words.qty(symbol, lots)] for ticks, lots in side.items()]
            for side in (depth.bids, depth.asks)
        )
        data = {
            "e": "depthUpdate",
            "E": now_ns // NS_MS,
            "s": symbol,
            "U": depth.first,
            "u": depth.last,
            "b": bids,
            "a": asks,
            **self._depth_more(depth, now_ns),
        }
        depth.number += 1
        depth.frames = {True: Text.of({"stream": name, "data": data}), False: Text.of(data)}
        depth.told()

    def _depth_more(self, depth: Depth, now_ns: int) -> dict[str, Any]:
        """Return what this market says besides of a change of depth."""
        del depth, now_ns
        return {}

    def _frame(self, name: str, data: Any) -> Text:  # noqa: ANN401 - JSON
        return Text.of({"stream": name, "data": data} if self._wraps else data)

    def pong(self) -> None:
        """Remember that the client is there."""
        self._ponged_ns = self._front.wire_now_ns

    def closed(self) -> None:
        """Let go."""
        for name in list(self._names):
            self._unsubscribe(name)


def passed(before: int, now_ns: int, every_ns: int) -> bool:
    """Tell whether a whole multiple of a span lies between two times."""
    return now_ns // every_ns > before // every_ns


def levels_of(kind: str) -> int:
    """Return how many levels a partial book shows."""
    return int(kind.removeprefix("depth").partition("@")[0])


def _interval(kind: str) -> str | None:
    name = kind.removeprefix("kline_")
    return name if kind.startswith("kline_") and name in public.INTERVALS_MS else None


def _said(
    number: Any,  # noqa: ANN401 - whatever id the client chose
    result: Any = None,  # noqa: ANN401 - JSON
    error: dict[str, Any] | None = None,
) -> Text:
    return Text.of({"error": error, "id": number} if error else {"result": result, "id": number})
