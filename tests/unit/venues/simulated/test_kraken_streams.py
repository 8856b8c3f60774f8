"""Streams of Kraken, version 2: books with their checksums, orders, balances."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.kraken_desk import SYMBOL, WS, KrakenDesk, Stream

from ballast.core.marketdata import PRICE, QTY, BookUpdate, Grid, Side
from ballast.venues.books.builder import BookBuilder, Cause, State
from ballast.venues.books.rules import rules_of
from ballast.venues.normalise.parse import normalise
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.wire.faults import Command, Fault
from ballast.venues.simulated.wire.messages import Close, Request, Response, Text

SECOND_NS = 1_000_000_000


def rows(frames: list[Any], channel: str) -> list[Any]:
    """Return the rows that a channel sent."""
    return [
        row
        for one in frames
        if isinstance(one, dict) and one.get("channel") == channel
        for row in one["data"]
    ]


def subscribed(stream: Stream, channel: str, **params: Any) -> list[Any]:
    """Subscribe; return the rows that came at once."""
    said = stream.call("subscribe", channel=channel, **params)
    (answer,) = [one for one in said if one.get("method") == "subscribe"]
    assert answer["success"], answer
    return rows(said, channel)


def private(desk: KrakenDesk, channel: str, **params: Any) -> tuple[Stream, list[Any]]:
    """Subscribe to a private channel of a new connection."""
    stream = desk.open(private=True)
    token = desk.ask("GetWebSocketsToken")["token"]
    return stream, subscribed(stream, channel, token=token, **params)


# The connection ----------------------------------------------------------------------------


def test_a_connection_hears_the_state_first_then_pongs_and_heartbeats() -> None:
    desk = KrakenDesk()
    stream = desk.open()
    status, pong = stream.call("ping")
    assert (status["channel"], status["data"][0]["api_version"]) == ("status", "v2")
    assert (pong["method"], pong["req_id"]) == ("pong", 7)
    desk.pass_time(30 * SECOND_NS)
    assert stream.heard() == []  # no subscription, no heartbeat
    subscribed(stream, "book", symbol=[SYMBOL])
    desk.pass_time(SECOND_NS)
    assert stream.heard() == [{"channel": "heartbeat"}]
    desk.pass_time(600 * SECOND_NS)
    assert not any(isinstance(one, Close) for one in stream.heard())


def test_a_silent_connection_without_subscription_is_closed_after_a_minute() -> None:
    desk = KrakenDesk()
    stream = desk.open()
    desk.pass_time(59 * SECOND_NS)
    stream.call("ping")
    desk.pass_time(61 * SECOND_NS)
    assert isinstance(stream.heard()[-1], Close)


def test_only_version_2_is_there() -> None:
    desk = KrakenDesk()
    found = desk.gateway.connect(Request("GET", WS, "/"), desk.now_ns)
    assert isinstance(found, Response)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"channel": "nothing"}, "Subscription name invalid"),
    ({"channel": "book", "symbol": ["XBT/USD"]}, "Currency pair not supported XBT/USD"),
    ({"channel": "book", "symbol": SYMBOL}, "Pair field must be an array"),
    ({"channel": "book", "symbol": [SYMBOL], "depth": 11}, "Subscription depth not supported"),
    ({"channel": "ohlc", "symbol": [SYMBOL], "interval": 2},
     "Subscription ohlc interval not supported"),
    ({"channel": "trade", "symbol": [SYMBOL], "snapshot": 1},
     "Subscription snapshot must be a boolean"),
    ({"channel": "executions"},
     "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com"),
]  # fmt: skip


@pytest.mark.parametrize(("params", "expected"), REFUSED)
def test_a_subscription_that_cannot_be_says_why(params: dict[str, Any], expected: str) -> None:
    *_, told = KrakenDesk().open().call("subscribe", **params)
    assert (told["success"], told["error"], told["req_id"]) == (False, expected, 7)


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{"method": 5}', '{"req_id": "x"}'])
def test_what_is_no_request_is_answered(text: str) -> None:
    *_, told = KrakenDesk().open().send(text)
    assert (told["success"], told["error"]) == (False, "Malformed request")


def test_a_subscription_is_one_until_it_is_given_up() -> None:
    desk = KrakenDesk()
    stream = desk.open()
    subscribed(stream, "trade", symbol=[SYMBOL])
    (again,) = stream.call("subscribe", channel="trade", symbol=[SYMBOL])
    assert again["error"] == "Already subscribed"
    (gone,) = stream.call("unsubscribe", channel="trade", symbol=[SYMBOL])
    assert gone["success"]
    (none,) = stream.call("unsubscribe", channel="trade", symbol=[SYMBOL])
    assert none["error"] == "Subscription Not Found"
    desk.walk("60000.01")
    assert stream.heard() == []


# Public data -------------------------------------------------------------------------------


class Follower:
    """Our own book, kept from the frames of a stream as they were sent."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.builder = BookBuilder(rules_of("KRAKEN"), GRID)

    def bids(self) -> list[int]:
        """Return the prices of the bids that are kept, best first."""
        rows = self.builder.book.rows(Side.BUY)[::-1]
        return [int(row[PRICE]) for row in rows if row[QTY]]

    def take(self, frames: list[Any]) -> None:
        """Take frames."""
        for frame in frames:
            if isinstance(frame, Text):
                events = normalise("KRAKEN", frame.text.encode(), {SYMBOL: GRID})
                assert isinstance(events, list), events
                for event in events:
                    if isinstance(event, BookUpdate):
                        self.builder.take(event)


