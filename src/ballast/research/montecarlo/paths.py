"""What a path of returns does on its way: the compiled walk over resampled or shuffled returns.

All in logarithms: a level is a sum, a fall from the peak a difference. A return of -100 % or worse
ends the account; its level is then a millionth of a millionth for good, which is a fall of 100 % in
any figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.jit import jit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.research.montecarlo.blocks import Draws, Steps

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

RUIN = 1e-12
"""What remains of an account that lost everything: small, and its logarithm is a number."""
_LONG = 6  # blocks longer than this are summed by differences, shorter ones by counts: measured


@dataclass(frozen=True, slots=True)
class Paths:
    """One row a draw. `final` and `lowest` are logarithms of level over start (`lowest` <= 0).

    `depth` is the deepest fall from a peak, a positive logarithm: the fraction lost is
    1 - exp(-depth). `fan[d, k]` is the log level of draw d after `days[k]` periods.
    """

    final: Floats
    lowest: Floats
    depth: Floats
    fan: Floats


def log_growth(returns: Floats) -> Floats:
    """Return log(1 + r), with total loss at the log of `RUIN`."""
    return np.log(np.maximum(1.0 + returns, RUIN))


def running_sums(columns: Floats) -> Floats:
    """Return sums of the first 0, 1, ... 2n rows of `columns` (n, k) laid twice in a row.

    The sum over a block is the difference of two rows, also where it runs over the end.
    """
    twice = np.concatenate((columns, columns))
    sums = np.zeros((len(twice) + 1, columns.shape[1]))
    np.cumsum(twice, axis=0, out=sums[1:])
    return sums


def walk(draws: Draws, growth: Floats, days: Ints) -> Paths:
    """Walk every draw over `growth` (log growth of each observed period).

    `days` are the periods, ascending, each in [1, horizon], whose levels the fan keeps.
    """
    level = running_sums(growth[:, None])[:, 0]
    count = len(draws)
    out = Paths(np.empty(count), np.empty(count), np.empty(count), np.empty((count, len(days))))
    _walk(
        draws.first, draws.start, draws.length, level, days,
        out.final, out.lowest, out.depth, out.fan,
    )  # fmt: skip
    return out


def joined(parts: Sequence[Paths]) -> Paths:
    """Return the paths of several turns as one."""
    return Paths(
        np.concatenate([one.final for one in parts]),
        np.concatenate([one.lowest for one in parts]),
        np.concatenate([one.depth for one in parts]),
        np.concatenate([one.fan for one in parts]),
    )


def draw_sums(draws: Draws, columns: Floats) -> Floats:
    """Return the sum of each draw over each column (n, k) of observed values, shape (draws, k).

    Long blocks: differences of running sums. Short blocks: how often each row was drawn, times the
    columns; the two agree to rounding.
    """
    if len(draws.start) * _LONG > len(draws) * draws.horizon:
        return times_drawn(draws) @ columns
    out = np.empty((len(draws), columns.shape[1]))
    _block_sums(draws.first, draws.start, draws.length, running_sums(columns), out)
    return out


def times_drawn(draws: Draws) -> Floats:
    """Return how often each observed row is in each draw, shape (draws, periods)."""
    out = np.zeros((len(draws), draws.periods))
    _count(draws.first, draws.start, draws.length, out)
    return out


def shuffled_depths(growth: Floats, uniforms: Floats) -> Floats:
    """Return the deepest fall of each shuffle of `growth`, a positive logarithm.

    Each row of `uniforms` (shuffles, n - 1) in [0, 1) makes one shuffle (Fisher and Yates).
    """
    out = np.empty(len(uniforms))
    _shuffled_depths(growth.copy(), uniforms, out)
    return out


@jit
def _walk(
    first: Ints,
    start: Steps,
    length: Steps,
    level: Floats,
    days: Ints,
    final: Floats,
    lowest: Floats,
    depth: Floats,
    fan: Floats,
) -> None:
    for draw in range(len(first) - 1):
        here = 0.0  # log level at the end of the last block
        peak = 0.0
        low = 0.0
        fall = 0.0
        day = 0
        at = 0
        for block in range(first[draw], first[draw + 1]):
            begin = start[block]
            end = begin + length[block]
            shift = here - level[begin]
            while at < len(days) and days[at] <= day + length[block]:
                fan[draw, at] = shift + level[begin + days[at] - day]
                at += 1
            for k in range(begin + 1, end + 1):
                now = shift + level[k]
                if now >= peak:
                    peak = now
                else:
                    fall = max(fall, peak - now)
                    low = min(low, now)
            here = shift + level[end]
            day += length[block]
        final[draw] = here
        lowest[draw] = low
        depth[draw] = fall


@jit
def _block_sums(first: Ints, start: Steps, length: Steps, sums: Floats, out: Floats) -> None:
    total = np.empty(sums.shape[1])
    for draw in range(len(first) - 1):
        total[:] = 0.0
        for block in range(first[draw], first[draw + 1]):
            below = sums[start[block]]
            above = sums[start[block] + length[block]]
            for k in range(len(total)):
                total[k] += above[k] - below[k]
        out[draw] = total


@jit
def _count(first: Ints, start: Steps, length: Steps, out: Floats) -> None:
    """Mark where blocks begin and end, then add up along the row."""
    periods = out.shape[1]
    for draw in range(len(first) - 1):
        here = 0.0
        for block in range(first[draw], first[draw + 1]):
            end = start[block] + length[block]
            out[draw, start[block]] += 1.0
            if end > periods:
                here += 1.0  # it goes round: it covers the front as well
                end -= periods
            if end < periods:
                out[draw, end] -= 1.0
        for k in range(periods):
            here += out[draw, k]
            out[draw, k] = here


@jit
def _shuffled_depths(growth: Floats, uniforms: Floats, out: Floats) -> None:
    for row in range(len(out)):
        here = 0.0
        peak = 0.0
        fall = 0.0
        for k in range(len(growth) - 1, 0, -1):  # `growth` stays shuffled: as good a start as any
            other = int(uniforms[row, k - 1] * (k + 1))
            kept = growth[k]
            growth[k] = growth[other]
            growth[other] = kept
        for k in range(len(growth)):
            here += growth[k]
            peak = max(peak, here)
            fall = max(fall, peak - here)
        out[row] = fall
