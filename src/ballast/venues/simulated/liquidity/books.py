"""Recorded depth and trades played again, event by event, at the times of their receipt.

What the book does is in `recorded.py`, the order of events in `playorder.py`. Rows come from a
function that opens the recording from its beginning; a replay that is restored opens it again and
passes over what it has played. After the last event the book stays as it is.

Known limits: the recorded market does not react to our orders. Trades off the book (insurance fund,
blocks) met no order and are left out. Quotes are not used. A perpetual's mark is the last trade.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import LOST, OFF_BOOK
from ballast.core.orders import Side
from ballast.kernel.exchange import layout
from ballast.venues.simulated.liquidity.playorder import in_play_order
from ballast.venues.simulated.liquidity.recorded import RecordedBook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from ballast.venues.simulated.engine.street import Street
    from ballast.venues.simulated.liquidity.playorder import Played

    Rows = Callable[[], Iterable[NDArray[np.void]]]


class _State(msgspec.Struct):
    """How far a replay has come, and the book there."""

    played: int
    is_known: bool
    levels: list[tuple[int, int, int]]
    traded: list[tuple[int, int, int]]
    gaps: int
    gap_ns: int


class BookSource:
    """What recorded and live books have in common: how an event is put into the street."""

    def __init__(self, symbol: str, rule: int, *, sets_mark: bool) -> None:
        """Begin with a book that is not known."""
        self.book = RecordedBook(symbol, rule)
        self.gaps = 0
        """How often the book was lost on the way."""
        self.gap_ns = 0
        """When the present gap began; 0 while the book is known."""
        self._sets_mark = sets_mark

    def play(self, street: Street, event: Played, now_ns: int) -> None:
        """Put an event into the street."""
        if event.is_trade:
            self._trade(street, event)
        else:
            self._apply(street, event, now_ns)

    def _trade(self, street: Street, event: Played) -> None:
        trade = event.rows[0]
        if int(trade["flags"]) & OFF_BOOK:
            return
        price = int(trade["price_ticks"])
        self.book.trade(street, Side(int(trade["side"])), price, int(trade["qty_lots"]))
        if self._sets_mark and street.mark_ticks(self.book.symbol) != price:
            street.set_mark(self.book.symbol, price)

    def _apply(self, street: Street, event: Played, now_ns: int) -> None:
        if int(event.rows["flags"][0]) & LOST:
            self.gaps += 1
            self.gap_ns = now_ns
        self.book.apply(street, event.rows)
        if self.book.is_known:
            self.gap_ns = 0
            if self._sets_mark and not street.mark_ticks(self.book.symbol):
                bid, ask = street.best(self.book.symbol)
                if bid and ask:
                    street.set_mark(self.book.symbol, (bid + ask) // 2)


class BookReplay(BookSource):
    """A source that plays a recording of one symbol again."""

    def __init__(
        self,
        symbol: str,
        rows: Rows,
        *,
        shift_ns: int = 0,
        rule: int = layout.FROM_BACK,
        sets_mark: bool = False,
    ) -> None:
        """Play arrays of `REPLAY` rows, `shift_ns` later than they were received."""
        super().__init__(symbol, rule, sets_mark=sets_mark)
        self._rows = rows
        self._shift_ns = shift_ns
        self._played = 0
        self._events: Iterator[Played] = in_play_order(rows())
        self._next = next(self._events, None)

    @property
    def is_over(self) -> bool:
        """Tell whether the last event was played."""
        return self._next is None

    def says(self) -> str:
        """Say in a line what the book is worth."""
        if self.gap_ns:
            words = "gap in the recording: the street is empty until the next whole book"
        elif not self.book.is_known:
            words = "no whole book was recorded yet"
        else:
            words = "the recorded book"
        words = "the recording is over; this was its last book" if self.is_over else words
        return f"{words}; gaps: {self.gaps}"

    def next_ns(self, now_ns: int) -> int | None:
        """Return the time of the next event; one that is past already is due at once."""
        return None if self._next is None else max(self._next.at_ns + self._shift_ns, now_ns)

    def step(self, street: Street, now_ns: int) -> None:
        """Play every event that is due."""
        while self._next is not None and self._next.at_ns + self._shift_ns <= now_ns:
            event = self._next
            self._next = next(self._events, None)
            self._played += 1
            self.play(street, event, now_ns)

    def snapshot(self) -> bytes:
        """Return how far it has come, and the book there."""
        book = self.book
        return msgspec.json.encode(
            _State(
                self._played,
                book.is_known,
                [(*level, lots) for level, lots in book.levels.items()],
                [(*level, lots) for level, lots in book.traded.items()],
                self.gaps,
                self.gap_ns,
            )
        )

    def restore(self, state: bytes) -> None:
        """Go back to where it was: the recording is opened again."""
        kept = msgspec.json.decode(state, type=_State)
        book = self.book
        book.is_known = kept.is_known
        book.levels = {(side, price): lots for side, price, lots in kept.levels}
        book.traded = {(side, price): lots for side, price, lots in kept.traded}
        self.gaps, self.gap_ns, self._played = kept.gaps, kept.gap_ns, kept.played
        self._events = islice(in_play_order(self._rows()), kept.played, None)
        self._next = next(self._events, None)
