"""What only Binance has: half-done replaces, conditional orders that become others, listen keys."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.venues.clients.listening import listening
from tests.contract.venues.clients.rig import Rig, serving
from tests.contract.venues.clients.rows import ROWS
from yarl import URL

from ballast.core.ids import Purpose
from ballast.core.orders import MarginMode, OrderKind, OrderStatus, PositionMode, RejectReason, Side
from ballast.core.reports import Action, Miss, OrderReport, Rejection, Unclear
from ballast.core.time import Timeframe
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.streams.state import Phase
from ballast.venues.clients.venues import TESTNETS
from ballast.venues.simulated.server.resolver import client_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import ClientSession

    from ballast.core.orders import OrderRequest
    from ballast.core.reports import Report


MINUTE = Timeframe.parse("1m")


@pytest.fixture(scope="module")
def served_spot() -> Iterator[Rig]:
    with serving(ROWS["BINANCE"]) as rig:
        yield rig


@pytest.fixture
def spot(served_spot: Rig) -> Iterator[Rig]:
    yield served_spot
    served_spot.clear()


@pytest.fixture(scope="module")
def served_usdm() -> Iterator[Rig]:
    with serving(ROWS["BINANCEUSDM"]) as rig:
        yield rig


@pytest.fixture
def usdm(served_usdm: Rig) -> Iterator[Rig]:
    yield served_usdm
    served_usdm.clear()


# Spot: cancel and replace ---------------------------------------------------------------------


def replaced(rig: Rig, old_id: str, new: OrderRequest) -> tuple[Report, Report]:
    """Return what became of the old order and of the new one."""
    told = rig.run(rig.desk.replace(old_id, new, Urgency.PROTECT))
    (old,) = [one for one in told if one.client_id == old_id]
    (made,) = [one for one in told if one.client_id == new.client_id]
    return old, made


def test_a_stop_that_cannot_be_placed_leaves_the_old_one_cancelled_and_says_so(spot: Rig) -> None:
    """-2021: from here on the position is bare, and both halves say it (B1, exchanges.md 4.7)."""
    spot.hold()  # a market that has never traded sets nothing off
    rest = spot.stop()
    spot.rest(rest)
    old, new = replaced(spot, rest.client_id, spot.stop(off=0.02))
    assert isinstance(old, OrderReport)
    assert old.status is OrderStatus.CANCELLED
    assert isinstance(new, Rejection)
    assert (new.action, new.reason) == (Action.SUBMIT, RejectReason.WOULD_TRIGGER)
    assert spot.account()["orders"] == []


def test_nothing_is_placed_where_the_old_stop_is_gone_and_its_end_is_told(spot: Rig) -> None:
    """-2022: the new order was not tried; the old one is looked up (5.4)."""
    rest, fresh = spot.stop(), spot.stop(off=-0.04)
    spot.rest(rest)
    spot.cancel(rest.client_id)
    old, new = replaced(spot, rest.client_id, fresh)
    assert isinstance(old, OrderReport)
    assert old.status is OrderStatus.CANCELLED
    assert isinstance(new, Rejection)
    assert new.reason is RejectReason.NOT_DONE
    assert spot.is_missing(fresh.client_id)


def test_a_new_stop_that_breaks_a_filter_leaves_the_old_one_alone(spot: Rig) -> None:
    rest, fresh = spot.stop(), spot.stop(off=-0.04, qty_lots=0)
    spot.rest(rest)
    old, new = replaced(spot, rest.client_id, fresh)
    assert isinstance(old, Rejection)
    assert isinstance(new, Rejection)
    assert spot.seen(rest.client_id).status is OrderStatus.UNTRIGGERED
    assert spot.is_missing(fresh.client_id)


@pytest.mark.parametrize("fault", ["lose_reply", "truncate", "error_after", "lose_request"])
def test_a_replace_without_an_answer_is_a_doubt_about_both(spot: Rig, fault: str) -> None:
    rest, fresh = spot.stop(), spot.stop(off=-0.04)
    spot.rest(rest)
    spot.fault(fault, "POST /api/v3/order/cancelReplace$")
    for one in replaced(spot, rest.client_id, fresh):
        assert isinstance(one, Unclear)
    was_done = fault != "lose_request"
    seen = spot.seen(rest.client_id).status
    assert seen is (OrderStatus.CANCELLED if was_done else OrderStatus.UNTRIGGERED)
    assert spot.is_missing(fresh.client_id) is not was_done


def a_pair(rig: Rig, **more: object) -> tuple[OrderRequest, OrderRequest]:
    take = rig.order(
        OrderKind.LIMIT, Side.SELL, off=0.05, purpose=Purpose.TAKE, post_only=True, **more
    )
    return take, rig.stop()


def test_a_take_and_a_stop_are_placed_for_the_same_coins_and_go_together(spot: Rig) -> None:
    take, stop = a_pair(spot)
    told = spot.run(spot.desk.place_pair(take, stop, Urgency.PROTECT))
    assert {(one.client_id, one.status) for one in told} == {
        (take.client_id, OrderStatus.NEW), (stop.client_id, OrderStatus.UNTRIGGERED),
    }  # fmt: skip
    assert {one["client_id"] for one in spot.account()["orders"]} == {
        take.client_id, stop.client_id,
    }  # fmt: skip
    spot.cancel(stop.client_id)
    assert spot.account()["orders"] == []
    assert spot.seen(take.client_id).status in {OrderStatus.CANCELLED, OrderStatus.EXPIRED}


def test_a_pair_is_placed_whole_or_not_at_all(spot: Rig) -> None:
    spot.hold()  # a market that has never traded sets nothing off
    take, stop = a_pair(spot)
    crossed = spot.stop(off=0.02)
    for both, verdict in (((take, crossed), Rejection), (a_pair(spot, qty_lots=1), Rejection)):
        told = spot.run(spot.desk.place_pair(*both, Urgency.PROTECT))
        assert [type(one) for one in told] == [verdict, verdict]
    spot.fault("reset_reply", "POST /api/v3/orderList/oco$")
    take, stop = a_pair(spot)
    told = spot.run(spot.desk.place_pair(take, stop, Urgency.PROTECT))
    assert [(type(one), one.client_id) for one in told] == [
        (Unclear, take.client_id), (Unclear, stop.client_id),
    ]  # fmt: skip
    assert spot.seen(take.client_id).status is OrderStatus.NEW
    assert spot.seen(stop.client_id).status is OrderStatus.UNTRIGGERED


def test_a_ban_is_told_with_its_length() -> None:
    with serving(ROWS["BINANCE"]) as rig:
        rig.fault("banned", rig.row.private)
        with pytest.raises(CallError) as caught:
            rig.run(rig.desk.balances())
    assert caught.value.verdict is Verdict.BANNED
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 0


def test_reduce_only_is_refused_by_us_and_not_dropped(spot: Rig) -> None:
    """Spot has no such word: sent without it, the order could sell somebody's other coins."""
    before = spot.venue.status()["requests"]
    request = spot.order(OrderKind.MARKET, Side.SELL, off=0, reduce_only=True)
    asked = spot.venue.status()["requests"]
    told = spot.told(spot.submit(request))
    assert isinstance(told, Rejection)
    assert told.reason is RejectReason.NOT_SUPPORTED
    assert spot.venue.status()["requests"] == asked > before


