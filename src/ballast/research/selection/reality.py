"""Reality checks: the chance that the best does so well though none has an edge.

Both tests resample all trials with the same days, so that their dependence is kept, and ask how
often the best of the resampled, centred on no edge, does as well as the best observed.

- *Reality check* (White, A Reality Check for Data Snooping, Econometrica 68, 2000): compares means,
  and centres every trial. Bad trials make it timid.
- *Superior predictive ability* (Hansen, J. of Business & Economic Statistics 23, 2005): divides
  each mean by its deviation, and does not let hopeless trials count. Three p-values differ in who
  is hopeless: `upper` nobody, `consistent` who is below zero by more than sqrt(2 log log n)
  deviations, `lower` everybody below zero. The consistent one is the answer.

The deviation of a mean is that of the stationary bootstrap itself, in closed form (Politis and
Romano 1994, lemma 1). arch's `SPA` computes it and then compares undivided means: its numbers are
ours with `studentised=False`.

p = (k + 1) / (draws + 1), k resamples that reach the observed statistic: it is never zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.rng import stream
from ballast.research.montecarlo.arrays import checked_matrix
from ballast.research.montecarlo.blocks import chunked_draws, optimal_block
from ballast.research.montecarlo.outcomes import DRAWS, DRAWS_MAX
from ballast.research.montecarlo.paths import draw_sums

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from ballast.research.montecarlo.blocks import Draws

    Floats = NDArray[np.float64]

PERIODS_MIN = 30
BLOCK_ROWS = 16
"""Trials whose memory is measured for the block length, evenly spread over all."""
_COLUMNS = 512  # trials summed at once: 15 MB of running sums over five years of days
_FLAT = 1e-24


@dataclass(frozen=True, slots=True)
class Superiority:
    """p-values of "none beats the benchmark"; `best` is the row of the best trial.

    `statistic` is sqrt(n) times its mean excess, over its deviation if `studentised`; never below
    zero. `block` is the mean block length in periods.
    """

    p_lower: float
    p_consistent: float
    p_upper: float
    statistic: float
    best: int
    trials: int
    draws: int
    block: float
    seed: int
    studentised: bool


def superior_ability(
    excess: ArrayLike,
    *,
    seed: int,
    draws: int = DRAWS,
    block: float | None = None,
    studentised: bool = True,
) -> Superiority:
    """Test returns over a benchmark, `excess` [trials x periods]: every trial of the search.

    `block` defaults to the mean of the lengths that fit the memory of the trials. Raises
    `DataError` for fewer than 30 periods or values that are not numbers.
    """
    values, length = _prepared(excess, draws, block)
    rng = stream(seed, "selection.reality")
    count = values.shape[1]
    turns = chunked_draws(rng, periods=count, draws=draws, block=length, horizon=count)
    return _tested(values, turns, draws, length, seed, studentised=studentised)


def reality_check(
    excess: ArrayLike, *, seed: int, draws: int = DRAWS, block: float | None = None
) -> float:
    """Return the p-value of White's reality check for `excess` [trials x periods]."""
    found = superior_ability(excess, seed=seed, draws=draws, block=block, studentised=False)
    return found.p_upper


def mean_deviation(values: Floats, block: float) -> Floats:
    """Return the deviation of sqrt(n) x mean of each row under the stationary bootstrap.

    R(0) + 2 sum b(i) R(i), b(i) = (1 - i/n) (1 - 1/block)^i + (i/n) (1 - 1/block)^(n - i).
    """
    count = values.shape[1]
    centred = values - np.mean(values, axis=1, keepdims=True)
    size = 1 << (2 * count - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size, axis=1)) ** 2
    covariance = np.fft.irfft(power, size, axis=1)[:, :count] / count
    lag = np.arange(count)
    stay = 1.0 - 1.0 / block
    weight = (1.0 - lag / count) * stay**lag + lag / count * stay ** (count - lag)
    weight[1:] *= 2.0
    weight[0] = 1.0
    variance = np.sum(covariance * weight, axis=1)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)), np.float64)


def _prepared(excess: ArrayLike, draws: int, block: float | None) -> tuple[Floats, float]:
    if not 0 < draws <= DRAWS_MAX:
        raise InternalError(f"the number of draws must be in [1, {DRAWS_MAX}], not {draws}")
    values = checked_matrix(excess, what="excess returns", rows=1, least=PERIODS_MIN)
    return values, _block_of(values) if block is None else block


def _block_of(values: Floats) -> float:
    rows = np.unique(np.linspace(0, len(values) - 1, BLOCK_ROWS).astype(np.int64))
    lengths = [optimal_block(values[row]) for row in rows]
    return round(sum(lengths) / len(lengths), 6)


def _tested(
    values: Floats,
    turns: Iterable[Draws],
    draws: int,
    block: float,
    seed: int,
    *,
    studentised: bool,
) -> Superiority:
    count = values.shape[1]
    root = math.sqrt(count)
    means = np.mean(values, axis=1)
    deviation = mean_deviation(values, block)
    alive = deviation * deviation > _FLAT  # a trial that never moves is no candidate
    hopeless = means < -deviation / root * math.sqrt(2.0 * math.log(math.log(count)))
    centres = np.stack((np.maximum(means, 0.0), np.where(hopeless, 0.0, means), means))
    scale = deviation if studentised else np.ones_like(deviation)
    standard = np.where(alive, root * means / np.where(alive, scale, 1.0), -np.inf)
    best = int(np.argmax(standard))
    observed = max(float(standard[best]), 0.0)
    reached = np.zeros(3, np.int64)
    rows = np.flatnonzero(alive)
    for part in turns:
        top = np.zeros((3, len(part)))
        for first in range(0, len(rows), _COLUMNS):
            some = rows[first : first + _COLUMNS]
            drawn = draw_sums(part, np.ascontiguousarray(values[some].T)) / count
            for k in range(3):
                moved = np.max((drawn - centres[k, some]) * (root / scale[some]), axis=1)
                top[k] = np.maximum(top[k], moved)
        reached += np.count_nonzero(top >= observed, axis=1)
    lower, consistent, upper = ((int(k) + 1) / (draws + 1) for k in reached)
    return Superiority(
        p_lower=lower,
        p_consistent=consistent,
        p_upper=upper,
        statistic=observed,
        best=best,
        trials=len(values),
        draws=draws,
        block=block,
        seed=seed,
        studentised=studentised,
    )
