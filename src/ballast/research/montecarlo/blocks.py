"""The stationary bootstrap: resamples of dependent returns, as lists of blocks.

A draw is laid from blocks of the observed series until it is long enough: each starts anywhere with
equal chance, its length is geometric with the mean `block`, the series is joined end to start
(Politis and Romano, The Stationary Bootstrap, JASA 89, 1994). Days that belong together stay
together, for about a block, and the resampled series is stationary, as with fixed blocks it is not.

Kept as blocks (start, length), not as indices: sums over a block are differences of a running sum,
so a mean over 1,826 days with blocks of ten costs 183 additions.

The mean length follows Politis and White, Automatic Block-Length Selection, Econometric Reviews 23,
2004, with the correction of Patton, Politis and White, 28, 2009.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.jit import jit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Steps = NDArray[np.int32]

CHUNK_BLOCKS = 200_000
"""Blocks held at once, a few megabytes; more draws are made in turns."""
_SPARE = 1.05  # blocks drawn beyond the expected number, so that a second helping is rare
_TINY = 1e-280  # a scale below this cannot be divided by
_ROUNDING = 1e-12
_RUN_MIN = 5  # small autocorrelations in a row that end the memory of a series (Politis and White)


@dataclass(frozen=True, slots=True)
class Draws:
    """Resamples of `horizon` periods out of `periods`.

    Draw d is made of the blocks `first[d]` to `first[d + 1] - 1`; block k is `length[k]` periods
    from `start[k]` on. A block may run over the end: read it from the series laid twice.
    """

    first: Ints
    start: Steps
    length: Steps
    periods: int
    horizon: int

    def __len__(self) -> int:
        """Count the draws."""
        return len(self.first) - 1

    def indices(self) -> Ints:
        """Return the resampled rows, shape (draws, horizon)."""
        before = np.cumsum(self.length, dtype=np.int64) - self.length
        begin = np.repeat(self.start - before, self.length)
        flat = (begin + np.arange(len(begin))) % self.periods
        return flat.reshape(len(self), self.horizon)


def stationary_draws(
    rng: np.random.Generator, *, periods: int, draws: int, block: float, horizon: int
) -> Draws:
    """Return `draws` resamples with the mean block length `block` >= 1 (1: independent draws)."""
    if periods < 1 or draws < 1 or horizon < 1 or not block >= 1.0:
        raise InternalError(f"no draws: {periods=} {draws=} {block=} {horizon=}")
    longer = _longer(block)
    words = np.empty(0, np.uint64)
    while True:
        more = 64 + int(_SPARE * draws * (1.0 + (horizon - 1) / block))
        words = np.concatenate((words, rng.integers(0, 1 << 64, more, dtype=np.uint64)))
        room = len(words) + draws * (1 + horizon // periods)
        start, length = np.empty(room, np.int32), np.empty(room, np.int32)
        first = np.empty(draws + 1, np.int64)
        if _lay(words, longer, periods, horizon, first, start, length):
            blocks = int(first[-1])
            return Draws(first, start[:blocks], length[:blocks], periods, horizon)


def chunked_draws(
    rng: np.random.Generator, *, periods: int, draws: int, block: float, horizon: int
) -> Iterator[Draws]:
    """Yield the draws in turns of bounded memory; the same seed gives the same draws."""
    each = max(1, int(CHUNK_BLOCKS / (1.0 + horizon / block)))
    for done in range(0, draws, each):
        count = min(each, draws - done)
        yield stationary_draws(rng, periods=periods, draws=count, block=block, horizon=horizon)


def optimal_block(series: Floats) -> float:
    """Return the mean block length that fits the memory of `series` (1 or more periods).

    (2 g^2 n / d)^(1/3) with g the flat-top sum of |k| R(k) and d twice the squared long-run
    variance; the bandwidth is twice the lag after which autocorrelations stay small. Capped at
    min(3 sqrt(n), n / 3). Rounded to a millionth, so that a last bit moves no draw.
    """
    count = len(series)
    centred = np.asarray(series, np.float64) - np.mean(series)
    reach = float(np.max(np.abs(centred)))
    if count <= 2 * _RUN_MIN or reach < _TINY:
        return 1.0
    covariance, bandwidth = _memory(centred / reach)  # the scale does not matter, its square may
    lags = np.arange(1, bandwidth + 1)
    flat_top = np.minimum(1.0, 2.0 * (1.0 - lags / bandwidth))
    weighted = 2.0 * flat_top * covariance[1 : bandwidth + 1]
    spectrum = covariance[0] + float(np.sum(weighted))
    slope = float(np.sum(weighted * lags))
    longest = math.ceil(min(3.0 * math.sqrt(count), count / 3.0))
    if abs(spectrum) < _ROUNDING:
        return float(longest)
    length = float((slope * slope / (spectrum * spectrum) * count) ** (1.0 / 3.0))
    return round(min(max(length, 1.0), longest), 6)


def _memory(centred: Floats) -> tuple[Floats, int]:
    """Return autocovariances and the bandwidth: 2 m, m the first of a run of small correlations."""
    count = len(centred)
    run = max(_RUN_MIN, int(math.log10(count)))
    most = min(math.ceil(math.sqrt(count)) + run, count - 2)
    small = 2.0 * math.sqrt(math.log10(count) / count)
    covariance = np.empty(most + 1)
    is_small = np.zeros(most + 1, np.bool_)
    squares = np.concatenate(([0.0], np.cumsum(centred * centred))).tolist()
    for lag in range(most + 1):
        product = float(centred[lag:] @ centred[: count - lag])
        ahead, behind = squares[-1] - squares[lag + 1], squares[count - lag - 1]
        covariance[lag] = product / count
        is_small[lag] = abs(product) < small * math.sqrt(max(ahead * behind, 0.0))
    for lag in range(1, most - run + 1):
        if is_small[lag : lag + run].all():
            return covariance, min(2 * lag, most)
    return covariance, most


def _longer(block: float) -> NDArray[np.uint64]:
    """Return P(length > k) for k = 1, 2, ... in units of 2^-32, down to 0."""
    stay = 1.0 - 1.0 / block
    most = 1 if stay == 0.0 else 1 + math.ceil(32.0 * math.log(2.0) / -math.log(stay))
    survival = np.floor(2.0**32 * stay ** np.arange(1, most + 1))
    return np.append(survival, 0.0).astype(np.uint64)


@jit
def _lay(
    words: NDArray[np.uint64],
    longer: NDArray[np.uint64],
    periods: int,
    horizon: int,
    first: Ints,
    start: Steps,
    length: Steps,
) -> bool:
    """Lay blocks into draws; False if the random words do not suffice.

    The upper half of a word is the length's draw, the lower half the start's: whole numbers, so
    that every machine lays the same blocks. The table is searched from its front, which costs a
    comparison a period, less than a logarithm a block.
    """
    half = np.uint64(32)
    lower = np.uint64(0xFFFFFFFF)
    many = np.uint64(periods)
    at = 0
    word = 0
    for draw in range(len(first) - 1):
        first[draw] = at
        missing = horizon
        while missing > 0:
            if word == len(words):
                return False
            luck = words[word] >> half
            begin = ((words[word] & lower) * many) >> half
            word += 1
            left = 1
            while left < missing and luck < longer[left - 1]:
                left += 1
            missing -= left
            while left > 0:  # a block longer than the series goes round it again
                start[at] = begin
                length[at] = min(left, periods)
                left -= periods
                at += 1
    first[len(first) - 1] = at
    return True
