"""Gathered: the changes of a book between two messages of a depth stream, once for all its readers.

As on the venue, a depth stream speaks at whole multiples of its interval, and says the same to
everybody: a reader that comes between two messages hears changes from before it came, which the
numbers of the message tell it to leave out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import BookChanged
    from ballast.venues.simulated.wire.messages import Text


@dataclass(slots=True)
class Depth:
    """What one depth stream still has to say, and what it said last."""

    symbol: str
    every_ns: int
    due_ns: int
    first: int = 0
    last: int = 0
    said: int = 0
    """The last change that was told before."""
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    readers: int = 0
    number: int = 0
    """Messages so far."""
    frames: dict[bool, Text] = field(default_factory=dict)
    """The last message, by whether it names its stream."""

    def take(self, event: BookChanged) -> None:
        """Gather a change."""
        self.first = self.first or event.book_first
        self.last = event.book_last
        self.bids.update(event.bids)
        self.asks.update(event.asks)

    def told(self) -> None:
        """Be told that all of it was said."""
        self.said = self.last
        self.first = self.last = 0
        self.bids.clear()
        self.asks.clear()


class Depths:
    """The depth streams of one front end that somebody reads."""

    def __init__(self) -> None:
        """Gather nothing yet."""
        self._by_name: dict[str, Depth] = {}
        self._by_symbol: dict[str, list[Depth]] = {}

    def observe(self, event: BookChanged) -> None:
        """Gather a change for the streams of its symbol."""
        for depth in self._by_symbol.get(event.symbol, ()):
            depth.take(event)

    def join(self, name: str, fresh: Depth) -> Depth:
        """Read a stream: the one that others read already, or a fresh one."""
        depth = self._by_name.get(name)
        if depth is None:
            depth = self._by_name[name] = fresh
            self._by_symbol.setdefault(fresh.symbol, []).append(fresh)
        depth.readers += 1
        return depth

    def leave(self, name: str) -> None:
        """Read a stream no more; the last reader ends it."""
        depth = self._by_name[name]
        depth.readers -= 1
        if not depth.readers:
            del self._by_name[name]
            self._by_symbol[depth.symbol].remove(depth)
