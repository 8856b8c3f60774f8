"""Units: multiply prices and divide volumes by a factor, so that it can be undone to the bit.

Candles are decimals that became floats. Multiplying such a float by 1000 gives a float that may be
one bit beside the decimal meant (0.1 x 3 is not 0.3), and dividing again then misses the original.
So every result is moved to the nearest decimal of 15 significant digits, the most a float64 keeps
for certain: the scaled column holds exactly what reading the scaled decimals would have given.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.bars import Bars

DIGITS = 15
EXACT_POWER = 22  # 10**22 is the largest power of ten that is a float64
FACTOR_MOST = 10**120
"""Largest numerator or denominator of all events together; beyond, floats would overflow."""

_MULTIPLIED = re.compile(r"^(1000000|100000|10000|1000|1M(?=[A-Z])|k(?=[A-Z]))([A-Z].*)$")
_WORDS = {"k": 1_000, "1M": 1_000_000}


def scale_bars(bars: Bars, factor: Fraction) -> Bars:
    """Return bars in units of which one holds `factor` old ones: prices x factor, volume / factor.

    The notional of every bar, price x volume, stays what it was. Undoing it gives the same bits for
    factors with a finite decimal (1000, 1/100, 2.5), 14 digits for others (1/3).
    """
    if factor <= 0 or max(factor.numerator, factor.denominator) > FACTOR_MOST:
        raise DataError(f"{factor} cannot be a unit factor", expected="above 0, at most 1e120")
    if factor == 1:
        return bars
    prices = (times(getattr(bars, name), factor) for name in ("open", "high", "low", "close"))
    o, h, l, c = prices
    volume = times(bars.volume, 1 / factor)
    return replace(bars, open=o, high=h, low=l, close=c, volume=volume)


def times(values: NDArray[np.float64], factor: Fraction) -> NDArray[np.float64]:
    """Multiply by an exact fraction and round to 15 significant decimal digits."""
    raw = values * float(factor.numerator) / float(factor.denominator)
    return decimal(raw)


def decimal(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the float64 nearest to the value's decimal of 15 significant digits."""
    out = values.astype(np.float64, copy=True)
    some = np.isfinite(values) & (values != 0.0)
    places = np.zeros(len(values), np.int64)
    places[some] = DIGITS - 1 - np.floor(np.log10(np.abs(values[some]))).astype(np.int64)
    plain = some & (places >= 0) & (places <= EXACT_POWER)
    power = 10.0 ** places[plain]
    out[plain] = np.rint(values[plain] * power) / power
    large = some & (places < 0)
    power = 10.0 ** -places[large]
    out[large] = np.rint(values[large] / power) * power
    tiny = some & (places > EXACT_POWER)  # its power of ten is no float: go through the text
    out[tiny] = [float(f"{value:.{DIGITS}g}") for value in values[tiny]]
    return out


def multiplier_of(symbol: str) -> tuple[int, str]:
    """Return (tokens in one unit, symbol of the token): `1000PEPEUSDT` gives (1000, PEPEUSDT).

    Knows `1000`, `10000`, `100000`, `1000000`, `1M` and `k` before a name; else (1, symbol).
    """
    match = _MULTIPLIED.match(symbol)
    if match is None:
        return 1, symbol
    return _WORDS.get(match[1]) or int(match[1]), match[2]


def in_tokens(bars: Bars) -> Bars:
    """Return bars priced in single tokens, so that `1000PEPE` and `PEPE` can be compared."""
    tokens, _ = multiplier_of(bars.symbol)
    return scale_bars(bars, Fraction(1, tokens))
