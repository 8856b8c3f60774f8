"""Board: what the public sees of a market beyond its book: candles, day statistics, last trades.

Fed with the engine's events. Candles are kept at one minute and put together on request; a minute
without a trade has a flat candle without volume, as the venues draw it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.venues.simulated.engine.events import Traded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ballast.core.orders import Side
    from ballast.venues.simulated.engine.events import Event

MINUTE_NS = 60_000_000_000
DAY_MINUTES = 1_440
CANDLES_MAX = 60_000
"""Minutes kept of a symbol: six weeks."""


@dataclass(slots=True)
class Candle:
    """One candle in ticks and lots; `value` is the sum of ticks times lots."""

    open_ns: int
    open: int
    high: int
    low: int
    close: int
    lots: int = 0
    value: int = 0
    trades: int = 0
    taker_buy_lots: int = 0
    taker_buy_value: int = 0
    first_trade: int = -1
    last_trade: int = -1

    def add(self, ticks: int, lots: int, side: Side, trade_id: int) -> None:
        """Take a trade."""
        self.high = max(self.high, ticks)
        self.low = min(self.low, ticks)
        self.close = ticks
        self.lots += lots
        self.value += ticks * lots
        self.trades += 1
        if side > 0:
            self.taker_buy_lots += lots
            self.taker_buy_value += ticks * lots
        if self.first_trade < 0:
            self.first_trade = trade_id
        self.last_trade = trade_id

    def join(self, other: Candle) -> None:
        """Take the candle that follows."""
        self.high = max(self.high, other.high)
        self.low = min(self.low, other.low)
        self.close = other.close
        self.lots += other.lots
        self.value += other.value
        self.trades += other.trades
        self.taker_buy_lots += other.taker_buy_lots
        self.taker_buy_value += other.taker_buy_value
        if self.first_trade < 0:
            self.first_trade = other.first_trade
        if other.last_trade >= 0:
            self.last_trade = other.last_trade


@dataclass(slots=True)
class Minutes:
    """The minutes of one symbol."""

    kept: deque[Candle] = field(default_factory=lambda: deque(maxlen=CANDLES_MAX))

    def trade(self, ticks: int, lots: int, side: Side, trade_id: int, at_ns: int) -> None:
        """Take a trade, and draw the flat minutes since the last one."""
        open_ns = at_ns - at_ns % MINUTE_NS
        self.fill(open_ns)
        if not self.kept or self.kept[-1].open_ns < open_ns:
            self.kept.append(Candle(open_ns, ticks, ticks, ticks, ticks))
        last = self.kept[-1]
        if not last.trades:  # a flat minute becomes a real one with its first trade
            last.open = last.high = last.low = last.close = ticks
        last.add(ticks, lots, side, trade_id)

    def fill(self, until_ns: int) -> None:
        """Draw flat minutes that open before `until_ns`."""
        if not self.kept:
            return
        last = self.kept[-1]
        at_ns = max(last.open_ns + MINUTE_NS, until_ns - CANDLES_MAX * MINUTE_NS)
        for open_ns in range(at_ns, until_ns, MINUTE_NS):
            self.kept.append(Candle(open_ns, last.close, last.close, last.close, last.close))

    def grouped(
        self, span_ns: int, from_ns: int, to_ns: int, now_ns: int, offset_ns: int = 0
    ) -> Iterator[Candle]:
        """Yield candles of `span_ns` that open in `[from_ns, to_ns]`, the running one included.

        They open at whole multiples of their span, less the offset.
        """
        self.fill(now_ns - now_ns % MINUTE_NS + 1)
        current: Candle | None = None
        for minute in self.kept:
            open_ns = minute.open_ns - (minute.open_ns + offset_ns) % span_ns
            if open_ns < from_ns:
                continue
            if open_ns > to_ns:
                break
            if current is not None and current.open_ns == open_ns:
                current.join(minute)
                continue
            if current is not None:
                yield current
            current = _copy(minute, open_ns)
        if current is not None:
            yield current


@dataclass(slots=True)
class Board:
    """The public figures of all symbols of a venue."""

    _minutes: dict[str, Minutes] = field(default_factory=dict)

    def observe(self, event: Event) -> None:
        """Take an event of the engine."""
        if isinstance(event, Traded):
            trade = event.trade
            self.of(trade.symbol).trade(
                trade.price_ticks, trade.qty_lots, trade.taker_side, trade.trade_id, trade.at_ns
            )

    def of(self, symbol: str) -> Minutes:
        """Return the minutes of a symbol."""
        return self._minutes.setdefault(symbol, Minutes())

    def load(self, symbol: str, candles: Iterable[Candle]) -> None:
        """Give a symbol a past: minutes in time order, all before its first trade."""
        kept = self.of(symbol).kept
        kept.extendleft(reversed(list(candles)))

    def candles(
        self,
        symbol: str,
        span_ns: int,
        *,
        now_ns: int,
        from_ns: int = 0,
        to_ns: int = 1 << 63,
        offset_ns: int = 0,
    ) -> list[Candle]:
        """Return candles in time order; the last one may still be running."""
        return list(self.of(symbol).grouped(span_ns, from_ns, to_ns, now_ns, offset_ns))

    def running(
        self, symbol: str, span_ns: int, *, now_ns: int, offset_ns: int = 0
    ) -> Candle | None:
        """Return the candle that is open now, looking no further back; None before any trade."""
        minutes = self.of(symbol)
        minutes.fill(now_ns - now_ns % MINUTE_NS + 1)
        open_ns = now_ns - (now_ns + offset_ns) % span_ns
        total: Candle | None = None
        for minute in reversed(minutes.kept):
            if minute.open_ns < open_ns:
                break
            earlier = _copy(minute, open_ns)
            if total is not None:
                earlier.join(total)
            total = earlier
        return total

    def day(self, symbol: str, now_ns: int) -> Candle | None:
        """Return the last 24 hours as one candle; None before the first trade."""
        minutes = self.of(symbol)
        minutes.fill(now_ns - now_ns % MINUTE_NS + 1)
        first_ns = now_ns - DAY_MINUTES * MINUTE_NS
        total: Candle | None = None
        for minute in reversed(minutes.kept):
            if minute.open_ns <= first_ns:
                break
            if total is None:
                total = _copy(minute, minute.open_ns)
            else:
                earlier = _copy(minute, minute.open_ns)
                earlier.join(total)
                total = earlier
        return total


def _copy(one: Candle, open_ns: int) -> Candle:
    return Candle(
        open_ns,
        one.open,
        one.high,
        one.low,
        one.close,
        one.lots,
        one.value,
        one.trades,
        one.taker_buy_lots,
        one.taker_buy_value,
        one.first_trade,
        one.last_trade,
    )
