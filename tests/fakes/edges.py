"""A market with an edge that is really there, as strong as asked, and the strategy that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.research.series import Series
from ballast.strategies import close, fixed_notional, no_stop, no_trail, strategy
from tests.unit.strategies.bars import bars_of

if TYPE_CHECKING:
    from ballast.core.bars import Bars


def persistent(count: int, seed: int, carry: float, *, volume: float = 1e6) -> Bars:
    """Return hours whose returns carry over to the next one by `carry`; 0: a random walk."""
    draw = np.random.default_rng(seed)
    moves = draw.normal(0.0, 0.01, count)
    for k in range(1, count):
        moves[k] += carry * moves[k - 1]
    return bars_of(100 * np.exp(np.cumsum(moves)), spread=0.2, volume=volume)


def edge_series(count: int = 2_000, carry: float = 0.5, seed: int = 1) -> tuple[Series, ...]:
    """Return one series of such a market."""
    return (Series(persistent(count, seed, carry)),)


FOLLOW = strategy(
    "follow",
    enter_long=close > close.shift(1),
    exit_long=close < close.shift(1),
    size=fixed_notional(0.1),
    stop=no_stop(),
    trail=no_trail(),
)
"""Long after a rise, out after a fall; no stop, a tenth of equity."""
