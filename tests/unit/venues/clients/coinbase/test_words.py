"""Our requests in Coinbase's words, and back through what a simulated one reads (R-EXCH-12)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data import needs_data
from tests.fakes.coinbase_desk import CoinbaseDesk
from tests.fakes.recorded import lines_of
from tests.unit.venues.clients.coinbase.venue import SYMBOL, call_of, market_of, products_of

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import (
    CONDITIONAL,
    OrderKind,
    OrderRequest,
    PositionSide,
    PositionStops,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.clients.calls import Urgency
from ballast.venues.clients.coinbase import words
from ballast.venues.clients.coinbase.access import KINDS
from ballast.venues.clients.coinbase.products import Products
from ballast.venues.simulated.fronts.coinbase.order_words import client_id as read_id
from ballast.venues.simulated.fronts.coinbase.order_words import read_order

VENUE = CoinbaseDesk()
MARKET = market_of(VENUE)
OWN = client_id(Purpose.STOP, account="a", strategy="s", symbol=SYMBOL, decision=1)
LIMIT = OrderRequest(SYMBOL, Side.BUY, OrderKind.LIMIT, 1_000, 6_000_000, OWN)
STOP = replace(
    LIMIT, side=Side.SELL, kind=OrderKind.STOP_LIMIT, price_ticks=5_870_500, trigger_ticks=5_900_000
)


def terms(request: OrderRequest) -> dict[str, Any]:
    call = words.place(MARKET, request, Urgency.TRADE)
    return dict(call.params["order_configuration"])


def test_a_limit_order_in_the_venues_words() -> None:
    call = words.place(MARKET, LIMIT, Urgency.PROTECT)
    assert (call.method, call.changes) == ("v3PrivatePostBrokerageOrders", True)
    assert call.params == {
        "client_order_id": OWN, "product_id": "BTC-USD", "side": "BUY",
        "order_configuration": {
            "limit_limit_gtc": {"base_size": "0.01", "limit_price": "60000", "post_only": False},
        },
    }  # fmt: skip


def test_a_stop_is_a_limit_order_that_waits_in_a_direction() -> None:
    down = {
        "base_size": "0.01", "limit_price": "58705", "stop_price": "59000",
        "stop_direction": "STOP_DIRECTION_STOP_DOWN",
    }  # fmt: skip
    assert terms(STOP) == {"stop_limit_stop_limit_gtc": down}
    take = terms(replace(STOP, kind=OrderKind.TAKE_PROFIT_LIMIT))["stop_limit_stop_limit_gtc"]
    assert take["stop_direction"] == "STOP_DIRECTION_STOP_UP"
    up = terms(replace(STOP, side=Side.BUY))["stop_limit_stop_limit_gtc"]
    assert up["stop_direction"] == "STOP_DIRECTION_STOP_UP"


def test_a_market_order_carries_no_price_and_money_is_a_size() -> None:
    market = replace(LIMIT, kind=OrderKind.MARKET)
    assert terms(market) == {"market_market_ioc": {"base_size": "0.01"}}
    money = replace(market, qty_lots=0, quote_atoms=12_345_000_000)
    assert terms(money) == {"market_market_ioc": {"quote_size": "123.45"}}


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"kind": OrderKind.STOP_MARKET, "trigger_ticks": 5}, "kind stop_market"),
        ({"kind": OrderKind.TAKE_PROFIT_MARKET, "trigger_ticks": 5}, "kind take_profit_market"),
        ({"kind": OrderKind.TRAILING_STOP, "trail_ticks": 5}, "kind trailing_stop"),
        (
            {"kind": OrderKind.STOP_LIMIT, "trigger_ticks": 5, "tif": TimeInForce.IOC},
            "stops that are ioc",
        ),
        ({"trigger_by": TriggerBy.MARK}, "trigger by mark"),
        ({"position_side": PositionSide.LONG}, "hedged positions"),
        ({"reduce_only": True}, "reduce-only on spot"),
        ({"close_position": True}, "closing a position"),
        ({"stops": PositionStops(1)}, "stops of a position"),
        ({"display_lots": 5}, "hidden parts"),
        (
            {"tif": TimeInForce.IOC, "post_only": True},
            "post-only but for limit orders that stay",
        ),
        ({"quote_atoms": 5}, "money as the size but of a market buy"),
        ({"self_trade": SelfTrade.NONE}, "self-trades none"),
    ],
)
def test_what_it_has_no_word_for_is_said_before_anything_is_sent(
    changed: dict[str, Any], what: str
) -> None:
    assert words.unsupported(replace(LIMIT, **changed)) == what


@given(
    side=st.sampled_from(list(Side)),
    kind=st.sampled_from(sorted(KINDS)),
    lots=st.integers(1, 10**8),
    ticks=st.integers(2, 10**8 - 1),
    tif=st.sampled_from(list(TimeInForce)),
    post_only=st.booleans(),
    number=st.integers(0, 10**6),
)
def test_what_is_asked_is_what_the_venue_reads(
    *, side: Side, kind: OrderKind, lots: int, ticks: int, tif: TimeInForce, post_only: bool,
    number: int,
) -> None:  # fmt: skip
    """Round trip: our words, written for the wire, read by the simulated venue's own reader."""
    own = client_id(Purpose.ENTRY, account="a", strategy="s", symbol=SYMBOL, decision=number)
    waits = kind in CONDITIONAL
    if waits and tif not in words.TRIGGERED:
        tif = TimeInForce.GTC
    if kind is OrderKind.MARKET:
        tif = TimeInForce.GTC
    dated = VENUE.now_ns + 60_000_000_000 if tif is TimeInForce.GTD else 0
    request = OrderRequest(
        SYMBOL,
        side,
        kind,
        lots,
        0 if kind is OrderKind.MARKET else ticks,
        own,
        tif=tif,
        expire_ns=dated,
        post_only=post_only and kind is OrderKind.LIMIT and tif in words.POSTS,
        trigger_ticks=ticks - side if waits else 0,
    )
    assert words.unsupported(request) == ""
    call = call_of(VENUE, words.place(MARKET, request, Urgency.TRADE).params)
    assert read_id(call) == own
    read = read_order(VENUE.front, call, own=own)  # type: ignore[arg-type]
    rises = words.rises(request) if waits else None
    kinds = {OrderKind.TAKE_PROFIT_LIMIT: OrderKind.STOP_LIMIT}
    theirs = replace(request, symbol="BTC-USD", kind=kinds.get(kind, kind), trigger_rises=rises)
    assert read == theirs


