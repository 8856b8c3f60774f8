"""Answers have the fields, and their kinds, of payloads that clients keep of Bybit (R-QA-10)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.data import SHARED, needs_data
from tests.fakes.bybit_desk import LINEAR, NAME, SECOND_NS, BybitDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = SHARED / "api" / "fixtures" / "bybit.jsonl"
PLACE = {"category": "linear", "symbol": NAME}
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "http_get_executions": ("/v5/execution/list", {**PLACE, "execType": "Trade"}),
    "http_get_fee_rate": ("/v5/account/fee-rate", {"category": "linear"}),
    "http_get_funding_history": ("/v5/market/funding/history", PLACE),
    "http_get_instruments_linear": ("/v5/market/instruments-info", {"category": "linear"}),
    "http_get_instruments_spot": ("/v5/market/instruments-info", {"category": "spot"}),
    "http_get_klines_linear": ("/v5/market/kline", {**PLACE, "interval": "1"}),
    "http_get_orderbook": ("/v5/market/orderbook", PLACE),
    "http_get_orders_history": ("/v5/order/history", PLACE),
    "http_get_positions": ("/v5/position/list", PLACE),
    "http_get_user_query_api": ("/v5/user/query-api", {}),
    "http_get_wallet_balance_spot_short": (
        "/v5/account/wallet-balance",
        {"accountType": "UNIFIED"},
    ),
}
TOLD = {
    "ws_account_order": "order",
    "ws_account_order_stop_market": "order",
    "ws_account_order_take_profit": "order",
    "ws_account_position": "position",
    "ws_account_wallet": "wallet",
}
NOT_OURS = {
    ".result.nextPageCursor",  # of spot: the venue documents that it has none
    ".data[].totalPerpUpl",  # both spellings are kept of one field
    ".result.list[].deliveryFeeRate",  # a number's text or empty
    *(f".result.{name}" for name in ("userIDInt64", "inviterIDInt64", "affiliateIDInt64")),
}  # fmt: skip
"""Fields that are kept of the venue and that are left out here."""


def is_left_out(where: str) -> bool:
    """Tell whether a field is not simulated; what a key may do depends on the key."""
    return where in NOT_OURS or where.startswith(".result.permissions")


def kinds(value: Any, path: str = "") -> Iterator[tuple[str, type]]:
    """Yield every path of a value and what lies there."""
    match value:
        case dict():
            for name, one in value.items():
                yield from kinds(one, f"{path}.{name}")
        case list():
            for one in value:
                yield from kinds(one, f"{path}[]")
        case None:
            return
        case _:
            yield path, type(value)


@pytest.fixture
def desk() -> BybitDesk:
    """A venue on which each kind of thing has happened."""
    desk = BybitDesk(path=[(0, 600_000), (30_000 * SECOND_NS, 600_010)])
    desk.exchange.street.set_funding(LINEAR, 100_000)
    desk.at(1)
    stops = {"takeProfit": "65000", "stopLoss": "59000"}
    desk.order(side="Buy", orderType="Market", qty="0.5", **stops)
    desk.order(side="Buy", orderType="Limit", qty="0.1", price="50000")
    desk.at(30_001)
    return desk


@needs_data
@pytest.mark.parametrize("name", [*ASKED, *TOLD])
def test_an_answer_has_the_fields_of_the_venue_and_their_kinds(name: str, desk: BybitDesk) -> None:
    kept = {one["name"]: one["payload"] for one in map(json.loads, FIXTURES.open())}
    if name in ASKED:
        path, values = ASKED[name]
        answer = desk.get(path, **values)
    else:
        stream = desk.private(TOLD[name])
        desk.order(side="Buy", orderType="Limit", qty="0.5", price="60002", stopLoss="58000")
        answer = desk.heard(stream)[-1]
    ours: dict[str, set[type]] = {}
    for where, kind in kinds(answer):
        ours.setdefault(where, set()).add(kind)
    wanted = {(where, kind) for where, kind in kinds(kept[name]) if not is_left_out(where)}
    assert wanted
    for where, kind in sorted(wanted, key=str):
        assert kind in ours.get(where, set()), f"{where} is {ours.get(where)}, not {kind}"
