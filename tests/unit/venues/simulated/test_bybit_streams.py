"""The streams of Bybit: books our own builder follows, events, orders over a socket (R-EXCH)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.binance_desk import LISTING
from tests.fakes.bybit_desk import (
    LINEAR,
    NAME,
    NS_MS,
    SECOND_NS,
    SPOT,
    START_NS,
    STREAM_HOST,
    BybitDesk,
)
from tests.fakes.perpetual import listing

from ballast.core.marketdata import BookUpdate, Grid, TheirFault
from ballast.core.orders import OrderRef
from ballast.venues.books.builder import BookBuilder, Step
from ballast.venues.books.rules import rules_of
from ballast.venues.normalise.parse import normalise
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.fronts.bybit.unified import PROFILE, BybitUnified
from ballast.venues.simulated.fronts.keys import KeyRing
from ballast.venues.simulated.liquidity.synthetic import SyntheticAgents, SyntheticMarket
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.messages import Close, Request, Response, Text

if TYPE_CHECKING:
    from ballast.venues.simulated.wire.streams import Connection

BUY: dict[str, Any] = {
    "category": "linear", "symbol": NAME, "side": "Buy", "orderType": "Limit", "qty": "0.01",
    "price": "50000",
}  # fmt: skip
PATH = [(step * SECOND_NS // 10, 600_000 + 3 * step) for step in range(300)]


@pytest.fixture
def desk() -> BybitDesk:
    desk = BybitDesk(path=PATH)
    desk.at(1)
    return desk


def topics(frames: list[Any]) -> list[str]:
    return [one.get("topic", one.get("op")) for one in frames]


# Books ---------------------------------------------------------------------------------------


GRIDS = {
    "spot": Grid(Decimal("0.01"), Decimal("0.00001")),
    "linear": Grid(Decimal("0.1"), Decimal("0.001")),
}


class Venue:
    """A venue whose market agents make, and one public stream of it."""

    def __init__(self, category: str, topic: str) -> None:
        listings = [LISTING, listing(LINEAR)]
        self.exchange = Exchange(PROFILE, listings, start_ns=START_NS)
        self.symbol = SPOT if category == "spot" else LINEAR
        ticks, lots = (6_000_000, 10_000) if category == "spot" else (600_000, 100)
        market = SyntheticMarket(self.symbol, ticks, lots, seed=7, volatility=5.0)
        self.exchange.attach(SyntheticAgents(market, START_NS))
        self.gateway = Gateway([BybitUnified(self.exchange, KeyRing())], now_ns=START_NS)
        self.at(1)
        request = Request("GET", STREAM_HOST, f"/v5/public/{category}")
        opened = self.gateway.connect(request, self.now_ns)
        assert not isinstance(opened, Response)
        self.stream = opened
        asked = json.dumps({"op": "subscribe", "args": [topic], "req_id": "1"})
        self.gateway.receive(self.stream, asked, self.now_ns)

    def at(self, seconds: float) -> None:
        self.now_ns = START_NS + round(seconds * SECOND_NS)
        self.gateway.advance(self.now_ns)

    def frames(self) -> list[bytes]:
        found = self.gateway.take(self.stream, self.now_ns)
        return [one.text.encode() for one in found if isinstance(one, Text)]


@pytest.mark.parametrize("category", ["spot", "linear"])
@pytest.mark.parametrize("depth", [50, 200])
def test_our_own_builder_follows_a_book_of_deltas(category: str, depth: int) -> None:
    venue = Venue(category, f"orderbook.{depth}.{NAME}")
    builder = BookBuilder(rules_of("BYBIT"), GRIDS[category])
    steps = []
    for number in range(400):
        venue.at(1 + number * 0.25)
        for frame in venue.frames():
            events = normalise("BYBIT", frame, {NAME: GRIDS[category]})
            assert not isinstance(events, TheirFault), events
            steps += [builder.take(one) for one in events if isinstance(one, BookUpdate)]
        assert builder.is_live
        view = venue.exchange.book(venue.symbol, depth)
        bids, asks = (tuple((int(row[0]), int(row[1])) for row in side)
                      for side in builder.book.top(depth))  # fmt: skip
        assert (bids, asks) == (view.bids, view.asks)
    assert steps[0] is Step.LOADED
    assert steps.count(Step.APPLIED) > 100
    assert set(steps) == {Step.LOADED, Step.APPLIED}


def test_a_level_that_falls_out_of_the_depth_is_told_as_gone() -> None:
    """A book has its best fifty levels only; the venue's has eighty, and they move."""
    desk = BybitDesk(path=PATH, levels=80)
    desk.at(1)
    stream = desk.open("/v5/public/linear")
    told, first = desk.tell(stream, op="subscribe", args=[f"orderbook.50.{NAME}"], req_id="7")
    assert (told["success"], told["req_id"], first["type"]) == (True, "7", "snapshot")
    bids = dict(first["data"]["b"])
    last = first["data"]["u"]
    for step in range(1, 60):
        desk.at(1 + step / 10)
        for frame in desk.heard(stream):
            assert frame["type"] == "delta"
            assert frame["data"]["u"] == last + 1
            last = frame["data"]["u"]
            for price, qty in frame["data"]["b"]:
                bids.pop(price, None)
                bids |= {price: qty} if qty != "0" else {}
        book = desk.ask("/v5/market/orderbook", category="linear", symbol=NAME, limit=50)
        assert sorted(bids.items()) == sorted(map(tuple, book["result"]["b"]))


