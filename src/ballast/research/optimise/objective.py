"""Objective: one number for what a combination did in the folds.

`robust`, the default (R-OPT-03), is the mean of the folds' Sharpe ratios with three penalties:

    score = mean - INSTABILITY * deviation between folds
    score = score * min(1, trades / TRADES_MIN)              where it is above zero
    score = score - DRAWDOWN * max(0, worst drawdown / DRAWDOWN_FREE - 1)

A metric of a sweep is the plain mean over folds of that metric. A fold in which it is not defined
(no trade, no loss) counts as neutral: nothing was earned and nothing lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError, suggest
from ballast.research.sweep_row import METRICS
from ballast.research.sweep_table import LESS_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROBUST = "robust"
SHARPE = "sharpe"
INSTABILITY = 0.5
"""A strategy that earns in one fold out of four has a deviation of its mean's size and more."""
TRADES_MIN = 30
"""Closed trades in all folds below which a good score is shrunk towards zero (R-WF-08)."""
DRAWDOWN = 1.0
DRAWDOWN_FREE = 0.15
"""The account's kill switch latches there: a fold that fell deeper was not survived (R-RISK)."""
NEUTRAL = {"profit_factor": 1.0}  # of the others: zero
OBJECTIVES_MAX = 4
"""With more objectives nearly every combination is the best in some mixture of them."""
_TRADES, _DRAWDOWN = METRICS.index("trades"), METRICS.index("max_drawdown")


@dataclass(frozen=True, slots=True)
class Objective:
    """What is to be best: `robust`, or the mean over folds of a metric."""

    name: str = ROBUST

    def __post_init__(self) -> None:
        """Raise `UserError`, with a suggestion, for what nobody measures."""
        known = (ROBUST, *METRICS)
        if self.name not in known:
            raise UserError(
                f"unknown objective '{self.name}'",
                expected=f"one of {', '.join(known)}",
                fix=suggest(self.name, known),
            )

    @property
    def metric(self) -> str:
        """The metric of a fold."""
        return SHARPE if self.name == ROBUST else self.name

    @property
    def sign(self) -> float:
        """1 where more is better, -1 where less is."""
        return -1.0 if self.metric in LESS_IS_BETTER else 1.0

    def of_folds(self, figures: Floats) -> Floats:
        """Return the value of each fold, [n, folds], of `figures` [n, folds, METRICS]."""
        found = figures[:, :, METRICS.index(self.metric)]
        values: Floats = np.where(np.isfinite(found), found, NEUTRAL.get(self.metric, 0.0))
        return values

    def score(self, figures: Floats) -> Floats:
        """Return the score [n] of `figures` [n, folds, METRICS], however many folds there are."""
        values = self.of_folds(figures)
        mean: Floats = values.mean(axis=1)
        if self.name != ROBUST:
            return mean
        score = mean - INSTABILITY * values.std(axis=1)
        trades = figures[:, :, _TRADES].sum(axis=1)
        score = np.where(score > 0.0, score * np.minimum(trades / TRADES_MIN, 1.0), score)
        worst = figures[:, :, _DRAWDOWN].max(axis=1)
        penalised: Floats = score - DRAWDOWN * np.maximum(worst / DRAWDOWN_FREE - 1.0, 0.0)
        return penalised


def objectives_of(objective: str, metrics: Sequence[str]) -> tuple[Objective, ...]:
    """Return the objectives of a study: the one, or each of several metrics.

    Raise `UserError` for an unknown one, for one that is named twice and for too many.
    """
    names = tuple(metrics) or (objective or ROBUST,)
    if metrics and objective:
        raise UserError("--objective and --metric", fix="give one of them")
    if len(set(names)) < len(names):
        raise UserError("a metric is named twice", fix="name each once")
    if len(names) > OBJECTIVES_MAX:
        raise UserError(f"{len(names)} metrics", expected=f"at most {OBJECTIVES_MAX}")
    return tuple(Objective(name) for name in names)


def pareto_front(scores: Floats) -> NDArray[np.bool_]:
    """Return which rows of `scores` [n, objectives], more is better, no other row dominates.

    A row dominates another if it is nowhere worse and somewhere better. Equal rows do not.
    """
    n = len(scores)
    best = np.zeros(n, np.bool_)
    order = np.lexsort(tuple(-column for column in scores.T[::-1]))
    kept = np.zeros((0, scores.shape[1]))
    for at in order:
        row = scores[at]
        nowhere_worse = (kept >= row).all(axis=1)
        if not (nowhere_worse & (kept > row).any(axis=1)).any():
            best[at] = True
            kept = np.vstack((kept, row))
    return best
