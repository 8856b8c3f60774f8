"""Our orders in Bybit's words, and back through what a Bybit reads out of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.bybit_desk import NAME, BybitDesk
from tests.unit.venues.clients.bybit.markets import LINEAR, SPOT, market_of

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import (
    AmendRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionStops,
    RejectReason,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.clients.bybit import requests, words
from ballast.venues.clients.calls import Pool, Urgency
from ballast.venues.simulated.fronts.bybit import forms

if TYPE_CHECKING:
    from ballast.venues.clients.bybit.words import Category

STOP_NAME = client_id(Purpose.STOP, account="a", strategy="s", symbol="B", decision=1)
ENTRY_NAME = client_id(Purpose.ENTRY, account="a", strategy="s", symbol="B", decision=1)
SIMULATED = BybitDesk()
LIMIT = OrderRequest(NAME, Side.BUY, OrderKind.LIMIT, 15, 600_000, ENTRY_NAME)
MARKET = OrderRequest(NAME, Side.SELL, OrderKind.MARKET, 15, 590_000, ENTRY_NAME)
STOP = OrderRequest(
    NAME, Side.SELL, OrderKind.STOP_MARKET, 15, client_id=STOP_NAME, trigger_ticks=580_000,
    reduce_only=True,
)  # fmt: skip


def said(request: OrderRequest, category: Category) -> dict[str, Any]:
    call = requests.create(request, market_of(category), category, Urgency.PROTECT)
    assert (call.method, call.pool, call.changes) == ("privatePostV5OrderCreate", Pool.ORDERS, True)
    assert call.urgency is Urgency.PROTECT
    head = {"category": category.name, "symbol": NAME, "orderLinkId": request.client_id}
    assert {name: call.params[name] for name in head} == head
    return {name: value for name, value in call.params.items() if name not in head}


LINEAR_ROWS = [
    (
        LIMIT,
        {"side": "Buy", "orderType": "Limit", "qty": "0.015", "price": "60000",
         "timeInForce": "GTC", "positionIdx": 0},
    ),
    (
        replace(LIMIT, post_only=True),
        {"side": "Buy", "orderType": "Limit", "qty": "0.015", "price": "60000",
         "timeInForce": "PostOnly", "positionIdx": 0},
    ),
    (
        replace(LIMIT, tif=TimeInForce.IOC, self_trade=SelfTrade.CANCEL_MAKER),
        {"side": "Buy", "orderType": "Limit", "qty": "0.015", "price": "60000",
         "timeInForce": "IOC", "positionIdx": 0, "smpType": "CancelMaker"},
    ),
    # A price of a market order is the worst one we would take: the venue has no word for it here.
    (MARKET, {"side": "Sell", "orderType": "Market", "qty": "0.015", "positionIdx": 0}),
    (
        replace(MARKET, reduce_only=True),
        {"side": "Sell", "orderType": "Market", "qty": "0.015", "positionIdx": 0,
         "reduceOnly": True},
    ),
    (
        replace(MARKET, qty_lots=0, close_position=True),
        {"side": "Sell", "orderType": "Market", "qty": "0", "positionIdx": 0,
         "reduceOnly": True, "closeOnTrigger": True},
    ),
    (
        STOP,
        {"side": "Sell", "orderType": "Market", "qty": "0.015", "positionIdx": 0,
         "reduceOnly": True, "triggerPrice": "58000", "triggerDirection": 2,
         "triggerBy": "LastPrice"},
    ),
    (
        replace(STOP, side=Side.BUY, trigger_by=TriggerBy.MARK),
        {"side": "Buy", "orderType": "Market", "qty": "0.015", "positionIdx": 0,
         "reduceOnly": True, "triggerPrice": "58000", "triggerDirection": 1,
         "triggerBy": "MarkPrice"},
    ),
    (
        replace(STOP, kind=OrderKind.TAKE_PROFIT_LIMIT, price_ticks=620_005),
        {"side": "Sell", "orderType": "Limit", "qty": "0.015", "price": "62000.5",
         "timeInForce": "GTC", "positionIdx": 0, "reduceOnly": True, "triggerPrice": "58000",
         "triggerDirection": 1, "triggerBy": "LastPrice"},
    ),
    (
        replace(LIMIT, stops=PositionStops(take_profit_ticks=610_000, stop_loss_ticks=590_000,
                                           stop_loss_by=TriggerBy.MARK)),
        {"side": "Buy", "orderType": "Limit", "qty": "0.015", "price": "60000",
         "timeInForce": "GTC", "positionIdx": 0, "tpslMode": "Full", "takeProfit": "61000",
         "tpTriggerBy": "LastPrice", "stopLoss": "59000", "slTriggerBy": "MarkPrice"},
    ),
]  # fmt: skip
SPOT_ROWS = [
    (
        replace(LIMIT, price_ticks=6_000_001),
        {"side": "Buy", "orderType": "Limit", "qty": "0.00015", "price": "60000.01",
         "timeInForce": "GTC"},
    ),
    (
        MARKET,
        {"side": "Sell", "orderType": "Market", "qty": "0.00015", "marketUnit": "baseCoin"},
    ),
    (
        replace(MARKET, side=Side.BUY, qty_lots=0, quote_atoms=1_234_000_000),
        {"side": "Buy", "orderType": "Market", "qty": "12.34", "marketUnit": "quoteCoin"},
    ),
    # Reduce-only has no meaning on spot, and the trigger's direction is not said.
    (
        STOP,
        {"side": "Sell", "orderType": "Market", "qty": "0.00015", "marketUnit": "baseCoin",
         "orderFilter": "tpslOrder", "triggerPrice": "5800"},
    ),
    (
        replace(STOP, kind=OrderKind.STOP_LIMIT, price_ticks=570_000),
        {"side": "Sell", "orderType": "Limit", "qty": "0.00015", "price": "5700",
         "timeInForce": "GTC", "orderFilter": "tpslOrder", "triggerPrice": "5800"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "expected"), LINEAR_ROWS)
def test_an_order_of_a_perpetual_in_words(request_: OrderRequest, expected: dict[str, Any]) -> None:
    assert said(request_, LINEAR) == expected


@pytest.mark.parametrize(("request_", "expected"), SPOT_ROWS)
def test_an_order_of_spot_in_words(request_: OrderRequest, expected: dict[str, Any]) -> None:
    assert said(request_, SPOT) == expected


@pytest.mark.parametrize(
    ("shape", "category"),
    [
        *[
            (shape, category)
            for category in (SPOT, LINEAR)
            for shape in (
                {"kind": OrderKind.TRAILING_STOP, "trail_ppm": 10_000},
                {"tif": TimeInForce.GTD},
                {"display_lots": 1},
                {"kind": OrderKind.MARKET, "post_only": True},
                {"quote_atoms": 1},
                {"stops": PositionStops(trail_ticks=5)},
            )
        ],
        ({"stops": PositionStops(stop_loss_ticks=5), "reduce_only": True}, LINEAR),
        ({"kind": OrderKind.MARKET, "quote_atoms": 1}, LINEAR),
        ({"close_position": True}, SPOT),
        ({"stops": PositionStops(stop_loss_ticks=5)}, SPOT),
        ({"kind": OrderKind.STOP_MARKET, "trigger_by": TriggerBy.MARK}, SPOT),
    ],
)
def test_what_bybit_has_no_words_for_is_not_sent(shape: dict[str, Any], category: Category) -> None:
    assert requests.unfit(LIMIT, category) is None
    assert requests.unfit(replace(LIMIT, **shape), category) is RejectReason.NOT_SUPPORTED


@st.composite
def orders(draw: st.DrawFn, category: Category) -> OrderRequest:
    """Orders that a desk may be asked to send."""
    kind = draw(st.sampled_from(sorted(words.SENDABLE)))
    is_limit = kind is OrderKind.LIMIT
    waits = "stop" in kind or "take" in kind
    return OrderRequest(
        NAME,
        draw(st.sampled_from(Side)),
        kind,
        qty_lots=draw(st.integers(1, 10**7)),
        price_ticks=draw(st.integers(1, 10**7)) if kind in requests.PRICED else 0,
        client_id=ENTRY_NAME,
        tif=draw(st.sampled_from(sorted(words.TIFS))) if is_limit else TimeInForce.GTC,
        reduce_only=draw(st.booleans()) and not category.is_spot,
        trigger_ticks=draw(st.integers(1, 10**7)) if waits else 0,
        trigger_by=draw(st.sampled_from(TriggerBy))
        if waits and not category.is_spot
        else TriggerBy.LAST,
        self_trade=draw(st.sampled_from([SelfTrade.NONE, SelfTrade.CANCEL_TAKER])),
    )


def read_back(request: OrderRequest, category: Category) -> OrderRequest:
    """Return what the simulated venue, which was written without this code, understands."""
    call = requests.create(request, market_of(category), category, Urgency.TRADE)
    asked = SIMULATED.front.call_of(dict(call.params), SIMULATED.key)
    return forms.new_order(SIMULATED.front.words, asked).order


@given(st.data())
def test_what_is_sent_of_a_perpetual_is_what_the_venue_reads(data: st.DataObject) -> None:
    request = data.draw(orders(LINEAR))
    got = read_back(request, LINEAR)
    kind = OrderKind.STOP_LIMIT if request.price_ticks else OrderKind.STOP_MARKET
    waits = bool(request.trigger_ticks)
    assert got == replace(
        request,
        symbol=got.symbol,
        kind=kind if waits else request.kind,  # take-profits are stops that wait for the other side
        trigger_rises=requests.rises(request) if waits else None,
    )


@given(st.data())
def test_what_is_sent_of_spot_is_what_the_venue_reads(data: st.DataObject) -> None:
    request = data.draw(orders(SPOT))
    got = read_back(request, SPOT)
    waits = bool(request.trigger_ticks)
    kind = OrderKind.STOP_LIMIT if request.price_ticks else OrderKind.STOP_MARKET
    last = SIMULATED.exchange.last_ticks(got.symbol)
    assert got == replace(
        request,
        symbol=got.symbol,
        kind=kind if waits else request.kind,
        trigger_rises=request.trigger_ticks > last if waits else None,
    )


def test_an_amend_names_the_order_by_our_id_and_says_only_what_changes() -> None:
    """R-STOP-32: one request, in place."""
    asked = AmendRequest(OrderRef(NAME, 7, STOP_NAME), trigger_ticks=585_000)
    call = requests.amend(asked, market_of(LINEAR), LINEAR, Urgency.PROTECT)
    assert call.method == "privatePostV5OrderAmend"
    assert call.params == {
        "category": "linear", "symbol": NAME, "orderLinkId": STOP_NAME, "triggerPrice": "58500",
    }  # fmt: skip
    asked = AmendRequest(OrderRef(NAME, 0, ENTRY_NAME), qty_lots=20, price_ticks=600_000)
    call = requests.amend(asked, market_of(LINEAR), LINEAR, Urgency.TRADE)
    assert (call.params["qty"], call.params["price"]) == ("0.02", "60000")
    assert "triggerPrice" not in call.params
    asked_back = SIMULATED.front.call_of(dict(call.params), SIMULATED.key)
    read = forms.amendment(asked_back, asked_back.listing())
    assert (read.qty_lots, read.price_ticks, read.ref.client_id) == (20, 600_000, ENTRY_NAME)


def test_a_cancel_of_spot_is_tried_where_the_order_should_be_and_then_elsewhere() -> None:
    def filters(name: str, category: Category) -> list[Any]:
        calls = requests.cancels(name, market_of(category), category, Urgency.PROTECT)
        assert {one.params["orderLinkId"] for one in calls} == {name}
        return [one.params.get("orderFilter") for one in calls]

    assert filters(STOP_NAME, SPOT) == ["tpslOrder", "Order"]
    assert filters(ENTRY_NAME, SPOT) == ["Order", "tpslOrder"]
    assert filters(STOP_NAME, LINEAR) == [None]


def test_a_number_is_never_written_with_an_exponent_or_off_the_grid() -> None:
    tiny = replace(market_of(SPOT), tick=Decimal("0.0000000001"), lot=Decimal(100_000))
    call = requests.create(replace(LIMIT, price_ticks=3, qty_lots=10), tiny, SPOT, Urgency.TRADE)
    assert (call.params["price"], call.params["qty"]) == ("0.0000000003", "1000000")