def test_the_best_price_is_told_whole_and_again_after_three_seconds() -> None:
    desk = BybitDesk()
    desk.at(1)
    stream = desk.open("/v5/public/linear")
    first = desk.tell(stream, op="subscribe", args=[f"orderbook.1.{NAME}"])[1]
    assert (first["type"], len(first["data"]["b"])) == ("snapshot", 1)
    desk.at(3.9)
    assert desk.heard(stream) == []
    desk.at(4.1)
    again = desk.heard(stream)[0]
    assert again["data"] == first["data"]


# Other public topics -------------------------------------------------------------------------


def test_trades_tickers_and_candles_are_streamed(desk: BybitDesk) -> None:
    stream = desk.open("/v5/public/linear")
    args = [f"publicTrade.{NAME}", f"tickers.{NAME}", f"kline.1.{NAME}"]
    told, ticker = desk.tell(stream, op="subscribe", args=args)
    assert told["success"]
    assert ticker["type"] == "snapshot"
    desk.at(2.05)
    frames = desk.heard(stream)
    trades = [one for one in frames if one["topic"].startswith("publicTrade")]
    assert [one["data"][0]["p"] for one in trades][:2] == ["60003.3", "60003.6"]
    tickers = [one for one in frames if one["topic"].startswith("tickers")]
    assert {one["type"] for one in tickers} == {"delta"}
    assert len(tickers[0]["data"]) < len(ticker["data"])
    whole = dict(ticker["data"])
    for one in tickers:
        whole |= one["data"]
    asked = desk.ask("/v5/market/tickers", category="linear", symbol=NAME)["result"]["list"][0]
    assert {name: asked[name] for name in ("lastPrice", "bid1Price", "markPrice")} == {
        name: whole[name] for name in ("lastPrice", "bid1Price", "markPrice")
    }
    candles = [one["data"][0] for one in frames if one["topic"].startswith("kline")]
    assert [one["confirm"] for one in candles] == [False]
    for second in range(3, 42):  # the minute ends twenty seconds after the start of the desk
        desk.at(second)
    candles = [one["data"][0] for one in desk.heard(stream) if one["topic"].startswith("kline")]
    closed = [one for one in candles if one["confirm"]]
    assert len(closed) == 1
    rows = desk.ask("/v5/market/kline", category="linear", symbol=NAME, interval="1")
    row = next(row for row in rows["result"]["list"] if row[0] == str(closed[0]["start"]))
    names = ("open", "high", "low", "close", "volume", "turnover")
    assert [closed[0][name] for name in names] == row[1:]


def test_spot_tickers_are_whole_and_ten_topics_are_the_most(desk: BybitDesk) -> None:
    stream = desk.open("/v5/public/spot")
    told = desk.tell(stream, op="subscribe", args=[f"tickers.{NAME}"])
    desk.at(2)
    assert {one["type"] for one in [told[1], *desk.heard(stream)]} == {"snapshot"}
    many = [f"publicTrade.{NAME}"] * 11
    assert not desk.tell(stream, op="subscribe", args=many)[0]["success"]


#        what is wrong with a subscription
BAD = [
    {"args": ["orderbook.51.BTCUSDT"]},
    {"args": ["orderbook.50.ETHUSDT"]},
    {"args": ["publicTrade.BTCUSDT", "nothing.BTCUSDT"]},
    {"args": ["kline.7.BTCUSDT"]},
    {"args": ["orderbook.²0.BTCUSDT"]},
    {"args": [1]},
    {"args": "publicTrade.BTCUSDT"},
    {"args": []},
    {},
]


@pytest.mark.parametrize("more", BAD)
def test_a_subscription_with_one_bad_topic_is_refused_whole(
    desk: BybitDesk, more: dict[str, Any]
) -> None:
    stream = desk.open("/v5/public/linear")
    answers = desk.tell(stream, op="subscribe", req_id="9", **more)
    assert [(one["success"], one["req_id"]) for one in answers] == [(False, "9")]
    desk.at(2)
    assert desk.heard(stream) == []


