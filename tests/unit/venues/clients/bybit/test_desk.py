"""What a desk makes of answers: nothing is believed that was not seen, nothing is sent twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.venues.clients.bybit import asked
from tests.unit.venues.clients.bybit.asked import ScriptedAsker, listed, refusal
from tests.unit.venues.clients.bybit.markets import LINEAR, SPOT, market_of
from tests.unit.venues.clients.bybit.test_requests import LIMIT, STOP, STOP_NAME
from tests.unit.venues.clients.bybit.test_rows import ORDER, TRADE

from ballast.core.orders import (
    AmendRequest,
    EndReason,
    OrderKind,
    OrderRef,
    OrderStatus,
    RejectReason,
)
from ballast.core.reports import Action, Look, Miss, OrderReport, Rejection, Source, Unclear
from ballast.venues.clients.bybit import desk as desks
from ballast.venues.clients.bybit.desk import BybitLinear, BybitSpot
from ballast.venues.clients.calls import CallError, Urgency, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable

NOW_NS = 42
NAME = LIMIT.client_id
SHOWN = {**ORDER, "orderLinkId": NAME}
STOP_ROW = {
    **ORDER, "orderLinkId": STOP_NAME, "orderType": "Market", "side": "Sell",
    "orderStatus": "Untriggered", "triggerPrice": "58000", "lastPriceOnCreated": "60000",
    "marketUnit": "baseCoin",
}  # fmt: skip


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a desk look again without a pause."""
    monkeypatch.setattr(desks, "PAUSES_S", (0.0, 0.0))


def linear(**script: Any) -> tuple[BybitLinear, ScriptedAsker]:
    asker = ScriptedAsker(**script)
    desk = BybitLinear(asker, lambda: NOW_NS)
    desk.markets = {"BTCUSDT": market_of(LINEAR)}
    return desk, asker


def spot(**script: Any) -> tuple[BybitSpot, ScriptedAsker]:
    asker = ScriptedAsker(**script)
    desk = BybitSpot(asker, lambda: NOW_NS)
    desk.markets = {"BTCUSDT": market_of(SPOT)}
    return desk, asker


def run(work: Awaitable[Any]) -> Any:
    async def worked() -> Any:
        return await work

    return asyncio.run(worked())


# Sending -------------------------------------------------------------------------------------


def test_an_order_that_is_answered_with_ids_is_looked_at() -> None:
    desk, asker = linear(
        **{asked.CREATE: asked.TAKEN, asked.REALTIME: listed(SHOWN), asked.HISTORY: asked.NONE}
    )
    (report,) = run(desk.submit(LIMIT, Urgency.TRADE))
    assert isinstance(report, OrderReport)
    assert (report.status, report.source) == (OrderStatus.NEW, Source.QUERY)
    assert [one.method for one in asker.calls] == [asked.CREATE, asked.REALTIME]
    assert asker.calls[1].urgency is Urgency.TRADE


@pytest.mark.parametrize(
    "looks",
    [
        {asked.REALTIME: asked.NONE, asked.HISTORY: asked.NONE},
        {asked.REALTIME: refusal(Verdict.UNCLEAR), asked.HISTORY: asked.NONE},
        {asked.REALTIME: listed({"orderLinkId": NAME, "symbol": "BTCUSDT"})},
        {asked.REALTIME: listed({**SHOWN, "orderStatus": "Pondering"})},
        {asked.REALTIME: {"surprise": 1}},
    ],
)
def test_an_order_that_was_taken_and_is_not_shown_is_a_doubt(looks: dict[str, Any]) -> None:
    """A5: never NEW on the strength of an answer that says nothing."""
    desk, asker = linear(**{asked.CREATE: asked.TAKEN}, **looks)
    (told,) = run(desk.submit(LIMIT, Urgency.TRADE))
    assert isinstance(told, Unclear)
    assert (told.action, told.client_id) == (Action.SUBMIT, NAME)
    assert len(asker.asked(asked.CREATE)) == 1


