"""Quotes from files: a table with a time, a bid and an ask, as CSV (also .gz) or Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from ballast.core.errors import DataError, suggest
from ballast.store.quality.quotes import Quotes
from ballast.store.quality.rows import milliseconds

if TYPE_CHECKING:
    from pathlib import Path

TIME = ("at_ms", "ts", "timestamp", "time", "local_timestamp")
BID = ("bid", "bid_price", "best_bid", "bid_px")
ASK = ("ask", "ask_price", "best_ask", "ask_px")


def read_quotes(path: Path) -> Quotes:
    """Read quotes; times may be in seconds to nanoseconds. Raise `DataError` for anything else."""
    try:
        table: Any = pq.read_table(path) if path.suffix == ".parquet" else pc.read_csv(path)
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"no table of quotes: {error}", where=str(path)) from None
    at = _column(table, TIME, path).astype(np.int64)
    bid, ask = (_column(table, names, path).astype(np.float64) for names in (BID, ASK))
    return Quotes(milliseconds(at)[0], bid, ask)


def _column(table: Any, names: tuple[str, ...], path: Path) -> Any:  # noqa: ANN401 - pyarrow
    """Return the first column of these names, as numbers."""
    known = {name.lower().strip(): name for name in table.column_names}
    name = next((known[wanted] for wanted in names if wanted in known), None)
    if name is None:
        raise DataError(
            f"no column {names[0]}",
            where=str(path),
            expected="one of " + ", ".join(names),
            fix=suggest(names[0], known),
        )
    column = table[name]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataError(f"column '{name}' holds no numbers", where=str(path))
    return column.to_numpy()
