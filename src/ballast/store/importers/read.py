"""Reading any file of candles, trades or funding: open, recognise, clean, name.

`read_any` returns the one series of a file, `read_files` all of them (an archive of several files,
a long table of several symbols). Nothing is written here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.core.errors import DataError
from ballast.core.records import FUNDING
from ballast.core.time import HOUR_MS, MINUTE_MS, Timeframe
from ballast.store.importers.clean import (
    Rows,
    clean_candles,
    load_rows,
    one_a_time,
    refuse_defects,
    settle_timeframe,
)
from ballast.store.importers.columnar import read_columnar
from ballast.store.importers.documents import read_json
from ballast.store.importers.layouts import Layout, recognise
from ballast.store.importers.model import Content, Imported, Rejected, Table, Wanted
from ballast.store.importers.names import Named, is_whole_period, parse_name, read_timeframe
from ballast.store.importers.stamps import numbers
from ballast.store.importers.text import read_text
from ballast.store.importers.trades import aggregate, clean_trades
from ballast.store.importers.unpack import Part, open_parts
from ballast.store.symbols import MARK_SUFFIX, venue_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JITTER_MS = MINUTE_MS
"""Exchanges stamp a settlement some milliseconds late; nearer than this to the hour is the hour."""
_REFUSED = {
    b"\x80": "a pickle, which is never read because it can run code",
    b"\x89HDF": "HDF5",
    b"<": "a web page, perhaps a failed download",
    b"%PDF": "a PDF",
    b"SQLite": "an SQLite database",
}


def read_any(
    path: Path,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
    strict: bool = False,
) -> Imported:
    """Read the one series of a file; raise `DataError` for any other number of them.

    What is None comes from the file's columns or its name. With `strict` any row that would be
    rejected, merged or sorted is a `DataError` instead.
    """
    found = list(read_files(path, Wanted(venue, symbol, timeframe, format, strict)))
    if len(found) != 1:
        names = ", ".join(f"{item.venue}-{item.symbol}" for item in found[:5])
        raise DataError(f"holds {len(found)} series: {names}", where=str(path), fix="give --symbol")
    return found[0]


def read_files(path: Path, wanted: Wanted) -> Iterator[Imported]:
    """Yield every series of a file; raise `DataError` for a file that cannot be used."""
    for part in open_parts(path):
        outer, inner = parse_name(path), parse_name(path.with_name(part.name.replace("/", "_")))
        named = Named(
            venue=inner.venue or outer.venue,
            symbol=inner.symbol or outer.symbol,
            timeframe=inner.timeframe or outer.timeframe,
            content=inner.content or outer.content,
        )
        yield from _read_part(part, wanted, named)


def _read_part(part: Part, wanted: Wanted, named: Named) -> Iterator[Imported]:
    hint = Content.MARK if (wanted.symbol or "").endswith(MARK_SUFFIX) else named.content
    table, layout = recognise(_table(part), wanted.format, hint=hint)
    if not len(table) and not table.malformed:
        raise DataError("there is no row below the names", where=part.source)
    column = layout.roles.get("symbol")
    if column is None or (wanted.symbol is not None and len(_distinct(table, column)) < 2):  # noqa: PLR2004
        yield _series(part, table, layout, wanted, named, None)
        return
    symbols = _distinct(table, column)
    chosen = [wanted.symbol] if wanted.symbol in symbols else symbols
    if wanted.symbol is not None and wanted.symbol not in symbols:
        raise DataError(
            f"no rows of {wanted.symbol}",
            where=part.source,
            expected=f"one of {', '.join(symbols[:8])}",
        )
    for symbol in chosen:
        same = np.array([cell == symbol for cell in table.columns[column].to_pylist()], bool)
        rows = table if same.all() else table.take(same)
        yield _series(part, rows, layout, wanted, named, symbol)


def _table(part: Part) -> Table:
    head = part.data[:8]
    for magic, what in _REFUSED.items():
        if part.data.lstrip()[: len(magic)] == magic:
            raise DataError(f"this is {what}", where=part.source, expected="candles or trades")
    if head[:4] == b"PAR1":
        return read_columnar(part, "parquet")
    if head[:6] == b"ARROW1" or head[:4] == b"FEA1":
        return read_columnar(part, "feather")
    if part.data.lstrip()[:1] in (b"{", b"["):
        return read_json(part)
    return read_text(part)


def _series(
    part: Part, table: Table, layout: Layout, wanted: Wanted, named: Named, symbol: str | None
) -> Imported:
    venue, name = _names(table, layout, wanted, named, symbol)
    if layout.content is Content.FUNDING:
        return _funding(part, table, layout, wanted, venue, name)
    hint = named.timeframe or read_timeframe(layout.affix)
    if layout.content is Content.TRADES:
        rows = clean_trades(table, layout)
        if wanted.strict:
            refuse_defects(rows)
        timeframe = wanted.timeframe or named.timeframe
        if timeframe is None:
            raise DataError(
                "trades can make bars of any length", where=part.source, fix="give --timeframe 1m"
            )
        aggregate(rows, timeframe, whole=is_whole_period(part.name))
    else:
        rows = clean_candles(table, layout)
        timeframe = settle_timeframe(rows, wanted, hint)
        if wanted.strict:
            refuse_defects(rows)
    if layout.content is Content.MARK and not name.endswith(MARK_SUFFIX):
        name += MARK_SUFFIX
    bars = Bars.of(venue, name, timeframe, rows.ts, rows.values)
    return Imported(
        source=part.source,
        format=layout.format,
        content=layout.content,
        venue=venue,
        symbol=name,
        bars=bars,
        rejected=_in_order(rows),
        duplicates=rows.duplicates,
        notes=tuple(rows.notes),
    )


def _funding(
    part: Part, table: Table, layout: Layout, wanted: Wanted, venue: str, symbol: str
) -> Imported:
    rows = load_rows(table, layout, ("rate",))
    rows.reject(np.abs(rows.values["rate"]) >= 1, "the rate is 100 % or more")
    rows.require()
    hours = (rows.ts + HOUR_MS // 2) // HOUR_MS * HOUR_MS
    late = (rows.ts != hours) & (np.abs(rows.ts - hours) <= JITTER_MS)
    if late.any():
        rows.ts = np.where(late, hours, rows.ts)
        rows.notes.append(f"{int(late.sum())} settlement times were moved to the full hour")
    one_a_time(rows)
    if wanted.strict:
        refuse_defects(rows)
    funding = np.zeros(len(rows.ts), FUNDING)
    funding["at_ms"], funding["rate"], funding["mark"] = rows.ts, rows.values["rate"], np.nan
    if "mark" in layout.roles:
        funding["mark"] = numbers(table.columns[layout.roles["mark"]])[rows.at]
    return Imported(
        source=part.source,
        format=layout.format,
        content=Content.FUNDING,
        venue=venue,
        symbol=symbol,
        funding=funding,
        rejected=_in_order(rows),
        duplicates=rows.duplicates,
        notes=tuple(rows.notes),
    )


def _names(
    table: Table, layout: Layout, wanted: Wanted, named: Named, symbol: str | None
) -> tuple[str, str]:
    """Return (venue, symbol): the user's word first, then the columns, then the file name."""
    column = layout.roles.get("exchange")
    exchanges = _distinct(table, column) if column else []
    venue = wanted.venue or next(iter(exchanges), None) or named.venue
    name = wanted.symbol or symbol or named.symbol
    if venue is None:
        raise DataError("the file does not name its venue", where=table.source, fix="give --venue")
    if name is None:
        raise DataError(
            "the file does not name its symbol", where=table.source, fix="give --symbol"
        )
    return venue_name(venue), name


def _distinct(table: Table, column: str) -> list[str]:
    found = table.columns[column].unique().to_pylist()
    return [str(value) for value in found if value is not None]


def _in_order(rows: Rows) -> tuple[Rejected, ...]:
    return tuple(sorted(rows.rejected, key=lambda item: item.row))
