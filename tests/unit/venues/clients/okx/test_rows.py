"""Rows of OKX, as its documents and its users show them, read as reports and fills of ours."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.venues.clients.okx.markets import SPOT, SWAP, own

from ballast.core.ids import Purpose
from ballast.core.orders import EndReason, OrderStatus, PositionSide, Side
from ballast.core.reports import OrderReport, Source
from ballast.venues.clients.market import OffGridError
from ballast.venues.clients.okx import rows
from ballast.venues.clients.okx.rows import Named

if TYPE_CHECKING:
    from ballast.venues.clients.market import Market

AT_NS = 1_786_550_400_100 * 1_000_000
STOP_ID, ENTRY_ID = own(Purpose.STOP), own(Purpose.ENTRY)
ORDER: dict[str, Any] = {
    "instId": "BTC-USDT-SWAP", "ordId": "2497956918703120501", "clOrdId": ENTRY_ID,
    "algoId": "", "algoClOrdId": "", "side": "sell", "posSide": "net", "ordType": "limit",
    "px": "60000.5", "sz": "1.5", "tgtCcy": "", "state": "live", "accFillSz": "0", "avgPx": "",
    "cancelSource": "", "uTime": "1786550400100", "cTime": "1786550400000", "tradeId": "",
    "fillSz": "0", "fillPx": "", "fillTime": "",
}  # fmt: skip
CHILD = {  # what an algo order became, as the orders channel tells it
    **ORDER, "clOrdId": "", "algoId": "2497956918703120500", "algoClOrdId": STOP_ID,
    "ordType": "market", "px": "", "source": "7",
}  # fmt: skip
FILLED = {
    "state": "filled", "accFillSz": "1.5", "fillSz": "1.5", "fillPx": "59990.1",
    "fillTime": "1786550400100", "tradeId": "1518905600", "execType": "T",
    "fillFee": "-0.449925", "fillFeeCcy": "USDT", "fillPnl": "-1.25",
}  # fmt: skip
ALGO: dict[str, Any] = {
    "instId": "BTC-USDT-SWAP", "algoId": "2497956918703120500", "algoClOrdId": STOP_ID,
    "clOrdId": "", "ordType": "conditional", "side": "sell", "sz": "1.5", "closeFraction": "",
    "state": "live", "slTriggerPx": "58000", "slOrdPx": "-1", "tpTriggerPx": "", "tpOrdPx": "",
    "triggerPx": "", "ordPx": "", "ordId": "", "ordIdList": [], "actualSz": "0", "failCode": "",
    "cTime": "1786550400000", "uTime": "1786550400100", "triggerTime": "", "tgtCcy": "",
}  # fmt: skip


def shown(row: dict[str, Any], market: Market = SWAP) -> OrderReport:
    return rows.order_report(row, market, Source.STREAM)


def test_an_order_is_read_in_lots_and_ticks() -> None:
    assert shown(ORDER) == OrderReport(
        "BTCUSDT", ENTRY_ID, 2497956918703120501, OrderStatus.NEW, 0, AT_NS, Source.STREAM,
        qty_lots=15, price_ticks=600_005,
    )  # fmt: skip
    part = shown({**ORDER, "state": "partially_filled", "accFillSz": "0.3"})
    assert (part.status, part.filled_lots) == (OrderStatus.PARTIALLY_FILLED, 3)


def test_a_size_in_quote_is_no_size_in_lots() -> None:
    row = {**ORDER, "tgtCcy": "quote_ccy", "sz": "100", "ordType": "market", "px": ""}
    assert (shown(row, SPOT).qty_lots, shown(row, SPOT).price_ticks) == (0, 0)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1", EndReason.REQUESTED), ("0", EndReason.NONE), ("3", EndReason.LIQUIDATION),
        ("9", EndReason.INSUFFICIENT), ("13", EndReason.FILL_OR_KILL),
        ("14", EndReason.IMMEDIATE_OR_CANCEL), ("17", EndReason.POSITION_CLOSED),
        ("20", EndReason.COUNTDOWN), ("23", EndReason.REDUCE_ONLY), ("31", EndReason.POST_ONLY),
        ("32", EndReason.SELF_TRADE), ("777", EndReason.NONE),
    ],
)  # fmt: skip
def test_a_cancelled_order_says_why(source: str, reason: EndReason) -> None:
    found = shown({**ORDER, "state": "canceled", "cancelSource": source})
    assert (found.status, found.reason) == (OrderStatus.CANCELLED, reason)


@pytest.mark.parametrize("made_up", ["", "2497956918703120500_0", "e847386590ce4dBC966d26e5"])
def test_what_an_algo_order_became_is_told_as_the_algo_order(made_up: str) -> None:
    """The venue leaves the child's `clOrdId` empty, or makes one up."""
    row = {**CHILD, **FILLED, "clOrdId": made_up}
    found = shown(row)
    assert (found.client_id, found.order_id) == (STOP_ID, 2497956918703120500)
    assert (found.status, found.filled_lots) == (OrderStatus.FILLED, 15)
    assert found.qty_lots == 0  # of the algo order only its own row tells the size
    fill = rows.pushed_fill(row, SWAP)
    assert (fill.client_id, fill.order_id) == (STOP_ID, 2497956918703120500)


