"""Rows: orders, algo orders and fills of OKX as reports and fills of ours. Pure.

An algo order that has triggered is `effective` and goes on as an order of the venue's making, with
an id of its own (a large one as several). That order names the algo order (`algoId`,
`algoClOrdId`); its own `clOrdId` is empty or made up by the venue. To us it is one order all along:
our id, and the id of the algo order.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_EVEN
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ballast.core.ids import is_ours
from ballast.core.orders import TERMINAL, EndReason, Fill, OrderStatus, PositionSide
from ballast.core.reports import OrderReport, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.market import FEE_DIGITS, OffGridError, fee_atoms, number
from ballast.venues.clients.okx import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ballast.venues.clients.market import Market

MS_NS = 1_000_000
Row = dict[str, Any]
_T = TypeVar("_T")


class RowError(ValueError):
    """A row that cannot be read."""


class Named(NamedTuple):
    """Under which ids of ours an order is known."""

    order_id: int
    client_id: str


def named(row: Mapping[str, Any]) -> Named:
    """Return the ids of an order: those of its algo order where it is one's continuation."""
    algo_id = text(row, "algoId")
    if algo_id:
        return Named(number_of(algo_id), text(row, "algoClOrdId") or text(row, "clOrdId"))
    return Named(number_of(text(row, "ordId")), text(row, "clOrdId"))


def order_report(row: Mapping[str, Any], market: Market, source: Source) -> OrderReport:
    """Return what a row of an order says; of an algo order's continuation its size is not told."""
    ids = named(row)
    status = _of(words.STATES, row, "state")
    reason = EndReason.NONE
    if status is OrderStatus.CANCELLED:
        reason = words.CANCEL_SOURCES.get(text(row, "cancelSource"), EndReason.NONE)
    in_quote = text(row, "tgtCcy") == "quote_ccy"
    tells_size = not (in_quote or text(row, "algoId"))
    return OrderReport(
        symbol=market.symbol,
        client_id=ids.client_id,
        order_id=ids.order_id,
        status=status,
        filled_lots=market.lots_of(row.get("accFillSz")),
        at_ns=ns_of(row, "uTime", "cTime"),
        source=source,
        reason=reason,
        qty_lots=market.lots_of(row.get("sz")) if tells_size else 0,
        price_ticks=market.nearest_ticks(row.get("px")),
    )


def whole_report(reports: Iterable[OrderReport]) -> OrderReport:
    """Return what the orders that one algo order became say together."""
    found = list(reports)
    filled = sum(one.filled_lots for one in found)
    waits = [one for one in found if one.status not in TERMINAL]
    ended = [one for one in found if one.status in TERMINAL - {OrderStatus.FILLED}]
    newest = max(found, key=lambda one: one.at_ns)
    if waits:
        status = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW
    else:
        status = ended[0].status if ended else OrderStatus.FILLED
    reason = ended[0].reason if ended and not waits else EndReason.NONE
    return replace(newest, status=status, filled_lots=filled, reason=reason)


def algo_report(row: Mapping[str, Any], market: Market, source: Source) -> OrderReport:
    """Return what a row of an algo order says; what it became may say more."""
    status = _of(words.ALGO_STATES, row, "state")
    reason = EndReason.NONE
    if status is OrderStatus.REJECTED:
        reason = words.FAIL_CODES.get(text(row, "failCode"), EndReason.NONE)
    in_quote = text(row, "tgtCcy") == "quote_ccy"
    trigger, price = terms_of(row)
    return OrderReport(
        symbol=market.symbol,
        client_id=text(row, "algoClOrdId"),
        order_id=number_of(text(row, "algoId")),
        status=status,
        filled_lots=0,
        at_ns=ns_of(row, "uTime", "triggerTime", "cTime"),
        source=source,
        reason=reason,
        qty_lots=0 if in_quote else market.lots_of(row.get("sz")),
        price_ticks=0 if price == words.AT_MARKET else market.nearest_ticks(price),
        trigger_ticks=market.nearest_ticks(trigger),
    )


