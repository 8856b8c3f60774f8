"""What is special at Kraken: nonces, deadlines, counters that decay, ids known by the venue."""

from __future__ import annotations

import asyncio
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
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.simulated.fronts.kraken.front import KrakenFront

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def served() -> Iterator[Rig]:
    """Serve this venue alone."""
    with serving(ROWS["KRAKEN"]) as rig:
        yield rig


def new_desk(rig: Rig) -> Any:
    """Return a desk that remembers no order, as after a start."""
    desk = rig.entry.desk(rig.asker, time.time_ns)
    rig.run(desk.load())
    return desk


def test_a_nonce_that_comes_behind_a_later_one_is_a_matter_of_the_clock() -> None:
    """R-EXCH-03. At a venue of its own, whose key has a nonce of tomorrow then."""
    with serving(ROWS["KRAKEN"]) as rig:
        ahead = rig.asker_with(rig.keys)
        ahead.offset_ns = 3_600 * 10**9
        rig.run(rig.entry.desk(ahead, time.time_ns).balances())
        with pytest.raises(CallError) as caught:
            rig.run(rig.desk.balances())
        assert (caught.value.verdict, caught.value.code) == (Verdict.CLOCK, "EAPI:Invalid nonce")
        told = rig.told(rig.submit(rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)))
        assert isinstance(told, Rejection)
        assert told.reason is RejectReason.NOT_DONE
        assert rig.account()["orders"] == []
        rig.asker.offset_ns = 3_601 * 10**9  # or the last thing of it could not clear up
        rig.run(rig.desk.balances())


def test_questions_that_overtake_each_other_are_all_answered(rig: Rig) -> None:
    async def many() -> list[Any]:
        return await asyncio.gather(*(rig.desk.balances() for _ in range(12)))

    found = rig.run(many())
    assert len(found) == 12
    assert all(found)


def test_an_order_that_comes_too_late_is_not_taken(rig: Rig) -> None:
    """A5: behind its deadline it cannot appear, so its fence is short."""
    rig.asker.offset_ns = -10 * 10**9
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    told = rig.told(rig.submit(request))
    assert isinstance(told, Rejection)
    assert (told.reason, told.code) == (RejectReason.NOT_DONE, "EService:Deadline elapsed")
    assert rig.truth(request.client_id) is None


def test_the_counters_of_a_real_account_are_told_as_too_many_requests() -> None:
    with serving(ROWS["KRAKEN"]) as rig:
        front: Any = rig.venue._opened.front
        assert isinstance(front, KrakenFront)
        front._calls.most, front._calls.levels = 20, {}

        async def often() -> None:
            for _ in range(25):
                await rig.desk.balances()

        with pytest.raises(CallError) as caught:
            rig.run(often())
        assert caught.value.verdict is Verdict.RATE
        front._calls.most = 1_000


def test_a_desk_that_remembers_nothing_finds_everything_by_our_id(rig: Rig) -> None:
    bought = rig.order(OrderKind.MARKET, Side.BUY)
    rig.submit(bought)
    stop = rig.stop()
    placed = rig.rest(stop)
    fresh = new_desk(rig)
    symbol = rig.row.symbol
    (seen,) = rig.run(fresh.look(symbol, stop.client_id, Look.BY_ID))
    assert seen == replace(placed, at_ns=seen.at_ns)
    (ended,) = rig.run(new_desk(rig).look(symbol, bought.client_id, Look.BY_ID))
    assert (ended.status, ended.filled_lots) == (OrderStatus.FILLED, rig.lots)
    fills = rig.run(new_desk(rig).look(symbol, bought.client_id, Look.TRADES))
    assert sum(one.qty_lots for one in fills if isinstance(one, Fill)) == rig.lots
    listed = rig.run(new_desk(rig).trades(symbol))
    assert bought.client_id in {one.client_id for one in listed}
    (told,) = rig.run(new_desk(rig).cancel(symbol, stop.client_id, Urgency.PROTECT))
    assert (told.client_id, told.status) == (stop.client_id, OrderStatus.CANCELLED)


