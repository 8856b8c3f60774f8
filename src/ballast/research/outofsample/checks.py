"""Checks: what must hold before anything is fitted, and what closing a position costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import PRICE_COLUMNS
from ballast.core.errors import DataError, UserError
from ballast.core.time import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.research.evaluation import Evaluator
    from ballast.research.series import Series


def check_prices(group: Sequence[Series]) -> None:
    """Raise `DataError` for prices that are no prices, or that never change."""
    for one in group:
        bars = one.bars
        for name in PRICE_COLUMNS:
            values = getattr(bars, name)
            if not np.all(np.isfinite(values) & (values > 0.0)):
                raise DataError(
                    f"{name} has values that are no prices",
                    where=bars.name,
                    expected="positive numbers",
                    fix="see `ballast data check`",
                )
        if float(bars.high.max()) == float(bars.low.min()):
            raise DataError("the price never changes", where=bars.name)


def usable(judge: Evaluator, combos: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """Return the combinations that keep the strategy's rules; raise `UserError` if none does."""
    if judge.timeframe.ms > DAY_MS:
        raise UserError(
            f"bars of {judge.timeframe}", expected="bars of a day or less: windows count days"
        )
    if not len(combos):
        raise UserError("the parameter space is empty", fix="name a range, as -r fast=5..14")
    found = [one for one in combos if judge.allows(one)]
    if not found:
        raise UserError(
            "no combination keeps the strategy's rules",
            where=judge.strategy.name,
            fix="widen the ranges",
        )
    return found


def closing_rate(judge: Evaluator, at_ms: int) -> float:
    """Return what closing a unit of notional at market costs: taker fee and fixed slippage.

    Of a group the dearest symbol. Impact and book walks are left out: they depend on the order.
    """
    rates = []
    for one, its in zip(judge.group, judge.settings_of, strict=True):
        dated = [rate.taker for rate in one.rules.fees if rate.from_ms <= at_ms]
        taker = dated[-1] if dated else its.costs.taker
        rates.append(taker + its.costs.slip_fraction + its.costs.half_spread)
    return max(rates)
