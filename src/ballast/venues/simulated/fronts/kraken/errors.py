"""Errors of Kraken: `{"error": ["ECategory:Text:detail"]}`, answered with status 200."""

from __future__ import annotations

from dataclasses import dataclass

from ballast.core.orders import RejectReason
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.engine.outcomes import Rejected  # noqa: TC001 - in the signatures
from ballast.venues.simulated.fronts.kraken.encoding import clean
from ballast.venues.simulated.fronts.parameters import BadParameter, Fault
from ballast.venues.simulated.wire.messages import Response

UNKNOWN_PAGE = (
    b"<html><head><title>520: Web server is returning an unknown error</title></head></html>"
)


@dataclass(frozen=True, slots=True)
class Refusal(Exception):  # noqa: N818 - an answer, not a crash: the front end returns it
    """One refusal, as it is answered."""

    text: str

    def response(self) -> Response:
        """Return it as an HTTP answer."""
        return Response.of({"error": [clean(self.text)]})


def wrong(name: str) -> Refusal:
    """Return a value a parameter may not have, or a parameter that is missing or unknown."""
    return Refusal(f"EGeneral:Invalid arguments:{name}")


def parameter(problem: BadParameter) -> Refusal:
    """Return how Kraken says what is wrong with a parameter."""
    if problem.fault is Fault.UNKNOWN and problem.name.startswith("close["):
        return wrong("close")
    return wrong(problem.name)


ARGUMENTS = Refusal("EGeneral:Invalid arguments")
METHOD = Refusal("EGeneral:Unknown method")
PERMISSION = Refusal("EGeneral:Permission denied")
LOCKOUT = Refusal("EGeneral:Temporary lockout")
TOO_MANY = Refusal("EGeneral:Too many requests")
KEY = Refusal("EAPI:Invalid key")
SIGNATURE = Refusal("EAPI:Invalid signature")
NONCE = Refusal("EAPI:Invalid nonce")
CALLS = Refusal("EAPI:Rate limit exceeded")
ORDERS = Refusal("EOrder:Rate limit exceeded")
ASSET = Refusal("EQuery:Unknown asset")
PAIR = Refusal("EQuery:Unknown asset pair")
UNKNOWN_ORDER = Refusal("EOrder:Unknown order")
INVALID_ORDER = Refusal("EOrder:Invalid order")
INVALID_PRICE = Refusal("EOrder:Invalid price")
TICK = Refusal("EOrder:Tick size check failed")
MINIMUM = Refusal("EOrder:Order minimum not met")
COST_MINIMUM = Refusal("EOrder:Cost minimum not met")
FUNDS = Refusal("EOrder:Insufficient funds")
POST_ONLY = Refusal("EOrder:Post only order")
NO_MARGIN = Refusal("EOrder:Cannot open position")
NO_POSITION = Refusal("EOrder:Reduce only:No position exists")
LIMIT = Refusal("EOrder:Orders limit exceeded")
DEADLINE = Refusal("EService:Deadline elapsed")
BUSY = Refusal("EService:Busy")
UNAVAILABLE = Refusal("EService:Unavailable")
CANCEL_ONLY = Refusal("EService:Market in cancel_only mode")
SESSION = Refusal("ESession:Invalid session")

_REJECTED = {
    RejectReason.UNKNOWN_SYMBOL: PAIR,
    RejectReason.DUPLICATE_CLIENT_ID: wrong("cl_ord_id"),
    RejectReason.PRICE_RANGE: INVALID_PRICE,
    RejectReason.PRICE_PERCENT: INVALID_PRICE,
    RejectReason.QTY_TOO_SMALL: MINIMUM,
    RejectReason.QTY_TOO_LARGE: wrong("volume"),
    RejectReason.QTY_STEP: wrong("volume"),
    RejectReason.MIN_NOTIONAL: COST_MINIMUM,
    RejectReason.MAX_NOTIONAL: wrong("volume"),
    RejectReason.ICEBERG_PARTS: wrong("displayvol"),
    RejectReason.MAX_ORDERS: LIMIT,
    RejectReason.MAX_CONDITIONAL_ORDERS: LIMIT,
    RejectReason.NO_PRICE: UNAVAILABLE,
    RejectReason.NO_LIQUIDITY: UNAVAILABLE,
    RejectReason.WOULD_TRADE: POST_ONLY,
    RejectReason.WOULD_TRIGGER: INVALID_PRICE,
    RejectReason.INSUFFICIENT_BALANCE: FUNDS,
    RejectReason.UNKNOWN_ORDER: UNKNOWN_ORDER,
    RejectReason.ALREADY_FILLED: UNKNOWN_ORDER,
    RejectReason.EXPIRY: wrong("expiretm"),
}


def rejected(outcome: Rejected) -> Refusal:
    """Return how Kraken says what the engine refused."""
    if outcome.reason is RejectReason.NOT_TRADING:
        return CANCEL_ONLY if outcome.detail == Trading.CANCEL_ONLY.value else UNAVAILABLE
    return _REJECTED.get(outcome.reason, ARGUMENTS)
