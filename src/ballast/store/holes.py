"""Known holes: which missing bars of a series the venue itself has confirmed not to have.

    holes/VENUE/SYMBOL/TIMEFRAME.json      [[from_ms, to_ms], ...] in time order, without overlap

A download asks twice for a missing bar and then never again; the file is the memory of that. To
delete it is safe: the venue is asked once more.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.store.batch import series_lock
from ballast.store.disk import Disk, disk_errors, ensure_folder, replace_file
from ballast.store.symbols import folder_name, venue_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ballast.core.time import Timeframe


class KnownHoles:
    """The confirmed holes of all series under the data folder `root`."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._folder = root / "holes"
        self._disk = disk or Disk()

    def known(self, venue: str, symbol: str, timeframe: Timeframe) -> list[tuple[int, int]]:
        """Return the confirmed spans `[from_ms, to_ms)` in time order, joined where they touch."""
        path = self._path(venue, symbol, timeframe)
        try:
            pairs = json.loads(path.read_bytes())
            return _joined([(int(low), int(high)) for low, high in pairs])
        except FileNotFoundError:
            return []
        except (ValueError, TypeError) as error:
            raise DataError(
                "not a list of spans", where=str(path), fix="delete it: the venue is asked again"
            ) from error

    def confirm(
        self, venue: str, symbol: str, timeframe: Timeframe, spans: Sequence[tuple[int, int]]
    ) -> None:
        """Add confirmed spans; atomic, and safe beside another process doing the same."""
        path = self._path(venue, symbol, timeframe)
        with disk_errors(path):
            ensure_folder(self._disk, path.parent)
        lock = series_lock(path.parent)
        try:
            joined = _joined([*self.known(venue, symbol, timeframe), *spans])
            replace_file(self._disk, path, (json.dumps(joined).encode(),))
        finally:
            lock.release()

    def _path(self, venue: str, symbol: str, timeframe: Timeframe) -> Path:
        folder = self._folder / folder_name(venue_name(venue)) / folder_name(symbol)
        return folder / f"{timeframe}.json"


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort spans and merge those that overlap or touch; drop empty ones."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(span for span in spans if span[0] < span[1]):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return joined
