"""Sheets: small tables of numbers, one Parquet file each, with the checksum of their content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ballast.core.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_CHECKSUM = b"ballast.checksum"


def encode_sheet(rows: NDArray[np.void]) -> memoryview:
    """Return the file of a structured array: one column a field."""
    columns = {name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()}
    table: Any = pa.table(columns)
    sink: Any = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata({_CHECKSUM: _checksum(columns)}), sink, compression="zstd"
    )
    return memoryview(sink.getvalue())


def load_sheet(path: Path, dtype: np.dtype[np.void], fix: str) -> NDArray[np.void]:
    """Read a sheet; no rows if there is no file, `DataError` naming it if it is damaged."""
    names = dtype.names or ()
    try:
        table: Any = pq.ParquetFile(path).read(use_threads=False)
        columns = {name: table.column(name).to_numpy() for name in names}
    except FileNotFoundError:
        return np.empty(0, dtype)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DataError("the file cannot be read", where=str(path), fix=fix) from error
    if (table.schema.metadata or {}).get(_CHECKSUM) != _checksum(columns):
        raise DataError("the content does not match its checksum", where=str(path), fix=fix)
    rows = np.empty(table.num_rows, dtype)
    for name in names:
        rows[name] = columns[name]
    return rows


def _checksum(columns: dict[str, NDArray[Any]]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for column in columns.values():
        digest.update(np.ascontiguousarray(column).data)
    return digest.hexdigest().encode()
