"""Bar book: one final bar a symbol and close, whoever tells it, and what did not agree.

A bar is told by the stream, by the venue when it is asked, or by both. The first that comes before
the bars of its close are given is the one; it never changes afterwards, for the node has decided on
it. What is told differently later is a difference, what is told too late is late, what nobody told
is a gap: all are counted, and the last ones kept. Nothing is ever made up.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.runtime.node.events import ClosedBar

KEPT = 64
"""Closes of a symbol that are remembered, to compare with."""
TOLD = 50
VOLUME = 4
"""The place of the volume among a bar's numbers."""
ALIKE = 1e-6
"""Volumes are equal to one part in a million: venues round them."""


class Source(StrEnum):
    """Who told a bar."""

    STREAM = "stream"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Difference:
    """One bar told in two ways; `held` is the one that counts."""

    symbol: str
    open_ms: int
    held: tuple[float, ...]
    told: tuple[float, ...]
    source: Source
    """Of what was told otherwise."""


@dataclass(slots=True)
class BarBook:
    """The bars of some symbols, by their opening times."""

    symbols: Sequence[str]
    streamed: int = 0
    asked: int = 0
    late: int = 0
    """Bars that came after their close was given without them."""
    gaps: int = 0
    compared: int = 0
    differences: int = 0
    last_differences: deque[Difference] = field(default_factory=lambda: deque(maxlen=TOLD))
    last_gaps: deque[tuple[str, int]] = field(default_factory=lambda: deque(maxlen=TOLD))
    _bars: dict[str, dict[int, ClosedBar]] = field(default_factory=dict)
    _given_ms: int = -1
    """Opening time of the newest bars that were given."""

    def tell(self, bar: ClosedBar, source: Source) -> None:
        """Take a final bar."""
        if bar.symbol not in self.symbols:
            return
        bars = self._bars.setdefault(bar.symbol, {})
        held = bars.get(bar.open_ms)
        if held is not None:
            self.compared += 1
            if not is_alike(held.prices, bar.prices):
                self.differences += 1
                self.last_differences.append(
                    Difference(bar.symbol, bar.open_ms, held.prices, bar.prices, source)
                )
            return
        if bar.open_ms <= self._given_ms:
            self.late += (bar.symbol, bar.open_ms) in self.last_gaps
            return
        bars[bar.open_ms] = bar
        if source is Source.STREAM:
            self.streamed += 1
        else:
            self.asked += 1

    def lacking(self, open_ms: int) -> list[str]:
        """Return the symbols whose bar of an opening time is not known."""
        return [one for one in self.symbols if open_ms not in self._bars.get(one, {})]

    def give(self, open_ms: int) -> tuple[ClosedBar, ...]:
        """Return the bars of an opening time in declared order, once; what lacks is a gap."""
        if open_ms <= self._given_ms:
            return ()
        self._given_ms = open_ms
        found = []
        for symbol in self.symbols:
            bars = self._bars.setdefault(symbol, {})
            bar = bars.get(open_ms)
            if bar is None:
                self.gaps += 1
                self.last_gaps.append((symbol, open_ms))
            else:
                found.append(bar)
            for old_ms in sorted(bars)[:-KEPT]:
                del bars[old_ms]
        return tuple(found)


def is_alike(one: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether two bars say the same: equal prices, volumes equal but for rounding."""
    prices = tuple(one[:VOLUME]) == tuple(other[:VOLUME])
    volumes = zip(one[VOLUME:], other[VOLUME:], strict=True)
    return prices and all(math.isclose(a, b, rel_tol=ALIKE) for a, b in volumes)
