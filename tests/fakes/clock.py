"""Virtual time: sleeping costs nothing and moves the clock."""

from __future__ import annotations

import asyncio
import heapq


class VirtualClock:
    """A `core.ports.Clock` for code that talks to real sockets: each sleep moves time at once."""

    def __init__(self, start_s: float = 1_000.0) -> None:
        self.now_s = start_s
        self.slept_s: list[float] = []

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept_s.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)


class OrderedClock(VirtualClock):
    """Virtual time for many tasks: sleepers wake one by one, in the order of their wake-up times.

    Time moves only when every task waits, which `drive` finds out by letting the loop run dry.
    """

    def __init__(self, start_s: float = 1_000.0) -> None:
        super().__init__(start_s)
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self._count += 1
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now_s + seconds, self._count, woken))
        await woken

    async def drive(self, *coroutines: object) -> None:
        """Run the coroutines to their end, moving time whenever nobody can go on."""
        tasks = [asyncio.ensure_future(each) for each in coroutines]  # type: ignore[call-overload]
        while not all(task.done() for task in tasks):
            for _ in range(20):  # longer than any chain of ready callbacks in these tests
                await asyncio.sleep(0)
            if self._sleepers and not all(task.done() for task in tasks):
                wake_s, _, woken = heapq.heappop(self._sleepers)
                self.now_s = max(self.now_s, wake_s)
                if not woken.done():
                    woken.set_result(None)
        await asyncio.gather(*tasks)
