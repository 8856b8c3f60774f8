"""A batch: many series written as one act, staged first and put in place at the end.

Everything slow (reading, merging, encoding, syncing) happens while the store still shows its old
state; `commit` is then a series of renames. Leaving the batch without a commit, by an error or by
Ctrl-C, leaves the store as it was. Killed during the commit, each month file is either the old or
the new one and the manifest is repaired by the next reader.

A batch holds the lock of every series it touched until it ends. To add series in the order of their
names keeps two batches from waiting for each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from filelock import FileLock, Timeout

from ballast.core.bars import COLUMNS, Bars
from ballast.core.errors import DataError
from ballast.core.time import Timeframe, format_ms
from ballast.store.disk import (
    Disk,
    clean_temps,
    discard,
    disk_errors,
    ensure_folder,
    stage,
)
from ballast.store.manifest import (
    FILE_NAME,
    Manifest,
    dump_manifest,
    load_manifest,
    month_entry,
    repair,
)
from ballast.store.merge import WriteReport, merge
from ballast.store.months import decode_month, encode_month, no_bars, split_months

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

LOCK_SECONDS = 120.0
"""Longer than the slowest staging of one series seen, short enough for a person to wait."""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Where a series lives and what it is called."""

    folder: Path
    venue: str
    symbol: str
    timeframe: Timeframe


@dataclass(slots=True)
class _Pending:
    """A series inside a batch: its lock, its manifest to be, its staged files."""

    key: SeriesKey
    lock: FileLock
    manifest: Manifest
    lost: tuple[str, ...]
    staged: dict[str, Path] = field(default_factory=dict)
    book: Path | None = None


def series_lock(folder: Path, seconds: float = LOCK_SECONDS) -> FileLock:
    """Take the lock of a series folder; raise `DataError` if another process keeps it."""
    lock = FileLock(str(folder / ".lock"), timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        raise DataError(
            "another process is writing this series", where=str(folder), fix="try again later"
        ) from None
    return lock


def loaded_or_new(key: SeriesKey) -> Manifest:
    """Return the manifest of a series, or an empty one to be repaired from the files."""
    return load_manifest(key.folder) or Manifest(key.venue, key.symbol, str(key.timeframe), {})


class Batch:
    """Stages bars of any number of series; use as a context manager and call `commit`."""

    def __init__(self, disk: Disk, lock_seconds: float = LOCK_SECONDS) -> None:
        self._disk = disk
        self._lock_seconds = lock_seconds
        self._pending: dict[Path, _Pending] = {}

    def __enter__(self) -> Self:
        """Start the batch."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Throw away what was not committed and release the locks."""
        for pending in self._pending.values():
            discard(self._disk, [*pending.staged.values(), *filter(None, [pending.book])])
            pending.lock.release()
        self._pending.clear()

    def add(self, key: SeriesKey, bars: Bars, *, revise: bool = True) -> WriteReport:
        """Stage bars of one series; raise `DataError` on bad bars or a forbidden revision."""
        _check(bars)
        with disk_errors(key.folder):
            pending = self._open(key)
            report = WriteReport(key.venue, key.symbol, str(key.timeframe), lost=pending.lost)
            for month, part in split_months(bars):
                report = report.plus(self._stage_month(pending, month, part, revise=revise))
            pending.lost = ()
        return report

    def commit(self) -> None:
        """Put everything staged in place: month files, then the manifest, series by series.

        The manifests are staged first, so that a full disk is noticed before anything changes.
        """
        changed = [pending for pending in self._pending.values() if pending.staged]
        for pending in changed:
            path = pending.key.folder / FILE_NAME
            with disk_errors(path):
                pending.book = stage(self._disk, path, (dump_manifest(pending.manifest),))
        for pending in changed:
            with disk_errors(pending.key.folder):
                self._put_in_place(pending)

    def _put_in_place(self, pending: _Pending) -> None:
        folder = pending.key.folder
        for month in sorted(pending.staged):
            self._disk.replace(pending.staged[month], folder / f"{month}.parquet")
        self._disk.sync(folder)
        if pending.book is not None:
            self._disk.replace(pending.book, folder / FILE_NAME)
        self._disk.sync(folder)
        pending.staged.clear()
        pending.book = None

    def _open(self, key: SeriesKey) -> _Pending:
        known = self._pending.get(key.folder)
        if known is not None:
            return known
        ensure_folder(self._disk, key.folder)
        lock = series_lock(key.folder, self._lock_seconds)
        try:
            clean_temps(self._disk, key.folder)
            manifest, lost = repair(loaded_or_new(key), key.folder)
        except BaseException:
            lock.release()
            raise
        pending = _Pending(key, lock, manifest, lost)
        self._pending[key.folder] = pending
        return pending

    def _stage_month(
        self, pending: _Pending, month: str, part: Bars, *, revise: bool
    ) -> WriteReport:
        key = pending.key
        part = replace(part, venue=key.venue, symbol=key.symbol)
        final = key.folder / f"{month}.parquet"
        current = pending.staged.get(month)
        if month in pending.manifest.months:
            old = decode_month(current or final, key.venue, key.symbol, key.timeframe)
        else:
            old = no_bars(key.venue, key.symbol, key.timeframe)
        merged, report = merge(old, part)
        if report.revised and not revise:
            raise DataError(
                f"{report.revised} stored bars of {month} would change, "
                f"first at {format_ms(report.examples[0].ts)}",
                where=part.name,
                fix="let the new bars win: import without --strict, resample with --force",
            )
        if not report.inserted and not report.revised:
            return report
        temp = stage(self._disk, final, (encode_month(merged),))
        pending.staged[month] = temp
        if current is not None:
            discard(self._disk, [current])
        entry = month_entry(merged, temp.stat())
        pending.manifest.months[month] = entry
        return report


def _check(bars: Bars) -> None:
    """Refuse bars that no reader could use; finer judgement is the quality checks' work."""
    bars.check_shape()
    for name in COLUMNS[1:]:
        column = getattr(bars, name)
        if not np.isfinite(column).all():
            row = int(np.argmin(np.isfinite(column)))
            raise DataError(
                f"{name} is not a number at {format_ms(int(bars.ts[row]))}", where=bars.name
            )
