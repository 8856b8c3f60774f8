"""The life of an order on Bybit: what is taken, what is refused with which code (R-OMS, R-EXCH)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.bybit_desk import LINEAR, NAME, SECOND_NS, SPOT, BybitDesk

from ballast.core.orders import OrderRequest
from ballast.venues.simulated.engine.events import Trading

BUY = {"side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "50000"}
CANCEL, AMEND = "/v5/order/cancel", "/v5/order/amend"
PLACE = {"linear": {"category": "linear", "symbol": NAME}, "spot": {"category": "spot",
                                                                   "symbol": NAME}}  # fmt: skip


@pytest.fixture
def desk() -> BybitDesk:
    desk = BybitDesk(path=[(0, 600_000), (60 * SECOND_NS, 550_000), (120 * SECOND_NS, 600_000)])
    desk.at(1)
    return desk


def codes(answers: list[Any]) -> list[int]:
    return [int(one["retCode"]) for one in answers]


@pytest.mark.parametrize("category", ["linear", "spot"])
def test_an_answer_holds_the_ids_only_and_the_order_is_asked_for(
    desk: BybitDesk, category: str
) -> None:
    answer = desk.order(category, **BUY, orderLinkId="one")["result"]
    assert set(answer) == {"orderId", "orderLinkId"}
    found = desk.status("one", category)
    assert found["orderId"] == answer["orderId"]
    assert (found["orderStatus"], found["leavesQty"], found["cumExecQty"]) == ("New", "0.01", "0")
    asked = {**PLACE[category], "orderId": answer["orderId"]}
    assert desk.get("/v5/order/realtime", **asked)["result"]["list"] == [found]
    assert desk.post(CANCEL, **asked)["result"] == answer
    assert desk.status("one", category)["orderStatus"] == "Cancelled"
    assert desk.status("one", category)["cancelType"] == "CancelByUser"
    assert desk.get("/v5/order/realtime", **PLACE[category])["result"]["list"] == []
    closed = desk.get("/v5/order/realtime", **PLACE[category], openOnly=1)["result"]["list"]
    assert closed == desk.get("/v5/order/history", **PLACE[category])["result"]["list"]
    assert [one["orderLinkId"] for one in closed] == ["one"]


def test_an_order_of_one_category_is_unknown_in_the_other(desk: BybitDesk) -> None:
    spot = desk.order("spot", **BUY, orderLinkId="spot")["result"]["orderId"]
    linear = desk.order(**BUY, orderLinkId="linear")["result"]["orderId"]
    assert spot.isdecimal()
    assert len(linear) == 36
    assert desk.post(CANCEL, **PLACE["linear"], orderId=spot)["retCode"] == 110001
    assert desk.post(CANCEL, **PLACE["spot"], orderId=linear)["retCode"] == 170213
    assert desk.post(CANCEL, **PLACE["spot"], orderLinkId="linear")["retCode"] == 170213


#        category  changes                                                code
REFUSED: list[tuple[str, dict[str, Any], int]] = [
    ("linear", {"qty": "0.0005"}, 10001),
    ("linear", {"qty": "5000"}, 10001),
    ("linear", {"qty": "0.001", "price": "1000"}, 110094),
    ("linear", {"price": "2000000"}, 110003),
    ("linear", {"qty": "34", "price": "59000"}, 110007),
    ("linear", {"reduceOnly": True}, 110017),
    ("linear", {"qty": "0", "reduceOnly": True, "closeOnTrigger": True}, 110017),
    ("linear", {"triggerPrice": "59000"}, 10001),  # in which direction?
    ("linear", {"triggerPrice": "59000", "triggerDirection": 1}, 110092),
    ("linear", {"triggerPrice": "61000", "triggerDirection": 2}, 110093),
    ("linear", {"takeProfit": "49000"}, 10001),
    ("linear", {"stopLoss": "51000"}, 10001),
    ("linear", {"stopLoss": "49000", "reduceOnly": True}, 110057),
    ("spot", {"qty": "0.000001"}, 170137),
    ("spot", {"qty": "5000"}, 170135),
    ("spot", {"qty": "0"}, 170136),
    ("spot", {"qty": "0.00001"}, 170140),
    ("spot", {"price": "50000.001"}, 170134),
    ("spot", {"price": "2000000"}, 170132),
    ("spot", {"qty": "100"}, 170131),
    ("spot", {"side": "buy"}, 170117),
    ("spot", {"orderType": "Stop"}, 170116),
    ("spot", {"timeInForce": "GTX"}, 170115),
    ("spot", {"isLeverage": 1}, 170037),
    ("spot", {"triggerPrice": "61000"}, 10001),  # without saying what kind it is
    ("spot", {"orderFilter": "tpslOrder"}, 10001),
]


@pytest.mark.parametrize(("category", "changes", "told"), REFUSED)
def test_what_cannot_be_is_refused_with_the_code_of_its_category(
    desk: BybitDesk, category: str, changes: dict[str, Any], told: int
) -> None:
    answer = desk.order(category, **{**BUY, **changes})
    assert answer["retCode"] == told, answer
    assert not desk.exchange.open_orders(desk.account)


@pytest.mark.parametrize(("category", "told"), [("linear", 110072), ("spot", 170141)])
def test_a_link_id_is_never_used_twice_not_even_after_the_order_ended(
    desk: BybitDesk, category: str, told: int
) -> None:
    """On other venues a blind re-send of a filled order buys twice; here it does not."""
    market = {"side": "Buy", "orderType": "Market", "qty": "0.01", "marketUnit": "baseCoin"}
    answers = [desk.order(category, **market, orderLinkId="twice") for _ in range(2)]
    assert codes(answers) == [0, told]
    assert desk.status("twice", category)["cumExecQty"] == "0.01"
    other = "spot" if category == "linear" else "linear"
    assert desk.order(other, **BUY, orderLinkId="twice")["retCode"] == 0


def test_a_halted_pair_takes_nothing(desk: BybitDesk) -> None:
    for symbol in (SPOT, LINEAR):
        desk.exchange.set_trading(symbol, Trading.HALTED)
    assert desk.order(**BUY)["retCode"] == 110066
    assert desk.order("spot", **BUY)["retCode"] == 170151


# What trades ---------------------------------------------------------------------------------


@pytest.mark.parametrize("category", ["linear", "spot"])
def test_orders_that_may_not_rest_are_taken_and_end_with_a_reason(
    desk: BybitDesk, category: str
) -> None:
    ask = {"linear": "60000.1", "spot": "60000.01"}[category]
    shape = {"side": "Buy", "orderType": "Limit", "price": ask, "qty": "1.2"}
    told = [
        desk.order(category, **shape, timeInForce=tif, orderLinkId=tif)
        for tif in ("FOK", "PostOnly", "IOC")
    ]
    assert codes(told) == [0, 0, 0]
    ended = "PartiallyFilledCanceled" if category == "spot" else "Cancelled"
    found = {tif: desk.status(tif, category) for tif in ("FOK", "PostOnly", "IOC")}
    assert {
        tif: (one["orderStatus"], one["cumExecQty"], one["rejectReason"])
        for tif, one in found.items()
    } == {
        "FOK": ("Cancelled", "0", "EC_CancelForNoFullFill"),
        "PostOnly": ("Cancelled", "0", "EC_PostOnlyWillTakeLiquidity"),
        "IOC": (ended, "1", "EC_NoImmediateQtyToFill"),
    }
    assert found["PostOnly"]["timeInForce"] == "PostOnly"


def test_a_market_buy_of_spot_is_sized_in_quote_unless_it_says_otherwise(desk: BybitDesk) -> None:
    market = {"side": "Buy", "orderType": "Market"}
    assert desk.order("spot", **market, qty="600.0001", orderLinkId="quote")["retCode"] == 0
    one = desk.status("quote", "spot")
    assert (one["qty"], one["cumExecQty"], one["orderStatus"]) == ("600.0001", "0.01", "Filled")
    base = {**market, "qty": "0.02", "marketUnit": "baseCoin", "orderLinkId": "base"}
    assert desk.order("spot", **base)["retCode"] == 0
    assert desk.status("base", "spot")["cumExecQty"] == "0.02"
    fees = desk.status("base", "spot")["cumFeeDetail"]
    assert fees == {"BTC": "0.00002"}
    sold = {"side": "Sell", "orderType": "Market", "qty": "0.02", "orderLinkId": "sold"}
    assert desk.order("spot", **sold)["retCode"] == 0
    assert desk.status("sold", "spot")["cumFeeDetail"] == {"USDT": "1.1999998"}
    assert desk.order("spot", **market, qty="0.00000001")["retCode"] == 170148
    rows = desk.get("/v5/execution/list", **PLACE["spot"])["result"]["list"]
    assert [one["execFee"] for one in rows] == ["1.1999998", "0.00002", "0.00001"]
    assert [one["isMaker"] for one in rows] == [False] * 3


def test_a_conditional_order_waits_triggers_and_says_so(desk: BybitDesk) -> None:
    stop = {"side": "Sell", "orderType": "Market", "qty": "0.1", "triggerPrice": "56000",
            "triggerDirection": 2, "orderLinkId": "stop"}  # fmt: skip
    stream = desk.private("order")
    assert desk.order(**stop)["retCode"] == 0
    waiting = desk.status("stop")
    assert (waiting["orderStatus"], waiting["stopOrderType"]) == ("Untriggered", "Stop")
    assert (waiting["triggerPrice"], waiting["triggerDirection"]) == ("56000.0", 2)
    desk.at(61)
    said = [one["data"][0]["orderStatus"] for one in desk.heard(stream)]
    assert said == ["Untriggered", "Triggered", "Filled"]
    assert desk.status("stop")["avgPrice"] == "54999.9"


def test_a_conditional_order_that_is_cancelled_before_is_deactivated(desk: BybitDesk) -> None:
    stop = {"side": "Sell", "orderType": "Limit", "qty": "0.1", "price": "55900",
            "triggerPrice": "56000"}  # fmt: skip
    linear = {**stop, "triggerDirection": 2, "orderLinkId": "linear", "triggerBy": "MarkPrice"}
    assert desk.order(**linear)["retCode"] == 0
    spot = {**stop, "orderFilter": "StopOrder", "orderLinkId": "spot"}
    assert desk.order("spot", **spot)["retCode"] == 0
    assert desk.status("linear")["triggerBy"] == "MarkPrice"
    # Of spot, a cancel means an active order unless it says otherwise.
    assert desk.post(CANCEL, **PLACE["spot"], orderLinkId="spot")["retCode"] == 170213
    assert desk.post("/v5/order/cancel-all", **PLACE["spot"])["result"]["list"] == []
    only = {"orderFilter": "StopOrder"}
    assert desk.post(CANCEL, **PLACE["spot"], orderLinkId="spot", **only)["retCode"] == 0
    assert desk.post(CANCEL, **PLACE["linear"], orderLinkId="linear")["retCode"] == 0
    assert {desk.status(one, one)["orderStatus"] for one in ("spot", "linear")} == {"Deactivated"}


def test_legs_of_a_spot_entry_appear_when_it_has_traded(desk: BybitDesk) -> None:
    entry = {"side": "Buy", "orderType": "Limit", "qty": "0.1", "price": "60000.01",
             "takeProfit": "65000", "stopLoss": "58000", "slOrderType": "Limit",
             "slLimitPrice": "57900", "orderLinkId": "entry"}  # fmt: skip
    assert desk.order("spot", **{**entry, "price": "59000", "orderLinkId": "waits"})["retCode"] == 0
    shown = desk.get("/v5/order/realtime", **PLACE["spot"])["result"]["list"]
    assert [one["orderLinkId"] for one in shown] == ["waits"]
    assert desk.order("spot", **entry)["retCode"] == 0
    shown = desk.get("/v5/order/realtime", **PLACE["spot"])["result"]["list"]
    legs = [one for one in shown if one["stopOrderType"] == "tpslOrder"]
    assert [(one["triggerPrice"], one["price"], one["qty"]) for one in legs] == [
        ("58000.00", "57900.00", "0.0999"),  # what the fee left
        ("65000.00", "0", "0.0999"),
    ]
    market = {**entry, "orderType": "Market", "orderLinkId": "market"}
    assert desk.order("spot", **market)["retCode"] == 170130


# Changing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("category", "gone"), [("linear", 110001), ("spot", 170213)])
def test_an_order_is_amended_in_place(desk: BybitDesk, category: str, gone: int) -> None:
    ref = {**PLACE[category], "orderLinkId": "one"}
    assert desk.post(AMEND, **ref, qty="0.02")["retCode"] == gone
    number = desk.order(category, **BUY, orderLinkId="one")["result"]["orderId"]
    assert desk.post(AMEND, **ref, qty="0.02", price="51000")["result"]["orderId"] == number
    found = desk.status("one", category)
    assert (found["qty"], float(found["price"]), found["orderId"]) == ("0.02", 51_000.0, number)
    assert desk.post(AMEND, **ref, qty="0.02")["retCode"] == 10001
    assert desk.post(AMEND, **ref, price="51000.0003")["retCode"] in {10001, 170134}
    # A price beyond the touch trades at once.
    assert desk.post(AMEND, **ref, price="60001")["retCode"] == 0
    assert desk.status("one", category)["orderStatus"] == "Filled"
    assert desk.post(AMEND, **ref, qty="0.03")["retCode"] in {110001, 170139}
    assert desk.post(AMEND, **PLACE[category], qty="0.03")["retCode"] == 10001


def test_the_stops_of_an_entry_are_amended_without_its_place(desk: BybitDesk) -> None:
    desk.order(**BUY, takeProfit="61000", orderLinkId="one")
    desk.order(**BUY, orderLinkId="behind")
    ref = {**PLACE["linear"], "orderLinkId": "one"}
    before = desk.exchange.lots_ahead(LINEAR, desk.exchange.open_orders(desk.account)[0].order_id)
    assert desk.post(AMEND, **ref, takeProfit="62000", stopLoss="49000")["retCode"] == 0
    found = desk.status("one")
    assert (found["takeProfit"], found["stopLoss"]) == ("62000.0", "49000.0")
    order = desk.exchange.open_orders(desk.account)[0]
    assert isinstance(order.request, OrderRequest)
    assert desk.exchange.lots_ahead(LINEAR, order.order_id) == before == 0


def test_the_legs_of_a_spot_entry_are_not_amended_through_it(desk: BybitDesk) -> None:
    desk.order("spot", **BUY, takeProfit="61000", orderLinkId="one")
    ref = {**PLACE["spot"], "orderLinkId": "one"}
    assert desk.post(AMEND, **ref, takeProfit="62000")["retCode"] == 170210
    assert desk.status("one", "spot")["orderStatus"] == "New"


def test_a_batch_answers_each_order_for_itself(desk: BybitDesk) -> None:
    shape = {"symbol": NAME, **BUY}
    asked = [
        {**shape, "orderLinkId": "a"},
        {**shape, "orderLinkId": "b", "qty": "0.0001"},
        {**shape, "orderLinkId": "c"},
        "no order",
    ]
    answer = desk.post("/v5/order/create-batch", category="linear", request=asked)
    assert answer["retCode"] == 0
    told = [one["code"] for one in answer["retExtInfo"]["list"]]
    assert told == [0, 10001, 0, 10001]
    assert [bool(one["orderId"]) for one in answer["result"]["list"]] == [True, False, True, False]
    changes = [{"symbol": NAME, "orderLinkId": own, "qty": "0.02"} for own in ("a", "b")]
    amended = desk.post("/v5/order/amend-batch", category="linear", request=changes)
    assert [one["code"] for one in amended["retExtInfo"]["list"]] == [0, 110001]
    gone = [{"symbol": NAME, "orderLinkId": own} for own in ("a", "c", "c")]
    cancelled = desk.post("/v5/order/cancel-batch", category="linear", request=gone)
    assert [one["code"] for one in cancelled["retExtInfo"]["list"]] == [0, 0, 110001]
    for bad in ([], None, [shape] * 21, {}):
        answer = desk.post("/v5/order/create-batch", category="linear", request=bad)
        assert answer["retCode"] == 10001


def test_derivatives_are_asked_for_by_symbol_or_coin(desk: BybitDesk) -> None:
    desk.order(**BUY)
    for path in ("/v5/order/realtime", "/v5/position/list"):
        assert desk.get(path, category="linear")["retCode"] == 10001
        assert desk.get(path, category="linear", settleCoin="USDT")["retCode"] == 0
    assert desk.post("/v5/order/cancel-all", category="linear")["retCode"] == 10001
    answer = desk.post("/v5/order/cancel-all", category="linear", settleCoin="USDT")["result"]
    assert (len(answer["list"]), answer["success"]) == (1, "1")
    assert desk.get("/v5/order/realtime", category="spot")["retCode"] == 0
