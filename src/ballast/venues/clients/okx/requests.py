"""Requests: orders of ours as calls of OKX. Pure; what OKX has no word for is refused here.

A conditional order is an algo order (`order-algo`) with ids of its own. Its leg follows from the
side and from where its price is waited for: `sl` of a purchase waits for a rise, `tp` for a fall,
of a sale the other way round.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    CONDITIONAL,
    PRICED,
    OrderKind,
    RejectReason,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.clients.calls import Call, CallError, Pool, Verdict
from ballast.venues.clients.market import FEE_DIGITS, plain
from ballast.venues.clients.okx import words
from ballast.venues.clients.okx.access import cost_of

if TYPE_CHECKING:
    from ballast.core.orders import AmendRequest, OrderRequest
    from ballast.venues.clients.calls import Urgency
    from ballast.venues.clients.market import Market

ORDERS_LIMIT = 60
"""Orders, cancels, amends of an instrument in two seconds."""
ALGOS_LIMIT = 20
PPM_DIGITS = 6
STOP, TAKE, TRAIL = "sl", "tp", "move"
"""Legs of an algo order: what its parameters begin with."""
_TIFS = {TimeInForce.GTC: "limit", TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}


def is_algo(request: OrderRequest) -> bool:
    """Tell whether an order is an algo order of OKX."""
    return request.kind in CONDITIONAL


def placing(request: OrderRequest, market: Market, mode: str, urgency: Urgency) -> Call:
    """Return the call that sends an order; `mode` is OKX's `tdMode`. Raise `CallError`."""
    _check(request, market)
    if is_algo(request):
        params = _algo(request, market, mode)
        return _write("privatePostTradeOrderAlgo", params, urgency, ALGOS_LIMIT)
    return _write("privatePostTradeOrder", _order(request, market, mode), urgency, ORDERS_LIMIT)


def cancelling(market: Market, client_id: str, urgency: Urgency, *, algo: bool) -> Call:
    """Return the call that cancels an order by our id."""
    if algo:
        item = {"instId": market.name, "algoClOrdId": client_id}
        return _write("privatePostTradeCancelAlgos", (item,), urgency, ALGOS_LIMIT)
    item = {"instId": market.name, "clOrdId": client_id}
    return _write("privatePostTradeCancelOrder", item, urgency, ORDERS_LIMIT)


def cancelling_child(market: Market, order_id: str, urgency: Urgency) -> Call:
    """Return the call that cancels the order that an algo order became."""
    item = {"instId": market.name, "ordId": order_id}
    return _write("privatePostTradeCancelOrder", item, urgency, ORDERS_LIMIT)


def amending(request: AmendRequest, market: Market, urgency: Urgency) -> Call:
    """Return the call that changes a resting order."""
    if request.trigger_ticks or request.stops is not None:
        raise refused("OKX has no trigger of an order that rests in the book")
    params = {"instId": market.name, "clOrdId": request.ref.client_id}
    if request.qty_lots:
        params["newSz"] = market.qty_text(request.qty_lots)
    if request.price_ticks:
        params["newPx"] = market.price_text(request.price_ticks)
    return _write("privatePostTradeAmendOrder", params, urgency, ORDERS_LIMIT)


def amending_algo(
    request: AmendRequest, market: Market, leg: str, urgency: Urgency, *, at_market: bool
) -> Call:
    """Return the call that changes an algo order that waits.

    The order price is said beside a new trigger, as the venue's own clients do.
    """
    if leg == TRAIL or request.stops is not None:
        raise refused("OKX changes no trailing stop")
    prefix = {STOP: "newSl", TAKE: "newTp"}[leg]
    params = {"instId": market.name, "algoClOrdId": request.ref.client_id}
    if request.qty_lots:
        params["newSz"] = market.qty_text(request.qty_lots)
    if request.trigger_ticks:
        params[f"{prefix}TriggerPx"] = market.price_text(request.trigger_ticks)
    if request.price_ticks:
        params[f"{prefix}OrdPx"] = market.price_text(request.price_ticks)
    elif request.trigger_ticks and at_market:
        params[f"{prefix}OrdPx"] = words.AT_MARKET
    return _write("privatePostTradeAmendAlgos", params, urgency, ALGOS_LIMIT)


def leg_of(request: OrderRequest) -> str:
    """Return which leg of an algo order a conditional order is."""
    if request.kind is OrderKind.TRAILING_STOP:
        return TRAIL
    buys = request.side is Side.BUY
    rises = request.trigger_rises
    if rises is None:
        rises = buys if request.kind in words.STOPS else not buys
    return STOP if rises is buys else TAKE


def refused(text: str, reason: RejectReason = RejectReason.NOT_SUPPORTED) -> CallError:
    """Return a refusal of our own, before anything is sent."""
    return CallError(Verdict.REFUSED, text, reason=reason)


