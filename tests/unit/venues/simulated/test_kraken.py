"""Kraken spot in front of the simulated exchange: signing, counters, public data, trouble."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from tests.fakes.kraken_desk import ALTNAME, HOST, KEY, SYMBOL, KrakenDesk, result

from ballast.venues.simulated.fronts.keys import ApiKey
from ballast.venues.simulated.fronts.kraken import names
from ballast.venues.simulated.fronts.kraken.security import signature
from ballast.venues.simulated.wire.faults import Command, Fault
from ballast.venues.simulated.wire.messages import Answer, Request

SECOND_NS = 1_000_000_000
BAD = "EGeneral:Invalid arguments:"
ORDER: dict[str, Any] = {
    "pair": ALTNAME,
    "type": "buy",
    "ordertype": "limit",
    "volume": "0.01",
    "price": "50000",
}


# Requests ----------------------------------------------------------------------------------


def test_the_signature_is_the_one_of_the_published_example() -> None:
    """The venue's documents give this key, nonce, body and signature."""
    shared = (
        "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
    )
    body = b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    said = signature(shared, "/0/private/AddOrder", "1616492376594", body)
    assert said == (
        "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
    )


def test_a_request_that_is_not_signed_rightly_is_refused() -> None:
    desk = KrakenDesk()
    good = desk.signed("Balance")

    def told(**headers: str) -> Any:
        return result(desk.send(replace(good, headers={**good.headers, **headers})))

    assert told(**{"api-key": ""}) == "EAPI:Invalid key"
    assert told(**{"api-key": "nobody"}) == "EAPI:Invalid key"
    assert told(**{"api-sign": "d3Jvbmc="}) == "EAPI:Invalid signature"
    assert told(**{"api-sign": ""}) == "EAPI:Invalid signature"
    assert result(desk.send(replace(good, body=good.body + b"&a=b"))) == "EAPI:Invalid signature"
    assert told()["ZUSD"] == "100000.00000000"


def test_a_key_says_what_it_may_and_from_where() -> None:
    desk = KrakenDesk()
    told = desk.ask("GetApiKeyInfo")
    assert (told["api_key"], told["nonce"], told["ip_allowlist"]) == (
        desk.key.key, str(desk.nonce), [],
    )  # fmt: skip
    assert {"query-funds", "modify-trades", "close-trades"} <= set(told["permissions"])
    assert "withdraw-funds" not in told["permissions"]
    reader = ApiKey("r", desk.key.secret, desk.account, can_trade=False, can_withdraw=True,
                    addresses=frozenset({"127.0.0.1"}))  # fmt: skip
    desk.key = desk.keys.add(reader)
    told = desk.ask("GetApiKeyInfo")
    assert "modify-trades" not in told["permissions"]
    assert "withdraw-funds" in told["permissions"]
    assert told["ip_allowlist"] == ["127.0.0.1"]
    assert desk.ask("GetApiKeyInfo", odd="1") == f"{BAD}odd"


def test_a_nonce_grows_with_every_request_of_a_key() -> None:
    desk = KrakenDesk()
    first = desk.signed("Balance")
    desk.ask("Balance")
    assert result(desk.send(first)) == "EAPI:Invalid nonce"
    desk.nonce -= 1
    assert desk.ask("Balance") == "EAPI:Invalid nonce"
    desk.nonce = 2**64
    assert desk.ask("Balance") == "EAPI:Invalid nonce"
    desk.nonce = 50
    other = desk.keys.add(ApiKey("other", base64.b64encode(b"s").decode(), desk.account))
    desk.key = other
    desk.nonce = 1  # every key counts by itself
    assert "ZUSD" in desk.ask("Balance")


def test_a_key_that_may_not_trade_reads_only() -> None:
    desk = KrakenDesk()
    desk.key = desk.keys.add(ApiKey("reader", "c2VjcmV0", desk.account, can_trade=False))
    assert "XXBT" in desk.ask("Balance")
    assert desk.ask("AddOrder", **ORDER) == "EGeneral:Permission denied"


def test_unknown_methods_and_parameters_are_refused() -> None:
    desk = KrakenDesk()
    assert desk.ask("Withdraw") == "EGeneral:Unknown method"
    assert desk.get("Nothing") == "EGeneral:Unknown method"
    get = replace(desk.signed("Balance"), method="GET")
    assert result(desk.send(get)) == "EGeneral:Unknown method"
    assert desk.ask("AddOrder", **ORDER, stopLoss="50000") == f"{BAD}stopLoss"
    assert desk.ask("AddOrder", **ORDER, **{"close[ordertype]": "limit"}) == f"{BAD}close"
    assert desk.get("Depth", pair=ALTNAME, limit="5") == f"{BAD}limit"
    assert desk.exchange.open_orders(desk.account) == []


def test_private_calls_cost_points_that_decay() -> None:
    """An intermediate key has 20 points, and half a point decays in a second."""
    desk = KrakenDesk()
    assert all(isinstance(desk.ask("Balance"), dict) for _ in range(18))
    assert isinstance(desk.ask("TradesHistory"), dict)  # costs two
    assert desk.ask("Balance") == "EAPI:Rate limit exceeded"
    assert desk.ask("AddOrder", **ORDER)["txid"]  # trading has points of its own
    desk.pass_time(2 * SECOND_NS)
    assert isinstance(desk.ask("Balance"), dict)
    assert desk.ask("Balance") == "EAPI:Rate limit exceeded"


