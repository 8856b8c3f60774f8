"""Moving averages: simple, weighted, exponential, Wilder's, adaptive.

Sources: R-IND-01, R-IND-05, R-IND-15; Wilder, "New Concepts in Technical Trading Systems" (1978).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.features.indicators.definition import forget_rows, indicator, number, period
from ballast.features.indicators.steps import smooth
from ballast.features.indicators.windows import (
    lag_size,
    mean_size,
    moments_size,
    push_mean,
    push_moments,
    push_weighted,
    share_below,
)

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan


@indicator(
    "sma",
    inputs=("series",),
    params={"period": period(20)},
    state=mean_size,
    warmup=("period - 1", lambda period: period - 1),
    convention="Mean of the last `period` values; no drift, exact on a flat series. TA-Lib SMA.",
)
@jit
def sma(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the simple moving average."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    for i in range(series.size):
        if math.isfinite(series[i]):
            out[i] = push_mean(state, length, series[i])
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "wma",
    inputs=("series",),
    params={"period": period(20)},
    state=moments_size,
    warmup=("period - 1", lambda period: period - 1),
    convention="Weights 1 (oldest) to `period` (newest). TA-Lib WMA.",
)
@jit
def wma(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the linearly weighted moving average."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    scale = 2.0 / (length * (length + 1.0))
    for i in range(series.size):
        if math.isfinite(series[i]):
            anchor, _, weighted = push_weighted(state, length, series[i])
            out[i] = anchor + weighted * scale
        else:
            state[:] = 0.0
            out[i] = NAN


@jit
def two_emas(
    inputs: Vectors,
    params: tuple[Vector, Vector],
    state: tuple[Vector, Vector],
    outs: tuple[Vectors, Vectors],
) -> None:
    """Run `ema` twice: each recursion waits nine cycles a row, and the other fills the wait."""
    series = inputs[0]
    outs_a, outs_b = outs[0][0], outs[1][0]
    length_a, length_b = int(params[0][0]), int(params[1][0])
    alpha_a, alpha_b = 2.0 / (length_a + 1.0), 2.0 / (length_b + 1.0)
    count_a, average_a = int(state[0][0]), state[0][1]
    count_b, average_b = int(state[1][0]), state[1][1]
    for i in range(series.size):
        if math.isfinite(series[i]):
            count_a, average_a = smooth(count_a, average_a, length_a, alpha_a, series[i])
            count_b, average_b = smooth(count_b, average_b, length_b, alpha_b, series[i])
            outs_a[i] = average_a if count_a == length_a else NAN
            outs_b[i] = average_b if count_b == length_b else NAN
        else:
            count_a, average_a = 0, 0.0
            count_b, average_b = 0, 0.0
            outs_a[i] = NAN
            outs_b[i] = NAN
    state[0][0], state[0][1] = count_a, average_a
    state[1][0], state[1][1] = count_b, average_b


@jit
def two_emas_first(
    inputs: Vectors,
    params: tuple[Vector, Vector],
    state: tuple[Vector, Vector],
    outs: tuple[Vectors, Vectors],
) -> None:
    """Run `ema_first` twice, as `two_emas` does."""
    series = inputs[0]
    outs_a, outs_b = outs[0][0], outs[1][0]
    alpha_a, alpha_b = 2.0 / (params[0][0] + 1.0), 2.0 / (params[1][0] + 1.0)
    count_a, average_a = int(state[0][0]), state[0][1]
    count_b, average_b = int(state[1][0]), state[1][1]
    for i in range(series.size):
        if math.isfinite(series[i]):
            count_a, average_a = smooth(count_a, average_a, 1, alpha_a, series[i])
            count_b, average_b = smooth(count_b, average_b, 1, alpha_b, series[i])
            outs_a[i] = average_a
            outs_b[i] = average_b
        else:
            count_a, average_a = 0, 0.0
            count_b, average_b = 0, 0.0
            outs_a[i] = NAN
            outs_b[i] = NAN
    state[0][0], state[0][1] = count_a, average_a
    state[1][0], state[1][1] = count_b, average_b


@indicator(
    "ema",
    inputs=("series",),
    params={"period": period(20)},
    state=lambda _period: 2,
    warmup=("period - 1", lambda period: period - 1),
    settle=lambda period: period - 1 + forget_rows(2 / (period + 1)),
    two=two_emas,
    convention="alpha = 2 / (period + 1), seeded with the mean of the first `period`. TA-Lib EMA.",
)
@jit
def ema(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the exponential moving average."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    alpha = 2.0 / (length + 1.0)
    count, average = int(state[0]), state[1]
    for i in range(series.size):
        if math.isfinite(series[i]):
            count, average = smooth(count, average, length, alpha, series[i])
            out[i] = average if count == length else NAN
        else:
            count, average = 0, 0.0
            out[i] = NAN
    state[0], state[1] = count, average


@indicator(
    "ema_first",
    inputs=("series",),
    params={"period": period(20)},
    state=lambda _period: 2,
    warmup=("0", lambda _period: 0),
    settle=lambda period: forget_rows(2 / (period + 1)),
    two=two_emas_first,
    convention="alpha = 2 / (period + 1), seeded with the first value, valid from the first row: "
    "pandas ewm(span=period, adjust=False) (R-IND-01).",
)
@jit
def ema_first(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the exponential moving average that starts at the first value."""
    series, out = inputs[0], outs[0]
    alpha = 2.0 / (params[0] + 1.0)
    count, average = int(state[0]), state[1]
    for i in range(series.size):
        if math.isfinite(series[i]):
            count, average = smooth(count, average, 1, alpha, series[i])
            out[i] = average
        else:
            count, average = 0, 0.0
            out[i] = NAN
    state[0], state[1] = count, average


