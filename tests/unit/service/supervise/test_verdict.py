"""What follows an ending, and how often (R-DEP-01, S-33)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.service.supervise.verdict import (
    HOUR_NS,
    LONGEST_S,
    SECOND_NS,
    Again,
    Ending,
    GiveUp,
    ending_of,
    follows,
    within_hour,
)

MOST = 5
RESTARTED = [Ending.LATER, Ending.CRASHED, Ending.HUNG, Ending.GROWN]


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        (0, Ending.DONE), (130, Ending.DONE), (2, Ending.WRONG), (75, Ending.LATER),
        (1, Ending.CRASHED), (70, Ending.CRASHED), (74, Ending.CRASHED), (-9, Ending.CRASHED),
        (-6, Ending.CRASHED),
    ],
)  # fmt: skip
def test_an_exit_code_says_how_it_ended(code: int, ending: Ending) -> None:
    assert ending_of(code) is ending


def test_a_wanted_end_and_a_wrong_input_are_not_started_again() -> None:
    assert follows(Ending.DONE, (), 0, MOST) is None
    assert isinstance(follows(Ending.WRONG, (), 0, MOST), GiveUp)


@pytest.mark.parametrize("ending", [Ending.CRASHED, Ending.HUNG, Ending.GROWN])
def test_the_sixth_crash_within_an_hour_ends_it(ending: Ending) -> None:
    """A-OPS-07."""
    restarts = tuple(number * 60 * SECOND_NS for number in range(MOST))
    now_ns = restarts[-1] + SECOND_NS
    assert isinstance(follows(ending, restarts[1:], now_ns, MOST), Again)
    assert isinstance(follows(ending, restarts, now_ns, MOST), GiveUp)
    assert isinstance(follows(ending, restarts, HOUR_NS, MOST), Again), (
        "the first one is an hour old"
    )


def test_a_venue_that_does_not_answer_is_waited_for_beyond_the_budget() -> None:
    """An outage of hours is no crash loop: what is held must be watched once it is over."""
    restarts = tuple(number * 60 * SECOND_NS for number in range(MOST))
    found = follows(Ending.LATER, restarts, 600 * SECOND_NS, MOST)
    assert found == Again((HOUR_NS - 600 * SECOND_NS) / SECOND_NS)


def test_pauses_double_and_are_bounded() -> None:
    pauses = []
    for count in range(60):
        found = follows(Ending.CRASHED, (0,) * count, SECOND_NS, 60)
        assert isinstance(found, Again)
        pauses.append(found.after_s)
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(pauses) == LONGEST_S


def test_a_clock_that_is_set_back_frees_no_budget() -> None:
    ahead = tuple(HOUR_NS * 5 + number for number in range(MOST))
    assert isinstance(follows(Ending.CRASHED, ahead, HOUR_NS, MOST), GiveUp)


@given(
    st.lists(
        st.tuples(st.sampled_from(RESTARTED), st.integers(0, HOUR_NS // 2)), min_size=1, max_size=60
    ),
    st.integers(1, 8),
)
def test_no_hour_sees_more_restarts_than_the_budget(
    story: list[tuple[Ending, int]], most: int
) -> None:
    now_ns, restarts = 10 * HOUR_NS, ()
    for ending, lived_ns in story:
        now_ns += lived_ns
        found = follows(ending, restarts, now_ns, most)
        if isinstance(found, GiveUp):
            assert ending is not Ending.LATER
            break
        assert found is not None
        now_ns += round(found.after_s * SECOND_NS)
        restarts = (*restarts, now_ns)
        assert len(within_hour(restarts, now_ns)) <= most
