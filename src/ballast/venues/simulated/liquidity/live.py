"""A real exchange's public book as the market: depth and trades as they come, our orders in it.

What comes is rows of a replay, pushed in by whoever listens to the exchange; what the book does
with them is that of a recording (`recorded.py`): our orders queue behind what stood there when they
came, trades and depth beyond them fill them, and nobody out there knows of them. Events are held
for a moment, so that a trade is played before the update that shows it.

When the line breaks the book is not known: the street is empty and says so, orders rest unfilled
but for trades beyond their price, until a whole book has come again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ballast.core.marketdata import EMPTY, FIRST, LAST, LOST, REPLAY, Row
from ballast.kernel.exchange import layout
from ballast.venues.simulated.liquidity.books import BookSource
from ballast.venues.simulated.liquidity.playorder import PlayOrder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.venues.simulated.engine.street import Street

HOLD_NS = 30_000_000
"""How long an event is held: longer than a trade was seen to come after the book that shows it."""


class LiveBook(BookSource):
    """A source that plays what it is given, at once."""

    def __init__(
        self, symbol: str, *, rule: int = layout.FROM_BACK, sets_mark: bool = False
    ) -> None:
        """Wait for a whole book."""
        super().__init__(symbol, rule, sets_mark=sets_mark)
        self._order = PlayOrder()
        self._is_old = False

    def push(self, rows: NDArray[np.void]) -> None:
        """Take `REPLAY` rows of whole events, received at times of the exchange's engine."""
        self._order.push(rows)

    def lose(self, now_ns: int) -> None:
        """Be told that the line broke."""
        lost = np.zeros(1, REPLAY)
        lost["received_ns"], lost["kind"] = now_ns, Row.LEVEL
        lost["flags"] = FIRST | LAST | LOST | EMPTY
        self.push(lost)

    def says(self) -> str:
        """Say in a line what the book is worth."""
        known = self.book.is_known
        words = "the live book" if known else "no whole book yet: the street is empty"
        return f"{words}; gaps: {self.gaps}"

    def next_ns(self, now_ns: int) -> int | None:
        """Return when the first event that is held may be played."""
        first_ns = now_ns - HOLD_NS if self._is_old else self._order.first_ns
        return None if first_ns is None else max(first_ns + HOLD_NS, now_ns)

    def step(self, street: Street, now_ns: int) -> None:
        """Play what was held long enough."""
        if self._is_old:
            self.book.lose(street)
            self._is_old = False
        for event in self._order.ready(now_ns - HOLD_NS + 1):
            self.play(street, event, now_ns)

    def snapshot(self) -> bytes:
        """Return the levels that stand, so that they can be taken away."""
        levels = [(*level, lots) for level, lots in self.book.levels.items()]
        return msgspec.json.encode((levels, self.gaps))

    def restore(self, state: bytes) -> None:
        """Take the levels back, to be taken away at once: the market has gone on."""
        levels, self.gaps = msgspec.json.decode(state, type=tuple[list[tuple[int, int, int]], int])
        self.book.levels = {(side, price): lots for side, price, lots in levels}
        self._order = PlayOrder()
        self._is_old = True
