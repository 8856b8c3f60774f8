"""Whatever arrives, the Bybit front end answers it: no exception, no 5xx nobody ordered (R-QA-10).

Requests begin as ones a client may send, and are then broken in up to three ways, most of them
signed after that, as a client with a defect would.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.fakes.bybit_desk import HOST, LINEAR, NAME, NS_MS, SECOND_NS, START_NS, BybitDesk
from tests.fakes.hostile import HOSTILE, Dice

from ballast.venues.simulated.fronts.bybit.private import TOPICS
from ballast.venues.simulated.fronts.bybit.trading import ACTS
from ballast.venues.simulated.fronts.bybit.unified import ROUTES, Security
from ballast.venues.simulated.fronts.bybit.words import order_name
from ballast.venues.simulated.fronts.keys import hmac_hex
from ballast.venues.simulated.wire.messages import Answer, Request

if TYPE_CHECKING:
    from ballast.venues.simulated.wire.streams import Connection

REQUESTS = 6_000
FRAMES = 2_000
STEP_NS = 700_000_000
ACCOUNT_STEPS = 150
PLACE = {"category": "linear", "symbol": NAME}
BUY = {**PLACE, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "50000"}
STOPPED = {**BUY, "orderType": "Market", "takeProfit": "90000", "stopLoss": "10000"}
WAITS = {**BUY, "triggerPrice": "40000", "triggerDirection": 2}
SPOT = {**BUY, "category": "spot", "marketUnit": "baseCoin", "timeInForce": "GTC"}
LEGS = {**SPOT, "takeProfit": "70000", "stopLoss": "30000"}
REF = {**PLACE, "orderLinkId": "a-1"}
GOOD: dict[str, list[dict[str, Any]]] = {
    "/v5/order/create": [
        BUY, {**BUY, "orderLinkId": "a-1"}, STOPPED, WAITS, SPOT, LEGS,
        {**STOPPED, "tpslMode": "Partial"}, {**SPOT, "orderType": "Market"},
    ],
    "/v5/order/amend": [{**REF, "qty": "0.02"}, {**REF, "price": "51000"},
                        {**REF, "takeProfit": "80000"}],
    "/v5/order/cancel": [REF, {**PLACE, "orderId": "5a17b0c1-0000-4000-8000-000000000003"}],
    "/v5/order/cancel-all": [PLACE, {"category": "spot", "orderFilter": "StopOrder"}],
    "/v5/order/create-batch": [{"category": "linear", "request": [BUY, STOPPED]}],
    "/v5/order/amend-batch": [{"category": "linear", "request": [{**REF, "qty": "0.03"}]}],
    "/v5/order/cancel-batch": [{"category": "linear", "request": [REF]}],
    "/v5/order/disconnected-cancel-all": [{"timeWindow": 10, "product": "SPOT"}],
    "/v5/position/set-leverage": [{**PLACE, "buyLeverage": "7", "sellLeverage": "7"},
                                  {**PLACE, "buyLeverage": "9", "sellLeverage": "9"}],
    "/v5/position/switch-mode": [{**PLACE, "mode": 3}, {**PLACE, "mode": 0}],
    "/v5/position/switch-isolated": [{**PLACE, "tradeMode": 1}],
    "/v5/position/trading-stop": [
        {**PLACE, "takeProfit": "90000"}, {**PLACE, "stopLoss": "20000", "trailingStop": "900"},
        {**PLACE, "tpslMode": "Partial", "stopLoss": "20000", "slSize": "0.01"},
    ],
    "/v5/position/add-margin": [{**PLACE, "margin": "5"}],
    "/v5/account/set-margin-mode": [{"setMarginMode": "ISOLATED_MARGIN"},
                                    {"setMarginMode": "REGULAR_MARGIN"}],
    "/v5/market/kline": [{**PLACE, "interval": "1"}],
    "/v5/market/mark-price-kline": [{**PLACE, "interval": "5", "start": "1"}],
    "/v5/market/open-interest": [{**PLACE, "intervalTime": "5min"}],
    "/v5/account/wallet-balance": [{"accountType": "UNIFIED", "coin": "BTC,USDT"}],
    "/v5/asset/transfer/query-account-coins-balance": [{"accountType": "UNIFIED"}],
    "/v5/order/realtime": [{**REF}, {**PLACE, "openOnly": 1, "limit": "5", "cursor": "page5"}],
    "/v5/order/history": [{**PLACE, "orderStatus": "Cancelled", "startTime": "1"}],
}  # fmt: skip
VALUES: list[Any] = [*HOSTILE, None, True, False, 0, -1, 1.5, 10**30, [], {}, [[]], [{}], {"a": 1}]


def values_of(dice: Dice, path: str) -> dict[str, Any]:
    """Return what is sent: something that makes sense, then broken."""
    values = dict(dice.one(GOOD.get(path, [PLACE])))
    if values.get("orderLinkId") == "a-1":
        # The venue takes an id once: orders count theirs up, the rest speaks of a late one.
        number = int(dice.draw.integers(1, 9))
        values["orderLinkId"] = f"a-{number}"
    for _ in range(dice.one([0, 0, 1, 2, 3])):
        name = dice.one([*values, "x"])
        match dice.one(["value", "drop", "name"]):
            case "value":
                values[name] = dice.one(VALUES)
            case "drop":
                values.pop(name, None)
            case _:
                values[dice.one(HOSTILE)] = values.pop(name, 1)
    return values


def query_of(values: dict[str, Any]) -> str:
    """Return a query; what is no text is sent as the bytes that it would be."""
    return "&".join(
        f"{quote(name, errors='surrogatepass')}={quote(str(value), errors='surrogatepass')}"
        for name, value in values.items()
    )


def request_of(dice: Dice, desk: BybitDesk, now_ns: int) -> Request:
    """Return one request, most of them broken."""
    method, path = dice.one(list(ROUTES))
    values = values_of(dice, path)
    resting = desk.exchange.open_orders(desk.account, LINEAR)
    if resting and path in {"/v5/order/cancel", "/v5/order/amend"} and dice.chance(0.3):
        number = order_name(desk.exchange.listings[LINEAR], dice.one(resting).order_id)
        values = {**PLACE, "orderId": number, "price": "49000"}
    query = query_of(values) if method == "GET" else ""
    body = json.dumps(values).encode() if method == "POST" else b""
    if dice.chance(0.05):
        body = dice.draw.bytes(int(dice.draw.integers(200)))
    if dice.chance(0.05):
        query += dice.one(["&", "=", "%", "%zz", "&&=", "&category=spot"])
    stamp = str(now_ns // NS_MS) if dice.chance(0.95) else dice.one(HOSTILE)
    window = "5000" if dice.chance(0.95) else dice.one(HOSTILE)
    key = desk.key.key if dice.chance(0.95) else dice.one(HOSTILE)
    sent = query if method == "GET" else body.decode("utf-8", "replace")
    origin = f"{stamp}{desk.key.key}{window}{sent}".encode("utf-8", "replace")
    sign = hmac_hex(desk.key.secret, origin) if dice.chance(0.95) else dice.one(HOSTILE)
    if dice.chance(0.03):
        at = int(dice.draw.integers(len(path)))
        path = path[:at] + dice.one(HOSTILE) + path[at:]
    if dice.chance(0.03):
        method = dice.one(["PUT", "PATCH", "HEAD", "OPTIONS", "get", ""])
    headers = {
        "x-bapi-api-key": key, "x-bapi-timestamp": stamp, "x-bapi-recv-window": window,
        "x-bapi-sign": sign,
    }  # fmt: skip
    return Request(method, HOST, path, query, headers, body, "127.0.0.8")


def fresh(desk: BybitDesk, number: int) -> None:
    """Go on as another account; every second one has an isolated position already."""
    desk.account = desk.exchange.open_account(f"a{number}", {"USDT": Decimal(50_000)})
    desk.key = desk.keys.make(desk.account, f"a{number}")
    if number % 2:
        desk.post("/v5/account/set-margin-mode", setMarginMode="ISOLATED_MARGIN")
        desk.order(side="Buy", orderType="Market", qty="0.01")


def test_no_request_brings_the_front_end_down() -> None:
    dice, desk, seen = Dice("bybit"), BybitDesk(), dict.fromkeys(ROUTES, 0)
    for step in range(REQUESTS):
        now_ns = START_NS + step * STEP_NS
        if step % ACCOUNT_STEPS == 0:
            desk.now_ns = now_ns
            fresh(desk, step // ACCOUNT_STEPS)
        asked = request_of(dice, desk, now_ns)
        outcome = desk.gateway.request(asked, now_ns)
        assert isinstance(outcome, Answer), asked
        answer = outcome.response
        assert answer.status in {200, 404}, (asked, answer)
        said = answer.json()
        assert isinstance(said["retCode"], int), (asked, said)
        if said["retCode"] == 0:
            seen[asked.method, asked.path] += 1
    done = {route for route, times in seen.items() if times}
    # Most of what gets past the doors must be seen too, or the fuzz stays before them.
    never = {("POST", "/v5/position/switch-isolated")}
    trading = {one for one, route in ROUTES.items() if route.security is Security.TRADE}
    assert trading - never <= done, trading - never - done
    assert len(done) > len(ROUTES) * 0.9, set(ROUTES) - done


def frame_of(dice: Dice, desk: BybitDesk, path: str) -> str:
    """Return one frame, most of them broken."""
    if path == "/v5/trade":
        op = dice.one([*ACTS, "ping", "auth"])
        args: Any = [values_of(dice, ACTS[op][1])] if op in ACTS else desk.auth()
        stamp = str(desk.now_ns // NS_MS)
        frame: dict[str, Any] = {"op": op, "args": args, "header": {"X-BAPI-TIMESTAMP": stamp}}
        frame["reqId"] = dice.one(["1", None, 1, "é", {}])
    else:
        topics = [f"orderbook.50.{NAME}", f"tickers.{NAME}", f"kline.1.{NAME}",
                  f"publicTrade.{NAME}", *TOPICS]  # fmt: skip
        args = [dice.one([*topics, *HOSTILE, None, 1, []]) for _ in range(dice.one([1, 1, 2]))]
        op = dice.one(["subscribe", "unsubscribe", "ping", dice.one(HOSTILE)])
        frame = {"op": op, "args": args, "req_id": dice.one(["1", 1, None, [], {}, "é"])}
    if dice.chance(0.15):
        frame[dice.one(list(frame))] = dice.one(VALUES)
    text = json.dumps(frame)
    if dice.chance(0.1):
        at = int(dice.draw.integers(len(text)))
        text = text[:at] + dice.one([*HOSTILE, "]", "}", '"']) + text[at + 1 :]
    return text


def opened_by(desk: BybitDesk, path: str) -> Connection:
    """Open a stream, and show the key where one is asked for."""
    opened = desk.open(path)
    if "public" not in path:
        desk.tell(opened, op="auth", args=desk.auth())
    return opened


def test_no_frame_brings_the_streams_down() -> None:
    dice, desk = Dice("bybit frames"), BybitDesk()
    desk.at(1)
    for path in ("/v5/public/spot", "/v5/public/linear", "/v5/private", "/v5/trade"):
        heard = 0
        opened = opened_by(desk, path)
        for step in range(FRAMES):
            now_ns = START_NS + SECOND_NS + step * 50_000_000
            desk.now_ns = max(desk.now_ns, now_ns)
            desk.gateway.receive(opened, frame_of(dice, desk, path), desk.now_ns)
            frames = desk.heard(opened)
            heard += len(frames)
            assert all(isinstance(one, dict) for one in frames)
            if opened.ended:  # the key was shown wrongly: the venue hangs up
                opened = opened_by(desk, path)
        assert heard >= FRAMES
        desk.gateway.disconnect(opened)
    assert desk.exchange.orders(desk.account, LINEAR)
