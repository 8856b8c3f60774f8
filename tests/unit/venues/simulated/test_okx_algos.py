"""Algo orders of the simulated OKX: conditional, oco, trigger, trailing, attached (R-OMS-07)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.okx_desk import SPOT, SWAP, OkxDesk

STOP = {"instId": SWAP, "tdMode": "cross", "side": "sell", "ordType": "conditional", "sz": "10",
        "slTriggerPx": "55000", "slOrdPx": "-1"}  # fmt: skip


def state(desk: OkxDesk, own: str) -> str:
    return str(desk.one("trade/order-algo", algoClOrdId=own)["state"])


# terms beside those of a stop-loss -> sCode, or the code of the request
TERMS: list[tuple[dict[str, Any], str]] = [
    ({}, "0"),
    ({"slTriggerPx": "65000"}, "51280"),
    ({"slTriggerPx": "", "slOrdPx": "", "tpTriggerPx": "50000", "tpOrdPx": "-1"}, "51279"),
    ({"side": "buy"}, "51278"),
    ({"slTriggerPx": "", "slOrdPx": "", "tpTriggerPx": "70000", "tpOrdPx": "-1", "side": "buy"},
     "51277"),
    ({"slOrdPx": ""}, "50014"),
    ({"slTriggerPx": "", "slOrdPx": ""}, "50015"),
    ({"ordType": "oco"}, "50014"),
    ({"ordType": "iceberg"}, "51000"),
    ({"closeFraction": "1"}, "51328"),
    ({"closeFraction": "0.5"}, "51000"),
    ({"closeFraction": "1", "reduceOnly": True, "slOrdPx": "54000"}, "51330"),
    ({"closeFraction": "1", "reduceOnly": True, "sz": ""}, "0"),
    ({"instId": SPOT, "tdMode": "cash", "closeFraction": "1", "sz": "0.1"}, "51327"),
    ({"instId": SPOT, "tdMode": "cross", "sz": "0.1"}, "0"),
    ({"instId": SPOT, "tdMode": "cash", "side": "buy", "slTriggerPx": "65000", "sz": "0.1"},
     "51000"),
    ({"algoClOrdId": "no-good"}, "51000"),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "expected"), TERMS)
def test_an_algo_order_is_held_to_its_rules(terms: dict[str, Any], expected: str) -> None:
    answer = OkxDesk().post("trade/order-algo", STOP | terms)
    told = answer["data"][0]["sCode"] if answer["data"] else answer["code"]
    assert told == expected


def test_a_stop_waits_apart_from_orders_and_becomes_one_when_its_price_comes() -> None:
    desk = OkxDesk()
    desk.swap("buy", "market", "10")
    placed = desk.algo(**STOP, algoClOrdId="s1", tag="bot1")
    assert placed["sCode"] == "0"
    assert desk.get("trade/orders-pending")["data"] == []
    waiting = desk.one("trade/orders-algo-pending", ordType="conditional")
    assert (waiting["algoId"], waiting["state"], waiting["slTriggerPx"], waiting["slOrdPx"]) == (
        placed["algoId"], "live", "55000", "-1",
    )  # fmt: skip
    desk.walk(SWAP, "56000")
    assert state(desk, "s1") == "live"
    desk.exchange.street.set_level(SWAP, 1, 550_000, 10_000)
    desk.walk(SWAP, "55000")
    done = desk.one("trade/orders-algo-history", ordType="conditional", state="effective")
    assert (done["algoClOrdId"], done["actualSide"]) == ("s1", "sl")
    order = desk.one("trade/order", instId=SWAP, ordId=done["ordId"])
    assert (order["state"], order["algoId"], order["clOrdId"]) == (
        "filled", placed["algoId"], "",
    )  # fmt: skip
    assert desk.get("account/positions")["data"] == []


def test_with_both_prices_a_conditional_order_drops_its_take_profit() -> None:
    """As the venue's documents say; a client that means a pair must say oco."""
    desk = OkxDesk()
    desk.algo(**STOP, algoClOrdId="s1", tpTriggerPx="65000", tpOrdPx="-1")
    found = desk.one("trade/order-algo", algoClOrdId="s1")
    assert (found["tpTriggerPx"], found["slTriggerPx"], found["ordType"]) == (
        "", "55000", "conditional",
    )  # fmt: skip


def test_one_leg_of_a_pair_ends_the_other() -> None:
    desk = OkxDesk()
    desk.swap("buy", "market", "10")
    pair = {**STOP, "ordType": "oco", "tpTriggerPx": "65000", "tpOrdPx": "-1", "reduceOnly": True}
    placed = desk.algo(**pair, algoClOrdId="p1")
    assert len(desk.get("trade/orders-algo-pending", ordType="oco")["data"]) == 1
    assert desk.algo(**pair, algoClOrdId="p1")["sCode"] == "51065"
    desk.walk(SWAP, "65000")
    found = desk.one("trade/order-algo", algoId=placed["algoId"])
    assert (found["state"], found["actualSide"]) == ("effective", "tp")
    assert desk.get("trade/orders-algo-pending", ordType="oco")["data"] == []


