"""SEMANTICS 2, one bar in order: opens, range, ratchets, marks, signals. Drawn by hand."""

from __future__ import annotations

import pytest
from tests.fakes.market import HOUR_MS, Leg, at, filled, of_legs, one_symbol, refused

from ballast.core.records import Intrabar, Level
from ballast.kernel.run import simulate

CASH = 10_000.0
STOP_5 = {"stop_kind": Level.PERCENT, "stop_value": 0.05}
TAKE_10 = {
    "take_count": 1,
    "take_kind": [Level.PERCENT],
    "take_value": [0.10],
    "take_fraction": [1.0],
}


def test_2_2_a_signal_fills_at_the_next_open() -> None:
    """A-BT-01: never at the close it was seen at; costs move it against us."""
    bars = [
        "100 101  99 100 L",  # seen at the close of bar 0
        "102 103 101 103",  # bought here: 102 x 1.001 = 102.102 -> 102.11
        "103 104 102 104 l",
        "105 105 105 105",  # sold here: 105 x 0.999 = 104.895 -> 104.89
    ]
    run = simulate(one_symbol(bars, spec={"slip_fraction": 0.001}), CASH)
    assert filled(run) == [(1, "ENTRY", 102.11, 1000), (3, "SIGNAL", 104.89, 1000)]
    assert run.fills.at_ms.tolist() == [at(1), at(3)]
    assert run.trades[0].pnl == pytest.approx(2.78)


def test_2_2_exits_come_before_entries_so_that_freed_cash_is_used() -> None:
    """Symbol 1 leaves and symbol 0 enters at one open, with the money symbol 1 held."""
    plan = {"size_value": 90.0}
    one = ["100 100 100 100", "100 100 100 100 L", "100 100 100 100", "100 100 100 100"]
    two = ["100 100 100 100 L", "100 100 100 100 l", "110 110 110 110", "110 110 110 110"]
    run = simulate(of_legs([Leg(one, plan), Leg(two, plan)]), CASH)
    # At the decision only 1,000 is free: 10 units. A queued entry never counts on an exit.
    assert filled(run) == [
        (4 + 1, "ENTRY", 100.0, 90_000),
        (4 + 2, "SIGNAL", 110.0, 90_000),
        (2, "ENTRY", 100.0, 10_000),
    ]


def test_2_3_a_stop_fills_at_its_level_and_a_gap_at_the_open() -> None:
    """R-STOP-25, A-STOP-07: a gap from 100 to 80 with a stop at 95 leaves at 80, not at 95."""
    inside = ["100 100 100 100 L", "100 101 99 100", "98 99 94 96"]
    gap = ["100 100 100 100 L", "100 101 99 100", "80 99 79 96"]
    assert filled(simulate(one_symbol(inside, plan=STOP_5), CASH))[1] == (2, "STOP", 95.0, 1000)
    run = simulate(one_symbol(gap, plan=STOP_5), CASH)
    assert filled(run)[1] == (2, "STOP", 80.0, 1000)
    assert run.account.equity == pytest.approx(CASH - 20.0)


def test_2_3_a_short_stop_is_the_mirror() -> None:
    perpetual = {"perpetual": 1}
    inside = ["100 100 100 100 S", "100 101 99 100", "102 106 101 104"]
    gap = ["100 100 100 100 S", "100 101 99 100", "120 121 101 104"]
    for bars, price in ((inside, 105.0), (gap, 120.0)):
        run = simulate(one_symbol(bars, plan=STOP_5, spec=perpetual), CASH)
        assert filled(run)[1] == (2, "STOP", price, 1000)


def test_2_3_a_stop_is_moved_against_us_by_a_multiple_of_the_slippage() -> None:
    """R-COST-17."""
    bars = ["100 100 100 100 L", "100 101 99 100", "98 99 94 96"]
    spec = {"slip_fraction": 0.001, "slip_stop_multiple": 3.0}
    # Entry 100.1; stop 95.095 -> 95.10 (rounded towards the entry); 95.1 x 0.997 = 94.8147.
    run = simulate(one_symbol(bars, plan=STOP_5, spec=spec), CASH)
    assert filled(run) == [(1, "ENTRY", 100.1, 1000), (2, "STOP", 94.81, 1000)]


