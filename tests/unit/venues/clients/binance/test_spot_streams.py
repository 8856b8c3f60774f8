"""Sockets of Binance spot, frame by frame (exchanges.md 3.2, 6.2)."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.instrument import Kind
from ballast.core.marketdata import BookUpdate, Candle, Quote, Trade
from ballast.core.orders import EndReason, Fill, OrderStatus, PositionSide, Side
from ballast.core.reports import OrderReport, Source
from ballast.core.time import Timeframe
from ballast.venues.clients.account import Balance
from ballast.venues.clients.binance.spot_stream import SpotTalk
from ballast.venues.clients.binance.talk import MarketTalk, grids_of, streams_of
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.market import Market

MARKET = Market(
    "BTCUSDT", "BTCUSDT", "BTC", "USDT", Kind.SPOT, tick=Decimal("0.01"), lot=Decimal("0.00001")
)
ID = "bles234567abcdefgh"
NOW_MS = 1_700_000_000_000


class Signer:
    """What a socket asks of an asker."""

    key, passphrase = "the-key", ""

    def now_ms(self) -> int:
        return NOW_MS

    def sign(self, text: str, *, digest: str = "hex") -> str:
        assert digest == "hex"
        return hmac.new(b"the-secret", text.encode(), hashlib.sha256).hexdigest()

    async def ask(self, call: object) -> object:
        raise AssertionError(call)

    def token(self) -> str:
        raise AssertionError


def talk() -> SpotTalk:
    return SpotTalk("wss://x", Signer(), {"BTCUSDT": MARKET})


def hear(body: dict[str, Any], speaker: Any = None) -> Any:
    return (speaker or talk()).hear(json.dumps(body).encode(), 0)


def event(body: dict[str, Any]) -> Any:
    return hear({"subscriptionId": 0, "event": body})


EXECUTION = {
    "e": "executionReport", "E": 1499405658658, "s": "BTCUSDT", "c": ID, "S": "SELL",
    "o": "STOP_LOSS_LIMIT", "f": "GTC", "q": "1.00000000", "p": "10264.41", "P": "10300.00",
    "F": "0.0", "g": -1, "C": "", "x": "NEW", "X": "NEW", "r": "NONE", "i": 4293153,
    "l": "0.00000000", "z": "0.00000000", "L": "0.00000000", "n": "0", "N": None,
    "T": 1499405658657, "t": -1, "I": 8641984, "w": False, "m": False, "M": False,
    "O": 1499405658657, "Z": "0.0", "Y": "0.0", "Q": "0.0", "W": 1499405658657, "V": "NONE",
}  # fmt: skip
AT_NS = 1499405658657 * 1_000_000


def test_the_subscription_is_signed_over_its_parameters_by_name() -> None:
    (text,) = talk().greeting(5)
    asked = json.loads(text)
    assert asked["method"] == "userDataStream.subscribe.signature"
    params = asked["params"]
    signed = f"apiKey=the-key&recvWindow=3000&timestamp={NOW_MS}"
    expected = hmac.new(b"the-secret", signed.encode(), hashlib.sha256).hexdigest()
    assert params == {
        "apiKey": "the-key", "recvWindow": 3000, "timestamp": NOW_MS, "signature": expected,
    }  # fmt: skip


def test_an_answer_makes_it_ready_and_a_refusal_ends_it() -> None:
    asked = json.loads(talk().greeting(0)[0])
    ready = hear({"id": asked["id"], "status": 200, "result": {"subscriptionId": 0}})
    assert ready.is_ready
    assert not ready.ends
    refused = hear({"id": asked["id"], "status": 401, "error": {"code": -2015, "msg": "Invalid"}})
    assert not refused.is_ready
    assert "-2015" in refused.ends
    assert refused.verdict is Verdict.KEY


def test_a_waiting_stop_and_its_start_in_the_book() -> None:
    (report,) = event(EXECUTION).news
    assert report == OrderReport(
        "BTCUSDT", ID, 4293153, OrderStatus.UNTRIGGERED, 0, AT_NS, Source.STREAM, EndReason.NONE,
        100_000, 1_026_441, 1_030_000,
    )  # fmt: skip
    (report,) = event(EXECUTION | {"w": True}).news
    assert report.status is OrderStatus.NEW


def test_a_trade_is_a_report_and_a_fill() -> None:
    report, fill = event(
        EXECUTION
        | {"x": "TRADE", "X": "PARTIALLY_FILLED", "l": "0.4", "z": "0.5", "L": "10265.00",
           "n": "0.00012", "N": "BNB", "t": 77, "m": True, "w": True}
    ).news  # fmt: skip
    assert (report.status, report.filled_lots) == (OrderStatus.PARTIALLY_FILLED, 50_000)
    assert fill == Fill(
        77, 4293153, ID, 0, "BTCUSDT", Side.SELL, PositionSide.BOTH, 1_026_500, 40_000, True,
        "BNB", 12_000, 0, AT_NS,
    )  # fmt: skip


def test_a_cancel_has_the_name_of_the_order_in_another_place() -> None:
    (report,) = event(EXECUTION | {"x": "CANCELED", "X": "CANCELED", "c": "x", "C": ID}).news
    assert (report.client_id, report.status) == (ID, OrderStatus.CANCELLED)
    (report,) = event(EXECUTION | {"C": "null"}).news
    assert report.client_id == ID


def test_balances_are_free_and_locked() -> None:
    news = event(
        {"e": "outboundAccountPosition", "E": 1, "u": 1,
         "B": [{"a": "ETH", "f": "10000.5", "l": "0.25"}, {"a": "BNB", "f": "0", "l": "0"}]}
    ).news  # fmt: skip
    assert news == (
        Balance("ETH", Decimal("10000.75"), Decimal("10000.5")),
        Balance("BNB", Decimal(0), Decimal(0)),
    )


@pytest.mark.parametrize("kind", ["eventStreamTerminated", "serverShutdown"])
def test_a_stream_that_says_it_is_over_ends(kind: str) -> None:
    """It leaves the connection open and silent: nobody would notice (exchanges.md 6.2)."""
    assert event({"e": kind, "E": 1}).ends == kind


@pytest.mark.parametrize("kind", ["balanceUpdate", "listStatus", "externalLockUpdate", "newOne"])
def test_an_event_of_no_use_is_passed_over(kind: str) -> None:
    heard = event({"e": kind, "E": 1, "s": "BTCUSDT"})
    assert (heard.news, heard.ends, heard.is_ready) == ((), "", False)


def test_an_order_of_a_symbol_without_rules_is_not_told() -> None:
    assert event(EXECUTION | {"s": "LTCUSDT"}).news == ()


def test_somebody_elses_event_that_cannot_be_read_ends_nothing() -> None:
    assert event(EXECUTION | {"c": "web", "X": "ODD"}).news == ()
    assert event(EXECUTION | {"c": "web", "p": "0.001"}).news == ()


@pytest.mark.parametrize(
    "frame",
    [
        b"", b"{", b"[]", b"{}", b'{"event":{}}', b'{"event":{"e":"executionReport"}}',
        json.dumps({"event": EXECUTION | {"X": "ODD"}}).encode(),
        json.dumps({"event": EXECUTION | {"z": "0.0000001"}}).encode(),
    ],
)  # fmt: skip
def test_a_frame_that_cannot_be_read_is_a_value_error(frame: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the port demands no more
        talk().hear(frame, 0)


@given(st.binary(max_size=200))
def test_any_bytes_are_heard_or_refused(frame: bytes) -> None:
    try:
        heard = talk().hear(frame, 0)
    except ValueError:
        return
    assert heard.news == ()


# Streams of the market -----------------------------------------------------------------------


def market_talk(names: list[str] | None = None) -> MarketTalk:
    wanted = names or streams_of([MARKET], ("kline", "bookTicker", "trade"), Timeframe.parse("1h"))
    return MarketTalk("public", "wss://x", "BINANCE", wanted, grids_of([MARKET]))


def test_streams_are_named_and_asked_for_in_chunks_each_acknowledged() -> None:
    assert streams_of([MARKET], ("kline", "trade"), Timeframe.parse("4h")) == [
        "btcusdt@kline_4h", "btcusdt@trade",
    ]  # fmt: skip
    names = [f"s{number}@trade" for number in range(250)]
    speaker = market_talk(names)
    frames = [json.loads(one) for one in speaker.greeting(0)]
    assert [one["method"] for one in frames] == ["SUBSCRIBE"] * 3
    assert [name for one in frames for name in one["params"]] == names
    heard = [hear({"result": None, "id": one["id"]}, speaker) for one in frames]
    assert [one.is_ready for one in heard] == [False, False, True]


def test_a_bar_no_candle_has_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(CallError):
        streams_of([MARKET], ("kline",), Timeframe.parse("7m"))


def test_frames_of_the_market_are_events() -> None:
    speaker = market_talk()
    kline = {"t": 1, "T": 2, "s": "BTCUSDT", "i": "1h", "f": 1, "L": 2, "o": "1.00", "c": "1.02",
             "h": "1.03", "l": "0.99", "v": "0.5", "n": 1, "x": True, "q": "1", "V": "1",
             "Q": "1", "B": "0"}  # fmt: skip
    bodies: list[tuple[dict[str, Any], type]] = [
        ({"e": "kline", "E": 3, "s": "BTCUSDT", "k": kline}, Candle),
        ({"u": 1, "s": "BTCUSDT", "b": "1.00", "B": "0.1", "a": "1.01", "A": "0.2"}, Quote),
        ({"e": "trade", "E": 1, "s": "BTCUSDT", "t": 12, "p": "1.00", "q": "0.1", "T": 1,
          "m": True, "M": True}, Trade),
        ({"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": 1, "u": 2, "b": [["1.00", "0.1"]],
          "a": []}, BookUpdate),
    ]  # fmt: skip
    for body, kind in bodies:
        for frame in (body, {"stream": "btcusdt@x", "data": body}):
            (found,) = hear(frame, speaker).news
            assert isinstance(found, kind)
    (candle,) = hear(bodies[0][0], speaker).news
    assert (candle.is_closed, candle.close_ticks, candle.volume_lots) == (True, 102, 50_000)


def test_a_refused_subscription_ends_the_connection() -> None:
    heard = hear({"code": 2, "msg": "Invalid request: unknown variant", "id": 1}, market_talk())
    assert "Invalid request" in heard.ends


def test_a_symbol_that_was_not_asked_for_is_passed_over_and_a_broken_frame_is_not() -> None:
    odd = {"e": "trade", "E": 1, "s": "LTCUSDT", "t": 1, "p": "1", "q": "1", "T": 1, "m": True}
    assert hear(odd, market_talk()).news == ()
    with pytest.raises(ValueError):  # noqa: PT011 - the port demands no more
        hear({"e": "trade", "s": "BTCUSDT"}, market_talk())
