"""A result as Arrow tables and a card, and back: the same arrays, bit for bit.

Structured records become one column a field (a field that is itself an array becomes a fixed-size
list). Floats are split by byte before compression: prices of neighbouring bars share their high
bytes, so the bars of a run take about a third. No pickle anywhere: data is data.
"""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ballast.core import records
from ballast.core.bars import COLUMNS, Bars
from ballast.core.errors import DataError
from ballast.core.instrument import FeeRate, Instrument, Kind, LeverageTier
from ballast.core.sized import SIZED
from ballast.core.time import Timeframe
from ballast.kernel.market import Run
from ballast.research.result import CardStrategy, Result, RunCard

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SCHEMA = "ballast.card"
SCHEMA_VERSION = 2
ROWS = {
    "account": records.ACCOUNT,
    "positions": records.POSITION,
    "fills": records.FILL,
    "trades": records.TRADE,
    "refused": records.REFUSED,
    "sized": SIZED,
}
CURVE = ("clock_ms", "equity", "exposure")
DAYS = ("day_ms", "daily")
COMPRESSION_LEVEL = 9


def card_document(result: Result) -> dict[str, Any]:
    """Return the part of a result that is words: card, instruments, series, tags, notes."""
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "card": result.card,
        "instruments": result.instruments,
        "series": [
            {
                "venue": bars.venue,
                "symbol": bars.symbol,
                "timeframe": str(bars.timeframe),
                "rows": len(bars),
            }
            for bars in result.bars
        ],
        "tags": result.tags,
        "notes": result.notes,
        "warmup_bars": result.warmup_bars,
    }


def result_tables(result: Result) -> dict[str, pa.Table]:
    """Return the arrays of a result by file name (without ending)."""
    run = result.run
    account = np.array([run.account], records.ACCOUNT)
    tables = {name: _table_of(getattr(run, name)) for name in ROWS if name != "account"}
    tables["account"] = _table_of(account)
    tables["equity"] = pa.table({name: _column(getattr(run, name)) for name in CURVE})
    tables["days"] = pa.table({name: _column(getattr(run, name)) for name in DAYS})
    tables["refusals"] = pa.table({"count": _column(run.refusals)})
    names = (*COLUMNS, "flags")
    joined = {name: [getattr(bars, name) for bars in result.bars] for name in names}
    bars = {name: _column(np.concatenate(parts)) for name, parts in joined.items()}
    tables["bars"] = pa.table(bars)
    return tables


def table_bytes(table: pa.Table) -> bytes:
    """Return a table as Parquet; the same table gives the same bytes."""
    floats = [each.name for each in table.schema if each.type == pa.float64()]
    others = {each.name: "PLAIN" for each in table.schema if pa.types.is_fixed_size_list(each.type)}
    plain = [name for name in table.column_names if name not in floats and name not in others]
    encodings = dict.fromkeys(floats, "BYTE_STREAM_SPLIT")
    encodings |= {name: "DELTA_BINARY_PACKED" for name in plain if _is_wide(table, name)}
    sink = io.BytesIO()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=False,
        column_encoding=encodings,
        write_statistics=False,
    )
    return sink.getvalue()


def read_result(document: dict[str, Any], folder: Path) -> Result:
    """Build the result of a folder whose `card.json` is `document`; `DataError` on a mismatch."""
    if document.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"result of version {document.get('schema_version')}",
            where=str(folder),
            expected=f"version {SCHEMA_VERSION}",
            fix="run the backtest again with this version of ballast",
        )
    rows = {name: _records_of(_read(folder, name), dtype) for name, dtype in ROWS.items()}
    equity, days = _read(folder, "equity"), _read(folder, "days")
    curves = {name: _array(equity, name) for name in CURVE}
    curves |= {name: _array(days, name) for name in DAYS}
    account = rows.pop("account")[0]
    refusals = _array(_read(folder, "refusals"), "count")
    run = Run(account=account, refusals=refusals, **rows, **curves)
    return Result(
        card=_card(document["card"]),
        bars=_bars(document["series"], _read(folder, "bars")),
        instruments=tuple(_instrument(each) for each in document["instruments"]),
        run=run,
        warmup_bars=document["warmup_bars"],
        tags=tuple(document["tags"]),
        notes=tuple(document["notes"]),
    )


def _card(document: dict[str, Any]) -> RunCard:
    others = tuple(
        CardStrategy(**{**each, "symbols": tuple(each["symbols"])})
        for each in document.get("others", ())
    )
    return RunCard(**{**document, "others": others})


def _is_wide(table: pa.Table, name: str) -> bool:
    return table.schema.field(name).type in (pa.int64(), pa.int32())


def _table_of(rows: Any) -> pa.Table:  # noqa: ANN401 - structured array
    columns: dict[str, Any] = {}
    for name in rows.dtype.names:
        values = rows[name]
        if values.ndim == 1:
            columns[name] = _column(values)
        else:
            flat = _column(values.reshape(-1))
            columns[name] = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    return pa.table(columns)


def _column(values: NDArray[Any]) -> pa.Array:
    """Return numbers as a column. `pa.array` would first load pandas: a third of a second."""
    values = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)], null_count=0)


def _records_of(table: pa.Table, dtype: np.dtype[np.void]) -> Any:  # noqa: ANN401
    assert dtype.names is not None  # noqa: S101 - ours
    if set(table.column_names) != set(dtype.names):
        differing = sorted(set(table.column_names) ^ set(dtype.names))
        raise DataError(
            f"the record layout differs in {', '.join(differing)}",
            where="result folder",
            fix="run the backtest again with this version of ballast",
        )
    rows = np.zeros(table.num_rows, dtype)
    for name in dtype.names:
        column = table.column(name).combine_chunks()
        if pa.types.is_fixed_size_list(column.type):
            rows[name] = column.flatten().to_numpy().reshape(rows[name].shape)
        else:
            rows[name] = column.to_numpy()
    return rows


def _read(folder: Path, name: str) -> pa.Table:
    return pq.read_table(pa.py_buffer((folder / f"{name}.parquet").read_bytes()))


def _array(table: pa.Table, name: str) -> Any:  # noqa: ANN401 - a column of any number type
    values = table.column(name).combine_chunks().to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(values)


def _bars(series: list[dict[str, Any]], table: pa.Table) -> tuple[Bars, ...]:
    columns = {name: _array(table, name) for name in (*COLUMNS, "flags")}
    found, start = [], 0
    for each in series:
        part = {name: values[start : start + each["rows"]] for name, values in columns.items()}
        frame = Timeframe.parse(each["timeframe"])
        found.append(Bars(each["venue"], each["symbol"], frame, **part))
        start += each["rows"]
    return tuple(found)


def _instrument(document: dict[str, Any]) -> Instrument:
    words = dict(document)
    for name in ("tick", "lot", "min_qty", "max_qty", "min_notional", "max_price"):
        words[name] = Decimal(words[name])
    words["kind"] = Kind(words["kind"])
    words["fees"] = tuple(FeeRate(**row) for row in words["fees"])
    words["tiers"] = tuple(LeverageTier(**row) for row in words["tiers"])
    words["tags"] = tuple(words["tags"])
    return Instrument(**words)
