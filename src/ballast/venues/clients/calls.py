"""Calls: one request to a venue in its own words, how urgent it is, and what a failure means."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from ballast.core.orders import RejectReason  # noqa: TC001 - a field's type

if TYPE_CHECKING:
    from collections.abc import Mapping


class Urgency(IntEnum):
    """Who goes first where a budget is short. A reserve of it is for `PROTECT` alone (R-NET-05)."""

    PROTECT = 0
    """Stops, exits, flattening, and the cancels that belong to them."""
    TRADE = 1
    """Entries and takes."""
    ASK = 2
    """What became of an order; positions, balances."""
    ROUTINE = 3
    """Candles, rules, the clock, records."""


class Pool(StrEnum):
    """Which of a venue's budgets a call is paid from."""

    ORDERS = "orders"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Call:
    """One request: ccxt's implicit method (`privatePostOrder`) and its parameters, pre-rounded.

    `cost` is the venue's own weight. A call that `changes` something is never repeated by itself.
    """

    method: str
    params: Mapping[str, Any] | tuple[Mapping[str, Any], ...] = field(default_factory=dict)
    """A tuple is sent as a JSON array: OKX cancels algo orders so."""
    urgency: Urgency = Urgency.ROUTINE
    pool: Pool = Pool.DATA
    cost: float = 1.0
    changes: bool = False

    @property
    def body(self) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the parameters as ccxt takes them, its own to change."""
        if isinstance(self.params, tuple):
            return [dict(one) for one in self.params]
        return dict(self.params)


class Verdict(StrEnum):
    """What a failure means for the one who asked (R-EXCH-18)."""

    REFUSED = "refused"
    """The venue refuses the request, definitely: nothing happened."""
    MISSING = "missing"
    """The venue does not know the order. After a cancel: ask, it may have been sent twice."""
    UNCLEAR = "unclear"
    """Whether it happened is not known: a time-out, a 5xx, a body that cannot be read."""
    UNREACHED = "unreached"
    """No connection came about: nothing was sent, nothing happened."""
    RATE = "rate"
    """Too many requests; not done. Wait `retry_after_s`."""
    BANNED = "banned"
    """This address is sent away for `retry_after_s`; not done."""
    CLOCK = "clock"
    """Our time is wrong for the venue (-1021, 10002, 50102); not done. Measure and ask again."""
    KEY = "key"
    """Key, signature, permission or address: not done, and asking again is useless."""
    MAINTENANCE = "maintenance"
    """The venue is closed; for a write not done only where the code says so."""


DONE_IS_KNOWN = frozenset(set(Verdict) - {Verdict.UNCLEAR})
"""Verdicts after which it is certain that the request changed nothing."""


class CallError(Exception):
    """A call failed. Holds what ccxt's exceptions hide: code, HTTP status, headers, body."""

    def __init__(
        self,
        verdict: Verdict,
        text: str,
        *,
        code: str = "",
        status: int = 0,
        reason: RejectReason | None = None,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        """Name the verdict; `reason` is ours for a `REFUSED`, `code` the venue's."""
        self.verdict = verdict
        self.text = text
        self.code = code
        self.status = status
        self.reason = reason
        self.headers = dict(headers or {})
        self.body = body
        self.retry_after_s = retry_after_s
        super().__init__(f"{verdict}: {code} {text}".strip())


@dataclass(frozen=True, slots=True)
class Fault:
    """What a venue's own code means; `read_fault` of a venue's folder finds it."""

    verdict: Verdict
    reason: RejectReason | None = None


class Asker(Protocol):
    """Sends calls: signed, within the budget, at the venue's time, failures classified."""

    async def ask(self, call: Call) -> Any:  # noqa: ANN401 - decoded JSON, as the venue sent it
        """Return the answer's JSON (numbers with a point are text); raise `CallError`."""
        ...

    def now_ms(self) -> int:
        """Return the venue's time, as measured."""
        ...

    def sign(self, text: str, *, digest: str = "hex") -> str:
        """Return HMAC-SHA256 of a text with the secret as `hex` or `base64`: logins of sockets."""
        ...

    def token(self) -> str:
        """Return a signed web token that names no request: logins of sockets (Coinbase)."""
        ...

    @property
    def key(self) -> str:
        """Return the API key (not the secret), which logins of sockets carry."""
        ...

    @property
    def passphrase(self) -> str:
        """Return the passphrase of the key, '' where the venue has none."""
        ...