def test_an_order_that_is_shown_a_little_later_is_waited_for() -> None:
    """The lists of the venue lag behind its matching; that is no failure of the link."""
    late = [asked.NONE, listed(SHOWN)]
    desk, asker = linear(
        **{asked.CREATE: asked.TAKEN, asked.REALTIME: late, asked.HISTORY: asked.NONE}
    )
    (report,) = run(desk.submit(LIMIT, Urgency.TRADE))
    assert isinstance(report, OrderReport)
    assert len(asker.asked(asked.REALTIME)) == 2
    assert len(asker.asked(asked.CREATE)) == 1


@pytest.mark.parametrize("answer", [{}, {"orderId": ""}, {"orderLinkId": NAME}])
def test_an_answer_without_an_order_id_is_a_doubt(answer: dict[str, Any]) -> None:
    """D7."""
    desk, asker = linear(**{asked.CREATE: answer})
    (told,) = run(desk.submit(LIMIT, Urgency.TRADE))
    assert isinstance(told, Unclear)
    assert len(asker.calls) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (refusal(reason=RejectReason.MIN_NOTIONAL), RejectReason.MIN_NOTIONAL),
        (refusal(Verdict.RATE), RejectReason.NOT_DONE),
        (refusal(Verdict.KEY), RejectReason.NOT_DONE),
        (refusal(Verdict.CLOCK), RejectReason.NOT_DONE),
        (refusal(Verdict.UNREACHED), RejectReason.NOT_DONE),
    ],
)
def test_a_definite_failure_is_a_rejection(error: CallError, reason: RejectReason) -> None:
    desk, asker = linear(**{asked.CREATE: error})
    (told,) = run(desk.submit(LIMIT, Urgency.TRADE))
    assert isinstance(told, Rejection)
    assert (told.reason, told.action, told.at_ns) == (reason, Action.SUBMIT, NOW_NS)
    assert len(asker.calls) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"symbol": "NOSUCH"}, RejectReason.UNKNOWN_SYMBOL),
        ({"kind": OrderKind.TRAILING_STOP}, RejectReason.NOT_SUPPORTED),
    ],
)
def test_what_cannot_be_said_is_refused_without_asking(
    changes: dict[str, Any], reason: RejectReason
) -> None:
    desk, asker = linear()
    (told,) = run(desk.submit(replace(LIMIT, **changes), Urgency.TRADE))
    assert isinstance(told, Rejection)
    assert told.reason is reason
    assert not asker.calls


SPOT_STOP = replace(STOP, trigger_ticks=5_800_000)


@pytest.mark.parametrize(
    ("told", "last", "is_taken_back"),
    [
        ("57900", "59000", True),
        ("60000", "57000", False),  # what the price was when it arrived counts
        ("", "57900", True),
        ("", "60000", False),
        ("", "", False),  # nobody knows: the node watches the price
    ],
)
def test_a_spot_stop_whose_price_had_passed_is_taken_back(
    told: str, last: str, is_taken_back: bool
) -> None:
    """It would sell when the price comes back, and protect nothing until then."""
    row = {**STOP_ROW, "lastPriceOnCreated": told}
    gone = {**row, "orderStatus": "Deactivated", "cancelType": "CancelByUser"}
    desk, asker = spot(
        **{asked.CREATE: asked.TAKEN, asked.CANCEL: asked.TAKEN,
           asked.REALTIME: [listed(row), listed(gone)],
           "publicGetV5MarketTickers": listed({"lastPrice": last})}
    )  # fmt: skip
    (report,) = run(desk.submit(SPOT_STOP, Urgency.PROTECT))
    expected = OrderStatus.CANCELLED if is_taken_back else OrderStatus.UNTRIGGERED
    assert report.status is expected
    assert [one["orderLinkId"] for one in asker.asked(asked.CANCEL)] == [STOP_NAME] * is_taken_back


