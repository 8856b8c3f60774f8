"""Channels: the public feeds of OKX beside the book: trades, tickers, candles, marks, funding.

A feed says something when it is subscribed, on an event, or when time has come. What changes often
is told at most so often, as the venue does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.venues.simulated.engine.events import BookChanged, HaltChanged, MarkChanged, Traded
from ballast.venues.simulated.fronts.okx import market, public
from ballast.venues.simulated.fronts.okx.book_feed import DEPTHS, BookFeed
from ballast.venues.simulated.fronts.okx.call import OTHER_TYPES, TYPES, type_of
from ballast.venues.simulated.fronts.okx.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.fronts.okx.front import OkxFront
    from ballast.venues.simulated.wire.interests import Interest

NS_MS = 1_000_000
SECOND_NS = 1_000_000_000
TICKER_NS = 100 * NS_MS
MARK_NS = 200 * NS_MS
FUNDING_NS = 60 * SECOND_NS
CANDLE = "candle"


class TradesFeed(Feed):
    """Every public trade of an instrument."""

    def __init__(self, front: OkxFront, arg: dict[str, str]) -> None:
        """Tell the trades of `instId`."""
        self._front = front
        self._arg = arg

    def interests(self) -> frozenset[Interest]:
        """Return the trades of the instrument."""
        return frozenset({(Traded, self._arg["instId"])})

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Tell a trade."""
        if isinstance(event, Traded) and event.trade.symbol == self._arg["instId"]:
            body: dict[str, Any] = dict(market.trade(self._front, event.trade))
            if self._arg["channel"] == "trades":
                body |= {"count": "1", "seqId": event.trade.trade_id}
            yield {"arg": self._arg, "data": [body]}


class PacedFeed(Feed):
    """A row that is told when it is subscribed and again when it may have changed."""

    def __init__(
        self,
        arg: dict[str, str],
        rows: Callable[[int], list[Any]],
        wants: Callable[[Event], bool],
        every_ns: int,
        *,
        repeats_ns: int = 0,
    ) -> None:
        """Tell `rows` after events it `wants`, not more often than `every_ns`."""
        self._arg = arg
        self._rows = rows
        self._wants = wants
        self._every_ns = every_ns
        self._repeats_ns = repeats_ns
        self._told_ns = 0
        self._is_dirty = False

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell it as it is."""
        yield from self._tell(now_ns)

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:
        """Note that it may have changed."""
        self._is_dirty = self._is_dirty or self._wants(event)
        yield from self.tick(now_ns)

    def tick(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell it if it is due."""
        silent_ns = now_ns - self._told_ns
        repeats = bool(self._repeats_ns) and silent_ns >= self._repeats_ns
        if repeats or (self._is_dirty and silent_ns >= self._every_ns):
            yield from self._tell(now_ns)

    def _tell(self, now_ns: int) -> Iterator[dict[str, Any]]:
        self._told_ns, self._is_dirty = now_ns, False
        rows = self._rows(now_ns)
        if rows:
            yield {"arg": self._arg, "data": rows}


