"""Our orders in OKX's words, and back through what an OKX reads out of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.okx_desk import OkxDesk
from tests.unit.venues.clients.okx.markets import SPOT, SWAP, own

from ballast.core.ids import Purpose
from ballast.core.orders import (
    AmendRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionSide,
    PositionStops,
    RejectReason,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.clients.calls import CallError, Pool, Urgency, Verdict
from ballast.venues.clients.okx import requests
from ballast.venues.simulated.fronts.okx import algos, orders
from ballast.venues.simulated.fronts.okx.call import Call as Wire
from ballast.venues.simulated.fronts.okx.call import parameters

if TYPE_CHECKING:
    from ballast.venues.clients.market import Market

STOP_ID, ENTRY_ID = own(Purpose.STOP), own(Purpose.ENTRY)
LIMIT = OrderRequest("BTCUSDT", Side.BUY, OrderKind.LIMIT, 15, 600_000, ENTRY_ID)
MARKET = OrderRequest("BTCUSDT", Side.SELL, OrderKind.MARKET, 15, 0, ENTRY_ID)
STOP = OrderRequest(
    "BTCUSDT", Side.SELL, OrderKind.STOP_MARKET, 15, client_id=STOP_ID, trigger_ticks=580_000,
    reduce_only=True,
)  # fmt: skip
TRAIL = replace(STOP, kind=OrderKind.TRAILING_STOP, trigger_ticks=0, trail_ppm=12_500)
SPOT_SAYS = {"instId": "BTC-USDT", "tdMode": "cash"}
SWAP_SAYS = {"instId": "BTC-USDT-SWAP", "tdMode": "cross", "posSide": "net"}

# our order, market -> what is said beside instrument, mode and our id
ORDERS: list[tuple[OrderRequest, Market, dict[str, Any]]] = [
    (LIMIT, SPOT, {"side": "buy", "ordType": "limit", "px": "6000", "sz": "0.00015"}),
    (LIMIT, SWAP, {"side": "buy", "ordType": "limit", "px": "60000", "sz": "1.5"}),
    (
        replace(LIMIT, post_only=True),
        SWAP,
        {"side": "buy", "ordType": "post_only", "px": "60000", "sz": "1.5"},
    ),
    (
        replace(LIMIT, tif=TimeInForce.IOC, self_trade=SelfTrade.CANCEL_TAKER),
        SWAP,
        {"side": "buy", "ordType": "ioc", "px": "60000", "sz": "1.5", "stpMode": "cancel_taker"},
    ),
    (
        replace(LIMIT, tif=TimeInForce.FOK),
        SPOT,
        {"side": "buy", "ordType": "fok", "px": "6000", "sz": "0.00015"},
    ),
    # Spot would take a market purchase as sized in quote.
    (
        replace(MARKET, side=Side.BUY),
        SPOT,
        {"side": "buy", "ordType": "market", "sz": "0.00015", "tgtCcy": "base_ccy"},
    ),
    (MARKET, SWAP, {"side": "sell", "ordType": "market", "sz": "1.5"}),
    (
        replace(MARKET, reduce_only=True),
        SWAP,
        {"side": "sell", "ordType": "market", "sz": "1.5", "reduceOnly": True},
    ),
    # A market order with a worst price is an order of the moment at that price.
    (
        replace(MARKET, price_ticks=590_000),
        SWAP,
        {"side": "sell", "ordType": "ioc", "px": "59000", "sz": "1.5"},
    ),
    (
        replace(MARKET, side=Side.BUY, qty_lots=0, quote_atoms=12_345_000_000),
        SPOT,
        {"side": "buy", "ordType": "market", "sz": "123.45", "tgtCcy": "quote_ccy"},
    ),
]
AT_MARKET = {"slTriggerPx": "58000", "slTriggerPxType": "last", "slOrdPx": "-1"}
ALGOS: list[tuple[OrderRequest, Market, dict[str, Any]]] = [
    (
        STOP,
        SWAP,
        {"side": "sell", "ordType": "conditional", "sz": "1.5", "reduceOnly": True, **AT_MARKET},
    ),
    (
        replace(STOP, reduce_only=False),
        SPOT,
        {"side": "sell", "ordType": "conditional", "sz": "0.00015",
         "slTriggerPx": "5800", "slTriggerPxType": "last", "slOrdPx": "-1"},
    ),
    # A waiting purchase of spot at market would be sized in quote.
    (
        replace(STOP, reduce_only=False, side=Side.BUY),
        SPOT,
        {"side": "buy", "ordType": "conditional", "sz": "0.00015", "tgtCcy": "base_ccy",
         "slTriggerPx": "5800", "slTriggerPxType": "last", "slOrdPx": "-1"},
    ),
    (
        replace(STOP, kind=OrderKind.STOP_LIMIT, price_ticks=579_000, trigger_by=TriggerBy.MARK),
        SWAP,
        {"side": "sell", "ordType": "conditional", "sz": "1.5", "reduceOnly": True,
         "slTriggerPx": "58000", "slTriggerPxType": "mark", "slOrdPx": "57900"},
    ),
    (
        replace(STOP, kind=OrderKind.TAKE_PROFIT_MARKET, trigger_ticks=620_000),
        SWAP,
        {"side": "sell", "ordType": "conditional", "sz": "1.5", "reduceOnly": True,
         "tpTriggerPx": "62000", "tpTriggerPxType": "last", "tpOrdPx": "-1"},
    ),
    (
        replace(STOP, qty_lots=0, close_position=True),
        SWAP,
        {"side": "sell", "ordType": "conditional", "closeFraction": "1", "reduceOnly": True,
         **AT_MARKET},
    ),
    (
        replace(TRAIL, activation_ticks=600_000),
        SWAP,
        {"side": "sell", "ordType": "move_order_stop", "sz": "1.5", "reduceOnly": True,
         "callbackRatio": "0.0125", "activePx": "60000"},
    ),
    (
        replace(TRAIL, trail_ppm=0, trail_ticks=5_000),
        SWAP,
        {"side": "sell", "ordType": "move_order_stop", "sz": "1.5", "reduceOnly": True,
         "callbackSpread": "500"},
    ),
]  # fmt: skip


def said(request: OrderRequest, market: Market, mode: str = "") -> dict[str, Any]:
    """Return what an order says beside instrument, mode and our id."""
    mode = mode or ("cross" if market.is_perpetual else "cash")
    call = requests.placing(request, market, mode, Urgency.PROTECT)
    assert (call.pool, call.changes, call.urgency) == (Pool.ORDERS, True, Urgency.PROTECT)
    algo = request.trigger_ticks or request.kind is OrderKind.TRAILING_STOP
    assert call.method == ("privatePostTradeOrderAlgo" if algo else "privatePostTradeOrder")
    body = call.body
    assert isinstance(body, dict)
    head = SWAP_SAYS if market.is_perpetual else SPOT_SAYS
    head = head | {"tdMode": mode, "algoClOrdId" if algo else "clOrdId": request.client_id}
    assert {name: body.get(name) for name in head} == head
    return {name: value for name, value in body.items() if name not in head}


@pytest.mark.parametrize(("request_", "market", "expected"), ORDERS + ALGOS)
def test_an_order_is_said_in_the_venues_words(
    request_: OrderRequest, market: Market, expected: dict[str, Any]
) -> None:
    assert said(request_, market) == expected


def test_an_order_without_a_price_never_carries_one() -> None:
    """exchanges.md 4.4."""
    assert "px" not in said(replace(MARKET, reduce_only=True), SWAP)
    assert "px" not in said(MARKET, SPOT)


@pytest.mark.parametrize(
    ("side", "kind", "rises", "leg"),
    [
        (Side.SELL, OrderKind.STOP_MARKET, None, "sl"),
        (Side.BUY, OrderKind.STOP_LIMIT, None, "sl"),
        (Side.SELL, OrderKind.TAKE_PROFIT_LIMIT, None, "tp"),
        (Side.BUY, OrderKind.TAKE_PROFIT_MARKET, None, "tp"),
        # A purchase at a price to which the market falls waits as a take-profit does.
        (Side.BUY, OrderKind.STOP_MARKET, False, "tp"),
        (Side.BUY, OrderKind.TAKE_PROFIT_MARKET, True, "sl"),
        (Side.SELL, OrderKind.STOP_MARKET, True, "tp"),
        (Side.SELL, OrderKind.STOP_MARKET, False, "sl"),
        (Side.SELL, OrderKind.TRAILING_STOP, None, "move"),
    ],
)
def test_a_leg_follows_from_where_the_price_is_waited_for(
    side: Side, kind: OrderKind, *, rises: bool | None, leg: str
) -> None:
    request = replace(STOP, side=side, kind=kind, trigger_rises=rises)
    assert requests.leg_of(request) == leg


@pytest.mark.parametrize(
    ("request_", "market"),
    [
        (replace(LIMIT, tif=TimeInForce.GTD, expire_ns=1), SPOT),
        (replace(LIMIT, expire_ns=1), SWAP),
        (replace(LIMIT, display_lots=5), SPOT),
        (replace(LIMIT, reduce_only=True), SPOT),
        (replace(TRAIL, reduce_only=False, side=Side.BUY), SPOT),
        (replace(LIMIT, stops=PositionStops(stop_loss_ticks=1)), SWAP),
        (replace(LIMIT, position_side=PositionSide.LONG), SPOT),
        (replace(STOP, trigger_by=TriggerBy.MARK, reduce_only=False), SPOT),
        (replace(MARKET, close_position=True), SWAP),
        (replace(STOP, close_position=True, reduce_only=False), SPOT),
        (replace(STOP, kind=OrderKind.STOP_LIMIT, price_ticks=5, close_position=True), SWAP),
        (replace(MARKET, quote_atoms=5), SWAP),
        (replace(LIMIT, quote_atoms=5), SPOT),
        (replace(MARKET, tif=TimeInForce.FOK), SWAP),
        (replace(STOP, post_only=True), SWAP),
        (replace(STOP, tif=TimeInForce.IOC), SWAP),
    ],
)
def test_what_the_venue_has_no_word_for_is_refused_before_it_is_sent(
    request_: OrderRequest, market: Market
) -> None:
    with pytest.raises(CallError) as refused:
        requests.placing(request_, market, "cross", Urgency.TRADE)
    assert (refused.value.verdict, refused.value.reason) == (
        Verdict.REFUSED, RejectReason.NOT_SUPPORTED,
    )  # fmt: skip


def test_an_order_of_no_size_is_refused() -> None:
    with pytest.raises(CallError) as refused:
        requests.placing(replace(LIMIT, qty_lots=0), SPOT, "cash", Urgency.TRADE)
    assert refused.value.reason is RejectReason.QTY_TOO_SMALL


def test_the_mode_of_a_hedged_account_says_the_side_and_not_that_it_reduces() -> None:
    request = replace(MARKET, position_side=PositionSide.LONG, reduce_only=True)
    body = requests.placing(request, SWAP, "isolated", Urgency.TRADE).body
    assert isinstance(body, dict)
    assert (body["posSide"], body["tdMode"]) == ("long", "isolated")
    assert "reduceOnly" not in body


def test_a_cancel_names_the_order_by_our_id() -> None:
    plain = requests.cancelling(SPOT, ENTRY_ID, Urgency.PROTECT, algo=False)
    assert plain.method == "privatePostTradeCancelOrder"
    assert plain.body == {"instId": "BTC-USDT", "clOrdId": ENTRY_ID}
    algo = requests.cancelling(SWAP, STOP_ID, Urgency.PROTECT, algo=True)
    assert algo.method == "privatePostTradeCancelAlgos"
    assert algo.body == [{"instId": "BTC-USDT-SWAP", "algoClOrdId": STOP_ID}]
    assert plain.changes
    assert algo.changes


def test_an_amend_says_only_what_changes() -> None:
    ref = OrderRef("BTCUSDT", client_id=ENTRY_ID)
    rows = [
        (AmendRequest(ref, qty_lots=20), {"newSz": "2"}),
        (AmendRequest(ref, price_ticks=590_001), {"newPx": "59000.1"}),
    ]
    for request, expected in rows:
        body = requests.amending(request, SWAP, Urgency.TRADE).body
        assert body == {"instId": "BTC-USDT-SWAP", "clOrdId": ENTRY_ID, **expected}
    with pytest.raises(CallError):
        requests.amending(AmendRequest(ref, trigger_ticks=5), SWAP, Urgency.TRADE)


@pytest.mark.parametrize(
    ("change", "leg", "at_market", "expected"),
    [
        ({"trigger_ticks": 590_000}, "sl", True,
         {"newSlTriggerPx": "59000", "newSlOrdPx": "-1"}),
        ({"trigger_ticks": 590_000, "price_ticks": 589_000, "qty_lots": 20}, "sl", False,
         {"newSlTriggerPx": "59000", "newSlOrdPx": "58900", "newSz": "2"}),
        ({"trigger_ticks": 590_000}, "tp", False, {"newTpTriggerPx": "59000"}),
        ({"qty_lots": 20}, "sl", True, {"newSz": "2"}),
    ],
)  # fmt: skip
def test_an_amend_of_an_algo_order_names_its_leg(
    change: dict[str, int], leg: str, expected: dict[str, str], *, at_market: bool
) -> None:
    request = AmendRequest(OrderRef("BTCUSDT", client_id=STOP_ID), **change)
    call = requests.amending_algo(request, SWAP, leg, Urgency.TRADE, at_market=at_market)
    assert call.method == "privatePostTradeAmendAlgos"
    assert call.body == {"instId": "BTC-USDT-SWAP", "algoClOrdId": STOP_ID, **expected}


def test_a_trailing_stop_is_not_amended() -> None:
    request = AmendRequest(OrderRef("BTCUSDT", client_id=STOP_ID), trigger_ticks=5)
    with pytest.raises(CallError):
        requests.amending_algo(request, SWAP, "move", Urgency.TRADE, at_market=True)


SIMULATED = OkxDesk()
PLAIN = st.builds(
    OrderRequest,
    symbol=st.just("BTCUSDT"),
    side=st.sampled_from(list(Side)),
    kind=st.sampled_from([OrderKind.LIMIT, OrderKind.MARKET]),
    qty_lots=st.integers(1, 10**9),
    price_ticks=st.integers(1, 10**9),
    client_id=st.just(ENTRY_ID),
    tif=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
    post_only=st.booleans(),
    reduce_only=st.booleans(),
)
WAITING = st.builds(
    OrderRequest,
    symbol=st.just("BTCUSDT"),
    side=st.sampled_from(list(Side)),
    kind=st.sampled_from(
        [
            OrderKind.STOP_MARKET,
            OrderKind.STOP_LIMIT,
            OrderKind.TAKE_PROFIT_MARKET,
            OrderKind.TAKE_PROFIT_LIMIT,
        ]
    ),
    qty_lots=st.integers(1, 10**9),
    price_ticks=st.integers(1, 10**9),
    client_id=st.just(STOP_ID),
    reduce_only=st.booleans(),
    trigger_ticks=st.integers(1, 10**9),
)


def arrived(request: OrderRequest, market: Market) -> Wire:
    """Return an order as the simulated venue hears it."""
    mode = "cross" if market.is_perpetual else "cash"
    body = requests.placing(request, market, mode, Urgency.TRADE).body
    desk = SIMULATED
    return Wire(parameters(body), desk.now_ns, desk.exchange.listings, desk.key)


def fitting(request: OrderRequest, market: Market) -> OrderRequest:
    """Return an order without what contradicts itself, as the venue's engine names it."""
    limited = request.kind in {
        OrderKind.LIMIT, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_LIMIT,
    }  # fmt: skip
    is_limit = request.kind is OrderKind.LIMIT
    return replace(
        request,
        price_ticks=request.price_ticks if limited else 0,
        tif=request.tif if is_limit and not request.post_only else TimeInForce.GTC,
        post_only=request.post_only and is_limit,
        reduce_only=request.reduce_only and market.is_perpetual,
    )


@given(PLAIN, st.sampled_from([SPOT, SWAP]))
def test_an_order_arrives_as_it_was_meant(request: OrderRequest, market: Market) -> None:
    asked = fitting(request, market)
    read = orders.read(SIMULATED.front, arrived(asked, market)).request
    assert replace(read, symbol="BTCUSDT") == asked


@given(WAITING, st.sampled_from([SPOT, SWAP]))
def test_a_conditional_order_arrives_as_it_was_meant(request: OrderRequest, market: Market) -> None:
    asked = fitting(request, market)
    call = arrived(asked, market)
    algos._check_unit(call, call.listing(), ())
    like = algos._like(SIMULATED.front, call, call.listing(), "conditional", STOP_ID)
    (read,) = algos._conditional(SIMULATED.front, call, call.listing(), like)
    assert replace(read, symbol="BTCUSDT", client_id=STOP_ID) == asked


def test_sizes_of_swaps_are_contracts_of_their_value() -> None:
    """A lot of 0.1 contracts of 0.01 is 0.001 of the coin."""
    assert SWAP.qty_text(1) == "0.1"
    assert SWAP.lots_of("1.5") * SWAP.lot == Decimal("0.015")
