"""Dated fee schedules from a file a person writes: TOML or CSV.

    [[fee]]                         from,maker,taker,symbol
    from = "2024-01-01"             2024-01-01,0.1%,0.1%,
    maker = "0.1%"                  2024-07-01,0.08%,10bps,BTCUSDT
    taker = "10bps"
    symbol = "BTCUSDT"              (optional: without it the whole venue)

A rate is a fraction of notional (0.001), a percentage (0.1%) or basis points (10bps).
"""

from __future__ import annotations

import csv
import tomllib
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError, UserError, suggest
from ballast.core.instrument import FeeRate
from ballast.core.time import parse_ms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HIGHEST = Decimal("0.05")
"""5 %: more than any exchange takes; a larger number was meant as a percentage."""
_UNITS = (("%", Decimal("0.01")), ("bps", Decimal("0.0001")))
_NAMES = ("from", "maker", "taker", "symbol")


def parse_rate(text: str) -> float:
    """Read `0.001`, `0.1%` or `10bps` as a fraction; raise `DataError` for anything else."""
    clean, unit = text.strip().lower().replace(" ", ""), Decimal(1)
    for suffix, factor in _UNITS:
        if clean.endswith(suffix):
            clean, unit = clean.removesuffix(suffix), factor
    try:
        rate = Decimal(clean) * unit
    except InvalidOperation:
        raise DataError(f"'{text}' is not a fee", expected="0.001, 0.1% or 10bps") from None
    if not abs(rate) <= HIGHEST:
        raise DataError(
            f"a fee of {text} is more than {HIGHEST:.0%} of notional",
            fix=f"if {text} means percent write {text}%",
        )
    return float(rate)


def read_schedule(path: Path) -> dict[str | None, list[FeeRate]]:
    """Read a fee file; return the rates by symbol, None standing for the whole venue."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read: {error}", where=str(path)) from None
    rows = _toml(text, path) if path.suffix == ".toml" else list(csv.DictReader(text.splitlines()))
    schedule: dict[str | None, list[FeeRate]] = {}
    for at, row in enumerate(rows, 1):
        symbol, rate = _entry(row, f"{path} entry {at}")
        schedule.setdefault(symbol, []).append(rate)
    if not schedule:
        raise DataError("no fees in this file", where=str(path), expected=", ".join(_NAMES))
    return schedule


def _toml(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"not TOML: {error}", where=str(path)) from None
    rows = document.get("fee", [])
    if not isinstance(rows, list) or set(document) - {"fee"}:
        raise DataError("not a fee file", where=str(path), expected="a list of [[fee]] tables")
    return rows


def _entry(row: Mapping[str, Any], where: str) -> tuple[str | None, FeeRate]:
    for name in row:
        if name not in _NAMES:
            raise DataError(
                f"unknown name '{name}'",
                where=where,
                expected=", ".join(_NAMES),
                fix=suggest(str(name), _NAMES),
            )
    for name in ("from", "maker", "taker"):
        if row.get(name) in (None, ""):
            raise DataError(f"'{name}' is missing", where=where)
    try:
        rate = FeeRate(
            parse_ms(str(row["from"])), parse_rate(str(row["maker"])), parse_rate(str(row["taker"]))
        )
    except UserError as error:
        raise DataError(error.what, where=where, expected=error.expected, fix=error.fix) from None
    return row.get("symbol") or None, rate
