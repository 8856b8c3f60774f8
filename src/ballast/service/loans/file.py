"""File: loans as a person or a script writes them.

    {
      "venue": "binance", "account": "main", "at": "2026-01-01T00:00:00Z",
      "loans": [
        {"asset": "USDT", "debt": "10000", "collateral_asset": "BTC", "collateral": "0.3",
         "price": "60000", "ltv": "0.5556", "margin_call": "75%", "liquidation": "83%", "apr": "6%"}
      ],
      "earn": [{"asset": "USDT", "apr": "12%", "product": "flexible"}]
    }

A loan needs its first four values, and `ltv` or `price`, or it is not known. Ratios and rates are
fractions or end in `%`. Without `at` it is now, without `venue` it is `FILE`.

An answer of Binance's `/sapi/v2/loan/flexible/ongoing/orders`, saved as it came, is read as well.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError, UserError, suggest
from ballast.core.loans import EarnRate, Loan, LoanReport
from ballast.core.time import parse_ms
from ballast.venues.clients.binance.loans import LoanRow, Paged, loans_of
from ballast.venues.clients.binance.rows import ShapeError, read
from ballast.venues.clients.calls import CallError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_BYTES_MAX = 1 << 20
TOP = ("venue", "account", "at", "loans", "earn")
NEEDED = ("asset", "debt", "collateral_asset", "collateral")
MAYBE = ("ltv", "price", "margin_call", "liquidation", "apr")
RATIO_MAX = Decimal(10)
"""A larger ratio was meant as a percentage."""


def read_loans(path: Path, now_ms: int) -> LoanReport:
    """Return what a file says; raise `DataError` that names file and entry."""
    document = _document(path)
    where = str(path)
    if "rows" in document:
        return LoanReport("BINANCE", "main", now_ms, _answered(document, where))
    _known(document, TOP, where)
    loans = tuple(
        _loan(row, f"{where}: loans[{at}]")
        for at, row in enumerate(_rows(document, "loans", where))
    )
    names = [one.name for one in loans]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise DataError(f"{twice} stands there twice", where=where, fix="add the two up")
    return LoanReport(
        str(document.get("venue") or "FILE").upper(),
        str(document.get("account") or "main"),
        _at(document.get("at"), now_ms, where),
        loans,
        tuple(
            _rate(row, f"{where}: earn[{at}]")
            for at, row in enumerate(_rows(document, "earn", where))
        ),
    )


def _answered(document: dict[str, Any], where: str) -> tuple[Loan, ...]:
    """Read an answer of Binance; raise `DataError` for one that is none, or only a part."""
    try:
        page = read(json.loads(json.dumps(document, default=str)), Paged[LoanRow])
        loans = loans_of(page.rows, ())
    except (ShapeError, CallError) as error:
        raise DataError(f"is no answer of Binance: {error}", where=where) from None
    if len(loans) < page.total:
        raise DataError(
            f"holds {len(loans)} of {page.total} loans", where=where, fix="ask with limit=100"
        )
    return loans


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise DataError("is too large for a list of loans", where=str(path))
        document = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except (ValueError, RecursionError):
        raise DataError("is no JSON", where=str(path), expected="see docs/loans.md") from None
    if not isinstance(document, dict):
        raise DataError("is no list of loans", where=str(path), expected="see docs/loans.md")
    return document


def _rows(document: Mapping[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    rows = document.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"'{name}' is no list of objects", where=where)
    return rows


def _known(row: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    for name in row:
        if name not in names:
            raise DataError(
                f"unknown name '{name[:40]}'",
                where=where,
                expected=", ".join(names),
                fix=suggest(name, names),
            )


def _loan(row: Mapping[str, Any], where: str) -> Loan:
    _known(row, (*NEEDED, *MAYBE), where)
    for name in NEEDED:
        if row.get(name) in (None, ""):
            raise DataError(f"'{name}' is missing", where=where)
    return Loan(
        _asset(row["asset"], where),
        _asset(row["collateral_asset"], where),
        _amount(row, "debt", where),
        _amount(row, "collateral", where),
        ltv=_ratio(row, "ltv", where),
        price=_amount(row, "price", where) if row.get("price") not in (None, "") else None,
        margin_call=_ratio(row, "margin_call", where),
        liquidation=_ratio(row, "liquidation", where),
        apr=_ratio(row, "apr", where),
    )


def _rate(row: Mapping[str, Any], where: str) -> EarnRate:
    _known(row, ("asset", "apr", "product"), where)
    apr = _ratio(row, "apr", where)
    if apr is None or not row.get("asset"):
        raise DataError("'asset' or 'apr' is missing", where=where)
    return EarnRate(_asset(row["asset"], where), apr, str(row.get("product") or ""))


def _asset(text: object, where: str) -> str:
    name = str(text).strip().upper()
    if not name.isalnum():
        raise DataError(f"'{str(text)[:40]}' is no asset", where=where, expected="USDT, BTC, ...")
    return name


def _amount(row: Mapping[str, Any], name: str, where: str) -> Decimal:
    return _number(str(row[name]), row[name], name, where)


def _ratio(row: Mapping[str, Any], name: str, where: str) -> float | None:
    raw = row.get(name)
    if raw in (None, ""):
        return None
    text = str(raw).strip()
    is_percent = text.endswith("%")
    value = _number(text.removesuffix("%"), raw, name, where) / (100 if is_percent else 1)
    if value > RATIO_MAX:
        raise DataError(
            f"{name} is {text}", where=where, expected="a fraction", fix=f"did you mean {text}%?"
        )
    return float(value)


def _number(text: str, raw: object, name: str, where: str) -> Decimal:
    try:
        value = Decimal(text) if not isinstance(raw, bool) else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise DataError(f"{name} is {str(raw)[:40]!r}", where=where, expected="a number from 0 on")
    return value


def _at(text: object, now_ms: int, where: str) -> int:
    if text in (None, ""):
        return now_ms
    try:
        return parse_ms(str(text))
    except UserError as error:
        raise DataError(error.what, where=f"{where}: at", expected=error.expected) from None
