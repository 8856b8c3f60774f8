"""What Bybit prints of orders and executions, as our reports (shapes of its own documentation)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from tests.unit.venues.clients.bybit.markets import LINEAR, SPOT, market_of

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import (
    EndReason,
    OrderKind,
    OrderRequest,
    OrderStatus,
    PositionSide,
    Side,
)
from ballast.core.reports import OrderReport, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.bybit import rows
from ballast.venues.clients.market import OffGridError

ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderType": "Limit", "orderLinkId": "blsabc",
    "orderId": "fd4300ae-7847-404e-b947-b46980a4d140", "side": "Buy", "orderStatus": "New",
    "price": "45000.1", "qty": "0.010", "cumExecQty": "0.000", "triggerPrice": "0.00",
    "cancelType": "UNKNOWN", "rejectReason": "EC_NoError", "reduceOnly": False,
    "createdTime": "1684738540559", "updatedTime": "1684738540561", "lastPriceOnCreated": "44000.0",
    "marketUnit": "",
}  # fmt: skip
TRADE: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderLinkId": "blsabc", "side": "Sell", "orderId": "order-1",
    "execId": "e0cbe81d-0f18-5866-9415-cf319b5dab3b", "execPrice": "27450.5", "execQty": "0.003",
    "execType": "Trade", "execTime": "1672282722429", "isMaker": False, "execFee": "0.0452933",
    "feeCurrency": "USDT", "execPnl": "-1.25",
}  # fmt: skip


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Created", OrderStatus.NEW),
        ("New", OrderStatus.NEW),
        ("Untriggered", OrderStatus.UNTRIGGERED),
        ("Triggered", OrderStatus.NEW),
        ("PartiallyFilled", OrderStatus.PARTIALLY_FILLED),
        ("Filled", OrderStatus.FILLED),
        ("PartiallyFilledCanceled", OrderStatus.CANCELLED),
        ("Cancelled", OrderStatus.CANCELLED),
        ("Deactivated", OrderStatus.CANCELLED),
        ("Rejected", OrderStatus.REJECTED),
    ],
)
def test_every_state_has_its_word(word: str, status: OrderStatus) -> None:
    report = rows.order_of({**ORDER, "orderStatus": word}, market_of(LINEAR), Source.STREAM)
    assert report.status is status


def test_an_order_is_told_with_its_present_terms() -> None:
    row = {**ORDER, "orderStatus": "PartiallyFilled", "cumExecQty": "0.004"}
    assert rows.order_of(row, market_of(LINEAR), Source.QUERY) == OrderReport(
        "BTCUSDT", "blsabc", number_of(ORDER["orderId"]), OrderStatus.PARTIALLY_FILLED, 4,
        1_684_738_540_561_000_000, Source.QUERY, EndReason.NONE, 10, 450_001, 0,
    )  # fmt: skip
    stop = {**ORDER, "orderType": "Market", "price": "42000", "triggerPrice": "44000.5"}
    report = rows.order_of(stop, market_of(LINEAR), Source.QUERY)
    assert (report.price_ticks, report.trigger_ticks) == (0, 440_005)  # no term: the venue's bound


def test_an_order_of_ours_keeps_its_number_whatever_the_venue_calls_it() -> None:
    """B1: a stop that is set off may get another id there; its fills are booked all the same."""
    name = client_id(Purpose.STOP, account="a", strategy="s", symbol="B", decision=1)
    waits = {**ORDER, "orderLinkId": name, "orderStatus": "Untriggered"}
    set_off = {**waits, "orderId": "another", "orderStatus": "Filled"}
    trade = {**TRADE, "orderLinkId": name, "orderId": "another"}
    first = rows.order_of(waits, market_of(SPOT), Source.STREAM)
    assert rows.order_of(set_off, market_of(SPOT), Source.STREAM).order_id == first.order_id
    fill = rows.fill_of(trade, market_of(LINEAR), LINEAR)
    assert fill is not None
    assert fill.order_id == first.order_id == number_of(name)
    theirs = rows.order_of({**ORDER, "orderLinkId": "x"}, market_of(SPOT), Source.QUERY)
    assert theirs.order_id == number_of(ORDER["orderId"])


def test_what_cannot_be_read_is_passed_over_unless_it_is_ours() -> None:
    def broken(name: str) -> Any:
        row = {**ORDER, "orderLinkId": name, "qty": "many"}
        read = partial(rows.order_of, row, market_of(LINEAR), Source.QUERY)
        return rows.ours_or_none(read, row)

    ours = client_id(Purpose.TAKE, account="a", strategy="s", symbol="B", decision=1)
    assert broken("") is None
    assert broken("web_1") is None
    with pytest.raises(OffGridError):
        broken(ours)


@pytest.mark.parametrize(
    ("changes", "lots"),
    [
        ({}, 1_000),
        ({"orderType": "Market", "marketUnit": "baseCoin"}, 1_000),
        ({"orderType": "Market", "marketUnit": "quoteCoin", "qty": "12.345678"}, 0),
        ({"orderType": "Market", "qty": "12.345678"}, 0),
        ({"orderType": "Market", "side": "Sell"}, 1_000),
    ],
)
def test_what_was_sized_by_money_has_no_lots(changes: dict[str, Any], lots: int) -> None:
    assert rows.order_of({**ORDER, **changes}, market_of(SPOT), Source.QUERY).qty_lots == lots


@pytest.mark.parametrize(
    ("reject", "cancel", "kind", "reason"),
    [
        ("EC_PostOnlyWillTakeLiquidity", "UNKNOWN", "Limit", EndReason.POST_ONLY),
        ("EC_CancelForNoFullFill", "UNKNOWN", "Limit", EndReason.FILL_OR_KILL),
        ("EC_NoImmediateQtyToFill", "UNKNOWN", "Limit", EndReason.IMMEDIATE_OR_CANCEL),
        ("EC_NoImmediateQtyToFill", "UNKNOWN", "Market", EndReason.NO_LIQUIDITY),
        ("EC_PerCancelRequest", "CancelByUser", "Limit", EndReason.REQUESTED),
        ("EC_PerCancelRequest", "CancelByReduceOnly", "Limit", EndReason.REDUCE_ONLY),
        ("EC_PerCancelRequest", "UNKNOWN", "Limit", EndReason.REQUESTED),
        ("EC_NoError", "CancelByTpSlTsClear", "Market", EndReason.POSITION_CLOSED),
        ("EC_NoError", "CancelByPrepareLiq", "Limit", EndReason.LIQUIDATION),
        ("EC_NoError", "CancelByDCP", "Limit", EndReason.COUNTDOWN),
        ("EC_NoError", "CancelBySmp", "Limit", EndReason.SELF_TRADE),
        ("", "", "Limit", EndReason.NONE),
        ("EC_SomethingNew", "CancelBySomethingNew", "Limit", EndReason.NONE),
    ],
)
def test_why_an_order_ended(reject: str, cancel: str, kind: str, reason: EndReason) -> None:
    ended = {"orderStatus": "Cancelled", "rejectReason": reject, "cancelType": cancel}
    row = {**ORDER, **ended, "orderType": kind}
    assert rows.order_of(row, market_of(LINEAR), Source.QUERY).reason is reason
    filled = {**row, "orderStatus": "Filled"}
    assert rows.order_of(filled, market_of(LINEAR), Source.QUERY).reason is EndReason.NONE


@pytest.mark.parametrize(
    "broken",
    [
        {"orderStatus": "Pondering"},
        {"cumExecQty": "0.0005"},
        {"qty": "many"},
        {"updatedTime": ""},
    ],
)
def test_a_row_that_cannot_be_read_is_no_report(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        rows.order_of({**ORDER, **broken}, market_of(LINEAR), Source.QUERY)


def test_a_trade_is_a_fill_with_a_fee_that_is_positive_where_it_is_paid() -> None:
    fill = rows.fill_of(TRADE, market_of(LINEAR), LINEAR)
    assert fill is not None
    assert (fill.trade_id, fill.order_id) == (number_of(TRADE["execId"]), number_of("order-1"))
    assert (fill.side, fill.position_side, fill.account) == (Side.SELL, PositionSide.BOTH, 0)
    assert (fill.price_ticks, fill.qty_lots, fill.is_maker) == (274_505, 3, False)
    assert (fill.fee_asset, fill.fee_atoms, fill.realised_atoms) == (
        "USDT", 4_529_330, -125_000_000
    )  # fmt: skip
    assert fill.at_ns == 1_672_282_722_429_000_000
    rebate = rows.fill_of({**TRADE, "execFee": "-0.01", "isMaker": True}, market_of(LINEAR), LINEAR)
    assert rebate is not None
    assert (rebate.fee_atoms, rebate.is_maker) == (-1_000_000, True)
    with pytest.raises(OffGridError):
        rows.fill_of({**TRADE, "execQty": "0.0005"}, market_of(LINEAR), LINEAR)


@pytest.mark.parametrize(
    ("category", "side", "said", "asset"),
    [
        (SPOT, "Buy", {"feeCurrency": ""}, "BTC"),
        (SPOT, "Sell", {"feeCurrency": ""}, "USDT"),
        (LINEAR, "Buy", {"feeCurrency": ""}, "USDT"),
        (SPOT, "Buy", {"feeCurrency": "", "feeCoin": "MNT"}, "MNT"),
    ],
)
def test_a_fee_whose_coin_is_not_said_is_paid_in_what_the_side_receives(
    category: Any, side: str, said: dict[str, str], asset: str
) -> None:
    fill = rows.fill_of({**TRADE, **said, "side": side}, market_of(category), category)
    assert fill is not None
    assert fill.fee_asset == asset


@pytest.mark.parametrize("kind", ["Trade", "BustTrade", "AdlTrade", "BlockTrade", "MovePosition"])
def test_what_changes_a_position_is_a_fill(kind: str) -> None:
    assert rows.fill_of({**TRADE, "execType": kind}, market_of(LINEAR), LINEAR) is not None
    assert rows.paid_of({**TRADE, "execType": kind}, market_of(LINEAR)) is None


def test_funding_is_a_payment_and_no_fill() -> None:
    row = {**TRADE, "execType": "Funding", "execFee": "-0.6", "orderId": "", "orderLinkId": ""}
    assert rows.fill_of(row, market_of(LINEAR), LINEAR) is None
    paid = rows.paid_of(row, market_of(LINEAR))
    assert paid is not None
    assert (str(paid.amount), paid.payment_id) == ("-0.6", TRADE["execId"])  # received
    assert rows.fill_of({**row, "execType": "Settle"}, market_of(LINEAR), LINEAR) is None


@pytest.mark.parametrize(
    ("price", "trigger", "status", "rises", "turned"),
    [
        (60_000, 58_000, "Untriggered", False, False),
        (57_999, 58_000, "Untriggered", False, True),  # a stop whose price has passed
        (58_000, 58_000, "Untriggered", False, True),
        (60_000, 62_000, "Untriggered", True, False),
        (62_500, 62_000, "Untriggered", True, True),
        (57_999, 58_000, "Filled", False, False),
        (0, 58_000, "Untriggered", False, False),
    ],
)
def test_a_spot_stop_that_waits_for_the_wrong_side_is_seen(
    price: int, trigger: int, status: str, rises: bool, turned: bool
) -> None:
    report = rows.order_of({**ORDER, "orderStatus": status}, market_of(SPOT), Source.QUERY)
    request = OrderRequest("BTCUSDT", Side.SELL, OrderKind.STOP_MARKET, 1, trigger_ticks=trigger)
    assert rows.is_turned(report, price, request, rises=rises) is turned
