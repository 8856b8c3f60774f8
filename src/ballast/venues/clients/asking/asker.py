"""Asker: one account's calls to one venue, one `ask` at a time as the budget allows."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from ballast.core.errors import InternalError
from ballast.venues.clients.access import Keys
from ballast.venues.clients.asking.budget import Budget
from ballast.venues.clients.asking.wire import Answer, signer_of, token_of
from ballast.venues.clients.calls import CallError
from ballast.venues.clients.waiting import LoopClock

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

    from ballast.core.ports import Clock
    from ballast.venues.clients.access import Access
    from ballast.venues.clients.calls import Call

MS_NS = 1_000_000


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
    ) -> None:
        """Ask a venue; without keys only public questions can be asked.

        Who asks the same venue from the same address shares one `budget`; left out: a new one.
        """
        self.access = access
        self._clock = clock or LoopClock()
        self.budget = budget or Budget(access, self._clock)
        self.offset_ns = 0
        """What the venue's clock is ahead of ours; 0 until it was measured."""
        self._now_ns = now_ns
        self._keys = keys or Keys()
        self._signer = signer_of(access, self._keys, session, self.now_ms, self._seen)

    async def ask(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        """Send a call when the budget allows; return the answer's JSON, raise `CallError`."""
        method = getattr(self._signer, call.method, None)
        if method is None:
            raise InternalError(f"ccxt's {self.access.ccxt_id} has no method {call.method}")
        await self.budget.acquire(call)
        try:
            value = await method(call.body)
        except CallError as error:
            self.budget.failed(call, error)
            raise
        finally:
            self.budget.done(call)
        self.budget.succeeded(call)
        return value

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
        self.budget.seen(answer.headers)
