"""Perpetuals: positions, margin, funding, reduce-only, position stops (R-PERP-01 to R-PERP-06)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.fakes.venue import START_NS, SWAP, limit, market, only, refused, rich, taken, venue

from ballast.core.orders import (
    EndReason,
    MarginMode,
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    PositionMode,
    PositionSide,
    PositionStops,
    Side,
)
from ballast.venues.simulated.engine.events import FundingPaid, PositionChanged
from ballast.venues.simulated.engine.profile import ReduceOnly, VenueProfile

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange

BUY, SELL = Side.BUY, Side.SELL
BOTH, LONG, SHORT = PositionSide.BOTH, PositionSide.LONG, PositionSide.SHORT
USDT = 10**8


def swap(profile: VenueProfile | None = None, mark: int = 2_000_0) -> tuple[Exchange, int, int]:
    """A perpetual marked at 2000.0, me with 1000 USDT, and somebody rich."""
    exchange = venue(profile)
    exchange.street.set_mark(SWAP, mark)
    exchange.settle()
    me = exchange.open_account("me", {"USDT": Decimal(1_000)})
    return exchange, me, rich(exchange)


def quote(exchange: Exchange, other: int, side: Side, ticks: int, lots: int) -> None:
    taken(exchange.submit(other, limit(side, ticks, lots, SWAP)))


def enter(exchange: Exchange, me: int, other: int, side: Side, lots: int, ticks: int) -> None:
    quote(exchange, other, Side(-side), ticks, lots)
    assert taken(exchange.submit(me, market(side, lots, SWAP))).order.filled_lots == lots


def test_a_position_has_the_average_entry_and_realises_by_part() -> None:
    """Fees: taker 0.05 %. Long 1 @ 2000, 1 @ 2100; sell 1 @ 2200, then 2 @ 1900 turns it short."""
    exchange, me, other = swap()
    taken(exchange.set_leverage(me, SWAP, 50))
    enter(exchange, me, other, BUY, 1_000, 2_000_0)
    enter(exchange, me, other, BUY, 1_000, 2_100_0)
    held = exchange.position(me, SWAP)
    assert (held.qty_lots, held.cost_atoms) == (2_000, 4_100 * USDT)
    enter(exchange, me, other, SELL, 1_000, 2_200_0)
    assert exchange.fills(me)[-1].realised_atoms == 150 * USDT
    enter(exchange, me, other, SELL, 2_000, 1_900_0)
    held = exchange.position(me, SWAP)
    assert (held.qty_lots, held.cost_atoms) == (-1_000, -1_900 * USDT)
    assert held.realised_atoms == (150 - 150) * USDT
    fees = (2_000 + 2_100 + 2_200 + 2 * 1_900) * USDT * 5 // 10_000
    assert exchange.balance(me, "USDT").total_atoms == 1_000 * USDT - fees
    assert held.unrealised_atoms == -100 * USDT


def test_margin_bounds_what_can_be_opened_but_never_a_close() -> None:
    """R-PERP-02: 1000 USDT at 20x hold 9.9 BTC at 2000 less fees; closing needs no margin."""
    exchange, me, other = swap()
    quote(exchange, other, SELL, 2_000_0, 50_000)
    assert refused(exchange.submit(me, market(BUY, 10_000, SWAP))) == "insufficient_margin"
    taken(exchange.submit(me, market(BUY, 9_900, SWAP)))
    assert refused(exchange.submit(me, market(BUY, 100, SWAP))) == "insufficient_margin"
    assert refused(exchange.set_leverage(me, SWAP, 10)) == "insufficient_margin"
    assert refused(exchange.set_leverage(me, SWAP, 101)) == "leverage"
    quote(exchange, other, BUY, 1_999_0, 50_000)
    assert taken(exchange.submit(me, market(SELL, 9_900, SWAP))).order.filled_lots == 9_900


def test_open_orders_need_margin_for_the_worse_side_only() -> None:
    exchange, me, _ = swap()
    before = exchange.available(me, "USDT")
    taken(exchange.submit(me, limit(BUY, 1_900_0, 1_000, SWAP)))
    # 1900 / 20 and the taker fee
    assert before - exchange.available(me, "USDT") == 95 * USDT + 1_900 * USDT * 5 // 10_000
    taken(exchange.submit(me, limit(SELL, 2_100_0, 1_000, SWAP)))
    fees = (1_900 + 2_100) * USDT * 5 // 10_000
    assert before - exchange.available(me, "USDT") == 105 * USDT + fees
    assert exchange.balance(me, "USDT").locked_atoms == 0


def test_an_order_that_loses_at_once_needs_that_loss_too() -> None:
    exchange, me, other = swap()
    quote(exchange, other, SELL, 2_400_0, 10_000)
    # 2 BTC at 2400: margin 240, and 800 lost at the mark
    assert refused(exchange.submit(me, market(BUY, 2_000, SWAP))) == "insufficient_margin"
    taken(exchange.submit(me, market(BUY, 1_800, SWAP)))


def test_isolated_margin_lies_with_the_position_and_comes_back_with_the_profit() -> None:
    exchange, me, other = swap()
    taken(exchange.set_margin_mode(me, SWAP, MarginMode.ISOLATED))
    enter(exchange, me, other, BUY, 2_000, 2_000_0)
    fee = 4_000 * USDT * 5 // 10_000
    assert exchange.position(me, SWAP).margin_atoms == 200 * USDT
    assert exchange.balance(me, "USDT").total_atoms == 800 * USDT - fee
    assert refused(exchange.set_margin_mode(me, SWAP, MarginMode.CROSS)) == (
        "open_orders_or_position"
    )
    taken(exchange.add_margin(me, SWAP, BOTH, 50 * USDT))
    assert refused(exchange.add_margin(me, SWAP, BOTH, -51 * USDT)) == "insufficient_margin"
    enter(exchange, me, other, SELL, 1_000, 2_100_0)
    assert exchange.position(me, SWAP).margin_atoms == 125 * USDT
    enter(exchange, me, other, SELL, 1_000, 2_100_0)
    fees = fee + 4_200 * USDT * 5 // 10_000
    assert exchange.balance(me, "USDT").total_atoms == 1_200 * USDT - fees
    assert exchange.position(me, SWAP).margin_atoms == 0


def test_hedge_mode_holds_long_and_short_side_by_side() -> None:
    """R-PERP-03, R-PERP-06."""
    exchange, me, other = swap()
    hedged = market(BUY, 1_000, SWAP, position_side=LONG)
    assert refused(exchange.submit(me, hedged)) == "position_side"
    taken(exchange.set_position_mode(me, PositionMode.HEDGE))
    assert refused(exchange.submit(me, market(BUY, 1_000, SWAP))) == "position_side"
    quote(exchange, other, SELL, 2_000_0, 10_000)
    quote(exchange, other, BUY, 1_999_0, 10_000)
    taken(exchange.submit(me, hedged))
    taken(exchange.submit(me, market(SELL, 600, SWAP, position_side=SHORT)))
    held = {one.side: one.qty_lots for one in exchange.positions(me)}
    assert held == {LONG: 1_000, SHORT: -600}
    # the closing side of a hedged position never turns it
    closed = taken(exchange.submit(me, market(SELL, 5_000, SWAP, position_side=LONG))).order
    assert closed.filled_lots == 1_000
    assert [one.side for one in exchange.positions(me)] == [SHORT]
    assert refused(exchange.set_position_mode(me, PositionMode.ONE_WAY)) == (
        "open_orders_or_position"
    )


def test_reduce_only_orders_are_never_more_than_the_position() -> None:
    """R-PERP-05; incidents 31 and 32: refused or made smaller, and they shrink with it."""
    exchange, me, other = swap()
    reduce = limit(SELL, 2_100_0, 800, SWAP, reduce_only=True)
    assert refused(exchange.submit(me, reduce)) == "reduce_only"
    enter(exchange, me, other, BUY, 1_000, 2_000_0)
    first = taken(exchange.submit(me, reduce)).order
    second = taken(exchange.submit(me, limit(SELL, 2_200_0, 800, SWAP, reduce_only=True))).order
    assert second.request.qty_lots == 200
    assert refused(exchange.submit(me, reduce)) == "reduce_only"
    enter(exchange, me, other, SELL, 500, 1_990_0)
    orders = {order.order_id: order.left_lots for order in exchange.open_orders(me)}
    assert orders == {first.order_id: 500}  # the newer gave way whole, then the older
    enter(exchange, me, other, SELL, 500, 1_990_0)
    assert exchange.open_orders(me) == []
    found = exchange.order(me, OrderRef(SWAP, first.order_id))
    assert found is not None
    assert found.reason is EndReason.REDUCE_ONLY


def test_reduce_only_holds_within_one_sweep_of_the_book() -> None:
    """A plain sell and a reduce-only sell of one account meet one large buyer."""
    for policy, left in ((ReduceOnly.SHRINK, 0), (ReduceOnly.CANCEL, 200)):
        exchange, me, other = swap(VenueProfile(reduce_only=policy))
        enter(exchange, me, other, BUY, 1_000, 2_000_0)
        taken(exchange.submit(me, limit(SELL, 2_010_0, 800, SWAP)))
        taken(exchange.submit(me, limit(SELL, 2_020_0, 1_000, SWAP, reduce_only=True)))
        taken(exchange.submit(other, limit(BUY, 2_030_0, 5_000, SWAP)))
        held = exchange.position(me, SWAP)
        assert held.qty_lots == left


def test_a_stop_that_closes_the_position_takes_what_it_is_when_it_fires() -> None:
    exchange, me, other = swap()
    enter(exchange, me, other, BUY, 1_000, 2_000_0)
    stop = OrderRequest(
        SWAP, SELL, OrderKind.STOP_MARKET, client_id="s", close_position=True,
        trigger_ticks=1_950_0,
    )  # fmt: skip
    taken(exchange.submit(me, stop))
    take = limit(SELL, 2_500_0, 1_000, SWAP, reduce_only=True)
    taken(exchange.submit(me, take))
    enter(exchange, me, other, BUY, 700, 2_000_0)
    quote(exchange, other, BUY, 1_940_0, 10_000)
    exchange.street.trade(SWAP, SELL, 1_950_0, 1)
    exchange.settle()
    found = exchange.order(me, OrderRef(SWAP, client_id="s"))
    assert found is not None
    assert (found.status, found.filled_lots) == (OrderStatus.FILLED, 1_700)
    assert exchange.positions(me) == []
    assert exchange.open_orders(me) == []


def test_position_stops_are_replaced_in_one_step_and_go_with_the_position() -> None:
    """R-EXCH-10: atomic stop changes; incident 19: no moment without a stop."""
    exchange, me, other = swap()
    stops = PositionStops(take_profit_ticks=2_200_0, stop_loss_ticks=1_900_0, trail_ticks=150_0)
    assert refused(exchange.set_position_stops(me, SWAP, BOTH, stops)) == "no_position"
    enter(exchange, me, other, BUY, 1_000, 2_000_0)
    first = taken(exchange.set_position_stops(me, SWAP, BOTH, stops)).orders
    assert len(first) == 3
    bad = PositionStops(stop_loss_ticks=2_000_0)
    assert refused(exchange.set_position_stops(me, SWAP, BOTH, bad)) == "would_trigger"
    assert len(exchange.open_orders(me)) == 3
    better = PositionStops(stop_loss_ticks=1_950_0)
    (second,) = taken(exchange.set_position_stops(me, SWAP, BOTH, better)).orders
    assert [order.order_id for order in exchange.open_orders(me)] == [second.order_id]
    enter(exchange, me, other, SELL, 1_000, 2_050_0)
    found = exchange.order(me, OrderRef(SWAP, second.order_id))
    assert found is not None
    assert found.reason is EndReason.POSITION_CLOSED


def test_stops_of_an_entry_are_the_positions_with_each_fill_and_only_then() -> None:
    exchange, me, other = swap()
    wanted = PositionStops(stop_loss_ticks=1_900_0)
    entry = replace(limit(BUY, 1_990_0, 1_000, SWAP), client_id="entry", stops=wanted)
    taken(exchange.submit(me, entry))
    assert len(exchange.open_orders(me)) == 1
    taken(exchange.submit(other, market(SELL, 400, SWAP)))
    assert exchange.position_stops(me, SWAP) == wanted
    # The owner moves the stop: that the entry ends does not move it back, another fill does.
    moved = PositionStops(take_profit_ticks=2_100_0, stop_loss_ticks=1_950_0)
    taken(exchange.set_position_stops(me, SWAP, BOTH, moved))
    taken(exchange.submit(other, market(SELL, 100, SWAP)))
    assert exchange.position_stops(me, SWAP) == replace(moved, stop_loss_ticks=1_900_0)
    taken(exchange.set_position_stops(me, SWAP, BOTH, moved))
    taken(exchange.cancel(me, OrderRef(SWAP, client_id="entry")))
    assert exchange.position_stops(me, SWAP) == moved


@pytest.mark.parametrize(("side", "paid"), [(BUY, -2 * 10**7), (SELL, 2 * 10**7)])
@pytest.mark.parametrize("mode", list(MarginMode))
def test_funding_is_paid_at_its_hour_on_the_marked_value(
    side: Side, paid: int, mode: MarginMode
) -> None:
    """R-PERP-04: q x mark x rate; longs pay a positive rate (1 BTC x 2000 x 0.01 % = 0.2)."""
    exchange, me, other = swap()
    if mode is MarginMode.ISOLATED:
        taken(exchange.set_margin_mode(me, SWAP, mode))
    enter(exchange, me, other, side, 1_000, 2_000_0)
    exchange.street.set_funding(SWAP, 100_000)
    due = exchange.perpetual(SWAP).next_funding_ns
    assert due % (8 * 3_600 * 10**9) == 0
    assert due > START_NS
    before = exchange.balance(me, "USDT").total_atoms + exchange.position(me, SWAP).margin_atoms
    exchange.advance(due - 1)
    exchange.drain()
    exchange.advance(due)
    after = exchange.balance(me, "USDT").total_atoms + exchange.position(me, SWAP).margin_atoms
    assert after - before == paid
    events = exchange.drain()
    assert sorted(one.paid_atoms for one in only(events, FundingPaid)) == [-2 * 10**7, 2 * 10**7]
    assert len(only(events, PositionChanged)) == 2
    assert exchange.perpetual(SWAP).next_funding_ns == due + 8 * 3_600 * 10**9
