"""Amends, cancel-replace, countdown, icebergs, self-trades, places in the queue (R-OMS-08, -09)."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from tests.fakes.venue import SPOT, START_NS, SWAP, limit, market, refused, rich, taken, venue

from ballast.core.orders import (
    AmendRequest,
    EndReason,
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    SelfTrade,
    Side,
)
from ballast.kernel.exchange import layout
from ballast.kernel.exchange.layout import FROM_BACK, FROM_FRONT, PROPORTIONAL
from ballast.venues.simulated.engine.outcomes import HalfDone
from ballast.venues.simulated.engine.profile import VenueProfile

BUY, SELL = Side.BUY, Side.SELL
A = OrderRef(SPOT, client_id="a")


# amend of 1000 @ 2000.00 -> lots ahead of it afterwards (500 before it, 300 behind)
PLACES = [
    (AmendRequest(A, qty_lots=900), True, 500),
    (AmendRequest(A, qty_lots=900), False, 800),
    (AmendRequest(A, qty_lots=1_100), True, 800),
    (AmendRequest(A, price_ticks=1_999_99), True, 0),
]


@pytest.mark.parametrize(("asked", "keeps", "ahead"), PLACES)
def test_an_amend_keeps_or_loses_its_place(asked: AmendRequest, keeps: bool, ahead: int) -> None:
    """R-OMS-09: smaller at the same price keeps it, where the venue grants that."""
    exchange = venue(VenueProfile(amend_keeps_priority=keeps))
    me, other = rich(exchange, "me"), rich(exchange, "other")
    exchange.submit(other, limit(BUY, 2_000_00, 500))
    order = taken(exchange.submit(me, limit(BUY, 2_000_00, 1_000, client_id="a"))).order
    exchange.submit(other, limit(BUY, 2_000_00, 300))
    changed = taken(exchange.amend(me, asked)).order
    assert changed.order_id == order.order_id
    assert exchange.lots_ahead(SPOT, order.order_id) == ahead
    want = changed.request.qty_lots * changed.request.price_ticks * 100
    assert exchange.balance(me, "USDT").locked_atoms == want


def test_an_amend_may_trade_and_counts_what_has_traded() -> None:
    exchange = venue()
    me, other = rich(exchange, "me"), rich(exchange, "other")
    taken(exchange.submit(me, limit(BUY, 2_000_00, 1_000, client_id="a")))
    exchange.submit(other, market(SELL, 400))
    exchange.submit(other, limit(SELL, 2_001_00, 2_000))
    assert refused(exchange.amend(me, AmendRequest(A, qty_lots=400))) == "qty_too_small"
    assert refused(exchange.amend(me, AmendRequest(A))) == "no_change"
    assert refused(exchange.amend(me, AmendRequest(A, trigger_ticks=5))) == "bad_request"
    assert refused(exchange.amend(me, AmendRequest(A, price_ticks=200_000_00))) == "price_range"
    asked = AmendRequest(A, qty_lots=9_000_000)
    assert refused(exchange.amend(me, asked)) == "insufficient_balance"
    order = taken(exchange.amend(me, AmendRequest(A, price_ticks=2_001_00))).order
    assert (order.status, order.filled_lots) == (OrderStatus.FILLED, 1_000)
    assert refused(exchange.amend(me, AmendRequest(A, qty_lots=5))) == "already_filled"
    assert exchange.balance(me, "USDT").locked_atoms == 0


def test_a_post_only_order_is_not_amended_into_a_taker() -> None:
    exchange = venue()
    me, other = rich(exchange, "me"), rich(exchange, "other")
    exchange.submit(other, limit(SELL, 2_001_00, 100))
    taken(exchange.submit(me, limit(BUY, 2_000_00, 100, client_id="a", post_only=True)))
    assert refused(exchange.amend(me, AmendRequest(A, price_ticks=2_001_00))) == "would_trade"
    taken(exchange.amend(me, AmendRequest(A, price_ticks=2_000_99)))


def test_the_trigger_of_a_waiting_stop_can_be_moved_but_not_across_the_price() -> None:
    exchange = venue()
    me = rich(exchange)
    exchange.street.trade(SPOT, BUY, 2_000_00, 1)
    stop = OrderRequest(
        SPOT, SELL, OrderKind.STOP_MARKET, 100, client_id="a", trigger_ticks=1_900_00
    )
    taken(exchange.submit(me, stop))
    assert refused(exchange.amend(me, AmendRequest(A, trigger_ticks=2_000_00))) == "would_trigger"
    taken(exchange.amend(me, AmendRequest(A, trigger_ticks=1_950_00)))
    exchange.street.trade(SPOT, BUY, 1_950_00, 1)
    exchange.settle()
    found = exchange.order(me, A)
    assert found is not None
    assert (found.status, found.reason) == (OrderStatus.EXPIRED, EndReason.NO_LIQUIDITY)


def test_a_cancel_replace_can_be_half_done() -> None:
    """Exchanges 4.7: cancelled, and the new one refused, leaves a position unprotected."""
    exchange = venue()
    me = exchange.open_account("me", {"USDT": Decimal(200)})
    taken(exchange.submit(me, limit(BUY, 2_000_00, 1_000, client_id="a")))
    better = limit(BUY, 2_010_00, 1_000)
    half = exchange.cancel_replace(me, A, better)
    assert isinstance(half, HalfDone)
    assert half.cancelled.reason is EndReason.REPLACED
    assert half.rejected.reason.value == "insufficient_balance"
    assert exchange.open_orders(me) == []
    again = limit(BUY, 1_990_00, 1_000)
    assert exchange.cancel_replace(me, A, again) == exchange.cancel(me, A)
    outcome = exchange.cancel_replace(me, A, again, stop_on_failure=False)
    assert not isinstance(outcome, HalfDone)
    assert taken(outcome).order.status is OrderStatus.NEW


def test_the_countdown_cancels_unless_it_is_renewed() -> None:
    exchange = venue()
    me = rich(exchange)
    taken(exchange.submit(me, limit(BUY, 2_000_00, 100, client_id="a")))
    exchange.countdown(me, SPOT, 1_000)
    exchange.advance(START_NS + 900 * 10**6)
    exchange.countdown(me, SPOT, 1_000)
    exchange.advance(START_NS + 1_899 * 10**6)
    assert len(exchange.open_orders(me)) == 1
    exchange.advance(START_NS + 1_900 * 10**6)
    found = exchange.order(me, A)
    assert found is not None
    assert found.reason is EndReason.COUNTDOWN
    taken(exchange.submit(me, limit(BUY, 2_000_00, 100)))
    exchange.countdown(me, None, 1_000)
    exchange.countdown(me, None, 0)
    exchange.advance(START_NS + 9_000 * 10**6)
    assert len(exchange.open_orders(me)) == 1


def test_an_iceberg_shows_a_part_and_each_new_part_goes_to_the_end() -> None:
    exchange = venue()
    me, other, taker = rich(exchange, "me"), rich(exchange, "other"), rich(exchange, "taker")
    taken(exchange.submit(me, limit(SELL, 2_000_00, 1_000, display_lots=200, client_id="a")))
    exchange.submit(other, limit(SELL, 2_000_00, 300))
    assert exchange.book(SPOT).asks == ((2_000_00, 500),)
    exchange.submit(taker, market(BUY, 600))
    # 200 mine, 300 the other's, 100 of my second part
    assert sum(fill.qty_lots for fill in exchange.fills(me)) == 300
    assert sum(fill.qty_lots for fill in exchange.fills(other)) == 300
    assert exchange.book(SPOT).asks == ((2_000_00, 100),)
    exchange.submit(taker, market(BUY, 700))
    found = exchange.order(me, A)
    assert found is not None
    assert found.status is OrderStatus.FILLED


STP = [
    (SelfTrade.CANCEL_TAKER, OrderStatus.EXPIRED, OrderStatus.NEW, 0),
    (SelfTrade.CANCEL_MAKER, OrderStatus.FILLED, OrderStatus.EXPIRED, 300),
    (SelfTrade.CANCEL_BOTH, OrderStatus.EXPIRED, OrderStatus.EXPIRED, 0),
    (SelfTrade.NONE, OrderStatus.FILLED, OrderStatus.FILLED, 300),
]


@pytest.mark.parametrize(("mode", "taker", "maker", "traded"), STP)
def test_self_trade_prevention(
    mode: SelfTrade, taker: OrderStatus, maker: OrderStatus, traded: int
) -> None:
    exchange = venue()
    me, other = rich(exchange, "me"), rich(exchange, "other")
    taken(exchange.submit(me, limit(SELL, 2_000_00, 300, client_id="a")))
    exchange.submit(other, limit(SELL, 2_001_00, 300))
    request = limit(BUY, 2_001_00, 300, client_id="b", self_trade=mode)
    order = taken(exchange.submit(me, request)).order
    resting = exchange.order(me, A)
    assert resting is not None
    assert (order.status, resting.status) == (taker, maker)
    assert sum(f.qty_lots for f in exchange.fills(me) if not f.is_maker) == traded
    for asset in ("BTC", "USDT"):
        open_btc = 300 * 10_000 if maker is OrderStatus.NEW else 0
        assert exchange.balance(me, asset).locked_atoms == (open_btc if asset == "BTC" else 0)


# the street shows 400, I join with 100, the street adds 600 behind me; then its lots fall to 500
QUEUES = [(FROM_BACK, 400), (FROM_FRONT, 0), (PROPORTIONAL, 200)]


@pytest.mark.parametrize(("rule", "ahead"), QUEUES)
def test_cancels_of_recorded_depth_move_my_place_by_a_stated_rule(rule: int, ahead: int) -> None:
    exchange = venue()
    me = rich(exchange)
    street = exchange.street
    street.set_level(SPOT, BUY, 2_000_00, 400)
    order = taken(exchange.submit(me, limit(BUY, 2_000_00, 100))).order
    street.set_level(SPOT, BUY, 2_000_00, 1_000)
    assert exchange.book(SPOT).bids == ((2_000_00, 1_100),)
    assert exchange.lots_ahead(SPOT, order.order_id) == 400
    street.set_level(SPOT, BUY, 2_000_00, 500, rule)
    assert exchange.lots_ahead(SPOT, order.order_id) == ahead
    assert exchange.book(SPOT).bids == ((2_000_00, 600),)


def test_recorded_trades_take_what_is_ahead_of_me_first() -> None:
    exchange = venue()
    me = rich(exchange)
    street = exchange.street
    street.set_level(SPOT, BUY, 2_000_00, 400)
    order = taken(exchange.submit(me, limit(BUY, 2_000_00, 100, client_id="a"))).order
    street.trade(SPOT, SELL, 2_000_00, 350)
    assert exchange.lots_ahead(SPOT, order.order_id) == 50
    street.trade(SPOT, SELL, 2_000_00, 80)
    assert [fill.qty_lots for fill in exchange.fills(me)] == [30]
    street.trade(SPOT, SELL, 1_999_00, 500)
    assert [fill.price_ticks for fill in exchange.fills(me)] == [2_000_00, 2_000_00]
    assert exchange.trades(SPOT)[-1].qty_lots == 430
    assert exchange.last_ticks(SPOT) == 1_999_00


def test_recorded_depth_that_crosses_trades_with_me_and_clears_what_is_stale() -> None:
    exchange = venue()
    me = rich(exchange)
    street = exchange.street
    street.set_level(SPOT, BUY, 2_000_00, 400)
    street.set_level(SPOT, BUY, 1_990_00, 400)
    taken(exchange.submit(me, limit(BUY, 1_999_00, 100)))
    street.set_level(SPOT, SELL, 1_998_00, 70)
    assert [(f.price_ticks, f.qty_lots) for f in exchange.fills(me)] == [(1_999_00, 70)]
    assert exchange.book(SPOT).bids == ((1_999_00, 30), (1_990_00, 400))
    assert exchange.book(SPOT).asks == ()


def test_depth_that_meets_orders_of_names_arrives_whole() -> None:
    """In perpetuals the book pauses at each named maker; what is left must not change meanwhile."""
    exchange = venue()
    me, other = rich(exchange, "me"), rich(exchange, "other")
    taken(exchange.submit(other, limit(SELL, 2_000_0, 1_000, SWAP)))
    taken(exchange.submit(me, market(BUY, 1_000, SWAP)))
    for ticks, reduces in ((2_010_0, False), (2_011_0, True), (2_012_0, False)):
        taken(exchange.submit(me, limit(SELL, ticks, 500, SWAP, reduce_only=reduces)))
    exchange.street.set_level(SWAP, BUY, 2_012_0, 2_000)
    exchange.settle()
    assert sum(f.qty_lots for f in exchange.fills(me) if f.is_maker) == 1_500
    assert exchange.book(SWAP).bids == ((2_012_0, 500),)
    exchange.street.trade(SWAP, SELL, 2_000_0, 800)
    assert exchange.book(SWAP).bids == ()
    commands = np.array(
        [
            [layout.SET_LEVEL, 0, 0, 1, 1_990_0, 700, 0, 0],
            [layout.PLACE, exchange.street.new_ids(1), 0, -1, 1_980_0, 200, 0, 0],
            [layout.TRADE, 0, 0, -1, 1_990_0, 100, 0, 0],
        ]
    )
    taken(exchange.submit(other, limit(BUY, 1_995_0, 50, SWAP)))
    exchange.street.apply(SWAP, commands)
    exchange.settle()
    # 50 of the placed 200 met the named order, 150 and the traded 100 the street's depth
    assert exchange.book(SWAP).bids == ((1_990_0, 450),)
