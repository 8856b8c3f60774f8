"""Whatever arrives, the spot front end answers it: no exception, no 5xx nobody ordered (R-QA-10).

Requests begin as ones a client may send, and are then broken in one to four ways, some of them
signed after that, as a client with a defect would.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tests.fakes.binance_desk import SYMBOL, SpotDesk
from tests.fakes.hostile import HOSTILE, Dice

from ballast.venues.simulated.fronts.binance.spot import HOSTS, ROUTES, Security
from ballast.venues.simulated.fronts.binance.spot_socket import OPEN_METHODS, SIGNED_METHODS
from ballast.venues.simulated.fronts.keys import hmac_hex
from ballast.venues.simulated.wire.messages import Answer, Request, Response

HOST = min(HOSTS)
START_NS = 1_700_000_000_000_000_000
STEP_NS = 700_000_000
REQUESTS = 6_000
FRAMES = 2_000
IDS = [str(number) for number in range(1, 30)]
PARAMS: dict[str, list[str]] = {
    "symbol": [SYMBOL], "symbols": [f'["{SYMBOL}"]'], "side": ["BUY", "SELL"],
    "type": ["LIMIT", "MARKET", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT",
             "TAKE_PROFIT_LIMIT"],
    "timeInForce": ["GTC", "IOC", "FOK"], "quantity": ["0.01", "0.5", "1000"],
    "price": ["50000", "60000", "70000.01"], "stopPrice": ["10000", "90000"],
    "quoteOrderQty": ["600"], "icebergQty": ["0.1"], "trailingDelta": ["100"],
    "newClientOrderId": ["a-1", "a-2", "a-3"], "origClientOrderId": ["a-1", "a-2", "a-3"],
    "orderId": IDS, "orderListId": IDS[:16], "limit": ["5", "500", "5000"],
    "interval": ["1m", "1h", "1M"],
    "startTime": ["1"], "endTime": ["1999999999999"], "fromId": ["1"], "recvWindow": ["5000"],
    "cancelReplaceMode": ["STOP_ON_FAILURE", "ALLOW_FAILURE"], "cancelOrderId": ["1", "2"],
    "newOrderRespType": ["ACK", "RESULT", "FULL"], "selfTradePreventionMode": ["EXPIRE_MAKER"],
    "cancelRestrictions": ["ONLY_NEW"], "omitZeroBalances": ["true"],
    "timeZone": ["0", "-3:30"], "permissions": ["SPOT"],
}  # fmt: skip
LIMIT = "symbol side type timeInForce quantity price newClientOrderId newOrderRespType icebergQty"
OWN = {
    "/api/v3/order": LIMIT, "/api/v3/order/test": LIMIT,
    "/api/v3/order/cancelReplace": LIMIT + " cancelReplaceMode cancelOrderId",
    "/api/v3/orderList": "symbol orderListId",
    **{f"/api/v3/orderList/{name}": name for name in ("oco", "oto", "otoco")},
    "/api/v3/openOrderList": "", "/api/v3/depth": "symbol limit", "/api/v3/trades": "symbol limit",
    "/api/v3/klines": "symbol interval limit startTime endTime", "/api/v3/exchangeInfo": "symbol",
    "/api/v3/allOrders": "symbol limit orderId", "/api/v3/myTrades": "symbol limit fromId",
    "/api/v3/account": "omitZeroBalances",
}  # fmt: skip
"""Names that a path knows, where it knows more than a symbol."""

GOOD = [
    [("symbol", SYMBOL), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"),
     ("quantity", "0.001"), ("price", "50000")],
    [("symbol", SYMBOL), ("side", "SELL"), ("type", "MARKET"), ("quantity", "0.001")],
    [("symbol", SYMBOL), ("side", "SELL"), ("type", "STOP_LOSS"), ("quantity", "0.001"),
     ("stopPrice", "10000")],
]  # fmt: skip
"""Orders that are taken as they are."""
WORKING = [
    ("symbol", SYMBOL), ("workingType", "LIMIT"), ("workingSide", "BUY"), ("workingPrice", "50000"),
    ("workingQuantity", "0.001"), ("workingTimeInForce", "GTC"), ("pendingSide", "SELL"),
    ("pendingQuantity", "0.0005"),
]  # fmt: skip
GOOD_LISTS = {
    "oco": [
        ("symbol", SYMBOL), ("side", "SELL"), ("quantity", "0.001"), ("aboveType", "LIMIT_MAKER"),
        ("abovePrice", "70000"), ("belowType", "STOP_LOSS"), ("belowStopPrice", "10000"),
    ],
    "oto": [*WORKING, ("pendingType", "STOP_LOSS"), ("pendingStopPrice", "10000")],
    "otoco": [
        *WORKING, ("pendingAboveType", "LIMIT_MAKER"), ("pendingAbovePrice", "70000"),
        ("pendingBelowType", "STOP_LOSS"), ("pendingBelowStopPrice", "10000"),
    ],
}  # fmt: skip
WITH_GOOD = {"newClientOrderId", "newOrderRespType", "cancelReplaceMode", "cancelOrderId"}


def names_of(dice: Dice, path: str, method: str) -> list[str]:
    """Return names of parameters: mostly the path's own, else any."""
    if dice.chance(0.2):
        return [name for name in PARAMS if dice.chance(0.25)]
    if path == "/api/v3/order" and method != "POST":
        return ["symbol", dice.one(["orderId", "origClientOrderId"])]
    if path == "/api/v3/orderList" and method == "GET":
        return ["orderListId"]
    own = OWN.get(path, "symbol" if "/v3/" in path and dice.chance(0.7) else "").split()
    return [name for name in own if dice.chance(0.95)]


