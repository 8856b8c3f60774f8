"""SEMANTICS 6 and the safety gate: days, drawdown, streaks, caps. Drawn by hand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.market import HOUR_MS, Leg, at, filled, of_legs, one_symbol, refused

from ballast.core.records import Level
from ballast.kernel.run import Simulation, simulate

CASH = 10_000.0
TEN = {"size_value": 10.0}
DAY = 24
"""Bars of an hour: bar 23 closes at midnight and belongs to the old day."""


def losing(at_bars: dict[int, str], n: int) -> list[str]:
    """Return flat bars at 100, with some rows drawn."""
    return [at_bars.get(k, "100 100 100 100") for k in range(n)]


def test_r_gate_10_daily_loss_blocks_until_the_next_utc_day() -> None:
    """600 of 10,000 in a day with a limit of 5 %; free again at the first close of the next day."""
    rows = {
        0: "100 100 100 100 L",
        1: "100 100 40 40 l",  # 10 x -60 = -600, marked and blocked
        2: "40 40 40 40",
        3: "40 40 40 40 L",  # refused
        22: "40 40 40 40 L",  # still that day
        23: "40 40 40 40 L",  # closes at midnight: the old day
        24: "40 40 40 40 L",
        25: "40 40 40 40",
    }
    bars = [rows.get(k, "40 40 40 40") for k in range(26)]
    run = simulate(one_symbol(bars, plan=TEN, limits={"daily_loss": 0.05}), CASH)
    assert refused(run) == [(3, "DAILY_LOSS"), (22, "DAILY_LOSS"), (23, "DAILY_LOSS")]
    assert filled(run)[-1] == (25, "ENTRY", 40.0, 10_000)
    assert run.daily.tolist() == [9_400.0, 9_400.0]
    assert run.day_ms.tolist() == [at(DAY), at(2 * DAY)]


def test_daily_loss_counts_from_the_days_open_and_open_losses_count() -> None:
    """4.9 % lost yesterday and 4.9 % today are neither of them 5 %."""
    rows = {
        0: "100 100 100 100 L",
        1: "100 100 51 51",  # -490 of 10,000
        23: "51 51 51 51",
        24: "51 51 4.5 4.5 ",  # -465 of 9,510: 4.89 %
    }
    bars = [rows.get(k, "51 51 51 51" if k < 24 else "4.5 4.5 4.5 4.5") for k in range(2, 26)]
    bars = [rows[0], rows[1], *bars]
    run = Simulation(one_symbol(bars, plan=TEN, limits={"daily_loss": 0.05}), CASH)
    for k in range(len(bars)):
        run.advance(k + 1)
        assert not run.account[0].day_blocked
    assert run.account[0].equity == 9_045.0
    assert run.account[0].day_open == 9_510.0


def test_a_blocked_day_cancels_queued_entries() -> None:
    """Symbol 1 has a limit resting when symbol 0 loses the day."""
    one = ["100 100 100 100 L", "100 100 40 40", "40 40 40 40"]
    two = ["100 100 100 100 L a=5", "100 100 100 100", "90 90 90 90"]
    resting = {"entry_limit_atr": 1.0, "entry_ttl_bars": 9}
    run = simulate(of_legs([Leg(one, TEN), Leg(two, resting)], limits={"daily_loss": 0.05}), CASH)
    assert refused(run) == [(3, "DAILY_LOSS")]
    assert run.refused[0].at_ms == at(2)
    assert filled(run, symbol=1) == []


@pytest.mark.parametrize(("closes", "exits"), [(1, [(2, "KILL_SWITCH", 80.0, 10_000)]), (0, [])])
def test_drawdown_kills_for_good(closes: int, exits: list[Any]) -> None:
    """10 x (100 - 85) = 1.5 % from the peak. The price recovers; the latch does not."""
    bars = [
        "100 100 100 100 L",
        "100 100 85 85",  # killed at this close
        "80 80 80 80",
        "200 200 200 200 L",
        *["200 200 200 200 L"] * 30,
    ]
    limits = {"drawdown_kill": 0.015, "kill_closes": closes}
    run = simulate(one_symbol(bars, plan=TEN, limits=limits), CASH)
    assert filled(run)[1:] == exits
    assert run.account.killed == 1
    assert run.account.killed_ms == at(2)
    if closes:
        assert {reason for _, reason in refused(run)} == {"KILL_SWITCH"}
        assert len(refused(run)) == 31


def test_r_risk_15_rolling_drawdown_looks_at_days() -> None:
    """Best of the last two daily closes 10,000; at 9,400 it is 6 %; two days later forgotten."""
    rows = {
        0: "100 100 100 100",
        24: "100 100 100 100 L",
        25: "100 100 40 40 l",
        26: "40 40 40 40",
    }
    bars = [rows.get(k, "100 100 100 100" if k < 24 else "40 40 40 40") for k in range(100)]
    for k in (27, 47, 48, 60, 72, 90):
        bars[k] = "40 40 40 40 L"
    limits = {"rolling_drawdown": 0.05, "rolling_days": 2}
    run = simulate(one_symbol(bars, plan=TEN, limits=limits), CASH)
    # Days end at bars 23 (10,000), 47 (9,400), 71 (9,400): at bar 72 both days stand at 9,400.
    blocked = [(k, "ROLLING_DRAWDOWN") for k in (27, 47, 48, 60)]
    assert refused(run) == blocked
    assert filled(run)[-1] == (73, "ENTRY", 40.0, 10_000)


LOSS = {"stop_kind": Level.PERCENT, "stop_value": 0.05}


def stopped_out(n: int, gap: int) -> list[str]:
    """Signal, buy, be stopped out in the bar after; signals every `gap` bars."""
    rows = []
    for k in range(n):
        place = k % gap
        rows.append("100 100 94 96" if place == 1 else "100 100 100 100 L" if place == 0
                    else "100 100 100 100")  # fmt: skip
    return rows


def test_r_gate_18_three_losses_in_a_row_pause_the_account() -> None:
    """Losses at bars 1, 3 and 5; the third pauses six hours from its fill at 06:00 to 12:00."""
    limits = {"loss_streak": 3, "streak_cooldown_ms": 6 * HOUR_MS}
    run = simulate(one_symbol(stopped_out(16, 2), plan=LOSS, limits=limits), CASH)
    assert [row[0] for row in refused(run)] == [6, 8, 10]
    assert {row[1] for row in refused(run)} == {"LOSS_STREAK"}
    # Bar 12 closes at 13:00: the pause is over, and the streak starts anew.
    assert [row[0] for row in filled(run) if row[1] == "ENTRY"] == [1, 3, 5, 13, 15]


def test_a_win_ends_the_streak() -> None:
    bars = stopped_out(12, 2)
    bars[3] = "100 100 100 100 l"  # not stopped: leaves at 101
    bars[4] = "101 101 101 101 L"
    limits = {"loss_streak": 3, "streak_cooldown_ms": 99 * HOUR_MS}
    run = simulate(one_symbol(bars, plan=LOSS, limits=limits), CASH)
    assert [row[0] for row in filled(run) if row[1] == "ENTRY"] == [1, 3, 5, 7, 9]
    assert refused(run) == [(10, "LOSS_STREAK")]  # losses at 5, 7, 9


def test_r_gate_17_the_cooldown_doubles_with_each_further_loss() -> None:
    """Fills at 02:00, then pauses of 2 h and 4 h: signals at 03:00 and, after 06:00, four hours."""
    bars = stopped_out(20, 2)
    limits = {"loss_cooldown_ms": 2 * HOUR_MS}
    run = simulate(one_symbol(bars, plan=LOSS, limits=limits), CASH)
    # Loss 1 closes 02:00, free from 04:00: bar 2 (03:00) refused, bar 4 (05:00) taken, lost 06:00.
    # Four hours, to 10:00: bars 6, 8 (07:00, 09:00) refused, bar 10 taken, lost 12:00; eight hours.
    assert [row[0] for row in filled(run) if row[1] == "ENTRY"] == [1, 5, 11]
    assert [row[0] for row in refused(run)] == [2, 6, 8, 12, 14, 16, 18]
    assert {row[1] for row in refused(run)} == {"LOSS_COOLDOWN"}


WIN = {"exit_after_bars": 1}
"""In at an open, out at the next: a signal every two bars can be taken."""


@pytest.mark.parametrize(
    ("limits", "frame_ms", "taken", "reason"),
    [
        ({"entry_spacing_ms": 5 * HOUR_MS}, HOUR_MS, [1, 7], "ENTRY_SPACING"),
        ({"entries_day": 2}, HOUR_MS, [1, 3], "DAILY_CAP"),
        # Bars of 15 minutes: signals at :15 and :45; two in any hour.
        ({"entries_hour": 1}, HOUR_MS // 4, [1, 5, 9], "HOURLY_CAP"),
    ],
)
def test_r_gate_02_07_08_entries_are_counted(
    limits: dict[str, Any], frame_ms: int, taken: list[int], reason: str
) -> None:
    bars = ["100 100 100 100 L", "100 100 100 100"] * 6
    market = one_symbol(bars, plan=WIN, limits=limits, spec={"timeframe_ms": frame_ms})
    run = simulate(market, CASH)
    assert [row[0] for row in filled(run) if row[1] == "ENTRY"] == taken
    assert {row[1] for row in refused(run)} == {reason}


def test_r_gate_12_positions_are_bounded_and_queued_entries_count() -> None:
    legs = [Leg(["100 100 100 100 L", "100 100 100 100", "100 100 100 100"]) for _ in range(3)]
    run = simulate(of_legs(legs, limits={"positions": 2}), CASH)
    assert run.fills.symbol.tolist() == [0, 1]
    assert refused(run) == [(6, "MAX_POSITIONS")]


@pytest.mark.parametrize(
    ("row", "plan", "limits", "reason"),
    [
        ("L c=0.64", {"use_confidence": 1}, {"confidence": 0.65}, "CONFIDENCE"),  # R-GATE-06
        ("L c=0.7 f=0.75", {"use_confidence": 1}, {"confidence": 0.65}, "CONFIDENCE"),
        ("L c=nan", {"use_confidence": 1}, {}, "CONFIDENCE"),  # missing input blocks
        # R-GATE-16, S-07
        ("L z=2.1", {"use_volatility": 1}, {"volatility_block": 2.0}, "VOLATILITY"),
        ("L z=nan", {"use_volatility": 1}, {"volatility_block": 2.0}, "VOLATILITY"),
        ("L", {"size_mode": 0, "size_value": 0.01}, {}, "NO_STOP"),
        ("L p=101", {"stop_kind": Level.COLUMN}, {}, "BAD_STOP"),  # above a long
        ("L a=nan", {"stop_kind": Level.ATR, "stop_value": 3.0}, {}, "BAD_STOP"),
        ("L", {}, {"slippage": 0.001}, "SLIPPAGE"),  # R-COST-09: 0.2 % expected
        # R-GATE-19: target 5.5, stop 3, costs 2 x 0.2 % of 100 = 0.4: 5.1 / 3.4 = 1.5
        ("L", {"stop_kind": 1, "stop_value": 3.0, "trail_kind": 1, "trail_activation": 5.5},
         {"reward_risk": 1.51}, "REWARD_RISK"),
        ("L", {"stop_kind": 1, "stop_value": 3.0, "take_count": 1, "take_kind": [1],
               "take_value": [5.0], "take_fraction": [1.0]}, {"reward_risk": 1.4}, "REWARD_RISK"),
    ],
)  # fmt: skip
def test_one_reason_each(
    row: str, plan: dict[str, Any], limits: dict[str, Any], reason: str
) -> None:
    bars = [f"100 100 100 100 {row}", "100 100 100 100"]
    run = simulate(one_symbol(bars, plan=plan, limits=limits, spec={"slip_fraction": 0.002}), CASH)
    assert refused(run) == [(0, reason)]


@pytest.mark.parametrize("ratio", [1.49, 0.0])
def test_reward_risk_that_is_enough_passes(ratio: float) -> None:
    plan = {"stop_kind": 1, "stop_value": 3.0, "trail_kind": 1, "trail_activation": 5.5}
    market = one_symbol(
        ["100 100 100 100 L", "100 100 100 100"],
        plan=plan, limits={"reward_risk": ratio}, spec={"slip_fraction": 0.002},
    )  # fmt: skip
    assert len(simulate(market, CASH).fills) == 1


def test_r_gate_31_exits_pass_where_every_entry_is_blocked() -> None:
    """Killed, over every cap, in a cool-down: the stop still fills."""
    bars = ["100 100 100 100 L", "100 100 97 97", "97 97 94 94", "94 94 94 94 L"]
    limits = {"drawdown_kill": 0.0001, "entries_hour": 1, "entries_day": 1, "positions": 1}
    run = simulate(one_symbol(bars, plan=LOSS, limits=limits), CASH)
    assert filled(run)[1] == (2, "STOP", 95.0, 1000)
    assert refused(run) == [(3, "KILL_SWITCH")]
