"""The yardstick strategy against plain loops."""

from __future__ import annotations

import numpy as np
from tests.unit.strategies.bars import walk

from ballast.core.records import PLAN, Level, Signal, Size
from ballast.strategies.cache import ColumnCache
from ballast.strategies.catalog import load
from ballast.strategies.plan import CompiledStrategy, compile_plan


def plain_ema(x: np.ndarray, n: int) -> list[float]:
    alpha, y, out = 2.0 / (n + 1.0), float(x[0]), []
    for value in x.tolist():
        y = alpha * value + (1.0 - alpha) * y
        out.append(y)
    return out


def plain_signals(close: np.ndarray, fast: int, slow: int) -> list[int]:
    f, s = plain_ema(close, fast), plain_ema(close, slow)
    f[0] = s[0] = float(close[0])
    out = [0]
    for i in range(1, len(f)):
        up = f[i - 1] <= s[i - 1] and f[i] > s[i]
        down = f[i - 1] >= s[i - 1] and f[i] < s[i]
        out.append(int(Signal.ENTER_LONG) * up + int(Signal.EXIT_LONG) * down)
    return out


def test_signals_equal_plain_loops() -> None:
    bars = walk(5_000)
    columns = compile_plan(load("ema_cross")).columns({"A/USDT": bars}, "A/USDT")
    assert columns.signals.tolist() == plain_signals(bars.close, 9, 21)
    assert not np.isnan(columns.atr).any()


def test_sweep_shares_columns_and_gives_the_same_signals() -> None:
    bars = walk(2_000)
    market = {"A/USDT": bars}
    compiled, cache = CompiledStrategy(load("ema_cross")), ColumnCache()
    for fast in (5, 9):
        for slow in (20, 30):
            for stop in (2.0, 3.0):
                params = {"fast": fast, "slow": slow, "stop": stop}
                columns = compiled.plan(params).columns(market, "A/USDT", cache)
                assert columns.signals.tolist() == plain_signals(bars.close, fast, slow)
                assert compiled.columns(params, market, "A/USDT", cache).signals is columns.signals
    # one close, one ATR, four averages and four rows of signals: the stop is no part of a column
    assert len(cache) == 12  # with high and low


def test_fill_writes_the_plan_row() -> None:
    row = np.zeros(1, PLAN)[0]
    compile_plan(load("ema_cross"), {"stop": 2.5}, {"touch_fills": 1}).construction.fill(row)
    assert (row["allow_long"], row["allow_short"], row["close_on_signal"]) == (1, 0, 1)
    assert (row["size_mode"], row["size_value"]) == (Size.RISK, 0.01)
    assert (row["stop_kind"], row["stop_value"]) == (Level.ATR, 2.5)
    assert (row["trail_kind"], row["trail_activation"], row["trail_distance"]) == (1, 5.5, 5.5)
    assert (row["trail_floor_entry"], row["take_count"], row["touch_fills"]) == (0, 0, 1)
