"""Clock: what the venue's clock is ahead of ours, measured (R-EXCH-06, D4, A-EXCH-06).

One question tells the venue's time at some moment between sending and hearing: taken as the middle,
it is wrong by half the round trip at most. So several are asked, and the one with the shortest
round trip counts. The machine's clock drifts and is set, so it is measured again every few minutes,
and whenever a venue says that our time is wrong.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.venues.clients.calls import CallError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ballast.core.ports import Clock

SAMPLES = 5
EVERY_S = 300.0
"""D4 holds an offset older than ten minutes for unknown: one measurement may fail."""
AGAIN_S = 30.0
"""After a measurement that failed."""
MS_NS, S_NS = 1_000_000, 1_000_000_000


@dataclass(frozen=True, slots=True)
class Offset:
    """What the venue's clock is ahead, by how much that may be wrong, and when it was measured."""

    offset_ns: int
    error_ns: int
    measured_ns: int


class VenueClock:
    """Measures one venue's clock."""

    def __init__(
        self,
        ask_ms: Callable[[], Awaitable[int]],
        now_ns: Callable[[], int],
        clock: Clock,
        measured: Callable[[Offset], None],
    ) -> None:
        """`ask_ms` asks the venue for its time; `measured` is told each result."""
        self.last: Offset | None = None
        self.failures = 0
        """Measurements that failed since the last that did not."""
        self._ask_ms = ask_ms
        self._now_ns = now_ns
        self._clock = clock
        self._tell = measured
        self._lock = asyncio.Lock()
        self._measurer: asyncio.Task[object] | None = None

    @property
    def is_measuring_here(self) -> bool:
        """Whether the running task is the one that measures: its own questions cannot wait."""
        return self._measurer is not None and self._measurer is asyncio.current_task()

    async def measure(self, samples: int = SAMPLES) -> Offset:
        """Measure; who comes meanwhile gets the same result. Raise `CallError` without an answer.

        One answer is enough; a question that fails does not spoil the others.
        """
        begun_ns = self._now_ns()
        async with self._lock:
            if self.last is not None and self.last.measured_ns > begun_ns:
                return self.last
            self._measurer = asyncio.current_task()
            try:
                self.last = await self._measured(samples)
            except CallError:
                self.failures += 1
                raise
            finally:
                self._measurer = None
            self.failures = 0
            self._tell(self.last)
            return self.last

    async def _measured(self, samples: int) -> Offset:
        found: list[Offset] = []
        failure: CallError | None = None
        for _ in range(samples):
            try:
                found.append(await self._sample())
            except CallError as error:
                failure = error
                if not found:
                    break
        if not found:
            assert failure is not None  # noqa: S101 - either an answer or a failure
            raise failure
        best = min(found, key=lambda one: one.error_ns)
        return Offset(best.offset_ns, best.error_ns, self._now_ns())

    async def _sample(self) -> Offset:
        """Ask once: the machine's clock may be set meanwhile, so the round trip has its own."""
        asked_s, asked_ns = self._clock.monotonic(), self._now_ns()
        venue_ns = await self._ask_ms() * MS_NS + MS_NS // 2  # the venue cuts its milliseconds off
        half_ns = int((self._clock.monotonic() - asked_s) * S_NS) // 2
        return Offset(venue_ns - asked_ns - half_ns, half_ns + MS_NS // 2, asked_ns)

    async def run(self) -> None:
        """Measure now and then, until cancelled."""
        while True:
            try:
                await self.measure()
            except CallError:
                await self._clock.sleep(AGAIN_S)
            else:
                await self._clock.sleep(EVERY_S)
