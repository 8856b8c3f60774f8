"""A market whose regimes are known: what a detector is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.features.regime.labels import Regime

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR_MS = 3_600_000
FIRST_MS = 1_600_000_000_000 // HOUR_MS * HOUR_MS
LEAST_BARS = 30
MEAN_BARS = 180
CALM = 0.005
"""Deviation of an hour's return where it is calm."""


def planted(seed: int, bars: int) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Return closes of hours and the true regime of each.

    A range is pulled back to where it began by 15 % an hour; a trend drifts by 0.35 deviations an
    hour, up or down; high volatility is three times as wild, without direction. Spells last 30
    hours and an exponential time of 150 more on average.
    """
    rng = np.random.default_rng(seed)
    truth = np.empty(bars, np.int8)
    close = np.empty(bars)
    price = anchor = np.log(100.0)
    regime, left, drift = Regime.RANGE, 0, 0.0
    for i in range(bars):
        if left == 0:
            left = LEAST_BARS + int(rng.exponential(MEAN_BARS - LEAST_BARS))
            others = [one for one in (Regime.RANGE, Regime.TREND, Regime.VOLATILE) if one != regime]
            regime = others[int(rng.integers(2))]
            anchor, drift = price, float(rng.choice((-0.35, 0.35))) * CALM
        left -= 1
        shock = CALM * rng.standard_normal()
        if regime is Regime.RANGE:
            price += 0.15 * (anchor - price) + shock
        else:
            price += drift + shock if regime is Regime.TREND else 3.0 * shock
        truth[i], close[i] = regime, price
    return np.exp(close), truth


def hours(bars: int) -> NDArray[np.float64]:
    """Return open times of hours."""
    return FIRST_MS + np.arange(bars) * float(HOUR_MS)
