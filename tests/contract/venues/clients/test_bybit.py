"""What is special at Bybit: orders taken and then ended, stops of positions, directions, bans."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.contract.venues.clients.listening import listening
from tests.contract.venues.clients.rig import Rig, serving
from tests.contract.venues.clients.rows import ROWS

from ballast.core.errors import UserError
from ballast.core.orders import (
    AmendRequest,
    EndReason,
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    RejectReason,
    Side,
)
from ballast.core.reports import OrderReport, Rejection, Unclear
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.clients.venues import venue_named

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=["BYBIT", "BYBITLINEAR"])
def served(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Serve both markets of the venue, and no other venue."""
    with serving(ROWS[request.param]) as rig:
        yield rig


def test_a_post_only_order_that_would_trade_is_taken_and_ended(rig: Rig) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=0.01, post_only=True)
    told = rig.told(rig.submit(request))
    assert isinstance(told, OrderReport)
    assert (told.status, told.reason) == (OrderStatus.CANCELLED, EndReason.POST_ONLY)
    assert told.filled_lots == 0
    assert rig.truth(request.client_id) is None


@pytest.mark.only("BYBIT")
def test_a_spot_stop_beyond_the_price_does_not_stay(rig: Rig) -> None:
    """Spot takes no direction: it would wait for the price to come back (B3)."""
    rig.hold()
    request = rig.stop(off=0.02)
    told = rig.told(rig.submit(request, Urgency.PROTECT))
    assert isinstance(told, OrderReport)
    assert told.status is OrderStatus.CANCELLED
    assert rig.truth(request.client_id) is None
    take = rig.order(OrderKind.TAKE_PROFIT_MARKET, Side.SELL, off=0.02)
    assert rig.rest(take).status is OrderStatus.UNTRIGGERED  # this one means that side


@pytest.mark.only("BYBIT")
def test_a_market_order_of_spot_is_sized_by_money_or_by_coins(rig: Rig) -> None:
    by_money = rig.order(OrderKind.MARKET, Side.BUY, qty_lots=0, quote_atoms=60_000_000_000)
    rig.submit(by_money)
    seen = rig.seen(by_money.client_id)
    assert seen.qty_lots == 0
    bid, _ = rig.touch()
    assert seen.filled_lots == pytest.approx(600 / float(bid * rig.market.tick) * 1e5, rel=0.01)


