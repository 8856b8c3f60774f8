"""Access to Kraken: its errors by name, its counters, and how it lets stops be moved.

Every refusal has status 200 and `{"error": ["ECategory:Text:detail"]}`. Only what stands in the
table is definite. `EService:Unavailable`, `EService:Busy` and internal errors are not: orders have
been carried out behind them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import OrderKind, RejectReason
from ballast.oms.protection.cover import Abilities
from ballast.venues.clients.access import Access
from ballast.venues.clients.calls import CallError, Fault, Verdict

if TYPE_CHECKING:
    from ballast.venues.clients.market import Market

HOSTS = ("api.kraken.com", "ws-auth.kraken.com", "ws.kraken.com")
KINDS = frozenset(OrderKind) - {OrderKind.TRAILING_STOP}
"""What is asked of it: trailing stops are moved by the node."""
NONCE = "EAPI:Invalid nonce"
HTTP_FAILED = 400
LOCKED_S = 900.0
"""How long an address is locked out that went on asking (`EGeneral:Temporary lockout`)."""


def _refused(reason: RejectReason) -> Fault:
    return Fault(Verdict.REFUSED, reason)


_UNCLEAR = Fault(Verdict.UNCLEAR)
_KEY = Fault(Verdict.KEY)
_RATE = Fault(Verdict.RATE)
_CLOCK = Fault(Verdict.CLOCK)
_CLOSED = _refused(RejectReason.NOT_TRADING)
_MARGIN = _refused(RejectReason.INSUFFICIENT_MARGIN)

FAULTS: dict[str, Fault] = {
    "EOrder:Insufficient funds": _refused(RejectReason.INSUFFICIENT_BALANCE),
    "EOrder:Insufficient margin": _MARGIN,
    "EOrder:Margin allowance exceeded": _MARGIN,
    "EOrder:Margin level too low": _MARGIN,
    "EOrder:Margin position size exceeded": _MARGIN,
    "EOrder:Cannot open position": _refused(RejectReason.NOT_SUPPORTED),
    "EOrder:Cannot open opposing position": _refused(RejectReason.NOT_SUPPORTED),
    "EOrder:Unknown order": Fault(Verdict.MISSING),
    "EOrder:Invalid order": _refused(RejectReason.BAD_REQUEST),
    "EOrder:Invalid price": _refused(RejectReason.PRICE_RANGE),
    "EOrder:Tick size check failed": _refused(RejectReason.PRICE_RANGE),
    "EOrder:Order minimum not met": _refused(RejectReason.QTY_TOO_SMALL),
    "EOrder:Cost minimum not met": _refused(RejectReason.MIN_NOTIONAL),
    "EOrder:Post only order": _refused(RejectReason.WOULD_TRADE),
    "EOrder:Orders limit exceeded": _refused(RejectReason.MAX_ORDERS),
    "EOrder:Scheduled orders limit exceeded": _refused(RejectReason.MAX_CONDITIONAL_ORDERS),
    "EOrder:Positions limit exceeded": _refused(RejectReason.MAX_POSITION),
    "EOrder:Unknown position": _refused(RejectReason.NO_POSITION),
    "EOrder:Reduce only:No position exists": _refused(RejectReason.NO_POSITION),
    "EOrder:Reduce only": _refused(RejectReason.REDUCE_ONLY),
    "EOrder:Rate limit exceeded": _RATE,
    "EOrder:Domain rate limit exceeded": _RATE,
    "EOrder:Trading agreement required": _KEY,
    "EOrder:Cancel pending": _UNCLEAR,
    "EAPI:Rate limit exceeded": _RATE,
    "EAPI:Invalid key": _KEY,
    "EAPI:Invalid signature": _KEY,
    "EAPI:Feature disabled": _KEY,
    NONCE: _CLOCK,
    "EAPI:Bad request": _refused(RejectReason.BAD_REQUEST),
    "EAccount:Invalid permissions": _KEY,
    "EAuth:Account temporary disabled": _KEY,
    "EAuth:Account unconfirmed": _KEY,
    "EAuth:Rate limit exceeded": _RATE,
    "EAuth:Too many requests": _RATE,
    "EGeneral:Permission denied": _KEY,
    "EGeneral:Temporary lockout": Fault(Verdict.BANNED),
    "EGeneral:Too many requests": _RATE,
    "EGeneral:Unknown method": _refused(RejectReason.NOT_SUPPORTED),
    "EGeneral:Internal error": _UNCLEAR,
    "EGeneral:Invalid arguments:volume minimum not met": _refused(RejectReason.QTY_TOO_SMALL),
    "EGeneral:Invalid arguments:volume": _refused(RejectReason.QTY_STEP),
    "EGeneral:Invalid arguments:price": _refused(RejectReason.PRICE_RANGE),
    "EGeneral:Invalid arguments:cl_ord_id": _refused(RejectReason.DUPLICATE_CLIENT_ID),
    "EGeneral:Invalid arguments:expiretm": _refused(RejectReason.EXPIRY),
    "EGeneral:Invalid arguments:deadline": _CLOCK,
    "EGeneral:Invalid arguments": _refused(RejectReason.BAD_REQUEST),
    "EQuery:Unknown asset pair": _refused(RejectReason.UNKNOWN_SYMBOL),
    "EQuery:Invalid asset pair": _refused(RejectReason.UNKNOWN_SYMBOL),
    "EQuery:Unknown asset": _refused(RejectReason.UNKNOWN_SYMBOL),
    "EService:Market in": _CLOSED,  # cancel_only, post_only, limit_only, reduce_only mode
    "EService:Deadline elapsed": _CLOCK,
    "EService:Throttled": _RATE,
    "EService:Unavailable": _UNCLEAR,
    "EService:Busy": _UNCLEAR,
    "EDatabase:Internal error": _UNCLEAR,
    "ESession:Invalid session": _KEY,
    "ETrade:User Locked": _KEY,
    "ETrade:Locked": _KEY,
}
"""By the beginning of the text, the longest that fits. Our own ids have the right form, so one that
is not taken is taken already. A `deadline` is measured with our notion of the venue's time."""


