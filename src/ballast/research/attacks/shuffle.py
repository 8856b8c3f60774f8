"""Shuffle: an edge must vanish when the bars are put in random order.

Two questions. Is the real result better than what the same rules earn on the same bars in random
order, trend and all? The share of permutations that do as well is the p-value. And do the rules
earn money on permuted bars that have no trend either? Nothing can be known there, so whoever earns
reads the future: the result of a cheat survives what takes an honest edge away.

One thing is left that earns without knowledge: real bars have wicks that prices come back from, a
resting take fills in them, and a permutation keeps each bar with its wick. So a second figure is
asked for: what the same rules earn beyond the *signals of another permutation* laid on the same
bars. Those signals come as often, enter and leave through the same stops and takes, and know
nothing of these bars. Only who earns, and earns more than they do, has read the future.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

import numpy as np

from ballast.research.attacks.permutation import Shuffler
from ballast.research.spread import Spread, p_value, require_some

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.research.case import Case

PERMUTATIONS = 50
"""The least p-value is 1 in 51: under the usual 5 %, with half a second of work."""
DRIFTLESS = 16
"""Enough for a t of 5, which luck does not reach once in ten thousand strategies."""


@dataclass(frozen=True, slots=True)
class ShuffleAttack:
    """The real result among its permutations; `survival_t` is that of the driftless mean."""

    metric: str
    real: float
    permuted: Spread
    p_value: float
    driftless: Spread
    survival_t: float  # mean / standard error; infinite where all are alike and not 0
    surplus: Spread  # of the driftless, less what the signals of another one earn on its bars
    surplus_t: float

    @property
    def knowing_t(self) -> float:
        """How sure it is that the rules know these bars: they earn, and signals of others less."""
        return min(self.survival_t, self.surplus_t)


def shuffle_attack(
    case: Case,
    *,
    permutations: int = PERMUTATIONS,
    driftless: int = DRIFTLESS,
    metric: str = "sharpe",
    seed: int = 0,
    step: Callable[[], None] = lambda: None,
) -> ShuffleAttack:
    """Run the strategy on permuted bars; raise `StrategyError` where it never trades."""
    require_some(permutations, "permutations")
    require_some(driftless, "driftless permutations")
    real = case.require_trades().value(metric)
    shuffler = Shuffler(case.series)

    def on(number: int, *, is_driftless: bool = False) -> Case:
        return case.changed(series=shuffler.draw(seed, number, driftless=is_driftless))

    chance = []
    for number in range(permutations):
        chance.append(on(number).outcome().value(metric))
        step()
    flat, surplus = [], []
    signals = on(driftless, is_driftless=True).signals()
    for number in range(driftless):
        case_here = on(number, is_driftless=True)
        stranger = case_here.outcome(signals).value(metric)
        flat.append(case_here.outcome().value(metric))
        surplus.append(flat[-1] - stranger)
        signals = case_here.signals()
        step()
    return ShuffleAttack(
        metric=metric,
        real=real,
        permuted=Spread.of(chance),
        p_value=p_value(real, chance),
        driftless=Spread.of(flat),
        survival_t=_t(flat),
        surplus=Spread.of(surplus),
        surplus_t=_t(surplus),
    )


def _t(values: list[float]) -> float:
    """Return the mean over its standard error."""
    row = np.array(values)
    mean = float(row.mean())
    deviation = float(row.std(ddof=1)) if len(row) > 1 else 0.0
    if deviation > 0.0:
        return mean / (deviation / sqrt(len(row)))
    return 0.0 if mean == 0.0 else inf * np.sign(mean)
