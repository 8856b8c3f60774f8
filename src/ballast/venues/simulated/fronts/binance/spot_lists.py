"""Order lists of Binance spot, as they are sent, asked for, cancelled and told.

    OCO     two orders, of which one gives way to the other
    OTO     a working order, and a pending one that is placed when the first is filled in full
    OTOCO   a working order, and a pending OCO pair

To the engine the last two are brackets; on the wire both are of the contingency `OTO`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ballast.core.orders import ListKind, ListRequest, OrderRef, OrderRequest, Side
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.binance import errors, spot_orders
from ballast.venues.simulated.fronts.binance.errors import Refusal
from ballast.venues.simulated.fronts.parameters import BadParameter, Parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.events import ListChanged
    from ballast.venues.simulated.engine.outcomes import Outcome
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.spot import BinanceSpot

NS_MS = 1_000_000
KEPT = 10_000
"""Lists that are remembered, the oldest forgotten first."""
NAMES = {
    "Type": "type", "ClientOrderId": "newClientOrderId", "IcebergQty": "icebergQty",
    "Price": "price", "StopPrice": "stopPrice", "TrailingDelta": "trailingDelta",
    "TimeInForce": "timeInForce", "StrategyId": "strategyId", "StrategyType": "strategyType",
}  # fmt: skip
"""What follows `above` or `below`, and the same of a single order."""
NAMES_ALONE = {**NAMES, "Side": "side", "Quantity": "quantity"}
"""The same of an order that shares nothing with another."""
CONTINGENCY = {ListKind.OCO: "OCO", ListKind.BRACKET: "OTO"}
WORKING = frozenset({"LIMIT", "LIMIT_MAKER"})
STOPS = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT"})
GAINS = frozenset({"LIMIT_MAKER", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
PAIRED = ("above", "below", "Above", "Below")
"""How the names of the legs of a pair end."""
NO_SUCH_LIST = Refusal(-2013, "Order list does not exist.")


class Lists:
    """The lists of one venue: the engine forgets one that is done."""

    def __init__(self) -> None:
        """Know none."""
        self._by_id: dict[int, ListChanged] = {}

    def observe(self, event: ListChanged) -> None:
        """Remember where a list stands."""
        self._by_id[event.list_id] = event
        if len(self._by_id) > KEPT:
            del self._by_id[next(iter(self._by_id))]

    def get(self, number: int) -> ListChanged | None:
        """Return a list by its number."""
        return self._by_id.get(number)

    def of(self, account: int) -> Iterator[ListChanged]:
        """Walk the lists of an account, the last one first."""
        return (one for one in reversed(self._by_id.values()) if one.account == account)


def place(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v3/orderList/oco."""
    given = call.given
    shared = _shared(call)
    shared |= {name: given.required(name) for name in ("side", "quantity")}
    above, answer = _leg(front, call, "above", NAMES, shared)
    below, _ = _leg(front, call, "below", NAMES, shared)
    _check_pair(given, "", (above, below))
    return _listed(front, call, ListKind.OCO, (above, below), answer)


