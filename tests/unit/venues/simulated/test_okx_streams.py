"""Websockets of the simulated OKX: login, books, what is told of orders and money (R-EXCH-16)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.okx_desk import SPOT, SWAP, OkxDesk, Stream

from ballast.core.marketdata import BookUpdate, Grid, Side
from ballast.venues.books.builder import BookBuilder, Cause, State
from ballast.venues.books.rules import rules_of
from ballast.venues.normalise.parse import normalise
from ballast.venues.simulated.wire.faults import Command, Fault
from ballast.venues.simulated.wire.messages import Close, Text

SECOND_NS = 1_000_000_000


def data(frames: list[Any], channel: str) -> list[Any]:
    """Return the rows that a channel sent."""
    rows = []
    for one in frames:
        if isinstance(one, dict) and one.get("arg", {}).get("channel") == channel:
            rows += one.get("data", [])
    return rows


# what is wrong with a login -> code
LOGINS = [
    ({"sign": "d3Jvbmc="}, "60007"),
    ({"passphrase": "wrong"}, "60024"),
    ({"apiKey": "nobody"}, "60005"),
    ({"timestamp": "soon"}, "60004"),
    ({"timestamp": "1600000000"}, "60006"),
]


@pytest.mark.parametrize(("wrong", "expected"), LOGINS)
def test_a_login_must_be_right_before_anything_private_is_told(
    wrong: dict[str, str], expected: str
) -> None:
    private = OkxDesk().open("private")
    asked = {"op": "subscribe", "args": [{"channel": "account"}]}
    assert private.send(asked)[0]["code"] == "60011"
    assert private.login(**wrong)[0]["code"] == expected
    assert private.login()[0] == {"event": "login", "code": "0", "msg": "", "connId": "00000001"}
    assert private.send(asked)[0]["event"] == "subscribe"


# frame -> code
FRAMES = [
    ("{", "60012"),
    ("[]", "60012"),
    ({"op": "subscribe", "args": []}, "60013"),
    ({"op": "subscribe", "args": ["books"]}, "60013"),
    ({"op": "dance", "args": [{}]}, "60019"),
    ({"op": "subscribe", "args": [{"channel": "books", "instId": "ETH-USDT"}]}, "60018"),
    ({"op": "subscribe", "args": [{"channel": "candle1m", "instId": SPOT}]}, "60018"),
    ({"op": "order", "id": "1", "args": [{}]}, "60018"),
    ({"op": "order", "args": [{}]}, "60012"),
]


@pytest.mark.parametrize(("frame", "expected"), FRAMES)
def test_a_frame_that_means_nothing_is_answered_with_its_code(frame: Any, expected: str) -> None:
    (said,) = OkxDesk().open("public").send(frame)
    assert (said["event"], said["code"]) == ("error", expected)


def test_a_silent_connection_is_closed_after_thirty_seconds_unless_it_pings() -> None:
    desk = OkxDesk()
    quiet, pinging = desk.open("public"), desk.open("public")
    for _ in range(3):
        desk.pass_time(15 * SECOND_NS)
        assert pinging.send("ping") == [Text("pong")]
    (closed,) = [one for one in quiet.heard() if isinstance(one, Close)]
    assert closed.code == 4004


class Follower:
    """Keeps the book of a stream with the project's own builder."""

    def __init__(self, symbol: str) -> None:
        grid = Grid(Decimal("0.01"), Decimal("0.00001"))
        self.grids = {symbol: grid}
        self.builder = BookBuilder(rules_of("OKX"), grid)

    def take(self, frames: list[Any]) -> None:
        for one in frames:
            events = normalise("OKX", json.dumps(one).encode(), self.grids)
            assert isinstance(events, list), events
            for event in events:
                if isinstance(event, BookUpdate):
                    self.builder.take(event)


def test_a_book_kept_by_our_own_builder_agrees_in_every_checksum() -> None:
    """The venue sent checksums until 2026-06-23; here they can be had again."""
    desk = OkxDesk(climbs=True, sends_checksums=True)
    stream, follower = desk.open("public"), Follower(SPOT)
    follower.take(stream.subscribe("books", instId=SPOT))
    for step in range(100):
        if step % 7 == 0:
            desk.spot("buy", "limit", "0.03", px=str(59_000 + step))
        desk.pass_time(100_000_000)
        follower.take(stream.heard())
        assert follower.builder.state is State.LIVE, follower.builder.reason
    assert follower.builder.checked > 90
    view = desk.exchange.book(SPOT, 1)
    assert [int(row[0]) for row in follower.builder.book.rows(Side.BUY)[-1:]] == [view.bids[0][0]]


