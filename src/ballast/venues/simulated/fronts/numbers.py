"""Numbers: texts of the wire to integers of the engine and back, exactly.

A venue writes a price with as many decimals as its tick has, an amount with as many as the asset
is kept in. What a client sends must be a plain decimal; the venues refuse `1e-5`, blanks and signs.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{0,20})?")
"""Digits with at most one point: the only form that every venue takes."""


def plain_decimal(text: str) -> Decimal | None:
    """Return a number written plainly, None for anything else."""
    if not PLAIN.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:  # pragma: no cover - the pattern leaves none
        return None


def whole_number(text: str, most: int = 2**63 - 1) -> int | None:
    """Return a whole number from 0 to `most`, None for anything else."""
    if not text.isascii() or not text.isdigit() or len(text) > 19:  # noqa: PLR2004 - an int64
        return None
    value = int(text)
    return value if value <= most else None


def fixed(value: Decimal, digits: int) -> str:
    """Print with exactly `digits` decimals, cut towards zero (venues never round up)."""
    scaled = int(value.scaleb(digits))
    return scaled_text(scaled, digits)


def scaled_text(scaled: int, digits: int) -> str:
    """Print an integer of 10^-digits units with exactly `digits` decimals."""
    sign = "-" if scaled < 0 else ""
    text = str(abs(scaled)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


class Steps:
    """Prints counts of one step with a fixed number of decimals, as `fixed` prints the product."""

    __slots__ = ("_digits", "_scale", "_step", "_zero")

    def __init__(self, step: Decimal, digits: int) -> None:
        """Print multiples of `step`."""
        scaled = step.scaleb(digits)
        self._step = step
        self._digits = digits
        self._zero = scaled_text(0, digits)
        self._scale = int(scaled) if scaled == int(scaled) else 0  # 0: finer than is printed

    def text(self, count: int) -> str:
        """Print so many steps, cut towards zero."""
        if not count:
            return self._zero
        if self._scale:
            return scaled_text(count * self._scale, self._digits)
        return fixed(self._step * count, self._digits)


def shortest(value: Decimal) -> str:
    """Print without trailing zeros and without an exponent: `0.001`, `120`, `0`."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ratio(numerator: int, denominator: int, unit: Decimal, digits: int) -> str:
    """Print `numerator / denominator * unit`, cut to `digits`; "0" with decimals for no fills."""
    if denominator == 0:
        return scaled_text(0, digits)
    scale = unit * 10**digits
    top, bottom = scale.as_integer_ratio()
    return scaled_text(numerator * top // (denominator * bottom), digits)