def place_triggering(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v3/orderList/oto."""
    shared = _shared(call)
    working, answer = _working(front, call, shared)
    pending, _ = _leg(front, call, "pending", NAMES_ALONE, shared)
    return _listed(front, call, ListKind.BRACKET, (working, pending), answer)


def place_triggering_pair(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v3/orderList/otoco."""
    given = call.given
    shared = _shared(call)
    working, answer = _working(front, call, shared)
    of_both = {
        "side": given.required("pendingSide"),
        "quantity": given.required("pendingQuantity"),
    }
    above, _ = _leg(front, call, "pendingAbove", NAMES, shared | of_both)
    below, _ = _leg(front, call, "pendingBelow", NAMES, shared | of_both)
    _check_pair(given, "pending", (above, below))
    return _listed(front, call, ListKind.BRACKET, (working, above, below), answer)


def _shared(call: Call) -> dict[str, str]:
    """Read what all orders of a list have in common."""
    given = call.given
    shared = {"symbol": call.symbol()}
    shared["newOrderRespType"] = given.optional("newOrderRespType") or "RESULT"
    if (mode := given.optional("selfTradePreventionMode")) is not None:
        shared["selfTradePreventionMode"] = mode
    return shared


def _working(front: BinanceSpot, call: Call, shared: dict[str, str]) -> tuple[OrderRequest, str]:
    if call.given.required("workingType") not in WORKING:
        raise Refusal(-1116, "Invalid orderType.")
    return _leg(front, call, "working", NAMES_ALONE, shared)


def _listed(
    front: BinanceSpot,
    call: Call,
    kind: ListKind,
    wanted: tuple[OrderRequest, ...],
    answer: str,
) -> dict[str, Any]:
    """Send a list to the engine, and answer as asked."""
    own = spot_orders.client_id(call, "listClientOrderId") or front.new_client_id()
    call.given.finish()
    for _ in wanted:
        front.count_order(call)
    symbol = wanted[0].symbol
    outcome = front.market.submit_list(call.account, ListRequest(symbol, kind, wanted, own))
    if isinstance(outcome, Rejected):
        raise errors.rejected(outcome)
    orders = outcome.orders
    reports = [front.words.acknowledged(one, call.now_ns, answer, ()) for one in orders]
    head = _head(orders[0].list_id, kind, own, symbol, call.now_ms, is_done=False)
    return head | {"orders": _names(orders), "orderReports": reports}


def _leg(
    front: BinanceSpot, call: Call, prefix: str, names: dict[str, str], shared: dict[str, str]
) -> tuple[OrderRequest, str]:
    """Read one order as if it had been sent alone; what is wrong is named as it was sent."""
    call.given.required(prefix + "Type")
    values = dict(shared)
    for name, alone in names.items():
        if (text := call.given.optional(prefix + name)) is not None:
            values[alone] = text
    if prefix.endswith(PAIRED) and values["type"] not in STOPS | GAINS:
        raise Refusal(-1116, "Invalid orderType.")
    try:
        return spot_orders.order_request(front, replace(call, given=Parameters(values)))
    except BadParameter as problem:
        sent = {alone: prefix + name for name, alone in names.items()}
        raise BadParameter(problem.fault, sent.get(problem.name, problem.name)) from None


def _check_pair(given: Parameters, prefix: str, legs: tuple[OrderRequest, OrderRequest]) -> None:
    """Raise a `Refusal` unless the gain lies above a sale, or below a purchase."""
    names = (
        ("aboveType", "belowType")
        if not prefix
        else (
            "pendingAboveType",
            "pendingBelowType",
        )
    )
    kinds = [given.required(name) for name in names]
    gain, stop = kinds if legs[0].side is Side.SELL else kinds[::-1]
    if gain not in GAINS or stop not in STOPS:
        raise Refusal(-1128, "Combination of optional parameters invalid.")


def query(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/orderList."""
    found = _meant(front, call, "origClientOrderId")
    call.given.finish()
    if found is None:
        raise NO_SUCH_LIST
    return _whole(front, found)


def open_lists(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/openOrderList."""
    call.given.finish()
    return [_whole(front, one) for one in front.lists.of(call.account) if not one.is_done]


def cancel(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /api/v3/orderList."""
    symbol = call.symbol()
    found = _meant(front, call, "listClientOrderId")
    own = spot_orders.client_id(call, "newClientOrderId") or front.new_client_id()
    call.given.finish()
    if found is None or found.is_done or found.symbol != symbol:
        raise errors.UNKNOWN_ORDER
    outcomes = [_take_out(front, found, number) for number in found.order_ids]
    if all(isinstance(one, Rejected) for one in outcomes):
        raise errors.UNKNOWN_ORDER
    orders = _orders(front, found)
    reports = [front.words.cancelled(one, own, call.now_ns) for one in orders]
    head = _head(found.list_id, found.kind, found.client_id, symbol, call.now_ms, is_done=True)
    return head | {"orders": _names(orders), "orderReports": reports}


def cancel_rest(front: BinanceSpot, order: Order) -> None:
    """Cancel what belongs to an order that was cancelled: a working order with its pending one.

    The engine lets a pair go together, and pending orders with their working one; on Binance a
    working order goes with a pending one too.
    """
    found = front.lists.get(order.list_id) if order.list_id else None
    if found is not None and found.kind is ListKind.BRACKET:
        for number in found.order_ids:
            _take_out(front, found, number)


def _take_out(front: BinanceSpot, found: ListChanged, number: int) -> Outcome:
    """Cancel one order of a list, unless it has gone with another."""
    return front.market.cancel(found.account, OrderRef(found.symbol, number))


def _meant(front: BinanceSpot, call: Call, own_name: str) -> ListChanged | None:
    number, own = call.maybe_whole("orderListId"), call.given.optional(own_name)
    if number is None and own is None:
        raise Refusal(
            -1102, f"Param '{own_name}' or 'orderListId' must be sent, but both were empty/null!"
        )
    for one in front.lists.of(call.account):
        if one.list_id == number if number is not None else one.client_id == own:
            return one
    return None


def _orders(front: BinanceSpot, found: ListChanged) -> list[Order]:
    refs = (OrderRef(found.symbol, one) for one in found.order_ids)
    orders = (front.market.order(found.account, ref) for ref in refs)
    return [one for one in orders if one is not None]


def _names(orders: Sequence[Order]) -> list[dict[str, Any]]:
    return [
        {
            "symbol": one.request.symbol,
            "orderId": one.order_id,
            "clientOrderId": one.request.client_id,
        }
        for one in orders
    ]


def _head(
    number: int, kind: ListKind, own: str, symbol: str, at_ms: int, *, is_done: bool
) -> dict[str, Any]:
    return {
        "orderListId": number,
        "contingencyType": CONTINGENCY[kind],
        "listStatusType": "ALL_DONE" if is_done else "EXEC_STARTED",
        "listOrderStatus": "ALL_DONE" if is_done else "EXECUTING",
        "listClientOrderId": own,
        "transactionTime": at_ms,
        "symbol": symbol,
    }


def _whole(front: BinanceSpot, found: ListChanged) -> dict[str, Any]:
    at_ms = found.at_ns // NS_MS
    head = _head(
        found.list_id, found.kind, found.client_id, found.symbol, at_ms, is_done=found.is_done
    )
    return head | {"orders": _names(_orders(front, found))}


def status_event(front: BinanceSpot, event: ListChanged) -> dict[str, Any]:
    """Return `listStatus` of the user's own stream."""
    whole = _whole(front, event)
    return {
        "e": "listStatus",
        "E": whole["transactionTime"],
        "s": event.symbol,
        "g": event.list_id,
        "c": whole["contingencyType"],
        "l": whole["listStatusType"],
        "L": whole["listOrderStatus"],
        "r": "NONE",
        "C": event.client_id,
        "T": whole["transactionTime"],
        "O": [
            {"s": one["symbol"], "i": one["orderId"], "c": one["clientOrderId"]}
            for one in whole["orders"]
        ],
    }
