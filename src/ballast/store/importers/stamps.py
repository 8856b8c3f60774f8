"""Times and numbers out of cells: seconds to nanoseconds told by size, ISO text, odd text.

Binance switched its archive from milliseconds to microseconds in 2025 and files that span the
switch exist, so the unit is decided for every cell, not for the file.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNREADABLE: int = int(np.iinfo(np.int64).min)
"""Stands for a time that could not be read."""
_SECONDS, _MILLIS, _MICROS, _NANOS = 1e8, 1e11, 1e14, 1e17
"""1e8 s is 1973 and 1e11 s the year 5138: a larger number is in milliseconds, and so on."""
_LARGEST = 9e18
_DATE_FIRST, _DATE_LAST = 19_700_101, 21_001_231  # a whole number like 20240131
_ODD_FORMATS = ("%Y-%m-%d %I-%p", "%Y-%m-%d %I:%M %p", "%Y%m%d %H:%M:%S", "%Y%m%d %H%M%S", "%Y%m%d")
_DAY_MONTH = re.compile(r"^(\d{1,2})[/.](\d{1,2})[/.](\d{4})(.*)$")
_DECIMAL = re.compile(r"^\d{9,}(\.\d*)?(e\+?\d+)?$")
MONTHS = 12
_SLASHES = re.compile(r"^\s*(\d{4})[/.](\d{1,2})[/.](\d{1,2})(.*)$")


def numbers(column: Any) -> NDArray[np.float64]:  # noqa: ANN401 - pyarrow has no types
    """Return the column as float64; a cell that is no number is NaN."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        trimmed: Any = pc.utf8_trim_whitespace(column)
        try:
            return _floats(pc.cast(trimmed, pa.float64()))
        except pa.ArrowInvalid:
            return np.array([_number(cell) for cell in trimmed.to_pylist()], np.float64)
    if pa.types.is_boolean(column.type) or pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    try:
        return _floats(pc.cast(column, pa.float64(), safe=False))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.full(len(column), np.nan)


def times(column: Any) -> NDArray[np.int64]:  # noqa: ANN401 - pyarrow has no types
    """Return the column as milliseconds UTC; a cell that is no time is `UNREADABLE`."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        cast: Any = pc.cast(column, pa.timestamp("ms"), safe=False)
        return _stamps(cast)
    if pa.types.is_integer(kind):
        whole = pc.fill_null(column, 0).to_numpy(zero_copy_only=False).astype(np.int64)
        return _scaled(whole)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _scaled_floats(numbers(column))
    return _from_text(column)


def looks_like_stamp(cell: str) -> bool:
    """Say whether a cell is a time (and so not the name of a column)."""
    return bool(times(pa.array([cell]))[0] != UNREADABLE)


def _floats(column: Any) -> NDArray[np.float64]:  # noqa: ANN401 - pyarrow has no types
    values: NDArray[np.float64] = column.to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def _stamps(column: Any) -> NDArray[np.int64]:  # noqa: ANN401 - pyarrow has no types
    whole: Any = pc.cast(column, pa.int64())
    values: NDArray[np.int64] = pc.fill_null(whole, UNREADABLE).to_numpy(zero_copy_only=False)
    return values


def _scaled(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Scale whole numbers to milliseconds by their size."""
    out = np.full(len(values), UNREADABLE, np.int64)
    for low, high, factor, divisor in (
        (_SECONDS, _MILLIS, 1_000, 1),
        (_MILLIS, _MICROS, 1, 1),
        (_MICROS, _NANOS, 1, 1_000),
        (_NANOS, _LARGEST, 1, 1_000_000),
    ):
        inside = (values >= low) & (values < high)
        out[inside] = values[inside] * factor // divisor
    dates = (values >= _DATE_FIRST) & (values <= _DATE_LAST)
    for at in np.flatnonzero(dates).tolist():
        out[at] = _odd(str(values[at]))
    return out


def _scaled_floats(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Scale floats (seconds with a fraction, or whole numbers read as floats)."""
    safe = np.where(np.isfinite(values), values, 0.0)
    seconds = (safe >= _SECONDS) & (safe < _MILLIS)
    return _scaled(np.rint(np.where(seconds, safe * 1_000, safe)).astype(np.int64))


def _from_text(column: Any) -> NDArray[np.int64]:  # noqa: ANN401 - pyarrow has no types
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return np.full(len(column), UNREADABLE, np.int64)
    trimmed: Any = pc.utf8_trim_whitespace(column)
    try:
        return _scaled(_whole(pc.cast(trimmed, pa.int64())))
    except pa.ArrowInvalid:
        pass
    for unit in ("ms", "us", "ns"):
        for zone in (None, "UTC"):
            try:
                parsed: Any = pc.cast(trimmed, pa.timestamp(unit, zone))
            except pa.ArrowInvalid:
                continue
            return _stamps(pc.cast(parsed, pa.timestamp("ms", zone), safe=False))
    cells = _unslashed([cell or "" for cell in trimmed.to_pylist()])
    return np.array([_odd(cell) for cell in cells], np.int64)


def _unslashed(cells: list[str]) -> list[str]:
    """Turn 31/01/2024 or 01/31/2024 into ISO dates where the whole column leaves no doubt."""
    parts = [_DAY_MONTH.match(cell) for cell in cells]
    first = max((int(part[1]) for part in parts if part), default=0)
    second = max((int(part[2]) for part in parts if part), default=0)
    if (first > MONTHS) == (second > MONTHS):
        return cells
    month, day = (2, 1) if first > MONTHS else (1, 2)
    return [
        f"{part[3]}-{int(part[month]):02}-{int(part[day]):02}{part[4]}" if part else cell
        for part, cell in zip(parts, cells, strict=True)
    ]


def _whole(column: Any) -> NDArray[np.int64]:  # noqa: ANN401 - pyarrow has no types
    values: NDArray[np.int64] = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    return values


def _number(cell: str | None) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return float("nan")


def _odd(cell: str) -> int:
    """Read one cell by trying every way a time is written; ambiguous day/month order is none."""
    text = cell.strip().removesuffix(" UTC")
    if _DECIMAL.match(text):
        return int(_scaled_floats(np.array([float(text)]))[0])
    slashes = _SLASHES.match(text)
    if slashes:
        year, month, day, rest = slashes.groups()
        text = f"{year}-{int(month):02}-{int(day):02}{rest}"
    for parse in (datetime.fromisoformat, *(_parser(form) for form in _ODD_FORMATS)):
        try:
            moment = parse(text)
        except ValueError:
            continue
        zoned: datetime = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(zoned.timestamp() * 1_000)
    return UNREADABLE


def _parser(form: str) -> Any:  # noqa: ANN401 - a function of text
    def parse(text: str) -> datetime:
        return datetime.strptime(text, form).replace(tzinfo=UTC)

    return parse
