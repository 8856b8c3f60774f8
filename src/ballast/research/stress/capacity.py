"""Capacity: how much money the edge feeds, when the market moves against its own orders.

The run is repeated with more and more cash under square-root impact (`costs.slip_impact`, Y x sigma
x sqrt(notional / average volume)); participation caps and the gate hold as they stand. The edge is
the yearly growth. It halves at one account size and dies at another: beyond the first the strategy
is being paid for by its own size, beyond the second it pays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.settings import Settings
    from ballast.research.case import Case, Outcome

IMPACT = 1.0
"""Y where the settings name none: about 1 in every market measured (Toth et al. 2011)."""
CASH_MAX = 1e11
"""Quote units: beyond any fund."""
STEP = sqrt(10.0)
"""Two account sizes a decade."""
HALVINGS = 6
"""Of the bracket of half a decade: known to 2 %."""


@dataclass(frozen=True, slots=True)
class CapacityPoint:
    """The run with `cash` at the start."""

    cash: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Capacity:
    """Account sizes up to the one at which the edge is gone, in quote units.

    None: the edge was still there at the largest size tried; or there was none (`edge` <= 0).
    """

    impact: float
    edge: float  # yearly growth with the case's own cash
    points: tuple[CapacityPoint, ...]
    half_cash: float | None
    dead_cash: float | None


def capacity(
    case: Case,
    *,
    impact: float = 0.0,
    cash_max: float = CASH_MAX,
    step: Callable[[], None] = lambda: None,
) -> Capacity:
    """Run with more and more cash; raise `StrategyError` where the strategy never trades.

    `impact` is Y; 0 takes that of the settings, or IMPACT where they have none.
    """
    if impact < 0.0:
        raise UserError(f"an impact of {impact:g}", expected="a factor above 0")
    case.require_trades()
    factor = impact or case.settings.costs.slip_impact or IMPACT
    known: dict[float, Outcome] = {}

    def edge(cash: float) -> float:
        if cash not in known:
            known[cash] = case.changed(settings=lambda one: _with(one, cash, factor)).outcome()
        return known[cash].value("cagr")

    cash = case.settings.engine.initial_cash
    base = edge(cash)
    half = dead = None
    if base > 0.0:
        half = _crossing(edge, cash, cash_max, base / 2.0)
        dead = _crossing(edge, half, cash_max, 0.0) if half is not None else None
    step()
    points = tuple(CapacityPoint(cash, known[cash]) for cash in sorted(known))
    return Capacity(factor, base, points, half, dead)


def _with(settings: Settings, cash: float, impact: float) -> Settings:
    return replace(
        settings,
        engine=replace(settings.engine, initial_cash=cash),
        costs=replace(settings.costs, slip_impact=impact),
    )


def _crossing(edge: Callable[[float], float], low: float, top: float, level: float) -> float | None:
    """Return the first cash at which the edge is down to `level`; None up to `top`."""
    high = low * STEP
    while edge(high) > level:
        low, high = high, high * STEP
        if low >= top:
            return None
    for _ in range(HALVINGS):
        middle = sqrt(low * high)
        low, high = (middle, high) if edge(middle) > level else (low, middle)
    return sqrt(low * high)
