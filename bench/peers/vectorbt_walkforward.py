"""vectorbt on W4: indicators once a timeframe, five pairs as five columns, slices for the folds.

It does less: no partial takes, no trailing stop (both need its slow callback), no gate.

Run: `python -m peers.vectorbt_walkforward w4 REPEATS`.
"""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import vectorbt as vbt
from format import Case, measure
from peers import walkforward as w4

NOTE = "no partial takes, no trailing stop, no gate"
ENGINE = "rust"
ATR_WINDOW = 27  # alpha = 2 / (27 + 1) = 1 / 14: Wilder's smoothing


def ewm(values: pd.Series, window: int) -> pd.Series:
    """Return an exponential mean with alpha = 2 / (window + 1)."""
    return vbt.MA.run(values, window, ewm=True, engine=ENGINE).ma


def adx(m: pd.DataFrame, atr: pd.Series) -> pd.Series:
    """Return Wilder's ADX(14) over the ATR at hand."""
    up, down = m["high"].diff(), -m["low"].diff()
    plus = up.where((up > down) & (up > 0), 0.0)
    minus = down.where((down > up) & (down > 0), 0.0)
    alpha = 1 / 14
    plus_di = 100 * plus.ewm(alpha=alpha, adjust=False).mean() / atr
    minus_di = 100 * minus.ewm(alpha=alpha, adjust=False).mean() / atr
    spread = 100 * (plus_di - minus_di).abs() / (plus_di + minus_di)
    return spread.ewm(alpha=alpha, adjust=False).mean()


def conditions(m: pd.DataFrame, atr: pd.Series) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the filters all scenarios share, and the condition of each, a row a bar."""
    close = m["close"]
    rsi = vbt.RSI.run(close, 14, ewm=True, engine=ENGINE).rsi
    low, high = rsi.vbt.rolling_min(14), rsi.vbt.rolling_max(14)
    stoch = (rsi - low) / (high - low)
    macd = vbt.MACD.run(close, 12, 26, 9, macd_ewm=True, signal_ewm=True, engine=ENGINE).macd
    hv = np.log(close).diff().rolling(20).std()
    z = (hv - hv.rolling(50).mean()) / hv.rolling(50).std()
    shared = (stoch > 0.05) & (stoch < 0.80) & (rsi > 30) & (rsi < 70)
    shared &= (macd / close > -0.0005) & (z > -2) & (z < 2)
    thrice = ewm(ewm(ewm(close, 9), 9), 9).pct_change()
    sma = vbt.MA.run(close, 200, engine=ENGINE).ma
    own = {
        "": np.ones(len(m), bool),
        "sma": (close > sma).to_numpy(),
        "adx": (adx(m, atr) > 25).to_numpy(),
        "trix": (thrice > ewm(thrice.fillna(0.0), 21)).to_numpy(),
    }
    awake = (stoch > 0.20).to_numpy()
    return np.stack([shared.to_numpy(), awake]), own


def simulate(m: pd.DataFrame, entries: np.ndarray, exits: np.ndarray, cash: float) -> object:
    """Run some columns over some bars; signals act at the next open."""
    return vbt.Portfolio.from_signals(
        m["close"].to_numpy()[:, None],
        entries=entries,
        exits=exits,
        price=m["open"].to_numpy()[:, None],
        open=m["open"].to_numpy()[:, None],
        high=m["high"].to_numpy()[:, None],
        low=m["low"].to_numpy()[:, None],
        size=w4.SHARE,
        size_type="percent",
        fees=w4.FEE,
        slippage=w4.SLIP,
        init_cash=cash,
        freq="1h",
        stop_entry_price="FillPrice",
        stop_exit_price="StopMarket",
        sl_stop=m["stop"].to_numpy()[:, None],
        engine=ENGINE,
    )


def walk(
    m: pd.DataFrame, entries: np.ndarray, exits: np.ndarray, edges: np.ndarray
) -> tuple[float, int]:
    """Walk one scenario of one timeframe; return the last equity and the trades of the tests."""
    cash, trades = w4.CASH, 0
    for start, end in pairwise(edges.tolist()):
        trained = simulate(m[:start], entries[:start], exits[:start], w4.CASH)
        sharpe = np.nan_to_num(np.asarray(trained.sharpe_ratio(), float), nan=-np.inf)
        best = slice(int(np.argmax(sharpe)), int(np.argmax(sharpe)) + 1)
        tested = simulate(m[start:end], entries[start:end, best], exits[start:end, best], cash)
        cash = float(np.asarray(tested.final_value()).ravel()[0])
        trades += int(np.asarray(tested.trades.count()).sum())
    return cash, trades


def one_timeframe(candles: dict[str, np.ndarray], hours_each: int) -> list[tuple[float, int]]:
    """Walk the four scenarios of a timeframe; they share their indicators."""
    made = w4.resample(candles, hours_each)
    edges = np.searchsorted(made["ts"], w4.borders(candles["ts"]))
    m = pd.DataFrame(made, index=pd.to_datetime(made.pop("ts"), unit="ms"))
    atr = vbt.ATR.run(
        m["high"], m["low"], m["close"], window=ATR_WINDOW, ewm=True, engine=ENGINE
    ).atr
    m["stop"] = 3.0 * atr.shift(1) / (m["open"] * (1 + w4.SLIP))
    (shared, awake), own = conditions(m, atr)
    lengths = sorted({length for pair in w4.PAIRS for length in pair})
    means = vbt.MA.run(m["close"], lengths, ewm=True, engine=ENGINE).ma.to_numpy()
    fast = means[:, [lengths.index(pair[0]) for pair in w4.PAIRS]]
    slow = means[:, [lengths.index(pair[1]) for pair in w4.PAIRS]]
    exits = late((fast < slow) & awake[:, None])
    found = []
    for scenario in w4.SCENARIOS:
        entries = late((fast > slow) & (shared & own[scenario])[:, None])
        found.append(walk(m, entries, exits, edges))
    return found


def late(signals: np.ndarray) -> np.ndarray:
    """Return signals one bar later: what is decided at a close is traded at the next open."""
    found = np.zeros_like(signals)
    found[1:] = signals[:-1]
    return found


def main(repeats: int) -> None:
    """Measure the whole job."""
    candles = w4.hours()

    def work() -> dict[str, float]:
        found = [one for each in w4.TIMEFRAMES.values() for one in one_timeframe(candles, each)]
        return {
            "trades": float(sum(trades for _, trades in found)),
            "equity": float(np.mean([cash for cash, _ in found])),
        }

    case = Case("vectorbt", vbt.__version__, "W4", ENGINE, "bars", w4.units(candles), NOTE)
    measure(case, work, repeats=repeats)


if __name__ == "__main__":
    main(int(sys.argv[2]))