def test_a_stop_is_amended_in_size_and_price_at_once(rig: Rig) -> None:
    """R-STOP-32."""
    rig.hold()
    stop = rig.stop(off=-0.06, qty_lots=rig.lots // 2)
    rig.rest(stop)
    ref = OrderRef(rig.row.symbol, client_id=stop.client_id)
    ticks = rig.stop(off=-0.04).trigger_ticks
    change = AmendRequest(ref, qty_lots=rig.lots // 2 + 1, trigger_ticks=ticks)
    told = rig.told(rig.run(rig.desk.amend(change, Urgency.PROTECT)))
    assert isinstance(told, OrderReport)
    assert (told.trigger_ticks, told.qty_lots) == (ticks, rig.lots // 2 + 1)
    again = rig.told(rig.run(rig.desk.amend(change, Urgency.PROTECT)))
    assert isinstance(again, OrderReport | Rejection)
    assert rig.seen(stop.client_id).trigger_ticks == ticks


@pytest.mark.parametrize("fault", ["lose_reply", "reset_request", "truncate"])
def test_an_amend_without_an_answer_is_a_doubt_and_the_stop_still_stands(
    rig: Rig, fault: str
) -> None:
    rig.hold()
    stop = rig.stop(off=-0.06)
    rig.rest(stop)
    ticks = rig.stop(off=-0.04).trigger_ticks
    rig.fault(fault, "POST /v5/order/amend$")
    change = AmendRequest(OrderRef(rig.row.symbol, client_id=stop.client_id), trigger_ticks=ticks)
    told = rig.told(rig.run(rig.desk.amend(change, Urgency.PROTECT)))
    assert isinstance(told, Unclear)
    moved = fault != "reset_request"
    seen = rig.seen(stop.client_id)
    assert seen.status is OrderStatus.UNTRIGGERED
    assert seen.trigger_ticks == (ticks if moved else stop.trigger_ticks)


@pytest.mark.only("BYBITLINEAR")
def test_the_stop_of_a_position_is_set_read_back_and_shown_as_somebody_elses(rig: Rig) -> None:
    """R-EXCH-10."""
    symbol = rig.row.symbol
    with pytest.raises(CallError) as caught:
        rig.run(rig.desk.set_position_stop(symbol, 500_000))
    assert caught.value.verdict is Verdict.REFUSED  # there is no position
    rig.hold()
    ticks = rig.stop(off=-0.05).trigger_ticks
    for _ in range(2):  # the second time it is there already
        found = rig.run(rig.desk.set_position_stop(symbol, ticks))
        assert found.stop_loss_ticks == ticks
    assert rig.run(rig.desk.position_stops(symbol)).stop_loss_ticks == ticks
    (shown,) = rig.run(rig.desk.open_orders([symbol]))
    assert (shown.client_id, shown.trigger_ticks) == ("", ticks)
    with pytest.raises(CallError):  # on the wrong side of the price
        rig.run(rig.desk.set_position_stop(symbol, rig.stop(off=0.05).trigger_ticks))
    assert rig.run(rig.desk.position_stops(symbol)).stop_loss_ticks == ticks
    assert rig.run(rig.desk.set_position_stop(symbol, 0)).stop_loss_ticks == 0
    assert rig.run(rig.desk.open_orders([symbol])) == ()


@pytest.mark.only("BYBITLINEAR")
def test_a_stop_on_a_perpetual_never_opens_the_other_side(rig: Rig) -> None:
    rig.hold()
    stop = rig.stop(qty_lots=rig.lots * 5)
    told = rig.told(rig.submit(stop, Urgency.PROTECT))
    assert isinstance(told, OrderReport | Rejection)
    close = rig.order(OrderKind.MARKET, Side.SELL, qty_lots=rig.lots * 5, reduce_only=True)
    rig.submit(close)
    assert rig.seen(close.client_id).filled_lots <= rig.lots
    assert rig.run(rig.desk.positions([rig.row.symbol]))[0].lots == 0


@pytest.mark.only("BYBITLINEAR")
def test_a_position_is_closed_whole_whatever_it_is(rig: Rig) -> None:
    rig.hold()
    whole = rig.order(OrderKind.MARKET, Side.SELL, qty_lots=0, close_position=True)
    rig.submit(whole)
    assert rig.seen(whole.client_id).filled_lots == rig.lots
    assert rig.run(rig.desk.positions([rig.row.symbol]))[0].lots == 0


def test_a_ban_is_told_with_its_ten_minutes() -> None:
    """R-NET-03. At a venue of its own, which hears nobody any more."""
    with serving(ROWS["BYBIT"]) as rig:
        rig.fault("banned", rig.row.private)
        for _ in range(2):
            with pytest.raises(CallError) as caught:
                rig.run(rig.desk.balances())
            assert caught.value.verdict is Verdict.BANNED
            assert caught.value.retry_after_s == pytest.approx(600, abs=1)
        told = rig.told(rig.submit(_blind(rig)))
        assert isinstance(told, Rejection)
        assert told.reason is RejectReason.NOT_DONE


def test_the_test_network_is_reached_under_its_own_names() -> None:
    """R-EXCH-13. REST and sockets; an order there is no order here."""
    entry = venue_named("BYBITLINEAR", is_test=True)
    assert all("testnet" in one for one in entry.hosts)
    with serving(ROWS["BYBITLINEAR"]) as rig:
        asker = VenueAsker(entry.access, rig.session, time.time_ns, rig.keys, may_change=True)
        desk = entry.desk(asker, time.time_ns)
        assert asker._signer.urls["api"]["private"].startswith("https://api-testnet.")
        assert rig.run(desk.private([])[0].url()).startswith("wss://stream-testnet.")
        rig.run(desk.load())
        before = rig.venue.status()["requests"]
        request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
        with listening(rig, lambda: desk.private([rig.row.symbol])) as listener:
            (told,) = rig.run(desk.submit(request, Urgency.TRADE))
            assert isinstance(told, OrderReport)
            rig.eventually(lambda: bool(listener.of(OrderReport)))
        assert rig.venue.status()["requests"] > before
        with pytest.raises(UserError, match="KRAKEN"):
            venue_named("KRAKEN", is_test=True)


def _blind(rig: Rig) -> OrderRequest:
    """Return an order made without a look at the market."""
    return OrderRequest(
        rig.row.symbol, Side.BUY, OrderKind.LIMIT, rig.lots, 5_000_000, client_id=rig.name()
    )
