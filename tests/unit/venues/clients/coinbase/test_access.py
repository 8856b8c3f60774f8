"""Every refusal of Coinbase means what the tables say, and others are doubts (R-EXCH-18)."""

from __future__ import annotations

from typing import Any

import pytest

from ballast.core.orders import RejectReason
from ballast.venues.clients.calls import Verdict
from ballast.venues.clients.coinbase.access import EDITS, FAILURES, PREVIEWS, STATED, read_fault
from ballast.venues.clients.coinbase.desk import edit_failure
from ballast.venues.simulated.fronts.coinbase import errors

V, R = Verdict, RejectReason
UNKNOWN, UNKNOWN_PREVIEW = "UNKNOWN_FAILURE_REASON", "UNKNOWN_PREVIEW_FAILURE_REASON"


def refused(error: str, preview: str) -> dict[str, Any]:
    said = {"error": error, "message": "", "error_details": "", "preview_failure_reason": preview}
    return {"success": False, "error_response": {**said, "new_order_failure_reason": error}}


ORDERS: list[tuple[str, str, RejectReason | None]] = [
    ("INSUFFICIENT_FUND", "PREVIEW_INSUFFICIENT_FUND", R.INSUFFICIENT_BALANCE),
    ("INSUFFICIENT_FUND", UNKNOWN_PREVIEW, R.INSUFFICIENT_BALANCE),
    ("INSUFFICIENT_FUNDS", "", R.INSUFFICIENT_BALANCE),
    ("UNTRADABLE_PRODUCT", "PREVIEW_INVALID_PRODUCT_ID", R.NOT_TRADING),
    ("UNSUPPORTED_ORDER_CONFIGURATION", "PREVIEW_INVALID_ORDER_CONFIG", R.BAD_REQUEST),
    ("UNSUPPORTED_ORDER_CONFIGURATION", "", R.NOT_SUPPORTED),
    ("INVALID_SIDE", "", R.BAD_REQUEST),
    ("INVALID_PRODUCT_ID", "", R.UNKNOWN_SYMBOL),
    ("INVALID_SIZE_PRECISION", "", R.QTY_STEP),
    ("INVALID_PRICE_PRECISION", "", R.PRICE_RANGE),
    ("INVALID_LIMIT_PRICE", "PREVIEW_BREACHED_PRICE_LIMIT", R.PRICE_PERCENT),
    ("INVALID_LIMIT_PRICE", "", R.PRICE_RANGE),
    ("INVALID_LIMIT_PRICE_POST_ONLY", "", R.WOULD_TRADE),
    ("INVALID_NO_LIQUIDITY", "", R.NO_LIQUIDITY),
    ("INVALID_REQUEST", "", R.BAD_REQUEST),
    ("INVALID_LEVERAGE", "", R.LEVERAGE),
    ("INVALID_MARGIN_TYPE", "", R.NOT_SUPPORTED),
    ("COMMANDER_REJECTED_NEW_ORDER", UNKNOWN_PREVIEW, R.BAD_REQUEST),
    (UNKNOWN, "PREVIEW_INSUFFICIENT_FUNDS_FOR_FUTURES", R.INSUFFICIENT_MARGIN),
    (UNKNOWN, "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL", R.QTY_TOO_SMALL),
    (UNKNOWN, "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE", R.QTY_TOO_LARGE),
    (UNKNOWN, "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL", R.MIN_NOTIONAL),
    (UNKNOWN, "PREVIEW_INVALID_QUOTE_SIZE_TOO_LARGE", R.MAX_NOTIONAL),
    (UNKNOWN, "PREVIEW_INVALID_SIZE_PRECISION", R.QTY_STEP),
    (UNKNOWN, "PREVIEW_INVALID_BASE_SIZE_PRECISION", R.QTY_STEP),
    (UNKNOWN, "PREVIEW_INVALID_QUOTE_SIZE_PRECISION", R.QTY_STEP),
    (UNKNOWN, "PREVIEW_INVALID_PRICE_PRECISION", R.PRICE_RANGE),
    (UNKNOWN, "PREVIEW_INVALID_LIMIT_PRICE", R.PRICE_RANGE),
    (UNKNOWN, "PREVIEW_INVALID_STOP_PRICE", R.PRICE_RANGE),
    (UNKNOWN, "PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE", R.PRICE_RANGE),
    (UNKNOWN, "PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE", R.PRICE_RANGE),
    (UNKNOWN, "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY", R.WOULD_TRADE),
    (UNKNOWN, "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE", R.WOULD_TRIGGER),
    (UNKNOWN, "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE", R.WOULD_TRIGGER),
    (UNKNOWN, "PREVIEW_INVALID_NO_LIQUIDITY", R.NO_LIQUIDITY),
    (UNKNOWN, "PREVIEW_MISSING_PRODUCT_PRICE_BOOK", R.NO_PRICE),
    (UNKNOWN, "PREVIEW_INVALID_PRODUCT_ID", R.UNKNOWN_SYMBOL),
    (UNKNOWN, "PREVIEW_INVALID_SIDE", R.BAD_REQUEST),
    (UNKNOWN, "PREVIEW_INVALID_LEVERAGE", R.LEVERAGE),
    (UNKNOWN, "PREVIEW_INVALID_MARGIN_TYPE", R.NOT_SUPPORTED),
    (UNKNOWN, UNKNOWN_PREVIEW, None),
    (UNKNOWN, "PREVIEW_SOMETHING_NEW", None),
    ("SOMETHING_NEW", "", None),
    ("", "", None),
]


