"""Orders over REST and the trading websocket: create, amend, cancel, ask.

An answer to one that places, changes or cancels holds the ids only: what became of it is told by
the stream, or by asking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    CONDITIONAL,
    TERMINAL,
    ListKind,
    ListRequest,
    OrderRef,
    RejectReason,
)
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.bybit import errors, forms
from ballast.venues.simulated.fronts.bybit.call import category_of, paged
from ballast.venues.simulated.fronts.bybit.order_words import is_rising
from ballast.venues.simulated.fronts.bybit.words import order_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.orders import Order, OrderRequest
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.bybit.call import Call
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified

KEPT = 10_000
CLOSED_MAX = 500
"""Closed orders that `order/realtime` still knows."""
BATCH_MAX = {"spot": 10, "linear": 20}
CANCEL_FILTERS = {
    "": None, "Order": False, "OpenOrder": False, "StopOrder": True, "tpslOrder": True,
}  # fmt: skip


def ids(listing: Listing, order: Order) -> dict[str, str]:
    """Return the two ids of an order."""
    return {
        "orderId": order_name(listing, order.order_id),
        "orderLinkId": order.request.client_id,
    }


# Placing -------------------------------------------------------------------------------------


def create(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/order/create."""
    form = forms.new_order(front.words, call)
    return ids(form.listing, place(front, call, form))


def place(front: BybitUnified, call: Call, form: forms.Form) -> Order:
    """Send an order to the engine; raise a `Refusal` for one that is not taken."""
    category = category_of(form.listing)
    _check_link_id(front, call.account, category, form.order.client_id)
    if form.legs:
        wanted = ListRequest(
            form.listing.symbol, ListKind.BRACKET, (form.order, *form.legs), sizes_by_fill=True
        )
        outcome = front.market.submit_list(call.account, wanted)
    else:
        outcome = front.market.submit(call.account, form.order)
    if isinstance(outcome, Rejected):
        raise _refused(front, form.listing, form.order, outcome)
    note = front.ledger.note(outcome.order.order_id)
    note.is_asked = True
    note.stop_word, note.market_unit = form.stop_word, form.market_unit
    note.asked_qty = form.asked_qty
    for leg, word in zip(outcome.orders[1:], form.leg_words, strict=True):
        front.ledger.note(leg.order_id).stop_word = word
    return outcome.order


def _check_link_id(front: BybitUnified, account: int, category: str, own: str) -> None:
    """Raise a `Refusal` for an id that any symbol of the category knows."""
    for (kind, _), listing in front.words.listed.items() if own else ():
        ref = OrderRef(listing.symbol, 0, own)
        if kind == category and front.market.order(account, ref) is not None:
            raise errors.rejected(category, Rejected(RejectReason.DUPLICATE_CLIENT_ID))


def _refused(
    front: BybitUnified, listing: Listing, request: OrderRequest, outcome: Rejected
) -> errors.Refusal:
    if outcome.reason is not RejectReason.WOULD_TRIGGER:
        return errors.rejected(category_of(listing), outcome)
    symbol = listing.symbol
    return errors.trigger(
        rises=bool(request.trigger_rises),
        trigger_price=front.words.price(symbol, request.trigger_ticks),
        current=front.words.price(symbol, front.market.last_ticks(symbol)),
    )


