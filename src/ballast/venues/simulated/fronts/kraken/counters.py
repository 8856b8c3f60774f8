"""Counters: what a client may ask, as Kraken counts it: points that decay with time.

Three of them: public calls of an address, private calls of a key, and of each account and pair what
the trading engine was asked. There, an order that is changed or cancelled soon after it was placed
costs more; what is refused has cost its fixed part.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SECOND_NS = 1_000_000_000
MILLI = 1_000


@dataclass(frozen=True, slots=True)
class Tier:
    """What a verified client may do: the most points, and how many decay in a second (milli)."""

    calls: int = 20
    calls_decay_milli: int = 500
    trading: int = 125
    trading_decay_milli: int = 2_340


INTERMEDIATE = Tier()
PUBLIC_CALLS, PUBLIC_DECAY_MILLI = 15, 1_000
AMEND_AGES_S = ((5, 3), (10, 2), (15, 1))
EDIT_AGES_S = ((5, 6), (10, 5), (15, 4), (45, 2), (90, 1))
CANCEL_AGES_S = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))
"""Points by the age of the order that is changed or cancelled: younger than so many seconds."""


def by_age(ages: tuple[tuple[int, int], ...], age_ns: int) -> int:
    """Return the points of an age."""
    return next((points for limit, points in ages if age_ns < limit * SECOND_NS), 0)


@dataclass(slots=True)
class Counter:
    """One kind of points, by whom they are counted for."""

    most: int
    decay_milli: int
    levels: dict[str, tuple[int, int]] = field(default_factory=dict)

    def level_milli(self, who: str, now_ns: int) -> int:
        """Return the points of someone now, in thousandths."""
        level, at_ns = self.levels.get(who, (0, now_ns))
        return max(0, level - self.decay_milli * (now_ns - at_ns) // SECOND_NS)

    def spend(self, who: str, points: int, now_ns: int, *, always: bool = False) -> bool:
        """Add points; tell whether there was room. `always` adds them in any case."""
        level = self.level_milli(who, now_ns) + points * MILLI
        fits = level <= self.most * MILLI
        if fits or always:
            self.levels[who] = (level, now_ns)
        return fits
