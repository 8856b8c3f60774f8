"""Funding rates of perpetuals: one small Parquet file per venue and symbol.

    funding/VENUE/SYMBOL.parquet        at_ms, rate, mark (NaN where the source has none)

Funding paid at `at_ms` is position x mark price x rate; positive means that longs pay shorts. The
same rules hold as for candles: replaced in one step, merged row by row, every change counted, able
to prove its content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.core.records import FUNDING
from ballast.core.time import format_ms
from ballast.store.batch import series_lock
from ballast.store.disk import Disk, clean_temps, disk_errors, ensure_folder, replace_file
from ballast.store.sheets import encode_sheet, load_sheet
from ballast.store.symbols import (
    folder_name,
    folder_text,
    meant_symbol,
    same_market,
    venue_name,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ballast.core.bars import Bars


@dataclass(frozen=True, slots=True)
class FundingReport:
    """What a write did: settlements inserted, already there, changed."""

    venue: str
    symbol: str
    inserted: int
    unchanged: int
    revised: int


@dataclass(frozen=True, slots=True)
class FundingInfo:
    """What the store holds of one symbol's funding; `problem` says why it cannot be read."""

    venue: str
    symbol: str
    rows: int = 0
    first_ms: int = 0
    last_ms: int = 0
    problem: str = ""


class FundingStore:
    """Funding rates under the data folder `root`."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._folder = root / "funding"
        self._disk = disk or Disk()

    def write(
        self, venue: str, symbol: str, rows: NDArray[np.void], *, revise: bool = True
    ) -> FundingReport:
        """Merge `records.FUNDING` rows; the new row wins unless it only lacks the mark price.

        With `revise=False` a settlement that differs from the stored one is a `DataError`.
        """
        venue = venue_name(venue)
        symbol = same_market(symbol, self.symbols(venue)) or symbol
        _check(rows, f"{venue}-{symbol} funding")
        path = self._path(venue, symbol)
        with disk_errors(path):
            ensure_folder(self._disk, path.parent)
            lock = series_lock(path.parent)
        try:
            clean_temps(self._disk, path.parent)
            old = _load(path)
            merged, report = _merge(old, rows, venue, symbol)
            if report.revised and not revise:
                raise DataError(
                    f"{report.revised} stored settlements would change",
                    where=f"{venue}-{symbol} funding",
                    fix="import without --strict to let the new file win",
                )
            if report.inserted or report.revised:
                replace_file(self._disk, path, (encode_sheet(merged),))
        finally:
            lock.release()
        return report

    def read(
        self, venue: str, symbol: str, from_ms: int | None = None, to_ms: int | None = None
    ) -> NDArray[np.void]:
        """Return the settlements in `[from_ms, to_ms)` in time order, none if there are none."""
        venue = venue_name(venue)
        found = meant_symbol(symbol, self.symbols(venue), where=venue)
        if found is None:
            return np.empty(0, FUNDING)
        rows = _load(self._path(venue, found))
        low = np.iinfo(np.int64).min if from_ms is None else from_ms
        high = np.iinfo(np.int64).max if to_ms is None else to_ms
        return rows[(rows["at_ms"] >= low) & (rows["at_ms"] < high)]

    def symbols(self, venue: str) -> list[str]:
        """Return the symbols with funding of a venue."""
        folder = self._folder / folder_name(venue_name(venue))
        return sorted(folder_text(path.stem) for path in folder.glob("[!.]*.parquet"))

    def infos(self) -> list[FundingInfo]:
        """Describe the funding of every symbol."""
        if not self._folder.is_dir():
            return []
        venues = sorted(folder_text(path.name) for path in self._folder.iterdir() if path.is_dir())
        return [self._info(venue, symbol) for venue in venues for symbol in self.symbols(venue)]

    def _info(self, venue: str, symbol: str) -> FundingInfo:
        try:
            rows = _load(self._path(venue, symbol))
        except DataError as error:
            return FundingInfo(venue, symbol, problem=error.line())
        first, last = int(rows["at_ms"][0]), int(rows["at_ms"][-1])
        return FundingInfo(venue, symbol, len(rows), first, last)

    def _path(self, venue: str, symbol: str) -> Path:
        return self._folder / folder_name(venue) / f"{folder_name(symbol)}.parquet"


def fill_marks(rows: NDArray[np.void], marks: Bars) -> NDArray[np.void]:
    """Return the rows with missing mark prices taken from mark candles.

    The mark at a settlement is the open of the mark candle that begins then; where there is no such
    candle the mark stays NaN.
    """
    filled = rows.copy()
    at = np.minimum(np.searchsorted(marks.ts, rows["at_ms"]), max(len(marks) - 1, 0))
    if len(marks):
        known = (marks.ts[at] == rows["at_ms"]) & np.isnan(rows["mark"])
        filled["mark"][known] = marks.open[at][known]
    return filled


def _check(rows: NDArray[np.void], where: str) -> None:
    if rows.dtype != FUNDING:
        raise DataError("not funding rows", where=where, expected=str(FUNDING.names))
    if not np.isfinite(rows["rate"]).all():
        raise DataError("a rate is not a number", where=where)
    steps = np.diff(rows["at_ms"])
    if len(steps) and int(steps.min()) <= 0:
        row = int(np.argmax(steps <= 0)) + 1
        raise DataError(
            f"time repeats or goes back at {format_ms(int(rows['at_ms'][row]))}", where=where
        )


def _merge(
    old: NDArray[np.void], new: NDArray[np.void], venue: str, symbol: str
) -> tuple[NDArray[np.void], FundingReport]:
    at = np.minimum(np.searchsorted(old["at_ms"], new["at_ms"]), max(len(old) - 1, 0))
    known = old["at_ms"][at] == new["at_ms"] if len(old) else np.zeros(len(new), bool)
    new = new.copy()
    lacks = known.copy()
    lacks[known] = np.isnan(new["mark"][known])
    new["mark"][lacks] = old["mark"][at[lacks]]
    changed = np.zeros(len(new), bool)
    for name in ("rate", "mark"):
        before, after = old[name][at[known]], new[name][known]
        changed[known] |= (before != after) & ~(np.isnan(before) & np.isnan(after))
    kept = np.ones(len(old), bool)
    kept[at[known]] = False
    merged = np.concatenate([old[kept], new])
    report = FundingReport(
        venue=venue,
        symbol=symbol,
        inserted=int(len(new) - known.sum()),
        unchanged=int((known & ~changed).sum()),
        revised=int(changed.sum()),
    )
    return merged[np.argsort(merged["at_ms"], kind="stable")], report


def _load(path: Path) -> NDArray[np.void]:
    return load_sheet(path, FUNDING, "delete it and import or download the funding again")