@pytest.mark.parametrize(("error", "preview", "reason"), ORDERS)
def test_the_refusal_of_an_order_means(
    error: str, preview: str, reason: RejectReason | None
) -> None:
    found = read_fault(200, refused(error, preview), "")
    assert found is not None
    assert found.reason is reason
    assert found.verdict is (V.UNCLEAR if reason is None else V.REFUSED)


def test_every_failure_of_the_tables_is_looked_at() -> None:
    assert {error for error, _, _ in ORDERS} >= set(FAILURES)
    assert {preview for _, preview, _ in ORDERS} >= set(PREVIEWS)


@pytest.mark.parametrize("refusal", [*errors.REJECTED.values(), errors.FUNDS, errors.POST_ONLY])
def test_whatever_the_simulated_venue_refuses_is_known(refusal: errors.OrderRefusal) -> None:
    found = read_fault(200, refused(refusal.error, refusal.preview), "")
    assert found is not None
    assert found.verdict is V.REFUSED


REQUESTS: list[tuple[int, str, str, Verdict | None, RejectReason | None]] = [
    (400, "INVALID_ARGUMENT", "price is required", V.REFUSED, R.BAD_REQUEST),
    (401, "unauthorized", "Unauthorized", V.KEY, None),
    (403, "PERMISSION_DENIED", "Missing required scopes", V.KEY, None),
    (429, "rate_limit_exceeded", "Rate limit exceeded", V.RATE, None),
    (429, "resource_exhausted", "too much", V.RATE, None),
    (404, "NOT_FOUND", "order with this orderID was not found", V.MISSING, None),
    (400, "unknown", "order with this orderID was not found", V.MISSING, None),
    (404, "NOT_FOUND", "valid product_id is required", V.REFUSED, R.UNKNOWN_SYMBOL),
    (500, "internal", "Internal server error", None, None),
    (503, "unavailable", "Service unavailable", None, None),
    (400, "unknown", "proto: unknown field", None, None),
]


@pytest.mark.parametrize(("status", "code", "text", "verdict", "reason"), REQUESTS)
def test_the_refusal_of_a_request_means(
    status: int, code: str, text: str, verdict: Verdict | None, reason: RejectReason | None
) -> None:
    found = read_fault(status, {"error": code, "error_details": text, "message": text}, "")
    assert (found and found.verdict, found and found.reason) == (verdict, reason)


def test_every_refusal_of_a_request_is_looked_at() -> None:
    assert {code for _, code, _, _, _ in REQUESTS} >= set(STATED)


def test_a_page_instead_of_an_answer_is_an_address_that_is_turned_away() -> None:
    found = read_fault(403, None, "<html>")
    assert found is not None
    assert found.verdict is V.BANNED
    assert read_fault(401, None, "Unauthorized") is None  # HTTP says it
    assert read_fault(502, None, "<html>") is None


@pytest.mark.parametrize("answer", [{}, {"success": True}, {"success": False, "errors": []}, []])
def test_what_is_no_refusal_is_left_to_the_one_who_asked(answer: object) -> None:
    assert read_fault(200, answer, "") is None


EDIT_ROWS: list[tuple[Any, RejectReason | None]] = [
    ([{"edit_failure_reason": "ORDER_NOT_FOUND"}], R.UNKNOWN_ORDER),
    ([{"edit_failure_reason": "ONLY_LIMIT_ORDER_EDITS_SUPPORTED"}], R.NOT_SUPPORTED),
    ([{"edit_failure_reason": "ONLY_OPEN_ORDERS_CAN_BE_EDITED"}], R.UNKNOWN_ORDER),
    ([{"edit_failure_reason": "INVALID_EDITED_PRICE"}], R.PRICE_RANGE),
    ([{"edit_failure_reason": "INVALID_EDITED_SIZE"}], R.QTY_STEP),
    ([{"edit_failure_reason": "CANNOT_EDIT_TO_BELOW_FILLED_SIZE"}], R.QTY_TOO_SMALL),
    ({"edit_failure_reason": "COMMANDER_REJECTED_EDIT_ORDER"}, R.BAD_REQUEST),
    (
        [{"edit_failure_reason": "COMMANDER_REJECTED_EDIT_ORDER",
          "preview_failure_reason": "PREVIEW_INSUFFICIENT_FUND"}],
        R.INSUFFICIENT_BALANCE,
    ),
    ([{"edit_failure_reason": "SOMETHING_NEW"}], None),
    ([], None),
]  # fmt: skip


@pytest.mark.parametrize(("said", "reason"), EDIT_ROWS)
def test_the_refusal_of_an_edit_means(said: Any, reason: RejectReason | None) -> None:
    found, code = edit_failure({"success": False, "errors": said})
    assert found is reason
    assert code


def test_every_failure_of_an_edit_is_looked_at() -> None:
    rows = [said if isinstance(said, dict) else (said or [{}])[0] for said, _ in EDIT_ROWS]
    assert {row.get("edit_failure_reason") for row in rows} >= set(EDITS)
