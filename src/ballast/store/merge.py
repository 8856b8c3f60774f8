"""Merging new bars into stored ones, counting every bar that changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.store.months import STORED

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXAMPLES = 5  # revisions shown in a report: enough to recognise an exchange incident


@dataclass(frozen=True, slots=True)
class Revision:
    """One stored number that a write changed."""

    ts: int
    column: str
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What a write did to a series: bars inserted, already there, revised (with examples).

    `lost` names months that the manifest listed but whose file had gone before the write.
    """

    venue: str
    symbol: str
    timeframe: str
    inserted: int = 0
    unchanged: int = 0
    revised: int = 0
    examples: tuple[Revision, ...] = ()
    lost: tuple[str, ...] = ()

    def plus(self, other: WriteReport) -> WriteReport:
        """Add the report of another write to the same series."""
        return replace(
            self,
            inserted=self.inserted + other.inserted,
            unchanged=self.unchanged + other.unchanged,
            revised=self.revised + other.revised,
            examples=(self.examples + other.examples)[:EXAMPLES],
            lost=self.lost + other.lost,
        )


def merge(old: Bars, new: Bars) -> tuple[Bars, WriteReport]:
    """Return `old` with the rows of `new`, which win where both have a bar, and the counts."""
    at = np.minimum(np.searchsorted(old.ts, new.ts), max(len(old) - 1, 0))
    known = old.ts[at] == new.ts if len(old) else np.zeros(len(new), bool)
    changed = np.zeros(len(new), bool)
    for name in STORED[1:]:
        changed[known] |= getattr(old, name)[at[known]] != getattr(new, name)[known]
    report = WriteReport(
        venue=old.venue,
        symbol=old.symbol,
        timeframe=str(old.timeframe),
        inserted=int(len(new) - known.sum()),
        unchanged=int((known & ~changed).sum()),
        revised=int(changed.sum()),
        examples=_examples(old, new, at, np.flatnonzero(changed)[:EXAMPLES]),
    )
    if not report.inserted and not report.revised:
        return old, report
    kept = np.ones(len(old), bool)
    kept[at[known]] = False
    order = np.argsort(np.concatenate([old.ts[kept], new.ts]), kind="stable")
    columns = {
        name: np.concatenate([getattr(old, name)[kept], getattr(new, name)])[order]
        for name in STORED
    }
    return Bars(old.venue, old.symbol, old.timeframe, **columns), report


def _examples(
    old: Bars, new: Bars, at: NDArray[np.intp], rows: NDArray[np.intp]
) -> tuple[Revision, ...]:
    found = []
    for row in rows.tolist():
        for name in STORED[1:]:
            before, after = getattr(old, name)[at[row]], getattr(new, name)[row]
            if before != after:
                found.append(Revision(int(new.ts[row]), name, float(before), float(after)))
                break
    return tuple(found)