def test_2_3_a_take_asks_for_more_than_a_touch() -> None:
    touch = ["100 100 100 100 L", "100 101 99 100", "101 110 100 105"]
    through = ["100 100 100 100 L", "100 101 99 100", "101 110.01 100 105"]
    gap = ["100 100 100 100 L", "100 101 99 100", "112 113 100 105"]
    assert len(filled(simulate(one_symbol(touch, plan=TAKE_10), CASH))) == 1
    easy = TAKE_10 | {"touch_fills": 1}
    assert filled(simulate(one_symbol(touch, plan=easy), CASH))[1] == (2, "TAKE_1", 110.0, 1000)
    assert filled(simulate(one_symbol(through, plan=TAKE_10), CASH))[1][2] == 110.0
    run = simulate(one_symbol(gap, plan=TAKE_10), CASH)
    assert filled(run)[1] == (2, "TAKE_1", 112.0, 1000)  # a gap over it fills at the open
    assert run.fills[1].maker == 1


@pytest.mark.parametrize(
    ("intrabar", "bar", "reason"),
    [
        (Intrabar.PESSIMISTIC, "101 111 94 100", "STOP"),  # A-BT-05: both in one bar: the stop
        (Intrabar.PATH, "106 111 94 100", "TAKE_1"),  # 5 up, 12 down: up first
        (Intrabar.PATH, "99 111 94 100", "STOP"),  # 12 up, 5 down: down first
        (Intrabar.PATH, "102.5 111 94 100", "STOP"),  # 8.5 both ways: the bad end
    ],
)
def test_2_3_stop_and_take_in_one_bar(intrabar: int, bar: str, reason: str) -> None:
    bars = ["100 100 100 100 L", "100 101 99 100", bar]
    run = simulate(one_symbol(bars, plan=STOP_5 | TAKE_10 | {"intrabar": intrabar}), CASH)
    assert [row[1] for row in filled(run)] == ["ENTRY", reason]


def test_2_3_detail_replays_the_finer_bars() -> None:
    bars = ["100 100 100 100 L", "100 101 99 100", "101 111 94 100"]
    plan = STOP_5 | TAKE_10 | {"intrabar": Intrabar.DETAIL}
    up_first = {2: [(101.0, 111.0, 100.0, 105.0, 1.0), (105.0, 105.0, 94.0, 100.0, 1.0)]}
    down_first = {2: [(101.0, 101.0, 94.0, 96.0, 1.0), (96.0, 111.0, 96.0, 100.0, 1.0)]}
    for fine, reason in ((up_first, "TAKE_1"), (down_first, "STOP"), ({}, "STOP")):
        run = simulate(one_symbol(bars, plan=plan, fine=fine), CASH)
        assert filled(run)[1][:2] == (2, reason)


def test_2_3_a_position_is_exposed_to_the_rest_of_its_entry_bar() -> None:
    bars = ["100 100 100 100 L", "100 101 94 100", "100 101 99 100"]
    assert filled(simulate(one_symbol(bars, plan=STOP_5), CASH))[1] == (1, "STOP", 95.0, 1000)
    spared = simulate(one_symbol(bars, plan=STOP_5 | {"entry_bar_exposed": 0}), CASH)
    assert len(spared.fills) == 1


def test_2_3_a_limit_entry_waits_for_its_price() -> None:
    """One ATR of 2 under the close of 100: a limit at 98, as maker, for two bars."""
    plan = {"entry_limit_atr": 1.0, "entry_ttl_bars": 2}
    touched = ["100 100 100 100 L a=2", "100 101 98 100", "99 100 97 98", "98 99 97 98"]
    run = simulate(one_symbol(touched, plan=plan), CASH)
    assert filled(run) == [(2, "ENTRY", 98.0, 1000)]
    assert run.fills[0].maker == 1
    never = ["100 100 100 100 L a=2", "100 101 99 100", "100 101 99 100", "97 98 96 97"]
    run = simulate(one_symbol(never, plan=plan), CASH)
    assert refused(run) == [(0, "EXPIRED")]
    assert run.refused[0].at_ms == at(3)  # with the last bar of its time, not one bar later
    better = ["100 100 100 100 L a=2", "97 101 96 100"]
    run = simulate(one_symbol(better, plan=plan, spec={"slip_fraction": 0.02}), CASH)
    assert filled(run) == [(1, "ENTRY", 98.0, 1000)]  # 97 x 1.02 = 98.94: never above the limit
    assert run.fills[0].maker == 0


