"""Bars: one symbol's candles as columns.

Columns are contiguous, read-only numpy arrays of one length: `ts` int64 milliseconds UTC (open
time), `open high low close volume` float64 (volume in base units), `flags` uint8. They may be views
of a memory-mapped file: nothing here copies without being asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.core.time import Timeframe, format_ms

if TYPE_CHECKING:
    from numpy.typing import NDArray

SYNTHETIC = np.uint8(1)
"""The bar was made to stand for a missing one (V = 0): nothing fills on it, no signal is read."""
SEGMENT_END = np.uint8(2)
"""Last bar before a gap that no position may be carried over."""

PRICE_COLUMNS = ("open", "high", "low", "close")
COLUMNS = ("ts", *PRICE_COLUMNS, "volume")


@dataclass(frozen=True, slots=True)
class Bars:
    """Candles of one symbol of one venue, in time order, unique; gaps are allowed and visible."""

    venue: str
    symbol: str
    timeframe: Timeframe
    ts: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    flags: NDArray[np.uint8]

    @staticmethod
    def of(
        venue: str,
        symbol: str,
        timeframe: Timeframe,
        ts: NDArray[np.int64],
        columns: dict[str, NDArray[np.float64]],
        flags: NDArray[np.uint8] | None = None,
    ) -> Bars:
        """Build from a dict with open, high, low, close, volume; raise `DataError` on bad shape."""
        stamps = np.ascontiguousarray(ts, dtype=np.int64)
        o, h, l, c, v = (np.ascontiguousarray(columns[name], np.float64) for name in COLUMNS[1:])
        marks = np.zeros(len(ts), np.uint8) if flags is None else flags
        bars = Bars(venue, symbol, timeframe, stamps, o, h, l, c, v, marks)
        bars.check_shape()
        return bars

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.ts)

    @property
    def name(self) -> str:
        """`VENUE-SYMBOL-TIMEFRAME`, as in file names."""
        return f"{self.venue}-{self.symbol}-{self.timeframe}"

    def check_shape(self) -> None:
        """Raise `DataError` unless all columns have one length and time strictly rises."""
        if any(len(getattr(self, name)) != len(self.ts) for name in COLUMNS):
            raise DataError("columns differ in length", where=self.name)
        steps = np.diff(self.ts)
        if len(steps) and int(steps.min()) <= 0:
            row = int(np.argmin(steps > 0)) + 1
            word = "repeats" if steps[row - 1] == 0 else "goes back"
            raise DataError(
                f"time {word} at row {row} ({format_ms(int(self.ts[row]))})",
                where=self.name,
                expected="open times that strictly rise",
                fix="import the file again with `ballast data import`, which sorts and reports",
            )

    def slice(self, start: int, stop: int) -> Bars:
        """Return rows `start:stop` as views."""
        columns = {name: getattr(self, name)[start:stop] for name in (*COLUMNS, "flags")}
        return replace(self, **columns)

    def period(self, from_ms: int | None, to_ms: int | None) -> Bars:
        """Return the bars whose open time is in `[from_ms, to_ms)`, as views."""
        start = 0 if from_ms is None else int(np.searchsorted(self.ts, from_ms, side="left"))
        stop = len(self) if to_ms is None else int(np.searchsorted(self.ts, to_ms, side="left"))
        return self.slice(start, max(start, stop))

    def with_flags(self, flags: NDArray[np.uint8]) -> Bars:
        """Return the same bars with other flags."""
        return replace(self, flags=flags)

    def fingerprint(self) -> str:
        """Return a hash of name and content: two runs on equal bytes share it, no others do."""
        digest = hashlib.blake2b(self.name.encode(), digest_size=16)
        for name in (*COLUMNS, "flags"):
            digest.update(np.ascontiguousarray(getattr(self, name)).data)
        return digest.hexdigest()
