"""The cost ladder: every part of the costs grows, and the break-even multiple breaks even."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.fakes.edges import FOLLOW, edge_series
from tests.fakes.runs import flat_bars, series_of

from ballast.core.errors import StrategyError, UserError
from ballast.core.instrument import FeeRate
from ballast.core.records import DEPTH
from ballast.core.settings import Settings
from ballast.research.case import Case
from ballast.research.series import Series
from ballast.research.stress.costs import cost_ladder, dearer
from ballast.strategies import close, strategy
from ballast.strategies.catalog import load

FREE = replace(
    Settings(),
    risk=replace(Settings().risk, enforce=False),
    costs=replace(Settings().costs, participation=0.0),
)


def test_the_same_trades_pay_the_multiple_of_every_cost() -> None:
    """R-COST-16: of a dated fee schedule too. Sizes are fixed, so that costs are proportional."""
    (one,) = edge_series(800)
    fees = (FeeRate(0, 0.001, 0.001), FeeRate(int(one.bars.ts[400]), -0.0002, 0.0004))
    series = replace(one, instrument=replace(one.rules, fees=fees))
    sized = replace(FREE, sizing=replace(FREE.sizing, mode="fixed_qty", fixed_qty=1.0))
    form = strategy("f", enter_long=close > close.shift(1), exit_long=close < close.shift(1))
    case = Case(form, [series], settings=sized)
    once, twice = case.outcome(), dearer(case, 2.0).outcome()
    assert once.trades == twice.trades > 100
    assert twice.fees == pytest.approx(2 * once.fees, rel=2e-3)  # on prices that slipped twice
    assert twice.slippage == pytest.approx(2 * once.slippage, rel=0.02)  # on the tick grid


def test_every_part_of_the_costs_is_scaled_and_a_rebate_is_not() -> None:
    parts = {"slip_fraction": 1e-4, "half_spread": 2e-4, "slip_vol": 0.1, "slip_impact": 0.5}
    costs = replace(Settings().costs, maker=-0.0001, taker=0.0005, **parts)
    (one,) = edge_series(300)
    depth = np.array([(1e-4, 1e6), (5e-4, 1e7)], DEPTH)
    settings = replace(Settings(), costs=costs)
    made = dearer(Case(FOLLOW, [replace(one, depth=depth)], settings=settings), 3.0)
    found = made.settings.costs
    assert {name: getattr(found, name) for name in parts} == {
        name: pytest.approx(3 * value) for name, value in parts.items()
    }
    assert (found.maker, found.taker) == (-0.0001, pytest.approx(0.0015))
    assert made.settings.risk.slippage == pytest.approx(3 * settings.risk.slippage)
    assert made.series[0].depth["slip"].tolist() == pytest.approx([3e-4, 15e-4])


def test_the_break_even_multiple_breaks_even() -> None:
    case = Case(FOLLOW, edge_series(3_000), settings=FREE)
    found = cost_ladder(case)
    assert [rung.multiple for rung in found.rungs] == [1.0, 2.0, 3.0, 5.0]
    returns = [rung.outcome.total_return for rung in found.rungs]
    assert returns == sorted(returns, reverse=True)
    assert found.breakeven_multiple is not None
    assert 1.0 < found.breakeven_multiple < 64.0
    there = dearer(case, found.breakeven_multiple).outcome().total_return
    assert abs(there) < 0.02 * returns[0]
    assert found.breakeven_bps == pytest.approx(found.breakeven_multiple * found.cost_bps)


def test_costs_of_one_side_in_basis_points() -> None:
    """7 bps of fee and 5 bps of slippage, as the settings say, up to the tick."""
    found = cost_ladder(Case(FOLLOW, edge_series(1_000)))
    assert found.cost_bps == pytest.approx(12.0, abs=0.1)


def test_a_strategy_that_loses_without_costs_breaks_even_nowhere() -> None:
    found = cost_ladder(Case(FOLLOW, edge_series(2_000, -0.5), settings=FREE))
    assert (found.breakeven_multiple, found.breakeven_bps) == (0.0, 0.0)


def test_an_edge_that_dies_of_its_costs_breaks_even_below_one() -> None:
    found = cost_ladder(Case(FOLLOW, edge_series(3_000, 0.1), settings=FREE))
    assert found.breakeven_multiple is not None
    assert 0.0 < found.breakeven_multiple < 1.0


def test_an_edge_that_bears_everything_has_no_break_even() -> None:
    """One trade in a market that trebles."""
    trend = Series(flat_bars(np.linspace(100.0, 300.0, 500).tolist()))
    found = cost_ladder(Case(load("buy_and_hold"), [trend], settings=FREE))
    assert (found.breakeven_multiple, found.breakeven_bps) == (None, None)


@pytest.mark.parametrize("multiples", [(), (-1.0,)])
def test_impossible_multiples_are_refused(multiples: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match="cost multiples"):
        cost_ladder(Case(FOLLOW, edge_series(300)), multiples=multiples)
    with pytest.raises(StrategyError, match="never trades"):
        cost_ladder(Case(strategy("silent", enter_long=close < 0), series_of(800)))
