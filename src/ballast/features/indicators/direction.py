"""Directional movement: ADX, +DI, -DI (Wilder 1978; one implementation, R-IND-06, window 14, U-05).

Wilder's sums, as in TA-Lib: the first `period - 1` movements are added up, from then on
`sum += movement - sum / period`. A bar without any directional movement leaves the ADX as it is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit, jit_inline
from ballast.features.indicators.definition import forget_rows, indicator, period
from ballast.features.indicators.steps import true_range

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan
HLC = ("high", "low", "close")


@jit_inline
def movement(high: float, low: float, high_before: float, low_before: float) -> tuple[float, float]:
    """Return (+DM, -DM): only the larger of the two outward moves counts."""
    up = high - high_before
    down = low_before - low
    plus = up if up > down and up > 0.0 else 0.0
    minus = down if down > up and down > 0.0 else 0.0
    return plus, minus


@indicator(
    "adx",
    inputs=HLC,
    params={"period": period(14, low=2)},
    state=lambda _period: 8,
    warmup=("2 * period - 1", lambda period: 2 * period - 1),
    settle=lambda period: 2 * period - 1 + 2 * forget_rows(1 / period),
    convention="Wilder's average of DX, seeded with the mean of the first `period` DX; 0 to 100. "
    "TA-Lib ADX.",
)
@jit
def adx(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the average directional index."""
    high, low, close = inputs
    out = outs[0]
    length = int(params[0])
    inverse = 1.0 / length
    keep = 1.0 - inverse
    seen, reach, plus, minus = int(state[0]), state[1], state[2], state[3]
    average, top, bottom, before = state[4], state[5], state[6], state[7]
    for i in range(close.size):
        out[i] = NAN
        if not math.isfinite(high[i] + low[i] + close[i]):
            seen = 0
            continue
        if seen == 0:
            reach, plus, minus, average = 0.0, 0.0, 0.0, 0.0
        else:
            up, down = movement(high[i], low[i], top, bottom)
            fade = keep if seen >= length else 1.0
            reach = reach * fade + true_range(high[i], low[i], before)
            plus = plus * fade + up
            minus = minus * fade + down
        top, bottom, before = high[i], low[i], close[i]
        seen = min(seen + 1, 2 * length + 1)
        if seen > length:
            total = plus + minus
            moved = total > 0.0 and reach > 0.0
            strength = 100.0 * (abs(plus - minus) / total) if moved else 0.0
            if seen <= 2 * length:
                average += strength * inverse
            elif moved:
                average += (strength - average) * inverse
        if seen >= 2 * length:
            out[i] = average
    state[0], state[1], state[2], state[3] = seen, reach, plus, minus
    state[4], state[5], state[6], state[7] = average, top, bottom, before


@jit
def directional(inputs: Vectors, length: int, sign: float, state: Vector, out: Vector) -> None:
    """Run one directional indicator: `sign` 1 for +DI, -1 for -DI."""
    high, low, close = inputs
    seen, reach, moved = int(state[0]), state[1], state[2]
    top, bottom, before = state[3], state[4], state[5]
    keep = 1.0 - 1.0 / length
    for i in range(close.size):
        out[i] = NAN
        if not math.isfinite(high[i] + low[i] + close[i]):
            seen = 0
            continue
        if seen == 0:
            reach, moved = 0.0, 0.0
        else:
            up, down = movement(high[i], low[i], top, bottom)
            fade = keep if seen >= length else 1.0
            reach = reach * fade + true_range(high[i], low[i], before)
            moved = moved * fade + (up if sign > 0.0 else down)
        top, bottom, before = high[i], low[i], close[i]
        seen = min(seen + 1, length + 1)
        if seen > length:
            out[i] = 100.0 * (moved / reach) if reach > 0.0 else 0.0
    state[0], state[1], state[2] = seen, reach, moved
    state[3], state[4], state[5] = top, bottom, before


@indicator(
    "plus_di",
    inputs=HLC,
    params={"period": period(14, low=2)},
    state=lambda _period: 6,
    warmup=("period", lambda period: period),
    settle=lambda period: period + forget_rows(1 / period),
    convention="100 * Wilder sum of +DM / Wilder sum of true range. TA-Lib PLUS_DI.",
)
@jit
def plus_di(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the upward directional indicator."""
    directional(inputs, int(params[0]), 1.0, state, outs[0])


@indicator(
    "minus_di",
    inputs=HLC,
    params={"period": period(14, low=2)},
    state=lambda _period: 6,
    warmup=("period", lambda period: period),
    settle=lambda period: period + forget_rows(1 / period),
    convention="100 * Wilder sum of -DM / Wilder sum of true range. TA-Lib MINUS_DI.",
)
@jit
def minus_di(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the downward directional indicator."""
    directional(inputs, int(params[0]), -1.0, state, outs[0])
