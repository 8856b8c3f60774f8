"""Delimited text: CSV, TSV and their cousins, with banner lines, without headers, with bad rows."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from ballast.core.errors import DataError
from ballast.store.importers.model import Rejected, Table
from ballast.store.importers.stamps import looks_like_stamp

if TYPE_CHECKING:
    from ballast.store.importers.unpack import Part

FEWEST = 2
"""Columns of the narrowest table we read: funding is time and rate."""
_DELIMITERS = (",", "\t", ";", "|")
_SNIFFED = 1 << 16


def read_text(part: Part) -> Table:
    """Parse delimited text; rows with a wrong number of cells are listed as malformed."""
    data = part.data.removeprefix(b"\xef\xbb\xbf")
    head = _head(data, part.source)
    delimiter = _delimiter(head, part.source)
    lines = [next(csv.reader([line], delimiter=delimiter)) for line in head]
    banner = _banner(lines)
    named = not looks_like_stamp(lines[banner][0]) and not _has_number(lines[banner])
    if named and len(lines) == banner + 1 and len(data) < _SNIFFED:
        raise DataError("there is no row below the names", where=part.source)
    width = len(lines[banner])
    names = _unique(lines[banner]) if named else [str(at) for at in range(width)]
    bad: list[Any] = []

    def keep(row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow has no type
        bad.append(row)
        return "skip"

    try:
        table: Any = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(
                skip_rows=banner + named, column_names=names, use_threads=False
            ),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, invalid_row_handler=keep),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise DataError("the text cannot be parsed as CSV", where=part.source) from error
    first = 1 + banner + named
    rejected = [
        Rejected(
            row.number - first + 1,
            f"{row.actual_columns} cells instead of {row.expected_columns}",
            row.text,
        )
        for row in bad
    ]
    rows = _row_numbers(table.num_rows, [item.row for item in rejected])
    columns = {name: table.column(name).combine_chunks() for name in names}
    text = ",".join(cell for line in lines[:banner] for cell in line)
    return Table(part.source, "csv", columns, rows, named, text, rejected)


def _head(data: bytes, source: str) -> list[str]:
    """Return the first lines that are not empty."""
    cut = data[:_SNIFFED]
    whole = cut if len(cut) == len(data) else cut.rpartition(b"\n")[0]
    try:
        text = whole.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            "neither text in UTF-8 nor a format we know",
            where=source,
            expected="CSV, TSV, JSON, JSON lines, Parquet or Feather, plain or as gz, zst, zip",
        ) from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise DataError("the file is empty", where=source)
    return lines


def _delimiter(head: list[str], source: str) -> str:
    """Return the delimiter that gives most lines the same, sufficient number of columns."""
    sample = head[1:50] or head
    best, score = "", 0
    for delimiter in _DELIMITERS:
        widths = [line.count(delimiter) + 1 for line in sample]
        usual = max(set(widths), key=widths.count)
        if usual >= FEWEST and widths.count(usual) > score:
            best, score = delimiter, widths.count(usual)
    if best:
        return best
    raise DataError(
        f"not a table: the first line is '{head[0][:60]}'",
        where=source,
        expected="columns separated by comma, tab, semicolon or |",
    )


def _banner(lines: list[list[str]]) -> int:
    """Count the lines above the table: narrower than the rows below them."""
    usual = max(len(line) for line in lines[:50])
    for at, line in enumerate(lines):
        if len(line) >= min(usual, FEWEST) and len(line) * 2 > usual:
            return at
    return 0


def _has_number(cells: list[str]) -> bool:
    """Say whether a line holds a number, which no line of column names does."""
    for cell in cells:
        try:
            float(cell)
        except ValueError:
            continue
        return True
    return False


def _unique(cells: list[str]) -> list[str]:
    """Give unnamed or repeated columns a name of their own."""
    names: list[str] = []
    for at, cell in enumerate(cells):
        name = cell.strip() or f"column {at + 1}"
        names.append(name if name not in names else f"{name} ({at + 1})")
    return names


def _row_numbers(count: int, skipped: list[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the numbers of the rows that parsed: those of the others are left out."""
    every = np.arange(1, count + len(skipped) + 1, dtype=np.int64)
    return every[~np.isin(every, skipped)][:count]
