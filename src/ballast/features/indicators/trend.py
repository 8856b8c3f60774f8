"""Trend followers that flip: SuperTrend and Wilder's parabolic stop-and-reverse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit, jit_inline
from ballast.features.indicators.definition import forget_rows, indicator, number, period
from ballast.features.indicators.volatility import atr

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan


@indicator(
    "supertrend",
    inputs=("high", "low", "close"),
    params={"period": period(10), "multiplier": number(3.0, 0.01, 100)},
    outputs=("supertrend", "direction"),
    state=lambda _period, _multiplier: 8,
    warmup=("period", lambda period, _multiplier: period),
    settle=lambda period, _multiplier: period + forget_rows(1 / period),
    convention="Bands (high + low) / 2 +- `multiplier` * atr that only tighten; the line is the "
    "band on the far side of the trend; direction 1 up, -1 down. Starts up if the close is in the "
    "upper half of its bar.",
)
@jit
def supertrend(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run SuperTrend; state 0-3 is the ATR's, then direction, upper, lower, last close."""
    high, low, close = inputs
    line, direction = outs
    atr(inputs, params, state[:4], (line,))
    trend, upper, lower, before = state[4], state[5], state[6], state[7]
    for i in range(close.size):
        if math.isnan(line[i]):
            direction[i] = NAN
            trend = 0.0
            continue
        middle = (high[i] + low[i]) / 2.0
        reach = params[1] * line[i]
        if trend == 0.0:
            trend = 1.0 if close[i] >= middle else -1.0
            upper, lower, before = middle + reach, middle - reach, close[i]
        if middle + reach < upper or before > upper:
            upper = middle + reach
        if middle - reach > lower or before < lower:
            lower = middle - reach
        trend = -1.0 if close[i] <= (lower if trend > 0.0 else upper) else 1.0
        line[i] = lower if trend > 0.0 else upper
        direction[i] = trend
        before = close[i]
    state[4], state[5], state[6], state[7] = trend, upper, lower, before


@jit_inline
def sar_step(state: Vector, high: float, low: float, speed: float, speed_max: float) -> float:
    """Advance the parabola by a bar and return the level for that bar.

    State 1 .. 6: side (1 long, -1 short), level, extreme, acceleration, high and low of the bar
    before. Short is long upside down: all prices are multiplied by the side.
    """
    side, level, extreme, gain = state[1], state[2], state[3], state[4]
    best, worst = (high, low) if side > 0.0 else (-low, -high)
    worst_before = side * (state[6] if side > 0.0 else state[5])
    best_before = side * (state[5] if side > 0.0 else state[6])
    state[5], state[6] = high, low
    if worst <= side * level:
        # Stopped: the new level is the extreme, no closer than the last two bars.
        turned = float(max(side * extreme, best_before, best))
        gain = speed
        after = turned + gain * (worst - turned)
        state[1], state[3], state[4] = -side, side * worst, gain
        state[2] = side * max(after, best_before, best)
        return float(side * turned)
    if best > side * extreme:
        extreme = side * best
        gain = min(gain + speed, speed_max)
    after = side * level + gain * (side * extreme - side * level)
    state[2], state[3], state[4] = side * min(after, worst_before, worst), extreme, gain
    return float(level)


@indicator(
    "psar",
    inputs=("high", "low"),
    params={"acceleration": number(0.02, 0.0, 10), "maximum": number(0.2, 0.0, 10)},
    state=lambda _acceleration, _maximum: 7,
    warmup=("1", lambda _acceleration, _maximum: 1),
    convention="Wilder's parabolic stop-and-reverse; starts short if the second bar moved further "
    "down than up. TA-Lib SAR.",
)
@jit
def psar(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the parabolic SAR."""
    high, low = inputs
    out = outs[0]
    speed = min(params[0], params[1])
    for i in range(high.size):
        out[i] = NAN
        if not math.isfinite(high[i] + low[i]):
            state[:] = 0.0
            continue
        if state[0] == 0.0:
            state[0], state[5], state[6] = 1.0, high[i], low[i]
            continue
        if state[1] == 0.0:
            up, down = high[i] - state[5], state[6] - low[i]
            is_short = down > 0.0 and up < down
            state[1] = -1.0 if is_short else 1.0
            state[2] = state[5] if is_short else state[6]
            state[3] = low[i] if is_short else high[i]
            state[4], state[5], state[6] = speed, high[i], low[i]
        out[i] = sar_step(state, high[i], low[i], speed, params[1])
