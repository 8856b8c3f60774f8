"""Errors of OKX: code, text and HTTP status of everything it refuses.

Codes below 51000 are about the request and answer it whole; those from 51000 on are about one order
and, where orders are placed, changed or cancelled, stand as `sCode` beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.orders import OrderKind, RejectReason, Side
from ballast.venues.simulated.fronts.parameters import Fault
from ballast.venues.simulated.wire.messages import Response

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.venues.simulated.engine.outcomes import Rejected
    from ballast.venues.simulated.fronts.parameters import BadParameter

OK, BAD_REQUEST, UNAUTHORISED, FORBIDDEN, NOT_FOUND, BAD_METHOD = 200, 400, 401, 403, 404, 405
TOO_MANY, UNAVAILABLE = 429, 503
OF_ORDERS = 51_000
PAGE_403 = b"<html><head><title>403 Forbidden</title></head><body>blocked</body></html>"


@dataclass(frozen=True, slots=True)
class Refusal(Exception):  # noqa: N818 - an answer, not a crash: the front end returns it
    """One refusal, as it is answered."""

    code: int
    text: str
    status: int = OK

    @property
    def is_of_order(self) -> bool:
        """Tell whether it is about one order, not about the request."""
        return self.code >= OF_ORDERS

    def response(self) -> Response:
        """Return it as an HTTP answer."""
        return Response.of({"code": str(self.code), "data": [], "msg": self.text}, self.status)


def missing(name: str) -> Refusal:
    """Return 50014: a mandatory parameter."""
    return Refusal(50014, f"Parameter {name} can not be empty", BAD_REQUEST)


def either(one: str, other: str) -> Refusal:
    """Return 50015: one of two parameters."""
    return Refusal(50015, f"Either parameter {one} or {other} is required", BAD_REQUEST)


def wrong(name: str) -> Refusal:
    """Return 51000: a value a parameter may not have."""
    return Refusal(51000, f"Parameter {name} error")


def both(one: str, other: str) -> Refusal:
    """Return 50024: two parameters that exclude each other."""
    return Refusal(50024, f"Parameter {one} and {other} can not exist at the same time")


def parameter(problem: BadParameter) -> Refusal:
    """Return how OKX says what is wrong with a parameter."""
    if problem.fault in {Fault.MISSING, Fault.EMPTY}:
        return missing(problem.name)
    return wrong(problem.name)


EMPTY_BODY = Refusal(50000, "Body for POST request cannot be empty", BAD_REQUEST)
UNAVAILABLE_NOW = Refusal(50001, "Service temporarily unavailable. Try again later", UNAVAILABLE)
NO_JSON = Refusal(50002, "JSON syntax error", BAD_REQUEST)
UNKNOWN_STATUS = Refusal(
    50004,
    "API endpoint request timeout (does not mean that the request was successful or failed, "
    "please check the request result)",
    BAD_REQUEST,
)
NO_JSON_TYPE = Refusal(50006, 'Invalid Content-Type. Please use "application/json"', BAD_REQUEST)
TOO_OFTEN = Refusal(50011, "Too Many Requests", TOO_MANY)
BUSY = Refusal(50013, "Systems are busy. Please try again later", TOO_MANY)
WRONG_ENVIRONMENT = Refusal(50101, "APIKey does not match current environment.", UNAUTHORISED)
EXPIRED = Refusal(50102, "Timestamp request expired", UNAUTHORISED)
NO_KEY = Refusal(50103, "Request header OK-ACCESS-KEY can not be empty", UNAUTHORISED)
NO_PASSPHRASE = Refusal(50104, "Request header OK-ACCESS-PASSPHRASE can not be empty", UNAUTHORISED)
PASSPHRASE = Refusal(50105, "Request header OK-ACCESS-PASSPHRASE incorrect", UNAUTHORISED)
NO_SIGN = Refusal(50106, "Request header OK-ACCESS-SIGN can not be empty", UNAUTHORISED)
NO_TIMESTAMP = Refusal(50107, "Request header OK-ACCESS-TIMESTAMP can not be empty", UNAUTHORISED)
ADDRESS = Refusal(50110, "Your IP is not included in your API key's IP whitelist", UNAUTHORISED)
KEY = Refusal(50111, "Invalid OK-ACCESS-KEY", UNAUTHORISED)
TIMESTAMP = Refusal(50112, "Invalid OK-ACCESS-TIMESTAMP", UNAUTHORISED)
SIGNATURE = Refusal(50113, "Invalid Sign", UNAUTHORISED)
METHOD = Refusal(50115, "Invalid request method", BAD_METHOD)
PERMISSION = Refusal(
    50120, "This API key doesn't have permission to use this function", UNAUTHORISED
)
NO_PATH = Refusal(404, "Not Found", NOT_FOUND)
INSTRUMENT = Refusal(51001, "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
MODE = Refusal(51010, "Request unsupported under current account mode")
WRONG_TYPE = Refusal(51015, "Instrument ID does not match instrument type.")
DUPLICATE = Refusal(51016, "Client order ID already exists.")
NO_POSITION = Refusal(51023, "Position does not exist")
DUPLICATE_ALGO = Refusal(51065, "algoClOrdId already exists.")
NOT_CLOSABLE = Refusal(51112, "Close order size exceeds your available size.")
LOT = Refusal(51121, "Order quantity must be a multiple of the lot size.")
TIMED_OUT = Refusal(51149, "Order timed out. Please try again later.")
NO_PRICE = Refusal(51204, "The price for the limit order cannot be empty.")
NOT_CANCELLED = Refusal(
    51400, "Cancellation failed as the order has been filled, canceled or does not exist."
)
NOT_AMENDED = Refusal(51503, "Your order has already been filled or canceled.")
NOTHING_TO_AMEND = Refusal(51500, "You must enter a price, quantity, or TP/SL")
NOT_AMENDABLE = Refusal(51506, "Order modification unavailable for the order type")
NO_SUCH_ORDER = Refusal(51603, "Order does not exist")
BUSY_SETTINGS = Refusal(
    59000, "Setting failed. Cancel any open orders, close positions, and stop trading bots first."
)

_REJECTED = {
    RejectReason.UNKNOWN_SYMBOL: INSTRUMENT,
    RejectReason.DUPLICATE_CLIENT_ID: DUPLICATE,
    RejectReason.NOT_TRADING: Refusal(51022, "Trading suspended for this instrument."),
    RejectReason.PRICE_RANGE: Refusal(
        51006, "Order price is not within the price limit (outside the range of the instrument)"
    ),
    RejectReason.PRICE_PERCENT: Refusal(51006, "Order price is not within the price limit"),
    RejectReason.QTY_TOO_SMALL: Refusal(
        51020, "Your order should meet or exceed the minimum order amount."
    ),
    RejectReason.QTY_TOO_LARGE: Refusal(
        51101, "The maximum amount per order is exceeded."
    ),
    RejectReason.QTY_STEP: LOT,
    RejectReason.MIN_NOTIONAL: Refusal(
        51020, "Your order should meet or exceed the minimum order amount."
    ),
    RejectReason.MAX_NOTIONAL: Refusal(51201, "The value of the order exceeds the maximum."),
    RejectReason.MAX_ORDERS: Refusal(
        51025, "Order count exceeds the limit."
    ),
    RejectReason.MAX_CONDITIONAL_ORDERS: Refusal(
        51261, "The number of pending stop orders has reached the limit."
    ),
    RejectReason.MAX_POSITION: Refusal(
        51004, "Order failed. The sum of open orders and positions exceeds the limit of the "
        "current leverage.",
    ),
    RejectReason.NO_PRICE: Refusal(51014, "Index doesn't exist."),
    RejectReason.NO_LIQUIDITY: Refusal(51109, "No available offer"),
    RejectReason.INSUFFICIENT_BALANCE: Refusal(
        51008, "Order failed. Insufficient balance in account."
    ),
    RejectReason.INSUFFICIENT_MARGIN: Refusal(
        51008, "Order failed. Insufficient USDT margin in account."
    ),
    RejectReason.REDUCE_ONLY: Refusal(
        51169,
        "Order failed because you don't have any positions in this direction for this contract "
        "to reduce or close.",
    ),
    RejectReason.POSITION_SIDE: wrong("posSide"),
    RejectReason.NO_POSITION: NO_POSITION,
    RejectReason.OPEN_ORDERS_OR_POSITION: BUSY_SETTINGS,
    RejectReason.NOT_SUPPORTED: MODE,
    RejectReason.UNKNOWN_ORDER: NOT_CANCELLED,
    RejectReason.ALREADY_FILLED: NOT_CANCELLED,
    RejectReason.LEVERAGE: Refusal(
        59102, "Leverage exceeds the maximum limit. Please lower the leverage."
    ),
}  # fmt: skip
_TRIGGERED = {
    (True, Side.BUY): Refusal(51277, "TP trigger price can't be higher than the last price"),
    (False, Side.BUY): Refusal(51278, "SL trigger price can't be lower than the last price"),
    (True, Side.SELL): Refusal(51279, "TP trigger price can't be lower than the last price"),
    (False, Side.SELL): Refusal(51280, "SL trigger price can't be higher than the last price"),
}
_TAKES = frozenset({OrderKind.TAKE_PROFIT_MARKET, OrderKind.TAKE_PROFIT_LIMIT})


def rejected(outcome: Rejected, request: OrderRequest | None = None) -> Refusal:
    """Return how OKX says what the engine refused of a request."""
    if outcome.reason is RejectReason.WOULD_TRIGGER and request is not None:
        return _TRIGGERED[request.kind in _TAKES, request.side]
    known = _REJECTED.get(outcome.reason)
    return known or Refusal(51000, f"Parameter error: {outcome.reason}")


def rejected_for_money() -> Refusal:
    """Return what a refusal of an order looks like when it is made up."""
    return _REJECTED[RejectReason.INSUFFICIENT_BALANCE]
