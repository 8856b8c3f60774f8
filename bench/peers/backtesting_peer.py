"""backtesting.py: a Python class on every bar. All rules of the workload; whole units only.

Run: `python -m peers.backtesting_peer w1|w2 REPEATS`.
"""

from __future__ import annotations

import sys
import warnings

import backtesting
import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from format import Case, measure
from peers import workloads as w

NOTE = "the entry bar's stop is placed from the signal's close"
W2_SAMPLE = 5
"""Combinations measured: all 1,000 would take a quarter of an hour."""


def ema(x: np.ndarray, n: int) -> np.ndarray:
    """Exponential mean."""
    return pd.Series(x).ewm(span=n, adjust=False).mean().to_numpy()


def atr(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Wilder's mean true range."""
    h, l, p = pd.Series(high), pd.Series(low), pd.Series(close).shift(1)
    ranges = pd.concat([h - l, (h - p).abs(), (l - p).abs()], axis=1).max(axis=1)
    return ranges.ewm(alpha=1.0 / n, adjust=False).mean().to_numpy()


class Cross(Strategy):
    """The rules of the workload."""

    fast, slow, stop = w.FAST, w.SLOW, w.STOP

    def init(self) -> None:
        """Compute the indicators."""
        self.f = self.I(ema, self.data.Close, self.fast)
        self.s = self.I(ema, self.data.Close, self.slow)
        self.a = self.I(atr, self.data.High, self.data.Low, self.data.Close, w.ATR)
        self.at = self.top = 0.0
        self.held = None

    def next(self) -> None:
        """Decide at the close of one bar."""
        gap, before = self.f[-1] - self.s[-1], self.f[-2] - self.s[-2]
        if not self.trades:
            if before <= 0 and gap > 0:
                self.at = self.a[-1]
                self.buy(size=w.SHARE, sl=self.data.Close[-1] - self.stop * self.at)
            return
        trade = self.trades[0]
        if trade is not self.held:
            self.held, self.top = trade, trade.entry_price
            trade.sl = trade.entry_price - self.stop * self.at
        if self.data.High[-1] > self.top:
            self.top = self.data.High[-1]
            if self.top >= trade.entry_price + w.ACTIVATE * self.at:
                trade.sl = max(trade.sl, self.top - w.TRAIL * self.at)
        if before >= 0 and gap < 0:
            trade.close()


def frame(n_bars: int | None = None) -> pd.DataFrame:
    """Return the market under the names the library wants."""
    m = w.load("w1", n_bars)
    index = pd.to_datetime(m.pop("ts"), unit="ms")
    return pd.DataFrame({name.title(): column for name, column in m.items()}, index=index)


def build(n_bars: int | None = None) -> Backtest:
    """Return the backtest; `spread` is charged at entry only, so both sides are charged there."""
    return Backtest(frame(n_bars), Cross, cash=w.CASH, spread=2 * w.SLIP, commission=w.FEE)


def w1(repeats: int) -> None:
    """One run."""

    def work() -> dict[str, float]:
        stats = build().run()
        return {"trades": stats["# Trades"], "equity": stats["Equity Final [$]"]}

    case = Case("backtesting.py", backtesting.__version__, "W1", "class", "bars", w.W1_BARS, NOTE)
    measure(case, work, repeats=repeats)


def w2(repeats: int) -> None:
    """A loop over a sample of the combinations."""
    test = build(w.W2_BARS)
    sample = w.combinations()[:: len(w.combinations()) // W2_SAMPLE][:W2_SAMPLE]

    def work() -> dict[str, float]:
        done = [test.run(fast=fast, slow=slow, stop=stop) for fast, slow, stop in sample]
        equity = float(np.mean([stats["Equity Final [$]"] for stats in done]))
        return {"trades": sum(stats["# Trades"] for stats in done), "equity": equity}

    variant = f"loop, {W2_SAMPLE} of {len(w.combinations())}"
    case = Case("backtesting.py", backtesting.__version__, "W2", variant, "combinations", W2_SAMPLE)
    measure(case, work, repeats=repeats)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    backtesting.backtesting._tqdm = lambda items, **_: items  # noqa: SLF001  no progress bar
    {"w1": w1, "w2": w2}[sys.argv[1]](int(sys.argv[2]))