@indicator(
    "rma",
    inputs=("series",),
    params={"period": period(14)},
    state=lambda _period: 2,
    warmup=("period - 1", lambda period: period - 1),
    settle=lambda period: period - 1 + forget_rows(1 / period),
    convention="Wilder's average: alpha = 1 / period, seeded with the mean of the first `period`.",
)
@jit
def rma(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run Wilder's moving average."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    alpha = 1.0 / length
    count, average = int(state[0]), state[1]
    for i in range(series.size):
        if math.isfinite(series[i]):
            count, average = smooth(count, average, length, alpha, series[i])
            out[i] = average if count == length else NAN
        else:
            count, average = 0, 0.0
            out[i] = NAN
    state[0], state[1] = count, average


@indicator(
    "adaptive_ema",
    inputs=("series",),
    params={
        "period": period(20),
        "volatility_period": period(20, low=2),
        "rank_period": period(100),
        "scale_low": number(0.5, 0.01, 100),
        "scale_high": number(2.0, 0.01, 100),
    },
    state=lambda _period, volatility_period, rank_period, _low, _high: (
        4 + moments_size(volatility_period) + lag_size(rank_period)
    ),
    warmup=(
        "volatility_period + rank_period + 1",
        lambda _period, volatility_period, rank_period, _low, _high: (
            volatility_period + rank_period + 1
        ),
    ),
    settle=lambda period, volatility_period, rank_period, low, high: (
        volatility_period + rank_period + 1 + forget_rows(2 / (period * max(low, high, 1.0) + 1))
    ),
    convention="EMA whose period is scaled between scale_low (calmest) and scale_high (wildest) by "
    "the rank of volatility up to the bar before (R-IND-15); 1 until a rank exists.",
)
@jit
def adaptive_ema(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run an EMA that slows down when trailing volatility ranks high.

    Volatility is the deviation of `volatility_period` log returns; its rank is the share of the
    `rank_period` values before it that lie below. The rank of bar i - 1 sets the weight of bar i.
    """
    series, out = inputs[0], outs[0]
    length = params[0]
    spread_period, rank_period = int(params[1]), int(params[2])
    low, high = params[3], params[4]
    moments = state[4 : 4 + moments_size(spread_period)]
    ring = state[4 + moments_size(spread_period) :]
    for i in range(series.size):
        value = series[i]
        # A logarithm needs a positive price: anything else is a hole like NaN.
        if not (value > 0.0 and math.isfinite(value)):
            state[:] = 0.0
            out[i] = NAN
            continue
        started, average, before, rank = state[0], state[1], state[2], state[3]
        scale = low + (high - low) * rank if started == 2.0 else 1.0
        alpha = min(1.0, 2.0 / (length * scale + 1.0))
        average = average + alpha * (value - average) if started > 0.0 else value
        out[i] = average if started == 2.0 else NAN
        if started > 0.0:
            _, squares = push_moments(moments, spread_period, math.log(value / before))
            if not math.isnan(squares):
                rank = share_below(ring, rank_period, squares)
        if started == 0.0:
            started = 1.0
            rank = NAN
        elif not math.isnan(rank):
            started = 2.0
        state[0], state[1], state[2], state[3] = started, average, value, rank
