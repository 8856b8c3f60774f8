"""SEMANTICS 3: stops, trails, partial exits, break-even, time; the residual. Drawn by hand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.market import HOUR_MS, filled, one_symbol

from ballast.core.records import Level
from ballast.kernel.run import Simulation, simulate

CASH = 10_000.0
FAMILY: dict[str, Any] = {
    "stop_kind": Level.ATR, "stop_value": 3.0,
    "trail_kind": Level.ATR, "trail_activation": 5.5, "trail_distance": 5.5,
}  # fmt: skip
PARTIALS: dict[str, Any] = {
    "take_count": 2,
    "take_kind": [Level.PERCENT, Level.PERCENT],
    "take_value": [0.02, 0.04],
    "take_fraction": [0.5, 0.3],
}


def stops_after_each_bar(bars: list[str], **leg: Any) -> list[float]:
    simulation = Simulation(one_symbol(bars, **leg), CASH)
    stops = []
    for k in range(len(bars)):
        simulation.advance(k + 1)
        stops.append(float(simulation.pos[0].stop) if simulation.pos[0].lots else 0.0)
    return stops


def test_a_stop_01_long_stop_activation_and_trail() -> None:
    """Entry 100, ATR 2: stop 94, armed at 111, at 115 the trail is 104, and 110 leaves it there.

    R-STOP-12, R-STOP-37.
    """
    bars = [
        "100   100 100 100 L a=2",
        "100   100 100 100",  # in at 100
        "105 110.99 105 110",  # not armed: one cent short of 111
        "110   111 110 111",  # armed: 111 - 11 = 100
        "112   115 112 114",  # 115 - 11 = 104
        "112   112 110 111",  # a fall to 110 leaves 104
        "106   106 104 105",  # touched: out at 104
    ]
    assert stops_after_each_bar(bars, plan=FAMILY) == [0.0, 94.0, 94.0, 100.0, 104.0, 104.0, 0.0]
    run = simulate(one_symbol(bars, plan=FAMILY), CASH)
    assert filled(run) == [(1, "ENTRY", 100.0, 1000), (6, "TRAILING_STOP", 104.0, 1000)]


def test_a_stop_02_short_is_the_mirror() -> None:
    """R-STOP-37."""
    bars = [
        "100   100  100 100 S a=2",
        "100   100  100 100",
        " 95    95 89.01 90",
        " 90    90   89  89",
        " 88    88   85  86",
        " 88    90   88  89",
        " 94    96   94  95",
    ]
    spec = {"perpetual": 1}
    stops = stops_after_each_bar(bars, plan=FAMILY, spec=spec)
    assert stops == [0.0, 106.0, 106.0, 100.0, 96.0, 96.0, 0.0]
    run = simulate(one_symbol(bars, plan=FAMILY, spec=spec), CASH)
    assert filled(run) == [(1, "ENTRY", 100.0, 1000), (6, "TRAILING_STOP", 96.0, 1000)]


def test_a_stop_03_partials_sell_half_then_thirty_percent_and_the_stop_follows() -> None:
    """R-STOP-17."""
    bars = [
        "100 100 100 100 L a=2",
        "100 101 100 101",
        "101 102.01 101 102",  # +2 %: 500 lots at 102
        "102 104.01 102 103",  # +4 %: 300 lots at 104
        "100 100 93 94",  # the stop sells what is left: 200
    ]
    run = simulate(one_symbol(bars, plan=FAMILY | PARTIALS), CASH)
    assert filled(run) == [
        (1, "ENTRY", 100.0, 1000),
        (2, "TAKE_1", 102.0, 500),
        (3, "TAKE_2", 104.0, 300),
        (4, "STOP", 94.0, 200),
    ]
    assert run.trades[0].pnl == pytest.approx(0.5 * 2 + 0.3 * 4 - 0.2 * 6)
    assert run.trades[0].fills == 4
    assert run.trades[0].exit == pytest.approx(0.5 * 102 + 0.3 * 104 + 0.2 * 94)


def test_both_partials_can_fill_in_one_bar_and_each_only_once() -> None:
    bars = ["100 100 100 100 L a=2", "100 105 100 104", "104 105 103 104", "104 104 104 104"]
    run = simulate(one_symbol(bars, plan=FAMILY | PARTIALS), CASH)
    assert filled(run)[1:] == [(1, "TAKE_1", 102.0, 500), (1, "TAKE_2", 104.0, 300)]


@pytest.mark.parametrize(("min_lots", "sold"), [(197, [1000]), (196, [800])])
def test_a_stop_08_a_rest_under_1_02_of_the_minimum_goes_with_the_take(
    min_lots: int, sold: list[int]
) -> None:
    """200 lots would be left: 1.015 x 197 is a residual, 1.0204 x 196 is a position.

    R-STOP-17, R-STOP-18.
    """
    take = {
        "take_count": 1,
        "take_kind": [Level.PERCENT],
        "take_value": [0.02],
        "take_fraction": [0.8],
    }
    bars = ["100 100 100 100 L", "100 103 100 102", "102 102 102 102"]
    run = simulate(one_symbol(bars, plan=take, spec={"min_lots": min_lots}), CASH)
    assert [row[3] for row in filled(run)[1:]] == sold


def test_a_share_under_min_notional_takes_the_whole_position() -> None:
    """R-STOP-15: 30 % of 0.1 at 104 is 3.12, under 5: instead of a dead order everything goes."""
    plan = PARTIALS | {"size_value": 0.1}
    bars = ["100 100 100 100 L", "100 102.01 100 102", "102 104.01 102 104", "104 104 104 104"]
    run = simulate(one_symbol(bars, plan=plan, spec={"min_notional": 5.0}), CASH)
    assert filled(run)[1:] == [(1, "TAKE_1", 102.0, 50), (2, "TAKE_2", 104.0, 50)]


def test_takes_in_r_are_multiples_of_the_risk() -> None:
    """Stop 5 % under 100: R = 5, a take at 2 R = 110."""
    plan = {
        "stop_kind": Level.PERCENT, "stop_value": 0.05,
        "take_count": 1, "take_kind": [Level.R], "take_value": [2.0], "take_fraction": [1.0],
    }  # fmt: skip
    bars = ["100 100 100 100 L", "100 111 100 105", "105 105 105 105"]
    run = simulate(one_symbol(bars, plan=plan), CASH)
    assert filled(run)[1] == (1, "TAKE_1", 110.0, 1000)
    assert run.trades[0].r == pytest.approx(2.0)


def test_break_even_moves_the_stop_to_entry_plus_round_trip_fees() -> None:
    """After 1 R (5.00): 100 x (1 + 2 x 0.001) = 100.20, for the fills of the entry and the exit.

    R-STOP-19, R-STOP-23.
    """
    plan = {"stop_kind": Level.PERCENT, "stop_value": 0.05, "breakeven_r": 1.0}
    bars = ["100 100 100 100 L", "100 104.99 99 103", "103 105 103 104", "104 104 99 100"]
    spec = {"taker": 0.001}
    assert stops_after_each_bar(bars, plan=plan, spec=spec)[:3] == [0.0, 95.0, 100.2]
    run = simulate(one_symbol(bars, plan=plan, spec=spec), CASH)
    assert filled(run)[1] == (3, "BREAK_EVEN", 100.2, 1000)
    assert run.trades[0].pnl == pytest.approx(0.2 - 0.1 - 0.1002)


def test_an_adaptive_trail_uses_the_current_atr_and_never_backs_off() -> None:
    """R-STOP-10, R-STOP-23."""
    plan = {
        "trail_kind": Level.ATR,
        "trail_activation": 1.0,
        "trail_distance": 2.0,
        "trail_adaptive": 1,
    }
    bars = [
        "100 100 100 100 L a=2",
        "100 104 100 103 a=2",  # armed at 102: 104 - 2 x 2 = 100
        "103 104 103 103 a=1",  # calmer: 104 - 2 x 1 = 102
        "103 104 103 103 a=3",  # wilder: 98 would be away from the price: stays 102
        "103 103 101 102 a=1",
    ]
    assert stops_after_each_bar(bars, plan=plan)[1:4] == [100.0, 102.0, 102.0]


def test_a_trail_with_floor_never_gives_back_the_costs() -> None:
    plan = FAMILY | {"trail_floor_entry": 1}
    bars = ["100 100 100 100 L a=2", "100 100 100 100", "110 111 110 111", "111 111 111 111"]
    assert stops_after_each_bar(bars, plan=plan, spec={"taker": 0.001})[2] == 100.2


@pytest.mark.parametrize("plan", [{"exit_after_bars": 2}, {"exit_after_ms": 2 * HOUR_MS}])
def test_time_exit(plan: dict[str, int]) -> None:
    """In at the open of bar 1; two bars are over when bar 2 closes; out at the next open."""
    bars = ["100 100 100 100 L", "100 100 100 100", "101 101 101 101", "102 102 102 102"]
    assert filled(simulate(one_symbol(bars, plan=plan), CASH))[1] == (3, "TIME", 102.0, 1000)


def test_position_drawdown_closes_at_the_next_open() -> None:
    """R-STOP-22."""
    bars = ["100 100 100 100 L", "100 100 95.01 95.01", "95 95 95 95", "94 94 94 94"]
    run = simulate(one_symbol(bars, plan={"position_drawdown": 0.05}), CASH)
    assert filled(run)[1] == (3, "POSITION_DRAWDOWN", 94.0, 1000)


def test_signal_exit_only_where_the_plan_closes_on_signals() -> None:
    bars = ["100 100 100 100 L", "100 100 100 100 l", "101 101 101 101"]
    assert filled(simulate(one_symbol(bars), CASH))[1] == (2, "SIGNAL", 101.0, 1000)
    assert len(simulate(one_symbol(bars, plan={"close_on_signal": 0}), CASH).fills) == 1


def test_a_stop_from_a_column_is_an_absolute_price() -> None:
    bars = ["100 100 100 100 L p=96.5", "101 101 101 101", "98 98 96 97"]
    plan = {"stop_kind": Level.COLUMN}
    assert filled(simulate(one_symbol(bars, plan=plan), CASH))[1] == (2, "STOP", 96.5, 1000)


def test_levels_are_rounded_so_that_the_loss_is_never_more_than_sized() -> None:
    """ATR 1.333: stop 100 - 3.999 = 96.001 -> 96.01; take 100 + 1.333 -> 101.34."""
    plan = {
        "stop_kind": Level.ATR, "stop_value": 3.0,
        "take_count": 1, "take_kind": [Level.ATR], "take_value": [1.0], "take_fraction": [0.5],
    }  # fmt: skip
    bars = ["100 100 100 100 L a=1.333", "100 101.35 100 101", "96 96 96 96"]
    simulation = Simulation(one_symbol(bars, plan=plan), CASH)
    simulation.advance(2)
    assert simulation.pos[0].stop == 96.01
    assert simulation.fills[1].price == 101.34
