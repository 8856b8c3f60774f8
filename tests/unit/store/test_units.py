"""Units: scaling by a factor, multipliers in symbols."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from tests.data import needs_data
from tests.unit.store.quality.series import put, shared, walk

from ballast.core.bars import COLUMNS
from ballast.core.errors import DataError
from ballast.store.units import decimal, in_tokens, multiplier_of, scale_bars, times


def test_scaled_column_is_what_reading_the_scaled_decimals_gives() -> None:
    """0.1 x 3 is 0.3, not 0.30000000000000004."""
    assert times(np.array([0.1, 0.2, 0.7, 1.1]), Fraction(3)).tolist() == [0.3, 0.6, 2.1, 3.3]
    assert times(np.array([1.15e-5]), Fraction(1000)).tolist() == [0.0115]
    assert times(np.array([35.0]), Fraction(1, 1000)).tolist() == [0.035]


@pytest.mark.parametrize("value", [0.0, 1e-12, 3.3e-9, 1e15, 1.234e17, -2.5, 1e22])
def test_decimals_of_any_size_stay(value: float) -> None:
    """Tiny prices and huge volumes of meme coins."""
    assert decimal(np.array([value])).tolist() == [value]


def test_not_a_number_stays_not_a_number() -> None:
    """Broken cells are for the quality check to name, not for this to hide."""
    out = decimal(np.array([np.nan, np.inf, 1.0]))
    assert np.isnan(out[0])
    assert np.isinf(out[1])


@pytest.mark.parametrize("factor", [Fraction(0), Fraction(-1), Fraction(10**121)])
def test_impossible_factor_is_refused(factor: Fraction) -> None:
    """Zero, negative, absurd."""
    with pytest.raises(DataError, match="unit factor"):
        scale_bars(walk(5), factor)


@pytest.mark.parametrize(
    ("symbol", "tokens", "name"),
    [
        ("1000PEPEUSDT", 1000, "PEPEUSDT"),
        ("1000000MOGUSDT", 1_000_000, "MOGUSDT"),
        ("10000SATSUSDT", 10_000, "SATSUSDT"),
        ("1MBABYDOGEUSDT", 1_000_000, "BABYDOGEUSDT"),
        ("kPEPE", 1000, "PEPE"),
        ("1INCHUSDT", 1, "1INCHUSDT"),
        ("BTCUSDT", 1, "BTCUSDT"),
        ("100USDT", 1, "100USDT"),
        ("kaspa", 1, "kaspa"),
        ("1000", 1, "1000"),
    ],
)
def test_multiplier_of_a_symbol(symbol: str, tokens: int, name: str) -> None:
    """R-DATA-20: contracts of 1000 tokens, and names that only look like it."""
    assert multiplier_of(symbol) == (tokens, name)


def test_in_tokens_makes_contract_and_spot_comparable() -> None:
    """1000 tokens at 0.0115 are tokens at 0.0000115."""
    bars = put(walk(5, name="V-1000PEPEUSDT"), close={2: 0.0115})
    assert in_tokens(bars).close[2] == 0.0000115
    assert in_tokens(bars).volume[2] == pytest.approx(bars.volume[2] * 1000, rel=1e-15)
    assert in_tokens(walk(5)).close is not None
    same = walk(5)
    assert in_tokens(same) is same


@needs_data
@pytest.mark.parametrize(
    "factor", [Fraction(1000), Fraction(1, 100), Fraction(10**6), Fraction(5, 2)]
)
def test_real_candles_come_back_to_the_bit(factor: Fraction) -> None:
    """R-DATA-20: scale and unscale three real series: every column is what it was."""
    for name in ("BINANCE-TRXUSDT-1h", "BINANCEUSDM-BTCUSDT-15m", "BINANCE-LINKUSDT-1h"):
        bars = shared(f"candles/{name}")
        back = scale_bars(scale_bars(bars, factor), 1 / factor)
        for column in COLUMNS:
            assert np.array_equal(getattr(back, column), getattr(bars, column)), (name, column)
