"""Loan to value: levels by hand, falls and repayments that come out, history by plain loops."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.loans import LOAN, EarnRate, Loan
from ballast.core.settings import GateSettings
from ballast.risk.gate.checks import Limits
from ballast.risk.ltv.history import DAY_MS, analyse
from ballast.risk.ltv.levels import Level, LtvLimits, judge, ltv_of

LIMITS = LtvLimits.of(GateSettings())
HOUR_MS = 3_600_000


def loan(ltv: float | None = None, **more: object) -> Loan:
    return Loan("USDT", "BTC", Decimal(10_000), Decimal("0.3"), ltv=ltv, **more)  # type: ignore[arg-type]


def test_the_defaults_are_those_of_the_requirements() -> None:
    """R-RISK-21: the gate and the monitor alarm at the same ratio."""
    assert (LIMITS.alarm, LIMITS.warning, LIMITS.earn_apr) == (0.55, 0.50, 0.10)
    assert Limits().ltv == LIMITS.alarm


@pytest.mark.parametrize(
    ("ltv", "level"),
    [
        (0.0, Level.FINE), (0.499, Level.FINE), (0.50, Level.FINE), (0.501, Level.IMPORTANT),
        (0.549, Level.IMPORTANT), (0.55, Level.IMPORTANT), (0.551, Level.CRITICAL),
        (0.90, Level.CRITICAL), (math.inf, Level.CRITICAL), (math.nan, Level.CRITICAL),
        (-0.1, Level.CRITICAL), (None, Level.CRITICAL),
    ],
)  # fmt: skip
def test_levels(ltv: float | None, level: Level) -> None:
    """A-RISK-12: 55.1 % is critical, 54.9 % is not; what nobody knows is."""
    found = judge([loan(ltv)], [], LIMITS)
    assert found.level is level
    assert found.loans[0].level is level


def test_a_venue_that_calls_earlier_than_the_alarm_decides() -> None:
    """R-RISK-21: a margin call below 55 % is one all the same."""
    assert judge([loan(0.45, margin_call=0.45)], [], LIMITS).level is Level.CRITICAL
    assert judge([loan(0.449, margin_call=0.45)], [], LIMITS).level is Level.FINE


def test_of_two_measures_the_worse_counts() -> None:
    """10,000 against 0.3 BTC at 60,000 is 55.6 %, whatever the venue still shows."""
    stale = loan(0.40, price=Decimal(60_000))
    assert ltv_of(stale) == pytest.approx(10_000 / 18_000)
    state = judge([stale], [], LIMITS).loans[0]
    assert state.level is Level.CRITICAL
    assert state.remark == "the venue says 40.0%, the price gives 55.6%; the worse counts"
    assert ltv_of(loan(0.60, price=Decimal(60_000))) == 0.60
    assert judge([loan(0.556, price=Decimal(60_000))], [], LIMITS).loans[0].remark == ""


def test_no_debt_is_no_risk_and_no_collateral_is_all_of_it() -> None:
    assert ltv_of(Loan("USDT", "BTC", Decimal(0), Decimal(0))) == 0.0
    assert ltv_of(Loan("USDT", "BTC", Decimal(1), Decimal(0), price=Decimal(60_000))) == math.inf
    assert ltv_of(Loan("USDT", "BTC", Decimal(1), Decimal(1), price=Decimal(0))) == math.inf


def test_the_worst_loan_is_the_account_s_and_one_unknown_hides_it() -> None:
    low, high = loan(0.2), Loan("USDC", "ETH", Decimal(1), Decimal(1), ltv=0.52)
    assert judge([low, high], [], LIMITS).ltv == 0.52
    assert judge([low, loan()], [], LIMITS).ltv is None
    assert judge([], [], LIMITS).ltv == 0.0
    assert judge([], [], LIMITS).level is Level.FINE


@given(
    debt=st.integers(1, 10**9), coins=st.integers(1, 10**6), price=st.integers(1, 10**6),
)  # fmt: skip
def test_falls_and_repayments_come_out(debt: int, coins: int, price: int) -> None:
    """After the fall the loan is at the alarm; after repaying or adding it is at the warning."""
    one = Loan("USDT", "BTC", Decimal(debt), Decimal(coins), price=Decimal(price), liquidation=0.83)
    state = judge([one], [], LIMITS).loans[0]
    ltv = debt / (coins * price)
    assert state.ltv == pytest.approx(ltv)
    for fall, bound in ((state.fall_to_alarm, 0.55), (state.fall_to_liquidation, 0.83)):
        assert fall is not None
        if ltv < bound:
            assert debt / (coins * price * (1.0 - fall)) == pytest.approx(bound)
        else:
            assert fall == 0.0
    if ltv > 0.50:
        assert (debt - state.to_repay) / (coins * price) == pytest.approx(0.50)
        assert debt / ((coins + state.to_add) * price) == pytest.approx(0.50)
    else:
        assert (state.to_repay, state.to_add) == (0.0, 0.0)


def test_what_earns_much_is_told_beside_its_cost_and_never_as_an_alarm() -> None:
    """R-ALERT-05, U-29: OPPORTUNITY is information, the best first."""
    rates = [EarnRate("BTC", 0.02), EarnRate("USDT", 0.12, "flexible"), EarnRate("DOT", 0.10)]
    calm = judge([loan(0.3, apr=0.06)], rates, LIMITS)
    assert calm.level is Level.OPPORTUNITY
    assert [one.reason for one in calm.offers] == [
        "USDT earns 12.0% a year, and borrowing it costs 6.0%", "DOT earns 10.0% a year"
    ]  # fmt: skip
    assert judge([loan(0.56)], rates, LIMITS).level is Level.CRITICAL
    assert judge([loan(0.3)], rates[:1], LIMITS).level is Level.FINE


# History -----------------------------------------------------------------------------------


def readings(*rows: tuple[float, float]) -> np.ndarray:
    """Rows of (hours, ratio)."""
    made = np.zeros(len(rows), LOAN)
    made["at_ms"] = [round(hours * HOUR_MS) for hours, _ in rows]
    made["ltv"] = [ltv for _, ltv in rows]
    return made


#        hour  ratio        held h   above 50 %   above 55 %
BY_HAND = [
    (0, 0.40),    #          6
    (6, 0.52),    #          6         6
    (12, 0.56),   #          4         4            4
    (16, 0.58),   #          2         2            2
    (18, 0.45),   #         24 of 54, for the silence is longer than a day
    (72, 0.56),   #          0: nothing is known after the last
]  # fmt: skip


def test_a_history_by_hand() -> None:
    """R-CLI-12."""
    found = analyse(readings(*BY_HAND), LIMITS)
    assert found is not None
    assert (found.readings, found.unknown, found.last) == (6, 0, 0.56)
    assert (found.low, found.high) == (0.40, 0.58)
    held = 42.0
    mean = (6 * 0.40 + 6 * 0.52 + 4 * 0.56 + 2 * 0.58 + 24 * 0.45) / held
    assert found.mean == pytest.approx(mean)
    assert found.above_warning == pytest.approx(12 / held)
    assert found.above_alarm == pytest.approx(6 / held)
    assert found.longest_alarm_ms == 6 * HOUR_MS
    assert found.day_rise == pytest.approx(0.18), "0.40 to 0.58 in 16 hours; 0.45 is too old"
    assert found.safe == pytest.approx(0.37)
    assert found.is_short


def test_unknown_readings_are_counted_and_left_out() -> None:
    assert analyse(readings((0, math.nan)), LIMITS) is None
    assert analyse(readings(), LIMITS) is None
    found = analyse(readings((0, 0.4), (1, math.nan), (2, 0.6)), LIMITS)
    assert found is not None
    assert (found.readings, found.unknown, found.mean) == (3, 1, 0.4)
    one = analyse(readings((0, 0.6)), LIMITS)
    assert one is not None
    assert (one.above_alarm, one.day_rise, one.mean) == (1.0, 0.0, 0.6)


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(0.0, 1.0)), min_size=1, max_size=40))
def test_the_worst_day_is_that_of_a_plain_double_loop(steps: list[tuple[int, float]]) -> None:
    hours, rows = 0, []
    for step, ltv in steps:
        hours += step
        rows.append((hours, ltv))
    found = analyse(readings(*rows), LIMITS)
    assert found is not None
    worst = max(
        after - before
        for i, (at, after) in enumerate(rows)
        for then, before in rows[: i + 1]
        if at - then <= 24
    )
    assert found.day_rise == pytest.approx(worst)
    assert DAY_MS == 24 * HOUR_MS
