"""Deposits and withdrawals on the wire: Bybit's transaction log and OKX's bills (R-RECON-08)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.fakes.bybit_desk import NS_MS, START_NS, BybitDesk
from tests.fakes.okx_desk import SPOT, OkxDesk

LOG = "/v5/account/transaction-log"
DAY_MS = 86_400_000


def bybit() -> BybitDesk:
    """A venue at which 1.5 BTC left after a trade."""
    desk = BybitDesk()
    desk.at(1)
    desk.order(side="Buy", orderType="Market", qty="0.5")
    desk.exchange.transfer(desk.account, "BTC", desk.exchange.atoms("BTC", Decimal("-1.5")))
    desk.at(2)
    return desk


def logged(desk: BybitDesk, **values: Any) -> list[dict[str, Any]]:
    answer = desk.get(LOG, accountType="UNIFIED", **values)
    assert answer["retCode"] == 0, answer
    return list(answer["result"]["list"])


def test_bybit_logs_a_transfer_without_a_market() -> None:
    """R-RECON-08."""
    desk = bybit()
    left, trade, *opened = logged(desk)
    assert (trade["type"], trade["symbol"]) == ("TRADE", "BTCUSDT")
    assert [(one["type"], one["currency"], one["change"]) for one in opened] == [
        ("TRANSFER_IN", "BTC", "2"), ("TRANSFER_IN", "USDT", "100000"),
    ]  # fmt: skip
    said = ("type", "currency", "symbol", "category", "side", "change", "cashFlow", "cashBalance")
    assert [left[one] for one in said] == [
        "TRANSFER_OUT", "BTC", "", "", "None", "-1.5", "-1.5", "0.5",
    ]  # fmt: skip
    assert left["transactionTime"] == str((START_NS // NS_MS) + 1_000)
    assert set(left) == set(trade)
    assert len({one["id"] for one in logged(desk)}) == 4


def test_bybits_filters_find_a_transfer_by_what_it_has() -> None:
    desk = bybit()
    assert len(logged(desk, type="TRANSFER_IN")) == 2
    assert [one["change"] for one in logged(desk, type="TRANSFER_OUT")] == ["-1.5"]
    assert [one["change"] for one in logged(desk, currency="BTC")] == ["-1.5", "2"]
    for market in ({"category": "linear"}, {"baseCoin": "BTC"}):
        assert [one["type"] for one in logged(desk, **market)] == ["TRADE"]
    assert logged(desk, category="spot") == []
    # What is no trade is no execution either.
    rows = desk.get("/v5/execution/list", category="linear", symbol="BTCUSDT")["result"]["list"]
    assert [one["execType"] for one in rows] == ["Trade"]


def test_bybits_log_is_asked_for_seven_days_at_the_most() -> None:
    desk = bybit()
    first = START_NS // NS_MS
    assert len(logged(desk, startTime=first, endTime=first + 7 * DAY_MS)) == 4
    assert desk.get(LOG, startTime=first, endTime=first + 7 * DAY_MS + 1)["retCode"] == 10001


def test_okx_bills_a_transfer_without_an_instrument() -> None:
    """R-RECON-08."""
    desk = OkxDesk()
    desk.pass_time(1_000_000_000)
    desk.spot("buy", "market", "0.1")
    for amount in ("-1.5", "0.25"):
        atoms = desk.exchange.atoms("BTC", Decimal(amount))
        desk.exchange.transfer(desk.account, "BTC", atoms)
    desk.pass_time(0)
    came, left, *_ = bills = desk.get("account/bills", ccy="BTC")["data"]
    said = ("type", "subType", "instType", "instId", "from", "to", "balChg", "sz", "ordId")
    assert [left[one] for one in said] == ["1", "12", "", "", "18", "6", "-1.5", "1.5", ""]
    assert [came[one] for one in said] == ["1", "11", "", "", "6", "18", "0.25", "0.25", ""]
    assert Decimal(left["bal"]) + Decimal(came["balChg"]) == Decimal(came["bal"])
    assert came["bal"] == desk.one("account/balance", ccy="BTC")["details"][0]["cashBal"]
    assert {frozenset(one) for one in bills} == {frozenset(came)}
    assert int(came["billId"]) > int(left["billId"])


def test_okxs_filters_find_a_transfer_by_what_it_has() -> None:
    desk = OkxDesk()
    desk.pass_time(1_000_000_000)
    desk.exchange.transfer(desk.account, "USDT", -1)
    desk.pass_time(0)
    desk.spot("buy", "market", "0.1")
    kinds = [one["subType"] for one in desk.get("account/bills", type="1")["data"]]
    assert kinds == ["12", "11", "11"]  # the account was opened with two assets
    assert len(desk.get("account/bills", type="1", subType="12")["data"]) == 1
    assert len(desk.get("account/bills-archive", type="1")["data"]) == 3
    for market in ({"instType": "SPOT"}, {"instId": SPOT}):
        assert {one["type"] for one in desk.get("account/bills", **market)["data"]} == {"2"}