def _check(request: OrderRequest, market: Market) -> None:
    """Raise `CallError` for what OKX has no word for: better no order than another one."""
    conditional = is_algo(request)
    spot = not market.is_perpetual
    wrong = {
        "an order that ends at a time": bool(request.expire_ns) or request.tif not in _TIFS,
        "an order that shows a part": bool(request.display_lots),
        "stops attached to an order": request.stops is not None,
        "an order of spot that only reduces": spot and request.reduce_only,
        "a position side on spot": spot and request.position_side.value != "both",
        "a trigger by mark or index on spot": spot and request.trigger_by is not TriggerBy.LAST,
        "a purchase of spot that trails": spot
        and request.kind is OrderKind.TRAILING_STOP
        and request.side is Side.BUY,
        "an order that closes a position without waiting": request.close_position
        and (spot or not conditional or request.kind in PRICED),
        "a size in quote": bool(request.quote_atoms)
        and (not spot or request.kind is not OrderKind.MARKET),
        "a market order that is filled whole or not": request.kind is OrderKind.MARKET
        and request.tif is TimeInForce.FOK,
        "post-only or a time in force of an order that waits": conditional
        and (request.post_only or request.tif is not TimeInForce.GTC),
    }
    for what, is_so in wrong.items():
        if is_so:
            raise refused(f"OKX has no such thing: {what}")
    if not (request.qty_lots or request.quote_atoms or request.close_position):
        raise refused("an order without a size", RejectReason.QTY_TOO_SMALL)


def _order(request: OrderRequest, market: Market, mode: str) -> dict[str, Any]:
    limited = request.kind is OrderKind.LIMIT or bool(request.price_ticks)
    params: dict[str, Any] = {
        "instId": market.name,
        "tdMode": mode,
        "clOrdId": request.client_id,
        "side": words.SIDES[request.side],
        "ordType": _type(request) if limited else "market",
    }
    if limited:
        params["px"] = market.price_text(request.price_ticks)
    if request.quote_atoms:
        params |= {"sz": plain(Decimal(request.quote_atoms).scaleb(-FEE_DIGITS))}
        params |= {"tgtCcy": "quote_ccy"}
    else:
        params["sz"] = market.qty_text(request.qty_lots)
        if not (limited or market.is_perpetual):
            params["tgtCcy"] = "base_ccy"
    if request.self_trade not in {None, SelfTrade.NONE}:
        params["stpMode"] = words.SELF_TRADES[request.self_trade or SelfTrade.CANCEL_MAKER]
    return params | _of_swaps(request, market)


def _type(request: OrderRequest) -> str:
    """Return the type of an order with a price; a market order with a worst price is one."""
    if request.kind is OrderKind.MARKET:
        return "ioc"
    return "post_only" if request.post_only else _TIFS[request.tif]


def _algo(request: OrderRequest, market: Market, mode: str) -> dict[str, Any]:
    leg = leg_of(request)
    params: dict[str, Any] = {
        "instId": market.name,
        "tdMode": mode,
        "algoClOrdId": request.client_id,
        "side": words.SIDES[request.side],
        "ordType": "move_order_stop" if leg == TRAIL else "conditional",
    }
    if request.close_position:
        params["closeFraction"] = "1"
    else:
        params["sz"] = market.qty_text(request.qty_lots)
        # A waiting purchase of spot at market would be sized in quote.
        if not market.is_perpetual and request.side is Side.BUY and request.kind not in PRICED:
            params["tgtCcy"] = "base_ccy"
    params |= _trail(request, market) if leg == TRAIL else _trigger(request, market, leg)
    return params | _of_swaps(request, market)


def _trigger(request: OrderRequest, market: Market, leg: str) -> dict[str, str]:
    price = market.price_text(request.price_ticks)
    return {
        f"{leg}TriggerPx": market.price_text(request.trigger_ticks),
        f"{leg}TriggerPxType": words.TRIGGERS[request.trigger_by],
        f"{leg}OrdPx": price if request.kind in PRICED else words.AT_MARKET,
    }


def _trail(request: OrderRequest, market: Market) -> dict[str, str]:
    found = {}
    if request.trail_ppm:
        found["callbackRatio"] = plain(Decimal(request.trail_ppm).scaleb(-PPM_DIGITS))
    else:
        found["callbackSpread"] = market.price_text(request.trail_ticks)
    if request.activation_ticks:
        found["activePx"] = market.price_text(request.activation_ticks)
    return found


def _of_swaps(request: OrderRequest, market: Market) -> dict[str, Any]:
    """Return what only swaps have."""
    if not market.is_perpetual:
        return {}
    found: dict[str, Any] = {"posSide": words.POSITION_SIDES[request.position_side]}
    if (request.reduce_only or request.close_position) and found["posSide"] == "net":
        found["reduceOnly"] = True
    return found


def _write(
    method: str, params: dict[str, Any] | tuple[dict[str, Any], ...], urgency: Urgency, limit: int
) -> Call:
    return Call(method, params, urgency, Pool.ORDERS, cost_of(limit), changes=True)
