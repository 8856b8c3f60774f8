"""Truncation: a strategy that looks ahead says something else when the future is cut off.

SEMANTICS 1.2: signals on `bars[:n]` equal the first n signals on all bars, bit for bit. The attack
computes the whole series, then series that end at some moment (all symbols at the same one), each
in a life of its own, and compares every column.

Where to cut matters. A strategy that reads one bar ahead differs in the last row only, and only
where it signals: with one entry in a hundred bars, twenty cuts at random find it once in six times.
So every other cut comes just after a bar with a decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.rng import stream
from ballast.research.attacks.lives import Lives, first_difference, until
from ballast.research.spread import require_some

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.research.attacks.lives import Fresh, Life
    from ballast.strategies.plan import AnyStrategy, Plan
    from ballast.strategies.program import Columns

CUTS = 20
"""Cuts of one attack: ten after decisions find a peek of one bar that moves half of them with
a chance of 99.9 %."""


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


@dataclass(frozen=True, slots=True)
class TruncationAttack:
    """The moments at which the data were cut, and the first violation, or None."""

    cuts_ms: tuple[int, ...]
    violation: Violation | None


def truncation_attack(
    strategy: AnyStrategy,
    market: Mapping[str, Bars],
    params: Mapping[str, float] | None = None,
    *,
    cuts: int = CUTS,
    seed: int = 0,
    fresh: Fresh | None = None,
) -> TruncationAttack:
    """Compare signals with and without the future; raise `DataError` where bars are too few.

    The signals of a class are asked for twice in each life: the second time it may have seen what
    comes after, in its other symbols.
    """
    require_some(cuts, "cuts")
    lives = Lives(strategy, market, params, fresh)
    whole = _twice(lives.begin(), market)
    moments = _moments(lives.plan, market, whole, cuts, seed)
    for done, moment in enumerate(moments, 1):
        known = until(market, moment)
        for symbol, cut in _twice(lives.begin(), known).items():
            found = _compare(symbol, whole[symbol], cut, len(known[symbol]))
            if found is not None:
                return TruncationAttack(moments[:done], found)
    return TruncationAttack(moments, None)


def _twice(life: Life, market: Mapping[str, Bars]) -> dict[str, Columns]:
    """Ask a life for its columns; a class a second time, after it has seen every symbol."""
    first = life.columns(market)
    return life.columns(market) if not life.plan.strategy.signals() else first


def _moments(
    plan: Plan, market: Mapping[str, Bars], whole: dict[str, Columns], cuts: int, seed: int
) -> tuple[int, ...]:
    """Return close times to cut at: half after decisions, half anywhere, none before warm-up."""
    draw = stream(seed, "attacks/truncation")
    least = plan.bars_needed
    closes = {name: bars.ts[least - 1 : -1] + bars.timeframe.ms for name, bars in market.items()}
    anywhere = np.unique(np.concatenate(list(closes.values())))
    decided = [
        closes[name][whole[name].signals[least - 1 : -1] != 0] for name in market if name in whole
    ]
    decisions = np.unique(np.concatenate(decided))
    picked = [_pick(draw, decisions, (cuts + 1) // 2), _pick(draw, anywhere, cuts // 2)]
    return tuple(int(moment) for moment in np.unique(np.concatenate(picked)))


def _pick(draw: np.random.Generator, moments: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return draw.choice(moments, min(count, len(moments)), replace=False)


def _compare(symbol: str, whole: Columns, cut: Columns, count: int) -> Violation | None:
    differs = first_difference(whole, cut, count)
    if differs is None:
        return None
    name, row = differs
    one, two = getattr(whole, name), getattr(cut, name)
    return Violation(symbol, name, row, count, float(one[row]), float(two[row]))
