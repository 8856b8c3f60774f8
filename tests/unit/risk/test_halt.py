"""What stops an account, and what it takes to start it again (F1, F2, F5; R-RISK-*, R-NET-08)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.errors import InternalError, UserError
from ballast.core.orders import RejectReason
from ballast.risk.halt import baselines, breaker, modes, runaway
from ballast.risk.halt.baselines import DAY_NS, Baselines, flowed, marked
from ballast.risk.halt.breaker import Breaker, Gate
from ballast.risk.halt.modes import Command, Halt, Mode, commanded, tripped
from ballast.risk.halt.runaway import Pace, Runaway

RUNNING = Halt(Mode.RUNNING, "started", "ann", 0)
SECOND = 1_000_000_000


def by_ann(halt: Halt, order: Command) -> Halt:
    return commanded(halt, order, who="ann", reason="because", at_ns=9)


# ---------------------------------------------------------------- modes

PAUSED, REDUCING, ALERT = (
    by_ann(RUNNING, order) for order in (Command.PAUSE, Command.FLATTEN, Command.KILL)
)


@pytest.mark.parametrize(
    ("start", "order", "mode"),
    [
        (RUNNING, Command.PAUSE, Mode.PAUSED),
        (RUNNING, Command.FLATTEN, Mode.REDUCING),
        (RUNNING, Command.KILL, Mode.ALERT),
        (RUNNING, Command.RESUME, Mode.RUNNING),
        (PAUSED, Command.RESUME, Mode.RUNNING),
        (REDUCING, Command.PAUSE, Mode.PAUSED),
        (REDUCING, Command.RESUME, Mode.RUNNING),
        (ALERT, Command.PAUSE, Mode.ALERT),
        (ALERT, Command.FLATTEN, Mode.ALERT),
        (ALERT, Command.KILL, Mode.ALERT),
        (ALERT, Command.RELEASE, Mode.PAUSED),
    ],
)
def test_what_a_person_may_command(start: Halt, order: Command, mode: Mode) -> None:
    """R-RISK-22."""
    assert by_ann(start, order).mode is mode


def test_the_latch_comes_off_in_two_steps_with_name_and_reason() -> None:
    with pytest.raises(UserError, match="latched: because \\(ann\\); expected release first"):
        by_ann(ALERT, Command.RESUME)
    with pytest.raises(UserError, match="nothing to release"):
        by_ann(PAUSED, Command.RELEASE)
    for who, reason in (("", "why"), ("ann", " ")):
        with pytest.raises(UserError, match="without a name and a reason"):
            commanded(ALERT, Command.RELEASE, who=who, reason=reason, at_ns=0)
    assert by_ann(by_ann(ALERT, Command.RELEASE), Command.RESUME).allows_entries


def test_a_new_account_does_not_trade_until_somebody_starts_it() -> None:
    assert not Halt().allows_entries


def test_the_first_reason_of_a_latch_stays() -> None:
    first = tripped(RUNNING, "drawdown", "15 %", 1, kills=True, closes=False)
    second = tripped(first, "daily_loss", "5 %", 2, kills=True, closes=True)
    assert (second.reason, second.at_ns, second.closes) == ("15 %", 1, True)


def test_closing_ends_when_nothing_is_held() -> None:
    assert modes.flat(REDUCING, 5).mode is Mode.PAUSED
    killed = tripped(RUNNING, "drawdown", "15 %", 1, kills=True, closes=True)
    assert modes.flat(killed, 5) == replace(killed, closes=False)


rules = st.tuples(st.booleans(), st.booleans())


@given(start=st.sampled_from([RUNNING, PAUSED, REDUCING, ALERT]), events=st.lists(rules))
def test_no_rule_ever_loosens(start: Halt, events: list[tuple[bool, bool]]) -> None:
    """F1: whatever happens by itself, in any order, entries do not come back."""
    halt = start
    for kills, closes in events:
        before = halt
        halt = modes.flat(tripped(halt, "rule", "x", 1, kills=kills, closes=closes), 1)
        assert not halt.allows_entries
        assert before.mode is not Mode.ALERT or halt.mode is Mode.ALERT


# ---------------------------------------------------------------- baselines


def test_a_day_opens_with_the_last_equity_of_the_day_before() -> None:
    one = marked(Baselines(), 1_000, 10)
    assert (one.peak, one.day_open) == (1_000, 1_000)
    later = marked(one, 1_100, DAY_NS - 1)
    gap = marked(later, 1_050, DAY_NS + 5)
    assert (gap.day_open, gap.peak) == (1_100, 1_100), "the gap over midnight is in the new day"
    assert gap.daily_loss == pytest.approx(50 / 1_100)
    with pytest.raises(InternalError):
        marked(gap, 1_000, DAY_NS)


@pytest.mark.parametrize(("equity", "breaks"), [(951, False), (950, True), (900, True)])
def test_a_limit_is_reached_at_the_limit(equity: int, breaks: bool) -> None:
    levels = marked(marked(Baselines(), 1_000, 1), equity, 2)
    assert levels.breaks(0.05, of_day=True) is breaks
    assert levels.breaks(0.05, of_day=False) is breaks
    assert not Baselines().breaks(0.05, of_day=True)


def test_a_deposit_hides_no_loss_and_a_withdrawal_is_none() -> None:
    """R-RISK-28: 85 of 100 stays 15 % down whatever is paid in or out."""
    down = marked(marked(Baselines(), 10**12, 1), 85 * 10**10, 2)
    for amount in (10**12, -4 * 10**11):
        levels = flowed(down, amount, 3)
        assert levels.drawdown == pytest.approx(0.15)
        assert levels.breaks(0.15, of_day=False)
    emptied = flowed(down, -85 * 10**10, 3)
    assert (emptied.peak, emptied.drawdown) == (0, 0.0)
    assert flowed(emptied, 500, 4).peak == 500


def test_a_release_measures_the_drawdown_anew_and_the_day_stays_open() -> None:
    """F2: only a person lowers the peak, to what there is; the day's loss is its own rule."""
    anew = baselines.restarted(marked(marked(Baselines(), 1_000, 1), 800, 2))
    assert (anew.equity, anew.peak, anew.day_open) == (800, 800, 1_000)
    assert anew.breaks(0.2, of_day=True)
    assert not anew.breaks(0.2, of_day=False)
    assert not marked(anew, 641, 3).breaks(0.2, of_day=False)
    assert marked(anew, 640, 3).breaks(0.2, of_day=False)
    assert baselines.restarted(Baselines(equity=-5, peak=10)).peak == 0


