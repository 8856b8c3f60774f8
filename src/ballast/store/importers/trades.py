"""Bars from individual trades.

A bar is made of the trades of one bucket `[open time, open time + timeframe)`. The first and the
last bucket of a file may lack trades that are in another file, so they are dropped and reported,
unless the file is an archive of a whole day or month. A bucket without a trade gives no bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from ballast.core.errors import DataError
from ballast.store.importers.clean import Rows, load_rows, sort_rows
from ballast.store.sums import exact_sums

if TYPE_CHECKING:
    from ballast.core.time import Timeframe
    from ballast.store.importers.layouts import Layout
    from ballast.store.importers.model import Table


def clean_trades(table: Table, layout: Layout) -> Rows:
    """Return the trades of a table in time order, a repeated trade id taken once."""
    rows = load_rows(table, layout, ("price", "amount"))
    rows.reject(rows.values["price"] <= 0, "price is not positive")
    rows.reject(rows.values["amount"] <= 0, "amount is not positive")
    rows.require()
    if "id" in layout.roles:
        _merge_repeated(rows, layout.roles["id"])
    sort_rows(rows)
    return rows


def _merge_repeated(rows: Rows, column: str) -> None:
    """Count a trade that comes twice (overlapping pages) as a duplicate; conflicts are rejected."""
    codes = pc.dictionary_encode(rows.table.columns[column]).indices
    known = np.asarray(codes.fill_null(-1))[rows.at]
    _, first, inverse = np.unique(known, return_index=True, return_inverse=True)
    original = first[inverse]
    again = (np.arange(len(known)) != original) & (known >= 0)
    if not again.any():
        return
    equal = rows.ts == rows.ts[original]
    for values in rows.values.values():
        equal &= values == values[original]
    differs = np.isin(known, known[again & ~equal])
    rows.duplicates += int((again & ~differs).sum())
    keep = ~again | differs
    differs = differs[keep]
    rows.keep(keep)
    rows.reject(differs, "another trade of the same id differs")


def aggregate(rows: Rows, timeframe: Timeframe, *, whole: bool) -> None:
    """Turn trades into bars in place; `whole` says that no bucket of the file can be partial."""
    count = len(rows.ts)
    bucket = rows.ts // timeframe.ms * timeframe.ms
    starts = np.concatenate([[0], np.flatnonzero(np.diff(bucket)) + 1])
    price, amount = rows.values["price"], rows.values["amount"]
    ends = np.append(starts[1:], count)
    bars = {
        "open": price[starts],
        "high": np.maximum.reduceat(price, starts),
        "low": np.minimum.reduceat(price, starts),
        "close": price[ends - 1],
        "volume": exact_sums(amount, starts),
    }
    inner = slice(None) if whole else slice(1, -1)
    rows.ts, rows.at = bucket[starts][inner], rows.at[starts][inner]
    rows.values = {name: column[inner] for name, column in bars.items()}
    dropped = "" if whole else ", the first and the last (partial) bucket left out"
    rows.notes.append(f"{count} trades made {len(rows.ts)} bars of {timeframe}{dropped}")
    if not len(rows.ts):
        raise DataError(
            f"{count} trades make no whole bar of {timeframe}",
            where=rows.table.source,
            fix="choose a shorter --timeframe",
        )
