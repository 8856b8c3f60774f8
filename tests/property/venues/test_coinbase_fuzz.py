"""Whatever arrives, the Coinbase front end answers it: no exception, no 5xx (R-QA-10).

Requests begin as ones a client may send, and are then broken in up to three ways; most are signed
after that, as a client with a defect would.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from tests.fakes.coinbase_desk import HOST, START_NS, SYMBOL, CoinbaseDesk
from tests.fakes.hostile import HOSTILE, Dice

from ballast.venues.simulated.fronts.coinbase.channels import CHANNELS
from ballast.venues.simulated.fronts.coinbase.front import ROUTES
from ballast.venues.simulated.fronts.coinbase.ids import order_id
from ballast.venues.simulated.wire.messages import Answer, Request

STEP_NS = 100_000_000
REQUESTS = 4_000
FRAMES = 2_000
IDS = [order_id(number) for number in range(1, 40)]
LIMIT = {"base_size": "0.001", "limit_price": "50000"}
STOP = {**LIMIT, "stop_price": "50500", "stop_direction": "STOP_DIRECTION_STOP_DOWN"}
CONFIGURATIONS: list[dict[str, Any]] = [
    {"market_market_ioc": {"base_size": "0.001"}},
    {"market_market_ioc": {"quote_size": "60"}},
    {"sor_limit_ioc": LIMIT}, {"limit_limit_fok": LIMIT},
    {"limit_limit_gtc": {**LIMIT, "post_only": True}},
    {"limit_limit_gtd": {**LIMIT, "end_time": "2030-01-01T00:00:00Z"}},
    {"stop_limit_stop_limit_gtc": STOP}, {"trigger_bracket_gtc": LIMIT},
]  # fmt: skip
CANDLES = {"start": "1700000000", "end": "1700003600", "granularity": "ONE_MINUTE"}
QUERIES: dict[str, list[dict[str, str]]] = {
    "product_book": [{"product_id": SYMBOL, "limit": "5"}],
    "candles": [CANDLES], "ticker": [{"limit": "5"}],
    "batch": [{"order_status": "OPEN", "limit": "2"}, {"product_ids": SYMBOL}],
    "fills": [{"order_ids": IDS[0]}, {"cursor": "9"}], "accounts": [{"limit": "1"}],
}  # fmt: skip


def body_of(dice: Dice, desk: CoinbaseDesk, path: str) -> dict[str, Any]:
    """Return a body that mostly makes sense."""
    match path.rpartition("/")[2]:
        case "batch_cancel":
            return {"order_ids": [dice.one(IDS) for _ in range(dice.one([1, 2, 101]))]}
        case "edit" | "edit_preview":
            resting = [order_id(one.order_id) for one in desk.exchange.open_orders(desk.account)]
            price = dice.one(["51000", "49000"])
            return {"order_id": dice.one(resting or IDS), "price": price, "size": "0.002"}
    body = {
        "product_id": SYMBOL, "side": dice.one(["BUY", "SELL"]),
        "order_configuration": json.loads(json.dumps(dice.one(CONFIGURATIONS))),
    }  # fmt: skip
    own = f"own-{dice.one(range(300))}"
    return body if path.endswith("preview") else {"client_order_id": own, **body}


def broken(dice: Dice, values: dict[str, Any]) -> dict[str, Any]:
    """Break a body or a query in up to three ways, anywhere in it."""
    for _ in range(dice.one([0, 0, 0, 1, 2, 3])):
        place = values
        while dice.chance(0.5) and any(isinstance(one, dict) for one in place.values()):
            place = dice.one([one for one in place.values() if isinstance(one, dict)])
        match dice.one(["value", "drop", "name", "json"]):
            case "value" if place:
                place[dice.one(list(place))] = dice.one(HOSTILE)
            case "drop" if place:
                del place[dice.one(list(place))]
            case "json" if place:
                kind = dice.one([None, 1, 1.5, 10**30, True, [], {}, [[]], {"a": {}}, [1]])
                place[dice.one(list(place))] = kind
            case _:
                place[dice.one(HOSTILE)] = dice.one(HOSTILE)
    return values


def request_of(dice: Dice, desk: CoinbaseDesk) -> tuple[tuple[str, str], Request]:
    """Return one request and its route, half of them broken."""
    method, pattern = route = dice.one(list(ROUTES))
    path = pattern.replace("{}", dice.one(IDS) if "orders" in pattern else SYMBOL)
    query, body = "", b""
    if method == "GET":
        values = broken(dice, dict(dice.one(QUERIES.get(path.rpartition("/")[2], [{}]))))
        query = "&".join(
            f"{quote(name, errors='surrogatepass')}={quote(str(value), errors='surrogatepass')}"
            for name, value in values.items()
        )
    else:
        body = json.dumps(broken(dice, body_of(dice, desk, path))).encode()
    if dice.chance(0.05):
        body = dice.draw.bytes(int(dice.draw.integers(200)))
    if dice.chance(0.05):
        path += dice.one(HOSTILE)
    claims = {"uri": f"{method} {HOST}{path}"}
    if dice.chance(0.1):
        claims[dice.one(["sub", "iss", "nbf", "exp", "uri", "aud"])] = dice.one(
            [*HOSTILE, 1, 1.5, 10**30, True, [], {}, [[]]]
        )
    said = f"Bearer {desk.token(**claims)}"
    if dice.chance(0.05):
        at = int(dice.draw.integers(len(said)))
        said = said[:at] + dice.one([*HOSTILE, "."]) + said[at + 1 :]
    asked = Request(method, HOST, path, query, {"authorization": said}, body)
    odd = dice.one(["PUT", "HEAD", "get", ""])
    return route, replace(asked, method=odd) if dice.chance(0.03) else asked


def test_no_request_brings_the_front_end_down() -> None:
    dice, desk, seen = Dice("coinbase requests"), CoinbaseDesk(), dict.fromkeys(ROUTES, 0)
    for step in range(REQUESTS):
        desk.now_ns = START_NS + step * STEP_NS
        if step % 20 == 0:  # something to edit and to cancel
            part = {"limit_limit_gtc": LIMIT}
            desk.create(f"rests-{step}", "BUY", part)
        route, asked = request_of(dice, desk)
        outcome = desk.gateway.request(asked, desk.now_ns)
        assert isinstance(outcome, Answer), asked
        answer = outcome.response
        assert answer.status < 500, (asked, answer)
        if answer.status == 401:
            continue
        said = answer.json()
        assert answer.status == 200 or set(said) == {"error", "error_details", "message"}
        if answer.status == 200 and said.get("success", True):
            seen[route] += 1
    missed = {route for route, times in seen.items() if not times}
    # No account nor product has the id of an order; all else must be got at, or the fuzz is idle.
    assert missed <= {("GET", "/api/v3/brokerage/accounts/{}")}
    assert len(desk.exchange.fills(desk.account, SYMBOL)) >= 5


def frame_of(dice: Dice, desk: CoinbaseDesk) -> str:
    """Return one frame, most of them broken."""
    frame: dict[str, Any] = {
        "type": dice.one(["subscribe", "subscribe", "unsubscribe", "ping"]),
        "channel": dice.one([*CHANNELS, dice.one(HOSTILE)]), "product_ids": [SYMBOL],
    }  # fmt: skip
    if dice.chance(0.3):
        frame["jwt"] = desk.token() if dice.chance(0.5) else dice.one([*HOSTILE, 1, [], {}])
    if dice.chance(0.3):
        frame[dice.one(list(frame))] = dice.one(
            [None, 1, True, [], {}, "x", [{}], [dice.one(HOSTILE)], *HOSTILE]
        )
    text = json.dumps(frame)
    if dice.chance(0.1):
        at = int(dice.draw.integers(len(text)))
        text = text[:at] + dice.one([*HOSTILE, "]", "}", '"']) + text[at + 1 :]
    return text


def test_no_frame_brings_a_websocket_down_or_leaves_a_gap_in_the_numbers() -> None:
    dice, desk = Dice("coinbase frames"), CoinbaseDesk()
    stream = desk.open()
    numbers: list[int] = []
    answered = 0
    for step in range(FRAMES):
        desk.pass_time(200_000_000)
        if step % 10 == 0:
            desk.create(f"own-{step}", dice.one(["BUY", "SELL"]), dice.one(CONFIGURATIONS))
        stream.subscribe("heartbeats")
        said = stream.send(frame_of(dice, desk))
        answered += bool(said)
        numbers += [one["sequence_num"] for one in said if "sequence_num" in one]
        numbers.sort()
    assert answered == FRAMES
    assert len(set(numbers)) == len(numbers)
