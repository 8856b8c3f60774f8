"""Volume: averages, relative volume, VWAP, on-balance volume, money flow (R-IND-20)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.core.time import DAY_MS
from ballast.features.indicators.averages import sma
from ballast.features.indicators.definition import indicator, period
from ballast.features.indicators.windows import mean_size, push_mean

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan
BARS = ("high", "low", "close", "volume")
ROUNDING = 1e-13  # of the price: two typical prices this close differ only by how a sum rounds


@indicator(
    "volume_sma",
    inputs=("volume",),
    params={"period": period(20)},
    state=mean_size,
    warmup=("period - 1", lambda period: period - 1),
    convention="Mean volume of the last `period` bars, in base units.",
)
@jit
def volume_sma(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the average volume."""
    sma(inputs, params, state, outs)


@indicator(
    "relative_volume",
    inputs=("volume",),
    params={"period": period(20)},
    state=mean_size,
    warmup=("period - 1", lambda period: period - 1),
    convention="volume / volume_sma, this bar included in the mean; 0 when nothing traded.",
)
@jit
def relative_volume(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run volume against its average."""
    volume, out = inputs[0], outs[0]
    length = int(params[0])
    for i in range(volume.size):
        if math.isfinite(volume[i]):
            mean = push_mean(state, length, volume[i])
            out[i] = volume[i] / mean if mean != 0.0 else 0.0
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "quote_volume_average",
    inputs=("close", "volume"),
    params={"period": period(20)},
    state=mean_size,
    warmup=("period - 1", lambda period: period - 1),
    convention="Mean of close * volume over the last `period` bars, in quote units (on daily bars: "
    "average daily volume).",
)
@jit
def quote_volume_average(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the average turnover."""
    close, volume = inputs
    out = outs[0]
    length = int(params[0])
    for i in range(close.size):
        turnover = close[i] * volume[i]
        if math.isfinite(turnover):
            out[i] = push_mean(state, length, turnover)
        else:
            state[:] = 0.0
            out[i] = NAN


@indicator(
    "vwap",
    inputs=("ts", *BARS),
    params={},
    state=lambda: 3,
    warmup=("0", lambda: 0),
    convention="Volume-weighted typical price since 00:00 UTC of the bar's day (`ts`: open time in "
    "ms); the typical price itself until something traded.",
)
@jit
def vwap(inputs: Vectors, _params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the volume-weighted average price of the UTC day."""
    ts, high, low, close, volume = inputs
    out = outs[0]
    day, average, traded = state[0], state[1], state[2]
    for i in range(close.size):
        price = (high[i] + low[i] + close[i]) / 3.0
        if not math.isfinite(price + volume[i] + ts[i]):
            day, traded = 0.0, 0.0
            out[i] = NAN
            continue
        today = math.floor(ts[i] / DAY_MS)
        if today != day:
            day, traded = today, 0.0
        traded += volume[i]
        if traded == volume[i]:
            average = price
        else:
            average += (price - average) * (volume[i] / traded)
        out[i] = average
    state[0], state[1], state[2] = day, average, traded


@indicator(
    "vwap_rolling",
    inputs=BARS,
    params={"period": period(20)},
    state=lambda period: 2 * mean_size(period),
    warmup=("period - 1", lambda period: period - 1),
    convention="Volume-weighted typical price of the last `period` bars; the typical price itself "
    "when nothing traded in them.",
)
@jit
def vwap_rolling(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the volume-weighted average price of a window."""
    high, low, close, volume = inputs
    out = outs[0]
    length = int(params[0])
    turnovers, volumes = state[: mean_size(length)], state[mean_size(length) :]
    for i in range(close.size):
        price = (high[i] + low[i] + close[i]) / 3.0
        if not math.isfinite(price + volume[i]):
            state[:] = 0.0
            out[i] = NAN
            continue
        turnover = push_mean(turnovers, length, price * volume[i])
        traded = push_mean(volumes, length, volume[i])
        out[i] = turnover / traded if traded != 0.0 else price


@indicator(
    "obv",
    inputs=("close", "volume"),
    params={},
    state=lambda: 3,
    warmup=("0", lambda: 0),
    convention="Sum of volume, signed by the change of the close; starts at the first volume. Only "
    "differences mean something. TA-Lib OBV.",
)
@jit
def obv(inputs: Vectors, _params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the on-balance volume."""
    close, volume = inputs
    out = outs[0]
    for i in range(close.size):
        if not math.isfinite(close[i] + volume[i]):
            state[:] = 0.0
            out[i] = NAN
            continue
        started, before = state[0], state[1]
        if started == 0.0:
            state[2] = volume[i]
        elif close[i] > before:
            state[2] += volume[i]
        elif close[i] < before:
            state[2] -= volume[i]
        state[0], state[1] = 1.0, close[i]
        out[i] = state[2]


@indicator(
    "mfi",
    inputs=BARS,
    params={"period": period(14)},
    state=lambda period: 2 + 2 * mean_size(period),
    warmup=("period", lambda period: period),
    convention="Share of the turnover of `period` bars that came with a rising typical price, 0 to "
    "100; a change below 1e-13 of the price is none; 50 when there is no turnover (TA-Lib: 0). "
    "Else TA-Lib MFI.",
)
@jit
def mfi(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the money flow index."""
    high, low, close, volume = inputs
    out = outs[0]
    length = int(params[0])
    middle = 2 + mean_size(length)
    rises, falls = state[2:middle], state[middle:]
    for i in range(close.size):
        price = (high[i] + low[i] + close[i]) / 3.0
        out[i] = NAN
        if not math.isfinite(price + volume[i]):
            state[:] = 0.0
            continue
        started, before = state[0], state[1]
        state[0], state[1] = 1.0, price
        if started != 0.0:
            flow = price * volume[i]
            change = price - before
            moved = abs(change) > ROUNDING * abs(price)
            rise = push_mean(rises, length, flow if moved and change > 0.0 else 0.0)
            fall = push_mean(falls, length, flow if moved and change < 0.0 else 0.0)
            total = rise + fall
            out[i] = 100.0 * (rise / total) if total != 0.0 else 50.0