@pytest.mark.parametrize("venue", ["BINANCE", "BINANCEUSDM"])
def test_the_demo_has_addresses_of_its_own_and_no_wallet(
    served_spot: Rig, served_usdm: Rig, venue: str
) -> None:
    """Keys of the demo are no keys of the venue: nothing may reach the real addresses."""
    rig = {"BINANCE": served_spot, "BINANCEUSDM": served_usdm}[venue]
    entry = TESTNETS[venue]

    async def demo() -> ClientSession:
        return client_session(entry.hosts, rig.venue.port, rig.venue.context())

    session = rig.run(demo())
    try:
        desk: Any = entry.desk(
            VenueAsker(entry.access, session, rig.now_ns, rig.keys, may_change=True), rig.now_ns
        )
        rig.run(desk.load())
        assert rig.run(desk.status()).is_open
        grants = rig.run(desk.grants())
        assert (grants.can_trade, grants.can_withdraw) == (True, False)
        flows = rig.run(desk.flows("USDT", 0))
        assert (flows is None) == (venue == "BINANCE")
        request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
        (told,) = rig.run(desk.submit(request, Urgency.TRADE))
        assert told.status is OrderStatus.NEW
        (talk,) = desk.private([rig.row.symbol])
        assert URL(rig.run(talk.url())).host in entry.hosts
        for talk in (*desk.public([rig.row.symbol], MINUTE), *desk.depth([rig.row.symbol])):
            assert URL(rig.run(talk.url())).host in entry.hosts
    finally:
        rig.run(session.close())
        rig.clear()


# USD-M: conditional orders --------------------------------------------------------------------


