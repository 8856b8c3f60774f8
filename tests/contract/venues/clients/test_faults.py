"""Whatever befalls a request: what is told is true, or it is told that nobody knows (D7, A5)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from ballast.core.orders import OrderKind, OrderStatus, RejectReason, Side
from ballast.core.reports import Miss, OrderReport, Rejection, Unclear
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.asking.patience import ONCE
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.simulated.server.resolver import client_session

if TYPE_CHECKING:
    from tests.contract.venues.clients.rig import Rig

    from ballast.core.reports import Report

DONE = ("lose_reply", "reset_reply", "truncate", "error_after", "not_json")
"""Faults after which the order is there."""
NOT_DONE = ("lose_request", "reset_request", "error_before")
"""Faults after which it is not; nobody can tell them from the others."""
MAYBE = ("changed_shape", "unavailable", "maintenance")
"""Faults that may be read, or known to mean that nothing was done."""


@pytest.mark.parametrize("fault", DONE + NOT_DONE)
def test_a_doubtful_order_is_unclear_and_a_look_finds_the_truth(rig: Rig, fault: str) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    rig.fault(fault, rig.row.submits)
    told = rig.told(rig.submit(request))
    assert isinstance(told, Unclear), told
    assert told.client_id == request.client_id
    truth = rig.truth(request.client_id)
    assert (truth is not None) is (fault in DONE), "the fault is not what the test takes it for"
    found = rig.told(rig.look(request.client_id))
    assert isinstance(found, Miss if truth is None else OrderReport)


@pytest.mark.parametrize("fault", DONE + NOT_DONE)
def test_a_doubtful_stop_is_unclear_and_a_look_finds_the_truth(rig: Rig, fault: str) -> None:
    rig.hold()
    request = rig.stop()
    rig.fault(fault, rig.row.submits_stop or rig.row.submits)
    told = rig.told(rig.submit(request))
    assert isinstance(told, Unclear), told
    truth = rig.truth(request.client_id)
    assert (truth is not None) is (fault in DONE)
    found = rig.told(rig.look(request.client_id))
    assert isinstance(found, Miss if truth is None else OrderReport)


@pytest.mark.parametrize("fault", MAYBE)
def test_what_is_told_for_certain_is_so(rig: Rig, fault: str) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    rig.fault(fault, rig.row.submits)
    told = rig.told(rig.submit(request))
    is_there = rig.truth(request.client_id) is not None
    match told:
        case OrderReport():
            assert is_there
        case Rejection():
            assert not is_there
            assert told.reason is RejectReason.NOT_DONE
        case _:
            assert isinstance(told, Unclear)


@pytest.mark.parametrize("fault", DONE + NOT_DONE)
def test_a_doubtful_cancel_is_unclear_or_looked_up(rig: Rig, fault: str) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    rig.rest(request)
    rig.fault(fault, rig.row.cancels)
    told = rig.told(rig.cancel(request.client_id))
    assert isinstance(told, Unclear), told
    is_gone = rig.truth(request.client_id) is None
    assert is_gone is (fault in DONE)
    assert rig.seen(request.client_id).status is (
        OrderStatus.CANCELLED if is_gone else OrderStatus.NEW
    )


def test_a_cancel_is_not_sent_twice_by_the_connection(rig: Rig) -> None:
    """A kept connection that breaks must not repeat a request by itself (exchanges.md 5.4)."""
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    rig.rest(request)
    rig.fault("reset_reply", rig.row.cancels)
    before = rig.venue.status()["requests"]
    assert isinstance(rig.told(rig.cancel(request.client_id)), Unclear)
    assert rig.venue.status()["requests"] == before + 1


def test_no_connection_means_that_nothing_was_sent(rig: Rig) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)

    async def submit() -> Report:
        session = client_session((), rig.venue.port, rig.venue.context())
        try:
            asker = VenueAsker(
                rig.entry.access, session, time.time_ns, rig.keys, patience=ONCE, may_change=True
            )
            desk = rig.entry.desk(asker, time.time_ns)
            desk.markets = rig.desk.markets
            return rig.told(await desk.submit(request, Urgency.TRADE))
        finally:
            await session.close()

    told = rig.run(submit())
    assert isinstance(told, Rejection)
    assert told.reason is RejectReason.NOT_DONE
    assert rig.is_missing(request.client_id)


def test_a_question_that_fails_says_how(rig: Rig) -> None:
    for fault in ("reset_reply", "truncate", "not_json", "error_before"):
        rig.fault(fault, rig.row.private)
        with pytest.raises(CallError) as caught:
            rig.run(rig.desk.balances())
        assert caught.value.verdict in {Verdict.UNCLEAR, Verdict.MAINTENANCE}, fault
