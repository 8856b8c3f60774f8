"""Missed fills: a share of the entry signals never becomes a trade.

Each bar's entry signal is dropped by a coin, as an order that was not filled or came too late;
where the condition still holds on the next bar, the strategy may ask again, as it would live. Exits
are never dropped. A result that rests on a few entries shows it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError
from ballast.core.records import Signal
from ballast.core.rng import stream
from ballast.research.spread import Spread, require_some

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ballast.research.case import Case

SHARES = (0.1, 0.3)
SEEDS = 20
ENTRIES = np.uint8(Signal.ENTER_LONG | Signal.ENTER_SHORT)


@dataclass(frozen=True, slots=True)
class MissedLevel:
    """The results of all seeds with one share of the entry signals dropped."""

    share: float
    figure: Spread
    total_return: Spread
    trades: Spread


@dataclass(frozen=True, slots=True)
class MissedFills:
    """The plain result and what missed entries make of it."""

    metric: str
    plain: float
    levels: tuple[MissedLevel, ...]


def missed_fills(
    case: Case,
    *,
    shares: Sequence[float] = SHARES,
    seeds: int = SEEDS,
    metric: str = "sharpe",
    seed: int = 0,
    step: Callable[[], None] = lambda: None,
) -> MissedFills:
    """Run with entries dropped; raise `StrategyError` where the strategy never trades."""
    require_some(seeds, "seeds")
    if not shares or not all(0.0 <= share < 1.0 for share in shares):
        raise UserError("shares of missed entries", expected="from 0 to below 1")
    plain = case.require_trades().value(metric)
    signals = case.signals()
    levels = []
    for share in shares:
        found = []
        for number in range(seeds):
            draw = stream(seed, f"missed/{share:g}/{number}")
            found.append(case.outcome(without_some(signals, share, draw)))
            step()
        levels.append(
            MissedLevel(
                share=share,
                figure=Spread.of([one.value(metric) for one in found]),
                total_return=Spread.of([one.total_return for one in found]),
                trades=Spread.of([one.trades for one in found]),
            )
        )
    return MissedFills(metric, plain, tuple(levels))


def without_some(
    signals: NDArray[np.uint8], share: float, draw: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the signals with a share of the bars' entries taken out."""
    rows = np.flatnonzero(signals & ENTRIES)
    dropped = rows[draw.random(len(rows)) < share]
    made = signals.copy()
    made[dropped] &= np.uint8(~ENTRIES)
    return made
