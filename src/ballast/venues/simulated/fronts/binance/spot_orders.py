"""Orders of Binance spot: what a client may send, and what it means to the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    SelfTrade,
    Side,
    TimeInForce,
)
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.binance import errors
from ballast.venues.simulated.fronts.binance.errors import Refusal

if TYPE_CHECKING:
    from decimal import Decimal

    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.spot import BinanceSpot

KINDS = {
    "LIMIT": OrderKind.LIMIT,
    "LIMIT_MAKER": OrderKind.LIMIT,
    "MARKET": OrderKind.MARKET,
    "STOP_LOSS": OrderKind.STOP_MARKET,
    "STOP_LOSS_LIMIT": OrderKind.STOP_LIMIT,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT_LIMIT": OrderKind.TAKE_PROFIT_LIMIT,
}
TIFS = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
SELF_TRADE = {
    "NONE": SelfTrade.NONE,
    "EXPIRE_TAKER": SelfTrade.CANCEL_TAKER,
    "EXPIRE_MAKER": SelfTrade.CANCEL_MAKER,
    "EXPIRE_BOTH": SelfTrade.CANCEL_BOTH,
}
#  kind               must be sent                      may not be sent
FORMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "LIMIT": (("timeInForce", "quantity", "price"), ("stopPrice", "trailingDelta",
                                                     "quoteOrderQty")),
    "LIMIT_MAKER": (("quantity", "price"), ("timeInForce", "stopPrice", "trailingDelta",
                                            "quoteOrderQty")),
    "MARKET": ((), ("timeInForce", "price", "stopPrice", "trailingDelta", "icebergQty")),
    "STOP_LOSS": (("quantity",), ("timeInForce", "price", "icebergQty", "quoteOrderQty")),
    "STOP_LOSS_LIMIT": (("timeInForce", "quantity", "price"), ("quoteOrderQty",)),
    "TAKE_PROFIT": (("quantity",), ("timeInForce", "price", "icebergQty", "quoteOrderQty")),
    "TAKE_PROFIT_LIMIT": (("timeInForce", "quantity", "price"), ("quoteOrderQty",)),
}  # fmt: skip
CLIENT_ID_MAX = 36
BIPS_PPM = 100
UNREAD = ("strategyId", "strategyType", "computeCommissionRates")
"""Known to the venue, without a meaning here."""
RESPONSES = ("ACK", "RESULT", "FULL")


def ticks(listing: Listing, name: str, price: Decimal) -> int:
    """Return a price in ticks; raise the filter's refusal for one off the grid."""
    found = listing.ticks(price)
    if found is None:
        if -int(price.normalize().as_tuple().exponent) > 8:  # noqa: PLR2004 - spot's precision
            raise Refusal(-1111, f"Parameter '{name}' has too much precision.")
        raise Refusal(-1013, "Filter failure: PRICE_FILTER")
    return found


def lots(listing: Listing, name: str, qty: Decimal) -> int:
    """Return a quantity in lots; raise the filter's refusal for one off the grid."""
    found = listing.lots(qty)
    if found is None:
        if -int(qty.normalize().as_tuple().exponent) > 8:  # noqa: PLR2004 - spot's precision
            raise Refusal(-1111, f"Parameter '{name}' has too much precision.")
        raise Refusal(-1013, "Filter failure: LOT_SIZE")
    return found


def client_id(call: Call, name: str) -> str:
    """Return a client's id; raise a `Refusal` for one of another form."""
    text = call.given.optional(name) or ""
    legal = all(char.isascii() and (char.isalnum() or char in ".:/_-") for char in text)
    if len(text) > CLIENT_ID_MAX or not legal:
        raise Refusal(
            -1100,
            f"Illegal characters found in parameter '{name}'; "
            "legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
        )
    return text


def order_request(front: BinanceSpot, call: Call) -> tuple[OrderRequest, str]:
    """Read a new order; return it and the wanted form of the answer."""
    given = call.given
    symbol = call.symbol()
    side = given.required("side")
    kind = given.required("type")
    if side not in Side.__members__:
        raise Refusal(-1117, "Invalid side.")
    if kind not in KINDS:
        raise Refusal(-1116, "Invalid orderType.")
    _check_form(call, kind)
    listing = front.market.listings[symbol]
    shape: dict[str, Any] = {"tif": _tif(call), "self_trade": _self_trade(call)}
    if (qty := call.maybe_decimal("quantity")) is not None:
        shape["qty_lots"] = lots(listing, "quantity", qty)
    if (price := call.maybe_decimal("price")) is not None:
        shape["price_ticks"] = ticks(listing, "price", price)
    if (shown := call.maybe_decimal("icebergQty")) is not None:
        if shape["tif"] is not TimeInForce.GTC:
            raise Refusal(-1128, "Combination of optional parameters invalid.")
        shape["display_lots"] = lots(listing, "icebergQty", shown)
    if (money := call.maybe_decimal("quoteOrderQty")) is not None:
        shape["quote_atoms"] = front.market.atoms(listing.quote, money)
    shape |= _trigger(call, listing, kind)
    given.allow(*UNREAD)
    own = client_id(call, "newClientOrderId") or front.new_client_id()
    answer = given.optional("newOrderRespType") or (
        "FULL" if kind in {"MARKET", "LIMIT"} else "ACK"
    )
    if answer not in RESPONSES:
        raise errors.missing("newOrderRespType")
    made = OrderRequest(
        symbol,
        Side[side],
        shape.pop("kind", KINDS[kind]),
        client_id=own,
        post_only=kind == "LIMIT_MAKER",
        **shape,
    )
    return made, answer


