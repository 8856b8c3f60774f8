"""Desks of OKX at a venue in memory: what an algo order becomes, two places for every order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from tests.fakes.okx_asker import OkxAsker
from tests.unit.venues.clients.okx.markets import own

from ballast.core.ids import Purpose
from ballast.core.orders import (
    AmendRequest,
    MarginMode,
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    RejectReason,
    Side,
)
from ballast.core.reports import Action, Look, Miss, OrderReport, Rejection, Source, Unclear
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.clients.okx.spot import OkxSpot
from ballast.venues.clients.okx.swap import OkxSwap

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from ballast.core.reports import Report
    from ballast.venues.clients.okx.desk import OkxDesk

T = TypeVar("T")
LOTS = 1_000
"""0.01 of the coin on spot; of the swap's 0.001, one coin."""


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.fixture
def asker() -> OkxAsker:
    return OkxAsker()


def opened(desk: OkxDesk) -> OkxDesk:
    run(desk.load())
    return desk


@pytest.fixture(params=["spot", "swap"])
def desk(request: pytest.FixtureRequest, asker: OkxAsker) -> OkxDesk:
    kind = OkxSpot if request.param == "spot" else OkxSwap
    return opened(kind(asker, asker.now_ns))


@pytest.fixture
def swap(asker: OkxAsker) -> OkxDesk:
    return opened(OkxSwap(asker, asker.now_ns))


@pytest.fixture
def spot(asker: OkxAsker) -> OkxDesk:
    return opened(OkxSpot(asker, asker.now_ns))


def market_buy(decision: int = 1) -> OrderRequest:
    name = own(Purpose.ENTRY, decision)
    return OrderRequest("BTCUSDT", Side.BUY, OrderKind.MARKET, LOTS, client_id=name)


def stop_at(desk: OkxDesk, price: int, purpose: Purpose = Purpose.STOP) -> OrderRequest:
    ticks = int(price / desk.markets["BTCUSDT"].tick)
    return OrderRequest(
        "BTCUSDT", Side.SELL, OrderKind.STOP_MARKET, LOTS, client_id=own(purpose),
        trigger_ticks=ticks, reduce_only=desk.markets["BTCUSDT"].is_perpetual,
    )  # fmt: skip


NEAR = 3
"""Ticks below 60,000 of the stop that is set off: the bids beyond it are still there."""


def protected(asker: OkxAsker, desk: OkxDesk, **more: Any) -> OrderRequest:
    """Buy, and place a stop just below the market."""
    run(desk.submit(market_buy(), Urgency.TRADE))
    far = stop_at(desk, 60_000)
    stop = replace(far, trigger_ticks=far.trigger_ticks - NEAR, **more)
    (told,) = run(desk.submit(stop, Urgency.PROTECT))
    assert isinstance(told, OrderReport), told
    asker.venue.pass_time(1_000_000)
    return stop


def set_off(asker: OkxAsker, desk: OkxDesk) -> None:
    """Let the market come to the stop."""
    market = desk.markets["BTCUSDT"]
    asker.venue.walk(market.name, str(60_000 - NEAR * market.tick))


def only(reports: Sequence[Report]) -> Any:
    assert len(reports) == 1, reports
    return reports[0]


def looked(desk: OkxDesk, client_id: str, look: Look = Look.BY_ID) -> Any:
    return only(run(desk.look("BTCUSDT", client_id, look)))


# An algo order and what it becomes --------------------------------------------------------------


def test_a_stop_is_one_order_before_and_after_it_triggers(asker: OkxAsker, desk: OkxDesk) -> None:
    """D7: a second id under our client id would be another order."""
    stop = protected(asker, desk)
    before = looked(desk, stop.client_id)
    assert before.status is OrderStatus.UNTRIGGERED
    set_off(asker, desk)
    after = looked(desk, stop.client_id)
    assert (after.status, after.filled_lots) == (OrderStatus.FILLED, LOTS)
    assert (after.order_id, after.client_id) == (before.order_id, stop.client_id)
    assert after.trigger_ticks == stop.trigger_ticks


