"""Patience: which failed calls are asked again, how often and after how long (R-NET-06, R-NET-07).

Only questions. A call that changes something is never sent twice by itself: whether the first was
carried out is for its sender to find out. A refusal, an order that is not there, a key that does
not work are answers, and stay so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.venues.clients.calls import Verdict

if TYPE_CHECKING:
    import numpy as np

    from ballast.venues.clients.calls import Call, CallError

PASSING = frozenset({Verdict.UNCLEAR, Verdict.UNREACHED, Verdict.RATE})
"""What may be otherwise in a moment."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a question is asked; waits double, half of each is drawn."""

    attempts: int = 3
    first_s: float = 0.25
    most_s: float = 2.0
    within_s: float = 12.0
    """No attempt begins later than so after the first."""

    def pause_s(
        self, call: Call, error: CallError, attempt: int, elapsed_s: float, rng: np.random.Generator
    ) -> float | None:
        """Return the wait before the next attempt; None: there is none."""
        if call.changes or attempt >= self.attempts or error.verdict not in PASSING:
            return None
        if error.verdict is Verdict.RATE and not error.status:
            return None  # not the venue's word: our own budget refused it
        pause_s = min(self.most_s, self.first_s * 2.0 ** (attempt - 1)) * float(
            rng.uniform(0.5, 1.0)
        )
        return pause_s if elapsed_s + pause_s <= self.within_s else None


PATIENT = Patience()
ONCE = Patience(attempts=1)
"""For tests, and for who asks again by himself."""
