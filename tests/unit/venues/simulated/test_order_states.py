"""Any state of an order, any event: a legal next state, or a refusal (R-OMS-01).

Every order here is a sell of 1000 lots: at 2000.00, or on a stop at 1900.00, or the pending leg of
a bracket. Filled, cancelled and expired lead nowhere.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.fakes.venue import SECOND, SPOT, START_NS, limit, taken, venue

from ballast.core.orders import (
    TERMINAL,
    AmendRequest,
    ListKind,
    ListRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    Side,
    TimeInForce,
)
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.engine.outcomes import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.outcomes import HalfDone, Outcome

BUY, SELL = Side.BUY, Side.SELL
REF = OrderRef(SPOT, client_id="a")
UNTIL = START_NS + 100 * SECOND
PENDING, WAITS = OrderStatus.PENDING, OrderStatus.UNTRIGGERED
NEW, PART = OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED
FILLED, GONE, ENDED = OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED


def made(state: OrderStatus) -> tuple[Exchange, int]:
    """Bring an order into a state."""
    exchange = venue()
    exchange.street.trade(SPOT, BUY, 1_950_00, 1)
    me = exchange.open_account("me", {"BTC": Decimal(1), "USDT": Decimal(1_000)})
    sell = limit(SELL, 2_000_00, 1_000, client_id="a", tif=TimeInForce.GTD, expire_ns=UNTIL)
    stop = OrderRequest(
        SPOT, SELL, OrderKind.STOP_LIMIT, 1_000, 2_000_00, "a", trigger_ticks=1_900_00,
        tif=TimeInForce.GTD, expire_ns=UNTIL,
    )  # fmt: skip
    if state is PENDING:
        entry = limit(BUY, 1_800_00, 1_000, client_id="entry")
        taken(exchange.submit_list(me, ListRequest(SPOT, ListKind.BRACKET, (entry, stop))))
    elif state is WAITS:
        taken(exchange.submit(me, stop))
    else:
        taken(exchange.submit(me, sell))
    if state in {PART, FILLED}:
        buy(exchange, 400 if state is PART else 1_000)
    elif state is GONE:
        taken(exchange.cancel(me, REF))
    elif state is ENDED:
        exchange.advance(UNTIL)
    assert now(exchange, me) is state
    return exchange, me


def now(exchange: Exchange, me: int) -> OrderStatus:
    found = exchange.order(me, REF)
    assert found is not None
    return found.status


def buy(exchange: Exchange, lots: int) -> None:
    exchange.street.place(SPOT, BUY, price_ticks=2_000_00, qty_lots=lots, tif=TimeInForce.IOC)
    exchange.settle()


def street_sells(exchange: Exchange, lots: int) -> None:
    exchange.street.place(SPOT, SELL, price_ticks=1_800_00, qty_lots=lots)
    exchange.settle()


def print_at(exchange: Exchange, ticks: int) -> None:
    exchange.street.trade(SPOT, SELL, ticks, 1)
    exchange.settle()


def let_count_down(exchange: Exchange, me: int) -> None:
    exchange.countdown(me, SPOT, 1_000)
    exchange.advance(exchange.now_ns + SECOND)


OTHER = limit(SELL, 2_100_00, 500, client_id="b")
AGAIN = limit(SELL, 2_000_00, 1_000, client_id="a")
EVENTS: dict[str, Callable[[Exchange, int], Outcome | HalfDone | None]] = {
    "cancel": lambda exchange, me: exchange.cancel(me, REF),
    "cancel_all": lambda exchange, me: exchange.cancel_all(me),
    "amend": lambda exchange, me: exchange.amend(me, AmendRequest(REF, qty_lots=900)),
    "replace": lambda exchange, me: exchange.cancel_replace(me, REF, OTHER),
    "again": lambda exchange, me: exchange.submit(me, AGAIN),
    "part": lambda exchange, _: buy(exchange, 100),
    "rest": lambda exchange, _: buy(exchange, 5_000),
    "trigger": lambda exchange, _: print_at(exchange, 1_900_00),
    "entry": lambda exchange, _: street_sells(exchange, 1_000),
    "deadline": lambda exchange, _: exchange.advance(max(UNTIL, exchange.now_ns)),
    "countdown": let_count_down,
    "delist": lambda exchange, _: exchange.set_trading(SPOT, Trading.DELISTED),
}


REFUSED = None
# event -> next state by state: PENDING, WAITS, NEW, PART
TABLE = {
    "cancel": (GONE, GONE, GONE, GONE),
    "cancel_all": (GONE, GONE, GONE, GONE),
    "amend": (PENDING, WAITS, NEW, PART),
    "replace": (GONE, GONE, GONE, GONE),
    "again": (REFUSED, REFUSED, REFUSED, REFUSED),
    "part": (PENDING, WAITS, PART, PART),
    "rest": (PENDING, WAITS, FILLED, FILLED),
    "trigger": (PENDING, NEW, NEW, PART),
    "entry": (NEW, WAITS, NEW, PART),  # at 1800 the new leg's trigger is passed: it fires at once
    "deadline": (ENDED, ENDED, ENDED, ENDED),
    "countdown": (GONE, GONE, GONE, GONE),
    "delist": (GONE, GONE, GONE, GONE),
}
LIVE = (PENDING, WAITS, NEW, PART)
CASES = [(state, event, row[i]) for event, row in TABLE.items() for i, state in enumerate(LIVE)]


@pytest.mark.parametrize(("state", "event", "after"), CASES)
def test_a_live_order(state: OrderStatus, event: str, after: OrderStatus | None) -> None:
    exchange, me = made(state)
    outcome = EVENTS[event](exchange, me)
    assert isinstance(outcome, Rejected) == (after is REFUSED)
    expected = state if after is REFUSED else after
    assert now(exchange, me) is expected


@pytest.mark.parametrize("state", sorted(TERMINAL - {OrderStatus.REJECTED}))
@pytest.mark.parametrize("event", sorted(TABLE))
def test_a_closed_order_stays_as_it_is(state: OrderStatus, event: str) -> None:
    exchange, me = made(state)
    (before,) = exchange.orders(me, SPOT)
    outcome = EVENTS[event](exchange, me)
    found = next(o for o in exchange.orders(me, SPOT) if o.order_id == before.order_id)
    assert found == before
    if event in {"cancel", "amend", "replace"}:
        assert isinstance(outcome, Rejected)
    if event == "again":  # this venue frees a client id when its order closes
        assert not isinstance(outcome, Rejected)
