"""Checksums over the top of a book, as two venues send them.

OKX     CRC32, signed, of the best 25 levels in turn, `bid price:bid size:ask price:ask size:...`
Kraken  CRC32 of the best 10 asks, then bids: price and quantity without point and leading zeros

Both are taken over the digits as sent: "5.10" is not "5.1". A level's form keeps how many decimals
each number was sent with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from ballast.core.marketdata import FORM_SHIFT

if TYPE_CHECKING:
    from ballast.core.marketdata import Grid, Steps
    from ballast.venues.books.book import Book

OKX_LEVELS = 25
KRAKEN_LEVELS = 10
_FORM_MASK = (1 << FORM_SHIFT) - 1
_UNSIGNED = 1 << 32
_SIGN = 1 << 31


def okx_checksum(book: Book, grid: Grid) -> int:
    """Return OKX's checksum of a book, -2**31 to 2**31 - 1."""
    bids, asks = (
        [
            f"{_text(price, grid.price, form >> FORM_SHIFT)}:"
            f"{_text(qty, grid.qty, form & _FORM_MASK)}"
            for price, qty, form in levels.tolist()
        ]
        for levels in book.top(OKX_LEVELS)
    )
    parts = []
    for row in range(max(len(bids), len(asks))):
        parts += [*bids[row : row + 1], *asks[row : row + 1]]
    value = crc32(":".join(parts).encode())
    return value - _UNSIGNED if value >= _SIGN else value


def kraken_checksum(book: Book, grid: Grid) -> int:
    """Return Kraken's checksum of a book, 0 to 2**32 - 1."""
    bids, asks = book.top(KRAKEN_LEVELS)
    digits = [
        f"{_as_sent(price, grid.price, form >> FORM_SHIFT)}"
        f"{_as_sent(qty, grid.qty, form & _FORM_MASK)}"
        for levels in (asks, bids)
        for price, qty, form in levels.tolist()
    ]
    return crc32("".join(digits).encode())


def _as_sent(count: int, steps: Steps, places: int) -> int:
    """Return a count of steps as a whole number of the last decimal it was sent with."""
    value = count * steps.step
    if places >= steps.places:
        return int(value * 10 ** (places - steps.places))
    return int(value // 10 ** (steps.places - places))


def _text(count: int, steps: Steps, places: int) -> str:
    value = _as_sent(count, steps, places)
    if not places:
        return str(value)
    whole, part = divmod(value, 10**places)
    return f"{whole}.{part:0{places}d}"
