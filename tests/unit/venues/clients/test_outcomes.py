"""What a failed request is told as: a refusal only where nothing happened (D7, R-EXCH-18)."""

from __future__ import annotations

import pytest

from ballast.core.orders import RejectReason
from ballast.core.reports import Action, Rejection, Unclear
from ballast.venues.clients.calls import DONE_IS_KNOWN, CallError, Verdict
from ballast.venues.clients.outcomes import outcome

CASES = [
    (Verdict.REFUSED, RejectReason.MIN_NOTIONAL, RejectReason.MIN_NOTIONAL),
    (Verdict.REFUSED, None, RejectReason.BAD_REQUEST),
    (Verdict.MISSING, None, RejectReason.UNKNOWN_ORDER),
    (Verdict.UNREACHED, None, RejectReason.NOT_DONE),
    (Verdict.RATE, None, RejectReason.NOT_DONE),
    (Verdict.BANNED, None, RejectReason.NOT_DONE),
    (Verdict.CLOCK, None, RejectReason.NOT_DONE),
    (Verdict.KEY, None, RejectReason.NOT_DONE),
    (Verdict.MAINTENANCE, None, RejectReason.NOT_DONE),
]


@pytest.mark.parametrize(("verdict", "reason", "expected"), CASES)
def test_what_was_certainly_not_done_is_a_refusal_with_its_reason(
    verdict: Verdict, reason: RejectReason | None, expected: RejectReason
) -> None:
    error = CallError(verdict, "text", code="-1", reason=reason)
    told = outcome(error, Action.SUBMIT, "BTCUSDT", "mine", 5)
    assert told == Rejection("BTCUSDT", "mine", Action.SUBMIT, expected, "-1", 5)


def test_every_verdict_but_one_says_what_happened() -> None:
    assert {case[0] for case in CASES} == DONE_IS_KNOWN
    told = outcome(CallError(Verdict.UNCLEAR, "504"), Action.CANCEL, "BTCUSDT", "mine", 5)
    assert told == Unclear("BTCUSDT", "mine", Action.CANCEL, "unclear:  504", 5)


def test_a_failure_without_a_code_is_named_by_its_verdict() -> None:
    told = outcome(CallError(Verdict.UNREACHED, "x"), Action.SUBMIT, "BTCUSDT", "mine", 5)
    assert isinstance(told, Rejection)
    assert told.code == "unreached"
