"""The manifest of a series: what each month file holds, so that it need not be opened.

Besides rows, span and checksum an entry keeps the file's size and modification time. When those
differ from the file on disk, the file is read and the entry made again: a write that was killed
between the month file and the manifest repairs itself, and so does a lost or broken manifest.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from ballast.core.errors import DataError
from ballast.core.time import Timeframe
from ballast.store.months import checksum, decode_month

if TYPE_CHECKING:
    from os import stat_result
    from pathlib import Path

    from ballast.core.bars import Bars

FILE_NAME = "manifest.json"
FORMAT = 1


class MonthEntry(msgspec.Struct, frozen=True):
    """One month file: its rows, first and last open time, content checksum, size and mtime."""

    rows: int
    first_ms: int
    last_ms: int
    checksum: str
    bytes: int
    mtime_ns: int

    def agrees(self, stat: stat_result) -> bool:
        """Say whether the file on disk is the one this entry was made from."""
        return self.bytes == stat.st_size and self.mtime_ns == stat.st_mtime_ns


class Manifest(msgspec.Struct, frozen=True):
    """All month files of one series."""

    venue: str
    symbol: str
    timeframe: str
    months: dict[str, MonthEntry]
    format: int = FORMAT

    @property
    def content(self) -> str:
        """Return the hash of the whole series: the key of its cache file."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"{self.venue}|{self.symbol}|{self.timeframe}".encode())
        for month in sorted(self.months):
            digest.update(f"|{month}:{self.months[month].checksum}".encode())
        return digest.hexdigest()

    @property
    def rows(self) -> int:
        """Count the bars of all months."""
        return sum(entry.rows for entry in self.months.values())

    def length(self) -> Timeframe:
        """Return the timeframe."""
        return Timeframe.parse(self.timeframe)


def month_entry(bars: Bars, stat: stat_result) -> MonthEntry:
    """Describe a month file that holds `bars`."""
    return MonthEntry(
        rows=len(bars),
        first_ms=int(bars.ts[0]),
        last_ms=int(bars.ts[-1]),
        checksum=checksum(bars),
        bytes=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
    )


def load_manifest(folder: Path) -> Manifest | None:
    """Read the manifest; None if it is missing or broken, since it can be made again."""
    path = folder / FILE_NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    if manifest.format > FORMAT:
        raise DataError(
            f"written by a newer Ballast (store format {manifest.format})",
            where=str(path),
            fix="update Ballast",
        )
    return manifest


def dump_manifest(manifest: Manifest) -> bytes:
    """Return the bytes of the manifest file, readable by a person."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1)


def month_files(folder: Path) -> dict[str, Path]:
    """Return the month files of a series by month."""
    return {
        path.stem: path for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]-[01][0-9].parquet"))
    }


def is_series(folder: Path) -> bool:
    """Say whether a folder holds, or held, the month files of a series."""
    return (folder / FILE_NAME).exists() or bool(month_files(folder))


def is_current(manifest: Manifest, folder: Path) -> bool:
    """Say whether every entry agrees with its file and no file is unlisted."""
    files = month_files(folder)
    if files.keys() != manifest.months.keys():
        return False
    return all(manifest.months[month].agrees(path.stat()) for month, path in files.items())


def repair(manifest: Manifest, folder: Path) -> tuple[Manifest, tuple[str, ...]]:
    """Return the manifest that the files call for, and the months whose file is gone."""
    files = month_files(folder)
    months: dict[str, MonthEntry] = {}
    for month, path in files.items():
        stat = path.stat()
        entry = manifest.months.get(month)
        if entry is None or not entry.agrees(stat):
            bars = decode_month(path, manifest.venue, manifest.symbol, manifest.length())
            entry = month_entry(bars, stat)
        months[month] = entry
    lost = tuple(sorted(manifest.months.keys() - files.keys()))
    return msgspec.structs.replace(manifest, months=months), lost
