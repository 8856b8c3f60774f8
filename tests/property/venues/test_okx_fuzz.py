"""Whatever arrives, the OKX front end answers it: no exception, no 5xx nobody ordered (R-QA-10).

Requests begin as ones a client may send, and are then broken in up to three ways; most are signed
after that, as a client with a defect would.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from tests.fakes.hostile import HOSTILE, Dice
from tests.fakes.okx_desk import HOST, SPOT, START_NS, SWAP, OkxDesk, login_of, sign_headers

from ballast.venues.simulated.fronts.okx import channels, private
from ballast.venues.simulated.fronts.okx.front import ROUTES, Security
from ballast.venues.simulated.fronts.okx.ids import ALGO_BASE, LIST_BASE, ORDER_BASE
from ballast.venues.simulated.fronts.okx.socket import KINDS, TRADES
from ballast.venues.simulated.wire.messages import Answer, Request, Response

STEP_NS = 700_000_000
REQUESTS = 6_000
FRAMES = 1_500
ORDERS = [str(ORDER_BASE + number) for number in range(1, 60)]
ALGOS = [str(base + number) for base in (ALGO_BASE, LIST_BASE) for number in range(1, 40)]
PARAMS: dict[str, list[Any]] = {
    "instId": [SPOT, SWAP], "instType": ["SPOT", "SWAP", "OPTION"], "tdMode": ["cash", "cross"],
    "side": ["buy", "sell"], "ordType": ["limit", "market", "post_only", "ioc", "conditional",
                                         "oco", "trigger", "move_order_stop"],
    "sz": ["1", "0.01", "400", 5], "px": ["50000", "60000", "70000.1"], "tgtCcy": ["base_ccy"],
    "posSide": ["net", "long", "short"], "reduceOnly": ["true", True, False], "tag": ["t"],
    "clOrdId": ["a1", "a2", "a3"], "ordId": ORDERS, "algoId": ALGOS, "algoClOrdId": ["b1", "b2"],
    "slTriggerPx": ["50000"], "slOrdPx": ["-1", "49000"], "tpTriggerPx": ["70000"],
    "tpOrdPx": ["-1", "70000"], "triggerPx": ["50000", "70000"], "orderPx": ["-1", "60000"],
    "callbackRatio": ["0.01"], "activePx": ["61000"], "closeFraction": ["1"], "newSz": ["2"],
    "newPx": ["51000"], "newSlTriggerPx": ["51000"], "cxlOnFail": [True], "mgnMode": ["cross",
    "isolated"], "lever": ["5", "10"], "posMode": ["net_mode", "long_short_mode"], "amt": ["10"],
    "type": ["add", "reduce", "2"], "timeOut": ["0", "60"], "bar": ["1m", "1D", "1H"],
    "limit": ["5", "100", "1000"], "after": [ORDERS[9]], "before": [ORDERS[2]], "begin": ["1"],
    "end": ["1999999999999"], "state": ["live", "filled", "canceled", "effective"],
    "ccy": ["USDT"], "isoMode": ["automatic"], "autoCxl": [True], "stpMode": ["cancel_both"],
    "attachAlgoOrds": [[{"slTriggerPx": "40000", "slOrdPx": "-1"}], [{}], "[]"],
    "reqId": ["r1"], "uly": ["BTC-USDT"], "tier": ["1"], "quoteCcy": ["USDT"],
}  # fmt: skip
LIMIT = {"instId": SWAP, "tdMode": "cross", "side": "buy", "ordType": "limit", "sz": "1",
         "px": "50000"}  # fmt: skip
MARKET = {"instId": SPOT, "tdMode": "cash", "side": "sell", "ordType": "market", "sz": "0.001"}
STOP = {"instId": SWAP, "tdMode": "cross", "side": "sell", "ordType": "conditional", "sz": "1",
        "slTriggerPx": "50000", "slOrdPx": "-1"}  # fmt: skip
LONG = LIMIT | {"ordType": "market", "posSide": "long"}
PAIR = STOP | {"ordType": "oco", "tpTriggerPx": "70000", "tpOrdPx": "-1"}
GOOD: dict[str, list[dict[str, Any]]] = {
    "trade/order": [LIMIT, MARKET, LONG, LONG | {"posSide": "net"}],
    "trade/batch-orders": [LIMIT, MARKET],
    "trade/order-algo": [STOP, PAIR],
    "trade/cancel-order": [{"instId": SPOT, "clOrdId": "a1"}],
    "trade/amend-order": [{"instId": SPOT, "clOrdId": "a1", "newPx": "51000"}],
    "trade/cancel-algos": [{"instId": SWAP, "algoClOrdId": "b1"}],
    "trade/amend-algos": [{"instId": SWAP, "algoClOrdId": "b1", "newSlTriggerPx": "51000"}],
    "trade/cancel-batch-orders": [{"instId": SPOT, "clOrdId": "a1"}],
    "trade/amend-batch-orders": [{"instId": SPOT, "clOrdId": "a1", "newPx": "52000"}],
    "trade/close-position": [
        {"instId": SWAP, "mgnMode": "cross", "autoCxl": True, "posSide": side}
        for side in ("net", "long")
    ],
    "trade/cancel-all-after": [{"timeOut": "120"}],
    "account/set-isolated-mode": [{"isoMode": "automatic", "type": "CONTRACTS"}],
    "account/set-position-mode": [{"posMode": mode} for mode in PARAMS["posMode"]],
    "account/set-leverage": [{"instId": SWAP, "mgnMode": "cross", "lever": "5"}],
}  # fmt: skip
"""Bodies that are taken as they are, while the account is as they want it."""
NAMES = list(PARAMS)
NEEDED = {"public/instruments": {"instType": "SWAP"}, "public/mark-price": {"instType": "SWAP"},
          "trade/orders-history": {"instType": "SWAP"}, "market/tickers": {"instType": "SPOT"},
          "trade/orders-algo-pending": {"ordType": "conditional"},
          "account/trade-fee": {"instType": "SPOT"}}  # fmt: skip
"""What a question needs that any instrument does not give it."""


def values_of(dice: Dice, path: str) -> dict[str, Any]:
    """Return parameters that mostly make sense, then some that do not."""
    values = dict(NEEDED.get(path, {}))
    values |= {"instId": dice.one([SPOT, SWAP])} if dice.chance(0.7) and not values else {}
    if path in GOOD and dice.chance(0.7):
        values = dict(dice.one(GOOD[path]))
        more = "algoClOrdId" if "algo" in path else "clOrdId"
        values |= {more: dice.one(PARAMS[more])} if dice.chance(0.5) else {}
    else:
        names = [name for name in NAMES if dice.chance(0.15)]
        values |= {name: dice.one(PARAMS[name]) for name in names}
    for _ in range(dice.one([0, 0, 0, 1, 2, 3])):
        match dice.one(["value", "drop", "name", "json"]):
            case "value" if values:
                values[dice.one(list(values))] = dice.one(HOSTILE)
            case "drop" if values:
                del values[dice.one(list(values))]
            case "json":
                kind = dice.one([None, 1, 1.5, 10**30, True, [], {}, [[]], {"a": {}}])
                values[dice.one(NAMES)] = kind
            case _:
                values[dice.one(HOSTILE)] = dice.one(HOSTILE)
    return values


def request_of(dice: Dice, desk: OkxDesk) -> Request:
    """Return one request, half of them broken."""
    method, whole = dice.one(list(ROUTES))
    path = whole.removeprefix("/api/v5/")
    values = values_of(dice, path)
    query, body = "", b""
    if method == "GET":
        query = "&".join(
            f"{quote(name, errors='surrogatepass')}={quote(str(value), errors='surrogatepass')}"
            for name, value in values.items()
        )
    else:
        is_list = ROUTES[method, whole].takes_list and dice.chance(0.9)
        body = json.dumps([values] * dice.one([1, 1, 2, 21]) if is_list else values).encode()
    if dice.chance(0.05):
        body = dice.draw.bytes(int(dice.draw.integers(200)))
    if dice.chance(0.05):
        path += dice.one(HOSTILE)
    at_ns = desk.now_ns if dice.chance(0.97) else desk.now_ns - 40_000_000_000
    headers = sign_headers(desk.key, at_ns, method, path, query, body)
    if dice.chance(0.1):
        headers[dice.one(list(headers))] = dice.one(HOSTILE)
    if dice.chance(0.05):
        headers["exptime"] = dice.one(HOSTILE)
    asked = Request(method, HOST, "/api/v5/" + path, query, headers, body)
    odd = dice.one(["PUT", "HEAD", "get", ""])
    return replace(asked, method=odd) if dice.chance(0.03) else asked


def test_no_request_brings_the_front_end_down() -> None:
    dice, desk, seen = Dice("okx requests"), OkxDesk(), dict.fromkeys(ROUTES, 0)
    for step in range(REQUESTS):
        desk.now_ns = START_NS + step * STEP_NS
        if step % 20 == 0:  # something to change and to cancel
            desk.spot("buy", "limit", "0.001", px="50000", clOrdId=dice.one(PARAMS["clOrdId"]))
        asked = request_of(dice, desk)
        outcome = desk.gateway.request(asked, desk.now_ns)
        assert isinstance(outcome, Answer), asked
        answer = outcome.response
        assert answer.status < 500, (asked, answer)
        said = answer.json()
        assert set(said) >= {"code", "data", "msg"}, (asked, said)
        if said["code"] == "0" and (asked.method, asked.path) in seen:
            seen[asked.method, asked.path] += 1
    done = {route for route, times in seen.items() if times}
    trading = {one for one, route in ROUTES.items() if route.security is Security.TRADE}
    # Most of what gets past the doors must be seen too, or the fuzz stays before them.
    assert len(trading - done) <= 2, trading - done
    assert len(done) > len(ROUTES) * 0.8, set(ROUTES) - done


def frame_of(dice: Dice) -> str:
    """Return one frame, most of them broken."""
    op = dice.one(["subscribe", "unsubscribe", "login", *TRADES])
    if op in {"subscribe", "unsubscribe"}:
        names = [*channels.MAKERS, *private.MAKERS, "candle1m", "candle1D", dice.one(HOSTILE)]
        arg: dict[str, Any] = {"channel": dice.one(names), "instId": dice.one([SPOT, SWAP])}
        arg |= {"instType": dice.one(["ANY", "SWAP", "SPOT"])} if dice.chance(0.6) else {}
        arg |= (
            {"extraParams": dice.one(['{"updateInterval":"0"}', *HOSTILE])}
            if dice.chance(0.2)
            else {}
        )
    else:
        arg = values_of(dice, dice.one(list(GOOD)))
    if dice.chance(0.2):
        arg[dice.one(["channel", "instId", "instType", "x"])] = dice.one(
            [None, 1, 1.5, 10**30, True, [], {}, [[]], "é", *HOSTILE]
        )
    frame: dict[str, Any] = {"op": op, "args": [arg], "id": dice.one(["1", 1, None, [], "é", "-"])}
    if dice.chance(0.1):
        frame[dice.one(list(frame))] = dice.one([None, 1, True, [], {}, "x", [{}]])
    text = json.dumps(frame)
    if dice.chance(0.1):
        at = int(dice.draw.integers(len(text)))
        text = text[:at] + dice.one([*HOSTILE, "]", "}", '"']) + text[at + 1 :]
    return text


def test_no_frame_brings_a_websocket_down() -> None:
    dice, desk = Dice("okx frames"), OkxDesk()
    answers = 0
    for kind in KINDS:
        opened = desk.gateway.connect(Request("GET", HOST, f"/ws/v5/{kind}"), desk.now_ns)
        assert not isinstance(opened, Response)
        for step in range(FRAMES):
            desk.now_ns += 10_000_000_000 if step % 10 == 0 else 1_000_000
            if step % 500 == 5:
                login = {"op": "login", "args": [login_of(desk.key, desk.now_ns)]}
                desk.gateway.receive(opened, json.dumps(login), desk.now_ns)
            desk.gateway.receive(opened, frame_of(dice), desk.now_ns)
            answers += len(list(desk.gateway.take(opened, desk.now_ns)))
        desk.gateway.disconnect(opened)
    assert answers > len(KINDS) * FRAMES * 0.9