def test_a_lost_message_is_seen_in_the_chain_and_a_new_subscription_mends_it() -> None:
    desk = OkxDesk(climbs=True)
    stream, follower = desk.open("public"), Follower(SPOT)
    arg = {"channel": "books", "instId": SPOT}
    follower.take(stream.subscribe(**arg))
    desk.gateway.faults.command(Command(Fault.DROP_FRAME, "okx STREAM /ws/v5/public"))
    for _ in range(3):
        desk.pass_time(100_000_000)
    follower.take(stream.heard())
    assert (follower.builder.state, follower.builder.cause) == (State.GAP, Cause.SEQUENCE)
    stream.send({"op": "unsubscribe", "args": [arg]})
    follower.take(stream.subscribe(**arg))
    assert follower.builder.state is State.LIVE


def test_a_silent_fault_leaves_pings_and_no_data() -> None:
    desk = OkxDesk()
    stream = desk.open("public")
    stream.subscribe("trades", instId=SPOT)
    desk.gateway.faults.command(Command(Fault.GO_SILENT, "okx STREAM"))
    for _ in range(2):
        desk.spot("buy", "market", "0.1")
    assert stream.heard() == []
    assert stream.send("ping") == [Text("pong")]


def test_checksums_are_zero_as_the_venue_sends_them_now() -> None:
    (first,) = OkxDesk().open("public").subscribe("books", instId=SPOT)
    assert first["data"][0]["checksum"] == 0


def test_a_book_names_the_message_before_and_says_so_when_nothing_happens() -> None:
    desk = OkxDesk()
    stream = desk.open("public")
    first = stream.subscribe("books", instId=SPOT)[0]["data"][0]
    assert first["prevSeqId"] == -1
    desk.spot("buy", "limit", "0.01", px="50000")
    desk.pass_time(100_000_000)
    (second,) = data(stream.heard(), "books")
    assert second["prevSeqId"] == first["seqId"]
    assert second["bids"] == [["50000", "0.01", "0", "1"]]
    stream.send("ping")
    desk.pass_time(29 * SECOND_NS)
    stream.send("ping")
    desk.pass_time(29 * SECOND_NS)
    stream.send("ping")
    desk.pass_time(3 * SECOND_NS)
    (still,) = data(stream.heard(), "books")
    assert still["prevSeqId"] == still["seqId"] == second["seqId"]
    assert still["bids"] == still["asks"] == []


def test_the_best_and_the_best_five_are_sent_whole() -> None:
    desk = OkxDesk()
    stream = desk.open("public")
    stream.subscribe("bbo-tbt", instId=SPOT)
    stream.subscribe("books5", instId=SPOT)
    desk.spot("buy", "market", "0.5")
    frames = stream.heard()
    (best,) = data(frames, "bbo-tbt")
    assert best["asks"] == [["60000.01", "0.5", "0", "1"]]
    assert data(frames, "books5") == []
    desk.pass_time(100_000_000)
    (five,) = data(stream.heard(), "books5")
    assert len(five["asks"]) == 5


def test_trades_candles_marks_and_rates_are_told() -> None:
    desk = OkxDesk()
    public, business = desk.open("public"), desk.open("business")
    for channel in ("trades", "tickers", "mark-price", "funding-rate"):
        public.subscribe(channel, instId=SWAP)
    business.subscribe("candle1m", instId=SWAP)
    desk.swap("buy", "market", "10")
    desk.walk(SWAP, "60000.1")
    desk.exchange.street.set_funding(SWAP, 100_000)
    desk.exchange.settle()
    desk.pass_time(SECOND_NS)
    frames = public.heard()
    first = data(frames, "trades")[0]
    assert (first["px"], first["sz"], first["side"]) == ("60000.1", "10", "buy")
    assert data(frames, "tickers")[-1]["last"] == "60000.1"
    assert data(frames, "mark-price")[-1]["markPx"] == "60000.1"
    assert data(frames, "funding-rate")[-1]["fundingRate"] == "0.0001"
    assert data(business.heard(), "candle1m")[-1][-1] == "0"
    desk.pass_time(25 * SECOND_NS)
    later = business.send("ping")
    desk.pass_time(25 * SECOND_NS)
    assert [row[-1] for row in data(later + business.heard(), "candle1m")] == ["1"]


def private(desk: OkxDesk, kind: str = "private") -> Stream:
    stream = desk.open(kind)
    stream.login()
    return stream


def test_an_order_is_told_from_its_beginning_to_its_end() -> None:
    desk = OkxDesk()
    stream = private(desk)
    stream.subscribe("orders", instType="ANY")
    desk.swap("buy", "limit", "150", px="60000.1", clOrdId="a1")
    desk.post("trade/amend-order", {"instId": SWAP, "clOrdId": "a1", "newSz": "120"})
    desk.post("trade/cancel-order", {"instId": SWAP, "clOrdId": "a1"})
    told = [(one["state"], one["accFillSz"], one["sz"]) for one in data(stream.heard(), "orders")]
    assert told == [
        ("live", "0", "150"), ("partially_filled", "100", "150"),
        ("partially_filled", "100", "120"), ("canceled", "100", "120"),
    ]  # fmt: skip


