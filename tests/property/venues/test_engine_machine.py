"""A machine of requests on one venue, so that a failure shrinks to a few steps (R-EXCH-16)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.fakes.venue import SECOND, SPOT, SWAP, venue
from tests.oracle import venuechecks
from tests.oracle.venuechecks import Stream

from ballast.core.orders import (
    AmendRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionSide,
    PositionStops,
    SelfTrade,
    Side,
    TimeInForce,
)

ACCOUNTS = st.integers(1, 3)
SYMBOLS = st.sampled_from([SPOT, SWAP])
SIDES = st.sampled_from(list(Side))
STEPS = st.integers(-8, 8)
LOTS = st.integers(50, 4_000)
CENTRE = {SPOT: 2_000_00, SWAP: 2_000_0}
STEP = {SPOT: 5_00, SWAP: 5_0}


class Venue(RuleBasedStateMachine):
    """Three customers, one of them poor, and the street."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange = venue(seed=1)
        self.exchange.street.set_mark(SWAP, CENTRE[SWAP])
        for cash in (500, 20_000, 1_000_000):
            self.exchange.open_account(
                str(cash), {"USDT": Decimal(cash), "BTC": Decimal(cash) / 2_000}
            )
        self.reader = Stream()

    @staticmethod
    def price(symbol: str, step: int) -> int:
        return CENTRE[symbol] + step * STEP[symbol]

    @rule(
        account=ACCOUNTS, symbol=SYMBOLS, side=SIDES, step=STEPS, lots=LOTS,
        tif=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
        stp=st.sampled_from(list(SelfTrade)), reduce_only=st.booleans(), iceberg=st.booleans(),
    )  # fmt: skip
    def place(
        self, account: int, symbol: str, side: Side, step: int, lots: int, tif: TimeInForce,
        stp: SelfTrade, reduce_only: bool, iceberg: bool,
    ) -> None:  # fmt: skip
        request = OrderRequest(
            symbol, side, OrderKind.LIMIT, lots, self.price(symbol, step), tif=tif, self_trade=stp,
            reduce_only=reduce_only and symbol == SWAP,
            display_lots=-(-lots // 4) if iceberg and tif is TimeInForce.GTC else 0,
        )  # fmt: skip
        self.exchange.submit(account, request)

    @rule(account=ACCOUNTS, symbol=SYMBOLS, side=SIDES, lots=LOTS)
    def take(self, account: int, symbol: str, side: Side, lots: int) -> None:
        self.exchange.submit(account, OrderRequest(symbol, side, OrderKind.MARKET, lots))

    @rule(account=ACCOUNTS, symbol=SYMBOLS, side=SIDES, step=STEPS, lots=LOTS)
    def stop(self, account: int, symbol: str, side: Side, step: int, lots: int) -> None:
        request = OrderRequest(
            symbol, side, OrderKind.STOP_MARKET, lots, trigger_ticks=self.price(symbol, step)
        )
        self.exchange.submit(account, request)

    @rule(account=ACCOUNTS, which=st.integers(0, 5), step=STEPS, lots=LOTS)
    def amend(self, account: int, which: int, step: int, lots: int) -> None:
        orders = self.exchange.open_orders(account)
        if orders:
            order = orders[which % len(orders)]
            ref = OrderRef(order.request.symbol, order.order_id)
            price = self.price(ref.symbol, step) if order.request.price_ticks else 0
            self.exchange.amend(account, AmendRequest(ref, qty_lots=lots, price_ticks=price))

    @rule(account=ACCOUNTS, which=st.integers(0, 5))
    def cancel(self, account: int, which: int) -> None:
        orders = self.exchange.open_orders(account)
        if orders:
            order = orders[which % len(orders)]
            self.exchange.cancel(account, OrderRef(order.request.symbol, order.order_id))

    @rule(symbol=SYMBOLS, side=SIDES, step=STEPS, lots=st.integers(0, 6_000))
    def depth(self, symbol: str, side: Side, step: int, lots: int) -> None:
        self.exchange.street.set_level(symbol, side, self.price(symbol, step), lots)
        self.exchange.settle()

    @rule(symbol=SYMBOLS, side=SIDES, step=STEPS, lots=LOTS)
    def trade(self, symbol: str, side: Side, step: int, lots: int) -> None:
        self.exchange.street.trade(symbol, side, self.price(symbol, step), lots)
        self.exchange.settle()

    @rule(step=st.integers(-60, 60))
    def mark(self, step: int) -> None:
        self.exchange.street.set_mark(SWAP, self.price(SWAP, step))
        self.exchange.settle()

    @rule(account=ACCOUNTS, loss=st.integers(1, 8), gain=st.integers(1, 8))
    def protect(self, account: int, loss: int, gain: int) -> None:
        position = self.exchange.position(account, SWAP)
        sign = 1 if position.qty_lots > 0 else -1
        stops = PositionStops(
            take_profit_ticks=self.price(SWAP, sign * gain),
            stop_loss_ticks=self.price(SWAP, -sign * loss),
        )
        self.exchange.set_position_stops(account, SWAP, PositionSide.BOTH, stops)

    @rule(hours=st.integers(0, 9))
    def wait(self, hours: int) -> None:
        self.exchange.advance(self.exchange.now_ns + (hours * 3_600 + 1) * SECOND)

    @precondition(lambda self: self.reader.fills)
    @rule()
    def restart(self) -> None:
        other = venue(seed=1)
        other.restore(self.exchange.snapshot())
        self.exchange = other

    @invariant()
    def all_holds(self) -> None:
        venuechecks.all_of(self.exchange)
        self.reader.read(self.exchange.drain())
        self.reader.same_books(self.exchange)


Venue.TestCase.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
TestVenue = Venue.TestCase