def test_an_algo_order_that_was_named_by_nobody_keeps_its_number() -> None:
    assert rows.named({**CHILD, "algoClOrdId": "", "clOrdId": "x"}) == Named(
        2497956918703120500, "x"
    )


def test_orders_that_one_algo_order_became_add_up() -> None:
    one = shown({**CHILD, "state": "filled", "accFillSz": "1"})
    two = shown({**CHILD, "accFillSz": "0", "uTime": "1786550400200"})
    both = rows.whole_report([one, two])
    assert (both.status, both.filled_lots) == (OrderStatus.PARTIALLY_FILLED, 10)
    assert both.at_ns == two.at_ns
    two = shown({**CHILD, "state": "filled", "accFillSz": "0.5"})
    assert rows.whole_report([one, two]).status is OrderStatus.FILLED
    assert rows.whole_report([one, two]).filled_lots == 15
    two = shown({**CHILD, "state": "canceled", "accFillSz": "0.2", "cancelSource": "14"})
    ended = rows.whole_report([one, two])
    assert (ended.status, ended.reason, ended.filled_lots) == (
        OrderStatus.CANCELLED, EndReason.IMMEDIATE_OR_CANCEL, 12,
    )  # fmt: skip
    assert rows.whole_report([shown(CHILD)]).status is OrderStatus.NEW


def test_a_pushed_trade_has_our_signs() -> None:
    fill = rows.pushed_fill({**ORDER, **FILLED}, SWAP)
    assert (fill.trade_id, fill.order_id, fill.client_id) == (
        1518905600, 2497956918703120501, ENTRY_ID,
    )  # fmt: skip
    assert (fill.symbol, fill.account, fill.side) == ("BTCUSDT", 0, Side.SELL)
    assert (fill.price_ticks, fill.qty_lots, fill.is_maker) == (599_901, 15, False)
    assert (fill.fee_asset, fill.fee_atoms) == ("USDT", 44_992_500)
    assert (fill.realised_atoms, fill.at_ns) == (-125_000_000, AT_NS)
    assert fill.position_side is PositionSide.BOTH
    rebate = rows.pushed_fill({**ORDER, **FILLED, "fillFee": "0.1", "execType": "M"}, SWAP)
    assert (rebate.fee_atoms, rebate.is_maker) == (-10_000_000, True)
    held = rows.pushed_fill({**ORDER, **FILLED, "posSide": "long"}, SWAP)
    assert held.position_side is PositionSide.LONG


def test_an_asked_trade_is_the_pushed_one_under_the_given_name() -> None:
    row = {
        "instId": "BTC-USDT-SWAP", "tradeId": "1518905600", "ordId": "2497956918703120501",
        "clOrdId": "", "side": "sell", "posSide": "net", "fillPx": "59990.1", "fillSz": "1.5",
        "execType": "T", "fee": "-0.449925", "feeCcy": "USDT", "fillPnl": "-1.25",
        "ts": "1786550400111", "fillTime": "1786550400100",
    }  # fmt: skip
    asked = rows.asked_fill(row, SWAP, rows.named(CHILD))
    assert asked == rows.pushed_fill({**CHILD, **FILLED}, SWAP)


@pytest.mark.parametrize("trade_id", ["", "0"])
def test_a_row_without_a_trade_has_none(trade_id: str) -> None:
    assert not rows.has_fill({**ORDER, **FILLED, "tradeId": trade_id})
    assert not rows.has_fill({**ORDER, **FILLED, "fillSz": "0"})
    assert rows.has_fill({**ORDER, **FILLED, "tradeId": "-5"})  # a liquidation
    # Without its fee it would be booked as free: the list of trades tells it whole.
    assert not rows.has_fill({**ORDER, **FILLED, "fillFeeCcy": ""})


