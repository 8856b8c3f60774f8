"""Regimes: the result, one kind of market at a time (R-WF-11).

The labels come from outside and must be causal: the label of a close is what was known at it. A
trade belongs to the regime in which it was decided, a bar's profit to the regime known before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError
from ballast.core.reasons import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ballast.research.case import Case

BARS_MIN = 2
_END = int(Exit.END)


@dataclass(frozen=True, slots=True)
class RegimeResult:
    """What one label saw. Returns are those of equity on the bars that followed its closes."""

    label: int
    name: str
    share: float  # of all bars
    log_return: float  # of equity; those of all labels sum to that of the run
    sharpe: float | None  # annualised from bars; None where equity never moved
    worst_drawdown: float  # of the equity of its bars, put end to end
    trades: int  # closed ones that were decided in it
    win_rate: float | None
    profit: float  # of these trades, net, in quote units
    profit_factor: float | None


def regime_breakdown(
    case: Case, labels: NDArray[np.int64], names: Mapping[int, str] | None = None
) -> tuple[RegimeResult, ...]:
    """Return a row for each label, sorted; `labels` has one int for each close of the run's clock.

    For one symbol that is one a bar; with several, one for each close time that any of them has.
    Raise `UserError` where the count does not fit.
    """
    case.require_trades()
    run = case.run()
    marks = np.asarray(labels)
    if marks.shape != run.clock_ms.shape:
        raise UserError(
            f"{marks.size} labels", expected=f"{len(run.clock_ms)}: one for each close of the run"
        )
    equity = np.concatenate(([run.account.initial], run.equity))
    solvent = np.maximum(equity, 1e-12)
    growth = np.diff(np.log(solvent))
    known = np.concatenate((marks[:1], marks[:-1]))  # before each close
    starts = np.concatenate([one.bars.ts for one in case.series])
    frame_ms = case.series[0].bars.timeframe.ms
    trades = run.trades[run.trades["reason"] != _END]
    decided = np.searchsorted(run.clock_ms, starts[trades["decided_bar"]] + frame_ms)
    per_year = case.series[0].bars.timeframe.bars_per_year
    return tuple(
        _row(
            int(label),
            (names or {}).get(int(label), str(int(label))),
            growth[known == label],
            float(np.mean(known == label)),
            trades["pnl"][marks[decided] == label],
            per_year,
        )
        for label in np.unique(marks)
    )


def _row(
    label: int,
    name: str,
    growth: NDArray[np.float64],
    share: float,
    profits: NDArray[np.float64],
    per_year: float,
) -> RegimeResult:
    curve = np.concatenate(([0.0], np.cumsum(growth)))
    fall = curve - np.maximum.accumulate(curve)
    deviation = float(np.std(growth, ddof=1)) if len(growth) >= BARS_MIN else 0.0
    lost = -float(np.sum(profits[profits < 0.0]))
    won = float(np.sum(profits[profits > 0.0]))
    return RegimeResult(
        label=label,
        name=name,
        share=share,
        log_return=float(np.sum(growth)),
        sharpe=float(np.mean(growth)) / deviation * sqrt(per_year) if deviation > 0.0 else None,
        worst_drawdown=float(-np.expm1(fall.min())),
        trades=len(profits),
        win_rate=float(np.mean(profits > 0.0)) if len(profits) else None,
        profit=won - lost,
        profit_factor=won / lost if lost > 0.0 else None,
    )
