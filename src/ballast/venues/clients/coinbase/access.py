"""Access to Coinbase: what its refusals mean, its budgets, and how it lets stops be moved.

A request that cannot be is refused with a status and `{"error", "message"}`; an order that is
refused with 200, `success` false, and its failure twice: as the order's and as a preview's, which
says more. Failures that no table has are doubts. A key that is wrong is 401 without a code, and so
is a token of another time: tokens are dated back, so only a clock ten seconds slow would be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import OrderKind, RejectReason
from ballast.oms.protection.cover import Abilities
from ballast.venues.clients.access import Access
from ballast.venues.clients.calls import CallError, Fault, Verdict

if TYPE_CHECKING:
    from ballast.venues.clients.market import Market

HOSTS = (
    "api.coinbase.com", "advanced-trade-ws-user.coinbase.com", "advanced-trade-ws.coinbase.com",
)  # fmt: skip
KINDS = frozenset(
    {OrderKind.MARKET, OrderKind.LIMIT, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_LIMIT}
)
"""What it keeps: nothing that waits for a price trades at market."""
R = RejectReason
OK, FORBIDDEN, NOT_FOUND = 200, 403, 404
TELLS_NOTHING = frozenset({"", "UNKNOWN_FAILURE_REASON", "UNKNOWN_PREVIEW_FAILURE_REASON"})

FAILURES: dict[str, RejectReason] = {
    "UNTRADABLE_PRODUCT": R.NOT_TRADING,
    "INSUFFICIENT_FUND": R.INSUFFICIENT_BALANCE,
    "INSUFFICIENT_FUNDS": R.INSUFFICIENT_BALANCE,
    "UNSUPPORTED_ORDER_CONFIGURATION": R.NOT_SUPPORTED,
    "INVALID_SIDE": R.BAD_REQUEST,
    "INVALID_PRODUCT_ID": R.UNKNOWN_SYMBOL,
    "INVALID_SIZE_PRECISION": R.QTY_STEP,
    "INVALID_PRICE_PRECISION": R.PRICE_RANGE,
    "INVALID_LIMIT_PRICE": R.PRICE_RANGE,
    "INVALID_LIMIT_PRICE_POST_ONLY": R.WOULD_TRADE,
    "INVALID_NO_LIQUIDITY": R.NO_LIQUIDITY,
    "INVALID_REQUEST": R.BAD_REQUEST,
    "INVALID_LEVERAGE": R.LEVERAGE,
    "INVALID_MARGIN_TYPE": R.NOT_SUPPORTED,
    "COMMANDER_REJECTED_NEW_ORDER": R.BAD_REQUEST,
}
"""Failures of an order."""
PREVIEWS: dict[str, RejectReason] = {
    "PREVIEW_INSUFFICIENT_FUND": R.INSUFFICIENT_BALANCE,
    "PREVIEW_INSUFFICIENT_FUNDS_FOR_FUTURES": R.INSUFFICIENT_MARGIN,
    "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL": R.QTY_TOO_SMALL,
    "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE": R.QTY_TOO_LARGE,
    "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL": R.MIN_NOTIONAL,
    "PREVIEW_INVALID_QUOTE_SIZE_TOO_LARGE": R.MAX_NOTIONAL,
    "PREVIEW_INVALID_SIZE_PRECISION": R.QTY_STEP,
    "PREVIEW_INVALID_BASE_SIZE_PRECISION": R.QTY_STEP,
    "PREVIEW_INVALID_QUOTE_SIZE_PRECISION": R.QTY_STEP,
    "PREVIEW_INVALID_PRICE_PRECISION": R.PRICE_RANGE,
    "PREVIEW_INVALID_LIMIT_PRICE": R.PRICE_RANGE,
    "PREVIEW_INVALID_STOP_PRICE": R.PRICE_RANGE,
    "PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE": R.PRICE_RANGE,
    "PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE": R.PRICE_RANGE,
    "PREVIEW_BREACHED_PRICE_LIMIT": R.PRICE_PERCENT,
    "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY": R.WOULD_TRADE,
    "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE": R.WOULD_TRIGGER,
    "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE": R.WOULD_TRIGGER,
    "PREVIEW_INVALID_NO_LIQUIDITY": R.NO_LIQUIDITY,
    "PREVIEW_MISSING_PRODUCT_PRICE_BOOK": R.NO_PRICE,
    "PREVIEW_INVALID_PRODUCT_ID": R.UNKNOWN_SYMBOL,
    "PREVIEW_INVALID_SIDE": R.BAD_REQUEST,
    "PREVIEW_INVALID_ORDER_CONFIG": R.BAD_REQUEST,
    "PREVIEW_INVALID_LEVERAGE": R.LEVERAGE,
    "PREVIEW_INVALID_MARGIN_TYPE": R.NOT_SUPPORTED,
}
"""The same as a preview would say it."""
EDITS: dict[str, RejectReason] = {
    "ORDER_NOT_FOUND": R.UNKNOWN_ORDER,
    "ONLY_LIMIT_ORDER_EDITS_SUPPORTED": R.NOT_SUPPORTED,
    "ONLY_OPEN_ORDERS_CAN_BE_EDITED": R.UNKNOWN_ORDER,
    "INVALID_EDITED_PRICE": R.PRICE_RANGE,
    "INVALID_EDITED_SIZE": R.QTY_STEP,
    "CANNOT_EDIT_TO_BELOW_FILLED_SIZE": R.QTY_TOO_SMALL,
    "COMMANDER_REJECTED_EDIT_ORDER": R.BAD_REQUEST,
}
"""Failures of an edit."""
STATED: dict[str, Fault] = {
    "INVALID_ARGUMENT": Fault(Verdict.REFUSED, R.BAD_REQUEST),
    "unauthorized": Fault(Verdict.KEY),
    "PERMISSION_DENIED": Fault(Verdict.KEY),
    "rate_limit_exceeded": Fault(Verdict.RATE),
    "resource_exhausted": Fault(Verdict.RATE),
}
"""Refusals of a request, by `error`."""
MISSING_TEXTS = ("order with this orderid was not found", "order not found")
PRODUCT_TEXTS = ("product_id", "product not found")


def read_fault(status: int, answer: Any, body: str) -> CallError | None:  # noqa: ANN401 - JSON
    """Return what is wrong with an answer; None leaves it to HTTP's status."""
    del body
    if answer is None and status == FORBIDDEN:
        return CallError(Verdict.BANNED, "this address is turned away (403, a page)")
    if not isinstance(answer, dict):
        return None
    refused = answer.get("error_response")
    if answer.get("success") is False and isinstance(refused, dict):
        return _order_refused(refused)
    code = answer.get("error")
    if not isinstance(code, str):
        return None
    return _request_refused(status, code, str(answer.get("message") or code))


