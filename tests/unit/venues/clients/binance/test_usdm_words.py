"""USD-M's words: requests as the venue reads them, rows as we read them (exchanges.md 3.3, 4.5)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.usdm_desk import UsdmDesk as TheirDesk

from ballast.core.instrument import Kind
from ballast.core.orders import (
    CONDITIONAL,
    EndReason,
    Fill,
    OrderKind,
    OrderRequest,
    OrderStatus,
    PositionSide,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.core.reports import OrderReport, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.binance import usdm_words as words
from ballast.venues.clients.binance.rows import ShapeError, UnsayableError, read
from ballast.venues.clients.binance.usdm_rows import AlgoOrder, UsdmOrder, UsdmTrade
from ballast.venues.clients.calls import Pool, Urgency
from ballast.venues.clients.market import Market
from ballast.venues.simulated.fronts.binance.call import Call as TheirCall
from ballast.venues.simulated.fronts.binance.usdm_forms import new_algo, new_order
from ballast.venues.simulated.fronts.parameters import Parameters

MARKET = Market(
    "BTCUSDT", "BTCUSDT", "BTC", "USDT", Kind.PERPETUAL, tick=Decimal("0.1"), lot=Decimal("0.001")
)
ENTRY, STOP = "ble234567abcdefgh2", "bls234567abcdefgh2"
LIMIT = OrderRequest("BTCUSDT", Side.BUY, OrderKind.LIMIT, 10, 600_000, ENTRY)
GUARD = OrderRequest(
    "BTCUSDT", Side.SELL, OrderKind.STOP_MARKET, 10, 0, STOP, reduce_only=True,
    trigger_ticks=550_000, trigger_by=TriggerBy.MARK,
)  # fmt: skip


def sent(request: OrderRequest) -> tuple[str, dict[str, Any]]:
    call = words.place(MARKET, request, Urgency.TRADE)
    assert (call.pool, call.changes) == (Pool.ORDERS, True)
    assert not isinstance(call.params, tuple)
    return call.method, dict(call.params)


def test_a_plain_order_goes_to_the_order_end_point() -> None:
    assert sent(LIMIT) == (
        "fapiPrivatePostOrder",
        {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01",
         "price": "60000", "timeInForce": "GTC", "newClientOrderId": ENTRY,
         "newOrderRespType": "RESULT"},
    )  # fmt: skip


def test_a_stop_goes_to_the_algo_service_under_its_own_name_for_our_id() -> None:
    assert sent(GUARD) == (
        "fapiPrivatePostAlgoOrder",
        {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "algoType": "CONDITIONAL",
         "quantity": "0.01", "reduceOnly": "true", "clientAlgoId": STOP,
         "workingType": "MARK_PRICE", "triggerPrice": "55000"},
    )  # fmt: skip


def test_what_closes_a_position_has_neither_quantity_nor_reduce_only() -> None:
    _, params = sent(replace(GUARD, close_position=True, qty_lots=0))
    assert params["closePosition"] == "true"
    assert not {"quantity", "reduceOnly"} & params.keys()


def test_in_hedge_mode_the_side_of_the_position_says_what_reduces() -> None:
    _, params = sent(replace(GUARD, position_side=PositionSide.LONG))
    assert params["positionSide"] == "LONG"
    assert "reduceOnly" not in params  # the venue refuses it there (-1106)
    with pytest.raises(UnsayableError):
        sent(replace(GUARD, position_side=PositionSide.SHORT))


def test_post_only_is_a_time_in_force_and_a_market_order_has_no_price() -> None:
    assert sent(replace(LIMIT, post_only=True))[1]["timeInForce"] == "GTX"
    market = replace(LIMIT, kind=OrderKind.MARKET, price_ticks=0)
    assert not {"price", "timeInForce"} & sent(market)[1].keys()
    _, worst = sent(replace(market, price_ticks=610_000))
    assert (worst["type"], worst["timeInForce"], worst["price"]) == ("LIMIT", "IOC", "61000")


@pytest.mark.parametrize(
    "change",
    [
        {"quote_atoms": 1}, {"display_lots": 1}, {"trigger_by": TriggerBy.INDEX},
        {"trigger_rises": True}, {"client_id": ""}, {"trail_ticks": 1},
        {"post_only": True, "tif": TimeInForce.IOC}, {"post_only": True, "kind": OrderKind.MARKET},
    ],
)  # fmt: skip
def test_what_there_are_no_words_for_is_not_sent(change: dict[str, Any]) -> None:
    with pytest.raises(UnsayableError):
        sent(replace(LIMIT, **change))


THEIR = TheirDesk(1_700_000_000_000_000_000)
requests = st.builds(
    OrderRequest,
    st.just("BTCUSDT"),
    st.sampled_from(Side),
    st.sampled_from(list(OrderKind)),
    qty_lots=st.integers(1, 10**6),
    price_ticks=st.integers(1, 10**8),
    client_id=st.sampled_from([ENTRY, STOP]),
    tif=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
    reduce_only=st.booleans(),
    trigger_ticks=st.integers(1, 10**8),
    trigger_by=st.sampled_from([TriggerBy.LAST, TriggerBy.MARK]),
    trail_ppm=st.integers(10, 1_000).map(lambda bips: bips * 100),
)


@given(requests)
def test_the_venue_reads_what_we_asked_for(request: OrderRequest) -> None:
    """The simulated front is an independent reader of the same documents."""
    priced, waits = request.kind in words.PRICED, request.kind in CONDITIONAL
    trails = request.kind is OrderKind.TRAILING_STOP
    asked = replace(
        request,
        price_ticks=request.price_ticks if priced else 0,
        tif=request.tif if priced else TimeInForce.GTC,
        trigger_ticks=request.trigger_ticks if waits and not trails else 0,
        trigger_by=request.trigger_by if waits else TriggerBy.LAST,
        trail_ppm=request.trail_ppm if trails else 0,
    )
    method, params = sent(asked)
    call = TheirCall(Parameters(params), 1, THEIR.exchange.listings, THEIR.key)
    reader = new_algo if method.endswith("AlgoOrder") else new_order
    made, _ = reader(THEIR.front, call)
    call.given.finish()
    if trails:  # the venue starts a trail from the book, where none is said
        made = replace(made, activation_ticks=0)
    assert made == asked


ROW = {
    "orderId": 283194212, "symbol": "BTCUSDT", "status": "PARTIALLY_FILLED",
    "clientOrderId": ENTRY, "price": "60000.0", "avgPrice": "60000.00", "origQty": "0.010",
    "executedQty": "0.004", "cumQty": "0.004", "cumQuote": "240", "timeInForce": "GTC",
    "type": "LIMIT", "reduceOnly": False, "closePosition": False, "side": "BUY",
    "positionSide": "BOTH", "stopPrice": "0", "workingType": "CONTRACT_PRICE",
    "origType": "LIMIT", "updateTime": 1566818724722, "somethingNew": None,
}  # fmt: skip
ALGO = {
    "algoId": 2146760, "clientAlgoId": STOP, "algoType": "CONDITIONAL",
    "orderType": "STOP_MARKET", "symbol": "BTCUSDT", "side": "SELL", "positionSide": "BOTH",
    "timeInForce": "GTC", "quantity": "0.010", "algoStatus": "NEW", "actualOrderId": "",
    "actualPrice": "0.00000", "triggerPrice": "55000.0", "price": "0.0", "createTime": 1,
    "updateTime": 1750485492076,
}  # fmt: skip
AT_NS = 1566818724722 * 1_000_000


def test_an_order_has_its_own_number_and_a_conditional_one_that_of_its_name() -> None:
    """One order of ours is two at the venue; the book of record knows one number for it."""
    assert words.report_of(MARKET, read(ROW, UsdmOrder), Source.QUERY) == OrderReport(
        "BTCUSDT", ENTRY, 283194212, OrderStatus.PARTIALLY_FILLED, 4, AT_NS, Source.QUERY,
        EndReason.NONE, 10, 600_000, 0,
    )  # fmt: skip
    waiting = words.algo_report(MARKET, read(ALGO, AlgoOrder), Source.QUERY)
    child = read(ROW | {"clientOrderId": STOP, "type": "MARKET", "status": "FILLED",
                        "executedQty": "0.010"}, UsdmOrder)  # fmt: skip
    filled = words.report_of(MARKET, child, Source.QUERY)
    assert waiting.order_id == filled.order_id == number_of(STOP)
    assert (waiting.status, waiting.trigger_ticks) == (OrderStatus.UNTRIGGERED, 550_000)
    named = read(ROW | {"clientOrderId": "venue-made"}, UsdmOrder)
    assert words.report_of(MARKET, named, Source.QUERY, STOP).order_id == number_of(STOP)


@pytest.mark.parametrize(
    ("word", "filled", "status"),
    [
        ("NEW", "", OrderStatus.UNTRIGGERED), ("TRIGGERING", "", OrderStatus.NEW),
        ("TRIGGERED", "0", OrderStatus.NEW), ("TRIGGERED", "0.001", OrderStatus.PARTIALLY_FILLED),
        ("CANCELED", "", OrderStatus.CANCELLED), ("EXPIRED", "", OrderStatus.EXPIRED),
        ("REJECTED", "", OrderStatus.REJECTED), ("FINISHED", "0.010", OrderStatus.FILLED),
    ],
)  # fmt: skip
def test_a_conditional_order_stands(word: str, filled: str, status: OrderStatus) -> None:
    row = read(ALGO | {"algoStatus": word, "actualQty": filled}, AlgoOrder)
    assert words.algo_report(MARKET, row, Source.QUERY).status is status


@pytest.mark.parametrize(("word", "filled"), [("FINISHED", "0.009"), ("FINISHED", ""), ("ODD", "")])
def test_how_a_child_ended_is_not_guessed(word: str, filled: str) -> None:
    row = read(ALGO | {"algoStatus": word, "actualQty": filled}, AlgoOrder)
    with pytest.raises(ShapeError):
        words.algo_report(MARKET, row, Source.QUERY)


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"status": "NEW"}, OrderStatus.NEW, EndReason.NONE),
        ({"status": "CANCELED"}, OrderStatus.CANCELLED, EndReason.REQUESTED),
        ({"status": "EXPIRED", "type": "MARKET"}, OrderStatus.EXPIRED, EndReason.NO_LIQUIDITY),
        ({"status": "EXPIRED", "timeInForce": "IOC"}, OrderStatus.EXPIRED,
         EndReason.IMMEDIATE_OR_CANCEL),
        ({"status": "EXPIRED", "timeInForce": "FOK"}, OrderStatus.EXPIRED,
         EndReason.FILL_OR_KILL),
        ({"status": "EXPIRED", "timeInForce": "GTX"}, OrderStatus.EXPIRED, EndReason.POST_ONLY),
        ({"status": "EXPIRED", "timeInForce": "GTD"}, OrderStatus.EXPIRED, EndReason.DEADLINE),
        ({"status": "EXPIRED_IN_MATCH"}, OrderStatus.EXPIRED, EndReason.SELF_TRADE),
        ({"status": "NEW_ADL"}, OrderStatus.NEW, EndReason.NONE),
    ],
)  # fmt: skip
def test_a_status_means(change: dict[str, Any], status: OrderStatus, reason: EndReason) -> None:
    report = words.report_of(MARKET, read(ROW | change, UsdmOrder), Source.QUERY)
    assert (report.status, report.reason) == (status, reason)


def test_a_trade_of_the_account() -> None:
    row = {
        "buyer": False, "commission": "0.01700000", "commissionAsset": "BNB", "id": 698759,
        "maker": False, "orderId": 25851813, "price": "7819.0", "qty": "0.002",
        "quoteQty": "15.638", "realizedPnl": "-0.91539999", "side": "SELL",
        "positionSide": "SHORT", "symbol": "BTCUSDT", "time": 1569514978020,
    }  # fmt: skip
    plain = words.fill_of(MARKET, read(row, UsdmTrade))
    assert plain == Fill(
        698759, 25851813, "", 0, "BTCUSDT", Side.SELL, PositionSide.SHORT, 78_190, 2, False,
        "BNB", 1_700_000, -91_539_999, 1569514978020_000_000,
    )  # fmt: skip
    mine = words.fill_of(MARKET, read(row, UsdmTrade), STOP, algo=True)
    assert mine == replace(plain, client_id=STOP, order_id=number_of(STOP))
    with pytest.raises(ShapeError):
        words.fill_of(MARKET, read(row | {"positionSide": "ODD"}, UsdmTrade))
