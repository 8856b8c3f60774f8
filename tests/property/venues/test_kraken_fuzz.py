"""Whatever arrives, the Kraken front end answers it: no exception, no 5xx nobody ordered (R-QA-10).

Requests begin as ones a client may send, and are then broken in up to three ways; most are signed
after that, as a client with a defect would.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from tests.fakes.hostile import HOSTILE, Dice
from tests.fakes.kraken_desk import (
    ALTNAME,
    HOST,
    START_NS,
    SYMBOL,
    UNHURRIED,
    WS,
    WS_AUTH,
    KrakenDesk,
    sign,
)

from ballast.venues.simulated.fronts.kraken import names
from ballast.venues.simulated.fronts.kraken.entry import METHODS
from ballast.venues.simulated.fronts.kraken.front import PRIVATE, PUBLIC
from ballast.venues.simulated.fronts.kraken.socket import CHANNELS
from ballast.venues.simulated.wire.messages import Answer, Request, Response

STEP_NS = 1_100_000_000
REQUESTS = 6_000
FRAMES = 1_500
ORDERS = [names.txid(names.ORDER, number) for number in range(1, 60)]
TRADES = [names.txid(names.TRADE, number) for number in range(1, 60)]
PARAMS: dict[str, list[Any]] = {
    "pair": [ALTNAME, "XXBTZUSD", SYMBOL], "type": ["buy", "sell"], "volume": ["0.01", "1", 5],
    "ordertype": ["limit", "market", "stop-loss", "take-profit-limit", "trailing-stop", "iceberg"],
    "price": ["50000", "60000", "70000.01", "+1%"], "price2": ["49000"], "displayvol": ["0.001"],
    "oflags": ["post", "viqc", "fciq"], "timeinforce": ["GTC", "IOC", "GTD"],
    "expiretm": ["+30", "1900000000"], "userref": ["1", "-2"], "cl_ord_id": ["a1", "a2", "a3"],
    "txid": [*ORDERS, TRADES[0], "1"], "validate": ["true", True], "trigger": ["last", "index"],
    "stptype": ["cancel-both"], "order_qty": ["0.02"], "limit_price": ["51000"], "ofs": ["1"],
    "trigger_price": ["51000"], "post_only": ["true"], "timeout": ["0", "60"], "count": ["5"],
    "interval": ["1", "60"], "since": ["0", "1700000000"], "asset": ["XBT", "ZUSD"],
    "info": ["fees"], "start": ["1"], "end": ["1999999999", ORDERS[1]], "trades": ["true"],
    "closetime": ["open", "close"], "without_count": ["true"], "deadline": ["2030-01-01T00:00:00Z"],
    "orders": [[], [ORDERS[0]], [{"txid": ORDERS[1]}]], "cl_ord_ids": [["a1"], []],
    "close": [{"ordertype": "limit", "price": "1"}], "leverage": ["2", "none"],
}  # fmt: skip
LIMIT = {"pair": ALTNAME, "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "50000"}
INNER = {name: value for name, value in LIMIT.items() if name != "pair"}
GOOD: dict[str, list[dict[str, Any]]] = {
    "AddOrder": [LIMIT, LIMIT | {"ordertype": "stop-loss"}, LIMIT | {"validate": "true"},
                 LIMIT | {"type": "sell", "ordertype": "trailing-stop", "price": "+1%"}],
    "AddOrderBatch": [{"pair": ALTNAME, "orders": [INNER, INNER | {"volume": "9"}]}],
    "AmendOrder": [{"cl_ord_id": "a1", "limit_price": "51000"}],
    "EditOrder": [{"txid": "7", "pair": ALTNAME, "price": "51000"}],
    "CancelOrder": [{"cl_ord_id": "a1"}, {"txid": "1"}],
    "CancelOrderBatch": [{"cl_ord_ids": ["a1", "a2"]}],
    "CancelAllOrdersAfter": [{"timeout": "60"}],
    "QueryOrders": [{"cl_ord_id": "a1"}],
    "Ledgers": [{"type": "deposit"}, {"type": "withdrawal", "start": "1"}],
    "QueryTrades": [{"txid": ",".join(TRADES[:20])}, {"txid": ",".join(TRADES[20:40])}],
}  # fmt: skip
"""Bodies that are taken as they are, while the account is as they want it."""
NAMES = list(PARAMS)
PAIRS = frozenset({"OHLC", "Depth", "Trades", "Spread"})


def values_of(dice: Dice, path: str) -> dict[str, Any]:
    """Return parameters that mostly make sense, then some that do not."""
    values: dict[str, Any] = {"pair": dice.one(PARAMS["pair"])} if path in PAIRS else {}
    if path in GOOD and dice.chance(0.8):
        values = dict(dice.one(GOOD[path]))
        if "cl_ord_id" in values or (path == "AddOrder" and dice.chance(0.5)):
            values["cl_ord_id"] = dice.one(PARAMS["cl_ord_id"])
    elif dice.chance(0.5):
        values |= {name: dice.one(PARAMS[name]) for name in NAMES if dice.chance(0.1)}
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


def form(values: dict[str, Any]) -> str:
    """Return a form, whatever it holds."""
    return "&".join(
        f"{quote(name, errors='surrogatepass')}={quote(str(value), errors='surrogatepass')}"
        for name, value in values.items()
    )


def request_of(dice: Dice, desk: KrakenDesk) -> Request:
    """Return one request, half of them broken."""
    path = dice.one([*PUBLIC, *PRIVATE, *PRIVATE])
    values = values_of(dice, path)
    if path in PUBLIC:
        return Request("GET", HOST, f"/0/public/{path}", form(values))
    desk.nonce += 1
    values = {"nonce": str(desk.nonce), **values}
    as_json = dice.chance(0.4) or any(isinstance(one, list) for one in values.values())
    body = json.dumps(values).encode() if as_json else form(values).encode()
    if dice.chance(0.05):
        body = dice.draw.bytes(int(dice.draw.integers(200)))
    whole = f"/0/private/{path}" + (dice.one(HOSTILE) if dice.chance(0.05) else "")
    headers = {"api-key": desk.key.key, "content-type": "application/json" if as_json else "form"}
    if whole.isascii() and str(values["nonce"]).isascii():
        headers["api-sign"] = sign(desk.key.secret, whole, str(values["nonce"]), body)
    if dice.chance(0.1):
        headers[dice.one(list(headers))] = dice.one(HOSTILE)
    asked = Request("POST", HOST, whole, "", headers, body)
    return (
        replace(asked, method=dice.one(["PUT", "HEAD", "get", ""])) if dice.chance(0.03) else asked
    )


def test_no_request_brings_the_front_end_down() -> None:
    dice, desk = Dice("kraken requests"), KrakenDesk(tier=UNHURRIED)
    seen = dict.fromkeys([*PUBLIC, *PRIVATE], 0)
    for step in range(REQUESTS):
        desk.now_ns = START_NS + step * STEP_NS
        if step % 20 == 0:  # something to change and to cancel
            desk.order("buy", "limit", "0.001", price="50000", cl_ord_id=dice.one(["a1", "a2"]))
            desk.order("buy", "limit", "0.001", price="50000", userref=dice.one(["1", "7"]))
        if step % 200 == 0:
            desk.order("sell", "market", "0.001")
            desk.ask("CancelOrder", txid="7")
            desk.order("buy", "limit", "0.001", price="50000", userref="7")
        asked = request_of(dice, desk)
        outcome = desk.gateway.request(asked, desk.now_ns)
        assert isinstance(outcome, Answer), asked
        answer = outcome.response
        assert answer.status == 200, (asked, answer)
        said = answer.json()
        assert set(said) in ({"error"}, {"error", "result"}), (asked, said)
        name = asked.path.rpartition("/")[2]
        if not said["error"] and name in seen:
            seen[name] += 1
    # All of what gets past the doors must be seen too, or the fuzz stays before them.
    assert all(seen.values()), seen


def frame_of(dice: Dice, token: str) -> str:
    """Return one frame, most of them broken."""
    method = dice.one(["subscribe", "unsubscribe", "ping", *METHODS])
    params: dict[str, Any] = {"token": token}
    if method in {"subscribe", "unsubscribe"}:
        params |= {"channel": dice.one([*CHANNELS, dice.one(HOSTILE)]), "symbol": [SYMBOL]}
        params |= {"depth": dice.one([10, 25, 11])} if dice.chance(0.3) else {}
    elif dice.chance(0.7):
        params |= {
            "order_type": dice.one(PARAMS["ordertype"]), "side": "buy", "symbol": SYMBOL,
            "order_qty": 0.01, "limit_price": 50000,
        }  # fmt: skip
    else:
        params |= {"order_id": dice.one([[ORDERS[0]], ORDERS[0]]), "order_qty": 0.02}
    if dice.chance(0.3):
        params[dice.one([*params, "triggers", "conditional", "x", "req_id"])] = dice.one(
            [None, 1, 1.5, 1e-7, 10**30, True, [], {}, [[]], {"price": 1}, "é", *HOSTILE]
        )
    frame: dict[str, Any] = {"method": method, "params": params, "req_id": dice.one([1, 2, "é"])}
    if dice.chance(0.1):
        frame[dice.one(list(frame))] = dice.one([None, 1, True, [], {}, "x", [{}]])
    text = json.dumps(frame)
    if dice.chance(0.1):
        at = int(dice.draw.integers(len(text)))
        text = text[:at] + dice.one([*HOSTILE, "]", "}", '"']) + text[at + 1 :]
    return text


def test_no_frame_brings_a_websocket_down() -> None:
    dice, desk = Dice("kraken frames"), KrakenDesk(tier=UNHURRIED)
    answers = 0
    for host in (WS, WS_AUTH, "localhost"):
        opened = desk.gateway.connect(Request("GET", host, "/v2"), desk.now_ns)
        assert not isinstance(opened, Response)
        for step in range(FRAMES):
            desk.now_ns += 10_000_000_000 if step % 10 == 0 else 1_000_000
            if step % 50 == 0:
                token = desk.ask("GetWebSocketsToken")["token"]
            desk.gateway.receive(opened, frame_of(dice, token), desk.now_ns)
            answers += len(list(desk.gateway.take(opened, desk.now_ns)))
        desk.gateway.disconnect(opened)
    assert answers > 3 * FRAMES * 0.9
