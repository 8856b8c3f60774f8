"""Bootstrap: intervals for every headline figure, and the histories that could have been.

Daily returns are resampled in blocks (`blocks`); each resample is a history that could have been.
Two kinds of interval:

- *percentile*: the middle `level` of the resampled figures. For the drawdown and Calmar this is a
  forecast of what comes, given days like these, rather than an interval of a true value.
- *BCa*: bias-corrected and accelerated (Efron, JASA 82, 1987), for figures that are smooth in sums
  of days. The bias is where the observed figure stands among the resampled ones, the acceleration
  the skewness of the figure when one block of days is left out (Kuensch 1989 leaves out blocks
  where days depend on each other). None where the observed figure lies outside all resamples.

Limit: a resample holds no day worse than the worst day seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.rng import stream
from ballast.core.time import YEAR_DAYS
from ballast.research.metrics.significance import LEVEL, Interval
from ballast.research.montecarlo.arrays import checked_series
from ballast.research.montecarlo.blocks import chunked_draws, optimal_block
from ballast.research.montecarlo.figures import (
    OF_SUMS,
    Figure,
    figures_of_paths,
    figures_of_sums,
    observed_figures,
    summands,
)
from ballast.research.montecarlo.outcomes import (
    DRAWS,
    DRAWS_MAX,
    Outcomes,
    fan_days,
    outcomes_of,
)
from ballast.research.montecarlo.paths import Paths, draw_sums, joined, log_growth, walk

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

PERIODS_MIN = 20
"""A resample of fewer days mostly repeats them: its intervals would only look like intervals."""
_DEFINED_MIN = 0.95  # of the draws: an interval over those that happen to be defined would flatter


@dataclass(frozen=True, slots=True)
class FigureInterval:
    """One figure: `error` is the deviation over draws; None where there is nothing to say."""

    figure: Figure
    observed: float | None
    error: float | None
    percentile: Interval | None
    bca: Interval | None


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What resampling says; odds and bounds of falls are functions of `outcomes`."""

    draws: int
    block: float
    periods: int
    horizon: int
    level: float
    seed: int
    figures: tuple[FigureInterval, ...]
    outcomes: Outcomes

    def interval(self, figure: Figure) -> FigureInterval:
        """Return the intervals of one figure."""
        return next(one for one in self.figures if one.figure == figure)


def bootstrap_returns(
    returns: ArrayLike,
    *,
    seed: int,
    draws: int = DRAWS,
    block: float | None = None,
    horizon: int | None = None,
    level: float = LEVEL,
    per_year: float = YEAR_DAYS,
) -> Bootstrap:
    """Resample simple returns per day in blocks; horizon defaults to as many days as observed.

    `block` is the mean block length in days; by default what fits the memory of the returns and of
    their squares, the longer of the two (volatility clusters make drawdowns). Raises `DataError`
    for fewer than 20 days or values that are not numbers.
    """
    values = checked_series(returns, what="returns", least=PERIODS_MIN)
    count = len(values)
    days = count if horizon is None else horizon
    if not 0 < draws <= DRAWS_MAX or not 0.0 < level < 1.0 or days < 2:  # noqa: PLR2004
        raise InternalError(f"cannot draw: {draws=} {level=} horizon={days}")
    length = default_block(values) if block is None else block
    paths, sums = _draw(values, seed, draws, length, days)
    centre = float(np.mean(values))
    found = figures_of_sums(sums, days, centre, per_year)
    found |= figures_of_paths(found[Figure.CAGR], paths.depth)
    jackknife = _jackknife(values, length, per_year) if days == count else {}
    seen = observed_figures(values, per_year)
    rows = tuple(_interval(one, seen[one], found[one], jackknife.get(one), level) for one in Figure)
    return Bootstrap(
        draws=draws,
        block=length,
        periods=count,
        horizon=days,
        level=level,
        seed=seed,
        figures=rows,
        outcomes=outcomes_of(paths, days),
    )


def default_block(returns: Floats) -> float:
    """Return the longer of the block lengths that fit the returns and their squares."""
    centred = returns - np.mean(returns)
    return max(optimal_block(returns), optimal_block(centred * centred))


def _draw(values: Floats, seed: int, draws: int, block: float, days: int) -> tuple[Paths, Floats]:
    rng = stream(seed, "montecarlo.returns")
    columns, growth, kept = summands(values), log_growth(values), fan_days(days)
    paths: list[Paths] = []
    sums: list[Floats] = []
    for part in chunked_draws(rng, periods=len(values), draws=draws, block=block, horizon=days):
        paths.append(walk(part, growth, kept))
        sums.append(draw_sums(part, columns))
    return joined(paths), np.concatenate(sums)


def _interval(
    figure: Figure, seen: float | None, drawn: Floats, jackknife: Floats | None, level: float
) -> FigureInterval:
    known = drawn[np.isfinite(drawn)]
    if seen is None or len(known) < _DEFINED_MIN * len(drawn):
        return FigureInterval(figure, seen, None, None, None)
    tails = ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
    low, high = (float(x) for x in np.quantile(known, tails))
    bca = None if jackknife is None else _bca(seen, known, jackknife, tails)
    error = float(np.std(known, ddof=1)) if len(known) > 1 else None
    return FigureInterval(figure, seen, error, Interval(seen, low, high), bca)


def _bca(
    seen: float, drawn: Floats, jackknife: Floats, tails: tuple[float, float]
) -> Interval | None:
    below = float(np.mean(drawn < seen) + 0.5 * np.mean(drawn == seen))
    apart = np.mean(jackknife) - jackknife
    power = float(np.sum(apart * apart)) ** 1.5
    if not 0.0 < below < 1.0 or not power > 0.0:
        return None
    unit = NormalDist()
    bias, speed = unit.inv_cdf(below), float(np.sum(apart**3)) / (6.0 * power)
    levels = []
    for tail in tails:
        shifted = bias + unit.inv_cdf(tail)
        room = 1.0 - speed * shifted
        if room <= 0.0:
            return None
        levels.append(unit.cdf(bias + shifted / room))
    low, high = (float(x) for x in np.quantile(drawn, levels))
    return Interval(seen, low, high)


def _jackknife(values: Floats, block: float, per_year: float) -> dict[Figure, Floats]:
    """Return the figures with one block of days left out at a time; only those always defined."""
    each = min(math.ceil(block), len(values) // 4)
    groups = len(values) // each
    columns = summands(values)
    sums = np.add.reduceat(columns[: groups * each], np.arange(groups) * each, axis=0)
    left = np.sum(columns, axis=0) - sums
    found = figures_of_sums(left, len(values) - each, float(np.mean(values)), per_year)
    return {one: found[one] for one in OF_SUMS if bool(np.isfinite(found[one]).all())}
