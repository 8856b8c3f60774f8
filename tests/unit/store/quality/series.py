"""Small series for the tests of quality, and the shared files as bars."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
from tests.data import SHARED

from ballast.core.bars import Bars
from ballast.core.rng import stream
from ballast.core.time import Timeframe, parse_ms

if TYPE_CHECKING:
    from numpy.typing import NDArray

START = parse_ms("2024-01-01")


def walk(count: int = 500, timeframe: str = "1h", *, seed: int = 1, name: str = "V-S") -> Bars:
    """Return a calm, faultless walk around 100 on the 0.01 grid."""
    frame = Timeframe.parse(timeframe)
    venue, symbol = name.split("-")
    random = stream(seed, "walk")
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.002, count))), 2)
    open_ = np.concatenate(([100.0], close[:-1]))
    high = np.round(np.maximum(open_, close) * (1 + random.uniform(0, 0.002, count)) + 0.005, 2)
    low = np.round(np.minimum(open_, close) * (1 - random.uniform(0, 0.002, count)) - 0.005, 2)
    volume = np.round(random.uniform(50, 150, count), 3)
    columns = {"open": open_, "high": high, "low": low, "close": close, "volume": volume}
    return Bars.of(venue, symbol, frame, START + np.arange(count) * frame.ms, columns)


def put(bars: Bars, **cells: dict[int, float]) -> Bars:
    """Return the bars with single cells changed: `put(bars, close={3: 101.0})`."""
    changed: dict[str, Any] = {}
    for name, values in cells.items():
        column = getattr(bars, name).copy()
        for row, value in values.items():
            column[row] = value
        changed[name] = column
    return replace(bars, **changed)


def take(bars: Bars, rows: NDArray[Any]) -> Bars:
    """Return the given rows, in the given order, unchecked."""
    names = ("ts", "open", "high", "low", "close", "volume", "flags")
    return replace(bars, **{name: getattr(bars, name)[rows] for name in names})


def drop(bars: Bars, *rows: int | slice) -> Bars:
    """Return the bars without some rows."""
    keep = np.ones(len(bars), np.bool_)
    for row in rows:
        keep[row] = False
    return take(bars, np.flatnonzero(keep))


def shared(path: str) -> Bars:
    """Read `folder/VENUE-SYMBOL-TIMEFRAME[-more].parquet` of the shared data."""
    table = pq.read_table(SHARED / f"{path}.parquet")
    columns = {name: table[name].to_numpy() for name in table.column_names}
    columns.setdefault("volume", np.zeros(len(table)))
    name = path.rpartition("/")[2].replace("-mark", ".mark")
    venue, symbol, timeframe = name.split("-")[:3]
    return Bars.of(venue, symbol, Timeframe.parse(timeframe), columns.pop("ts"), columns)
