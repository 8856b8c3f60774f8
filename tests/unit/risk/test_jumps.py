"""A market event is seen for five minutes, in whichever symbol it is (R-RISK-19, S-16)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.risk.halt.jumps import BUCKET_NS, Jumps

SECOND = 1_000_000_000


def moved(*prices: tuple[int, int], now_s: int = 0) -> tuple[float, float]:
    """Return the moves after prices at seconds, and one of another symbol now."""
    jumps = Jumps()
    for at_s, ticks in prices:
        jumps.take("A", ticks, at_s * SECOND)
    jumps.take("B", 77, max(now_s, prices[-1][0]) * SECOND)
    return jumps.worst()


def test_a_fall_within_a_minute_is_one_within_five_too() -> None:
    assert moved((0, 1_000), (55, 950)) == pytest.approx((0.05, 0.05))
    assert moved((0, 1_000), (120, 950)) == pytest.approx((0.0, 0.05))
    assert moved((0, 1_000), (120, 950), (125, 1_050))[0] == pytest.approx(100 / 950)
    assert moved((0, 1_000), (310, 900)) == (0.0, 0.0), "slower is another matter"


def test_it_is_forgotten_after_five_minutes() -> None:
    assert moved((0, 1_000), (10, 940), now_s=310)[0] == pytest.approx(0.06)
    assert moved((0, 1_000), (10, 940), now_s=320) == (0.0, 0.0)


def test_nothing_heard_is_no_move() -> None:
    assert Jumps().worst() == (0.0, 0.0)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(900, 1_100)), min_size=1, max_size=60))
def test_no_move_of_plain_prices_is_missed(steps: list[tuple[int, int]]) -> None:
    """Against every pair of prices, at most five seconds more generous with time."""
    jumps, at_s, told = Jumps(), 0, []
    for step_s, ticks in steps:
        at_s += step_s
        told.append((at_s, ticks))
        jumps.take("A", ticks, at_s * SECOND)
    now = at_s
    recent = [
        (abs(b / a - 1.0), t2 - t1)
        for n, (t2, b) in enumerate(told)
        for t1, a in told[: n + 1]
        if now - t2 <= 295
    ]
    minute = max((move for move, apart in recent if apart <= 60), default=0.0)
    assert jumps.worst()[0] >= minute - 1e-12
    assert len(jumps._kept["A"]) <= 360 * SECOND // BUCKET_NS + 1