@pytest.mark.parametrize("restarts", [False, True])
def test_the_trades_of_a_triggered_stop_are_under_its_own_name(
    asker: OkxAsker, desk: OkxDesk, *, restarts: bool
) -> None:
    """The venue's rows of trades name only the order that a stop became."""
    stop = protected(asker, desk)
    placed = looked(desk, stop.client_id)
    set_off(asker, desk)
    if restarts:
        desk = opened(type(desk)(asker, asker.now_ns))
    bought, *sold = run(desk.trades("BTCUSDT"))
    assert (bought.client_id, bought.qty_lots) == (own(Purpose.ENTRY), LOTS)
    assert {(one.client_id, one.order_id) for one in sold} == {(stop.client_id, placed.order_id)}
    assert {one.side for one in sold} == {Side.SELL}
    assert sum(one.qty_lots for one in sold) == LOTS
    assert run(desk.look("BTCUSDT", stop.client_id, Look.TRADES)) == sold
    assert run(desk.trades("BTCUSDT", asker.now_ms() - 60_000)) == [bought, *sold]


def test_an_order_that_traded_is_asked_for_once(asker: OkxAsker, desk: OkxDesk) -> None:
    protected(asker, desk)
    set_off(asker, desk)
    run(desk.trades("BTCUSDT"))
    asked = len(asker.asked("trade/order"))
    run(desk.trades("BTCUSDT"))
    assert len(asker.asked("trade/order")) == asked > 0


def test_a_trade_whose_order_is_not_shown_yet_is_no_answer(asker: OkxAsker, desk: OkxDesk) -> None:
    """X6: under a wrong name it would be somebody else's."""
    protected(asker, desk)
    set_off(asker, desk)
    asker.says["trade/order"] = {"code": "51603", "data": [], "msg": "Order does not exist"}
    with pytest.raises(CallError) as unclear:
        run(desk.trades("BTCUSDT"))
    assert unclear.value.verdict is Verdict.UNCLEAR
    asker.venue.pass_time(61_000_000_000)
    assert len(run(desk.trades("BTCUSDT"))) >= 2


def test_a_stop_that_triggered_into_a_resting_order_is_cancelled_there(
    asker: OkxAsker, desk: OkxDesk
) -> None:
    limit = {
        "kind": OrderKind.STOP_LIMIT,
        "price_ticks": int(62_000 / desk.markets["BTCUSDT"].tick),
    }
    stop = protected(asker, desk, **limit)
    set_off(asker, desk)
    resting = looked(desk, stop.client_id)
    assert resting.status is OrderStatus.NEW
    shown = only(run(desk.open_orders(["BTCUSDT"])))
    assert (shown.client_id, shown.order_id) == (stop.client_id, resting.order_id)
    told = only(run(desk.cancel("BTCUSDT", stop.client_id, Urgency.PROTECT)))
    assert (told.status, told.order_id) == (OrderStatus.CANCELLED, resting.order_id)
    assert run(desk.open_orders(["BTCUSDT"])) == ()


def test_an_order_that_became_nothing_two_hours_ago_is_over(asker: OkxAsker, desk: OkxDesk) -> None:
    """The venue forgets a cancelled order that never traded; the algo order stays `effective`."""
    stop = protected(asker, desk)
    set_off(asker, desk)
    asker.says["trade/order"] = {"code": "51603", "data": [], "msg": ""}
    assert looked(desk, stop.client_id).status is OrderStatus.NEW
    row = asker.venue.one("trade/order-algo", algoClOrdId=stop.client_id)
    asker.says["trade/order-algo"] = {"code": "0", "msg": "", "data": [row]}
    asker.venue.pass_time(7_200_000_000_000 + 1_000_000_000)
    assert looked(desk, stop.client_id).status is OrderStatus.CANCELLED


# Two places -------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
def test_a_conditional_entry_is_found_cancelled_and_amended_wherever_it_lives(
    asker: OkxAsker, swap: OkxDesk, *, restarts: bool
) -> None:
    """Its id does not tell where: after a restart both places are asked."""
    entry = replace(
        stop_at(swap, 61_000, Purpose.ENTRY), side=Side.BUY, reduce_only=False
    )  # fmt: skip
    run(swap.submit(entry, Urgency.TRADE))
    if restarts:
        swap = opened(OkxSwap(asker, asker.now_ns))
    ref = OrderRef("BTCUSDT", client_id=entry.client_id)
    change = AmendRequest(ref, trigger_ticks=entry.trigger_ticks + 100)
    told = only(run(swap.amend(change, Urgency.TRADE)))
    assert (told.status, told.trigger_ticks) == (
        OrderStatus.UNTRIGGERED, entry.trigger_ticks + 100,
    )  # fmt: skip
    assert looked(swap, entry.client_id, Look.OPEN_ORDERS).order_id == told.order_id
    gone = only(run(swap.cancel("BTCUSDT", entry.client_id, Urgency.TRADE)))
    assert gone.status is OrderStatus.CANCELLED
    assert asker.venue.exchange.open_orders(asker.venue.account) == []


