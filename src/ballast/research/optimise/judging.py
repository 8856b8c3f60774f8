"""Judging: what a batch of combinations did in the folds, on all cores, left early where told."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.memory import COMPILED
from ballast.research.evaluation import Evaluator
from ballast.research.optimise.pruning import running_means, survivors
from ballast.research.pool import Pool
from ballast.research.sweep_row import METRICS
from ballast.strategies.cache import BUDGET_BYTES, ColumnCache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ballast.core.settings import Settings
    from ballast.research.evaluation import Span
    from ballast.research.optimise.objective import Objective
    from ballast.research.series import Series
    from ballast.strategies.plan import AnyStrategy

    Floats = NDArray[np.float64]

BATCH_MAX = 512  # combinations kept ready between the folds, a byte a bar each: two batches
CACHE_LEAST_BYTES = 64 * 1024 * 1024
CACHE_COLUMNS = 256
"""Series kept for the next combination; conditions of single combinations are not asked for again,
and without this bound a long search fills the whole budget with them."""
_DEPTH = METRICS.index("max_drawdown")


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch: figures [n, folds, METRICS] and daily returns [n, days], NaN after `folds_seen`."""

    figures: Floats
    daily: Floats
    folds_seen: NDArray[np.int64]
    days_seen: NDArray[np.int64]


class Judge:
    """One strategy over one group of series, in the folds of a study."""

    def __init__(
        self,
        strategy: AnyStrategy,
        group: Sequence[Series],
        settings: Settings,
        spans: Sequence[Span],
        *,
        symbol_settings: Mapping[str, Settings] | None = None,
        workers: int = 0,
    ) -> None:
        # Without the compiler arrays are found by address in one table, which threads cannot share.
        self.workers = (workers or os.cpu_count() or 1) if COMPILED else 1
        self.spans = tuple(spans)
        cache = ColumnCache(cache_bytes(group), threading.RLock())
        self.evaluator = Evaluator(
            strategy, group, settings, symbol_settings=symbol_settings, cache=cache
        )
        # One batch is run again in its next folds; the one before it is not asked for any more.
        self.evaluator.shelf.budget_bytes = BATCH_MAX * sum(len(one.bars) for one in group)
        self.days = [self.evaluator.days(span) for span in self.spans]
        self.first_day = self.spans[0].first_day(self.evaluator.timeframe)

    def judge(
        self,
        combos: Sequence[Mapping[str, float]],
        objectives: Sequence[Objective],
        before: Floats | None,
    ) -> Judged:
        """Run the combinations fold by fold.

        `before` are the running means [m, folds, objectives] of earlier trials, against which they
        are pruned; None runs every fold.
        """
        n, folds = len(combos), len(self.spans)
        figures = np.full((n, folds, len(METRICS)), np.nan)
        daily = np.full((n, sum(self.days)), np.nan)
        seen = np.zeros(n, np.int64)
        alive = np.arange(n)
        groups = [range(folds)] if before is None else [range(k, k + 1) for k in range(folds)]
        signs = np.array([one.sign for one in objectives])
        for group in groups if n else ():
            self._run([combos[int(k)] for k in alive], alive, group, figures, daily)
            seen[alive] = group[-1] + 1
            if before is not None and group[-1] + 1 < folds:
                done = group[-1] + 1
                values = np.stack(
                    [one.of_folds(figures[alive, :done]) for one in objectives], axis=2
                )
                now = running_means(values)[:, -1]
                alive = alive[survivors(now, before[:, done - 1], signs)]
            if not len(alive):
                break
        ends = np.concatenate(([0], np.cumsum(self.days)))
        return Judged(figures, daily, seen, ends[seen])

    def _run(
        self,
        combos: Sequence[Mapping[str, float]],
        rows: NDArray[np.int64],
        group: range,
        figures: Floats,
        daily: Floats,
    ) -> None:
        """Run combinations in some folds, shared among the threads, and write them into `rows`."""
        spans = [self.spans[k] for k in group]
        starts = np.concatenate(([0], np.cumsum(self.days)))

        def work(part: NDArray[np.int64]) -> None:
            found = self.evaluator.passes([combos[int(k)] for k in part], spans)
            for fold, one in zip(group, found, strict=True):
                figures[rows[part], fold] = one.figures
                daily[rows[part], starts[fold] : starts[fold + 1]] = one.daily

        shares = min(self.workers, len(combos))
        with Pool(self.workers, "optimise") as pool:
            pool.each(work, np.array_split(np.arange(len(combos)), shares))


def cache_bytes(group: Sequence[Series]) -> int:
    """Return how much of the columns is kept: what combinations share, not what is theirs."""
    column = 8 * sum(len(one.bars) for one in group)
    return min(max(CACHE_COLUMNS * column, CACHE_LEAST_BYTES), BUDGET_BYTES)


def worst_drawdown(figures: Floats) -> Floats:
    """Return the deepest fall of any fold seen, [n]."""
    found: Floats = np.nanmax(figures[:, :, _DEPTH], axis=1)
    return found
