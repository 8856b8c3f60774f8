"""Probability of backtest overfitting, by combinatorially symmetric cross-validation (CSCV).

The periods are cut into S blocks. Each of the C(S, S/2) choices of half the blocks is once the
training set and its complement the test set: pick the trial with the best Sharpe ratio in training,
and see where it ranks in testing. With rank r of N, omega = r / (N + 1) and the logit is
log(omega / (1 - omega)). PBO is the share of choices whose logit is not above zero: the winner of
the training half does no better than the median in the other half.

Source: Bailey, Borwein, Lopez de Prado and Zhu, The Probability of Backtest Overfitting, J. of
Computational Finance 20(4), 2017.

Where this says more than the paper: blocks differ by one period where S does not divide the number
of periods (none is dropped); trials with equal test results share the mean of their ranks; a trial
that does not vary in a half has a Sharpe ratio of 0 there (no trades, no result).

A choice and its complement need the same sums, so half the choices are walked and each yields two
logits. Sums over blocks are made once: a choice costs S/2 additions a trial, not half the periods.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError, InternalError
from ballast.core.jit import jit
from ballast.research.montecarlo.arrays import checked_matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

BLOCKS = 16
BLOCKS_MAX = 20
"""184,756 choices; more blocks add choices, not information."""
BLOCK_PERIODS_MIN = 2
"""A block of one period makes training and test halves of single days: noise against noise."""
_FLAT = 1e-24  # a variance below this is rounding, as `metrics.series.FLAT` is for deviations


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What CSCV says. One element a choice in `logits`, `trained` and `tested`.

    `trained` and `tested` are the per-period Sharpe ratios of each choice's winner in its training
    and its test half; `slope` and `intercept` are of the line through them (negative: the better in
    training, the worse in testing), `r_squared` its fit; None where `trained` is constant.
    `loss` is the share of choices whose winner loses money in testing.
    """

    pbo: float
    loss: float
    slope: float | None
    intercept: float | None
    r_squared: float | None
    trials: int
    periods: int
    blocks: int
    logits: Floats
    trained: Floats
    tested: Floats


def overfitting(streams: ArrayLike, *, blocks: int = BLOCKS) -> Overfitting:
    """Return the probability of backtest overfitting of `streams` [trials x periods] of returns.

    `streams` holds every trial of the search, losers too: without them nothing is overfitted.
    Raises `DataError` for fewer than two trials, too few periods, values that are not numbers, or
    when no trial ever varies.
    """
    if blocks % 2 or not 2 <= blocks <= BLOCKS_MAX:  # noqa: PLR2004 - two halves
        raise InternalError(f"CSCV needs an even number of blocks up to {BLOCKS_MAX}, not {blocks}")
    least = blocks * BLOCK_PERIODS_MIN
    values = checked_matrix(streams, what="trial streams", rows=2, least=least)
    trials, periods = values.shape
    if not np.ptp(values, axis=1).any():
        raise DataError("trial streams: none of them varies", expected="a trial that trades")
    edges = np.arange(blocks + 1) * periods // blocks
    means = np.mean(values, axis=1)
    centred = values - means[:, None]
    sums = np.add.reduceat(centred, edges[:-1], axis=1).T.copy()
    squares = np.add.reduceat(centred * centred, edges[:-1], axis=1).T.copy()
    ones, others = _halves(blocks)
    out = np.empty((3, 2 * len(ones)))
    _cross(sums, squares, means, np.diff(edges), ones, others, out)
    logits, trained, tested = out
    slope, intercept, fit = _line(trained, tested)
    return Overfitting(
        pbo=float(np.mean(logits <= 0.0)),
        loss=float(np.mean(tested < 0.0)),
        slope=slope,
        intercept=intercept,
        r_squared=fit,
        trials=trials,
        periods=periods,
        blocks=blocks,
        logits=logits,
        trained=trained,
        tested=tested,
    )


@lru_cache(maxsize=4)
def _halves(blocks: int) -> tuple[Ints, Ints]:
    """Return the choices that hold block 0, and their complements, in lexical order."""
    rest = combinations(range(1, blocks), blocks // 2 - 1)
    ones = np.array([(0, *choice) for choice in rest], np.int64)
    every = np.ones((len(ones), blocks), np.bool_)
    every[np.arange(len(ones))[:, None], ones] = False
    return ones, np.nonzero(every)[1].reshape(ones.shape).astype(np.int64)


def _line(x: Floats, y: Floats) -> tuple[float | None, float | None, float | None]:
    apart = x - np.mean(x)
    spread = float(np.sum(apart * apart))
    if spread <= _FLAT:
        return None, None, None
    away = y - np.mean(y)
    common = float(np.sum(apart * away))
    slope = common / spread
    height = float(np.sum(away * away))
    fit = common * common / (spread * height) if height > _FLAT else 1.0
    return slope, float(np.mean(y)) - slope * float(np.mean(x)), fit


@jit
def _cross(
    sums: Floats,
    squares: Floats,
    means: Floats,
    sizes: Ints,
    ones: Ints,
    others: Ints,
    out: Floats,
) -> None:
    """Fill logits, training and test ratios: choice c at 2c, its complement at 2c + 1."""
    trials = len(means)
    left, right = np.empty(trials), np.empty(trials)
    work = np.empty(trials)
    for c in range(len(ones)):
        _ratios(sums, squares, means, sizes, ones[c], work, left)
        _ratios(sums, squares, means, sizes, others[c], work, right)
        _judge(left, right, out, 2 * c)
        _judge(right, left, out, 2 * c + 1)


@jit
def _ratios(
    sums: Floats,
    squares: Floats,
    means: Floats,
    sizes: Ints,
    chosen: Ints,
    square: Floats,
    ratio: Floats,
) -> None:
    """Fill the Sharpe ratio of each trial over the chosen blocks (sample deviation)."""
    count = 0
    ratio[:] = 0.0
    square[:] = 0.0
    for block in chosen:
        count += sizes[block]
        for k in range(len(means)):
            ratio[k] += sums[block, k]
            square[k] += squares[block, k]
    for k in range(len(means)):
        mean = ratio[k] / count
        variance = (square[k] - mean * ratio[k]) / (count - 1)
        ratio[k] = (mean + means[k]) / math.sqrt(variance) if variance > _FLAT else 0.0


@jit
def _judge(trained: Floats, tested: Floats, out: Floats, at: int) -> None:
    best = 0
    for k in range(1, len(trained)):
        if trained[k] > trained[best]:
            best = k
    below = 0
    equal = 0
    for k in range(len(tested)):
        if tested[k] < tested[best]:
            below += 1
        elif tested[k] == tested[best]:
            equal += 1
    rank = below + 0.5 * (equal + 1)
    out[0, at] = math.log(rank / (len(tested) + 1 - rank))
    out[1, at] = trained[best]
    out[2, at] = tested[best]