GRID = Grid(Decimal("0.01"), Decimal("0.00001"))


def opened(desk: KrakenDesk, depth: int) -> tuple[Stream, Follower]:
    """Subscribe to a book, and follow it."""
    stream, follower = desk.open(), Follower()
    params = {"channel": "book", "symbol": [SYMBOL], "depth": depth}
    text = json.dumps({"method": "subscribe", "params": params})
    desk.gateway.receive(stream.connection, text, desk.now_ns)
    follower.take(stream.frames())
    return stream, follower


def test_a_book_kept_by_our_own_builder_agrees_in_every_checksum() -> None:
    desk = KrakenDesk(climbs=True)
    stream, follower = opened(desk, 10)
    for step in range(100):
        if step % 7 == 0:
            desk.exchange.submit(desk.account, desk.bid(59_000 + step))
        desk.pass_time(50_000_000)
        follower.take(stream.frames())
        assert follower.builder.state is State.LIVE, follower.builder.reason
    assert follower.builder.checked > 90
    view = desk.exchange.book(SYMBOL, 10)
    assert follower.bids()[:10] == [ticks for ticks, _ in view.bids]


def test_levels_come_into_sight_when_others_go() -> None:
    """Ten levels are followed: fifteen of ours lie behind them and move up."""
    desk = KrakenDesk()
    for step in range(15):
        desk.exchange.submit(desk.account, desk.bid(59_000 - step))
    stream, follower = opened(desk, 10)
    desk.pass_time(1)
    desk.exchange.cancel_all(desk.account)
    for step in range(15):
        desk.exchange.submit(desk.account, desk.bid(59_500 - step))
        desk.pass_time(1_000)
        follower.take(stream.frames())
        assert follower.builder.state is State.LIVE, follower.builder.reason
    view = desk.exchange.book(SYMBOL, 10)
    assert follower.bids()[:10] == [ticks for ticks, _ in view.bids]


def test_what_is_pushed_out_of_sight_is_not_told_and_what_changes_at_its_edge_is() -> None:
    desk = KrakenDesk()
    for step in range(6):
        desk.exchange.submit(desk.account, desk.bid(59_000 - step))
    stream = desk.open()
    subscribed(stream, "book", symbol=[SYMBOL])  # five of the street, and 59,000 to 58,996

    def told(price: int) -> list[tuple[str, str]]:
        desk.exchange.submit(desk.account, desk.bid(price))
        desk.pass_time(1_000)
        found = rows(stream.heard(), "book")
        return [(one["price"], one["qty"]) for row in found for one in row["bids"]]

    assert told(58_996) == [("58996.00", "0.00200")]
    assert told(58_995) == []  # behind the tenth
    assert told(59_500) == [("59500.00", "0.00100")]  # and 58,996 is out of sight


