"""Liquidation: who loses the position, and who pays (R-PERP-04).

One lot is 0.001 BTC; maintenance is 0.5 % and the liquidation fee 0.5 % of the value.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.fakes.venue import SWAP, limit, market, only, rich, taken, venue

from ballast.core.orders import MarginMode, OrderStatus, Side
from ballast.venues.simulated.engine.events import Deleveraged, Liquidated

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange

BUY, SELL = Side.BUY, Side.SELL
USDT = 10**8


def held(mode: MarginMode, side: Side, cash: int = 110) -> tuple[Exchange, int, int]:
    """Me with 1 BTC at 2000 and 100 USDT of margin at 20x."""
    exchange = venue()
    exchange.street.set_mark(SWAP, 2_000_0)
    exchange.settle()
    me = exchange.open_account("me", {"USDT": Decimal(cash)})
    other = rich(exchange)
    taken(exchange.set_leverage(other, SWAP, 2))
    exchange.set_fees(me, SWAP, maker_ppm=0, taker_ppm=0)
    if mode is MarginMode.ISOLATED:
        taken(exchange.set_margin_mode(me, SWAP, mode))
    taken(exchange.submit(other, limit(Side(-side), 2_000_0, 1_000, SWAP)))
    taken(exchange.submit(me, market(side, 1_000, SWAP)))
    exchange.drain()
    return exchange, me, other


# long: 100 + (P - 2000) <= 0.005 P  ->  P <= 1909.547; short: 100 - (P - 2000) <= 0.005 P
SIDES = [(BUY, 1_909_6, 1_909_5), (SELL, 2_089_5, 2_089_6)]


@pytest.mark.parametrize(("side", "safe", "due"), SIDES)
def test_an_isolated_position_goes_at_its_liquidation_price(
    side: Side, safe: int, due: int
) -> None:
    exchange, me, other = held(MarginMode.ISOLATED, side)
    assert exchange.position(me, SWAP).liquidation_ticks == due
    taken(exchange.submit(other, limit(side, due, 5_000, SWAP)))
    exchange.street.set_mark(SWAP, safe)
    exchange.settle()
    assert exchange.position(me, SWAP).qty_lots == side * 1_000
    exchange.street.set_mark(SWAP, due)
    exchange.settle()
    assert exchange.positions(me) == []
    (event,) = only(exchange.drain(), Liquidated)
    assert (event.qty_lots, event.deleveraged_lots) == (1_000, 0)
    # bankrupt at 1900 / 2100; it traded at `due`: what was left pays 0.5 % of the value as fee
    left = abs(due - (1_900_0 if side is BUY else 2_100_0)) * USDT // 10
    fee = min(left, due * USDT // 10 * 5 // 1_000)
    assert event.insurance_atoms == fee
    assert exchange.balance(me, "USDT").total_atoms == 10 * USDT + left - fee


def test_an_isolated_loss_never_reaches_the_wallet() -> None:
    """The only bid is far below bankruptcy: the fund pays what it can, the rest is deleveraged."""
    exchange, me, other = held(MarginMode.ISOLATED, BUY)
    exchange.insure("USDT", 150 * USDT)
    taken(exchange.submit(other, limit(BUY, 1_800_0, 400, SWAP)))
    exchange.street.set_mark(SWAP, 1_850_0)
    exchange.settle()
    events = exchange.drain()
    (event,) = only(events, Liquidated)
    # 1000 lots x 100 would be 100 USDT; 150 in the fund reach down to 1750: the bid is taken
    assert event.bankruptcy_ticks == 1_900_0
    assert event.insurance_atoms == -40 * USDT
    (down,) = only(events, Deleveraged)
    assert (down.account, down.qty_lots, down.price_ticks) == (other, 600, 1_900_0)
    assert exchange.balance(me, "USDT").total_atoms == 10 * USDT
    assert exchange.positions(me) == []
    assert exchange.positions(other) == []


def test_without_a_fund_and_without_bids_the_other_side_is_deleveraged() -> None:
    exchange, me, other = held(MarginMode.CROSS, BUY, cash=110)
    before = exchange.balance(other, "USDT").total_atoms
    exchange.street.set_mark(SWAP, 1_000_0)
    exchange.settle()
    (event,) = only(exchange.drain(), Liquidated)
    assert (event.bankruptcy_ticks, event.deleveraged_lots) == (1_890_0, 1_000)
    assert exchange.balance(me, "USDT").total_atoms == 0
    assert exchange.balance(other, "USDT").total_atoms == before + 110 * USDT


def test_cross_margin_answers_with_the_whole_wallet() -> None:
    exchange, me, _ = held(MarginMode.CROSS, BUY, cash=1_000)
    exchange.street.set_mark(SWAP, 1_100_0)
    exchange.settle()
    assert exchange.position(me, SWAP).qty_lots == 1_000
    # 1000 + (P - 2000) <= 0.005 P -> P <= 1005.02
    assert exchange.position(me, SWAP).liquidation_ticks == 1_005_0
    exchange.street.set_mark(SWAP, 1_005_0)
    exchange.settle()
    assert exchange.positions(me) == []


def test_liquidation_cancels_the_orders_of_the_position_first() -> None:
    exchange, me, _ = held(MarginMode.CROSS, BUY, cash=130)
    order = taken(exchange.submit(me, limit(SELL, 2_500_0, 100, SWAP))).order
    exchange.street.set_mark(SWAP, 1_800_0)
    exchange.settle()
    (found,) = [one for one in exchange.orders(me, SWAP) if one.order_id == order.order_id]
    assert found.status is OrderStatus.CANCELLED
    assert found.reason.value == "liquidation"


def test_the_same_mark_twice_liquidates_once() -> None:
    exchange, _, _ = held(MarginMode.ISOLATED, BUY)
    for _ in range(2):
        exchange.street.set_mark(SWAP, 1_500_0)
        exchange.settle()
    assert len(only(exchange.drain(), Liquidated)) == 1
