"""Study: propose a batch, run it, write it down, go on, until enough was tried.

A batch is in the trial ledger, with its scores, before the next one is proposed. Killed at any
moment, the study has lost the batch that was running and nothing else; started again it takes its
history from the ledger and goes on, and what it tries is what it would have tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError
from ballast.research.optimise.exhaustive import Candidates
from ballast.research.optimise.guided import BATCH as GUIDED_BATCH
from ballast.research.optimise.guided import Guide
from ballast.research.optimise.history import SUMMARY, History, Layout
from ballast.research.optimise.judging import Judge, Judged, worst_drawdown
from ballast.research.optimise.manifest import HOME, write_manifest
from ballast.research.optimise.pruning import running_means
from ballast.research.sweep_row import METRICS
from ballast.research.trial_rows import Streams, scope_of, values_of
from ballast.store.trials import FIGURES, Kind, Outcome, Scope, State, TrialLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ballast.research.optimise.guided import Proposal
    from ballast.research.optimise.request import StudyRequest
    from ballast.research.optimise.space import Place
    from ballast.store.trials.queries import StudyRows

    Floats = NDArray[np.float64]

BATCH = 256
"""Combinations of a batch where nothing is learned: a second of work, so that Ctrl-C answers."""
_TRADES = METRICS.index("trades")
_SUMMARY = len(SUMMARY)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a study is."""

    done: int
    total: int
    pruned: int
    refused: int  # candidates that broke the strategy's rules or were tried before


