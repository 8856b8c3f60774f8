"""Candles of a stream that never says that one is final.

One is, when the venue tells of a later one of the symbol, or when its own clock is some time past
the end: how long, says how late it may tell the last trade of it. Our clock does not count: what is
heard late was not said late. A bar is told closed once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from ballast.core.marketdata import Candle


@dataclass(slots=True)
class Growing:
    """The last candle of each symbol, of one length."""

    span_ns: int
    late_ns: int
    _last: dict[str, Candle] = field(default_factory=dict)

    def take(self, candle: Candle) -> list[Candle]:
        """Return what is told by word of a candle; late word of one that is over tells nothing."""
        before = self._last.get(candle.symbol)
        if (
            before is not None
            and candle.open_ns <= before.open_ns
            and (before.is_closed or candle.open_ns < before.open_ns)
        ):
            return []
        self._last[candle.symbol] = candle
        if before is not None and candle.open_ns > before.open_ns and not before.is_closed:
            return [_closed(before), candle]
        return [candle]

    def due(self, venue_ns: int) -> list[Candle]:
        """Return the candles that are final at a time that the venue stated."""
        found = []
        for symbol, one in self._last.items():
            if not one.is_closed and venue_ns >= one.open_ns + self.span_ns + self.late_ns:
                self._last[symbol] = _closed(one)
                found.append(self._last[symbol])
        return found


def _closed(candle: Candle) -> Candle:
    return msgspec.structs.replace(candle, is_closed=True)
