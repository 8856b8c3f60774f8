"""The builder: updates in, a book out that is right or says that it is not.

    EMPTY      nothing yet               --update-->    BUFFERING (where the venue needs it)
    BUFFERING  updates wait for a snapshot --snapshot--> LIVE, or GAP if it is older than they are
    LIVE       every change is in the book --hole-->     GAP
    GAP        not known, with a reason  --snapshot-->  LIVE

A GAP shows no levels: a book with a hole looks like a book. What makes one: a number that does not
follow (`SEQUENCE`), a checksum that differs, crossed prices, a snapshot older than the updates that
wait for it, too many of these, a loss told from outside (a lost connection, a missing frame).

An update that is older than the book is `STALE` and changes nothing; quantities are absolute, so
one that overlaps the snapshot may be applied whole. The rules of Binance futures ask of it
`first_id <= snapshot <= last_id`; here `prev_id <= snapshot` does as well: the same promise, which
also holds where the snapshot falls between two updates.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING

from ballast.core.marketdata import NONE
from ballast.venues.books.book import Book
from ballast.venues.books.rules import Link

if TYPE_CHECKING:
    from ballast.core.marketdata import BookUpdate, Grid
    from ballast.venues.books.rules import Rules

BUFFER_MOST = 20_000
"""Updates that may wait for a snapshot: over half an hour of the fastest stream seen (10 ms)."""


class State(StrEnum):
    """What the book is worth."""

    EMPTY = "empty"
    BUFFERING = "buffering"
    LIVE = "live"
    GAP = "gap"


class Step(StrEnum):
    """What an update did."""

    LOADED = "loaded"
    """The book is new, and live."""
    APPLIED = "applied"
    STALE = "stale"
    WAITING = "waiting"
    """It waits for a snapshot, or is of no use until one comes."""
    LOST = "lost"
    """The book was live, or would have been, and is not known any more: see `reason`."""


class Cause(StrEnum):
    """Why a book is not known."""

    SEQUENCE = "sequence"
    CHECKSUM = "checksum"
    CROSSED = "crossed"
    OLD_SNAPSHOT = "old snapshot"
    TOO_MANY = "too many waiting"
    OUTSIDE = "outside"


class BookBuilder:
    """Builds the book of one symbol on one connection; one `take` an update, in order."""

    def __init__(self, rules: Rules, grid: Grid) -> None:
        self.book = Book()
        self.state = State.EMPTY
        self.cause: Cause | None = None
        self.reason = ""
        self.last_id = NONE
        self.checked = 0
        """Checksums that were compared."""
        self._rules = rules
        self._link = rules.link
        self._grid = grid
        self._joined = False  # whether an update has followed the snapshot yet
        self._waiting: deque[BookUpdate] = deque()

    @property
    def is_live(self) -> bool:
        """Say whether the book may be used."""
        return self.state is State.LIVE

    def take(self, update: BookUpdate) -> Step:
        """Take one update, snapshot or not; return what it did."""
        if update.is_snapshot:
            return self._snapshot(update)
        if self.state is State.LIVE:
            return self._change(update)
        if not self._rules.buffers:
            return Step.WAITING
        if len(self._waiting) >= BUFFER_MOST:
            self._waiting.clear()
            self._waiting.append(update)
            return self._lose(Cause.TOO_MANY, f"{BUFFER_MOST} updates and no snapshot")
        self._waiting.append(update)
        if self.state is State.EMPTY:
            self.state = State.BUFFERING
        return Step.WAITING

    def lose(self, reason: str) -> Step:
        """Be told that messages were lost; the next snapshot makes the book live again."""
        self._waiting.clear()
        if self.state is State.EMPTY:
            return Step.WAITING
        return self._lose(Cause.OUTSIDE, reason)

    def _snapshot(self, update: BookUpdate) -> Step:
        known = update.last_id != NONE
        if self._rules.buffers and self.is_live and known and update.last_id <= self.last_id:
            return Step.STALE
        levels = max(len(update.bids), len(update.asks))
        self.book.depth = self._rules.depth_for(update.depth, levels)
        crossed = self.book.load(update.bids, update.asks)
        self.state, self.cause, self.reason = State.LIVE, None, ""
        self.last_id = update.last_id
        self._joined = not self._rules.buffers
        if not self._is_whole(update, crossed=crossed):
            return Step.LOST
        while self._waiting and self.is_live:
            waiting = self._waiting.popleft()
            if self._change(waiting) is Step.LOST and not self._joined:
                # Older than what waits for it: the same updates serve a younger snapshot.
                self._waiting.appendleft(waiting)
                self.cause = Cause.OLD_SNAPSHOT
        if self.is_live:
            return Step.LOADED
        return Step.LOST

    def _change(self, update: BookUpdate) -> Step:
        if self._is_stale(update):
            return Step.STALE
        problem = self._hole(update)
        if problem:
            if self._rules.buffers and self._joined:
                self._waiting.append(update)
            return self._lose(Cause.SEQUENCE, problem)
        crossed = self.book.apply(update.bids, update.asks)
        self.last_id = update.last_id
        self._joined = True
        if not crossed and self._rules.checksum is None:
            return Step.APPLIED
        return Step.APPLIED if self._is_whole(update, crossed=crossed) else Step.LOST

    def _is_stale(self, update: BookUpdate) -> bool:
        """Say whether the book already holds all of an update."""
        last, number, link = self.last_id, update.last_id, self._link
        if number > last or number == NONE or link is Link.NONE:
            return False
        if link is not Link.CHAIN:
            return True
        if self._rules.buffers:
            return number < last or self._joined
        # Numbers may start anew (OKX): a smaller one says nothing, the same one is a repetition.
        return number == last != update.prev_id

    def _hole(self, update: BookUpdate) -> str:
        """Return what is missing before an update, nothing if it follows the book."""
        last, link, first = self.last_id, self._link, update.first_id
        if link is Link.CHAIN:
            follows = update.prev_id == last
            if not follows and not self._joined:
                follows = min(update.prev_id, max(first, 0)) <= last
            if not follows and not self._rules.buffers:
                follows = update.prev_id == NONE  # OKX had no numbers at first: only checksums
        elif link is Link.RANGE:
            follows = first == last + 1 or (not self._joined and first <= last)
        else:
            follows = link is Link.NONE or update.last_id == last + 1
        if follows:
            return ""
        if link is Link.CHAIN:
            return f"{last} is followed by one that follows {update.prev_id}"
        return f"{last} is followed by {first if link is Link.RANGE else update.last_id}"

    def _is_whole(self, update: BookUpdate, *, crossed: bool) -> bool:
        """Check the book after an update; it is lost if a check fails."""
        if crossed:
            bid, ask = self.book.best_bid, self.book.best_ask
            self._lose(Cause.CROSSED, f"bid {bid and bid[0]} ticks, ask {ask and ask[0]}")
            return False
        checksum = self._rules.checksum
        if checksum is None or not update.checksum:  # 0 is what OKX sends in place of one
            return True
        self.checked += 1
        found = checksum(self.book, self._grid)
        if (found - update.checksum) % 2**32:
            self._lose(Cause.CHECKSUM, f"{found}, the venue says {update.checksum}")
            return False
        return True

    def _lose(self, cause: Cause, reason: str) -> Step:
        self.book.clear()
        self.state, self.cause, self.reason = State.GAP, cause, reason
        self.last_id = NONE
        return Step.LOST
