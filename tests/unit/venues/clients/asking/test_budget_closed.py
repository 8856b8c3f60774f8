"""What a venue states and closes: 429, bans, headers (R-NET-01, R-NET-03)."""

from __future__ import annotations

import pytest
from tests.fakes.callers import Street, access

from ballast.venues.clients.asking.budget import (
    BANNED_S,
)
from ballast.venues.clients.asking.pools import PATIENCE_S
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict

PROTECT, TRADE, ASK, ROUTINE = Urgency


def test_429_with_a_time_lets_nothing_pass_and_protection_first_after_it() -> None:
    """A-EXCH-03, D3."""
    street = Street(access())

    async def throttled() -> None:
        call = Call("ask")
        await street.budget.acquire(call)
        street.budget.failed(call, CallError(Verdict.RATE, "429", retry_after_s=4.0))
        street.budget.done(call)

    street.run(
        throttled(),
        street.one(1, ROUTINE, after_s=1.0),
        street.one(2, PROTECT, after_s=2.0),
        street.one(3, TRADE, after_s=2.0),
    )
    assert [one.name for one in street.sent] == [2, 3, 1]
    assert all(4.0 <= one.at_s <= 4.1 for one in street.sent)
    assert street.budget.states()[0].counts.throttled == 1


def test_429_without_a_time_rests_for_all_but_protection_longer_each_time() -> None:
    street = Street(access())

    async def throttled() -> None:
        for _ in range(3):
            street.budget.failed(Call("ask"), CallError(Verdict.RATE, "slow down"))
        await street.one(2, PROTECT)

    street.run(throttled(), street.one(1, ROUTINE, after_s=0.5))
    assert [(one.name, one.at_s) for one in street.sent] == [(2, 0.0), (1, 4.0)]


@pytest.mark.parametrize("urgency", list(Urgency))
def test_a_ban_closes_for_all_and_says_so_at_once(urgency: Urgency) -> None:
    street = Street(access())

    async def banned() -> None:
        street.budget.failed(Call("ask"), CallError(Verdict.BANNED, "418", retry_after_s=300.0))
        await street.one(1, urgency)

    street.run(banned(), street.one(2, urgency, after_s=301.0))
    ((name, error),) = street.refused
    assert name == 1
    assert error.verdict is Verdict.BANNED
    assert error.retry_after_s == pytest.approx(300.05)
    assert [one.name for one in street.sent] == [2]
    assert street.budget.states()[0].counts.bans == 1


def test_a_ban_without_a_time_lasts_two_minutes() -> None:
    street = Street(access())
    street.budget.failed(Call("ask"), CallError(Verdict.BANNED, "go"))
    street.run(street.one(1, PROTECT, after_s=BANNED_S - 1), street.one(2, PROTECT, after_s=121.0))
    assert [one.at_s for one in street.sent] == [BANNED_S + 0.05, 121.0]


#   headers                                     free for others at   for protection at
STATED = [
    ({"used": "79"},                                         0.0,    0.0),
    ({"used": "80"},                                        60.0,    0.0),
    ({"used": "95"},                                        60.0,   60.0),
    ({"used": "95", "resets": "7"},                          7.0,    7.0),
    ({"used": "8", "limit": "10", "resets": "3"},            3.0,    0.0),
    ({"used": "100", "limit": "6000"},                       0.0,    0.0),
    ({"used": "80", "pool": "orders"},                       0.0,    0.0),
    ({},                                                     0.0,    0.0),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "free_s", "protect_s"), STATED)
def test_what_the_venue_states_counts_others_behind_the_address(
    headers: dict[str, str], free_s: float, protect_s: float
) -> None:
    """R-NET-01: actual values come from headers."""
    for urgency, expected_s in ((ROUTINE, free_s), (PROTECT, protect_s)):
        street = Street(access(100.0, orders=100.0))
        street.budget.seen(headers)
        street.run(street.one(1, urgency))
        if expected_s > PATIENCE_S[urgency]:
            assert not street.sent
        else:
            assert [one.at_s for one in street.sent] == [expected_s]


def test_what_was_sent_since_a_statement_counts_too() -> None:
    street = Street(access(1_000.0))
    street.budget.seen({"used": "70", "limit": "100", "resets": "50"})
    street.run(*(street.one(name) for name in range(12)))
    assert [one.at_s for one in street.sent] == [0.0] * 10 + [50.0] * 2


def test_calls_on_their_way_are_not_in_a_statement_yet() -> None:
    street = Street(access(1_000.0))

    async def flying() -> None:
        for _ in range(10):
            await street.budget.acquire(Call("ask"))
        street.budget.seen({"used": "70", "limit": "100", "resets": "50"})
        await street.one(1)

    street.run(flying())
    assert [one.at_s for one in street.sent] == [50.0]
