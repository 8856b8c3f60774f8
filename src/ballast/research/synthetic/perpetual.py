"""What a perpetual has beside its candles: a premium over the index, mark prices, funding.

The mark follows the fair price less the premium and knows no flash wick: stops on the last price
and stops on the mark differ there, as on real venues. Funding is paid every 8 hours: the interest
of 0.01 % plus the mean premium beyond it, at most 0.3 %, at the open of the mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.core.records import FUNDING
from ballast.core.rng import stream
from ballast.core.time import DAY_MS, HOUR_MS
from ballast.research.synthetic.path import autoregress

if TYPE_CHECKING:
    from decimal import Decimal

    from numpy.typing import NDArray

MARK_SUFFIX = ".mark"
INTERVAL_MS = 8 * HOUR_MS
INTEREST = 0.0001
RATE_MOST = 0.003
PREMIUM = 0.0004  # standard deviation of last over index
MEMORY_DAYS = 0.4
RATE_STEP = 1e8  # rates have eight decimals


def premium(seed: int, symbol: str, n: int, step_ms: int) -> NDArray[np.float64]:
    """Return last price over index less 1, one value a bar: an AR(1) process."""
    noise = stream(seed, f"synthetic/{symbol}/premium").standard_normal(n)
    return PREMIUM * autoregress(noise, 0.5 ** (step_ms / DAY_MS / MEMORY_DAYS))


def mark_bars(fair: Bars, basis: NDArray[np.float64], tick: Decimal) -> Bars:
    """Return the mark candles of fair prices: each price less the premium, on the tick grid."""
    num, den = tick.as_integer_ratio()
    shift = 1.0 - basis
    steps = {
        name: np.rint(getattr(fair, name) * shift * den / num)
        for name in ("open", "high", "low", "close")
    }
    columns = {name: column * float(num) / float(den) for name, column in steps.items()}
    columns["volume"] = fair.volume
    return Bars.of(fair.venue, fair.symbol, fair.timeframe, fair.ts, columns)


def funding_rates(marks: Bars, basis: NDArray[np.float64]) -> NDArray[np.void]:
    """Return the settlements inside the series, from the premium of the 8 hours before each."""
    first, last = int(marks.ts[0]), int(marks.ts[-1])
    at = np.arange(-(-first // INTERVAL_MS) * INTERVAL_MS, last + 1, INTERVAL_MS, dtype=np.int64)
    sums = np.concatenate(([0.0], np.cumsum(basis)))
    stop = np.searchsorted(marks.ts, at, side="left")
    start = np.searchsorted(marks.ts, at - INTERVAL_MS, side="left")
    mean = (sums[stop] - sums[start]) / np.maximum(1, stop - start)
    rate = INTEREST + np.sign(mean) * np.maximum(0.0, np.abs(mean) - INTEREST)
    rows = np.zeros(len(at), FUNDING)
    rows["at_ms"] = at
    rows["rate"] = np.rint(np.clip(rate, -RATE_MOST, RATE_MOST) * RATE_STEP) / RATE_STEP
    rows["mark"] = marks.open[np.searchsorted(marks.ts, at, side="right") - 1]
    return rows
