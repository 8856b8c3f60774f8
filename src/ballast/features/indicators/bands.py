"""Channels around the price: Bollinger, Keltner, Donchian."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.features.indicators.definition import (
    forget_rows,
    indicator,
    number,
    period,
    switch,
)
from ballast.features.indicators.steps import atr_step, smooth
from ballast.features.indicators.windows import (
    moments_size,
    push_moments,
    push_range,
    range_size,
)

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan


@indicator(
    "bollinger",
    inputs=("series",),
    params={"period": period(20, low=2), "multiplier": number(2.0, 0.01, 100)},
    outputs=("upper", "middle", "lower", "width", "percent_b"),
    state=lambda period, _multiplier: moments_size(period),
    warmup=("period - 1", lambda period, _multiplier: period - 1),
    convention="Mean +- `multiplier` population deviations; width = (upper - lower) / middle; "
    "percent_b = (series - lower) / (upper - lower), 0.5 when flat. TA-Lib BBANDS.",
)
@jit
def bollinger(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run Bollinger bands."""
    series = inputs[0]
    upper, middle, lower, width, percent = outs
    length = int(params[0])
    for i in range(series.size):
        if math.isfinite(series[i]):
            mean, squares = push_moments(state, length, series[i])
            reach = params[1] * math.sqrt(squares / length)
            upper[i], middle[i], lower[i] = mean + reach, mean, mean - reach
            width[i] = 2.0 * reach / mean if mean != 0.0 else 0.0
            percent[i] = 0.5 + 0.5 * (series[i] - mean) / reach if reach != 0.0 else 0.5
        else:
            state[:] = 0.0
            for out in outs:
                out[i] = NAN


def _keltner_lead(period: int, _multiplier: float, atr_period: int) -> int:
    return max(period - 1, atr_period)


@indicator(
    "keltner",
    inputs=("high", "low", "close"),
    params={
        "period": period(20),
        "multiplier": number(2.0, 0.01, 100),
        "atr_period": period(10),
    },
    outputs=("upper", "middle", "lower"),
    state=lambda _period, _multiplier, _atr_period: 5,
    warmup=("max(period - 1, atr_period)", _keltner_lead),
    settle=lambda period, _multiplier, atr_period: max(
        period - 1 + forget_rows(2 / (period + 1)), atr_period + forget_rows(1 / atr_period)
    ),
    convention="ema(close) +- `multiplier` * atr(`atr_period`).",
)
@jit
def keltner(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run Keltner channels."""
    high, low, close = inputs
    upper, middle, lower = outs
    length, atr_length = int(params[0]), int(params[2])
    alpha, atr_alpha = 2.0 / (length + 1.0), 1.0 / atr_length
    count, mean = int(state[0]), state[1]
    seen, reach, before = int(state[2]), state[3], state[4]
    for i in range(close.size):
        upper[i], middle[i], lower[i] = NAN, NAN, NAN
        if not math.isfinite(high[i] + low[i] + close[i]):
            count, seen, mean, reach = 0, 0, 0.0, 0.0
            continue
        count, mean = smooth(count, mean, length, alpha, close[i])
        seen, reach = atr_step(seen, reach, atr_length, atr_alpha, high[i], low[i], before)
        before = close[i]
        if count == length and seen > atr_length:
            width = params[1] * reach
            upper[i], middle[i], lower[i] = mean + width, mean, mean - width
    state[0], state[1] = count, mean
    state[2], state[3], state[4] = seen, reach, before


def _donchian_lead(period: int, previous: int) -> int:
    return period - 1 + previous


@indicator(
    "donchian",
    inputs=("high", "low"),
    params={"period": period(20), "previous": switch(default=True)},
    outputs=("upper", "lower", "middle"),
    state=lambda period, _previous: 3 + range_size(period),
    warmup=("period - 1 + previous", _donchian_lead),
    convention="Highest high and lowest low of the `period` bars before this one (previous = 1, "
    "what a breakout is compared with) or with this one (previous = 0).",
)
@jit
def donchian(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run Donchian channels."""
    high, low = inputs
    upper, lower, middle = outs
    length = int(params[0])
    cell = state[3:]
    for i in range(high.size):
        if not math.isfinite(high[i] + low[i]):
            state[:] = 0.0
            upper[i], lower[i], middle[i] = NAN, NAN, NAN
            continue
        top, bottom = push_range(cell, length, high[i], low[i])
        upper[i], lower[i] = top, bottom
        if params[1] != 0.0:
            upper[i] = state[1] if state[0] != 0.0 else NAN
            lower[i] = state[2] if state[0] != 0.0 else NAN
        state[0], state[1], state[2] = 1.0, top, bottom
        middle[i] = (upper[i] + lower[i]) / 2.0
