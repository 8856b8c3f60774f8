"""How far prices move: true range, ATR, historical volatility.

Sources: Wilder (1978); R-IND-04 (ATR is Wilder's, never a plain range of a window, X-30), R-IND-09
(volatility annualised by the bars of a 365-day year, X-37), R-IND-10.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit, jit_inline
from ballast.features.indicators.definition import forget_rows, indicator, number, period, switch
from ballast.features.indicators.steps import atr_step, smooth, true_range
from ballast.features.indicators.windows import moments_size, push_moments

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan
HOURS_A_YEAR = 8760  # 365 days: the bars in a year of the usual timeframe, 1h
SECONDS_A_YEAR = 31_536_000
HLC = ("high", "low", "close")


@indicator(
    "true_range",
    inputs=HLC,
    params={},
    state=lambda: 2,
    warmup=("1", lambda: 1),
    convention="max(high, close before) - min(low, close before). TA-Lib TRANGE.",
)
@jit
def true_range_series(inputs: Vectors, _params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the true range; the first bar has no close before it."""
    high, low, close = inputs
    out = outs[0]
    for i in range(close.size):
        out[i] = true_range(high[i], low[i], state[1]) if state[0] > 0.0 else NAN
        state[0], state[1] = 1.0, close[i]
        if not math.isfinite(high[i] + low[i] + close[i]):
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "atr",
    inputs=HLC,
    params={"period": period(14)},
    state=lambda _period: 4,
    warmup=("period", lambda period: period),
    settle=lambda period: period + forget_rows(1 / period),
    convention="Wilder's average of the true range, seeded with the mean of the first `period` "
    "true ranges (the first bar has none). TA-Lib ATR.",
)
@jit
def atr(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the average true range."""
    high, low, close = inputs
    out = outs[0]
    length = int(params[0])
    alpha = 1.0 / length
    seen, average, before = int(state[0]), state[1], state[2]
    for i in range(close.size):
        out[i] = NAN
        if math.isfinite(high[i] + low[i] + close[i]):
            seen, average = atr_step(seen, average, length, alpha, high[i], low[i], before)
            before = close[i]
            if seen > length:
                out[i] = average
        else:
            seen = 0
    state[0], state[1], state[2] = seen, average, before


@indicator(
    "atr_first",
    inputs=HLC,
    params={"period": period(14)},
    state=lambda _period: 3,
    warmup=("0", lambda _period: 0),
    settle=lambda period: forget_rows(1 / period),
    convention="Wilder's average of the true range, seeded with the first bar's high - low, valid "
    "from the first row.",
)
@jit
def atr_first(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the average true range that starts at the first bar."""
    high, low, close = inputs
    out = outs[0]
    alpha = 1.0 / params[0]
    count, average, before = int(state[0]), state[1], state[2]
    for i in range(close.size):
        if not math.isfinite(high[i] + low[i] + close[i]):
            count, average = 0, 0.0
            out[i] = NAN
            continue
        reach = high[i] - low[i] if count == 0 else true_range(high[i], low[i], before)
        count, average = smooth(count, average, 1, alpha, reach)
        before = close[i]
        out[i] = average
    state[0], state[1], state[2] = count, average, before


@indicator(
    "natr",
    inputs=HLC,
    params={"period": period(14)},
    state=lambda _period: 4,
    warmup=("period", lambda period: period),
    settle=lambda period: period + forget_rows(1 / period),
    convention="100 * atr / close; 0 at a close of 0. TA-Lib NATR.",
)
@jit
def natr(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the average true range in percent of the close."""
    atr(inputs, params, state, outs)
    close, out = inputs[2], outs[0]
    for i in range(close.size):
        if not math.isnan(out[i]):
            out[i] = 100.0 * out[i] / close[i] if close[i] != 0.0 else 0.0


@jit_inline
def push_volatility(last: Vector, cell: Vector, length: int, price: float) -> float:
    """Add a price; return the sample deviation of the last `length` log returns, or NaN.

    `last` is (1 once there is one, the price before), `cell` that of `push_moments`.
    """
    before, started = last[1], last[0]
    last[0], last[1] = 1.0, price
    if started == 0.0:
        return NAN
    _, squares = push_moments(cell, length, math.log(price / before))
    return math.sqrt(squares / (length - 1))


@indicator(
    "hv",
    inputs=("series",),
    params={
        "period": period(20, low=2),
        "bars_per_year": number(HOURS_A_YEAR, 1, SECONDS_A_YEAR),
        "sqrt252": switch(default=False),
    },
    state=lambda period, _bars, _legacy: 2 + moments_size(period),
    warmup=("period", lambda period, _bars, _legacy: period),
    convention="Sample deviation (n - 1) of `period` log returns * sqrt(bars_per_year), a year of "
    "365 days; sqrt252 = 1 uses sqrt(252) instead (legacy). A price <= 0 counts as a hole.",
)
@jit
def hv(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the annualised historical volatility (a fraction: 0.6 = 60 %)."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    factor = math.sqrt(252.0 if params[2] != 0.0 else params[1])
    last, returns = state[:2], state[2:]
    for i in range(series.size):
        if series[i] > 0.0 and math.isfinite(series[i]):
            out[i] = push_volatility(last, returns, length, series[i]) * factor
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "hv_z",
    inputs=("series",),
    params={
        "period": period(20, low=2),
        "window": period(50, low=2),
        "bars_per_year": number(HOURS_A_YEAR, 1, SECONDS_A_YEAR),
        "sqrt252": switch(default=False),
    },
    state=lambda period, window, _bars, _legacy: 2 + moments_size(period) + moments_size(window),
    warmup=("period + window - 1", lambda period, window, _bars, _legacy: period + window - 1),
    convention="(hv - mean of `window` hv) / (their sample deviation + 1e-6) (R-IND-10).",
)
@jit
def hv_z(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the z-score of historical volatility."""
    series, out = inputs[0], outs[0]
    length, window = int(params[0]), int(params[1])
    factor = math.sqrt(252.0 if params[3] != 0.0 else params[2])
    split = 2 + moments_size(length)
    last, returns, levels = state[:2], state[2:split], state[split:]
    for i in range(series.size):
        out[i] = NAN
        if not (series[i] > 0.0 and math.isfinite(series[i])):
            state[:] = 0.0
            continue
        level = push_volatility(last, returns, length, series[i]) * factor
        if not math.isnan(level):
            mean, squares = push_moments(levels, window, level)
            out[i] = (level - mean) / (math.sqrt(squares / (window - 1)) + 1e-6)
