"""Findings: everything the battery measured, before anything is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ballast.core.certificate import Expectation, Trials
    from ballast.research.attacks.battery import Attacks
    from ballast.research.case import Outcome
    from ballast.research.montecarlo.bootstrap import Bootstrap
    from ballast.research.montecarlo.trades import Shuffle
    from ballast.research.outofsample import CrossValidation, Fold, WalkForward, Window
    from ballast.research.selection.pbo import Overfitting
    from ballast.research.selection.reality import Superiority
    from ballast.research.selection.sharpe import DeflatedSharpe, SharpeRecord
    from ballast.research.stress.battery import Stress

    Floats = NDArray[np.float64]


@dataclass(slots=True)
class Findings:
    """Filled stage by stage; what was not reached, or does not apply, stays None."""

    combinations: int = 1
    params: dict[str, float] = field(default_factory=dict)
    chosen_of: tuple[str, ...] = ()  # names of the parameters that had a range
    outcome: Outcome | None = None
    day: NDArray[np.int64] | None = None  # UTC days since 1970 of `daily`
    daily: Floats | None = None  # returns of the chosen set over all data
    trials: Trials | None = None
    record: SharpeRecord | None = None
    deflated: DeflatedSharpe | None = None
    probability: float | None = None  # that the true Sharpe ratio is above 0
    track_days: float | None = None  # days after which such a record proves one above 0
    fold: Fold | None = None
    holdout: Window | None = None
    in_sample: Window | None = None
    walk: WalkForward | None = None
    overfitting: Overfitting | None = None
    superiority: Superiority | None = None
    paths: CrossValidation | None = None
    bootstrap: Bootstrap | None = None
    year: Bootstrap | None = None  # the same returns over one year: odds of ruin
    shuffle: Shuffle | None = None
    attacks: Attacks | None = None
    stress: Stress | None = None
    expectation: Expectation | None = None
    quality: dict[str, float] = field(default_factory=dict)  # score by symbol
    notes: list[str] = field(default_factory=list)
