"""Orders on Binance USD-M: what is taken, what is refused with which code (R-EXCH-16, R-OMS)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.usdm_desk import HOST, NS_MS, SECOND_NS, SYMBOL, UsdmDesk

from ballast.venues.simulated.fronts.binance.usdm_words import ALGO_BASE
from ballast.venues.simulated.wire.messages import Request

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
STOP = {"quantity": "0.1", "triggerPrice": "55000"}
MINUTES_NS = 60 * SECOND_NS


@pytest.fixture
def desk() -> UsdmDesk:
    return UsdmDesk()


def by_own(desk: UsdmDesk, own: str) -> dict[str, Any]:
    return dict(desk.get(ORDER, symbol=SYMBOL, origClientOrderId=own))


def algo(desk: UsdmDesk, own: str) -> dict[str, Any]:
    return dict(desk.get(ALGO, clientAlgoId=own))


def ids(rows: list[dict[str, Any]], name: str = "clientOrderId") -> list[str]:
    return [one[name] for one in rows]


# Plain orders --------------------------------------------------------------------------------


def test_an_order_rests_is_amended_behind_others_and_cancelled(desk: UsdmDesk) -> None:
    made = desk.limit("BUY", "0.01", "59999.9", "mine")
    assert (made["status"], made["type"], made["timeInForce"]) == ("NEW", "LIMIT", "GTC")
    ahead = desk.exchange.lots_ahead(SYMBOL, made["orderId"])
    desk.limit("BUY", "0.01", "59999.9", "later")
    asked = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.005", "price": "59999.9"}
    amended = desk.put(ORDER, **asked, origClientOrderId="mine")
    assert (amended["orderId"], amended["origQty"]) == (made["orderId"], "0.005")
    # Even a smaller quantity goes to the end of the queue here.
    assert desk.exchange.lots_ahead(SYMBOL, made["orderId"]) > ahead
    assert desk.put(ORDER, **asked, origClientOrderId="mine")["code"] == -5027
    assert desk.put(ORDER, **asked, origClientOrderId="nobody")["code"] == -2013
    gone = desk.delete(ORDER, symbol=SYMBOL, orderId=made["orderId"])
    assert (gone["status"], gone["clientOrderId"]) == ("CANCELED", "mine")
    assert desk.delete(ORDER, symbol=SYMBOL, orderId=made["orderId"])["code"] == -2011
    assert ids(desk.get("/fapi/v1/openOrders", symbol=SYMBOL)) == ["later"]
    assert ids(desk.get("/fapi/v1/allOrders", symbol=SYMBOL)) == ["mine", "later"]


def test_an_ack_does_not_say_what_was_traded_and_a_result_does(desk: UsdmDesk) -> None:
    ack = desk.order("BUY", "MARKET", quantity="0.1", newOrderRespType="ACK")
    assert (ack["status"], ack["executedQty"]) == ("NEW", "0.000")
    result = desk.order("BUY", "MARKET", quantity="0.1")
    assert (result["status"], result["executedQty"], result["avgPrice"]) == (
        "FILLED", "0.100", "60000.10000",
    )  # fmt: skip


def test_an_amend_to_no_more_than_has_traded_cancels_and_so_does_a_gtx_that_would_take(
    desk: UsdmDesk,
) -> None:
    desk.limit("BUY", "1.2", "60000.1", "partly")
    asked = {"symbol": SYMBOL, "side": "BUY", "price": "60000.1", "origClientOrderId": "partly"}
    assert by_own(desk, "partly")["executedQty"] == "1.000"
    assert desk.put(ORDER, **asked, quantity="0.5")["status"] == "CANCELED"
    desk.limit("BUY", "0.1", "50000", "maker", timeInForce="GTX")
    asked |= {"origClientOrderId": "maker", "price": "61000"}
    assert desk.put(ORDER, **asked, quantity="0.1")["status"] == "CANCELED"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"price": "2000000"}, -4002),
        ({"price": "50000.05"}, -4014),
        ({"price": "0"}, -4001),
        ({"quantity": "0"}, -4003),
        ({"quantity": "0.0005"}, -1111),
        ({"quantity": "2000"}, -4005),
        ({"quantity": "1e-3"}, -1100),
        ({"quantity": "0.001", "price": "1000"}, -4164),
        ({"quantity": "100"}, -2019),
        ({"side": "UP"}, -1117),
        ({"type": "LIMIT_MAKER"}, -1116),
        ({"timeInForce": "DAY"}, -1115),
        ({"timeInForce": "GTD"}, -1102),
        ({"timeInForce": "GTD", "goodTillDate": "1700000100000"}, -5040),
        ({"timeInForce": "GTX", "price": "60001"}, -5022),
        ({"reduceOnly": "true"}, -2022),
        ({"positionSide": "LONG"}, -4061),
        ({"positionSide": "UP"}, -4060),
        ({"priceMatch": "BEST", "price": None}, -5037),
        ({"selfTradePreventionMode": "BOTH"}, -5039),
        ({"newClientOrderId": "a b"}, -4015),
        ({"stopPrice": "1"}, -1106),
        ({"takeProfitPrice": "1"}, -1104),
        ({"quantity": None}, -1102),
        ({"symbol": "ETHUSDT"}, -1121),
        ({"type": "STOP_MARKET"}, -4120),
        ({"type": "TRAILING_STOP_MARKET"}, -4120),
    ],
)
def test_a_plain_order_that_cannot_be_is_refused_with_the_code_of_the_venue(
    desk: UsdmDesk, values: dict[str, str | None], code: int
) -> None:
    whole = {
        "symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.1", "price": "50000", **values,
    }  # fmt: skip
    asked = {name: value for name, value in whole.items() if value is not None}
    answer = desk.signed("POST", ORDER, **asked)
    assert (answer.status, answer.json()["code"]) == (400, code), answer.json()
    assert desk.exchange.open_orders(desk.account) == []


def test_an_id_is_taken_again_once_its_order_is_closed(desk: UsdmDesk) -> None:
    desk.limit("BUY", "0.01", "50000", "one")
    assert desk.limit("BUY", "0.01", "50000", "one")["code"] == -4116
    desk.delete(ORDER, symbol=SYMBOL, origClientOrderId="one")
    assert desk.limit("BUY", "0.01", "50000", "one")["status"] == "NEW"


def test_times_in_force_do_what_they_say(desk: UsdmDesk) -> None:
    assert desk.limit("BUY", "1.5", "60000.1", timeInForce="FOK")["status"] == "EXPIRED"
    part = desk.limit("BUY", "1.5", "60000.1", timeInForce="IOC")
    assert (part["status"], part["executedQty"]) == ("EXPIRED", "1.000")
    until_ms = desk.now_ns // NS_MS + 700_000
    made = desk.limit("BUY", "0.01", "50000", "dated", timeInForce="GTD", goodTillDate=until_ms)
    assert (made["timeInForce"], made["goodTillDate"]) == ("GTD", until_ms)
    desk.at(699)
    assert by_own(desk, "dated")["status"] == "NEW"
    desk.at(701)
    assert by_own(desk, "dated")["status"] == "EXPIRED"


def test_a_matched_price_is_taken_from_the_book(desk: UsdmDesk) -> None:
    prices = {}
    for word in ("OPPONENT_5", "QUEUE", "QUEUE_5"):
        values = {"timeInForce": "GTX" if word[0] == "Q" else "IOC", "quantity": "0.001"}
        prices[word] = desk.order("BUY", "LIMIT", **values, priceMatch=word)["price"]
    assert prices == {"OPPONENT_5": "60000.5", "QUEUE": "59999.9", "QUEUE_5": "59999.5"}


def test_own_orders_that_meet_expire_as_was_asked(desk: UsdmDesk) -> None:
    desk.limit("SELL", "0.01", "60000.0", "rests")
    taken = desk.limit("BUY", "0.01", "60000.0", "takes", selfTradePreventionMode="EXPIRE_TAKER")
    assert taken["status"] == "EXPIRED_IN_MATCH"
    desk.limit("BUY", "0.01", "60000.0", "stays")  # by default the one that rests goes
    assert by_own(desk, "rests")["status"] == "EXPIRED_IN_MATCH"
    assert by_own(desk, "stays")["status"] == "NEW"


def test_orders_of_a_batch_stand_and_fall_alone(desk: UsdmDesk) -> None:
    good = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
            "quantity": "0.01", "price": "50000"}  # fmt: skip
    rows = [{**good, "newClientOrderId": "a"}, {**good, "price": "50000.01"}, good, 7 * ["x"]]
    batch = "/fapi/v1/batchOrders"
    made = desk.post(batch, batchOrders=json.dumps(rows[:3]))
    assert [one.get("code") for one in made] == [None, -4014, None]
    changes = [{"symbol": SYMBOL, "side": "BUY", "quantity": "0.02", "price": "50000",
                "origClientOrderId": own} for own in ("a", "nobody")]  # fmt: skip
    changed = desk.put(batch, batchOrders=json.dumps(changes))
    assert [one.get("origQty", one.get("code")) for one in changed] == ["0.020", -2013]
    numbers = [one["orderId"] for one in made if "orderId" in one]
    gone = desk.delete(batch, symbol=SYMBOL, orderIdList=json.dumps([*numbers, 99]))
    assert [one.get("status", one.get("code")) for one in gone] == ["CANCELED", "CANCELED", -2011]
    assert desk.post(batch, batchOrders=json.dumps(6 * [good]))["code"] == -4082
    assert desk.post(batch, batchOrders="[1")["code"] == -1102
    assert desk.post(batch, batchOrders=json.dumps(rows[3:]))["code"] == -1102


def test_the_countdown_cancels_unless_it_is_set_again(desk: UsdmDesk) -> None:
    desk.limit("BUY", "0.01", "50000", "watched")
    count = "/fapi/v1/countdownCancelAll"
    desk.post(count, symbol=SYMBOL, countdownTime=10_000)
    desk.at(9)
    desk.post(count, symbol=SYMBOL, countdownTime=10_000)
    desk.at(18)
    assert by_own(desk, "watched")["status"] == "NEW"
    desk.at(20)
    assert by_own(desk, "watched")["status"] == "CANCELED"


# Conditional orders --------------------------------------------------------------------------


def test_a_waiting_order_is_seen_by_algo_calls_only(desk: UsdmDesk) -> None:
    desk.limit("BUY", "0.01", "50000", "plain")
    made = desk.algo("SELL", "STOP_MARKET", "stop", **STOP)
    number = made["algoId"] - ALGO_BASE
    assert (made["algoStatus"], made["orderType"]) == ("NEW", "STOP_MARKET")
    assert ids(desk.get("/fapi/v1/openOrders")) == ["plain"]
    assert ids(desk.get("/fapi/v1/allOrders", symbol=SYMBOL)) == ["plain"]
    assert desk.get(ORDER, symbol=SYMBOL, orderId=number)["code"] == -2013
    assert desk.delete(ORDER, symbol=SYMBOL, orderId=number)["code"] == -2011
    assert ids(desk.get("/fapi/v1/openAlgoOrders"), "clientAlgoId") == ["stop"]
    assert desk.get(ALGO, algoId=number)["code"] == -2013
    assert desk.get(ALGO, clientAlgoId="plain")["code"] == -2013
    assert desk.delete("/fapi/v1/allOpenOrders", symbol=SYMBOL)["code"] == 200
    assert algo(desk, "stop")["algoStatus"] == "NEW"
    desk.algo("SELL", "STOP_MARKET", "other", **STOP)
    assert desk.delete(ALGO, algoId=made["algoId"])["clientAlgoId"] == "stop"
    assert desk.delete(ALGO, algoId=made["algoId"])["code"] == -2011
    assert desk.delete("/fapi/v1/algoOpenOrders", symbol=SYMBOL)["code"] == 200
    every = desk.get("/fapi/v1/allAlgoOrders", symbol=SYMBOL)
    assert [one["algoStatus"] for one in every] == ["CANCELED", "CANCELED"]


def test_an_order_that_triggers_becomes_an_order_of_its_own() -> None:
    desk = UsdmDesk(path=[(0, 600_000), (MINUTES_NS, 590_000)])
    desk.order("BUY", "MARKET", quantity="0.5")
    asked = {"triggerPrice": "59500", "closePosition": "true", "priceProtect": "true"}
    made = desk.algo("SELL", "STOP_MARKET", "closes", **asked)
    assert (made["closePosition"], made["priceProtect"], made["quantity"]) == (True, True, "0.000")
    desk.algo("SELL", "STOP", "limit", triggerPrice="59500", price="65000", quantity="0.1",
              timeInForce="GTC")  # fmt: skip
    desk.at(61)
    done, rests = algo(desk, "closes"), algo(desk, "limit")
    assert (done["algoStatus"], rests["algoStatus"]) == ("FINISHED", "TRIGGERED")
    assert (done["actualOrderId"], done["actualQty"]) == (str(made["algoId"] - ALGO_BASE), "0.500")
    order = desk.get(ORDER, symbol=SYMBOL, orderId=done["actualOrderId"])
    assert (order["type"], order["status"], order["reduceOnly"]) == ("MARKET", "FILLED", True)
    assert desk.risk()[0]["positionAmt"] == "0.000"
    # What rests by now is cancelled as an order, not as an algo order.
    assert desk.delete(ALGO, clientAlgoId="limit")["code"] == -2011
    assert ids(desk.get("/fapi/v1/openOrders")) == ["limit"]
    desk.delete("/fapi/v1/allOpenOrders", symbol=SYMBOL)
    assert algo(desk, "limit")["algoStatus"] == "FINISHED"


def test_a_trigger_without_a_position_to_close_is_a_rejected_algo_order() -> None:
    desk = UsdmDesk(path=[(0, 600_000), (MINUTES_NS, 590_000)])
    desk.algo("SELL", "STOP_MARKET", "idle", **{**STOP, "triggerPrice": "59500"}, reduceOnly="true")
    desk.at(61)
    found = algo(desk, "idle")
    assert (found["algoStatus"], found["actualOrderId"]) == ("REJECTED", "")
    assert desk.get("/fapi/v1/allOrders", symbol=SYMBOL) == []


def test_the_mark_sets_off_what_waits_for_the_mark() -> None:
    desk = UsdmDesk()
    desk.algo("SELL", "STOP_MARKET", "last", **{**STOP, "triggerPrice": "59000"})
    asked = {**STOP, "triggerPrice": "59000", "workingType": "MARK_PRICE"}
    assert desk.algo("SELL", "STOP_MARKET", "mark", **asked)["workingType"] == "MARK_PRICE"
    desk.exchange.street.set_mark(SYMBOL, 589_000)
    desk.exchange.settle()
    assert (algo(desk, "last")["algoStatus"], algo(desk, "mark")["algoStatus"]) == (
        "NEW", "FINISHED",
    )  # fmt: skip


def test_a_trailing_stop_follows_the_price_by_its_rate() -> None:
    path = [(0, 600_000), (MINUTES_NS, 620_000), (2 * MINUTES_NS, 613_000)]
    desk = UsdmDesk(path=path)
    desk.order("BUY", "MARKET", quantity="0.1")
    made = desk.algo("SELL", "TRAILING_STOP_MARKET", "trail", quantity="0.1", callbackRate="1",
                     activatePrice="61000")  # fmt: skip
    assert (made["callbackRate"], made["activatePrice"]) == ("1.00", "61000.0")
    desk.at(61)
    assert algo(desk, "trail")["triggerPrice"] == "61380.0"
    desk.at(121)
    assert algo(desk, "trail")["algoStatus"] == "FINISHED"
    assert desk.risk() == []


@pytest.mark.parametrize(
    ("kind", "values", "code"),
    [
        ("STOP_MARKET", {**STOP, "triggerPrice": "65000"}, -2021),
        ("STOP_MARKET", {"quantity": "0.1"}, -1102),
        ("STOP_MARKET", {"triggerPrice": "55000"}, -1102),
        ("STOP_MARKET", {**STOP, "closePosition": "true"}, -1106),
        ("STOP_MARKET", {**STOP, "stopPrice": "55000"}, -1104),
        ("STOP_MARKET", {**STOP, "price": "55000"}, -1106),
        ("STOP_MARKET", {**STOP, "workingType": "INDEX"}, -1102),
        ("STOP_MARKET", {**STOP, "algoType": "TWAP"}, -1102),
        ("STOP", STOP, -1102),
        ("LIMIT", STOP, -1116),
        ("TRAILING_STOP_MARKET", {"quantity": "0.1", "callbackRate": "11"}, -2007),
        ("TRAILING_STOP_MARKET", {"quantity": "0.1", "callbackRate": "0.05"}, -2007),
        (
            "TRAILING_STOP_MARKET",
            {"quantity": "0.1", "callbackRate": "1", "activatePrice": "59000"},
            -2021,
        ),
    ],
)
def test_a_conditional_order_that_cannot_be_is_refused(
    desk: UsdmDesk, kind: str, values: dict[str, str], code: int
) -> None:
    asked = {"symbol": SYMBOL, "side": "SELL", "type": kind, "algoType": "CONDITIONAL", **values}
    assert desk.post(ALGO, **asked)["code"] == code
    assert desk.exchange.open_orders(desk.account) == []


# Who asks, and how often ---------------------------------------------------------------------


def test_signature_time_and_key_are_held_as_on_the_venue(desk: UsdmDesk) -> None:
    now_ms = desk.now_ns // NS_MS
    asked = {"symbol": SYMBOL}
    late = desk.get("/fapi/v1/openOrders", **asked, timestamp=now_ms - 6_000)
    assert late["code"] == -1021
    assert desk.get("/fapi/v1/openOrders", **asked, timestamp=now_ms + 1_500)["code"] == -1021
    query = urlencode({**asked, "timestamp": now_ms, "signature": 64 * "0"})
    path = "/fapi/v1/openOrders"
    for headers, code in (({"x-mbx-apikey": desk.key.key}, -1022), ({}, -2014),
                          ({"x-mbx-apikey": 64 * "a"}, -2015)):  # fmt: skip
        assert desk.answer(Request("GET", HOST, path, query, headers)).json()["code"] == code
    reader = desk.keys.make(desk.account, "reader", can_trade=False)
    for method, where in (("POST", ORDER), ("POST", "/fapi/v1/leverage")):
        refused = desk.signed(method, where, reader, **asked)
        assert (refused.status, refused.json()["code"]) == (401, -2015)
    assert desk.signed("GET", path, reader, **asked).json() == []


def test_weights_are_counted_told_and_end_in_a_ban(desk: UsdmDesk) -> None:
    def used(path: str, **values: Any) -> int:
        answer = desk.answer(Request("GET", HOST, path, urlencode(values)))
        return int(dict(answer.headers)["x-mbx-used-weight-1m"])

    assert used("/fapi/v1/depth", symbol=SYMBOL, limit=1000) == 20
    assert used("/fapi/v1/ticker/24hr") == 60
    assert used("/fapi/v1/klines", symbol=SYMBOL, interval="1m", limit=1500) == 70
    while used("/fapi/v1/depth", symbol=SYMBOL, limit=1000) + 20 <= 2_400:
        pass
    refused = desk.answer(Request("GET", HOST, "/fapi/v1/depth", f"symbol={SYMBOL}&limit=1000"))
    assert (refused.status, refused.json()["code"]) == (429, -1003)
    assert "Retry-After" in dict(refused.headers)
    for _ in range(20):
        refused = desk.answer(Request("GET", HOST, "/fapi/v1/depth", f"symbol={SYMBOL}&limit=1000"))
    assert (refused.status, refused.json()["code"]) == (418, -1003)


def test_orders_are_counted_by_account_and_too_many_are_refused(desk: UsdmDesk) -> None:
    asked = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
             "quantity": "0.01", "price": "10"}  # fmt: skip
    answers = [desk.signed("POST", ORDER, **asked) for _ in range(301)]
    assert dict(answers[299].headers)["x-mbx-order-count-10s"] == "300"
    assert dict(answers[299].headers)["x-mbx-order-count-1m"] == "300"
    assert (answers[300].status, answers[300].json()["code"]) == (429, -1015)
    assert {one.json()["code"] for one in answers[:300]} == {-4164}


def test_a_path_that_is_none_and_a_depth_that_is_none_are_said(desk: UsdmDesk) -> None:
    assert desk.answer(Request("GET", HOST, "/fapi/v1/forceOrders")).status == 404
    assert desk.ask("/fapi/v1/depth", symbol=SYMBOL, limit=7)["code"] == -4021
