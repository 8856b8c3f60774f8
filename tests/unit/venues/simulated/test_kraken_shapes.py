"""Answers have the fields, and their kinds, of payloads that clients keep of Kraken (R-QA-10)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.data import needs_data
from tests.fakes.kraken_desk import ALTNAME, SYMBOL, KrakenDesk
from tests.fakes.recorded import lines_of

from ballast.store.metadata.others import read_kraken

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND_NS = 1_000_000_000
PUBLIC: dict[str, tuple[str, dict[str, str]]] = {
    "http_asset_pairs_tokenized": ("AssetPairs", {}),
    "http_ohlc": ("OHLC", {"pair": ALTNAME}),
    "http_order_book": ("Depth", {"pair": ALTNAME}),
    "http_trades": ("Trades", {"pair": ALTNAME}),
}
PRIVATE = {
    "http_closed_orders": "ClosedOrders",
    "http_spot_balance": "Balance",
    "http_spot_trade_balance": "TradeBalance",
    "http_trades_history": "TradesHistory",
}
NOT_OURS = {
    ".*.long_position_limit", ".*.short_position_limit", ".*.leverage_buy[]",
    ".*.leverage_sell[]", ".ml",  # there is no margin
}  # fmt: skip
"""Fields that are kept of the venue and that are left out here."""


def kinds(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every path of a value and what lies there; names of pairs and ids are one name."""
    match value:
        case dict():
            for name, one in value.items():
                # AAPLx is an asset too; `close` is empty where there is none.
                is_name = name[:1].isupper()
                yield from kinds(one, f"{path}.{'*' if is_name else name}")
        case list():
            for one in value:
                yield from kinds(one, f"{path}[]")
        case None:
            return
        case bool() | str():
            yield path, type(value).__name__
        case _:
            yield path, "number"


def recorded(name: str) -> Any:
    """Return a payload that was kept of the venue."""
    rows = [json.loads(one) for one in lines_of("api/fixtures/kraken.jsonl.zst")]
    return next(one["payload"] for one in rows if one["name"] == name)


def check(theirs: Any, ours: Any) -> None:
    """Hold ours against theirs: nothing they have is missing, or of another kind."""
    wanted = {one for one in kinds(theirs) if one[0] not in NOT_OURS}
    assert wanted
    assert wanted <= set(kinds(ours)), sorted(wanted - set(kinds(ours)))


@pytest.fixture
def desk() -> KrakenDesk:
    """Return a venue where something happened."""
    desk = KrakenDesk()
    desk.pass_time(60 * SECOND_NS)
    desk.order("buy", "market", "0.1", userref="7")
    desk.ask("CancelOrder", txid=desk.order("buy", "limit", "0.1", price="50000", userref="7"))
    return desk


@needs_data
@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_answer_has_the_fields_that_were_recorded(name: str, desk: KrakenDesk) -> None:
    path, params = PUBLIC[name]
    check(recorded(name)["result"], desk.get(path, **params))


@needs_data
@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_answer_has_the_fields_that_were_recorded(name: str, desk: KrakenDesk) -> None:
    check(recorded(name)["result"], desk.ask(PRIVATE[name]))


@needs_data
def test_answers_to_orders_have_the_fields_that_were_recorded(desk: KrakenDesk) -> None:
    txid = desk.order("buy", "limit", "0.1", price="50000")
    check(recorded("http_cancel_order_spot")["result"], desk.ask("CancelOrder", txid=txid))
    limit = {
        "order_type": "limit", "side": "buy", "symbol": SYMBOL, "order_qty": 0.01,
        "limit_price": 50000,
    }  # fmt: skip
    told = desk.open(private=True).trade("add_order", **limit, cl_ord_id="mine")
    theirs = recorded("ws_add_order_response_success")
    del theirs["result"]["order_userref"]  # an order has one of the two
    check(theirs, told)


@needs_data
def test_frames_of_streams_have_the_fields_that_were_recorded(desk: KrakenDesk) -> None:
    stream = desk.open()
    stream.call("subscribe", channel="trade", symbol=[SYMBOL])
    desk.order("buy", "market", "0.1")
    text = [one.text for one in stream.frames()]
    check(recorded("ws_trade_update"), json.loads(text[-1]))
    text = json.dumps({"method": "subscribe", "params": {"channel": "ticker", "symbol": [SYMBOL]}})
    desk.gateway.receive(stream.connection, text, desk.now_ns)
    check(recorded("ws_ticker_snapshot"), json.loads(stream.frames()[-1].text))
    desk.gateway.receive(stream.connection, '{"method":"ping","req_id":42}', desk.now_ns)
    check(recorded("ws_pong"), json.loads(stream.frames()[-1].text))


@needs_data
def test_requests_that_were_recorded_are_understood(desk: KrakenDesk) -> None:
    txid = desk.order("buy", "limit", "0.01", price="50000")
    stream = desk.open(private=True)
    amend, cancel = recorded("ws_amend_order_request"), recorded("ws_cancel_order_request")
    token = desk.ask("GetWebSocketsToken")["token"]
    amend["params"] |= {"order_id": txid, "token": token}
    *_, told = stream.send(amend)
    assert (told["success"], told["req_id"]) == (True, 43)
    assert desk.one(txid)["vol"] == "0.00500"
    cancel["params"] |= {"order_id": [txid], "token": token}
    *_, told = stream.send(cancel)
    assert told["result"]["order_id"] == txid


def test_the_store_reads_the_pairs_as_it_reads_those_of_the_venue() -> None:
    found = read_kraken(KrakenDesk().get("AssetPairs"), None, 0)
    (pair,) = found.instruments
    assert (pair.symbol, pair.tick, pair.lot) == (SYMBOL, Decimal("0.01"), Decimal("0.00001"))
    assert (pair.min_qty, pair.min_notional) == (Decimal("0.0001"), Decimal(5))
    assert (pair.fees[0].maker, pair.fees[0].taker) == (0.001, 0.001)
