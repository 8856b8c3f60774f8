"""Rows: what Bybit prints of orders and executions, as our reports. REST and streams say it alike.

A row that lacks what a report needs, or holds a number off the grid, raises `ValueError` or
`KeyError`: half a report is none. Of somebody else's order it is passed over (`ours_or_none`), so
that a sort of order that we know nothing of hides none of ours.

An order of ours is numbered by its name, for the venue never takes one twice. Whether a stop of
spot keeps the venue's own number when it is set off its documents do not say; a second number would
be another order to the book, and its fills would not be booked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ballast.core.ids import is_ours
from ballast.core.orders import EndReason, Fill, OrderStatus, PositionSide, Side
from ballast.core.reports import OrderReport, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.bybit import words
from ballast.venues.clients.desk import Paid
from ballast.venues.clients.market import fee_atoms, number
from ballast.venues.clients.reading import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from ballast.core.orders import OrderRequest
    from ballast.venues.clients.bybit.words import Category
    from ballast.venues.clients.market import Market

T = TypeVar("T")

RAN_DRY = frozenset({EndReason.IMMEDIATE_OR_CANCEL})


def order_number(row: dict[str, Any]) -> int:
    """Return the number of an order: of its name where it is ours, else of the venue's id."""
    name = str(row["orderLinkId"])
    return number_of(name if is_ours(name) else str(row["orderId"]))


def how_late(row: dict[str, Any]) -> tuple[int, Decimal]:
    """Return what puts two words about one order in their order."""
    return int(row["updatedTime"]), number(row["cumExecQty"])


def ours_or_none(read: Callable[[], T], row: dict[str, Any]) -> T | None:
    """Return what a row says; None where it cannot be read and is none of ours."""
    try:
        return read()
    except UNREADABLE:
        if is_ours(str(row["orderLinkId"])):
            raise
        return None


def order_of(row: dict[str, Any], market: Market, source: Source) -> OrderReport:
    """Return where an order stands. What was sized by money has no lots to tell."""
    status = words.STATUSES.get(str(row["orderStatus"]))
    if status is None:
        raise ValueError(f"unknown orderStatus {row['orderStatus']!r}")
    is_limit = row["orderType"] == words.LIMIT
    return OrderReport(
        symbol=market.symbol,
        client_id=str(row.get("orderLinkId") or ""),
        order_id=order_number(row),
        status=status,
        filled_lots=market.lots_of(row["cumExecQty"]),
        at_ns=int(row["updatedTime"]) * words.NS_MS,
        source=source,
        reason=end_of(row) if status in words.ENDED else EndReason.NONE,
        qty_lots=0 if _is_money(row, market) else market.lots_of(row["qty"]),
        # Of a market order it is the worst price the venue would let it trade at, not a term.
        price_ticks=market.nearest_ticks(row.get("price")) if is_limit else 0,
        trigger_ticks=market.nearest_ticks(row.get("triggerPrice")),
    )


def _is_money(row: dict[str, Any], market: Market) -> bool:
    """Tell whether `qty` is an amount of the quote coin: market buys of spot, unless said."""
    if market.is_perpetual or row["orderType"] != words.MARKET:
        return False
    unit = row.get("marketUnit")
    return unit == words.QUOTE_COIN or (not unit and row["side"] == words.SIDES[Side.BUY])


def end_of(row: dict[str, Any]) -> EndReason:
    """Return why an order ended; the matching's own reason is the more exact one."""
    if row["orderStatus"] == "Filled":
        return EndReason.NONE
    why = words.REJECTED_FOR.get(str(row.get("rejectReason")), EndReason.NONE)
    by = words.CANCELLED_FOR.get(str(row.get("cancelType")), EndReason.NONE)
    if why in RAN_DRY and row["orderType"] == words.MARKET:
        return EndReason.NO_LIQUIDITY
    if why in {EndReason.NONE, EndReason.REQUESTED} and by is not EndReason.NONE:
        return by
    return why


def fill_of(row: dict[str, Any], market: Market, category: Category) -> Fill | None:
    """Return a trade of ours; None for what is none: funding, settlement."""
    if row["execType"] in words.NO_FILLS:
        return None
    side = words.SIDES_BACK[row["side"]]
    return Fill(
        trade_id=number_of(str(row["execId"])),
        order_id=order_number(row),
        client_id=str(row.get("orderLinkId") or ""),
        account=0,
        symbol=market.symbol,
        side=side,
        position_side=PositionSide.BOTH,
        price_ticks=market.ticks_of(row["execPrice"]),
        qty_lots=market.lots_of(row["execQty"]),
        is_maker=bool(row["isMaker"]),
        fee_asset=_fee_asset(row, market, category, side),
        fee_atoms=fee_atoms(row["execFee"]),
        # Only perpetuals have it, and not in every answer; before fees.
        realised_atoms=-fee_atoms(-number(row.get("execPnl"))),
        at_ns=int(row["execTime"]) * words.NS_MS,
    )


def _fee_asset(row: dict[str, Any], market: Market, category: Category, side: Side) -> str:
    """Return what the fee is paid in: what a side receives on spot, if the venue does not say."""
    said = row.get("feeCurrency") or row.get("feeCoin")
    if said:
        return str(said)
    return market.base if category.is_spot and side is Side.BUY else market.quote


def paid_of(row: dict[str, Any], market: Market) -> Paid | None:
    """Return a funding payment; None for another kind of execution."""
    if row["execType"] != "Funding":
        return None
    return Paid(
        market.symbol,
        number(row["execFee"]),
        int(row["execTime"]) * words.NS_MS,
        str(row["execId"]),
    )


def is_turned(report: OrderReport, price_ticks: int, request: OrderRequest, *, rises: bool) -> bool:
    """Tell whether a conditional order of spot waits for the wrong side.

    Spot takes no direction: it is what the price was when the order arrived. A stop whose price
    had just passed would then wait for the price to come back, and protect nothing.
    """
    if report.status is not OrderStatus.UNTRIGGERED or not price_ticks:
        return False
    trigger = request.trigger_ticks
    return price_ticks >= trigger if rises else price_ticks <= trigger
