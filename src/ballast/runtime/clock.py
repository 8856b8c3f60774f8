"""Clock: the one place that reads the machine's clocks; everything else is given one."""

from __future__ import annotations

import asyncio
import time


def _elapsed_ns() -> int:
    """Return nanoseconds since some moment, the machine's sleep included where it can tell."""
    source = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if source is None else time.clock_gettime_ns(source)


class FastClock:
    """The machine's clocks at another speed, for rehearsals: an hour of a venue in some minutes."""

    def __init__(self, speed: float) -> None:
        """Run so many times as fast as the clock, from now on."""
        self.speed = speed
        self._start_s = time.monotonic()
        self._start_ns = time.time_ns()

    def now_ns(self) -> int:
        """Return nanoseconds UTC, of the exchange that is rehearsed with."""
        return self._start_ns + round((time.monotonic() - self._start_s) * self.speed * 1e9)

    def move(self, by_ns: int) -> None:
        """Move this clock: it is set by the exchange's once, at the start."""
        self._start_ns += by_ns

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic() * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait that long, at this speed."""
        await asyncio.sleep(seconds / self.speed)


class SystemClock:
    """The machine's clocks. What time it is goes on evenly from the start of the process.

    Somebody who sets the machine's clock moves no timer and no deadline of a session; what that
    leaves wrong is measured against the venue's clock.
    """

    def __init__(self) -> None:
        """Take the machine's time, once."""
        self._start_ns = time.time_ns() - _elapsed_ns()

    def now_ns(self) -> int:
        """Return nanoseconds UTC; it never jumps, and it counts while the machine sleeps."""
        return self._start_ns + _elapsed_ns()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)
