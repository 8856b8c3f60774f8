"""What an importer hands over: tables on the way in, `Imported` on the way out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.core.time import Timeframe


class Content(StrEnum):
    """What a file holds."""

    CANDLES = "candles"
    MARK = "mark"
    FUNDING = "funding"
    TRADES = "trades"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken over: its number (1 is the first row of data), why, its cells."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user said about a file; None where the file itself has to say it."""

    venue: str | None = None
    symbol: str | None = None
    timeframe: Timeframe | None = None
    format: str | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """One series out of one file: `bars` (candles, mark prices) or `funding` rows, and the rest.

    `duplicates` counts rows equal to another row and merged with it.
    """

    source: str
    format: str
    content: Content
    venue: str
    symbol: str
    bars: Bars | None = None
    funding: NDArray[np.void] | None = None
    rejected: tuple[Rejected, ...] = ()
    duplicates: int = 0
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Table:
    """A file as columns of Arrow data. `named` is False when the columns are only numbered.

    `rows` are the row numbers of the source, `malformed` the rows that have no columns at all.
    """

    source: str
    format: str
    columns: dict[str, Any]
    rows: NDArray[np.int64]
    named: bool = True
    banner: str = ""
    malformed: list[Rejected] = field(default_factory=list)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def text(self, at: int) -> str:
        """Return the cells of the row at position `at`, as a person would see them."""
        return ",".join(str(column[at].as_py()) for column in self.columns.values())

    def take(self, mask: NDArray[np.bool_]) -> Table:
        """Return the rows where `mask` holds."""
        at = np.flatnonzero(mask)
        columns = {name: column.take(at) for name, column in self.columns.items()}
        return Table(self.source, self.format, columns, self.rows[at], self.named, self.banner)