def test_a_fill_is_told_with_its_fee_and_an_instrument_can_be_chosen() -> None:
    desk = OkxDesk()
    stream = private(desk)
    stream.subscribe("orders", instType="SPOT", instId=SPOT)
    desk.swap("buy", "market", "10")
    desk.spot("sell", "market", "0.1")
    rows = data(stream.heard(), "orders")
    assert {one["instId"] for one in rows} == {SPOT}
    last = rows[-1]
    assert (last["fillSz"], last["execType"], last["fillFeeCcy"]) == ("0.1", "T", "USDT")
    assert last["fillFee"] == last["fee"] == "-5.999999"


def test_positions_and_balances_are_told_at_once_and_every_five_seconds() -> None:
    desk = OkxDesk()
    stream = private(desk)
    assert data(stream.subscribe("positions", instType="SWAP"), "positions") == []
    assert data(stream.subscribe("account"), "account")[0]["totalEq"] == "220000"
    stream.subscribe("balance_and_position")
    desk.swap("buy", "market", "10")
    frames = stream.heard()
    assert data(frames, "positions")[-1]["pos"] == "10"
    assert [one["ccy"] for one in data(frames, "account")[-1]["details"]] == ["USDT"]
    assert [one["eventType"] for one in data(frames, "balance_and_position")] == ["filled"] * 2
    desk.pass_time(5 * SECOND_NS)
    frames = stream.heard()
    assert len(data(frames, "positions")) == len(data(frames, "account")) == 1
    desk.post("trade/close-position", {"instId": SWAP, "mgnMode": "cross"})
    assert data(stream.heard(), "positions")[-1]["pos"] == "0"


def test_algo_orders_have_a_channel_of_their_own() -> None:
    desk = OkxDesk()
    business, orders = private(desk, "business"), private(desk)
    business.subscribe("orders-algo", instType="ANY")
    orders.subscribe("orders", instType="ANY")
    desk.swap("buy", "market", "10")
    orders.heard()
    desk.algo(instId=SWAP, tdMode="cross", side="sell", ordType="oco", sz="10", slTriggerPx="55000",
              slOrdPx="-1", tpTriggerPx="65000", tpOrdPx="-1")  # fmt: skip
    assert data(business.heard(), "orders-algo")[-1]["state"] == "live"
    assert orders.heard() == []
    desk.walk(SWAP, "65000")
    (done,) = data(business.heard(), "orders-algo")
    assert (done["state"], done["actualSide"]) == ("effective", "tp")
    assert data(orders.heard(), "orders")[0]["algoId"] == done["algoId"]


def test_a_position_in_danger_is_warned_of() -> None:
    desk = OkxDesk(cash=1_000)
    stream = private(desk)
    stream.subscribe("liquidation-warning", instType="SWAP")
    desk.swap("buy", "market", "30")  # 0.3 BTC, 18,000 USDT: 90 must be left of some 990
    assert data(stream.heard(), "liquidation-warning") == []
    desk.walk(SWAP, "57500")
    (warned,) = data(stream.heard(), "liquidation-warning")
    assert (warned["instId"], warned["pos"]) == (SWAP, "30")


def test_orders_are_placed_amended_and_cancelled_over_the_socket() -> None:
    desk = OkxDesk()
    stream = private(desk)
    order = {"instId": SPOT, "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01",
             "px": "50000", "clOrdId": "a1"}  # fmt: skip
    (said,) = stream.send({"id": "1", "op": "order", "args": [order]})
    assert (said["id"], said["op"], said["code"]) == ("1", "order", "0")
    (again,) = stream.send({"id": "2", "op": "batch-orders", "args": [order]})
    assert (again["code"], again["data"][0]["sCode"]) == ("1", "51016")
    change = {"instId": SPOT, "clOrdId": "a1", "newPx": "51000"}
    (said,) = stream.send({"id": "3", "op": "amend-order", "args": [change]})
    assert said["data"][0]["sCode"] == "0"
    gone = {"instId": SPOT, "clOrdId": "a1"}
    (said,) = stream.send({"id": "4", "op": "cancel-order", "args": [gone]})
    assert said["code"] == "0"
    (said,) = stream.send({"id": "5", "op": "cancel-order", "args": [{"instId": SPOT}]})
    assert (said["code"], said["data"]) == ("50015", [])


def test_a_connection_that_unsubscribes_hears_no_more() -> None:
    desk = OkxDesk()
    stream = desk.open("public")
    arg = {"channel": "trades", "instId": SPOT}
    stream.send({"op": "subscribe", "args": [arg], "id": "7"})
    (said,) = stream.send({"op": "unsubscribe", "args": [arg], "id": "8"})
    assert (said["event"], said["id"]) == ("unsubscribe", "8")
    desk.spot("buy", "market", "0.1")
    assert stream.heard() == []
