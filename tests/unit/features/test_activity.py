"""How much trades and how much it moves, against pandas (R-COST-10, R-SIZE-16, R-IND-20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from tests.property.features.battery import market, same

from ballast.core.jit import interpreted
from ballast.features import activity
from ballast.features.activity import (
    WINDOW,
    log_return_deviation,
    mean_quote_volume,
    mean_quote_volume_at,
)

if TYPE_CHECKING:
    from tests.unit.features.references import Vector

ALL = np.uint8(1)


def columns(rows: int, seed: int = 7) -> tuple[Vector, Vector]:
    """Return close and volume of a market with flat stretches and hours nobody trades."""
    found = market(seed, rows)
    return found["close"], found["volume"]


def dense(close: Vector, volume: Vector) -> Vector:
    out = np.zeros(close.size)
    mean_quote_volume(close, volume, np.full(close.size, ALL), 1, 0, close.size, out)
    return out


def deviation(close: Vector) -> Vector:
    out = np.zeros(close.size)
    log_return_deviation(close, out)
    return out


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mean_quote_volume_is_that_of_pandas(seed: int) -> None:
    close, volume = columns(2_000, seed)
    expected = pd.Series(close * volume).rolling(20).mean().fillna(0.0).to_numpy()
    np.testing.assert_allclose(dense(close, volume), expected, rtol=1e-9)
    assert dense(close, volume)[19] == pytest.approx(np.mean(close[:20] * volume[:20]), rel=1e-14)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e6])
def test_deviation_of_log_returns_is_that_of_pandas(scale: float) -> None:
    """The sample deviation (n - 1) of the last 20 returns; the first is known at row 20."""
    close = columns(2_000)[0] * scale
    returns = pd.Series(np.log(close)).diff()
    expected = returns.rolling(20).std(ddof=1).fillna(0.0).to_numpy()
    np.testing.assert_allclose(deviation(close), expected, rtol=1e-8, atol=1e-12)
    exact = np.std(np.diff(np.log(close[:21])), ddof=1)
    assert deviation(close)[20] == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("bits", [1, 4, 5, 128])
def test_sparse_is_dense_bit_for_bit_where_asked_and_untouched_elsewhere(bits: int) -> None:
    close, volume = columns(500)
    signals = np.random.default_rng(bits).integers(0, 256, close.size, dtype=np.uint8)
    out = np.full(close.size, -1.0)
    for first, last in ((300, 500), (0, 7), (7, 300)):  # in pieces, in any order
        mean_quote_volume(close, volume, signals, bits, first, last, out)
    asked = (signals & bits) != 0
    assert 50 < asked.sum() < 450
    assert same(out[asked], dense(close, volume)[asked])
    assert (out[~asked] == -1.0).all()
    single = np.array([mean_quote_volume_at(close, volume, i) for i in range(close.size)])
    assert same(single, dense(close, volume))


@pytest.mark.parametrize("rows", [19, 20, 21, 150, 499])
def test_a_prefix_gives_the_same_values(rows: int) -> None:
    """R-IND-12: later bars change nothing, not even the last bit."""
    close, volume = columns(500)
    assert same(dense(close[:rows].copy(), volume[:rows].copy()), dense(close, volume)[:rows])
    assert same(deviation(close[:rows].copy()), deviation(close)[:rows])


@pytest.mark.parametrize("rows", [0, 1, WINDOW - 1, WINDOW])
def test_a_series_too_short_is_zero_not_noise(rows: int) -> None:
    close, volume = columns(500)
    early = dense(close[:rows], volume[:rows])
    assert early.size == rows
    assert not early[: WINDOW - 1].any()
    assert (rows == WINDOW) == bool(early.any())
    assert not deviation(close[:rows]).any()


def test_a_market_that_stands_still_moves_by_exactly_zero() -> None:
    """No rounding noise: a threshold on volatility must not be crossed by a flat market."""
    assert not deviation(np.full(100, 0.1)).any()
    steady = deviation(np.cumprod(np.full(100, 1.01)))
    assert steady.max() < 1e-9  # equal returns: the deviation is rounding, never NaN
    assert not dense(np.full(100, 0.1), np.zeros(100)).any()


@pytest.mark.parametrize("name", ["mean_quote_volume", "log_return_deviation"])
def test_compiled_is_interpreted(name: str) -> None:
    close, volume = columns(200)
    everything = (close, volume, np.full(close.size, ALL), 1, 0, close.size)
    inputs = everything if name == "mean_quote_volume" else (close,)
    function: Any = getattr(activity, name)
    left, right = np.zeros(close.size), np.zeros(close.size)
    function(*inputs, left)
    interpreted(function)(*inputs, right)
    assert same(left, right)
