"""Delay: what is left when everything is done one bar later, or two, or three.

An edge that lasts loses a little with each bar. One that is gone after a single bar lives from a
price nobody gets: the open right after the decision, a peek, or a market faster than its bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.research.case import Case, Outcome

DELAYS_BARS = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Delayed:
    """The result with entries and exits `bars` later; `kept` is its share of the prompt one."""

    bars: int
    outcome: Outcome
    kept: float | None  # None where the prompt result is not above 0


@dataclass(frozen=True, slots=True)
class DelayAttack:
    """The decay curve; the first row is the run as it is."""

    metric: str
    rows: tuple[Delayed, ...]


def delay_attack(
    case: Case,
    *,
    delays_bars: Sequence[int] = DELAYS_BARS,
    metric: str = "sharpe",
    step: Callable[[], None] = lambda: None,
) -> DelayAttack:
    """Run with more and more latency; raise `StrategyError` where the strategy never trades."""
    if not delays_bars or delays_bars[0] != 0 or any(d < 0 for d in delays_bars):
        raise UserError(
            f"delays of {', '.join(map(str, delays_bars)) or 'nothing'}", expected="0, 1, 2, …"
        )
    prompt = case.require_trades()
    base = prompt.value(metric)
    rows = []
    for bars in delays_bars:
        found = prompt if bars == 0 else case.outcome(delay_bars=bars)
        rows.append(Delayed(bars, found, found.value(metric) / base if base > 0.0 else None))
        step()
    return DelayAttack(metric, tuple(rows))
