"""Requests: ours as calls of Bybit, numbers already on the grid and written as text.

`unfit` says first what the venue has no words for; nothing is ever left out in silence. An order is
named by our id (`orderLinkId`), which the venue never takes twice, not even after the order ended.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.ids import WAITING, purpose_of
from ballast.core.orders import CONDITIONAL, PRICED, OrderKind, RejectReason, Side, TriggerBy
from ballast.venues.clients.bybit import words
from ballast.venues.clients.calls import Call, Pool, Urgency
from ballast.venues.clients.market import FEE_DIGITS, plain

if TYPE_CHECKING:
    from ballast.core.orders import AmendRequest, OrderRequest
    from ballast.venues.clients.bybit.words import Category
    from ballast.venues.clients.market import Market

PAGE = 50
"""Orders of one page, the most there are."""
TRADES_PAGE = 100
WHOLE_POSITION = "0"


def unfit(request: OrderRequest, category: Category) -> RejectReason | None:
    """Return why an order cannot be said in Bybit's words, None where it can."""
    sized_by_money = bool(request.quote_atoms)
    stops = request.stops
    asks_too_much = (
        request.kind not in words.SENDABLE
        or request.tif not in words.TIFS
        or request.display_lots
        or (request.post_only and request.kind is not OrderKind.LIMIT)
        or (sized_by_money and not (category.is_spot and request.kind is OrderKind.MARKET))
        or (stops is not None and (stops.trail_ticks or request.reduce_only))
    )
    if category.is_spot:
        asks_too_much = (
            asks_too_much
            or request.close_position
            or stops is not None
            or request.trigger_by is not TriggerBy.LAST
        )
    return RejectReason.NOT_SUPPORTED if asks_too_much else None


def rises(request: OrderRequest) -> bool:
    """Tell whether a conditional order waits for the price to rise."""
    if request.trigger_rises is not None:
        return request.trigger_rises
    return (request.kind in words.GAINS) == (request.side is Side.SELL)


def create(request: OrderRequest, market: Market, category: Category, urgency: Urgency) -> Call:
    """Return the call that sends an order which is not `unfit`."""
    params: dict[str, Any] = {
        "category": category.name,
        "symbol": market.name,
        "side": words.SIDES[request.side],
        "orderType": words.LIMIT if request.kind in PRICED else words.MARKET,
        "qty": market.qty_text(request.qty_lots),
        "orderLinkId": request.client_id,
    }
    if request.kind in PRICED:
        params["price"] = market.price_text(request.price_ticks)
        params["timeInForce"] = words.POST_ONLY if request.post_only else words.TIFS[request.tif]
    elif request.tif.name == "FOK":
        params["timeInForce"] = words.TIFS[request.tif]
    if request.kind in CONDITIONAL:
        params["triggerPrice"] = market.price_text(request.trigger_ticks)
    if request.self_trade is not None:
        params["smpType"] = words.SELF_TRADES[request.self_trade]
    special = _spot(request) if category.is_spot else _linear(request, market)
    return Call("privatePostV5OrderCreate", params | special, urgency, Pool.ORDERS, changes=True)


def _spot(request: OrderRequest) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if request.kind in CONDITIONAL:
        params["orderFilter"] = words.WAITING
    if request.kind in PRICED:
        return params
    params["marketUnit"] = words.BASE_COIN
    if request.quote_atoms:
        amount = Decimal(request.quote_atoms).scaleb(-FEE_DIGITS)
        params |= {"marketUnit": words.QUOTE_COIN, "qty": plain(amount)}
    return params


