"""Spot's words: requests as the venue reads them, rows as we read them (exchanges.md 3.1, 4)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.binance_desk import SpotDesk as TheirDesk

from ballast.core.instrument import Kind
from ballast.core.orders import (
    EndReason,
    Fill,
    OrderKind,
    OrderRequest,
    OrderStatus,
    PositionSide,
    RejectReason,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.core.reports import Action, OrderReport, Rejection, Source, Unclear
from ballast.venues.clients.binance import spot_pairs, spot_words
from ballast.venues.clients.binance.faults import read_spot
from ballast.venues.clients.binance.rows import (
    ShapeError,
    SpotOrder,
    SpotTrade,
    UnsayableError,
    read,
)
from ballast.venues.clients.calls import CallError, Pool, Urgency, Verdict
from ballast.venues.clients.market import Market
from ballast.venues.simulated.fronts.binance.call import Call as TheirCall
from ballast.venues.simulated.fronts.binance.spot_orders import order_request
from ballast.venues.simulated.fronts.parameters import Parameters

MARKET = Market(
    "BTCUSDT", "BTCUSDT", "BTC", "USDT", Kind.SPOT, tick=Decimal("0.01"), lot=Decimal("0.00001")
)
ID = "bles234567abcdefgh"
NAMES = {
    "limit": OrderRequest("BTCUSDT", Side.BUY, OrderKind.LIMIT, 1_000, 6_000_000, ID),
    "market": OrderRequest("BTCUSDT", Side.SELL, OrderKind.MARKET, 1_000, 0, ID),
    "stop": OrderRequest(
        "BTCUSDT", Side.SELL, OrderKind.STOP_MARKET, 1_000, 0, ID, trigger_ticks=5_500_000
    ),
    "stop_limit": OrderRequest(
        "BTCUSDT", Side.SELL, OrderKind.STOP_LIMIT, 1_000, 5_400_000, ID, trigger_ticks=5_500_000
    ),
}


def params(request: OrderRequest) -> dict[str, Any]:
    call = spot_words.place(MARKET, request, Urgency.TRADE)
    assert (call.method, call.pool, call.changes) == ("privatePostOrder", Pool.ORDERS, True)
    assert not isinstance(call.params, tuple)
    return dict(call.params)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("limit", {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "60000"}),
        ("market", {"side": "SELL", "type": "MARKET"}),
        ("stop", {"side": "SELL", "type": "STOP_LOSS", "stopPrice": "55000"}),
        ("stop_limit", {"side": "SELL", "type": "STOP_LOSS_LIMIT", "timeInForce": "GTC",
                        "price": "54000", "stopPrice": "55000"}),
    ],
)  # fmt: skip
def test_an_order_is_sent_with_what_its_type_takes_and_nothing_else(
    name: str, expected: dict[str, str]
) -> None:
    common = {
        "symbol": "BTCUSDT",
        "quantity": "0.01",
        "newClientOrderId": ID,
        "newOrderRespType": "FULL",
    }
    assert params(NAMES[name]) == common | expected


def test_a_market_order_never_carries_a_price() -> None:
    """With one, ccxt and the venue make an order by money of it (exchanges.md 4.4)."""
    assert "price" not in params(NAMES["market"])
    by_money = params(replace(NAMES["market"], qty_lots=0, quote_atoms=12_345_000_000))
    assert by_money["quoteOrderQty"] == "123.45"
    assert "quantity" not in by_money


def test_a_market_order_with_a_worst_price_is_a_limit_order_of_the_moment() -> None:
    made = params(replace(NAMES["market"], price_ticks=5_900_000))
    assert (made["type"], made["timeInForce"], made["price"]) == ("LIMIT", "IOC", "59000")
    with pytest.raises(UnsayableError):
        params(replace(NAMES["market"], qty_lots=0, quote_atoms=1, price_ticks=1))


def test_post_only_is_a_type_of_its_own_without_time_in_force() -> None:
    made = params(replace(NAMES["limit"], post_only=True))
    assert made["type"] == "LIMIT_MAKER"
    assert "timeInForce" not in made


@pytest.mark.parametrize(
    "change",
    [
        {"reduce_only": True}, {"close_position": True}, {"position_side": PositionSide.LONG},
        {"tif": TimeInForce.GTD, "expire_ns": 1}, {"trigger_by": TriggerBy.MARK},
        {"trigger_rises": True}, {"client_id": ""},
    ],
)  # fmt: skip
def test_what_spot_has_no_words_for_is_not_sent(change: dict[str, Any]) -> None:
    with pytest.raises(UnsayableError):
        spot_words.place(MARKET, replace(NAMES["limit"], **change), Urgency.TRADE)


requests = st.builds(
    OrderRequest,
    st.just("BTCUSDT"),
    st.sampled_from(Side),
    st.sampled_from(
        [OrderKind.MARKET, OrderKind.LIMIT, OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT,
         OrderKind.TAKE_PROFIT_MARKET, OrderKind.TAKE_PROFIT_LIMIT]
    ),
    qty_lots=st.integers(1, 10**8),
    price_ticks=st.integers(1, 10**8),
    client_id=st.just(ID),
    tif=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
    trigger_ticks=st.integers(1, 10**8),
)  # fmt: skip


@given(requests)
def test_the_venue_reads_what_we_asked_for(request: OrderRequest) -> None:
    """The simulated front is an independent reader of the same documents."""
    priced = request.kind in {OrderKind.LIMIT, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_LIMIT}
    waits = request.kind not in {OrderKind.MARKET, OrderKind.LIMIT}
    asked = replace(
        request,
        price_ticks=request.price_ticks if priced else 0,
        tif=request.tif if priced else TimeInForce.GTC,
        trigger_ticks=request.trigger_ticks if waits else 0,
    )
    call = TheirCall(Parameters(params(asked)), 1, DESK.exchange.listings)
    made, answer = order_request(DESK.front, call)
    call.given.finish()
    assert (made, answer) == (asked, "FULL")


DESK = TheirDesk(1_700_000_000_000_000_000)
ROW = {
    "symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": ID,
    "transactTime": 1507725176595, "price": "60000.00000000", "origQty": "0.01000000",
    "executedQty": "0.00400000", "status": "PARTIALLY_FILLED", "timeInForce": "GTC",
    "type": "LIMIT", "side": "BUY", "workingTime": 1507725176595, "newFieldOfTomorrow": [1],
    "fills": [{"price": "59999.99", "qty": "0.004", "commission": "0.00000401",
               "commissionAsset": "BNB", "tradeId": 56}],
}  # fmt: skip


def test_an_answer_is_a_report_and_its_fills() -> None:
    row = read(ROW, SpotOrder)
    at_ns = 1507725176595 * 1_000_000
    assert spot_words.report_of(MARKET, row, Source.REPLY) == OrderReport(
        "BTCUSDT", ID, 28, OrderStatus.PARTIALLY_FILLED, 400, at_ns, Source.REPLY,
        EndReason.NONE, 1_000, 6_000_000, 0,
    )  # fmt: skip
    assert spot_words.fills_of(MARKET, row, ID) == [
        Fill(56, 28, ID, 0, "BTCUSDT", Side.BUY, PositionSide.BOTH, 5_999_999, 400, False,
             "BNB", 401, 0, at_ns)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"status": "NEW"}, OrderStatus.NEW, EndReason.NONE),
        ({"status": "NEW", "type": "STOP_LOSS", "workingTime": -1}, OrderStatus.UNTRIGGERED,
         EndReason.NONE),
        ({"status": "NEW", "type": "STOP_LOSS_LIMIT", "workingTime": 0, "isWorking": False},
         OrderStatus.UNTRIGGERED, EndReason.NONE),
        ({"status": "NEW", "type": "STOP_LOSS_LIMIT", "isWorking": True}, OrderStatus.NEW,
         EndReason.NONE),
        ({"status": "PENDING_NEW"}, OrderStatus.PENDING, EndReason.NONE),
        ({"status": "CANCELED"}, OrderStatus.CANCELLED, EndReason.REQUESTED),
        ({"status": "REJECTED"}, OrderStatus.REJECTED, EndReason.NONE),
        ({"status": "EXPIRED", "timeInForce": "IOC"}, OrderStatus.EXPIRED,
         EndReason.IMMEDIATE_OR_CANCEL),
        ({"status": "EXPIRED", "timeInForce": "FOK"}, OrderStatus.EXPIRED,
         EndReason.FILL_OR_KILL),
        ({"status": "EXPIRED", "type": "MARKET"}, OrderStatus.EXPIRED, EndReason.NO_LIQUIDITY),
        ({"status": "EXPIRED", "orderListId": 5}, OrderStatus.EXPIRED, EndReason.LIST),
        ({"status": "EXPIRED_IN_MATCH"}, OrderStatus.EXPIRED, EndReason.SELF_TRADE),
    ],
)  # fmt: skip
def test_a_status_means(change: dict[str, Any], status: OrderStatus, reason: EndReason) -> None:
    report = spot_words.report_of(MARKET, read(ROW | change, SpotOrder), Source.QUERY)
    assert (report.status, report.reason) == (status, reason)


def test_the_answer_to_a_cancel_names_the_order_elsewhere() -> None:
    """`clientOrderId` is the cancel's own there (exchanges.md 4.8)."""
    row = read(ROW | {"origClientOrderId": ID, "clientOrderId": "cancel1"}, SpotOrder)
    assert spot_words.report_of(MARKET, row, Source.REPLY).client_id == ID


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "SOMETHING_NEW"}, {"orderId": None}, {"orderId": "28"}, {"executedQty": 1},
        {"executedQty": "0.0000001"}, {"price": "60000.001"}, {"side": None},
    ],
)  # fmt: skip
def test_a_row_of_another_shape_is_not_read(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - ShapeError and OffGridError alike
        spot_words.report_of(MARKET, read(ROW | broken, SpotOrder), Source.REPLY)
    with pytest.raises(ShapeError):
        read({name: value for name, value in ROW.items() if name != "orderId"}, SpotOrder)


def test_a_trade_of_the_account() -> None:
    row = {
        "symbol": "BTCUSDT", "id": 28457, "orderId": 100234, "orderListId": -1,
        "price": "4000.00", "qty": "12.00000000", "quoteQty": "48000",
        "commission": "10.10000000", "commissionAsset": "USDT", "time": 1499865549590,
        "isBuyer": False, "isMaker": True, "isBestMatch": True,
    }  # fmt: skip
    assert spot_words.fill_of(MARKET, read(row, SpotTrade)) == Fill(
        28457, 100234, "", 0, "BTCUSDT", Side.SELL, PositionSide.BOTH, 400_000, 1_200_000, True,
        "USDT", 1_010_000_000, 0, 1499865549590_000_000,
    )  # fmt: skip


# Cancel and replace ---------------------------------------------------------------------------

CANCELLED = ROW | {
    "status": "CANCELED", "origClientOrderId": "old", "clientOrderId": "x", "fills": [],
}  # fmt: skip
REFUSED = {"code": -2010, "msg": "Stop price would trigger immediately."}
UNKNOWN = {"code": -2011, "msg": "Unknown order sent."}


def told(status: int, body: dict[str, Any]) -> list[Any]:
    """Return what a refused cancel-replace is told as, the way the wire hands it on."""
    error = read_spot(status, body, "")
    assert error is not None
    error.body = msgspec.json.encode(body).decode()
    return spot_pairs.told_failed(MARKET, error, "old", ID, 9)


def test_a_cancel_that_was_done_and_an_order_that_was_not_are_told_apart() -> None:
    """-2021: the position is without its stop (exchanges.md 4.7)."""
    old, new = told(409, {
        "code": -2021, "msg": "Order cancel-replace partially failed.",
        "data": {"cancelResult": "SUCCESS", "newOrderResult": "FAILURE",
                 "cancelResponse": CANCELLED, "newOrderResponse": REFUSED},
    })  # fmt: skip
    assert (old.client_id, old.status) == ("old", OrderStatus.CANCELLED)
    assert new == Rejection("BTCUSDT", ID, Action.SUBMIT, RejectReason.WOULD_TRIGGER, "-2010", 9)


def test_an_order_that_was_not_tried_after_a_cancel_that_failed_was_not_done() -> None:
    old, new = told(400, {
        "code": -2022, "msg": "Order cancel-replace failed.",
        "data": {"cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED",
                 "cancelResponse": UNKNOWN, "newOrderResponse": None},
    })  # fmt: skip
    assert old == Rejection("BTCUSDT", "old", Action.CANCEL, RejectReason.UNKNOWN_ORDER, "-2011", 9)
    assert new == Rejection("BTCUSDT", ID, Action.SUBMIT, RejectReason.NOT_DONE, "NOT_ATTEMPTED", 9)


def test_a_failed_cancel_beside_an_order_that_was_placed() -> None:
    """Of the mode that we do not ask for: read all the same."""
    old, new, *fills = told(409, {
        "code": -2021, "msg": "Order cancel-replace partially failed.",
        "data": {"cancelResult": "FAILURE", "newOrderResult": "SUCCESS",
                 "cancelResponse": UNKNOWN, "newOrderResponse": ROW},
    })  # fmt: skip
    assert isinstance(old, Rejection)
    assert (new.client_id, new.order_id) == (ID, 28)
    assert [one.trade_id for one in fills] == [56]


@pytest.mark.parametrize("data", [None, {}, {"cancelResult": "SUCCESS", "newOrderResult": "MAYBE",
                                             "cancelResponse": CANCELLED}])  # fmt: skip
def test_halves_that_cannot_be_read_are_both_unclear(data: object) -> None:
    for one in told(409, {"code": -2021, "msg": "partially failed", "data": data}):
        assert isinstance(one, Unclear)


def test_a_filter_comes_before_either_half() -> None:
    old, new = told(400, {"code": -1013, "msg": "Filter failure: NOTIONAL"})
    assert isinstance(old, Rejection)
    assert isinstance(new, Rejection)
    assert (old.action, new.action) == (Action.CANCEL, Action.SUBMIT)
    assert new.reason is RejectReason.MIN_NOTIONAL


def test_a_doubt_is_a_doubt_about_both() -> None:
    error = CallError(Verdict.UNCLEAR, "no answer")
    for one in spot_pairs.told_failed(MARKET, error, "old", ID, 9):
        assert isinstance(one, Unclear)
    both = {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS"}
    with pytest.raises(ShapeError):
        spot_pairs.told_done(MARKET, both, "old", ID, 9)
