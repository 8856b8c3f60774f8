"""The memory-mapped cache: one file of plain columns per series, read without copying.

Layout: a 64-byte header (magic, rows, content hash), the columns one after another (eight-byte ones
first, so all are aligned), and the magic again, written last. A file that is short, of another
content or of another format is simply not there: the store rebuilds it from the month files. The
folder is bounded; the series read longest ago goes first (a read touches its file).
"""

from __future__ import annotations

import mmap
import os
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from ballast.core.bars import Bars
from ballast.store.disk import TEMP_SUFFIX, Disk, discard, ensure_folder, stage
from ballast.store.months import STORED, column_dtype
from ballast.store.symbols import folder_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ballast.core.time import Timeframe

DEFAULT_BYTES = 8 << 30
"""Room for about sixty five-year minute series; a setting changes it."""
_MAGIC = b"BALLAST1"
_HEADER = struct.Struct("<8sQ32s16x")
_SUFFIX = ".bars"


def _size(rows: int) -> int:
    width = sum(np.dtype(column_dtype(name)).itemsize for name in STORED)
    return _HEADER.size + rows * width + len(_MAGIC)


class BarCache:
    """Cache files under `folder`, at most `limit` bytes of them."""

    def __init__(self, folder: Path, limit: int = DEFAULT_BYTES, disk: Disk | None = None) -> None:
        self._folder = folder
        self._limit = limit
        self._disk = disk or Disk()

    def path(self, venue: str, symbol: str, timeframe: Timeframe) -> Path:
        """Return the cache file of a series."""
        return self._folder / folder_name(venue) / folder_name(symbol) / f"{timeframe}{_SUFFIX}"

    def open(self, venue: str, symbol: str, timeframe: Timeframe, content: str) -> Bars | None:
        """Map the cached series if its content hash is `content`; None otherwise."""
        path = self.path(venue, symbol, timeframe)
        try:
            with path.open("rb") as file:
                view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # missing, unreadable or empty
            return None
        if len(view) < _size(0) or view[-len(_MAGIC) :] != _MAGIC:
            return None
        magic, rows, key = _HEADER.unpack_from(view)
        if magic != _MAGIC or key != content.encode() or len(view) != _size(rows):
            return None
        columns: dict[str, Any] = {}
        offset = _HEADER.size
        for name in STORED:
            columns[name] = np.frombuffer(view, column_dtype(name), rows, offset)
            offset += columns[name].nbytes
        with suppress(OSError):
            os.utime(path)
        return Bars(venue, symbol, timeframe, **columns)

    def put(self, bars: Bars, content: str) -> Bars | None:
        """Cache `bars` and return them mapped; None when there is no room or no right to write."""
        size = _size(len(bars))
        if size > self._limit:
            return None
        path = self.path(bars.venue, bars.symbol, bars.timeframe)
        head = _HEADER.pack(_MAGIC, len(bars), content.encode())
        columns = (np.ascontiguousarray(getattr(bars, name)).data for name in STORED)
        try:
            ensure_folder(self._disk, path.parent)
            with FileLock(str(self._folder / ".lock"), timeout=0):
                self._make_room(size, path)
                temp = stage(self._disk, path, (head, *columns, _MAGIC))
                try:
                    self._disk.replace(temp, path)
                finally:
                    discard(self._disk, [temp])
        except (OSError, Timeout):
            return None
        return self.open(bars.venue, bars.symbol, bars.timeframe, content)

    def _files(self) -> Iterator[Path]:
        return self._folder.glob(f"*/*/*{_SUFFIX}")

    def _make_room(self, size: int, path: Path) -> None:
        """Remove leftovers, the old version, and the least recently read until `size` fits."""
        discard(self._disk, self._folder.glob(f"*/*/.*{TEMP_SUFFIX}"))
        files = [(other.stat().st_mtime_ns, other) for other in self._files() if other != path]
        used = sum(other.stat().st_size for _, other in files)
        for _, other in sorted(files):
            if used + size <= self._limit:
                break
            used -= other.stat().st_size
            discard(self._disk, [other])