def pairs_of(dice: Dice, stamp: int, names: list[str]) -> list[tuple[str, str]]:
    """Return parameters that mostly make sense, then some that do not."""
    pairs = [(name, dice.one(PARAMS[name])) for name in names if name not in GOOD_LISTS]
    for name, good in GOOD_LISTS.items():
        if name in names:
            pairs = list(good)
    if "type" in names and dice.chance(0.6):
        pairs = dice.one(GOOD) + [one for one in pairs if one[0] in WITH_GOOD]
    pairs.append(("timestamp", str(stamp)))
    for _ in range(dice.one([0, 0, 1, 2, 3])):
        at = int(dice.draw.integers(len(pairs)))
        match dice.one(["value", "drop", "twice", "name"]):
            case "value":
                pairs[at] = (pairs[at][0], dice.one(HOSTILE))
            case "drop" if len(pairs) > 1:
                del pairs[at]
            case "twice":
                pairs.append(pairs[at])
            case _:
                pairs[at] = (dice.one(HOSTILE), pairs[at][1])
    return pairs


def text_of(pairs: list[tuple[str, str]]) -> str:
    """Return a query; what is no text is sent as the bytes that it would be."""
    return "&".join(
        f"{quote(name, errors='surrogatepass')}={quote(value, errors='surrogatepass')}"
        for name, value in pairs
    )


