"""Cost ladder: the whole run at a multiple of all fees and slippage, and the multiple it bears.

Not the same trades at other costs, as the ladder of a report, but the run itself: sizes shrink,
caps bind elsewhere. Scaled are maker and taker rates (a rebate stays what it is), every part of
the slippage, the depth of the book, and the gate's limit on expected slippage with them, so that
the same entries are judged. Funding is no cost of trading and stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.settings import Settings
    from ballast.research.case import Case, Outcome
    from ballast.research.series import Series

MULTIPLES = (1.0, 2.0, 3.0, 5.0)
MULTIPLE_MAX = 64.0
"""An edge that bears 64 times today's costs is not limited by costs."""
HALVINGS = 10
"""Of the bracket: the break-even multiple is known to a thousandth of it."""


@dataclass(frozen=True, slots=True)
class CostRung:
    """The run at `multiple` times its costs."""

    multiple: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CostLadder:
    """Rungs in the order asked for. Costs of one side in basis points of what was traded."""

    rungs: tuple[CostRung, ...]
    cost_bps: float  # paid at a multiple of 1, fees and slippage
    breakeven_multiple: float | None  # 0: loses without costs; None: bears more than MULTIPLE_MAX
    breakeven_bps: float | None


def cost_ladder(
    case: Case,
    *,
    multiples: Sequence[float] = MULTIPLES,
    step: Callable[[], None] = lambda: None,
) -> CostLadder:
    """Run at each multiple and find where the return is 0; raise `StrategyError` without trades."""
    if not multiples or min(multiples) < 0.0:
        raise UserError(
            f"cost multiples {', '.join(f'{m:g}' for m in multiples) or 'none'}",
            expected="one or more, none below 0",
        )
    plain = case.require_trades()
    rungs = []
    for multiple in multiples:
        found = plain if multiple == 1.0 else dearer(case, multiple).outcome()
        rungs.append(CostRung(multiple, found))
        step()
    cash = case.settings.engine.initial_cash
    traded = plain.turnover * cash
    cost_bps = 1e4 * (plain.fees + plain.slippage) / traded if traded > 0.0 else 0.0
    breakeven = _breakeven(lambda m: dearer(case, m).outcome().total_return, plain.total_return)
    step()
    return CostLadder(
        rungs=tuple(rungs),
        cost_bps=cost_bps,
        breakeven_multiple=breakeven,
        breakeven_bps=None if breakeven is None else breakeven * cost_bps,
    )


def dearer(case: Case, multiple: float) -> Case:
    """Return the case with all fees and slippage times `multiple`."""
    return case.changed(
        series=[_dearer_series(one, multiple) for one in case.series],
        settings=lambda settings: _dearer_settings(settings, multiple),
    )


def _dearer_settings(settings: Settings, multiple: float) -> Settings:
    costs, risk = settings.costs, settings.risk
    return replace(
        settings,
        costs=replace(
            costs,
            maker=_scaled(costs.maker, multiple),
            taker=costs.taker * multiple,
            slip_fraction=costs.slip_fraction * multiple,
            half_spread=costs.half_spread * multiple,
            slip_vol=costs.slip_vol * multiple,
            slip_impact=costs.slip_impact * multiple,
        ),
        # A limit of 0 is none; times a multiple of 0 it would be one by accident.
        risk=replace(risk, slippage=risk.slippage * multiple if multiple > 0.0 else 0.0),
    )


def _dearer_series(one: Series, multiple: float) -> Series:
    depth = one.depth.copy()
    depth["slip"] *= multiple
    fees = tuple(
        replace(rate, maker=_scaled(rate.maker, multiple), taker=_scaled(rate.taker, multiple))
        for rate in one.rules.fees
    )
    return replace(one, instrument=replace(one.rules, fees=fees), depth=depth)


def _scaled(rate: float, multiple: float) -> float:
    """Return a rate times `multiple`; a rebate does not grow with costs."""
    return rate * multiple if rate > 0.0 else rate


def _breakeven(net: Callable[[float], float], plain: float) -> float | None:
    """Return the multiple at which `net` is 0, by doubling and halving."""
    low, high = (1.0, 2.0) if plain > 0.0 else (0.0, 1.0)
    if plain > 0.0:
        while net(high) > 0.0:
            low, high = high, 2.0 * high
            if low >= MULTIPLE_MAX:
                return None
    elif net(0.0) <= 0.0:
        return 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if net(middle) > 0.0 else (low, middle)
    return (low + high) / 2.0
