"""OCO pairs and brackets (R-OMS-08; reliability incidents 21 and 33)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.fakes.perpetual import listing, perpetual_exchange
from tests.fakes.venue import SPOT, limit, market, only, refused, rich, taken, venue

from ballast.core.orders import (
    EndReason,
    ListKind,
    ListRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    Side,
)
from ballast.venues.simulated.engine.events import ListChanged
from ballast.venues.simulated.engine.profile import BracketEntry, VenueProfile

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange

BUY, SELL = Side.BUY, Side.SELL
TAKE = limit(SELL, 2_100_00, 1_000, client_id="take")
STOP = OrderRequest(
    SPOT, SELL, OrderKind.STOP_MARKET, 1_000, client_id="stop", trigger_ticks=1_900_00
)
OCO = ListRequest(SPOT, ListKind.OCO, (TAKE, STOP), client_id="pair")


def priced(profile: VenueProfile | None = None) -> Exchange:
    """A market at 2000 with deep street depth ten dollars away."""
    exchange = venue(profile)
    exchange.street.trade(SPOT, BUY, 2_000_00, 1)
    exchange.street.set_level(SPOT, BUY, 1_890_00, 100_000)
    exchange.settle()
    return exchange


def states(exchange: Exchange, account: int) -> dict[str, tuple[OrderStatus, int]]:
    return {
        order.request.client_id: (order.status, order.filled_lots)
        for order in exchange.orders(account, SPOT)
    }


def test_a_pair_shares_one_lock_and_one_fill_cancels_the_other() -> None:
    """A-OMS-08."""
    exchange = priced()
    me = exchange.open_account("me", {"BTC": Decimal("0.1")})
    other = rich(exchange, "other")
    outcome = taken(exchange.submit_list(me, OCO))
    assert len(outcome.orders) == 2
    assert exchange.balance(me, "BTC").free_atoms == 0
    assert exchange.balance(me, "BTC").locked_atoms == 10**7
    exchange.submit(other, limit(BUY, 2_100_00, 400))
    assert states(exchange, me) == {
        "take": (OrderStatus.PARTIALLY_FILLED, 400),
        "stop": (OrderStatus.CANCELLED, 0),
    }
    assert exchange.balance(me, "BTC").locked_atoms == 600 * 10_000
    exchange.submit(other, limit(BUY, 2_100_00, 600))
    lists = only(exchange.drain(), ListChanged)
    assert [one.is_done for one in lists] == [False, True]


def test_the_stop_of_a_pair_triggers_and_sells_what_the_pair_had_locked() -> None:
    exchange = priced()
    me = exchange.open_account("me", {"BTC": Decimal("0.1")})
    taken(exchange.submit_list(me, OCO))
    exchange.street.trade(SPOT, SELL, 1_900_00, 1)
    exchange.settle()
    assert states(exchange, me) == {
        "take": (OrderStatus.CANCELLED, 0),
        "stop": (OrderStatus.FILLED, 1_000),
    }
    assert exchange.balance(me, "BTC").total_atoms == 0


def test_cancelling_one_of_a_pair_cancels_both() -> None:
    exchange = priced()
    me = rich(exchange)
    taken(exchange.submit_list(me, OCO))
    taken(exchange.cancel(me, OrderRef(SPOT, client_id="stop")))
    found = exchange.order(me, OrderRef(SPOT, client_id="take"))
    assert found is not None
    assert (found.status, found.reason) == (OrderStatus.CANCELLED, EndReason.LIST)
    assert exchange.balance(me, "BTC").locked_atoms == 0


BAD = [
    (replace(OCO, orders=(TAKE,)), "bad_request"),
    (replace(OCO, orders=(TAKE, replace(STOP, side=BUY))), "bad_request"),
    (replace(OCO, orders=(TAKE, replace(STOP, qty_lots=5_000))), "bad_request"),
    (replace(OCO, orders=(TAKE, replace(TAKE, client_id="x"))), "bad_request"),
    (replace(OCO, orders=(TAKE, replace(STOP, client_id="take"))), "duplicate_client_id"),
    (replace(OCO, orders=(TAKE, replace(STOP, trigger_ticks=2_000_00))), "would_trigger"),
    (replace(OCO, kind=ListKind.BRACKET, orders=()), "bad_request"),
    (replace(OCO, symbol="X"), "unknown_symbol"),
]


@pytest.mark.parametrize(("request_", "reason"), BAD)
def test_a_bad_list_is_refused_whole(request_: ListRequest, reason: str) -> None:
    exchange = priced()
    me = rich(exchange)
    exchange.drain()
    assert refused(exchange.submit_list(me, request_)) == reason
    assert exchange.drain() == []


def test_what_follows_an_entry_may_go_the_same_way_on_spot_and_not_on_a_perpetual() -> None:
    """On spot it is two orders in turn; of a position the legs are its end."""
    again = replace(OCO, kind=ListKind.BRACKET)
    exchange = priced()
    taken(exchange.submit_list(rich(exchange), again))
    swap, account = perpetual_exchange(VenueProfile(), listing(), start_ns=0)
    swap.advance(1)
    orders = tuple(
        OrderRequest("BTCUSDT", SELL, kind, 10, **at)
        for kind, at in (
            (OrderKind.LIMIT, {"price_ticks": 700_000}),
            (OrderKind.STOP_MARKET, {"trigger_ticks": 500_000}),
        )
    )
    wanted = replace(again, symbol="BTCUSDT", orders=orders)
    assert refused(swap.submit_list(account, wanted)) == "bad_request"


def test_a_pair_that_cannot_be_paid_for_is_refused() -> None:
    exchange = priced()
    me = exchange.open_account("me", {"BTC": Decimal("0.0999")})
    assert refused(exchange.submit_list(me, OCO)) == "insufficient_balance"


def bracket(lots: int = 1_000, **more: bool) -> ListRequest:
    legs = tuple(replace(leg, qty_lots=lots) for leg in (TAKE, STOP))
    entry = limit(BUY, 2_000_00, 1_000, client_id="entry")
    return ListRequest(SPOT, ListKind.BRACKET, (entry, *legs), **more)


def test_legs_wait_for_a_full_entry_so_a_partial_one_has_no_stop() -> None:
    """Incident 33: what the client must know and cover."""
    exchange = priced()
    me, other = rich(exchange, "me"), rich(exchange, "other")
    taken(exchange.submit_list(me, bracket()))
    exchange.submit(other, limit(SELL, 2_000_00, 600))
    assert states(exchange, me)["stop"] == (OrderStatus.PENDING, 0)
    assert exchange.balance(me, "BTC").locked_atoms == 0
    exchange.submit(other, limit(SELL, 2_000_00, 400))
    assert states(exchange, me)["stop"] == (OrderStatus.UNTRIGGERED, 0)
    assert states(exchange, me)["take"] == (OrderStatus.NEW, 0)
    assert exchange.balance(me, "BTC").locked_atoms == 10**7
    exchange.street.trade(SPOT, SELL, 1_900_00, 1)
    exchange.settle()
    assert states(exchange, me)["stop"] == (OrderStatus.FILLED, 1_000)
    assert states(exchange, me)["take"] == (OrderStatus.CANCELLED, 0)


def test_legs_die_with_an_entry_that_did_not_fill() -> None:
    exchange = priced()
    me = rich(exchange)
    taken(exchange.submit_list(me, bracket()))
    taken(exchange.cancel(me, OrderRef(SPOT, client_id="entry")))
    assert {status for status, _ in states(exchange, me).values()} == {OrderStatus.CANCELLED}


def test_a_fee_taken_from_what_was_bought_leaves_too_little_for_the_legs() -> None:
    """Incident 34: bought 0.1, owns 0.0999. Legs sized by the fill avoid it."""
    for by_fill, stop in ((False, OrderStatus.EXPIRED), (True, OrderStatus.UNTRIGGERED)):
        exchange = priced()
        me = exchange.open_account("me", {"USDT": Decimal(200)})
        other = rich(exchange, "other")
        request = bracket(0 if by_fill else 1_000, sizes_by_fill=by_fill)
        taken(exchange.submit_list(me, request))
        exchange.submit(other, limit(SELL, 2_000_00, 1_000))
        assert states(exchange, me)["stop"][0] is stop
        found = exchange.order(me, OrderRef(SPOT, client_id="stop"))
        assert found is not None
        assert found.request.qty_lots == (999 if by_fill else 1_000)


def test_where_the_venue_does_so_the_legs_grow_with_every_fill() -> None:
    exchange = priced(VenueProfile(bracket=BracketEntry.EVERY_FILL))
    me, other = rich(exchange, "me"), rich(exchange, "other")
    taken(exchange.submit_list(me, bracket()))
    for lots, have in ((300, 300), (200, 500), (500, 1_000)):
        exchange.submit(other, limit(SELL, 2_000_00, lots))
        legs = [o for o in exchange.open_orders(me) if o.request.client_id != "entry"]
        assert {leg.request.qty_lots for leg in legs} == {have}
        assert exchange.balance(me, "BTC").locked_atoms == have * 10_000
    exchange.submit(other, limit(BUY, 2_100_00, 1_000))
    assert states(exchange, me)["take"] == (OrderStatus.FILLED, 1_000)
    assert states(exchange, me)["stop"] == (OrderStatus.CANCELLED, 0)


def test_a_market_entry_brings_its_legs_to_life_at_once() -> None:
    exchange = priced()
    me, other = rich(exchange, "me"), rich(exchange, "other")
    exchange.submit(other, limit(SELL, 2_000_00, 1_000))
    request = bracket()
    entry = market(BUY, 1_000, client_id="entry")
    taken(exchange.submit_list(me, replace(request, orders=(entry, *request.orders[1:]))))
    assert states(exchange, me)["stop"] == (OrderStatus.UNTRIGGERED, 0)
