"""Whatever arrives, the USD-M front end answers it: no exception, no 5xx nobody ordered (R-QA-10).

Requests begin as ones a client may send, and are then broken in up to three ways, most of them
signed after that, as a client with a defect would.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from tests.fakes.hostile import HOSTILE, Dice
from tests.fakes.usdm_desk import HOST, NS_MS, SECOND_NS, START_NS, SYMBOL, UsdmDesk

from ballast.venues.simulated.fronts.binance.front import MAY_TRADE
from ballast.venues.simulated.fronts.binance.usdm import ROUTES
from ballast.venues.simulated.fronts.binance.usdm_words import ALGO_BASE
from ballast.venues.simulated.fronts.keys import hmac_hex
from ballast.venues.simulated.wire.messages import Answer, Request

REQUESTS = 6_000
FRAMES = 2_000
STEP_NS = 700_000_000
ACCOUNT_STEPS = 200
PLACE = {"symbol": SYMBOL}
BUY = {**PLACE, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
       "price": "50000"}  # fmt: skip
MARKET = {**PLACE, "side": "SELL", "type": "MARKET", "quantity": "0.01"}
STOP = {**PLACE, "algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET",
        "quantity": "0.01", "triggerPrice": "40000"}  # fmt: skip
CHANGE = {**PLACE, "side": "BUY", "quantity": "0.02", "price": "51000",
          "origClientOrderId": "a-1"}  # fmt: skip
BARE = [
    *(f"{method} /fapi/v1/listenKey" for method in ("POST", "PUT", "DELETE")),
    *(f"GET /fapi/v1/{name}" for name in (
        "ping", "time", "exchangeInfo", "fundingInfo", "positionSide/dual", "multiAssetsMargin",
        "accountConfig", "rateLimit/order",
    )),
    *(f"GET /fapi/{version}/{name}" for version in ("v2", "v3") for name in ("account", "balance")),
]  # fmt: skip
"""Paths that take no parameter."""
GOOD: dict[str, list[dict[str, Any]]] = {
    "POST /fapi/v1/order": [
        BUY, MARKET, {**BUY, "newClientOrderId": "a-1"}, {**BUY, "reduceOnly": "true"},
        {**BUY, "timeInForce": "GTX", "newOrderRespType": "RESULT"},
        {**BUY, "positionSide": "LONG"}, {**MARKET, "positionSide": "SHORT"},
        {**BUY, "timeInForce": "GTD", "goodTillDate": "1900000000000"},
    ],
    "POST /fapi/v1/order/test": [BUY, MARKET],
    "POST /fapi/v1/algoOrder": [
        STOP, {**STOP, "clientAlgoId": "s-1"}, {**STOP, "workingType": "MARK_PRICE"},
        {**PLACE, "algoType": "CONDITIONAL", "side": "SELL", "type": "TRAILING_STOP_MARKET",
         "quantity": "0.01", "callbackRate": "5"},
        {**STOP, "type": "STOP", "price": "39000", "timeInForce": "GTC"},
    ],
    "PUT /fapi/v1/order": [CHANGE],
    "GET /fapi/v1/order": [{**PLACE, "origClientOrderId": "a-1"}],
    "DELETE /fapi/v1/order": [{**PLACE, "origClientOrderId": "a-1"}],
    "GET /fapi/v1/openOrder": [{**PLACE, "origClientOrderId": "a-1"}],
    "GET /fapi/v1/algoOrder": [{"clientAlgoId": "s-1"}],
    "DELETE /fapi/v1/algoOrder": [{"clientAlgoId": "s-1"}],
    "POST /fapi/v1/batchOrders": [{"batchOrders": json.dumps([BUY, MARKET])}],
    "PUT /fapi/v1/batchOrders": [{"batchOrders": json.dumps([CHANGE])}],
    "DELETE /fapi/v1/batchOrders": [{**PLACE, "orderIdList": "[1,2]"}],
    "POST /fapi/v1/countdownCancelAll": [{**PLACE, "countdownTime": "120000"}],
    "POST /fapi/v1/leverage": [{**PLACE, "leverage": "7"}, {**PLACE, "leverage": "9"}],
    "POST /fapi/v1/marginType": [{**PLACE, "marginType": one} for one in ("ISOLATED", "CROSSED")],
    "POST /fapi/v1/positionMargin": [{**PLACE, "amount": "5", "type": "1"}],
    "POST /fapi/v1/positionSide/dual": [{"dualSidePosition": one} for one in ("true", "false")],
    "GET /fapi/v1/klines": [{**PLACE, "interval": "1m", "limit": "5"}],
    "GET /fapi/v1/markPriceKlines": [{**PLACE, "interval": "5m", "startTime": "1"}],
    **{route: [{}] for route in BARE},
}  # fmt: skip
VALUES = [*HOSTILE, json.dumps([None]), json.dumps([{"symbol": None}, 1]), json.dumps([[]])]


def values_of(dice: Dice, method: str, path: str) -> dict[str, str]:
    """Return what is sent: something that makes sense, then broken."""
    values = dict(dice.one(GOOD.get(f"{method} {path}", [PLACE])))
    for _ in range(dice.one([0, 0, 1, 2, 3])):
        name = dice.one([*values, "x"])
        match dice.one(["value", "drop", "name"]):
            case "value":
                values[name] = dice.one(VALUES)
            case "drop":
                values.pop(name, None)
            case _:
                values[dice.one(HOSTILE)] = values.pop(name, "1")
    return values


def text_of(values: dict[str, str]) -> str:
    """Return a query; what is no text is sent as the bytes that it would be."""
    return "&".join(
        f"{quote(name, errors='surrogatepass')}={quote(value, errors='surrogatepass')}"
        for name, value in values.items()
    )


def request_of(dice: Dice, desk: UsdmDesk, now_ns: int) -> Request:
    """Return one request, most of them broken."""
    method, path = dice.one(list(ROUTES))
    values = values_of(dice, method, path)
    resting = desk.exchange.open_orders(desk.account, SYMBOL)
    if resting and dice.chance(0.3):
        number = dice.one(resting).order_id
        if path == "/fapi/v1/algoOrder" and method != "POST":
            values = {"algoId": str(ALGO_BASE + number)}
        elif path in {"/fapi/v1/order", "/fapi/v1/openOrder"} and method != "POST":
            change = {"side": "BUY", "quantity": "0.02", "price": "49000"}
            values = {**PLACE, "orderId": str(number), **(change if method == "PUT" else {})}
    stamp = str(now_ns // NS_MS) if dice.chance(0.95) else dice.one(HOSTILE)
    query, body = text_of({**values, "timestamp": stamp}), b""
    if method in {"POST", "PUT"} and dice.chance(0.5):
        query, body = "", query.encode()
    if dice.chance(0.05):
        body = dice.draw.bytes(int(dice.draw.integers(200)))
    if dice.chance(0.05):
        query += dice.one(["&", "=", "%", "%zz", "&&=", "&symbol=BTCUSDT"])
    signed = hmac_hex(desk.key.secret, (query + body.decode("utf-8", "replace")).encode())
    if dice.chance(0.95):
        wrong = quote(dice.one(HOSTILE), errors="surrogatepass")
        query += f"&signature={signed if dice.chance(0.95) else wrong}"
    key = desk.key.key if dice.chance(0.95) else dice.one(HOSTILE)
    if dice.chance(0.03):
        at = int(dice.draw.integers(len(path)))
        path = path[:at] + dice.one(HOSTILE) + path[at:]
    if dice.chance(0.03):
        method = dice.one(["PATCH", "HEAD", "OPTIONS", "get", ""])
    address = f"127.0.0.{int(dice.draw.integers(1, 250))}"
    return Request(method, HOST, path, query, {"x-mbx-apikey": key}, body, address)


def fresh(desk: UsdmDesk, number: int) -> None:
    """Go on as another account; every second one has an isolated position already."""
    desk.account = desk.exchange.open_account(f"a{number}", {"USDT": Decimal(50_000)})
    desk.key = desk.keys.make(desk.account, f"a{number}")
    if number % 2:
        desk.post("/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
        desk.order("BUY", "MARKET", quantity="0.01")


def test_no_request_brings_the_front_end_down() -> None:
    dice, desk, seen = Dice("usdm"), UsdmDesk(), dict.fromkeys(ROUTES, 0)
    for step in range(REQUESTS):
        now_ns = START_NS + step * STEP_NS
        if step % ACCOUNT_STEPS == 0:
            desk.now_ns = now_ns
            fresh(desk, step // ACCOUNT_STEPS)
        asked = request_of(dice, desk, now_ns)
        outcome = desk.gateway.request(asked, now_ns)
        assert isinstance(outcome, Answer), asked
        answer = outcome.response
        assert answer.status < 500, (asked, answer)
        said = answer.json()
        if answer.status != 200:
            assert isinstance(said["code"], int), (asked, said)
        elif (asked.method, asked.path) in seen:
            seen[asked.method, asked.path] += 1
    done = {route for route, times in seen.items() if times}
    # Most of what gets past the doors must be seen too, or the fuzz stays before them.
    trading = {one for one, route in ROUTES.items() if route.security in MAY_TRADE}
    assert trading <= done, trading - done
    assert len(done) > len(ROUTES) * 0.95, set(ROUTES) - done


def test_no_frame_brings_the_streams_down() -> None:
    dice, desk = Dice("usdm frames"), UsdmDesk()
    desk.at(1)
    key = desk.keyed("POST", "/fapi/v1/listenKey")["listenKey"]
    names = [key, *(f"btcusdt@{kind}" for kind in (
        "depth", "depth@100ms", "depth5", "aggTrade", "trade", "kline_1m", "markPrice",
        "markPrice@1s", "ticker", "bookTicker", "forceOrder",
    )), "!ticker@arr", "!markPrice@arr", "!forceOrder@arr"]  # fmt: skip
    heard, stream = 0, desk.open("/private/stream")
    for step in range(FRAMES):
        desk.now_ns = START_NS + SECOND_NS + step * 150_000_000
        params = [dice.one([*names, *HOSTILE, None, 1, []]) for _ in range(dice.one([1, 1, 2]))]
        method = dice.one(["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", dice.one(HOSTILE)])
        frame: dict[str, Any] = {"method": method, "params": params, "id": step}
        if dice.chance(0.1):
            frame[dice.one(list(frame))] = dice.one([None, [], {}, "é", 1.5])
        text = json.dumps(frame)
        if dice.chance(0.1):
            at = int(dice.draw.integers(len(text)))
            text = text[:at] + dice.one([*HOSTILE, "]", "}", '"']) + text[at + 1 :]
        desk.gateway.receive(stream, text, desk.now_ns)
        if step % 20 == 0:
            desk.order("BUY" if step % 40 else "SELL", "MARKET", quantity="0.01")
        frames = desk.heard(stream)
        heard += len(frames)
        assert all(isinstance(one, dict) for one in frames)
        assert not stream.ended
    assert heard > FRAMES
