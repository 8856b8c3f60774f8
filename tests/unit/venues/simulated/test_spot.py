"""Spot at the simulated exchange: orders, fills, balances, events (R-EXCH-16, R-OMS-07)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.fakes.venue import (
    LISTINGS,
    SECOND,
    SPOT,
    START_NS,
    limit,
    market,
    only,
    refused,
    rich,
    taken,
    venue,
)

from ballast.core.errors import ConfigError
from ballast.core.orders import EndReason, OrderRef, OrderStatus, Side, TimeInForce
from ballast.venues.simulated.engine.events import (
    BalanceChanged,
    BookChanged,
    Change,
    Filled,
    OrderUpdated,
    Traded,
    Trading,
)
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder, ScriptedPath
from ballast.venues.simulated.engine.profile import BuyFee, Listing, PostOnly, VenueProfile

BUY, SELL = Side.BUY, Side.SELL
CENT = 10**6  # atoms in 0.01 USDT


def test_a_resting_order_locks_what_it_may_spend_and_a_cancel_frees_it() -> None:
    exchange = venue()
    me = exchange.open_account("me", {"USDT": Decimal(1_000)})
    order = taken(exchange.submit(me, limit(BUY, 2_000_00, 3_000, client_id="a"))).order
    assert order.status is OrderStatus.NEW
    # 0.3 BTC at 2000.00 = 600 USDT
    assert exchange.balance(me, "USDT").locked_atoms == 600 * 10**8
    assert exchange.book(SPOT).bids == ((2_000_00, 3_000),)
    cancelled = taken(exchange.cancel(me, OrderRef(SPOT, client_id="a"))).order
    assert (cancelled.status, cancelled.reason) == (OrderStatus.CANCELLED, EndReason.REQUESTED)
    assert exchange.balance(me, "USDT").locked_atoms == 0
    assert exchange.book(SPOT).bids == ()
    assert refused(exchange.cancel(me, OrderRef(SPOT, client_id="a"))) == "unknown_order"


def test_a_taker_trades_best_price_first_and_pays_in_what_it_receives() -> None:
    exchange = venue()
    maker, taker = rich(exchange, "maker"), rich(exchange, "taker")
    exchange.submit(maker, limit(SELL, 2_001_00, 1_000))
    exchange.submit(maker, limit(SELL, 2_000_00, 1_000))
    exchange.drain()
    order = taken(exchange.submit(taker, limit(BUY, 2_001_00, 1_500))).order
    assert order.status is OrderStatus.FILLED
    assert order.value == 2_000_00 * 1_000 + 2_001_00 * 500
    # bought 0.15 BTC less 0.1 %; paid 0.1 x 2000 + 0.05 x 2001
    assert exchange.balance(taker, "BTC").total_atoms == 100 * 10**8 + 15_000_000 - 15_000
    assert exchange.balance(taker, "USDT").total_atoms == (1_000_000_00 - 300_05) * CENT
    assert exchange.balance(taker, "USDT").locked_atoms == 0
    assert exchange.balance(maker, "BTC").locked_atoms == 500 * 10_000
    events = exchange.drain()
    assert [event.sequence for event in events] == list(
        range(events[0].sequence, events[0].sequence + len(events))
    )
    assert [one.trade.price_ticks for one in only(events, Traded)] == [2_000_00, 2_001_00]
    assert [(one.fill.account, one.fill.is_maker) for one in only(events, Filled)] == [
        (taker, False), (maker, True), (taker, False), (maker, True),
    ]  # fmt: skip
    mine = [one for one in only(events, OrderUpdated) if one.order.account == taker]
    assert [one.change for one in mine] == [Change.NEW, Change.TRADE, Change.TRADE]
    assert [one.order.filled_lots for one in mine] == [0, 1_000, 1_500]
    (book,) = only(events, BookChanged)
    assert book.asks == ((2_000_00, 0), (2_001_00, 500))
    assert {one.account for one in only(events, BalanceChanged)} == {maker, taker}


# time in force, lots wanted of 1000 offered -> status, filled, reason
TIFS = [
    (TimeInForce.IOC, 1_500, OrderStatus.EXPIRED, 1_000, EndReason.IMMEDIATE_OR_CANCEL),
    (TimeInForce.FOK, 1_500, OrderStatus.EXPIRED, 0, EndReason.FILL_OR_KILL),
    (TimeInForce.FOK, 1_000, OrderStatus.FILLED, 1_000, EndReason.NONE),
    (TimeInForce.GTC, 1_500, OrderStatus.PARTIALLY_FILLED, 1_000, EndReason.NONE),
]


@pytest.mark.parametrize(("tif", "lots", "status", "filled", "reason"), TIFS)
def test_time_in_force_decides_about_the_rest(
    tif: TimeInForce, lots: int, status: OrderStatus, filled: int, reason: EndReason
) -> None:
    """R-OMS-18."""
    exchange = venue()
    maker, taker = rich(exchange, "maker"), rich(exchange, "taker")
    exchange.submit(maker, limit(SELL, 2_000_00, 1_000))
    order = taken(exchange.submit(taker, limit(BUY, 2_000_00, lots, tif=tif))).order
    assert (order.status, order.filled_lots, order.reason) == (status, filled, reason)
    rest = lots - filled if status is OrderStatus.PARTIALLY_FILLED else 0
    assert exchange.balance(taker, "USDT").locked_atoms == rest * 2_000_00 * 100


def test_good_till_date_ends_at_its_date() -> None:
    exchange = venue()
    me = rich(exchange)
    until = START_NS + 10 * SECOND
    order = limit(BUY, 2_000_00, 100, tif=TimeInForce.GTD, expire_ns=until, client_id="a")
    taken(exchange.submit(me, order))
    exchange.advance(until - 1)
    assert len(exchange.open_orders(me)) == 1
    exchange.advance(until + SECOND)
    found = exchange.order(me, OrderRef(SPOT, client_id="a"))
    assert found is not None
    assert (found.status, found.reason) == (OrderStatus.EXPIRED, EndReason.DEADLINE)
    assert found.updated_ns == until
    assert refused(exchange.submit(me, order)) == "expiry"


@pytest.mark.parametrize(
    ("policy", "status", "price"),
    [
        (PostOnly.REJECT, None, 0),
        (PostOnly.EXPIRE, OrderStatus.EXPIRED, 2_000_00),
        (PostOnly.REPRICE, OrderStatus.NEW, 1_999_99),
    ],
)
def test_post_only_never_takes(policy: PostOnly, status: OrderStatus | None, price: int) -> None:
    """R-OMS-07: rejected, accepted and ended, or moved behind the touch, as the venue does."""
    exchange = venue(VenueProfile(post_only=policy))
    maker, me = rich(exchange, "maker"), rich(exchange, "me")
    exchange.submit(maker, limit(SELL, 2_000_00, 1_000))
    outcome = exchange.submit(me, limit(BUY, 2_000_00, 500, post_only=True))
    if status is None:
        assert refused(outcome) == "would_trade"
    else:
        order = taken(outcome).order
        assert (order.status, order.request.price_ticks) == (status, price)
    open_lots = 500 * price * 100 if status is OrderStatus.NEW else 0
    assert exchange.balance(me, "USDT").locked_atoms == open_lots
    assert exchange.fills(me) == []


def test_market_orders_by_quantity_and_by_quote_amount() -> None:
    """R-OMS-04, R-OMS-05: a buy spends at most its quote amount, in whole lots."""
    exchange = venue()
    maker, me = rich(exchange, "maker"), rich(exchange, "me")
    exchange.submit(maker, limit(SELL, 2_000_00, 100))
    exchange.submit(maker, limit(SELL, 3_000_00, 100))
    exchange.submit(maker, limit(BUY, 1_000_00, 100))
    bought = taken(exchange.submit(me, market(BUY, 0, quote_atoms=35 * 10**8))).order
    # 0.01 at 2000 = 20 USDT; 15 USDT at 3000 = 0.005
    assert (bought.filled_lots, bought.status) == (150, OrderStatus.FILLED)
    sold = taken(exchange.submit(me, market(SELL, 200))).order
    assert (sold.filled_lots, sold.status) == (100, OrderStatus.EXPIRED)
    assert sold.reason is EndReason.NO_LIQUIDITY
    assert refused(exchange.submit(me, market(SELL, 0, quote_atoms=10**9))) == "no_liquidity"


def test_a_market_order_stops_at_its_protection_price() -> None:
    exchange = venue(VenueProfile(market_protection_ppm=50_000))
    maker, me = rich(exchange, "maker"), rich(exchange, "me")
    exchange.submit(maker, limit(SELL, 2_000_00, 100))
    exchange.submit(maker, limit(SELL, 3_000_00, 100))
    order = taken(exchange.submit(me, market(BUY, 150))).order
    assert (order.filled_lots, order.reason) == (100, EndReason.PROTECTION_PRICE)


def test_the_fee_of_a_buy_can_come_from_quote_and_is_locked_with_it() -> None:
    exchange = venue(VenueProfile(buy_fee=BuyFee.QUOTE))
    maker = rich(exchange, "maker")
    me = exchange.open_account("me", {"USDT": Decimal("200.2")})
    assert refused(exchange.submit(me, limit(BUY, 2_000_00, 1_001))) == "insufficient_balance"
    taken(exchange.submit(me, limit(BUY, 2_000_00, 1_000)))
    assert exchange.balance(me, "USDT").free_atoms == 0
    exchange.submit(maker, limit(SELL, 2_000_00, 1_000))
    assert exchange.balance(me, "USDT").total_atoms == 0
    assert exchange.balance(me, "BTC").total_atoms == 10**7


def test_fees_can_be_paid_in_a_discount_token() -> None:
    """R-COST-04: a quarter off, in the token at its last price; without enough of it, as usual."""
    token = Listing("BNBUSDT", "BNB", "USDT", Decimal("0.1"), Decimal("0.001"))
    profile = VenueProfile(discount_asset="BNB", discount_symbol="BNBUSDT", discount_ppm=250_000)
    exchange = Exchange(profile, (*LISTINGS, token), start_ns=START_NS)
    exchange.street.trade("BNBUSDT", BUY, 500_0, 1)
    maker = rich(exchange, "maker")
    me = exchange.open_account("me", {"USDT": Decimal(10_000), "BNB": Decimal("0.0003")})
    exchange.set_discount(me, pays_discounted=True)
    for _ in range(2):
        exchange.submit(maker, limit(SELL, 2_000_00, 1_000))
        exchange.submit(me, market(BUY, 1_000))
    first, second = exchange.fills(me)
    # 200 USDT x 0.1 % x 0.75 = 0.15 USDT = 0.0003 BNB
    assert (first.fee_asset, first.fee_atoms) == ("BNB", 30_000)
    assert (second.fee_asset, second.fee_atoms) == ("BTC", 10_000)


REFUSALS = [
    (limit(BUY, 2_000_00, 1), "min_notional"),
    (limit(BUY, 200_000_00, 100), "price_range"),
    (limit(BUY, 2_000_00, 20_000_000), "qty_too_large"),
    (limit(BUY, 2_000_00, 6_000_000), "insufficient_balance"),
    (limit(SELL, 2_000_00, 1_100_000), "insufficient_balance"),
    (limit(BUY, 0, 100), "bad_request"),
    (limit(BUY, 2_000_00, 0), "bad_request"),
    (limit(BUY, 2_000_00, 100, quote_atoms=5), "bad_request"),
    (limit(BUY, 2_000_00, -5), "bad_request"),
    (limit(BUY, 2_000_00, 100, symbol="XYZ"), "unknown_symbol"),
    (limit(BUY, 2_000_00, 100, reduce_only=True), "not_supported"),
    (limit(BUY, 2_000_00, 100, display_lots=5), "iceberg_parts"),
    (limit(BUY, 2_000_00, 100, post_only=True, tif=TimeInForce.IOC), "bad_request"),
    (limit(BUY, 2_000_00, 100, trigger_ticks=5), "bad_request"),
    (limit(BUY, 2_000_00, 100, tif=TimeInForce.GTD), "bad_request"),
]


@pytest.mark.parametrize(("request_", "reason"), REFUSALS)
def test_what_breaks_a_rule_is_refused_and_changes_nothing(request_: object, reason: str) -> None:
    """R-OMS-10, R-OMS-11, R-OMS-16: a closed set of reasons."""
    exchange = venue()
    me = rich(exchange)
    exchange.drain()
    assert refused(exchange.submit(me, request_)) == reason  # type: ignore[arg-type]
    assert exchange.drain() == []
    assert exchange.orders(me, SPOT) == []


def test_a_client_id_is_free_again_once_its_order_is_closed() -> None:
    """Reliability 4.1: a blind re-send after a fast fill buys twice."""
    exchange = venue()
    maker, me = rich(exchange, "maker"), rich(exchange, "me")
    exchange.submit(maker, limit(SELL, 2_000_00, 1_000))
    resting = limit(BUY, 1_000_00, 100, client_id="a")
    taken(exchange.submit(me, resting))
    assert refused(exchange.submit(me, resting)) == "duplicate_client_id"
    for _ in range(2):
        order = taken(exchange.submit(me, market(BUY, 100, client_id="b"))).order
        assert order.status is OrderStatus.FILLED
    assert sum(fill.qty_lots for fill in exchange.fills(me)) == 200


def test_a_halted_symbol_takes_no_order_and_a_delisted_one_keeps_none() -> None:
    exchange = venue()
    me = rich(exchange)
    taken(exchange.submit(me, limit(BUY, 1_000_00, 100)))
    exchange.set_trading(SPOT, Trading.HALTED)
    assert refused(exchange.submit(me, limit(BUY, 1_000_00, 100))) == "not_trading"
    assert len(exchange.open_orders(me)) == 1
    exchange.set_trading(SPOT, Trading.DELISTED)
    assert exchange.open_orders(me) == []
    assert exchange.balance(me, "USDT").locked_atoms == 0


def test_a_scripted_price_trades_with_resting_orders_on_its_way() -> None:
    exchange = venue()
    me = rich(exchange)
    points = [(START_NS + SECOND, 2_000_00), (START_NS + 2 * SECOND, 1_990_00)]
    exchange.attach(ScriptedPath(SPOT, points, Ladder(lots=70)))
    exchange.advance(START_NS + SECOND)
    assert exchange.best(SPOT) == (1_999_99, 2_000_01)
    taken(exchange.submit(me, limit(BUY, 1_995_00, 50)))
    exchange.advance(START_NS + 3 * SECOND)
    (fill,) = exchange.fills(me)
    assert (fill.price_ticks, fill.qty_lots, fill.is_maker) == (1_995_00, 50, True)
    assert fill.at_ns == START_NS + 2 * SECOND
    assert exchange.last_ticks(SPOT) == 1_990_00


def test_a_listing_that_cannot_be_exact_is_refused() -> None:
    bad = Listing("X", "A", "B", Decimal("1e-20"), Decimal("1e-20"))
    with pytest.raises(ConfigError, match="digits"):
        Exchange(VenueProfile(), (bad,), start_ns=0)
    with pytest.raises(ConfigError, match="twice"):
        Exchange(VenueProfile(), (LISTINGS[0], LISTINGS[0]), start_ns=0)
