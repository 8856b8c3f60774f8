"""Errors of Coinbase: what a request, an order, an edit and a cancel are refused with.

A request that cannot be is refused with an HTTP status and `error`, `error_details`, `message`. An
order that is refused is answered with 200, `success` false and the reason twice: as the order's
failure and as what a preview of it would have said.
"""

from __future__ import annotations

from dataclasses import dataclass

from ballast.core.orders import RejectReason
from ballast.venues.simulated.wire.messages import Response

BAD_REQUEST, FORBIDDEN, NOT_FOUND_STATUS, BAD_METHOD, TOO_MANY = 400, 403, 404, 405, 429
UNAUTHORISED_STATUS, INTERNAL, UNAVAILABLE = 401, 500, 503
PAGE_403 = b"<html><head><title>403 Forbidden</title></head><body>blocked</body></html>"
TEXT_TYPE = ("Content-Type", "text/plain; charset=utf-8")
UNKNOWN = "UNKNOWN_FAILURE_REASON"


@dataclass(frozen=True, slots=True)
class Refusal(Exception):  # noqa: N818 - an answer, not a crash: the front end returns it
    """One refusal of a request, as it is answered."""

    error: str
    text: str
    status: int = BAD_REQUEST

    def response(self) -> Response:
        """Return it as an HTTP answer; who is not known gets a word of plain text."""
        if self.status == UNAUTHORISED_STATUS:
            return Response(self.status, f"{self.text}\n".encode(), (TEXT_TYPE,))
        body = {"error": self.error, "error_details": self.text, "message": self.text}
        return Response.of(body, self.status)


@dataclass(frozen=True, slots=True)
class OrderRefusal(Exception):  # noqa: N818 - an answer, not a crash: the handler returns it
    """One refusal of an order: its failure, a sentence, and what a preview says."""

    error: str
    text: str
    preview: str


def invalid(text: str) -> Refusal:
    """Return 400 for an argument that cannot be."""
    return Refusal("INVALID_ARGUMENT", text)


def missing(name: str) -> Refusal:
    """Return 400 for an argument that must be sent."""
    return invalid(f"{name} is required")


UNAUTHORISED = Refusal("unauthorized", "Unauthorized", UNAUTHORISED_STATUS)
SCOPES = Refusal("PERMISSION_DENIED", "Missing required scopes", FORBIDDEN)
NO_PATH = Refusal("NOT_FOUND", "Not Found", NOT_FOUND_STATUS)
METHOD = Refusal("unknown", "Method Not Allowed", BAD_METHOD)
NO_ORDER = Refusal("NOT_FOUND", "order with this orderID was not found", NOT_FOUND_STATUS)
NO_ACCOUNT = Refusal("NOT_FOUND", "account not found", NOT_FOUND_STATUS)
NO_PRODUCT = Refusal("NOT_FOUND", "valid product_id is required", NOT_FOUND_STATUS)
TOO_OFTEN = Refusal("rate_limit_exceeded", "Rate limit exceeded", TOO_MANY)
UNKNOWN_STATUS = Refusal("internal", "Internal server error", INTERNAL)
BUSY = Refusal("unavailable", "Service unavailable", UNAVAILABLE)
MAINTENANCE = Refusal("unavailable", "Service is under maintenance", UNAVAILABLE)

