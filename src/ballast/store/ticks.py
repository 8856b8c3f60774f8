"""Ticks: recorded books, trades and quotes of a symbol, a file a kind and day, and their manifest.

    ticks/VENUE/SYMBOL/manifest.json
    ticks/VENUE/SYMBOL/books/2024-08-08.parquet      trades/...      quotes/...

What is written is a *recording*: everything received from its first row to its last. A recording
replaces stored ones that lie inside its span, and is refused if it overlaps one in part: two halves
of two books make no book. Everything is staged first; then files and manifest change places.

The manifest keeps each file's rows, span, checksum, size and time, and the counts of every
recording: gaps, faults, checksums. A file that does not agree with it is not read.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.store.batch import series_lock
from ballast.store.disk import Disk, clean_temps, discard, disk_errors, ensure_folder, stage
from ballast.store.manifest import FILE_NAME
from ballast.store.symbols import (
    find_symbol,
    folder_name,
    folder_text,
    meant_symbol,
    same_market,
    venue_name,
)
from ballast.store.tickfile import KINDS, DayWriter, by_day, day_rows, verify_day
from ballast.store.tickmanifest import DayEntry, Recording, TickManifest, dump_ticks, load_ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from ballast.core.marketdata import Grid, Row
    from ballast.store.tickfile import Rows


@dataclass(frozen=True, slots=True)
class TickReport:
    """What a write did: rows by kind, day files written, recordings replaced."""

    venue: str
    symbol: str
    rows: dict[str, int]
    files: int
    replaced: int


@dataclass(slots=True)
class _Staging:
    """New files on their way: writers of days still open, temporary files of those done."""

    open: dict[str, tuple[str, DayWriter]] = field(default_factory=dict)
    staged: dict[str, tuple[Path, DayEntry]] = field(default_factory=dict)


class TickStore:
    """Recorded market data under the data folder `root`."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._folder = root / "ticks"
        self._disk = disk or Disk()

    def write(
        self,
        venue: str,
        symbol: str,
        grid: Grid,
        batches: Iterable[Rows],
        numbers: Callable[[], dict[str, int]] = dict,
    ) -> TickReport:
        """Store rows of a replay, in the order of receipt, as one recording; atomic.

        `numbers` is asked for the counts to keep once the batches are read. Raises `DataError` if
        the series counts in another grid, or a stored recording overlaps in part.
        """
        venue = venue_name(venue)
        symbol = same_market(symbol, self.symbols(venue)) or symbol
        folder = self._series(venue, symbol)
        with disk_errors(folder):
            ensure_folder(self._disk, folder)
        lock = series_lock(folder)
        staging = _Staging()
        try:
            for each in (folder, *(folder / name for name in KINDS.values())):
                clean_temps(self._disk, each)
            old = load_ticks(folder) or TickManifest(venue, symbol, "", "", {}, [])
            _check_grid(old, grid)
            rows = self._stage(folder, staging, batches)
            new = _recording(staging, numbers())
            return self._commit(folder, old, new, staging, grid, rows)
        finally:
            try:
                discard(self._disk, [temp for temp, _ in staging.staged.values()])
            finally:
                lock.release()

    def manifest(self, venue: str, symbol: str) -> TickManifest:
        """Return what is stored of a symbol; raise `DataError` if there is nothing."""
        venue = venue_name(venue)
        symbol = find_symbol(symbol, self.symbols(venue), where=f"recordings of {venue}")
        found = load_ticks(self._series(venue, symbol))
        if found is None:
            raise DataError("nothing is recorded", where=f"{venue}-{symbol}")
        return found

    def days(self, venue: str, symbol: str, kind: Row) -> list[Path]:
        """Return the day files of a kind in time order, each as the manifest knows it."""
        manifest = self.manifest(venue, symbol)
        folder = self._series(manifest.venue, manifest.symbol)
        found = []
        for name in sorted(manifest.days):
            if name.startswith(f"{KINDS[kind]}/"):
                path = folder / f"{name}.parquet"
                if not path.exists() or not manifest.days[name].agrees(path.stat()):
                    verify_day(path, kind)  # newer than the manifest, or damaged: this tells
                found.append(path)
        return found

    def rows(
        self, venue: str, symbol: str, kind: Row, from_ns: int | None = None,
        to_ns: int | None = None,
    ) -> Iterator[Rows]:  # fmt: skip
        """Yield the stored rows of a kind received in `[from_ns, to_ns)`, some 65,536 at a time."""
        for path in self.days(venue, symbol, kind):
            yield from (rows for rows in day_rows(path, kind, from_ns, to_ns) if len(rows))

    def verify(self, venue: str, symbol: str) -> int:
        """Read every day file and compare its checksum; return how many there are."""
        count = 0
        for kind in KINDS:
            for path in self.days(venue, symbol, kind):
                verify_day(path, kind)
                count += 1
        return count

    def venues(self) -> list[str]:
        """Return the venues with recordings."""
        return sorted(folder_text(path.name) for path in self._folder.glob("[!.]*"))

    def symbols(self, venue: str) -> list[str]:
        """Return the symbols of a venue with recordings."""
        folder = self._folder / folder_name(venue_name(venue))
        return sorted(folder_text(path.parent.name) for path in folder.glob(f"*/{FILE_NAME}"))

    def find(self, symbol: str, venue: str | None) -> TickManifest:
        """Return the one recorded symbol that is meant; raise `DataError` for none or several."""
        if venue is not None:
            return self.manifest(venue, symbol)
        found = [name for name in self.venues() if meant_symbol(symbol, self.symbols(name))]
        if len(found) != 1:
            what = (
                f"'{symbol}' is recorded of {', '.join(found)}"
                if found
                else (f"nothing is recorded of '{symbol}'")
            )
            fix = "give --venue" if found else "`ballast data books import` adds recordings"
            raise DataError(what, fix=fix)
        return self.manifest(found[0], symbol)

    def _series(self, venue: str, symbol: str) -> Path:
        return self._folder / folder_name(venue) / folder_name(symbol)

    def _stage(self, folder: Path, staging: _Staging, batches: Iterable[Rows]) -> dict[str, int]:
        """Write all rows into temporary day files; return how many there are of each kind."""
        counts = dict.fromkeys(KINDS.values(), 0)
        last_ns = 0
        for rows in batches:
            times = rows["received_ns"]
            if len(rows) and (int(times[0]) < last_ns or bool((np.diff(times) < 0).any())):
                raise DataError("rows are not in the order of receipt", where=str(folder))
            last_ns = int(times[-1]) if len(rows) else last_ns
            for kind, name in KINDS.items():
                of_kind = rows[rows["kind"] == kind]
                counts[name] += len(of_kind)
                for day, part in by_day(of_kind):
                    self._writer(folder, staging, name, day).add(part)
        for name in list(staging.open):
            self._close(folder, staging, name)
        return counts

    def _writer(self, folder: Path, staging: _Staging, name: str, day: str) -> DayWriter:
        known = staging.open.get(name)
        if known is not None and known[0] == day:
            return known[1]
        if known is not None:
            self._close(folder, staging, name)
        writer = DayWriter()
        staging.open[name] = (day, writer)
        return writer

    def _close(self, folder: Path, staging: _Staging, name: str) -> None:
        day, writer = staging.open.pop(name)
        self._put(folder, staging, f"{name}/{day}", writer)

    def _put(self, folder: Path, staging: _Staging, key: str, writer: DayWriter) -> None:
        data, checksum = writer.finish()
        path = folder / f"{key}.parquet"
        with disk_errors(path):
            ensure_folder(self._disk, path.parent)
            clean = path.with_name(f"{path.name}.new") if key in staging.staged else path
            temp = stage(self._disk, clean, (data,))
        stat = temp.stat()
        entry = DayEntry(
            writer.rows, writer.first_ns, writer.last_ns, checksum, stat.st_size, stat.st_mtime_ns
        )
        staging.staged[key] = (temp, entry)

    def _commit(
        self, folder: Path, old: TickManifest, new: Recording, staging: _Staging, grid: Grid,
        rows: dict[str, int],
    ) -> TickReport:  # fmt: skip
        kept = [each for each in old.recordings if not each.within(new)]
        for each in kept:
            if each.overlaps(new):
                raise DataError(
                    f"{new.span} overlaps the stored recording {each.span} in part",
                    where=f"{old.venue}-{old.symbol}",
                    fix="import all files of both at once",
                )
        days = dict(old.days)
        for key, entry in old.days.items():
            if entry.first_ns <= new.last_ns and new.first_ns <= entry.last_ns:
                self._merge(folder, staging, key, new)
                if key not in staging.staged:
                    del days[key]
            elif key in staging.staged:
                self._merge(folder, staging, key, new)
        days.update({key: entry for key, (_, entry) in staging.staged.items()})
        manifest = TickManifest(
            old.venue, old.symbol, f"{grid.tick:f}", f"{grid.lot:f}", days,
            sorted([*kept, new], key=lambda each: each.first_ns),
        )  # fmt: skip
        with disk_errors(folder):
            files = len(staging.staged)
            self._replace(folder, staging, manifest, sorted(old.days.keys() - days.keys()))
        replaced = len(old.recordings) - len(kept)
        return TickReport(old.venue, old.symbol, rows, files, replaced)

    def _merge(self, folder: Path, staging: _Staging, key: str, new: Recording) -> None:
        """Put what a stored day holds outside the new recording around its new rows."""
        kind = next(kind for kind, name in KINDS.items() if key.startswith(f"{name}/"))
        path, writer = folder / f"{key}.parquet", DayWriter()
        for rows in day_rows(path, kind, None, new.first_ns):
            writer.add(rows)
        fresh = staging.staged.get(key)
        for rows in day_rows(fresh[0], kind) if fresh is not None else ():
            writer.add(rows)
        for rows in day_rows(path, kind, new.last_ns + 1, None):
            writer.add(rows)
        if writer.rows:
            self._put(folder, staging, key, writer)
            if fresh is not None:
                discard(self._disk, [fresh[0]])

    def _replace(
        self, folder: Path, staging: _Staging, manifest: TickManifest, gone: list[str]
    ) -> None:
        book = stage(self._disk, folder / FILE_NAME, (dump_ticks(manifest),))
        with _discarding(self._disk, book):
            for key in sorted(staging.staged):
                temp, _ = staging.staged[key]
                self._disk.replace(temp, folder / f"{key}.parquet")
                self._disk.sync((folder / key).parent)
            self._disk.replace(book, folder / FILE_NAME)
            self._disk.sync(folder)
        for key in gone:
            self._disk.remove(folder / f"{key}.parquet")
        staging.staged.clear()


@contextmanager
def _discarding(disk: Disk, temp: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        discard(disk, [temp])
        raise


def _recording(staging: _Staging, numbers: dict[str, int]) -> Recording:
    entries = [entry for _, entry in staging.staged.values()]
    if not entries:
        raise DataError(
            "nothing to store: no book became live, and there is no trade and no quote",
            expected="a snapshot of the book before or among its changes",
            fix="import the files from the beginning of the recording on, all at once",
        )
    return Recording(
        min(entry.first_ns for entry in entries), max(entry.last_ns for entry in entries), numbers
    )


def _check_grid(manifest: TickManifest, grid: Grid) -> None:
    if manifest.tick and manifest.grid != grid:
        raise DataError(
            f"a tick of {grid.tick:f} and a lot of {grid.lot:f}",
            where=f"{manifest.venue}-{manifest.symbol}",
            expected=f"what is stored: --tick {manifest.tick} --lot {manifest.lot}",
            fix="give these, or if they are too coarse import everything again with finer ones",
        )