def test_a_stop_is_never_asked_for_among_plain_orders(asker: OkxAsker, desk: OkxDesk) -> None:
    stop = stop_at(desk, 59_000)
    assert isinstance(looked(desk, stop.client_id), Miss)
    assert [one.method for one in asker.calls][-1:] == ["privateGetTradeOrderAlgo"]
    assert asker.asked("trade/order") == []


def test_all_pages_of_open_orders_are_read(asker: OkxAsker, spot: OkxDesk) -> None:
    tick = spot.markets["BTCUSDT"].tick
    answer = asker.venue.spot("buy", "limit", "0.001", px=str(50_000 * tick))
    row = asker.venue.one("trade/order", instId="BTC-USDT", ordId=answer["ordId"])
    pages = [[row] * 100, [row] * 100, [row]]
    afters: list[str] = []
    ask = asker.ask

    async def paged(call: Any) -> Any:
        if call.method != "privateGetTradeOrdersPending":
            return await ask(call)
        afters.append(call.body.get("after", ""))
        page = pages[len(afters) - 1]
        return {"code": "0", "data": [*page[:-1], {**row, "ordId": str(len(afters))}]}

    asker.ask = paged  # type: ignore[method-assign]
    assert len(run(spot.open_orders(["BTCUSDT"]))) == 201
    assert afters == ["", "1", "2"]


# Answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "0", "data": [], "msg": ""},
        {"code": "0", "data": [{"sCode": "0", "sMsg": ""}], "msg": ""},
        {"code": "0", "data": [{"sCode": "0", "ordId": "", "algoId": ""}], "msg": ""},
        {"code": "0"},
        {},
        [],
        {"code": "1", "data": [{"sCode": "51149", "sMsg": "Order timed out", "ordId": "5"}]},
    ],
)
def test_an_answer_without_an_id_leaves_the_outcome_open(
    asker: OkxAsker, desk: OkxDesk, answer: Any
) -> None:
    """D7, exchanges.md 5.2."""
    asker.says = {"trade/order": answer, "trade/order-algo": answer}
    for request in (market_buy(), stop_at(desk, 59_000)):
        told = only(run(desk.submit(request, Urgency.TRADE)))
        assert isinstance(told, Unclear), told
        assert told.action is Action.SUBMIT


def test_a_symbol_that_is_not_listed_is_refused_and_nothing_is_sent(
    asker: OkxAsker, desk: OkxDesk
) -> None:
    sent = len(asker.calls)
    request = replace(market_buy(), symbol="ETHUSDT")
    told = only(run(desk.submit(request, Urgency.TRADE)))
    assert isinstance(told, Rejection)
    assert told.reason is RejectReason.UNKNOWN_SYMBOL
    told = only(run(desk.cancel("ETHUSDT", request.client_id, Urgency.TRADE)))
    assert isinstance(told, Rejection)
    assert run(desk.look("ETHUSDT", request.client_id, Look.BY_ID)) == []
    assert len(asker.calls) == sent


def test_a_cancel_whose_answer_is_lost_is_a_doubt_that_a_look_ends(
    asker: OkxAsker, desk: OkxDesk
) -> None:
    stop = protected(asker, desk)
    asker.loses = {"trade/cancel-algos"}
    told = only(run(desk.cancel("BTCUSDT", stop.client_id, Urgency.PROTECT)))
    assert isinstance(told, Unclear)
    assert looked(desk, stop.client_id).status is OrderStatus.CANCELLED
    again = only(run(desk.cancel("BTCUSDT", stop.client_id, Urgency.PROTECT)))
    assert (again.status, again.source) == (OrderStatus.CANCELLED, Source.QUERY)


def test_a_cancel_of_an_order_that_a_query_still_shows_says_both(
    asker: OkxAsker, desk: OkxDesk
) -> None:
    """X6: the order may be there, so it is not over, and it was not cancelled."""
    stop = protected(asker, desk)
    asker.says["trade/cancel-algos"] = {
        "code": "1", "data": [{"algoId": "", "sCode": "51400", "sMsg": ""}],
    }  # fmt: skip
    asker.says["trade/cancel-order"] = asker.says["trade/cancel-algos"]
    shown, refused = run(desk.cancel("BTCUSDT", stop.client_id, Urgency.PROTECT))
    assert isinstance(shown, OrderReport)
    assert shown.status is OrderStatus.UNTRIGGERED
    assert isinstance(refused, Rejection)
    assert refused.reason is RejectReason.UNKNOWN_ORDER