def test_edits_and_cancels_go_by_the_venues_id() -> None:
    call = words.edit("an-id", "0.02", "59000", Urgency.TRADE)
    assert (call.method, call.changes) == ("v3PrivatePostBrokerageOrdersEdit", True)
    assert call.params == {"order_id": "an-id", "size": "0.02", "price": "59000"}
    gone = words.cancel("an-id", Urgency.PROTECT)
    assert gone.method == "v3PrivatePostBrokerageOrdersBatchCancel"
    assert (gone.params, gone.changes) == ({"order_ids": ["an-id"]}, True)


def test_a_time_is_written_to_the_microsecond() -> None:
    assert words.iso(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123456Z"


# Products ----------------------------------------------------------------------------------


def test_rules_are_those_the_venue_states() -> None:
    assert (MARKET.symbol, MARKET.name, MARKET.base, MARKET.quote) == (
        SYMBOL, "BTC-USD", "BTC", "USD",
    )  # fmt: skip
    assert (MARKET.tick, MARKET.lot) == (Decimal("0.01"), Decimal("0.00001"))
    assert (MARKET.max_qty, MARKET.min_notional) == (Decimal(1_000), Decimal(1))
    assert MARKET.is_trading
    assert products_of(VENUE).find("BTC-USD") == MARKET
    assert products_of(VENUE).find("ETH-USD") is None


@pytest.mark.parametrize(
    "flag",
    ["is_disabled", "trading_disabled", "view_only", "cancel_only", "limit_only", "post_only",
     "auction_mode"],
)  # fmt: skip
def test_a_product_that_is_not_fully_open_says_why(flag: str) -> None:
    (row,) = VENUE.get("products")["products"]
    products = Products()
    products.read([row | {flag: True}])
    market = products.markets[SYMBOL]
    assert (market.is_trading, market.status) == (False, flag)


@needs_data
def test_recorded_products_are_read_and_futures_left_out() -> None:
    import json  # noqa: PLC0415 - only here

    rows = [json.loads(one) for one in lines_of("api/fixtures/coinbase.jsonl")]
    kept = {one["name"]: one["payload"] for one in rows}
    products = Products()
    products.read(kept["http_products"]["products"] + kept["http_products_future"]["products"])
    market = products.markets[SYMBOL]
    assert (market.tick, market.lot) == (Decimal("0.01"), Decimal("1E-8"))
    assert market.min_notional == Decimal(1)
    assert not any("CDE" in one.name for one in products.markets.values())
