"""Algo orders of Binance USD-M: conditional orders, seen only here until they trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import OrderRef
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.binance import errors, usdm_forms
from ballast.venues.simulated.fronts.binance.errors import Refusal
from ballast.venues.simulated.fronts.binance.usdm_orders import DONE_ALL, KEPT, NS_MS, send, span
from ballast.venues.simulated.fronts.binance.usdm_words import ALGO_BASE, is_algo, is_sent

if TYPE_CHECKING:
    from ballast.core.orders import Order
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.usdm import BinanceUsdm

PLACED = (
    "actualOrderId", "actualPrice", "actualQty", "tpTriggerPrice", "tpPrice", "slTriggerPrice",
    "slPrice", "tpOrderType",
)  # fmt: skip
"""What the answer to a new algo order leaves out."""


def shown(front: BinanceUsdm, order: Order) -> dict[str, Any]:
    """Return an algo order."""
    is_protected = front.ledger.protected.get(order.order_id, False)
    return front.words.algo(order, is_protected=is_protected)


def new(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/algoOrder."""
    made, protects = usdm_forms.new_algo(front, call)
    call.given.finish()
    order = send(front, call, made)
    if protects:
        front.ledger.protect(order.order_id)
    whole = shown(front, order)
    for name in PLACED:
        del whole[name]
    return whole


def _meant(front: BinanceUsdm, call: Call) -> Order | None:
    """Return the algo order that is asked for; its symbol need not be said."""
    number, own = call.maybe_whole("algoId"), call.given.optional("clientAlgoId")
    symbol = call.maybe_symbol()
    call.given.finish()
    if number is None and own is None:
        raise Refusal(
            -1102, "Param 'algoId' or 'clientAlgoId' must be sent, but both were empty/null!"
        )
    if number is not None and number <= ALGO_BASE:
        return None
    names = [symbol] if symbol else list(front.market.listings)
    for name in names:
        ref = OrderRef(name, number - ALGO_BASE) if number else OrderRef(name, 0, own or "")
        found = front.market.order(call.account, ref)
        if found is not None and found.request.symbol == name and is_algo(found):
            return found
    return None


def query(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/algoOrder."""
    found = _meant(front, call)
    if found is None:
        raise errors.NO_SUCH_ORDER
    return shown(front, found)


def cancel(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/algoOrder: once it has triggered, it is an order and cancelled as one."""
    found = _meant(front, call)
    if found is None or is_sent(found):
        raise errors.UNKNOWN_ORDER
    ref = OrderRef(found.request.symbol, found.order_id)
    if isinstance(front.market.cancel(call.account, ref), Rejected):
        raise errors.UNKNOWN_ORDER
    return {
        "algoId": ALGO_BASE + found.order_id,
        "clientAlgoId": found.request.client_id,
        "code": "200",
        "msg": "success",
    }


def waiting(front: BinanceUsdm, call: Call, symbol: str | None) -> list[Order]:
    """Return the conditional orders that have not triggered."""
    return [one for one in front.market.open_orders(call.account, symbol) if not is_sent(one)]


def cancel_open(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/algoOpenOrders."""
    symbol = call.symbol()
    call.given.finish()
    for one in waiting(front, call, symbol):
        front.market.cancel(call.account, OrderRef(symbol, one.order_id))
    return dict(DONE_ALL)


def open_orders(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/openAlgoOrders."""
    symbol, number = call.maybe_symbol(), call.maybe_whole("algoId")
    call.given.allow("algoType")
    call.given.finish()
    return [
        shown(front, one)
        for one in waiting(front, call, symbol)
        if number is None or one.order_id == number - ALGO_BASE
    ]


def all_orders(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/allAlgoOrders."""
    symbol = call.symbol()
    from_id = call.whole("algoId", 0)
    start, end = span(call)
    limit, page = call.whole("limit", 500, 1_000), call.whole("page", 0)
    call.given.finish()
    found = [
        one
        for one in front.market.orders(call.account, symbol, KEPT)
        if is_algo(one)
        and one.order_id + ALGO_BASE >= from_id
        and start <= one.created_ns // NS_MS <= end
    ]
    if page:
        found = found[(page - 1) * limit :]
    chosen = found[:limit] if from_id or start or page else found[-limit:]
    return [shown(front, one) for one in chosen]
