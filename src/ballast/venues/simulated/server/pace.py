"""Pace: how the venue's time follows the real one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

SPEED_MAX = 100_000.0
"""Faster than this, one turn of the event loop would be more than a day of the venue's time."""


class Pace:
    """Venue time runs `speed` times as fast as the real clock, from `start_ns` on."""

    def __init__(self, start_ns: int, monotonic_ns: Callable[[], int], speed: float = 1.0) -> None:
        """Start now; raise `UserError` for a speed that is none."""
        if not (math.isfinite(speed) and 0.0 < speed <= SPEED_MAX):
            raise UserError(f"speed {speed:g}", expected=f"above 0, at most {SPEED_MAX:g}")
        self._clock = monotonic_ns
        self._speed = speed
        self._venue_ns = start_ns
        self._real_ns = monotonic_ns()

    @property
    def speed(self) -> float:
        """Return how fast venue time runs."""
        return self._speed

    def now_ns(self) -> int:
        """Return the venue's time."""
        return self._venue_ns + int((self._clock() - self._real_ns) * self._speed)

    def change(self, speed: float) -> None:
        """Go on at another speed, without a jump."""
        here = self.now_ns()
        fresh = Pace(here, self._clock, speed)
        self._speed, self._venue_ns, self._real_ns = fresh._speed, here, fresh._real_ns

    def real_seconds(self, venue_ns: int) -> float:
        """Return how long a span of venue time takes in real seconds."""
        return max(0.0, venue_ns / self._speed / 1e9)
