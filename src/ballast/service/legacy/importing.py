"""Importing: files in, all that they say out, and every problem of every file beside it.

    files -> JSON (reading) -> records (shapes) -> typed rows (fields, positions, ...)
          -> what must hold between them (here) -> `Legacy` -> our own files (writing)

Nothing here writes. Who has `Legacy.problems` decides whether the rest is used.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, TypeVar

from ballast.core.errors import DataError
from ballast.service.legacy.fields import EXACT, Taker
from ballast.service.legacy.history import fill_of, portfolio_of, trade_of
from ballast.service.legacy.model import Kind, Legacy
from ballast.service.legacy.pairing import trades_of
from ballast.service.legacy.parameters import EXTRA, parameters_of
from ballast.service.legacy.positions import position_of
from ballast.service.legacy.reading import PICKLES, read_document
from ballast.service.legacy.shapes import records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from pathlib import Path

    from ballast.service.legacy.fields import Asked
    from ballast.service.legacy.model import Fill, Position, Record, Trade

Row = TypeVar("Row")
SUFFIXES = (".json", *PICKLES)
"""Files taken out of a folder: a pickle is refused by name, not passed over."""


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files meant by paths and folders, each once; raise `DataError` for none."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                one for one in path.rglob("*")
                if one.is_file() and one.suffix.lower() in SUFFIXES and one.name[0] != "."
            )  # fmt: skip
            if not inside:
                raise DataError(
                    "no JSON document in this folder", where=str(path), expected="*.json",
                    fix="give the folder in which the former bot kept its state",
                )  # fmt: skip
            found += inside
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def read_legacy(files: Iterable[Path], asked: Asked, quote: str = "") -> Legacy:
    """Return all that the files say; `quote` is the currency that is meant where there are two."""
    with localcontext(EXACT):
        return _read(files, asked, quote)


def _read(files: Iterable[Path], asked: Asked, quote: str) -> Legacy:
    legacy = Legacy()
    for file in files:
        try:
            found = records_of(str(file), read_document(file), asked.ignored)
        except DataError as error:
            legacy.problems.append(error)
            continue
        legacy.problems += found.problems
        if not found.records and not found.problems:
            legacy.remarks.append(f"{file}: nothing is in it")
        for record in found.records:
            _take(record, asked, legacy)
    _one_currency(legacy, quote.upper())
    legacy.fills = _each_once(legacy.fills, legacy)
    legacy.positions = _one_each(legacy.positions, lambda one: one.symbol, "position", legacy)
    legacy.parameters = _one_each(
        legacy.parameters, lambda one: (one.symbol, one.timeframe), "parameter set", legacy
    )
    paired, problems = trades_of(legacy.fills)
    legacy.problems += problems
    legacy.trades = _one_at_a_time([*dict.fromkeys(legacy.trades), *paired], legacy)
    return legacy


def _take(record: Record, asked: Asked, legacy: Legacy) -> None:
    """Add what one record says, or its problems."""
    take = Taker(record, asked, EXTRA if record.kind is Kind.PARAMETERS else ())
    match record.kind:
        case Kind.POSITION:
            _add(take, position_of(take), legacy.positions, legacy)
        case Kind.PARAMETERS:
            _add(take, parameters_of(take), legacy.parameters, legacy)
        case Kind.FILL:
            _add(take, fill_of(take), legacy.fills, legacy)
        case Kind.TRADE:
            _add(take, trade_of(take), legacy.trades, legacy)
        case Kind.PORTFOLIO:
            _add(take, portfolio_of(take), legacy.portfolios, legacy)


def _add(take: Taker, row: Row | None, rows: list[Row], legacy: Legacy) -> None:
    for name in take.ignored:
        legacy.ignored[name] = legacy.ignored.get(name, 0) + 1
    legacy.problems += take.problems
    if row is not None and not take.problems:
        rows.append(row)


# What must hold between records ------------------------------------------------------------


def _one_currency(legacy: Legacy, quote: str) -> None:
    """Leave rows of one quote currency; each other is a problem, for sums of two mean nothing."""
    rows: list[Position | Fill | Trade] = [*legacy.positions, *legacy.fills, *legacy.trades]
    stated = [one.currency for one in legacy.portfolios if one.currency]
    counts = Counter([*(one.quote for one in rows), *stated])
    if not counts:
        return
    meant = quote or (stated[0] if stated else counts.most_common(1)[0][0])
    fix = f"import {meant} alone with --skip-bad, or say --quote"

    def is_other(currency: str, where: str) -> bool:
        if currency in ("", meant):
            return False
        legacy.problems.append(
            DataError(f"is in {currency}", where=where, expected=f"one currency: {meant}", fix=fix)
        )
        return True

    legacy.positions = [one for one in legacy.positions if not is_other(one.quote, one.where)]
    legacy.fills = [one for one in legacy.fills if not is_other(one.quote, one.where)]
    legacy.trades = [one for one in legacy.trades if not is_other(one.quote, one.where)]
    legacy.portfolios = [one for one in legacy.portfolios if not is_other(one.currency, one.where)]


def _one_each(
    rows: Sequence[Row], key_of: Callable[[Row], Hashable], noun: str, legacy: Legacy
) -> list[Row]:
    """Return rows of which there may be one each; a second that says another is a problem."""
    found: dict[Hashable, Row] = {}
    for row in rows:
        key = key_of(row)
        if key in found:
            legacy.problems.append(
                DataError(
                    f"a second {noun} of {row.symbol}", where=row.where,  # type: ignore[attr-defined]  # both kinds have it
                    expected=f"one; the first is at {found[key].where}",  # type: ignore[attr-defined]
                    fix="leave the older file out",
                )
            )  # fmt: skip
        else:
            found[key] = row
    return list(found.values())


def _one_at_a_time(trades: Sequence[Trade], legacy: Legacy) -> list[Trade]:
    """Return trades, oldest first; two of a symbol at once are one trade told twice: a problem."""
    kept: list[Trade] = []
    last: dict[str, Trade] = {}
    for trade in sorted(trades, key=lambda one: (one.entry_ms, one.symbol)):
        before = last.get(trade.symbol)
        if before is not None and (before.exit_ms is None or before.exit_ms > trade.entry_ms):
            legacy.problems.append(
                DataError(
                    f"a trade of {trade.symbol} within another", where=trade.where,
                    expected=f"one at a time; the other is at {before.where}",
                    fix="leave out the file that tells the same once more",
                )
            )  # fmt: skip
        else:
            last[trade.symbol] = trade
            kept.append(trade)
    return kept


def _each_once(fills: Sequence[Fill], legacy: Legacy) -> list[Fill]:
    """Return fills, oldest first, without those that two files repeat.

    Where fills have ids these tell them apart. Without, two equal ones of one file are two, and of
    two files they are one: exports overlap.
    """
    by_source: dict[str, Counter[Hashable]] = {}
    for one in fills:
        by_source.setdefault(one.source, Counter())[_identity(one)] += 1
    most: Counter[Hashable] = Counter()
    for counts in by_source.values():
        most |= counts
    kept: list[Fill] = []
    known: dict[tuple[str, str], Fill] = {}
    for fill in sorted(fills, key=lambda one: one.at_ms):
        key = _identity(fill)
        first = known.setdefault((fill.symbol, fill.trade_id), fill) if fill.trade_id else fill
        if _identity(first) != key:
            legacy.problems.append(
                DataError(
                    f"trade {fill.trade_id} is another one than at {first.where}",
                    where=fill.where, expected="one trade under one id", fix="correct the file",
                )
            )  # fmt: skip
        elif (fill.trade_id and first is fill) or (not fill.trade_id and most[key] > 0):
            most[key] -= 1
            kept.append(fill)
    repeated = len(fills) - len(kept)
    if repeated:
        legacy.remarks.append(f"{repeated} repeated purchases and sales are counted once")
    return kept


def _identity(fill: Fill) -> Hashable:
    fee = fill.fee if fill.fee is not None else Decimal(0)
    return (fill.symbol, fill.is_buy, fill.price, fill.qty, fill.at_ms, fee, fill.trade_id)
