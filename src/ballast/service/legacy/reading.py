"""Reading one file: strict JSON with exact numbers, and nothing else.

A pickle can run code when it is loaded, so it is refused by its name or its first byte and never
opened further (R-STATE-01). What JSON allows and a document of money must not hold stays in the
tree as a mark where it stood, so that the line about it can say the field: a key that is there
twice, `NaN`, `Infinity`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

BYTES_MAX = 64 * 1024 * 1024
"""Of one document: a hundred thousand trades are a fifth of it."""
PICKLES = (".pkl", ".pickle", ".p", ".joblib", ".dill")
PICKLE_MARK = b"\x80"
"""First byte of a pickle since protocol 2; older ones are no JSON either."""
PICKLE_FIX = "have the former bot write its state as JSON, and import that"


@dataclass(frozen=True, slots=True)
class Bad:
    """Stands in the tree for a value that JSON can carry and no document may: says what it is."""

    what: str


def read_document(path: Path) -> Any:  # noqa: ANN401 - a JSON value
    """Return the JSON of a file, numbers as `int` or `Decimal`; raise `DataError` in one line."""
    where = str(path)
    data = _bytes_of(path)
    if path.suffix.lower() in PICKLES or data.startswith(PICKLE_MARK):
        raise DataError(
            "a pickle can run code when it is loaded, so it is never opened",
            where=where, expected="JSON", fix=PICKLE_FIX,
        )  # fmt: skip
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"byte {error.start} is no UTF-8 text", where=where, expected="a JSON document",
            fix="give the file that the former bot wrote",
        ) from None  # fmt: skip
    try:
        return json.loads(
            text,
            parse_float=_decimal,
            parse_int=_whole,
            parse_constant=lambda name: Bad(f"{name} is no number"),
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        raise DataError(
            f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            where=where, expected="a whole JSON document",
            fix="take the file from a backup of the former bot",
        ) from None  # fmt: skip
    except RecursionError:
        raise DataError(
            "nested too deep", where=where, expected="a document of the former bot",
            fix="leave this file out",
        ) from None  # fmt: skip


def _bytes_of(path: Path) -> bytes:
    where = str(path)
    try:
        size = path.stat().st_size
        if size > BYTES_MAX:
            raise DataError(
                f"{size} bytes", where=where, expected=f"at most {BYTES_MAX}", fix="split the file"
            )
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"cannot be read: {(error.strerror or str(error)).lower()}", where=where,
            expected="a JSON file", fix="check its name and its permissions",
        ) from None  # fmt: skip


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = Bad("is there twice in one object") if key in found else value
    return found


def _decimal(text: str) -> Decimal | Bad:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Bad("is a number too large to read")


def _whole(text: str) -> Decimal | Bad:
    return _decimal(text)
