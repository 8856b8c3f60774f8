"""vectorbt: arrays. The trailing stop with activation needs its slow callback and is left out;
stops are checked only from the bar after the entry.

Run: `python -m peers.vectorbt_peer w1|w2 REPEATS`.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import vectorbt as vbt
from format import Case, measure
from peers import workloads as w

NOTE = "no trailing stop; no stop on the entry bar"
COLUMNS_A_CALL = 100
"""More columns a call need more memory than the machine has."""
ENGINE = "rust"
ATR_WINDOW = 2 * w.ATR - 1  # alpha = 2 / (27 + 1) = 1 / 14: Wilder's smoothing


def frame(n_bars: int | None = None) -> pd.DataFrame:
    """Return the market as a data frame."""
    m = w.load("w1", n_bars)
    index = pd.to_datetime(m.pop("ts"), unit="ms")
    return pd.DataFrame(m, index=index)


def run(columns: dict[str, object], entries: object, exits: object, stop: object) -> object:
    """Simulate; the same call for one column and for many."""
    return vbt.Portfolio.from_signals(
        columns["close"],
        entries=entries,
        exits=exits,
        price=columns["open"],
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        size=w.SHARE,
        size_type="percent",
        fees=w.FEE,
        slippage=w.SLIP,
        init_cash=w.CASH,
        freq="1min",
        stop_entry_price="FillPrice",
        stop_exit_price="StopMarket",
        sl_stop=stop,
        engine=ENGINE,
    )


def w1(repeats: int) -> None:
    """One column, indicators included."""
    m = frame()

    def work() -> dict[str, float]:
        fast = vbt.MA.run(m["close"], w.FAST, ewm=True, engine=ENGINE)
        slow = vbt.MA.run(m["close"], w.SLOW, ewm=True, engine=ENGINE)
        entries = fast.ma_crossed_above(slow).vbt.signals.fshift(1)
        exits = fast.ma_crossed_below(slow).vbt.signals.fshift(1)
        a = vbt.ATR.run(
            m["high"], m["low"], m["close"], window=ATR_WINDOW, ewm=True, engine=ENGINE
        ).atr
        stop = w.STOP * a.shift(1) / (m["open"] * (1 + w.SLIP))
        ran = run(dict(m), entries, exits, stop)
        return {"trades": ran.trades.count(), "equity": ran.final_value()}

    case = Case("vectorbt", vbt.__version__, "W1", ENGINE, "bars", len(m), NOTE)
    measure(case, work, repeats=repeats)


def w2(repeats: int) -> None:
    """Blocks of columns, indicators shared."""
    m = frame(w.W2_BARS)
    wide = {name: m[name].to_numpy()[:, None] for name in ("open", "high", "low", "close")}
    todo = w.combinations()
    lengths = sorted({*w.W2_FAST, *w.W2_SLOW})

    def block(part: list[tuple[int, int, float]], means: np.ndarray, rel: np.ndarray) -> object:
        entries, exits = (np.zeros((len(m), len(part)), bool) for _ in range(2))
        for place, (fast, slow, _) in enumerate(part):
            gap = means[:, lengths.index(fast)] - means[:, lengths.index(slow)]
            entries[2:, place] = ((gap[:-1] <= 0) & (gap[1:] > 0))[:-1]
            exits[2:, place] = ((gap[:-1] >= 0) & (gap[1:] < 0))[:-1]
        stops = rel[:, None] * np.array([stop for _, _, stop in part])[None, :]
        return run(wide, entries, exits, stops)

    def work() -> dict[str, float]:
        means = vbt.MA.run(m["close"], lengths, ewm=True, engine=ENGINE).ma.to_numpy()
        a = vbt.ATR.run(
            m["high"], m["low"], m["close"], window=ATR_WINDOW, ewm=True, engine=ENGINE
        ).atr.to_numpy()
        rel = np.full(len(m), np.nan)
        rel[1:] = a[:-1] / (m["open"].to_numpy()[1:] * (1 + w.SLIP))
        trades, equity = 0, []
        for start in range(0, len(todo), COLUMNS_A_CALL):
            ran = block(todo[start : start + COLUMNS_A_CALL], means, rel)
            trades += int(ran.trades.count().sum())
            equity.append(np.asarray(ran.final_value()))
        return {"trades": trades, "equity": float(np.concatenate(equity).mean())}

    case = Case("vectorbt", vbt.__version__, "W2", ENGINE, "combinations", len(todo), NOTE)
    measure(case, work, repeats=repeats)


if __name__ == "__main__":
    {"w1": w1, "w2": w2}[sys.argv[1]](int(sys.argv[2]))
