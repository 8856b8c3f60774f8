"""Book feed: the order book channels of OKX.

    books            400 levels, a snapshot and then changes, at most every 100 ms
    books-l2-tbt     the same, and books50-l2-tbt with 50 levels, as they happen
    books5           the best five whole, at most every 100 ms        bbo-tbt   the best, at once

A message of the first three names the one before it (`prevSeqId`); after a minute without changes
an empty one repeats its number. Levels are compared with what was sent, so one that leaves the
window is taken out, and one that comes into it is sent.

`checksum` is the signed CRC32 over the text of the best 25 levels of both sides in turn. OKX sends
0 in its place since 23 June 2026; see `OkxFront.sends_checksums`.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from zlib import crc32

from ballast.venues.simulated.engine.events import BookChanged
from ballast.venues.simulated.fronts.okx import market
from ballast.venues.simulated.fronts.okx.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.outcomes import BookView
    from ballast.venues.simulated.fronts.okx.front import OkxFront
    from ballast.venues.simulated.wire.interests import Interest

NS_MS = 1_000_000
HEARTBEAT_NS = 60_000_000_000
BATCH_NS = 100 * NS_MS
CHECKED_LEVELS = 25
DEPTHS = {
    "books": (400, BATCH_NS),
    "books-l2-tbt": (400, 0),
    "books50-l2-tbt": (50, 0),
    "books5": (5, BATCH_NS),
    "bbo-tbt": (1, 0),
}
"""Levels of a side, and how long changes are gathered."""
WHOLE = frozenset({"books5", "bbo-tbt"})


def checksum(bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]) -> int:
    """Return the checksum of the best levels, over the texts as they are sent."""
    texts: list[str] = []
    for pair in zip_longest(bids[:CHECKED_LEVELS], asks[:CHECKED_LEVELS]):
        for level in pair:
            if level is not None:
                texts += level[:2]
    value = crc32(":".join(texts).encode())
    return value - (1 << 32) if value >= 1 << 31 else value


class BookFeed(Feed):
    """One subscription to the book of an instrument."""

    def __init__(self, front: OkxFront, arg: dict[str, str]) -> None:
        """Begin with nothing sent."""
        self._front = front
        self._arg = arg
        self._symbol = arg["instId"]
        self._depth, self._every_ns = DEPTHS[arg["channel"]]
        self._is_whole = arg["channel"] in WHOLE
        self._sent: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._last = -1
        self._due_ns = 0
        self._spoke_ns = 0
        self._is_dirty = False

    def interests(self) -> frozenset[Interest]:
        """Return the changes of the book."""
        return frozenset({(BookChanged, self._symbol)})

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Send the book as it is."""
        self._due_ns = now_ns + self._every_ns
        yield from self._tell(now_ns)

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:
        """Gather a change, or tell it at once."""
        if isinstance(event, BookChanged) and event.symbol == self._symbol:
            self._is_dirty = True
            if not self._every_ns:
                yield from self._tell(now_ns)

    def tick(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell what was gathered, or that there is nothing new."""
        if self._is_dirty and now_ns >= self._due_ns:
            self._due_ns = now_ns + self._every_ns
            yield from self._tell(now_ns)
        elif not self._is_whole and now_ns - self._spoke_ns >= HEARTBEAT_NS:
            view = self._front.market.book(self._symbol, self._depth)
            yield self._message(view, ([], []), now_ns, self._last)

    def _tell(self, now_ns: int) -> Iterator[dict[str, Any]]:
        self._is_dirty = False
        view = self._front.market.book(self._symbol, self._depth)
        sides = (dict(view.bids), dict(view.asks))
        if self._last >= 0 and sides == self._sent:
            return
        before, self._sent = self._sent, sides
        if self._is_whole:
            self._last = view.sequence
            yield self._whole(view, now_ns)
            return
        bids, asks = (
            _changes(old, new, reverse=side == 0)
            for side, (old, new) in enumerate(zip(before, sides, strict=True))
        )
        yield self._message(view, (bids, asks), now_ns, view.sequence)

    def _levels(self, side: Sequence[tuple[int, int]]) -> list[list[str]]:
        return market.levels(self._front, self._symbol, side)

    def _whole(self, view: BookView, now_ns: int) -> dict[str, Any]:
        body = {
            "asks": self._levels(view.asks), "bids": self._levels(view.bids),
            "ts": str(now_ns // NS_MS), "seqId": view.sequence,
        }  # fmt: skip
        if self._arg["channel"] == "books5":
            body["instId"] = self._symbol
        return {"arg": self._arg, "data": [body]}

    def _message(
        self,
        view: BookView,
        changes: tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]],
        now_ns: int,
        sequence: int,
    ) -> dict[str, Any]:
        first = self._last < 0
        summed = 0
        if self._front.sends_checksums:
            summed = checksum(self._levels(view.bids), self._levels(view.asks))
        body = {
            "asks": self._levels(changes[1]), "bids": self._levels(changes[0]),
            "ts": str(now_ns // NS_MS), "checksum": summed, "seqId": sequence,
            "prevSeqId": -1 if first else self._last,
        }  # fmt: skip
        self._last = sequence
        self._spoke_ns = now_ns
        return {"arg": self._arg, "action": "snapshot" if first else "update", "data": [body]}


def _changes(old: dict[int, int], new: dict[int, int], *, reverse: bool) -> list[tuple[int, int]]:
    """Return the levels that differ, best first; a size of 0 takes one out."""
    prices = sorted({*old, *new}, reverse=reverse)
    return [
        (ticks, new.get(ticks, 0)) for ticks in prices if old.get(ticks, 0) != new.get(ticks, 0)
    ]
