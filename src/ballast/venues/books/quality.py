"""Quality: what an import of recorded frames saw, counted, so that nobody must take it on trust."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ballast.core.marketdata import NONE

LISTED_MOST = 20
"""Faults and gaps listed one by one; all are counted."""
_MS = 1_000_000
_SPAN_MS = 60_000
"""Latencies beyond a minute either way are counted as a minute: the clock is wrong, how much is
moot."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a book was lost: when the frame was received, why, and where it stands."""

    at_ns: int
    cause: str
    reason: str
    source: str


class Latency:
    """Receipt minus the venue's time, in milliseconds; below 0 the venue's clock is ahead."""

    def __init__(self) -> None:
        self._bins = np.zeros(2 * _SPAN_MS + 1, np.int64)
        self.least_ns: int | None = None

    def add(self, received_ns: int, at_ns: int) -> None:
        """Count one message."""
        late_ns = received_ns - at_ns
        if self.least_ns is None or late_ns < self.least_ns:
            self.least_ns = late_ns
        self._bins[min(max(late_ns // _MS, -_SPAN_MS), _SPAN_MS) + _SPAN_MS] += 1

    def quantile_ms(self, share: float) -> int | None:
        """Return the latency that `share` of the messages do not exceed, to a millisecond."""
        total = int(self._bins.sum())
        if not total:
            return None
        return int(np.searchsorted(np.cumsum(self._bins), share * total)) - _SPAN_MS

    @property
    def clock_offset_ns(self) -> int:
        """Return by how much the venue's clock must be ahead: no message arrives before it left."""
        return max(-(self.least_ns or 0), 0)


@dataclass(slots=True)
class Quality:
    """What was seen. `events` counts by kind, `steps` what updates did to the book."""

    frames: int = 0
    events: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    first_faults: list[str] = field(default_factory=list)
    gaps: int = 0
    first_gaps: list[Gap] = field(default_factory=list)
    checksums: int = 0
    quotes_compared: int = 0
    quotes_equal: int = 0
    quotes_equal_price: int = 0
    trades_repeated: int = 0
    trades_missing: int = 0
    aggregates_dropped: int = 0
    backwards: int = 0
    """Frames received before the one that precedes them: the clock was set back."""
    undated: int = 0
    """Frames with neither a time of receipt nor one of their own."""
    latency: Latency = field(default_factory=Latency)
    first_ns: int | None = None
    last_ns: int | None = None

    def fault(self, source: str, where: str, why: str) -> None:
        """Count a frame that breaks the venue's protocol."""
        self.faults += 1
        if len(self.first_faults) < LISTED_MOST:
            self.first_faults.append(f"{source}: {where}: {why}")

    def gap(self, gap: Gap) -> None:
        """Count a loss of the book."""
        self.gaps += 1
        if len(self.first_gaps) < LISTED_MOST:
            self.first_gaps.append(gap)

    def numbers(self) -> dict[str, int]:
        """Return the counts that are kept with the stored recording."""
        return {
            "frames": self.frames,
            "faults": self.faults,
            "gaps": self.gaps,
            "updates": self.steps["applied"],
            "checksums": self.checksums,
            "quotes_compared": self.quotes_compared,
            "quotes_equal": self.quotes_equal,
            "trades_repeated": self.trades_repeated,
            "trades_missing": self.trades_missing,
            "clock_offset_ms": self.latency.clock_offset_ns // _MS,
        }


class TradeNumbers:
    """Watches the numbers of trades: a repeated one is dropped, a missing one is counted."""

    def __init__(self) -> None:
        self._last = NONE
        self._texts: dict[str, None] = {}

    REMEMBERED = 10_000
    """Texts kept to know a repeated trade: what a reconnection sends again is far less."""

    def is_new(self, trade_id: str, first_id: int, last_id: int) -> tuple[bool, int]:
        """Return whether a trade is new, and how many numbers are missing before it."""
        if last_id == NONE:
            return self._is_new_text(trade_id), 0
        if last_id <= self._last:
            return False, 0
        missing = first_id - self._last - 1 if NONE not in {self._last, first_id} else 0
        self._last = last_id
        return True, max(missing, 0)

    def _is_new_text(self, trade_id: str) -> bool:
        if not trade_id:
            return True
        if trade_id in self._texts:
            return False
        self._texts[trade_id] = None
        if len(self._texts) > self.REMEMBERED:
            del self._texts[next(iter(self._texts))]
        return True
