"""Both desks with answers that a simulated venue does not give."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ballast.core.instrument import Kind
from ballast.core.orders import MarginMode, OrderKind, OrderRequest, OrderStatus, RejectReason, Side
from ballast.core.reports import Look, OrderReport, Rejection, Unclear
from ballast.venues.books.capture import number_of
from ballast.venues.clients.binance.faults import read_usdm
from ballast.venues.clients.binance.spot import SpotDesk, abilities_of
from ballast.venues.clients.binance.usdm import UsdmDesk
from ballast.venues.clients.binance.usdm_account import payment_id
from ballast.venues.clients.calls import Call, CallError, Urgency
from ballast.venues.clients.desk import Paid
from ballast.venues.clients.market import Market

if TYPE_CHECKING:
    from collections.abc import Sequence

ENTRY, STOP = "ble234567abcdefgh2", "bls234567abcdefgh2"
NOW_MS = 1_700_000_000_000
UNKNOWN = (400, {"code": -2011, "msg": "Unknown order sent."})
ABSENT = (400, {"code": -2013, "msg": "Order does not exist."})


class Venue:
    """Answers each method in turn with what a test says; a pair of status and body is refused."""

    key = passphrase = ""

    def __init__(self, **answers: Sequence[Any]) -> None:
        self.answers = {name: list(rows) for name, rows in answers.items()}
        self.calls: list[Call] = []

    async def ask(self, call: Call) -> Any:
        self.calls.append(call)
        answer = self.answers[call.method].pop(0)
        if isinstance(answer, tuple):
            error = read_usdm(answer[0], answer[1], "")
            assert error is not None
            raise error
        return answer

    def now_ms(self) -> int:
        return NOW_MS

    def sign(self, text: str, *, digest: str = "hex") -> str:
        raise AssertionError((text, digest))

    def token(self) -> str:
        raise AssertionError

    @property
    def asked(self) -> list[str]:
        return [one.method for one in self.calls]


def market(kind: Kind = Kind.PERPETUAL, **change: Any) -> Market:
    tick, lot = Decimal("0.1"), Decimal("0.001")
    return Market("BTCUSDT", "BTCUSDT", "BTC", "USDT", kind, tick, lot, **change)


def usdm(venue: Venue) -> UsdmDesk:
    desk = UsdmDesk(venue, lambda: 5)
    desk.markets = {"BTCUSDT": market()}
    return desk


def spot(venue: Venue) -> SpotDesk:
    desk = SpotDesk(venue, lambda: 5)
    desk.markets = {"BTCUSDT": market(Kind.SPOT)}
    return desk


def order(**change: Any) -> dict[str, Any]:
    return {
        "orderId": 5, "symbol": "BTCUSDT", "status": "NEW", "clientOrderId": ENTRY,
        "price": "60000.0", "origQty": "0.010", "executedQty": "0", "timeInForce": "GTC",
        "type": "LIMIT", "side": "BUY", "updateTime": NOW_MS,
    } | change  # fmt: skip


def algo(**change: Any) -> dict[str, Any]:
    return {
        "algoId": 99, "clientAlgoId": STOP, "algoStatus": "NEW", "orderType": "STOP_MARKET",
        "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.010", "price": "0",
        "triggerPrice": "55000.0", "actualOrderId": "", "updateTime": NOW_MS,
    } | change  # fmt: skip


LIMIT = OrderRequest("BTCUSDT", Side.BUY, OrderKind.LIMIT, 10, 600_000, ENTRY)
GUARD = OrderRequest(
    "BTCUSDT", Side.SELL, OrderKind.STOP_MARKET, 10, 0, STOP, trigger_ticks=550_000
)


@pytest.mark.parametrize("answer", [{}, [], {"orderId": None}, {"msg": "ok"}, {"code": 200}])
def test_a_success_without_an_order_is_no_success(answer: Any) -> None:
    """ccxt makes an order without an id of it, which looks placed (exchanges.md 5.2)."""
    for desk, request in (
        (spot(Venue(privatePostOrder=[answer])), LIMIT),
        (usdm(Venue(fapiPrivatePostOrder=[answer])), LIMIT),
        (usdm(Venue(fapiPrivatePostAlgoOrder=[answer])), GUARD),
    ):
        (told,) = asyncio.run(desk.submit(request, Urgency.TRADE))
        assert isinstance(told, Unclear)
        assert told.client_id == request.client_id


def test_a_stop_that_became_an_order_of_another_name_is_cancelled_as_that() -> None:
    venue = Venue(
        fapiPrivateDeleteAlgoOrder=[UNKNOWN],
        fapiPrivateGetAlgoOrder=[algo(algoStatus="TRIGGERED", actualOrderId="77")] * 2,
        fapiPrivateGetOrder=[order(orderId=77, clientOrderId="x-made")],
        fapiPrivateDeleteOrder=[order(orderId=77, clientOrderId="x-made", status="CANCELED")],
    )
    (told,) = asyncio.run(usdm(venue).cancel("BTCUSDT", STOP, Urgency.PROTECT))
    assert isinstance(told, OrderReport)
    assert (told.client_id, told.order_id) == (STOP, number_of(STOP))
    assert told.status is OrderStatus.CANCELLED
    last = venue.calls[-1]
    assert not isinstance(last.params, tuple)
    assert (last.method, dict(last.params)) == (
        "fapiPrivateDeleteOrder", {"symbol": "BTCUSDT", "orderId": 77},
    )  # fmt: skip
    assert {one.urgency for one in venue.calls} == {Urgency.PROTECT}


def test_a_cancel_that_finds_nothing_anywhere_is_refused() -> None:
    venue = Venue(
        fapiPrivateDeleteOrder=[UNKNOWN],
        fapiPrivateGetOrder=[ABSENT],
        fapiPrivateGetAlgoOrder=[ABSENT],
    )
    (told,) = asyncio.run(usdm(venue).cancel("BTCUSDT", ENTRY, Urgency.TRADE))
    assert isinstance(told, Rejection)
    assert told.reason is RejectReason.UNKNOWN_ORDER


def test_an_order_whose_child_is_not_shown_yet_is_not_judged() -> None:
    """`FINISHED` without its child says that it ended, and not how: no answer, not a guess."""
    venue = Venue(
        fapiPrivateGetAlgoOrder=[algo(algoStatus="FINISHED", actualOrderId="77")],
        fapiPrivateGetOrder=[ABSENT],
    )
    assert list(asyncio.run(usdm(venue).look("BTCUSDT", STOP, Look.BY_ID))) == []


def test_trades_of_a_child_come_under_our_name_and_others_under_theirs() -> None:
    trade = {
        "id": 1, "orderId": 77, "side": "SELL", "positionSide": "BOTH", "price": "55000.0",
        "qty": "0.010", "realizedPnl": "0", "commission": "0.1", "commissionAsset": "USDT",
        "time": NOW_MS, "maker": False,
    }  # fmt: skip
    venue = Venue(
        fapiPrivateGetUserTrades=[[trade, trade | {"id": 2, "orderId": 5}]],
        fapiPrivateGetAllAlgoOrders=[[algo(algoStatus="FINISHED", actualOrderId="77")]],
        fapiPrivateGetAllOrders=[[order(), order(orderId=77, clientOrderId="x-made")]],
    )
    stop, plain = asyncio.run(usdm(venue).trades("BTCUSDT"))
    assert (stop.client_id, stop.order_id) == (STOP, number_of(STOP))
    assert (plain.client_id, plain.order_id) == (ENTRY, 5)


def test_somebody_elses_order_that_cannot_be_read_hides_none_of_ours() -> None:
    venue = Venue(
        fapiPrivateGetOpenAlgoOrders=[[algo(), algo(clientAlgoId="web", algoStatus="ODD")]],
        fapiPrivateGetOpenOrders=[[order(clientOrderId="web", price="0.01"), order()]],
    )
    found = asyncio.run(usdm(venue).open_orders(["BTCUSDT"]))
    assert [one.client_id for one in found] == [STOP, ENTRY]
    venue = Venue(
        fapiPrivateGetOpenAlgoOrders=[[]], fapiPrivateGetOpenOrders=[[order(price="0.01")]]
    )
    with pytest.raises(CallError):
        asyncio.run(usdm(venue).open_orders(["BTCUSDT"]))


def income(number: int, at_ms: int, amount: str = "-1.5") -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": amount, "asset": "USDT",
            "time": at_ms, "tranId": number}  # fmt: skip


def test_funding_is_paid_where_the_wallet_shrinks_and_pages_overlap() -> None:
    full = [income(number, number * 60_000) for number in range(1_000)]
    last = [income(999, 999 * 60_000), income(1_000, 1_000 * 60_000, "2.25")]
    venue = Venue(fapiPrivateGetIncome=[full, last])
    found = asyncio.run(usdm(venue).funding("BTCUSDT", 0))
    assert len(found) == 1_001
    assert found[0] == Paid("BTCUSDT", Decimal("1.5"), 0, payment_id("BTCUSDT", 0))
    assert found[-1].amount == Decimal("-2.25")
    assert len({one.payment_id for one in found}) == 1_001


def test_what_is_set_already_is_not_set_again() -> None:
    venue = Venue(
        fapiPrivateGetPositionSideDual=[{"dualSidePosition": False}],
        fapiPrivateGetSymbolConfig=[
            [{"symbol": "BTCUSDT", "marginType": "ISOLATED", "leverage": 3}]
        ],
    )
    asyncio.run(usdm(venue).set_up("BTCUSDT", Decimal(3), MarginMode.ISOLATED))
    assert venue.asked == ["fapiPrivateGetPositionSideDual", "fapiPrivateGetSymbolConfig"]


def test_a_position_without_its_settings_is_no_answer() -> None:
    venue = Venue(fapiPrivateV3GetPositionRisk=[[]], fapiPrivateGetSymbolConfig=[[]])
    with pytest.raises(CallError):
        asyncio.run(usdm(venue).positions(["BTCUSDT"]))


@pytest.mark.parametrize("number", ["1e999999999", "NaN", "x", "0.00001"])
def test_a_number_beyond_all_bounds_is_a_doubt_and_no_defect(number: str) -> None:
    venue = Venue(fapiPrivatePostOrder=[order(executedQty=number)])
    (told,) = asyncio.run(usdm(venue).submit(LIMIT, Urgency.TRADE))
    assert isinstance(told, Unclear)


def test_a_stop_is_at_market_only_where_the_symbol_takes_that() -> None:
    both = frozenset({OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT})
    limited = frozenset({OrderKind.STOP_LIMIT})
    assert abilities_of(market(Kind.SPOT, kinds=both)).stops_at_market
    assert not abilities_of(market(Kind.SPOT, kinds=limited)).stops_at_market


def test_open_orders_of_many_symbols_are_one_question() -> None:
    venue = Venue(privateGetOpenOrders=[[]])
    desk = spot(venue)
    names = [f"S{number}USDT" for number in range(30)]
    desk.markets = {
        name: Market(name, name, "S", "USDT", Kind.SPOT, Decimal(1), Decimal(1)) for name in names
    }
    assert asyncio.run(desk.open_orders(names)) == ()
    (call,) = venue.calls
    assert (call.params, call.cost) == ({}, 80.0)
