"""Exact numbers: decimals as text to whole steps, times as text to nanoseconds.

Inside this package a broken message raises `BrokenError`; the door turns it into `TheirFault`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np

from ballast.core.marketdata import FORM_SHIFT, PLACES_MAX, Side
from ballast.venues.normalise.scanner import SHORTEST_LEVEL, fault_of, scan_book

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.core.marketdata import Grid, Levels, Steps

NS = 1_000_000_000
NS_OF_MS = 1_000_000
NS_OF_US = 1_000
INT64_MAX = 2**63 - 1
DIGITS_MAX = 40
"""Longest number read: a price of 18 digits with 18 decimals has 37 signs."""

Id = Annotated[int, msgspec.Meta(ge=-1, le=INT64_MAX)]
"""A number of an update; -1 where the venue writes it to say there is none before."""
Ms = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX // NS_OF_MS)]
"""Milliseconds since 1970 that fit an int64 of nanoseconds."""
Raw = msgspec.Raw
RAW = msgspec.Raw(b"")
"""A value that is not there."""

_POWERS: tuple[int, ...] = tuple(10**places for places in range(PLACES_MAX + 1))
_PLAIN = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_POWER = re.compile(r"([0-9]+)(?:\.([0-9]+))?[eE]([+-]?[0-9]{1,2})")
_SIDES = {"buy": Side.BUY, "sell": Side.SELL, "bid": Side.BUY, "ask": Side.SELL, "offer": Side.SELL}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:?00)?", re.ASCII)
_SECONDS = re.compile(r"(\d{1,10})(?:\.(\d{1,9}))?", re.ASCII)


class BrokenError(Exception):
    """A message that breaks the venue's protocol: where in it, and why."""

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why
        super().__init__(where, why)


def counted(text: str, steps: Steps, where: str) -> int:
    """Return a decimal, not negative, as whole steps; raise `BrokenError` if it is none."""
    whole, _, part = text.partition(".")
    spare = steps.places - len(part)
    if spare >= 0 and len(text) <= PLACES_MAX and (whole + part).isdigit() and text.isascii():
        value, rest = divmod(int(whole + part) * _POWERS[spare], steps.step)
        if not rest and whole and text[-1] != "." and value <= INT64_MAX:
            return value
    return counted_as_sent(text, steps, where)[0]  # the careful way, which knows what is wrong


def counted_as_sent(text: str, steps: Steps, where: str) -> tuple[int, int]:
    """Return (whole steps, decimals it was written with)."""
    match = _PLAIN.fullmatch(text) if len(text) <= DIGITS_MAX else None
    if match is None:
        text = _without_power(text, where)
        match = _PLAIN.fullmatch(text)
    if match is None:
        raise BrokenError(where, f"'{text[:DIGITS_MAX]}' is not a decimal number")
    whole, part = match[1], match[2] or ""
    places = steps.places
    if len(part) > places and part[places:].strip("0"):
        raise BrokenError(where, f"'{text}' is not a whole number of steps")
    if len(part) > PLACES_MAX:
        raise BrokenError(where, f"'{text}' is not a decimal number")
    value, rest = divmod(int(whole + part[:places].ljust(places, "0")), steps.step)
    if rest:
        raise BrokenError(where, f"'{text}' is not a whole number of steps")
    if value > INT64_MAX:
        raise BrokenError(where, f"'{text}' is too large to be counted")
    return value, len(part)


def _without_power(text: str, where: str) -> str:
    """Write `1e-05` as a plain decimal: JSON numbers may come so."""
    match = _POWER.fullmatch(text) if len(text) <= DIGITS_MAX else None
    if match is None:
        raise BrokenError(where, f"'{text[:DIGITS_MAX]}' is not a decimal number")
    plain = f"{Decimal(text):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def number_text(raw: Raw, where: str) -> str:
    """Return the digits of a JSON number, or of a string that holds one."""
    text = bytes(raw).strip()
    if text[:1] == b'"':
        text = text[1:-1]
    if not text:
        raise BrokenError(where, "missing")
    return text.decode("ascii", "replace")


