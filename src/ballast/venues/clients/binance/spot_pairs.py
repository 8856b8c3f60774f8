"""Pairs of Binance spot: a cancel and an order in one request, told half by half.

`STOP_ON_FAILURE`: the new order is sent only after the old one was cancelled. It is not one act:
-2021 means that one half was done (409), -2022 that none was (400); `data` says which, and of a
half that failed its own code. Whatever comes back, both orders are reported (exchanges.md 4.7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ballast.core.orders import RejectReason
from ballast.core.reports import Action, Rejection, Source, Unclear
from ballast.venues.clients.binance.faults import SPOT, error_of
from ballast.venues.clients.binance.rows import UNREADABLE, Row, ShapeError, SpotOrder, read
from ballast.venues.clients.binance.spot_words import fills_of, report_of
from ballast.venues.clients.outcomes import outcome

if TYPE_CHECKING:
    from ballast.core.reports import Report
    from ballast.venues.clients.calls import CallError
    from ballast.venues.clients.market import Market

HALF_DONE = frozenset({"-2021", "-2022"})
NOT_TRIED = "NOT_ATTEMPTED"


class Halves(Row):
    """What became of both halves."""

    cancel_result: str
    new_order_result: str
    cancel_response: dict[str, Any] | None = None
    new_order_response: dict[str, Any] | None = None


class _Refused(Row):
    data: Halves


class _Error(Row):
    code: int
    msg: str


def told_done(market: Market, answer: Any, old_id: str, new_id: str, at_ns: int) -> list[Report]:  # noqa: ANN401
    """Return the reports of an answer that says success; raise `ShapeError` for another shape."""
    return _told(market, read(answer, Halves), old_id, new_id, at_ns)


def told_failed(
    market: Market, error: CallError, old_id: str, new_id: str, at_ns: int
) -> list[Report]:
    """Return the reports of a cancel-replace that failed: of both orders, whatever it was.

    Every other code than those two comes before either half was begun: filters are checked first.
    """
    if error.code not in HALF_DONE:
        return [
            outcome(error, Action.CANCEL, market.symbol, old_id, at_ns),
            outcome(error, Action.SUBMIT, market.symbol, new_id, at_ns),
        ]
    try:
        halves = read(msgspec.json.decode(error.body), _Refused).data
        return _told(market, halves, old_id, new_id, at_ns)
    except (msgspec.MsgspecError, *UNREADABLE):
        return told_unclear(market, str(error), old_id, new_id, at_ns)


def told_unclear(market: Market, why: str, old_id: str, new_id: str, at_ns: int) -> list[Report]:
    """Return that neither outcome is known."""
    return [
        Unclear(market.symbol, old_id, Action.CANCEL, why, at_ns),
        Unclear(market.symbol, new_id, Action.SUBMIT, why, at_ns),
    ]


def _told(market: Market, halves: Halves, old_id: str, new_id: str, at_ns: int) -> list[Report]:
    cancelled: list[Report]
    placed: list[Report]
    symbol = market.symbol
    match halves.cancel_result:
        case "SUCCESS":
            row = read(halves.cancel_response, SpotOrder)
            cancelled = [report_of(market, row, Source.REPLY, old_id)]
        case "FAILURE":
            cancelled = [
                outcome(_error(halves.cancel_response), Action.CANCEL, symbol, old_id, at_ns)
            ]
        case other:
            raise ShapeError(f"unknown result of a cancel: {other!r}")
    match halves.new_order_result:
        case "SUCCESS":
            row = read(halves.new_order_response, SpotOrder)
            report = report_of(market, row, Source.REPLY, new_id)
            placed = [report, *fills_of(market, row, new_id)]
        case "FAILURE":
            placed = [
                outcome(_error(halves.new_order_response), Action.SUBMIT, symbol, new_id, at_ns)
            ]
        case "NOT_ATTEMPTED":
            reason = RejectReason.NOT_DONE
            placed = [Rejection(symbol, new_id, Action.SUBMIT, reason, NOT_TRIED, at_ns)]
        case other:
            raise ShapeError(f"unknown result of a new order: {other!r}")
    return [*cancelled, *placed]


def _error(half: dict[str, Any] | None) -> CallError:
    found = read(half, _Error)
    return error_of(SPOT, found.code, found.msg, 0)
