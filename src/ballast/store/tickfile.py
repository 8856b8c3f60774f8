"""Day files: the rows of one kind (books, trades, quotes) of one symbol in one UTC day, as Parquet.

Columns are those of a replay, without the kind. Row groups of `GROUP_ROWS` are written and read one
at a time, so a day needs no more memory than one of them. The file carries the BLAKE2b of its
columns: a reader can tell a file newer than the manifest from one that is damaged.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ballast.core.errors import DataError
from ballast.core.marketdata import REPLAY, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Rows = NDArray[np.void]

KINDS: dict[Row, str] = {Row.LEVEL: "books", Row.TRADE: "trades", Row.QUOTE: "quotes"}
GROUP_ROWS = 1 << 16
DAY_NS = 86_400 * 1_000_000_000
_COLUMNS = tuple(name for name in REPLAY.names or () if name != "kind")
_TYPES: dict[str, Any] = {"side": pa.int8(), "flags": pa.uint8()}
_SCHEMA: Any = pa.schema([(name, _TYPES.get(name, pa.int64())) for name in _COLUMNS])
_ENCODINGS = {name: "PLAIN" if name in _TYPES else "DELTA_BINARY_PACKED" for name in _COLUMNS}
_CHECKSUM = b"ballast.checksum"
_BAD = "delete it and import that day again"


class DayWriter:
    """Collects the rows of a day file; `finish` returns its bytes."""

    def __init__(self) -> None:
        self.rows = 0
        self.first_ns = 0
        self.last_ns = 0
        self._sink: Any = pa.BufferOutputStream()
        self._writer: Any = pq.ParquetWriter(
            self._sink,
            _SCHEMA,
            compression="zstd",
            use_dictionary=False,
            column_encoding=_ENCODINGS,
        )
        self._waiting: list[Rows] = []
        self._count = 0
        self._digest = hashlib.blake2b(digest_size=16)

    def add(self, rows: Rows) -> None:
        """Append rows; the caller keeps them in order."""
        if not len(rows):
            return
        if not self.rows:
            self.first_ns = int(rows["received_ns"][0])
        self.last_ns = int(rows["received_ns"][-1])
        self.rows += len(rows)
        self._waiting.append(rows)
        self._count += len(rows)
        if self._count >= GROUP_ROWS:
            self._flush(GROUP_ROWS)

    def finish(self) -> tuple[memoryview, str]:
        """Return the bytes of the file and the checksum of its content."""
        self._flush(1)
        checksum = self._digest.hexdigest()
        self._writer.add_key_value_metadata({_CHECKSUM: checksum.encode()})
        self._writer.close()
        return memoryview(self._sink.getvalue()), checksum

    def _flush(self, least: int) -> None:
        rows = np.concatenate(self._waiting) if self._waiting else np.empty(0, REPLAY)
        while len(rows) >= least:
            group, rows = rows[:GROUP_ROWS], rows[GROUP_ROWS:]
            columns = {name: np.ascontiguousarray(group[name]) for name in _COLUMNS}
            _digest(self._digest, columns)
            self._writer.write_table(pa.table(columns, schema=_SCHEMA))
        self._waiting = [rows.copy()] if len(rows) else []
        self._count = len(rows)


def _digest(digest: Any, columns: dict[str, NDArray[Any]]) -> None:  # noqa: ANN401 - hashlib's
    for name in _COLUMNS:
        digest.update(np.ascontiguousarray(columns[name]).data)


def day_rows(
    path: Path, kind: Row, from_ns: int | None = None, to_ns: int | None = None
) -> Iterator[Rows]:
    """Yield the rows of a day file received in `[from_ns, to_ns)`, a row group at a time.

    Raise `DataError` naming the file when it is damaged; groups outside the span are not read.
    """
    try:
        file: Any = pq.ParquetFile(path)
        if not file.schema_arrow.equals(_SCHEMA):
            raise DataError("not a day file of the store", where=str(path), fix=_BAD)
        for number in range(file.num_row_groups):
            times = file.metadata.row_group(number).column(0).statistics
            if times is not None and times.has_min_max:
                if from_ns is not None and times.max < from_ns:
                    continue
                if to_ns is not None and times.min >= to_ns:
                    return
            yield _within(_decoded(file.read_row_group(number), kind), from_ns, to_ns)
    except FileNotFoundError:
        raise DataError("the day file is gone", where=str(path), fix=_BAD) from None
    except (pa.ArrowException, OSError) as error:
        raise DataError("the file cannot be read", where=str(path), fix=_BAD) from error


def verify_day(path: Path, kind: Row) -> str:
    """Read a whole day file and return its checksum; raise `DataError` if it says another one."""
    digest = hashlib.blake2b(digest_size=16)
    for rows in day_rows(path, kind):
        _digest(digest, {name: rows[name] for name in _COLUMNS})
    said: dict[bytes, bytes] = pq.read_metadata(path).metadata or {}
    if said.get(_CHECKSUM, b"").decode() != digest.hexdigest():
        raise DataError("the content does not match its checksum", where=str(path), fix=_BAD)
    return digest.hexdigest()


def day_of(received_ns: int) -> str:
    """Return the UTC day of a time: `2024-08-08`."""
    return str(np.datetime64(received_ns // DAY_NS, "D"))


def by_day(rows: Rows) -> Iterator[tuple[str, Rows]]:
    """Yield (day, its rows) in order."""
    days = rows["received_ns"] // DAY_NS
    cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(rows)]
    for start, stop in pairwise(cuts):
        if stop > start:
            yield day_of(int(rows["received_ns"][start])), rows[start:stop]


def _decoded(table: Any, kind: Row) -> Rows:  # noqa: ANN401 - pyarrow has no types
    rows = np.empty(table.num_rows, REPLAY)
    for name in _COLUMNS:
        rows[name] = table.column(name).to_numpy()
    rows["kind"] = kind
    return rows


def _within(rows: Rows, from_ns: int | None, to_ns: int | None) -> Rows:
    times = rows["received_ns"]
    first = 0 if from_ns is None else int(np.searchsorted(times, from_ns, side="left"))
    last = len(rows) if to_ns is None else int(np.searchsorted(times, to_ns, side="left"))
    return rows[first:last]
