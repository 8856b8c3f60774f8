"""Feeds: the public channels of Kraken's streams: book, trades, tickers, candles, instruments.

A book is told whole, then as changes with the CRC32 over the best ten levels of each side, asks
first, each number without its point and leading zeros. A level that others push out of the
subscribed depth is not taken out: who keeps the book cuts it. One that comes into it is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from zlib import crc32

from ballast.venues.simulated.engine.events import BookChanged, HaltChanged, Traded
from ballast.venues.simulated.fronts.kraken.encoding import SECOND_NS, iso, number
from ballast.venues.simulated.fronts.kraken.public import INTERVALS, MINUTE_NS, STATES
from ballast.venues.simulated.fronts.numbers import shortest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.venues.simulated.engine.events import Event, Trade
    from ballast.venues.simulated.fronts.board import Candle
    from ballast.venues.simulated.fronts.kraken.front import KrakenFront
    from ballast.venues.simulated.fronts.kraken.names import Pair
    from ballast.venues.simulated.wire.interests import Interest

DEPTHS = (10, 25, 100, 500, 1_000)
CHECKED_LEVELS = 10
SNAPSHOT_TRADES = 50
SNAPSHOT_CANDLES = 720


class Feed:
    """One subscription of a connection, of one pair where the channel has pairs."""

    channel: ClassVar[str]

    def interests(self) -> frozenset[Interest]:
        """Return which events `event` has an answer to."""
        return frozenset()

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002 - others need it
        """Yield what is said at once, where a snapshot was asked for."""
        yield from ()

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Yield what an event brings."""
        yield from ()

    def tick(self, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002 - others need it
        """Yield what is due by time."""
        yield from ()

    def _frame(self, kind: str, rows: Sequence[Any]) -> dict[str, Any]:
        return {"channel": self.channel, "type": kind, "data": list(rows)}


def checksum(pair: Pair, asks: Sequence[tuple[int, int]], bids: Sequence[tuple[int, int]]) -> int:
    """Return the checksum of a book: over the digits as they are sent."""
    text = "".join(
        printed.replace(".", "").lstrip("0")
        for side in (asks, bids)
        for ticks, lots in side[:CHECKED_LEVELS]
        for printed in (pair.price(ticks), pair.volume(lots))
    )
    return crc32(text.encode())


class BookFeed(Feed):
    """The book of a pair to a depth."""

    channel = "book"

    def __init__(self, front: KrakenFront, pair: Pair, depth: int) -> None:
        """Begin with nothing sent."""
        self._front = front
        self._pair = pair
        self._depth = depth
        self._sent: tuple[dict[int, int], dict[int, int]] = ({}, {})  # bids, asks

    def interests(self) -> frozenset[Interest]:
        """Return the changes of the book."""
        return frozenset({(BookChanged, self._pair.symbol)})

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Send the book as it is."""
        view = self._front.market.book(self._pair.symbol, self._depth)
        self._sent = (dict(view.bids), dict(view.asks))
        yield self._message("snapshot", (view.bids, view.asks), now_ns)

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:
        """Send what differs from what was sent."""
        if not isinstance(event, BookChanged) or not self._sees(event):
            return
        view = self._front.market.book(self._pair.symbol, self._depth)
        sides = (dict(view.bids), dict(view.asks))
        bids = self._changes(self._sent[0], sides[0], 1)
        asks = self._changes(self._sent[1], sides[1], -1)
        self._sent = sides
        if bids or asks:
            yield self._message("update", (bids, asks), now_ns)

    def _sees(self, event: BookChanged) -> bool:
        """Tell whether a change lies in the depth that was told, or may come into it."""
        for sent, changed, side in zip(self._sent, (event.bids, event.asks), (1, -1), strict=True):
            if changed and len(sent) < self._depth:
                return True
            last = min((ticks * side for ticks in sent), default=0)
            if any(ticks * side >= last for ticks, _ in changed):
                return True
        return False

    def _changes(
        self, old: dict[int, int], new: dict[int, int], side: int
    ) -> list[tuple[int, int]]:
        """Return the levels that differ, best first; 0 lots take one out that is still in sight."""
        is_full = len(new) >= self._depth
        last = min((ticks * side for ticks in new), default=0)
        found = []
        for ticks in sorted({*old, *new}, key=lambda one: -one * side):
            if old.get(ticks, 0) == new.get(ticks, 0):
                continue
            if ticks not in new and is_full and ticks * side < last:
                continue  # pushed out: the client cuts it
            found.append((ticks, new.get(ticks, 0)))
        return found

    def _message(
        self,
        kind: str,
        sides: tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]],
        now_ns: int,
    ) -> dict[str, Any]:
        bids, asks = (list(one.items()) for one in self._sent)
        body = {
            "symbol": self._pair.symbol,
            "bids": [self._level(*one) for one in sides[0]],
            "asks": [self._level(*one) for one in sides[1]],
            "checksum": checksum(self._pair, asks, bids),
            "timestamp": iso(now_ns),
        }
        return self._frame(kind, [body])

    def _level(self, ticks: int, lots: int) -> dict[str, Any]:
        pair = self._pair
        return {"price": number(pair.price(ticks)), "qty": number(pair.volume(lots))}


class TradeFeed(Feed):
    """Every public trade of a pair."""

    channel = "trade"

    def __init__(self, front: KrakenFront, pair: Pair) -> None:
        """Tell the trades of a pair."""
        self._front = front
        self._pair = pair

    def interests(self) -> frozenset[Interest]:
        """Return the trades of the pair."""
        return frozenset({(Traded, self._pair.symbol)})

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002 - they have times
        """Tell the last fifty."""
        found = self._front.market.trades(self._pair.symbol, SNAPSHOT_TRADES)
        yield self._frame("snapshot", [self._row(one) for one in found])

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Tell one."""
        if isinstance(event, Traded) and event.trade.symbol == self._pair.symbol:
            yield self._frame("update", [self._row(event.trade)])

    def _row(self, one: Trade) -> dict[str, Any]:
        pair = self._pair
        return {
            "symbol": pair.symbol,
            "side": "buy" if one.taker_side > 0 else "sell",
            "price": number(pair.price(one.price_ticks)),
            "qty": number(pair.volume(one.qty_lots)),
            "ord_type": "limit",
            "trade_id": one.trade_id,
            "timestamp": iso(one.at_ns),
        }


class TickerFeed(Feed):
    """Best prices and the figures of a day: with each trade, or with each change of the best."""

    channel = "ticker"

    def __init__(self, front: KrakenFront, pair: Pair, *, by_best: bool) -> None:
        """Tell a pair, by trades unless it is to be by best prices."""
        self._front = front
        self._pair = pair
        self._kind = BookChanged if by_best else Traded
        self._best: tuple[Any, Any] = ((), ())

    def interests(self) -> frozenset[Interest]:
        """Return the trades of the pair, or its changes."""
        return frozenset({(self._kind, self._pair.symbol)})

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell it as it is."""
        yield self._frame("snapshot", [self._row(now_ns)])

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell it again."""
        if isinstance(event, Traded):
            yield self._frame("update", [self._row(now_ns)])
        elif isinstance(event, BookChanged):
            before, row = self._best, self._row(now_ns)
            if self._best != before:
                yield self._frame("update", [row])

    def _row(self, now_ns: int) -> dict[str, Any]:
        pair, front = self._pair, self._front
        view = front.market.book(pair.symbol, 1)
        self._best = (view.bids, view.asks)
        bid, ask = (view.bids or ((0, 0),))[0], (view.asks or ((0, 0),))[0]
        day = front.board.day(pair.symbol, now_ns)
        last = front.market.last_ticks(pair.symbol)
        opened = day.open if day else last
        change = 0 if not opened else (last - opened) * 10_000 // opened
        lots, value = (day.lots, day.value) if day else (0, 0)
        sign = "-" if change < 0 else ""
        return {
            "symbol": pair.symbol,
            "bid": number(pair.price(bid[0])),
            "bid_qty": number(pair.volume(bid[1])),
            "ask": number(pair.price(ask[0])),
            "ask_qty": number(pair.volume(ask[1])),
            "last": number(pair.price(last)),
            "volume": number(pair.volume(lots)),
            "vwap": number(pair.average(value, lots)),
            "low": number(pair.price(day.low if day else last)),
            "high": number(pair.price(day.high if day else last)),
            "change": number(pair.price(last - opened)),
            "change_pct": number(f"{sign}{abs(change) // 100}.{abs(change) % 100:02d}"),
            "timestamp": iso(now_ns),
        }


class CandleFeed(Feed):
    """The running candle of a pair, with each trade."""

    channel = "ohlc"

    def __init__(self, front: KrakenFront, pair: Pair, minutes: int) -> None:
        """Tell the candles of so many minutes."""
        self._front = front
        self._pair = pair
        self._minutes = minutes

    def interests(self) -> frozenset[Interest]:
        """Return the trades of the pair."""
        return frozenset({(Traded, self._pair.symbol)})

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell the last candles."""
        span_ns = self._minutes * MINUTE_NS
        found = self._front.board.candles(self._pair.symbol, span_ns, now_ns=now_ns)
        rows = [self._row(one, now_ns) for one in found[-SNAPSHOT_CANDLES:]]
        yield self._frame("snapshot", rows) | {"timestamp": iso(now_ns)}

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell the running candle."""
        if not isinstance(event, Traded) or event.trade.symbol != self._pair.symbol:
            return
        span_ns = self._minutes * MINUTE_NS
        found = self._front.board.running(self._pair.symbol, span_ns, now_ns=now_ns)
        if found is not None:
            yield self._frame("update", [self._row(found, now_ns)]) | {"timestamp": iso(now_ns)}

    def _row(self, one: Candle, now_ns: int) -> dict[str, Any]:
        pair = self._pair
        words = ("open", "high", "low", "close")
        prices = (one.open, one.high, one.low, one.close)
        end_ns = one.open_ns + self._minutes * MINUTE_NS
        return {
            "symbol": pair.symbol,
            **{name: number(pair.price(ticks)) for name, ticks in zip(words, prices, strict=True)},
            "trades": one.trades,
            "volume": number(pair.volume(one.lots)),
            "vwap": number(pair.average(one.value, one.lots)),
            "interval_begin": iso(one.open_ns),
            "interval": self._minutes,
            "timestamp": iso(min(end_ns, now_ns)),
        }


class InstrumentFeed(Feed):
    """All assets and pairs, and again when a pair is halted or resumed."""

    channel = "instrument"

    def __init__(self, front: KrakenFront) -> None:
        """Tell the listings of a venue."""
        self._front = front

    def interests(self) -> frozenset[Interest]:
        """Return the halts of all pairs."""
        return frozenset({(HaltChanged, one.symbol) for one in self._front.pairs})

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002 - it has no time
        """Tell them as they are."""
        yield self._whole("snapshot")

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Tell them again."""
        if isinstance(event, HaltChanged):
            yield self._whole("update")

    def _whole(self, kind: str) -> dict[str, Any]:
        front = self._front
        assets = [
            {
                "id": name, "status": "enabled", "precision": digits,
                "precision_display": min(5, digits), "borrowable": False,
                "collateral_value": number("0.00"), "class": "currency",
            }
            for name, digits in front.pairs.digits.items()
        ]  # fmt: skip
        pairs = [self._pair(one) for one in front.pairs]
        return {"channel": self.channel, "type": kind, "data": {"assets": assets, "pairs": pairs}}

    def _pair(self, pair: Pair) -> dict[str, Any]:
        listing = pair.listing
        tick = number(shortest(listing.tick))
        return {
            "symbol": pair.symbol,
            "base": listing.base,
            "quote": listing.quote,
            "status": STATES[self._front.market.trading(pair.symbol)],
            "qty_precision": pair.lot_digits,
            "qty_increment": number(shortest(listing.lot)),
            "price_precision": pair.price_digits,
            "price_increment": tick,
            "tick_size": tick,
            "cost_precision": pair.quote_digits,
            "cost_min": number(shortest(listing.filters.min_notional)),
            "qty_min": number(shortest(listing.filters.min_qty or listing.lot)),
            "marginable": False,
            "has_index": False,
        }


HEARTBEAT_NS = SECOND_NS
CANDLE_MINUTES = INTERVALS
