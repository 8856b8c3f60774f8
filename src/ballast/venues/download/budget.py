"""One weighted rate budget a venue, shared by everything that talks to it.

A bucket of `burst` units refills at `units_per_s`; a request takes its weight. In any window of
length W at most `burst + units_per_s * W` units pass (plus the debt of one request heavier than the
bucket), so with `RESERVE` of the venue's own rate kept back and `burst` sized as below, the venue's
limit holds in every window of `WINDOW_S` or longer.

The three faults of the naive limiter are excluded by construction: time is read again after every
wait, one lock orders the waiters (first come, first served), and weights are counted, not calls.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.core.ports import Clock

RESERVE = 0.2
"""Share of a venue's limit that downloads never touch: protective orders may need it (R-NET-05)."""
WINDOW_S = 2.0
"""Shortest window over which a venue counts (OKX: 20 requests in 2 s)."""
CLOSE_ENOUGH = 1e-9
"""Units, or seconds, too small to wait for: a rounding error must not become an endless loop."""


class RateBudget:
    """Hands out permission to send, in units of weight."""

    def __init__(self, units_per_s: float, burst: float, clock: Clock) -> None:
        if units_per_s <= 0 or burst <= 0:
            raise ValueError("a budget needs a positive rate and a positive burst")
        self.units_per_s = units_per_s
        self.burst = burst
        self.spent_units = 0.0
        self.requests = 0
        self._clock = clock
        self._lock = asyncio.Lock()
        self._level = burst
        self._at_s = clock.monotonic()
        self._closed_until_s = self._at_s

    @staticmethod
    def of_venue(venue_units_per_s: float, clock: Clock) -> RateBudget:
        """Build the budget that keeps `RESERVE` of a venue's published rate free."""
        rate = venue_units_per_s * (1 - RESERVE)
        return RateBudget(rate, venue_units_per_s * RESERVE * WINDOW_S, clock)

    async def acquire(self, weight: float) -> None:
        """Wait until `weight` units may be spent, and spend them.

        A request heavier than the bucket waits for a full bucket and leaves a debt behind.
        """
        async with self._lock:
            while (wait_s := self._wait_s(weight)) > 0:
                await self._clock.sleep(wait_s)
            self._level -= weight
            self.spent_units += weight
            self.requests += 1

    def pause(self, seconds: float) -> None:
        """Let nothing pass for that long: the venue said so."""
        self._closed_until_s = max(self._closed_until_s, self._clock.monotonic() + seconds)

    def _wait_s(self, weight: float) -> float:
        now_s = self._clock.monotonic()
        self._level = min(self.burst, self._level + (now_s - self._at_s) * self.units_per_s)
        self._at_s = now_s
        short = min(weight, self.burst) - self._level
        wait_s = short / self.units_per_s if short > CLOSE_ENOUGH else 0.0
        closed_s = self._closed_until_s - now_s
        return max(wait_s, closed_s if closed_s > CLOSE_ENOUGH else 0.0)
