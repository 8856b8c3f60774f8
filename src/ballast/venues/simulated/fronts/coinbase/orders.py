"""Orders of Coinbase: create, preview, edit, cancel.

An id that a client used before creates nothing: the order that has it is returned, whatever else
was sent. So a request whose answer was lost may be sent again.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    CONDITIONAL,
    TERMINAL,
    AmendRequest,
    OrderKind,
    OrderRef,
    OrderStatus,
    RejectReason,
    Side,
    TimeInForce,
)
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.coinbase import errors, ids
from ballast.venues.simulated.fronts.coinbase.errors import OrderRefusal
from ballast.venues.simulated.fronts.coinbase.order_words import client_id, read_order
from ballast.venues.simulated.fronts.coinbase.private import find
from ballast.venues.simulated.fronts.coinbase.words import text

if TYPE_CHECKING:
    from ballast.core.orders import Order, OrderRequest
    from ballast.venues.simulated.fronts.coinbase.call import Call
    from ballast.venues.simulated.fronts.coinbase.front import CoinbaseFront

CANCELS_MAX = 100
PPM = 1_000_000
WHOLE_BOOK = 100_000
NOTHING = Decimal(0)
CANCELLED = {
    RejectReason.ALREADY_FILLED: errors.CANCEL_FILLED,
    RejectReason.UNKNOWN_ORDER: errors.CANCEL_UNKNOWN,
}


def create(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST orders."""
    own = client_id(call)
    sent = call.given.values.get("order_configuration")
    known = _known(front, call.account, own)
    try:
        request = read_order(front, call, own=own)
        order = known or _submitted(front, call, request)
    except OrderRefusal as refusal:
        if known is None:
            return refused(refusal, sent)
        order = known
    said = {
        "order_id": ids.order_id(order.order_id), "product_id": order.request.symbol,
        "side": order.request.side.name, "client_order_id": own, "attached_order_id": "",
    }  # fmt: skip
    terms = front.words.configuration(order)
    return {"success": True, "success_response": said, "order_configuration": terms}


