"""A node's time: it follows the venue's as measured, goes on, and never stands (R-EXCH-06, D4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.runtime.clock import GAINS, LOSES, SlewedClock

SECOND_NS = 1_000_000_000
HOUR_S, START_NS = 3_600, 1_700_000_000 * SECOND_NS


class Machine:
    """A clock that goes on evenly, and what the venue's was measured to be ahead."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self.now_ns = START_NS
        self.offset_ns = round(offset_s * SECOND_NS)
        self.time = SlewedClock(lambda: self.now_ns, lambda: self.offset_ns)

    def go(self, seconds: float) -> float:
        """Let time pass in quarters of a second; return how much of it the node saw."""
        before_ns = self.time.now_ns()
        for _ in range(round(seconds * 4)):
            self.now_ns += SECOND_NS // 4
            self.time.now_ns()
        return (self.time.now_ns() - before_ns) / SECOND_NS

    @property
    def lead_s(self) -> float:
        return (self.time.now_ns() - self.now_ns) / SECOND_NS


# Offsets measured one after the other, and for how long; how far the node is ahead then.
TABLE: dict[str, tuple[list[tuple[float, float]], float]] = {
    "nothing measured": ([(0.0, 60.0)], 0.0),
    "a drift is followed": ([(0.5, 10.0)], 0.5),
    "a drift back is followed": ([(-0.5, 2.0)], -0.5),
    "an hour ahead, not yet believed": ([(HOUR_S, 300.0)], 15.0),
    "an hour ahead and back": ([(HOUR_S, 300.0), (0.0, 60.0)], 0.0),
    "an hour ahead and half way back": ([(HOUR_S, 300.0), (0.0, 30.0)], 7.5),
    "an hour behind": ([(-HOUR_S, 60.0)], -15.0),
    "an hour behind and back": ([(-HOUR_S, 60.0), (0.0, 300.0)], 0.0),
    "ahead for good": ([(10.0, 200.0)], 10.0),
}


@pytest.mark.parametrize("case", TABLE)
def test_an_offset_is_slewed_to(case: str) -> None:
    spans, lead_s = TABLE[case]
    machine = Machine()
    for offset_s, seconds in spans:
        machine.offset_ns = round(offset_s * SECOND_NS)
        machine.go(seconds)
    assert machine.lead_s == pytest.approx(lead_s, abs=1e-6)


def test_what_is_measured_before_the_first_time_is_taken_at_once() -> None:
    machine = Machine(offset_s=-HOUR_S)
    assert machine.lead_s == -HOUR_S
    machine.offset_ns = 7 * SECOND_NS
    machine.time.step()
    assert machine.lead_s == 7.0


def test_no_deadline_waits_longer_than_a_third_after_a_leap_that_comes_back() -> None:
    """A timer of 30 s set under the lie fires within 40 s, not an hour after it."""
    machine = Machine()
    machine.offset_ns = HOUR_S * SECOND_NS
    machine.go(300.0)
    due_ns = machine.time.now_ns() + 30 * SECOND_NS
    machine.offset_ns = 0
    waited_s = 0.0
    while machine.time.now_ns() < due_ns:
        machine.go(0.25)
        waited_s += 0.25
    assert 30.0 < waited_s <= 40.25


@given(st.lists(st.tuples(st.integers(-HOUR_S, HOUR_S), st.floats(0.0, 60.0)), max_size=20))
def test_time_goes_on_whatever_is_measured(spans: list[tuple[int, float]]) -> None:
    """It gains at most a twentieth, loses at most a quarter, and is sure of no more than both."""
    machine = Machine()
    for offset_s, seconds in spans:
        machine.offset_ns = offset_s * SECOND_NS
        before_ns, at_ns = machine.time.now_ns(), machine.now_ns
        machine.now_ns += round(seconds * SECOND_NS)
        passed_ns = machine.now_ns - at_ns
        seen_ns = machine.time.now_ns() - before_ns
        assert passed_ns - passed_ns // LOSES <= seen_ns <= passed_ns + passed_ns // GAINS
        assert machine.time.sure_ns() <= machine.time.now_ns()
        assert machine.time.sure_ns() <= machine.now_ns + machine.offset_ns