@given(
    peak=st.integers(1, 10**12), part=st.integers(1, 10**6), amount=st.integers(-(10**12), 10**12)
)
def test_flows_leave_every_loss_as_it_was(peak: int, part: int, amount: int) -> None:
    equity = max(peak * part // 10**6, 1)
    levels = marked(marked(Baselines(), peak, 1), equity, 2)
    after = flowed(levels, amount, 3)
    if after.equity <= 0:
        return
    exact = Fraction(peak * after.equity, equity)
    assert 0 <= after.peak - exact < 1, "up to one atom, on the safe side"
    for limit in (0.05, 0.15):
        assert after.breaks(limit, of_day=False) or not levels.breaks(limit, of_day=False)


def test_unknown_equity_is_the_worst_known() -> None:
    levels = marked(Baselines(), 1_000, 1)
    assert baselines.unknown(levels, 900).equity == 900
    assert baselines.unknown(levels, 2_000).equity == 1_000


# ---------------------------------------------------------------- the breaker of a link


def test_three_failures_open_it_for_five_minutes_then_one_call_decides() -> None:
    """S-26."""
    link = Breaker()
    for number in range(3):
        assert link.gate(number * SECOND) is Gate.CLOSED
        link = breaker.failed(link, "timeout", number * SECOND)
    opened = 2 * SECOND
    assert link.gate(opened + 299 * SECOND) is Gate.OPEN
    half = opened + 300 * SECOND
    assert link.gate(half) is Gate.HALF_OPEN
    trying = breaker.tried(link, half)
    assert trying.gate(half) is Gate.OPEN, "one call, not many"
    again = breaker.failed(trying, "timeout", half + SECOND)
    assert again.gate(half + 300 * SECOND) is Gate.OPEN
    assert again.gate(half + 301 * SECOND) is Gate.HALF_OPEN
    closed = breaker.succeeded(breaker.tried(again, half + 301 * SECOND))
    assert closed.gate(half + 301 * SECOND) is Gate.CLOSED
    assert [one.at_ns for one in closed.failures] == [0, SECOND, opened, half + SECOND]


def test_a_success_between_failures_keeps_it_closed_and_the_report_is_bounded() -> None:
    link = Breaker()
    for number in range(200):
        link = breaker.failed(link, "500", number)
        link = breaker.failed(link, "500", number)
        assert link.gate(number) is Gate.CLOSED
        link = breaker.succeeded(link)
    assert len(link.failures) == 50
    assert breaker.tried(link, 500) == link


# ---------------------------------------------------------------- runaway


def test_the_twenty_first_order_of_a_minute_is_not_sent() -> None:
    pace = Pace()
    for number in range(20):
        pace, found = runaway.sending(pace, 1, number * SECOND, position_max=1_000)
        assert found is Runaway.NONE
    assert runaway.sending(pace, 1, 30 * SECOND, position_max=1_000)[1] is Runaway.ORDERS
    late = runaway.sending(pace, 1, 60 * SECOND, position_max=1_000)
    assert late[1] is Runaway.NONE, "the first one is a minute old"
    assert len(late[0].sent) == 20


def test_more_than_two_positions_a_minute_are_too_much() -> None:
    pace, found = runaway.sending(Pace(), 1_500, 0, position_max=1_000)
    assert found is Runaway.NONE
    assert runaway.sending(pace, 500, SECOND, position_max=1_000)[1] is Runaway.NONE
    assert runaway.sending(pace, 501, SECOND, position_max=1_000)[1] is Runaway.NOTIONAL


def test_five_equal_refusals_in_a_row_are_a_runaway() -> None:
    pace = Pace()
    for _ in range(4):
        pace, found = runaway.refused(pace, RejectReason.WOULD_TRIGGER)
        assert found is Runaway.NONE
    assert runaway.refused(pace, RejectReason.MIN_NOTIONAL)[1] is Runaway.NONE
    assert runaway.refused(runaway.accepted(pace), RejectReason.WOULD_TRIGGER)[1] is Runaway.NONE
    assert runaway.refused(pace, RejectReason.WOULD_TRIGGER)[1] is Runaway.REFUSALS
