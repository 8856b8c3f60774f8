"""Deposits and withdrawals that are told late end as those that are told at once (R-RISK-28)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.risk.halt import baselines, flows
from ballast.risk.halt.baselines import DAY_NS, Baselines
from ballast.risk.halt.flows import KEPT_NS, NAMES_MAX, READ_NS, Past

SECOND_NS = 1_000_000_000
START_NS = 20_000 * DAY_NS - 300 * SECOND_NS
"""Five minutes before midnight: a day begins amid the marks."""
EQUITY = 1_000_000


class Account:
    """Levels and their past, as the node keeps them."""

    def __init__(self) -> None:
        self.past, self.levels = Past(), Baselines()

    def mark(self, equity: int, at_ns: int) -> None:
        self.levels = baselines.marked(self.levels, equity, at_ns)
        self.past = flows.marked(self.past, self.levels)

    def flow(self, amount: int, at_ns: int, name: str = "") -> None:
        self.past, self.levels = flows.booked(self.past, self.levels, amount, at_ns, name)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Return (seconds, profit, flow): a mark every ten seconds, and some flows between two."""
    story = []
    for k in range(draw(st.integers(2, 40))):
        profit = draw(st.integers(-20_000, 20_000))
        flow = draw(st.one_of(st.just(0), st.integers(-200_000, 400_000)))
        story.append((k * 10, profit, flow))
    return story


@given(stories(), st.data())
def test_told_late_and_in_any_order_is_as_told_at_once(
    story: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    at_once, late = Account(), Account()
    equity, waiting = EQUITY, list[tuple[int, int]]()
    for second, profit, flow in story:
        at_ns = START_NS + second * SECOND_NS
        equity = max(equity + profit, 1)
        for account in (at_once, late):
            account.mark(equity, at_ns)
        if flow and equity + flow > 0:
            equity += flow
            at_once.flow(flow, at_ns + SECOND_NS)
            waiting.append((flow, at_ns + SECOND_NS))
        for one in [one for one in waiting if data.draw(st.booleans())]:
            waiting.remove(one)
            late.flow(*one)
    for one in data.draw(st.permutations(waiting)):
        late.flow(*one)
    assert late.past == at_once.past
    assert late.levels == at_once.levels


@given(stories())
def test_the_levels_are_those_of_the_past(story: list[tuple[int, int, int]]) -> None:
    """What is old leaves the past and changes nothing."""
    account = Account()
    for second, profit, flow in story:
        at_ns = START_NS + second * 30 * SECOND_NS  # five minutes apart
        account.mark(max(account.levels.equity + profit, 1) if second else EQUITY, at_ns)
        if account.levels.equity + flow > 0:
            account.flow(flow, at_ns)
        found = flows._after(account.past.base, account.past.steps)
        assert found == account.levels
        assert len(account.past.steps) <= 2 * (KEPT_NS // (300 * SECOND_NS) + 1)


def test_a_withdrawal_that_is_listed_after_the_mark_it_lowered_is_no_loss() -> None:
    account = Account()
    account.mark(EQUITY, START_NS)
    account.mark(800_000, START_NS + 60 * SECOND_NS)
    assert account.levels.drawdown > 0.19
    account.flow(-200_000, START_NS + 30 * SECOND_NS)
    assert account.levels.drawdown == 0
    assert account.levels.peak == 800_000


def test_a_deposit_that_is_listed_late_hides_no_loss_and_is_no_peak() -> None:
    """85 of a peak of 100 is 15 % down; with 100 deposited it still is."""
    account = Account()
    account.mark(100, START_NS)
    account.mark(85, START_NS + 60 * SECOND_NS)
    account.mark(185, START_NS + 120 * SECOND_NS)
    account.flow(100, START_NS + 90 * SECOND_NS)
    assert round(account.levels.drawdown, 2) == 0.15
    assert account.levels.peak == 218  # 100 * 185 / 85, rounded up


@pytest.mark.parametrize(("amount", "read"), [(-800_000, 1_000_100), (3_000_000, 999_900)])
@pytest.mark.parametrize("marks", [1, 2])
def test_a_flow_between_the_reading_of_a_mark_and_its_telling_is_no_loss(
    amount: int, read: int, marks: int
) -> None:
    """It is older than the mark, and not in it: the next mark would fall by a withdrawal."""
    account = Account()
    account.mark(EQUITY, START_NS)
    flowed_ns = START_NS + 10 * SECOND_NS
    for k in range(marks):
        account.mark(read, flowed_ns + (k + 1) * SECOND_NS // 10)
    account.flow(amount, flowed_ns)
    assert account.levels.equity == read + amount
    assert account.levels.drawdown < 0.001
    account.mark(read + amount, flowed_ns + 60 * SECOND_NS)
    assert account.levels.drawdown < 0.001
    assert account.levels.peak < (read + amount) * 1.001


def test_a_mark_that_has_the_money_stays_behind_the_flow_however_near_it_is() -> None:
    account = Account()
    account.mark(EQUITY, START_NS)
    account.mark(210_000, START_NS + 11 * SECOND_NS)
    account.flow(-800_000, START_NS + 10 * SECOND_NS)
    assert (account.levels.equity, account.levels.peak) == (210_000, 210_000)


def test_a_mark_that_is_long_after_the_flow_has_it_whatever_it_says() -> None:
    account = Account()
    account.mark(EQUITY, START_NS)
    account.mark(EQUITY, START_NS + 10 * SECOND_NS + READ_NS + 1)
    account.flow(-800_000, START_NS + 10 * SECOND_NS)
    assert account.levels.equity == EQUITY


def test_one_that_is_older_than_all_that_is_kept_changes_the_levels_alone() -> None:
    account = Account()
    for minute in range(60):
        account.mark(EQUITY, START_NS + minute * 60 * SECOND_NS)
    account.flow(500_000, START_NS + SECOND_NS)
    assert account.levels.equity == EQUITY, "the money was in the marks"
    assert account.levels.peak == 2 * EQUITY, "before it half of the equity was there"


def test_a_release_begins_the_past_anew() -> None:
    account = Account()
    account.mark(EQUITY, START_NS)
    account.mark(800_000, START_NS + SECOND_NS)
    account.levels = baselines.restarted(account.levels)
    account.past = flows.restarted(account.past, account.levels)
    account.mark(810_000, START_NS + 2 * SECOND_NS)
    account.flow(81_000, START_NS + 3 * SECOND_NS)
    assert account.levels.peak == 891_000


def test_names_are_kept_and_are_bounded() -> None:
    account = Account()
    account.mark(EQUITY, START_NS)
    for k in range(NAMES_MAX + 10):
        account.flow(1, START_NS + SECOND_NS, f"id{k}")
    assert account.past.names[0] == "id10"
    assert len(account.past.names) == NAMES_MAX
    assert replace(account.past, names=()).first_ns == START_NS
