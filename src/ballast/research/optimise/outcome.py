"""Outcome: what a study found, and what of it luck alone would have found.

The table has a row a trial: the parameters, how it ended, the objectives, their value in each fold,
and the folds together. The best row is the luckiest of all that were tried, so beside it stands the
Sharpe ratio that the best of as many trials of this family shows without any edge (Bailey and Lopez
de Prado 2014), counted over the whole ledger and not over this study alone.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ballast.core.errors import DataError
from ballast.core.time import YEAR_DAYS
from ballast.research.optimise.history import SUMMARY
from ballast.research.optimise.landscape import Neighbourhood, importance, neighbourhood
from ballast.research.optimise.manifest import TABLE
from ballast.research.optimise.objective import pareto_front
from ballast.research.selection.sharpe import (
    DeflatedSharpe,
    PeriodSharpe,
    SharpeRecord,
    deflated_sharpe,
    null_variance,
)
from ballast.research.selection.trials import count_trials, deflated_for
from ballast.store.disk import Disk, replace_file
from ballast.store.trials import State, heads
from ballast.strategies.family import family_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from ballast.research.optimise.study import Study
    from ballast.store.trials import Head, TrialLedger

    Floats = NDArray[np.float64]

OUTCOME = "outcome.json"
COLUMNS = ("number", "state")
STREAMS_MAX = 10_000
"""Streams asked of the ledger: ten megabytes; how many of all are independent shows in those."""
DAYS_MIN = 3  # fewer have no moments to speak of


@dataclass(frozen=True, slots=True)
class Luck:
    """The best of `trials` against luck; Sharpe ratios are annual, `probability` that it is more.

    `independent` of the trials differ (`selection.trials`); all of them where that cannot be told.
    """

    trials: int
    independent: float
    sharpe: float
    lucky_sharpe: float
    probability: float


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of a study. `best` are rows of the table, the best first."""

    table: pa.Table
    best: list[dict[str, Any]]
    importance: Mapping[str, float]
    neighbours: Neighbourhood | None
    luck: Luck | None


def outcome(study: Study, ledger: TrialLedger, *, top: int = 10) -> Found:
    """Return what a study found; pure but for the counts it asks of the ledger."""
    history, request = study.history, study.request
    table = table_of(study)
    signs = np.array([one.sign for one in request.objectives])
    scores = history.layout.scores(history.scores) * signs
    done = first_of_each(history.places, np.flatnonzero(history.is_done))
    order = best_first(scores[done])
    chosen = done[order]
    shares = importance(history.places[done], request.space.lengths, scores[done, 0])
    around = (
        neighbourhood(history.places[done], scores[done, 0], int(order[0])) if len(done) else None
    )
    return Found(
        table=table,
        best=table.take(pa.array(chosen[:top])).to_pylist(),
        importance=dict(zip(request.space.names, shares.tolist(), strict=True)),
        neighbours=around,
        luck=luck_of(study, ledger, int(chosen[0])) if len(chosen) else None,
    )


def first_of_each(places: NDArray[np.int32], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `rows` without those whose combination was run before: a guide may ask again."""
    if not len(rows):
        return rows
    _, first = np.unique(places[rows], axis=0, return_index=True)
    found: NDArray[np.int64] = rows[np.sort(first)]
    return found


def best_first(scores: Floats) -> NDArray[np.int64]:
    """Return the order of [n, objectives] rows, more is better: the undominated, then the rest.

    Inside both by the first objective; equal rows in the order in which they were tried.
    """
    front = pareto_front(scores) if len(scores) else np.zeros(0, np.bool_)
    return np.lexsort((np.arange(len(scores)), -scores[:, 0], ~front))


def table_of(study: Study) -> pa.Table:
    """Return one row a trial that was run."""
    history, request = study.history, study.request
    layout = history.layout
    columns: dict[str, Any] = {
        "number": pa.array(np.arange(len(history))),
        "state": pa.array([State(int(one)).name.lower() for one in history.states], pa.string()),
    }
    for axis, (name, values) in enumerate(request.space.axes.items()):
        columns[f"param_{name}"] = np.array(values)[history.places[:, axis]]
    scores, folds = layout.scores(history.scores), layout.folds_of(history.scores)
    for k, one in enumerate(request.objectives):
        columns[f"score_{one.name}"] = np.ascontiguousarray(scores[:, k])
        for fold in range(layout.folds):
            columns[f"{one.name}_fold_{fold + 1}"] = np.ascontiguousarray(folds[:, fold, k])
    summary = dict(zip(SUMMARY, layout.summary(history.scores).T, strict=True))
    columns["sharpe"] = summary["sharpe_day"] * math.sqrt(YEAR_DAYS)
    for name in ("total_return", "max_drawdown", "trades", "days"):
        columns[name] = np.ascontiguousarray(summary[name])
    return pa.table(columns)


def luck_of(study: Study, ledger: TrialLedger, row: int) -> Luck | None:
    """Return what the best of all trials of the family shows by luck, beside trial `row`."""
    told = dict(
        zip(SUMMARY, study.history.layout.summary(study.history.scores[row][None])[0], strict=True)
    )
    days = int(told["days"])
    if days < DAYS_MIN or not math.isfinite(told["sharpe_day"]):
        return None
    family = family_hash(study.request.strategy)
    trials = max(ledger.count(family=family) + ledger.uncounted(), 1)
    record = SharpeRecord(
        PeriodSharpe(float(told["sharpe_day"])), days, float(told["skew"]), float(told["kurtosis"])
    )
    found = _deflated(record, ledger, family, trials, study.request.seed)
    year = math.sqrt(YEAR_DAYS)
    return Luck(
        trials, found.trials, float(told["sharpe_day"]) * year, found.lucky * year,
        found.probability,
    )  # fmt: skip


def _deflated(
    record: SharpeRecord, ledger: TrialLedger, family: str, trials: int, seed: int
) -> DeflatedSharpe:
    """Deflate by the independent trials; by all of them where their streams are too short."""
    streams = ledger.sketches(family=family, limit=STREAMS_MAX).filled()
    try:
        return deflated_for(record, count_trials(streams, seed=seed), total=trials)
    except DataError:
        sharpes = ledger.sharpes(family=family)
        known = sharpes[np.isfinite(sharpes)]
        spread = float(np.var(known, ddof=1)) if len(known) > 1 else 0.0
        least = null_variance(record.periods)
        return deflated_sharpe(record, trials=float(trials), variance=max(spread, least))


def save(study: Study, found: Found, head: Head) -> Path:
    """Write the table, the outcome and the head of the ledger into the folder of the study."""
    sink = pa.BufferOutputStream()
    pq.write_table(found.table, sink, compression="zstd")
    replace_file(Disk(), study.folder / TABLE, [memoryview(sink.getvalue())])
    told = {
        "trials": len(study.history),
        "refused": study.refused,
        "importance": dict(found.importance),
        "best": [
            {key: None if isinstance(x, float) and math.isnan(x) else x for key, x in row.items()}
            for row in found.best
        ],
    }
    text = json.dumps(told, indent=1, sort_keys=True) + "\n"
    replace_file(Disk(), study.folder / OUTCOME, [text.encode()])
    heads.write_file(study.folder / heads.ANCHOR, head)
    return study.folder / TABLE
