"""Coinbase's orders and fills, as REST and the stream tell them, in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import EndReason, Fill, OrderStatus, PositionSide, Side
from ballast.core.reports import OrderReport, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.market import fee_atoms, number
from ballast.venues.normalise.exact import ns_of_iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.clients.coinbase.products import Products
    from ballast.venues.clients.market import Market

ENDED = {
    "FILLED": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.EXPIRED,
    "FAILED": OrderStatus.REJECTED,
}
LIVE = frozenset({"OPEN", "PENDING", "QUEUED", "EDIT_QUEUED", "CANCEL_QUEUED"})
REASONS = (
    ("user", EndReason.REQUESTED),
    ("immediate or cancel", EndReason.IMMEDIATE_OR_CANCEL),
    ("fill or kill", EndReason.FILL_OR_KILL),
    ("self trade", EndReason.SELF_TRADE),
    ("post only", EndReason.POST_ONLY),
    ("liquidity", EndReason.NO_LIQUIDITY),
    ("delisted", EndReason.DELISTED),
    ("insufficient", EndReason.INSUFFICIENT),
)
"""What is found in the sentence of a cancel; the venue does not list them."""
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
DATES = ("last_update_time", "last_fill_time", "created_time")


def reason_of(text: object, status: OrderStatus) -> EndReason:
    """Return why an order ended, as far as the venue's sentence says it."""
    if status is OrderStatus.EXPIRED:
        return EndReason.DEADLINE
    if status is not OrderStatus.CANCELLED:
        return EndReason.NONE
    words = str(text or "").lower()
    return next((reason for part, reason in REASONS if part in words), EndReason.NONE)


def status_of(word: str, *, waits: bool, filled_lots: int) -> OrderStatus:
    """Return where an order stands; raise `ValueError` for a word that is not known."""
    if word in ENDED:
        return ENDED[word]
    if word not in LIVE:
        raise ValueError(f"an order that is {word!r}")
    if filled_lots:
        return OrderStatus.PARTIALLY_FILLED
    return OrderStatus.UNTRIGGERED if waits else OrderStatus.NEW


def order_report(products: Products, row: Mapping[str, Any]) -> OrderReport | None:
    """Return an order as asked for; None for one of a product that is not known."""
    market = products.find(row["product_id"])
    if market is None:
        return None
    terms: Mapping[str, Any] = next(iter((row.get("order_configuration") or {}).values()), {})
    filled = market.lots_of(row["filled_size"])
    trigger = market.nearest_ticks(terms.get("stop_price"))
    waits = bool(trigger) and row.get("trigger_status") == "STOP_PENDING"
    status = status_of(row["status"], waits=waits, filled_lots=filled)
    date = next(row[name] for name in DATES if row.get(name))
    return OrderReport(
        market.symbol,
        str(row.get("client_order_id") or ""),
        number_of(row["order_id"]),
        status,
        filled,
        ns_of_iso(date, "time"),
        Source.QUERY,
        reason_of(row.get("cancel_message"), status),
        market.lots_of(terms.get("base_size")),
        market.nearest_ticks(terms.get("limit_price")),
        trigger,
    )


def pushed_report(market: Market, row: Mapping[str, Any], at_ns: int) -> OrderReport:
    """Return an order as the stream tells it; of one that ended it need not tell what was left."""
    filled = market.lots_of(row["cumulative_quantity"])
    trigger = market.nearest_ticks(row.get("stop_price"))
    waits = bool(trigger) and row.get("trigger_status") == "STOP_PENDING"
    status = status_of(row["status"], waits=waits, filled_lots=filled)
    left = market.lots_of(row.get("leaves_quantity"))
    return OrderReport(
        market.symbol,
        str(row.get("client_order_id") or ""),
        number_of(row["order_id"]),
        status,
        filled,
        at_ns,
        Source.STREAM,
        reason_of(row.get("cancel_reason"), status),
        filled + left if left > 0 else 0,
        market.nearest_ticks(row.get("limit_price")),
        trigger,
    )


def fill_of(products: Products, row: Mapping[str, Any], client_id: str) -> Fill | None:
    """Return a fill; None for one of a product that is not known. Fees are in quote."""
    market = products.find(row["product_id"])
    if market is None:
        return None
    size = number(row["size"])
    if row.get("size_in_quote"):  # of an order that was sized by money
        lots = round(size / number(row["price"]) / market.lot)
    else:
        lots = market.lots_of(row["size"])
    return Fill(
        trade_id=number_of(row["entry_id"]),
        order_id=number_of(row["order_id"]),
        client_id=client_id,
        account=0,
        symbol=market.symbol,
        side=SIDES[row["side"]],
        position_side=PositionSide.BOTH,
        price_ticks=market.nearest_ticks(row["price"]),
        qty_lots=lots,
        is_maker=row.get("liquidity_indicator") == "MAKER",
        fee_asset=market.quote,
        fee_atoms=fee_atoms(row["commission"]),
        realised_atoms=0,
        at_ns=ns_of_iso(row["trade_time"], "trade_time"),
    )
