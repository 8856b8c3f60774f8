"""The budget of a venue: never above its limits, protection first (R-NET-01 to R-NET-05)."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.callers import Street, access

from ballast.core.errors import InternalError
from ballast.venues.clients.asking.budget import (
    PROTECT_SHARE,
    SHARE,
    WAITING_MAX,
)
from ballast.venues.clients.asking.pools import PATIENCE_S
from ballast.venues.clients.calls import Call, Pool, Urgency, Verdict

PROTECT, TRADE, ASK, ROUTINE = Urgency


CALLS = st.lists(
    st.tuples(
        st.sampled_from(list(Urgency)),
        st.floats(0.1, 30.0),
        st.floats(0.0, 200.0),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(CALLS, st.sampled_from([0.0, 5.0, 20.0]))
def test_no_window_ever_holds_more_than_the_limit(
    calls: list[tuple[Urgency, float, float]], second: float
) -> None:
    """R-NET-01, R-NET-02, R-NET-05: any minute, any second, and four fifths without protection."""
    street = Street(access(100.0, second=second))
    street.run(
        *(
            street.one(name, urgency, cost=cost, after_s=after_s)
            for name, (urgency, cost, after_s) in enumerate(calls)
        )
    )
    assert len(street.sent) + len(street.refused) == len(calls)
    assert street.most_within(60.0) <= 100.0 * PROTECT_SHARE + 1e-6
    assert street.most_within(60.0, without_protect=True) <= 100.0 * SHARE + 1e-6
    if second:
        heaviest = max(cost for _, cost, _ in calls)
        assert street.most_within(1.0) <= max(second * PROTECT_SHARE, heaviest) + 1e-6


@settings(max_examples=60, deadline=None)
@given(CALLS)
def test_a_protective_call_waits_for_nobody_but_the_limit_itself(
    calls: list[tuple[Urgency, float, float]],
) -> None:
    """With the reserve not used up, it goes at once, however many others wait (R-NET-05)."""
    street = Street(access(100.0))
    others = [(ROUTINE if one[0] is PROTECT else one[0], *one[1:]) for one in calls]
    street.run(
        *(
            street.one(name, urgency, cost=cost, after_s=after_s)
            for name, (urgency, cost, after_s) in enumerate(others)
        ),
        street.one(-1, PROTECT, cost=15.0, after_s=77.0),
    )
    assert [one.at_s for one in street.sent if one.name == -1] == [77.0]


def test_a_thousand_two_hundred_and_one_orders_take_more_than_a_minute() -> None:
    """A-EXCH-01: the venue, which counts by its own minutes, never sees an excess."""
    street = Street(access(data=2_400.0, orders=1_200.0))

    async def orders() -> None:
        for name in range(1_201):
            await street.one(name, TRADE, pool=Pool.ORDERS)

    street.run(orders())
    late = [one for one in street.sent if one.at_s >= 60.0]
    assert len(street.sent) + len(street.refused) == 1_201
    assert street.most_within(60.0) == 1_200 * SHARE
    assert late
    for offset in range(0, 60, 7):  # wherever its minutes begin
        counts: dict[int, int] = {}
        for one in street.sent:
            minute = int((one.at_s + offset) // 60)
            counts[minute] = counts.get(minute, 0) + 1
        assert max(counts.values()) <= 1_200


def test_fifty_callers_at_once_stay_within_the_limit() -> None:
    """A-EXCH-02."""
    street = Street(access(40.0))
    street.run(*(street.one(name) for name in range(50)))
    assert len(street.sent) == 50
    assert street.most_within(60.0) == 40.0 * SHARE
    assert [one.name for one in street.sent] == list(range(50)), "who came first goes first"


def test_who_waits_goes_by_urgency_then_by_coming() -> None:
    street = Street(access(10.0))
    street.run(
        street.one(0, ROUTINE, cost=8.0),
        street.one(1, ROUTINE, cost=1.5, after_s=57.0),
        street.one(2, ASK, cost=1.5, after_s=57.5),
        street.one(3, TRADE, cost=1.5, after_s=58.0),
        street.one(4, ASK, cost=1.5, after_s=58.5),
        street.one(5, PROTECT, cost=1.6, after_s=59.0),
    )
    assert [one.name for one in street.sent] == [0, 5, 3, 2, 4, 1]
    assert {one.at_s for one in street.sent[1:]} == {60.0}


def test_who_comes_later_and_fits_earlier_is_not_kept_by_one_who_sleeps() -> None:
    street = Street(access(10.0))
    street.run(
        street.one(0, PROTECT, cost=5.0),
        street.one(1, PROTECT, cost=4.0, after_s=10.0),
        street.one(2, ROUTINE, cost=5.0, after_s=11.0),  # fits when both are a minute old
        street.one(3, PROTECT, cost=1.0, after_s=55.0),  # when the first is
    )
    assert [(one.name, one.at_s) for one in street.sent[2:]] == [(3, 60.0), (2, 70.0)]


def test_two_pools_do_not_take_from_each_other_and_one_budget_is_one() -> None:
    both = Street(access(10.0, orders=10.0))
    both.run(
        *(both.one(name) for name in range(8)),
        *(both.one(name + 8, TRADE, pool=Pool.ORDERS) for name in range(8)),
    )
    assert {one.at_s for one in both.sent} == {0.0}
    one = Street(access(10.0))
    one.run(*(one.one(name, TRADE) for name in range(8)), one.one(8, ROUTINE, pool=Pool.ORDERS))
    assert [each.at_s for each in one.sent] == [0.0] * 8 + [60.0]
    assert len(one.budget.states()) == 1


def test_too_many_routine_calls_are_refused() -> None:
    """R-NET-04: the producer learns it at once, and nothing was sent."""
    street = Street(access(10.0))
    count = 8 + WAITING_MAX[ROUTINE] + 3
    street.run(*(street.one(name) for name in range(count)))
    at_once = [name for name, error in street.refused if "wait already" in str(error)]
    assert at_once == [count - 3, count - 2, count - 1]
    assert all(error.verdict is Verdict.RATE for _, error in street.refused)


@pytest.mark.parametrize("urgency", [PROTECT, TRADE, ASK])
def test_a_call_does_not_wait_longer_than_it_is_worth(urgency: Urgency) -> None:
    street = Street(access(10.0))

    async def busy() -> None:
        for _ in range(9):
            await street.budget.acquire(Call("ask", urgency=PROTECT))
        street.budget.seen({"used": "10", "limit": "10", "resets": "500"})

    street.run(busy(), street.one(1, urgency, after_s=0.5))
    assert street.clock.now_s == pytest.approx(0.5 + PATIENCE_S[urgency])
    ((_, error),) = street.refused
    assert error.verdict is Verdict.RATE
    assert "waited" in error.text


def test_a_call_heavier_than_a_second_goes_alone() -> None:
    street = Street(access(100.0, second=5.0))
    street.run(street.one(1), street.one(2, cost=50.0), street.one(3))
    assert [one.at_s for one in street.sent] == [0.0, 1.0, 11.0]


def test_end_points_that_are_counted_one_by_one_hold_their_own_windows() -> None:
    """OKX: so much in two seconds of each; a share of each is kept for protection."""
    street = Street(access(10_000.0, path=20.0))
    street.run(
        *(street.one(name, TRADE, cost=4.0, method="orders") for name in range(5)),
        street.one(5, PROTECT, cost=3.0, method="orders", after_s=0.1),
        street.one(6, TRADE, cost=4.0, method="fills", after_s=0.1),
    )
    assert {one.name: one.at_s for one in street.sent} == {
        0: 0.0, 1: 0.0, 2: 0.0, 3: 0.0, 4: pytest.approx(2.2), 5: 0.1, 6: 0.1,
    }  # fmt: skip


def test_an_end_point_call_that_costs_more_than_its_window_waits_for_as_many() -> None:
    street = Street(access(10_000.0, path=20.0))
    street.run(*(street.one(name, cost=50.0) for name in range(3)))
    assert [one.at_s for one in street.sent] == pytest.approx([0.0, 5.5, 11.0])


def test_a_call_heavier_than_a_minute_is_our_defect() -> None:
    street = Street(access(100.0))
    with pytest.raises(InternalError, match="costs 101 of 100"):
        asyncio.run(street.budget.acquire(Call("ask", cost=101.0)))


def test_a_caller_who_gives_up_leaves_the_queue_and_spends_nothing() -> None:
    street = Street(access(10.0))

    async def gives_up() -> None:
        for name in range(8):
            await street.one(name)
        waiting = asyncio.create_task(street.one(8))
        await street.clock.sleep(1.0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert street.budget.states()[0].waiting == 0
        await street.one(9)

    street.run(gives_up())
    assert [one.name for one in street.sent] == [*range(8), 9]
    assert street.budget.states()[0].counts.calls == 9


def test_a_caller_who_is_cancelled_when_its_turn_came_is_not_on_its_way() -> None:
    street = Street(access(10.0))

    async def cancelled() -> None:
        for name in range(8):
            await street.one(name)
        basin = street.budget._basins[Pool.DATA]
        waiting = asyncio.create_task(street.budget.acquire(Call("ask")))
        await street.clock.sleep(1.0)
        ticket = basin.waiting.pop()
        street.budget._spend(basin, ticket.call, 1.0)
        ticket.turn.set_result(None)  # as the pump does
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()
        assert basin.flying == 0.0

    street.run(cancelled())


def test_the_state_can_be_read() -> None:
    """R-NET-17."""
    street = Street(access(100.0))
    street.run(*(street.one(name, cost=40.0) for name in range(3)))
    (state,) = street.budget.states()
    assert (state.pool, state.limit, state.used) == (Pool.DATA, 100.0, 40.0)
    counts = state.counts
    assert (counts.calls, counts.cost, counts.waited, counts.waited_s) == (3, 120.0, 1, 60.0)
