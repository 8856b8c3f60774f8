"""From columns of text or numbers to candidate bars, accounting for every row.

A row is taken, merged with an equal one, or rejected with its reason. Order is restored (a file may
run backwards) and said. Two different rows of one time are both rejected: nobody can tell which one
is right. A file is refused as a whole when most of its rows are unusable or when it mixes
timeframes, because then it was misread or spliced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.core.time import SECOND_MS, Timeframe, format_ms
from ballast.store.importers.layouts import OHLC, Layout
from ballast.store.importers.model import Rejected, Table, Wanted
from ballast.store.importers.stamps import UNREADABLE, numbers, times

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORST_SHARE = 0.5
"""More rejected rows than this and the file is refused: it was not what we took it for."""
OFF_GRID_SHARE = 0.01
"""More rows off the grid of the timeframe than this is a mix of timeframes, not a stray row."""
COARSE_RUN = 20
"""This many equal steps longer than a bar, in a row, is another timeframe; gaps are irregular."""
FEW_STEPS = 10  # below this a file may be all gaps: any multiple of the timeframe is accepted


@dataclass(slots=True)
class Rows:
    """Rows on their way: times in ms UTC, value columns, source positions, and the account."""

    table: Table
    ts: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    at: NDArray[np.intp]
    rejected: list[Rejected] = field(default_factory=list)
    duplicates: int = 0
    notes: list[str] = field(default_factory=list)

    def reject(self, bad: NDArray[np.bool_], reason: str) -> None:
        """Move the rows where `bad` holds to the rejected ones."""
        if not bad.any():
            return
        for at in self.at[bad].tolist():
            row = int(self.table.rows[at])
            self.rejected.append(Rejected(row, reason, self.table.text(at)))
        self.keep(~bad)

    def keep(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> None:
        """Keep (and reorder) the rows that `mask` selects."""
        self.ts, self.at = self.ts[mask], self.at[mask]
        self.values = {name: column[mask] for name, column in self.values.items()}

    def require(self) -> None:
        """Raise `DataError` when no row is left or most were rejected."""
        bad, total = len(self.rejected), len(self.rejected) + len(self.ts)
        where = self.table.source
        if self.rejected and bad > WORST_SHARE * (total + self.duplicates):
            first = self.rejected[0]
            raise DataError(
                f"{bad} of {total} rows are unusable, first row {first.row} ({first.reason}): "
                f"{first.text[:80]}",
                where=where,
            )
        if not len(self.ts):
            raise DataError("too few rows: none", where=where, expected="at least 1")


def load_rows(table: Table, layout: Layout, names: tuple[str, ...]) -> Rows:
    """Read times and the named value columns of a table; reject what cannot be read."""
    ts = times(table.columns[layout.roles["time"]])
    values = {name: numbers(table.columns[layout.roles[name]]) for name in names}
    rows = Rows(table, ts, values, np.arange(len(table)), list(table.malformed))
    rows.reject(rows.ts == UNREADABLE, "the time cannot be read")
    for name in names:
        rows.reject(~np.isfinite(rows.values[name]), f"{name} is not a number")
    return rows


def clean_candles(table: Table, layout: Layout) -> Rows:
    """Return the candles of a table in time order, one a time; mark prices get volume 0."""
    names = (*OHLC, "volume") if "volume" in layout.roles else OHLC
    rows = load_rows(table, layout, names)
    if "confirm" in layout.roles:
        confirm = numbers(table.columns[layout.roles["confirm"]])
        rows.reject(confirm[rows.at] == 0, "the bar was not closed yet")
    rows.values.setdefault("volume", np.zeros(len(rows.ts)))
    for name in OHLC:
        rows.reject(rows.values[name] <= 0, f"{name} is not positive")
    rows.reject(rows.values["volume"] < 0, "volume is negative")
    body = [rows.values["open"], rows.values["close"], rows.values["low"]]
    rows.reject(rows.values["high"] < np.max(body, axis=0), "high is below another price")
    body = [rows.values["open"], rows.values["close"]]
    rows.reject(rows.values["low"] > np.min(body, axis=0), "low is above another price")
    rows.require()
    one_a_time(rows)
    return rows


def one_a_time(rows: Rows) -> None:
    """Sort by time, merge equal rows, reject conflicting ones."""
    sort_rows(rows)
    again = np.concatenate([[False], rows.ts[1:] == rows.ts[:-1]])
    if not again.any():
        return
    equal = again.copy()
    for column in rows.values.values():
        equal[1:] &= column[1:] == column[:-1]
    differs = np.isin(rows.ts, rows.ts[again & ~equal])
    rows.duplicates += int((again & ~differs).sum())
    keep = ~again | differs
    differs = differs[keep]
    rows.keep(keep)
    rows.reject(differs, "another row of the same time differs")


def sort_rows(rows: Rows) -> None:
    """Put rows in time order, keeping the order of equal times; say what was done."""
    steps = np.diff(rows.ts)
    backwards = int((steps < 0).sum())
    if not backwards:
        return
    if backwards > int((steps > 0).sum()):
        rows.keep(np.arange(len(rows.ts))[::-1])
        rows.notes.append("the newest row came first: order reversed")
        backwards = int((np.diff(rows.ts) < 0).sum())
    if backwards:
        rows.notes.append(f"{backwards} rows were out of order: sorted by time")
        rows.keep(np.argsort(rows.ts, kind="stable"))


def settle_timeframe(rows: Rows, wanted: Wanted, hint: Timeframe | None) -> Timeframe:
    """Return the timeframe of the rows, checked against what the user or the file name says."""
    said = wanted.timeframe or hint
    where = rows.table.source
    steps = np.diff(rows.ts)
    if not len(steps):
        if said is None:
            raise DataError("one row does not show a timeframe", where=where, fix="--timeframe 1h")
        return said
    usual = int(np.median(steps))
    if said is None:
        if usual < SECOND_MS or usual % SECOND_MS:
            raise DataError(f"the rows are {usual} ms apart", where=where, fix="--timeframe 1h")
        said = Timeframe(usual)
    elif usual != said.ms and not _is_sparse(steps, said):
        place = "--timeframe" if wanted.timeframe else "the file name"
        raise DataError(
            f"the rows are {_length(usual)} apart, but {place} says {said}",
            where=where,
            fix="name the timeframe that the file has" if wanted.timeframe else "give --timeframe",
        )
    _check_grid(rows, said)
    return said


def _is_sparse(steps: NDArray[np.int64], timeframe: Timeframe) -> bool:
    """Say whether rows further apart than a bar are gaps in a series of this timeframe."""
    multiples = bool((steps % timeframe.ms == 0).mean() > 1 - OFF_GRID_SHARE)
    return multiples and (len(steps) < FEW_STEPS or bool((steps == timeframe.ms).any()))


def _check_grid(rows: Rows, timeframe: Timeframe) -> None:
    phases, counts = np.unique(rows.ts % timeframe.ms, return_counts=True)
    phase = int(phases[np.argmax(counts)])
    off = rows.ts % timeframe.ms != phase
    run, at = _coarse_run(np.diff(rows.ts), timeframe)
    if off.mean() > OFF_GRID_SHARE or run >= COARSE_RUN:
        at = int(np.argmax(off)) if off.any() else at
        raise DataError(
            f"mixed timeframes: mostly {timeframe}, but not from {format_ms(int(rows.ts[at]))} on",
            where=rows.table.source,
            fix="split the file and import each timeframe by itself",
        )
    rows.reject(off, f"not on the grid of {timeframe}")
    if phase and timeframe.ms % (7 * 24 * 3600 * SECOND_MS):
        rows.notes.append(f"bars open {_length(phase)} after the whole {timeframe}")


def _coarse_run(steps: NDArray[np.int64], timeframe: Timeframe) -> tuple[int, int]:
    """Return (length, position) of the longest run of one step longer than a bar."""
    if not len(steps):
        return 0, 0
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(steps)) + 1, [len(steps)]])
    lengths = np.diff(cuts) * (steps[cuts[:-1]] > timeframe.ms)
    longest = int(np.argmax(lengths))
    return int(lengths[longest]), int(cuts[longest])


def _length(ms: int) -> str:
    return str(Timeframe(ms)) if ms % SECOND_MS == 0 else f"{ms} ms"


def refuse_defects(rows: Rows) -> None:
    """In strict mode raise `DataError` for anything that was rejected, merged or sorted."""
    where = rows.table.source
    if rows.rejected:
        first = rows.rejected[0]
        raise DataError(
            f"{len(rows.rejected)} bad rows, first row {first.row} ({first.reason})", where=where
        )
    if rows.duplicates:
        raise DataError(f"{rows.duplicates} duplicate rows", where=where)
    unsorted = [note for note in rows.notes if "out of order" in note]
    if unsorted:
        raise DataError(unsorted[0].partition(":")[0], where=where, expected="rows in time order")
