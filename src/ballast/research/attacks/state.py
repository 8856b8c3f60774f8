"""State: a strategy that remembers between calls answers one question in two ways.

Two lives on the same bars. The first is asked for all bars, for half of one symbol, and for all
bars again: a counter or a growing list shows. The second is asked for the half before the whole:
what was learnt once and kept (a mean of the first bars it ever saw) shows, because it learnt from
others. A live engine starts and restarts; a backtest that depends on what was asked before it
cannot be repeated there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.research.attacks.lives import Lives, first_difference, until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.core.bars import Bars
    from ballast.research.attacks.lives import Fresh
    from ballast.strategies.plan import AnyStrategy
    from ballast.strategies.program import Columns


@dataclass(frozen=True, slots=True)
class Memory:
    """The first row that two answers to one question do not share, and what lay between them."""

    symbol: str
    column: str
    row: int
    first: float
    again: float
    between: str

    def line(self) -> str:
        """Say it in one line."""
        return (
            f"{self.symbol}: {self.column} at bar {self.row} is {self.first:g}, and {self.again:g} "
            f"{self.between}"
        )


@dataclass(frozen=True, slots=True)
class StateAttack:
    """The first trace of state kept between calls, or None."""

    memory: Memory | None


def state_attack(
    strategy: AnyStrategy,
    market: Mapping[str, Bars],
    params: Mapping[str, float] | None = None,
    *,
    fresh: Fresh | None = None,
) -> StateAttack:
    """Ask a strategy twice; raise `DataError` where bars are too few."""
    lives = Lives(strategy, market, params, fresh)
    half = until(market, _middle(market))
    one = lives.begin()
    answer = one.columns(market)
    one.columns(half, next(iter(half)))  # one call alone: a counter that symbols share moves by one
    again = one.columns(market)
    two = lives.begin()
    two.columns(half)
    after_half = two.columns(market)
    found = _compare(answer, again, "when it is asked again") or _compare(
        answer, after_half, "when it was asked for the first half before"
    )
    return StateAttack(found)


def _middle(market: Mapping[str, Bars]) -> int:
    """Return a moment in the middle of the data."""
    first = min(int(bars.ts[0]) for bars in market.values())
    last = max(int(bars.ts[-1]) for bars in market.values())
    return (first + last) // 2


def _compare(one: dict[str, Columns], two: dict[str, Columns], between: str) -> Memory | None:
    for symbol, columns in one.items():
        other = two[symbol]
        differs = first_difference(columns, other, len(columns.signals))
        if differs is not None:
            name, row = differs
            a, b = getattr(columns, name), getattr(other, name)
            return Memory(symbol, name, row, float(a[row]), float(b[row]), between)
    return None
