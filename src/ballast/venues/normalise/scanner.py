"""Level arrays, compiled: `[["61800.20","2.909"],...]` to whole ticks and lots in one pass.

The text is what the JSON decoder has already found to be one value; here it must be an array of
levels, each an array whose first two elements are price and quantity, as strings or numbers. What
follows them in a level (the time at Kraken, the count of orders at OKX) must be plain strings or
numbers and is passed over. Anything else is a fault, told as a negative number: exact numbers have
no room for a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.core.marketdata import FORM, FORM_SHIFT, PLACES_MAX, PRICE, QTY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = bytes | NDArray[np.uint8]

SHORTEST_LEVEL = 6
"""Bytes of `[1,2],`: a text of n bytes holds at most n / 6 levels, and one."""

SHAPE = 1
NUMBER = 2
OFF_GRID = 3
TOO_LARGE = 4
FAULTS = {
    SHAPE: "not an array of levels",
    NUMBER: "not a decimal number",
    OFF_GRID: "not a whole number of steps",
    TOO_LARGE: "too large to be counted",
}
_CODES = 8
"""A fault is `-(byte * _CODES + code)`."""

_QUOTE, _COMMA, _OPEN, _CLOSE, _POINT = (ord(sign) for sign in '",[].')
_ZERO, _NINE, _BACKSLASH = (ord(sign) for sign in "09\\")
_SPACE, _TAB, _LINE, _RETURN = (ord(sign) for sign in " \t\n\r")
_MOST = 922337203685477579
"""Below this a number times ten plus nine still fits an int64."""


@jit
def _skip(text: Bytes, at: int) -> int:
    """Return the place of the next byte that is no white space."""
    while at < len(text) and (
        text[at] == _SPACE or text[at] == _TAB or text[at] == _LINE or text[at] == _RETURN
    ):
        at += 1
    return at


@jit
def _pass_over(text: Bytes, at: int) -> int:
    """Return the place behind a plain string or number; a fault for anything else."""
    if at < len(text) and text[at] == _QUOTE:
        at += 1
        while at < len(text) and text[at] != _QUOTE:
            if text[at] == _BACKSLASH:
                return -(at * _CODES + SHAPE)
            at += 1
        return at + 1 if at < len(text) else -(at * _CODES + SHAPE)
    start = at
    while at < len(text) and text[at] != _COMMA and text[at] != _CLOSE:
        if text[at] == _OPEN or text[at] == _QUOTE:
            return -(at * _CODES + SHAPE)
        at += 1
    return at if at > start else -(at * _CODES + SHAPE)


@jit
def _number(  # noqa: C901, PLR0911, PLR0912 - compiled: branches are the work
    text: Bytes, at: int, places: int, step: int, out: NDArray[np.int64], row: int, column: int
) -> int:
    """Read a number, quoted or not, into a row's `column`; its decimals are added to its `FORM`.

    Return the place behind it, or a fault.
    """
    quoted = at < len(text) and text[at] == _QUOTE
    if quoted:
        at += 1
    first = at
    value = 0
    written = -1  # decimals so far; -1 before the point
    kept = 0  # of them, those that `value` holds
    while at < len(text):
        sign = text[at]
        if _ZERO <= sign <= _NINE:
            if written >= places:  # finer than a step: only zeros
                if sign != _ZERO:
                    return -(at * _CODES + OFF_GRID)
            else:
                if value >= _MOST:
                    return -(at * _CODES + TOO_LARGE)
                value = value * 10 + (sign - _ZERO)
                kept += written >= 0
            written += written >= 0
        elif sign == _POINT and written < 0 and at > first:
            written = 0
        else:
            break
        at += 1
    if at == first or written == 0 or written > PLACES_MAX:
        return -(at * _CODES + NUMBER)
    for _ in range(places - kept):
        if value >= _MOST:
            return -(at * _CODES + TOO_LARGE)
        value *= 10
    if value % step:
        return -(at * _CODES + OFF_GRID)
    if quoted:
        if at >= len(text) or text[at] != _QUOTE:
            return -(at * _CODES + NUMBER)
        at += 1
    out[row, column] = value // step
    out[row, FORM] = (out[row, FORM] << FORM_SHIFT) | max(written, 0)
    return at


@jit
def _level(  # noqa: PLR0911 - compiled: branches are the work
    text: Bytes, at: int, grid: NDArray[np.int64], out: NDArray[np.int64], row: int
) -> int:
    """Read one level; return the place behind it, or a fault."""
    if at >= len(text) or text[at] != _OPEN:
        return -(at * _CODES + SHAPE)
    out[row, FORM] = 0
    at = _number(text, _skip(text, at + 1), grid[0], grid[1], out, row, PRICE)
    if at < 0:
        return at
    at = _skip(text, at)
    if at >= len(text) or text[at] != _COMMA:
        return -(at * _CODES + SHAPE)
    at = _number(text, _skip(text, at + 1), grid[2], grid[3], out, row, QTY)
    if at < 0:
        return at
    at = _skip(text, at)
    while at < len(text) and text[at] == _COMMA:
        at = _pass_over(text, _skip(text, at + 1))
        if at < 0:
            return at
        at = _skip(text, at)
    if at >= len(text) or text[at] != _CLOSE:
        return -(at * _CODES + SHAPE)
    return at + 1


@jit
def scan_side(  # noqa: PLR0911 - compiled: branches are the work
    text: Bytes, grid: NDArray[np.int64], out: NDArray[np.int64], first: int
) -> int:
    """Read the levels of `text` into the rows of `out` from `first` on.

    Return the row behind the last one, or a fault. No text means no levels. `grid` is
    `Grid.numbers()`; `out` needs `len(text) // SHORTEST_LEVEL + 1` rows.
    """
    row = first
    at = _skip(text, 0)
    if at == len(text):
        return row
    if text[at] != _OPEN:
        return -(at * _CODES + SHAPE)
    at = _skip(text, at + 1)
    if at < len(text) and text[at] == _CLOSE:
        at = _skip(text, at + 1)
        return row if at == len(text) else -(at * _CODES + SHAPE)
    while True:
        at = _level(text, at, grid, out, row)
        if at < 0:
            return at
        row += 1
        at = _skip(text, at)
        if at >= len(text):
            return -(at * _CODES + SHAPE)
        if text[at] == _CLOSE:
            break
        if text[at] != _COMMA:
            return -(at * _CODES + SHAPE)
        at = _skip(text, at + 1)
    at = _skip(text, at + 1)
    return row if at == len(text) else -(at * _CODES + SHAPE)


@jit
def scan_book(
    bids: Bytes, asks: Bytes, grid: NDArray[np.int64], out: NDArray[np.int64]
) -> tuple[int, int]:
    """Read both sides into `out`, the bids first; return the rows behind the bids and the asks.

    A negative number in either place is the fault of that side.
    """
    split = scan_side(bids, grid, out, 0)
    if split < 0:
        return split, 0
    return split, scan_side(asks, grid, out, split)


def fault_of(code: int) -> tuple[int, str]:
    """Return the byte and the words of a fault."""
    place, kind = divmod(-code, _CODES)
    return place, FAULTS[kind]
