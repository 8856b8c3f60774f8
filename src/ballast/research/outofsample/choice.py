"""Choice: the best by score, or the one before until it is clearly beaten (R-OPT-06)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from ballast.kernel.market import Floats, Ints


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """How clearly, and how often in a row, a challenger must beat the incumbent."""

    margin: float = 0.10  # of the incumbent's score, by its size
    times: int = 3

    def __post_init__(self) -> None:
        """Raise `UserError` for what would never, or always, switch."""
        if not 0.0 <= self.margin < math.inf or self.times < 1:
            raise UserError(
                f"switch margin {self.margin:g}, {self.times} times",
                expected="a margin of 0 or more, at least once",
            )


class Chooser:
    """Chooses fold after fold; remembers the incumbent and who has beaten it lately."""

    def __init__(self, rule: Hysteresis | None = None) -> None:
        """Start without an incumbent; without a rule the best is chosen every time."""
        self.rule = rule
        self.incumbent: int | None = None
        self._beaten: Ints | None = None

    def choose(self, scores: Floats) -> int | None:
        """Return the row to trade with; None where nothing has a score.

        Ties go to the lower row. An incumbent without a score is beaten by anything at once: it did
        nothing in this window that could defend it.
        """
        if np.all(np.isnan(scores)):
            return None
        best = int(np.nanargmax(scores))
        now = self.incumbent
        if self.rule is None or now is None or np.isnan(scores[now]):
            return self._crown(best, scores)
        if self._beaten is None:
            self._beaten = np.zeros(len(scores), np.int64)
        bar = scores[now] + self.rule.margin * abs(scores[now])
        beats = np.nan_to_num(scores, nan=-np.inf) > bar
        self._beaten = np.where(beats, self._beaten + 1, 0)
        proven = np.where(self._beaten >= self.rule.times, scores, np.nan)
        if np.all(np.isnan(proven)):
            return now
        return self._crown(int(np.nanargmax(proven)), scores)

    def _crown(self, row: int, scores: Floats) -> int:
        if row != self.incumbent:
            self.incumbent = row
            self._beaten = np.zeros(len(scores), np.int64)
        return row
