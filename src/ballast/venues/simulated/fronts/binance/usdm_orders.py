"""Orders of Binance USD-M that rest or trade at once; those that wait are in `usdm_algos`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ballast.core.orders import AmendRequest, OrderKind, OrderRef, RejectReason
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.binance import errors, usdm_errors, usdm_forms
from ballast.venues.simulated.fronts.binance.errors import Refusal
from ballast.venues.simulated.fronts.binance.usdm_words import is_sent
from ballast.venues.simulated.fronts.numbers import shortest
from ballast.venues.simulated.fronts.parameters import BadParameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.orders import Order, OrderRequest
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.usdm import BinanceUsdm

BATCH_MAX, CANCELS_MAX = 5, 10
LISTS = {
    "orderIdList": "orderId", "orderidlist": "orderId",
    "origClientOrderIdList": "origClientOrderId", "origclientorderidlist": "origClientOrderId",
}  # fmt: skip
KEPT = 10_000
NS_MS = 1_000_000
WEEK_MS = 7 * 86_400_000
DONE_ALL = {"code": 200, "msg": "The operation of cancel all open order is done."}


def new(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/order."""
    made, answer = usdm_forms.new_order(front, call)
    call.given.finish()
    return front.words.acknowledged(send(front, call, made), answer)


def test(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/order/test: read and checked, not placed."""
    usdm_forms.new_order(front, call)
    call.given.finish()
    return {}


def send(front: BinanceUsdm, call: Call, made: OrderRequest) -> Order:
    """Send an order to the engine; raise how the venue refuses it."""
    front.count_order(call)
    outcome = front.market.submit(call.account, made)
    if isinstance(outcome, Rejected):
        if outcome.reason is RejectReason.MIN_NOTIONAL:
            raise usdm_errors.notional(
                shortest(front.market.listings[made.symbol].filters.min_notional)
            )
        raise usdm_errors.rejected(outcome)
    return outcome.order


def known(front: BinanceUsdm, call: Call, ref: OrderRef) -> Order | None:
    """Return an order that has been in the book."""
    found = front.market.order(call.account, ref)
    return found if found is not None and is_sent(found) else None


def query(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/order."""
    ref = usdm_forms.reference(call, call.symbol())
    call.given.finish()
    found = known(front, call, ref)
    if found is None or found.request.symbol != ref.symbol:
        raise errors.NO_SUCH_ORDER
    return front.words.order(found)


def open_order(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/openOrder."""
    ref = usdm_forms.reference(call, call.symbol())
    call.given.finish()
    found = known(front, call, ref)
    if found is None or found not in front.market.open_orders(call.account, ref.symbol):
        raise errors.NO_SUCH_ORDER
    return front.words.order(found)


def cancel(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/order."""
    ref = usdm_forms.reference(call, call.symbol())
    call.given.finish()
    return _cancelled(front, call, ref)


def _cancelled(front: BinanceUsdm, call: Call, ref: OrderRef) -> dict[str, Any]:
    if known(front, call, ref) is None:
        raise errors.UNKNOWN_ORDER
    outcome = front.market.cancel(call.account, ref)
    if isinstance(outcome, Rejected):
        raise errors.UNKNOWN_ORDER
    return front.words.acknowledged(outcome.order, "RESULT")


def cancel_open(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/allOpenOrders: conditional orders stay."""
    symbol = call.symbol()
    call.given.finish()
    for one in resting(front, call, symbol):
        front.market.cancel(call.account, OrderRef(symbol, one.order_id))
    return dict(DONE_ALL)


def resting(front: BinanceUsdm, call: Call, symbol: str | None) -> list[Order]:
    """Return the open orders that do not wait for a price."""
    return [one for one in front.market.open_orders(call.account, symbol) if is_sent(one)]


def open_orders(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/openOrders."""
    symbol = call.maybe_symbol()
    call.given.finish()
    return [front.words.order(one) for one in resting(front, call, symbol)]


def all_orders(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/allOrders."""
    symbol = call.symbol()
    from_id = call.whole("orderId", 0)
    start, end = span(call)
    limit = call.whole("limit", 500, 1_000)
    call.given.finish()
    found = [
        one
        for one in front.market.orders(call.account, symbol, KEPT)
        if is_sent(one)
        and one.order_id >= from_id
        and start <= (one.triggered_ns or one.created_ns) // NS_MS <= end
    ]
    chosen = found[:limit] if from_id or start else found[-limit:]
    return [front.words.order(one) for one in chosen]


def span(call: Call) -> tuple[int, int]:
    """Read the times between which something is asked for, in ms: at most a week."""
    start, end = call.whole("startTime", 0), call.whole("endTime", 2**62)
    if start and end < start:
        raise Refusal(-4044, "Time interval is too large.")
    if start and end < 2**62 and end - start > WEEK_MS:
        raise Refusal(-4044, "Maximum time interval is 7 days.")
    return start, end


def amend(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """PUT /fapi/v1/order: a new quantity and price of a resting limit order."""
    symbol = call.symbol()
    listing = front.market.listings[symbol]
    ref = usdm_forms.reference(call, symbol)
    side = usdm_forms.side_of(call)
    lots = usdm_forms.lots(call, listing)
    call.given.required("price")
    ticks = usdm_forms.ticks(call, listing, "price")
    call.given.finish()
    found = known(front, call, ref)
    if found is None or found not in front.market.open_orders(call.account, symbol):
        raise errors.NO_SUCH_ORDER
    if found.request.kind not in {OrderKind.LIMIT, OrderKind.STOP_LIMIT,
                                  OrderKind.TAKE_PROFIT_LIMIT}:  # fmt: skip
        raise Refusal(-5025, "Only limit order is supported.")
    if found.request.side is not side:
        raise Refusal(-1117, "Invalid side.")
    front.count_order(call)
    ref = OrderRef(symbol, found.order_id)
    if lots <= found.filled_lots:
        return _cancelled(front, call, ref)  # what has traded already is all that is wanted
    outcome = front.market.amend(call.account, AmendRequest(ref, lots, ticks))
    if isinstance(outcome, Rejected):
        if outcome.reason is RejectReason.WOULD_TRADE:
            return _cancelled(front, call, ref)  # a GTX order may not take, amended or not
        raise usdm_errors.rejected(outcome)
    return front.words.acknowledged(outcome.order, "RESULT")


# Several at once -----------------------------------------------------------------------------


def _listed(call: Call, name: str, most: int) -> list[Any]:
    """Read a JSON list."""
    try:
        found = json.loads(call.given.required(name))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not found:
        raise errors.missing(name)
    if len(found) > most:
        raise Refusal(-4082, "Invalid number of batch place orders.")
    return found


def _each(
    front: BinanceUsdm, call: Call, rows: list[Any], act: Callable[[BinanceUsdm, Call], Any]
) -> list[Any]:
    """Carry out one order after the other; one that is refused does not hold up the next."""
    answers: list[Any] = []
    for row in rows:
        if not isinstance(row, dict):
            raise errors.missing("batchOrders")
        values = {str(name): _text(value) for name, value in row.items()}
        try:
            "".join((*values, *values.values())).encode()
            answers.append(act(front, front.call_of(values, call.key)))
        except Refusal as refusal:
            answers.append({"code": refusal.code, "msg": refusal.text})
        except BadParameter as problem:
            said = errors.parameter(problem, len(values), len(values) - 1)
            answers.append({"code": said.code, "msg": said.text})
        except UnicodeEncodeError:
            said = errors.missing("batchOrders")
            answers.append({"code": said.code, "msg": said.text})
    return answers


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    return str(value).lower() if isinstance(value, bool) else str(value)


def batch_new(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/batchOrders."""
    rows = _listed(call, "batchOrders", BATCH_MAX)
    call.given.finish()
    return _each(front, call, rows, new)


def batch_amend(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """PUT /fapi/v1/batchOrders."""
    rows = _listed(call, "batchOrders", BATCH_MAX)
    call.given.finish()
    return _each(front, call, rows, amend)


def batch_cancel(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/batchOrders."""
    symbol = call.symbol()
    # ccxt writes these two names in small letters, and the venue lets it.
    found = [name for name in LISTS if call.given.has(name)]
    if len(found) != 1:
        raise errors.missing("orderIdList")
    name = found[0]
    rows = _listed(call, name, CANCELS_MAX)
    call.given.finish()
    asked = [{"symbol": symbol, LISTS[name]: one} for one in rows]
    return _each(front, call, asked, cancel)


def countdown(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/countdownCancelAll: the dead-man switch of a symbol; 0 disarms it."""
    symbol = call.symbol()
    call.given.required("countdownTime")
    wait_ms = call.whole("countdownTime", 0)
    call.given.finish()
    front.market.countdown(call.account, symbol, wait_ms)
    return {"symbol": symbol, "countdownTime": str(wait_ms)}