def test_a_stop_moved_in_place_is_the_same_order(rig: Rig) -> None:
    """R-STOP-32."""
    rig.hold()
    stop = rig.stop(off=-0.06, qty_lots=rig.lots // 2)
    placed = rig.rest(stop)
    ref = OrderRef(rig.row.symbol, client_id=stop.client_id)
    ticks = rig.stop(off=-0.04).trigger_ticks
    change = AmendRequest(ref, qty_lots=rig.lots, trigger_ticks=ticks)
    told = rig.told(rig.run(rig.desk.amend(change, Urgency.PROTECT)))
    assert isinstance(told, OrderReport)
    assert (told.order_id, told.trigger_ticks, told.qty_lots, told.status) == (
        placed.order_id, ticks, rig.lots, OrderStatus.UNTRIGGERED,
    )  # fmt: skip


@pytest.mark.parametrize("fault", ["lose_reply", "reset_request", "truncate"])
def test_an_amend_without_an_answer_is_a_doubt_and_the_stop_still_stands(
    rig: Rig, fault: str
) -> None:
    rig.hold()
    stop = rig.stop(off=-0.06)
    rig.rest(stop)
    ticks = rig.stop(off=-0.04).trigger_ticks
    rig.venue.fault(fault, "POST /0/private/AmendOrder$")
    change = AmendRequest(OrderRef(rig.row.symbol, client_id=stop.client_id), trigger_ticks=ticks)
    told = rig.told(rig.run(rig.desk.amend(change, Urgency.PROTECT)))
    assert isinstance(told, Unclear)
    seen = rig.seen(stop.client_id)
    assert seen.status is OrderStatus.UNTRIGGERED
    assert seen.trigger_ticks == (stop.trigger_ticks if fault == "reset_request" else ticks)


def test_a_cancel_that_was_done_and_cannot_be_looked_up_is_a_doubt(rig: Rig) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    rig.rest(request)
    rig.venue.fault("error_before", "POST /0/private/QueryOrders$")
    told = rig.told(rig.cancel(request.client_id))
    assert isinstance(told, Unclear)
    assert rig.seen(request.client_id).status is OrderStatus.CANCELLED


@pytest.mark.parametrize(
    "kind",
    [OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_MARKET, OrderKind.TAKE_PROFIT_LIMIT],
)
def test_every_kind_that_waits_does(rig: Rig, kind: OrderKind) -> None:
    rig.hold()
    off = -0.05 if kind is OrderKind.STOP_LIMIT else 0.05
    request = rig.order(kind, Side.SELL, off=off, purpose=Purpose.STOP)
    seen = rig.rest(request)
    assert (seen.status, seen.trigger_ticks, seen.price_ticks) == (
        OrderStatus.UNTRIGGERED, request.trigger_ticks, request.price_ticks,
    )  # fmt: skip


def test_a_market_order_is_sized_by_money(rig: Rig) -> None:
    by_money = rig.order(OrderKind.MARKET, Side.BUY, qty_lots=0, quote_atoms=60_000_000_000)
    rig.submit(by_money)
    seen = rig.seen(by_money.client_id)
    assert seen.qty_lots == 0
    bid, _ = rig.touch()
    lots = 600 / float(bid * rig.market.tick) / float(rig.market.lot)
    assert seen.filled_lots == pytest.approx(lots, rel=0.01)


def test_an_order_ends_at_its_date(rig: Rig) -> None:
    dated = rig.venue.now_ms * 1_000_000 + 2 * 10**9
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05, tif=TimeInForce.GTD, expire_ns=dated)
    assert rig.rest(request).status is OrderStatus.NEW
    rig.eventually(lambda: rig.seen(request.client_id).status is OrderStatus.EXPIRED)


def test_what_is_not_sent_costs_nothing(rig: Rig) -> None:
    before = rig.venue.status()["requests"]
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    asked = rig.venue.status()["requests"]
    told = rig.told(rig.submit(replace(request, tif=TimeInForce.FOK)))
    assert isinstance(told, Rejection)
    assert (told.reason, told.code) == (RejectReason.NOT_SUPPORTED, "time in force fok")
    first, second = rig.run(rig.desk.replace(rig.name(), request, Urgency.TRADE))
    assert {first.reason, second.reason} == {RejectReason.NOT_SUPPORTED}
    assert rig.venue.status()["requests"] == asked > before


def test_who_asks_for_the_same_trades_at_once_shares_one_walk(rig: Rig) -> None:
    """A history costs two points of twenty; each symbol of a session asks for its own trades."""
    rig.submit(rig.order(OrderKind.MARKET, Side.BUY))
    symbol, since_ms = rig.row.symbol, rig.venue.now_ms - 60_000
    rig.run(rig.desk.trades(symbol, since_ms))  # learns whose the orders of other tests are

    async def thrice() -> list[list[Fill]]:
        return await asyncio.gather(*(rig.desk.trades(symbol, since_ms) for _ in range(3)))

    def requests() -> int:
        return int(rig.venue.status()["requests"])

    begun = requests()
    alone = rig.run(rig.desk.trades(symbol, since_ms))
    pages = requests() - begun
    assert pages
    assert rig.run(thrice()) == [alone] * 3
    assert requests() == begun + 2 * pages
    assert alone


def test_trades_are_walked_page_by_page(rig: Rig) -> None:
    """Fifty a page at the venue: 51 trades are two."""
    since_ms = rig.venue.now_ms
    lots = int(rig.lots // 10)
    for _ in range(51):
        rig.submit(rig.order(OrderKind.MARKET, Side.BUY, qty_lots=lots))
    found = rig.run(rig.desk.trades(rig.row.symbol, since_ms))
    assert sum(one.qty_lots for one in found) == 51 * lots
    assert len(rig.run(rig.desk.trades(rig.row.symbol))) == 50


def test_the_ledger_is_walked_page_by_page(rig: Rig) -> None:
    """R-RISK-28: fifty a page at the venue, so 51 deposits are two."""
    since_ms = rig.venue.now_ms
    for number in range(1, 52):
        rig.venue.command("POST", "/transfer", asset="USDT", amount=str(number))
    found = rig.run(rig.desk.flows("USDT", since_ms))
    assert [one.amount for one in found] == list(range(1, 52))
