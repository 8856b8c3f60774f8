"""Orders of Kraken over its private stream: they mean the same as by REST."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.kraken_desk import SYMBOL, KrakenDesk, Stream

from ballast.venues.simulated.fronts.keys import ApiKey
from ballast.venues.simulated.wire.messages import Request, Response

BAD = "EGeneral:Invalid arguments:"
LIMIT: dict[str, Any] = {
    "order_type": "limit", "side": "buy", "symbol": SYMBOL, "order_qty": 0.01,
    "limit_price": 50000,
}  # fmt: skip


def test_orders_are_placed_amended_and_cancelled_over_the_stream() -> None:
    desk = KrakenDesk()
    stream = desk.open(private=True)
    told = stream.trade("add_order", **LIMIT, cl_ord_id="mine")
    assert (told["success"], told["result"]["cl_ord_id"]) == (True, "mine")
    txid = told["result"]["order_id"]
    assert desk.one(txid)["descr"]["order"] == "buy 0.01000 XBTUSD @ limit 50000.00"
    told = stream.trade("amend_order", order_id=txid, order_qty=0.02, limit_price=51000.5)
    assert told["result"]["order_id"] == txid
    assert desk.one(txid)["descr"]["order"] == "buy 0.02000 XBTUSD @ limit 51000.50"
    assert stream.trade("cancel_order", cl_ord_id=["mine"])["result"]["order_id"] == txid
    assert stream.trade("cancel_order", order_id=[txid])["error"] == "EOrder:Unknown order"
    stream.trade("add_order", **LIMIT, order_userref=5)
    assert stream.trade("cancel_order", order_userref=[5])["result"]["order_userref"] == 5
    stream.trade("add_order", **LIMIT)
    assert stream.trade("cancel_all")["result"] == {"count": 1}
    told = stream.trade("cancel_all_orders_after", timeout=60)
    assert told["result"]["triggerTime"] == "2023-11-14T22:14:20Z"


def test_every_kind_of_order_means_the_same_as_by_rest() -> None:
    desk = KrakenDesk()
    stream = desk.open(private=True)
    sell = {"side": "sell", "symbol": SYMBOL, "order_qty": 0.1}

    def placed(**more: Any) -> str:
        told = stream.trade("add_order", **{**sell, **more})
        assert told["success"], told
        return str(desk.one(told["result"]["order_id"])["descr"]["order"])

    trigger = {"reference": "last", "price": 50000}
    assert placed(order_type="stop-loss", triggers=trigger).endswith("@ stop loss 50000.00")
    assert placed(order_type="stop-loss-limit", triggers=trigger, limit_price=49000).endswith(
        "@ stop loss 50000.00 -> limit 49000.00"
    )
    trail = {"price": 1.5, "price_type": "pct"}
    assert placed(order_type="trailing-stop", triggers=trail).endswith("@ trailing stop +1.5%")
    iceberg = {"order_type": "iceberg", "limit_price": 70000, "display_qty": 0.01}
    assert placed(**iceberg).endswith("@ iceberg 70000.00")
    assert placed(order_type="limit", limit_price=60000, time_in_force="ioc", post_only=False)
    expires = {"time_in_force": "gtd", "expire_time": "2023-11-14T22:14:20Z"}
    assert placed(order_type="limit", limit_price=70000, **expires)
    cash = {"order_type": "market", "side": "buy", "symbol": SYMBOL, "cash_order_qty": 600.01}
    told = stream.trade("add_order", **cash)
    assert desk.one(told["result"]["order_id"])["vol_exec"] == "0.00999"
    assert stream.trade("add_order", **LIMIT, validate=True)["result"] == {}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"symbol": "XBT/USD"}, "Currency pair not supported XBT/USD"),
    ({"order_qty": "0.01"}, f"{BAD}order_qty"),
    ({"order_qty": 100}, "EOrder:Insufficient funds"),
    ({"limit_price": 61000, "post_only": True}, "EOrder:Post only order"),
    ({"limit_price_type": "pct"}, f"{BAD}limit_price_type"),
    ({"conditional": {"order_type": "limit"}}, f"{BAD}conditional"),
    ({"stop_loss": 1}, f"{BAD}stop_loss"),
    ({"margin": True}, "EOrder:Cannot open position"),
    ({"fee_preference": "base"}, f"{BAD}oflags"),
    ({"effective_time": "2023-11-14T22:14:20Z"}, f"{BAD}starttm"),
    ({"expire_time": "soon"}, f"{BAD}expire_time"),
]


@pytest.mark.parametrize(("wrong", "expected"), WRONG)
def test_an_order_that_cannot_be_is_refused_over_the_stream(
    wrong: dict[str, Any], expected: str
) -> None:
    desk = KrakenDesk()
    told = desk.open(private=True).trade("add_order", **{**LIMIT, **wrong})
    assert (told["success"], told["error"]) == (False, expected)
    assert desk.exchange.open_orders(desk.account) == []


def test_a_key_that_may_not_trade_does_not_over_the_stream_either() -> None:
    desk = KrakenDesk()
    desk.key = desk.keys.add(ApiKey("reader", "c2VjcmV0", desk.account, can_trade=False))
    told = desk.open(private=True).trade("add_order", **LIMIT)
    assert (told["success"], told["error"]) == (False, "EGeneral:Permission denied")


def test_a_small_number_with_an_exponent_is_the_number_it_is() -> None:
    desk = KrakenDesk()
    token = desk.ask("GetWebSocketsToken")["token"]
    stream = desk.open(private=True)
    text = json.dumps({"method": "add_order", "params": {**LIMIT, "token": token}})
    *_, told = stream.send(text.replace("0.01", "1e-2"))
    assert desk.one(told["result"]["order_id"])["vol"] == "0.01000"


def test_one_address_serves_both_where_no_host_says_which() -> None:
    desk = KrakenDesk()
    found = desk.gateway.connect(Request("GET", "127.0.0.1:80", "/kraken/v2"), desk.now_ns)
    assert not isinstance(found, Response)
    stream = Stream(desk, found)
    *_, told = stream.call("subscribe", channel="trade", symbol=[SYMBOL])
    assert told["success"]
    assert stream.trade("add_order", **LIMIT)["success"]
