"""Asker: one account's calls to one venue, one `ask` at a time as the budget allows."""

from __future__ import annotations

import base64
import contextvars
import hashlib
import hmac
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ballast.core.errors import InternalError
from ballast.core.rng import stream
from ballast.venues.clients.access import Keys
from ballast.venues.clients.asking.budget import Budget
from ballast.venues.clients.asking.clock import VenueClock
from ballast.venues.clients.asking.patience import PATIENT, Patience
from ballast.venues.clients.asking.record import CallRecord
from ballast.venues.clients.asking.wire import Answer, rekey, signer_of, token_of
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.clients.waiting import LoopClock, within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp

    from ballast.core.ports import Clock
    from ballast.venues.clients.access import Access
    from ballast.venues.clients.asking.clock import Offset
    from ballast.venues.clients.calls import Call

MS_NS = 1_000_000
MEASURE_S = 5.0
"""Longest time a call waits for our time to be measured; then it fails as it did."""
SAMPLES_AT_ONCE = 3
_ASKED: contextvars.ContextVar[Call | None] = contextvars.ContextVar("asked", default=None)
"""The call of this task: ccxt does not hand it to what sends and reads."""


class VenueAsker:
    """Implements `Asker`. `session` is its owner's to close; `now_ns` is the machine's clock."""

    def __init__(
        self,
        access: Access,
        session: aiohttp.ClientSession,
        now_ns: Callable[[], int],
        keys: Keys | None = None,
        *,
        clock: Clock | None = None,
        budget: Budget | None = None,
        patience: Patience = PATIENT,
        on_wait: Callable[[CallError, float], None] = lambda _error, _seconds: None,
        seed: int = 0,
        may_change: bool = False,
    ) -> None:
        """Ask a venue; without keys only public questions can be asked.

        Only one that `may_change` sends orders and settings: `runtime.wiring` alone makes it.
        Who asks the same venue from the same address shares one `budget`; left out: a new one.
        `patience` repeats questions that failed, never what changes something; `on_wait` is told
        before each wait of it why, and how many seconds.
        """
        self.access = access
        self._clock = clock or LoopClock()
        self.budget = budget or Budget(access, self._clock)
        self.offset_ns = 0
        """What the venue's clock is ahead of ours; 0 until it was measured."""
        self.record = CallRecord()
        self.time: VenueClock | None = None
        """Measures the venue's clock; see `keep_time`."""
        self._now_ns = now_ns
        self._patience, self._on_wait = patience, on_wait
        self._rng = stream(seed, f"asking/{access.venue}")
        self._keys = keys or Keys()
        self._may_change = may_change
        self._signer = signer_of(access, self._keys, session, self.now_ms, self._seen)

    async def ask(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        """Send a call when the budget allows; return the answer's JSON, raise `CallError`.

        A question that failed in passing is asked again, a few times.
        """
        if call.changes and not self._may_change:
            raise InternalError(f"{call.method} changes something, and this asker only asks")
        begun_s, attempt = self._clock.monotonic(), 1
        while True:
            try:
                return await self._ask_in_time(call)
            except CallError as error:
                elapsed_s = self._clock.monotonic() - begun_s
                pause_s = self._patience.pause_s(call, error, attempt, elapsed_s, self._rng)
                if pause_s is None:
                    raise
                self._on_wait(error, pause_s)
            await self._clock.sleep(pause_s)
            attempt += 1
            self.record.repeated += 1

    async def _ask_in_time(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        """Ask; where our time was wrong, measure it and ask once more: it was not carried out."""
        try:
            return await self._send(call)
        except CallError as error:
            time = self.time
            if error.verdict is not Verdict.CLOCK or time is None or time.is_measuring_here:
                raise
            try:
                await within(self._clock, MEASURE_S, time.measure(SAMPLES_AT_ONCE))
            except (CallError, TimeoutError):
                raise error from None
        self.record.repeated += 1
        return await self._send(call)

    async def _send(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        method = getattr(self._signer, call.method, None)
        if method is None:
            raise InternalError(f"ccxt's {self.access.ccxt_id} has no method {call.method}")
        if self.time is not None and self.time.is_measuring_here:
            call = replace(call, urgency=Urgency.PROTECT)  # whatever waits for it may be a stop
        await self.budget.acquire(call)
        _ASKED.set(call)
        sent_s = self._clock.monotonic()
        try:
            value = await method(call.body)
        except CallError as error:
            self.budget.failed(call, error)
            taken_s = self._clock.monotonic() - sent_s
            self.record.failed(call, error, self._now_ns(), taken_s)
            raise
        finally:
            self.budget.done(call)
        self.budget.succeeded(call)
        self.record.succeeded(self._clock.monotonic() - sent_s)
        return value

    def keep_time(self, ask_ms: Callable[[], Awaitable[int]]) -> VenueClock:
        """Measure the venue's clock by this question from now on; return what measures it.

        Its `run` does so every few minutes; a call refused for its time does so at once.
        """
        self.time = VenueClock(ask_ms, self._now_ns, self._clock, self._set_offset)
        return self.time

    async def measure(self) -> None:
        """Measure the venue's clock now; raise `CallError` where it does not answer."""
        if self.time is None:
            raise InternalError("nobody said how the venue's time is asked for")
        await self.time.measure()

    def _set_offset(self, offset: Offset) -> None:
        self.offset_ns = offset.offset_ns

    def rekey(self, keys: Keys) -> None:
        """Sign with other keys from now on; a socket logs in with them when it begins anew."""
        self._keys = keys
        rekey(self._signer, keys)

    def now_ms(self) -> int:
        """Return the venue's time, as measured."""
        return (self._now_ns() + self.offset_ns) // MS_NS

    def sign(self, text: str, *, digest: str = "hex") -> str:
        """Return HMAC-SHA256 of a text with the secret, `hex` or `base64`."""
        made = hmac.new(self._keys.secret.reveal().encode(), text.encode(), hashlib.sha256)
        return made.hexdigest() if digest == "hex" else base64.b64encode(made.digest()).decode()

    def token(self) -> str:
        """Return a web token for a socket; raise `UserError` for a key that cannot sign one."""
        return token_of(self._signer)

    @property
    def key(self) -> str:
        """Return the API key."""
        return self._keys.key.reveal()

    @property
    def passphrase(self) -> str:
        """Return the passphrase of the key."""
        return self._keys.passphrase.reveal()

    def _seen(self, answer: Answer) -> None:
        """Learn from an answer, whatever it says."""
        self.budget.seen(answer.headers, _ASKED.get())
