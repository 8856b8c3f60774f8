"""Clock: the one place that reads the machine's clocks; everything else is given one."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

GAINS, LOSES = 20, 4
"""A node's time gains at most a twentieth on its machine's, and loses at most a quarter."""


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


class SlewedClock:
    """A node's time: the machine's, and what the venue's is ahead, without a jump.

    A node's time never goes back. Were a measurement that is wrong by an hour taken at once, its
    timers would stand for an hour after the next right one: stops would not be sent again, closes
    would wait. So a new offset is slewed to: it gains slowly, for who gains has believed what may
    be a lie, and it loses faster, but never so fast that time stands. Five minutes of any lie put
    it 15 s ahead at most, and those are gone a minute after; a deadline then takes a third longer.
    """

    def __init__(self, now_ns: Callable[[], int], measured_ns: Callable[[], int]) -> None:
        """Go with a clock that never jumps; `measured_ns` is what the venue's is ahead of it."""
        self._now_ns, self._measured_ns = now_ns, measured_ns
        self.offset_ns = 0
        self._seen_ns = 0
        self.step()

    def step(self) -> None:
        """Take the offset as it is measured: before anybody is told a time."""
        self.offset_ns, self._seen_ns = self._measured_ns(), self._now_ns()

    def now_ns(self) -> int:
        """Return nanoseconds UTC: as even as the machine's clock, and never less than before."""
        now_ns = self._now_ns()
        passed_ns = now_ns - self._seen_ns
        self._seen_ns = now_ns
        missing_ns = self._measured_ns() - self.offset_ns
        self.offset_ns += min(max(missing_ns, -(passed_ns // LOSES)), passed_ns // GAINS)
        return now_ns + self.offset_ns

    def sure_ns(self) -> int:
        """Return the time that has come by the venue's clock as measured too.

        What is asked by the venue's time goes by this one: whether a bar is closed, since when
        trades are asked for. A time that is too early costs a question, one too late a trade.
        """
        return min(self.now_ns(), self._now_ns() + self._measured_ns())
