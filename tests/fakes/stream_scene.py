"""A scripted venue of streams, a carrier on it in steered time, and its owner's ear."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

from ballast.venues.clients.streams.carrier import Carrier
from ballast.venues.clients.streams.state import Phase
from tests.fakes.streams import Ear, ScriptedVenue, SteeredClock, Talk, eventually, scripted_venue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine


class Scene:
    """A venue, a carrier on it, and its owner's ear."""

    def __init__(
        self,
        venue: ScriptedVenue,
        session: aiohttp.ClientSession,
        talk: dict[str, Any],
        news_within_s: float = 0.0,
    ) -> None:
        self.venue, self.clock, self.ear = venue, SteeredClock(), Ear()
        self.talks: list[Talk] = []
        self.prepare: Callable[[Talk], None] = lambda _talk: None

        def make() -> Talk:
            made = Talk(venue.url, **talk)
            self.prepare(made)
            self.talks.append(made)
            return made

        self.carrier = Carrier(
            session, make, self.clock, self.clock.now_ns,
            on_news=self.ear.on_news, on_state=self.ear.on_state, news_within_s=news_within_s,
        )  # fmt: skip
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.carrier.run())

    async def until(self, *phases: Phase) -> None:
        """Wait until the last phases told are these."""
        await eventually(
            lambda: self.ear.phases[-len(phases) :] == list(phases) or self.broken(),
            f"{phases} of {self.ear.phases}",
        )

    async def until_numbers(self, *numbers: int) -> None:
        await eventually(lambda: self.ear.numbers == list(numbers), str(numbers))

    async def pass_until(self, *phases: Phase, step_s: float = 1.0, most_s: float = 200.0) -> float:
        """Let time pass until the last phases told are these; return how long it took."""
        began_s = self.clock.now_s
        while self.ear.phases[-len(phases) :] != list(phases):
            assert self.clock.now_s - began_s < most_s, self.ear.states
            await self.clock.pass_(step_s)
        return self.clock.now_s - began_s

    def broken(self) -> bool:
        return self.task is not None and self.task.done() and self.task.result() is None


@asynccontextmanager
async def scene(
    *, news_within_s: float = 0.0, ready: bool = True, **talk: Any
) -> AsyncIterator[Scene]:
    async with scripted_venue() as venue, aiohttp.ClientSession() as session:
        made = Scene(venue, session, talk, news_within_s)
        if ready:
            made.start()
            await made.until(Phase.CONNECTING, Phase.READY)
        try:
            yield made
        finally:
            if made.task is not None:
                made.task.cancel()
                await asyncio.gather(made.task, return_exceptions=True)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a test of sockets."""
    asyncio.run(asyncio.wait_for(work, 60))
