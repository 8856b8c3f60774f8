"""Record: what became of the calls to a venue: counts and the last errors (R-NET-09, R-NET-17)."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.venues.clients.calls import Verdict

if TYPE_CHECKING:
    from ballast.venues.clients.calls import Call, CallError

ERRORS_KEPT = 50
TIMES_KEPT = 1_000
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
    codes: Counter[tuple[Verdict, str]] = field(default_factory=Counter)
    """Failures by what they mean and the venue's own code, '' where it gave none."""
    taken_ms: deque[float] = field(default_factory=lambda: deque(maxlen=TIMES_KEPT))
    """How long the last calls took, from sending to answer or failure."""
    errors: deque[CallFailure] = field(default_factory=lambda: deque(maxlen=ERRORS_KEPT))

    def succeeded(self, taken_s: float) -> None:
        """Note an answer, and how long it took."""
        self.calls += 1
        self.taken_ms.append(taken_s * 1e3)
        self.answered += 1
        self.failures_in_a_row = 0

    def failed(self, call: Call, error: CallError, now_ns: int, taken_s: float) -> None:
        """Note a failure."""
        self.calls += 1
        self.taken_ms.append(taken_s * 1e3)
        self.verdicts[error.verdict] += 1
        self.codes[error.verdict, error.code] += 1
        if error.verdict in ANSWERED:
            self.answered += 1
            self.failures_in_a_row = 0
        else:
            self.failures_in_a_row += 1
        self.errors.append(
            CallFailure(now_ns, call.method, error.verdict, error.code, error.status, error.text)
        )
