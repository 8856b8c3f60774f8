"""Coinbase's sockets: orders as REST tells them, best prices, trades, halts, bars, books."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.data import needs_data
from tests.fakes.coinbase_desk import CoinbaseDesk
from tests.fakes.recorded import lines_of
from tests.unit.venues.clients.coinbase.venue import SYMBOL, Line, Signs, products_of

from ballast.core.marketdata import BookUpdate, Candle, Quote, Trade
from ballast.core.orders import EndReason, OrderStatus
from ballast.core.reports import OrderReport, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.calls import Verdict
from ballast.venues.clients.coinbase.private import PrivateTalk
from ballast.venues.clients.coinbase.public import BookTalk, PublicTalk
from ballast.venues.clients.coinbase.rows import fill_of, order_report, pushed_report
from ballast.venues.clients.desk import Listed
from ballast.venues.clients.known import Known
from ballast.venues.simulated.engine.events import Trading

OWN, OTHER = "blsaaaaaaaaaaaaaaa", "bleaaaaaaaaaaaaaaa"
SECOND_NS = 1_000_000_000
BAR_NS = 300 * SECOND_NS


@pytest.fixture
def venue() -> CoinbaseDesk:
    found = CoinbaseDesk()
    found.pass_time(BAR_NS - found.now_ns % BAR_NS)  # a bar begins
    return found


def private(venue: CoinbaseDesk, known: Known | None = None) -> Line:
    return Line(venue, PrivateTalk(products_of(venue), known or Known(), Signs(venue), [SYMBOL]))


def public(venue: CoinbaseDesk, minutes: int = 5) -> Line:
    return Line(venue, PublicTalk(products_of(venue), [SYMBOL], minutes))


def reports(news: list[Any]) -> list[OrderReport]:
    return [one for one in news if isinstance(one, OrderReport)]


def by_rest(venue: CoinbaseDesk, name: str) -> OrderReport:
    found = order_report(products_of(venue), venue.order(name))
    assert found is not None
    return found


# Orders ------------------------------------------------------------------------------------


def test_it_is_ready_once_all_open_orders_were_told(venue: CoinbaseDesk) -> None:
    for number in range(3):
        venue.limit(f"{OTHER[:-1]}{number}", "BUY", "0.01", "50000")
    line = private(venue)
    assert (line.times_ready, line.ends) == (1, "")
    told = [one for heard in line.heard for one in heard.news]
    assert len(reports(told)) == 3
    talk = line.talk
    assert isinstance(talk, PrivateTalk)
    venue.pass_time(3 * SECOND_NS)
    assert line.take() == []  # heartbeats
    assert line.times_ready == 1


def test_each_subscription_of_an_account_has_a_token_of_its_own(venue: CoinbaseDesk) -> None:
    signs = Signs(venue)
    line = Line(venue, PrivateTalk(products_of(venue), Known(), signs, [SYMBOL]))
    assert (signs.tokens, line.ends) == (2, "")


def test_the_life_of_a_limit_order_is_told_as_rest_tells_it(venue: CoinbaseDesk) -> None:
    known = Known()
    line = private(venue, known)
    name = venue.limit(OTHER, "BUY", "0.1", "50000")
    told = reports(line.take())[-1]
    assert (told.client_id, told.status, told.filled_lots) == (OTHER, OrderStatus.NEW, 0)
    assert replace(told, at_ns=0, source=Source.QUERY) == replace(by_rest(venue, name), at_ns=0)
    assert known.name_of(OTHER) == name
    venue.post("orders/edit", {"order_id": name, "size": "0.2", "price": "50001"})
    changed = reports(line.take())[-1]
    assert (changed.qty_lots, changed.price_ticks) == (20_000, 5_000_100)
    venue.post("orders/batch_cancel", {"order_ids": [name]})
    ended = reports(line.take())[-1]
    assert (ended.status, ended.reason) == (OrderStatus.CANCELLED, EndReason.REQUESTED)
    assert by_rest(venue, name).status is OrderStatus.CANCELLED


def test_a_fill_shows_as_a_number_that_grew_and_the_history_has_it(venue: CoinbaseDesk) -> None:
    line = private(venue)
    said = venue.create(OTHER, "BUY", {"market_market_ioc": {"base_size": "1.5"}})
    name = said["success_response"]["order_id"]
    told = reports(line.take())
    assert [one.filled_lots for one in told] == sorted(one.filled_lots for one in told)
    assert (told[-1].status, told[-1].filled_lots) == (OrderStatus.FILLED, 150_000)
    rows = venue.get("orders/historical/fills")["fills"]
    fills = [fill_of(products_of(venue), row, OTHER) for row in rows]
    assert all(one is not None for one in fills)
    assert sum(one.qty_lots for one in fills if one) == 150_000
    assert len({one.trade_id for one in fills if one}) == len(rows) == 2
    assert {(one.order_id, one.fee_asset, one.is_maker) for one in fills if one} == {
        (number_of(name), "USD", False),
    }
    worth = sum(one.price_ticks * one.qty_lots for one in fills if one) / 10**7
    paid = sum(one.fee_atoms for one in fills if one) / 10**8
    assert paid == pytest.approx(worth * 0.012)


def test_a_stop_waits_and_fires(venue: CoinbaseDesk) -> None:
    line = private(venue)
    part = {"base_size": "0.1", "limit_price": "61000", "stop_price": "60500",
            "stop_direction": "STOP_DIRECTION_STOP_UP"}  # fmt: skip
    said = venue.create(OWN, "SELL", {"stop_limit_stop_limit_gtc": part})
    name = said["success_response"]["order_id"]
    waiting = reports(line.take())[-1]
    assert (waiting.status, waiting.trigger_ticks, waiting.price_ticks) == (
        OrderStatus.UNTRIGGERED, 6_050_000, 6_100_000,
    )  # fmt: skip
    assert by_rest(venue, name).status is OrderStatus.UNTRIGGERED
    venue.walk("60500")
    assert reports(line.take())[-1].status is OrderStatus.NEW
    assert by_rest(venue, name).status is OrderStatus.NEW


def row(**changed: Any) -> dict[str, Any]:
    said = {
        "order_id": "a1b2c3d4", "client_order_id": OTHER, "cumulative_quantity": "0.001",
        "leaves_quantity": "0.002", "avg_price": "0", "status": "OPEN", "product_id": "BTC-USD",
        "limit_price": "68900.5", "stop_price": "", "trigger_status": "INVALID_ORDER_TYPE",
        "cancel_reason": "",
    }  # fmt: skip
    return said | changed


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({}, OrderStatus.PARTIALLY_FILLED, EndReason.NONE),
        ({"cumulative_quantity": "0"}, OrderStatus.NEW, EndReason.NONE),
        ({"cumulative_quantity": "0", "status": "PENDING"}, OrderStatus.NEW, EndReason.NONE),
        ({"cumulative_quantity": "0", "status": "QUEUED"}, OrderStatus.NEW, EndReason.NONE),
        ({"status": "CANCEL_QUEUED"}, OrderStatus.PARTIALLY_FILLED, EndReason.NONE),
        ({"status": "EDIT_QUEUED"}, OrderStatus.PARTIALLY_FILLED, EndReason.NONE),
        (
            {"cumulative_quantity": "0", "stop_price": "60000", "status": "PENDING",
             "trigger_status": "STOP_PENDING"},
            OrderStatus.UNTRIGGERED, EndReason.NONE,
        ),
        ({"status": "FILLED"}, OrderStatus.FILLED, EndReason.NONE),
        ({"status": "FAILED"}, OrderStatus.REJECTED, EndReason.NONE),
        ({"status": "EXPIRED"}, OrderStatus.EXPIRED, EndReason.DEADLINE),
        (
            {"status": "CANCELLED", "cancel_reason": "User requested cancel"},
            OrderStatus.CANCELLED, EndReason.REQUESTED,
        ),
        (
            {"status": "CANCELLED", "cancel_reason": "Self trade prevention"},
            OrderStatus.CANCELLED, EndReason.SELF_TRADE,
        ),
        ({"status": "CANCELLED"}, OrderStatus.CANCELLED, EndReason.NONE),
    ],
)  # fmt: skip
def test_what_a_row_of_the_stream_means(
    venue: CoinbaseDesk, changed: dict[str, Any], status: OrderStatus, reason: EndReason
) -> None:
    market = products_of(venue).markets[SYMBOL]
    report = pushed_report(market, row(**changed), 5)
    assert (report.status, report.reason, report.at_ns) == (status, reason, 5)
    assert report.qty_lots == report.filled_lots + 200
    nothing = pushed_report(market, row(**changed, leaves_quantity="0"), 5)
    assert nothing.qty_lots == 0  # it is not told then


def test_a_state_that_is_not_known_is_not_guessed(venue: CoinbaseDesk) -> None:
    with pytest.raises(ValueError, match="UNKNOWN_ORDER_STATUS"):
        pushed_report(products_of(venue).markets[SYMBOL], row(status="UNKNOWN_ORDER_STATUS"), 5)


@needs_data
def test_recorded_orders_and_fills_are_read(venue: CoinbaseDesk) -> None:
    kept = {}
    for line in lines_of("api/fixtures/coinbase.jsonl"):
        one = json.loads(line)
        kept[one["name"]] = one["payload"]
    products = products_of(venue)
    products.read(kept["http_products"]["products"])  # lots of 1e-8
    for said in [kept["http_order"]["order"], *kept["http_orders_list"]["orders"]]:
        report = order_report(products, said)
        if products.find(said["product_id"]) is None:
            assert report is None
            continue
        assert report is not None
        assert report.client_id == said["client_order_id"]
    fills = [fill_of(products, said, "") for said in kept["http_fills"]["fills"]]
    first = fills[0]
    assert first is not None
    assert (first.qty_lots, first.price_ticks, first.fee_atoms, first.is_maker) == (
        500_000, 4_512_345, 114_000_000, True,
    )  # fmt: skip
    talk = PrivateTalk(products, Known(), Signs(venue), [SYMBOL])
    frame = kept["ws_user"] | {"sequence_num": 0}
    heard = talk.hear(json.dumps(frame).encode(), 0)
    assert [one.client_id for one in heard.news if isinstance(one, OrderReport)] == [
        "11111-000000-000001",
    ]


# Market data -------------------------------------------------------------------------------


def test_the_public_line_is_ready_once_every_channel_is_subscribed(venue: CoinbaseDesk) -> None:
    line = public(venue)
    assert (line.times_ready, line.ends) == (1, "")
    told = [one for heard in line.heard for one in heard.news]
    assert Listed(SYMBOL, is_trading=True, status="online") in told
    quotes = [one for one in told if isinstance(one, Quote)]
    assert [(one.symbol, one.bid_ticks, one.ask_ticks) for one in quotes] == [
        (SYMBOL, *venue.exchange.best("BTC-USD")),
    ]


def test_trades_are_told_under_our_symbol_with_who_took(venue: CoinbaseDesk) -> None:
    line = public(venue)
    venue.create(OTHER, "BUY", {"market_market_ioc": {"base_size": "1"}})
    venue.pass_time(SECOND_NS)
    (trade,) = (one for one in line.take() if isinstance(one, Trade))
    assert (trade.symbol, trade.qty_lots, trade.side) == (SYMBOL, 100_000, 1)


def test_a_halt_is_told(venue: CoinbaseDesk) -> None:
    line = public(venue)
    venue.exchange.set_trading("BTC-USD", Trading.HALTED)
    venue.pass_time(1_000_000)
    assert Listed(SYMBOL, is_trading=False, status="offline") in line.take()


def test_bars_of_five_minutes_grow_and_close_once(venue: CoinbaseDesk) -> None:
    begin_ns = venue.now_ns
    line = public(venue)
    venue.walk("60010")
    venue.pass_time(2 * SECOND_NS)
    growing = [one for one in line.take() if isinstance(one, Candle)]
    assert growing
    assert not any(one.is_closed for one in growing)
    assert (growing[-1].open_ns, growing[-1].close_ticks) == (begin_ns, 6_001_000)
    told: list[Candle] = []
    while venue.now_ns < begin_ns + BAR_NS + 10 * SECOND_NS:
        venue.pass_time(SECOND_NS)
        told += [one for one in line.take() if isinstance(one, Candle)]
    closed = [one for one in told if one.is_closed]
    assert [(one.open_ns, one.close_ticks) for one in closed] == [(begin_ns, 6_001_000)]


def bar(number: int, close: str) -> dict[str, str]:
    return {
        "start": str(number * 300), "open": "60000", "high": "61000", "low": "59000",
        "close": close, "volume": "1", "product_id": "BTC-USD",
    }  # fmt: skip


def test_the_last_word_on_a_bar_may_come_with_the_first_on_the_next(venue: CoinbaseDesk) -> None:
    talk = PublicTalk(products_of(venue), [SYMBOL], 5)
    first = [bar(at, "60001") for at in (3, 2, 1)]  # a first state, the newest first
    stamp = "1970-01-01T00:16:00Z"
    state = [{"type": "snapshot", "candles": first}]
    heard = talk.hear(envelope("candles", state, timestamp=stamp), 0)
    told = [one for one in heard.news if isinstance(one, Candle)]
    assert [(one.open_ns // BAR_NS, one.is_closed) for one in told if not one.is_closed] == [
        (2, False), (3, False),
    ]  # fmt: skip
    both = [{"type": "update", "candles": [bar(4, "60003"), bar(3, "60002")]}]
    stamp = "1970-01-01T00:20:01Z"
    heard = talk.hear(envelope("candles", both, sequence_num=1, timestamp=stamp), 0)
    told = [one for one in heard.news if isinstance(one, Candle)]
    assert [(one.open_ns // BAR_NS, one.close_ticks, one.is_closed) for one in told] == [
        (3, 6_000_200, False), (3, 6_000_200, True), (4, 6_000_300, False),
    ]  # fmt: skip


def test_other_bars_are_not_asked_of_the_stream(venue: CoinbaseDesk) -> None:
    line = public(venue, 60)
    assert (line.times_ready, line.ends) == (1, "")
    venue.walk("60010")
    venue.pass_time(2 * SECOND_NS)
    assert not any(isinstance(one, Candle) for one in line.take())


def test_books_are_told_whole_and_then_as_changes(venue: CoinbaseDesk) -> None:
    line = Line(venue, BookTalk(products_of(venue), [SYMBOL]))
    assert line.times_ready == 1
    (whole,) = (one for heard in line.heard for one in heard.news)
    assert isinstance(whole, BookUpdate)
    assert (whole.symbol, whole.is_snapshot) == (SYMBOL, True)
    venue.limit(OTHER, "BUY", "0.1", "59000")
    (change,) = line.take()
    assert isinstance(change, BookUpdate)
    assert [tuple(one[:2]) for one in change.bids] == [(5_900_000, 10_000)]


# Where it ends -----------------------------------------------------------------------------


def test_a_message_that_is_missing_ends_the_connection(venue: CoinbaseDesk) -> None:
    line = private(venue)
    venue.limit(OTHER, "BUY", "0.1", "50000")
    venue.pass_time(SECOND_NS)
    frames = line.frames()
    assert len(frames) >= 2
    assert line.talk.hear(frames[0], 0).ends == ""
    assert line.talk.hear(frames[0], 0).news == ()  # said twice
    number = json.loads(frames[0])["sequence_num"]
    lost = json.loads(frames[1]) | {"sequence_num": number + 2}
    assert line.talk.hear(json.dumps(lost).encode(), 0).ends == (
        f"message {number + 1} did not come, {number + 2} did"
    )


def test_the_first_message_counts_too(venue: CoinbaseDesk) -> None:
    talk = PrivateTalk(products_of(venue), Known(), Signs(venue), [SYMBOL])
    frame = b'{"channel":"user","sequence_num":1,"timestamp":"2023-01-01T00:00:00Z","events":[]}'
    assert talk.hear(frame, 0).ends == "message 0 did not come, 1 did"


def test_a_refused_token_ends_the_connection(venue: CoinbaseDesk) -> None:
    class Nobody(Signs):
        def token(self) -> str:
            return "a.b.c"

    line = Line(venue, PrivateTalk(products_of(venue), Known(), Nobody(venue), [SYMBOL]))
    assert line.ends == "refused: authentication failure"
    talk = PrivateTalk(products_of(venue), Known(), Nobody(venue), [SYMBOL])
    said = b'{"type": "error", "message": "authentication failure"}'
    assert talk.hear(said, 0).verdict is Verdict.KEY
    assert talk.hear(b'{"type": "error", "message": "rate limit"}', 0).verdict is None
    assert line.times_ready == 0


def envelope(channel: str, events: Any, **more: Any) -> bytes:
    said = {"channel": channel, "timestamp": "2023-01-01T00:00:00Z", "sequence_num": 0}
    return json.dumps(said | {"events": events} | more).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[1]", b"{", b'{"channel":"user"}', b'{"channel":"user","sequence_num":"x"}',
        envelope("unknown", []),
        envelope("subscriptions", []),
        envelope("user", [], timestamp="yesterday"),
        envelope("user", [{"orders": []}]),
        envelope("user", [{"type": "update", "orders": [{"product_id": "BTC-USD"}]}]),
        envelope("user", [{"type": "update", "orders": [row(cumulative_quantity="0.0000001")]}]),
        envelope("user", [{"type": "update", "orders": [row(status="ODD")]}]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_value_error(venue: CoinbaseDesk, body: bytes) -> None:
    """A frame that cannot be read ends its connection, never its task."""
    talk = PrivateTalk(products_of(venue), Known(), Signs(venue), [SYMBOL])
    with pytest.raises(ValueError, match=r"\S"):
        talk.hear(body, 0)


@pytest.mark.parametrize(
    "body",
    [
        envelope("user", []),
        envelope("l2_data", [{"type": "odd", "product_id": "BTC-USD"}]),
        envelope("status", [{"products": [{"id": "BTC-USD"}]}]),
        envelope("ticker", [{"tickers": [{"product_id": "BTC-USD", "price": "1",
                                          "best_bid": "0.001", "best_ask": "1"}]}]),
    ],
)  # fmt: skip
def test_market_data_that_cannot_be_read_is_a_value_error(venue: CoinbaseDesk, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        PublicTalk(products_of(venue), [SYMBOL], 5).hear(body, 0)
