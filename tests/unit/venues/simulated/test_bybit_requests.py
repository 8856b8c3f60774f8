"""Who may ask Bybit what, and how often: signatures, clocks, limits, troubles (R-EXCH, R-QA-10)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.bybit_desk import HOST, NAME, NS_MS, SECOND_NS, BybitDesk

from ballast.venues.simulated.fronts.bybit.unified import ROUTES, Security
from ballast.venues.simulated.fronts.keys import hmac_hex
from ballast.venues.simulated.wire.faults import Command, Fault
from ballast.venues.simulated.wire.frontend import Trouble
from ballast.venues.simulated.wire.messages import Answer, Request

BALANCE = "/v5/account/wallet-balance"
CREATE = "/v5/order/create"
LIMIT: dict[str, Any] = {
    "category": "linear", "symbol": NAME, "side": "Buy", "orderType": "Limit", "qty": "0.01",
    "price": "50000",
}  # fmt: skip


@pytest.fixture
def desk() -> BybitDesk:
    desk = BybitDesk()
    desk.at(1)
    return desk


def code(desk: BybitDesk, **headers: str) -> int:
    request = desk.signed("GET", BALANCE, {"accountType": "UNIFIED"}, **headers)
    return int(desk.answer(request).json()["retCode"])


#        header                  value                     code
SIGNED = [
    ("x-bapi-sign", "0" * 64, 10004),
    ("x-bapi-sign", "", 10004),
    ("x-bapi-sign", "é", 10004),
    ("x-bapi-api-key", "nobody", 10003),
    ("x-bapi-api-key", "", 10003),
    ("x-bapi-timestamp", "", 10001),
    ("x-bapi-timestamp", "now", 10001),
    ("x-bapi-recv-window", "-1", 10001),
    ("x-bapi-timestamp", "1700000001000", 0),
    ("x-bapi-timestamp", "1699999996000", 0),  # five seconds old: the window holds it
    ("x-bapi-timestamp", "1699999995999", 10002),
    ("x-bapi-timestamp", "1700000001999", 0),
    ("x-bapi-timestamp", "1700000002000", 10002),  # a second ahead is too much
]  # fmt: skip


@pytest.mark.parametrize(("header", "value", "told"), SIGNED)
def test_a_request_is_refused_unless_it_is_signed_and_fresh(
    desk: BybitDesk, header: str, value: str, told: int
) -> None:
    assert code(desk, **{header: value}) == told


def test_a_window_that_the_client_widens_holds_an_older_request(desk: BybitDesk) -> None:
    old = {"x-bapi-timestamp": "1699999990000"}
    assert code(desk, **old) == 10002
    assert code(desk, **old, **{"x-bapi-recv-window": "20000"}) == 0


def test_a_get_signs_its_query_and_a_post_its_body_as_sent(desk: BybitDesk) -> None:
    request = desk.signed("POST", CREATE, LIMIT)
    spaced = Request("POST", HOST, CREATE, "", request.headers, request.body + b" ")
    assert desk.answer(spaced).json()["retCode"] == 10004
    assert desk.answer(request).json()["retCode"] == 0
    asked = desk.signed("GET", BALANCE, {"accountType": "UNIFIED", "coin": "BTC"})
    turned = Request("GET", HOST, BALANCE, "coin=BTC&accountType=UNIFIED", asked.headers)
    assert desk.answer(turned).json()["retCode"] == 10004


def test_a_key_that_may_only_read_places_nothing(desk: BybitDesk) -> None:
    desk.key = desk.keys.make(desk.account, "reader", can_trade=False)
    assert desk.get("/v5/user/query-api")["result"]["readOnly"] == 1
    for (method, path), route in ROUTES.items():
        if route.security is Security.TRADE:
            assert desk.answer(desk.signed(method, path, {})).json()["retCode"] == 10005, path
    assert not desk.exchange.open_orders(desk.account)


def test_an_account_has_twenty_orders_a_second_and_is_told_when_to_go_on(desk: BybitDesk) -> None:
    answers = [desk.answer(desk.signed("POST", CREATE, LIMIT)) for _ in range(21)]
    codes = [one.json()["retCode"] for one in answers]
    assert codes == [0] * 20 + [10006]
    first, last = dict(answers[0].headers), dict(answers[-1].headers)
    assert (first["X-Bapi-Limit"], first["X-Bapi-Limit-Status"]) == ("20", "19")
    assert last["X-Bapi-Limit-Status"] == "0"
    assert last["X-Bapi-Limit-Reset-Timestamp"] == "1700000002000"
    assert all(one.status == 200 for one in answers)
    # Each path has a limit of its own.
    assert desk.get("/v5/order/realtime", category="linear", symbol=NAME)["retCode"] == 0
    desk.at(2)
    desk.post("/v5/order/cancel-all", category="linear", symbol=NAME)
    assert desk.post(CREATE, **LIMIT)["retCode"] == 0


def test_an_address_that_asks_too_often_is_shut_out_for_ten_minutes(desk: BybitDesk) -> None:
    request = Request("GET", HOST, "/v5/market/time", address="127.0.0.9")
    statuses = [desk.answer(request).status for _ in range(602)]
    assert statuses == [200] * 600 + [403] * 2
    desk.at(6)
    assert desk.answer(request).status == 403
    assert desk.ask("/v5/market/time")["retCode"] == 0  # another address
    desk.at(602)
    assert desk.answer(request).status == 200


def test_what_is_no_route_is_not_found(desk: BybitDesk) -> None:
    for method, path in (("GET", CREATE), ("POST", "/v5/market/time"), ("GET", "/v5/nothing")):
        answer = desk.answer(Request(method, HOST, path))
        assert (answer.status, answer.json()["retCode"]) == (404, 10017)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_a_parameter_error(desk: BybitDesk, body: bytes) -> None:
    empty = desk.signed("POST", CREATE, {})
    origin = f"{desk.now_ns // NS_MS}{desk.key.key}5000{body.decode('utf-8', 'replace')}"
    headers = {**empty.headers, "x-bapi-sign": hmac_hex(desk.key.secret, origin.encode())}
    answer = desk.answer(Request("POST", HOST, CREATE, "", headers, body)).json()
    assert (answer["retCode"], answer["retMsg"]) == (10001, "Request parameter error.")


def test_names_the_venue_does_not_know_are_ignored_as_it_does(desk: BybitDesk) -> None:
    assert desk.post(CREATE, **LIMIT, callerMethodName="x", extra=[1, {}])["retCode"] == 0


#        name        value       code
MALFORMED = [
    ("qty", 0.01, 10001),  # a JSON number is no quantity
    ("qty", "1e-2", 10001),
    ("qty", "-0.01", 10001),
    ("qty", "", 10001),
    ("price", "50000.05", 10001),
    ("price", None, 10001),
    ("side", "BUY", 10001),
    ("orderType", "limit", 10001),
    ("timeInForce", "Day", 10001),
    ("reduceOnly", "true", 10001),
    ("positionIdx", 3, 10001),
    ("positionIdx", 1, 10001),
    ("triggerBy", "Last", 0),  # not read without a trigger
    ("orderLinkId", "a" * 36, 0),
    ("orderLinkId", "a" * 37, 10001),
    ("orderLinkId", "a.b", 10001),
    ("smpType", "CancelAll", 10001),
    ("category", "inverse", 10001),
    ("category", "futures", 10001),
    ("symbol", "ETHUSDT", 10001),
    ("symbol", "btcusdt", 10001),
    ("symbol", "BTCUSDT.P", 10001),  # the engine's own name is nobody's business
    ("slippageTolerance", "1", 10001),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "told"), MALFORMED)
def test_an_order_is_read_strictly(desk: BybitDesk, name: str, value: Any, told: int) -> None:
    assert desk.post(CREATE, **{**LIMIT, name: value})["retCode"] == told


#        trouble                  status  code    spot's code
SAID = [
    (Trouble.UNKNOWN_STATUS, 200, 10000, 10000),
    (Trouble.UNAVAILABLE, 503, 10016, 10016),
    (Trouble.MAINTENANCE, 503, 10016, 10016),
    (Trouble.RATE_LIMITED, 200, 10006, 10006),
    (Trouble.NOT_FOUND, 200, 110001, 170213),
    (Trouble.REFUSED, 200, 110007, 170131),
]  # fmt: skip


@pytest.mark.parametrize(("trouble", "status", "linear", "spot"), SAID)
def test_a_trouble_is_told_in_the_words_of_the_category(
    desk: BybitDesk, trouble: Trouble, status: int, linear: int, spot: int
) -> None:
    for category, told in (("linear", linear), ("spot", spot)):
        request = desk.signed("POST", CREATE, {**LIMIT, "category": category})
        answer = desk.front.trouble(trouble, request)
        assert (answer.status, answer.json()["retCode"]) == (status, told)


def test_faults_of_the_wire_befall_orders_and_say_so(desk: BybitDesk) -> None:
    """The reply is lost after the order was taken: asking by its id finds it."""
    faults = desk.gateway.faults
    faults.command(Command(Fault.ERROR_AFTER, "POST /v5/order/create$"))
    assert desk.post(CREATE, **LIMIT, orderLinkId="lost")["retCode"] == 10000
    assert desk.status("lost")["orderStatus"] == "New"
    faults.command(Command(Fault.FALSE_NOT_FOUND, "POST /v5/order/cancel$"))
    cancel = {"category": "linear", "symbol": NAME, "orderLinkId": "lost"}
    assert desk.post("/v5/order/cancel", **cancel)["retCode"] == 110001
    assert desk.status("lost")["orderStatus"] == "New"
    faults.command(Command(Fault.REJECT_THEN_APPEAR, "POST /v5/order/create$"))
    assert desk.post(CREATE, **LIMIT, orderLinkId="appears")["retCode"] == 110007
    assert desk.status("appears")["orderStatus"] == "New"
    faults.command(Command(Fault.RESET_REPLY, "POST /v5/order/cancel-all$"))
    request = desk.signed("POST", "/v5/order/cancel-all", {"category": "linear", "symbol": NAME})
    assert not isinstance(desk.gateway.request(request, desk.now_ns), Answer)
    assert not desk.exchange.open_orders(desk.account)
    faults.command(Command(Fault.BANNED, "GET /v5/market/time"))
    assert desk.answer(Request("GET", HOST, "/v5/market/time")).status == 403
    assert desk.answer(desk.signed("GET", BALANCE, {})).status == 403


def test_public_data_needs_no_key_and_speaks_of_its_category(desk: BybitDesk) -> None:
    spot = desk.ask("/v5/market/orderbook", category="spot", symbol=NAME)["result"]
    linear = desk.ask("/v5/market/orderbook", category="linear", symbol=NAME)["result"]
    assert (spot["b"][0][0], len(spot["b"])) == ("59999.99", 1)
    assert (linear["b"][0][0], len(linear["b"])) == ("59999.9", 5)
    for path in ("tickers", "instruments-info"):
        rows = desk.ask(f"/v5/market/{path}", category="linear")["result"]["list"]
        assert [one["symbol"] for one in rows] == [NAME]
    assert desk.ask("/v5/market/instruments-info", category="inverse")["result"]["list"] == []
    assert desk.ask("/v5/market/instruments-info", category="x")["retCode"] == 10001
    asked = {"category": "linear", "status": "PreLaunch"}
    assert desk.ask("/v5/market/instruments-info", **asked)["result"]["list"] == []


def test_candles_come_newest_first_and_marks_have_no_volume() -> None:
    desk = BybitDesk(path=[(0, 600_000), (60 * SECOND_NS, 600_100), (120 * SECOND_NS, 600_050)])
    desk.at(150)
    asked = {"category": "linear", "symbol": NAME, "interval": "1"}
    rows = desk.ask("/v5/market/kline", **asked)["result"]["list"]
    assert [row[4] for row in rows] == ["60005.0", "60010.0", "60000.0"]
    assert [row[5] for row in rows] == ["0.001"] * 3
    marks = desk.ask("/v5/market/mark-price-kline", **asked)["result"]["list"]
    assert [row[1:] for row in marks] == [[row[4]] * 4 for row in rows]
    oldest = desk.ask("/v5/market/kline", **asked, start=1, limit=1)["result"]["list"]
    assert oldest[0][4] == "60000.0"
    assert desk.ask("/v5/market/kline", **{**asked, "interval": "7"})["retCode"] == 10001
    assert desk.ask("/v5/market/kline", **{**asked, "interval": "D"})["result"]["list"]


def test_a_page_ends_with_a_cursor_that_begins_the_next(desk: BybitDesk) -> None:
    for number in range(5):
        desk.post(CREATE, **LIMIT, orderLinkId=f"p-{number}")
    seen, cursor = [], ""
    for _ in range(3):
        more = {"cursor": cursor} if cursor else {}
        asked = {"category": "linear", "symbol": NAME, "limit": 2, **more}
        page = desk.get("/v5/order/realtime", **asked)["result"]
        seen += [one["orderLinkId"] for one in page["list"]]
        cursor = page["nextPageCursor"]
    assert seen == ["p-4", "p-3", "p-2", "p-1", "p-0"]
    assert cursor == ""
    bad = {"category": "linear", "symbol": NAME, "cursor": "x"}
    assert desk.get("/v5/order/realtime", **bad)["retCode"] == 10001
    assert urlencode({"cursor": "page2"}) == "cursor=page2"  # needs no escaping