def test_young_orders_cost_more_points_of_their_pair_and_cancels_are_never_refused() -> None:
    """125 points a pair: an order is 1, one cancelled within five seconds 8 more."""
    desk = KrakenDesk()
    placed = 0
    while not isinstance(told := desk.ask("AddOrder", **ORDER), str):
        assert desk.ask("CancelOrder", txid=told["txid"][0]) == {"count": 1}
        placed += 1
    assert (placed, told) == (14, "EOrder:Rate limit exceeded")
    desk = KrakenDesk()
    for _ in range(13):
        txid = desk.ask("AddOrder", **ORDER)["txid"][0]
        desk.pass_time(300 * SECOND_NS)
        assert desk.ask("CancelOrder", txid=txid) == {"count": 1}
    assert desk.ask("AddOrder", **ORDER)["txid"]


def test_an_order_costs_its_point_whatever_is_wrong_with_it() -> None:
    desk = KrakenDesk()
    wrong = ORDER | {"volume": "x"}
    for _ in range(125):
        assert desk.ask("AddOrder", **wrong) == f"{BAD}volume"
    assert desk.ask("AddOrder", **ORDER) == "EOrder:Rate limit exceeded"
    assert "descr" in desk.ask("AddOrder", **ORDER, validate="true")


def test_public_calls_of_an_address_are_limited() -> None:
    desk = KrakenDesk()
    told = [desk.get("Time") for _ in range(16)]
    assert told[-1] == "EGeneral:Too many requests"
    assert all("unixtime" in one for one in told[:-1])


# Public data -------------------------------------------------------------------------------


def test_a_pair_answers_to_all_its_names_under_its_own() -> None:
    desk = KrakenDesk()
    for name in (KEY, ALTNAME, "BTCUSD"):
        assert list(desk.get("AssetPairs", pair=name)) == [KEY]
    for name in ("XBT/USD", SYMBOL):  # with a stroke it is answered as it was asked
        assert list(desk.get("AssetPairs", pair=name)) == [name]
        assert name in desk.get("Depth", pair=name)
    row = desk.get("AssetPairs")[KEY]
    assert (row["base"], row["quote"], row["wsname"]) == ("XXBT", "ZUSD", "XBT/USD")
    assert (row["pair_decimals"], row["lot_decimals"], row["tick_size"]) == (2, 5, "0.01")
    assert (row["ordermin"], row["costmin"], row["fees"]) == ("0.0001", "5", [[0, 0.1]])
    assert desk.get("AssetPairs", pair="XBTEUR") == "EQuery:Unknown asset pair"
    assert desk.get("Assets", asset="XBT") == desk.get("Assets", asset="XXBT")
    assert desk.get("Assets", asset="XETH") == "EQuery:Unknown asset"


def test_transaction_ids_are_of_one_order_only_and_read_back() -> None:
    ids = [names.txid(names.ORDER, number) for number in range(1, 5_000)]
    assert len(set(ids)) == len(ids)
    assert all(names.TXID.fullmatch(one) for one in ids)
    assert [names.number_of(names.ORDER, one) for one in ids] == list(range(1, 5_000))
    assert names.number_of(names.TRADE, ids[0]) is None


def test_market_data_is_that_of_the_engine() -> None:
    desk = KrakenDesk()
    desk.pass_time(SECOND_NS)
    desk.walk("60000.01")
    book = desk.get("Depth", pair=ALTNAME, count="2")[KEY]
    now_s = desk.now_ns // SECOND_NS
    assert book["asks"] == [["60000.01", "0.99999", now_s], ["60000.02", "1.00000", now_s]]
    assert len(book["bids"]) == 2
    ticker = desk.get("Ticker", pair=ALTNAME)[KEY]
    assert (ticker["a"], ticker["c"]) == (["60000.01", "0", "0.99999"], ["60000.01", "0.00001"])
    candles = desk.get("OHLC", pair=ALTNAME, interval="1")
    *_, last = candles[KEY]
    assert (last[1], last[4], last[7]) == ("60000.00", "60000.01", 2)
    trades = desk.get("Trades", pair=ALTNAME)
    assert [row[:2] + row[3:4] for row in trades[KEY]][-1] == ["60000.01", "0.00001", "b"]
    later = desk.get("Trades", pair=ALTNAME, since=trades["last"])
    assert later == {KEY: [], "last": trades["last"]}
    spreads = desk.get("Spread", pair=ALTNAME)
    assert spreads[KEY][-1][1:] == ["59999.99", "60000.01"]
    since = str(candles[KEY][-1][0])  # only what opens after it
    assert desk.get("OHLC", pair=ALTNAME, since=since)[KEY] == []
    assert desk.get("OHLC", pair=ALTNAME, interval="3") == f"{BAD}interval"
    assert desk.get("SystemStatus")["status"] == "online"


def test_trouble_is_told_in_the_words_of_the_venue() -> None:
    desk = KrakenDesk()

    def told(fault: Fault) -> Any:
        desk.gateway.faults.command(Command(fault, "AddOrder"))
        outcome = desk.gateway.request(desk.signed("AddOrder", **ORDER), desk.now_ns)
        assert isinstance(outcome, Answer)
        return outcome.response

    assert told(Fault.RATE_LIMITED).json() == {"error": ["EAPI:Rate limit exceeded"]}
    assert told(Fault.BANNED).json() == {"error": ["EGeneral:Temporary lockout"]}
    assert told(Fault.MAINTENANCE).json() == {"error": ["EService:Unavailable"]}
    assert told(Fault.ERROR_AFTER).status == 520  # done, and nobody knows
    assert len(desk.exchange.open_orders(desk.account)) == 1


def test_a_body_that_is_no_json_is_refused() -> None:
    desk = KrakenDesk()
    asked = desk.signed("AddOrderBatch", as_json=True)
    assert result(desk.send(replace(asked, body=b"[1]"))) == "EGeneral:Invalid arguments"
    assert result(desk.send(Request("POST", HOST, "/0/private/Balance"))) == "EAPI:Invalid key"
