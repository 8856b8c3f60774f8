"""Parquet and Feather files as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as pafeather
import pyarrow.parquet as pq

from ballast.core.errors import DataError
from ballast.store.importers.model import Table

if TYPE_CHECKING:
    from ballast.store.importers.unpack import Part


def read_columnar(part: Part, form: str) -> Table:
    """Parse `form` ("parquet" or "feather"); raise `DataError` when the file is damaged."""
    source = pa.BufferReader(part.data)
    try:
        table: Any = (
            pq.ParquetFile(source).read() if form == "parquet" else pafeather.read_table(source)
        )
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"a damaged {form} file", where=part.source, fix="download or save it again"
        ) from error
    columns = {str(name): _plain(table.column(at)) for at, name in enumerate(table.column_names)}
    return Table(part.source, form, columns, np.arange(1, table.num_rows + 1, dtype=np.int64))


def _plain(column: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Return one plain array: chunks joined, dictionary codes replaced by their values."""
    joined = pa.chunked_array(column).combine_chunks()
    return joined.dictionary_decode() if pa.types.is_dictionary(joined.type) else joined