def test_pings_are_answered_in_the_manner_of_each_stream(desk: BybitDesk) -> None:
    public, private, trade = (
        desk.open(path) for path in ("/v5/public/spot", "/v5/private", "/v5/trade")
    )
    assert desk.tell(public, op="ping", req_id="1")[0]["ret_msg"] == "pong"
    assert desk.tell(private, op="ping", req_id="1")[0]["op"] == "pong"
    assert desk.tell(trade, op="ping")[0]["op"] == "pong"
    assert desk.tell(public, op="dance")[0]["success"] is False
    answer = desk.gateway.connect(Request("GET", STREAM_HOST, "/v5/public/option"), desk.now_ns)
    assert isinstance(answer, Response)


def test_a_connection_without_words_is_cut_after_ten_minutes_or_when_it_asked() -> None:
    desk = BybitDesk()
    quiet, short, alive = (
        desk.open(path) for path in ("/v5/public/linear", "/v5/private", "/v5/private")
    )
    request = Request("GET", STREAM_HOST, "/v5/private", "max_active_time=30s")
    opened = desk.gateway.connect(request, desk.now_ns)
    assert not isinstance(opened, Response)
    desk.at(31)
    assert any(isinstance(one, Close) for one in desk.gateway.take(opened, desk.now_ns))
    for second in range(60, 661, 60):
        desk.at(second)
        desk.tell(alive, op="ping")
    for stream, ends in ((quiet, True), (short, True), (alive, False)):
        frames = list(desk.gateway.take(stream, desk.now_ns))
        assert any(isinstance(one, Close) for one in frames) is ends


# Private -------------------------------------------------------------------------------------


def test_nothing_private_is_told_before_the_key_is_shown(desk: BybitDesk) -> None:
    stream = desk.open("/v5/private")
    assert desk.tell(stream, op="subscribe", args=["order"])[0]["success"] is False
    key, expires, sign = desk.auth()
    for args in ([key, expires, "0" * 64], ["nobody", expires, sign], [key, 1, sign], [key], None):
        stream = desk.open("/v5/private")
        assert desk.tell(stream, op="auth", args=args)[0]["success"] is False
    stream = desk.open("/v5/private")
    # Some clients send the time as a text.
    assert desk.tell(stream, op="auth", args=[key, str(expires), sign])[0]["success"]
    assert desk.tell(stream, op="subscribe", args=["order", "nothing"])[0]["success"] is False
    assert desk.tell(stream, op="subscribe", args=["order"])[0]["success"]
    desk.post("/v5/order/create", **BUY)
    assert topics(desk.heard(stream)) == ["order"]


def test_an_account_is_told_of_its_own_by_category(desk: BybitDesk) -> None:
    other = desk.exchange.open_account("other", {"USDT": Decimal(10_000)})
    own, all_of_it = desk.private("order.linear", "execution.spot"), desk.private(
        "order", "execution", "execution.fast", "position", "wallet"
    )  # fmt: skip
    key = desk.key
    desk.key = desk.keys.make(other, "other")
    desk.post("/v5/order/create", **BUY)
    desk.key = key
    assert desk.heard(own) == desk.heard(all_of_it) == []
    market = {"symbol": NAME, "side": "Sell", "orderType": "Market", "qty": "0.01"}
    desk.post("/v5/order/create", category="spot", **market)
    assert topics(desk.heard(own)) == ["execution.spot"]
    assert topics(desk.heard(all_of_it)) == ["order", "execution", "execution.fast", "wallet"]
    desk.post("/v5/order/create", category="linear", **market)
    assert topics(desk.heard(own)) == ["order.linear"]
    heard = desk.heard(all_of_it)
    assert topics(heard) == ["order", "execution", "execution.fast", "position", "wallet"]
    assert heard[3]["data"][0]["side"] == "Sell"
    asked = desk.get("/v5/account/wallet-balance", accountType="UNIFIED")["result"]["list"][0]
    assert heard[4]["data"][0] == asked
    desk.tell(all_of_it, op="unsubscribe", args=["order"])
    desk.post("/v5/order/cancel-all", category="linear", symbol=NAME)
    assert topics(desk.heard(all_of_it)) == []


