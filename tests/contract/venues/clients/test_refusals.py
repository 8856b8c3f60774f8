"""Definite refusals at every venue: nothing happened, and the reason is ours (R-EXCH-18)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ballast.core.orders import OrderKind, OrderRequest, RejectReason, Side
from ballast.core.reports import Rejection
from ballast.core.settings.rule import Secret
from ballast.venues.clients.access import Keys
from ballast.venues.clients.calls import CallError, Urgency, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.venues.clients.rig import Rig

R = RejectReason


def too_much(rig: Rig) -> OrderRequest:
    return rig.order(OrderKind.LIMIT, Side.BUY, off=-0.01, qty_lots=rig.lots * rig.row.too_much)


def too_little(rig: Rig) -> OrderRequest:
    return rig.order(OrderKind.LIMIT, Side.BUY, off=rig.row.little_off, qty_lots=1)


def crossing(rig: Rig) -> OrderRequest:
    return rig.order(OrderKind.LIMIT, Side.BUY, off=0.01, post_only=True)


def triggered(rig: Rig) -> OrderRequest:
    return rig.stop(off=0.02)


def reducing(rig: Rig) -> OrderRequest:
    return rig.order(OrderKind.LIMIT, Side.SELL, off=0.02, reduce_only=True)


def unlisted(rig: Rig) -> OrderRequest:
    return replace(rig.order(OrderKind.LIMIT, Side.BUY, off=-0.01), symbol="NOSUCHUSDT")


CASES: dict[str, tuple[Callable[[Rig], OrderRequest], set[RejectReason]]] = {
    "funds": (too_much, {R.INSUFFICIENT_BALANCE, R.INSUFFICIENT_MARGIN, R.MAX_POSITION}),
    "notional": (too_little, {R.MIN_NOTIONAL, R.QTY_TOO_SMALL}),
    "post_only": (crossing, {R.WOULD_TRADE}),
    "trigger": (triggered, {R.WOULD_TRIGGER}),
    "reduce_only": (reducing, {R.REDUCE_ONLY, R.NO_POSITION, R.NOT_SUPPORTED}),
    "symbol": (unlisted, {R.UNKNOWN_SYMBOL}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_has_our_reason_and_leaves_no_order(rig: Rig, case: str) -> None:
    make, reasons = CASES[case]
    if case == "trigger":
        rig.hold()
    request = make(rig)
    told = rig.told(rig.submit(request))
    assert isinstance(told, Rejection), told
    assert told.reason in reasons, told
    assert told.code
    assert rig.truth(request.client_id) is None


@pytest.mark.needs("duplicate")
def test_a_name_that_is_taken_is_refused_as_that(rig: Rig) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    placed = rig.rest(request)
    told = rig.told(rig.submit(request))
    assert isinstance(told, Rejection)
    assert told.reason is R.DUPLICATE_CLIENT_ID
    assert rig.seen(request.client_id).order_id == placed.order_id


def test_too_many_requests_are_told_with_the_time_to_wait(rig: Rig) -> None:
    rig.fault("rate_limited", rig.row.private)
    with pytest.raises(CallError) as caught:
        rig.run(rig.desk.balances())
    assert caught.value.verdict is Verdict.RATE
    rig.forgive()
    rig.fault("rate_limited", rig.row.submits)
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    told = rig.told(rig.submit(request))
    assert isinstance(told, Rejection)
    assert told.reason is R.NOT_DONE
    assert rig.truth(request.client_id) is None
    rig.forgive()


@pytest.mark.needs("clock")
def test_a_wrong_clock_is_told_apart(rig: Rig) -> None:
    """Ahead, then behind: a clock that was set back must not go on signing with the future."""
    for offset_ns in (120_000_000_000, -120_000_000_000):
        rig.asker.offset_ns = offset_ns
        with pytest.raises(CallError) as caught:
            rig.run(rig.desk.balances())
        assert caught.value.verdict is Verdict.CLOCK
    rig.asker.offset_ns = 0
    assert rig.run(rig.desk.balances())


def test_a_clock_that_is_wrong_is_measured(rig: Rig) -> None:
    """R-EXCH-07, A-EXCH-06: the offset is measured, not tried out."""
    rig.asker.keep_time(rig.desk.server_ms)
    rig.asker.offset_ns = 8_000_000_000
    try:
        rig.run(rig.asker.measure())
        assert abs(rig.asker.offset_ns) < 1_500_000_000  # Kraken and Coinbase tell whole seconds
        assert rig.run(rig.desk.balances())
    finally:
        rig.asker.time, rig.asker.offset_ns = None, 0


@pytest.mark.needs("clock")
def test_a_call_that_is_refused_for_its_time_is_sent_once_more(rig: Rig) -> None:
    rig.asker.keep_time(rig.desk.server_ms)
    rig.asker.offset_ns = -180_000_000_000
    try:
        assert rig.run(rig.desk.balances())
        assert abs(rig.asker.offset_ns) < 1_000_000_000
    finally:
        rig.asker.time, rig.asker.offset_ns = None, 0


def test_a_wrong_key_is_told_apart(rig: Rig) -> None:
    wrong = Keys(Secret("x" * 64), rig.keys.secret, rig.keys.passphrase)
    desk = rig.entry.desk(rig.asker_with(wrong), lambda: 0)
    with pytest.raises(CallError) as caught:
        rig.run(desk.balances())
    assert caught.value.verdict is Verdict.KEY
    wrong = Keys(rig.keys.key, Secret("x" * 64), rig.keys.passphrase)
    desk = rig.entry.desk(rig.asker_with(wrong), lambda: 0)
    with pytest.raises(CallError) as caught:
        rig.run(desk.balances())
    assert caught.value.verdict is Verdict.KEY
    assert "x" * 64 not in str(caught.value)


def test_a_failed_look_says_nothing(rig: Rig) -> None:
    """Absence is proven only by a venue that answered (A5)."""
    rig.fault("error_before", rig.row.looks)
    assert list(rig.look(rig.name())) == []


def test_an_order_of_an_unlisted_symbol_is_not_even_sent(rig: Rig) -> None:
    before = rig.venue.status()["requests"]
    rig.run(rig.desk.cancel("NOSUCHUSDT", rig.name(), Urgency.TRADE))
    assert rig.venue.status()["requests"] == before
