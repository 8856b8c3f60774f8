"""Differences of exponential averages: MACD (R-IND-08) and TRIX (R-IND-07; 9 and 21, U-04).

All averages are seeded with a mean, as `ema`. In MACD both averages start on the same row, the
first on which the slow one is defined (as in TA-Lib: the fast one is seeded with the mean of its
last `fast` values up to there), and line, signal and histogram start together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit, jit_inline
from ballast.features.indicators.definition import forget_rows, indicator, period
from ballast.features.indicators.steps import smooth

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan


def _macd_lead(fast: int, slow: int, signal: int) -> int:
    return max(fast, slow) + signal - 2


def _macd_settle(fast: int, slow: int, signal: int) -> int:
    lead = _macd_lead(fast, slow, signal)
    return lead + forget_rows(2 / (max(fast, slow) + 1)) + forget_rows(2 / (signal + 1))


@indicator(
    "macd",
    inputs=("series",),
    params={"fast": period(12), "slow": period(26), "signal": period(9)},
    outputs=("macd", "signal", "hist"),
    state=lambda _fast, _slow, _signal: 6,
    warmup=("max(fast, slow) + signal - 2", _macd_lead),
    settle=_macd_settle,
    convention="ema(fast) - ema(slow), its ema(signal), the difference; all start together; both "
    "averages seeded on the same row. TA-Lib MACD (for fast < slow).",
)
@jit
def macd(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run MACD line, signal and histogram."""
    series, line, trigger, hist = inputs[0], outs[0], outs[1], outs[2]
    fast, slow, length = int(params[0]), int(params[1]), int(params[2])
    lead = max(fast, slow)
    fast_alpha, slow_alpha = 2.0 / (fast + 1.0), 2.0 / (slow + 1.0)
    alpha = 2.0 / (length + 1.0)
    seen, quick, calm = int(state[0]), state[1], state[2]
    quick_count, calm_count, signal = int(state[3]), int(state[4]), state[5]
    for i in range(series.size):
        line[i], trigger[i], hist[i] = NAN, NAN, NAN
        if not math.isfinite(series[i]):
            seen, quick_count, calm_count = 0, 0, 0
            quick, calm, signal = 0.0, 0.0, 0.0
            continue
        # The shorter average waits, so that both are seeded on row max(fast, slow) - 1.
        if seen >= lead - fast:
            quick_count, quick = smooth(quick_count, quick, fast, fast_alpha, series[i])
        if seen >= lead - slow:
            calm_count, calm = smooth(calm_count, calm, slow, slow_alpha, series[i])
        seen += 1
        if seen >= lead:
            gap = quick - calm
            count, signal = smooth(min(seen - lead, length), signal, length, alpha, gap)
            if count == length:
                line[i], trigger[i], hist[i] = gap, signal, gap - signal
            seen = min(seen, lead + length)
    state[0], state[1], state[2] = seen, quick, calm
    state[3], state[4], state[5] = quick_count, calm_count, signal


@jit_inline
def trix_step(
    seen: int, one: float, two: float, three: float, length: int, alpha: float, value: float
) -> tuple[int, float, float, float, float]:
    """Return the new (seen, one, two, three) averages and TRIX, NaN in the warm-up."""
    behind = length - 1
    before = three
    _, one = smooth(min(seen, length), one, length, alpha, value)
    if seen >= behind:
        _, two = smooth(min(seen - behind, length), two, length, alpha, one)
    if seen >= 2 * behind:
        _, three = smooth(min(seen - 2 * behind, length), three, length, alpha, two)
    if seen <= 3 * behind:
        return seen + 1, one, two, three, NAN
    change = 100.0 * (three / before - 1.0) if before != 0.0 else 0.0
    return seen, one, two, three, change


@indicator(
    "trix",
    inputs=("series",),
    params={"period": period(9)},
    state=lambda _period: 4,
    warmup=("3 * period - 2", lambda period: 3 * period - 2),
    settle=lambda period: 3 * period - 2 + 3 * forget_rows(2 / (period + 1)),
    convention="Change in percent of ema(ema(ema(series))) against the row before. TA-Lib TRIX.",
)
@jit
def trix(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the rate of change of a triple average."""
    series, out = inputs[0], outs[0]
    length = int(params[0])
    alpha = 2.0 / (length + 1.0)
    seen, one, two, three = int(state[0]), state[1], state[2], state[3]
    for i in range(series.size):
        if math.isfinite(series[i]):
            seen, one, two, three, change = trix_step(
                seen, one, two, three, length, alpha, series[i]
            )
            out[i] = change
        else:
            seen, one, two, three = 0, 0.0, 0.0, 0.0
            out[i] = NAN
    state[0], state[1], state[2], state[3] = seen, one, two, three


@jit
def trix_against_signal(
    series: Vector, params: Vector, state: Vector, out: Vector, kind: float
) -> None:
    """Write the signal line (kind 0) or TRIX less the signal line (kind 1)."""
    length, signal_length = int(params[0]), int(params[1])
    alpha, signal_alpha = 2.0 / (length + 1.0), 2.0 / (signal_length + 1.0)
    seen, one, two, three = int(state[0]), state[1], state[2], state[3]
    count, signal = int(state[4]), state[5]
    for i in range(series.size):
        out[i] = NAN
        if not math.isfinite(series[i]):
            seen, one, two, three = 0, 0.0, 0.0, 0.0
            count, signal = 0, 0.0
            continue
        seen, one, two, three, change = trix_step(seen, one, two, three, length, alpha, series[i])
        if not math.isnan(change):
            count, signal = smooth(count, signal, signal_length, signal_alpha, change)
            if count == signal_length:
                out[i] = change - signal if kind > 0.0 else signal
    state[0], state[1], state[2], state[3] = seen, one, two, three
    state[4], state[5] = count, signal


def _signal_lead(period: int, signal: int) -> int:
    return 3 * period + signal - 3


def _signal_settle(period: int, signal: int) -> int:
    forgotten = 3 * forget_rows(2 / (period + 1)) + forget_rows(2 / (signal + 1))
    return _signal_lead(period, signal) + forgotten


@indicator(
    "trix_signal",
    inputs=("series",),
    params={"period": period(9), "signal": period(21)},
    state=lambda _period, _signal: 6,
    warmup=("3 * period + signal - 3", _signal_lead),
    settle=_signal_settle,
    convention="ema(`signal`) of trix.",
)
@jit
def trix_signal(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the signal line of TRIX."""
    trix_against_signal(inputs[0], params, state, outs[0], 0.0)


@indicator(
    "trix_hist",
    inputs=("series",),
    params={"period": period(9), "signal": period(21)},
    state=lambda _period, _signal: 6,
    warmup=("3 * period + signal - 3", _signal_lead),
    settle=_signal_settle,
    convention="trix - trix_signal (R-IND-07).",
)
@jit
def trix_hist(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run TRIX less its signal line."""
    trix_against_signal(inputs[0], params, state, outs[0], 1.0)
