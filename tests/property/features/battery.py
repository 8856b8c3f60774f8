"""What every indicator owes, checked for any indicator: the battery (after river's)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.features.indicators.registry import Indicator, ParamSpec

Columns = dict[str, "NDArray[np.float64]"]

LARGEST_PERIOD = 12  # windows stay small, so that a few hundred rows hold many of them


def market(seed: int, rows: int) -> Columns:
    """Return a random walk with flat stretches, gaps and zero volume, as named series."""
    rng = np.random.default_rng(seed)
    moves = rng.standard_normal(rows) * 0.01
    moves[rng.random(rows) < 0.2] = 0.0
    close = np.round(100.0 * np.exp(np.cumsum(moves)), 2)
    opening = np.concatenate(([100.0], close[:-1]))
    reach = np.where(rng.random(rows) < 0.2, 0.0, np.abs(rng.standard_normal(rows)))
    volume = np.where(rng.random(rows) < 0.1, 0.0, np.round(rng.exponential(10.0, rows), 3))
    return {
        "ts": np.arange(rows) * 3_600_000.0 + 1_609_459_200_000.0,
        "open": opening,
        "high": np.maximum(opening, close) + reach,
        "low": np.minimum(opening, close) - reach,
        "close": close,
        "volume": volume,
        "series": close,
        "other": np.round(100.0 * np.exp(np.cumsum(rng.standard_normal(rows) * 0.01)), 2),
        "periods": rng.integers(2, 30, rows).astype(float),
    }


def pick(indicator: Indicator, columns: Columns) -> tuple[NDArray[np.float64], ...]:
    """Return the columns this indicator asks for."""
    return tuple(columns[name] for name in indicator.inputs)


def params_of(indicator: Indicator) -> st.SearchStrategy[tuple[float, ...]]:
    """Draw legal parameters, windows kept small."""
    return st.tuples(*(_one(spec) for spec in indicator.params.values()))


def _one(spec: ParamSpec) -> st.SearchStrategy[float]:
    low = max(spec.low, -1e3)
    if spec.integer:
        high = int(max(low, min(spec.high, LARGEST_PERIOD)))
        return st.integers(int(low), high).map(float)
    return st.floats(low, max(low, min(spec.high, 10.0)), allow_nan=False)


def same(left: NDArray[np.float64], right: NDArray[np.float64]) -> bool:
    """Compare bit for bit."""
    return left.shape == right.shape and bool(np.all(left.view(np.int64) == right.view(np.int64)))
