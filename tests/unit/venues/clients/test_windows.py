"""End points that are counted one by one: never more than a window holds (R-NET-01, R-NET-05)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.venues.clients.asking.windows import MARGIN, Windows

BUDGET, SPAN_S = 20.0, 2.0
DAY_S = 86_400.0


def test_a_window_is_spent_and_free_again_when_its_first_call_has_left_it() -> None:
    windows = Windows(BUDGET, SPAN_S)
    for at in range(4):
        assert windows.spend("orders", 4.0, 100.0 + at / 10) == 0.0
    assert windows.spend("orders", 4.0, 100.5) == pytest.approx(SPAN_S * MARGIN - 0.5)
    assert windows.spend("fills", 4.0, 100.5) == 0.0
    assert windows.spend("orders", 4.0, 100.0 + SPAN_S * MARGIN) == 0.0


def test_a_share_is_kept_for_what_protects() -> None:
    windows = Windows(BUDGET, SPAN_S)
    assert [windows.spend("orders", 1.0, 0.0) for _ in range(16)] == [0.0] * 16
    assert windows.spend("orders", 1.0, 0.0) > 0
    urgent = [windows.spend("orders", 1.0, 0.0, is_urgent=True) for _ in range(5)]
    assert urgent[:4] == [0.0] * 4
    assert urgent[4] > 0


def test_a_call_that_costs_more_than_a_window_waits_for_as_many() -> None:
    windows = Windows(BUDGET, SPAN_S)
    assert windows.spend("status", 50.0, 0.0) == 0.0
    assert windows.spend("status", 50.0, 0.0) == pytest.approx(5.0 * MARGIN)
    assert windows.spend("status", 50.0, 5.0 * MARGIN) == 0.0


def test_a_clock_that_was_set_back_does_not_stop_calls_for_a_day() -> None:
    windows = Windows(BUDGET, SPAN_S)
    for _ in range(16):
        windows.spend("orders", 1.0, DAY_S)
    assert windows.spend("orders", 1.0, 0.0) == 0.0


@given(
    st.lists(
        st.tuples(st.floats(0.0, 1.0), st.sampled_from([0.4, 1.0, 2.0, 4.0]), st.booleans()),
        max_size=80,
    )
)
def test_no_span_ever_holds_more_than_the_budget(
    calls: list[tuple[float, float, bool]],
) -> None:
    windows, now_s, done = Windows(BUDGET, SPAN_S), 0.0, []
    for pause_s, cost, is_urgent in calls:
        now_s += pause_s
        for _ in range(3):
            wait_s = windows.spend("x", cost, now_s, is_urgent=is_urgent)
            if not wait_s:
                done.append((now_s, cost))
                break
            assert 0 < wait_s <= SPAN_S * MARGIN
            now_s += wait_s
    for end_s, _ in done:
        within = sum(cost for at, cost in done if end_s - SPAN_S <= at <= end_s)
        assert within <= BUDGET + 1e-9
