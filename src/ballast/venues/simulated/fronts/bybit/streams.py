"""Public streams of Bybit: books, trades, tickers, candles.

A book is a snapshot first, then deltas: levels that changed among the best of the topic's depth,
with 0 for one that is gone or fell out of it. `u` grows by one a message; `seq` is the engine's
count of level changes, so that topics of different depth can be put in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.events import Traded
from ballast.venues.simulated.fronts.bybit import public
from ballast.venues.simulated.fronts.bybit.call import wire_name
from ballast.venues.simulated.fronts.bybit.socket import Stream, said
from ballast.venues.simulated.fronts.bybit.words import order_name
from ballast.venues.simulated.fronts.numbers import shortest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.venues.simulated.engine.events import Event, Trade
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.board import Candle
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified
    from ballast.venues.simulated.wire.interests import Interest
    from ballast.venues.simulated.wire.messages import Frame

NS_MS = 1_000_000
CATEGORIES = ("spot", "linear")
DEPTHS_NS = {
    "spot": {1: 10 * NS_MS, 50: 20 * NS_MS, 200: 200 * NS_MS, 1_000: 200 * NS_MS},
    "linear": {1: 10 * NS_MS, 50: 20 * NS_MS, 200: 100 * NS_MS, 1_000: 200 * NS_MS},
}
"""How often a book of each depth is told."""
REPEAT_NS = 3_000 * NS_MS
"""A best price that stands is told again after this long."""
TICKERS_NS = {"spot": 50 * NS_MS, "linear": 100 * NS_MS}
KLINE_NS = 1_000 * NS_MS
ARGS_MOST = {"spot": 10, "linear": 2_000}
"""Topics of one request; derivatives count characters instead."""
SIDES = ("b", "a")
TRADES = "publicTrade."


@dataclass(slots=True)
class Book:
    """What a client knows of one book."""

    listing: Listing
    depth: int
    every_ns: int
    due_ns: int
    update: int = 0
    sequence: int = -1
    shown: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    told_ns: int = 0


@dataclass(slots=True)
class Paced:
    """A topic that is told at most so often, when it changed."""

    listing: Listing
    every_ns: int
    due_ns: int
    interval: str = ""
    last: dict[str, Any] = field(default_factory=dict)
    open_ns: int = 0


class PublicStream(Stream):
    """One connection for the market data of a category."""

    def __init__(self, front: BybitUnified, category: str, name: str) -> None:
        """Open; nothing is subscribed yet."""
        super().__init__(front, name)
        self.category = category
        self._books: dict[str, Book] = {}
        self._tickers: dict[str, Paced] = {}
        self._klines: dict[str, Paced] = {}

    def answer(self, asked: dict[str, Any]) -> Sequence[Frame]:
        """Answer subscribe, unsubscribe and ping."""
        match asked.get("op"):
            case "ping":
                return (self.control({**asked, "op": "ping"}, "pong"),)
            case "subscribe":
                before = set(self.topics)
                told = self.subscribe(asked, self._is_known, ARGS_MOST[self.category])
                first = [one for topic in self.topics if topic not in before
                         for one in self._begin(topic)]  # fmt: skip
                return (told, *first)
            case "unsubscribe":
                told = self.unsubscribe(asked)
                for kept in (self._books, self._tickers, self._klines):
                    for topic in [one for one in kept if one not in self.topics]:
                        del kept[topic]
                return (told,)
            case _:
                return (self.control(asked, "error:invalid op", good=False),)

    def _listing(self, topic: str) -> Listing | None:
        name = topic.rpartition(".")[2]
        return self.front.words.listed.get((self.category, name))

    def _is_known(self, topic: str) -> bool:
        if self._listing(topic) is None:
            return False
        match topic.split("."):
            case ["orderbook", depth, _]:
                return depth.isdecimal() and depth.isascii() and len(depth) < 5 and (  # noqa: PLR2004
                    int(depth) in DEPTHS_NS[self.category]
                )  # fmt: skip
            case ["publicTrade" | "tickers", _]:
                return True
            case ["kline", interval, _]:
                return interval in public.INTERVALS_NS
            case _:
                return False

    def _begin(self, topic: str) -> Iterator[Frame]:
        """Begin a topic: what has a picture sends it first."""
        listing = self._listing(topic)
        assert listing is not None  # noqa: S101 - it is known
        now_ns = self.front.wire_now_ns
        kind, *rest = topic.split(".")
        if kind == "orderbook":
            every_ns = DEPTHS_NS[self.category][int(rest[0])]
            book = Book(listing, int(rest[0]), every_ns, now_ns + every_ns)
            self._books[topic] = book
            yield self._snapshot(topic, book, now_ns)
        elif kind == "tickers":
            every_ns = TICKERS_NS[self.category]
            paced = self._tickers[topic] = Paced(listing, every_ns, now_ns + every_ns)
            yield from self._ticker(topic, paced, now_ns)
        elif kind == "kline":
            self._klines[topic] = Paced(listing, KLINE_NS, now_ns + KLINE_NS, rest[0])

    # Trades ------------------------------------------------------------------------------

    def interests(self) -> frozenset[Interest]:
        """Return the trades that are subscribed: all else waits for its time."""
        names = (topic for topic in self.topics if topic.startswith(TRADES))
        listings = (self._listing(topic) for topic in names)
        return frozenset((Traded, one.symbol) for one in listings if one is not None)

    def publish(self, event: Event) -> Sequence[Frame]:
        """Return trades at once; the rest waits for its time."""
        if not isinstance(event, Traded):
            return ()
        listing = self.front.words.listing(event.trade.symbol)
        topic = f"{TRADES}{wire_name(listing)}"
        if topic not in self.topics or self._listing(topic) is not listing:
            return ()
        return self.front.sayings.of(event, topic, lambda: self._traded(event, listing, topic))

    def _traded(self, event: Traded, listing: Listing, topic: str) -> Sequence[Frame]:
        stamp = event.at_ns // NS_MS
        body = {"topic": topic, "type": "snapshot", "ts": stamp}
        return (said({**body, "data": [self._trade(listing, event.trade, stamp)]}),)

    def _trade(self, listing: Listing, trade: Trade, stamp: int) -> dict[str, Any]:
        words = self.front.words
        return {
            "T": stamp,
            "s": wire_name(listing),
            "S": "Buy" if trade.taker_side > 0 else "Sell",
            "v": words.qty(trade.symbol, trade.qty_lots),
            "p": words.price(trade.symbol, trade.price_ticks),
            **({"L": "PlusTick"} if self.category == "linear" else {}),
            "i": order_name(listing, trade.trade_id),
            "BT": False,
            "RPI": False,
            "seq": trade.trade_id,
        }

    # Books -------------------------------------------------------------------------------

    def _snapshot(self, topic: str, book: Book, now_ns: int) -> Frame:
        view = self.front.market.book(book.listing.symbol, book.depth)
        book.shown = (dict(view.bids), dict(view.asks))
        # A venue that has just begun would count from 1, which means that it was restarted.
        book.update = view.sequence + 2 if book.sequence < 0 else book.update + 1
        return self._book_frame(topic, book, "snapshot", view.sequence, book.shown, now_ns)

    def _book_frame(
        self,
        topic: str,
        book: Book,
        kind: str,
        sequence: int,
        sides: tuple[dict[int, int], dict[int, int]],
        now_ns: int,
    ) -> Frame:
        words, symbol = self.front.words, book.listing.symbol
        book.sequence, book.told_ns = sequence, now_ns
        data: dict[str, Any] = {"s": wire_name(book.listing)}
        for name, side in zip(SIDES, sides, strict=True):
            data[name] = [
                [words.price(symbol, ticks), words.qty(symbol, lots)]
                for ticks, lots in side.items()
            ]
        stamp = now_ns // NS_MS
        data |= {"u": book.update, "seq": sequence}
        return said({"topic": topic, "type": kind, "ts": stamp, "data": data, "cts": stamp})

    def _changes(self, topic: str, book: Book, now_ns: int) -> Iterator[Frame]:
        """Yield what changed since the client was last told."""
        view = self.front.market.book(book.listing.symbol, book.depth)
        fresh = (dict(view.bids), dict(view.asks))
        if fresh == book.shown:
            if book.depth == 1 and now_ns - book.told_ns >= REPEAT_NS:
                yield self._book_frame(topic, book, "snapshot", view.sequence, fresh, now_ns)
            return
        if book.depth == 1:
            yield self._snapshot(topic, book, now_ns)
            return
        deltas = tuple(_delta(old, new) for old, new in zip(book.shown, fresh, strict=True))
        book.shown = fresh
        book.update += 1
        sides = (deltas[0], deltas[1])
        yield self._book_frame(topic, book, "delta", view.sequence, sides, now_ns)

    # What is due -------------------------------------------------------------------------

    def tick(self, now_ns: int) -> Sequence[Frame]:
        """Return what is due: books, tickers, candles, the end of a silent connection."""
        now_ns += self.front.clock_skew_ns
        frames: list[Frame] = list(self.ended(now_ns))
        for topic, book in self._books.items():
            if now_ns >= book.due_ns:
                book.due_ns = now_ns - now_ns % book.every_ns + book.every_ns
                frames += self._changes(topic, book, now_ns)
        for topic, paced in self._tickers.items():
            if _is_due(paced, now_ns):
                frames += self._ticker(topic, paced, now_ns)
        for topic, paced in self._klines.items():
            if _is_due(paced, now_ns):
                frames += self._kline(topic, paced, now_ns)
        return frames

    def _ticker(self, topic: str, paced: Paced, now_ns: int) -> Iterator[Frame]:
        """Yield a ticker: of spot whole, of derivatives what changed of it."""
        whole = public.ticker(self.front, paced.listing, now_ns)
        if self.category == "spot":
            whole = {name: text for name, text in whole.items() if "1Price" not in name}
            whole = {name: text for name, text in whole.items() if "1Size" not in name}
        if whole == paced.last:
            return
        is_first = not paced.last
        data = whole
        if self.category == "linear" and not is_first:
            changed = {name: text for name, text in whole.items() if paced.last[name] != text}
            data = {"symbol": whole["symbol"], **changed}
        paced.last = whole
        kind = "snapshot" if is_first or self.category == "spot" else "delta"
        sequence = self.front.market.book(paced.listing.symbol, 1).sequence
        body = {"topic": topic, "type": kind, "data": data, "cs": sequence}
        yield said({**body, "ts": now_ns // NS_MS})

    def _kline(self, topic: str, paced: Paced, now_ns: int) -> Iterator[Frame]:
        """Yield the running candle, before it the one that closed since."""
        span_ns = public.INTERVALS_NS[paced.interval]
        open_ns = now_ns - now_ns % span_ns
        found = self.front.board.candles(
            paced.listing.symbol, span_ns, now_ns=now_ns, from_ns=open_ns - span_ns, to_ns=open_ns
        )
        for one in found:
            is_closed = one.open_ns < open_ns
            if is_closed and paced.open_ns != one.open_ns:
                continue  # it had closed before the client came, or was told as closed
            data = self._candle(paced, one, span_ns, now_ns, is_closed=is_closed)
            stamp = now_ns // NS_MS
            yield said({"topic": topic, "data": [data], "ts": stamp, "type": "snapshot"})
        paced.open_ns = open_ns

    def _candle(
        self, paced: Paced, one: Candle, span_ns: int, now_ns: int, *, is_closed: bool
    ) -> dict[str, Any]:
        words, symbol = self.front.words, paced.listing.symbol
        return {
            "start": one.open_ns // NS_MS,
            "end": (one.open_ns + span_ns) // NS_MS - 1,
            "interval": paced.interval,
            "open": words.price(symbol, one.open),
            "close": words.price(symbol, one.close),
            "high": words.price(symbol, one.high),
            "low": words.price(symbol, one.low),
            "volume": words.qty(symbol, one.lots),
            "turnover": shortest(words.worth(symbol, one.value)),
            "confirm": is_closed,
            "timestamp": now_ns // NS_MS,
        }

    def closed(self) -> None:
        """Let go."""
        super().closed()
        for kept in (self._books, self._tickers, self._klines):
            kept.clear()


def _delta(old: dict[int, int], new: dict[int, int]) -> dict[int, int]:
    """Return the levels that differ; 0 for those that are not shown any more."""
    gone = {ticks: 0 for ticks in old if ticks not in new}
    return gone | {ticks: lots for ticks, lots in new.items() if old.get(ticks) != lots}


def _is_due(paced: Paced, now_ns: int) -> bool:
    if now_ns < paced.due_ns:
        return False
    paced.due_ns = now_ns - now_ns % paced.every_ns + paced.every_ns
    return True