def exact(raw: Raw | str, where: str) -> Decimal | None:
    """Return the decimal of a value; None if it is missing, null or an empty string."""
    text = raw if isinstance(raw, str) else bytes(raw).decode("ascii", "replace").strip().strip('"')
    if not text or text == "null":
        return None
    try:
        value = Decimal(text) if len(text) <= DIGITS_MAX else Decimal("NaN")
    except DecimalException:
        value = Decimal("NaN")
    if not value.is_finite():
        raise BrokenError(where, f"'{text[:DIGITS_MAX]}' is not a number")
    return value


def side_of(text: str, where: str) -> Side:
    """Return the side that `buy`, `Sell`, `BID` ... names."""
    side = _SIDES.get(text.lower())
    if side is None:
        raise BrokenError(where, f"'{text[:DIGITS_MAX]}' is no side")
    return side


def whole(text: str | int, where: str, most: int = INT64_MAX) -> int:
    """Return a whole number given as text or number, `-1 <= n <= most`."""
    if isinstance(text, str):
        if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= DIGITS_MAX):
            raise BrokenError(where, f"'{text[:DIGITS_MAX]}' is not a whole number")
        text = int(text)
    if not -1 <= text <= most:
        raise BrokenError(where, f"{text} is out of bounds")
    return text


def ns_of_ms(text: str | int, where: str) -> int:
    """Return milliseconds, as text or number, as nanoseconds."""
    value = whole(text, where, INT64_MAX // NS_OF_MS)
    if value < 0:
        raise BrokenError(where, f"{value} is no time")
    return value * NS_OF_MS


def ns_of_us(text: str | int, where: str) -> int:
    """Return microseconds, as text or number, as nanoseconds."""
    value = whole(text, where, INT64_MAX // NS_OF_US)
    if value < 0:
        raise BrokenError(where, f"{value} is no time")
    return value * NS_OF_US


def ns_of_seconds(text: str, where: str) -> int:
    """Return decimal seconds, `1561939201.587070`, as nanoseconds."""
    match = _SECONDS.fullmatch(text)
    if match is None or int(match[1]) > INT64_MAX // NS - 1:
        raise BrokenError(where, f"'{text[:DIGITS_MAX]}' is no time")
    return int(match[1]) * NS + int((match[2] or "").ljust(9, "0"))


def ns_of_iso(text: str, where: str) -> int:
    """Return `2021-04-17T16:43:30.244075Z` as nanoseconds; 0 for a time before 1970."""
    match = _ISO.fullmatch(text)
    if match is None:
        raise BrokenError(where, f"'{text[:DIGITS_MAX]}' is no time")
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00")
    except ValueError:
        raise BrokenError(where, f"'{text}' is no time") from None
    since = moment - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    if seconds > INT64_MAX // NS - 1:
        raise BrokenError(where, f"'{text}' is no time")
    return max(seconds * NS + int((match[3] or "").ljust(9, "0")), 0)


def levels_of(bids: Raw, asks: Raw, grid: Grid) -> tuple[Levels, Levels]:
    """Return the level arrays of two JSON texts; raise `BrokenError` unless they are levels."""
    text_bids, text_asks = bytes(bids), bytes(asks)
    most = len(text_bids) // SHORTEST_LEVEL + len(text_asks) // SHORTEST_LEVEL + 2
    out = np.empty((most, 3), np.int64)
    split, end = scan_book(text_bids, text_asks, grid.numbers, out)
    if split < 0 or end < 0:
        place, why = fault_of(min(split, end))
        raise BrokenError(f"{'bids' if split < 0 else 'asks'} byte {place}", why)
    return out[:split], out[split:end]


def level_rows(rows: Iterable[tuple[str, str]], grid: Grid, where: str) -> Levels:
    """Return the level array of (price, quantity) texts."""
    found: list[Any] = []
    price, qty = grid.price, grid.qty
    for price_text, qty_text in rows:
        ticks, price_places = counted_as_sent(price_text, price, where)
        lots, qty_places = counted_as_sent(qty_text, qty, where)
        found.append((ticks, lots, price_places << FORM_SHIFT | qty_places))
    return np.array(found, np.int64).reshape(-1, 3)
