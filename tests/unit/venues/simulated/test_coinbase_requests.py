"""Coinbase Advanced Trade in front of the simulated exchange: its requests (R-EXCH-12)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.coinbase_desk import HOST, START_NS, SYMBOL, CoinbaseDesk, signed

from ballast.venues.simulated.fronts.coinbase.security import make_key
from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
from ballast.venues.simulated.wire.messages import Request

SECOND_NS = 1_000_000_000
NOW_S = START_NS // SECOND_NS
PATH = "/api/v3/brokerage/accounts"
URI = f"GET {HOST}{PATH}"


def ask(desk: CoinbaseDesk, token: str, path: str = PATH) -> int:
    """Return the status of a request with this token."""
    return desk.answer(
        Request("GET", HOST, path, headers={"authorization": f"Bearer {token}"})
    ).status


# what is wrong with the claims of a token
WRONG: list[dict[str, Any]] = [
    {"uri": f"POST {HOST}{PATH}"},
    {"uri": f"GET {HOST}/api/v3/brokerage/orders"},
    {"uri": f"GET other.coinbase.com{PATH}"},
    {"uri": None},
    {"sub": "organizations/a/apiKeys/b"},
    {"iss": "somebody"},
    {"aud": ["another_service"]},
    {"aud": {"retail_rest_api_proxy": 1}},
    {"nbf": NOW_S + 2, "exp": NOW_S + 100},
    {"nbf": NOW_S - 121, "exp": NOW_S - 1},
    {"nbf": NOW_S - 120, "exp": NOW_S},
    {"exp": NOW_S + 121},
    {"nbf": str(NOW_S)},
    {"nbf": True},
    {"exp": None},
    {"exp": float(NOW_S + 100)},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_token_with_a_wrong_claim_is_refused(wrong: dict[str, Any]) -> None:
    desk = CoinbaseDesk()
    assert ask(desk, desk.token(**{"uri": URI, **wrong})) == 401
    assert ask(desk, desk.token(URI)) == 200


def test_a_token_lives_two_minutes_and_no_longer() -> None:
    desk = CoinbaseDesk()
    token = desk.token(URI)
    desk.pass_time(119 * SECOND_NS)
    assert ask(desk, token) == 200
    desk.pass_time(SECOND_NS)
    assert ask(desk, token) == 401


def test_a_token_must_be_signed_by_the_key_it_names() -> None:
    desk = CoinbaseDesk()
    head, claims, signature = desk.token(URI).split(".")
    other = make_key(desk.keys, desk.account, "other")
    said = {"sub": desk.key.key, "iss": "cdp", "nbf": NOW_S, "exp": NOW_S + 60, "uri": URI}
    named = {"alg": "ES256", "kid": desk.key.key}
    for token in (
        "", "..", "a.b.c", f"{head}.{claims}", f"{head}.{claims}.", f"{head}.{claims}.AAAA",
        f"{head}.{head}.{signature}", f"{head}.{claims}.{signature}.x",
        signed(other.secret, named, said),
        signed(desk.key.secret, {**named, "alg": "none"}, said),
        signed(desk.key.secret, {**named, "alg": "HS256"}, said),
        signed(desk.key.secret, {"alg": "ES256"}, said),
        signed(desk.key.secret, {**named, "kid": "organizations/x/apiKeys/y"}, said),
        signed(desk.key.secret, [named], said),
    ):  # fmt: skip
        assert ask(desk, token) == 401, token
        desk.pass_time(SECOND_NS // 10)
    assert ask(desk, signed(desk.key.secret, named, said)) == 200


def test_who_is_not_known_hears_one_plain_word() -> None:
    answer = CoinbaseDesk().answer(Request("GET", HOST, PATH))
    assert (answer.status, answer.body) == (401, b"Unauthorized\n")


def test_a_key_opens_only_from_its_addresses_and_trades_only_if_it_may() -> None:
    desk = CoinbaseDesk()
    made = make_key(KeyRing(), desk.account, "reader", can_trade=False)
    desk.key = desk.keys.add(made)
    assert desk.get("key_permissions")["can_trade"] is False
    answer = desk.answer(desk.request("POST", "orders", "", b"{}"))
    assert (answer.status, answer.json()["error_details"]) == (403, "Missing required scopes")
    far = ApiKey("organizations/f/apiKeys/f", made.secret, 1, addresses=frozenset({"10.0.0.1"}))
    desk.key = desk.keys.add(far)
    assert ask(desk, desk.token(URI)) == 401


def test_the_same_seed_gives_the_same_key() -> None:
    one, two, other = (make_key(KeyRing(), 1, "a", seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert one.secret != other.secret
    assert one.secret.startswith("-----BEGIN EC PRIVATE KEY-----")


# Form of requests --------------------------------------------------------------------------

GTC = {"limit_limit_gtc": {"base_size": "0.1", "limit_price": "50000"}}
GOOD: dict[str, Any] = {
    "client_order_id": "a", "product_id": SYMBOL, "side": "BUY", "order_configuration": GTC,
}  # fmt: skip
MALFORMED: list[Any] = [
    [], "text", 7,
    {name: value for name, value in GOOD.items() if name != "client_order_id"},
    {name: value for name, value in GOOD.items() if name != "product_id"},
    {name: value for name, value in GOOD.items() if name != "order_configuration"},
    GOOD | {"client_order_id": "a" * 65},
    GOOD | {"client_order_id": 7},
    GOOD | {"stopLoss": "50000"},
    GOOD | {"retail_portfolio_id": "somebody's"},
    GOOD | {"order_configuration": {}},
    GOOD | {"order_configuration": {**GTC, "market_market_ioc": {"base_size": "1"}}},
    GOOD | {"order_configuration": {"limit_limit_gtx": {}}},
    GOOD | {"order_configuration": {"limit_limit_gtc": {"base_size": 0.1, "limit_price": "5"}}},
    GOOD | {"order_configuration": {"limit_limit_gtc": {"base_size": "1e-1", "limit_price": "5"}}},
    GOOD | {"order_configuration": {"limit_limit_gtc": {"base_size": "-1", "limit_price": "5"}}},
    GOOD | {"order_configuration": {"limit_limit_gtc": {"base_size": "1"}}},
    GOOD | {"order_configuration": {"limit_limit_gtc": {**GTC["limit_limit_gtc"], "tif": "x"}}},
    GOOD | {"order_configuration": {"limit_limit_gtc": {**GTC["limit_limit_gtc"],
                                                        "post_only": "maybe"}}},
    GOOD | {"order_configuration": {"limit_limit_gtd": GTC["limit_limit_gtc"]}},
    GOOD | {"order_configuration": {"limit_limit_gtd": {**GTC["limit_limit_gtc"],
                                                        "end_time": "2024-13-01T00:00:00Z"}}},
    GOOD | {"order_configuration": {"market_market_ioc": {}}},
    GOOD | {"order_configuration": {"market_market_ioc": {"base_size": "1", "quote_size": "1"}}},
    GOOD | {"order_configuration": {"stop_limit_stop_limit_gtc": {
        "base_size": "1", "limit_price": "5", "stop_price": "5", "stop_direction": "SIDEWAYS"}}},
]  # fmt: skip


@pytest.mark.parametrize("body", MALFORMED)
def test_an_order_of_a_wrong_form_is_a_bad_request(body: Any) -> None:
    desk = CoinbaseDesk()
    answer = desk.answer(desk.request("POST", "orders", "", json.dumps(body).encode()))
    assert answer.status == 400
    assert answer.json()["error"] in {"INVALID_ARGUMENT", "unknown"}
    assert not desk.exchange.orders(desk.account, SYMBOL)
    assert desk.post("orders", GOOD)["success"]


def test_a_body_that_is_no_json_is_a_bad_request() -> None:
    desk = CoinbaseDesk()
    for body in (b"{", b"\xff", b'{"a": NaN}', b'{"\\ud800": 1}', b"[" * 100_000):
        assert desk.answer(desk.request("POST", "orders", "", body)).status == 400


# path, query -> status
ASKED: list[tuple[str, str, int]] = [
    ("products", "colour=red", 400),
    ("products", "limit=many", 400),
    ("products", "limit=1&limit=2", 400),
    ("products/ETH-USD", "", 404),
    ("product_book", "", 400),
    ("product_book", "product_id=ETH-USD", 404),
    ("products/BTC-USD/candles", "start=0&end=1&granularity=ONE_WEEK", 400),
    ("products/BTC-USD/candles", "start=0&end=21001&granularity=ONE_MINUTE", 400),
    ("products/BTC-USD/candles", "end=60&granularity=ONE_MINUTE", 400),
    ("products/BTC-USD/ticker", "limit=-1", 400),
    ("orders/historical/batch", "order_status=DONE", 400),
    ("orders/historical/batch", "order_status=OPEN&order_status=FILLED", 400),
    ("orders/historical/batch", "start_date=yesterday", 400),
    ("orders/historical/0bade000-0000-4000-8000-000000000009", "", 404),
    ("accounts/nobody", "", 404),
    ("orders", "", 405),
    ("nothing", "", 404),
    ("products/BTC-USD/candles/x", "", 404),
]


@pytest.mark.parametrize(("path", "query", "status"), ASKED)
def test_a_question_that_cannot_be_is_refused(path: str, query: str, status: int) -> None:
    desk = CoinbaseDesk()
    assert desk.answer(desk.request("GET", path, query)).status == status


def test_market_data_is_open_under_market_and_signed_without_it() -> None:
    desk = CoinbaseDesk()
    for path in ("products", f"products/{SYMBOL}"):
        shown = desk.answer(Request("GET", HOST, f"/api/v3/brokerage/market/{path}"))
        assert shown.json() == desk.get(path)
        assert desk.answer(Request("GET", HOST, f"/api/v3/brokerage/{path}")).status == 401


def test_more_requests_than_a_second_takes_are_refused_until_the_next() -> None:
    desk = CoinbaseDesk()
    open_path = Request("GET", HOST, "/api/v3/brokerage/time")
    assert [desk.answer(open_path).status for _ in range(11)] == [200] * 10 + [429]
    answers = [desk.answer(desk.request("GET", "accounts")) for _ in range(31)]
    assert [one.status for one in answers] == [200] * 30 + [429]
    assert answers[-1].json()["error"] == "rate_limit_exceeded"
    assert dict(answers[9].headers)["x-ratelimit-remaining"] == "20"
    desk.pass_time(SECOND_NS)
    assert desk.answer(open_path).status == 200
    assert desk.answer(desk.request("GET", "accounts")).status == 200


def test_guesses_at_tokens_are_counted_to_their_address() -> None:
    desk = CoinbaseDesk()
    statuses = [ask(desk, "a.b.c") for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_candles_come_newest_first() -> None:
    desk = CoinbaseDesk()
    for minute, price in enumerate(("60001", "60003", "60002")):
        desk.walk(price)
        desk.pass_time((60 * (minute + 1) + 20) * SECOND_NS - (desk.now_ns - START_NS))
    found = desk.get(
        f"products/{SYMBOL}/candles",
        f"start={NOW_S - 60}&end={NOW_S + 240}&granularity=ONE_MINUTE",
    )["candles"]
    starts = [int(one["start"]) for one in found]
    assert starts == sorted(starts, reverse=True)
    assert len(starts) >= 3
    assert all(start % 60 == 0 for start in starts)
    assert max(Decimal(one["high"]) for one in found) == 60_003