def test_a_stop_limit_that_was_set_off_is_shown_once_and_cancelled_by_our_id(usdm: Rig) -> None:
    """It left the algo service and rests as an order of another number (freqtrade#12610)."""
    usdm.hold()
    bid, _ = usdm.touch()
    request = usdm.order(OrderKind.STOP_LIMIT, Side.SELL, off=-0.005, price_ticks=bid * 103 // 100)
    placed = usdm.rest(request)
    assert placed.status is OrderStatus.UNTRIGGERED
    low, back = (usdm.market.tick * (bid * part // 1_000) for part in (985, 1_000))
    usdm.venue.command("POST", "/path", points=[[0.5, str(low)], [3, str(low)], [4, str(back)]])
    usdm.eventually(lambda: usdm.seen(request.client_id).status is OrderStatus.NEW, seconds=15)
    seen = usdm.seen(request.client_id)
    assert (seen.order_id, seen.price_ticks) == (placed.order_id, request.price_ticks)
    (shown,) = usdm.run(usdm.desk.open_orders([usdm.row.symbol]))
    assert (shown.client_id, shown.order_id) == (request.client_id, placed.order_id)
    told = usdm.told(usdm.cancel(request.client_id))
    assert isinstance(told, OrderReport)
    assert (told.status, told.order_id) == (OrderStatus.CANCELLED, placed.order_id)
    assert usdm.truth(request.client_id) is None


def test_a_cancel_of_a_stop_whose_answer_is_lost_is_found_out(usdm: Rig) -> None:
    usdm.hold()
    request = usdm.stop()
    usdm.rest(request)
    usdm.fault("reset_reply", "DELETE /fapi/v1/algoOrder$")
    assert isinstance(usdm.told(usdm.cancel(request.client_id)), Unclear)
    assert usdm.seen(request.client_id).status is OrderStatus.CANCELLED


@pytest.mark.parametrize("purpose", [Purpose.STOP, Purpose.TAKE])
def test_absence_needs_both_services(usdm: Rig, purpose: Purpose) -> None:
    """One that fails proves nothing, whatever the other says (A5)."""
    for pattern in ("GET /fapi/v1/order$", "GET /fapi/v1/algoOrder$"):
        usdm.fault("error_before", pattern)
        assert list(usdm.look(usdm.name(purpose))) == []
    assert isinstance(usdm.told(usdm.look(usdm.name(purpose))), Miss)


def test_hedge_mode_is_seen_refused_and_left(usdm: Rig) -> None:
    """D6, incident 59: an account in the other mode is told of, and `set_up` sets it right."""
    dual = {"dualSidePosition": "true"}
    usdm.run(usdm.asker.ask(Call("fapiPrivatePostPositionSideDual", dual, changes=True)))
    assert usdm.run(usdm.desk.grants()).position_mode is PositionMode.HEDGE
    told = usdm.told(usdm.submit(usdm.order(OrderKind.LIMIT, Side.BUY, off=-0.05)))
    assert isinstance(told, Rejection)
    assert told.reason is RejectReason.POSITION_SIDE
    usdm.run(usdm.desk.set_up(usdm.row.symbol, Decimal(20), MarginMode.CROSS))
    assert usdm.run(usdm.desk.grants()).position_mode is PositionMode.ONE_WAY
    usdm.rest(usdm.order(OrderKind.LIMIT, Side.BUY, off=-0.05))


def test_a_dead_listen_key_is_noticed_and_a_new_one_asked_for(usdm: Rig) -> None:
    """X10, incident 46: another client deletes it; the socket stays open and silent."""
    with listening(usdm, lambda: usdm.desk.private([usdm.row.symbol])) as listener:
        usdm.run(usdm.asker.ask(Call("fapiPrivateDeleteListenKey", changes=True)))
        usdm.eventually(lambda: any(one.phase is Phase.DOWN for one in listener.states))
        (down,) = [one for one in listener.states if one.phase is Phase.DOWN]
        assert down.reason == "listenKeyExpired"
        usdm.eventually(lambda: listener.is_ready)
        request = usdm.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
        usdm.rest(request)
        usdm.eventually(lambda: any(one.client_id == request.client_id
                                    for one in listener.of(OrderReport)))  # fmt: skip


def test_the_leverage_a_symbol_may_have_is_known(usdm: Rig) -> None:
    assert usdm.market.leverage_max == 125
    with pytest.raises(CallError) as caught:
        usdm.run(usdm.desk.set_up(usdm.row.symbol, Decimal(126), MarginMode.CROSS))
    assert caught.value.reason is RejectReason.LEVERAGE
    with pytest.raises(CallError):
        usdm.run(usdm.desk.set_up(usdm.row.symbol, Decimal("1.5"), MarginMode.CROSS))
