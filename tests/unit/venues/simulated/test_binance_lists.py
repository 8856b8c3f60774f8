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
