"""Conversations with Bybit: what is said, what is understood, and how they end."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from tests.data import SHARED, needs_data
from tests.fakes.bybit_desk import NAME, BybitDesk
from tests.unit.venues.clients.bybit.asked import NOW_MS, ScriptedAsker
from tests.unit.venues.clients.bybit.markets import LINEAR, SPOT, market_of
from tests.unit.venues.clients.bybit.test_rows import ORDER, TRADE

from ballast.core.marketdata import BookUpdate, Candle, Quote, Trade
from ballast.core.orders import Fill, OrderStatus
from ballast.core.reports import OrderReport, Source
from ballast.core.time import Timeframe
from ballast.venues.clients.account import Balance, VenuePosition
from ballast.venues.clients.bybit.private import PrivateStream
from ballast.venues.clients.bybit.public import DepthStream, PublicStream
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.desk import Conversation, Heard, Paid

MINUTE = Timeframe.parse("1m")


def private(category: Any = LINEAR, *names: str) -> PrivateStream:
    markets = [market_of(category, one) for one in names or (NAME,)]
    return PrivateStream(category, markets, ScriptedAsker())


def heard(stream: Conversation, **frame: Any) -> Heard:
    return stream.hear(json.dumps(frame).encode(), 0)


def address(stream: Conversation) -> str:
    return asyncio.run(stream.url())


# The private stream --------------------------------------------------------------------------


def test_a_login_is_signed_with_the_venues_time_and_awaited_before_anything_is_subscribed() -> None:
    stream = private()
    assert address(stream) == "wss://stream.bybit.com/v5/private"
    (login,) = [json.loads(one) for one in stream.greeting(7)]
    until = NOW_MS + 10_000
    assert login["op"] == "auth"
    assert login["args"] == ["key", until, f"hex(GET/realtime{until})"]
    answer = heard(stream, op="auth", success=True, ret_msg="", conn_id="c")
    (subscription,) = [json.loads(one) for one in answer.replies]
    assert subscription["op"] == "subscribe"
    assert subscription["args"] == ["order", "execution", "wallet", "position"]
    assert not answer.is_ready
    assert heard(stream, op="subscribe", success=True, ret_msg="", conn_id="c") == Heard(
        is_ready=True
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"op": "auth", "success": False, "ret_msg": "Invalid sign"}, "Invalid sign"),
        ({"op": "auth", "success": False, "retCode": 10003, "retMsg": "Invalid apikey"}, "apikey"),
        ({"op": "auth", "retCode": 10003}, "no reason given"),
        ({"op": "subscribe", "success": False, "ret_msg": "handler not found"}, "handler"),
    ],
)
def test_a_refusal_ends_the_conversation_and_says_why(answer: dict[str, Any], why: str) -> None:
    told = heard(private(), **answer)
    assert why in told.ends
    assert (told.verdict is Verdict.KEY) is (answer["op"] == "auth")
    assert not told.is_ready


def test_a_login_that_came_late_is_no_fault_of_the_key() -> None:
    told = heard(private(), op="auth", success=False, ret_msg="Params Error")
    assert told.verdict is None
    late = heard(private(), op="auth", success=False, ret_msg="request expires too early")
    assert late.verdict is Verdict.CLOCK


def test_pings_are_text_and_pongs_are_no_news() -> None:
    for stream in (private(), PublicStream(SPOT, [market_of(SPOT)], MINUTE)):
        said = stream.ping(0)
        assert said is not None
        assert json.loads(said)["op"] == "ping"
        assert stream.ping_s == 18.0
        assert stream.keep_s == 0.0
    assert heard(private(), success=True, ret_msg="", op="unsubscribe") == Heard()
    assert heard(private(), req_id="ping", op="pong", args=["1"], conn_id="c") == Heard()
    assert heard(private(), success=True, ret_msg="pong", op="ping") == Heard()
    public = PublicStream(SPOT, [market_of(SPOT)], MINUTE)
    assert heard(public, success=True, ret_msg="pong", op="ping", req_id="ping") == Heard()


def row(base: dict[str, Any], category: str = "linear", **more: Any) -> dict[str, Any]:
    return {**base, "category": category, **more}


def test_orders_and_trades_of_our_symbols_in_our_category_are_told() -> None:
    stream = private()
    told = heard(
        stream, topic="order", id="1", creationTime=1,
        data=[row(ORDER), row(ORDER, "spot"), row(ORDER, symbol="ETHUSDT")],
    )  # fmt: skip
    (report,) = told.news
    assert isinstance(report, OrderReport)
    assert (report.source, report.status) == (Source.STREAM, OrderStatus.NEW)
    told = heard(stream, topic="execution", data=[row(TRADE), row(TRADE, "spot")])
    (fill,) = told.news
    assert isinstance(fill, Fill)
    funding = row(TRADE, execType="Funding", execFee="0.5", orderId="")
    (paid,) = heard(stream, topic="execution", data=[funding]).news
    assert isinstance(paid, Paid)
    assert paid.amount == Decimal("0.5")
    settled = row(TRADE, execType="Settle")
    assert heard(stream, topic="execution", data=[settled]).news == ()


def test_the_wallet_is_told_coin_by_coin_and_a_position_with_its_sign() -> None:
    stream = private()
    coins = [
        {"coin": "USDT", "walletBalance": "100.5", "totalOrderIM": "0.5", "totalPositionIM": ""},
        {"coin": "BTC", "walletBalance": "0"},
    ]
    told = heard(stream, topic="wallet", data=[{"accountType": "UNIFIED", "coin": coins}])
    assert told.news == (
        Balance("USDT", Decimal("100.5"), Decimal(100)),
        Balance("BTC", Decimal(0), Decimal(0)),
    )
    position = {"positionIdx": 0, "symbol": NAME, "side": "Sell", "size": "0.002",
                "entryPrice": "60000", "category": "linear"}  # fmt: skip
    (held,) = heard(stream, topic="position", data=[position]).news
    assert isinstance(held, VenuePosition)
    assert (held.lots, held.entry) == (-2, Decimal(60_000))


@pytest.mark.parametrize(
    "frame",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"topic":"surprise","data":[]}',
        b'{"topic":"order"}',
        b'{"topic":"order","data":[{"category":"linear","symbol":"BTCUSDT"}]}',
        b'{"topic":"wallet","data":[]}',
        b'{"topic":"execution","data":[7]}',
    ],
)
def test_a_frame_that_cannot_be_read_is_not_passed_over(frame: bytes) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        private().hear(frame, 0)


def test_the_private_stream_of_a_venue_tells_what_happens_to_orders() -> None:
    """The frames are those of the simulated venue, which was written without this reader."""
    desk = BybitDesk()
    desk.at(1)
    mine, theirs = (
        PrivateStream(LINEAR, [market_of(LINEAR)], ScriptedAsker()),
        desk.open("/v5/private"),
    )
    desk.tell(theirs, op="auth", args=desk.auth())
    answer = desk.tell(theirs, op="subscribe", args=["order", "execution", "wallet", "position"])
    assert heard(mine, **answer[0]).is_ready
    desk.order(side="Buy", orderType="Market", qty="0.002", orderLinkId="entry")
    desk.order("spot", side="Buy", orderType="Limit", qty="0.001", price="50000")
    desk.order(
        side="Sell", orderType="Market", qty="0.002", triggerPrice="58000", triggerDirection=2,
        reduceOnly=True, orderLinkId="stop",
    )  # fmt: skip
    news = [one for frame in desk.heard(theirs) for one in heard(mine, **frame).news]
    orders = [(one.client_id, one.status) for one in news if isinstance(one, OrderReport)]
    assert orders == [("entry", OrderStatus.FILLED), ("stop", OrderStatus.UNTRIGGERED)]
    fills = [one for one in news if isinstance(one, Fill)]
    assert [(one.client_id, one.qty_lots) for one in fills] == [("entry", 2)]
    held = [one for one in news if isinstance(one, VenuePosition)]
    assert held[-1].lots == 2
    usdt = [one for one in news if isinstance(one, Balance) and one.asset == "USDT"]
    assert usdt[-1].total < Decimal(100_000)  # the fee


# Public streams ------------------------------------------------------------------------------


def test_topics_go_in_tens_and_all_must_be_granted() -> None:
    markets = [market_of(SPOT, one) for one in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT")]
    stream = PublicStream(SPOT, markets, Timeframe.parse("4h"))
    assert address(stream) == "wss://stream.bybit.com/v5/public/spot"
    frames = [json.loads(one) for one in stream.greeting(0)]
    assert [len(one["args"]) for one in frames] == [10, 2]
    topics = [topic for one in frames for topic in one["args"]]
    assert len(set(topics)) == 12
    assert {"kline.240.BTCUSDT", "orderbook.1.ADAUSDT", "publicTrade.SOLUSDT"} <= set(topics)
    granted = {"success": True, "ret_msg": "", "op": "subscribe", "conn_id": "c"}
    assert not heard(stream, **granted, req_id="1").is_ready
    assert not heard(stream, **granted, req_id="1").is_ready  # told twice
    assert heard(stream, **granted, req_id="0").is_ready
    refused = {**granted, "success": False, "ret_msg": "handler not found", "req_id": "1"}
    assert "handler not found" in heard(stream, **refused).ends


def test_bars_best_prices_and_trades_are_told_under_our_names() -> None:
    stream = PublicStream(LINEAR, [market_of(LINEAR, "BTCUSDC", "BTCPERP")], MINUTE)
    bar = {"start": 60_000, "end": 119_999, "interval": "1", "open": "1", "close": "2",
           "high": "3", "low": "0.5", "volume": "7", "turnover": "1", "confirm": False,
           "timestamp": 61_000}  # fmt: skip
    (candle,) = heard(stream, topic="kline.1.BTCPERP", type="snapshot", ts=1, data=[bar]).news
    assert isinstance(candle, Candle)
    assert (candle.symbol, candle.high_ticks, candle.is_closed) == ("BTCUSDC", 30, False)
    book = {"s": "BTCPERP", "b": [["60000.1", "0.5"]], "a": [], "u": 9, "seq": 1}
    (quote,) = heard(
        stream, topic="orderbook.1.BTCPERP", type="snapshot", ts=5, cts=4, data=book
    ).news
    assert quote == Quote("BTCUSDC", 4_000_000, 600_001, 500, 0, 0, update_id=9)
    taken = {"T": 3, "s": "BTCPERP", "S": "Sell", "v": "0.002", "p": "59999.9", "i": "x"}
    (trade,) = heard(stream, topic="publicTrade.BTCPERP", type="snapshot", ts=3, data=[taken]).news
    assert isinstance(trade, Trade)
    assert (trade.symbol, trade.price_ticks, trade.qty_lots) == ("BTCUSDC", 599_999, 2)


def test_a_frame_off_the_grid_or_of_another_shape_is_not_passed_over() -> None:
    stream = PublicStream(LINEAR, [market_of(LINEAR)], MINUTE)
    taken = {"T": 3, "s": NAME, "S": "Sell", "v": "0.0025", "p": "1", "i": "x"}
    with pytest.raises(ValueError, match="v"):
        heard(stream, topic=f"publicTrade.{NAME}", type="snapshot", ts=3, data=[taken])
    with pytest.raises(ValueError, match="message"):
        stream.hear(b"{", 0)


def test_a_timeframe_the_venue_has_not_is_refused() -> None:
    with pytest.raises(CallError) as caught:
        PublicStream(SPOT, [market_of(SPOT)], Timeframe.parse("45m"))
    assert caught.value.verdict is Verdict.REFUSED


def test_books_for_recording_stay_what_they_are() -> None:
    stream = DepthStream(LINEAR, [market_of(LINEAR)])
    assert stream.name == "public.depth"
    (said,) = [json.loads(one) for one in stream.greeting(0)]
    assert said["args"] == [f"orderbook.200.{NAME}"]
    book = {"s": NAME, "b": [["60000.1", "0"]], "a": [], "u": 9, "seq": 1}
    (update,) = heard(stream, topic=f"orderbook.200.{NAME}", type="delta", ts=5, data=book).news
    assert isinstance(update, BookUpdate)
    assert (update.is_snapshot, update.last_id, update.depth) == (False, 9, 200)


def test_the_public_stream_of_a_venue_is_understood() -> None:
    """Frames of the simulated venue: best prices and bars as it streams them."""
    for category in (SPOT, LINEAR):
        desk = BybitDesk()
        desk.at(1)
        mine = PublicStream(category, [market_of(category)], MINUTE)
        theirs = desk.open(f"/v5/public/{category.name}")
        frames = []
        for text in mine.greeting(0):
            frames += desk.tell(theirs, **json.loads(text))
        desk.order(category.name, side="Buy", orderType="Market", qty="0.002",
                   **({"marketUnit": "baseCoin"} if category is SPOT else {}))  # fmt: skip
        desk.at(2)
        frames += desk.heard(theirs)
        told = [heard(mine, **one) for one in frames]
        assert [one.is_ready for one in told].count(True) == 1
        news = [one for found in told for one in found.news]
        kinds = {type(one) for one in news}
        assert kinds == {Quote, Candle, Trade}
        quote = next(one for one in news if isinstance(one, Quote))
        assert 0 < quote.bid_ticks < quote.ask_ticks


# Recorded payloads ---------------------------------------------------------------------------


@needs_data
def test_payloads_of_the_venue_itself_are_read() -> None:
    """Examples and captures that others published; names and texts as the venue sends them."""
    payloads = {}
    for line in (SHARED / "api" / "fixtures" / "bybit.jsonl").read_text().splitlines():
        record = json.loads(line)
        payloads[record["name"]] = record["payload"]
    stream = private(LINEAR, "BTCUSDT", "ETHUSDT")
    assert heard(stream, **payloads["ws_auth_success"]).replies
    assert "Invalid apikey" in heard(stream, **payloads["ws_auth_failure"]).ends
    assert heard(stream, **payloads["ws_subscription_failure"]).ends
    statuses = {
        "ws_account_order": OrderStatus.CANCELLED,
        "ws_account_order_stop_market": OrderStatus.UNTRIGGERED,
        "ws_account_order_take_profit": OrderStatus.UNTRIGGERED,
        "ws_account_order_market_if_touched": OrderStatus.UNTRIGGERED,
    }
    for name, status in statuses.items():
        (report,) = heard(stream, **payloads[name]).news
        assert isinstance(report, OrderReport)
        assert report.status is status, name
    balances = heard(stream, **payloads["ws_account_wallet"]).news
    assert balances[0] == Balance("BTC", Decimal("0.00102964"), Decimal("0.00092964"))
    assert balances[1] == Balance("USDT", Decimal("9647.75537647"), Decimal("9519.89806037"))
