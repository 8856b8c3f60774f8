"""Walk-forward: choose on the past, trade the next stretch, move on, and stitch the stretches.

    judge = Evaluator(strategy, group, settings)
    found = walk_forward(judge, list(Grid({"fast": range(5, 15)})), folds_of(judge.span))
    found.stats.sharpe, found.efficiency, [fold.params for fold in found.folds]

In each fold everything that is fitted is fitted in the training window (R-WF-07): parameters by an
objective that sees nothing else. The choice then trades the test window with the equity that the
window before has left, flat at the start, under a fresh gate. What is open at the end of a window
is closed at its mark and charged with taker fee and slippage: a curve of stitched windows may not
be cheaper than a bot that is restarted with new parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError
from ballast.research.outofsample.checks import check_prices, closing_rate, usable
from ballast.research.outofsample.choice import Chooser, Hysteresis
from ballast.research.outofsample.folds import Fold, check_folds
from ballast.research.outofsample.neighbours import drift, neighbours, unit_coordinates
from ballast.research.outofsample.objective import Objective, Robust
from ballast.research.outofsample.rating import TRADES, Evidence, evidence_of
from ballast.research.outofsample.stitched import (
    CurveStats,
    Window,
    curve_stats,
    efficiency,
    levels_of,
    window_of,
    yearly_return,
)
from ballast.research.sweep_row import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.kernel.market import Floats, Ints
    from ballast.research.evaluation import Evaluator

KILLED, FINAL = METRICS.index("killed"), METRICS.index("final_equity")


@dataclass(frozen=True, slots=True)
class FoldResult:
    """One fold: what was chosen in training and what it then earned."""

    fold: Fold
    params: Mapping[str, float] | None  # None: nothing traded in training; the fold stays flat
    row: int  # of the combination, -1 where nothing was chosen
    score: float | None
    drift: float | None  # from the choice before, 0 to 1; None in the first fold
    in_sample: Window | None
    out_of_sample: Window
    efficiency: float | None
    killed: bool  # the kill switch latched in the test
    open_at_end: float  # notional that was open at the end of the test, in quote units
    border_cost: float  # what closing it was charged with, in quote units


@dataclass(frozen=True, slots=True)
class WalkForward:
    """A finished walk-forward. Day `k` of the curve ends at `(day[k] + 1) * DAY_MS`."""

    folds: tuple[FoldResult, ...]
    combinations: int
    day: Ints  # UTC days since 1970 of all tests, one after the other
    fold_of: Ints  # which fold a day belongs to
    daily: Floats  # out-of-sample returns
    equity: Floats  # the cash at the start, then one level a day
    stats: CurveStats  # of the out-of-sample curve
    trades: int
    in_sample_yearly: float | None  # mean over the folds, weighted by the days of their tests
    efficiency: float | None
    mean_drift: float | None


def walk_forward(
    judge: Evaluator,
    combos: Sequence[Mapping[str, float]],
    folds: Sequence[Fold],
    *,
    objective: Objective | None = None,
    hysteresis: Hysteresis | None = None,
) -> WalkForward:
    """Re-optimise in every fold and trade its test; raise `UserError` on input that cannot work.

    Combinations that break the strategy's rules are left out. The first choice is the best; with
    `hysteresis` later ones must beat it clearly.
    """
    check_folds(folds)
    check_prices(judge.group)
    allowed = usable(judge, combos)
    seen = evidence_of(judge, allowed, [fold.train for fold in folds], neighbours(allowed))
    chooser = Chooser(hysteresis)
    score = objective or Robust()
    scores = [score(evidence) for evidence in seen]
    rows = [chooser.choose(values) for values in scores]
    if all(row is None for row in rows):
        raise UserError(
            "no combination made a trade in any training window",
            where=judge.strategy.name,
            fix="take a longer period or other ranges",
        )
    walker = _Walker(judge, allowed)
    results = []
    for number, (fold, row) in enumerate(zip(folds, rows, strict=True)):
        last = number == len(folds) - 1
        chosen = None if row is None else float(scores[number][row])
        results.append(walker.step(fold, row, chosen, seen[number], charge=not last))
    return _summed(judge, walker, results, len(allowed))


class _Walker:
    """Carries the equity from test to test."""

    def __init__(self, judge: Evaluator, combos: Sequence[Mapping[str, float]]) -> None:
        self.judge = judge
        self.combos = combos
        self.coordinates = unit_coordinates(combos)
        self.cash = judge.settings.engine.initial_cash
        self.before: int | None = None
        self.returns: list[Floats] = []

    def step(
        self, fold: Fold, row: int | None, score: float | None, seen: Evidence, *, charge: bool
    ) -> FoldResult:
        """Trade one test window with the chosen row."""
        moved = None
        if row is not None and self.before is not None:
            moved = drift(self.coordinates, self.before, row)
        self.before = row if row is not None else self.before
        daily, trades, killed, held, cost = self._trade(fold, row, charge=charge)
        self.returns.append(daily)
        trained = None if row is None else _trained(seen, row)
        tested = window_of(daily, trades)
        kept = None
        if trained is not None:
            kept = efficiency(trained.yearly_return, tested.yearly_return)
        return FoldResult(
            fold=fold,
            params=None if row is None else dict(self.combos[row]),
            row=-1 if row is None else row,
            score=score,
            drift=moved,
            in_sample=trained,
            out_of_sample=tested,
            efficiency=kept,
            killed=killed,
            open_at_end=held,
            border_cost=cost,
        )

    def _trade(
        self, fold: Fold, row: int | None, *, charge: bool
    ) -> tuple[Floats, float, bool, float, float]:
        """Return daily returns, closed trades, kill switch, open notional, cost of closing it."""
        if row is None or self.cash <= 0.0:
            return np.zeros(self.judge.days(fold.test)), 0.0, False, 0.0, 0.0
        (found,) = self.judge.passes([self.combos[row]], [fold.test], cash=self.cash)
        daily, held = found.daily[0], float(found.held[0])
        final, cost = float(found.figures[0, FINAL]), 0.0
        if charge and held > 0.0:
            cost = held * closing_rate(self.judge, fold.test.to_ms)
            daily[-1] = (1.0 + daily[-1]) * (1.0 - cost / final) - 1.0
        self.cash = final - cost
        figures = found.figures[0]
        return daily, float(figures[TRADES]), bool(figures[KILLED]), held, cost


def _trained(seen: Evidence, row: int) -> Window:
    sharpe = float(seen.sharpe[row])
    return Window(
        days=seen.days,
        yearly_return=float(seen.yearly[row]),
        sharpe=None if np.isnan(sharpe) else sharpe,
        max_drawdown=float(seen.drawdown[row]),
        trades=round(float(seen.trades[row])),
    )


def _summed(
    judge: Evaluator, walker: _Walker, results: Sequence[FoldResult], combinations: int
) -> WalkForward:
    """Put the tests together."""
    daily = np.concatenate(walker.returns)
    days = [
        one.fold.test.first_day(judge.timeframe) + np.arange(len(part), dtype=np.int64)
        for one, part in zip(results, walker.returns, strict=True)
    ]
    chosen = [one for one in results if one.in_sample is not None]
    weights = [one.out_of_sample.days for one in chosen]
    promised = [one.in_sample.yearly_return for one in chosen if one.in_sample is not None]
    in_sample = float(np.average(promised, weights=weights)) if promised else None
    moves = [one.drift for one in results if one.drift is not None]
    return WalkForward(
        folds=tuple(results),
        combinations=combinations,
        day=np.concatenate(days),
        fold_of=np.repeat(np.arange(len(days)), [len(part) for part in days]),
        daily=daily,
        equity=levels_of(daily, judge.settings.engine.initial_cash),
        stats=curve_stats(daily),
        trades=sum(one.out_of_sample.trades for one in results),
        in_sample_yearly=in_sample,
        efficiency=None if in_sample is None else efficiency(in_sample, yearly_return(daily)),
        mean_drift=float(np.mean(moves)) if moves else None,
    )
