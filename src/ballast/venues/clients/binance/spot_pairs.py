"""Pairs of Binance spot: two things in one request, both told whatever comes back.

A cancel and an order (`cancelReplace`) are told half by half. A take and a stop for the same coins
(`orderList/oco`) are placed both or neither, and end together: what fills or is set off ends the
other one, and so does a cancel of either.

`STOP_ON_FAILURE`: the new order is sent only after the old one was cancelled. It is not one act:
-2021 means that one half was done (409), -2022 that none was (400); `data` says which, and of a
half that failed its own code. Whatever comes back, both orders are reported (exchanges.md 4.7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ballast.core.orders import RejectReason, Side
from ballast.core.reports import Action, Rejection, Source, Unclear
from ballast.venues.clients.binance.faults import SPOT, error_of
from ballast.venues.clients.binance.rows import (
    UNREADABLE,
    Row,
    ShapeError,
    SpotOrder,
    UnsayableError,
    read,
)
from ballast.venues.clients.binance.spot_words import fills_of, order_params, report_of
from ballast.venues.clients.calls import Call, Pool
from ballast.venues.clients.outcomes import outcome

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.core.reports import Report
    from ballast.venues.clients.calls import CallError, Urgency
    from ballast.venues.clients.market import Market

LEG = {
    "type": "Type",
    "newClientOrderId": "ClientOrderId",
    "price": "Price",
    "stopPrice": "StopPrice",
    "timeInForce": "TimeInForce",
}
"""What each leg says for itself, and how its name ends; all else is said of both."""
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


# A take and a stop ----------------------------------------------------------------------------


class _List(Row):
    order_reports: tuple[SpotOrder, ...]


def pair(market: Market, take: OrderRequest, stop: OrderRequest, urgency: Urgency) -> Call:
    """Return the call that places both; raise `UnsayableError` unless they are one pair."""
    legs = [order_params(market, one) for one in (take, stop)]
    shared: list[dict[str, str]] = [
        {name: text for name, text in one.items() if name not in LEG} for one in legs
    ]
    if shared[0] != shared[1]:
        raise UnsayableError("a pair is of one symbol, side and quantity")
    names = ("above", "below") if take.side is Side.SELL else ("below", "above")
    params = shared[0] | {"listClientOrderId": stop.client_id}
    for place, leg in zip(names, legs, strict=True):
        params |= {place + LEG[name]: text for name, text in leg.items() if name in LEG}
    return Call("privatePostOrderListOco", params, urgency, Pool.ORDERS, cost=2.0, changes=True)


def told_pair(market: Market, answer: Any, requests: tuple[OrderRequest, ...]) -> list[Report]:  # noqa: ANN401
    """Return the reports of a pair that was placed; raise `ShapeError` where one is missing."""
    rows = {row.client_order_id: row for row in read(answer, _List).order_reports}
    if rows.keys() != {one.client_id for one in requests}:
        raise ShapeError("a pair without its orders")
    found: list[Report] = []
    for name, row in rows.items():
        found += [report_of(market, row, Source.REPLY, name), *fills_of(market, row, name)]
    return found


def pair_failed(
    market: Market, error: CallError, requests: tuple[OrderRequest, ...], at_ns: int
) -> list[Report]:
    """Return what a pair that failed came to, of both orders."""
    return [outcome(error, Action.SUBMIT, market.symbol, one.client_id, at_ns) for one in requests]
