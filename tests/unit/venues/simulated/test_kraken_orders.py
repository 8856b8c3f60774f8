"""Kraken spot in front of the simulated exchange: what orders may be, and their lives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.kraken_desk import ALTNAME, KEY, START_NS, SYMBOL, KrakenDesk

from ballast.core.orders import Side
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.fronts.kraken import names

SECOND_NS = 1_000_000_000
BAD = "EGeneral:Invalid arguments:"
ORDER: dict[str, Any] = {
    "pair": ALTNAME,
    "type": "buy",
    "ordertype": "limit",
    "volume": "0.01",
    "price": "50000",
}


# Orders ------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, str], str]] = [
    ({"pair": "XBTEUR"}, "EQuery:Unknown asset pair"),
    ({"type": "hold"}, f"{BAD}type"),
    ({"ordertype": "trailing-stop-limit"}, f"{BAD}ordertype"),
    ({"volume": "0.000001"}, f"{BAD}volume"),
    ({"volume": "1e-2"}, f"{BAD}volume"),
    ({"volume": "0.00001"}, "EOrder:Order minimum not met"),
    ({"volume": "0.0001", "price": "10000"}, "EOrder:Cost minimum not met"),
    ({"volume": "100"}, "EOrder:Insufficient funds"),
    ({"price": "50000.001"},
     "EOrder:Invalid price:XXBTZUSD price can only be specified up to 2 decimals."),
    ({"price": "+5%"}, f"{BAD}price"),
    ({"price": "2000000"}, "EOrder:Invalid price"),
    ({"price2": "40000"}, f"{BAD}price2"),
    ({"leverage": "2"}, "EOrder:Cannot open position"),
    ({"reduce_only": "true"}, "EOrder:Reduce only:No position exists"),
    ({"oflags": "viqc"}, f"{BAD}viqc"),
    ({"oflags": "fcib"}, f"{BAD}oflags"),
    ({"oflags": "post,nonsense"}, f"{BAD}oflags"),
    ({"oflags": "post", "price": "61000"}, "EOrder:Post only order"),
    ({"oflags": "post", "ordertype": "market", "price": ""}, f"{BAD}oflags"),
    ({"timeinforce": "FOK"}, f"{BAD}timeinforce"),
    ({"timeinforce": "GTD"}, f"{BAD}expiretm"),
    ({"timeinforce": "GTD", "expiretm": "1600000000"}, f"{BAD}expiretm"),
    ({"starttm": "+60"}, f"{BAD}starttm"),
    ({"displayvol": "0.001"}, f"{BAD}displayvol"),
    ({"ordertype": "iceberg", "displayvol": "0.0001"}, f"{BAD}displayvol"),
    ({"cl_ord_id": "more than eighteen signs"}, f"{BAD}cl_ord_id"),
    ({"cl_ord_id": "mine", "userref": "5"}, f"{BAD}userref"),
    ({"userref": "2147483648"}, f"{BAD}userref"),
    ({"deadline": "2023-11-14T22:13:19Z"}, "EService:Deadline elapsed"),
    ({"deadline": "soon"}, f"{BAD}deadline"),
    ({"ordertype": "stop-loss", "price": ""}, f"{BAD}price"),
    ({"ordertype": "stop-loss", "trigger": "index"}, f"{BAD}Index unavailable"),
    ({"ordertype": "trailing-stop", "price": "100"}, "EOrder:Invalid price"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "expected"), REFUSED)
def test_an_order_that_cannot_be_is_refused_in_the_words_of_the_venue(
    wrong: dict[str, str], expected: str
) -> None:
    desk = KrakenDesk()
    assert desk.ask("AddOrder", **{**ORDER, **wrong}) == expected
    assert desk.exchange.open_orders(desk.account) == []


def test_an_order_is_described_queried_traded_and_closed() -> None:
    desk = KrakenDesk()
    told = desk.ask("AddOrder", **ORDER, userref="7")
    assert told["descr"]["order"] == "buy 0.01000 XBTUSD @ limit 50000.00"
    (txid,) = told["txid"]
    assert desk.one(txid) | {"opentm": 0} == {
        "refid": None, "userref": 7, "status": "open", "opentm": 0, "starttm": 0, "expiretm": 0,
        "descr": {"pair": ALTNAME, "type": "buy", "ordertype": "limit", "price": "50000.00",
                  "price2": "0", "leverage": "none", "close": "",
                  "order": "buy 0.01000 XBTUSD @ limit 50000.00"},
        "vol": "0.01000", "vol_exec": "0.00000", "cost": "0.00000000", "fee": "0.00000000",
        "price": "0.00", "stopprice": "0.00", "limitprice": "0.00", "misc": "", "oflags": "fciq",
    }  # fmt: skip
    assert list(desk.ask("OpenOrders", userref="7")["open"]) == [txid]
    assert desk.ask("OpenOrders", userref="8")["open"] == {}
    bought = desk.order("buy", "market", "0.02", cl_ord_id="mine")
    row = desk.ask("QueryOrders", txid=bought, trades="true")[bought]
    assert (row["status"], row["vol_exec"], row["cost"]) == ("closed", "0.02000", "1200.00020000")
    assert (row["price"], row["fee"], row["cl_ord_id"]) == ("60000.01", "1.20000020", "mine")
    (trade,) = row["trades"]
    assert desk.ask("QueryTrades", txid=trade)[trade]["ordertxid"] == bought
    history = desk.ask("TradesHistory")
    assert (history["count"], list(history["trades"])) == (1, [trade])
    assert history["trades"][trade]["maker"] is False
    closed = desk.ask("ClosedOrders", cl_ord_id="mine")
    assert (closed["count"], list(closed["closed"])) == (1, [bought])


def test_an_order_pays_the_fees_of_all_its_fills_and_names_them() -> None:
    desk = KrakenDesk()
    txid = desk.order("buy", "market", "1.5")  # one coin of the first level, half of the second
    row = desk.ask("QueryOrders", txid=txid, trades="true")[txid]
    fills = desk.ask("QueryTrades", txid=",".join(row["trades"]))
    assert [one["vol"] for one in fills.values()] == ["1.00000", "0.50000"]
    paid = sum(Decimal(one["fee"]) for one in fills.values())
    assert (Decimal(row["fee"]), row["fee"]) == (paid, "90.00002000")


def test_history_lies_between_its_bounds_the_last_first() -> None:
    desk = KrakenDesk()
    ids = []
    for _ in range(3):
        ids.append(desk.order("buy", "market", "0.01"))
        desk.pass_time(10 * SECOND_NS)
    first_s = START_NS // SECOND_NS

    def told(**params: Any) -> list[str]:
        trades = desk.ask("TradesHistory", **params)["trades"].values()
        closed = list(desk.ask("ClosedOrders", **params)["closed"])
        assert [one["ordertxid"] for one in trades] == closed
        return [str(ids.index(one)) for one in closed]

    assert told() == ["2", "1", "0"]
    assert told(start=str(first_s + 5)) == ["2", "1"]
    assert told(start=str(first_s + 5), end=str(first_s + 15)) == ["1"]
    assert told(ofs="2") == ["0"]
    assert desk.ask("TradesHistory", start="soon") == f"{BAD}start"


def test_fees_of_both_sides_are_paid_in_quote() -> None:
    desk = KrakenDesk()
    desk.order("buy", "market", "1")
    assert desk.ask("Balance") == {"XXBT": "3.00000000", "ZUSD": "39939.98999000"}
    desk.order("sell", "limit", "1", price="59999.99")
    assert desk.ask("Balance") == {"XXBT": "2.00000000", "ZUSD": "99879.98000000"}


def test_open_orders_hold_what_they_may_spend() -> None:
    desk = KrakenDesk()
    desk.order("buy", "limit", "0.1", price="50000")
    desk.order("sell", "limit", "0.5", price="70000")
    parts = desk.ask("BalanceEx")
    assert parts["XXBT"] == {"balance": "2.00000000", "hold_trade": "0.50000000"}
    assert parts["ZUSD"] == {"balance": "100000.00000000", "hold_trade": "5005.00000000"}
    worth = desk.ask("TradeBalance")
    assert worth["eb"] == "220000.0000"


def test_a_market_buy_may_be_sized_in_quote() -> None:
    desk = KrakenDesk()
    txid = desk.order("buy", "market", "600.01", oflags="viqc")
    row = desk.one(txid)
    # the fee is taken out of what may be spent
    assert (row["vol"], row["vol_exec"], row["oflags"]) == ("600.01", "0.00999", "viqc,fciq")
    assert desk.order("sell", "market", "600", oflags="viqc") == f"{BAD}viqc"


def test_what_an_ioc_leaves_and_a_date_ends_is_told_apart() -> None:
    desk = KrakenDesk()
    cut = desk.one(desk.order("buy", "limit", "1.5", price="60000.01", timeinforce="IOC"))
    assert (cut["status"], cut["vol_exec"], cut["reason"]) == ("canceled", "1.00000", "IOC order")
    txid = desk.order("buy", "limit", "0.01", price="50000", timeinforce="GTD", expiretm="+30")
    assert desk.one(txid)["expiretm"] == desk.now_ns // SECOND_NS + 30
    desk.pass_time(31 * SECOND_NS)
    assert desk.one(txid)["status"] == "expired"


def test_a_stop_waits_for_its_price_and_one_that_is_passed_fires() -> None:
    desk = KrakenDesk()
    stop = desk.order("sell", "stop-loss", "0.1", price="59000")
    limit = desk.order("sell", "stop-loss-limit", "0.1", price="58000", price2="57000")
    assert desk.one(limit)["descr"]["order"] == (
        "sell 0.10000 XBTUSD @ stop loss 58000.00 -> limit 57000.00"
    )
    assert (desk.one(stop)["status"], desk.one(stop)["stopprice"]) == ("open", "59000.00")
    desk.exchange.street.place(SYMBOL, Side.BUY, price_ticks=58_900_00, qty_lots=100_000)
    desk.walk("58900")
    assert (desk.one(stop)["status"], desk.one(limit)["status"]) == ("closed", "open")
    passed = desk.order("sell", "take-profit", "0.1", price="58000")
    assert desk.one(passed)["status"] == "closed"


def test_a_trailing_stop_follows_by_a_share_or_by_an_amount() -> None:
    desk = KrakenDesk()
    desk.walk("60000")
    share = desk.order("sell", "trailing-stop", "0.1", price="+1%")
    amount = desk.order("sell", "trailing-stop", "0.1", price="+500")
    assert (desk.one(share)["stopprice"], desk.one(amount)["stopprice"]) == ("59400.00", "59500.00")
    assert desk.one(share)["descr"]["price"] == "+1%"
    desk.walk("61000")
    assert (desk.one(share)["stopprice"], desk.one(amount)["stopprice"]) == ("60390.00", "60500.00")


def test_an_iceberg_shows_a_part() -> None:
    desk = KrakenDesk()
    txid = desk.order("sell", "iceberg", "0.5", price="60000.05", displayvol="0.1")
    row = desk.one(txid)
    assert (row["descr"]["ordertype"], row["display_volume"]) == ("iceberg", "0.10000")
    found = desk.get("Depth", pair=ALTNAME)[KEY]["asks"]
    assert {price: volume for price, volume, _ in found}["60000.05"] == "1.10000"


def test_validate_places_nothing() -> None:
    desk = KrakenDesk()
    told = desk.ask("AddOrder", **ORDER, validate="true")
    assert told == {"descr": {"order": "buy 0.01000 XBTUSD @ limit 50000.00"}}
    small = {**ORDER, "volume": "0.00005", "validate": "true"}
    assert desk.ask("AddOrder", **small) == "EOrder:Order minimum not met"
    assert desk.exchange.open_orders(desk.account) == []


def test_an_owners_id_is_of_one_open_order() -> None:
    desk = KrakenDesk()
    first = desk.order("buy", "limit", "0.01", price="50000", cl_ord_id="mine")
    assert desk.ask("AddOrder", **ORDER, cl_ord_id="mine") == f"{BAD}cl_ord_id"
    assert desk.ask("CancelOrder", cl_ord_id="mine") == {"count": 1}
    assert desk.one(first)["reason"] == "User requested"
    assert desk.order("buy", "limit", "0.01", price="50000", cl_ord_id="mine") != first


def test_a_batch_is_read_whole_before_one_of_it_is_placed() -> None:
    desk = KrakenDesk()
    good = {"ordertype": "limit", "type": "buy", "volume": "0.01", "price": "50000"}
    dear = good | {"volume": "100"}
    told = desk.ask("AddOrderBatch", as_json=True, pair=ALTNAME, orders=[good, dear, good])
    assert [sorted(one) for one in told["orders"]] == [["descr", "txid"], ["error"],
                                                       ["descr", "txid"]]  # fmt: skip
    assert told["orders"][1]["error"] == "EOrder:Insufficient funds"
    wrong = good | {"volume": "x"}
    asked = desk.ask("AddOrderBatch", as_json=True, pair=ALTNAME, orders=[good, wrong])
    assert asked == f"{BAD}volume"
    assert desk.ask("AddOrderBatch", as_json=True, pair=ALTNAME, orders=[good]) == f"{BAD}orders"
    assert len(desk.exchange.open_orders(desk.account)) == 2


# Change and cancel -------------------------------------------------------------------------


def test_an_amended_order_keeps_its_id_and_an_edited_one_does_not() -> None:
    desk = KrakenDesk()
    txid = desk.order("buy", "limit", "0.02", price="50000")
    told = desk.ask("AmendOrder", txid=txid, order_qty="0.01", limit_price="51000")
    assert list(told) == ["amend_id"]
    row = desk.one(txid)
    assert (row["vol"], row["descr"]["price"]) == ("0.01000", "51000.00")
    told = desk.ask("EditOrder", txid=txid, pair=ALTNAME, price="52000")
    assert (told["status"], told["originaltxid"], told["price"]) == ("ok", txid, "52000.00")
    assert desk.one(txid)["status"] == "canceled"
    assert desk.one(told["txid"])["descr"]["price"] == "52000.00"
    assert desk.ask("AmendOrder", txid=txid, order_qty="0.03") == "EOrder:Unknown order"


def test_what_cannot_be_amended_or_edited_stays_as_it_is() -> None:
    desk = KrakenDesk()
    txid = desk.order("buy", "limit", "0.02", price="50000", cl_ord_id="mine")
    amend = {"cl_ord_id": "mine"}
    assert desk.ask("AmendOrder", **amend) == "EGeneral:Invalid arguments"
    assert desk.ask("AmendOrder", **amend, order_qty="50") == "EOrder:Insufficient funds"
    assert desk.ask("AmendOrder", **amend, display_qty="0.01") == f"{BAD}display_qty"
    taking = {"limit_price": "60000.01", "post_only": "true"}
    assert desk.ask("AmendOrder", **amend, **taking) == "EOrder:Post only order"
    assert desk.ask("EditOrder", txid=txid, pair=ALTNAME, price="1") == "EOrder:Invalid order"
    assert desk.ask("AmendOrder", txid=txid, **amend, order_qty="1") == f"{BAD}txid"
    assert desk.one(txid)["descr"]["order"] == "buy 0.02000 XBTUSD @ limit 50000.00"


def test_orders_are_cancelled_by_every_name_they_have() -> None:
    desk = KrakenDesk()
    ids = [desk.order("buy", "limit", "0.01", price="50000", userref="5") for _ in range(2)]
    ids += [desk.order("buy", "limit", "0.01", price="50000") for _ in range(4)]
    assert desk.ask("CancelOrder", txid="5") == {"count": 2}
    assert desk.ask("CancelOrder", txid=ids[0]) == "EOrder:Unknown order"
    assert desk.ask("CancelOrder", txid="nonsense") == "EOrder:Invalid order"
    assert desk.ask("CancelOrder", txid=ids[2]) == {"count": 1}
    batch = desk.ask("CancelOrderBatch", as_json=True, orders=[{"txid": ids[3]}, ids[4]])
    assert batch == {"count": 2}
    assert desk.ask("CancelAll") == {"count": 1}
    assert desk.ask("CancelAll") == {"count": 0}
    assert desk.ask("QueryOrders", txid=names.txid("O", 10**6)) == "EOrder:Unknown order"


def test_the_dead_mans_switch_cancels_all_unless_it_is_sent_again() -> None:
    desk = KrakenDesk()
    txid = desk.order("buy", "limit", "0.01", price="50000")
    told = desk.ask("CancelAllOrdersAfter", timeout="60")
    assert (told["currentTime"], told["triggerTime"]) == (
        "2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z",
    )  # fmt: skip
    desk.pass_time(50 * SECOND_NS)
    desk.ask("CancelAllOrdersAfter", timeout="60")
    desk.pass_time(50 * SECOND_NS)
    assert desk.one(txid)["status"] == "open"
    desk.pass_time(11 * SECOND_NS)
    assert desk.one(txid)["status"] == "canceled"
    assert desk.ask("CancelAllOrdersAfter", timeout="0")["triggerTime"] == "0"


def test_a_halted_pair_says_so_and_takes_no_orders() -> None:
    desk = KrakenDesk()
    desk.exchange.set_trading(SYMBOL, Trading.CANCEL_ONLY)
    assert desk.get("AssetPairs")[KEY]["status"] == "cancel_only"
    assert desk.ask("AddOrder", **ORDER) == "EService:Market in cancel_only mode"
    desk.exchange.set_trading(SYMBOL, Trading.HALTED)
    assert desk.ask("AddOrder", **ORDER) == "EService:Unavailable"


def test_fees_and_volume_are_told() -> None:
    told = KrakenDesk().ask("TradeVolume", pair=ALTNAME)
    assert told["fees"][KEY]["fee"] == "0.1000"
    assert Decimal(told["volume"]) == 0
