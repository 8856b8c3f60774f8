"""RaptorBT (Rust): arrays and batch. It cannot express the trailing stop, and trades without it.

Run: `python -m peers.raptorbt_peer w1|w2 REPEATS`.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import numpy as np
import raptorbt as rb
from format import Case, measure
from peers import workloads as w

VERSION = version("raptorbt")
NOTE = "no trailing stop"


def cross(fast: np.ndarray, slow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the bars crossed upwards and downwards."""
    gap = fast - slow
    up, down = np.zeros(gap.size, bool), np.zeros(gap.size, bool)
    up[1:] = (gap[:-1] <= 0) & (gap[1:] > 0)
    down[1:] = (gap[:-1] >= 0) & (gap[1:] < 0)
    return up, down


def config(stop: float) -> object:
    """Return the costs of the workload and an ATR stop."""
    made = rb.BacktestConfig(
        initial_capital=w.CASH, fees=w.FEE, slippage=w.SLIP, fill_timing="next_bar_open"
    )
    made.set_atr_stop(stop, w.ATR)
    return made


def market(n_bars: int | None = None) -> tuple[np.ndarray, ...]:
    """Return nanoseconds, open, high, low, close, volume."""
    m = w.load("w1", n_bars)
    return (m["ts"] * 1_000_000, *(m[name] for name in w.COLUMNS[1:]))


def w1(repeats: int) -> None:
    """One run over arrays, indicators included."""
    columns = market()
    close = columns[4]

    def work() -> dict[str, float]:
        signals = cross(rb.ema(close, w.FAST), rb.ema(close, w.SLOW))
        ran = rb.run_single_backtest(*columns, *signals, 1, w.SHARE, "X", config(w.STOP))
        return {"trades": ran.metrics.total_trades, "equity": ran.metrics.end_value}

    case = Case("raptorbt", VERSION, "W1", "arrays", "bars", close.size, NOTE)
    measure(case, work, repeats=repeats)


def w2(repeats: int) -> None:
    """All combinations in one batch, all cores."""
    columns = market(w.W2_BARS)
    close = columns[4]

    def work() -> dict[str, float]:
        means = {n: rb.ema(close, n) for n in {*w.W2_FAST, *w.W2_SLOW}}
        signals = {(f, s): cross(means[f], means[s]) for f in w.W2_FAST for s in w.W2_SLOW}
        configs = {stop: config(stop) for stop in w.W2_STOP}
        items = [
            rb.BatchSingleItem(
                f"{fast}-{slow}-{stop}", *signals[fast, slow], 1, w.SHARE, "X", configs[stop]
            )
            for fast, slow, stop in w.combinations()
        ]
        done = [ran.metrics for _, ran in rb.batch_single_backtest(*columns, items, config(w.STOP))]
        equity = float(np.mean([metrics.end_value for metrics in done]))
        return {"trades": sum(metrics.total_trades for metrics in done), "equity": equity}

    n_combinations = len(w.combinations())
    case = Case("raptorbt", VERSION, "W2", "batch", "combinations", n_combinations, NOTE)
    measure(case, work, repeats=repeats)


if __name__ == "__main__":
    {"w1": w1, "w2": w2}[sys.argv[1]](int(sys.argv[2]))
