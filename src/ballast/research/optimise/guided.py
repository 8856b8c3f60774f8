"""Guided search: Optuna proposes, from what is known so far.

`tpe` is the tree-structured Parzen estimator (Bergstra et al. 2011), `nsga2` the genetic algorithm
for several objectives (Deb et al. 2002). Optuna keeps nothing: its study lives in memory and is fed
again from the trial ledger, so there is one truth. Before each batch the sampler is made anew from
the seed and the number of trials known; a batch is proposed whole before any of it is run. So what
is proposed follows from the history alone, and a study that was killed goes on as it would have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.rng import stream
from ballast.store.trials import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.research.optimise.objective import Objective
    from ballast.research.optimise.space import Place, Space

METHODS = ("tpe", "nsga2")
BATCH = {"tpe": 16, "nsga2": 50}
"""Proposals made at once: enough for many cores, few enough to learn from; a generation."""
TRIALS_MAX = 10_000
"""Proposing costs time that grows with what is known; a larger search is better drawn at random."""
ATTEMPTS_PER_TRIAL = 200
"""Proposals that may break the strategy's rules, for each one wanted."""
_GENERATION = "NSGAIISampler:generation"


class Guide:
    """Optuna's view of one study."""

    def __init__(
        self, space: Space, method: str, objectives: Sequence[Objective], seed: int
    ) -> None:
        import optuna  # noqa: PLC0415 - heavy, and only guided search needs it

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space = space
        self.method = method
        self.seed = seed
        self.objectives = tuple(objectives)
        self.known = 0
        self._optuna: Any = optuna
        self._axes = {
            name: optuna.distributions.IntDistribution(0, len(values) - 1)
            for name, values in space.axes.items()
        }
        self._generations: list[Any] = []  # what nsga2 knows, as Optuna's finished trials
        self._study: Any = self._begun()

    def ask(self, count: int, allows: Callable[[Place], bool]) -> list[Proposal]:
        """Return up to `count` proposals that keep the strategy's rules; fewer if none is found."""
        if self.method == "nsga2":
            # It remembers the order in which it chose parents: only a study fed anew is the same
            # as one that was killed and fed anew.
            self._study = self._begun()
            self._study.add_trials(self._generations)
        self._study.sampler = self._sampler()
        found: list[Proposal] = []
        for _ in range(ATTEMPTS_PER_TRIAL * count):
            trial = self._study.ask(self._axes)
            place = tuple(int(trial.params[name]) for name in self.space.axes)
            if allows(place):
                found.append(Proposal(place, trial, self._words(trial.number)))
            else:
                self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
            if len(found) == count:
                break
        return found

    def tell(
        self, proposal: Proposal, state: State, scores: Sequence[float], steps: Sequence[float]
    ) -> None:
        """Say how a proposal ended; `steps` are its scores after each fold it saw."""
        if self.method == "nsga2":
            self.remember(proposal.place, state, scores, steps, proposal.words)
            return
        self.known += 1
        if state is State.DONE:
            self._study.tell(proposal.trial, list(scores))
            return
        for fold, value in enumerate(steps):
            proposal.trial.report(value, fold)
        self._study.tell(proposal.trial, state=self._optuna.trial.TrialState.PRUNED)

    def remember(
        self,
        place: Place,
        state: State,
        scores: Sequence[float],
        steps: Sequence[float],
        words: str,
    ) -> None:
        """Take a trial of an earlier run, in the order in which they were told."""
        self.known += 1
        is_done = state is State.DONE
        if not is_done and len(self.objectives) > 1:
            return  # Optuna does not prune by several objectives, and would learn nothing from it
        states = self._optuna.trial.TrialState
        trial = self._optuna.trial.create_trial(
            state=states.COMPLETE if is_done else states.PRUNED,
            values=list(scores) if is_done else None,
            params=dict(zip(self.space.axes, place, strict=True)),
            distributions=self._axes,
            intermediate_values={} if is_done else dict(enumerate(steps)),
            system_attrs={_GENERATION: int(words)} if words else {},
        )
        if self.method == "nsga2":
            self._generations.append(trial)
        else:
            self._study.add_trial(trial)

    def _begun(self) -> Any:  # noqa: ANN401 - a study of Optuna
        way = self._optuna.study.StudyDirection
        directions = [way.MAXIMIZE if one.sign > 0 else way.MINIMIZE for one in self.objectives]
        return self._optuna.create_study(directions=directions, sampler=self._sampler())

    def _words(self, number: int) -> str:
        """Return what Optuna must know of a proposal besides its parameters: its generation."""
        if self.method != "nsga2":
            return ""
        attributes = self._study.get_trials(deepcopy=False)[number].system_attrs
        return str(attributes.get(_GENERATION, ""))

    def _sampler(self) -> Any:  # noqa: ANN401 - a sampler of Optuna
        drawn = stream(self.seed, f"optimise/{self.method}/{self.known}").integers(2**32)
        if self.method == "tpe":
            # Proposals of one batch must not all be the same best guess.
            return self._optuna.samplers.TPESampler(seed=int(drawn), constant_liar=True)
        return self._optuna.samplers.NSGAIISampler(seed=int(drawn), population_size=BATCH["nsga2"])


class Proposal:
    """One proposal: where, Optuna's trial, and the words that are kept with its outcome."""

    __slots__ = ("place", "trial", "words")

    def __init__(self, place: Place, trial: Any, words: str) -> None:  # noqa: ANN401 - Optuna's
        self.place = place
        self.trial = trial
        self.words = words
