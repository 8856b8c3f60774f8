"""Orders by our words at every venue: placed, seen, changed, gone (R-EXCH-01 to R-EXCH-10).

R-ARCH-24: one contract for the desks of all venues, over their own protocols.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from ballast.core.ids import Purpose
from ballast.core.orders import (
    AmendRequest,
    Fill,
    OrderKind,
    OrderRef,
    OrderStatus,
    RejectReason,
    Side,
    TimeInForce,
)
from ballast.core.reports import Look, Miss, OrderReport, Rejection, Source
from ballast.venues.clients.calls import Urgency

if TYPE_CHECKING:
    from tests.contract.venues.clients.rig import Rig


def test_the_rules_of_a_symbol_are_those_of_the_venue(rig: Rig) -> None:
    market = rig.market
    assert (market.tick, market.lot) == (rig.row.tick, rig.row.lot)
    assert (market.base, market.quote) == ("BTC", "USDT")
    assert market.is_trading
    assert {OrderKind.LIMIT, OrderKind.MARKET} <= market.kinds


def test_a_limit_order_rests_as_it_was_asked_for(rig: Rig) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    report = rig.told(rig.submit(request))
    assert isinstance(report, OrderReport)
    assert report.client_id == request.client_id
    assert report.source in {Source.REPLY, Source.QUERY}  # told, or asked for at once
    truth = rig.truth(request.client_id)
    assert truth is not None
    assert Decimal(truth["qty"]) == rig.market.lot * request.qty_lots
    assert Decimal(truth["price"]) == rig.market.tick * request.price_ticks
    seen = rig.seen(request.client_id)
    assert (seen.status, seen.source) == (OrderStatus.NEW, Source.QUERY)
    assert (seen.qty_lots, seen.price_ticks) == (request.qty_lots, request.price_ticks)
    assert seen.order_id == report.order_id
    assert abs(seen.at_ns - rig.venue.now_ms * 1_000_000) < 60_000_000_000


@pytest.mark.parametrize("look", [Look.BY_ID, Look.OPEN_ORDERS])
def test_an_open_order_is_found_wherever_it_is_looked_for(rig: Rig, look: Look) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    placed = rig.rest(request)
    found = rig.told(rig.look(request.client_id, look))
    assert isinstance(found, OrderReport)
    assert (found.client_id, found.order_id) == (request.client_id, placed.order_id)


@pytest.mark.parametrize("look", list(Look))
def test_an_order_that_never_was_is_missed_everywhere(rig: Rig, look: Look) -> None:
    name = rig.name()
    found = rig.told(rig.look(name, look))
    assert found == Miss(rig.row.symbol, name, look, found.at_ns)


def test_a_market_order_fills_and_its_trades_add_up(rig: Rig) -> None:
    before = rig.run(rig.desk.positions([rig.row.symbol]))[0].lots
    request = rig.order(OrderKind.MARKET, Side.BUY)
    told = rig.submit(request)
    assert isinstance(rig.told(told), OrderReport), told
    rig.eventually(lambda: rig.seen(request.client_id).status is OrderStatus.FILLED)
    seen = rig.seen(request.client_id)
    assert seen.filled_lots == rig.lots
    found = [one for one in rig.look(request.client_id, Look.TRADES) if isinstance(one, Fill)]
    assert sum(one.qty_lots for one in found) == rig.lots
    assert {one.client_id for one in found} == {request.client_id}
    assert {one.side for one in found} == {Side.BUY}
    assert not any(one.is_maker for one in found)
    assert all(one.fee_atoms > 0 and one.fee_asset in {"BTC", "USDT"} for one in found)
    truth = [
        (Decimal(one["price"]), Decimal(one["qty"]), Decimal(one["fee"]))
        for one in rig.account()["fills"][-len(found) :]
    ]
    assert truth == [
        (
            rig.market.tick * one.price_ticks,
            rig.market.lot * one.qty_lots,
            Decimal(one.fee_atoms).scaleb(-8),
        )
        for one in found
    ]
    after = rig.run(rig.desk.positions([rig.row.symbol]))[0].lots
    fee_lots = 1 + rig.lots // 100 if found[0].fee_asset == "BTC" else 0
    assert rig.lots - fee_lots <= after - before <= rig.lots


def test_what_a_reply_says_of_trades_is_what_the_list_of_trades_says(rig: Rig) -> None:
    request = rig.order(OrderKind.MARKET, Side.BUY)
    told = {one.trade_id: one for one in rig.submit(request) if isinstance(one, Fill)}
    rig.eventually(lambda: rig.seen(request.client_id).status is OrderStatus.FILLED)
    order_id = rig.seen(request.client_id).order_id
    listed = {
        one.trade_id: one
        for one in rig.run(rig.desk.trades(rig.row.symbol))
        if one.order_id == order_id
    }
    assert sum(one.qty_lots for one in listed.values()) == rig.lots
    for number, fill in told.items():
        assert replace(fill, client_id="") == replace(listed[number], client_id="")


def test_trades_since_a_time_are_all_of_them_and_no_older_ones(rig: Rig) -> None:
    """R-OMS-22: the history of trades, page by page."""
    first = rig.order(OrderKind.MARKET, Side.BUY)
    rig.submit(first)
    rig.eventually(lambda: rig.seen(first.client_id).status is OrderStatus.FILLED)
    everything = rig.run(rig.desk.trades(rig.row.symbol))
    assert [one.at_ns for one in everything] == sorted(one.at_ns for one in everything)
    later_ms = everything[-1].at_ns // 1_000_000 + 1
    assert rig.run(rig.desk.trades(rig.row.symbol, later_ms)) == []
    again = rig.run(rig.desk.trades(rig.row.symbol, everything[0].at_ns // 1_000_000))
    assert [one.trade_id for one in again] == [one.trade_id for one in everything]


def test_a_stop_waits_for_its_price_and_is_among_the_open_orders(rig: Rig) -> None:
    """A stop may live at another end point than other orders: it is shown all the same."""
    rig.hold()
    request = rig.stop()
    told = rig.told(rig.submit(request, Urgency.PROTECT))
    assert isinstance(told, OrderReport), told
    assert told.status is OrderStatus.UNTRIGGERED
    truth = rig.truth(request.client_id)
    assert truth is not None
    assert Decimal(truth["trigger"]) == rig.market.tick * request.trigger_ticks
    shown = {one.client_id: one for one in rig.run(rig.desk.open_orders([rig.row.symbol]))}
    seen = shown[request.client_id]
    assert seen.status is OrderStatus.UNTRIGGERED
    assert (seen.qty_lots, seen.trigger_ticks) == (request.qty_lots, request.trigger_ticks)
    again = rig.seen(request.client_id)
    assert seen == replace(again, source=seen.source, at_ns=seen.at_ns)


def test_a_take_rests_beside_or_instead_of_a_stop(rig: Rig) -> None:
    rig.hold()
    take = rig.order(
        OrderKind.LIMIT, Side.SELL, off=0.05, purpose=Purpose.TAKE,
        reduce_only=rig.abilities.reduces_only,
    )  # fmt: skip
    assert rig.rest(take).status is OrderStatus.NEW
    if rig.abilities.holds_two:
        assert rig.rest(rig.stop()).status is OrderStatus.UNTRIGGERED
        assert len(rig.run(rig.desk.open_orders([rig.row.symbol]))) == 2


def test_a_cancelled_order_is_gone(rig: Rig) -> None:
    for request in (rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05), rig.stop()):
        if request.reduce_only:
            rig.hold()
        rig.rest(request)
        told = rig.told(rig.cancel(request.client_id))
        assert not isinstance(told, Rejection), told
        rig.eventually(lambda r=request: rig.truth(r.client_id) is None)
        rig.eventually(lambda r=request: rig.seen(r.client_id).status is OrderStatus.CANCELLED)
        assert rig.run(rig.desk.open_orders([rig.row.symbol])) == ()


def test_a_second_cancel_says_what_became_of_the_order(rig: Rig) -> None:
    """Incident 24: an unknown order on cancel has ended; how, is asked (exchanges.md 5.4)."""
    for request in (rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05), rig.stop()):
        if request.reduce_only:
            rig.hold()
        rig.rest(request)
        rig.cancel(request.client_id)
        rig.eventually(lambda r=request: rig.seen(r.client_id).status is OrderStatus.CANCELLED)
        told = rig.told(rig.cancel(request.client_id))
        assert isinstance(told, OrderReport), told
        assert (told.client_id, told.status) == (request.client_id, OrderStatus.CANCELLED)


def test_a_cancel_of_a_filled_order_finds_it_filled(rig: Rig) -> None:
    """R-OMS-22: an order of the past is found by its id, with how it ended."""
    request = rig.order(OrderKind.MARKET, Side.BUY)
    rig.submit(request)
    rig.eventually(lambda: rig.seen(request.client_id).status is OrderStatus.FILLED)
    told = rig.told(rig.cancel(request.client_id))
    assert isinstance(told, OrderReport), told
    assert (told.status, told.filled_lots) == (OrderStatus.FILLED, rig.lots)


def test_a_cancel_of_an_order_that_never_was_is_refused(rig: Rig) -> None:
    told = rig.told(rig.cancel(rig.name()))
    assert isinstance(told, Rejection)
    assert told.reason is RejectReason.UNKNOWN_ORDER


def test_an_order_of_the_moment_ends_at_once(rig: Rig) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05, tif=TimeInForce.IOC)
    rig.submit(request)
    rig.eventually(lambda: rig.seen(request.client_id).status in {
        OrderStatus.EXPIRED, OrderStatus.CANCELLED,
    })  # fmt: skip
    assert rig.seen(request.client_id).filled_lots == 0


def test_a_stop_moves_as_the_abilities_say(rig: Rig) -> None:
    """One of three ways (R-STOP-20): changed in place, replaced in one request, or side by side."""
    rig.hold()
    old = rig.stop(off=-0.06)
    rig.rest(old)
    new = rig.stop(off=-0.04)
    if rig.abilities.amends_stops:
        ref = OrderRef(rig.row.symbol, client_id=old.client_id)
        change = AmendRequest(ref, trigger_ticks=new.trigger_ticks, price_ticks=new.price_ticks)
        told = rig.told(rig.run(rig.desk.amend(change, Urgency.PROTECT)))
        assert not isinstance(told, Rejection), told
        rig.eventually(lambda: rig.seen(old.client_id).trigger_ticks == new.trigger_ticks)
    elif rig.abilities.replaces:
        told_two = rig.run(rig.desk.replace(old.client_id, new, Urgency.PROTECT))
        assert [(one.client_id, one.status) for one in told_two] == [
            (old.client_id, OrderStatus.CANCELLED),
            (new.client_id, OrderStatus.UNTRIGGERED),
        ]
        assert rig.truth(old.client_id) is None
        assert rig.truth(new.client_id) is not None
    else:
        assert rig.rest(new).status is OrderStatus.UNTRIGGERED
        rig.cancel(old.client_id)
        shown = rig.run(rig.desk.open_orders([rig.row.symbol]))
        assert [one.client_id for one in shown] == [new.client_id]


def test_a_limit_order_is_changed_where_the_venue_can(rig: Rig) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.06)
    rig.rest(request)
    ref = OrderRef(rig.row.symbol, client_id=request.client_id)
    price = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05).price_ticks
    change = AmendRequest(ref, qty_lots=rig.lots * 2, price_ticks=price)
    told = rig.told(rig.run(rig.desk.amend(change, Urgency.TRADE)))
    if "amend" in rig.row.lacks:
        assert isinstance(told, Rejection)
        assert told.reason is RejectReason.NOT_SUPPORTED
        return
    assert not isinstance(told, Rejection), told
    rig.eventually(lambda: rig.seen(request.client_id).price_ticks == price)
    assert rig.seen(request.client_id).qty_lots == rig.lots * 2
    truth = rig.truth(request.client_id)
    assert truth is not None
    assert Decimal(truth["qty"]) == rig.market.lot * rig.lots * 2
