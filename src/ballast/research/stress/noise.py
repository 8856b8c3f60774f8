"""Price noise: the same market as another venue, or another feed, would have printed it.

Each open, high, low and close is moved on its own by a normal draw of so many basis points (and so
many ticks), and bars are made whole again: no high under an open or a close, no low above. An edge
that needs prices to the last tick is not an edge in a market whose prices differ by more between
two venues.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import SYNTHETIC
from ballast.core.errors import UserError
from ballast.core.rng import stream
from ballast.research.case import rebuilt
from ballast.research.spread import Spread, require_some

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.research.case import Case
    from ballast.research.series import Series

LEVELS_BPS = (2.0, 10.0)
"""About what large venues differ by in quiet hours, and in busy ones."""
SEEDS = 8


@dataclass(frozen=True, slots=True)
class NoiseLevel:
    """The results of all seeds at one size of noise."""

    bps: float
    ticks: float
    figure: Spread  # of the metric asked for
    total_return: Spread


@dataclass(frozen=True, slots=True)
class PriceNoise:
    """The plain result and what noise of each size makes of it."""

    metric: str
    plain: float
    levels: tuple[NoiseLevel, ...]


def price_noise(
    case: Case,
    *,
    levels_bps: Sequence[float] = LEVELS_BPS,
    ticks: float = 0.0,
    seeds: int = SEEDS,
    metric: str = "sharpe",
    seed: int = 0,
    step: Callable[[], None] = lambda: None,
) -> PriceNoise:
    """Run on noisy prices; raise `StrategyError` where the strategy never trades."""
    require_some(seeds, "seeds")
    require_some(len(levels_bps), "levels of noise")
    plain = case.require_trades().value(metric)
    levels = []
    for bps in levels_bps:
        found = []
        for number in range(seeds):
            made = noisy(case.series, seed, number, bps=bps, ticks=ticks)
            found.append(case.changed(series=made).outcome())
            step()
        levels.append(
            NoiseLevel(
                bps=bps,
                ticks=ticks,
                figure=Spread.of([one.value(metric) for one in found]),
                total_return=Spread.of([one.total_return for one in found]),
            )
        )
    return PriceNoise(metric, plain, tuple(levels))


def noisy(
    series: Sequence[Series], seed: int, number: int = 0, *, bps: float, ticks: float = 0.0
) -> tuple[Series, ...]:
    """Return the series with noise on every price; synthetic bars of a gap policy stay flat."""
    if bps < 0.0 or ticks < 0.0:
        raise UserError(f"noise of {bps:g} bps and {ticks:g} ticks", expected="none below 0")
    return tuple(_noisy(one, seed, number, bps / 1e4, ticks) for one in series)


def _noisy(one: Series, seed: int, number: int, share: float, ticks: float) -> Series:
    bars = one.bars
    draw = stream(seed, f"noise/{bars.symbol}/{number}")
    size = share + ticks * float(one.rules.tick) / bars.close
    size = np.where((bars.flags & SYNTHETIC) != 0, 0.0, size)
    prices = np.stack((bars.open, bars.high, bars.low, bars.close))
    prices *= np.exp(size * draw.standard_normal(prices.shape, np.float32))
    made = replace(
        bars,
        open=prices[0].copy(),
        high=prices.max(axis=0),
        low=prices.min(axis=0),
        close=prices[3].copy(),
    )
    return rebuilt(one, made)
