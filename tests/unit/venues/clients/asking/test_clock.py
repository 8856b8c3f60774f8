"""The venue's clock, measured from several answers (R-EXCH-06, D4, A-EXCH-06)."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import OrderedClock, VirtualClock

from ballast.venues.clients.asking.clock import AGAIN_S, EVERY_S, Offset, VenueClock
from ballast.venues.clients.calls import CallError, Verdict

MS_NS = 1_000_000


class Venue:
    """Its clock is `ahead_s` of ours; each way takes as long as told."""

    def __init__(
        self, ahead_s: float, ways: list[tuple[float, float]], *, clock: Any = None
    ) -> None:
        self.clock = clock or VirtualClock()
        self.ahead_s, self.ways = ahead_s, ways
        self.asked = 0
        self.fails: list[bool] = []
        self.told: list[Offset] = []
        self.venue_clock = VenueClock(self.ask_ms, self.now_ns, self.clock, self.told.append)

    def now_ns(self) -> int:
        return int(self.clock.now_s * 1e9)

    async def ask_ms(self) -> int:
        there_s, back_s = self.ways[self.asked % len(self.ways)]
        self.asked += 1
        if self.fails and self.fails.pop(0):
            raise CallError(Verdict.UNCLEAR, "no answer")
        self.clock.now_s += there_s
        await asyncio.sleep(0)  # others come meanwhile
        found = math.floor((self.clock.now_s + self.ahead_s) * 1_000)
        self.clock.now_s += back_s
        return found


@given(
    st.floats(-3_600.0, 3_600.0),
    st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(0.0, 2.0)), min_size=1, max_size=8),
)
def test_the_offset_is_never_wrong_by_more_than_it_says(
    ahead_s: float, ways: list[tuple[float, float]]
) -> None:
    venue = Venue(ahead_s, ways)
    found = asyncio.run(venue.venue_clock.measure(len(ways)))
    assert abs(found.offset_ns - ahead_s * 1e9) <= found.error_ns + 2_000  # floats of seconds
    shortest_s = min(there + back for there, back in ways)
    assert found.error_ns == pytest.approx(shortest_s * 1e9 / 2 + MS_NS / 2, abs=2_000)
    assert venue.told == [found]


def test_eight_seconds_off_is_measured() -> None:
    """A-EXCH-06, with a slow way there once."""
    venue = Venue(8.0, [(0.9, 0.02), (0.02, 0.02), (0.02, 0.5)])
    found = asyncio.run(venue.venue_clock.measure(3))
    assert found.offset_ns == pytest.approx(8e9, abs=MS_NS)
    assert found.error_ns < 25 * MS_NS


def test_one_answer_is_enough_and_none_is_a_failure() -> None:
    venue = Venue(1.0, [(0.1, 0.1)])
    venue.fails = [False, True, True]
    assert asyncio.run(venue.venue_clock.measure(3)).offset_ns == pytest.approx(1e9, abs=2 * MS_NS)
    before = venue.venue_clock.last
    venue.fails = [True]
    with pytest.raises(CallError):
        asyncio.run(venue.venue_clock.measure(3))
    assert venue.venue_clock.last == before, "the last that is known stays, with its time"
    assert venue.venue_clock.failures == 1


def test_who_asks_while_it_is_measured_gets_the_same() -> None:
    venue = Venue(1.0, [(0.01, 0.01)])

    async def both() -> None:
        found = await asyncio.gather(*(venue.venue_clock.measure(2) for _ in range(5)))
        assert len(set(found)) == 1

    asyncio.run(both())
    assert venue.asked == 2


def test_it_is_measured_every_five_minutes_and_sooner_after_a_failure() -> None:
    """D4: never older than ten minutes."""
    clock = OrderedClock()
    venue = Venue(1.0, [(0.0, 0.0)], clock=clock)
    venue.fails = [False] * 5 + [True] + [False] * 20

    async def an_hour() -> None:
        task = asyncio.create_task(venue.venue_clock.run())
        await clock.sleep(1_500.0)
        task.cancel()

    asyncio.run(clock.drive(an_hour()))
    times_s = [one.measured_ns / 1e9 - 1_000.0 for one in venue.told]
    first = [0.0, EVERY_S + AGAIN_S]
    assert times_s == pytest.approx([*first, *(first[1] + EVERY_S * n for n in (1, 2, 3))])
