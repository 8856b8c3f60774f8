"""One retry policy for reads: bounded attempts, doubling waits with jitter, Retry-After honoured.

Only questions are asked here, never orders: a question may be repeated without harm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ballast.core.rng import stream
from ballast.venues.errors import VenueFaultError, VenueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import numpy as np

    from ballast.core.ports import Clock
    from ballast.venues.download.budget import RateBudget

T = TypeVar("T")

MAX_ATTEMPTS = 6
"""With the waits below an outage of about half a minute is ridden out; a longer one is reported."""
FIRST_WAIT_S = 1.0
MAX_WAIT_S = 30.0
MAX_RETRY_AFTER_S = 180.0
"""A venue that sends us away for longer means a ban: waiting in a command line helps nobody."""
THROTTLED = frozenset({418, 429})


@dataclass(slots=True)
class Patience:
    """Asks a question until it is answered or hope is gone."""

    venue: str
    clock: Clock
    budget: RateBudget
    on_wait: Callable[[str, float], None] = lambda _what, _seconds: None
    """Told why and how long, before each wait: a person should not stare at nothing."""
    retries: int = 0
    rng: np.random.Generator = field(default_factory=lambda: stream(0, "venues/retry"))

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Return the answer; raise `VenueUnavailableError` when hope is gone."""
        attempt = 1
        while True:
            try:
                return await question()
            except VenueFaultError as fault:
                if attempt == MAX_ATTEMPTS or (fault.retry_after_s or 0) > MAX_RETRY_AFTER_S:
                    raise self._given_up(fault, attempt) from fault
                await self._wait(fault, attempt)
            attempt += 1
            self.retries += 1

    async def _wait(self, fault: VenueFaultError, attempt: int) -> None:
        """Wait before the next attempt; a throttling answer stops everybody, not only us."""
        doubled_s = min(MAX_WAIT_S, FIRST_WAIT_S * 2.0 ** (attempt - 1))
        wait_s = doubled_s * float(self.rng.uniform(0.5, 1.0))
        if fault.retry_after_s is not None:
            wait_s = max(wait_s, fault.retry_after_s)
        if fault.status in THROTTLED:
            self.budget.pause(wait_s)
        self.on_wait(fault.what, wait_s)
        await self.clock.sleep(wait_s)

    def _given_up(self, fault: VenueFaultError, attempts: int) -> VenueUnavailableError:
        if (fault.retry_after_s or 0) > MAX_RETRY_AFTER_S:
            return VenueUnavailableError(
                f"{fault.what}: the venue has sent us away for {fault.retry_after_s:.0f} s",
                where=self.venue,
                fix="run the same command after that; it continues where it stopped",
            )
        return VenueUnavailableError(
            f"{fault.what}; gave up after {attempts} attempts",
            where=self.venue,
            fix="check the connection and run the command again: it goes on where it stopped",
        )
