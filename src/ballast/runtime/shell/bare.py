"""Bare: how long positions were without a live stop of their size at the venue (B2).

A figure for people, measured and not assumed: seconds of each position, the longest of all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.runtime.node.desk import unprotected

if TYPE_CHECKING:
    from ballast.runtime.node.node import Node

SECOND_NS = 1_000_000_000


@dataclass(slots=True)
class BareTime:
    """Seconds without protection. `look` after each event."""

    since_ns: dict[str, int] = field(default_factory=dict)
    """Symbols that are bare now."""
    spells: dict[str, list[float]] = field(default_factory=dict)
    """Of each symbol, in seconds, oldest first: one a time it was bare and is not any more."""

    def look(self, node: Node) -> None:
        """Take note of who is bare now."""
        now = set(unprotected(node.book, node.bare()))
        for symbol in now - self.since_ns.keys():
            self.since_ns[symbol] = node.now_ns
        for symbol in self.since_ns.keys() - now:
            spell = (node.now_ns - self.since_ns.pop(symbol)) / SECOND_NS
            self.spells.setdefault(symbol, []).append(spell)

    @property
    def longest_s(self) -> float:
        """Return the longest time any position was bare."""
        return max((one for spells in self.spells.values() for one in spells), default=0.0)
