"""Answers have the fields, and their kinds, of payloads kept of Coinbase (R-QA-10, R-EXCH-12)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.data import SHARED, needs_data
from tests.fakes.coinbase_desk import SYMBOL, CoinbaseDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = SHARED / "api" / "fixtures" / "coinbase.jsonl"
SECOND_NS = 1_000_000_000
ASKED = {
    "http_accounts": "accounts",
    "http_fills": "orders/historical/fills",
    "http_order": "orders/historical/",
    "http_orders_list": "orders/historical/batch",
    "http_product": f"products/{SYMBOL}",
    "http_product_book": "product_book",
    "http_products": "products",
}
TOLD = {
    "ws_heartbeats": "heartbeats",
    "ws_l2_data_snapshot": "level2",
    "ws_market_trades": "market_trades",
    "ws_subscriptions": "market_trades",
    "ws_ticker": "ticker",
    "ws_user": "user",
}
WEB_ONLY = (
    "new_at", "market_cap", "base_cbrn", "quote_cbrn", "product_cbrn", "icon_color", "icon_url",
    "display_name_overwrite", "is_alpha_testing", "about_description", "best_bid_price",
    "best_ask_price",
)  # fmt: skip
NOT_OURS = {
    *(f"{place}.{name}" for place in ("", ".products[]") for name in WEB_ONLY),
    *(f"{place}.alias_to[]" for place in ("", ".products[]")),
    ".events[].subscriptions.level2[]",  # of another connection than ours
    ".orders[].order_configuration.market_market_ioc.quote_size",  # ours is sized in base
}
"""Fields that are kept of the venue and that are left out here: most are of its pages."""


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
def desk() -> CoinbaseDesk:
    """A venue on which each kind of thing has happened."""
    desk = CoinbaseDesk(climbs=True)
    desk.pass_time(SECOND_NS)
    desk.create("m", "BUY", {"market_market_ioc": {"base_size": "0.1"}})
    desk.limit("r", "BUY", "0.1", "50000")
    return desk


def asked(desk: CoinbaseDesk, name: str) -> Any:
    """Return our answer to what a kept one answered."""
    if name == "http_order":
        return desk.get(ASKED[name] + desk.limit("part", "BUY", "0.5", "60005"))
    return desk.get(ASKED[name], f"product_id={SYMBOL}" if name == "http_product_book" else "")


def told(desk: CoinbaseDesk, name: str) -> Any:
    """Return the last message of a channel."""
    stream, channel = desk.open(), TOLD[name]
    said = stream.user() if channel == "user" else stream.subscribe(channel, SYMBOL)
    desk.pass_time(SECOND_NS)
    wanted = {"level2": "l2_data"}.get(channel, channel)
    wanted = "subscriptions" if name == "ws_subscriptions" else wanted
    return [one for one in [*said, *stream.heard()] if one["channel"] == wanted][-1]


@needs_data
@pytest.mark.parametrize("name", [*ASKED, *TOLD])
def test_an_answer_has_the_fields_of_the_venue_and_their_kinds(
    name: str, desk: CoinbaseDesk
) -> None:
    kept = {one["name"]: one["payload"] for one in map(json.loads, FIXTURES.open())}
    answer = asked(desk, name) if name in ASKED else told(desk, name)
    ours: dict[str, set[type]] = {}
    for where, kind in kinds(answer):
        ours.setdefault(where, set()).add(kind)
    wanted = {(where, kind) for where, kind in kinds(kept[name]) if where not in NOT_OURS}
    assert wanted
    for where, kind in sorted(wanted, key=str):
        assert kind in ours.get(where, set()), f"{where} is {ours.get(where)}, not {kind}"
