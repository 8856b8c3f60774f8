"""Momentum and where the price lies in its range."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit, jit_inline
from ballast.features.indicators.definition import indicator, period
from ballast.features.indicators.windows import (
    lag_size,
    mean_size,
    push_lag,
    push_mean,
    push_range,
    range_size,
)

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan
HLC = ("high", "low", "close")
LAMBERT = 0.015  # Lambert's constant: scales CCI so that most values lie within +-100


@jit
def change_since(series: Vector, length: int, scale: float, state: Vector, out: Vector) -> None:
    """Write `scale * (value / value length rows ago - 1)`; 0 where that value was 0."""
    for i in range(series.size):
        if math.isfinite(series[i]):
            before = push_lag(state, length, series[i])
            out[i] = scale * (series[i] / before - 1.0) if before != 0.0 else 0.0
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "roc",
    inputs=("series",),
    params={"period": period(10)},
    state=lag_size,
    warmup=("period", lambda period: period),
    convention="Change in percent against `period` rows before; 0 if that was 0. TA-Lib ROC.",
)
@jit
def roc(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the rate of change in percent."""
    change_since(inputs[0], int(params[0]), 100.0, state, outs[0])


@indicator(
    "momentum_return",
    inputs=("series",),
    params={"period": period(20)},
    state=lag_size,
    warmup=("period", lambda period: period),
    convention="Return over `period` rows as a fraction (R-IND-19). TA-Lib ROCP.",
)
@jit
def momentum_return(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the return over a window."""
    change_since(inputs[0], int(params[0]), 1.0, state, outs[0])


@indicator(
    "cci",
    inputs=HLC,
    params={"period": period(20, low=2)},
    state=lambda period: mean_size(period) + period + 1,
    warmup=("period - 1", lambda period: period - 1),
    convention="(typical price - its mean) / (0.015 * mean absolute deviation); 0 when flat. "
    "TA-Lib CCI.",
)
@jit
def cci(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the commodity channel index; O(period) a row."""
    high, low, close = inputs
    out = outs[0]
    length = int(params[0])
    cell, ring = state[: mean_size(length)], state[mean_size(length) :]
    for i in range(close.size):
        price = (high[i] + low[i] + close[i]) / 3.0
        if not math.isfinite(price):
            state[:] = 0.0
            out[i] = NAN
            continue
        at = int(ring[length])
        ring[at] = price
        ring[length] = at + 1 if at + 1 < length else 0
        mean = push_mean(cell, length, price)
        spread = 0.0
        for j in range(length):
            spread += abs(ring[j] - mean)
        spread *= LAMBERT / length
        out[i] = (price - mean) / spread if spread != 0.0 else 0.0


@jit_inline
def position(close: float, bottom: float, top: float) -> float:
    """Return where the close lies in the range, 0 to 1; the middle when there is no range."""
    reach = top - bottom
    return (close - bottom) / reach if reach != 0.0 else 0.5


@indicator(
    "williams_r",
    inputs=HLC,
    params={"period": period(14)},
    state=range_size,
    warmup=("period - 1", lambda period: period - 1),
    convention="100 * (position of the close in the range - 1), -100 to 0; -50 when flat (TA-Lib: "
    "0). Else TA-Lib WILLR.",
)
@jit
def williams_r(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run Williams %R."""
    high, low, close = inputs
    out = outs[0]
    length = int(params[0])
    for i in range(close.size):
        if math.isfinite(high[i] + low[i] + close[i]):
            top, bottom = push_range(state, length, high[i], low[i])
            out[i] = 100.0 * (position(close[i], bottom, top) - 1.0)
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "stochastic",
    inputs=HLC,
    params={"period": period(14), "smooth_k": period(3), "smooth_d": period(3)},
    outputs=("k", "d"),
    state=lambda period, smooth_k, smooth_d: (
        range_size(period) + mean_size(smooth_k) + mean_size(smooth_d)
    ),
    warmup=(
        "period + smooth_k + smooth_d - 3",
        lambda period, smooth_k, smooth_d: period + smooth_k + smooth_d - 3,
    ),
    convention="k = mean of `smooth_k` positions of the close in the range, d = mean of `smooth_d` "
    "k; 0 to 100; a flat range counts as 50 (TA-Lib: 0). Else TA-Lib STOCH.",
)
@jit
def stochastic(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the slow stochastic and its signal line."""
    high, low, close = inputs
    fast, slow = outs
    length, smooth_k, smooth_d = int(params[0]), int(params[1]), int(params[2])
    start = range_size(length)
    middle = start + mean_size(smooth_k)
    cell, k_cell, d_cell = state[:start], state[start:middle], state[middle:]
    for i in range(close.size):
        fast[i], slow[i] = NAN, NAN
        if not math.isfinite(high[i] + low[i] + close[i]):
            state[:] = 0.0
            continue
        top, bottom = push_range(cell, length, high[i], low[i])
        if math.isnan(top):
            continue
        k = push_mean(k_cell, smooth_k, 100.0 * position(close[i], bottom, top))
        if not math.isnan(k):
            d = push_mean(d_cell, smooth_d, k)
            if not math.isnan(d):
                fast[i], slow[i] = k, d
