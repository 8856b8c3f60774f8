"""Our requests in Kraken's words, and back through what a simulated Kraken reads (R-EXCH-12)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.kraken_desk import KrakenDesk
from tests.unit.venues.clients.kraken.venue import NOW_MS, SYMBOL, call_of, market_of

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import (
    CONDITIONAL,
    PRICED,
    AmendRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionSide,
    PositionStops,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.clients.calls import Pool, Urgency
from ballast.venues.clients.kraken import words
from ballast.venues.simulated.fronts.kraken import orders

VENUE = KrakenDesk()
MARKET = market_of(VENUE)
OWN = client_id(Purpose.STOP, account="a", strategy="s", symbol=SYMBOL, decision=1)
LIMIT = OrderRequest(SYMBOL, Side.BUY, OrderKind.LIMIT, 1_000, 6_000_000, OWN)


def placed(request: OrderRequest) -> dict[str, Any]:
    return dict(words.place(MARKET, request, NOW_MS, Urgency.TRADE).params)


def test_a_limit_order_in_the_venues_words() -> None:
    call = words.place(MARKET, LIMIT, NOW_MS, Urgency.PROTECT)
    assert call.method == "privatePostAddOrder"
    assert (call.urgency, call.pool, call.changes) == (Urgency.PROTECT, Pool.ORDERS, True)
    assert call.params == {
        "pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.01",
        "price": "60000", "oflags": "fciq", "cl_ord_id": OWN,
        "deadline": "2023-11-14T22:13:23.000Z",
    }  # fmt: skip


def test_a_stop_says_its_trigger_first_and_a_market_order_no_price_at_all() -> None:
    stop = replace(LIMIT, side=Side.SELL, kind=OrderKind.STOP_MARKET, trigger_ticks=5_900_000)
    told = placed(stop)
    assert (told["ordertype"], told["price"], told["trigger"]) == ("stop-loss", "59000", "last")
    assert "price2" not in told
    limited = placed(replace(stop, kind=OrderKind.STOP_LIMIT, price_ticks=5_800_000))
    assert (limited["price"], limited["price2"]) == ("59000", "58000")
    market = placed(replace(LIMIT, kind=OrderKind.MARKET))  # its price is a worst one, not said
    assert not {"price", "price2", "timeinforce"} & market.keys()


def test_money_as_a_size_post_only_and_dates() -> None:
    bought = placed(replace(LIMIT, kind=OrderKind.MARKET, qty_lots=0, quote_atoms=12_345_000_000))
    assert (bought["volume"], bought["oflags"]) == ("123.45", "fciq,viqc")
    assert placed(replace(LIMIT, post_only=True))["oflags"] == "fciq,post"
    dated = placed(replace(LIMIT, tif=TimeInForce.GTD, expire_ns=1_700_000_060_000_000_001))
    assert (dated["timeinforce"], dated["expiretm"]) == ("GTD", "1700000061")
    kept = placed(replace(LIMIT, self_trade=SelfTrade.CANCEL_MAKER))
    assert kept["stptype"] == "cancel-oldest"


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"kind": OrderKind.TRAILING_STOP, "trail_ticks": 5}, "kind trailing_stop"),
        ({"tif": TimeInForce.FOK}, "time in force fok"),
        ({"trigger_by": TriggerBy.MARK}, "trigger by mark"),
        ({"position_side": PositionSide.LONG}, "hedged positions"),
        ({"reduce_only": True}, "reduce-only on spot"),
        ({"close_position": True}, "closing a position"),
        ({"stops": PositionStops(1)}, "stops of a position"),
        ({"display_lots": 5}, "hidden parts"),
        ({"kind": OrderKind.MARKET, "post_only": True}, "post-only but for limit orders"),
        ({"quote_atoms": 5}, "money as the size but of a market buy"),
        (
            {"kind": OrderKind.STOP_MARKET, "trigger_ticks": 5, "trigger_rises": False},
            "a trigger in the other direction",
        ),
    ],
)
def test_what_it_has_no_word_for_is_said_before_anything_is_sent(
    changed: dict[str, Any], what: str
) -> None:
    assert words.unsupported(replace(LIMIT, **changed)) == what


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", sorted(set(words.KINDS) & CONDITIONAL))
def test_a_trigger_in_its_own_direction_is_no_matter(side: Side, kind: OrderKind) -> None:
    rises = (side is Side.BUY) is (kind in words.STOPS)
    request = replace(LIMIT, side=side, kind=kind, trigger_ticks=7, trigger_rises=rises)
    assert words.unsupported(request) == ""
    assert words.unsupported(replace(request, trigger_rises=not rises)) != ""


@given(
    side=st.sampled_from(list(Side)),
    kind=st.sampled_from(sorted(words.KINDS)),
    lots=st.integers(1, 10**8),
    ticks=st.integers(1, 10**8 - 1),
    trigger=st.integers(1, 10**8 - 1),
    tif=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC]),
    post_only=st.booleans(),
    number=st.integers(0, 10**6),
)
def test_what_is_asked_is_what_the_venue_reads(
    *, side: Side, kind: OrderKind, lots: int, ticks: int, trigger: int, tif: TimeInForce,
    post_only: bool, number: int,
) -> None:  # fmt: skip
    """Round trip: our words, written for the wire, read by the simulated venue's own reader."""
    own = client_id(Purpose.ENTRY, account="a", strategy="s", symbol=SYMBOL, decision=number)
    request = OrderRequest(
        SYMBOL,
        side,
        kind,
        lots,
        ticks if kind in PRICED else 0,
        own,
        tif=tif if kind in PRICED else TimeInForce.GTC,
        post_only=post_only and kind is OrderKind.LIMIT,
        trigger_ticks=trigger if kind in CONDITIONAL else 0,
    )
    assert words.unsupported(request) == ""
    call = call_of(VENUE, placed(request))
    read = orders.read(VENUE.front, call)
    call.given.allow("deadline")
    call.given.finish()
    theirs = replace(read.request, symbol=SYMBOL, self_trade=None)
    assert theirs == request


def test_an_amend_names_only_what_changes_and_a_cancel_our_id() -> None:
    ref = OrderRef(SYMBOL, client_id=OWN)
    call = words.amend(MARKET, AmendRequest(ref, trigger_ticks=5_950_000), NOW_MS, Urgency.PROTECT)
    assert call.method == "privatePostAmendOrder"
    assert call.changes
    assert call.params == {
        "cl_ord_id": OWN, "trigger_price": "59500", "deadline": "2023-11-14T22:13:23.000Z",
    }  # fmt: skip
    whole = words.amend(MARKET, AmendRequest(ref, 5, 6, 7), NOW_MS, Urgency.TRADE).params
    assert (whole["order_qty"], whole["limit_price"], whole["trigger_price"]) == (
        "0.00005", "0.06", "0.07",
    )  # fmt: skip
    gone = words.cancel(OWN, Urgency.PROTECT)
    assert (gone.method, gone.params) == ("privatePostCancelOrder", {"cl_ord_id": OWN})
    assert gone.changes


def test_a_request_is_good_for_as_long_as_the_fence_of_an_order_counts_on() -> None:
    """The venue refuses what comes later, so an order without an answer is soon decided (A5)."""
    assert words.deadline(1_700_000_000_123) == "2023-11-14T22:13:23.123Z"