def test_2_3_after_a_limit_entry_only_the_bad_end_of_its_bar_counts() -> None:
    """The 120 may have come before the 98: no take. The 90 did come after: the stop."""
    plan = TAKE_10 | {"entry_limit_atr": 1.0}
    bars = ["100 100 100 100 L a=2", "100 120 97 100", "100 101 99 100"]
    run = simulate(one_symbol(bars, plan=plan), CASH)
    assert filled(run) == [(1, "ENTRY", 98.0, 1000)]
    assert run.positions[0].best == 101.0  # of bar 2, not 120
    bars = ["100 100 100 100 L a=2", "100 120 90 100", "100 101 99 100"]
    run = simulate(one_symbol(bars, plan=plan | STOP_5), CASH)
    assert filled(run)[1] == (1, "STOP", 93.1, 1000)  # 98 x 0.95


def test_2_5_ratchets_bind_from_the_next_bar() -> None:
    """Bar 2 lifts the trail to 108 and falls under it; it leaves in bar 3, not in bar 2."""
    trail = {"trail_kind": Level.PERCENT, "trail_activation": 0.05, "trail_distance": 0.10}
    bars = ["100 100 100 100 L", "100 101 99 100", "101 120 100 110", "110 111 107 108"]
    run = simulate(one_symbol(bars, plan=trail), CASH)
    assert filled(run)[1] == (3, "TRAILING_STOP", 108.0, 1000)


def test_2_7_exits_are_decided_before_entries_and_latency_delays_both() -> None:
    bars = [
        "100 100 100 100 L",
        "101 101 101 101",  # would fill here
        "102 102 102 102 l",  # fills here, one bar late
        "103 103 103 103",
        "104 104 104 104",  # leaves here
    ]
    run = simulate(one_symbol(bars, plan={"latency_bars": 1}), CASH)
    assert filled(run) == [(2, "ENTRY", 102.0, 1000), (4, "SIGNAL", 104.0, 1000)]


def test_2_7_a_queued_order_waits_for_a_gap_no_longer_than_its_time_in_force() -> None:
    bars = ["100 100 100 100 L", "105 105 105 105", "106 106 106 106"]
    run = simulate(one_symbol(bars, missing=(1,)), CASH)
    assert refused(run) == [(0, "EXPIRED")]
    run = simulate(one_symbol(bars, missing=(1,), plan={"entry_ttl_bars": 2}), CASH)
    assert filled(run) == [(1, "ENTRY", 105.0, 1000)]
    exit_waits = ["100 100 100 100 L", "100 100 100 100 l", "90 90 90 90", "90 90 90 90"]
    run = simulate(one_symbol(exit_waits, missing=(2, 3, 4)), CASH)
    assert filled(run)[1] == (2, "SIGNAL", 90.0, 1000)  # an exit waits for ever


def test_2_7_spot_cannot_go_short() -> None:
    bars = ["100 100 100 100 S", "100 100 100 100"]
    assert refused(simulate(one_symbol(bars), CASH)) == [(0, "SPOT_CANNOT_SHORT")]
    run = simulate(one_symbol(bars, spec={"perpetual": 1}), CASH)
    assert filled(run) == [(1, "ENTRY", 100.0, 1000)]
    run = simulate(one_symbol(bars, spec={"perpetual": 1}, plan={"allow_short": 0}), CASH)
    assert refused(run) == [(0, "SIDE_NOT_ALLOWED")]


