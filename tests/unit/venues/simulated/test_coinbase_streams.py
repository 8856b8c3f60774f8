"""Websocket of Coinbase: subscriptions, numbers without gaps, what each channel tells."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.coinbase_desk import LISTING, SYMBOL, CoinbaseDesk, Stream, id_of
from tests.fakes.recorded import AnySymbol

from ballast.core.marketdata import BookUpdate, Candle, Grid, Quote, TheirFault, Trade
from ballast.venues.normalise.parse import normalise
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.wire.messages import Close

SECOND_NS = 1_000_000_000


def pass_seconds(stream: Stream, seconds: int) -> list[Any]:
    """Let seconds pass, a tenth at a time; return what was heard."""
    for _ in range(10 * seconds):
        stream.desk.pass_time(SECOND_NS // 10)
    return stream.heard()


def of(said: list[Any], channel: str) -> list[Any]:
    """Return the events of one channel."""
    return [event for one in said if one.get("channel") == channel for event in one["events"]]


def test_who_subscribes_nothing_within_five_seconds_is_dropped() -> None:
    desk = CoinbaseDesk()
    idle, busy = desk.open(), desk.open()
    busy.subscribe("heartbeats")
    idle.send({"type": "subscribe", "channel": "nothing"})
    assert pass_seconds(idle, 5) == []
    desk.pass_time(1)
    (said,) = idle.heard()
    assert isinstance(said, Close)
    assert not any(isinstance(one, Close) for one in pass_seconds(busy, 10))


def test_a_connection_without_news_is_dropped_and_heartbeats_keep_it() -> None:
    desk = CoinbaseDesk()
    quiet, alive = desk.open(), desk.open()
    quiet.subscribe("status", SYMBOL)
    alive.subscribe("status", SYMBOL)
    alive.subscribe("heartbeats")
    desk.pass_time(91 * SECOND_NS)
    assert [type(one) for one in quiet.heard()] == [Close]
    assert of(alive.heard(), "heartbeats")


def test_every_message_of_a_connection_has_the_next_number() -> None:
    desk = CoinbaseDesk(climbs=True)
    stream, other = desk.open(), desk.open()
    other.subscribe("level2", SYMBOL)
    said: list[Any] = []
    for channel in ("heartbeats", "level2", "ticker", "market_trades", "candles", "status"):
        said += stream.subscribe(channel, SYMBOL)
    said += stream.user()
    said += pass_seconds(stream, 3)
    assert [one["sequence_num"] for one in said] == list(range(len(said)))
    assert {one["channel"] for one in said} == {
        "subscriptions", "heartbeats", "l2_data", "ticker", "market_trades", "candles", "status",
        "user",
    }  # fmt: skip


def test_level2_is_the_whole_book_and_then_each_change_of_it() -> None:
    desk = CoinbaseDesk(climbs=True)
    stream = desk.open()
    said = stream.subscribe("level2", SYMBOL)
    desk.limit("mine", "BUY", "0.5", "50000")
    said += pass_seconds(stream, 5)
    book: dict[str, dict[str, str]] = {"bid": {}, "offer": {}}
    kinds = []
    for event in of(said, "l2_data"):
        kinds.append(event["type"])
        for one in event["updates"]:
            book[one["side"]][one["price_level"]] = one["new_quantity"]
    assert kinds[0] == "snapshot"
    assert set(kinds[1:]) == {"update"}
    kept = {side: {price: qty for price, qty in levels.items() if qty != "0"}
            for side, levels in book.items()}  # fmt: skip
    told = desk.get("product_book", f"product_id={SYMBOL}")["pricebook"]
    assert kept["bid"] == {one["price"]: one["size"] for one in told["bids"]}
    assert kept["offer"] == {one["price"]: one["size"] for one in told["asks"]}
    assert kept["bid"]["50000"] == "0.5"


def test_trades_are_gathered_and_their_side_is_the_makers() -> None:
    desk = CoinbaseDesk()
    stream = desk.open()
    (before,) = of(stream.subscribe("market_trades", SYMBOL), "market_trades")
    assert before["type"] == "snapshot"
    desk.create("a", "BUY", {"market_market_ioc": {"base_size": "1.5"}})
    stream.heard()
    (after,) = of(pass_seconds(stream, 1), "market_trades")
    assert [(one["price"], one["size"], one["side"]) for one in after["trades"]] == [
        ("60000.02", "0.5", "SELL"), ("60000.01", "1", "SELL"),
    ]  # fmt: skip


def test_a_ticker_comes_with_each_trade_and_a_batch_every_five_seconds() -> None:
    desk = CoinbaseDesk()
    each, batch = desk.open(), desk.open()
    each.subscribe("ticker", SYMBOL)
    batch.subscribe("ticker_batch", SYMBOL)
    for price in ("60001", "60002"):
        desk.walk(price)
    assert [one["tickers"][0]["price"] for one in of(each.heard(), "ticker")] == ["60001", "60002"]
    assert of(batch.heard(), "ticker_batch") == []
    (told,) = of(pass_seconds(batch, 11), "ticker_batch")
    assert told["tickers"][0]["price"] == "60002"


def test_status_tells_a_halt() -> None:
    desk = CoinbaseDesk()
    stream = desk.open()
    stream.subscribe("status", SYMBOL)
    desk.exchange.set_trading(SYMBOL, Trading.HALTED)
    desk.pass_time(1)
    (told,) = of(stream.heard(), "status")
    assert told["products"][0]["status"] == "offline"
    assert desk.get(f"products/{SYMBOL}")["trading_disabled"] is True


def test_orders_are_told_to_their_owner_only_with_the_fee_of_each_trade() -> None:
    desk = CoinbaseDesk()
    desk.limit("before", "BUY", "0.1", "50000")
    stream, market = desk.open(), desk.open()
    (first,) = of(stream.user(), "user")
    assert [one["client_order_id"] for one in first["orders"]] == ["before"]
    market.subscribe("ticker", SYMBOL)
    made = desk.create(
        "a", "BUY", {"limit_limit_gtc": {"base_size": "1.5", "limit_price": "60000.01"}}
    )
    desk.post("orders/batch_cancel", {"order_ids": [id_of(made)]})
    told = [one for event in of(stream.heard(), "user") for one in event["orders"]]
    assert [(one["status"], one["cumulative_quantity"], one["total_fees"]) for one in told] == [
        ("OPEN", "0", "0"), ("OPEN", "1", "720.00012"), ("CANCELLED", "1", "720.00012"),
    ]  # fmt: skip
    assert told[-1]["leaves_quantity"] == "0.5"
    assert of(market.heard(), "user") == []


@pytest.mark.parametrize(
    "frame",
    ["", "no json", "[]", "7", '{"type":"subscribe"}', '{"type":"shout","channel":"ticker"}',
     '{"type":"subscribe","channel":["ticker"]}', '{"type":"subscribe","channel":"ticker"}',
     '{"type":"subscribe","channel":"ticker","product_ids":["ETH-USD"]}',
     '{"type":"subscribe","channel":"ticker","product_ids":"BTC-USD"}',
     '{"type":"subscribe","channel":"ticker","product_ids":["BTC-USD"],"jwt":"a.b.c"}',
     '{"type":"subscribe","channel":"user","product_ids":["BTC-USD"]}',
     '{"type":"subscribe","channel":"user","jwt":7}', "[" * 100_000],
)  # fmt: skip
def test_a_frame_that_cannot_be_taken_is_answered_with_an_error(frame: str) -> None:
    stream = CoinbaseDesk().open()
    (said,) = stream.send(frame)
    assert said["type"] == "error"
    assert said["message"]


def test_more_than_eight_frames_a_second_are_refused() -> None:
    stream = CoinbaseDesk().open()
    said = [stream.subscribe("heartbeats")[0] for _ in range(9)]
    assert [one.get("type") for one in said] == [None] * 8 + ["error"]


def test_an_unsubscribed_product_is_silent_and_the_rest_goes_on() -> None:
    desk = CoinbaseDesk()
    stream = desk.open()
    stream.subscribe("ticker", SYMBOL)
    stream.subscribe("heartbeats")
    (told,) = stream.send({"type": "unsubscribe", "channel": "ticker", "product_ids": [SYMBOL]})
    assert told["events"] == [{"subscriptions": {"heartbeats": ["heartbeats"]}}]
    desk.walk("60001")
    assert {one["channel"] for one in pass_seconds(stream, 2)} == {"heartbeats"}


def test_our_own_reader_of_coinbase_understands_every_message() -> None:
    """The messages fit what was written against recorded ones."""
    desk = CoinbaseDesk(climbs=True)
    stream = desk.open()
    said: list[Any] = []
    for channel in ("heartbeats", "level2", "ticker", "market_trades", "candles", "status"):
        said += stream.subscribe(channel, SYMBOL)
    said += pass_seconds(stream, 3)
    grid = AnySymbol(Grid(LISTING.tick, LISTING.lot))
    found = [
        event for one in said for event in normalise("COINBASE", json.dumps(one).encode(), grid)
    ]
    assert not any(isinstance(one, TheirFault) for one in found)
    assert {BookUpdate, Candle, Quote, Trade} <= {type(one) for one in found}