def test_the_look_after_a_cancel_is_as_urgent_as_the_cancel(asker: OkxAsker, desk: OkxDesk) -> None:
    stop = protected(asker, desk)
    sent = len(asker.calls)
    run(desk.cancel("BTCUSDT", stop.client_id, Urgency.PROTECT))
    assert {one.urgency for one in asker.calls[sent:]} == {Urgency.PROTECT}
    assert len(asker.calls) == sent + 2


def test_a_question_that_fails_says_nothing(asker: OkxAsker, desk: OkxDesk) -> None:
    asker.says = {
        path: {"code": "50013", "data": [], "msg": "busy"}
        for path in ("trade/order-algo", "trade/orders-pending", "trade/fills")
    }
    for look in Look:
        assert run(desk.look("BTCUSDT", own(Purpose.STOP), look)) == []


def test_a_replacement_in_one_request_does_not_exist(asker: OkxAsker, desk: OkxDesk) -> None:
    sent = len(asker.calls)
    told = only(run(desk.replace(own(Purpose.STOP), stop_at(desk, 59_000), Urgency.PROTECT)))
    assert isinstance(told, Rejection)
    assert (told.action, told.reason) == (Action.SUBMIT, RejectReason.NOT_SUPPORTED)
    assert len(asker.calls) == sent


# The account ------------------------------------------------------------------------------------


def test_orders_of_a_swap_say_the_margin_mode_that_was_set_up(
    asker: OkxAsker, swap: OkxDesk
) -> None:
    run(swap.set_up("BTCUSDT", Decimal(5), MarginMode.ISOLATED))  # type: ignore[attr-defined]
    run(swap.submit(market_buy(), Urgency.TRADE))
    assert asker.asked("trade/order")[-1].body["tdMode"] == "isolated"  # type: ignore[call-overload]
    setting = run(swap.setting("BTCUSDT"))  # type: ignore[attr-defined]
    assert (setting.leverage, setting.margin_mode) == (Decimal(5), MarginMode.ISOLATED)
    again = opened(OkxSwap(asker, asker.now_ns))
    (held,) = run(again.positions(["BTCUSDT"]))  # type: ignore[attr-defined]
    assert (held.margin_mode, held.lots) == (MarginMode.ISOLATED, LOTS)
    run(again.submit(market_buy(2), Urgency.TRADE))
    assert asker.asked("trade/order")[-1].body["tdMode"] == "isolated"  # type: ignore[call-overload]


def test_spot_is_paid_in_cash_unless_the_account_borrows(asker: OkxAsker) -> None:
    for level, mode in (("1", "cash"), ("2", "cash"), ("3", "cross"), ("4", "cross")):
        row = {**asker.venue.one("account/config"), "acctLv": level}
        asker.says["account/config"] = {"code": "0", "data": [row]}
        desk = opened(OkxSpot(asker, asker.now_ns))
        run(desk.submit(market_buy(int(level)), Urgency.TRADE))
        assert asker.asked("trade/order")[-1].body["tdMode"] == mode  # type: ignore[call-overload]


def test_an_account_in_hedge_mode_is_put_into_one_way_mode(asker: OkxAsker, swap: OkxDesk) -> None:
    asker.venue.post("account/set-position-mode", {"posMode": "long_short_mode"})
    assert run(swap.grants()).position_mode.value == "hedge"
    run(swap.set_up("BTCUSDT", Decimal(3), MarginMode.CROSS))  # type: ignore[attr-defined]
    assert run(swap.grants()).position_mode.value == "one_way"


def test_funding_that_was_paid_is_positive(asker: OkxAsker, swap: OkxDesk) -> None:
    run(swap.submit(market_buy(), Urgency.TRADE))
    asker.venue.exchange.street.set_funding("BTC-USDT-SWAP", 100_000)
    asker.venue.pass_time(8 * 3_600 * 10**9)
    (paid,) = run(swap.funding("BTCUSDT", 0))  # type: ignore[attr-defined]
    assert paid.amount == 6  # one coin at 60,000, a hundredth of a percent
    assert paid.payment_id
    assert run(swap.funding("BTCUSDT", asker.now_ms() + 1)) == []  # type: ignore[attr-defined]
