"""Statistics of a rolling window: extremes, deviation, z-score, slope, correlation, rank."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.features.indicators.definition import indicator, period, switch
from ballast.features.indicators.windows import (
    highest_size,
    lag_size,
    moments_size,
    pair_size,
    push_highest,
    push_moments,
    push_pair,
    push_weighted,
    share_below,
)

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan


@indicator(
    "highest",
    inputs=("series",),
    params={"period": period(20)},
    state=highest_size,
    warmup=("period - 1", lambda period: period - 1),
    convention="Highest of the last `period` values, this one included. TA-Lib MAX.",
)
@jit
def highest(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the rolling maximum."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    for i in range(series.size):
        if math.isfinite(series[i]):
            out[i] = push_highest(state, length, series[i])
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "lowest",
    inputs=("series",),
    params={"period": period(20)},
    state=highest_size,
    warmup=("period - 1", lambda period: period - 1),
    convention="Lowest of the last `period` values, this one included. TA-Lib MIN.",
)
@jit
def lowest(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the rolling minimum."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    for i in range(series.size):
        if math.isfinite(series[i]):
            out[i] = -push_highest(state, length, -series[i])
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "stddev",
    inputs=("series",),
    params={"period": period(20, low=2), "sample": switch(default=False)},
    state=lambda period, _sample: moments_size(period),
    warmup=("period - 1", lambda period, _sample: period - 1),
    convention="Population deviation (sample = 1: divided by n - 1). TA-Lib STDDEV.",
)
@jit
def stddev(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the rolling standard deviation."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    divisor = length - params[1]
    for i in range(series.size):
        if math.isfinite(series[i]):
            _, squares = push_moments(state, length, series[i])
            out[i] = math.sqrt(squares / divisor)
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "zscore",
    inputs=("series",),
    params={"period": period(20, low=2), "sample": switch(default=False)},
    state=lambda period, _sample: moments_size(period),
    warmup=("period - 1", lambda period, _sample: period - 1),
    convention="(value - mean) / deviation of the last `period` values; 0 when they are equal.",
)
@jit
def zscore(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the rolling z-score."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    divisor = length - params[1]
    for i in range(series.size):
        if math.isfinite(series[i]):
            mean, squares = push_moments(state, length, series[i])
            spread = math.sqrt(squares / divisor)
            out[i] = (series[i] - mean) / spread if spread != 0.0 else 0.0
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "slope",
    inputs=("series",),
    params={"period": period(14, low=2)},
    state=moments_size,
    warmup=("period - 1", lambda period: period - 1),
    convention="Slope of the least-squares line through the last `period` values, per bar. "
    "TA-Lib LINEARREG_SLOPE.",
)
@jit
def slope(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the slope of the rolling regression line."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    middle = (length + 1.0) / 2.0
    scale = 12.0 / (length * (length * float(length) - 1.0))
    for i in range(series.size):
        if math.isfinite(series[i]):
            _, total, weighted = push_weighted(state, length, series[i])
            out[i] = (weighted - middle * total) * scale
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "correlation",
    inputs=("series", "other"),
    params={"period": period(30, low=2)},
    state=pair_size,
    warmup=("period - 1", lambda period: period - 1),
    convention="Pearson correlation of the last `period` pairs, -1 to 1; 0 when either is flat. "
    "TA-Lib CORREL.",
)
@jit
def correlation(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the rolling correlation of two series."""
    left, right = inputs
    out = outs[0]
    length = int(params[0])
    for i in range(left.size):
        if math.isfinite(left[i] + right[i]):
            out[i] = push_pair(state, length, left[i], right[i])
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "percent_rank",
    inputs=("series",),
    params={"period": period(100)},
    state=lag_size,
    warmup=("period", lambda period: period),
    convention="Share of the `period` values before this one that are lower, 0 to 1.",
)
@jit
def percent_rank(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the rank of each value among those before it."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    for i in range(series.size):
        if math.isfinite(series[i]):
            out[i] = share_below(state, length, series[i])
        else:
            state[:] = 0.0
            out[i] = NAN