def refused(refusal: OrderRefusal, sent: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the answer to an order that is refused."""
    return {
        "success": False,
        "error_response": {
            "error": refusal.error, "message": refusal.text, "error_details": "",
            "preview_failure_reason": refusal.preview,
            "new_order_failure_reason": refusal.error,
        },
        "order_configuration": sent,
    }  # fmt: skip


def _known(front: CoinbaseFront, account: int, own: str) -> Order | None:
    """Return the order that a client's id names already."""
    for symbol in front.market.listings:
        found = front.market.order(account, OrderRef(symbol, client_id=own))
        if found is not None:
            return found
    return None


def _submitted(front: CoinbaseFront, call: Call, request: OrderRequest) -> Order:
    outcome = front.market.submit(call.account, request)
    if isinstance(outcome, Rejected):
        raise _refusal(outcome, request)
    return outcome.order


def _refusal(outcome: Rejected, request: OrderRequest) -> OrderRefusal:
    if outcome.reason is RejectReason.WOULD_TRIGGER:
        return errors.STOP_BELOW_LAST if request.trigger_rises else errors.STOP_ABOVE_LAST
    if outcome.reason is RejectReason.PRICE_RANGE and request.kind in CONDITIONAL:
        return replace(errors.REJECTED[outcome.reason], preview="PREVIEW_INVALID_STOP_PRICE")
    return errors.REJECTED.get(outcome.reason, errors.REJECTED_OTHERWISE)


# Cancel ------------------------------------------------------------------------------------


def cancel(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST orders/batch_cancel."""
    names = call.given.texts("order_ids")
    call.given.finish()
    if not names:
        raise errors.missing("order_ids")
    if len(names) > CANCELS_MAX:
        raise errors.invalid(f"at most {CANCELS_MAX} order_ids")
    done: set[str] = set()
    results = []
    for name in names:
        reason = errors.CANCEL_TWICE if name in done else _cancelled(front, call.account, name)
        done.add(name)
        is_done = reason == errors.CANCEL_DONE
        results.append({"success": is_done, "failure_reason": reason, "order_id": name})
    return {"results": results}


def _cancelled(front: CoinbaseFront, account: int, name: str) -> str:
    order = find(front, account, name)
    if order is None:
        return errors.CANCEL_UNKNOWN
    if order.status is OrderStatus.FILLED:
        return errors.CANCEL_FILLED
    outcome = front.market.cancel(account, OrderRef(order.request.symbol, order.order_id))
    if isinstance(outcome, Rejected):
        return CANCELLED.get(outcome.reason, "COMMANDER_REJECTED_CANCEL_ORDER")
    return errors.CANCEL_DONE


# Edit --------------------------------------------------------------------------------------


def edit(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST orders/edit: of a limit order that is good till it is cancelled; it keeps its id."""
    order, wanted, reasons = _edited(front, call)
    if order is not None and not reasons:
        outcome = front.market.amend(call.account, wanted)
        if isinstance(outcome, Rejected):
            refusal = _refusal(outcome, order.request)
            reasons = [(errors.EDIT_REJECTED, refusal.preview)]
    rows = [
        {"edit_failure_reason": one, "preview_failure_reason": preview} for one, preview in reasons
    ]
    return {"success": not rows, "errors": rows}


def _edited(
    front: CoinbaseFront, call: Call
) -> tuple[Order | None, AmendRequest, list[tuple[str, str]]]:
    """Read an edit: the order, its new terms, and why it cannot be."""
    given = call.given
    name, qty, price = (
        given.text("order_id"),
        given.maybe_decimal("size"),
        given.maybe_decimal("price"),
    )
    given.finish()
    if qty is None and price is None:
        raise errors.invalid("price or size is required")
    order = find(front, call.account, name)
    nothing = AmendRequest(OrderRef(""))
    unknown = "UNKNOWN_PREVIEW_FAILURE_REASON"
    if order is None or order.status in TERMINAL:
        return None, nothing, [(errors.EDIT_UNKNOWN, unknown)]
    if order.request.kind is not OrderKind.LIMIT or order.request.tif is not TimeInForce.GTC:
        return order, nothing, [(errors.EDIT_KIND, unknown)]
    listing = front.market.listings[order.request.symbol]
    lots = listing.lots(qty) if qty is not None else 0
    ticks = listing.ticks(price) if price is not None else 0
    reasons = []
    if lots is None:
        reasons.append((errors.EDIT_SIZE, errors.BASE_GRID.preview))
    elif lots and lots <= order.filled_lots:
        reasons.append((errors.EDIT_FILLED, unknown))
    if ticks is None:
        reasons.append((errors.EDIT_PRICE, errors.PRICE_GRID.preview))
    ref = OrderRef(listing.symbol, order.order_id)
    return order, AmendRequest(ref, lots or 0, ticks or 0), reasons


# Previews: estimates from the book as it is; nothing is placed -------------------------------


def preview(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST orders/preview."""
    try:
        request = read_order(front, call)
    except OrderRefusal as refusal:
        return _estimate(front, call, None) | {"errs": [refusal.preview]}
    return _estimate(front, call, request)


def edit_preview(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST orders/edit_preview."""
    order, wanted, reasons = _edited(front, call)
    request, spare = None, NOTHING
    if order is not None and not reasons:
        spare = front.words.hold(front.market.listings[order.request.symbol], order)
        request = replace(
            order.request,
            qty_lots=wanted.qty_lots or order.request.qty_lots,
            price_ticks=wanted.price_ticks or order.request.price_ticks,
        )
    said = _estimate(front, call, request, spare)
    if said["errs"]:
        reasons.append((errors.EDIT_REJECTED, said["errs"][0]))
    rows = [{"edit_failure_reason": one, "preview_failure_reason": what} for one, what in reasons]
    kept = ("slippage", "order_total", "commission_total", "quote_size", "base_size", "best_bid",
            "best_ask", "average_filled_price")  # fmt: skip
    return {"errors": rows, **{name: said[name] for name in kept}}


def _estimate(
    front: CoinbaseFront, call: Call, request: OrderRequest | None, spare: Decimal = NOTHING
) -> dict[str, Any]:
    """Return what an order would cost; `spare` is what the order it replaces holds already."""
    said: dict[str, Any] = {
        "order_total": "0", "commission_total": "0", "errs": [], "warning": [], "quote_size": "0",
        "base_size": "0", "best_bid": "0", "best_ask": "0", "is_max": False,
        "order_margin_total": "0", "leverage": "", "long_leverage": "", "short_leverage": "",
        "slippage": "0", "preview_id": "", "average_filled_price": "0",
    }  # fmt: skip
    if request is None:
        return said
    market = front.market
    listing = market.listings[request.symbol]
    bid, ask = market.best(listing.symbol)
    taker = Decimal(market.fee_rates_ppm(call.account, listing.symbol)[1]) / PPM
    lots, value = _walked(front, request, taker)
    worth = front.words.worth(listing, value)
    fee = worth * taker
    buys = request.side is Side.BUY
    total = worth + fee if buys else worth - fee
    touch = ask if buys else bid
    average = worth / listing.qty(lots) if lots else Decimal(0)
    slip = (
        abs(average / listing.price(touch) - 1)
        if touch and lots and not request.price_ticks
        else NOTHING
    )
    asset = listing.quote if buys else listing.base
    free = market.amount(asset, market.balance(call.account, asset).free_atoms)
    errs = [] if lots else ["PREVIEW_INVALID_NO_LIQUIDITY"]
    if (total if buys else listing.qty(lots)) > free + spare:
        errs.append(errors.FUNDS.preview)
    places = Decimal("0.00000001")
    return said | {
        "order_total": text(total.quantize(places)), "commission_total": text(fee.quantize(places)),
        "errs": errs, "quote_size": text(worth), "base_size": text(listing.qty(lots)),
        "best_bid": front.words.price(listing, bid), "best_ask": front.words.price(listing, ask),
        "slippage": text(slip.quantize(places)),
        "average_filled_price": text(average.quantize(places)),
    }  # fmt: skip


def _walked(front: CoinbaseFront, request: OrderRequest, taker: Decimal) -> tuple[int, int]:
    """Return the lots and the value of an order: a limit's at its limit, a market's in the book."""
    if request.price_ticks:
        return request.qty_lots, request.qty_lots * request.price_ticks
    market = front.market
    listing = market.listings[request.symbol]
    view = market.book(listing.symbol, WHOLE_BOOK)
    money = market.amount(listing.quote, request.quote_atoms) / (1 + taker)
    budget = int(money / (listing.tick * listing.lot))
    lots = value = 0
    for ticks, shown in view.asks if request.side is Side.BUY else view.bids:
        left = (budget - value) // ticks if request.quote_atoms else request.qty_lots - lots
        taken = min(shown, left)
        lots, value = lots + taken, value + taken * ticks
        if taken < shown:
            break
    return lots, value