def test_the_trade_of_a_liquidation_has_a_number_too() -> None:
    """Its id is negative; ours never are."""
    fill = rows.pushed_fill({**ORDER, **FILLED, "tradeId": "-154", "execType": ""}, SWAP)
    assert fill.trade_id > 0
    assert fill.trade_id != rows.pushed_fill({**ORDER, **FILLED, "tradeId": "154"}, SWAP).trade_id


def test_an_algo_order_waits_with_its_terms() -> None:
    found = rows.algo_report(ALGO, SWAP, Source.QUERY)
    assert found == OrderReport(
        "BTCUSDT", STOP_ID, 2497956918703120500, OrderStatus.UNTRIGGERED, 0, AT_NS, Source.QUERY,
        qty_lots=15, trigger_ticks=580_000,
    )  # fmt: skip
    limited = rows.algo_report({**ALGO, "slOrdPx": "57900.5"}, SWAP, Source.QUERY)
    assert limited == replace(found, price_ticks=579_005)
    whole = rows.algo_report({**ALGO, "sz": "", "closeFraction": "1"}, SWAP, Source.QUERY)
    assert whole == replace(found, qty_lots=0)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"slTriggerPx": "", "tpTriggerPx": "62000", "tpOrdPx": "-1"}, ("62000", "-1")),
        ({"tpTriggerPx": "62000", "tpOrdPx": "-1"}, ("58000", "-1")),  # of a pair the stop
        ({"slTriggerPx": "", "triggerPx": "59000", "ordPx": "59001"}, ("59000", "59001")),
        ({"slTriggerPx": "", "moveTriggerPx": "58500"}, ("58500", "")),
        ({"slTriggerPx": ""}, ("", "")),
    ],
)
def test_every_kind_of_algo_order_has_its_trigger_elsewhere(
    terms: dict[str, str], expected: tuple[str, str]
) -> None:
    assert rows.terms_of({**ALGO, **terms}) == expected


@pytest.mark.parametrize(
    ("state", "code", "status", "reason"),
    [
        ("effective", "", OrderStatus.NEW, EndReason.NONE),
        ("partially_effective", "", OrderStatus.NEW, EndReason.NONE),
        ("pause", "", OrderStatus.UNTRIGGERED, EndReason.NONE),
        ("canceled", "", OrderStatus.CANCELLED, EndReason.NONE),
        ("order_failed", "51008", OrderStatus.REJECTED, EndReason.INSUFFICIENT),
        ("order_failed", "51169", OrderStatus.REJECTED, EndReason.POSITION_CLOSED),
        ("order_failed", "50026", OrderStatus.REJECTED, EndReason.NONE),
    ],
)
def test_an_algo_order_ends_or_becomes_an_order(
    state: str, code: str, status: OrderStatus, reason: EndReason
) -> None:
    found = rows.algo_report({**ALGO, "state": state, "failCode": code}, SWAP, Source.QUERY)
    assert (found.status, found.reason) == (status, reason)


def test_what_an_algo_order_became_is_listed_or_named() -> None:
    assert rows.children_of({"ordIdList": ["1", "2"], "ordId": "2"}) == ("1", "2")
    assert rows.children_of({"ordIdList": [], "ordId": "2"}) == ("2",)
    assert rows.children_of({"ordId": "2"}) == ("2",)
    assert rows.children_of(ALGO) == ()


@pytest.mark.parametrize(
    "wrong",
    [{"state": "frozen"}, {"uTime": "", "cTime": ""}, {"accFillSz": "0.05"}, {"sz": "a few"}],
)
def test_a_row_of_ours_that_cannot_be_read_is_an_error_and_one_of_others_is_passed_over(
    wrong: dict[str, str],
) -> None:
    broken = {**ORDER, **wrong}
    with pytest.raises((rows.RowError, OffGridError)):
        list(rows.readable([(broken, SWAP)], shown))
    foreign = {**broken, "clOrdId": "e847386590ce4dBC"}
    found = [*rows.readable([(foreign, SWAP), (ORDER, SWAP)], shown)]
    assert found == [shown(ORDER)]


def test_numbers_of_swaps_are_contracts() -> None:
    assert SWAP.lot * shown({**ORDER, "sz": "100"}).qty_lots == Decimal(1)