def fault_of(code: str) -> Fault:
    """Return what an error means; one that is not known is unclear (D7)."""
    fits = [name for name in FAULTS if code.startswith(name)]
    return FAULTS[max(fits, key=len)] if fits else _UNCLEAR


def read_fault(status: int, answer: Any, body: str) -> CallError | None:  # noqa: ANN401 - JSON
    """Return what is wrong with an answer; warnings (`W...`) are no errors."""
    del body
    if not isinstance(answer, dict):
        return None
    said = answer.get("error")
    codes = [str(one) for one in said] if isinstance(said, list) else []
    code = next((one for one in codes if not one.startswith("W")), "")
    if code:
        found = fault_of(code)
        waits = LOCKED_S if found.verdict is Verdict.BANNED else None
        return CallError(found.verdict, code, code=code, reason=found.reason, retry_after_s=waits)
    if status < HTTP_FAILED and answer.get("result") is None:
        return CallError(Verdict.UNCLEAR, "an answer without error and without result")
    return None


ACCESS = Access(
    venue="KRAKEN",
    ccxt_id="kraken",
    read_fault=read_fault,
    data_minute=20.0,
    orders_minute=90.0,
    minute_s=40.0,
    nonce_grows=True,
)
"""Counters that decay, of an account verified to Intermediate: 20 points of questions, half a one
less each second, and 125 of the orders of a pair, 2.34 less each second. It states no usage."""
QUESTION, HISTORY, PUBLIC = 1.0, 2.0, 1 / 3
"""Points of a private question, of one about trades, and of a public call, whose counter lets three
times as many pass."""
PLACE, CHANGE = 1.0, 2.0
"""Points of a new order; of an amend or a cancel, which cost more the younger the order is."""

ABILITIES = Abilities(reduces_only=False, amends_stops=True, replaces=False, stops_at_market=True)
"""A resting stop is moved in place (`AmendOrder`); on spot it holds the coins."""


def abilities_of(market: Market) -> Abilities:
    """Return how stops of a symbol are moved: alike for all."""
    del market
    return ABILITIES
