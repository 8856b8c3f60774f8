"""Streams of Binance USD-M: the market's, and one's own by listen key (R-EXCH-17)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.usdm_desk import HOST, SECOND_NS, SYMBOL, UsdmDesk

from ballast.venues.simulated.wire.keeping import keep, put_back
from ballast.venues.simulated.wire.messages import Request, Response

LISTEN = "/fapi/v1/listenKey"
MINUTE_NS = 60 * SECOND_NS


@pytest.fixture
def desk() -> UsdmDesk:
    return UsdmDesk()


def events(frames: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return what each event is, and where it says the order stands."""
    return [(one["e"], one.get("o", {}).get("X", "")) for one in frames]


def of(frames: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in frames if one["e"] == kind]


# The market ----------------------------------------------------------------------------------


def test_changes_of_the_book_chain_without_a_gap(desk: UsdmDesk) -> None:
    stream = desk.open("/public/ws/btcusdt@depth@100ms")
    picture = desk.ask("/fapi/v1/depth", symbol=SYMBOL, limit=100)
    said = []
    for at, price in ((1, "50000"), (2, "51000"), (3, "52000")):
        desk.limit("BUY", "0.01", price)
        desk.at(at)
        said += desk.heard(stream)
    assert [one["b"] for one in said] == [
        [["50000.0", "0.010"]], [["51000.0", "0.010"]], [["52000.0", "0.010"]],
    ]  # fmt: skip
    last = picture["lastUpdateId"]
    for one in said:
        assert one["pu"] == last
        assert one["U"] > last
        last = one["u"]


def test_every_stream_says_its_kind_under_its_name(desk: UsdmDesk) -> None:
    names = [
        "btcusdt@aggTrade", "btcusdt@trade", "btcusdt@bookTicker", "btcusdt@markPrice@1s",
        "!markPrice@arr@1s", "btcusdt@kline_1m", "btcusdt@depth5@100ms", "btcusdt@miniTicker",
        "btcusdt@ticker", "!ticker@arr", "!bookTicker",
    ]  # fmt: skip
    stream = desk.open("/market/stream", f"streams={'/'.join(names)}")
    desk.order("BUY", "MARKET", quantity="1.5")
    desk.at(1)
    said = {one["stream"]: one["data"] for one in desk.heard(stream)}
    assert set(said) == set(names)
    assert said["btcusdt@trade"]["X"] == "MARKET"
    mark = said["btcusdt@markPrice@1s"]
    assert (mark["e"], mark["p"], mark["i"]) == ("markPriceUpdate", "60000.0", "60000.0")
    assert said["!markPrice@arr@1s"] == [mark]
    assert said["btcusdt@bookTicker"]["a"] == "60000.2"
    assert (said["btcusdt@depth5@100ms"]["e"], len(said["btcusdt@depth5@100ms"]["b"])) == (
        "depthUpdate", 5,
    )  # fmt: skip


def test_streams_are_subscribed_and_given_up_by_frames(desk: UsdmDesk) -> None:
    stream = desk.open("/ws")
    asked = {"method": "SUBSCRIBE", "params": ["btcusdt@aggTrade", "btcusdt@nothing"], "id": 1}
    assert desk.tell(stream, **asked) == [{"result": None, "id": 1}]
    listed = desk.tell(stream, method="LIST_SUBSCRIPTIONS", id=2)
    assert listed == [{"result": ["btcusdt@aggTrade"], "id": 2}]
    desk.order("BUY", "MARKET", quantity="0.1")
    assert [one["e"] for one in desk.heard(stream)] == ["aggTrade"]
    desk.tell(stream, method="UNSUBSCRIBE", params=["btcusdt@aggTrade"], id=3)
    desk.order("BUY", "MARKET", quantity="0.1")
    assert desk.heard(stream) == []
    refused = desk.gateway.connect(Request("GET", HOST, "/elsewhere"), desk.now_ns)
    assert isinstance(refused, Response)


# One's own -----------------------------------------------------------------------------------


