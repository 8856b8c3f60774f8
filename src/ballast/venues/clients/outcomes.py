"""Outcomes: what a failed request about one order is told as, alike at every venue.

`REFUSED` has the venue's reason. After `UNREACHED`, `RATE`, `BANNED`, `CLOCK`, `KEY` and
`MAINTENANCE` nothing happened either, but not because of the order: `RejectReason.NOT_DONE`.
`MISSING` is an unknown order; whoever cancelled it looks it up first. Only `UNCLEAR` is a doubt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import RejectReason
from ballast.core.reports import Action, Rejection, Unclear
from ballast.venues.clients.calls import Verdict

if TYPE_CHECKING:
    from ballast.venues.clients.calls import CallError


def outcome(
    error: CallError, action: Action, symbol: str, client_id: str, at_ns: int
) -> Rejection | Unclear:
    """Return the report of a request that failed so."""
    if error.verdict is Verdict.UNCLEAR:
        return Unclear(symbol, client_id, action, str(error), at_ns)
    return Rejection(symbol, client_id, action, reason_of(error), code_of(error), at_ns)


def reason_of(error: CallError) -> RejectReason:
    """Return why a request was definitely not carried out."""
    if error.verdict is Verdict.MISSING:
        return RejectReason.UNKNOWN_ORDER
    if error.verdict is Verdict.REFUSED:
        return error.reason or RejectReason.BAD_REQUEST
    return RejectReason.NOT_DONE


def code_of(error: CallError) -> str:
    """Return the venue's code; where it gave none, the verdict."""
    return error.code or str(error.verdict)