def test_2_7_contradicting_bits_do_nothing_and_say_so() -> None:
    bars = ["100 100 100 100 LS", "100 100 100 100 Ll", "100 100 100 100"]
    run = simulate(one_symbol(bars, spec={"perpetual": 1}), CASH)
    assert refused(run) == [(0, "CONFLICTING_SIGNALS"), (1, "CONFLICTING_SIGNALS")]


def test_2_7_an_entry_against_an_open_position_is_refused() -> None:
    bars = ["100 100 100 100 L", "100 100 100 100 L", "100 100 100 100 S", "100 100 100 100"]
    run = simulate(one_symbol(bars, spec={"perpetual": 1}), CASH)
    assert refused(run) == [(2, "ALREADY_IN_POSITION")]  # the second L is silently ignored


def test_2_8_open_positions_are_marked_and_reported() -> None:
    bars = ["100 100 100 100 L", "100 100 100 100", "100 110 100 107 L"]
    run = simulate(one_symbol(bars), CASH)
    assert len(run.fills) == 1
    trade = run.trades[0]
    assert (trade.reason, trade.exit, trade.pnl) == (16, 107.0, 7.0)  # reason END
    late = simulate(one_symbol(["100 100 100 100", "100 100 100 100 L"]), CASH)
    assert refused(late) == [(1, "LAST_BAR")]


def test_1_5_nothing_fills_on_a_synthetic_bar() -> None:
    bars = ["100 100 100 100 L", "100 100 100 100 N", "103 103 103 103", "103 103 103 103"]
    run = simulate(one_symbol(bars, plan=STOP_5 | {"entry_ttl_bars": 3}), CASH)
    assert filled(run) == [(2, "ENTRY", 103.0, 1000)]
    held = ["100 100 100 100 L", "100 100 100 100", "90 90 90 90 NS", "96 96 96 96"]
    run = simulate(one_symbol(held, plan=STOP_5), CASH)
    assert len(run.fills) == 1
    assert refused(run) == []  # no entry is read on it
    assert run.equity[2] == pytest.approx(CASH - 10.0)  # but it is marked


def test_1_5_no_position_is_carried_over_the_end_of_a_segment() -> None:
    bars = ["100 100 100 100 L", "100 101 99 101 E", "50 50 50 50", "50 50 50 50"]
    run = simulate(one_symbol(bars, missing=(2, 3, 4)), CASH)
    assert filled(run)[1] == (1, "SEGMENT_END", 101.0, 1000)
    last = simulate(one_symbol(bars[:2], spec={"delisted": 1}), CASH)
    assert filled(last)[1] == (1, "DELISTED", 101.0, 1000)


def test_one_clock_takes_all_symbols_in_time_order() -> None:
    """A-BT-13: an hourly and a two-hourly symbol, the second listed later."""
    hourly = ["100 100 100 100 L"] + ["100 100 100 100"] * 3 + ["100 100 100 100 l"] * 2
    slower = ["50 50 50 50 L", "51 51 51 51"]
    run = simulate(
        of_legs([Leg(hourly), Leg(slower, spec={"timeframe_ms": 2 * HOUR_MS}, first=1)]), CASH
    )
    assert run.clock_ms.tolist() == [at(k) for k in range(1, 7)]
    assert filled(run) == [
        (1, "ENTRY", 100.0, 1000),
        (5, "SIGNAL", 100.0, 1000),
        (7, "ENTRY", 51.0, 1000),
    ]


def test_a_stop_stands_before_a_signal_exit_where_asked() -> None:
    """`stop_before_exit` reproduces engines that test the stop before the exit due at the open."""
    bars = ["100 100 100 100 L", "100 100 100 100 l", "99 100 94 96", "96 96 96 96"]
    run = simulate(one_symbol(bars, plan=STOP_5), CASH)
    assert filled(run)[1] == (2, "SIGNAL", 99.0, 1000)
    run = simulate(one_symbol(bars, plan=STOP_5 | {"stop_before_exit": 1}), CASH)
    assert filled(run)[1] == (2, "STOP", 95.0, 1000)
    assert run.fills[1].at_ms == at(3)
