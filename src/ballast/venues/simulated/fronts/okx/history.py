"""What an account can ask of its orders and fills, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.okx import errors, ids, orders
from ballast.venues.simulated.fronts.okx.words import STATES, kind_of

if TYPE_CHECKING:
    from ballast.core.orders import Order
    from ballast.venues.simulated.fronts.okx.call import Call
    from ballast.venues.simulated.fronts.okx.front import OkxFront

NS_MS = 1_000_000
KEPT_MAX = 10_000
"""Orders and fills asked of the engine: more than it keeps."""


def query(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/trade/order."""
    ref = orders.reference(call, call.listing().symbol)
    found = orders.find(front, call.account, ref)
    if found is None:
        raise errors.NO_SUCH_ORDER
    return [front.words.order(found)]


def pending(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/trade/orders-pending."""
    return _page(front, call, needs_type=False, is_over=False)


def closed(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/trade/orders-history and /orders-history-archive."""
    return _page(front, call, needs_type=True, is_over=True)


def _page(front: OkxFront, call: Call, *, needs_type: bool, is_over: bool) -> Any:  # noqa: ANN401
    names = [one.symbol for one in call.chosen(needs_type=needs_type)]
    kinds = _words(call, "ordType", (*orders.TYPES, "mmp", "mmp_and_post_only", "op_fok"))
    states = _words(call, "state", ("live", "partially_filled", "filled", "canceled"))
    begin, end = call.whole("begin", 0), call.whole("end", 2**62)
    rows = [
        one
        for name in names
        for one in front.market.orders(call.account, name, KEPT_MAX)
        if orders.is_order(one)
        and orders.is_over(one) is is_over
        and begin <= one.created_ns // NS_MS <= end
        and _is_in(kinds, kind_of(one))
        and _is_in(states, STATES[one.status])
    ]
    rows.sort(key=lambda one: -one.order_id)
    chosen = call.page(rows, _place)
    return [front.words.order(one) for one in chosen]


def _place(order: Order) -> int:
    return ids.ORDER_BASE + order.order_id


def _words(call: Call, name: str, options: tuple[str, ...]) -> set[str]:
    """Return some words of a list, divided by commas; none for all of them."""
    text = call.given.optional(name)
    found = set(text.split(",")) if text is not None else set()
    if found - {*options}:
        raise errors.wrong(name)
    return found


def _is_in(wanted: set[str], word: str) -> bool:
    return not wanted or word in wanted


def fills(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/trade/fills and /fills-history."""
    names = {one.symbol for one in call.chosen(needs_type=False)}
    text = call.given.optional("ordId")
    number = None if text is None else ids.order_number(text) or -1
    begin, end = call.whole("begin", 0), call.whole("end", 2**62)
    rows = [
        one
        for one in front.market.fills(call.account, limit=KEPT_MAX)
        if one.symbol in names
        and number in {None, one.order_id}
        and begin <= one.at_ns // NS_MS <= end
    ]
    rows.reverse()
    chosen = call.page(rows, ids.fill_bill)
    return [front.words.fill(one) for one in chosen]
