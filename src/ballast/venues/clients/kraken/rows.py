"""Kraken's orders and trades, as REST tells them, in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import EndReason, Fill, OrderStatus, PositionSide, Side
from ballast.core.reports import OrderReport, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.market import fee_atoms, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.clients.kraken.names import Names

SECOND_NS = 1_000_000_000
CONDITIONAL = frozenset(
    {
        "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit", "trailing-stop",
        "trailing-stop-limit", "touched-market", "touched-limit",
    }
)  # fmt: skip
ENDED = {
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "expired": OrderStatus.EXPIRED,
}
FIRED = ("stopped", "touched")
"""Words of `misc` for an order whose trigger went off."""
REASONS = (
    ("user", EndReason.REQUESTED),
    ("post only", EndReason.POST_ONLY),
    ("ioc", EndReason.IMMEDIATE_OR_CANCEL),
    ("immediate", EndReason.IMMEDIATE_OR_CANCEL),
    ("self trade", EndReason.SELF_TRADE),
    ("insufficient funds", EndReason.INSUFFICIENT),
    ("liquidity", EndReason.NO_LIQUIDITY),
    ("replaced", EndReason.REPLACED),
    ("cancel all orders after", EndReason.COUNTDOWN),
    ("market closed", EndReason.DELISTED),
    ("delist", EndReason.DELISTED),
    ("expired", EndReason.DEADLINE),
)
"""What is found in the text of a reason; the venue does not list them."""
SIDES = {"buy": Side.BUY, "sell": Side.SELL}


def reason_of(text: object, status: OrderStatus) -> EndReason:
    """Return why an order ended, as far as the venue's sentence says it."""
    words = str(text or "").lower()
    found = next((reason for part, reason in REASONS if part in words), EndReason.NONE)
    if found is EndReason.NONE and status is OrderStatus.EXPIRED:
        return EndReason.DEADLINE
    return found


def live_status(*, is_conditional: bool, has_fired: bool, filled_lots: int) -> OrderStatus:
    """Return where an order stands that has not ended."""
    if filled_lots:
        return OrderStatus.PARTIALLY_FILLED
    return OrderStatus.UNTRIGGERED if is_conditional and not has_fired else OrderStatus.NEW


def order_report(
    names: Names, txid: str, row: Mapping[str, Any], asked_ns: int
) -> OrderReport | None:
    """Return an order as asked for at `asked_ns`; None for one of a pair that is not known.

    Raise `OffGridError` for numbers that cannot be.
    """
    said = row["descr"]
    market = names.find(said["pair"])
    if market is None:
        return None
    kind = said["ordertype"]
    filled = market.lots_of(row["vol_exec"])
    ended = ENDED.get(row["status"])
    is_conditional = kind in CONDITIONAL
    fired = number(row.get("limitprice")) > 0 or any(one in row["misc"] for one in FIRED)
    status = ended or live_status(
        is_conditional=is_conditional, has_fired=fired, filled_lots=filled
    )
    in_quote = "viqc" in row["oflags"]
    return OrderReport(
        market.symbol,
        str(row.get("cl_ord_id") or ""),
        number_of(txid),
        status,
        filled,
        nanoseconds(row["closetm"]) if ended and row.get("closetm") else asked_ns,
        Source.QUERY,
        reason_of(row.get("reason"), status) if ended else EndReason.NONE,
        0 if in_quote else market.lots_of(row["vol"]),
        market.nearest_ticks(_plain(said["price2" if is_conditional else "price"])),
        market.nearest_ticks(_plain(said["price"])) if is_conditional else 0,
    )


def fill_of(names: Names, txid: str, row: Mapping[str, Any], client_id: str) -> Fill | None:
    """Return a trade; None for one of a pair that is not known. The fee is told in quote."""
    market = names.find(row["pair"])
    if market is None:
        return None
    return Fill(
        trade_id=number_of(txid),
        order_id=number_of(row["ordertxid"]),
        client_id=str(row.get("cl_ord_id") or client_id),
        account=0,
        symbol=market.symbol,
        side=SIDES[row["type"]],
        position_side=PositionSide.BOTH,
        price_ticks=market.nearest_ticks(row["price"]),
        qty_lots=market.lots_of(row["vol"]),
        is_maker=bool(row.get("maker", False)),
        fee_asset=market.quote,
        fee_atoms=fee_atoms(row["fee"]),
        realised_atoms=0,
        at_ns=nanoseconds(row["time"]),
    )


def nanoseconds(text: object) -> int:
    """Return a time in seconds, as a number or text, in nanoseconds."""
    return int(number(text) * SECOND_NS)


def _plain(text: str) -> str:
    """Return a price without the marks of an offset, which orders of others may have."""
    return text.lstrip("+-#").rstrip("%")