def _linear(request: OrderRequest, market: Market) -> dict[str, Any]:
    params: dict[str, Any] = {"positionIdx": words.POSITIONS[request.position_side]}
    if request.reduce_only or request.close_position:
        params["reduceOnly"] = True
    if request.close_position:
        params |= {"closeOnTrigger": True, "qty": WHOLE_POSITION}
    if request.kind in CONDITIONAL:
        params["triggerDirection"] = words.RISES if rises(request) else words.FALLS
        params["triggerBy"] = words.TRIGGERS[request.trigger_by]
    stops = request.stops
    if stops is not None:
        params["tpslMode"] = "Full"
        for name, ticks, by in (
            ("takeProfit", stops.take_profit_ticks, stops.take_profit_by),
            ("stopLoss", stops.stop_loss_ticks, stops.stop_loss_by),
        ):
            if ticks:
                params[name] = market.price_text(ticks)
                params["tpTriggerBy" if name == "takeProfit" else "slTriggerBy"] = words.TRIGGERS[
                    by
                ]
    return params


def amend(request: AmendRequest, market: Market, category: Category, urgency: Urgency) -> Call:
    """Return the call that changes an order in place, in one step."""
    params = _named(market, category, request.ref.client_id)
    if request.qty_lots:
        params["qty"] = market.qty_text(request.qty_lots)
    if request.price_ticks:
        params["price"] = market.price_text(request.price_ticks)
    if request.trigger_ticks:
        params["triggerPrice"] = market.price_text(request.trigger_ticks)
    return Call("privatePostV5OrderAmend", params, urgency, Pool.ORDERS, changes=True)


def cancels(client_id: str, market: Market, category: Category, urgency: Urgency) -> list[Call]:
    """Return the calls that cancel an order, to be tried in turn until one finds it.

    Spot keeps what waits for a price apart, and is told where to look.
    """
    named = _named(market, category, client_id)
    if not category.is_spot:
        wanted: list[dict[str, str]] = [named]
    else:
        waits = purpose_of(client_id) in WAITING
        first, second = (words.WAITING, words.ACTIVE) if waits else (words.ACTIVE, words.WAITING)
        wanted = [named | {"orderFilter": one} for one in (first, second)]
    return [
        Call("privatePostV5OrderCancel", params, urgency, Pool.ORDERS, changes=True)
        for params in wanted
    ]


def _named(market: Market, category: Category, client_id: str) -> dict[str, str]:
    return {"category": category.name, "symbol": market.name, "orderLinkId": client_id}


# Looking ------------------------------------------------------------------------------------


def by_id(
    client_id: str, market: Market, category: Category, urgency: Urgency
) -> tuple[Call, Call]:
    """Return the two places to look in: what is open or ended lately, then what ended before."""
    params = _named(market, category, client_id)
    return (
        Call("privateGetV5OrderRealtime", params, urgency, cost=words.QUESTION),
        Call("privateGetV5OrderHistory", params, urgency, cost=words.QUESTION),
    )


def open_orders(
    category: Category, urgency: Urgency, *, symbol: str = "", settle: str = "", cursor: str = ""
) -> Call:
    """Return the call for a page of open orders: of a symbol, of a settlement coin, of spot."""
    params = {"category": category.name, "limit": PAGE}
    params |= {"symbol": symbol} if symbol else {}
    params |= {"settleCoin": settle} if settle else {}
    params |= {"cursor": cursor} if cursor else {}
    return Call("privateGetV5OrderRealtime", params, urgency, cost=words.QUESTION)


def executions(
    market: Market,
    category: Category,
    urgency: Urgency,
    *,
    client_id: str = "",
    kind: str = "",
    span_ms: tuple[int, int] | None = None,
    cursor: str = "",
) -> Call:
    """Return the call for a page of executions; a span holds seven days at the most."""
    params = {"category": category.name, "symbol": market.name, "limit": TRADES_PAGE}
    params |= {"orderLinkId": client_id} if client_id else {}
    params |= {"execType": kind} if kind else {}
    if span_ms is not None:
        params |= {"startTime": span_ms[0], "endTime": span_ms[1]}
    params |= {"cursor": cursor} if cursor else {}
    return Call("privateGetV5ExecutionList", params, urgency, cost=words.QUESTION)
