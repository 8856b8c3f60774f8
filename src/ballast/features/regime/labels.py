"""The three regimes, their codes, and how the states of a model get their names.

One set of codes serves everything that speaks of regimes: the words `regime`, `regime_hmm` and
`regime_clusters` of the strategy language, the gate's minimum confidence, the tables of a result.
Before a detector knows, its value is NaN, and the regime is unknown.

A state of a fitted model is a number without a meaning, and which number is which is an accident of
the fit. Meaning comes from what its bars look like, by two measures that compare across fits:

- how volatile they are beside calm bars: VOLATILE_RATIO times as much and more is high volatility;
- how far prices got for all their moving: the mean square of the net move, in deviations of a
  random walk, is 1 for a random walk (the variance ratio of Lo and MacKinlay 1988); above it moves
  persist, which is a trend, below it they take each other back, which is a range. A move of more
  than FAR deviations counts as one of FAR, so that one event does not make a trend.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Regime(IntEnum):
    """What the market is doing; the value is the code in a column of floats."""

    UNKNOWN = -1
    """Still warming up, or no data: NaN in a column."""
    RANGE = 0
    TREND = 1
    VOLATILE = 2


KNOWN = (Regime.TREND, Regime.RANGE, Regime.VOLATILE)
"""The regimes a detector can name, in the order of reports."""
VOLATILE_RATIO = 1.5
"""A state is volatile from this multiple of the calm states' volatility on."""
FAR = 2.0
"""Deviations of a random walk from which on a net move counts the same."""
RANDOM_WALK = 0.9205
"""Mean square of a standard normal cut at FAR: moves that neither persist nor turn back."""

_RANGE = float(Regime.RANGE)
_TREND = float(Regime.TREND)
_VOLATILE = float(Regime.VOLATILE)
_LOG_RATIO = math.log(VOLATILE_RATIO)


def regimes_of(column: Floats) -> NDArray[np.int8]:
    """Return the codes of a detector's column as integers; NaN becomes `Regime.UNKNOWN`."""
    codes = np.where(np.isfinite(column), column, float(Regime.UNKNOWN)).astype(np.int8)
    codes.flags.writeable = False
    return codes


@jit
def name_states(means: Floats, variances: Floats, codes: Floats) -> None:
    """Write the regime code of each state, one row a state; the last one is not calm.

    Column 0 is log volatility, the same in all calm states; column 1 the net move in deviations of
    a random walk.
    """
    last = means.shape[0] - 1
    for state in range(last + 1):
        drift = means[state, 1]
        if state == last and means[last, 0] - means[0, 0] >= _LOG_RATIO:
            codes[state] = _VOLATILE
        elif drift * drift + variances[state, 1] > RANDOM_WALK:
            codes[state] = _TREND
        else:
            codes[state] = _RANGE
