"""Order books: the snapshots that exchanges answer with, recognised by their shape.

    Binance   REST depth of spot and USD-M, plain or as a line of a recorded stream
              (`receive time in ns, space, JSON`); the T_DEPTH snapshot archive (CSV)
    OKX       v5 market/books
    Bybit     v5 market/orderbook, and the snapshot lines of the orderbook archive
    Kraken    public/Depth, and the order book of Kraken Futures

Quantities must be base units, because a ladder is in quote units. Books of inverse contracts are
refused; books that count contracts need the base units of one.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ballast.core.errors import DataError, UserError
from ballast.core.time import format_ms, parse_ms
from ballast.store.depth import ladder
from ballast.store.importers.unpack import open_parts
from ballast.store.symbols import market_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

KNOWN = "a depth snapshot of Binance, OKX, Bybit or Kraken (JSON), a recorded stream with one, "
KNOWN += "or a Binance T_DEPTH snapshot (CSV)"
_T_DEPTH = ("symbol", "timestamp", "side", "update_type", "price", "qty")
_MARKS = (b'"lastUpdateId"', b'"snapshot"')
"""What a line of a recorded stream holds if it is a whole book."""
_BROKEN = (KeyError, TypeError, ValueError, IndexError, AttributeError, UserError)


@dataclass(frozen=True, slots=True)
class Book:
    """One snapshot: rows of (price, quantity), and what the file says about itself."""

    source: str
    bids: NDArray[np.float64]
    asks: NDArray[np.float64]
    at_ms: int | None = None
    symbol: str = ""  # as the venue writes it; empty where the answer does not name it
    counts_contracts: bool = False  # of derivatives; spot is always in base units
    is_inverse: bool = False


def read_ladders(
    path: Path,
    *,
    venue: str,
    symbol: str,
    levels: int,
    at_ms: int | None = None,
    contract: float | None = None,
) -> dict[int, NDArray[np.void]]:
    """Read the books of a file as ladders by time; raise `DataError` if it has none of `symbol`.

    `at_ms` dates a single book that does not say when it was taken; `contract` is the base units of
    one contract where quantities count contracts.
    """
    if contract is not None and not contract > 0.0:
        raise UserError(f"a contract of {contract:g} base units", expected="more than 0")
    books = read_books(path)
    if at_ms is not None:
        if len(books) > 1:
            raise DataError(
                f"{len(books)} books in one file cannot all be of {format_ms(at_ms)}",
                where=str(path),
                fix="leave out --at",
            )
        books = [replace(books[0], at_ms=at_ms)]
    found = {}
    for book in books:
        unit = _unit(book, venue, symbol, contract)
        if book.at_ms is None:
            raise DataError(
                "the book does not say when it was taken",
                where=book.source,
                fix="give --at 2024-01-31T12:00",
            )
        scale = np.array([1.0, unit])
        try:
            found[book.at_ms] = ladder(book.bids * scale, book.asks * scale, levels)
        except DataError as error:
            raise DataError(error.what, where=book.source, expected=error.expected) from None
    return found


def read_books(path: Path) -> list[Book]:
    """Return every order book snapshot of a file, packed or not, in the order of the file."""
    books = [book for part in open_parts(path) for book in _books(part.data, part.source)]
    if not books:
        raise DataError("no order book snapshot in this file", where=str(path), expected=KNOWN)
    return books


def _unit(book: Book, venue: str, symbol: str, contract: float | None) -> float:
    """Return the base units that a quantity of 1 stands for."""
    if book.symbol and market_key(book.symbol)[0] != market_key(symbol)[0]:
        raise DataError(f"a book of {book.symbol}, not of {symbol}", where=book.source)
    if book.is_inverse:
        raise DataError(
            "an inverse contract: its quantities are quote units",
            where=book.source,
            expected="spot, or a contract that is settled in the quote",
        )
    is_swap = bool(market_key(symbol)[1]) or "SWAP" in venue.upper()
    if book.counts_contracts and is_swap and contract is None:
        raise DataError(
            "the quantities are contracts",
            where=book.source,
            fix="give --contract, the base units of one (ctVal, 0.01 of BTC-USDT-SWAP)",
        )
    return 1.0 if contract is None else contract


def _books(data: bytes, source: str) -> Iterator[Book]:
    try:
        if data.lstrip()[:6] == b"symbol":
            yield from _t_depth(data.decode(), source)
            return
        try:
            document = msgspec.json.decode(data)
        except msgspec.DecodeError:
            yield from _recorded(data, source)
        else:
            yield from _recognise(document, source)
    except _BROKEN as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"the order book is damaged: {type(error).__name__} {error}", where=source
        ) from error


def _recorded(data: bytes, source: str) -> Iterator[Book]:
    """Yield the books of a recorded stream; a book without a time has that of its receipt."""
    for number, line in enumerate(io.BytesIO(data), 1):
        if not any(mark in line for mark in _MARKS):
            continue
        received, _, body = line.partition(b" ")
        stamped = received.isdigit()
        where = f"{source} line {number}"
        try:
            document = msgspec.json.decode(body if stamped else line)
        except msgspec.DecodeError as error:
            raise DataError(f"not JSON: {error}", where=where) from None
        for book in _recognise(document, where):
            if book.at_ms is None and stamped:
                yield replace(book, at_ms=int(received) // 1_000_000)
            else:
                yield book


def _recognise(document: Any, source: str) -> list[Book]:  # noqa: ANN401 - JSON values
    """Return the books of an answer; none if it has no known shape."""
    if not isinstance(document, dict):
        return []
    found = (shape(document, source) for shape in _SHAPES)
    return next((books for books in found if books), [])


def _binance(document: dict[str, Any], source: str) -> list[Book]:
    if "lastUpdateId" not in document:
        return []
    at_ms = document.get("T", document.get("E"))
    book = _book(document, source, None if at_ms is None else int(at_ms))
    is_inverse = "pair" in document  # only COIN-M answers name the pair
    return [replace(book, symbol=document.get("symbol", ""), is_inverse=is_inverse)]


def _okx(document: dict[str, Any], source: str) -> list[Book]:
    pages = document.get("data")
    if not isinstance(pages, list):
        return []
    return [
        replace(_book(page, source, int(page["ts"])), counts_contracts=True)
        for page in pages
        if isinstance(page, dict) and "bids" in page
    ]


def _bybit(document: dict[str, Any], source: str) -> list[Book]:
    recorded = str(document.get("topic", "")).startswith("orderbook.")
    if recorded and document.get("type") != "snapshot":
        return []
    page = document.get("data" if recorded else "result")
    if not isinstance(page, dict) or "b" not in page:
        return []
    at_ms = int(document["ts"] if recorded else page["ts"])
    symbol = page["s"]
    is_inverse = symbol.endswith("USD")  # linear and spot markets are quoted in USDT or USDC
    bids, asks = _levels(page["b"]), _levels(page["a"])
    return [Book(source, bids, asks, at_ms, symbol, is_inverse=is_inverse)]


def _kraken(document: dict[str, Any], source: str) -> list[Book]:
    """Read (price, volume, time of the last change in seconds); the youngest dates the book."""
    if "orderBook" in document:
        return [_book(document["orderBook"], source, parse_ms(document["serverTime"]))]
    result = document.get("result")
    books = []
    for page in result.values() if isinstance(result, dict) else ():
        if isinstance(page, dict) and "bids" in page:
            times = [float(row[2]) for side in ("bids", "asks") for row in page[side]]
            books.append(_book(page, source, int(max(times) * 1_000) if times else None))
    return books


_SHAPES = (_binance, _okx, _bybit, _kraken)


def _book(page: dict[str, Any], source: str, at_ms: int | None) -> Book:
    return Book(source, _levels(page["bids"]), _levels(page["asks"]), at_ms)


def _t_depth(text: str, source: str) -> Iterator[Book]:
    """Yield the snapshots of Binance's historical order book files, one a time stamp."""
    sides: dict[tuple[int, str], tuple[list[list[str]], list[list[str]]]] = {}
    rows = csv.DictReader(io.StringIO(text.lstrip()))
    if not set(_T_DEPTH) <= set(rows.fieldnames or ()):
        return
    for row in rows:
        if row["update_type"] == "snap":
            bids, asks = sides.setdefault((int(row["timestamp"]), row["symbol"]), ([], []))
            (bids if row["side"] == "b" else asks).append([row["price"], row["qty"]])
    for (at_ms, symbol), (bids, asks) in sides.items():
        yield Book(f"{source} {format_ms(at_ms)}", _levels(bids), _levels(asks), at_ms, symbol)


def _levels(rows: list[Any]) -> NDArray[np.float64]:
    pairs = [(float(row[0]), float(row[1])) for row in rows]
    return np.array(pairs, np.float64).reshape(-1, 2)
