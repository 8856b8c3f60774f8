"""JSON and JSON lines: arrays of arrays, arrays of objects, columns, pages, wrapped answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa

from ballast.core.errors import DataError
from ballast.store.importers.model import Rejected, Table

if TYPE_CHECKING:
    from ballast.store.importers.unpack import Part

DEEPEST = 4  # levels of wrapping seen around rows in exchange answers: result, symbol, list


def read_json(part: Part) -> Table:
    """Parse JSON or JSON lines into a table; raise `DataError` when there are no rows in it."""
    data = part.data.strip()
    try:
        document = msgspec.json.decode(data)
        rows, form = _rows(document, DEEPEST), "json"
    except msgspec.DecodeError as error:
        rows, form = _lines(data, part.source, error), "jsonl"
    if isinstance(document_columns := _columns_of(rows), dict):
        return _from_columns(part.source, form, document_columns)
    if not isinstance(rows, list) or not rows:
        raise DataError("no rows in this JSON", where=part.source, expected="a list of candles")
    if isinstance(rows[0], dict):
        return _from_objects(part.source, form, rows)
    return _from_arrays(part.source, form, rows)


def _lines(data: bytes, source: str, whole: msgspec.DecodeError) -> list[Any]:
    rows: list[Any] = []
    for at, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            said = whole if at == 1 else error
            raise DataError(
                f"not JSON: {said}", where=f"{source} line {at}", fix="download the file again"
            ) from None
        found = _rows(value, DEEPEST)
        rows.extend(found if isinstance(found, list) and _is_rows(found) else [value])
    return rows


def _is_rows(value: list[Any]) -> bool:
    return bool(value) and isinstance(value[0], list | dict)


def _rows(value: Any, depth: int) -> Any:  # noqa: ANN401 - JSON values are of any type
    """Return the list of rows inside a document, whatever it is wrapped in."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) or depth == 0 or _columns_of(value) is not None:
        return value
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        names = [str(name) for name in value["columns"]]
        return [dict(zip(names, row, strict=False)) for row in value["data"]]
    for inner in value.values():
        found = _rows(inner, depth - 1)
        if (isinstance(found, list) and _is_rows(found)) or _columns_of(found) is not None:
            return found
    return value


def _columns_of(value: Any) -> dict[str, list[Any]] | None:  # noqa: ANN401 - JSON values
    """Return `{name: [values]}` if the value is a dict of equally long plain lists."""
    if not isinstance(value, dict) or len(value) < 3:  # noqa: PLR2004 - time, price and one more
        return None
    columns = {
        str(name): list(cells.values()) if isinstance(cells, dict) else cells
        for name, cells in value.items()
    }
    if not all(isinstance(cells, list) for cells in columns.values()):
        return None
    lengths = {len(cells) for cells in columns.values()}
    plain = all(not isinstance(cell, list | dict) for cells in columns.values() for cell in cells)
    return columns if len(lengths) == 1 and plain else None


def _from_columns(source: str, form: str, columns: dict[str, list[Any]]) -> Table:
    count = len(next(iter(columns.values())))
    arrays = {name: _array(cells) for name, cells in columns.items()}
    return Table(source, form, arrays, np.arange(1, count + 1, dtype=np.int64))


def _from_objects(source: str, form: str, rows: list[Any]) -> Table:
    names = list(rows[0])
    good, bad = [], []
    for at, row in enumerate(rows, 1):
        if isinstance(row, dict):
            good.append((at, row))
        else:
            bad.append(Rejected(at, "not an object like the first row", str(row)[:200]))
    columns = {str(name): _array([row.get(name) for _, row in good]) for name in names}
    numbers = np.array([at for at, _ in good], np.int64)
    return Table(source, form, columns, numbers, malformed=bad)


def _from_arrays(source: str, form: str, rows: list[Any]) -> Table:
    first = rows[0]
    width = len(first) if isinstance(first, list) else 0
    if width == 0:
        raise DataError(
            f"no rows in this JSON: it begins with '{str(first)[:60]}'",
            where=source,
            expected="a list of candles",
        )
    good, bad = [], []
    for at, row in enumerate(rows, 1):
        if isinstance(row, list) and len(row) == width:
            good.append((at, row))
        else:
            size = len(row) if isinstance(row, list) else "no"
            bad.append(Rejected(at, f"{size} cells instead of {width}", str(row)[:200]))
    columns = {str(place): _array([row[place] for _, row in good]) for place in range(width)}
    numbers = np.array([at for at, _ in good], np.int64)
    return Table(source, form, columns, numbers, named=False, malformed=bad)


def _array(cells: list[Any]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Return an Arrow array: numbers if all are numbers, text otherwise."""
    try:
        return pa.array(cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass
    try:
        return pa.array(cells, pa.float64())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
