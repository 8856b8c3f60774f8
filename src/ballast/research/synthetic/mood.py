"""The mood of the market, shared by all symbols: regimes, volatility, hours of the day, shocks.

    return = drift(regime) + sigma_day sqrt(dt) x scale(regime) x hour x exp(h) x shock

`h` is an AR(1) process (volatility clusters), the shock Student's t with unit variance; its size is
common to all symbols in a bar (crashes hit everything), its direction has one common factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import exp, sqrt
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.rng import stream
from ballast.core.time import DAY_MS, HOUR_MS
from ballast.research.synthetic.path import autoregress, markov

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.research.synthetic.style import Style

    Floats = NDArray[np.float64]

PEAK_HOUR = 14.0  # UTC: Europe still, America already
HOUR_SWING = 0.35
OWN_VOLATILITY = 0.15
"""Standard deviation of a symbol's own log volatility beside the common one."""


class Regime(IntEnum):
    """What the market is doing."""

    RANGE = 0
    UP = 1
    DOWN = 2
    STORM = 3


_DAYS = np.array([9.0, 12.0, 10.0, 2.5])  # mean length
_SCALE = np.array([0.65, 0.9, 1.0, 2.2])  # of volatility
_DRIFT = np.array([0.0, 1.0, -1.0, -0.4])  # in units of the style's trend
_WAYS = np.cumsum(
    [
        [0.0, 0.45, 0.35, 0.20],
        [0.45, 0.0, 0.30, 0.25],
        [0.50, 0.25, 0.0, 0.25],
        [0.50, 0.20, 0.30, 0.0],
    ],
    axis=1,
)
_WAYS[:, -1] = 1.0  # the sums of decimals may end just below


@dataclass(frozen=True, slots=True)
class Mood:
    """One value a bar of the grid."""

    regimes: NDArray[np.int8]
    drift: Floats
    """Log return expected in the bar."""
    scale: Floats
    """Volatility in units of a symbol's own: regime x hour x clustering."""
    hour: Floats
    """The part of `scale` that the hour of the day explains."""
    factor: Floats
    """Common factor, standard normal."""
    mixing: Floats
    """Common size of the shock: makes normal ones Student's t of unit variance."""
    correlation: float


def mood(seed: int, style: Style, ts: NDArray[np.int64], step_ms: int) -> Mood:
    """Draw what all symbols share."""
    n, days = len(ts), step_ms / DAY_MS
    draw = {
        name: stream(seed, f"synthetic/market/{name}")
        for name in ("leave", "way", "volatility", "factor", "tail")
    }
    leave = 1.0 - np.exp(-days / _DAYS)
    regimes = markov(draw["leave"].random(n), draw["way"].random(n), leave, _WAYS)
    keep = 0.5 ** (days / style.memory_days)
    wave = autoregress(draw["volatility"].standard_normal(n), keep)
    hour = np.ones(n)
    if step_ms < DAY_MS:
        at = (ts % DAY_MS) / HOUR_MS
        hour += HOUR_SWING * np.cos((at - PEAK_HOUR) * (2.0 * np.pi / 24.0))
    # exp(h - var) keeps the variance of the return at that of the symbol: E[exp(2h - 2 var)] = 1
    clustered = np.exp(style.clustering * wave - style.clustering**2)
    mixing = np.sqrt((style.tail - 2.0) / (2.0 * draw["tail"].standard_gamma(style.tail / 2.0, n)))
    return Mood(
        regimes=regimes,
        drift=_DRIFT[regimes] * style.trend * days,
        scale=_SCALE[regimes] * hour * clustered,
        hour=hour,
        factor=draw["factor"].standard_normal(n),
        mixing=mixing,
        correlation=min(0.999, style.correlation * exp(OWN_VOLATILITY**2)),
    )


def shocks(common: Mood, own: Floats) -> Floats:
    """Return a symbol's shocks: unit variance, correlated through the factor, fat-tailed."""
    shared, alone = sqrt(common.correlation), sqrt(1.0 - common.correlation)
    return (shared * common.factor + alone * own) * common.mixing