def test_a_pair_is_amended_leg_by_leg_and_cancelled_whole() -> None:
    desk = OkxDesk()
    desk.swap("buy", "market", "20")
    placed = desk.algo(**STOP | {"ordType": "oco"}, tpTriggerPx="65000", tpOrdPx="64900")
    change = {"instId": SWAP, "algoId": placed["algoId"], "newSlTriggerPx": "56000",
              "newTpOrdPx": "64800", "newSz": "5"}  # fmt: skip
    (item,) = desk.post("trade/amend-algos", change)["data"]
    assert item["sCode"] == "0"
    found = desk.one("trade/order-algo", algoId=placed["algoId"])
    assert [found[name] for name in ("slTriggerPx", "tpOrdPx", "sz")] == ["56000", "64800", "5"]
    (item,) = desk.post("trade/amend-algos", change | {"newSlOrdPx": "55900"})["data"]
    assert item["sCode"] == "51506"  # a market order does not become a limit order
    (item,) = desk.post("trade/amend-algos", change | {"newSlTriggerPx": "61000"})["data"]
    assert item["sCode"] == "51280"
    gone = [{"instId": SWAP, "algoId": placed["algoId"]}]
    assert desk.post("trade/cancel-algos", gone)["code"] == "0"
    assert desk.post("trade/cancel-algos", gone)["data"][0]["sCode"] == "51400"
    assert desk.exchange.open_orders(desk.account) == []


def test_a_trigger_order_waits_on_either_side_of_the_price() -> None:
    desk = OkxDesk()
    terms = {"instId": SWAP, "tdMode": "cross", "side": "buy", "ordType": "trigger", "sz": "1"}
    desk.algo(**terms, triggerPx="59000", orderPx="58000", algoClOrdId="below")
    desk.algo(**terms, triggerPx="61000", orderPx="-1", algoClOrdId="above")
    desk.walk(SWAP, "61000")
    assert (state(desk, "above"), state(desk, "below")) == ("effective", "live")
    desk.walk(SWAP, "59000")
    assert state(desk, "below") == "effective"
    assert desk.one("trade/orders-pending", instType="SWAP")["px"] == "58000"


def test_a_trailing_stop_follows_from_its_activation() -> None:
    desk = OkxDesk()
    desk.swap("buy", "market", "10")
    terms = {"instId": SWAP, "tdMode": "cross", "side": "sell", "ordType": "move_order_stop",
             "sz": "10", "reduceOnly": True}  # fmt: skip
    assert desk.algo(**terms, callbackRatio="2")["sCode"] == "51257"
    both = desk.post("trade/order-algo", terms | {"callbackRatio": "0.1", "callbackSpread": "9"})
    assert both["code"] == "50024"
    desk.algo(**terms, callbackRatio="0.01", activePx="61000", algoClOrdId="t1")
    found = desk.one("trade/order-algo", algoClOrdId="t1")
    assert (found["callbackRatio"], found["moveTriggerPx"]) == ("0.01", "")
    desk.walk(SWAP, "62000")
    assert desk.one("trade/order-algo", algoClOrdId="t1")["moveTriggerPx"] == "61380"
    desk.walk(SWAP, "61380")
    assert state(desk, "t1") == "effective"


def test_what_is_attached_lives_once_the_order_is_filled() -> None:
    desk = OkxDesk()
    attached = [{"attachAlgoClOrdId": "x1", "slTriggerPx": "50000", "slOrdPx": "-1",
                 "tpTriggerPx": "70000", "tpOrdPx": "69900"}]  # fmt: skip
    resting = desk.spot("buy", "limit", "0.1", px="59000", attachAlgoOrds=attached)
    assert resting["sCode"] == "0"
    assert desk.get("trade/orders-algo-pending", ordType="oco")["data"] == []
    shown = desk.one("trade/order", instId=SPOT, ordId=resting["ordId"])["attachAlgoOrds"]
    assert (shown[0]["slTriggerPx"], shown[0]["tpOrdPx"]) == ("50000", "69900")
    filled = [attached[0] | {"attachAlgoClOrdId": "x2"}]
    desk.spot("buy", "market", "0.1", attachAlgoOrds=filled)
    found = desk.one("trade/orders-algo-pending", ordType="oco")
    # 0.1 less the fee of 0.1 %, in whole lots
    assert (found["algoClOrdId"], found["sz"], found["side"]) == ("x2", "0.0999", "sell")


# attached prices of a purchase -> sCode
ATTACHED = [
    ("limit", {"tpTriggerPx": "58000", "tpOrdPx": "-1"}, "51046"),
    ("limit", {"slTriggerPx": "59500", "slOrdPx": "-1"}, "51047"),
    ("market", {"tpTriggerPx": "58000", "tpOrdPx": "-1"}, "51050"),
    ("market", {"slTriggerPx": "61000", "slOrdPx": "-1"}, "51051"),
    ("limit", {"tpTriggerPx": "70000", "tpOrdPx": "-1", "tpOrdKind": "limit"}, "51094"),
]


@pytest.mark.parametrize(("kind", "legs", "expected"), ATTACHED)
def test_what_is_attached_lies_on_its_side_of_the_order(
    kind: str, legs: dict[str, str], expected: str
) -> None:
    price = {"px": "59000"} if kind == "limit" else {}
    assert OkxDesk().spot("buy", kind, "0.1", attachAlgoOrds=[legs], **price)["sCode"] == expected


def test_an_algo_order_is_no_order_to_those_who_ask_for_orders() -> None:
    desk = OkxDesk()
    placed = desk.algo(**STOP, algoClOrdId="s1")
    number = str(int(placed["algoId"]) - 2 * 10**18 + 10**18)  # the order it would become
    assert desk.get("trade/order", instId=SWAP, ordId=number)["code"] == "51603"
    gone = desk.post("trade/cancel-order", {"instId": SWAP, "ordId": number})
    assert gone["data"][0]["sCode"] == "51400"
