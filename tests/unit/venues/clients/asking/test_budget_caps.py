"""What a person allows a minute, and what a venue states of the end point that was asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.callers import Street, access

from ballast.venues.clients.asking.pools import Caps
from ballast.venues.clients.bybit.access import ACCESS, read_usage
from ballast.venues.clients.calls import Call, Pool, Urgency

PROTECT, TRADE, ASK, ROUTINE = Urgency
TIMES = st.lists(
    st.tuples(st.sampled_from(list(Urgency)), st.floats(0.0, 150.0)), min_size=1, max_size=40
)


@settings(max_examples=60, deadline=None)
@given(TIMES, st.integers(1, 6))
def test_a_persons_cap_holds_in_any_minute_whatever_calls_weigh(
    calls: list[tuple[Urgency, float]], most: int
) -> None:
    """R-NET-01: `network.*_minute` counts calls; only protection does not wait for it."""
    street = Street(access(1e6), Caps(together=most))
    street.run(
        *(
            street.one(name, urgency, cost=0.01 + name, after_s=after_s)
            for name, (urgency, after_s) in enumerate(calls)
        )
    )
    assert len(street.sent) + len(street.refused) == len(calls)
    times = sorted(one.at_s for one in street.sent if one.urgency is not PROTECT)
    for first, last in zip(times, times[most:], strict=False):
        assert last - first >= 60.0 - 1e-6
    asked = {name: after_s for name, (urgency, after_s) in enumerate(calls) if urgency is PROTECT}
    assert {one.name: one.at_s for one in street.sent if one.urgency is PROTECT} == asked


#   venue's budgets       cap that counts for orders, for data
POOLS = [
    (access(1e6, orders=1e6), 2, 3),
    (access(1e6), 4, 4),  # one budget for all: the third cap
]


@pytest.mark.parametrize(("rules", "orders", "data"), POOLS)
def test_each_pool_has_its_own_cap(rules: object, orders: int, data: int) -> None:
    street = Street(rules, Caps(orders=2, data=3, together=4))  # type: ignore[arg-type]  # a row
    caps = {one.pool: one.cap for one in street.budget.states()}
    assert caps.get(Pool.ORDERS, caps[Pool.DATA]) == orders
    assert caps[Pool.DATA] == data


def headers(limit: str, left: str) -> dict[str, str]:
    return {"x-bapi-limit": limit, "x-bapi-limit-status": left}


def test_what_others_used_of_an_end_point_is_waited_for() -> None:
    """Bybit counts each path of an account: somebody else may trade it too."""
    street = Street(ACCESS)

    async def ask() -> None:
        call = Call("privatePostV5OrderCreate", urgency=TRADE, pool=Pool.ORDERS)
        street.budget.seen(headers("10", "2"), call)
        await street.one(0, TRADE, pool=Pool.ORDERS, method=call.method)
        await street.one(1, TRADE, pool=Pool.ORDERS, method="privatePostV5OrderAmend")

    street.run(ask())
    assert [(one.name, one.at_s) for one in street.sent] == [(0, pytest.approx(1.0)), (1, 1.0)]


def test_an_end_point_nobody_else_uses_is_not_waited_for() -> None:
    street = Street(ACCESS)

    async def ask() -> None:
        call = Call("privateGetV5OrderRealtime", urgency=ASK, cost=0.2)
        street.budget.seen(headers("50", "45"), call)
        await street.one(0, ASK, cost=0.2, method=call.method)

    street.run(ask())
    assert [one.at_s for one in street.sent] == [0.0]


@pytest.mark.parametrize(
    ("limit", "left"), [("", "3"), ("10", ""), ("x", "3"), ("10", "11"), ("0", "0"), ("10", "-1")]
)
def test_headers_that_make_no_sense_state_nothing(limit: str, left: str) -> None:
    assert read_usage(headers(limit, left)) == ()
