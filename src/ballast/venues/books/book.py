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
LOOK_BEYOND = 32
"""Rows looked at beyond those asked for at first: there are holes among them."""


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
        self._bids = np.empty((ROOM_FIRST, 3), np.int64)
        self._asks = np.empty((ROOM_FIRST, 3), np.int64)
        self._counts = np.zeros((2, 2), np.int64)  # rows and levels, of bids and of asks
        self._room = ROOM_FIRST  # rows that may be added before the counts must be looked at

    def load(self, bids: Levels, asks: Levels) -> bool:
        """Replace all levels, given in any order; return whether the book is crossed."""
        self.clear()
        for number, levels, sign in ((_BID, bids, 1), (_ASK, asks, -1)):
            rows = sorted_side(levels, sign)
            if self.depth:
                rows = rows[-self.depth :]
            self._make_room(len(rows))
            self._side(number)[: len(rows)] = rows
            self._counts[number] = len(rows)
        self._room = 0
        return self.is_crossed

    def apply(self, bids: Levels, asks: Levels) -> bool:
        """Change levels (quantity 0 takes one away); return whether the book is crossed."""
        self._room -= len(bids) + len(asks)
        if self._room < 0:
            self._make_room(len(bids) + len(asks))
        return apply_book(self._bids, self._asks, self._counts, bids, asks, self.depth)

    def clear(self) -> None:
        """Forget all levels."""
        self._counts[:] = 0
        self._room = 0

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
        return int(self._counts[_number(side), 1])

    def side(self, side: Side, most: int | None = None) -> Levels:
        """Return the best levels of a side, the best first: rows of (ticks, lots, form)."""
        rows = self.rows(side)
        if most is None or most >= len(rows):
            return rows[rows[:, QTY] > 0][::-1]
        look = most + LOOK_BEYOND
        while True:
            part = rows[max(len(rows) - look, 0) :]
            found = part[part[:, QTY] > 0][::-1]
            if len(found) >= most or look >= len(rows):
                return found[:most]
            look *= 4

    def rows(self, side: Side) -> Levels:
        """Return the rows of a side as they are kept: the best last, holes (quantity 0) between.

        A view: it is true until the next change.
        """
        number = _number(side)
        return self._side(number)[: int(self._counts[number, 0])]

    def top(self, most: int) -> tuple[Levels, Levels]:
        """Return the best `most` bids and asks, the best first."""
        return self.side(Side.BUY, most), self.side(Side.SELL, most)

    def qty_at(self, side: Side, price_ticks: int) -> int:
        """Return the lots resting at a price, 0 if there are none."""
        rows = self.rows(side)
        at = place_of(rows, len(rows), int(side), price_ticks)
        if at < len(rows) and rows[at, PRICE] == price_ticks:
            return int(rows[at, QTY])
        return 0

    def depth_to(self, side: Side, price_ticks: int) -> int:
        """Return the lots resting at this price or a better one."""
        rows = self.rows(side)
        at = place_of(rows, len(rows), int(side), price_ticks)
        return int(rows[at:, QTY].sum())

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
        count = int(self._counts[number, 0])
        if not count:
            return None
        row = self._side(number)[count - 1]
        return Level(int(row[PRICE]), int(row[QTY]))

    def _side(self, number: int) -> Levels:
        return self._bids if number == _BID else self._asks

    def _make_room(self, more: int) -> None:
        """Double both sides until `more` rows fit beside those of the larger one."""
        held = int(self._counts[:, 0].max())
        room = len(self._bids)
        if held + more > ROOM_MOST:
            raise DataError(
                f"a book of {held + more} levels a side", expected=f"at most {ROOM_MOST}"
            )
        while room < held + more:
            room *= 2
        if room > len(self._bids):
            for name in ("_bids", "_asks"):
                grown = np.empty((room, 3), np.int64)
                grown[:held] = getattr(self, name)[:held]
                setattr(self, name, grown)
        self._room = room - held - more


def _number(side: Side) -> int:
    return _BID if side == Side.BUY else _ASK
