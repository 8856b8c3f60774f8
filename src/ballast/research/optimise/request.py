"""Request: what a study is to search, and its identity.

The id of a study is the hash of everything that can change a figure or the order of what is tried.
The number of trials is not part of it: asking for more goes on with the same study.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.errors import UserError
from ballast.core.hashing import value_hash
from ballast.core.settings import Settings
from ballast.research.code import code_version
from ballast.research.optimise import exhaustive, guided
from ballast.research.optimise.folds import folds_of
from ballast.research.run import beside_hash, check_series, effective_settings, own_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.research.evaluation import Span
    from ballast.research.optimise.objective import Objective
    from ballast.research.optimise.space import Space
    from ballast.research.series import Series
    from ballast.strategies.plan import AnyStrategy

METHODS = (*exhaustive.METHODS, *guided.METHODS)
FOLDS = 5
TRIALS = 500
TRIALS_MAX = 1_000_000
"""More looks than this at one market are no search: nothing the best of them shows is evidence."""


@dataclass(frozen=True, slots=True)
class StudyRequest:
    """One study: a strategy, a group of series that share an account, a space, a method."""

    strategy: AnyStrategy
    group: Sequence[Series]
    space: Space
    objectives: tuple[Objective, ...]
    method: str = "tpe"
    trials: int = TRIALS
    folds: int = FOLDS
    seed: int = 42
    prune: bool | None = None  # None: where the method learns or draws, not on a grid
    workers: int = 0  # 0: one a core
    settings: Settings = field(default_factory=Settings)
    symbol_settings: Mapping[str, Settings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise `UserError` for what can be seen to be impossible before anything runs."""
        check_series(self.group)
        if self.method not in METHODS:
            raise UserError(
                f"unknown method '{self.method}'", expected=f"one of {', '.join(METHODS)}"
            )
        most = guided.TRIALS_MAX if self.is_guided else TRIALS_MAX
        if not 1 <= self.trials <= most:
            raise UserError(f"{self.trials} trials", expected=f"1 to {most:,} with {self.method}")
        if self.method == "grid" and self.space.size > TRIALS_MAX:
            raise UserError(
                f"a grid of {self.space.size:,} combinations",
                expected=f"at most {TRIALS_MAX:,}",
                fix="take larger steps, or --method sobol",
            )
        if self.workers < 0:
            raise UserError(f"{self.workers} jobs", expected="at least 1, or 0: one a core")
        several = len(self.objectives) > 1
        if several and self.method == "tpe":
            raise UserError(
                "several metrics with method tpe",
                expected="nsga2, or a method that needs no guidance",
            )
        if not several and self.method == "nsga2":
            raise UserError("one objective with method nsga2", expected="two metrics or more")
        folds_of(self.group, self.folds, self.settings.validation.in_sample)

    @property
    def is_guided(self) -> bool:
        """Whether what is tried depends on what was found."""
        return self.method in guided.METHODS

    @property
    def wanted(self) -> int:
        """Count the trials asked for: a grid is walked whole."""
        return self.space.size if self.method == "grid" else self.trials

    @property
    def prunes(self) -> bool:
        """Whether combinations are left before their last fold."""
        return self.method != "grid" if self.prune is None else self.prune

    def spans(self) -> tuple[Span, ...]:
        """Return the folds."""
        return folds_of(self.group, self.folds, self.settings.validation.in_sample)

    def kin(self) -> dict[str, Any]:
        """Return the identity without the data: what an optimisation with newer candles repeats."""
        own = own_settings(self.group, self.settings, self.symbol_settings)
        return {
            "strategy": self.strategy.name,
            "strategy_hash": self.strategy.hash,
            "axes": {name: list(values) for name, values in self.space.axes.items()},
            "objectives": [one.name for one in self.objectives],
            "method": self.method,
            "folds": self.folds,
            "seed": self.seed,
            "prune": self.prunes,
            "series": [one.bars.name for one in self.group],
            "settings": effective_settings(self.settings, own),
            "in_sample": self.settings.validation.in_sample,
            "code_version": code_version(),
        }

    def identity(self) -> dict[str, Any]:
        """Return everything that can change a figure, or the order of what is tried."""
        own = own_settings(self.group, self.settings, self.symbol_settings)
        data = []
        for one in self.group:
            walks = own.get(one.bars.symbol, self.settings).costs.slip_book
            data.append([one.bars.fingerprint(), beside_hash(one, walks=walks)])
        return {**self.kin(), "data": data}

    def id(self) -> str:
        """Return the 16 hex digits that name the study."""
        return value_hash(self.identity())[:16]


def method_for(space: Space, objectives: Sequence[Objective], trials: int) -> str:
    """Return the method for somebody who named none: the grid where it can be walked whole."""
    if space.size <= trials:
        return "grid"
    return "tpe" if len(objectives) == 1 else "nsga2"
