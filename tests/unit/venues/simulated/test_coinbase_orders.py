"""Orders of Coinbase: what is taken, what is refused, what becomes of them (R-EXCH-12)."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.coinbase_desk import LISTING, START_NS, SYMBOL, CoinbaseDesk, id_of

from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.fronts.coinbase.front import PROFILE, CoinbaseFront
from ballast.venues.simulated.wire.faults import Command, Fault

if TYPE_CHECKING:
    from ballast.venues.simulated.wire.messages import Request

SECOND_NS = 1_000_000_000
GTC = {"limit_limit_gtc": {"base_size": "0.1", "limit_price": "50000"}}
GOOD: dict[str, Any] = {
    "client_order_id": "a", "product_id": SYMBOL, "side": "BUY", "order_configuration": GTC,
}  # fmt: skip


def reason(said: Any) -> str:
    """Return what a preview would have said of a refused order."""
    assert said["success"] is False
    return str(said["error_response"]["preview_failure_reason"])


def limit(size: str, price: str, kind: str = "limit_limit_gtc", **more: Any) -> dict[str, Any]:
    return {kind: {"base_size": size, "limit_price": price, **more}}


def stop(size: str, price: str, at: str, way: str) -> dict[str, Any]:
    more = {"stop_price": at, "stop_direction": f"STOP_DIRECTION_STOP_{way}"}
    return limit(size, price, "stop_limit_stop_limit_gtc", **more)


# side, configuration, more -> what the preview says
REFUSED: list[tuple[str, Any, dict[str, str], str]] = [
    ("HOLD", GTC, {}, "PREVIEW_INVALID_SIDE"),
    ("BUY", GTC, {"product_id": "ETH-USD"}, "PREVIEW_INVALID_PRODUCT_ID"),
    ("BUY", GTC, {"leverage": "3"}, "PREVIEW_INVALID_LEVERAGE"),
    ("BUY", GTC, {"margin_type": "CROSS"}, "PREVIEW_INVALID_MARGIN_TYPE"),
    ("BUY", limit("0.000001", "50000"), {}, "PREVIEW_INVALID_SIZE_PRECISION"),
    ("BUY", limit("0.1", "50000.001"), {}, "PREVIEW_INVALID_PRICE_PRECISION"),
    ("BUY", limit("0.00001", "50000"), {}, "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"),
    ("BUY", limit("1001", "1"), {}, "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE"),
    ("BUY", limit("2", "50000"), {}, "PREVIEW_INSUFFICIENT_FUND"),
    ("SELL", limit("2.1", "70000"), {}, "PREVIEW_INSUFFICIENT_FUND"),
    ("BUY", limit("0.1", "60000.01", post_only=True), {}, "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY"),
    ("SELL", {"market_market_ioc": {"quote_size": "10"}}, {}, "PREVIEW_INVALID_ORDER_CONFIG"),
    ("BUY", {"market_market_ioc": {"quote_size": "10.001"}}, {},
     "PREVIEW_INVALID_QUOTE_SIZE_PRECISION"),
    ("SELL", stop("0.1", "60500", "61000", "DOWN"), {},
     "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"),
    ("BUY", stop("0.1", "60000", "59000", "UP"), {}, "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE"),
    ("BUY", stop("0.1", "61000", "62000", "UP"), {}, "PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE"),
    ("SELL", stop("0.1", "59000", "58000", "DOWN"), {}, "PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE"),
    ("SELL", limit("0.1", "70000", "trigger_bracket_gtc", stop_trigger_price="50000"), {},
     "PREVIEW_INVALID_ORDER_CONFIG"),
    ("BUY", limit("0.1", "50000", "limit_limit_gtd", end_time="2023-01-01T00:00:00Z"), {},
     "PREVIEW_INVALID_ORDER_CONFIG"),
]  # fmt: skip


@pytest.mark.parametrize(("side", "configuration", "more", "expected"), REFUSED)
def test_an_order_that_is_refused_says_why_and_leaves_nothing(
    side: str, configuration: Any, more: dict[str, str], expected: str
) -> None:
    desk = CoinbaseDesk()
    said = desk.create("a", side, configuration, **more)
    assert reason(said) == expected
    assert said["order_configuration"] == configuration
    assert not desk.exchange.open_orders(desk.account)
    assert all(not one.locked_atoms for one in desk.exchange.balances(desk.account))


def test_an_id_that_was_used_gives_the_order_that_has_it_and_no_other() -> None:
    desk = CoinbaseDesk()
    buy = {"market_market_ioc": {"base_size": "0.1"}}
    first = desk.create("once", "BUY", buy)
    again = desk.create("once", "BUY", buy)
    other = desk.create("once", "SELL", limit("9", "1.001"))
    assert id_of(first) == id_of(again) == id_of(other)
    assert other["success_response"]["side"] == "BUY"
    assert len(desk.exchange.fills(desk.account, SYMBOL)) == 1


def test_an_answer_that_was_lost_is_found_by_sending_again() -> None:
    desk = CoinbaseDesk()
    desk.gateway.faults.command(Command(Fault.ERROR_AFTER, "POST .*/orders$"))
    body = GOOD | {"client_order_id": "lost"}
    assert desk.answer(desk.request("POST", "orders", "", json.dumps(body).encode())).status == 500
    assert desk.post("orders", body)["success"]
    assert len(desk.exchange.orders(desk.account, SYMBOL)) == 1


def test_a_market_buy_for_an_amount_spends_no_more_than_it_fees_included() -> None:
    desk = CoinbaseDesk()
    made = desk.create("m", "BUY", {"market_market_ioc": {"quote_size": "1000"}})
    order = desk.order(id_of(made))
    assert (order["status"], order["filled_size"]) == ("FILLED", "0.01646")
    assert order["average_filled_price"] == "60000.01"
    assert (order["size_in_quote"], order["size_inclusive_of_fees"]) == (True, True)
    spent = Decimal(100_000) - desk.exchange.amount(
        "USD", desk.exchange.balance(desk.account, "USD").total_atoms
    )
    assert spent == Decimal(order["total_value_after_fees"]) <= 1_000
    (fill,) = desk.get("orders/historical/fills", f"order_ids={id_of(made)}")["fills"]
    assert fill["commission"] == order["total_fees"] == "11.85120197"
    assert (fill["liquidity_indicator"], fill["size"]) == ("TAKER", "0.01646")


def test_what_does_not_trade_at_once_is_cancelled_where_it_was_asked_so() -> None:
    desk = CoinbaseDesk(cash=300_000)
    part = desk.create("i", "BUY", limit("1.5", "60000.01", "sor_limit_ioc"))
    none = desk.create("f", "BUY", limit("1.5", "60000.01", "limit_limit_fok"))
    first, second = (desk.order(id_of(one)) for one in (part, none))
    assert (first["status"], first["filled_size"]) == ("CANCELLED", "1")
    assert (first["completion_percentage"], first["time_in_force"]) == (
        "66.67", "IMMEDIATE_OR_CANCEL",
    )  # fmt: skip
    assert (second["status"], second["filled_size"]) == ("CANCELLED", "0")


def test_a_limit_with_a_date_expires_then() -> None:
    desk = CoinbaseDesk()
    made = desk.create(
        "g", "BUY", limit("0.1", "50000", "limit_limit_gtd", end_time="2023-11-14T22:14:20.5Z")
    )
    assert desk.order(id_of(made))["status"] == "OPEN"
    desk.pass_time(61 * SECOND_NS)
    ended = desk.order(id_of(made))
    assert (ended["status"], ended["time_in_force"]) == ("EXPIRED", "GOOD_UNTIL_DATE_TIME")


@pytest.mark.parametrize(("way", "side", "at"), [("DOWN", "SELL", "59000"), ("UP", "BUY", "61000"),
                                                 ("DOWN", "BUY", "59000")])  # fmt: skip
def test_a_stop_waits_for_its_price_from_its_side(way: str, side: str, at: str) -> None:
    desk = CoinbaseDesk()
    price = {"SELL": "58000", "BUY": "62000"}[side]
    made = desk.create("s", side, stop("0.1", price, at, way))
    waiting = desk.order(id_of(made))
    assert (waiting["status"], waiting["trigger_status"]) == ("OPEN", "STOP_PENDING")
    assert waiting["order_configuration"] == stop("0.1", price, at, way)
    desk.walk(str(Decimal(at) + (1 if way == "DOWN" else -1)))
    assert desk.order(id_of(made))["trigger_status"] == "STOP_PENDING"
    desk.walk(at)
    assert desk.order(id_of(made))["trigger_status"] == "STOP_TRIGGERED"


def test_cancels_are_answered_one_by_one() -> None:
    desk = CoinbaseDesk()
    resting = desk.limit("r", "BUY", "0.1", "50000")
    filled = id_of(desk.create("m", "BUY", {"market_market_ioc": {"base_size": "0.1"}}))
    results = desk.post("orders/batch_cancel", {"order_ids": [resting, resting, filled, "x"]})
    assert [(one["success"], one["failure_reason"]) for one in results["results"]] == [
        (True, "UNKNOWN_CANCEL_FAILURE_REASON"), (False, "DUPLICATE_CANCEL_REQUEST"),
        (False, "ORDER_IS_FULLY_FILLED"), (False, "UNKNOWN_CANCEL_ORDER"),
    ]  # fmt: skip
    assert desk.order(resting)["status"] == "CANCELLED"
    again = desk.post("orders/batch_cancel", {"order_ids": [resting]})["results"][0]
    assert again["failure_reason"] == "UNKNOWN_CANCEL_ORDER"
    for names in ([], ["x"] * 101, "x", [7]):
        assert desk.post("orders/batch_cancel", {"order_ids": names})["error"] == "INVALID_ARGUMENT"


def edited(desk: CoinbaseDesk, order_id: str, **more: str) -> list[str]:
    """Edit an order; return why it was not done."""
    said = desk.post("orders/edit", {"order_id": order_id, **more})
    assert said["success"] is not bool(said["errors"])
    return [one["edit_failure_reason"] for one in said["errors"]]


def test_an_edit_keeps_the_order_and_changes_its_terms() -> None:
    desk = CoinbaseDesk()
    order_id = desk.limit("e", "BUY", "0.5", "50000")
    assert edited(desk, order_id, price="51000", size="0.4") == []
    order = desk.order(order_id)
    assert order["order_configuration"] == limit("0.4", "51000", post_only=False)
    assert order["outstanding_hold_amount"] == "20644.8"
    locked = desk.exchange.balance(desk.account, "USD").locked_atoms
    assert desk.exchange.amount("USD", locked) == Decimal("20644.8")


def test_an_edit_that_cannot_be_changes_nothing() -> None:
    desk = CoinbaseDesk()
    order_id = desk.limit("e", "BUY", "0.5", "50000", post_only=True)
    other = id_of(desk.create("f", "SELL", stop("0.1", "54000", "55000", "DOWN")))
    assert edited(desk, order_id, price="51000.001") == ["INVALID_EDITED_PRICE"]
    assert edited(desk, order_id, size="0.000001") == ["INVALID_EDITED_SIZE"]
    assert edited(desk, order_id, size="5") == ["COMMANDER_REJECTED_EDIT_ORDER"]
    assert edited(desk, order_id, price="60001") == ["COMMANDER_REJECTED_EDIT_ORDER"]
    assert edited(desk, other, price="53000") == ["ONLY_LIMIT_ORDER_EDITS_SUPPORTED"]
    assert edited(desk, "x", price="53000") == ["ORDER_NOT_FOUND"]
    assert desk.post("orders/edit", {"order_id": order_id})["error"] == "INVALID_ARGUMENT"
    assert desk.order(order_id)["order_configuration"] == limit("0.5", "50000", post_only=True)


def test_an_edit_below_what_traded_is_refused() -> None:
    desk = CoinbaseDesk()
    order_id = desk.limit("e", "BUY", "1.5", "60000.01")
    assert desk.order(order_id)["filled_size"] == "1"
    assert edited(desk, order_id, size="0.9") == ["CANNOT_EDIT_TO_BELOW_FILLED_SIZE"]
    assert edited(desk, order_id, size="1.2") == []


def test_previews_estimate_and_place_nothing() -> None:
    desk = CoinbaseDesk()
    asked = {"product_id": SYMBOL, "side": "BUY"}
    buy = desk.post(
        "orders/preview",
        {**asked, "order_configuration": {"market_market_ioc": {"base_size": "1.5"}}},
    )
    assert (buy["errs"], buy["base_size"]) == ([], "1.5")
    assert Decimal(buy["order_total"]) == Decimal(buy["quote_size"]) * Decimal("1.012")
    much = desk.post("orders/preview", {**asked, "order_configuration": limit("2", "50000")})
    assert much["errs"] == ["PREVIEW_INSUFFICIENT_FUND"]
    wrong = desk.post("orders/preview", {**asked, "order_configuration": limit("2", "0.001")})
    assert wrong["errs"] == ["PREVIEW_INVALID_PRICE_PRECISION"]
    order_id = desk.limit("e", "BUY", "1.5", "50000")
    fits = desk.post("orders/edit_preview", {"order_id": order_id, "price": "60000"})
    assert (fits["errors"], fits["order_total"]) == ([], "91080")
    over = desk.post("orders/edit_preview", {"order_id": order_id, "size": "2"})
    assert [one["preview_failure_reason"] for one in over["errors"]] == [
        "PREVIEW_INSUFFICIENT_FUND"
    ]
    assert [one.request.qty_lots for one in desk.exchange.open_orders(desk.account)] == [150_000]


def test_orders_and_fills_come_in_pages_newest_first() -> None:
    desk = CoinbaseDesk()
    for number in range(5):
        desk.create(f"m{number}", "BUY", {"market_market_ioc": {"base_size": "0.001"}})
        desk.limit(f"l{number}", "BUY", "0.001", "50000")
    for path, name in (("batch", "orders"), ("fills", "fills")):
        whole = desk.get(f"orders/historical/{path}")[name]
        cursor, pages = "", []
        while True:
            said = desk.get(f"orders/historical/{path}", f"limit=2&cursor={cursor}")
            pages += said[name]
            cursor = said["cursor"]
            assert said.get("has_next", bool(cursor)) is bool(cursor)
            if not cursor:
                break
        assert pages == whole
    asked = desk.get("orders/historical/batch", "order_status=OPEN&product_ids=BTC-USD&limit=3")
    assert [one["client_order_id"] for one in asked["orders"]] == ["l4", "l3", "l2"]
    assert asked["has_next"] is True
    assert desk.get("orders/historical/batch", "order_types=MARKET&order_side=SELL")["orders"] == []


def test_wallets_say_what_is_free_and_what_is_held() -> None:
    desk = CoinbaseDesk()
    desk.limit("r", "BUY", "0.1", "50000")
    first = desk.get("accounts", "limit=1")
    rest = desk.get("accounts", f"limit=1&cursor={first['cursor']}")
    assert (first["has_next"], rest["has_next"]) == (True, False)
    (coin,), (cash,) = first["accounts"], rest["accounts"]
    assert (coin["currency"], coin["available_balance"]["value"]) == ("BTC", "2")
    assert (cash["available_balance"]["value"], cash["hold"]["value"]) == ("94940", "5060")
    assert desk.get(f"accounts/{cash['uuid']}")["account"] == cash


def test_the_summary_adds_up_what_was_traded() -> None:
    desk = CoinbaseDesk()
    desk.create("a", "BUY", {"market_market_ioc": {"base_size": "0.1"}})
    said = desk.get("transaction_summary", "product_type=SPOT")
    assert said["total_volume"] == pytest.approx(6_000.001)
    assert said["total_fees"] == pytest.approx(72.000012)
    assert said["fee_tier"]["taker_fee_rate"] == "0.012"


@pytest.mark.parametrize(
    ("fault", "path", "status"),
    [("unavailable", "orders", 503), ("maintenance", "orders", 503), ("banned", "orders", 403),
     ("rate_limited", "orders", 429), ("error_before", "orders", 500),
     ("false_not_found", "orders/batch_cancel", 200), ("false_not_found", "orders/edit", 200),
     ("reject_then_appear", "orders", 200)],
)  # fmt: skip
def test_troubles_are_told_in_the_venues_words(fault: str, path: str, status: int) -> None:
    desk = CoinbaseDesk()
    desk.gateway.faults.command(Command(Fault(fault), ""))
    answer = desk.answer(desk.request("POST", path, "", json.dumps(GOOD).encode()))
    assert answer.status == status
    if status == 200:
        said = answer.json()
        assert not said.get("success", said.get("results", [{}])[0].get("success"))


def test_two_products_keep_their_orders_apart() -> None:
    """One id names one order of an account, whatever the product."""
    euro = replace(LISTING, symbol="BTC-EUR", quote="EUR")
    exchange = Exchange(PROFILE, [LISTING, euro], start_ns=START_NS)
    desk = CoinbaseDesk()
    desk.exchange = exchange
    desk.account = exchange.open_account("me", {"USD": Decimal(1_000), "EUR": Decimal(1_000)})
    desk.front = CoinbaseFront(exchange, desk.keys)
    first = json.loads(desk.front.handle(order_of(desk, SYMBOL)).body)
    second = json.loads(desk.front.handle(order_of(desk, "BTC-EUR")).body)
    assert id_of(first) == id_of(second)
    assert second["success_response"]["product_id"] == SYMBOL


def order_of(desk: CoinbaseDesk, product: str) -> Request:
    body = GOOD | {"product_id": product, "order_configuration": limit("0.01", "50000")}
    return desk.request("POST", "orders", "", json.dumps(body).encode())
