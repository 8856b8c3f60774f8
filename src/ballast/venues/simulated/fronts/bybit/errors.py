"""Errors of Bybit: code and text of everything it refuses.

Almost every refusal is an HTTP 200 whose `retCode` is not 0. Spot and derivatives answer the same
fault with different codes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.orders import RejectReason
from ballast.venues.simulated.wire.messages import Response

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.outcomes import Rejected

OK, NOT_FOUND, FORBIDDEN, UNAVAILABLE = 200, 404, 403, 503


@dataclass(frozen=True, slots=True)
class Refusal(Exception):  # noqa: N818 - an answer, not a crash: the front end returns it
    """One refusal, as it is answered."""

    code: int
    text: str
    status: int = OK
    result: dict[str, Any] = field(default_factory=dict)

    def response(self, now_ms: int) -> Response:
        """Return it as an HTTP answer."""
        return Response.of(envelope(self.result, now_ms, self.code, self.text), self.status)


def envelope(
    result: Any,  # noqa: ANN401 - JSON
    now_ms: int,
    code: int = 0,
    text: str = "OK",
    extra: Any = None,  # noqa: ANN401 - JSON
) -> dict[str, Any]:
    """Return the shape of every answer."""
    return {
        "retCode": code,
        "retMsg": text,
        "result": result,
        "retExtInfo": extra or {},
        "time": now_ms,
    }


def invalid(name: str) -> Refusal:
    """Return 10001: a parameter that is missing, or that cannot be."""
    return Refusal(10001, f"params error: {name} invalid")


def bad(text: str) -> Refusal:
    """Return 10001 with a text of its own."""
    return Refusal(10001, text)


CATEGORY = bad("Illegal category")
SYMBOL = bad("symbol invalid")
KEY_REFUSED = Refusal(10003, "API key is invalid.")
PERMISSION = Refusal(10005, "Permission denied, please check your API key permissions.")
ADDRESS = Refusal(10010, "Unmatched IP, please check your API key's bound IP addresses.")
NO_PATH = Refusal(10017, "Route not found.", NOT_FOUND)
UNIFIED_ONLY = Refusal(100028, "unified account is forbidden")
TIMED_OUT = Refusal(10000, "Server Timeout")
SERVER = Refusal(10016, "System error. Please try again later.", UNAVAILABLE)
MAINTENANCE = Refusal(10016, "Service is restarting, the system is under maintenance.", UNAVAILABLE)
TOO_MANY = Refusal(10006, "Too many visits. Exceeded the API Rate Limit.")
BANNED = Response(FORBIDDEN, b'"403, access too frequent"')
NOT_MODIFIED = Refusal(34040, "not modified")
NO_POSITION_STOP = bad("can not set tp/sl/ts for zero position")
POSITION_INDEX = bad("position idx not match position mode")
UNCHANGED = bad("The order remains unchanged as the parameters entered match the existing ones.")
NO_BORROWING = Refusal(170037, "Cross Margin Trading not yet supported by the selected coin")


def window(stamp: int, now_ms: int, span_ms: int) -> Refusal:
    """Return 10002: a request that comes too late, or too early."""
    return Refusal(
        10002,
        "invalid request, please check your server timestamp or recv_window param. "
        f"req_timestamp[{stamp}],server_timestamp[{now_ms}],recv_window[{span_ms}]",
    )


def signature(origin: str) -> Refusal:
    """Return 10004: a signature of something else."""
    return Refusal(10004, f"error sign! origin_string[{origin}]")


def not_found(category: str, act: str) -> Refusal:
    """Return how an order that is not there (any more) is refused."""
    if category == "spot":
        return Refusal(170213, "Order does not exist.")
    return Refusal(110001, f"order not exists or too late to {act}")


_LINEAR: dict[RejectReason, tuple[int, str]] = {
    RejectReason.DUPLICATE_CLIENT_ID: (110072, "OrderLinkedID is duplicate"),
    RejectReason.NOT_TRADING: (110066, "No trading is allowed at the current time"),
    RejectReason.PRICE_RANGE: (110003, "Order price exceeds the allowable range."),
    RejectReason.PRICE_PERCENT: (110003, "Order price exceeds the allowable range."),
    RejectReason.QTY_TOO_SMALL: (10001, "The number of contracts exceeds minimum limit allowed"),
    RejectReason.QTY_TOO_LARGE: (
        10001, "The number of contracts exceeds maximum limit allowed: too large",
    ),
    RejectReason.QTY_STEP: (10001, "Qty invalid"),
    RejectReason.MIN_NOTIONAL: (110094, "Order does not meet minimum order value 5USDT"),
    RejectReason.MAX_NOTIONAL: (
        10001, "The number of contracts exceeds maximum limit allowed: too large",
    ),
    RejectReason.MAX_ORDERS: (110020, "You can't have more than 500 active orders."),
    RejectReason.MAX_CONDITIONAL_ORDERS: (
        110009, "The number of stop orders exceeds maximum limit allowed",
    ),
    RejectReason.MAX_POSITION: (110090, "The position would exceed the risk limit."),
    RejectReason.NO_PRICE: (110003, "Order price exceeds the allowable range."),
    RejectReason.INSUFFICIENT_BALANCE: (110007, "ab not enough for new order"),
    RejectReason.INSUFFICIENT_MARGIN: (110007, "ab not enough for new order"),
    RejectReason.REDUCE_ONLY: (
        110017, "current position is zero, cannot fix reduce-only order qty",
    ),
    RejectReason.POSITION_SIDE: (10001, "position idx not match position mode"),
    RejectReason.NO_POSITION: (110033, "no position to add margin to"),
    RejectReason.NO_LIQUIDITY: (110003, "Order price exceeds the allowable range."),
    RejectReason.NO_CHANGE: (10001, UNCHANGED.text),
    RejectReason.ALREADY_FILLED: (110001, "order not exists or too late to replace"),
    RejectReason.UNKNOWN_ORDER: (110001, "order not exists or too late to replace"),
}  # fmt: skip
_SPOT: dict[RejectReason, tuple[int, str]] = {
    RejectReason.DUPLICATE_CLIENT_ID: (170141, "Duplicate clientOrderId"),
    RejectReason.NOT_TRADING: (170151, "The trading pair is not open yet."),
    RejectReason.PRICE_RANGE: (170132, "Order price too high."),
    RejectReason.PRICE_PERCENT: (170132, "Order price too high."),
    RejectReason.QTY_TOO_SMALL: (170136, "Order quantity lower than the minimum."),
    RejectReason.QTY_TOO_LARGE: (170135, "Order quantity too large."),
    RejectReason.QTY_STEP: (170137, "Order quantity has too many decimals."),
    RejectReason.MIN_NOTIONAL: (170140, "Order value exceeded lower limit."),
    RejectReason.MAX_NOTIONAL: (170124, "Order amount too large."),
    RejectReason.MAX_ORDERS: (170810, "Cannot exceed maximum of 500 active orders."),
    RejectReason.MAX_CONDITIONAL_ORDERS: (
        170811, "Cannot exceed maximum of 30 conditional, TP/SL and active orders.",
    ),
    RejectReason.NO_PRICE: (170210, "New order rejected."),
    RejectReason.NO_LIQUIDITY: (170210, "New order rejected."),
    RejectReason.INSUFFICIENT_BALANCE: (170131, "Insufficient balance."),
    RejectReason.NO_CHANGE: (10001, UNCHANGED.text),
    RejectReason.ALREADY_FILLED: (170139, "Order has been filled."),
    RejectReason.UNKNOWN_ORDER: (170213, "Order does not exist."),
}  # fmt: skip


def rejected(category: str, outcome: Rejected) -> Refusal:
    """Return how a category says what the engine refused."""
    known = (_SPOT if category == "spot" else _LINEAR).get(outcome.reason)
    if known is None:
        code = 170210 if category == "spot" else 10001
        return Refusal(code, f"Order rejected: {outcome.detail or outcome.reason}.")
    return Refusal(*known)


def no_money(category: str) -> Refusal:
    """Return how a category says that an account cannot pay."""
    return Refusal(*(_SPOT if category == "spot" else _LINEAR)[RejectReason.INSUFFICIENT_BALANCE])


def trigger(*, rises: bool, trigger_price: str, current: str) -> Refusal:
    """Return why a trigger on the wrong side of the price is refused."""
    if rises:
        return Refusal(
            110092, f"expect Rising, but trigger_price[{trigger_price}] <= current[{current}]"
        )
    return Refusal(
        110093, f"expect Falling, but trigger_price[{trigger_price}] >= current[{current}]"
    )
