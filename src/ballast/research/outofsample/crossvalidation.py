"""Combinatorial purged cross-validation: not one out-of-sample curve but many (R-WF-03).

History is cut into N groups. Every choice of k of them is once the test: on the rest a combination
is chosen, on the k groups it is judged. The judged groups join to C(N - 1, k - 1) paths through the
whole history, each of them out of sample, and the spread of their Sharpe ratios says how much of a
single walk-forward is the luck of its dates (Lopez de Prado, Advances in Financial Machine
Learning, 2018, chapter 12).

Each combination is run once a group, flat at its start and marked at its end: no trade reaches from
one group into another, and the whole thing costs one sweep. Training days within one longest trade
of a test group are purged, and those under embargo after it. Training lies partly after the test:
unlike a walk-forward this asks how the choice generalises, not what it would have earned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError
from ballast.core.time import DAY_MS
from ballast.research.metrics import ratios
from ballast.research.outofsample.checks import check_prices, usable
from ballast.research.outofsample.neighbours import neighbours
from ballast.research.outofsample.objective import Objective, Robust
from ballast.research.outofsample.purge import purge_days
from ballast.research.outofsample.rating import TRADES, Evidence, ratings
from ballast.research.outofsample.splits import (
    combinatorial,
    groups_of,
    paths_through,
    training_days,
)
from ballast.research.outofsample.stitched import CurveStats, Window, curve_stats, window_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.kernel.market import Floats, Ints
    from ballast.research.evaluation import Evaluator, Span

GROUPS, TESTS = 6, 2
"""The example of the book: 15 splits, 5 paths."""
CELLS_MAX = 100_000_000
"""Combinations times days held at once: 0.8 GB of returns."""


@dataclass(frozen=True, slots=True)
class SplitResult:
    """One split: which groups judged, what was chosen on the others, what it did."""

    tests: tuple[int, ...]
    params: Mapping[str, float] | None  # None: nothing traded in training; the tests stay flat
    row: int  # of the combination, -1 where nothing was chosen
    score: float | None
    in_sample: Window | None
    out_of_sample: Window  # of the test groups, joined


@dataclass(frozen=True, slots=True)
class PathResult:
    """One path through all groups, out of sample everywhere."""

    splits: tuple[int, ...]  # which split judged each group
    daily: Floats
    stats: CurveStats


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """A finished cross-validation."""

    groups: tuple[Span, ...]
    combinations: int
    purge_days: int
    purge_is_capped: bool  # a trade was longer than the purge
    embargo_days: int
    day: Ints  # UTC days since 1970 of every path
    splits: tuple[SplitResult, ...]
    paths: tuple[PathResult, ...]
    sharpe: Floats  # [paths], annual; a path that never moved has 0
    sharpe_mean: float
    sharpe_median: float
    sharpe_deviation: float | None  # None with one path
    sharpe_worst: float
    losing_paths: float  # share of the paths with a Sharpe ratio of 0 or less


def cross_validate(
    judge: Evaluator,
    combos: Sequence[Mapping[str, float]],
    *,
    groups: int = GROUPS,
    tests: int = TESTS,
    embargo_days: int = 1,
    purge: int | None = None,
    objective: Objective | None = None,
) -> CrossValidation:
    """Choose on every rest and judge on every test; raise `UserError` on input that cannot work.

    `purge` is in days; without one it is the longest trade of any combination in any group, at most
    a quarter of a group.
    """
    splits = combinatorial(groups, tests)
    check_prices(judge.group)
    allowed = usable(judge, combos)
    spans = groups_of(judge.span, groups)
    if embargo_days < 0 or (purge or 0) < 0:
        raise UserError("a purge or embargo of less than a day", expected="0 days or more")
    board = _board(judge, allowed, spans)
    days = purge if purge is not None else board.purge
    score = objective or Robust()
    results = [_choose(board, one, score, days, embargo_days) for one in splits]
    if all(one.row < 0 for one in results):
        raise UserError(
            "no combination made a trade in any training group",
            where=judge.strategy.name,
            fix="take a longer period or other ranges",
        )
    paths = [_path(board, results, row) for row in paths_through(splits, groups)]
    first = judge.span.first_day(judge.timeframe)
    return _summed(board, results, paths, first, (days, embargo_days))


@dataclass(frozen=True, slots=True)
class _Board:
    """All combinations in all groups: what every split reads."""

    spans: tuple[Span, ...]
    combos: Sequence[Mapping[str, float]]
    lengths: list[int]  # days of each group
    daily: Floats  # [n, all days]
    trades: Floats  # [n, groups]
    longest_ms: Ints  # [n]
    near: Ints
    purge: int

    def days_of(self, group: int) -> slice:
        """Return where the days of a group lie."""
        start = sum(self.lengths[:group])
        return slice(start, start + self.lengths[group])


def _board(
    judge: Evaluator, combos: Sequence[Mapping[str, float]], spans: tuple[Span, ...]
) -> _Board:
    """Run every combination once a group."""
    lengths = [judge.days(span) for span in spans]
    if len(combos) * sum(lengths) > CELLS_MAX:
        raise UserError(
            f"{len(combos):,} combinations over {sum(lengths):,} days",
            expected=f"at most {CELLS_MAX:,} returns",
            fix="take larger steps, or a walk-forward, which holds no curves",
        )
    found = judge.passes(combos, spans)
    longest = np.max([part.longest_ms for part in found], axis=0)
    shortest = min(span.to_ms - span.from_ms for span in spans)
    return _Board(
        spans=spans,
        combos=combos,
        lengths=lengths,
        daily=np.concatenate([part.daily for part in found], axis=1),
        trades=np.stack([part.figures[:, TRADES] for part in found], axis=1),
        longest_ms=longest,
        near=neighbours(combos),
        purge=purge_days(int(longest.max()), shortest),
    )


def _choose(
    board: _Board, tests: tuple[int, ...], score: Objective, purge: int, embargo: int
) -> SplitResult:
    """Choose on the training days of one split, judge on its tests."""
    use = training_days(board.lengths, tests, purge=purge, embargo=embargo)
    if not use.any():
        raise UserError(
            f"no day is left to fit on when the groups {', '.join(map(str, tests))} judge",
            fix="take fewer test groups, or a shorter purge or embargo",
        )
    sharpe, fall, yearly = ratings(board.daily, use)
    training = [group for group in range(len(board.lengths)) if group not in tests]
    trades = board.trades[:, training].sum(axis=1)
    days = int(np.count_nonzero(use))
    seen = Evidence(sharpe, fall, yearly, trades, board.longest_ms, days, board.near)
    scores = score(seen)
    judged = [board.days_of(group) for group in tests]
    if np.all(np.isnan(scores)):
        flat = np.zeros(sum(board.lengths[group] for group in tests))
        return SplitResult(tests, None, -1, None, None, window_of(flat, 0.0))
    row = int(np.nanargmax(scores))
    returns = np.concatenate([board.daily[row, part] for part in judged])
    return SplitResult(
        tests=tests,
        params=dict(board.combos[row]),
        row=row,
        score=float(scores[row]),
        in_sample=window_of(board.daily[row, use], float(trades[row])),
        out_of_sample=window_of(returns, float(board.trades[row, list(tests)].sum())),
    )


def _path(board: _Board, results: Sequence[SplitResult], numbers: Ints) -> PathResult:
    """Join the judged groups of one path."""
    parts = []
    for group, number in enumerate(numbers):
        row, part = results[number].row, board.days_of(group)
        parts.append(board.daily[row, part] if row >= 0 else np.zeros(board.lengths[group]))
    daily = np.concatenate(parts)
    return PathResult(tuple(int(number) for number in numbers), daily, curve_stats(daily))


def _summed(
    board: _Board,
    results: Sequence[SplitResult],
    paths: Sequence[PathResult],
    first_day: int,
    margins: tuple[int, int],
) -> CrossValidation:
    sharpe = np.array([ratios.sharpe(path.daily) or 0.0 for path in paths])
    return CrossValidation(
        groups=board.spans,
        combinations=len(board.combos),
        purge_days=margins[0],
        purge_is_capped=margins[0] * DAY_MS < int(board.longest_ms.max()),
        embargo_days=margins[1],
        day=first_day + np.arange(sum(board.lengths), dtype=np.int64),
        splits=tuple(results),
        paths=tuple(paths),
        sharpe=sharpe,
        sharpe_mean=float(sharpe.mean()),
        sharpe_median=float(np.median(sharpe)),
        sharpe_deviation=float(sharpe.std(ddof=1)) if len(sharpe) > 1 else None,
        sharpe_worst=float(sharpe.min()),
        losing_paths=float(np.mean(sharpe <= 0.0)),
    )
