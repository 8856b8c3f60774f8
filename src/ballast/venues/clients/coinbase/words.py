"""Our requests in Coinbase's words: one configuration an order, sizes and prices as texts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    CONDITIONAL,
    OrderKind,
    PositionSide,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.clients.calls import Call, Urgency
from ballast.venues.clients.coinbase.access import KINDS, SIGNED
from ballast.venues.clients.market import FEE_DIGITS, plain

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.venues.clients.market import Market

SECOND_NS = 1_000_000_000
NS_US = 1_000
STOPS = frozenset({OrderKind.STOP_LIMIT})
LIMITS = {
    TimeInForce.GTC: "limit_limit_gtc",
    TimeInForce.GTD: "limit_limit_gtd",
    TimeInForce.IOC: "sor_limit_ioc",
    TimeInForce.FOK: "limit_limit_fok",
}
TRIGGERED = {
    TimeInForce.GTC: "stop_limit_stop_limit_gtc",
    TimeInForce.GTD: "stop_limit_stop_limit_gtd",
}
POSTS = frozenset({TimeInForce.GTC, TimeInForce.GTD})
DIRECTIONS = {True: "STOP_DIRECTION_STOP_UP", False: "STOP_DIRECTION_STOP_DOWN"}


def unsupported(request: OrderRequest) -> str:
    """Return what of an order Coinbase has no word for, '' where it can be said."""
    waits = request.kind in CONDITIONAL
    lacks = {
        f"kind {request.kind}": request.kind not in KINDS,
        f"stops that are {request.tif}": waits and request.tif not in TRIGGERED,
        f"trigger by {request.trigger_by}": request.trigger_by is not TriggerBy.LAST,
        "hedged positions": request.position_side is not PositionSide.BOTH,
        "reduce-only on spot": request.reduce_only,
        "closing a position": request.close_position,
        "stops of a position": request.stops is not None,
        "hidden parts": bool(request.display_lots),
        "post-only but for limit orders that stay": request.post_only
        and (request.kind is not OrderKind.LIMIT or request.tif not in POSTS),
        "money as the size but of a market buy": bool(request.quote_atoms)
        and (request.kind is not OrderKind.MARKET or request.side is not Side.BUY),
        f"self-trades {request.self_trade}": request.self_trade
        not in {None, SelfTrade.CANCEL_BOTH},
    }
    return next((what for what, is_asked in lacks.items() if is_asked), "")


def place(market: Market, request: OrderRequest, urgency: Urgency) -> Call:
    """Return the call that places an order which `unsupported` lets pass."""
    name, terms = _configuration(market, request)
    params = {
        "client_order_id": request.client_id,
        "product_id": market.name,
        "side": request.side.name,
        "order_configuration": {name: terms},
    }
    return Call("v3PrivatePostBrokerageOrders", params, urgency, cost=SIGNED, changes=True)


def _configuration(market: Market, request: OrderRequest) -> tuple[str, dict[str, Any]]:
    if request.kind is OrderKind.MARKET:
        if request.quote_atoms:
            money = plain(Decimal(request.quote_atoms).scaleb(-FEE_DIGITS))
            return "market_market_ioc", {"quote_size": money}
        return "market_market_ioc", {"base_size": market.qty_text(request.qty_lots)}
    terms: dict[str, Any] = {
        "base_size": market.qty_text(request.qty_lots),
        "limit_price": market.price_text(request.price_ticks),
    }
    if request.tif is TimeInForce.GTD:
        terms["end_time"] = iso(request.expire_ns)
    if request.kind in CONDITIONAL:
        terms["stop_price"] = market.price_text(request.trigger_ticks)
        terms["stop_direction"] = DIRECTIONS[rises(request)]
        return TRIGGERED[request.tif], terms
    if request.tif in POSTS:
        terms["post_only"] = request.post_only
    return LIMITS[request.tif], terms


def rises(request: OrderRequest) -> bool:
    """Tell whether a trigger waits for a higher price."""
    if request.trigger_rises is not None:
        return request.trigger_rises
    return (request.side is Side.BUY) is (request.kind in STOPS)


def edit(order_id: str, qty: str, price: str, urgency: Urgency) -> Call:
    """Return the call that changes a limit order: its whole size and its price."""
    params = {"order_id": order_id, "size": qty, "price": price}
    return Call("v3PrivatePostBrokerageOrdersEdit", params, urgency, cost=SIGNED, changes=True)


def cancel(order_id: str, urgency: Urgency) -> Call:
    """Return the call that cancels an order by the venue's id."""
    params = {"order_ids": [order_id]}
    method = "v3PrivatePostBrokerageOrdersBatchCancel"
    return Call(method, params, urgency, cost=SIGNED, changes=True)


def iso(at_ns: int) -> str:
    """Return a time in ISO 8601, with microseconds, never later than it is."""
    seconds, rest = divmod(at_ns, SECOND_NS)
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{rest // NS_US:06d}Z"
