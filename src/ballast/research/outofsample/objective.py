"""Objectives: which combination a training window would choose (R-OPT-03).

An objective turns `Evidence` into one score a combination: the highest is chosen, NaN never is.
It sees the training window and nothing else (R-WF-07).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ballast.core.errors import UserError, suggest

if TYPE_CHECKING:
    from ballast.kernel.market import Floats
    from ballast.research.outofsample.rating import Evidence


class Objective(Protocol):
    """Scores the combinations of one training window."""

    def __call__(self, evidence: Evidence) -> Floats:
        """Return one score a combination; NaN where it may not be chosen."""


@dataclass(frozen=True, slots=True)
class Robust:
    """Sharpe ratio, less what makes it hard to believe. All terms are in units of a Sharpe ratio.

        score = S - stability x max(S - median(S of neighbours), 0)
                  - drawdown x deepest fall
                  - trades x max(1 - closed trades / trades_min, 0)

    A peak above its neighbours loses half of its lead: they differ by one step of a parameter, so
    most of the lead is luck. A fall of 40 % costs as much as 0.4 of Sharpe, no trades as much as 1.
    A neighbour that never moved counts as 0. A combination that never moved has no score.
    """

    stability: float = 0.5
    drawdown: float = 1.0
    trades: float = 1.0
    trades_min: float = 30.0

    def __call__(self, evidence: Evidence) -> Floats:
        """Return the scores."""
        few = np.maximum(1.0 - evidence.trades / self.trades_min, 0.0)
        lead = np.maximum(evidence.sharpe - beside(evidence), 0.0)
        found: Floats = (
            evidence.sharpe
            - self.stability * lead
            - self.drawdown * evidence.drawdown
            - self.trades * few
        )
        return found


def beside(evidence: Evidence) -> Floats:
    """Return the median Sharpe ratio of each combination's neighbours; its own where it has none.

    The median of an even number is the lower of the two in the middle: a doubt is not an asset.
    """
    near = evidence.neighbours
    if not near.shape[1]:
        return evidence.sharpe
    moved = np.nan_to_num(evidence.sharpe, nan=0.0)
    values = np.sort(np.where(near >= 0, moved[np.maximum(near, 0)], np.inf), axis=1)
    count = np.count_nonzero(near >= 0, axis=1)
    middle = values[np.arange(len(near)), np.maximum(count - 1, 0) // 2]
    found: Floats = np.where(count > 0, middle, evidence.sharpe)
    return found


def by_sharpe(evidence: Evidence) -> Floats:
    """Score by the plain in-sample Sharpe ratio: what most optimisers do."""
    return evidence.sharpe


def by_return(evidence: Evidence) -> Floats:
    """Score by the yearly return."""
    found: Floats = np.where(np.isnan(evidence.sharpe), np.nan, evidence.yearly)
    return found


def by_calmar(evidence: Evidence) -> Floats:
    """Score by the yearly return over the deepest fall, of which at least one percent."""
    found: Floats = by_return(evidence) / np.maximum(evidence.drawdown, 0.01)
    return found


OBJECTIVES: dict[str, Objective] = {
    "robust": Robust(),
    "sharpe": by_sharpe,
    "calmar": by_calmar,
    "return": by_return,
}


def objective_named(name: str) -> Objective:
    """Return an objective by name; raise `UserError`, with a suggestion, for an unknown one."""
    if name not in OBJECTIVES:
        raise UserError(
            f"unknown objective '{name}'",
            expected=f"one of {', '.join(OBJECTIVES)}",
            fix=suggest(name, OBJECTIVES),
        )
    return OBJECTIVES[name]
