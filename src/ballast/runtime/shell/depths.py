"""Depths: what a book shows now against what it usually shows (R-RISK-20).

The quote notional of each side is looked at again and again; its norm is the median of the last
looks, which some minutes of a storm do not move. Counted is what stands among the levels that were
asked for, no further from the best than an entry may slip: an order far away makes no book deep.
The worse of both sides counts: an entry takes from one, and its exit from the other.
"""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT = 720
"""Looks that make the norm: a day of one in two minutes, so that no hour of it is the usual one."""
LEAST = 30
"""With fewer looks, an hour of them, there is no norm: what is shown now might be all there is."""


class Depths:
    """The depth of one symbol's book."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.share: float | None = None
        """Of its norm, as of the last look; None: no norm, or the last look was not answered."""
        self.at_ns = 0
        """When the last look was answered; 0: none was."""
        self._sides: tuple[deque[float], deque[float]] = (deque(maxlen=KEPT), deque(maxlen=KEPT))

    @property
    def looks(self) -> tuple[list[float], list[float]]:
        """What bids and asks showed, oldest first."""
        bids, asks = self._sides
        return list(bids), list(asks)

    def continued(self, bids: Sequence[float], asks: Sequence[float], at_ns: int) -> None:
        """Go on with looks of before a restart, as many of each, the last one at a time."""
        assert len(bids) == len(asks)  # noqa: S101 - or one side would have a norm alone
        for past, looks in zip(self._sides, (bids, asks), strict=True):
            past.clear()
            past.extend(looks)
        self.at_ns = at_ns

    def shown(self, bids: float, asks: float, at_ns: int = 0) -> None:
        """Take what the sides show, in quote units, and hold it against what they showed before."""
        self.at_ns = at_ns
        shares = []
        for past, worth in zip(self._sides, (bids, asks), strict=True):
            norm = median(past) if len(past) >= LEAST else 0.0
            if norm > 0.0:
                shares.append(worth / norm)
            past.append(worth)
        self.share = min(shares, default=None)

    def lost(self) -> None:
        """Hear that a look was not answered: nobody knows what is shown."""
        self.share = None


def worth_of(levels: Sequence[tuple[int, int]], within: float, unit: float) -> float:
    """Return the quote notional of levels that are at most a part `within` from the best.

    Levels are ticks and lots, best first; `unit` is what a lot costs a tick.
    """
    if not levels:
        return 0.0
    best = levels[0][0]
    near = [ticks * lots for ticks, lots in levels if abs(ticks - best) <= within * best]
    return sum(near) * unit
