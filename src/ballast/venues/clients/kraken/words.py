"""Our requests in Kraken's words. Numbers are texts, a market order never carries a price."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    CONDITIONAL,
    PRICED,
    OrderKind,
    PositionSide,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.clients.access import WINDOW_MS
from ballast.venues.clients.calls import Call, Pool, Urgency
from ballast.venues.clients.kraken.access import CHANGE, PLACE
from ballast.venues.clients.market import FEE_DIGITS, plain

if TYPE_CHECKING:
    from ballast.core.orders import AmendRequest, OrderRequest
    from ballast.venues.clients.market import Market

SECOND_NS = 1_000_000_000
KINDS = {
    OrderKind.MARKET: "market",
    OrderKind.LIMIT: "limit",
    OrderKind.STOP_MARKET: "stop-loss",
    OrderKind.STOP_LIMIT: "stop-loss-limit",
    OrderKind.TAKE_PROFIT_MARKET: "take-profit",
    OrderKind.TAKE_PROFIT_LIMIT: "take-profit-limit",
}
SIDES = {Side.BUY: "buy", Side.SELL: "sell"}
TIFS = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.GTD: "GTD"}
SELF_TRADES = {
    SelfTrade.CANCEL_TAKER: "cancel-newest",
    SelfTrade.CANCEL_MAKER: "cancel-oldest",
    SelfTrade.CANCEL_BOTH: "cancel-both",
}
TRIGGERS = {TriggerBy.LAST: "last", TriggerBy.INDEX: "index"}
STOPS = frozenset({OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT})


def unsupported(request: OrderRequest) -> str:
    """Return what of an order Kraken has no word for, '' where it can be said."""
    rises = (request.side is Side.BUY) is (request.kind in STOPS)
    lacks = {
        f"kind {request.kind}": request.kind not in KINDS,
        f"time in force {request.tif}": request.tif not in TIFS,
        f"trigger by {request.trigger_by}": request.trigger_by not in TRIGGERS,
        "hedged positions": request.position_side is not PositionSide.BOTH,
        "reduce-only on spot": request.reduce_only,
        "closing a position": request.close_position,
        "stops of a position": request.stops is not None,
        "hidden parts": bool(request.display_lots),
        "post-only but for limit orders": request.post_only and request.kind is not OrderKind.LIMIT,
        "money as the size but of a market buy": bool(request.quote_atoms)
        and (request.kind is not OrderKind.MARKET or request.side is not Side.BUY),
        "a trigger in the other direction": request.kind in CONDITIONAL
        and request.trigger_rises not in {None, rises},
    }
    return next((what for what, is_asked in lacks.items() if is_asked), "")


def place(market: Market, request: OrderRequest, now_ms: int, urgency: Urgency) -> Call:
    """Return the call that places an order which `unsupported` lets pass."""
    flags = ["fciq"]
    volume = market.qty_text(request.qty_lots)
    if request.quote_atoms:
        flags.append("viqc")
        volume = plain(Decimal(request.quote_atoms).scaleb(-FEE_DIGITS))
    if request.post_only:
        flags.append("post")
    params: dict[str, Any] = {
        "pair": market.name,
        "type": SIDES[request.side],
        "ordertype": KINDS[request.kind],
        "volume": volume,
        "oflags": ",".join(flags),
        "cl_ord_id": request.client_id,
        "deadline": deadline(now_ms),
    }
    price = market.price_text(request.price_ticks) if request.kind in PRICED else ""
    if request.kind in CONDITIONAL:
        params["price"] = market.price_text(request.trigger_ticks)
        params["trigger"] = TRIGGERS[request.trigger_by]
        if price:
            params["price2"] = price
    elif price:
        params["price"] = price
    if request.kind in PRICED and request.tif is not TimeInForce.GTC:
        params["timeinforce"] = TIFS[request.tif]
    if request.tif is TimeInForce.GTD:
        params["expiretm"] = str(-(-request.expire_ns // SECOND_NS))
    if request.self_trade in SELF_TRADES:
        params["stptype"] = SELF_TRADES[request.self_trade]
    return Call("privatePostAddOrder", params, urgency, Pool.ORDERS, PLACE, changes=True)


def amend(market: Market, request: AmendRequest, now_ms: int, urgency: Urgency) -> Call:
    """Return the call that changes a resting order in place."""
    params: dict[str, Any] = {"cl_ord_id": request.ref.client_id, "deadline": deadline(now_ms)}
    if request.qty_lots:
        params["order_qty"] = market.qty_text(request.qty_lots)
    if request.price_ticks:
        params["limit_price"] = market.price_text(request.price_ticks)
    if request.trigger_ticks:
        params["trigger_price"] = market.price_text(request.trigger_ticks)
    return Call("privatePostAmendOrder", params, urgency, Pool.ORDERS, CHANGE, changes=True)


def cancel(client_id: str, urgency: Urgency) -> Call:
    """Return the call that cancels an order by our id."""
    params = {"cl_ord_id": client_id}
    return Call("privatePostCancelOrder", params, urgency, Pool.ORDERS, CHANGE, changes=True)


def deadline(now_ms: int) -> str:
    """Return until when a request may be carried out, in RFC 3339; the fence counts on it."""
    seconds, ms = divmod(now_ms + WINDOW_MS, 1_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"