def test_an_order_and_what_it_changes_are_told_in_order(desk: UsdmDesk) -> None:
    stream = desk.mine()
    desk.limit("BUY", "0.1", "50000", "rests")
    desk.order("BUY", "MARKET", quantity="1.5", newClientOrderId="trades")
    frames = desk.heard(stream)
    assert events(frames) == [
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("TRADE_LITE", ""),
        ("ORDER_TRADE_UPDATE", "PARTIALLY_FILLED"),
        ("TRADE_LITE", ""),
        ("ORDER_TRADE_UPDATE", "FILLED"),
        ("ACCOUNT_UPDATE", ""),
    ]
    filled = frames[5]["o"]
    assert (filled["c"], filled["x"], filled["l"], filled["z"]) == (
        "trades", "TRADE", "0.500", "1.500",
    )  # fmt: skip
    change = frames[6]["a"]
    assert change["m"] == "ORDER"
    assert [one["wb"] for one in change["B"]] == ["99954.99990000"]
    assert [(one["pa"], one["ps"], one["mt"]) for one in change["P"]] == [
        ("1.500", "BOTH", "cross"),
    ]
    desk.put("/fapi/v1/order", symbol=SYMBOL, side="BUY", quantity="0.2", price="50000",
             origClientOrderId="rests")  # fmt: skip
    desk.delete("/fapi/v1/order", symbol=SYMBOL, origClientOrderId="rests")
    ends = [(one["o"]["x"], one["o"]["X"], one["o"]["q"]) for one in desk.heard(stream)]
    assert ends == [("AMENDMENT", "NEW", "0.200"), ("CANCELED", "CANCELED", "0.200")]


def test_a_conditional_order_is_told_as_algo_and_then_as_order() -> None:
    desk = UsdmDesk(path=[(0, 600_000), (MINUTE_NS, 590_000)])
    desk.order("BUY", "MARKET", quantity="0.1")
    stream = desk.mine()
    desk.algo("SELL", "STOP_MARKET", "stop", quantity="0.1", triggerPrice="59500")
    desk.algo("SELL", "STOP_MARKET", "gone", quantity="0.1", triggerPrice="50000")
    desk.delete("/fapi/v1/algoOrder", clientAlgoId="gone")
    desk.at(61)
    frames = desk.heard(stream)
    assert events(frames) == [
        ("ALGO_UPDATE", "NEW"),
        ("ALGO_UPDATE", "NEW"),
        ("ALGO_UPDATE", "CANCELED"),
        ("ALGO_UPDATE", "TRIGGERING"),
        ("ALGO_UPDATE", "TRIGGERED"),
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("TRADE_LITE", ""),
        ("ORDER_TRADE_UPDATE", "FILLED"),
        ("ALGO_UPDATE", "FINISHED"),
        ("ACCOUNT_UPDATE", ""),
    ]
    assert [one["o"]["ai"] for one in of(frames, "ALGO_UPDATE")[3:]] == [
        "", str(frames[5]["o"]["i"]), str(frames[5]["o"]["i"]),
    ]  # fmt: skip


def test_funding_is_told_with_what_was_paid() -> None:
    desk = UsdmDesk()
    desk.exchange.street.set_funding(SYMBOL, 100_000)
    desk.exchange.settle()
    desk.order("BUY", "MARKET", quantity="0.1")
    stream = desk.mine()
    for minutes in range(50, 9 * 60, 50):
        desk.at(minutes * 60)
        desk.keyed("PUT", LISTEN)
    found = of(desk.heard(stream), "ACCOUNT_UPDATE")
    assert {one["a"]["m"] for one in found} == {"FUNDING_FEE"}
    assert found[0]["a"]["B"][0]["bc"] == "-0.60000000"


