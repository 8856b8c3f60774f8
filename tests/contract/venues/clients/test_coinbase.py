"""What is special at Coinbase: ids that name one order for ever, no stop at market, tokens."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.venues.clients.rig import Rig, serving
from tests.contract.venues.clients.rows import ROWS

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
from ballast.core.reports import Look, OrderReport, Rejection, Unclear
from ballast.core.time import Timeframe
from ballast.venues.clients.access import Keys
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.clients.coinbase import desk as desks

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def served() -> Iterator[Rig]:
    """Serve this venue alone."""
    with serving(ROWS["COINBASE"]) as rig:
        yield rig


def new_desk(rig: Rig, keys: Keys | None = None) -> Any:
    """Return a desk that remembers no order, as after a start."""
    asker = rig.asker if keys is None else rig.asker_with(keys)
    desk = rig.entry.desk(asker, time.time_ns)
    rig.run(desk.load())
    return desk


def test_an_id_sent_again_creates_nothing_and_answers_with_its_order(rig: Rig) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    placed = rig.rest(request)
    again = rig.told(rig.submit(replace(request, qty_lots=rig.lots * 2)))
    assert isinstance(again, OrderReport)
    assert again.order_id == placed.order_id
    assert len(rig.run(rig.desk.open_orders([rig.row.symbol]))) == 1
    assert rig.seen(request.client_id).qty_lots == rig.lots


def test_a_desk_that_remembers_nothing_finds_everything_by_our_id(rig: Rig) -> None:
    bought = rig.order(OrderKind.MARKET, Side.BUY)
    rig.submit(bought)
    stop = rig.stop()
    placed = rig.rest(stop)
    symbol = rig.row.symbol
    (seen,) = rig.run(new_desk(rig).look(symbol, stop.client_id, Look.BY_ID))
    assert seen == placed
    (ended,) = rig.run(new_desk(rig).look(symbol, bought.client_id, Look.BY_ID))
    assert (ended.status, ended.filled_lots) == (OrderStatus.FILLED, rig.lots)
    fills = rig.run(new_desk(rig).look(symbol, bought.client_id, Look.TRADES))
    assert sum(one.qty_lots for one in fills if isinstance(one, Fill)) == rig.lots
    listed = rig.run(new_desk(rig).trades(symbol))
    assert bought.client_id in {one.client_id for one in listed}
    (told,) = rig.run(new_desk(rig).cancel(symbol, stop.client_id, Urgency.PROTECT))
    assert (told.client_id, told.status) == (stop.client_id, OrderStatus.CANCELLED)


def test_lists_are_walked_page_by_page(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desks, "PAGE", "2")
    since_ms = rig.venue.now_ms
    names = [rig.rest(rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)).client_id for _ in range(5)]
    shown = rig.run(rig.desk.open_orders([rig.row.symbol]))
    assert [one.client_id for one in shown] == names
    for _ in range(5):
        rig.submit(rig.order(OrderKind.MARKET, Side.BUY))
    found = rig.run(rig.desk.trades(rig.row.symbol, since_ms))
    assert sum(one.qty_lots for one in found) == 5 * rig.lots
    assert len(rig.run(rig.desk.trades(rig.row.symbol))) == 2
    assert rig.is_missing(rig.name())


@pytest.mark.parametrize("kind", [OrderKind.STOP_MARKET, OrderKind.TAKE_PROFIT_MARKET])
def test_there_is_no_stop_at_market_and_none_is_made_up(rig: Rig, kind: OrderKind) -> None:
    """B: what the venue cannot do is refused here, definitely, before anything is sent."""
    request = rig.order(kind, Side.SELL, off=-0.05, purpose=Purpose.STOP)
    asked = rig.venue.status()["requests"]
    told = rig.told(rig.submit(request, Urgency.PROTECT))
    assert isinstance(told, Rejection)
    assert (told.reason, told.code) == (RejectReason.NOT_SUPPORTED, f"kind {kind}")
    assert rig.venue.status()["requests"] == asked
    assert kind not in rig.market.kinds
    assert not rig.abilities.stops_at_market
    assert not rig.abilities.amends_stops


def test_a_take_profit_waits_for_a_higher_price(rig: Rig) -> None:
    rig.hold()
    request = rig.order(OrderKind.TAKE_PROFIT_LIMIT, Side.SELL, off=0.05, purpose=Purpose.TAKE)
    seen = rig.rest(request)
    assert (seen.status, seen.trigger_ticks, seen.price_ticks) == (
        OrderStatus.UNTRIGGERED, request.trigger_ticks, request.price_ticks,
    )  # fmt: skip


def test_a_trigger_cannot_be_edited(rig: Rig) -> None:
    rig.hold()
    stop = rig.stop()
    rig.rest(stop)
    ref = OrderRef(rig.row.symbol, client_id=stop.client_id)
    for change in (AmendRequest(ref, trigger_ticks=5), AmendRequest(ref, price_ticks=5)):
        told = rig.told(rig.run(rig.desk.amend(change, Urgency.PROTECT)))
        assert isinstance(told, Rejection)
        assert told.reason is RejectReason.NOT_SUPPORTED
    assert rig.seen(stop.client_id).trigger_ticks == stop.trigger_ticks


def test_an_edit_of_one_term_keeps_the_other(rig: Rig) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.06)
    placed = rig.rest(request)
    ref = OrderRef(rig.row.symbol, client_id=request.client_id)
    for change, terms in (
        (AmendRequest(ref, qty_lots=rig.lots * 2), (rig.lots * 2, request.price_ticks)),
        (
            AmendRequest(ref, price_ticks=request.price_ticks + 5),
            (rig.lots * 2, request.price_ticks + 5),
        ),
    ):
        told = rig.told(rig.run(rig.desk.amend(change, Urgency.TRADE)))
        assert isinstance(told, OrderReport)
        assert (told.qty_lots, told.price_ticks) == terms
        assert told.order_id == placed.order_id


def test_an_edit_of_an_order_that_never_was_is_refused(rig: Rig) -> None:
    ref = OrderRef(rig.row.symbol, client_id=rig.name())
    told = rig.told(rig.run(rig.desk.amend(AmendRequest(ref, qty_lots=5), Urgency.TRADE)))
    assert isinstance(told, Rejection)
    assert told.reason is RejectReason.UNKNOWN_ORDER


@pytest.mark.parametrize("fault", ["lose_reply", "reset_request", "truncate"])
def test_an_edit_without_an_answer_is_a_doubt(rig: Rig, fault: str) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.06)
    rig.rest(request)
    rig.venue.fault(fault, "POST /api/v3/brokerage/orders/edit$")
    change = AmendRequest(
        OrderRef(rig.row.symbol, client_id=request.client_id), qty_lots=rig.lots * 2
    )
    told = rig.told(rig.run(rig.desk.amend(change, Urgency.TRADE)))
    assert isinstance(told, Unclear)
    size = rig.seen(request.client_id).qty_lots
    assert size == (rig.lots if fault == "reset_request" else rig.lots * 2)


def test_a_cancel_that_was_done_and_cannot_be_looked_up_is_a_doubt(rig: Rig) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    rig.rest(request)
    rig.venue.fault("error_before", "GET /api/v3/brokerage/orders/historical/")
    told = rig.told(rig.cancel(request.client_id))
    assert isinstance(told, Unclear)
    assert rig.seen(request.client_id).status is OrderStatus.CANCELLED


def test_every_time_in_force_is_told_back(rig: Rig) -> None:
    dated = rig.venue.now_ms * 1_000_000 + 2 * 10**9
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05, tif=TimeInForce.GTD, expire_ns=dated)
    assert rig.rest(request).status is OrderStatus.NEW
    rig.eventually(lambda: rig.seen(request.client_id).status is OrderStatus.EXPIRED)
    killed = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05, tif=TimeInForce.FOK)
    rig.submit(killed)
    assert rig.seen(killed.client_id).status is OrderStatus.CANCELLED


def test_a_market_order_is_sized_by_money_fee_and_all(rig: Rig) -> None:
    by_money = rig.order(OrderKind.MARKET, Side.BUY, qty_lots=0, quote_atoms=60_000_000_000)
    rig.submit(by_money)
    seen = rig.seen(by_money.client_id)
    assert seen.qty_lots == 0
    bid, _ = rig.touch()
    lots = 600 / 1.012 / float(bid * rig.market.tick) / float(rig.market.lot)
    assert seen.filled_lots == pytest.approx(lots, rel=0.01)


def test_bars_are_found_however_long_before_them_is_asked(rig: Rig) -> None:
    """The first bar of a young product: a span before it is empty, and not the end of all."""
    rig.hold()
    minute, now_ms = Timeframe.parse("1m"), rig.venue.now_ms
    for back in (1, 400, 3_000):
        rows = rig.run(rig.desk.candles(rig.row.symbol, minute, now_ms - back * minute.ms, 500))
        assert rows, back
    asked = rig.venue.status()["requests"]
    later = now_ms + 10 * minute.ms
    assert rig.run(rig.desk.candles(rig.row.symbol, minute, later, 500)) == []
    assert rig.venue.status()["requests"] == asked + 1


def test_market_data_needs_no_key(rig: Rig) -> None:
    """R-EXCH-20."""
    rig.hold()  # or there was no trade yet, and no bar
    nobody = new_desk(rig, Keys())
    symbol = rig.row.symbol
    rows = rig.run(nobody.candles(symbol, Timeframe.parse("5m"), rig.venue.now_ms - 600_000, 5))
    assert rows
    assert rig.run(nobody.top(symbol, 3)).bids
    with pytest.raises(CallError) as caught:
        rig.run(nobody.balances())
    assert caught.value.verdict is Verdict.KEY


def test_tokens_are_good_for_ten_seconds(rig: Rig) -> None:
    """A5: a request that comes later than the fence waits is not carried out."""
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    rig.asker.offset_ns = -8 * 10**9
    assert rig.run(rig.desk.balances())
    rig.asker.offset_ns = -12 * 10**9
    told = rig.told(rig.submit(request))
    assert isinstance(told, Rejection)
    assert told.reason is RejectReason.NOT_DONE
    rig.asker.offset_ns = 100 * 10**9  # ahead they may be for longer
    assert rig.run(rig.desk.balances())


def test_an_address_that_is_turned_away_is_told_as_that(rig: Rig) -> None:
    rig.venue.fault("banned", rig.row.private)
    with pytest.raises(CallError) as caught:
        rig.run(rig.desk.balances())
    assert caught.value.verdict is Verdict.BANNED
    rig.forgive()