def _check_form(call: Call, kind: str) -> None:
    needed, barred = FORMS[kind]
    for name in needed:
        call.given.required(name)
    for name in barred:
        if call.given.has(name):
            raise Refusal(-1106, f"Parameter '{name}' sent when not required.")
    sizes = call.given.has("quantity") + call.given.has("quoteOrderQty")
    if kind == "MARKET" and sizes != 1:
        raise (
            errors.missing("quantity")
            if not sizes
            else Refusal(-1106, "Parameter 'quoteOrderQty' sent when not required.")
        )


def _tif(call: Call) -> TimeInForce:
    text = call.given.optional("timeInForce")
    if text is None:
        return TimeInForce.GTC
    if text not in TIFS:
        raise Refusal(-1115, "Invalid timeInForce.")
    return TIFS[text]


def _self_trade(call: Call) -> SelfTrade | None:
    text = call.given.optional("selfTradePreventionMode")
    if text is None:
        return None
    if text not in SELF_TRADE:
        raise errors.missing("selfTradePreventionMode")
    return SELF_TRADE[text]


def _trigger(call: Call, listing: Listing, kind: str) -> dict[str, Any]:
    """Read stop price and trailing delta of a conditional order."""
    if kind not in {"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}:
        return {}
    stop = call.maybe_decimal("stopPrice")
    delta = call.maybe_whole("trailingDelta")
    if stop is None and delta is None:
        raise Refusal(
            -1102,
            "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!",
        )
    if delta is None:
        assert stop is not None  # noqa: S101 - seen just above
        return {"trigger_ticks": ticks(listing, "stopPrice", stop)}
    if kind != "STOP_LOSS":
        raise Refusal(-1128, "Combination of optional parameters invalid.")
    shape: dict[str, Any] = {"kind": OrderKind.TRAILING_STOP, "trail_ppm": delta * BIPS_PPM}
    if stop is not None:
        shape["activation_ticks"] = ticks(listing, "stopPrice", stop)
    return shape


def reference(call: Call, symbol: str, id_name: str, own_name: str) -> OrderRef:
    """Read which order is meant."""
    number = call.maybe_whole(id_name)
    own = call.given.optional(own_name)
    if number is None and own is None:
        raise Refusal(
            -1102,
            f"Param '{own_name}' or '{id_name}' must be sent, but both were empty/null!",
        )
    return OrderRef(symbol, number or 0, "" if number else own or "")


def new(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v3/order."""
    made, answer = order_request(front, call)
    call.given.finish()
    return place(front, call, made, answer)


def test(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v3/order/test: read and checked, not placed."""
    call.given.optional("computeCommissionRates")
    order_request(front, call)
    call.given.finish()
    return {}


def place(front: BinanceSpot, call: Call, made: OrderRequest, answer: str) -> Any:  # noqa: ANN401
    """Send an order to the engine, and answer as asked."""
    front.count_order(call)
    outcome = front.market.submit(call.account, made)
    if isinstance(outcome, Rejected):
        raise errors.rejected(outcome)
    order = outcome.order
    fills = []
    if answer == "FULL" and order.filled_lots:
        fills = [
            fill
            for fill in front.market.fills(call.account, made.symbol, limit=1_000)
            if fill.order_id == order.order_id
        ]
    return front.words.acknowledged(order, call.now_ns, answer, fills)


def query(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/order."""
    symbol = call.symbol()
    ref = reference(call, symbol, "orderId", "origClientOrderId")
    call.given.finish()
    found = front.market.order(call.account, ref)
    if found is None or found.request.symbol != symbol:
        raise errors.NO_SUCH_ORDER
    return front.words.order(found)


def cancel(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /api/v3/order."""
    symbol = call.symbol()
    ref = reference(call, symbol, "orderId", "origClientOrderId")
    own = client_id(call, "newClientOrderId") or front.new_client_id()
    only = call.given.optional("cancelRestrictions")
    call.given.finish()
    return front.words.cancelled(_cancel(front, call, ref, only), own, call.now_ns)


def _cancel(front: BinanceSpot, call: Call, ref: OrderRef, only: str | None) -> Order:
    wanted = {
        "ONLY_NEW": OrderStatus.NEW,
        "ONLY_PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    }
    if only is not None and only not in wanted:
        raise errors.missing("cancelRestrictions")
    found = front.market.order(call.account, ref)
    if found is None:
        raise errors.UNKNOWN_ORDER
    if only is not None and found.status is not wanted[only]:
        raise Refusal(-2011, "Order was not canceled due to cancel restrictions.")
    outcome = front.market.cancel(call.account, ref)
    if isinstance(outcome, Rejected):
        raise errors.UNKNOWN_ORDER
    front.cancel_rest(outcome.order)
    return outcome.order


def cancel_open(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /api/v3/openOrders."""
    symbol = call.symbol()
    call.given.finish()
    outcome = front.market.cancel_all(call.account, symbol)
    if not outcome.orders:
        raise errors.UNKNOWN_ORDER
    return [
        front.words.cancelled(one, front.new_client_id(), call.now_ns) for one in outcome.orders
    ]


def open_orders(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/openOrders."""
    symbol = call.maybe_symbol()
    call.given.finish()
    return [front.words.order(one) for one in front.market.open_orders(call.account, symbol)]


def all_orders(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/allOrders."""
    symbol = call.symbol()
    from_id = call.whole("orderId", 0)
    start, end = call.whole("startTime", 0), call.whole("endTime", 2**62)
    limit = call.whole("limit", 500, 1_000)
    call.given.finish()
    found = [
        one
        for one in front.market.orders(call.account, symbol, 10_000)
        if one.order_id >= from_id and start <= one.created_ns // 1_000_000 <= end
    ]
    chosen = found[:limit] if from_id or start else found[-limit:]
    return [front.words.order(one) for one in chosen]


def replace_order(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v3/order/cancelReplace: not one act, and its halves are answered apart."""
    given = call.given
    mode = given.required("cancelReplaceMode")
    if mode not in {"STOP_ON_FAILURE", "ALLOW_FAILURE"}:
        raise errors.missing("cancelReplaceMode")
    symbol = call.symbol()
    ref = reference(call, symbol, "cancelOrderId", "cancelOrigClientOrderId")
    cancel_id = client_id(call, "cancelNewClientOrderId") or front.new_client_id()
    only = given.optional("cancelRestrictions")
    given.allow("orderRateLimitExceededMode")
    made, answer = order_request(front, call)
    given.finish()
    cancelled, placed = _halves(front, call, (ref, only, cancel_id), (made, answer), mode)
    results = {
        "cancelResult": "FAILURE" if isinstance(cancelled, Refusal) else "SUCCESS",
        "newOrderResult": "NOT_ATTEMPTED"
        if placed is None
        else "FAILURE"
        if isinstance(placed, Refusal)
        else "SUCCESS",
        "cancelResponse": _said(cancelled),
        "newOrderResponse": _said(placed),
    }
    failures = list(results.values()).count("FAILURE")
    if not failures:
        return results
    partly = failures == 1 and results["newOrderResult"] != "NOT_ATTEMPTED"
    raise ReplaceRefusal(
        -2021 if partly else -2022,
        "Order cancel-replace partially failed." if partly else "Order cancel-replace failed.",
        409 if partly else 400,
        results,
    )


class ReplaceRefusal(Refusal):
    """A cancel-replace of which at least one half failed, with what became of both."""

    def __init__(self, code: int, text: str, status: int, halves: dict[str, Any]) -> None:
        """Carry both halves."""
        super().__init__(code, text, status)
        object.__setattr__(self, "halves", halves)

    def response(self) -> Any:  # noqa: ANN401 - a Response
        """Return it as an HTTP answer."""
        from ballast.venues.simulated.wire.messages import Response  # noqa: PLC0415

        halves = vars(self)["halves"]
        return Response.of({"code": self.code, "msg": self.text, "data": halves}, self.status)


def _halves(
    front: BinanceSpot,
    call: Call,
    old: tuple[OrderRef, str | None, str],
    new_one: tuple[OrderRequest, str],
    mode: str,
) -> tuple[Any, Any]:
    """Carry out both halves; a half that was refused is its `Refusal`."""
    ref, only, cancel_id = old
    cancelled: Any
    placed: Any = None
    try:
        cancelled = front.words.cancelled(_cancel(front, call, ref, only), cancel_id, call.now_ns)
    except Refusal as refusal:
        cancelled = refusal
        if mode == "STOP_ON_FAILURE":
            return cancelled, None
    try:
        placed = place(front, call, replace(new_one[0]), new_one[1])
    except Refusal as refusal:
        placed = refusal
    return cancelled, placed


def _said(half: Any) -> Any:  # noqa: ANN401 - JSON
    return {"code": half.code, "msg": half.text} if isinstance(half, Refusal) else half
