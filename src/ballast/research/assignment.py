"""Assignment: which strategy of a run trades which symbols, with which numbers.

    backtest(load("ema_cross"), series, others=[Assignment(load("momentum"), ("ETHUSDT",))])

A symbol has one owner: its position, its stop and its exits are those of one strategy. Cash, limits
and ranks are the account's, and shared by all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.strategies.plan import AnyStrategy


@dataclass(frozen=True, slots=True)
class Assignment:
    """A strategy, the symbols it trades, and its numbers.

    `kelly` is the full Kelly fraction of its own out-of-sample record; 0 without one.
    """

    strategy: AnyStrategy
    symbols: tuple[str, ...]
    params: Mapping[str, float] = field(default_factory=dict)
    kelly: float = 0.0


def assigned(
    strategy: AnyStrategy,
    symbols: Sequence[str],
    params: Mapping[str, float] | None = None,
    others: Sequence[Assignment] = (),
    *,
    kelly: float = 0.0,
) -> tuple[Assignment, ...]:
    """Return all strategies of a run over `symbols`; the first trades what no other does.

    Raise `UserError` where a symbol has two owners or is not in the run, or a strategy has none.
    """
    named = [symbol for one in others for symbol in one.symbols]
    double = next((symbol for symbol, count in Counter(named).items() if count > 1), "")
    if double:
        raise two_owners(double, [one.strategy.name for one in others if double in one.symbols])
    strange = next((symbol for symbol in named if symbol not in symbols), "")
    if strange:
        raise UserError(f"{strange} is not in the run", expected=f"one of {', '.join(symbols)}")
    rest = tuple(symbol for symbol in symbols if symbol not in named)
    found = (Assignment(strategy, rest, dict(params or {}), kelly), *others)
    for one in found:
        if not one.symbols:
            raise UserError(
                f"{one.strategy.name} has no symbol to trade",
                expected="at least one symbol for each strategy of a run",
            )
    return found


def owners_of(assignments: Sequence[Assignment]) -> dict[str, str]:
    """Return the word for the strategy of each symbol."""
    labels = labels_of([one.strategy.name for one in assignments])
    return {
        symbol: label
        for label, one in zip(labels, assignments, strict=True)
        for symbol in one.symbols
    }


def title_of(assignments: Sequence[Assignment]) -> str:
    """Return all strategies in one line."""
    return " + ".join(labels_of([one.strategy.name for one in assignments]))


def two_owners(symbol: str, names: Sequence[str]) -> UserError:
    """Return the error of a symbol that two strategies want."""
    return UserError(
        f"{symbol} is given to {' and '.join(names)}",
        expected="one strategy for each symbol: it owns the position",
        fix="give it to one of them, or run them on two accounts",
    )


def labels_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return a word for each strategy of a run: its name, numbered where a name comes again."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return tuple(found)
