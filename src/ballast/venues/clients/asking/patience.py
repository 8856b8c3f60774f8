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

SENT_AWAY = frozenset({Verdict.RATE, Verdict.BANNED})
UNTOLD_S, UNTOLD_MAX_S = 1.0, 60.0
"""Wait after a refusal for the rate that states no time; doubles, as the budget's rest does."""
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
    told_s: float = 0.0
    """Longest wait that a venue may ask for, and gets, before the next attempt; 0: a refusal for
    the rate is asked again as any other failure, and the budget keeps the calls back meanwhile."""

    def pause_s(
        self, call: Call, error: CallError, attempt: int, elapsed_s: float, rng: np.random.Generator
    ) -> float | None:
        """Return the wait before the next attempt; None: there is none."""
        if self.told_s > 0.0 and error.verdict in SENT_AWAY and not call.changes:
            return self._as_told_s(error, attempt, elapsed_s)
        if call.changes or attempt >= self.attempts or error.verdict not in PASSING:
            return None
        if error.verdict is Verdict.RATE and not error.status:
            return None  # not the venue's word: our own budget refused it
        pause_s = min(self.most_s, self.first_s * 2.0 ** (attempt - 1)) * float(
            rng.uniform(0.5, 1.0)
        )
        return pause_s if elapsed_s + pause_s <= self.within_s else None

    def _as_told_s(self, error: CallError, attempt: int, elapsed_s: float) -> float | None:
        """Return the wait after a refusal for the rate, by a venue or by our own budget."""
        pause_s = error.retry_after_s
        if pause_s is None:
            if error.verdict is Verdict.BANNED or not error.status:
                return None
            pause_s = min(UNTOLD_MAX_S, UNTOLD_S * 2.0 ** (attempt - 1))
        is_bounded = attempt < self.attempts and elapsed_s + pause_s <= self.within_s
        return pause_s if is_bounded and pause_s <= self.told_s else None


PATIENT = Patience()
WAITING = Patience(attempts=6, within_s=300.0, told_s=180.0)
"""For a command that has nothing else to do: it waits as it is told. Who is sent away for longer
than three minutes is banned, and waiting at a prompt helps nobody."""
ONCE = Patience(attempts=1)
"""For tests, and for who asks again by himself."""
