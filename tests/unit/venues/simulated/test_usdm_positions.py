"""Positions and wallet on Binance USD-M: leverage, margin, modes, income, funding (R-PERP)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.usdm_desk import NS_MS, SECOND_NS, SYMBOL, UsdmDesk

LEVERAGE, MARGIN, DUAL = "/fapi/v1/leverage", "/fapi/v1/marginType", "/fapi/v1/positionSide/dual"
HOUR_NS = 3_600 * SECOND_NS


@pytest.fixture
def desk() -> UsdmDesk:
    return UsdmDesk()


def asset(desk: UsdmDesk) -> dict[str, Decimal]:
    found = desk.get("/fapi/v3/account")["assets"][0]
    names = ("walletBalance", "crossWalletBalance", "marginBalance", "availableBalance")
    return {name: Decimal(found[name]) for name in names}


def config(desk: UsdmDesk) -> dict[str, Any]:
    return dict(desk.get("/fapi/v1/symbolConfig", symbol=SYMBOL)[0])


def test_a_position_is_told_with_its_margin_in_both_versions(desk: UsdmDesk) -> None:
    desk.post(LEVERAGE, symbol=SYMBOL, leverage=20)
    assert desk.risk() == []
    desk.order("BUY", "MARKET", quantity="0.5")
    desk.limit("BUY", "0.1", "50000")
    held = desk.risk()[0]
    assert (held["positionAmt"], held["entryPrice"]) == ("0.500", "60000.10000000")
    assert (held["notional"], held["unRealizedProfit"]) == ("30000.00000000", "-0.05000000")
    assert held["positionInitialMargin"] == "1500.00000000"
    assert held["openOrderInitialMargin"] == "250.00000000"
    assert held["maintMargin"] == "150.00000000"
    older = desk.get("/fapi/v2/positionRisk")[0]
    assert (older["leverage"], older["marginType"]) == ("20", "cross")
    whole = desk.get("/fapi/v2/account")
    assert whole["positions"][0]["entryPrice"] == held["entryPrice"]
    assert whole["totalInitialMargin"] == "1750.00000000"
    assert asset(desk)["walletBalance"] == Decimal("99984.999975")
    assert desk.get("/fapi/v3/balance")[0]["balance"] == "99984.99997500"
    assert desk.ask("/fapi/v1/openInterest", symbol=SYMBOL)["openInterest"] == "0.500"


def test_leverage_is_set_within_the_brackets(desk: UsdmDesk) -> None:
    made = desk.post(LEVERAGE, symbol=SYMBOL, leverage=50)
    assert made == {"symbol": SYMBOL, "leverage": 50, "maxNotionalValue": "800000"}
    assert desk.post(LEVERAGE, symbol=SYMBOL, leverage=50)["leverage"] == 50
    assert desk.post(LEVERAGE, symbol=SYMBOL, leverage=101)["code"] == -4028
    assert desk.post(LEVERAGE, symbol=SYMBOL)["code"] == -1102
    rows = desk.get("/fapi/v1/leverageBracket", symbol=SYMBOL)[0]["brackets"]
    assert [one["initialLeverage"] for one in rows] == [100, 25]
    assert (rows[0]["notionalCap"], rows[1]["notionalFloor"]) == (800_000, 800_000)
    assert config(desk)["leverage"] == 50


def test_margin_type_changes_only_where_nothing_is_open(desk: UsdmDesk) -> None:
    assert desk.post(MARGIN, symbol=SYMBOL, marginType="CROSSED")["code"] == -4046
    assert desk.post(MARGIN, symbol=SYMBOL, marginType="isolated")["code"] == -1102
    assert desk.post(MARGIN, symbol=SYMBOL, marginType="ISOLATED")["code"] == 200
    desk.limit("BUY", "0.1", "50000")
    assert desk.post(MARGIN, symbol=SYMBOL, marginType="CROSSED")["code"] == -4047
    desk.delete("/fapi/v1/allOpenOrders", symbol=SYMBOL)
    desk.order("BUY", "MARKET", quantity="0.1")
    assert desk.post(MARGIN, symbol=SYMBOL, marginType="CROSSED")["code"] == -4048
    assert config(desk)["marginType"] == "ISOLATED"


def test_isolated_margin_is_in_the_wallet_but_not_in_the_cross_wallet(desk: UsdmDesk) -> None:
    desk.post(LEVERAGE, symbol=SYMBOL, leverage=10)
    desk.post(MARGIN, symbol=SYMBOL, marginType="ISOLATED")
    desk.order("BUY", "MARKET", quantity="0.1")
    before = asset(desk)
    own = Decimal(desk.risk()[0]["isolatedWallet"])
    assert own == Decimal("600.001")
    assert before["walletBalance"] - before["crossWalletBalance"] == own
    path = {"path": "/fapi/v1/positionMargin", "symbol": SYMBOL}
    assert desk.post(**path, amount="100", type=1)["amount"] == 100.0
    assert Decimal(desk.risk()[0]["isolatedWallet"]) == own + 100
    assert asset(desk)["walletBalance"] == before["walletBalance"]
    assert desk.post(**path, amount="1000000", type=1)["code"] == -4050
    assert desk.post(**path, amount="650", type=2)["code"] == -4051
    assert desk.post(**path, amount="99", type=2)["code"] == 200
    assert desk.post(**path, amount="100", type=3)["code"] == -1102
    desk.order("SELL", "MARKET", quantity="0.1", reduceOnly="true")
    assert desk.post(**path, amount="100", type=1)["code"] == -4054
    desk.post(MARGIN, symbol=SYMBOL, marginType="CROSSED")
    assert desk.post(**path, amount="100", type=1)["code"] == -4049


def test_hedged_positions_stand_side_by_side(desk: UsdmDesk) -> None:
    assert desk.post(DUAL, dualSidePosition="false")["code"] == -4059
    assert desk.post(DUAL, dualSidePosition="true")["code"] == 200
    assert desk.get(DUAL) == {"dualSidePosition": True}
    assert desk.order("BUY", "MARKET", quantity="0.1")["code"] == -4061
    long = {"positionSide": "LONG", "quantity": "0.1"}
    desk.order("BUY", "MARKET", **long)
    desk.order("SELL", "MARKET", positionSide="SHORT", quantity="0.05")
    assert {one["positionSide"]: one["positionAmt"] for one in desk.risk()} == {
        "LONG": "0.100",
        "SHORT": "-0.050",
    }
    assert desk.post(DUAL, dualSidePosition="false")["code"] == -4068
    assert desk.order("SELL", "MARKET", **long, reduceOnly="true")["code"] == -1106
    closed = desk.order("SELL", "MARKET", **long)
    assert (closed["status"], closed["reduceOnly"]) == ("FILLED", True)
    desk.order("BUY", "MARKET", positionSide="SHORT", quantity="0.05")
    rests = desk.limit("BUY", "0.1", "50000", positionSide="LONG")
    assert desk.post(DUAL, dualSidePosition="false")["code"] == -4067
    desk.delete("/fapi/v1/order", symbol=SYMBOL, orderId=rests["orderId"])
    assert desk.post(DUAL, dualSidePosition="false")["code"] == 200


def test_income_tells_profit_fees_and_funding() -> None:
    desk = UsdmDesk(path=[(0, 600_000), (9 * HOUR_NS, 610_000)])
    desk.exchange.street.set_funding(SYMBOL, 100_000)
    desk.exchange.settle()
    desk.order("BUY", "MARKET", quantity="0.1")
    desk.at(10 * 3_600)
    desk.order("SELL", "MARKET", quantity="0.1")
    rows = desk.get("/fapi/v1/income", symbol=SYMBOL)
    kinds = [one["incomeType"] for one in rows]
    funded = kinds.count("FUNDING_FEE")
    assert funded >= 1
    assert kinds == ["COMMISSION", *funded * ["FUNDING_FEE"], "REALIZED_PNL", "COMMISSION"]
    assert (rows[0]["income"], rows[1]["income"]) == ("-3.00000500", "-0.60000000")
    assert rows[-2]["income"] == "99.98000000"
    change = sum(Decimal(one["income"]) for one in rows)
    assert asset(desk)["walletBalance"] == 100_000 + change
    paid = desk.get("/fapi/v1/income", incomeType="FUNDING_FEE")
    assert len(paid) == funded
    assert desk.get("/fapi/v1/income", incomeType="GIFT")["code"] == -1102
    public = desk.ask("/fapi/v1/fundingRate", symbol=SYMBOL)
    assert [one["fundingRate"] for one in public][-funded:] == funded * ["0.00010000"]
    assert desk.ask("/fapi/v1/premiumIndex", symbol=SYMBOL)["lastFundingRate"] == "0.00010000"


def test_trades_are_told_with_profit_and_fee(desk: UsdmDesk) -> None:
    desk.order("BUY", "MARKET", quantity="0.1")
    sold = desk.order("SELL", "MARKET", quantity="0.1")
    rows = desk.get("/fapi/v1/userTrades", symbol=SYMBOL)
    assert [(one["side"], one["price"], one["commission"]) for one in rows] == [
        ("BUY", "60000.1", "3.00000500"),
        ("SELL", "59999.9", "2.99999500"),
    ]
    assert rows[1]["realizedPnl"] == "-0.02000000"
    assert desk.get("/fapi/v1/userTrades", symbol=SYMBOL, orderId=sold["orderId"]) == rows[1:]
    now_ms = desk.now_ns // NS_MS
    week = {"startTime": now_ms - 8 * 86_400_000, "endTime": now_ms}
    assert desk.get("/fapi/v1/userTrades", symbol=SYMBOL, **week)["code"] == -4044
    fees = desk.get("/fapi/v1/commissionRate", symbol=SYMBOL)
    assert (fees["makerCommissionRate"], fees["takerCommissionRate"]) == ("0.000200", "0.000500")


def test_what_the_venue_says_of_its_symbol_is_what_it_holds_orders_to(desk: UsdmDesk) -> None:
    one = desk.ask("/fapi/v1/exchangeInfo")["symbols"][0]
    filters = {row["filterType"]: row for row in one["filters"]}
    assert (one["pricePrecision"], one["quantityPrecision"], one["contractType"]) == (
        1, 3, "PERPETUAL",
    )  # fmt: skip
    assert filters["PRICE_FILTER"]["tickSize"] == "0.1"
    least = filters["MIN_NOTIONAL"]["notional"]
    refused = desk.limit("BUY", "0.001", "4999.9")
    assert (least, refused["code"]) == ("5", -4164)
    assert desk.limit("BUY", "0.001", "5000")["status"] == "NEW"
