"""The user's stream of USD-M, frame by frame (exchanges.md 3.3, 6.2)."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.instrument import Kind
from ballast.core.orders import EndReason, Fill, MarginMode, OrderStatus, PositionSide, Side
from ballast.core.reports import OrderReport, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.account import Balance, VenuePosition
from ballast.venues.clients.binance.usdm_account import payment_id
from ballast.venues.clients.binance.usdm_stream import UsdmTalk
from ballast.venues.clients.calls import Call, CallError, Verdict
from ballast.venues.clients.desk import Paid
from ballast.venues.clients.market import Market

MARKET = Market(
    "BTCUSDT", "BTCUSDT", "BTC", "USDT", Kind.PERPETUAL, tick=Decimal("0.1"), lot=Decimal("0.001")
)
ENTRY, STOP = "ble234567abcdefgh2", "bls234567abcdefgh2"
HOST = "wss://fstream.binance.com"
CHILD = 8886774
AT_MS = 1568879465650
AT_NS = AT_MS * 1_000_000


class Keys:
    """Gives a listen key, or what it is told to give."""

    key = passphrase = ""

    def __init__(self, answer: Any = None) -> None:
        self.asked: list[str] = []
        self.answer = answer if answer is not None else {"listenKey": "abc123"}

    async def ask(self, call: Call) -> Any:
        self.asked.append(call.method)
        return self.answer

    def now_ms(self) -> int:
        raise AssertionError

    def sign(self, text: str, *, digest: str = "hex") -> str:
        raise AssertionError((text, digest))

    def token(self) -> str:
        raise AssertionError


def talk() -> UsdmTalk:
    return UsdmTalk(HOST, Keys(), {"BTCUSDT": MARKET})


def hear(body: dict[str, Any], speaker: UsdmTalk | None = None) -> Any:
    return (speaker or talk()).hear(json.dumps(body).encode(), 0)


def order(**change: Any) -> dict[str, Any]:
    told = {
        "s": "BTCUSDT", "c": ENTRY, "S": "SELL", "o": "LIMIT", "f": "GTC", "q": "0.010",
        "p": "60000.0", "ap": "0", "sp": "0", "x": "NEW", "X": "NEW", "i": CHILD, "l": "0",
        "z": "0", "L": "0", "T": AT_MS, "t": 0, "b": "0", "a": "9.91", "m": False, "R": False,
        "wt": "CONTRACT_PRICE", "ot": "LIMIT", "ps": "BOTH", "cp": False, "rp": "0", "si": 0,
    } | change  # fmt: skip
    return {"e": "ORDER_TRADE_UPDATE", "E": AT_MS + 8, "T": AT_MS, "o": told}


TRADE = {"x": "TRADE", "X": "FILLED", "l": "0.010", "z": "0.010", "L": "54990.5", "t": 77,
         "n": "0.0275", "N": "USDT", "rp": "-5.005", "o": "MARKET", "p": "0"}  # fmt: skip


def algo(**change: Any) -> dict[str, Any]:
    told = {
        "caid": STOP, "aid": 2148719, "at": "CONDITIONAL", "o": "STOP_MARKET", "s": "BTCUSDT",
        "S": "SELL", "ps": "BOTH", "f": "GTC", "q": "0.010", "X": "NEW", "ai": "", "ap": "0",
        "aq": "0", "act": "0", "tp": "55000.0", "p": "0", "wt": "MARK_PRICE", "R": True,
    } | change  # fmt: skip
    return {"e": "ALGO_UPDATE", "T": AT_MS, "E": AT_MS + 1, "o": told}


def test_the_address_holds_a_listen_key_which_is_kept_alive() -> None:
    keys = Keys()
    speaker = UsdmTalk(HOST, keys, {})
    assert asyncio.run(speaker.url()) == "wss://fstream.binance.com/private/ws/abc123"
    asyncio.run(speaker.keep())
    assert keys.asked == ["fapiPrivatePostListenKey", "fapiPrivatePutListenKey"]
    assert 0 < speaker.keep_s < 3_600
    assert speaker.greeting(0) == ()


def test_no_listen_key_is_a_failed_call() -> None:
    with pytest.raises(CallError) as caught:
        asyncio.run(UsdmTalk(HOST, Keys({"other": 1}), {}).url())
    assert caught.value.verdict is Verdict.UNCLEAR


def test_a_dead_listen_key_ends_the_connection() -> None:
    """Nothing else would: it stays open and silent (exchanges.md 6.2)."""
    assert hear({"e": "listenKeyExpired", "E": 1, "listenKey": "x"}).ends == "listenKeyExpired"


@pytest.mark.parametrize("kind", ["TRADE_LITE", "MARGIN_CALL", "ACCOUNT_CONFIG_UPDATE", "NEW_ONE"])
def test_an_event_of_no_use_is_passed_over(kind: str) -> None:
    heard = hear({"e": kind, "E": 1})
    assert (heard.news, heard.ends) == ((), "")


def test_an_order_and_its_fill() -> None:
    (report,) = hear(order()).news
    assert report == OrderReport(
        "BTCUSDT", ENTRY, CHILD, OrderStatus.NEW, 0, AT_NS, Source.STREAM, EndReason.NONE, 10,
        600_000, 0,
    )  # fmt: skip
    report, fill = hear(order(**TRADE)).news
    assert (report.status, report.filled_lots, report.price_ticks) == (OrderStatus.FILLED, 10, 0)
    assert fill == Fill(
        77, CHILD, ENTRY, 0, "BTCUSDT", Side.SELL, PositionSide.BOTH, 549_905, 10, False, "USDT",
        2_750_000, -500_500_000, AT_NS,
    )  # fmt: skip


def test_a_fill_of_a_triggered_stop_is_ours_without_any_event_before_it() -> None:
    """A connection made anew knows nothing: our id alone says whose the child is."""
    report, fill = hear(order(c=STOP, **TRADE)).news
    for one in (report, fill):
        assert (one.client_id, one.order_id) == (STOP, number_of(STOP))


def test_a_child_of_another_name_is_ours_from_the_moment_it_is_linked() -> None:
    """Its fill may come before the event that names it (`ai`): it is told again, under our id."""
    speaker = talk()
    hear(algo(), speaker)
    early = hear(order(c="x-made", **TRADE), speaker).news
    assert [(one.client_id, one.order_id) for one in early] == [("x-made", CHILD)] * 2
    triggered, report, fill = hear(algo(X="TRIGGERED", ai=str(CHILD)), speaker).news
    assert triggered.status is OrderStatus.NEW
    for one in (triggered, report, fill):
        assert (one.client_id, one.order_id) == (STOP, number_of(STOP))
    assert (fill.trade_id, fill.qty_lots, report.status) == (77, 10, OrderStatus.FILLED)
    late = hear(order(c="x-made", x="CANCELED", X="CANCELED"), speaker).news
    assert [one.client_id for one in late] == [STOP]
    assert len(hear(algo(X="FINISHED", ai=str(CHILD), aq="0.010"), speaker).news) == 1


def test_a_child_that_is_told_under_our_id_is_not_told_twice() -> None:
    speaker = talk()
    hear(order(c=STOP, **TRADE), speaker)
    assert len(hear(algo(X="TRIGGERED", ai=CHILD), speaker).news) == 1


def test_a_conditional_order_of_another_purpose_is_one_order_too() -> None:
    speaker, take = talk(), "blt234567abcdefgh2"
    (waiting,) = hear(algo(caid=take), speaker).news
    report, fill = hear(order(c=take, **TRADE), speaker).news
    assert waiting.order_id == report.order_id == fill.order_id == number_of(take)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", OrderStatus.UNTRIGGERED), ("TRIGGERING", OrderStatus.NEW),
        ("CANCELED", OrderStatus.CANCELLED), ("EXPIRED", OrderStatus.EXPIRED),
        ("REJECTED", OrderStatus.REJECTED),
    ],
)  # fmt: skip
def test_a_conditional_order_stands(word: str, status: OrderStatus) -> None:
    (report,) = hear(algo(X=word)).news
    assert (report.status, report.client_id, report.trigger_ticks) == (status, STOP, 550_000)


def test_how_a_child_ended_its_own_event_says() -> None:
    assert hear(algo(X="FINISHED", ai=str(CHILD), aq="0.004")).news == ()


def test_somebody_elses_event_that_cannot_be_read_ends_nothing() -> None:
    for body in (order(c="web", X="ODD"), order(c="web", p="0.01"), algo(caid="web", X="ODD")):
        assert hear(body).news == ()


def account(why: str, balances: list[Any], positions: list[Any]) -> dict[str, Any]:
    told = {"m": why, "B": balances, "P": positions}
    return {"e": "ACCOUNT_UPDATE", "E": AT_MS, "T": AT_MS, "a": told}


POSITION = {"s": "BTCUSDT", "pa": "-0.020", "ep": "6563.66500", "bep": "0", "cr": "0",
            "up": "2850.21200", "mt": "isolated", "iw": "13200.70726908", "ps": "BOTH"}  # fmt: skip


def test_wallet_and_positions() -> None:
    balance = {"a": "USDT", "wb": "122624.12345678", "cw": "100.12345678", "bc": "50.12345678"}
    wallet, held = hear(account("ORDER", [balance], [POSITION])).news
    total = Decimal("122624.12345678")
    assert wallet == Balance("USDT", total, total, has_free=False)
    assert held == VenuePosition(
        "BTCUSDT", -20, entry=Decimal("6563.66500"), unrealised=Decimal("2850.21200"),
        margin_mode=MarginMode.ISOLATED,
    )  # fmt: skip


def test_funding_names_its_position_only_where_the_venue_does() -> None:
    balance = {"a": "USDT", "wb": "99", "cw": "99", "bc": "-1.5"}
    *_, paid = hear(account("FUNDING_FEE", [balance], [POSITION])).news
    assert paid == Paid("BTCUSDT", Decimal("1.5"), AT_NS, payment_id("BTCUSDT", AT_MS))
    (wallet,) = hear(account("FUNDING_FEE", [balance], [])).news
    assert isinstance(wallet, Balance)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"e": 5}, {"e": "ORDER_TRADE_UPDATE"}, order(X="ODD"), order(z="0.0001"),
        order(ps="ODD", **TRADE), algo(X="ODD"), algo(ai="x"), account("ORDER", [{}], []),
        account("ORDER", [], [POSITION | {"mt": "odd"}]),
    ],
)  # fmt: skip
def test_a_frame_that_cannot_be_read_is_a_value_error(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the port demands no more
        hear(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_heard_or_refused(frame: bytes) -> None:
    try:
        heard = talk().hear(frame, 0)
    except ValueError:
        return
    assert heard.news == ()
