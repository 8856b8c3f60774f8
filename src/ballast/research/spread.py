"""Spread: how one figure is distributed over many repetitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

TAIL = 0.05


@dataclass(frozen=True, slots=True)
class Spread:
    """The values in the order in which they were drawn, and what they are together."""

    values: tuple[float, ...]
    mean: float
    worst: float
    low: float  # 5th percentile, interpolated
    median: float
    high: float  # 95th percentile
    best: float
    positive: float  # share of values above 0

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Return the spread of at least one value."""
        row = np.asarray(values, np.float64)
        low, median, high = np.quantile(row, (TAIL, 0.5, 1.0 - TAIL))
        return Spread(
            values=tuple(row.tolist()),
            mean=float(row.mean()),
            worst=float(row.min()),
            low=float(low),
            median=float(median),
            high=float(high),
            best=float(row.max()),
            positive=float(np.count_nonzero(row > 0.0)) / len(row),
        )


def p_value(found: float, by_chance: Sequence[float]) -> float:
    """Return (1 + values at least as high) / (1 + values): never 0 (Phipson and Smyth 2010)."""
    row = np.asarray(by_chance, np.float64)
    return float(1 + np.count_nonzero(row >= found)) / (1 + len(row))


def require_some(count: int, what: str) -> None:
    """Raise `UserError` for a test that would try nothing, and so pass everything."""
    if count < 1:
        raise UserError(f"{count} {what}", expected="at least 1")
