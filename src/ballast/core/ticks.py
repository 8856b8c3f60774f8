"""Whole ticks and lots: the only sizes a fill may have.

A tick is an exact ratio `num / den` of integers kept as float64, so `ticks * num / den` is the
double nearest to the decimal price: it equals what a parser makes of "100.12". Rounding to a grid
first snaps to the nearest grid point when the distance is rounding noise (`SNAP` of a step or a few
units in the last place of a large count), so 100.12 is 10012 ticks whichever way it is rounded.
Almost every grid is `1 / den`: a division by 1 is left out, for it takes as long as any other.
"""

from __future__ import annotations

import math

from ballast.core.jit import jit

SNAP = 1e-6
SNAP_RELATIVE = 1e-14


@jit
def steps_floor(value: float, num: float, den: float) -> int:
    """Count the whole steps of `num/den` in `value`, rounding down."""
    steps = value * den if num == 1.0 else value * den / num
    nearest = math.floor(steps + 0.5)
    if abs(steps - nearest) <= SNAP + SNAP_RELATIVE * abs(steps):
        return nearest
    return math.floor(steps)


@jit
def steps_ceil(value: float, num: float, den: float) -> int:
    """Count the steps of `num/den` that cover `value`, rounding up."""
    steps = value * den if num == 1.0 else value * den / num
    nearest = math.floor(steps + 0.5)
    if abs(steps - nearest) <= SNAP + SNAP_RELATIVE * abs(steps):
        return nearest
    return math.ceil(steps)


@jit
def from_steps(steps: int, num: float, den: float) -> float:
    """Return the double nearest to `steps * num / den`."""
    return steps * num / den


@jit
def round_against(value: float, side: int, num: float, den: float) -> float:
    """Round a fill price to the tick against us: up for a buy (`side` +1), down for a sell."""
    steps = steps_ceil(value, num, den) if side > 0 else steps_floor(value, num, den)
    return steps / den if num == 1.0 else steps * num / den
