"""Checksums over the top of a book, as two venues send them.

OKX     CRC32, signed, of the best 25 levels in turn, `bid price:bid size:ask price:ask size:...`
Kraken  CRC32 of the best 10 asks, then bids: price and quantity without point and leading zeros

Both are taken over the digits as sent: "5.10" is not "5.1". A level's form keeps how many decimals
each number was sent with. The text is written by compiled code, digit by digit: a checksum comes
with every update, and fifty numbers made into Python strings would cost more than all the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from ballast.core.jit import jit
from ballast.core.marketdata import FORM, FORM_SHIFT, PRICE, QTY, Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.marketdata import Grid, Levels
    from ballast.venues.books.book import Book

OKX_LEVELS = 25
KRAKEN_LEVELS = 10
NUMBER_MOST = 64
"""Signs of a number at most: 19 digits, a point, and the zeros of 18 decimals as sent."""
_FORM_MASK = (1 << FORM_SHIFT) - 1
_UNSIGNED = 1 << 32
_SIGN = 1 << 31
_ZERO, _POINT, _COLON = (ord(sign) for sign in "0.:")


def okx_checksum(book: Book, grid: Grid) -> int:
    """Return OKX's checksum of a book, -2**31 to 2**31 - 1."""
    text = np.empty(4 * OKX_LEVELS * NUMBER_MOST, np.uint8)
    end = _okx_text(book.rows(Side.BUY), book.rows(Side.SELL), grid.numbers, text)
    value = crc32(text[:end].data)
    return value - _UNSIGNED if value >= _SIGN else value


def kraken_checksum(book: Book, grid: Grid) -> int:
    """Return Kraken's checksum of a book, 0 to 2**32 - 1."""
    text = np.empty(4 * KRAKEN_LEVELS * NUMBER_MOST, np.uint8)
    end = _kraken_text(book.rows(Side.BUY), book.rows(Side.SELL), grid.numbers, text)
    return crc32(text[:end].data)


@jit
def _digits(value: int, least: int, text: NDArray[np.uint8], at: int) -> int:
    """Write a number with at least so many digits; return the place behind it."""
    count, rest = 0, value
    while rest > 0:
        rest //= 10
        count += 1
    count = max(count, least)
    for place in range(at + count - 1, at - 1, -1):
        text[place] = _ZERO + value % 10
        value //= 10
    return at + count


@jit
def _decimal(
    value: int, places: int, sent: int, mark: int, text: NDArray[np.uint8], at: int
) -> int:  # fmt: skip
    """Write `value * 10**-places` with the `sent` decimals it came with.

    `mark` is the sign of the point; without one (0) the digits are those of one whole number, and
    there are no leading zeros.
    """
    for _ in range(places - sent):
        value //= 10
    kept = min(places, sent)
    if mark:
        power = 1
        for _ in range(kept):
            power *= 10
        at = _digits(value // power, 1, text, at)
        if sent > 0:
            text[at] = mark
            at = _digits(value % power, kept, text, at + 1)
    else:
        at = _digits(value, 1, text, at)
    for _ in range(sent - places):
        text[at] = _ZERO
        at += 1
    return at


@jit
def _level(
    levels: Levels, row: int, grid: NDArray[np.int64], mark: int, text: NDArray[np.uint8], at: int
) -> int:  # fmt: skip
    form = levels[row, FORM]
    price = levels[row, PRICE] * grid[1]
    at = _decimal(price, grid[0], form >> FORM_SHIFT, mark, text, at)
    if mark:
        text[at] = _COLON
        at += 1
    at = _decimal(levels[row, QTY] * grid[3], grid[2], form & _FORM_MASK, mark, text, at)
    if mark:
        text[at] = _COLON
        at += 1
    return at


@jit
def _next(levels: Levels, row: int) -> int:
    """Return the last row up to `row` that is a level, -1 if none is left."""
    while row >= 0 and levels[row, QTY] == 0:
        row -= 1
    return row


@jit
def _okx_text(bids: Levels, asks: Levels, grid: NDArray[np.int64], text: NDArray[np.uint8]) -> int:
    at = 0
    bid, ask = len(bids) - 1, len(asks) - 1
    for _ in range(OKX_LEVELS):
        bid, ask = _next(bids, bid), _next(asks, ask)
        if bid >= 0:
            at = _level(bids, bid, grid, _POINT, text, at)
            bid -= 1
        if ask >= 0:
            at = _level(asks, ask, grid, _POINT, text, at)
            ask -= 1
    return max(at - 1, 0)


@jit
def _kraken_text(
    bids: Levels, asks: Levels, grid: NDArray[np.int64], text: NDArray[np.uint8]
) -> int:  # fmt: skip
    at = 0
    for levels in (asks, bids):
        row = len(levels) - 1
        for _ in range(KRAKEN_LEVELS):
            row = _next(levels, row)
            if row >= 0:
                at = _level(levels, row, grid, 0, text, at)
                row -= 1
    return at
