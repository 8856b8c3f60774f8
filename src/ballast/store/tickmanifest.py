"""The manifest of recorded market data: what each day file holds, and what each import counted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from ballast.core.errors import DataError
from ballast.core.marketdata import Grid, Row
from ballast.core.time import format_ms
from ballast.store.manifest import FILE_NAME
from ballast.store.tickfile import KINDS

if TYPE_CHECKING:
    from os import stat_result
    from pathlib import Path

FORMAT = 1
_MS = 1_000_000


class DayEntry(msgspec.Struct, frozen=True):
    """One day file: its rows, span, checksum, size and time."""

    rows: int
    first_ns: int
    last_ns: int
    checksum: str
    bytes: int
    mtime_ns: int

    def agrees(self, stat: stat_result) -> bool:
        """Say whether the file on disk is the one this entry was made from."""
        return self.bytes == stat.st_size and self.mtime_ns == stat.st_mtime_ns


class Recording(msgspec.Struct, frozen=True):
    """What one import wrote: its span of receipt, and the counts of its quality report."""

    first_ns: int
    last_ns: int
    numbers: dict[str, int]

    @property
    def span(self) -> str:
        """Print from when to when."""
        return f"{format_ms(self.first_ns // _MS)} to {format_ms(self.last_ns // _MS)}"

    def within(self, other: Recording) -> bool:
        """Say whether all of this one lies in the span of another."""
        return other.first_ns <= self.first_ns and self.last_ns <= other.last_ns

    def overlaps(self, other: Recording) -> bool:
        """Say whether the spans have a moment in common."""
        return self.first_ns <= other.last_ns and other.first_ns <= self.last_ns


class TickManifest(msgspec.Struct, frozen=True):
    """All files of one symbol by `books/2024-08-08`, the grid they count in, the recordings."""

    venue: str
    symbol: str
    tick: str
    lot: str
    days: dict[str, DayEntry]
    recordings: list[Recording]
    format: int = FORMAT

    @property
    def grid(self) -> Grid:
        """Return what prices and quantities are counted in."""
        return Grid(Decimal(self.tick), Decimal(self.lot))

    def rows(self, kind: Row) -> int:
        """Count the rows of a kind."""
        prefix = f"{KINDS[kind]}/"
        return sum(entry.rows for name, entry in self.days.items() if name.startswith(prefix))


def load_ticks(folder: Path) -> TickManifest | None:
    """Read the manifest of a symbol; None if there is none, `DataError` if it is damaged."""
    path = folder / FILE_NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=TickManifest)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataError(
            f"the manifest is damaged: {error}",
            where=str(path),
            fix="delete the folder and import the recordings again",
        ) from None
    if manifest.format > FORMAT:
        raise DataError(
            f"written by a newer Ballast (format {manifest.format})",
            where=str(path),
            fix="update Ballast",
        )
    return manifest


def dump_ticks(manifest: TickManifest) -> bytes:
    """Return the bytes of the manifest file, readable by a person."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1)
