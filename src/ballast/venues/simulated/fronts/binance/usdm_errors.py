"""Errors of Binance USD-M futures that spot does not have, or says in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import RejectReason
from ballast.venues.simulated.fronts.binance.errors import TOO_MANY, Refusal

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.outcomes import Rejected

ALGO_ONLY = Refusal(
    -4120,
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
)
TOO_MANY_ORDERS = Refusal(
    -1015, "Too many new orders; current limit is 300 orders per TEN_SECONDS.", TOO_MANY
)
NO_MARGIN = Refusal(-2019, "Margin is insufficient.")
NO_LISTEN_KEY = Refusal(-1125, "This listenKey does not exist.")
CLIENT_ID = Refusal(-4015, "Client order id is not valid.")
TICK = Refusal(-4014, "Price not increased by tick size.")
PRECISION = Refusal(-1111, "Precision is over the maximum defined for this asset.")
GOOD_TILL = Refusal(
    -5040,
    "The goodTillDate timestamp must be greater than the current time plus 600 seconds and "
    "smaller than 253402300799000",
)
PRICE_MATCH = Refusal(-5037, "Invalid price match")
NOT_MATCHED = Refusal(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT")
SELF_TRADE = Refusal(-5039, "Invalid self trade prevention mode")
NO_CHANGE = Refusal(-5027, "No need to modify the order.")
DEPTH_LIMIT = Refusal(-4021, "Invalid depth limit.")

_REJECTED = {
    RejectReason.UNKNOWN_SYMBOL: (-1121, "Invalid symbol."),
    RejectReason.DUPLICATE_CLIENT_ID: (-4116, "ClientOrderId is duplicated."),
    RejectReason.NOT_TRADING: (-4141, "Symbol is closed."),
    RejectReason.PRICE_RANGE: (-4002, "Price greater than max price."),
    RejectReason.PRICE_PERCENT: (
        -4131,
        "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    ),
    RejectReason.QTY_TOO_SMALL: (-4004, "Quantity less than min quantity."),
    RejectReason.QTY_TOO_LARGE: (-4005, "Quantity greater than max quantity."),
    RejectReason.QTY_STEP: (-4023, "Qty not increased by step size."),
    RejectReason.MIN_NOTIONAL: (
        -4164,
        "Order's notional must be no smaller than 5 (unless you choose reduce only).",
    ),
    RejectReason.MAX_ORDERS: (-2025, "Reach max open order limit."),
    RejectReason.MAX_CONDITIONAL_ORDERS: (-4045, "Reach max stop order limit."),
    RejectReason.MAX_POSITION: (
        -2027,
        "Exceeded the maximum allowable position at current leverage.",
    ),
    RejectReason.NO_PRICE: (-4141, "Symbol is closed."),
    RejectReason.WOULD_TRADE: (
        -5022,
        (
            "Due to the order could not be executed as maker, the Post Only order will be "
            "rejected. The order will not be recorded in the order history"
        ),
    ),
    RejectReason.WOULD_TRIGGER: (-2021, "Order would immediately trigger."),
    RejectReason.INSUFFICIENT_BALANCE: (-2019, "Margin is insufficient."),
    RejectReason.INSUFFICIENT_MARGIN: (-2019, "Margin is insufficient."),
    RejectReason.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    RejectReason.NO_POSITION: (-2022, "ReduceOnly Order is rejected."),
    RejectReason.POSITION_SIDE: (-4061, "Order's position side does not match user's setting."),
    RejectReason.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    RejectReason.ALREADY_FILLED: (-2011, "Unknown order sent."),
    RejectReason.NO_CHANGE: (NO_CHANGE.code, NO_CHANGE.text),
    RejectReason.EXPIRY: (GOOD_TILL.code, GOOD_TILL.text),
}


def rejected(outcome: Rejected) -> Refusal:
    """Return how USD-M says what the engine refused."""
    known = _REJECTED.get(outcome.reason)
    if known is None:
        return Refusal(-2010, f"NEW_ORDER_REJECTED: {outcome.reason}")
    return Refusal(*known)


def notional(least: str) -> Refusal:
    """Return -4164 with the bound of the symbol."""
    return Refusal(
        -4164,
        f"Order's notional must be no smaller than {least} (unless you choose reduce only).",
    )