def amend(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/order/amend."""
    listing = call.listing()
    asked = forms.amendment(call, listing)
    category = category_of(listing)
    found = front.market.order(call.account, asked.ref)
    if found is None or not front.ledger.is_shown(found):
        raise errors.not_found(category, "replace")
    outcome = front.market.amend(call.account, asked)
    if isinstance(outcome, Rejected):
        if outcome.reason is RejectReason.WOULD_TRIGGER:
            raise errors.trigger(
                rises=is_rising(found),
                trigger_price=front.words.price(listing.symbol, asked.trigger_ticks),
                current=front.words.price(listing.symbol, front.market.last_ticks(listing.symbol)),
            )
        raise errors.rejected(category, outcome)
    return ids(listing, outcome.order)


def cancel(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/order/cancel."""
    listing = call.listing()
    ref = forms.reference(call, listing)
    category = category_of(listing)
    found = front.market.order(call.account, ref)
    wanted = call.choice("orderFilter", CANCEL_FILTERS, "Order" if category == "spot" else "")
    if found is None or not front.ledger.is_shown(found) or not _fits(found, wanted):
        raise errors.not_found(category, "cancel")
    outcome = front.market.cancel(call.account, ref)
    if isinstance(outcome, Rejected):
        if category == "spot" and outcome.reason is RejectReason.ALREADY_FILLED:
            raise errors.rejected(category, outcome)
        raise errors.not_found(category, "cancel")
    return ids(listing, outcome.order)


def _fits(order: Order, wanted: bool | None) -> bool:  # noqa: FBT001 - of a table
    """Tell whether an order is of the kind that is meant: one that waits for a price, or not."""
    waits = order.request.kind in CONDITIONAL and not order.triggered_ns
    return wanted is None or waits is wanted


def cancel_all(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/order/cancel-all."""
    category = call.category()
    wanted = call.choice("orderFilter", CANCEL_FILTERS, "Order" if category == "spot" else "")
    _need_scope(call, category)
    done = []
    for listing in call.listings():
        for one in front.market.open_orders(call.account, listing.symbol):
            if not (front.ledger.is_shown(one) and _fits(one, wanted)):
                continue
            outcome = front.market.cancel(call.account, OrderRef(listing.symbol, one.order_id))
            if not isinstance(outcome, Rejected):
                done.append(ids(listing, one))
    return {"list": done, "success": "1"}


def _need_scope(call: Call, category: str) -> None:
    """Raise a `Refusal` where linear contracts are asked for without saying which."""
    if category == "linear" and not any(
        call.has(name) for name in ("symbol", "baseCoin", "settleCoin")
    ):
        raise errors.bad(
            "Missing some parameters that must be filled in, symbol or settleCoin or baseCoin"
        )


# Asking --------------------------------------------------------------------------------------


def realtime(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/order/realtime: what is open; by id, or with `openOnly`, what closed lately too."""
    category = call.category()
    if not (call.has("orderId") or call.has("orderLinkId")):
        _need_scope(call, category)
    by_id = call.has("orderId") or call.has("orderLinkId")
    closed = by_id or call.whole("openOnly", 0) > 0
    found = _meant(front, call, open_only=not closed)
    chosen = [one for one in found if one.status not in TERMINAL]
    if closed:
        done = [one for one in found if one.status in TERMINAL][:CLOSED_MAX]
        chosen = [*chosen, *done] if by_id else done
    return _page(front, call, category, chosen)


def history(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/order/history."""
    category = call.category()
    status = call.text("orderStatus")
    chosen = [
        one
        for one in _meant(front, call)
        if one.status in TERMINAL and call.between(one.created_ns)
    ]
    if status:
        print_order = front.order_words.order
        chosen = [one for one in chosen if print_order(one)["orderStatus"] == status]
    return _page(front, call, category, chosen)


def _meant(front: BybitUnified, call: Call, *, open_only: bool = False) -> list[Order]:
    """Return the orders that are asked about, newest first."""
    wanted = call.choice("orderFilter", CANCEL_FILTERS)
    own = call.text("orderLinkId")
    found: list[Order] = []
    for listing in call.listings():
        name = call.text("orderId")
        if name or own:
            one = front.market.order(call.account, forms.reference(call, listing))
            found += [one] if one is not None else []
        elif open_only:
            found += front.market.open_orders(call.account, listing.symbol)
        else:
            found += front.market.orders(call.account, listing.symbol, KEPT)
    found = [one for one in found if front.ledger.is_shown(one) and _fits(one, wanted)]
    return sorted(found, key=lambda one: (one.created_ns, one.order_id), reverse=True)


def _page(front: BybitUnified, call: Call, category: str, found: list[Order]) -> Any:  # noqa: ANN401
    chosen, cursor = paged(found, call, 20, 50)
    rows = [front.order_words.order(one) for one in chosen]
    for row in rows:
        del row["category"]
    return {"category": category, "list": rows, "nextPageCursor": cursor}


# Batches -------------------------------------------------------------------------------------


class Batch:
    """What a batch answers: rows, and beside them a code for each."""

    def __init__(self, rows: list[dict[str, str]], codes: list[dict[str, Any]]) -> None:
        """Take rows and codes of the same length."""
        self.result = {"list": rows}
        self.extra = {"list": codes}


def _batch(
    front: BybitUnified, call: Call, act: Callable[[BybitUnified, Call], Any], *, is_new: bool
) -> Batch:
    category, asked = call.category(), call.given.get("request")
    if not isinstance(asked, list) or not asked:
        raise errors.invalid("request")
    if len(asked) > BATCH_MAX.get(category, 0):
        raise errors.bad("Too many orders in one batch")
    rows, codes = [], []
    for one in asked:
        fields = one if isinstance(one, dict) else {}
        row = {"category": category, "symbol": "", "orderId": "", "orderLinkId": ""}
        if is_new:
            row["createAt"] = ""
        code = {"code": 0, "msg": "OK"}
        try:
            part = call.of({**fields, "category": category})
            row |= {"symbol": part.text("symbol"), "orderLinkId": part.text("orderLinkId")}
            row |= act(front, part)
            row |= {"createAt": str(call.now_ms)} if is_new else {}
        except errors.Refusal as refusal:
            code = {"code": refusal.code, "msg": refusal.text}
        rows.append(row)
        codes.append(code)
    return Batch(rows, codes)


def create_batch(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/order/create-batch."""
    return _batch(front, call, create, is_new=True)


def amend_batch(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/order/amend-batch."""
    return _batch(front, call, amend, is_new=False)


def cancel_batch(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/order/cancel-batch."""
    return _batch(front, call, cancel, is_new=False)
