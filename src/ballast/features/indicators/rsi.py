"""RSI and StochRSI (R-IND-02, R-IND-03).

Two definitions the literature leaves open are fixed here. An RSI over bars that never moved is 50:
no evidence either way (TA-Lib says 0, which reads as oversold). A StochRSI over an RSI that moved
less than `FLAT_POINTS` is 0.5: when a market stands still the RSI keeps its value up to rounding
noise, and dividing noise by noise would give any number between 0 and 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit, jit_inline
from ballast.features.indicators.definition import forget_rows, indicator, period
from ballast.features.indicators.steps import smooth
from ballast.features.indicators.windows import (
    mean_size,
    push_mean,
    push_range,
    range_size,
)

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan
FLAT_POINTS = 1e-9  # RSI points (0 to 100); rounding noise is below 1e-12, real moves far above


@jit_inline
def balance(gain: float, loss: float) -> float:
    """Return 100 * gain / (gain + loss), 50 when there is neither."""
    total = gain + loss
    return 100.0 * (gain / total) if total > 0.0 else 50.0


@jit_inline
def rsi_step(
    seen: int, gain: float, loss: float, before: float, length: int, alpha: float, value: float
) -> tuple[int, float, float]:
    """Return the new (seen, gain, loss); RSI is valid when seen = length + 1."""
    if seen == 0:
        return 1, 0.0, 0.0
    change = value - before
    up = max(0.0, change)
    count, loss = smooth(seen - 1, loss, length, alpha, up - change)
    _, gain = smooth(seen - 1, gain, length, alpha, up)
    return count + 1, gain, loss


@indicator(
    "rsi",
    inputs=("series",),
    params={"period": period(14)},
    state=lambda _period: 4,
    warmup=("period", lambda period: period),
    settle=lambda period: period + forget_rows(1 / period),
    convention="Wilder's averages of gains and losses, seeded with the mean of the first `period` "
    "changes; 0 to 100; 50 when nothing moved (TA-Lib: 0). Else TA-Lib RSI.",
)
@jit
def rsi(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the relative strength index."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    alpha = 1.0 / length
    seen, gain, loss, before = int(state[0]), state[1], state[2], state[3]
    for i in range(series.size):
        value = series[i]
        out[i] = NAN
        if math.isfinite(value):
            seen, gain, loss = rsi_step(seen, gain, loss, before, length, alpha, value)
            before = value
            if seen > length:
                out[i] = balance(gain, loss)
        else:
            seen = 0
    state[0], state[1], state[2], state[3] = seen, gain, loss, before


@jit_inline
def position(value: float, lowest: float, highest: float) -> float:
    """Return where `value` lies between the two, 0 to 1; 0.5 when they are one."""
    reach = highest - lowest
    return (value - lowest) / reach if reach > FLAT_POINTS else 0.5


@indicator(
    "stochrsi",
    inputs=("series",),
    params={"period": period(14), "window": period(14)},
    state=lambda _period, window: 4 + range_size(window),
    warmup=("period + window - 1", lambda period, window: period + window - 1),
    settle=lambda period, window: period + window - 1 + forget_rows(1 / period),
    convention="(rsi - lowest) / (highest - lowest) of `window` rsi values, raw, 0 to 1; 0.5 when "
    "the window is flat. TA-Lib STOCHRSI fastk / 100.",
)
@jit
def stochrsi(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the raw stochastic of the RSI."""
    series, out = inputs[0], outs[0]
    length, window = int(params[0]), int(params[1])
    alpha = 1.0 / length
    cell = state[4:]
    seen, gain, loss, before = int(state[0]), state[1], state[2], state[3]
    for i in range(series.size):
        value = series[i]
        out[i] = NAN
        if not math.isfinite(value):
            seen = 0
            state[:] = 0.0
            continue
        seen, gain, loss = rsi_step(seen, gain, loss, before, length, alpha, value)
        before = value
        if seen > length:
            strength = balance(gain, loss)
            highest, lowest = push_range(cell, window, strength, strength)
            if not math.isnan(highest):
                out[i] = position(strength, lowest, highest)
    state[0], state[1], state[2], state[3] = seen, gain, loss, before


@indicator(
    "stochrsi_kd",
    inputs=("series",),
    params={
        "period": period(14),
        "window": period(14),
        "smooth_k": period(3),
        "smooth_d": period(3),
    },
    outputs=("k", "d"),
    state=lambda _period, window, smooth_k, smooth_d: (
        4 + range_size(window) + mean_size(smooth_k) + mean_size(smooth_d)
    ),
    warmup=(
        "period + window + smooth_k + smooth_d - 3",
        lambda period, window, smooth_k, smooth_d: period + window + smooth_k + smooth_d - 3,
    ),
    settle=lambda period, window, smooth_k, smooth_d: (
        period + window + smooth_k + smooth_d - 3 + forget_rows(1 / period)
    ),
    convention="k = mean of `smooth_k` raw stochrsi, d = mean of `smooth_d` k; 0 to 1; both start "
    "together. TA-Lib STOCH over RSI / 100.",
)
@jit
def stochrsi_kd(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the smoothed stochastic of the RSI and its signal line."""
    series = inputs[0]
    fast, slow = outs
    length, window = int(params[0]), int(params[1])
    smooth_k, smooth_d = int(params[2]), int(params[3])
    alpha = 1.0 / length
    start = 4 + range_size(window)
    middle = start + mean_size(smooth_k)
    cell, k_cell, d_cell = state[4:start], state[start:middle], state[middle:]
    seen, gain, loss, before = int(state[0]), state[1], state[2], state[3]
    for i in range(series.size):
        value = series[i]
        fast[i], slow[i] = NAN, NAN
        if not math.isfinite(value):
            seen = 0
            state[:] = 0.0
            continue
        seen, gain, loss = rsi_step(seen, gain, loss, before, length, alpha, value)
        before = value
        if seen <= length:
            continue
        strength = balance(gain, loss)
        highest, lowest = push_range(cell, window, strength, strength)
        if not math.isnan(highest):
            k = push_mean(k_cell, smooth_k, position(strength, lowest, highest))
            if not math.isnan(k):
                d = push_mean(d_cell, smooth_d, k)
                if not math.isnan(d):
                    fast[i], slow[i] = k, d
    state[0], state[1], state[2], state[3] = seen, gain, loss, before