def test_a_lost_message_is_seen_in_the_checksum() -> None:
    desk = KrakenDesk()
    stream, follower = opened(desk, 10)
    desk.gateway.faults.command(Command(Fault.DROP_FRAME, "kraken STREAM /v2"))
    for price in (59_000, 59_001):
        desk.exchange.submit(desk.account, desk.bid(price))
        desk.pass_time(1_000)
    follower.take(stream.frames())
    assert (follower.builder.state, follower.builder.cause) == (State.GAP, Cause.CHECKSUM)


def test_numbers_are_json_numbers_with_the_decimals_of_their_market() -> None:
    desk = KrakenDesk()
    stream = desk.open()
    stream.send({"method": "ping"})
    text = json.dumps({"method": "subscribe", "params": {"channel": "book", "symbol": [SYMBOL]}})
    desk.gateway.receive(stream.connection, text, desk.now_ns)
    *_, book = stream.frames()
    assert '"asks":[{"price":60000.01,"qty":1.00000}' in book.text


def test_trades_tickers_and_candles_tell_what_was_traded() -> None:
    desk = KrakenDesk()
    desk.pass_time(SECOND_NS)
    stream = desk.open()
    assert subscribed(stream, "trade", symbol=[SYMBOL]) == []
    (ticker,) = subscribed(stream, "ticker", symbol=[SYMBOL])
    assert (ticker["bid"], ticker["ask"], ticker["last"]) == ("59999.99", "60000.01", "60000.00")
    assert subscribed(stream, "ohlc", symbol=[SYMBOL], interval=5)
    desk.order("buy", "market", "0.3")
    said = stream.heard()
    (trade,) = rows(said, "trade")
    assert (trade["side"], trade["price"], trade["qty"]) == ("buy", "60000.01", "0.30000")
    assert rows(said, "ticker")[-1]["last"] == "60000.01"
    candle = rows(said, "ohlc")[-1]
    assert (candle["close"], candle["trades"], candle["interval"]) == ("60000.01", 2, 5)
    last = subscribed(desk.open(), "trade", symbol=[SYMBOL], snapshot=True)
    assert last[-1]["trade_id"] == trade["trade_id"]


def test_a_ticker_by_best_prices_is_silent_while_they_stand() -> None:
    desk = KrakenDesk()
    stream = desk.open()
    subscribed(stream, "ticker", symbol=[SYMBOL], event_trigger="bbo")
    subscribed(stream, "ticker", symbol=[SYMBOL])  # each trigger is a subscription of its own
    desk.order("buy", "limit", "0.1", price="50000")
    assert rows(stream.heard(), "ticker") == []
    desk.order("buy", "limit", "0.1", price="60000")
    assert rows(stream.heard(), "ticker")[0]["bid"] == "60000.00"


def test_instruments_are_told_again_when_one_is_halted() -> None:
    desk = KrakenDesk()
    stream = desk.open()
    *_, told = stream.call("subscribe", channel="instrument")
    (pair,) = told["data"]["pairs"]
    assert (pair["symbol"], pair["status"], pair["qty_precision"]) == (SYMBOL, "online", 5)
    assert [one["id"] for one in told["data"]["assets"]] == ["BTC", "USD"]
    desk.exchange.set_trading(SYMBOL, Trading.CANCEL_ONLY)
    desk.pass_time(1)
    *_, told = stream.heard()
    assert told["data"]["pairs"][0]["status"] == "cancel_only"


# What is one's own -------------------------------------------------------------------------