def terms_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the trigger and the order price of an algo order, of a pair those of its stop."""
    for trigger, price in (
        ("slTriggerPx", "slOrdPx"),
        ("tpTriggerPx", "tpOrdPx"),
        ("triggerPx", "ordPx"),
        ("moveTriggerPx", "ordPx"),
    ):
        if text(row, trigger):
            return text(row, trigger), text(row, price)
    return "", ""


def children_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of the orders that an algo order became."""
    listed = row.get("ordIdList")
    ids = [str(one) for one in listed if one] if isinstance(listed, list) else []
    return tuple(ids) or tuple(one for one in [text(row, "ordId")] if one)


def has_fill(row: Mapping[str, Any]) -> bool:
    """Tell whether a pushed row of an order carries a trade, and what was paid for it.

    A trade without its fee is left to the list of trades: what is not booked is asked for there.
    """
    has_trade = text(row, "tradeId") not in {"", "0"} and number(row.get("fillSz")) > 0
    return has_trade and bool(text(row, "fillFeeCcy"))


def pushed_fill(row: Mapping[str, Any], market: Market) -> Fill:
    """Return the trade in a pushed row of an order."""
    return _fill(row, market, named(row), fee="fillFee", asset="fillFeeCcy")


def asked_fill(row: Mapping[str, Any], market: Market, ids: Named) -> Fill:
    """Return the trade of a row of `fills`, which does not say of which algo order it is."""
    return _fill(row, market, ids, fee="fee", asset="feeCcy")


def _fill(row: Mapping[str, Any], market: Market, ids: Named, *, fee: str, asset: str) -> Fill:
    realised = number(row.get("fillPnl")).scaleb(FEE_DIGITS)
    return Fill(
        trade_id=number_of(text(row, "tradeId")),
        order_id=ids.order_id,
        client_id=ids.client_id,
        account=0,
        symbol=market.symbol,
        side=_of(words.SIDE_OF, row, "side"),
        position_side=words.POSITION_SIDE_OF.get(text(row, "posSide"), PositionSide.BOTH),
        price_ticks=market.nearest_ticks(row.get("fillPx")),
        qty_lots=market.lots_of(row.get("fillSz")),
        is_maker=text(row, "execType") == "M",
        fee_asset=text(row, asset),
        fee_atoms=fee_atoms(-number(row.get(fee))),  # charges of OKX are negative
        realised_atoms=int(realised.to_integral_value(ROUND_HALF_EVEN)),
        at_ns=ns_of(row, "fillTime", "ts", "uTime"),
    )


def readable(rows: Iterable[tuple[Row, Market]], read: Callable[[Row, Market], _T]) -> Iterator[_T]:
    """Yield what rows say; one that cannot be read is left out if its order is not ours.

    Somebody else's order (of a kind or a size we know nothing of) must not hide all others.
    """
    for row, market in rows:
        try:
            yield read(row, market)
        except (RowError, OffGridError):
            if is_ours(text(row, "clOrdId")) or is_ours(text(row, "algoClOrdId")):
                raise


def text(row: Mapping[str, Any], name: str) -> str:
    """Return a field as text, '' for none."""
    value = row.get(name)
    return "" if value is None else str(value)


def ns_of(row: Mapping[str, Any], *names: str) -> int:
    """Return the first of some times that is given, in nanoseconds; raise `RowError` for none."""
    for name in names:
        found = text(row, name)
        if found.isdigit():
            return int(found) * MS_NS
    raise RowError(f"no time in a row: {', '.join(names)}")


def _of(known: Mapping[str, _T], row: Mapping[str, Any], name: str) -> _T:
    """Return what a word means; raise `RowError` for an unknown one."""
    word = text(row, name)
    if word not in known:
        raise RowError(f"unknown {name} '{word[:40]}'")
    return known[word]
