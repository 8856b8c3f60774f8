"""OKX v5 in front of the simulated exchange: signing, refusals, the life of orders (R-EXCH-09)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.okx_desk import HOST, SPOT, START_NS, SWAP, OkxDesk

from ballast.venues.simulated.fronts.keys import ApiKey
from ballast.venues.simulated.wire.faults import Command, Fault
from ballast.venues.simulated.wire.messages import Answer, Request

SECOND_NS = 1_000_000_000


def code(answer: Any) -> str:
    return str(answer["code"])


# what is wrong with a request -> code, HTTP status
WRONG: list[tuple[dict[str, str], str, int]] = [
    ({"ok-access-key": ""}, "50103", 401),
    ({"ok-access-key": "nobody"}, "50111", 401),
    ({"ok-access-passphrase": ""}, "50104", 401),
    ({"ok-access-passphrase": "wrong"}, "50105", 401),
    ({"ok-access-sign": ""}, "50106", 401),
    ({"ok-access-sign": "d3Jvbmc="}, "50113", 401),
    ({"ok-access-timestamp": ""}, "50107", 401),
    ({"ok-access-timestamp": "1700000000"}, "50112", 401),
    ({"ok-access-timestamp": "2023-02-31T22:13:20.000Z"}, "50112", 401),
    ({"ok-access-timestamp": "2023-11-14T22:12:49.000Z"}, "50102", 401),
    ({"x-simulated-trading": "1"}, "50101", 401),
]


@pytest.mark.parametrize(("wrong", "expected", "status"), WRONG)
def test_a_request_that_is_not_signed_rightly_is_refused(
    wrong: dict[str, str], expected: str, status: int
) -> None:
    desk = OkxDesk()
    asked = desk.signed("GET", "account/balance")
    broken = replace(asked, headers={**asked.headers, **wrong})
    outcome = desk.gateway.request(broken, desk.now_ns)
    assert isinstance(outcome, Answer)
    assert (code(outcome.response.json()), outcome.response.status) == (expected, status)
    assert code(desk.send(asked)) == "0"


def test_the_signature_is_over_path_query_and_body() -> None:
    desk = OkxDesk()
    asked = desk.signed("POST", "account/set-position-mode", body=b'{"posMode":"net_mode"}')
    assert code(desk.send(replace(asked, body=b'{"posMode": "net_mode"}'))) == "50113"
    assert code(desk.send(replace(asked, query="a=b"))) == "50113"
    assert code(desk.send(asked)) == "0"


def test_a_key_that_may_not_trade_reads_only() -> None:
    desk = OkxDesk()
    desk.key = desk.keys.add(ApiKey("reader", "s", desk.account, "p", can_trade=False))
    assert code(desk.get("account/balance")) == "0"
    assert code(desk.post("trade/order", {"instId": SPOT})) == "50120"


# path, JSON -> code of the request
REFUSED: list[tuple[str, Any, str]] = [
    ("trade/order", {"tdMode": "cash"}, "50014"),
    ("trade/batch-orders", {"instId": SPOT}, "50002"),
    ("trade/batch-orders", [{"instId": SPOT}] * 21, "51111"),
    ("trade/cancel-order", {"instId": SPOT}, "50015"),
    ("account/set-leverage", {"lever": "5", "mgnMode": "cross"}, "50015"),
    ("account/set-leverage", {"lever": "500", "mgnMode": "cross", "instId": SWAP}, "59102"),
    ("account/set-position-mode", {"posMode": "hedge"}, "51000"),
    ("trade/close-position", {"instId": SWAP, "mgnMode": "cross"}, "51023"),
    ("trade/cancel-all-after", {"timeOut": "5"}, "51000"),
    ("nothing/there", {}, "404"),
]


@pytest.mark.parametrize(("path", "value", "expected"), REFUSED)
def test_a_request_that_cannot_be_is_refused_whole(path: str, value: Any, expected: str) -> None:
    assert code(OkxDesk().post(path, value)) == expected


def test_what_is_no_json_or_has_no_body_is_refused() -> None:
    desk = OkxDesk()
    assert code(desk.send(desk.signed("POST", "trade/order"))) == "50000"
    assert code(desk.send(desk.signed("POST", "trade/order", body=b"{"))) == "50002"
    plain = desk.signed("POST", "trade/order", body=b"{}")
    headers = {**plain.headers, "content-type": "text/plain"}
    assert code(desk.send(replace(plain, headers=headers))) == "50006"
    assert code(desk.send(Request("PUT", HOST, "/api/v5/trade/order"))) == "50115"


# terms of an order -> sCode
TERMS: list[tuple[dict[str, Any], str]] = [
    ({"instId": "ETH-USDT"}, "51001"),
    ({"tdMode": "cross"}, "51010"),
    ({"px": ""}, "51204"),
    ({"px": "50000.001"}, "51000"),
    ({"px": "1e4"}, "51000"),
    ({"px": "2000000"}, "51006"),
    ({"sz": "0.000001"}, "51121"),
    ({"sz": "-1"}, "51000"),
    ({"sz": "2000"}, "51101"),
    ({"sz": "100"}, "51008"),
    ({"side": "BUY"}, "51000"),
    ({"ordType": "stop"}, "51000"),
    ({"clOrdId": "not-allowed"}, "51000"),
    ({"clOrdId": "a" * 33}, "51000"),
    ({"tag": "a" * 17}, "51000"),
    ({"posSide": "long"}, "0"),
    ({"reduceOnly": True}, "51139"),
    ({"unknown": "1"}, "0"),
    ({"stpMode": "cancel_taker"}, "0"),
]


@pytest.mark.parametrize(("terms", "expected"), TERMS)
def test_an_order_of_spot_is_held_to_its_rules(terms: dict[str, Any], expected: str) -> None:
    good = {"instId": SPOT, "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01",
            "px": "50000"}  # fmt: skip
    answer = OkxDesk().post("trade/order", good | terms)
    assert answer["data"][0]["sCode"] == expected
    assert code(answer) == ("0" if expected == "0" else "1")


def test_a_limit_order_rests_locks_is_amended_and_cancelled() -> None:
    desk = OkxDesk()
    placed = desk.spot("buy", "limit", "0.01", px="50000", clOrdId="a1", tag="bot1")
    assert placed["sCode"] == "0"
    found = desk.one("trade/order", instId=SPOT, ordId=placed["ordId"])
    assert (found["state"], found["sz"], found["px"], found["tag"]) == (
        "live", "0.01", "50000", "bot1",
    )  # fmt: skip
    usdt = desk.one("account/balance", ccy="USDT")["details"][0]
    assert (usdt["availBal"], usdt["ordFrozen"]) == ("99500", "500")
    change = {"instId": SPOT, "clOrdId": "a1", "newSz": "0.02", "newPx": "51000", "reqId": "r1"}
    (item,) = desk.post("trade/amend-order", change)["data"]
    assert (item["sCode"], item["reqId"], item["ordId"]) == ("0", "r1", placed["ordId"])
    assert desk.one("trade/orders-pending")["sz"] == "0.02"
    gone = desk.post("trade/cancel-order", {"instId": SPOT, "clOrdId": "a1"})
    assert code(gone) == "0"
    again = desk.post("trade/cancel-order", {"instId": SPOT, "clOrdId": "a1"})
    assert again["data"][0]["sCode"] == "51400"
    (item,) = desk.post("trade/amend-order", change)["data"]
    assert item["sCode"] == "51503"
    old = desk.one("trade/orders-history", instType="SPOT")
    assert (old["state"], old["cancelSource"]) == ("canceled", "1")
    assert desk.get("trade/orders-pending")["data"] == []


def test_an_id_is_unique_among_open_orders_of_all_instruments_only() -> None:
    desk = OkxDesk()
    desk.spot("buy", "limit", "0.01", px="50000", clOrdId="a1")
    assert desk.swap("buy", "limit", "1", px="50000", clOrdId="a1")["sCode"] == "51016"
    desk.post("trade/cancel-order", {"instId": SPOT, "clOrdId": "a1"})
    assert desk.swap("buy", "limit", "1", px="50000", clOrdId="a1")["sCode"] == "0"


def test_a_market_buy_of_spot_is_in_quote_unless_it_says_otherwise() -> None:
    desk = OkxDesk()
    terms = {"instId": SPOT, "tdMode": "cash", "side": "buy", "ordType": "market"}
    placed = desk.order(**terms, sz="600.0001")
    found = desk.one("trade/order", instId=SPOT, ordId=placed["ordId"])
    assert (found["tgtCcy"], found["sz"], found["accFillSz"]) == (
        "quote_ccy", "600.0001", "0.01",
    )  # fmt: skip
    assert (found["state"], found["avgPx"], found["feeCcy"]) == ("filled", "60000.01", "BTC")
    assert Decimal(found["fee"]) == Decimal("-0.00001")
    base = desk.order(**terms, sz="0.01", tgtCcy="base_ccy")
    assert desk.one("trade/order", instId=SPOT, ordId=base["ordId"])["accFillSz"] == "0.01"


# kind of a limit order that would trade 1.2 of 1 -> filled, source of its end
ENDS = [("ioc", "1", "14"), ("fok", "0", "13"), ("post_only", "0", "31")]


@pytest.mark.parametrize(("kind", "filled", "source"), ENDS)
def test_an_order_that_may_not_rest_or_take_is_taken_and_then_cancelled(
    kind: str, filled: str, source: str
) -> None:
    desk = OkxDesk()
    placed = desk.spot("buy", kind, "1.2", px="60000.01")
    assert placed["sCode"] == "0"
    found = desk.one("trade/order", instId=SPOT, ordId=placed["ordId"])
    assert (found["state"], found["accFillSz"], found["cancelSource"]) == (
        "canceled", filled, source,
    )  # fmt: skip


def test_a_batch_is_answered_one_by_one() -> None:
    desk = OkxDesk()
    good = {"instId": SPOT, "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01",
            "px": "50000"}  # fmt: skip
    answer = desk.post("trade/batch-orders", [good, good | {"sz": ""}, good | {"sz": "100"}])
    assert code(answer) == "2"
    assert [one["sCode"] for one in answer["data"]] == ["0", "50014", "51008"]
    ids = [{"instId": SPOT, "ordId": one["ordId"]} for one in answer["data"][:1]]
    assert code(desk.post("trade/cancel-batch-orders", ids)) == "0"
    assert code(desk.post("trade/cancel-batch-orders", ids)) == "1"


def test_a_swap_counts_contracts_and_books_fees_and_profit() -> None:
    desk = OkxDesk()
    desk.swap("buy", "market", "10")  # 0.1 BTC at 60000.1
    held = desk.one("account/positions")
    assert (held["pos"], held["avgPx"], held["mgnMode"], held["lever"]) == (
        "10", "60000.1", "cross", "20",
    )  # fmt: skip
    assert (held["notionalUsd"], held["imr"], held["mmr"]) == ("6000", "300", "30")
    assert Decimal(held["fee"]) == Decimal("-3.000005")
    assert desk.swap("buy", "limit", "1", px="59000", reduceOnly="true")["sCode"] == "51169"
    assert desk.post("trade/close-position", {"instId": SWAP, "mgnMode": "cross"})["data"]
    assert desk.get("account/positions")["data"] == []
    bills = desk.get("account/bills", instType="SWAP")["data"]
    assert [one["subType"] for one in bills] == ["2", "1"]
    assert bills[0]["pnl"] == "-0.02"
    cash = desk.one("account/balance", ccy="USDT")["details"][0]["cashBal"]
    assert bills[0]["bal"] == cash
    assert Decimal(bills[1]["bal"]) + Decimal(bills[0]["balChg"]) == Decimal(cash)


def test_the_bills_of_one_order_follow_each_other_to_the_balance() -> None:
    desk = OkxDesk()
    desk.spot("buy", "market", "1.5")  # sweeps two levels
    for ccy in ("BTC", "USDT"):
        bills = desk.get("account/bills", ccy=ccy)["data"]
        assert [one["type"] for one in bills] == ["2", "2", "1"]  # the last is what was paid in
        left = desk.one("account/balance", ccy=ccy)["details"][0]["cashBal"]
        for bill in bills:
            assert bill["bal"] == left
            left = format((Decimal(left) - Decimal(bill["balChg"])).normalize(), "f")
        assert left == "0"


def test_pending_close_orders_stand_in_the_way_of_a_close_unless_they_may_go() -> None:
    desk = OkxDesk()
    desk.swap("buy", "market", "10")
    desk.swap("sell", "limit", "5", px="70000", reduceOnly=True)
    asked = {"instId": SWAP, "mgnMode": "cross"}
    assert code(desk.post("trade/close-position", asked)) == "51115"
    assert code(desk.post("trade/close-position", asked | {"autoCxl": True})) == "0"
    assert desk.get("account/positions")["data"] == []


def test_long_and_short_stand_side_by_side() -> None:
    desk = OkxDesk()
    assert desk.one("account/config")["posMode"] == "net_mode"
    assert code(desk.post("account/set-position-mode", {"posMode": "long_short_mode"})) == "0"
    assert desk.swap("buy", "market", "10")["sCode"] == "51000"
    desk.swap("buy", "market", "10", posSide="long")
    desk.swap("sell", "market", "5", posSide="short")
    held = {one["posSide"]: one["pos"] for one in desk.get("account/positions")["data"]}
    assert held == {"long": "10", "short": "5"}
    # A side is closed by what it has and no resting order closes already.
    assert desk.swap("sell", "limit", "4", px="70000", posSide="long")["sCode"] == "0"
    assert desk.swap("sell", "market", "7", posSide="long")["sCode"] == "51112"
    long = next(one for one in desk.get("account/positions")["data"] if one["posSide"] == "long")
    assert long["availPos"] == "6"
    assert desk.swap("sell", "market", "6", posSide="long")["sCode"] == "0"
    back = desk.post("account/set-position-mode", {"posMode": "net_mode"})
    assert code(back) == "59000"


def test_the_margin_mode_belongs_to_the_order_and_each_mode_has_its_leverage() -> None:
    desk = OkxDesk()
    for mode, lever in (("cross", "10"), ("isolated", "5")):
        asked = {"instId": SWAP, "mgnMode": mode, "lever": lever}
        assert code(desk.post("account/set-leverage", asked)) == "0"
    desk.swap("buy", "market", "10", tdMode="isolated")
    held = desk.one("account/positions")
    assert (held["mgnMode"], held["lever"]) == ("isolated", "5")
    assert desk.swap("buy", "market", "10")["sCode"] == "51010"  # the swap is in use
    before = Decimal(held["margin"])
    asked = {"instId": SWAP, "posSide": "net", "type": "add", "amt": "100"}
    assert code(desk.post("account/position/margin-balance", asked)) == "0"
    assert Decimal(desk.one("account/positions")["margin"]) == before + 100
    asked |= {"type": "reduce", "amt": "1000000"}
    assert code(desk.post("account/position/margin-balance", asked)) == "59301"
    info = desk.one("account/leverage-info", instId=SWAP, mgnMode="cross")
    assert info["lever"] == "10"


def test_everything_is_cancelled_when_the_countdown_runs_out() -> None:
    desk = OkxDesk()
    desk.spot("buy", "limit", "0.01", px="50000")
    assert code(desk.post("trade/cancel-all-after", {"timeOut": "10"})) == "0"
    desk.pass_time(9 * SECOND_NS)
    assert len(desk.get("trade/orders-pending")["data"]) == 1
    desk.pass_time(SECOND_NS)
    assert desk.get("trade/orders-pending")["data"] == []
    assert desk.one("trade/orders-history", instType="SPOT")["cancelSource"] == "20"


def test_one_call_too_many_is_refused_until_the_window_is_over() -> None:
    desk = OkxDesk()
    codes = [code(desk.get("account/config")) for _ in range(6)]
    assert codes == ["0"] * 5 + ["50011"]
    desk.pass_time(2 * SECOND_NS)
    assert code(desk.get("account/config")) == "0"


def test_an_order_that_comes_after_its_deadline_is_not_placed() -> None:
    desk = OkxDesk()
    body = b'{"instId":"BTC-USDT","tdMode":"cash","side":"buy","ordType":"limit","sz":"1","px":"1"}'
    asked = desk.signed("POST", "trade/order", body=body)
    late = str(START_NS // 1_000_000 - 1)
    assert code(desk.send(replace(asked, headers={**asked.headers, "exptime": late}))) == "51149"
    assert desk.get("trade/orders-pending")["data"] == []


def test_pages_go_from_the_newest_order_back() -> None:
    desk = OkxDesk()
    placed = [desk.spot("buy", "limit", "0.01", px="50000")["ordId"] for _ in range(5)]
    first = desk.get("trade/orders-pending", limit="2")["data"]
    assert [one["ordId"] for one in first] == placed[:2:-1]
    older = desk.get("trade/orders-pending", after=placed[3])["data"]
    assert [one["ordId"] for one in older] == placed[2::-1]
    newer = desk.get("trade/orders-pending", before=placed[2])["data"]
    assert [one["ordId"] for one in newer] == placed[:2:-1]


# fault -> HTTP status, code, sCode, orders that exist afterwards
TROUBLE = [
    (Fault.ERROR_BEFORE, 400, "50004", None, 0),
    (Fault.ERROR_AFTER, 400, "50004", None, 1),
    (Fault.UNAVAILABLE, 429, "50013", None, 0),
    (Fault.MAINTENANCE, 503, "50001", None, 0),
    (Fault.RATE_LIMITED, 429, "50011", None, 0),
    (Fault.FALSE_NOT_FOUND, 200, "1", "51503", 0),
    (Fault.REJECT_THEN_APPEAR, 200, "1", "51008", 1),
]


@pytest.mark.parametrize(("fault", "status", "expected", "item", "orders"), TROUBLE)
def test_trouble_is_told_in_the_words_of_the_venue(
    fault: Fault, status: int, expected: str, item: str | None, orders: int
) -> None:
    desk = OkxDesk()
    desk.gateway.faults.command(Command(fault, "POST /api/v5/trade/order$"))
    body = b'{"instId":"BTC-USDT","tdMode":"cash","side":"buy","ordType":"limit","sz":"1","px":"1"}'
    outcome = desk.gateway.request(desk.signed("POST", "trade/order", body=body), desk.now_ns)
    assert isinstance(outcome, Answer)
    said = outcome.response.json()
    assert (outcome.response.status, said["code"]) == (status, expected)
    assert [one["sCode"] for one in said["data"]] == ([item] if item else [])
    assert len(desk.get("trade/orders-pending")["data"]) == orders


def test_candles_of_a_day_open_with_the_day_of_hong_kong() -> None:
    desk = OkxDesk()
    row = desk.one("market/candles", instId=SPOT, bar="1D")
    assert int(row[0]) % 86_400_000 == 16 * 3_600_000
    assert int(desk.one("market/candles", instId=SPOT, bar="1Dutc")[0]) % 86_400_000 == 0
    assert row[-1] == "0"


def test_rates_of_funding_are_remembered_and_paid() -> None:
    desk = OkxDesk()
    desk.swap("buy", "market", "10")
    desk.exchange.street.set_funding(SWAP, 100_000)  # 0.01 %
    desk.exchange.settle()
    due_ms = int(desk.one("public/funding-rate", instId=SWAP)["fundingTime"])
    desk.pass_time(due_ms * 1_000_000 - desk.now_ns + SECOND_NS)
    desk.walk(SWAP, "60000")
    row = desk.one("public/funding-rate-history", instId=SWAP)
    assert (row["fundingRate"], int(row["fundingTime"])) == ("0.0001", due_ms)
    (bill,) = desk.get("account/bills", type="8")["data"]
    assert (bill["balChg"], bill["subType"]) == ("-0.6", "173")  # 0.1 BTC at 60000
