"""Indicators, ours against TA-Lib, side by side on one series: milliseconds per million bars.

    python bench/bench_indicators.py [bars] [repeats]

Seven indicators with their usual parameters on 1,051,200 one-minute bars (two years). Each pair
runs alternately, so that a busy machine slows both; the table shows the median and the best of
each, the ratio of the best (below 1: we are faster), and the largest difference after the warm-up,
relative to the size of the column.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import talib

from ballast.features.indicators import registry

if TYPE_CHECKING:
    from collections.abc import Callable

BARS = 1_051_200
REPEATS = 15
SEED = 20240601


def series(rows: int) -> dict[str, np.ndarray]:
    """Return a market with clustered volatility, prices on a grid of 0.01."""
    rng = np.random.default_rng(SEED)
    shocks = rng.standard_normal(rows) * 0.014
    calm = np.empty(rows)
    level = 0.0
    for i, shock in enumerate(shocks.tolist()):
        level = 0.999 * level + shock
        calm[i] = level
    volatility = 0.00045 * np.exp(calm)
    close = np.round(30_000 * np.exp(np.cumsum(rng.standard_normal(rows) * volatility)), 2)
    opening = np.concatenate((close[:1], close[:-1]))
    reach = np.abs(rng.standard_normal((2, rows))) * volatility * 0.5
    high = np.maximum(np.round(np.maximum(opening, close) * np.exp(reach[0]), 2), opening)
    low = np.minimum(np.round(np.minimum(opening, close) * np.exp(-reach[1]), 2), opening)
    return {"series": close, "close": close, "high": high, "low": low}


def peers(data: dict[str, np.ndarray]) -> dict[str, tuple[tuple[float, ...], Callable]]:
    """Return our parameters and TA-Lib's call for each indicator."""
    close, high, low = data["close"], data["high"], data["low"]

    def stochastic_of_rsi() -> np.ndarray:
        rsi = talib.RSI(close, 14)
        return talib.STOCH(rsi, rsi, rsi, fastk_period=14)[0] / 100

    return {
        "ema": ((21,), lambda: talib.EMA(close, 21)),
        "rsi": ((14,), lambda: talib.RSI(close, 14)),
        "atr": ((14,), lambda: talib.ATR(high, low, close, 14)),
        "adx": ((14,), lambda: talib.ADX(high, low, close, 14)),
        "macd": ((12, 26, 9), lambda: talib.MACD(close, 12, 26, 9)[0]),
        "trix": ((15,), lambda: talib.TRIX(close, 15)),
        "stochrsi_kd": ((14, 14, 3, 3), stochastic_of_rsi),
    }


def timed(function: Callable) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    result = function()
    return (time.perf_counter() - start) * 1e3, result


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else BARS
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else REPEATS
    data = series(rows)
    print(f"{rows:,} bars, {repeats} repeats, TA-Lib {talib.__version__}; milliseconds")
    print(f"{'':12}{'ours':>9}{'(best)':>9}{'TA-Lib':>9}{'(best)':>9}{'ratio':>8}{'differ':>10}")
    for name, (params, theirs) in peers(data).items():
        indicator = registry.get(name)
        inputs = tuple(data[each] for each in indicator.inputs)

        def ours(indicator=indicator, inputs=inputs, params=params) -> np.ndarray:  # noqa: ANN001
            return indicator.compute(inputs, params)[0]

        ours()  # compiled before the clock starts
        pairs = [(timed(ours), timed(theirs)) for _ in range(repeats)]
        mine, other = pairs[-1][0][1], pairs[-1][1][1]
        settled = indicator.warmup(params)
        size = np.abs(other[settled:]).max()
        differ = np.abs(mine[settled:] - other[settled:]).max() / size
        fast = [pair[0][0] for pair in pairs]
        slow = [pair[1][0] for pair in pairs]
        left, right = statistics.median(fast), statistics.median(slow)
        print(
            f"{name:12}{left:9.2f}{min(fast):9.2f}{right:9.2f}{min(slow):9.2f}"
            f"{min(fast) / min(slow):8.2f}{differ:10.1e}"
        )


if __name__ == "__main__":
    main()
