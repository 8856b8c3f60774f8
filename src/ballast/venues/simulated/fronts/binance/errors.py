"""Errors of Binance: code, text and HTTP status of everything it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.orders import RejectReason
from ballast.venues.simulated.fronts.parameters import Fault
from ballast.venues.simulated.wire.messages import Response

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.outcomes import Rejected
    from ballast.venues.simulated.fronts.parameters import BadParameter

BAD_REQUEST, UNAUTHORISED, FORBIDDEN, TEAPOT, TOO_MANY = 400, 401, 403, 418, 429


@dataclass(frozen=True, slots=True)
class Refusal(Exception):  # noqa: N818 - an answer, not a crash: the front end returns it
    """One refusal, as it is answered."""

    code: int
    text: str
    status: int = BAD_REQUEST

    def response(self) -> Response:
        """Return it as an HTTP answer."""
        return Response.of({"code": self.code, "msg": self.text}, self.status)


def missing(name: str) -> Refusal:
    """Return -1102: a mandatory parameter."""
    return Refusal(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def illegal(name: str) -> Refusal:
    """Return -1100: characters a parameter may not have."""
    return Refusal(
        -1100,
        f"Illegal characters found in parameter '{name}'; "
        "legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.",
    )


def parameter(problem: BadParameter, sent: int, read: int) -> Refusal:
    """Return how Binance says what is wrong with a parameter."""
    match problem.fault:
        case Fault.MISSING:
            return missing(problem.name)
        case Fault.EMPTY:
            return Refusal(-1105, f"Parameter '{problem.name}' was empty.")
        case Fault.UNKNOWN:
            return Refusal(
                -1104,
                f"Not all sent parameters were read; read '{read}' parameter(s) "
                f"but was sent '{sent}'.",
            )
        case Fault.REPEATED:
            return Refusal(-1101, "Duplicate values for a parameter detected.")
        case Fault.MALFORMED:
            return missing(problem.name)


KEY_FORMAT = Refusal(-2014, "API-key format invalid.", UNAUTHORISED)
KEY_REFUSED = Refusal(-2015, "Invalid API-key, IP, or permissions for action.", UNAUTHORISED)
SIGNATURE = Refusal(-1022, "Signature for this request is not valid.")
LATE = Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
EARLY = Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
SYMBOL = Refusal(-1121, "Invalid symbol.")
UNKNOWN_ORDER = Refusal(-2011, "Unknown order sent.")
NO_SUCH_ORDER = Refusal(-2013, "Order does not exist.")
NO_PATH = Refusal(-5000, "Path not found, Method not allowed or version not supported.", 404)
UNKNOWN_STATUS = Refusal(
    -1007,
    "Timeout waiting for response from backend server. "
    "Send status unknown; execution status unknown.",
    504,
)
OVERLOADED = Refusal(
    -1008, "Server is currently overloaded with other requests. Please try again in a few "
    "minutes.", 503,
)  # fmt: skip
MAINTENANCE = Refusal(-1001, "Internal error; unable to process your request. Please try again.",
                      503)  # fmt: skip


def too_many(limit: int, interval: str) -> Refusal:
    """Return 429: the budget of the window is spent."""
    return Refusal(
        -1003,
        f"Too much request weight used; current limit is {limit} request weight per {interval}. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        TOO_MANY,
    )


def banned(until_ms: int) -> Refusal:
    """Return 418: the address is banned."""
    return Refusal(
        -1003,
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans.",
        TEAPOT,
    )


TOO_MANY_ORDERS = Refusal(
    -1015, "Too many new orders; current limit is 100 orders per 10 SECOND.", TOO_MANY
)

_REJECTED = {
    RejectReason.UNKNOWN_SYMBOL: (-1121, "Invalid symbol."),
    RejectReason.DUPLICATE_CLIENT_ID: (-2010, "Duplicate order sent."),
    RejectReason.NOT_TRADING: (-1013, "Market is closed."),
    RejectReason.PRICE_RANGE: (-1013, "Filter failure: PRICE_FILTER"),
    RejectReason.PRICE_PERCENT: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    RejectReason.QTY_TOO_SMALL: (-1013, "Filter failure: LOT_SIZE"),
    RejectReason.QTY_TOO_LARGE: (-1013, "Filter failure: LOT_SIZE"),
    RejectReason.QTY_STEP: (-1013, "Filter failure: MARKET_LOT_SIZE"),
    RejectReason.MIN_NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    RejectReason.MAX_NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    RejectReason.ICEBERG_PARTS: (-1013, "Filter failure: ICEBERG_PARTS"),
    RejectReason.MAX_ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    RejectReason.MAX_CONDITIONAL_ORDERS: (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS"),
    RejectReason.MAX_POSITION: (-1013, "Filter failure: MAX_POSITION"),
    RejectReason.NO_PRICE: (-1013, "Market is closed."),
    RejectReason.WOULD_TRADE: (-2010, "Order would immediately match and take."),
    RejectReason.WOULD_TRIGGER: (-2010, "Stop price would trigger immediately."),
    RejectReason.INSUFFICIENT_BALANCE: (
        -2010,
        "Account has insufficient balance for requested action.",
    ),
    RejectReason.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    RejectReason.ALREADY_FILLED: (-2011, "Unknown order sent."),
    RejectReason.NO_CHANGE: (-2038, "The requested quantity does not decrease the order."),
}


def rejected(outcome: Rejected) -> Refusal:
    """Return how spot says what the engine refused."""
    known = _REJECTED.get(outcome.reason)
    if known is None:
        return Refusal(-2010, f"Order was rejected: {outcome.reason}.")
    return Refusal(*known)