class CandleFeed(Feed):
    """The candle of an instrument that is open, once a second while it trades; then as closed."""

    def __init__(self, front: OkxFront, arg: dict[str, str]) -> None:
        """Tell the candles of `instId`."""
        self._front = front
        self._arg = arg
        self._symbol = arg["instId"]
        self._bar = arg["channel"].removeprefix(CANDLE)
        self._span_ns = market.BARS_MS[self._bar] * NS_MS
        self._offset_ns = market.offset_ms(self._bar) * NS_MS
        self._open_ns = 0
        self._told_ns = 0
        self._is_dirty = False

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell the running candle."""
        self._open_ns = self._opened(now_ns)
        yield from self._running(now_ns)

    def interests(self) -> frozenset[Interest]:
        """Return the trades of the instrument."""
        return frozenset({(Traded, self._symbol)})

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Note a trade."""
        if isinstance(event, Traded) and event.trade.symbol == self._symbol:
            self._is_dirty = True
        yield from ()

    def tick(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell the candle that closed, or the running one if it changed."""
        open_ns = self._opened(now_ns)
        if open_ns > self._open_ns:
            closed_ns, self._open_ns = self._open_ns, open_ns
            found = self._front.board.candles(
                self._symbol, self._span_ns, now_ns=now_ns, from_ns=closed_ns, to_ns=closed_ns,
                offset_ns=self._offset_ns,
            )  # fmt: skip
            for one in found:
                yield self._frame(one, now_ns)
        if self._is_dirty and now_ns - self._told_ns >= SECOND_NS:
            yield from self._running(now_ns)

    def _opened(self, now_ns: int) -> int:
        return now_ns - (now_ns + self._offset_ns) % self._span_ns

    def _running(self, now_ns: int) -> Iterator[dict[str, Any]]:
        self._told_ns, self._is_dirty = now_ns, False
        found = self._front.board.running(
            self._symbol, self._span_ns, now_ns=now_ns, offset_ns=self._offset_ns
        )
        if found is not None:
            yield self._frame(found, now_ns)

    def _frame(self, one: Any, now_ns: int) -> dict[str, Any]:  # noqa: ANN401 - a Candle
        row = market.candle(self._front, self._symbol, one, self._bar, now_ns // NS_MS)
        return {"arg": self._arg, "data": [row]}


# Which channel is what ---------------------------------------------------------------------


def _ticker(front: OkxFront, arg: dict[str, str]) -> Feed:
    symbol = arg["instId"]

    def wants(event: Event) -> bool:
        trades = isinstance(event, Traded) and event.trade.symbol == symbol
        return trades or (isinstance(event, BookChanged) and event.symbol == symbol)

    return PacedFeed(arg, lambda now_ns: [market.ticker(front, symbol, now_ns)], wants, TICKER_NS)


def _mark(front: OkxFront, arg: dict[str, str]) -> Feed:
    symbol = arg["instId"]
    return PacedFeed(
        arg,
        lambda now_ns: [public.mark_price(front, symbol, now_ns // NS_MS)],
        lambda event: isinstance(event, MarkChanged) and event.symbol == symbol,
        MARK_NS,
        repeats_ns=10 * SECOND_NS,
    )


def _funding(front: OkxFront, arg: dict[str, str]) -> Feed:
    symbol = arg["instId"]
    known = [front.market.perpetual(symbol).funding_rate_e9]

    def wants(event: Event) -> bool:
        if not isinstance(event, MarkChanged) or event.symbol != symbol:
            return False
        before, known[0] = known[0], event.funding_rate_e9
        return before != event.funding_rate_e9

    return PacedFeed(
        arg,
        lambda now_ns: [public.funding(front, symbol, now_ns // NS_MS)],
        wants,
        0,
        repeats_ns=FUNDING_NS,
    )


def _instruments(front: OkxFront, arg: dict[str, str]) -> Feed:
    kind = arg["instType"]

    def rows(_now_ns: int) -> list[Any]:
        found = [one for one in front.market.listings.values() if type_of(one) == kind]
        return [public.instrument(front, one) for one in found]

    return PacedFeed(arg, rows, lambda event: isinstance(event, HaltChanged), 0)


MAKERS: dict[str, Callable[[OkxFront, dict[str, str]], Feed]] = {
    **dict.fromkeys(DEPTHS, BookFeed),
    "trades": TradesFeed,
    "trades-all": TradesFeed,
    "tickers": _ticker,
    "mark-price": _mark,
    "funding-rate": _funding,
    "instruments": _instruments,
}
SWAPS_ONLY = frozenset({"mark-price", "funding-rate"})
ON_BUSINESS = frozenset({"trades-all"})


def is_known(front: OkxFront, arg: dict[str, str], kind: str) -> bool:
    """Tell whether a public channel is one, on this kind of socket, of something listed."""
    name = arg.get("channel", "")
    bar = name.removeprefix(CANDLE) if name.startswith(CANDLE) else None
    on_business = bar is not None or name in ON_BUSINESS
    if (kind == "business") is not on_business or (bar is None and name not in MAKERS):
        return False
    if bar is not None and bar not in market.BARS_MS:
        return False
    if name == "instruments":
        return arg.get("instType") in {*TYPES.values(), *OTHER_TYPES}
    listing = front.market.listings.get(arg.get("instId", ""))
    if listing is None:
        return False
    return name not in SWAPS_ONLY or listing.kind is Kind.PERPETUAL


def make(front: OkxFront, arg: dict[str, str]) -> Feed:
    """Return the feed of a channel that is known."""
    name = arg["channel"]
    if name.startswith(CANDLE):
        return CandleFeed(front, arg)
    return MAKERS[name](front, arg)