def test_a_token_is_needed_good_for_a_quarter_of_an_hour_and_for_its_connection() -> None:
    desk = KrakenDesk()
    stream = desk.open(private=True)
    *_, told = stream.call("subscribe", channel="executions", token=desk.key.key)
    assert told["error"] == "ESession:Invalid session"
    token = desk.ask("GetWebSocketsToken")["token"]
    late = desk.ask("GetWebSocketsToken")["token"]
    subscribed(stream, "executions", token=token)
    desk.pass_time(901 * SECOND_NS)
    stream.heard()
    (told,) = stream.call("cancel_all", token=token)
    assert told["result"] == {"count": 0}
    (told,) = stream.call("cancel_all", token=late)
    assert told["error"] == "ESession:Invalid session"
    *_, told = stream.call("subscribe", channel="book", symbol=[SYMBOL])
    assert told["error"] == "Public market data is unavailable on this endpoint. Try ws.kraken.com"
    *_, told = desk.open().call("add_order", token=token)
    assert told["error"].startswith("Private data and trading are unavailable")


def test_the_life_of_an_order_is_told_step_by_step() -> None:
    desk = KrakenDesk()
    stream, first = private(desk, "executions")
    assert first == []
    rest = desk.order("buy", "limit", "0.01", price="50000", cl_ord_id="mine")
    told = rows(stream.heard(), "executions")
    assert [one["exec_type"] for one in told] == ["pending_new", "new"]
    assert (told[0]["limit_price"], told[0]["order_qty"]) == ("50000.00", "0.01000")
    assert {one["order_id"] for one in told} == {rest}
    assert {one["cl_ord_id"] for one in told} == {"mine"}
    desk.ask("AmendOrder", txid=rest, order_qty="0.02")
    (told,) = rows(stream.heard(), "executions")
    assert (told["exec_type"], told["order_qty"]) == ("amended", "0.02000")
    desk.ask("CancelOrder", txid=rest)
    (told,) = rows(stream.heard(), "executions")
    assert (told["exec_type"], told["order_status"]) == ("canceled", "canceled")
    assert told["reason"] == "User requested"
    desk.order("buy", "market", "0.1")
    kinds = {one["exec_type"]: one for one in rows(stream.heard(), "executions")}
    assert list(kinds) == ["pending_new", "new", "trade", "filled"]
    trade = kinds["trade"]
    assert trade["order_status"] == "partially_filled"  # that it is whole is said apart
    assert (trade["last_qty"], trade["last_price"], trade["liquidity_ind"]) == (
        "0.10000", "60000.01", "t",
    )  # fmt: skip
    assert trade["fees"] == [{"asset": "USD", "qty": "6.00000100"}]
    assert (kinds["filled"]["cum_qty"], kinds["filled"]["avg_price"]) == ("0.10000", "60000.01")
    history = desk.ask("TradesHistory")["trades"]
    assert list(history) == [trade["exec_id"]]


def test_a_snapshot_has_open_orders_and_on_request_the_last_trades() -> None:
    desk = KrakenDesk()
    rest = desk.order("sell", "trailing-stop", "0.01", price="+100")
    desk.order("buy", "market", "0.1")
    stream, told = private(desk, "executions", snap_trades=True, order_status=False)
    assert [one["exec_type"] for one in told] == ["new", "trade"]
    assert told[0]["order_id"] == rest
    assert told[0]["triggers"]["status"] == "untriggered"
    desk.order("buy", "limit", "0.1", price="50000")
    kinds = [one["exec_type"] for one in rows(stream.heard(), "executions")]
    assert kinds == ["new"]  # only what opens and closes


def test_balances_are_told_when_money_moves_not_when_it_is_held() -> None:
    desk = KrakenDesk()
    stream, told = private(desk, "balances")
    assert {one["asset"]: one["balance"] for one in told} == {
        "BTC": "2.00000000", "USD": "100000.00000000",
    }  # fmt: skip
    desk.order("buy", "limit", "0.1", price="50000")
    assert rows(stream.heard(), "balances") == []
    desk.order("buy", "market", "0.1")
    told = {one["asset"]: one for one in rows(stream.heard(), "balances")}
    assert (told["BTC"]["amount"], told["BTC"]["fee"]) == ("0.10000000", "0.00000000")
    usd = told["USD"]
    assert (usd["amount"], usd["fee"]) == ("-6000.00100000", "6.00000100")
    assert usd["balance"] == "93993.99899900"
