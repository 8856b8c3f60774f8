"""Play order: the rows of a recording as events, in the order in which they happened.

A recording is in the order of receipt, and two streams of a venue do not keep step: now and then
an update of the book that already shows a trade is received before the trade. Played like that, the
trade would be taken out of the queue twice: as a cancel first, then as a trade. So a trade that a
later line of the recording dates no later than an update is played just before that update (1.4 %
of the trades of a recorded Binance perpetual, by up to 24 ms). Times are the venue's own; where it
states none, the order of receipt stays.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ballast.core.marketdata import LAST, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

WINDOW_NS = 1_000_000_000
"""How much later than the book that shows it a trade may be received: 40 times the worst seen."""


class Played(NamedTuple):
    """An event of a recording: when it is played (in times of receipt), and its rows."""

    at_ns: int
    rows: NDArray[np.void]

    @property
    def is_trade(self) -> bool:
        """Whether it is a trade; otherwise it is of the book."""
        return bool(self.rows["kind"][0] == Row.TRADE)


class _Heard(NamedTuple):
    """An event as received: number of its place, receipt, the venue's time (0: none), rows."""

    place: int
    received_ns: int
    venue_ns: int
    rows: NDArray[np.void]


class PlayOrder:
    """Puts events in order as they come, holding each until it is sure what goes before it."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._books: deque[_Heard] = deque()
        self._trades: deque[_Heard] = deque()
        self._place = 0

    @property
    def first_ns(self) -> int | None:
        """When the first event that is held was received; None without one."""
        held = [queue[0].received_ns for queue in (self._books, self._trades) if queue]
        return min(held, default=None)

    def push(self, rows: NDArray[np.void]) -> None:
        """Take `REPLAY` rows of whole events, received after those before."""
        for heard in _events([rows]):
            self.hear(heard._replace(place=self._place))
            self._place += 1

    def hear(self, heard: _Heard) -> None:
        """Take an event."""
        is_trade = heard.rows["kind"][0] == Row.TRADE
        (self._trades if is_trade else self._books).append(heard)

    def ready(self, before_ns: int | None) -> Iterator[Played]:
        """Yield what is received before a time (None: all), and the trades that belong before."""
        books, trades = self._books, self._trades
        while books or trades:
            trade = trades[0] if trades else None
            book = books[0] if books else None
            if trade is not None and (book is None or _goes_first(trade, book)):
                chosen, queue = trade, trades
                at_ns = min(trade.received_ns, book.received_ns) if book else trade.received_ns
            else:
                assert book is not None  # noqa: S101 - one of both is there
                chosen, queue, at_ns = book, books, book.received_ns
            if before_ns is not None and at_ns >= before_ns:
                return
            queue.popleft()
            yield Played(at_ns, chosen.rows)


def in_play_order(
    arrays: Iterable[NDArray[np.void]], window_ns: int = WINDOW_NS
) -> Iterator[Played]:
    """Yield the events of arrays of `REPLAY` rows; hold no more than a window of them."""
    order = PlayOrder()
    for heard in _events(arrays):
        yield from order.ready(heard.received_ns - window_ns)
        order.hear(heard)
    yield from order.ready(None)


def _goes_first(trade: _Heard, book: _Heard) -> bool:
    if trade.place < book.place:
        return True
    return 0 < trade.venue_ns <= book.venue_ns


def _events(arrays: Iterable[NDArray[np.void]]) -> Iterator[_Heard]:
    """Cut arrays into events, of which one may lie in two arrays; quotes are passed over."""
    place = 0
    held: NDArray[np.void] | None = None
    for array in arrays:
        rows = array[array["kind"] != Row.QUOTE]
        if held is not None:
            rows = np.concatenate([held, rows])
        start = 0
        for end in (np.flatnonzero(rows["flags"] & LAST) + 1).tolist():
            part = rows[start:end]
            first = part[0]
            yield _Heard(place, int(first["received_ns"]), int(first["at_ns"]), part)
            start, place = end, place + 1
        held = rows[start:] if start < len(rows) else None
