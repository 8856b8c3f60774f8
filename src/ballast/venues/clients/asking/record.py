"""Record: what became of the calls to a venue: counts and the last errors (R-NET-09, R-NET-17)."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.venues.clients.calls import Verdict

if TYPE_CHECKING:
    from ballast.venues.clients.calls import Call, CallError

ERRORS_KEPT = 50
ANSWERED = frozenset({Verdict.REFUSED, Verdict.MISSING})
"""Refusals of a venue that works: no failures of the connection."""


@dataclass(frozen=True, slots=True)
class CallFailure:
    """One failed call, without anything secret: parameters and headers are left out."""

    at_ns: int
    method: str
    verdict: Verdict
    code: str
    status: int
    text: str


@dataclass(slots=True)
class CallRecord:
    """What became of all calls of one asker."""

    calls: int = 0
    """Sent, repeats too."""
    answered: int = 0
    repeated: int = 0
    failures_in_a_row: int = 0
    """Since the venue last answered; refusals are answers. The breaker counts by itself."""
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    errors: deque[CallFailure] = field(default_factory=lambda: deque(maxlen=ERRORS_KEPT))

    def succeeded(self) -> None:
        """Note an answer."""
        self.calls += 1
        self.answered += 1
        self.failures_in_a_row = 0

    def failed(self, call: Call, error: CallError, now_ns: int) -> None:
        """Note a failure."""
        self.calls += 1
        self.verdicts[error.verdict] += 1
        if error.verdict in ANSWERED:
            self.answered += 1
            self.failures_in_a_row = 0
        else:
            self.failures_in_a_row += 1
        self.errors.append(
            CallFailure(now_ns, call.method, error.verdict, error.code, error.status, error.text)
        )
