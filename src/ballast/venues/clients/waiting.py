"""Waiting: for something, but not longer than a clock allows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ballast.core.ports import Clock

T = TypeVar("T")


class LoopClock:
    """The clock of the running event loop: a `Clock` where nobody gives another."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)


async def within(clock: Clock, limit_s: float, work: Awaitable[T]) -> T:
    """Return what comes of the work; raise `TimeoutError` if it takes longer, by this clock."""
    task, timer = asyncio.ensure_future(work), asyncio.ensure_future(clock.sleep(limit_s))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        task.cancel()
        timer.cancel()
        await asyncio.gather(task, timer, return_exceptions=True)
