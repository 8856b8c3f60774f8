"""Conversations with OKX at a venue in memory, and every way they can end."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.okx_asker import OkxAsker
from tests.unit.venues.clients.okx.line import LOTS, Line, buys, sent, ticks
from tests.unit.venues.clients.okx.markets import SPOT, SWAP, own

from ballast.core.ids import Purpose
from ballast.core.orders import Fill, OrderKind, OrderRequest, OrderStatus, Side
from ballast.core.reports import Look, OrderReport, Source
from ballast.core.time import Timeframe
from ballast.venues.clients.account import Balance, VenuePosition
from ballast.venues.clients.calls import Urgency, Verdict
from ballast.venues.clients.desk import Heard
from ballast.venues.clients.okx.private import Business, Private
from ballast.venues.clients.okx.public import Quotes
from ballast.venues.clients.okx.spot import OkxSpot
from ballast.venues.clients.okx.swap import OkxSwap

if TYPE_CHECKING:
    from ballast.venues.clients.okx.desk import OkxDesk
    from ballast.venues.clients.okx.talk import Talk

ASKER = OkxAsker()
MINUTE = Timeframe.parse("1m")


@pytest.fixture
def asker() -> OkxAsker:
    return OkxAsker()


@pytest.fixture(params=["spot", "swap"])
def desk(request: pytest.FixtureRequest, asker: OkxAsker) -> OkxDesk:
    kind = OkxSpot if request.param == "spot" else OkxSwap
    made = kind(asker, asker.now_ns)
    asyncio.run(made.load())
    return made


def lines(asker: OkxAsker, desk: OkxDesk) -> list[Line]:
    """Open the private conversations of a desk."""
    return [Line(asker, talk) for talk in desk.private(["BTCUSDT"])]  # type: ignore[arg-type]


# Private ----------------------------------------------------------------------------------------


def test_a_private_socket_logs_in_subscribes_and_then_is_ready(
    asker: OkxAsker, desk: OkxDesk
) -> None:
    private, business = lines(asker, desk)
    assert (private.talk.name, business.talk.name) == ("private", "private.algo")
    for line in (private, business):
        assert not line.ends
        assert line.ready == 1


def test_no_channel_that_is_missing_makes_a_socket_ready() -> None:
    asker = OkxAsker()
    talk = Private(asker, "SWAP", [SWAP])
    asks = json.loads(talk.logged_in().replies[0])["args"]
    assert [one["channel"] for one in asks] == ["orders", "account", "positions"]
    done = [
        talk.hear(json.dumps({"event": "subscribe", "arg": {**one, "uid": "5"}}).encode(), 0)
        for one in asks
    ]
    assert [one.is_ready for one in done] == [False, False, True]


def test_the_stream_tells_of_an_order_what_a_query_tells(asker: OkxAsker, desk: OkxDesk) -> None:
    private, _ = lines(asker, desk)
    rests = replace(buys(), kind=OrderKind.LIMIT, price_ticks=ticks(desk, 50_000))
    sent(desk, rests)
    asyncio.run(desk.cancel("BTCUSDT", rests.client_id, Urgency.TRADE))
    filled = sent(desk, buys(2))
    told = private.listen().of(OrderReport)
    assert [(one.client_id, one.status) for one in told if one.client_id == rests.client_id] == [
        (rests.client_id, OrderStatus.NEW),
        (rests.client_id, OrderStatus.CANCELLED),
    ]
    for request in (rests, filled):
        (shown,) = asyncio.run(desk.look("BTCUSDT", request.client_id, Look.BY_ID))
        last = [one for one in told if one.client_id == request.client_id][-1]
        assert replace(last, source=Source.QUERY) == shown


def test_each_trade_is_told_once_and_as_the_list_of_trades_has_it(
    asker: OkxAsker, desk: OkxDesk
) -> None:
    private, _ = lines(asker, desk)
    sent(desk, buys())
    sent(desk, buys(2))
    assert private.listen().of(Fill) == asyncio.run(desk.trades("BTCUSDT"))
    assert len(private.of(Fill)) >= 2


def test_a_stop_is_one_order_over_both_sockets(asker: OkxAsker, desk: OkxDesk) -> None:
    """It waits on one and trades on the other, where the venue calls it by another number."""
    private, business = lines(asker, desk)
    market = desk.markets["BTCUSDT"]
    sent(desk, buys())
    stop = OrderRequest(
        "BTCUSDT", Side.SELL, OrderKind.STOP_MARKET, LOTS, client_id=own(Purpose.STOP),
        trigger_ticks=ticks(desk, 60_000) - 3, reduce_only=market.is_perpetual,
    )  # fmt: skip
    sent(desk, stop)
    asker.venue.pass_time(1_000_000)
    asker.venue.walk(market.name, str(60_000 - 3 * market.tick))
    waits = business.listen().of(OrderReport)
    assert waits[0].status is OrderStatus.UNTRIGGERED
    assert (waits[0].trigger_ticks, waits[0].qty_lots) == (stop.trigger_ticks, LOTS)
    assert waits[-1].status is OrderStatus.NEW
    trades = [one for one in private.listen().of(OrderReport) if one.client_id == stop.client_id]
    assert (trades[-1].status, trades[-1].filled_lots) == (OrderStatus.FILLED, LOTS)
    assert {one.order_id for one in (*waits, *trades)} == {waits[0].order_id}
    fills = [one for one in private.of(Fill) if one.client_id == stop.client_id]
    assert sum(one.qty_lots for one in fills) == LOTS
    assert fills == [
        one for one in asyncio.run(desk.trades("BTCUSDT")) if one.client_id == stop.client_id
    ]


def test_a_cancelled_stop_is_told(asker: OkxAsker, desk: OkxDesk) -> None:
    _, business = lines(asker, desk)
    stop = OrderRequest(
        "BTCUSDT", Side.BUY, OrderKind.STOP_MARKET, LOTS, client_id=own(Purpose.STOP),
        trigger_ticks=ticks(desk, 61_000),
    )  # fmt: skip
    sent(desk, stop)
    asyncio.run(desk.cancel("BTCUSDT", stop.client_id, Urgency.TRADE))
    told = business.listen().of(OrderReport)
    assert [one.status for one in told][-1] is OrderStatus.CANCELLED


def test_balances_are_told_at_once_and_when_they_change(asker: OkxAsker, desk: OkxDesk) -> None:
    private, _ = lines(asker, desk)
    first = {one.asset: one for one in private.of(Balance)}
    assert first["USDT"].total == 100_000
    sent(desk, buys())
    last = {one.asset: one for one in private.listen().of(Balance)}
    assert last["USDT"].total < 100_000
    shown = {one.asset: one for one in asyncio.run(desk.balances())}
    assert last["USDT"] == shown["USDT"]


def test_positions_are_told_and_a_closed_one_as_zero() -> None:
    asker = OkxAsker()
    desk = OkxSwap(asker, asker.now_ns)
    asyncio.run(desk.load())
    private, _ = lines(asker, desk)
    sent(desk, buys())
    held = private.listen().of(VenuePosition)[-1]
    assert (held.symbol, held.lots) == ("BTCUSDT", LOTS)
    assert held.entry == asyncio.run(desk.positions(["BTCUSDT"]))[0].entry
    sent(desk, replace(buys(2), side=Side.SELL, reduce_only=True))
    assert private.listen().of(VenuePosition)[-1].lots == 0


def test_a_wrong_secret_ends_the_conversation(asker: OkxAsker) -> None:
    asker.sign = lambda text, *, digest="hex": text + digest  # type: ignore[method-assign]
    line = Line(asker, Private(asker, "SPOT", [SPOT]))
    assert line.ends.startswith("60007")
    told = b'{"event": "error", "code": "60007", "msg": "Invalid sign"}'
    assert Private(asker, "SPOT", [SPOT]).hear(told, 0).verdict is Verdict.KEY
    assert not line.ready


@pytest.mark.parametrize(
    ("frame", "ends"),
    [
        # An error seldom says what it is about.
        ({"event": "error", "code": "60012", "msg": "Invalid request"}, "60012 Invalid request"),
        ({"event": "error", "code": "60018", "msg": "x", "connId": "a"}, "60018 x"),
        ({"event": "channel-conn-count-error", "channel": "orders", "connCount": "31"}, "error"),
        ({"event": "notice", "code": "64008", "msg": "upgrade"}, "64008 upgrade"),
        ({"event": "notice", "code": "1", "msg": "hello"}, ""),
        ({"event": "channel-conn-count", "channel": "orders", "connCount": "2"}, ""),
        ({"event": "unsubscribe", "arg": {"channel": "orders"}}, ""),
    ],
)
def test_what_the_venue_says_of_a_socket_ends_it_or_does_not(
    frame: dict[str, str], ends: str
) -> None:
    talk = Quotes("OKX", [SPOT])
    assert talk.hear(json.dumps(frame).encode(), 0) == Heard(ends=ends)


@pytest.mark.parametrize(
    "frame",
    [
        b"", b"{", b"[]", b'"ping"', b"{}", b'{"arg":{"channel":"orders"}}', b'{"data":[]}',
        b'{"arg":{"channel":"orders"},"data":{}}', b'{"arg":{"channel":"orders"},"data":[1]}',
        b'{"event":"login","code":"0"}',
    ],
)  # fmt: skip
def test_a_frame_that_cannot_be_read_is_an_error(frame: bytes) -> None:
    talk: Talk = Private(OkxAsker(), "SPOT", [SPOT])
    if b"login" in frame:
        talk = Quotes("OKX", [SPOT])
    with pytest.raises(ValueError, match=r"."):
        talk.hear(frame, 0)


def test_the_parts_of_a_large_stop_are_told_as_one_order() -> None:
    """What is too large for one market order becomes several."""
    talk = Private(OkxAsker(), "SWAP", [SWAP])
    row = {
        "instId": "BTC-USDT-SWAP", "algoId": "70", "algoClOrdId": own(Purpose.STOP),
        "clOrdId": "", "side": "sell", "sz": "1", "accFillSz": "1", "state": "filled", "px": "",
        "uTime": "1700000000000",
    }  # fmt: skip

    def told(**more: str) -> OrderReport:
        frame = {"arg": {"channel": "orders"}, "data": [row | more]}
        (report,) = talk.hear(json.dumps(frame).encode(), 0).news
        assert isinstance(report, OrderReport)
        return report

    assert (told(ordId="71").status, told(ordId="71").filled_lots) == (OrderStatus.FILLED, 10)
    part = told(ordId="72", accFillSz="0.2", state="partially_filled")
    assert (part.status, part.filled_lots) == (OrderStatus.PARTIALLY_FILLED, 12)
    assert told(ordId="72").filled_lots == 20
    assert told(ordId="90", algoId="89").filled_lots == 10


def test_an_order_of_another_market_is_passed_over() -> None:
    talk = Business(OkxAsker(), "SPOT", [SPOT])
    frame = {"arg": {"channel": "orders-algo"}, "data": [{"instId": "ETH-USDT"}]}
    assert talk.hear(json.dumps(frame).encode(), 0) == Heard()


def test_a_socket_pings_with_text_and_needs_no_renewal() -> None:
    talk = Quotes("OKX", [SPOT])
    assert talk.ping(0) == "ping"
    assert talk.hear(b"pong", 0) == Heard()
    assert talk.ping_s < 30
    assert talk.keep_s == 0
    assert talk.life_s < 86_400


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("1700000000000"),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(st.sampled_from(["sz", "state", "ccy", "details", "instId"]), part)
    ),
    max_leaves=6,
)
WORD = st.sampled_from(["orders", "account", "positions", "orders-algo", "trades", "instruments"])
ROW = st.dictionaries(
    st.sampled_from(
        [
            "instId", "state", "sz", "accFillSz", "px", "uTime", "algoId", "algoClOrdId",
            "clOrdId", "details", "pos", "avgPx", "tradeId", "fillSz", "fillFeeCcy", "side",
            "posSide", "slTriggerPx",
        ]
    ),
    ANYTHING | st.sampled_from(["BTC-USDT", "live", "filled", "1", "buy", own(Purpose.STOP)]),
)  # fmt: skip
READ = (ValueError, TypeError, LookupError, ArithmeticError)
"""What the carrier takes as a frame that cannot be read; anything else is a defect of ours."""


@given(WORD, st.lists(ROW | ANYTHING, max_size=3) | ANYTHING, ANYTHING)
def test_whatever_comes_is_heard_or_cannot_be_read(word: str, data: Any, arg: Any) -> None:
    asker = ASKER
    talks: list[Talk] = [
        Private(asker, "SPOT", [SPOT]), Business(asker, "SPOT", [SPOT]), Quotes("OKX", [SPOT]),
    ]  # fmt: skip
    frames = [
        {"arg": {"channel": word}, "data": data}, {"arg": arg, "data": data},
        {"event": "subscribe", "arg": arg}, {"event": arg}, arg,
    ]  # fmt: skip
    for talk in talks:
        for frame in frames:
            with contextlib.suppress(*READ):
                talk.hear(json.dumps(frame).encode(), 0)