def test_a_spot_stop_that_cannot_be_taken_back_is_told_as_there_and_doubted() -> None:
    row = {**STOP_ROW, "lastPriceOnCreated": "57900"}
    desk, _ = spot(
        **{asked.CREATE: asked.TAKEN, asked.CANCEL: refusal(Verdict.UNCLEAR),
           asked.REALTIME: listed(row)}
    )  # fmt: skip
    shown, doubt = run(desk.submit(SPOT_STOP, Urgency.PROTECT))
    assert shown.status is OrderStatus.UNTRIGGERED
    assert isinstance(doubt, Unclear)
    failing = refusal(Verdict.UNCLEAR)
    desk, _ = spot(
        **{asked.CREATE: asked.TAKEN, asked.REALTIME: listed({**row, "lastPriceOnCreated": ""}),
           "publicGetV5MarketTickers": failing}
    )  # fmt: skip
    (report,) = run(desk.submit(SPOT_STOP, Urgency.PROTECT))
    assert report.status is OrderStatus.UNTRIGGERED


# Cancelling and changing ---------------------------------------------------------------------


def test_a_cancel_is_told_as_what_the_order_then_is() -> None:
    ended = {**SHOWN, "orderStatus": "Cancelled", "cancelType": "CancelByUser"}
    desk, _ = linear(**{asked.CANCEL: asked.TAKEN, asked.REALTIME: listed(ended)})
    (told,) = run(desk.cancel("BTCUSDT", NAME, Urgency.PROTECT))
    assert (told.status, told.reason) == (OrderStatus.CANCELLED, EndReason.REQUESTED)
    desk, _ = linear(**{asked.CANCEL: asked.TAKEN, asked.REALTIME: listed(SHOWN)})
    (told,) = run(desk.cancel("BTCUSDT", NAME, Urgency.PROTECT))
    assert told.status is OrderStatus.NEW  # taken, and not carried out yet


def test_a_cancel_that_finds_nothing_is_looked_up() -> None:
    """A6, exchanges.md 5.4: it may have filled, or the cancel may have arrived twice."""
    missing = refusal(Verdict.MISSING, "110001")
    filled = {**SHOWN, "orderStatus": "Filled", "cumExecQty": "0.010"}
    desk, _ = linear(
        **{asked.CANCEL: missing, asked.REALTIME: asked.NONE, asked.HISTORY: listed(filled)}
    )
    (told,) = run(desk.cancel("BTCUSDT", NAME, Urgency.PROTECT))
    assert isinstance(told, OrderReport)
    assert (told.status, told.filled_lots) == (OrderStatus.FILLED, 10)
    desk, _ = linear(
        **{asked.CANCEL: missing, asked.REALTIME: asked.NONE, asked.HISTORY: asked.NONE}
    )
    (told,) = run(desk.cancel("BTCUSDT", NAME, Urgency.PROTECT))
    assert isinstance(told, Rejection)
    assert told.reason is RejectReason.UNKNOWN_ORDER


def test_spot_is_asked_to_cancel_in_its_other_place_only_if_the_first_has_not_got_it() -> None:
    missing = refusal(Verdict.MISSING, "170213")
    desk, asker = spot(**{asked.CANCEL: [missing, asked.TAKEN], asked.REALTIME: listed(SHOWN)})
    run(desk.cancel("BTCUSDT", NAME, Urgency.PROTECT))
    assert [one["orderFilter"] for one in asker.asked(asked.CANCEL)] == ["Order", "tpslOrder"]
    desk, asker = spot(**{asked.CANCEL: refusal(Verdict.UNCLEAR), asked.REALTIME: listed(SHOWN)})
    (told,) = run(desk.cancel("BTCUSDT", NAME, Urgency.PROTECT))
    assert isinstance(told, Unclear)
    assert len(asker.calls) == 1