@dataclass(frozen=True, slots=True)
class Study:
    """A finished study: its folder and everything it tried."""

    id: str
    folder: Path
    request: StudyRequest
    history: History
    refused: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number of the study: a combination to run, or one that is refused."""

    place: Place | None
    proposal: Proposal | None = None


def run_study(
    request: StudyRequest,
    results: Path,
    ledger: TrialLedger,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> Study:
    """Run what of the study is not done yet; return all of it.

    Raise `UserError` where nothing can be run. Interrupt it at will: finished batches stay.
    """
    name = request.id()
    folder = results / HOME / name
    search = _Search(request, name, ledger)
    search.restore()
    if not (len(search.history) or search.finds_any()):
        raise UserError(
            "no combination keeps the strategy's rules",
            where=request.strategy.name,
            fix="widen the ranges",
        )
    write_manifest(folder, request, name)
    while len(search.history) < request.wanted and search.step():
        if progress is not None:
            pruned = len(search.history) - int(search.history.is_done.sum())
            total = min(request.wanted, request.space.size)
            progress(Progress(len(search.history), total, pruned, search.refused))
    return Study(name, folder, request, search.history, search.refused)


class _Search:
    """One study in progress."""

    def __init__(self, request: StudyRequest, name: str, ledger: TrialLedger) -> None:
        self.request = request
        self.name = name
        self.ledger = ledger
        self.layout = Layout(len(request.objectives), request.folds)
        self.history = History(self.layout, len(request.space.axes))
        self.refused = 0
        self.seen: set[Place] = set()
        self.spans = request.spans()
        self.judge = Judge(
            request.strategy,
            request.group,
            request.settings,
            self.spans,
            symbol_settings=request.symbol_settings,
            workers=request.workers,
        )
        self.candidates = Candidates(request.space, request.method, request.seed)
        self.guide = (
            Guide(request.space, request.method, request.objectives, request.seed)
            if request.is_guided
            else None
        )
        self.scope: Scope = scope_of(
            request.strategy,
            request.group,
            request.settings,
            kind=Kind.OPTIMISE,
            study=name,
            symbol_settings=request.symbol_settings,
            period=(self.spans[0].from_ms, self.spans[-1].to_ms),
        )

    def allows(self, place: Place) -> bool:
        """Whether a combination keeps the strategy's rules."""
        return self.judge.evaluator.allows(self.request.space.combination(place))

    def finds_any(self) -> bool:
        """Whether anything in the space can run; of a large one a random part is looked at."""
        is_small = self.request.space.size <= LOOKED_AT
        method = "grid" if is_small else "random"
        looked = Candidates(self.request.space, method, self.request.seed)
        end = self.request.space.size if is_small else LOOKED_AT
        places = (looked.place(number) for number in range(end))
        return any(place is not None and self.allows(place) for place in places)

    def restore(self) -> None:
        """Take the history from the ledger."""
        rows = self.ledger.study(self.name)
        self.history, self.refused = history_of(rows, self.request)
        self.seen = {tuple(place) for place in self.history.places.tolist()}
        if self.guide is None:
            return
        run = np.flatnonzero(rows.states != State.REFUSED).tolist()
        for at, row in enumerate(run):
            score = self.history.scores[at]
            self.guide.remember(
                tuple(self.history.places[at].tolist()),
                State(int(rows.states[row])),
                self._objectives(score),
                self._steps(score),
                rows.words[row],
            )

    def _objectives(self, score: Floats) -> list[float]:
        found: list[float] = self.layout.scores(score[None])[0].tolist()
        return found

    def _steps(self, score: Floats) -> list[float]:
        """Return the running means of the first objective, as far as folds were seen."""
        means = running_means(self.layout.folds_of(score[None]))[0, :, 0]
        found: list[float] = means[~np.isnan(means)].tolist()
        return found

    # -- one batch

    def step(self) -> bool:
        """Run one batch and write it down; False where nothing is left to try."""
        numbered = self._propose()
        chosen = [one for one in numbered if one.place is not None]
        if not numbered:
            return False
        combos = [self.request.space.combination(one.place) for one in chosen if one.place]
        judged = self.judge.judge(combos, self.request.objectives, self._before())
        scores, streams = self._scored(judged)
        self._write(numbered, combos, judged, scores, streams)
        for row, one in enumerate(chosen):
            assert one.place is not None  # noqa: S101 - chosen are those with a place
            state = self._state(judged, row)
            self.history.add(one.place, state, scores[row])
            self.seen.add(one.place)
            if self.guide is not None and one.proposal is not None:
                self.guide.tell(
                    one.proposal, state, self._objectives(scores[row]), self._steps(scores[row])
                )
        self.history.next_number += len(numbered)
        self.refused += len(numbered) - len(chosen)
        return True

    def _propose(self) -> list[Candidate]:
        left = self.request.wanted - len(self.history)
        if self.guide is not None:
            count = min(GUIDED_BATCH[self.request.method], left)
            return [Candidate(one.place, one) for one in self.guide.ask(count, self.allows)]
        found: list[Candidate] = []
        wanted = min(BATCH, left)
        fresh: set[Place] = set()
        end = self.candidates.end(self.request.wanted)
        for number in range(self.history.next_number, end):
            if len(fresh) == wanted or len(found) == NUMBERS_MAX:
                break
            if len(self.seen) + len(fresh) == self.request.space.size:
                break
            place = self.candidates.place(number)
            if place is None or place in self.seen or place in fresh or not self.allows(place):
                found.append(Candidate(None))
                continue
            fresh.add(place)
            found.append(Candidate(place))
        return found

    def _before(self) -> Floats | None:
        if not self.request.prunes or len(self.spans) == 1:
            return None
        return running_means(self.layout.folds_of(self.history.scores))

    def _state(self, judged: Judged, row: int) -> State:
        return State.DONE if judged.folds_seen[row] == len(self.spans) else State.PRUNED

    def _scored(self, judged: Judged) -> tuple[Floats, Streams]:
        """Return the score vectors, and the rows for the ledger."""
        n = len(judged.figures)
        objectives = self.request.objectives
        scores = np.full((n, self.layout.width), np.nan)
        if not n:
            return scores, Streams(0, self.judge.first_day, sum(self.judge.days))
        for seen in np.unique(judged.folds_seen):
            rows = judged.folds_seen == seen
            part = judged.figures[rows, :seen]
            for k, one in enumerate(objectives):
                scores[rows, k] = one.score(part)
                folds = np.full((len(part), len(self.spans)), np.nan)
                folds[:, :seen] = one.of_folds(part)
                scores[rows, len(objectives) + k : -_SUMMARY : len(objectives)] = folds
        streams = Streams(n, self.judge.first_day, sum(self.judge.days))
        trades = np.nansum(judged.figures[:, :, _TRADES], axis=1)
        for row in range(n):
            streams.add(judged.daily[row, : judged.days_seen[row]], float(trades[row]))
        told = dict(zip(FIGURES, streams.figures.T, strict=True))
        scores[:, -_SUMMARY:] = np.stack(
            [
                told["sharpe"], told["skew"], told["kurtosis"], told["days"],
                told["total_return"], worst_drawdown(judged.figures), trades,
            ],
            axis=1,
        )  # fmt: skip
        return scores, streams

    def _write(
        self,
        numbered: Sequence[Candidate],
        combos: Sequence[dict[str, float]],
        judged: Judged,
        scores: Floats,
        streams: Streams,
    ) -> None:
        """Write the batch into the ledger in one act."""
        outcomes = []
        row = 0
        for at, one in enumerate(numbered):
            number = self.history.next_number + at
            if one.place is None:
                outcomes.append(Outcome(number, State.REFUSED, None))
                continue
            words = "" if one.proposal is None else one.proposal.words
            values = tuple(scores[row].tolist())
            outcomes.append(Outcome(number, self._state(judged, row), row, values, words))
            row += 1
        values_by_row = [values_of(self.request.strategy, one) for one in combos]
        self.ledger.append(streams.batch(self.scope, values_by_row), outcomes)


LOOKED_AT = 100_000
"""Candidates looked at before a search is said to have no combination that can run."""
NUMBERS_MAX = 100_000
"""Numbers of one batch, refused ones included: a batch stays a bounded piece of work."""


def history_of(rows: StudyRows, request: StudyRequest) -> tuple[History, int]:
    """Return what the ledger holds of a study: what was run, and how many numbers were refused."""
    layout = Layout(len(request.objectives), request.folds)
    history = History(layout, len(request.space.axes))
    names = sorted(request.strategy.params)
    columns = [names.index(axis) for axis in request.space.axes]
    refused = 0
    for at in range(len(rows)):
        state = State(int(rows.states[at]))
        if state is State.REFUSED:
            refused += 1
            continue
        values = rows.params[at, columns].tolist()
        place = request.space.place_of(dict(zip(request.space.axes, values, strict=True)))
        history.add(place, state, rows.scores[at, : layout.width])
    history.next_number = len(rows)
    return history, refused


def recall(name: str, results: Path, request: StudyRequest, ledger: TrialLedger) -> Study:
    """Return a finished study of the same search as it lies in the ledger; nothing is run."""
    history, refused = history_of(ledger.study(name), request)
    return Study(name, results / HOME / name, request, history, refused)
