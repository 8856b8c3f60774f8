"""W4: the old bot's search, judged out of sample. Needs numpy and nothing else.

    data       five years of hourly BTC/USDT where the shared candles lie beside the checkout, else
               a synthetic market of the same length; resampled to 1h, 4h and 1d
    search     4 scenarios (StochRSI, + SMA, + ADX, + TRIX) x 3 timeframes x 5 EMA pairs
    walk       anchored, 8 folds, tests of equal length: choose a pair on the past by its in-sample
               record, trade the next stretch with it, with the cash the last one left
    costs      0.1 % fee and 0.05 % slippage a side; entries and exits at the next open

Twelve walk-forwards of 8 folds: 480 trainings and 96 tests.
"""

from __future__ import annotations

import numpy as np
from peers import workloads as w

BARS = 43_824
"""Five years of hours, one leap day in them."""
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
TIMEFRAMES = {"1h": 1, "4h": 4, "1d": 24}
SCENARIOS = ("", "sma", "adx", "trix")
PAIRS = ((5, 13), (8, 21), (9, 21), (12, 26), (20, 50))
FOLDS, TRAIN_PER_TEST = 8, 4
CASH, FEE, SLIP, SHARE = 10_000.0, 0.001, 0.0005, 0.1
SEED = 20_210_101
FILE = "hours.npz"


def hours() -> dict[str, np.ndarray]:
    """Return the hourly candles that `keep` has written, else a synthetic market."""
    path = w.folder() / FILE
    if not path.exists():
        keep(synthetic())
    with np.load(path) as file:
        return {name: file[name].copy() for name in w.COLUMNS}


def keep(candles: dict[str, np.ndarray]) -> None:
    """Write the candles for every engine to read, whole or not at all."""
    path = w.folder() / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE}")
    np.savez(draft, **candles)
    draft.replace(path)


def synthetic() -> dict[str, np.ndarray]:
    """Return a market of BARS hours: the minutes of W1, called hours."""
    made = w.make_market(BARS, SEED)
    return {**made, "ts": w.START_MS + np.arange(BARS, dtype=np.int64) * HOUR_MS}


def resample(candles: dict[str, np.ndarray], hours_each: int) -> dict[str, np.ndarray]:
    """Return longer bars; a bar of which hours are missing is made of those there are."""
    bucket = candles["ts"] // (hours_each * HOUR_MS)
    starts = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    ends = np.append(starts[1:], len(bucket)) - 1
    return {
        "ts": bucket[starts] * (hours_each * HOUR_MS),
        "open": candles["open"][starts],
        "high": np.maximum.reduceat(candles["high"], starts),
        "low": np.minimum.reduceat(candles["low"], starts),
        "close": candles["close"][ends],
        "volume": np.add.reduceat(candles["volume"], starts),
    }


def borders(ts: np.ndarray) -> list[int]:
    """Return the FOLDS + 1 borders of the tests in ms, at midnight; the first ends the training."""
    first, last = int(ts[0]) // DAY_MS, -(-(int(ts[-1]) + 1) // DAY_MS)
    test = (last - first) // (FOLDS + TRAIN_PER_TEST)
    return [(last - (FOLDS - k) * test) * DAY_MS for k in range(FOLDS + 1)]


def units(candles: dict[str, np.ndarray]) -> int:
    """Return the bars that all trainings and tests walk: the work of the job."""
    total = 0
    for hours_each in TIMEFRAMES.values():
        ts = resample(candles, hours_each)["ts"]
        edges = np.searchsorted(ts, borders(candles["ts"]))
        trainings = int(edges[:-1].sum()) * len(PAIRS)
        total += len(SCENARIOS) * (trainings + int(edges[-1] - edges[0]))
    return total
