"""Style: the numbers of a synthetic market, and the profiles of its symbols.

Defaults are set so that the stylised facts come out as in five years of hourly BTC, ETH, SOL and
TRX: excess kurtosis of tens, autocorrelation of absolute returns near 0.3 at one hour and still
positive after a week, correlations near 0.7, volume that follows volatility, a peak of activity at
14 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import floor, log10

import numpy as np

from ballast.core.errors import UserError
from ballast.core.rng import stream

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "TRXUSDT")
QUOTES = ("USDT", "USDC", "BUSD", "USD", "EUR", "BTC", "ETH")


@dataclass(frozen=True, slots=True)
class Style:
    """How the market behaves. Fractions are plain, volatilities those of a day."""

    correlation: float = 0.65
    """Of the returns of any two symbols."""
    tail: float = 6.0
    """Degrees of freedom of the shocks (Student's t, unit variance); the smaller, the fatter."""
    clustering: float = 0.4
    """Standard deviation of the logarithm of volatility."""
    memory_days: float = 4.0
    """Half-life of a shock to volatility."""
    trend: float = 0.010
    """Drift of a day in a trend, up or down."""
    gaps: int = 3
    """Outages of the venue: the same bars are missing in every symbol."""
    gap_bars_max: int = 6
    wicks: int = 2
    """Flash wicks a symbol: a print 8 to 25 % away that no neighbour knows."""
    zero_volume: float = 0.0002
    """Share of bars without a trade."""
    perpetual: bool = False
    """Linear perpetuals, with funding and mark prices."""

    def __post_init__(self) -> None:
        """Refuse what no market can be."""
        bounds = {
            "correlation": (0.0, 0.99),
            "tail": (2.5, 100.0),
            "clustering": (0.0, 2.0),
            "memory_days": (0.01, 100.0),
            "trend": (0.0, 0.2),
            "gaps": (0, 10_000),
            "gap_bars_max": (1, 1_000),
            "wicks": (0, 10_000),
            "zero_volume": (0.0, 0.9),
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UserError(f"synthetic {name} {value}", expected=f"from {low} to {high}")


@dataclass(frozen=True, slots=True)
class Profile:
    """One symbol: its first price, its steps, its size."""

    base: str
    quote: str
    price: float
    tick: Decimal
    lot: Decimal
    volatility: float
    """Standard deviation of a day's log return."""
    turnover: float
    """Traded in a day, in quote units."""


def _profile(base: str, price: float, tick: str, lot: str, day: float, turnover: float) -> Profile:
    return Profile(base, "USDT", price, Decimal(tick), Decimal(lot), day, turnover)


_KNOWN = {
    "BTCUSDT": _profile("BTC", 29_000.0, "0.01", "0.00001", 0.033, 2.0e9),
    "ETHUSDT": _profile("ETH", 1_800.0, "0.01", "0.0001", 0.042, 1.2e9),
    "SOLUSDT": _profile("SOL", 60.0, "0.01", "0.001", 0.058, 4.0e8),
    "TRXUSDT": _profile("TRX", 0.07, "0.00001", "0.1", 0.036, 8.0e7),
}


def profile(seed: int, symbol: str) -> Profile:
    """Return the profile of a symbol: known for four, drawn from the seed for any other name."""
    if symbol in _KNOWN:
        return _KNOWN[symbol]
    quote = next((end for end in QUOTES if symbol.endswith(end) and symbol != end), "")
    if not quote:
        raise UserError(
            f"cannot tell base and quote of '{symbol}'", expected="a name such as XYZUSDT"
        )
    draw = stream(seed, f"synthetic/{symbol}/profile")
    price = float(np.round(10.0 ** draw.uniform(-2, 3), 4))
    tick = Decimal(1).scaleb(floor(log10(price)) - 4)
    lot = Decimal(1).scaleb(-max(0, floor(log10(price)) + 1))
    day = float(draw.uniform(0.03, 0.08))
    turnover = float(10.0 ** draw.uniform(6.5, 8.5))
    return Profile(symbol.removesuffix(quote), quote, price, tick, lot, day, turnover)
