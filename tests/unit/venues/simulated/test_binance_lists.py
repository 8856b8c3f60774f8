"""What Binance says of an OCO pair when one leg trades, and when it is cancelled (R-OMS-08)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from tests.fakes.binance_desk import SYMBOL, SpotDesk

from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.venues.simulated.fronts.keys import hmac_hex
from ballast.venues.simulated.wire.messages import Answer, Request, Response, Text

if TYPE_CHECKING:
    from ballast.venues.simulated.wire.streams import Connection

START_NS = 1_700_000_000_000_000_000
NOW_NS = START_NS + 1_000_000_000
HOST = "api.binance.com"
SALE = {
    "symbol": SYMBOL, "side": "SELL", "quantity": "0.5", "listClientOrderId": "pair",
    "aboveType": "LIMIT_MAKER", "abovePrice": "60000.03", "aboveClientOrderId": "gain",
    "belowType": "STOP_LOSS", "belowStopPrice": "50000", "belowClientOrderId": "stop",
}  # fmt: skip


def signed(desk: SpotDesk, values: dict[str, str]) -> dict[str, str]:
    asked = {**values, "timestamp": str(NOW_NS // 1_000_000)}
    return {**asked, "signature": hmac_hex(desk.key.secret, urlencode(asked).encode())}


def send(desk: SpotDesk, method: str, path: str, values: dict[str, str]) -> Any:
    query = urlencode(signed(desk, values))
    headers = {"x-mbx-apikey": desk.key.key}
    outcome = desk.gateway.request(Request(method, HOST, path, query, headers), NOW_NS)
    assert isinstance(outcome, Answer)
    return outcome.response.json()


def ask(desk: SpotDesk, opened: Connection, method: str, values: dict[str, str]) -> Any:
    """Return what the websocket interface answers."""
    asked = {**values, "apiKey": desk.key.key, "timestamp": str(NOW_NS // 1_000_000)}
    payload = "&".join(f"{name}={asked[name]}" for name in sorted(asked))
    asked["signature"] = hmac_hex(desk.key.secret, payload.encode())
    frame = {"id": 1, "method": method, "params": asked}
    desk.gateway.receive(opened, json.dumps(frame), NOW_NS)
    said = [one for one in desk.gateway.take(opened, NOW_NS) if isinstance(one, Text)]
    return json.loads(said[0].text).get("result")


def statuses(desk: SpotDesk) -> dict[str, str]:
    found = send(desk, "GET", "/api/v3/allOrders", {"symbol": SYMBOL})
    return {one["clientOrderId"]: one["status"] for one in found}


def locked(desk: SpotDesk) -> int:
    return desk.exchange.balance(desk.account, "BTC").locked_atoms


def test_a_leg_that_gave_way_expires_and_the_user_is_told_so() -> None:
    desk = SpotDesk(START_NS, climbs=False)
    opened = desk.gateway.connect(Request("GET", HOST, "/ws-api/v3"), NOW_NS)
    assert not isinstance(opened, Response)
    ask(desk, opened, "userDataStream.subscribe.signature", {})
    made = send(desk, "POST", "/api/v3/orderList/oco", SALE)
    assert [one["status"] for one in made["orderReports"]] == ["NEW", "NEW"]
    assert locked(desk) == 50_000_000
    other = desk.exchange.open_account("other", {"USDT": Decimal(1_000_000)})
    desk.exchange.submit(other, OrderRequest(SYMBOL, Side.BUY, OrderKind.MARKET, qty_lots=400_000))
    assert statuses(desk) == {"gain": "FILLED", "stop": "EXPIRED"}
    assert locked(desk) == 0
    frames = [one for one in desk.gateway.take(opened, NOW_NS) if isinstance(one, Text)]
    told = [json.loads(one.text).get("event", {}) for one in frames]
    assert [one["L"] for one in told if one.get("e") == "listStatus"] == ["EXECUTING", "ALL_DONE"]
    reports = {one["c"]: (one["x"], one["X"]) for one in told if one.get("e") == "executionReport"}
    assert reports == {"gain": ("TRADE", "FILLED"), "stop": ("EXPIRED", "EXPIRED")}


def test_the_websocket_interface_takes_pairs_too() -> None:
    desk = SpotDesk(START_NS, climbs=False)
    opened = desk.gateway.connect(Request("GET", HOST, "/ws-api/v3"), NOW_NS)
    assert not isinstance(opened, Response)
    assert ask(desk, opened, "orderList.place.oco", SALE)["listOrderStatus"] == "EXECUTING"
    asked = {"origClientOrderId": "pair"}
    found = ask(desk, opened, "orderList.status", asked)
    assert [one["clientOrderId"] for one in found["orders"]] == ["gain", "stop"]
    assert ask(desk, opened, "openOrderLists.status", {}) == [found]
    asked = {"symbol": SYMBOL, "listClientOrderId": "pair"}
    assert ask(desk, opened, "orderList.cancel", asked)["listOrderStatus"] == "ALL_DONE"
    assert statuses(desk) == {"gain": "CANCELED", "stop": "CANCELED"}


def test_cancelling_one_leg_cancels_both() -> None:
    desk = SpotDesk(START_NS, climbs=False)
    send(desk, "POST", "/api/v3/orderList/oco", SALE)
    send(desk, "DELETE", "/api/v3/order", {"symbol": SYMBOL, "origClientOrderId": "gain"})
    assert statuses(desk) == {"gain": "CANCELED", "stop": "CANCELED"}
    assert send(desk, "GET", "/api/v3/openOrderList", {}) == []
    assert locked(desk) == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"aboveType": "STOP_LOSS", "aboveStopPrice": "70000"}, -1106),
        ({"abovePrice": "59000"}, -2010),
        ({"belowStopPrice": "61000"}, -2010),
        ({"quantity": "500"}, -2010),
        ({"side": "BUY"}, -1128),
        ({"aboveType": "MARKET"}, -1116),
        ({"belowPrice": "49000"}, -1106),
        ({"aboveTimeInForce": "GTC"}, -1106),
        ({"belowClientOrderId": "gain"}, -2010),
        ({"price": "1"}, -1104),
    ],
)
def test_a_pair_that_cannot_be_is_refused_whole(change: dict[str, str], code: int) -> None:
    desk = SpotDesk(START_NS, climbs=False)
    assert send(desk, "POST", "/api/v3/orderList/oco", SALE | change)["code"] == code
    assert statuses(desk) == {}
    assert locked(desk) == 0


def test_what_is_missing_is_named_as_it_is_sent() -> None:
    desk = SpotDesk(START_NS, climbs=False)
    asked = {name: value for name, value in SALE.items() if name != "abovePrice"}
    said = send(desk, "POST", "/api/v3/orderList/oco", asked)
    assert said["code"] == -1102
    assert "'abovePrice'" in said["msg"]


# A working order and what it triggers --------------------------------------------------------

WORKING = {
    "symbol": SYMBOL, "listClientOrderId": "chain", "workingType": "LIMIT", "workingSide": "BUY",
    "workingPrice": "59000", "workingQuantity": "0.5", "workingTimeInForce": "GTC",
    "workingClientOrderId": "entry", "pendingSide": "SELL", "pendingQuantity": "0.4",
}  # fmt: skip
OTO = WORKING | {
    "pendingType": "LIMIT", "pendingPrice": "61000", "pendingTimeInForce": "GTC",
    "pendingClientOrderId": "exit",
}  # fmt: skip
OTOCO = WORKING | {
    "pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": "61000",
    "pendingAboveClientOrderId": "gain", "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "50000", "pendingBelowClientOrderId": "stop",
}  # fmt: skip
AT_ONCE = {"workingPrice": "60100"}


def sell_to(desk: SpotDesk, price: str, qty_lots: int = 50_000) -> None:
    """Let somebody else sell down to a price, so that what waits there trades."""
    other = desk.exchange.open_account("other", {"BTC": Decimal(100)})
    listing = desk.exchange.listings[SYMBOL]
    street = desk.exchange.street
    for level in range(5):
        street.set_level(SYMBOL, Side.BUY, 5_999_999 - level, 0)
    desk.exchange.settle()
    ticks = listing.ticks(Decimal(price))
    assert ticks is not None
    desk.exchange.submit(
        other, OrderRequest(SYMBOL, Side.SELL, OrderKind.LIMIT, qty_lots, price_ticks=ticks)
    )


def order_of(desk: SpotDesk, own: str) -> dict[str, Any]:
    return dict(send(desk, "GET", "/api/v3/order", {"symbol": SYMBOL, "origClientOrderId": own}))


def test_a_pending_order_waits_until_the_working_one_is_filled_in_full() -> None:
    desk = SpotDesk(START_NS, climbs=False)
    made = send(desk, "POST", "/api/v3/orderList/oto", OTO)
    assert (made["contingencyType"], made["listOrderStatus"]) == ("OTO", "EXECUTING")
    reports = made["orderReports"]
    assert [(one["clientOrderId"], one["status"]) for one in reports] == [
        ("entry", "NEW"), ("exit", "PENDING_NEW"),
    ]  # fmt: skip
    assert [one["workingTime"] == -1 for one in reports] == [False, True]
    assert order_of(desk, "exit")["isWorking"] is False
    assert locked(desk) == 0
    sell_to(desk, "59000", 20_000)
    assert statuses(desk) == {"entry": "PARTIALLY_FILLED", "exit": "PENDING_NEW"}
    sell_to(desk, "59000", 30_000)
    assert statuses(desk) == {"entry": "FILLED", "exit": "NEW"}
    assert order_of(desk, "exit")["isWorking"] is True
    assert locked(desk) == 40_000_000
    (found,) = send(desk, "GET", "/api/v3/openOrderList", {})
    assert (found["contingencyType"], len(found["orders"])) == ("OTO", 2)
    assert send(desk, "GET", "/api/v3/rateLimit/order", {})[0]["count"] == 2


def test_a_working_order_filled_at_once_is_told_with_its_pending_one_still_waiting() -> None:
    """As on the venue: what became of it is to be asked for."""
    desk = SpotDesk(START_NS, climbs=False)
    made = send(desk, "POST", "/api/v3/orderList/oto", OTO | AT_ONCE)
    assert [one["status"] for one in made["orderReports"]] == ["FILLED", "PENDING_NEW"]
    assert statuses(desk) == {"entry": "FILLED", "exit": "NEW"}


@pytest.mark.parametrize("cancelled", ["entry", "exit"])
def test_one_that_is_cancelled_takes_the_other_with_it(cancelled: str) -> None:
    desk = SpotDesk(START_NS, climbs=False)
    send(desk, "POST", "/api/v3/orderList/oto", OTO)
    asked = {"symbol": SYMBOL, "origClientOrderId": cancelled}
    assert send(desk, "DELETE", "/api/v3/order", asked)["status"] == "CANCELED"
    assert statuses(desk) == {"entry": "CANCELED", "exit": "CANCELED"}
    assert desk.exchange.balance(desk.account, "USDT").locked_atoms == 0
    assert send(desk, "GET", "/api/v3/openOrderList", {}) == []


def test_of_the_pair_that_a_working_order_triggers_one_gives_way() -> None:
    desk = SpotDesk(START_NS, climbs=False)
    opened = desk.gateway.connect(Request("GET", HOST, "/ws-api/v3"), NOW_NS)
    assert not isinstance(opened, Response)
    ask(desk, opened, "userDataStream.subscribe.signature", {})
    send(desk, "POST", "/api/v3/orderList/otoco", OTOCO | AT_ONCE)
    assert statuses(desk) == {"entry": "FILLED", "gain": "NEW", "stop": "NEW"}
    assert locked(desk) == 40_000_000
    other = desk.exchange.open_account("rich", {"USDT": Decimal(1_000_000)})
    for level in range(5):
        desk.exchange.street.set_level(SYMBOL, Side.SELL, 6_000_001 + level, 0)
    buy = OrderRequest(SYMBOL, Side.BUY, OrderKind.LIMIT, 40_000, price_ticks=6_100_000)
    desk.exchange.submit(other, buy)
    send(desk, "GET", "/api/v3/openOrderList", {})  # lets events be told
    assert statuses(desk) == {"entry": "FILLED", "gain": "FILLED", "stop": "EXPIRED"}
    frames = [one for one in desk.gateway.take(opened, NOW_NS) if isinstance(one, Text)]
    told = [json.loads(one.text).get("event", {}) for one in frames]
    lists = [(one["c"], one["L"]) for one in told if one.get("e") == "listStatus"]
    assert lists == [("OTO", "EXECUTING"), ("OTO", "ALL_DONE")]


def test_a_list_whose_working_order_is_filled_is_cancelled_by_its_name() -> None:
    """Its legs are cancelled then, they did not give way to each other or to the entry."""
    desk = SpotDesk(START_NS, climbs=False)
    send(desk, "POST", "/api/v3/orderList/otoco", OTOCO | AT_ONCE)
    asked = {"symbol": SYMBOL, "listClientOrderId": "chain"}
    said = send(desk, "DELETE", "/api/v3/orderList", asked)
    assert (said["contingencyType"], said["listOrderStatus"]) == ("OTO", "ALL_DONE")
    assert statuses(desk) == {"entry": "FILLED", "gain": "CANCELED", "stop": "CANCELED"}
    assert locked(desk) == 0
    assert send(desk, "DELETE", "/api/v3/orderList", asked)["code"] == -2011


def test_a_pending_order_may_go_the_same_way_and_be_a_market_order() -> None:
    desk = SpotDesk(START_NS, climbs=False)
    same = {name: text for name, text in OTO.items() if "pending" not in name}
    same |= {"pendingType": "MARKET", "pendingSide": "BUY", "pendingQuantity": "0.1",
             "pendingClientOrderId": "more"}  # fmt: skip
    send(desk, "POST", "/api/v3/orderList/oto", same | AT_ONCE)
    assert statuses(desk) == {"entry": "FILLED", "more": "FILLED"}


def test_the_websocket_interface_takes_chains_too() -> None:
    desk = SpotDesk(START_NS, climbs=False)
    opened = desk.gateway.connect(Request("GET", HOST, "/ws-api/v3"), NOW_NS)
    assert not isinstance(opened, Response)
    for method, values, count in (("oto", OTO, 2), ("otoco", OTOCO, 3)):
        made = ask(desk, opened, f"orderList.place.{method}", values)
        assert (made["contingencyType"], len(made["orders"])) == ("OTO", count)
        asked = {"symbol": SYMBOL, "listClientOrderId": "chain"}
        assert ask(desk, opened, "orderList.cancel", asked)["listOrderStatus"] == "ALL_DONE"


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        ("oto", {"workingType": "MARKET"}, -1116),
        ("oto", {"workingType": "LIMIT_MAKER"}, -1106),
        ("oto", {"workingQuantity": "500"}, -2010),
        ("oto", {"pendingType": "GAIN"}, -1116),
        ("oto", {"pendingStopPrice": "1"}, -1106),
        ("oto", {"pendingQuoteOrderQty": "1"}, -1104),
        ("oto", {"pendingClientOrderId": "entry"}, -2010),
        ("oto", {"pendingQuantity": "0.000001"}, -1013),
        ("otoco", {"pendingAboveType": "LIMIT"}, -1116),
        ("otoco", {"pendingSide": "BUY"}, -1128),
        ("otoco", {"pendingPrice": "61000"}, -1104),
    ],
)
def test_a_chain_that_cannot_be_is_refused_whole(
    path: str, change: dict[str, str], code: int
) -> None:
    desk = SpotDesk(START_NS, climbs=False)
    values = (OTO if path == "oto" else OTOCO) | change
    assert send(desk, "POST", f"/api/v3/orderList/{path}", values)["code"] == code
    assert statuses(desk) == {}


@pytest.mark.parametrize("missing", ["workingPrice", "pendingPrice", "pendingQuantity"])
def test_what_is_missing_of_a_chain_is_named_as_it_is_sent(missing: str) -> None:
    desk = SpotDesk(START_NS, climbs=False)
    asked = {name: value for name, value in OTO.items() if name != missing}
    said = send(desk, "POST", "/api/v3/orderList/oto", asked)
    assert said["code"] == -1102
    assert f"'{missing}'" in said["msg"]
