"""Proof by attack: a plan that looks ahead says something else when the future is cut off.

SEMANTICS 1.2: signals on `bars[:n]` equal the first n signals on all bars, bit for bit. The attack
computes the whole series once, then series truncated at random n (all symbols cut at the same
moment), and compares every column. No cache is shared between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.rng import stream
from ballast.strategies.program import Columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.core.bars import Bars
    from ballast.strategies.plan import Plan


@dataclass(frozen=True, slots=True)
class Violation:
    """The first row that changed when bars after row `bars_known - 1` were taken away."""

    symbol: str
    column: str
    row: int
    bars_known: int
    with_future: float
    without_future: float

    def line(self) -> str:
        """Say it in one line."""
        return (
            f"{self.symbol}: {self.column} at bar {self.row} is {self.without_future:g} with "
            f"{self.bars_known} bars known and {self.with_future:g} when later bars are known too"
        )


def truncation_attack(
    plan: Plan, market: Mapping[str, Bars], n_trials: int = 20, seed: int = 0
) -> Violation | None:
    """Return the first violation found on any symbol of `market`, or None."""
    assert n_trials > 0
    draw = stream(seed, "truncation_attack")
    for symbol, bars in market.items():
        if len(bars) < 2:  # noqa: PLR2004 - one bar has no future
            continue
        whole = plan.evaluate(market, symbol)
        for count in sorted({int(n) for n in draw.integers(1, len(bars), n_trials)}):
            moment = int(bars.ts[count - 1]) + bars.timeframe.ms
            known = {name: _until(other, moment) for name, other in market.items()}
            found = _compare(symbol, whole, plan.evaluate(known, symbol), count)
            if found is not None:
                return found
    return None


def _until(bars: Bars, moment_ms: int) -> Bars:
    """Return the bars closed by `moment_ms`, copied: a view would let a cheat look past its end."""
    count = int(np.searchsorted(bars.ts + bars.timeframe.ms, moment_ms, side="right"))
    cut = bars.slice(0, count)
    columns = {
        name: getattr(cut, name).copy() for name in ("open", "high", "low", "close", "volume")
    }
    return bars.of(cut.venue, cut.symbol, cut.timeframe, cut.ts.copy(), columns, cut.flags.copy())


def _compare(symbol: str, whole: Columns, cut: Columns, count: int) -> Violation | None:
    for name in Columns.__slots__:
        one, two = getattr(whole, name)[:count], getattr(cut, name)
        same = (one == two) | ((one != one) & (two != two))  # noqa: PLR0124 - both NaN is the same
        if not same.all():
            row = int(np.argmin(same))
            return Violation(symbol, name, row, count, float(one[row]), float(two[row]))
    return None
