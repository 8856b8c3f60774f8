"""Stops, take-profits and trailing stops (R-OMS-06, R-OMS-08, R-STOP rules on triggers)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.fakes.venue import SPOT, SWAP, limit, only, refused, rich, taken, venue

from ballast.core.orders import (
    EndReason,
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    Side,
    TriggerBy,
)
from ballast.venues.simulated.engine.events import Change, OrderUpdated, Trading
from ballast.venues.simulated.engine.profile import VenueProfile

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange

BUY, SELL = Side.BUY, Side.SELL


def at(exchange: Exchange, ticks: int, symbol: str = SPOT) -> None:
    """Let the street trade at a price."""
    exchange.street.trade(symbol, BUY, ticks, 1)
    exchange.settle()


def deep(exchange: Exchange, bid: int, ask: int, symbol: str = SPOT, lots: int = 100_000) -> None:
    """Let the street show depth."""
    exchange.street.set_level(symbol, BUY, bid, lots)
    exchange.street.set_level(symbol, SELL, ask, lots)
    exchange.settle()


def conditional(side: Side, kind: OrderKind, trigger: int, price: int = 0) -> OrderRequest:
    return OrderRequest(SPOT, side, kind, 1_000, price, client_id="a", trigger_ticks=trigger)


def state(exchange: Exchange, account: int, symbol: str = SPOT) -> OrderStatus:
    found = exchange.order(account, OrderRef(symbol, client_id="a"))
    assert found is not None
    return found.status


# side, kind, trigger, price before the trigger, price that just does not, price that does
DIRECTIONS = [
    (SELL, OrderKind.STOP_MARKET, 1_990_00, 1_990_01, 1_990_00),
    (BUY, OrderKind.STOP_MARKET, 2_010_00, 2_009_99, 2_010_00),
    (SELL, OrderKind.TAKE_PROFIT_MARKET, 2_010_00, 2_009_99, 2_010_50),
    (BUY, OrderKind.TAKE_PROFIT_MARKET, 1_990_00, 1_990_01, 1_989_00),
]


@pytest.mark.parametrize(("side", "kind", "trigger", "short", "there"), DIRECTIONS)
def test_a_trigger_goes_off_at_its_price_and_not_before(
    side: Side, kind: OrderKind, trigger: int, short: int, there: int
) -> None:
    exchange = venue()
    me = rich(exchange)
    at(exchange, 2_000_00)
    taken(exchange.submit(me, conditional(side, kind, trigger)))
    assert state(exchange, me) is OrderStatus.UNTRIGGERED
    at(exchange, short)
    assert state(exchange, me) is OrderStatus.UNTRIGGERED
    deep(exchange, there - 1, there + 1)
    exchange.drain()
    at(exchange, there)
    assert state(exchange, me) is OrderStatus.FILLED
    changes = [one.change for one in only(exchange.drain(), OrderUpdated)]
    assert changes == [Change.TRIGGERED, Change.TRADE]


@pytest.mark.parametrize(("side", "kind", "trigger", "short", "there"), DIRECTIONS)
def test_a_trigger_already_passed_is_refused_or_fires_at_once(
    side: Side, kind: OrderKind, trigger: int, short: int, there: int
) -> None:
    """Reliability incident 20: "would trigger immediately" leaves a position naked."""
    for fires in (False, True):
        exchange = venue(VenueProfile(trigger_at_once=fires))
        me = rich(exchange)
        deep(exchange, there - 1, there + 1)
        at(exchange, there)
        outcome = exchange.submit(me, conditional(side, kind, trigger))
        if fires:
            taken(outcome)
            assert state(exchange, me) is OrderStatus.FILLED
        else:
            assert refused(outcome) == "would_trigger"
    assert short != there


def test_a_stop_limit_rests_at_its_price_after_it_triggered() -> None:
    """R-OMS-06: and what it locks stays locked."""
    exchange = venue()
    me = exchange.open_account("me", {"BTC": Decimal("0.1")})
    at(exchange, 2_000_00)
    taken(exchange.submit(me, conditional(SELL, OrderKind.STOP_LIMIT, 1_990_00, 1_995_00)))
    assert exchange.balance(me, "BTC").free_atoms == 0
    at(exchange, 1_980_00)
    assert state(exchange, me) is OrderStatus.NEW
    assert exchange.book(SPOT).asks == ((1_995_00, 1_000),)
    assert exchange.balance(me, "BTC").free_atoms == 0
    exchange.street.place(SPOT, BUY, price_ticks=1_995_00, qty_lots=1_000)
    exchange.settle()
    assert state(exchange, me) is OrderStatus.FILLED
    assert exchange.balance(me, "BTC").total_atoms == 0


def test_a_triggered_buy_without_enough_cash_expires_and_frees_its_lock() -> None:
    exchange = venue()
    me = exchange.open_account("me", {"USDT": Decimal(201)})
    at(exchange, 2_000_00)
    taken(exchange.submit(me, conditional(BUY, OrderKind.STOP_MARKET, 2_010_00)))
    deep(exchange, 2_000_00, 2_050_00)
    at(exchange, 2_010_00)
    found = exchange.order(me, OrderRef(SPOT, client_id="a"))
    assert found is not None
    assert (found.status, found.reason) == (OrderStatus.EXPIRED, EndReason.INSUFFICIENT)
    assert exchange.balance(me, "USDT").locked_atoms == 0


def test_one_trade_sets_off_a_chain_in_the_order_it_happened() -> None:
    """A stop that sells into the book makes the trade that triggers the next."""
    exchange = venue()
    me, other = rich(exchange, "me"), rich(exchange, "other")
    at(exchange, 2_000_00)
    exchange.submit(other, limit(BUY, 1_990_00, 1_000))
    exchange.submit(other, limit(BUY, 1_980_00, 1_000))
    taken(exchange.submit(me, conditional(SELL, OrderKind.STOP_MARKET, 1_995_00)))
    second = OrderRequest(
        SPOT, SELL, OrderKind.STOP_MARKET, 1_000, client_id="b", trigger_ticks=1_992_00
    )
    taken(exchange.submit(me, second))
    at(exchange, 1_995_00)
    assert [fill.price_ticks for fill in exchange.fills(me)] == [1_990_00, 1_980_00]


# price -> stop after it (None: not active yet); sell trails 1 % from 2020.00 on
TRAIL = [(2_000_00, 0), (2_019_99, 0), (2_020_00, 1_999_80), (2_010_00, 1_999_80),
         (2_030_00, 2_009_70), (2_009_71, 2_009_70)]  # fmt: skip


def test_a_trailing_stop_follows_the_best_price_and_never_goes_back() -> None:
    exchange = venue()
    me = rich(exchange)
    at(exchange, 2_000_00)
    deep(exchange, 1_000_00, 3_000_00)
    request = OrderRequest(
        SPOT, SELL, OrderKind.TRAILING_STOP, 1_000, client_id="a", trail_ppm=10_000,
        activation_ticks=2_020_00,
    )  # fmt: skip
    taken(exchange.submit(me, request))
    for ticks, stop in TRAIL:
        at(exchange, ticks)
        found = exchange.order(me, OrderRef(SPOT, client_id="a"))
        assert found is not None
        assert (found.stop_ticks, found.status) == (stop, OrderStatus.UNTRIGGERED)
    at(exchange, 2_009_70)
    assert state(exchange, me) is OrderStatus.FILLED


def test_a_trailing_buy_by_distance_is_active_at_once_and_locks_less_as_it_falls() -> None:
    exchange = venue()
    me = rich(exchange)
    deep(exchange, 1_000_00, 3_000_00)
    follow = OrderRequest(
        SPOT, BUY, OrderKind.TRAILING_STOP, 1_000, client_id="a", trail_ticks=10_00
    )
    assert refused(exchange.submit(me, follow)) == "no_price"
    at(exchange, 2_000_00)
    taken(exchange.submit(me, follow))
    assert exchange.balance(me, "USDT").locked_atoms == 2_010_00 * 1_000 * 100
    at(exchange, 1_900_00)
    assert exchange.balance(me, "USDT").locked_atoms == 1_910_00 * 1_000 * 100
    at(exchange, 1_910_00)
    assert state(exchange, me) is OrderStatus.FILLED
    assert exchange.balance(me, "USDT").locked_atoms == 0


def test_a_trigger_by_mark_ignores_the_last_price() -> None:
    """The last price may spike where the mark does not (2021-07-26: 17 % apart)."""
    exchange = venue()
    me = rich(exchange)
    deep(exchange, 1_900_0, 2_100_0, SWAP)
    exchange.street.set_mark(SWAP, 2_000_0)
    stop = OrderRequest(
        SWAP, SELL, OrderKind.STOP_MARKET, 100, client_id="a", trigger_ticks=1_950_0,
        trigger_by=TriggerBy.MARK,
    )  # fmt: skip
    taken(exchange.submit(me, stop))
    at(exchange, 1_900_0, SWAP)
    assert state(exchange, me, SWAP) is OrderStatus.UNTRIGGERED
    exchange.street.set_mark(SWAP, 1_949_0)
    exchange.settle()
    assert state(exchange, me, SWAP) is OrderStatus.FILLED


def test_nothing_triggers_while_a_symbol_is_halted() -> None:
    exchange = venue()
    me = rich(exchange)
    at(exchange, 2_000_00)
    deep(exchange, 1_900_00, 2_100_00)
    taken(exchange.submit(me, conditional(SELL, OrderKind.STOP_MARKET, 1_990_00)))
    exchange.set_trading(SPOT, Trading.HALTED)
    at(exchange, 1_980_00)
    assert state(exchange, me) is OrderStatus.UNTRIGGERED
    exchange.set_trading(SPOT, Trading.TRADING)
    at(exchange, 1_980_00)
    assert state(exchange, me) is OrderStatus.FILLED


def test_the_number_of_conditional_orders_is_bounded() -> None:
    exchange = venue()
    me = rich(exchange)
    at(exchange, 2_000_00)
    for number in range(50):
        stop = OrderRequest(SPOT, SELL, OrderKind.STOP_MARKET, 100, trigger_ticks=1_000_00 + number)
        taken(exchange.submit(me, stop))
    assert refused(exchange.submit(me, limit(SELL, 3_000_00, 100))) == "max_orders"
