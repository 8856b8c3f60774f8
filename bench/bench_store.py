"""Measure the candle store: write, cold load, warm load of five years of minutes.

    python bench/bench_store.py [ROWS]

The target is a warm load of 2.6 M bars in under 10 ms; nothing is asserted here.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from ballast.core.bars import Bars
from ballast.core.time import Timeframe, parse_ms
from ballast.store.candles import CandleStore

ROWS = 2_629_440  # five years of minutes
REPEATS = 20


def minutes(rows: int) -> Bars:
    """Return a random walk on a 0.01 grid, one bar a minute."""
    draw = np.random.default_rng(42)
    close = np.round(30_000 + np.cumsum(draw.normal(0, 5, rows)), 2)
    opens = np.concatenate([close[:1], close[:-1]])
    high = np.round(np.maximum(opens, close) + draw.exponential(3, rows), 2)
    low = np.round(np.minimum(opens, close) - draw.exponential(3, rows), 2)
    columns = {"open": opens, "high": high, "low": low, "close": close}
    columns["volume"] = np.round(draw.exponential(20, rows), 5)
    ts = parse_ms("2020-01-01") + np.arange(rows) * 60_000
    return Bars.of("BENCH", "BTCUSDT", Timeframe.parse("1m"), ts, columns)


def main() -> None:
    """Print the medians."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    bars = minutes(rows)
    root = Path(tempfile.mkdtemp(prefix="ballast-bench-"))
    try:
        store = CandleStore(root)
        start = perf_counter()
        store.write(bars)
        print(f"write           {rows:>9,} bars {1e3 * (perf_counter() - start):9.1f} ms")
        start = perf_counter()
        store.write(bars.slice(rows - 10, rows))
        print(f"write again            10 bars {1e3 * (perf_counter() - start):9.1f} ms")
        cold, warm, touched = [], [], []
        for _ in range(3):
            shutil.rmtree(root / "cache", ignore_errors=True)
            start = perf_counter()
            CandleStore(root).read("BENCH", "BTCUSDT", bars.timeframe)
            cold.append(perf_counter() - start)
        for _ in range(REPEATS):
            start = perf_counter()
            read = CandleStore(root).read("BENCH", "BTCUSDT", bars.timeframe)
            warm.append(perf_counter() - start)
            read.close.sum()
            touched.append(perf_counter() - start)
        size = sum(path.stat().st_size for path in root.rglob("*.parquet"))
        print(f"cold load       {rows:>9,} bars {1e3 * float(np.median(cold)):9.1f} ms")
        print(f"warm load       {rows:>9,} bars {1e3 * float(np.median(warm)):9.2f} ms")
        print(f"  and one column summed        {1e3 * float(np.median(touched)):9.2f} ms")
        print(f"on disk         {size / 1e6:9.1f} MB")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
