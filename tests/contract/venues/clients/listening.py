"""A listener: the conversations of a desk, carried as in production, and all that they told."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ballast.service.cli.data_download import SystemClock
from ballast.venues.clients.streams.carrier import Carrier
from ballast.venues.clients.streams.state import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.contract.venues.clients.rig import Rig

    from ballast.venues.clients.desk import Conversation, News
    from ballast.venues.clients.streams.state import StreamState

T = TypeVar("T")


def _one_of(make: Callable[[], Sequence[Conversation]], at: int) -> Conversation:
    return make()[at]


class Listener:
    """Carries some conversations in the rig's loop; what they tell is kept in order."""

    def __init__(self, rig: Rig, make: Callable[[], Sequence[Conversation]]) -> None:
        """Begin to listen to what `make` returns; each connection gets a new one of it."""
        self.rig = rig
        self.news: list[News] = []
        self.states: list[StreamState] = []
        self.carriers = [
            Carrier(
                rig.session, partial(_one_of, make, at), SystemClock(), rig.now_ns,
                on_news=lambda one, _: self.news.append(one), on_state=self.states.append,
            )
            for at in range(len(make()))
        ]  # fmt: skip
        self._tasks: list[asyncio.Task[None]] = []
        rig.run(self._start())

    async def _start(self) -> None:
        self._tasks = [asyncio.create_task(one.run()) for one in self.carriers]

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stop(self) -> None:
        """End all of them; raise a defect of ours that ended one before."""
        ended = [task for task in self._tasks if task.done()]
        self.rig.run(self._stop())
        for task in ended:
            task.result()

    @property
    def is_ready(self) -> bool:
        """Whether all of them are."""
        stands = [one.state for one in self.carriers]
        return all(one is not None and one.phase is Phase.READY for one in stands)

    def of(self, kind: type[T]) -> list[T]:
        """Return what was told of a kind."""
        return [one for one in self.news if isinstance(one, kind)]


@contextmanager
def listening(rig: Rig, make: Callable[[], Sequence[Conversation]]) -> Iterator[Listener]:
    """Listen while the block runs, from the moment when all is subscribed."""
    listener = Listener(rig, make)
    try:
        rig.eventually(lambda: listener.is_ready)
        yield listener
    finally:
        listener.stop()