def test_orders_go_when_the_last_listener_is_gone_too_long(desk: BybitDesk) -> None:
    path = "/v5/order/disconnected-cancel-all"
    for wrong in ({"timeWindow": 2}, {"timeWindow": 301}, {"timeWindow": 10, "product": "X"}):
        assert desk.post(path, **wrong)["retCode"] == 10001
    assert desk.post(path, timeWindow=10, product="DERIVATIVES")["retCode"] == 0
    infos = desk.get("/v5/account/query-dcp-info")["result"]["dcpInfos"]
    assert infos == [{"product": "DERIVATIVES", "dcpStatus": "ON", "timeWindow": "10"}]
    desk.post("/v5/order/create", **BUY, orderLinkId="linear")
    desk.post("/v5/order/create", **{**BUY, "category": "spot"}, orderLinkId="spot")
    first, second = desk.private("dcp.future"), desk.private("dcp.future", "order")
    desk.gateway.disconnect(first)
    desk.at(15)
    assert desk.status("linear")["orderStatus"] == "New"
    desk.gateway.disconnect(second)
    desk.at(20)
    third = desk.private("dcp.future")  # back in time
    desk.at(40)
    assert desk.status("linear")["orderStatus"] == "New"
    desk.gateway.disconnect(third)
    desk.at(51)
    assert desk.status("linear")["orderStatus"] == "Cancelled"
    assert desk.status("linear")["cancelType"] == "CancelByDCP"
    assert desk.status("spot", "spot")["orderStatus"] == "New"


# Trading -------------------------------------------------------------------------------------


def ask(desk: BybitDesk, stream: Connection, op: str, order: Any, **more: Any) -> Any:
    header = {"X-BAPI-TIMESTAMP": str(desk.now_ns // NS_MS)}
    frame = {"op": op, "args": [order], "header": header, **more}
    return desk.tell(stream, **frame)[0]


def test_orders_are_placed_changed_and_cancelled_over_a_socket(desk: BybitDesk) -> None:
    stream = desk.open("/v5/trade")
    assert ask(desk, stream, "order.create", BUY, reqId="0")["retCode"] == 10005
    assert desk.tell(stream, op="auth", args=desk.auth(), reqId="a")[0]["retCode"] == 0
    assert desk.tell(stream, op="auth", args=desk.auth())[0]["retCode"] == 20001
    made = ask(desk, stream, "order.create", {**BUY, "orderLinkId": "one"}, reqId="1")
    assert (made["retCode"], made["reqId"], made["op"]) == (0, "1", "order.create")
    assert made["header"]["X-Bapi-Limit-Status"] == "19"
    number = made["data"]["orderId"]
    assert ask(desk, stream, "order.create", BUY, reqId="1")["retCode"] == 20006
    ref = {"category": "linear", "symbol": NAME, "orderId": number}
    assert ask(desk, stream, "order.amend", {**ref, "qty": "0.02"})["retCode"] == 0
    assert desk.status("one")["qty"] == "0.02"
    assert ask(desk, stream, "order.cancel", ref)["data"]["orderId"] == number
    assert ask(desk, stream, "order.cancel", ref)["retCode"] == 110001
    batch = {"category": "linear", "request": [{**BUY, "qty": "0"}, BUY]}
    told = ask(desk, stream, "order.create-batch", batch)
    assert [one["code"] for one in told["retExtInfo"]["list"]] == [10001, 0]


def test_a_socket_refuses_what_it_does_not_know_and_what_is_stale(desk: BybitDesk) -> None:
    stream = desk.open("/v5/trade")
    desk.tell(stream, op="auth", args=desk.auth())
    assert ask(desk, stream, "order.dance", BUY)["retCode"] == 10404
    assert ask(desk, stream, "order.create", BUY, header={})["retCode"] == 10001
    stale = {"X-BAPI-TIMESTAMP": str(desk.now_ns // NS_MS - 6_000)}
    assert ask(desk, stream, "order.create", BUY, header=stale)["retCode"] == 10002
    wide = {**stale, "X-BAPI-RECV-WINDOW": "7000"}
    assert ask(desk, stream, "order.create", BUY, header=wide)["retCode"] == 0
    assert ask(desk, stream, "order.create", BUY, args=[BUY, BUY])["retCode"] == 10001
    assert ask(desk, stream, "order.create", BUY, reqId="x" * 37)["retCode"] == 10001
    stream = desk.open("/v5/trade")
    assert desk.tell(stream, op="auth", args=["x", 1, "y"])[0]["retCode"] == 10003


def test_an_order_that_a_stop_waits_behind_keeps_its_id(desk: BybitDesk) -> None:
    stream = desk.private("order")
    made = desk.post("/v5/order/create", **BUY)["result"]["orderId"]
    assert desk.heard(stream)[0]["data"][0]["orderId"] == made
    found = desk.exchange.order(desk.account, OrderRef(LINEAR, int(made[-12:], 16)))
    assert found is not None
