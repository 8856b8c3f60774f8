"""Checks: what a venue refuses before an order reaches the book. A check changes nothing.

The order of the checks is the order in which venues report: form, symbol, client id, price, size,
value, counts. Money and positions are checked after these, in `funds` and `margin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import CONDITIONAL, PRICED, OrderKind, RejectReason, TimeInForce
from ballast.kernel.exchange.views import best_price
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.engine.profile import PPM, ClientIds

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.venues.simulated.engine.profile import Terms
    from ballast.venues.simulated.engine.world import Account, Market, World

CLIENT_ID_MAX = 64
"""Characters of a client order id; the venues allow 32 to 36."""


def refuse(
    world: World, account: Account, market: Market, request: OrderRequest
) -> Rejected | None:
    """Return why a new order is refused, or None."""
    return refuse_form(world, account, market, request) or refuse_size(account, market, request)


def refuse_form(
    world: World, account: Account, market: Market, request: OrderRequest
) -> Rejected | None:
    """Return why an order is refused whatever its size."""
    return (
        _form(market.terms, request)
        or _time(world, request)
        or _symbol(market)
        or client_id(world, account, request)
        or prices(market, request)
    )


def refuse_size(account: Account, market: Market, request: OrderRequest) -> Rejected | None:
    """Return why an order is refused for its size, its value or the number of others."""
    return (
        quantities(market.terms, request)
        or value(market, request)
        or _counts(account, market.terms, request)
    )


def refuse_changed(market: Market, request: OrderRequest) -> Rejected | None:
    """Return why an order may not have these terms, once it exists."""
    if request.display_lots > request.qty_lots:
        return _bad("an iceberg shows no more than it has")
    if market.trading is not Trading.TRADING:
        return Rejected(RejectReason.NOT_TRADING, market.trading.value)
    return prices(market, request) or quantities(market.terms, request) or value(market, request)


def _bad(detail: str) -> Rejected:
    return Rejected(RejectReason.BAD_REQUEST, detail)


def _form(terms: Terms, request: OrderRequest) -> Rejected | None:
    """Refuse fields that are missing, or contradict each other."""
    numbers = (
        request.qty_lots, request.price_ticks, request.quote_atoms, request.trigger_ticks,
        request.trail_ppm, request.trail_ticks, request.activation_ticks, request.display_lots,
    )  # fmt: skip
    if min(numbers) < 0:
        return _bad("a quantity or price is negative")
    if len(request.client_id) > CLIENT_ID_MAX:
        return _bad("client id too long")
    if request.kind in PRICED and not request.price_ticks:
        return _bad("a limit order needs a price")
    return _form_of_size(request) or _form_of_trigger(request) or _form_of_extras(terms, request)


def _form_of_size(request: OrderRequest) -> Rejected | None:
    sizes = (request.qty_lots > 0) + (request.quote_atoms > 0) + request.close_position
    if sizes != 1:
        return _bad("exactly one of quantity, quote amount and close-position is needed")
    if request.quote_atoms and request.kind is not OrderKind.MARKET:
        return _bad("only a market order can be sized in quote")
    if request.close_position and request.kind not in CONDITIONAL:
        return _bad("close-position belongs to conditional orders")
    return None


def _form_of_trigger(request: OrderRequest) -> Rejected | None:
    trails = (request.trail_ppm > 0) + (request.trail_ticks > 0)
    if request.kind is OrderKind.TRAILING_STOP:
        if trails != 1:
            return _bad("a trailing stop needs a rate or a distance")
        return _bad("a trailing rate must be below one") if request.trail_ppm >= PPM else None
    if trails or request.activation_ticks:
        return _bad("only a trailing stop can trail")
    if (request.kind in CONDITIONAL) != (request.trigger_ticks > 0):
        return _bad("a trigger price belongs to conditional orders, and only to them")
    return None


def _form_of_extras(terms: Terms, request: OrderRequest) -> Rejected | None:
    if request.post_only and (
        request.kind not in PRICED or request.tif in {TimeInForce.IOC, TimeInForce.FOK}
    ):
        return _bad("post-only needs an order that can rest")
    if request.display_lots:
        if request.kind not in PRICED or request.tif is not TimeInForce.GTC:
            return _bad("an iceberg needs a limit order that rests")
        if request.display_lots > request.qty_lots:
            return _bad("an iceberg shows no more than it has")
        if -(-request.qty_lots // request.display_lots) > terms.max_iceberg_parts:
            return Rejected(RejectReason.ICEBERG_PARTS)
    return None if terms.is_perpetual else refuse_position(request)


def refuse_position(request: OrderRequest) -> Rejected | None:
    """Refuse what speaks of a position, where there is none."""
    if request.reduce_only or request.close_position:
        return Rejected(RejectReason.NOT_SUPPORTED, "spot has no position to reduce")
    if request.stops is not None:
        return Rejected(RejectReason.NOT_SUPPORTED, "spot has no position to stop")
    return None


def _time(world: World, request: OrderRequest) -> Rejected | None:
    if (request.tif is TimeInForce.GTD) != (request.expire_ns > 0):
        return _bad("good-till-date and its date belong together")
    if request.expire_ns and request.expire_ns <= world.now_ns:
        return Rejected(RejectReason.EXPIRY, "the date has passed")
    return None


def _symbol(market: Market) -> Rejected | None:
    if market.trading is not Trading.TRADING:
        return Rejected(RejectReason.NOT_TRADING, market.trading.value)
    return None


def client_id(world: World, account: Account, request: OrderRequest) -> Rejected | None:
    """Refuse a client id that may not be used again (yet)."""
    if not request.client_id:
        return None
    known = account.client_ids.get(f"{request.symbol}/{request.client_id}")
    if known is None:
        return None
    is_open = known in account.open.get(request.symbol, {})
    if is_open or world.profile.client_ids is ClientIds.EVER:
        return Rejected(RejectReason.DUPLICATE_CLIENT_ID, request.client_id)
    return None


def reference_ticks(market: Market) -> int:
    """Return the price bands and values are measured from: mark, last, or the book's middle."""
    if market.terms.is_perpetual and market.mark_ticks:
        return market.mark_ticks
    if market.last_ticks:
        return market.last_ticks
    bid, ask = best_price(market.book, 1), best_price(market.book, -1)
    return int((bid + ask) // 2) if bid and ask else int(bid or ask)


def prices(market: Market, request: OrderRequest) -> Rejected | None:
    """Refuse prices outside the listing's range or band."""
    terms = market.terms
    for ticks in (request.price_ticks, request.trigger_ticks, request.activation_ticks):
        if ticks and not terms.min_ticks <= ticks <= terms.max_ticks:
            return Rejected(RejectReason.PRICE_RANGE, f"{terms.min_ticks} to {terms.max_ticks}")
    reference = reference_ticks(market)
    if request.kind not in PRICED or not reference:
        return None
    scaled = request.price_ticks * PPM
    if terms.percent_up_ppm and scaled > reference * terms.percent_up_ppm:
        return Rejected(RejectReason.PRICE_PERCENT, "above the band")
    if terms.percent_down_ppm and scaled < reference * terms.percent_down_ppm:
        return Rejected(RejectReason.PRICE_PERCENT, "below the band")
    return None


def quantities(terms: Terms, request: OrderRequest) -> Rejected | None:
    """Refuse quantities outside the listing's bounds."""
    lots = request.qty_lots
    if not lots:
        return None  # sized later: by money, or by the position
    is_market = request.kind not in PRICED
    low = max(terms.min_lots, terms.market_min_lots if is_market else 0)
    high = min(terms.max_lots, terms.market_max_lots) if is_market else terms.max_lots
    if lots < low:
        return Rejected(RejectReason.QTY_TOO_SMALL, f"at least {low} lots")
    if lots > high:
        return Rejected(RejectReason.QTY_TOO_LARGE, f"at most {high} lots")
    if is_market and lots % terms.market_step_lots:
        return Rejected(RejectReason.QTY_STEP, f"multiples of {terms.market_step_lots} lots")
    return None


def value(market: Market, request: OrderRequest) -> Rejected | None:
    """Refuse an order that is worth too little or too much. Reduce-only may be worth little."""
    terms = market.terms
    is_market = request.kind not in PRICED
    ticks = request.price_ticks if not is_market else request.trigger_ticks
    ticks = ticks or reference_ticks(market)
    worth = request.quote_atoms or request.qty_lots * ticks * terms.point_atoms
    if not worth or request.close_position:
        return None
    low = terms.min_notional_atoms
    if is_market and not terms.min_notional_applies_to_market:
        low = 0
    if worth < low and not request.reduce_only:
        return Rejected(RejectReason.MIN_NOTIONAL, f"at least {low} atoms")
    if terms.max_notional_atoms and worth > terms.max_notional_atoms:
        return Rejected(RejectReason.MAX_NOTIONAL, f"at most {terms.max_notional_atoms} atoms")
    return None


def _counts(account: Account, terms: Terms, request: OrderRequest) -> Rejected | None:
    """Refuse one order too many."""
    live = account.open.get(terms.symbol, {})
    if request.kind is OrderKind.MARKET:
        return None
    if len(live) >= terms.max_orders:
        return Rejected(RejectReason.MAX_ORDERS, f"at most {terms.max_orders}")
    if request.kind in CONDITIONAL:
        waiting = sum(1 for order in live.values() if order.request.kind in CONDITIONAL)
        if waiting >= terms.max_conditional_orders:
            return Rejected(
                RejectReason.MAX_CONDITIONAL_ORDERS, f"at most {terms.max_conditional_orders}"
            )
    return None