def test_margin_that_is_moved_and_money_that_comes_are_told_apart(desk: UsdmDesk) -> None:
    desk.post("/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
    desk.order("BUY", "MARKET", quantity="0.1")
    stream = desk.mine()
    desk.post("/fapi/v1/positionMargin", symbol=SYMBOL, amount="50", type=1)
    desk.exchange.transfer(desk.account, "USDT", desk.exchange.atoms("USDT", Decimal(7)))
    desk.at(1)
    found = [one["a"] for one in of(desk.heard(stream), "ACCOUNT_UPDATE")]
    told = [(one["m"], one["B"][0]["bc"], len(one["P"])) for one in found]
    assert told == [("MARGIN_TRANSFER", "-50.00000000", 1), ("DEPOSIT", "7.00000000", 0)]


def test_a_change_of_leverage_is_told_without_an_account_update(desk: UsdmDesk) -> None:
    desk.order("BUY", "MARKET", quantity="0.1")
    stream = desk.mine()
    desk.order("BUY", "MARKET", quantity="0.1")
    desk.heard(stream)
    desk.post("/fapi/v1/leverage", symbol=SYMBOL, leverage=33)
    desk.at(1)
    frames = desk.heard(stream)
    assert [one["e"] for one in frames] == ["ACCOUNT_CONFIG_UPDATE"]
    assert frames[0]["ac"] == {"s": SYMBOL, "l": 33}


def test_a_margin_call_comes_once_before_the_liquidation() -> None:
    path = [(0, 600_000), (MINUTE_NS, 543_500), (2 * MINUTE_NS, 543_400), (3 * MINUTE_NS, 543_000)]
    desk = UsdmDesk(path=path, cash=6_000)
    desk.post("/fapi/v1/leverage", symbol=SYMBOL, leverage=20)
    desk.order("BUY", "MARKET", quantity="1")
    stream = desk.mine()
    market = desk.open("/ws/!forceOrder@arr")
    desk.at(61)
    assert len(of(desk.heard(stream), "MARGIN_CALL")) == 1
    desk.at(121)
    assert of(desk.heard(stream), "MARGIN_CALL") == []
    desk.at(181)
    reports = of(desk.heard(stream), "ORDER_TRADE_UPDATE")
    assert {one["o"]["c"].partition("-")[0] for one in reports} == {"autoclose"}
    assert {one["o"]["x"] for one in reports[1:]} == {"CALCULATED"}
    forced = desk.heard(market)
    assert [(one["e"], one["o"]["S"], one["o"]["q"]) for one in forced] == [
        ("forceOrder", "SELL", "1.000"),
    ]
    assert desk.risk() == []


def test_a_listen_key_is_one_for_the_account_and_lives_an_hour(desk: UsdmDesk) -> None:
    key = desk.keyed("POST", LISTEN)["listenKey"]
    assert len(key) == 64
    assert desk.keyed("POST", LISTEN)["listenKey"] == key
    named = desk.open("/stream", f"streams={key}")
    plain = desk.open(f"/ws/{key}")
    by_frame = desk.open("/private/ws")
    desk.tell(by_frame, method="SUBSCRIBE", params=[key], id=1)
    desk.limit("BUY", "0.1", "50000")
    told = [desk.heard(one) for one in (named, plain, by_frame)]
    assert (told[0][0]["stream"], told[0][0]["data"]) == (key, told[1][0])
    assert told[1] == told[2]
    desk.at(3_000)
    assert desk.keyed("PUT", LISTEN) == {"listenKey": key}
    desk.at(4_000)
    desk.limit("BUY", "0.1", "50000")
    assert len(desk.heard(plain)) == 1


def test_a_listen_key_that_ran_out_is_told_once_and_then_nothing(desk: UsdmDesk) -> None:
    stream = desk.mine()
    key = desk.keyed("POST", LISTEN)["listenKey"]
    assert desk.keyed("DELETE", LISTEN) == {}
    desk.at(1)
    assert [(one["e"], one["listenKey"]) for one in desk.heard(stream)] == [
        ("listenKeyExpired", key),
    ]
    desk.limit("BUY", "0.1", "50000")
    assert desk.heard(stream) == []
    assert desk.keyed("PUT", LISTEN)["code"] == -1125
    fresh = desk.keyed("POST", LISTEN)["listenKey"]
    assert fresh != key
    # A key that is none opens a connection on which nothing is ever said.
    dead = desk.open("/private/ws", f"listenKey={key}")
    desk.limit("BUY", "0.1", "51000")
    assert desk.heard(dead) == []


def test_nobody_hears_of_another_account(desk: UsdmDesk) -> None:
    other = desk.exchange.open_account("other", {})
    key = desk.key
    desk.key = desk.keys.make(other, "other")
    stream = desk.mine()
    desk.key = key
    desk.order("BUY", "MARKET", quantity="0.1")
    desk.at(1)
    assert desk.heard(stream) == []


# Kept ----------------------------------------------------------------------------------------


def test_listen_keys_income_and_marks_outlive_the_venue(desk: UsdmDesk) -> None:
    key = desk.keyed("POST", LISTEN)["listenKey"]
    desk.order("BUY", "MARKET", quantity="0.1")
    other = UsdmDesk()
    put_back(other.front, keep(desk.front))
    other.exchange.restore(desk.exchange.snapshot())
    assert other.keyed("POST", LISTEN)["listenKey"] == key
    assert other.get("/fapi/v1/income") == desk.get("/fapi/v1/income") != []
    asked = {"symbol": SYMBOL, "interval": "1m"}
    path = "/fapi/v1/markPriceKlines"
    assert other.ask(path, **asked) == desk.ask(path, **asked) != []
