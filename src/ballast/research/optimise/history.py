"""History: what is known of a study, as columns that grow by a row a trial, never by a curve.

The score of a trial is one vector: the objectives, the value of each objective in each fold, and
`SUMMARY` of the folds together. It is what the trial ledger keeps beside the trial itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.store.trials import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SUMMARY = ("sharpe_day", "skew", "kurtosis", "days", "total_return", "max_drawdown", "trades")
_FIRST_ROWS = 256


@dataclass(frozen=True, slots=True)
class Layout:
    """Where what stands in a score."""

    objectives: int
    folds: int

    @property
    def width(self) -> int:
        """Count the numbers of a score."""
        return self.objectives * (1 + self.folds) + len(SUMMARY)

    def scores(self, rows: Floats) -> Floats:
        """Return [n, objectives]."""
        return rows[:, : self.objectives]

    def folds_of(self, rows: Floats) -> Floats:
        """Return [n, folds, objectives]; NaN in the folds that were not run."""
        part = rows[:, self.objectives : self.objectives * (1 + self.folds)]
        return part.reshape(len(rows), self.folds, self.objectives)

    def summary(self, rows: Floats) -> Floats:
        """Return [n, SUMMARY]."""
        return rows[:, self.width - len(SUMMARY) :]


class History:
    """The trials of a study that were run, in their order."""

    def __init__(self, layout: Layout, axes: int) -> None:
        self.layout = layout
        self._count = 0
        self._scores = np.zeros((_FIRST_ROWS, layout.width))
        self._places = np.zeros((_FIRST_ROWS, axes), np.int32)
        self._states = np.zeros(_FIRST_ROWS, np.int8)
        self.next_number = 0

    def __len__(self) -> int:
        """Count the trials that were run."""
        return self._count

    @property
    def scores(self) -> Floats:
        """The score vectors, [n, width]."""
        return self._scores[: self._count]

    @property
    def places(self) -> NDArray[np.int32]:
        """The places of the trials on the axes, [n, axes]."""
        return self._places[: self._count]

    @property
    def states(self) -> NDArray[np.int8]:
        """How each ended."""
        return self._states[: self._count]

    @property
    def is_done(self) -> NDArray[np.bool_]:
        """Which of them saw every fold."""
        found: NDArray[np.bool_] = self.states == State.DONE
        return found

    def add(self, place: tuple[int, ...], state: State, score: Floats) -> None:
        """Take one trial."""
        at = self._count
        if at == len(self._states):
            self._scores = np.concatenate((self._scores, np.zeros_like(self._scores)))
            self._places = np.concatenate((self._places, np.zeros_like(self._places)))
            self._states = np.concatenate((self._states, np.zeros_like(self._states)))
        self._scores[at] = score
        self._places[at] = place
        self._states[at] = state
        self._count = at + 1
