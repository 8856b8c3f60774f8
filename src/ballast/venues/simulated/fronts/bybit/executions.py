"""GET /v5/execution/list: the trades of an account, and what funding was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import OrderRef
from ballast.venues.simulated.fronts.bybit import forms
from ballast.venues.simulated.fronts.bybit.call import category_of, paged, wire_name
from ballast.venues.simulated.fronts.bybit.words import milli
from ballast.venues.simulated.fronts.numbers import shortest

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.bybit.call import Call
    from ballast.venues.simulated.fronts.bybit.ledger import Row
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified

KEPT = 10_000
NOTHING = (
    "orderId", "orderLinkId", "orderPrice", "orderQty", "leavesQty", "tradeIv", "markIv",
    "indexPrice", "underlyingPrice", "blockTradeId", "closedSize", "extraFees", "isLeverage",
    "marketUnit",
)  # fmt: skip
"""Names of an execution that a payment has nothing for."""


def executions(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Return the executions that are asked for, newest first."""
    category, kind = call.category(), call.text("execType")
    found: list[tuple[int, dict[str, Any]]] = []
    for listing in call.listings():
        found += _trades(front, call, listing)
        if not (call.has("orderId") or call.has("orderLinkId")):
            found += _payments(front, call, listing)
    found.sort(key=lambda pair: pair[0], reverse=True)
    rows = [row for _, row in found if kind in {"", row["execType"]}]
    chosen, cursor = paged(rows, call, 50, 100)
    return {"category": category, "list": chosen, "nextPageCursor": cursor}


def _trades(front: BybitUnified, call: Call, listing: Listing) -> list[tuple[int, dict[str, Any]]]:
    name, own = call.text("orderId"), call.text("orderLinkId")
    number = forms.reference(call, listing).order_id if name else 0
    found = []
    # The last one first: a sort by time keeps the order of trades at one time.
    for fill in reversed(front.market.fills(call.account, listing.symbol, limit=KEPT)):
        is_meant = fill.order_id == number if name else not own or fill.client_id == own
        order = front.market.order(call.account, OrderRef(listing.symbol, fill.order_id))
        if order is not None and is_meant and call.between(fill.at_ns):
            row = front.order_words.execution(fill, order)
            del row["category"]
            found.append((fill.at_ns, row))
    return found


def _payments(
    front: BybitUnified, call: Call, listing: Listing
) -> list[tuple[int, dict[str, Any]]]:
    rows = front.ledger.rows(call.account)
    return [
        (one.at_ns, payment(front, listing, one))
        for one in rows
        if one.symbol == listing.symbol and one.fill is None and call.between(one.at_ns)
    ]


def payment(front: BybitUnified, listing: Listing, one: Row) -> dict[str, Any]:
    """Return a funding payment: an execution that costs what was paid."""
    words = front.words
    mark = one.mark_ticks
    value = abs(words.worth(listing.symbol, one.size_lots * mark))
    fee = -front.market.amount(one.currency, one.funding_atoms)
    return {
        **dict.fromkeys(NOTHING, ""),
        "symbol": wire_name(listing),
        "side": "Buy" if one.qty_sign > 0 else "Sell",
        "orderType": "UNKNOWN",
        "stopOrderType": "UNKNOWN",
        "createType": "",
        "execType": "Funding",
        "execId": f"funding-{one.number}",
        "execFee": shortest(fee),
        "feeCurrency": one.currency,
        "feeCoin": one.currency,
        "feeRate": words.rate_e9(one.rate_e9 * one.qty_sign),
        "execPrice": words.price(listing.symbol, mark),
        "markPrice": words.price(listing.symbol, mark),
        "execQty": words.qty(listing.symbol, abs(one.size_lots)),
        "execValue": shortest(value),
        "execPnl": "0",
        "execTime": milli(one.at_ns),
        "isMaker": False,
        "seq": one.number,
    }


def payment_event(front: BybitUnified, account: int, symbol: str) -> dict[str, Any] | None:
    """Return the last funding of an account's symbol as the stream tells it."""
    listing = front.words.listing(symbol)
    for one in front.ledger.rows(account):
        if one.symbol == symbol and one.fill is None:
            return {"category": category_of(listing), **payment(front, listing, one)}
    return None