UNSUPPORTED = OrderRefusal(
    "UNSUPPORTED_ORDER_CONFIGURATION",
    "order configuration is not supported",
    "PREVIEW_INVALID_ORDER_CONFIG",
)
SIDE = OrderRefusal("INVALID_SIDE", "invalid side", "PREVIEW_INVALID_SIDE")
PRODUCT = OrderRefusal("INVALID_PRODUCT_ID", "product not found", "PREVIEW_INVALID_PRODUCT_ID")
FUNDS = OrderRefusal(
    "INSUFFICIENT_FUND", "Insufficient balance in source account", "PREVIEW_INSUFFICIENT_FUND"
)
PRICE_GRID = OrderRefusal(
    "INVALID_PRICE_PRECISION", "Too many decimals in order price", "PREVIEW_INVALID_PRICE_PRECISION"
)
BASE_GRID = OrderRefusal(
    "INVALID_SIZE_PRECISION", "Too many decimals in order amount", "PREVIEW_INVALID_SIZE_PRECISION"
)
QUOTE_GRID = OrderRefusal(
    "INVALID_SIZE_PRECISION",
    "Too many decimals in order amount",
    "PREVIEW_INVALID_QUOTE_SIZE_PRECISION",
)
TOO_SMALL = OrderRefusal(UNKNOWN, "order is too small", "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL")
POST_ONLY = OrderRefusal(
    "INVALID_LIMIT_PRICE_POST_ONLY",
    "Post only order would have crossed",
    "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY",
)
STOP_ABOVE_LAST = OrderRefusal(UNKNOWN, "", "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE")
STOP_BELOW_LAST = OrderRefusal(UNKNOWN, "", "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE")
STOP_ABOVE_LIMIT = OrderRefusal(UNKNOWN, "", "PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE")
STOP_BELOW_LIMIT = OrderRefusal(UNKNOWN, "", "PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE")
LEVERAGE = OrderRefusal("INVALID_LEVERAGE", "spot has no leverage", "PREVIEW_INVALID_LEVERAGE")
MARGIN = OrderRefusal("INVALID_MARGIN_TYPE", "spot has no margin", "PREVIEW_INVALID_MARGIN_TYPE")

REJECTED = {
    RejectReason.UNKNOWN_SYMBOL: PRODUCT,
    RejectReason.NOT_TRADING: OrderRefusal(
        "UNTRADABLE_PRODUCT", "trading is disabled", "PREVIEW_INVALID_PRODUCT_ID"
    ),
    RejectReason.PRICE_RANGE: OrderRefusal(
        "INVALID_LIMIT_PRICE", "invalid limit price", "PREVIEW_INVALID_LIMIT_PRICE"
    ),
    RejectReason.PRICE_PERCENT: OrderRefusal(
        "INVALID_LIMIT_PRICE", "price is out of the band", "PREVIEW_BREACHED_PRICE_LIMIT"
    ),
    RejectReason.QTY_TOO_SMALL: TOO_SMALL,
    RejectReason.QTY_TOO_LARGE: OrderRefusal(
        UNKNOWN, "order is too large", "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE"
    ),
    RejectReason.QTY_STEP: BASE_GRID,
    RejectReason.MIN_NOTIONAL: OrderRefusal(
        UNKNOWN, "order is too small", "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"
    ),
    RejectReason.MAX_NOTIONAL: OrderRefusal(
        UNKNOWN, "order is too large", "PREVIEW_INVALID_QUOTE_SIZE_TOO_LARGE"
    ),
    RejectReason.NO_LIQUIDITY: OrderRefusal(
        "INVALID_NO_LIQUIDITY", "no liquidity", "PREVIEW_INVALID_NO_LIQUIDITY"
    ),
    RejectReason.NO_PRICE: OrderRefusal(
        "INVALID_NO_LIQUIDITY", "no price", "PREVIEW_MISSING_PRODUCT_PRICE_BOOK"
    ),
    RejectReason.WOULD_TRADE: POST_ONLY,
    RejectReason.INSUFFICIENT_BALANCE: FUNDS,
    RejectReason.EXPIRY: OrderRefusal(
        "INVALID_REQUEST", "end_time must be in the future", "PREVIEW_INVALID_ORDER_CONFIG"
    ),
}
REJECTED_OTHERWISE = OrderRefusal(
    "COMMANDER_REJECTED_NEW_ORDER", "order was rejected", "UNKNOWN_PREVIEW_FAILURE_REASON"
)
CANCEL_UNKNOWN = "UNKNOWN_CANCEL_ORDER"
CANCEL_FILLED = "ORDER_IS_FULLY_FILLED"
CANCEL_TWICE = "DUPLICATE_CANCEL_REQUEST"
CANCEL_DONE = "UNKNOWN_CANCEL_FAILURE_REASON"
EDIT_UNKNOWN = "ORDER_NOT_FOUND"
EDIT_REJECTED = "COMMANDER_REJECTED_EDIT_ORDER"
EDIT_KIND = "ONLY_LIMIT_ORDER_EDITS_SUPPORTED"
EDIT_PRICE = "INVALID_EDITED_PRICE"
EDIT_SIZE = "INVALID_EDITED_SIZE"
EDIT_FILLED = "CANNOT_EDIT_TO_BELOW_FILLED_SIZE"
