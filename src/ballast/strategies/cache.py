"""The column cache: every distinct expression on the same data is computed once.

A key is (data, expression with its numbers taken out, the numbers): two strategies that both say
`ema(close, 9)` share one column, and so do all combinations of a sweep. Bounded in bytes; the least
recently used column goes first. Columns are read-only.

Safe between threads when it is given a lock (this room starts no threads and therefore makes
none); two threads may then compute the same column at the same time, which costs time, not truth.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ballast.strategies.frames import Frame, frames_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ballast.core.bars import Bars

Column = NDArray[Any]  # float64 of a series, or uint8 of a condition
BUDGET_BYTES = 384 * 1024 * 1024
"""Default bound: two workers and the store's cache together stay under 1 GB."""
BUFFERS_MAX = 32
"""Scratch buffers kept: more than the conditions of any one formula."""
SERIES_MAX = 256
"""Series whose frames are remembered: the symbols of one run, several times over."""


class ColumnCache:
    """Columns by content, least recently used first out. `hits` and `misses` count look-ups."""

    def __init__(
        self,
        budget_bytes: int = BUDGET_BYTES,
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        assert budget_bytes >= 0
        self.budget_bytes = budget_bytes
        self.used_bytes = 0
        self.hits = 0
        self.misses = 0
        self._lock = lock if lock is not None else nullcontext()
        self._columns: dict[Hashable, Column] = {}
        self._buffers: list[NDArray[np.uint8]] = []
        self._frames: dict[int, tuple[Bars, tuple[Frame, ...]]] = {}

    def get(self, key: Hashable) -> Column | None:
        """Return a column, and mark it as recently used."""
        with self._lock:
            column = self._columns.pop(key, None)
            if column is None:
                self.misses += 1
                return None
            self.hits += 1
            self._columns[key] = column
            return column

    def holds(self, key: Hashable) -> bool:
        """Whether a column is there; this is no look-up and does not make it recently used."""
        with self._lock:
            return key in self._columns

    def put(self, key: Hashable, column: Column) -> None:
        """Keep a column; make room for it. A column larger than the bound is not kept."""
        size = column.nbytes
        if size > self.budget_bytes:
            return
        with self._lock:
            before = self._columns.pop(key, None)
            if before is not None:
                self.used_bytes -= before.nbytes
            while self.used_bytes + size > self.budget_bytes:
                oldest = next(iter(self._columns))
                self.used_bytes -= self._columns.pop(oldest).nbytes
            self._columns[key] = column
            self.used_bytes += size

    def borrow(self, size: int) -> NDArray[np.uint8]:
        """Return a buffer of `size` bytes with any content: one given back, or a new one."""
        with self._lock:
            if self._buffers and self._buffers[-1].size == size:
                return self._buffers.pop()
        return np.empty(size, np.uint8)

    def give_back(self, buffers: list[NDArray[np.uint8]]) -> None:
        """Take buffers for the next evaluation; of another size, or too many, they are let go."""
        with self._lock:
            if buffers and self._buffers and self._buffers[-1].size != buffers[0].size:
                self._buffers.clear()
            self._buffers.extend(buffers[: BUFFERS_MAX - len(self._buffers)])

    def frames(self, bars: Bars) -> tuple[Frame, ...]:
        """Return the segments of `bars`, fingerprinted once for the life of the object."""
        with self._lock:
            known = self._frames.get(id(bars))
        if known is not None and known[0] is bars:
            return known[1]
        frames = frames_of(bars, bars.fingerprint())
        with self._lock:
            if len(self._frames) >= SERIES_MAX:
                self._frames.pop(next(iter(self._frames)))
            self._frames[id(bars)] = (bars, frames)
        return frames

    def __len__(self) -> int:
        """Count the columns held."""
        return len(self._columns)


class OneRun(ColumnCache):
    """The cache of a single evaluation: nothing is hashed, everything goes with the run."""

    def __init__(self, lock: AbstractContextManager[Any] | None = None) -> None:
        super().__init__(1 << 62, lock)

    def frames(self, bars: Bars) -> tuple[Frame, ...]:
        """Return the segments of `bars`, known by identity: this run has one object a series."""
        known = self._frames.get(id(bars))
        if known is None:
            known = (bars, frames_of(bars, f"{id(bars)}"))
            self._frames[id(bars)] = known
        return known[1]