def _order_refused(said: dict[str, Any]) -> CallError:
    """Return what the refusal of an order means; what says nothing definite is a doubt."""
    own = str(said.get("error") or said.get("new_order_failure_reason") or "")
    preview = str(said.get("preview_failure_reason") or "")
    text = str(said.get("message") or "") or preview or own
    code = own if preview in TELLS_NOTHING or own == "UNTRADABLE_PRODUCT" else preview
    reason = FAILURES.get(code) or PREVIEWS.get(code) or FAILURES.get(own)
    if reason is None:
        return CallError(Verdict.UNCLEAR, text, code=code)
    return CallError(Verdict.REFUSED, text, code=code, reason=reason)


def _request_refused(status: int, code: str, text: str) -> CallError | None:
    lowered = text.lower()
    if any(one in lowered for one in MISSING_TEXTS):
        return CallError(Verdict.MISSING, text, code=code)
    if status == NOT_FOUND and any(one in lowered for one in PRODUCT_TEXTS):
        return CallError(Verdict.REFUSED, text, code=code, reason=R.UNKNOWN_SYMBOL)
    found = STATED.get(code)
    return CallError(found.verdict, text, code=code, reason=found.reason) if found else None


STAMP_BACK_S = 110
"""ccxt's tokens live 120 seconds from their date: ten are left, within the fence of an order."""
ACCESS = Access(
    venue="COINBASE",
    ccxt_id="coinbase",
    read_fault=read_fault,
    data_minute=1_800.0,
    data_second=30.0,
    stamp_back_s=STAMP_BACK_S,
)
"""Thirty signed requests a second of an account, and ten others of an address; more is 429."""
SIGNED, PUBLIC = 1.0, 3.0
"""Weights: one public request takes the room of three signed ones."""

ABILITIES = Abilities(reduces_only=False, amends_stops=False, replaces=False, stops_at_market=False)
"""There are stop-limits alone, and an edit is for limit orders alone: a stop is cancelled and
placed anew, its limit `offset_ppm` beyond its trigger."""


def abilities_of(market: Market) -> Abilities:
    """Return how stops of a symbol are moved: alike for all."""
    del market
    return ABILITIES
