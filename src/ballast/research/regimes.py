"""A result by regime: in which market the money was made (R-WF-11).

    from ballast.research.regimes import regime_table
    table = regime_table(result)                     # or regime_table(result, "regime_hmm()")

What belongs to a regime is what was decided or held while it was *known*:

- a trade belongs to the regime of the bar on which its entry was decided, of its own symbol;
- the change of equity over a step of the clock belongs to the regime known when the step began, not
  to that of the bar it ends with: the bar of a crash is volatile because of the crash;
- a day belongs to the regime of most of its steps.

With several symbols a step is of the regime that most of them are in; a tie goes to the stricter
regime, volatile before range before trend. Money adds up: the contributions of all regimes, unknown
included, are the total return.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ballast.core.errors import InternalError
from ballast.core.time import DAY_MS
from ballast.features.regime.labels import KNOWN, Regime
from ballast.research.floors import labels_of
from ballast.research.metrics.drawdown import max_drawdown
from ballast.research.metrics.groups import group
from ballast.research.metrics.ratios import sharpe
from ballast.research.metrics.series import daily_series, simple_returns
from ballast.research.metrics.trades import closed_trades

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.bars import Bars
    from ballast.research.metrics.series import Floats
    from ballast.research.result import Result

Codes = NDArray[np.int8]
"""Codes of `Regime`, one a bar, UNKNOWN in the warm-up."""
DETECTOR = "regime_clusters()"
SHORT_DETECTOR = "regime()"
"""Used where the bars are too few for DETECTOR to know much."""
ENOUGH_BARS = 4_000
"""Four warm-ups of DETECTOR: three quarters of the bars then have a label."""
STRICT = (Regime.VOLATILE, Regime.RANGE, Regime.TREND)
"""Who wins a tie, first."""


@dataclass(frozen=True, slots=True)
class RegimeRow:
    """What happened in one regime. Figures of trades are those of closed ones, in quote units."""

    regime: str
    bars: int
    """Steps of the run's clock that began in it."""
    share: float
    """Of all steps."""
    days: int
    trades: int
    win_rate: float | None
    net: float
    expectancy: float | None
    expectancy_r: float | None
    profit_factor: float | None
    contribution: float
    """Change of equity in it over the starting equity; the rows add up to the total return."""
    sharpe: float | None
    """Of the returns of its days, a year of 365."""
    max_drawdown: float
    """Deepest fall of an account that lived only through its steps; negative, or 0."""


@dataclass(frozen=True, slots=True)
class RegimeTable:
    """A result by regime: trend, range, volatile, and unknown where it occurred."""

    detector: str
    rows: tuple[RegimeRow, ...]
    changes: int
    """How often the regime changed from one known one to another."""

    @property
    def known_share(self) -> float:
        """The share of steps with a known regime."""
        return sum(row.share for row in self.rows if row.regime != Regime.UNKNOWN.name.lower())


def regime_table(result: Result, detector: str | None = None) -> RegimeTable:
    """Return a result by regime; `detector` is a formula, by default one that fits the bars.

    Raise `StrategyError` on a formula that is not a detector.
    """
    formula = detector or default_detector(result.bars)
    return by_regime(result, labels_of(result.bars, formula), formula)


def default_detector(bars: Sequence[Bars]) -> str:
    """Return the formula that is used where none is named."""
    enough = min((len(one) for one in bars), default=0) >= ENOUGH_BARS
    return DETECTOR if enough else SHORT_DETECTOR


def by_regime(result: Result, labels: Sequence[Codes], detector: str = "") -> RegimeTable:
    """Return a result by the regime of its bars: `labels[k][i]` is that of bar i of series k."""
    if [len(codes) for codes in labels] != [len(one) for one in result.bars]:
        raise InternalError("labels of other bars than those of the result")
    run = result.run
    initial = float(run.account["initial"])
    steps = regimes_of_steps(result.bars, labels, run.clock_ms)
    levels = np.concatenate(([initial], run.equity))
    gains = np.diff(levels) / initial
    returns = simple_returns(levels)
    days = daily_series(run.day_ms, run.daily, initial)
    day_codes = regimes_of_days(steps, run.clock_ms, days.day)
    trades = closed_trades(run.trades)
    entered = np.concatenate([*labels, np.empty(0, np.int8)])[trades["decided_bar"]]
    rows = []
    for regime in (*KNOWN, Regime.UNKNOWN):
        inside = steps == regime
        if regime is Regime.UNKNOWN and not inside.any() and not (entered == regime).any():
            continue
        cut = group(regime.name.lower(), trades[entered == regime])
        lived: Floats = np.concatenate(([1.0], np.exp(np.cumsum(np.log1p(returns[inside])))))
        rows.append(
            RegimeRow(
                regime=cut.key,
                bars=int(inside.sum()),
                share=float(inside.mean()) if len(steps) else 0.0,
                days=int((day_codes == regime).sum()),
                trades=cut.count,
                win_rate=cut.win_rate,
                net=cut.net,
                expectancy=cut.expectancy,
                expectancy_r=cut.expectancy_r,
                profit_factor=cut.profit_factor,
                contribution=float(gains[inside].sum()),
                sharpe=sharpe(days.returns[day_codes == regime]),
                max_drawdown=max_drawdown(lived),
            )
        )
    known = steps[steps != Regime.UNKNOWN]
    return RegimeTable(detector, tuple(rows), int(np.count_nonzero(np.diff(known))))


def regimes_of_steps(
    bars: Sequence[Bars], labels: Sequence[Codes], clock_ms: NDArray[np.int64]
) -> Codes:
    """Return the regime that was known when each step of the clock began."""
    votes = np.zeros((len(clock_ms), len(Regime)), np.int64)
    every = np.arange(len(clock_ms))
    for one, codes in zip(bars, labels, strict=True):
        closes = one.ts + one.timeframe.ms
        last = np.searchsorted(closes, clock_ms, side="left") - 1
        known = np.where(last >= 0, codes[last], Regime.UNKNOWN)
        votes[every, known] += 1
    return elected(votes)


def regimes_of_days(steps: Codes, clock_ms: NDArray[np.int64], day: NDArray[np.int64]) -> Codes:
    """Return the regime of most steps of each UTC day; a day without steps is unknown."""
    votes = np.zeros((len(day), len(Regime)), np.int64)
    if len(day):
        np.add.at(votes, ((clock_ms - 1) // DAY_MS - day[0], steps), 1)
    return elected(votes)


def elected(votes: NDArray[np.int64]) -> Codes:
    """Return the regime with most votes in each row; UNKNOWN only where there is no other vote."""
    ranked = votes[:, STRICT]
    found = np.array(STRICT, np.int8)[ranked.argmax(axis=1)]
    return np.where(ranked.any(axis=1), found, np.int8(Regime.UNKNOWN)).astype(np.int8)