def request_of(dice: Dice, desk: SpotDesk, now_ns: int) -> Request:
    """Return one request, most of them broken."""
    method, path = dice.one(list(ROUTES))
    names = names_of(dice, path, method)
    query = text_of(pairs_of(dice, now_ns // 1_000_000, names))
    body = b""
    if dice.chance(0.2):
        query, body = "", query.encode()
    if dice.chance(0.1):
        body = dice.draw.bytes(int(dice.draw.integers(200)))
    if dice.chance(0.1):
        query += dice.one(["&", "=", "%", "%zz", "&&=", "&signature=" + "0" * 64])
    signed = hmac_hex(desk.key.secret, (query + body.decode("utf-8", "replace")).encode())
    if dice.chance(0.9):
        wrong = quote(dice.one(HOSTILE), errors="surrogatepass")
        query += f"&signature={signed if dice.chance(0.9) else wrong}"
    key = desk.key.key if dice.chance(0.95) else dice.one([*HOSTILE, "²" * 64, "A" * 64])
    if dice.chance(0.05):
        at = int(dice.draw.integers(len(path)))
        path = path[:at] + dice.one(HOSTILE) + path[at:]
    if dice.chance(0.05):
        method = dice.one(["PUT", "PATCH", "HEAD", "OPTIONS", "get", ""])
    headers = {"x-mbx-apikey": key, "content-type": "application/x-www-form-urlencoded"}
    address = f"127.0.0.{int(dice.draw.integers(1, 250))}"
    return Request(method, HOST, path, query, headers, body, address)


def test_no_request_brings_the_front_end_down() -> None:
    dice, desk, seen = Dice("requests"), SpotDesk(START_NS, climbs=False), dict.fromkeys(ROUTES, 0)
    for step in range(REQUESTS):
        now_ns = START_NS + step * STEP_NS
        asked = request_of(dice, desk, now_ns)
        outcome = desk.gateway.request(asked, now_ns)
        assert isinstance(outcome, Answer), asked
        answer = outcome.response
        assert answer.status < 500, (asked, answer)
        said = answer.json()
        if answer.status != 200:
            assert isinstance(said["code"], int), (asked, said)
        # A 409 is a cancel-replace of which one half was done.
        if answer.status in {200, 409} and (asked.method, asked.path) in seen:
            seen[asked.method, asked.path] += 1
    done = {route for route, times in seen.items() if times}
    trading = {one for one, route in ROUTES.items() if route.security is Security.TRADE}
    # Most of what gets past the doors must be seen too, or the fuzz stays before them.
    assert trading <= done, trading - done
    assert len(done) > len(ROUTES) * 0.8, set(ROUTES) - done


def frame_of(dice: Dice, desk: SpotDesk, now_ns: int) -> str:
    """Return one frame to the websocket interface, most of them broken."""
    methods = [*OPEN_METHODS, *SIGNED_METHODS, "userDataStream.subscribe.signature",
               "userDataStream.unsubscribe"]  # fmt: skip
    names = names_of(dice, dice.one(list(OWN)), "POST")
    values: dict[str, Any] = dict(pairs_of(dice, now_ns // 1_000_000, names))
    values["apiKey"] = desk.key.key if dice.chance(0.95) else dice.one(HOSTILE)
    payload = "&".join(f"{name}={values[name]}" for name in sorted(values))
    values["signature"] = hmac_hex(desk.key.secret, payload.encode("utf-8", "surrogatepass"))
    if dice.chance(0.2):
        values[dice.one(list(values))] = dice.one([None, 1, 1.5, 10**30, True, [], {}, [[]], "é"])
    frame: dict[str, Any] = {"id": step_id(dice), "method": dice.one(methods), "params": values}
    if dice.chance(0.1):
        frame[dice.one(list(frame))] = dice.one([None, 1, True, [], {}, "x", [{}]])
    text = json.dumps(frame)
    if dice.chance(0.1):
        at = int(dice.draw.integers(len(text)))
        text = text[:at] + dice.one([*HOSTILE, "]", "}", '"']) + text[at + 1 :]
    return text


def step_id(dice: Dice) -> Any:
    """Return a request's own number."""
    return dice.one([1, "a", None, 1.5, [], {}, "é"])


def test_no_frame_brings_the_websocket_interfaces_down() -> None:
    dice, desk = Dice("frames"), SpotDesk(START_NS, climbs=False)
    answers = 0
    for path in ("/ws-api/v3", "/stream", "/ws"):
        opened = desk.gateway.connect(Request("GET", HOST, path), START_NS)
        assert not isinstance(opened, Response)
        for step in range(FRAMES):
            now_ns = START_NS + step * 1_000_000
            text = frame_of(dice, desk, now_ns)
            if path != "/ws-api/v3" and dice.chance(0.5):
                names = [f"{SYMBOL.lower()}@{dice.one(['depth', 'trade', 'kline_1m'])}"]
                names.append(dice.one(HOSTILE))
                text = json.dumps({"method": "SUBSCRIBE", "params": names, "id": step_id(dice)})
            desk.gateway.receive(opened, text, now_ns)
            answers += len(list(desk.gateway.take(opened, now_ns)))
        desk.gateway.disconnect(opened)
    assert answers > FRAMES
