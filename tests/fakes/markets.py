"""Synthetic bars for tests of storage and download: exact to the cent, with holes where wanted."""

from __future__ import annotations

import numpy as np

from ballast.core.bars import Bars
from ballast.core.rng import stream
from ballast.core.time import Timeframe


def random_bars(
    seed: int,
    timeframe: str,
    start_ms: int,
    n_bars: int,
    *,
    symbol: str = "BTCUSDT",
    venue: str = "FAKE",
    absent: tuple[int, ...] = (),
) -> Bars:
    """Return `n_bars` grid places from `start_ms` on, without the places in `absent`."""
    frame = Timeframe.parse(timeframe)
    rng = stream(seed, f"bars/{symbol}/{timeframe}")
    close = np.round(100 + np.cumsum(rng.normal(0, 0.3, n_bars)).clip(-80), 2)
    open_ = np.round(close + rng.normal(0, 0.2, n_bars), 2).clip(0.01)
    high = np.maximum(open_, close) + 0.25
    low = np.minimum(open_, close) - 0.01
    volume = np.round(rng.uniform(0, 10, n_bars), 3)
    ts = start_ms + np.arange(n_bars, dtype=np.int64) * frame.ms
    keep = np.setdiff1d(np.arange(n_bars), np.array(absent, int))
    columns = {"open": open_, "high": high, "low": low.clip(0.01), "close": close, "volume": volume}
    return Bars.of(
        venue, symbol, frame, ts[keep], {name: np.round(v, 3)[keep] for name, v in columns.items()}
    )
