"""The candle store: bars on disk that can be trusted, read in milliseconds.

    candles/VENUE/SYMBOL/TIMEFRAME/2024-01.parquet   the truth, one file a month
                                   manifest.json     what the files hold (can be made again)
    cache/VENUE/SYMBOL/TIMEFRAME.bars                memory-mapped columns (can be made again)

Invariants: a file is replaced, never edited; a kill at any moment leaves every month readable, old
or new; two writers of a series wait for one another; a reader never waits for a writer that is only
staging; nothing is filled, dropped or sorted in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import DataError, UserError
from ballast.core.time import Timeframe
from ballast.store.batch import Batch, SeriesKey, loaded_or_new, series_lock
from ballast.store.cache import DEFAULT_BYTES, BarCache
from ballast.store.disk import Disk, replace_file
from ballast.store.manifest import (
    FILE_NAME,
    Manifest,
    dump_manifest,
    is_current,
    is_series,
    load_manifest,
    repair,
)
from ballast.store.merge import WriteReport, merge
from ballast.store.months import STORED, decode_month, join, no_bars
from ballast.store.symbols import find_symbol, folder_name, folder_text, same_market, venue_name

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.bars import Bars

READ_ATTEMPTS = 5
"""Reads overtaken by a commit before giving up: each commit of a series needs its lock."""


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """What the store holds of one series; `missing` counts bars absent between first and last.

    `problem` is the one line that says why a damaged series cannot be described.
    """

    venue: str
    symbol: str
    timeframe: Timeframe
    rows: int = 0
    first_ms: int = 0
    last_ms: int = 0
    missing: int = 0
    bytes: int = 0
    months: int = 0
    problem: str = ""


class CandleStore:
    """Candles under the data folder `root`; the folder is made by the first write."""

    def __init__(
        self, root: Path, *, cache_bytes: int = DEFAULT_BYTES, disk: Disk | None = None
    ) -> None:
        self.root = root
        self._disk = disk or Disk()
        self._folder = root / "candles"
        self._cache = BarCache(root / "cache", cache_bytes, self._disk)

    def write(self, bars: Bars, *, revise: bool = True) -> WriteReport:
        """Merge bars into their series; the new bar wins, and every change is counted.

        With `revise=False` a bar that differs from the stored one is a `DataError` and nothing is
        written. Equal bars are left alone.
        """
        with self.batch() as batch:
            report = batch.add(self.key_of(bars), bars, revise=revise)
            batch.commit()
        return report

    def preview(self, bars: Bars) -> WriteReport:
        """Return what `write` would report; nothing is changed or locked."""
        key = self.key_of(bars)
        old = no_bars(key.venue, key.symbol, key.timeframe)
        if len(bars) and is_series(key.folder):
            span = int(bars.ts[0]), int(bars.ts[-1]) + 1
            old = self.read(key.venue, key.symbol, key.timeframe, *span)
        return merge(old, bars)[1]

    def batch(self) -> Batch:
        """Return a batch to write several series as one act."""
        return Batch(self._disk)

    def key_of(self, bars: Bars) -> SeriesKey:
        """Return where bars belong: under the known spelling of their market, or their own."""
        venue = venue_name(bars.venue)
        symbol = same_market(bars.symbol, self._symbols(venue)) or bars.symbol
        return self._key(venue, symbol, bars.timeframe)

    def read(
        self,
        venue: str,
        symbol: str,
        timeframe: Timeframe,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> Bars:
        """Return the bars with open time in `[from_ms, to_ms)`: read-only views, nothing copied.

        The symbol may be written in any spelling; the bars carry the stored one. Raise `DataError`
        for an unknown series, a damaged file or a lost month.
        """
        key = self._find(venue, symbol, timeframe)
        for _ in range(READ_ATTEMPTS):
            manifest = self._manifest(key)
            content = manifest.content
            bars = self._cache.open(key.venue, key.symbol, timeframe, content)
            bars = bars or self._load(key, manifest)
            if bars is not None:
                return bars.period(from_ms, to_ms)
        raise DataError("the series changes faster than it can be read", where=str(key.folder))

    def has(self, venue: str, symbol: str, timeframe: Timeframe) -> bool:
        """Say whether the store holds bars of this series."""
        try:
            self._find(venue, symbol, timeframe)
        except DataError:
            return False
        return True

    def series(self) -> list[SeriesInfo]:
        """List all series that hold bars, by venue, symbol and length of bar."""
        found = [self._info(key) for key in self._keys()]
        return sorted(found, key=lambda info: (info.venue, info.symbol, info.timeframe))

    def info(self, venue: str, symbol: str, timeframe: Timeframe) -> SeriesInfo:
        """Describe one series; raise `DataError` if it is unknown."""
        return self._info(self._find(venue, symbol, timeframe))

    def verify(self, venue: str, symbol: str, timeframe: Timeframe) -> int:
        """Read every month file and compare it with its checksum; return the bars read."""
        key = self._find(venue, symbol, timeframe)
        manifest = self._manifest(key)
        return sum(
            len(decode_month(key.folder / f"{month}.parquet", key.venue, key.symbol, timeframe))
            for month in manifest.months
        )

    def _key(self, venue: str, symbol: str, timeframe: Timeframe) -> SeriesKey:
        folder = self._folder / folder_name(venue) / folder_name(symbol) / str(timeframe)
        return SeriesKey(folder, venue, symbol, timeframe)

    def _symbols(self, venue: str) -> list[str]:
        return _children(self._folder / folder_name(venue))

    def _find(self, venue: str, symbol: str, timeframe: Timeframe) -> SeriesKey:
        """Return the stored series that is meant; raise `DataError` with what there is instead."""
        venue = venue_name(venue)
        exact = self._key(venue, symbol, timeframe)
        if is_series(exact.folder):
            return exact
        venues = _children(self._folder)
        if venue not in venues:
            raise DataError(
                f"no data for the venue '{venue}'",
                where=str(self.root),
                expected=" or ".join(venues) if venues else "",
                fix="bring data in with `ballast data import` or `ballast data download`",
            )
        known = find_symbol(symbol, self._symbols(venue), where=f"{self.root} {venue}")
        key = self._key(venue, known, timeframe)
        if not is_series(key.folder):
            raise DataError(
                f"no {timeframe} bars of {known}",
                where=f"{self.root} {venue}",
                expected=" or ".join(_children(key.folder.parent)),
                fix="`ballast data resample` makes longer bars from shorter ones",
            )
        return key

    def _keys(self) -> list[SeriesKey]:
        return [
            self._key(venue, symbol, timeframe)
            for venue in _children(self._folder)
            for symbol in self._symbols(venue)
            for timeframe in _timeframes(self._folder / folder_name(venue) / folder_name(symbol))
        ]

    def _info(self, key: SeriesKey) -> SeriesInfo:
        try:
            manifest = self._manifest(key)
        except DataError as error:
            return SeriesInfo(key.venue, key.symbol, key.timeframe, problem=error.line())
        months = [manifest.months[month] for month in sorted(manifest.months)]
        first, last = months[0].first_ms, months[-1].last_ms
        return SeriesInfo(
            venue=key.venue,
            symbol=key.symbol,
            timeframe=key.timeframe,
            rows=manifest.rows,
            first_ms=first,
            last_ms=last,
            missing=max((last - first) // key.timeframe.ms + 1 - manifest.rows, 0),
            bytes=sum(entry.bytes for entry in months),
            months=len(months),
        )

    def _manifest(self, key: SeriesKey) -> Manifest:
        """Return a manifest that agrees with the files, repairing it if a write was interrupted."""
        manifest = load_manifest(key.folder)
        if manifest is not None and is_current(manifest, key.folder):
            return manifest
        try:
            lock = series_lock(key.folder)
        except OSError:  # a folder we may only read: repair in memory
            return _repaired(key)
        try:
            manifest = _repaired(key)
            if manifest != load_manifest(key.folder):
                replace_file(self._disk, key.folder / FILE_NAME, (dump_manifest(manifest),))
        finally:
            lock.release()
        return manifest

    def _load(self, key: SeriesKey, manifest: Manifest) -> Bars | None:
        """Read the month files and cache them; None if a commit overtook us."""
        parts = []
        for month in sorted(manifest.months):
            entry, path = manifest.months[month], key.folder / f"{month}.parquet"
            try:
                before = path.stat()
                part = decode_month(path, key.venue, key.symbol, key.timeframe)
            except FileNotFoundError:
                return None
            if not entry.agrees(before) or not entry.agrees(path.stat()):
                return None
            parts.append(part)
        bars = join(parts) if parts else no_bars(key.venue, key.symbol, key.timeframe)
        cached = self._cache.put(bars, manifest.content)
        if cached is not None:
            return cached
        for name in STORED:
            getattr(bars, name).setflags(write=False)
        return bars


def _repaired(key: SeriesKey) -> Manifest:
    manifest, lost = repair(loaded_or_new(key), key.folder)
    if lost:
        raise DataError(
            f"the month file of {', '.join(lost)} is gone",
            where=str(key.folder),
            fix="restore it, or import or download that month again",
        )
    if not manifest.months:
        raise DataError("the series holds no bars", where=str(key.folder))
    return manifest


def _children(folder: Path) -> list[str]:
    """Return the decoded names of the folders inside `folder`; none if it does not exist."""
    if not folder.is_dir():
        return []
    return sorted(folder_text(path.name) for path in folder.iterdir() if path.is_dir())


def _timeframes(folder: Path) -> list[Timeframe]:
    """Return the timeframes of a symbol; an empty or oddly named folder is no series."""
    found = []
    for name in _children(folder):
        try:
            timeframe = Timeframe.parse(name)
        except UserError:
            continue
        if is_series(folder / name):
            found.append(timeframe)
    return found
