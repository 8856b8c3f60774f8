"""The battery: all attacks on one case, and what of their findings speaks of a cheat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.research.attacks.delay import DELAYS_BARS, DelayAttack, delay_attack
from ballast.research.attacks.shuffle import (
    DRIFTLESS,
    PERMUTATIONS,
    ShuffleAttack,
    shuffle_attack,
)
from ballast.research.attacks.state import StateAttack, state_attack
from ballast.research.attacks.truncation import CUTS, TruncationAttack, truncation_attack
from ballast.research.attacks.warmup import STARTS, WarmupAttack, warmup_attack

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.research.attacks.lives import Fresh
    from ballast.research.case import Case

STEPS = 3
"""Steps of progress besides those of the shuffle and the delay."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How often each attack tries; a study that runs thousands of batteries takes less."""

    cuts: int = CUTS
    starts: int = STARTS
    permutations: int = PERMUTATIONS
    driftless: int = DRIFTLESS

    @property
    def steps(self) -> int:
        """How often a battery of this effort calls `step`."""
        return STEPS + self.permutations + self.driftless + len(DELAYS_BARS)


@dataclass(frozen=True, slots=True)
class Attacks:
    """What all attacks found; values only, `verdict.cheats` judges them."""

    strategy: str
    strategy_hash: str
    seed: int
    truncation: TruncationAttack
    state: StateAttack
    warmup: WarmupAttack
    shuffle: ShuffleAttack
    delay: DelayAttack


def attack(
    case: Case,
    *,
    effort: Effort | None = None,
    metric: str = "sharpe",
    seed: int = 0,
    fresh: Fresh | None = None,
    step: Callable[[], None] = lambda: None,
) -> Attacks:
    """Attack a case; raise `StrategyError` where it never trades. `step` is called `steps` times.

    `fresh` starts the strategy anew where no file can be run again: for classes made in a program.
    """
    chosen = effort or Effort()
    case.require_trades()
    strategy, market, params = case.strategy, case.market, case.params
    truncation = truncation_attack(
        strategy, market, params, cuts=chosen.cuts, seed=seed, fresh=fresh
    )
    step()
    state = state_attack(strategy, market, params, fresh=fresh)
    step()
    warmup = warmup_attack(strategy, market, params, starts=chosen.starts, seed=seed, fresh=fresh)
    step()
    shuffle = shuffle_attack(
        case,
        permutations=chosen.permutations,
        driftless=chosen.driftless,
        metric=metric,
        seed=seed,
        step=step,
    )
    delay = delay_attack(case, metric=metric, step=step)
    return Attacks(
        strategy=strategy.name,
        strategy_hash=strategy.hash,
        seed=seed,
        truncation=truncation,
        state=state,
        warmup=warmup,
        shuffle=shuffle,
        delay=delay,
    )