def test_an_amend_is_told_as_the_order_then_is_or_as_a_doubt() -> None:
    asks = AmendRequest(OrderRef("BTCUSDT", 0, STOP_NAME), trigger_ticks=590_000)
    moved = {**STOP_ROW, "triggerPrice": "59000"}
    desk, asker = linear(**{asked.AMEND: asked.TAKEN, asked.REALTIME: listed(moved)})
    (told,) = run(desk.amend(asks, Urgency.PROTECT))
    assert told.trigger_ticks == 590_000
    assert asker.asked(asked.AMEND)[0]["triggerPrice"] == "59000"
    desk, _ = linear(**{asked.AMEND: refusal(Verdict.UNCLEAR)})
    (told,) = run(desk.amend(asks, Urgency.PROTECT))
    assert isinstance(told, Unclear)
    assert told.action is Action.AMEND


def test_nothing_is_replaced_in_one_request_here() -> None:
    desk, asker = linear()
    told = run(desk.replace(NAME, STOP, Urgency.PROTECT))
    assert [(one.client_id, one.action, one.reason) for one in told] == [
        (NAME, Action.CANCEL, RejectReason.NOT_SUPPORTED),
        (STOP_NAME, Action.SUBMIT, RejectReason.NOT_SUPPORTED),
    ]
    assert not asker.calls


# Looking -------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", list(Look))
def test_what_is_nowhere_is_a_miss_and_a_failed_question_says_nothing(look: Look) -> None:
    empty = {asked.REALTIME: asked.NONE, asked.HISTORY: asked.NONE, asked.EXECUTIONS: asked.NONE}
    desk, _ = linear(**empty)
    assert run(desk.look("BTCUSDT", NAME, look)) == [Miss("BTCUSDT", NAME, look, NOW_NS)]
    desk, _ = linear(**dict.fromkeys(empty, refusal(Verdict.UNCLEAR)))
    assert run(desk.look("BTCUSDT", NAME, look)) == []
    desk, _ = linear(**dict.fromkeys(empty, refusal(Verdict.MISSING, "110001")))
    assert run(desk.look("BTCUSDT", NAME, look)) == [Miss("BTCUSDT", NAME, look, NOW_NS)]
    row = {"orderLinkId": NAME, "symbol": "BTCUSDT"}  # a shape that cannot be read
    desk, _ = linear(**dict.fromkeys(empty, listed(row)))
    assert run(desk.look("BTCUSDT", NAME, look)) == []


def test_an_order_of_another_name_is_never_taken_for_ours() -> None:
    """A venue that ignores a parameter answers with all orders."""
    other = {**SHOWN, "orderLinkId": "somebody"}
    desk, _ = linear(
        **{asked.REALTIME: listed(other), asked.HISTORY: listed(other),
           asked.EXECUTIONS: listed({**TRADE, "orderLinkId": "somebody"})}
    )  # fmt: skip
    for look in Look:
        assert run(desk.look("BTCUSDT", NAME, look)) == [Miss("BTCUSDT", NAME, look, NOW_NS)]


def test_of_two_words_about_one_order_the_later_one_counts() -> None:
    later = {**SHOWN, "orderStatus": "Filled", "updatedTime": "1684738540999", "orderId": "b"}
    for rows in ([SHOWN, later], [later, SHOWN]):
        desk, _ = linear(**{asked.REALTIME: listed(*rows)})
        (found,) = run(desk.look("BTCUSDT", NAME, Look.BY_ID))
        assert found.status is OrderStatus.FILLED


def test_trades_of_an_order_come_from_all_pages_oldest_first() -> None:
    rows = [{**TRADE, "orderLinkId": NAME, "execId": str(at), "execTime": str(at)} for at in (3, 2)]
    last = {**TRADE, "orderLinkId": NAME, "execId": "1", "execTime": "1"}
    pages = [listed(*rows, cursor="next"), listed(last)]
    desk, asker = linear(**{asked.EXECUTIONS: pages})
    found = run(desk.look("BTCUSDT", NAME, Look.TRADES))
    assert [one.trade_id for one in found] == [1, 2, 3]
    assert [one.get("cursor") for one in asker.asked(asked.EXECUTIONS)] == [None, "next"]
