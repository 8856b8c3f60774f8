"""Positions on Bybit: stops, leverage, margin, modes, and what closing earned (R-PERP, R-OMS)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.bybit_desk import LINEAR, NAME, SECOND_NS, BybitDesk

STOP, LIST = "/v5/position/trading-stop", "/v5/position/list"
PLACE = {"category": "linear", "symbol": NAME}
MARKET = {"side": "Buy", "orderType": "Market", "qty": "0.5"}
#        after s   ticks
PATH = [(0, 600_000), (60, 610_000), (120, 620_000), (180, 611_000), (210, 585_000), (240, 560_000)]


@pytest.fixture
def desk() -> BybitDesk:
    desk = BybitDesk(path=[(after * SECOND_NS, ticks) for after, ticks in PATH])
    desk.at(1)
    return desk


def position(desk: BybitDesk, **more: Any) -> dict[str, Any]:
    found = desk.get(LIST, **PLACE, **more)["result"]["list"]
    return dict(found[0])


def stops(desk: BybitDesk) -> tuple[str, str, str]:
    one = position(desk)
    return one["takeProfit"], one["stopLoss"], one["trailingStop"]


def waiting(desk: BybitDesk) -> list[tuple[str, str, str]]:
    rows = desk.get("/v5/order/realtime", **PLACE, orderFilter="StopOrder")["result"]["list"]
    return [(one["stopOrderType"], one["triggerPrice"], one["qty"]) for one in rows]


# Stops of the whole position -----------------------------------------------------------------


def test_stops_that_come_with_an_entry_become_the_positions(desk: BybitDesk) -> None:
    desk.order(**MARKET, takeProfit="65000", stopLoss="58000")
    assert stops(desk) == ("65000.0", "58000.0", "0")
    # Another entry replaces what it names, and what it does not name stays.
    desk.order(**MARKET, stopLoss="59000")
    assert stops(desk) == ("65000.0", "59000.0", "0")
    assert waiting(desk) == [("StopLoss", "59000.0", "1"), ("TakeProfit", "65000.0", "1")]
    # A resting entry brings its stops when it trades, and not before.
    desk.order(side="Buy", orderType="Limit", qty="0.1", price="57000", stopLoss="40000")
    assert stops(desk)[1] == "59000.0"
    desk.at(241)
    assert position(desk)["size"] == "0.1"  # the first was stopped out on the way
    assert stops(desk) == ("", "40000.0", "0")


def test_a_call_replaces_what_it_names_in_one_step(desk: BybitDesk) -> None:
    assert desk.post(STOP, **PLACE, stopLoss="59000")["retMsg"] == (
        "can not set tp/sl/ts for zero position"
    )
    desk.order(**MARKET)
    assert desk.post(STOP, **PLACE, takeProfit="65000", stopLoss="58000")["retCode"] == 0
    assert desk.post(STOP, **PLACE, stopLoss="59000", slTriggerBy="MarkPrice")["retCode"] == 0
    assert stops(desk) == ("65000.0", "59000.0", "0")
    assert desk.post(STOP, **PLACE, stopLoss="59000", slTriggerBy="MarkPrice")["retCode"] == 34040
    assert desk.post(STOP, **PLACE)["retCode"] == 34040
    assert desk.post(STOP, **PLACE, takeProfit="0", trailingStop="500")["retCode"] == 0
    assert stops(desk) == ("", "59000.0", "500.0")
    desk.at(2)  # ten calls a second
    for wrong in ({"stopLoss": "61000"}, {"takeProfit": "59500"}, {"stopLoss": "59000.05"}):
        assert desk.post(STOP, **PLACE, **wrong)["retCode"] == 10001
    active = {"trailingStop": "400", "activePrice": "59000"}
    assert desk.post(STOP, **PLACE, **active)["retCode"] == 10001
    assert stops(desk) == ("", "59000.0", "500.0")
    assert desk.post(STOP, category="spot", symbol=NAME, stopLoss="1")["retCode"] == 10001


def test_a_trailing_stop_follows_from_its_activation_and_closes_all(desk: BybitDesk) -> None:
    desk.order(**MARKET)
    trail = {"trailingStop": "500", "activePrice": "61500"}
    assert desk.post(STOP, **PLACE, **trail)["retCode"] == 0
    assert waiting(desk) == [("TrailingStop", "61500.0", "0.5")]
    desk.at(61)
    assert position(desk)["size"] == "0.5"
    desk.at(121)  # 62,000: it follows
    assert waiting(desk) == [("TrailingStop", "61500.0", "0.5")]
    desk.at(181)  # 61,100 is below 61,500
    assert position(desk)["size"] == "0"
    closed = desk.get("/v5/position/closed-pnl", **PLACE)["result"]["list"]
    assert [one["closedSize"] for one in closed] == ["0.5"]
    done = desk.get("/v5/order/history", **PLACE)["result"]["list"][0]
    assert (done["createType"], done["orderStatus"]) == ("CreateByTrailingStop", "Filled")


def test_the_other_stop_goes_with_the_position(desk: BybitDesk) -> None:
    desk.order(**MARKET, takeProfit="62000", stopLoss="58000")
    desk.at(121)
    assert (position(desk)["size"], waiting(desk)) == ("0", [])
    rows = desk.get("/v5/order/history", **PLACE)["result"]["list"]
    ends = {one["stopOrderType"]: (one["orderStatus"], one["cancelType"]) for one in rows}
    assert ends["TakeProfit"] == ("Filled", "UNKNOWN")
    assert ends["StopLoss"] == ("Deactivated", "CancelByTpSlTsClear")


# Stops for a part ----------------------------------------------------------------------------


def test_stops_for_a_part_are_added_and_a_pair_ends_each_other(desk: BybitDesk) -> None:
    desk.order(**MARKET)
    partial = {**PLACE, "tpslMode": "Partial"}
    pair = {"takeProfit": "62000", "tpSize": "0.2", "stopLoss": "58000", "slSize": "0.2"}
    assert desk.post(STOP, **partial, **pair)["retCode"] == 0
    one = {"stopLoss": "59000", "slSize": "0.1", "slOrderType": "Limit", "slLimitPrice": "58900"}
    assert desk.post(STOP, **partial, **one)["retCode"] == 0
    assert waiting(desk) == [
        ("PartialStopLoss", "59000.0", "0.1"),
        ("PartialStopLoss", "58000.0", "0.2"),
        ("PartialTakeProfit", "62000.0", "0.2"),
    ]
    assert stops(desk) == ("", "", "0")
    for wrong, code in (
        ({**pair, "slSize": "0.1"}, 10001),
        ({**pair, "tpSize": "0.6", "slSize": "0.6"}, 110058),
        ({"stopLoss": "58000"}, 110058),
        ({}, 34040),
    ):
        assert desk.post(STOP, **partial, **wrong)["retCode"] == code
    desk.at(121)
    assert position(desk)["size"] == "0.3"
    assert waiting(desk) == [("PartialStopLoss", "59000.0", "0.1")]


def test_stops_for_a_part_go_with_the_position_and_other_orders_stay(desk: BybitDesk) -> None:
    desk.order(**MARKET)
    partial = {"tpslMode": "Partial", "stopLoss": "58000", "slSize": "0.2"}
    assert desk.post(STOP, **PLACE, **partial)["retCode"] == 0
    own = {"side": "Sell", "orderType": "Market", "qty": "0.1", "triggerPrice": "57000"}
    desk.order(**own, triggerDirection=2, reduceOnly=True)
    # The legs of an entry that has not traded are not the position's yet.
    entry = {"side": "Buy", "orderType": "Limit", "qty": "0.1", "price": "50000"}
    desk.order(**entry, tpslMode="Partial", stopLoss="40000")
    desk.order(side="Sell", orderType="Market", qty="0.5", reduceOnly=True)
    assert waiting(desk) == [("Stop", "57000.0", "0.1")]
    kinds = [one.request.trigger_ticks for one in desk.exchange.open_orders(desk.account)]
    assert kinds == [570_000, 0, 400_000]


def test_partial_stops_of_an_entry_are_sized_by_what_it_traded(desk: BybitDesk) -> None:
    entry = {"side": "Buy", "orderType": "Limit", "qty": "1.5", "price": "60000.1"}
    more = {"tpslMode": "Partial", "takeProfit": "62000", "stopLoss": "58000"}
    assert desk.order(**entry, **more, orderLinkId="entry")["retCode"] == 0
    assert desk.status("entry")["cumExecQty"] == "1"
    assert waiting(desk) == [
        ("PartialStopLoss", "58000.0", "1"),
        ("PartialTakeProfit", "62000.0", "1"),
    ]
    assert desk.order(**entry, **more, triggerPrice="59000", triggerDirection=2)["retCode"] == (
        110057
    )


# Settings ------------------------------------------------------------------------------------


def test_leverage_is_whole_equal_and_within_the_bracket(desk: BybitDesk) -> None:
    path = "/v5/position/set-leverage"
    both = {"buyLeverage": "10", "sellLeverage": "10"}
    assert desk.post(path, **PLACE, **both)["retCode"] == 0
    assert desk.post(path, **PLACE, **both)["retCode"] == 110043
    assert position(desk)["leverage"] == "10"
    for buy, sell, code in (
        ("10", "20", 10001), ("101", "101", 110013), ("0.5", "0.5", 10001), ("0", "0", 10001),
    ):  # fmt: skip
        asked = {"buyLeverage": buy, "sellLeverage": sell}
        assert desk.post(path, **PLACE, **asked)["retCode"] == code
    desk.post(path, **PLACE, buyLeverage="50", sellLeverage="50")
    assert desk.order(**{**MARKET, "qty": "0.5"})["retCode"] == 0
    big = {"side": "Buy", "orderType": "Limit", "qty": "14", "price": "59000"}
    assert desk.order(**big)["retCode"] == 110090


def test_margin_is_isolated_for_the_whole_account_or_not_at_all(desk: BybitDesk) -> None:
    path = "/v5/account/set-margin-mode"
    desk.order(**MARKET, orderLinkId="one")
    refused = desk.post(path, setMarginMode="ISOLATED_MARGIN")
    assert refused["retCode"] == 3400045
    assert refused["result"]["reasons"][0]["reasonCode"] == "3400101"
    desk.order(side="Sell", orderType="Market", qty="0.5", reduceOnly=True)
    assert desk.post(path, setMarginMode="ISOLATED_MARGIN")["result"] == {"reasons": []}
    assert desk.get("/v5/account/info")["result"]["marginMode"] == "ISOLATED_MARGIN"
    assert desk.post(path, setMarginMode="ISOLATED_MARGIN")["retCode"] == 0
    assert desk.post(path, setMarginMode="PORTFOLIO_MARGIN")["retCode"] == 3400045
    assert desk.post(path, setMarginMode="cross")["retCode"] == 10001
    switch = {**PLACE, "tradeMode": 1, "buyLeverage": "10", "sellLeverage": "10"}
    assert desk.post("/v5/position/switch-isolated", **switch)["retCode"] == 100028


def test_margin_is_added_to_an_isolated_position_only(desk: BybitDesk) -> None:
    path = "/v5/position/add-margin"
    assert desk.post(path, **PLACE, margin="10")["retCode"] == 110033
    desk.order(**MARKET)
    assert desk.post(path, **PLACE, margin="10")["retCode"] == 110015
    desk.order(side="Sell", orderType="Market", qty="0.5", reduceOnly=True)
    desk.post("/v5/account/set-margin-mode", setMarginMode="ISOLATED_MARGIN")
    desk.order(**MARKET)
    before = Decimal(position(desk)["positionIM"])
    added = desk.post(path, **PLACE, margin="100.5")["result"]
    assert Decimal(added["positionIM"]) == before + Decimal("100.5")
    assert desk.post(path, **PLACE, margin="-50.5")["retCode"] == 0
    assert Decimal(position(desk)["positionIM"]) == before + 50
    assert desk.post(path, **PLACE, margin="1000000")["retCode"] == 110014
    for wrong in ("", "x", "0", "0.000000001", "--1"):
        assert desk.post(path, **PLACE, margin=wrong)["retCode"] == 10001


def test_hedge_mode_has_two_positions_and_orders_name_theirs(desk: BybitDesk) -> None:
    path = "/v5/position/switch-mode"
    assert desk.post(path, **PLACE, mode=0)["retCode"] == 110025
    assert desk.post(path, category="linear", coin="USDT", mode=3)["retCode"] == 0
    assert desk.order(**MARKET)["retCode"] == 10001
    assert desk.order(**MARKET, positionIdx=1)["retCode"] == 0
    short = {**MARKET, "side": "Sell", "qty": "0.2", "positionIdx": 2}
    assert desk.order(**short, stopLoss="65000")["retCode"] == 0
    rows = desk.get(LIST, **PLACE)["result"]["list"]
    assert [(one["positionIdx"], one["side"], one["size"]) for one in rows] == [
        (1, "Buy", "0.5"), (2, "Sell", "0.2"),
    ]  # fmt: skip
    assert [one["stopLoss"] for one in rows] == ["", "65000.0"]
    assert desk.post(STOP, **PLACE, stopLoss="59000")["retCode"] == 10001
    assert desk.post(STOP, **PLACE, stopLoss="59000", positionIdx=1)["retCode"] == 0
    assert desk.post(path, **PLACE, mode=0)["retCode"] == 110024
    for index, side, qty in ((1, "Sell", "0.5"), (2, "Buy", "0.2")):
        close = {"side": side, "orderType": "Market", "qty": qty, "positionIdx": index}
        assert desk.order(**close, reduceOnly=True)["retCode"] == 0
    resting = {"side": "Buy", "orderType": "Limit", "qty": "0.1", "price": "50000"}
    desk.order(**resting, positionIdx=1)
    assert desk.post(path, **PLACE, mode=0)["retCode"] == 110028


# What is left behind -------------------------------------------------------------------------


def test_what_an_order_closed_is_told_with_the_fees_of_both_ends(desk: BybitDesk) -> None:
    desk.order(**MARKET)  # 0.5 at 60,000.1
    desk.at(61)
    half = {"side": "Sell", "orderType": "Market", "qty": "0.2", "orderLinkId": "half"}
    desk.order(**half)  # 0.2 at 60,999.9
    rest = {"side": "Sell", "orderType": "Market", "qty": "0", "reduceOnly": True}
    desk.order(**rest, closeOnTrigger=True)
    rows = desk.get("/v5/position/closed-pnl", **PLACE)["result"]["list"]
    assert [one["closedSize"] for one in rows] == ["0.3", "0.2"]
    one = rows[1]
    assert (one["avgEntryPrice"], one["avgExitPrice"]) == ("60000.1", "60999.9")
    opening, closing = Decimal("60000.1"), Decimal("60999.9")
    fees = (opening + closing) * Decimal("0.2") * Decimal("0.0005")
    assert Decimal(one["closedPnl"]) == (closing - opening) * Decimal("0.2") - fees
    earned = sum(Decimal(row["closedPnl"]) for row in rows)
    wallet = desk.get("/v5/account/wallet-balance", accountType="UNIFIED", coin="USDT")
    coin = wallet["result"]["list"][0]["coin"][0]
    assert Decimal(coin["walletBalance"]) == 100_000 + earned
    assert Decimal(coin["cumRealisedPnl"]) == earned == Decimal(position(desk)["cumRealisedPnl"])


def test_the_log_holds_every_change_of_cash_funding_too() -> None:
    desk = BybitDesk()
    desk.exchange.street.set_funding(LINEAR, 100_000)
    desk.at(1)
    desk.order(**MARKET)
    stream = desk.private("execution")
    desk.at(9 * 3_600)
    desk.exchange.street.set_mark(LINEAR, 600_000)
    desk.exchange.settle()
    desk.at(9 * 3_600 + 1)
    rows = desk.get("/v5/account/transaction-log", category="linear")["result"]["list"]
    assert [one["type"] for one in rows] == ["SETTLEMENT", "TRADE"]
    assert rows[0]["funding"] == "-3"  # 0.01 % of 30,000
    changed = sum(Decimal(one["change"]) for one in rows)
    assert Decimal(rows[0]["cashBalance"]) == 100_000 + changed
    told = desk.heard(stream)[0]["data"][0]
    asked = desk.get("/v5/execution/list", **PLACE, execType="Funding")["result"]["list"]
    assert [{"category": "linear", **one} for one in asked] == [told]
    assert (told["execFee"], told["execQty"], told["feeRate"]) == ("3", "0.5", "0.0001")
    everything = desk.get("/v5/execution/list", **PLACE)["result"]["list"]
    assert [one["execType"] for one in everything] == ["Funding", "Trade"]
    paid = desk.ask("/v5/market/funding/history", **PLACE)["result"]["list"]
    assert paid[0]["fundingRate"] == "0.0001"
    assert desk.ask("/v5/market/tickers", **PLACE)["result"]["list"][0]["openInterest"] == "0.5"


def test_a_liquidated_position_is_told_as_taken_over() -> None:
    desk = BybitDesk(path=[(0, 600_000), (60 * SECOND_NS, 572_500)])
    desk.at(1)
    desk.post("/v5/position/set-leverage", **PLACE, buyLeverage="25", sellLeverage="25")
    desk.exchange.transfer(desk.account, "USDT", -97_000 * 10**8)
    for _ in range(2):
        assert desk.order(**MARKET)["retCode"] == 0
    stream = desk.private("order", "execution")
    desk.at(61)
    assert position(desk)["size"] == "0"
    heard = desk.heard(stream)
    kinds = {one["execType"] for row in heard if row["topic"] == "execution" for one in row["data"]}
    makers = {one["createType"] for row in heard if row["topic"] == "order" for one in row["data"]}
    assert (kinds, makers) == ({"BustTrade"}, {"CreateByLiq"})
