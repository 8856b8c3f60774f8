"""Candles played again: a path through open, both extremes and close, with the bar's volume.

Within a bar the price goes from the open to the nearer extreme, to the other one, to the close (the
high first where both are equally near), each leg in equal parts of time. The volume is traded along
the way, one part a point, so that candles made of the public trades equal those replayed: in every
price, and in volume, as long as only the street trades. Customers who trade add to it.

With `stops` the price also stops wherever on its way somebody's order waits: at the very price and
a tick beyond. So a trigger sees its own price and not the next point of the path, as in a market
that trades at every price, and as the compiled loop has it (SEMANTICS 2.3).

The depth around the price is made up, for candles hold none: equal levels, or, with `impact`, such
as the square-root law of the candles that are over asks for (`impact.py`), once they are enough.

Known limits: a bar with fewer lots than different prices trades one lot at each of them (the prices
win over the volume), a bar without volume moves the book and trades nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from ballast.core.errors import DataError
from ballast.core.orders import Side
from ballast.venues.simulated.engine.liquidity import Ladder, show_ladder, show_levels
from ballast.venues.simulated.liquidity.impact import BARS, Law, depth_of, law_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.simulated.engine.street import Street

STEPS = 8
"""Points a leg of the path: 24 trades a bar, enough for triggers between the extremes to fire one
by one, few enough for a year of hours in seconds."""


@dataclass(frozen=True, slots=True)
class CandleTicks:
    """One candle in whole ticks and lots."""

    open_ns: int
    open: int
    high: int
    low: int
    close: int
    lots: int


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the path of a bar: where the price is, and what trades there (0: nothing)."""

    at_ns: int
    ticks: int
    lots: int


def path_of(bar: CandleTicks, span_ns: int, steps: int = STEPS) -> list[Point]:
    """Return the path of a bar: its open, high, low and close are those of the trades on it."""
    turns = _turns(bar)
    prices = [bar.open]
    for start, stop in pairwise(turns):
        prices += [start + (stop - start) * step // steps for step in range(1, steps + 1)]
    if 0 < bar.lots < len(prices):
        prices = turns[:1] + [b for a, b in pairwise(turns) if b != a]
    count = len(prices)
    lots = max(bar.lots, count) if bar.lots else 0
    each, more = divmod(lots, count)
    return [
        Point(bar.open_ns + place * span_ns // count, ticks, each + (place < more))
        for place, ticks in enumerate(prices)
    ]


def _turns(bar: CandleTicks) -> list[int]:
    """Return the corners of the path: open, nearer extreme, other extreme, close."""
    high_first = bar.high - bar.open <= bar.open - bar.low
    extremes = [bar.high, bar.low] if high_first else [bar.low, bar.high]
    return [bar.open, *extremes, bar.close]


class CandleReplay:
    """A source that plays candles of one symbol again, in time order."""

    def __init__(
        self,
        symbol: str,
        bars: Sequence[CandleTicks],
        span_ns: int,
        ladder: Ladder | None = None,
        *,
        steps: int = STEPS,
        shift_ns: int = 0,
        stops: bool = False,
        impact: float = 0.0,
    ) -> None:
        """Replay these, `shift_ns` later than they were; raise `DataError` for impossible ones.

        `impact` is the Y of the square-root law; 0 keeps to the ladder.
        """
        for before, after in pairwise(bars):
            if after.open_ns < before.open_ns + span_ns:
                raise DataError("candles overlap or go back in time", where=symbol)
        for place, bar in enumerate(bars):
            if not 0 < bar.low <= min(bar.open, bar.close) or bar.lots < 0:
                raise DataError(f"candle {place} has impossible values", where=symbol)
            if max(bar.open, bar.close) > bar.high:
                raise DataError(f"candle {place} has impossible values", where=symbol)
        self._symbol = symbol
        self._bars = bars
        self._span_ns = span_ns
        self._ladder = ladder or Ladder()
        self._steps = steps
        self._shift_ns = shift_ns
        self._stops = stops
        self._held_ns = 0
        self._impact = impact
        self._place = 0
        self._point = 0
        self._shown: list[tuple[int, int]] = []
        self._path = self._path_here()
        self._law = self._law_here()

    @property
    def is_over(self) -> bool:
        """Tell whether the last candle was played; the book then stays as it is."""
        return self._place >= len(self._bars)

    def next_ns(self, now_ns: int) -> int | None:
        """Return the time of the next point; one that is past already is due at once."""
        if self.is_over:
            return None
        return max(self._path[self._point].at_ns, now_ns, self._held_ns)

    def step(self, street: Street, now_ns: int) -> None:
        """Move to every point that is due."""
        while not self.is_over and self._path[self._point].at_ns <= now_ns:
            point = self._path[self._point]
            if self._stops and self._stopped(street, point):
                self._held_ns = now_ns + 1
                return
            self._point += 1
            if self._point == len(self._path):
                self._place, self._point = self._place + 1, 0
                self._path = self._path_here()
                self._law = self._law_here()
            self._move(street, point)

    def _stopped(self, street: Street, point: Point) -> bool:
        """Move to the next price on the way to a point where an order waits, if there is one.

        The point itself stays due: whoever has been hit may act before the price goes on.
        """
        here = street.last_ticks(self._symbol)
        if not here or here == point.ticks:
            return False
        way = 1 if point.ticks > here else -1
        low, high = min(here, point.ticks), max(here, point.ticks)
        waiting = street.waiting_between(self._symbol, low - 1, high + 1)
        stops = {one for ticks in waiting for one in (ticks, ticks + way)}
        ahead = sorted(one for one in stops if low < one < high)
        if not ahead:
            return False
        next_ticks = ahead[0] if way > 0 else ahead[-1]
        self._move(street, Point(point.at_ns, next_ticks, 1 if point.lots else 0))
        return True

    def _move(self, street: Street, point: Point) -> None:
        symbol, ticks = self._symbol, point.ticks
        if self._law is None:
            self._shown = show_ladder(street, symbol, self._ladder, ticks, self._shown)
        else:
            levels = [
                (side, ticks - side * away, lots)
                for away, lots in depth_of(self._law, ticks)
                for side in (-1, 1)
            ]
            self._shown = show_levels(street, symbol, levels, self._shown)
        if point.lots:
            rises = ticks >= (street.last_ticks(symbol) or ticks)
            taker = Side.BUY if rises else Side.SELL
            street.trade(symbol, taker, ticks, point.lots, queue_known=not self._stops)
        if self._ladder.sets_mark:
            street.set_mark(symbol, ticks)

    def _path_here(self) -> list[Point]:
        if self.is_over:
            return []
        bar = self._bars[self._place]
        moved = replace(bar, open_ns=bar.open_ns + self._shift_ns)
        return path_of(moved, self._span_ns, self._steps)

    def _law_here(self) -> Law | None:
        """Return what orders pay in this bar, from those that are over."""
        past = self._bars[max(0, self._place - BARS) : self._place]
        closes, lots = [one.close for one in past], [one.lots for one in past]
        return law_of(self._impact, closes, lots, self._span_ns)

    def snapshot(self) -> bytes:
        """Return how far it has come."""
        return msgspec.json.encode((self._place, self._point, self._shown, self._held_ns))

    def restore(self, state: bytes) -> None:
        """Go back to where it was."""
        kept = msgspec.json.decode(state, type=tuple[int, int, list[tuple[int, int]], int])
        self._place, self._point, self._shown, self._held_ns = kept
        self._path = self._path_here()
        self._law = self._law_here()
