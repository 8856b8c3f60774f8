"""A book: both sides in whole ticks and lots, and the questions asked of it.

The book does what it is told; whether what it holds is right is the builder's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ballast.core.errors import DataError
from ballast.core.marketdata import PRICE, QTY, Side
from ballast.venues.books.levels import apply_book, place_of, sorted_side

if TYPE_CHECKING:
    from ballast.core.marketdata import Levels

ROOM_FIRST = 1_024
"""Levels a side has room for at first: the depth most venues send."""
ROOM_MOST = 1 << 20
"""Levels a side may have: twenty times the largest book seen (Coinbase, 50,000)."""
_BID, _ASK = 0, 1


class Level(NamedTuple):
    """A price in ticks and the quantity at it in lots."""

    price_ticks: int
    qty_lots: int


class Taken(NamedTuple):
    """What a market order would get: lots, ticks x lots paid for them, the last price touched."""

    qty_lots: int
    notional: int
    last_ticks: int


class Book:
    """Bids and asks. `depth` > 0 keeps only so many of the best levels a side."""

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self._sides = [np.empty((ROOM_FIRST, 3), np.int64) for _ in range(2)]
        self._counts = np.zeros(2, np.int64)

    def load(self, bids: Levels, asks: Levels) -> bool:
        """Replace all levels, given in any order; return whether the book is crossed."""
        for number, levels, sign in ((_BID, bids, 1), (_ASK, asks, -1)):
            rows = sorted_side(levels, sign)
            if self.depth:
                rows = rows[-self.depth :]
            self._counts[number] = 0
            self._make_room(number, len(rows))
            self._sides[number][: len(rows)] = rows
            self._counts[number] = len(rows)
        return self.is_crossed

    def apply(self, bids: Levels, asks: Levels) -> bool:
        """Change levels (quantity 0 takes one away); return whether the book is crossed."""
        for number, changes in ((_BID, bids), (_ASK, asks)):
            if len(changes) + self._counts[number] > len(self._sides[number]):
                self._make_room(number, len(changes))
        own_bids, own_asks = self._sides
        return apply_book(own_bids, own_asks, self._counts, bids, asks, self.depth)

    def clear(self) -> None:
        """Forget all levels."""
        self._counts[:] = 0

    @property
    def is_crossed(self) -> bool:
        """Say whether somebody bids what another asks, or more."""
        bid, ask = self.best_bid, self.best_ask
        return bid is not None and ask is not None and bid.price_ticks >= ask.price_ticks

    @property
    def best_bid(self) -> Level | None:
        """Return the highest bid, None without bids."""
        return self._best(_BID)

    @property
    def best_ask(self) -> Level | None:
        """Return the lowest ask, None without asks."""
        return self._best(_ASK)

    def count(self, side: Side) -> int:
        """Return how many levels a side has: `Side.BUY` the bids, `Side.SELL` the asks."""
        return int(self._counts[_number(side)])

    def side(self, side: Side, most: int | None = None) -> Levels:
        """Return the best levels of a side, the best first: rows of (ticks, lots, form)."""
        number = _number(side)
        count = int(self._counts[number])
        first = 0 if most is None else max(count - most, 0)
        return self._sides[number][first:count][::-1].copy()

    def top(self, most: int) -> tuple[Levels, Levels]:
        """Return the best `most` bids and asks, the best first."""
        return self.side(Side.BUY, most), self.side(Side.SELL, most)

    def qty_at(self, side: Side, price_ticks: int) -> int:
        """Return the lots resting at a price, 0 if there are none."""
        number = _number(side)
        rows, count = self._sides[number], int(self._counts[number])
        at = place_of(rows, count, int(side), price_ticks)
        if at < count and rows[at, PRICE] == price_ticks:
            return int(rows[at, QTY])
        return 0

    def depth_to(self, side: Side, price_ticks: int) -> int:
        """Return the lots resting at this price or a better one."""
        number = _number(side)
        rows, count = self._sides[number], int(self._counts[number])
        at = place_of(rows, count, int(side), price_ticks)
        return int(rows[at:count, QTY].sum())

    def take(self, side: Side, qty_lots: int) -> Taken:
        """Return what an order of `side` would get from the other side, without taking it."""
        rows = self.side(Side(-side))
        before = np.cumsum(rows[:, QTY]) - rows[:, QTY]
        reached = rows[before < qty_lots]
        left, notional, last = qty_lots, 0, 0
        for price, qty in reached[:, :2].tolist():
            lots = min(qty, left)
            notional += price * lots
            left -= lots
            last = price
        return Taken(qty_lots - left, notional, last)

    def mid(self) -> float | None:
        """Return the middle of the best prices in ticks, None unless both exist."""
        bid, ask = self.best_bid, self.best_ask
        if bid is None or ask is None:
            return None
        return (bid.price_ticks + ask.price_ticks) / 2.0

    def microprice(self) -> float | None:
        """Return the best prices in ticks, each weighted by the other side's quantity.

        (bid x ask_qty + ask x bid_qty) / (bid_qty + ask_qty): it leans to where less rests.
        """
        bid, ask = self.best_bid, self.best_ask
        if bid is None or ask is None:
            return None
        weight = bid.qty_lots / (bid.qty_lots + ask.qty_lots)
        return bid.price_ticks + (ask.price_ticks - bid.price_ticks) * weight

    def imbalance(self, most: int = 1) -> float | None:
        """Return (bids - asks) / (bids + asks) of the lots in the best `most` levels, -1 to 1."""
        bids, asks = (float(levels[:, QTY].sum()) for levels in self.top(most))
        return (bids - asks) / (bids + asks) if bids + asks > 0.0 else None

    def _best(self, number: int) -> Level | None:
        count = int(self._counts[number])
        if not count:
            return None
        row = self._sides[number][count - 1]
        return Level(int(row[PRICE]), int(row[QTY]))

    def _make_room(self, number: int, more: int) -> None:
        """Double a side until `more` levels fit beside those it has."""
        needed = int(self._counts[number]) + more
        room = len(self._sides[number])
        if needed <= room:
            return
        if needed > ROOM_MOST:
            raise DataError(f"a book of {needed} levels a side", expected=f"at most {ROOM_MOST}")
        while room < needed:
            room *= 2
        grown = np.empty((room, 3), np.int64)
        count = int(self._counts[number])
        grown[:count] = self._sides[number][:count]
        self._sides[number] = grown


def _number(side: Side) -> int:
    return _BID if side == Side.BUY else _ASK
