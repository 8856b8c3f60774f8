"""Words: how Coinbase prints orders, fills and amounts. Numbers are texts without idle zeros."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    CONDITIONAL,
    TERMINAL,
    EndReason,
    OrderKind,
    OrderStatus,
    Side,
    TimeInForce,
)
from ballast.venues.simulated.engine.events import Filled
from ballast.venues.simulated.fronts.coinbase import ids
from ballast.venues.simulated.fronts.coinbase.call import iso
from ballast.venues.simulated.fronts.numbers import ratio, shortest

if TYPE_CHECKING:
    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.profile import Listing

AVERAGE_DIGITS = 16
PPM = 1_000_000
REMEMBERED_MAX = 50_000
"""Orders whose fees are remembered: more than the engine keeps of one account."""
TIFS = {
    TimeInForce.GTC: "GOOD_UNTIL_CANCELLED",
    TimeInForce.GTD: "GOOD_UNTIL_DATE_TIME",
    TimeInForce.IOC: "IMMEDIATE_OR_CANCEL",
    TimeInForce.FOK: "FILL_OR_KILL",
}
LIMITS = {
    TimeInForce.GTC: "limit_limit_gtc",
    TimeInForce.GTD: "limit_limit_gtd",
    TimeInForce.IOC: "sor_limit_ioc",
    TimeInForce.FOK: "limit_limit_fok",
}
TYPES = {OrderKind.MARKET: "MARKET", OrderKind.LIMIT: "LIMIT", OrderKind.STOP_LIMIT: "STOP_LIMIT"}
ENDED = {
    EndReason.REQUESTED: "User requested cancel",
    EndReason.IMMEDIATE_OR_CANCEL: "Immediate or cancel order was not filled in full",
    EndReason.NO_LIQUIDITY: "No liquidity",
    EndReason.FILL_OR_KILL: "Fill or kill order could not be filled in full",
    EndReason.SELF_TRADE: "Self trade prevention",
    EndReason.DELISTED: "Product was delisted",
}


def text(value: Decimal) -> str:
    """Print a number without idle zeros."""
    return shortest(value) if value else "0"


def status_of(order: Order) -> str:
    """Return the venue's status of an order."""
    if order.status not in TERMINAL:
        return "OPEN"
    if order.status is OrderStatus.FILLED:
        return "FILLED"
    if order.status is OrderStatus.REJECTED:
        return "FAILED"
    return "EXPIRED" if order.reason is EndReason.DEADLINE else "CANCELLED"


def tif_of(order: Order) -> str:
    """Return how long an order stays; what is left of a market order is cancelled at once."""
    is_market = order.request.kind is OrderKind.MARKET
    return TIFS[TimeInForce.IOC if is_market else order.request.tif]


def type_of(order: Order) -> str:
    """Return the venue's type of an order."""
    return TYPES.get(order.request.kind, "UNKNOWN_ORDER_TYPE")


@dataclass(slots=True)
class Paid:
    """What the fills of one order cost so far."""

    fee_atoms: int = 0
    count: int = 0
    last_ns: int = 0


@dataclass(slots=True)
class Words:
    """Prints what one exchange knows, and remembers what orders paid."""

    exchange: Exchange
    _paid: dict[int, Paid] = field(default_factory=dict)

    def observe(self, event: Event) -> None:
        """Add up the fees of an order; those of the oldest orders are forgotten."""
        if not isinstance(event, Filled):
            return
        paid = self._paid.setdefault(event.fill.order_id, Paid())
        paid.fee_atoms += event.fill.fee_atoms
        paid.count += 1
        paid.last_ns = event.fill.at_ns
        if len(self._paid) > REMEMBERED_MAX:
            del self._paid[next(iter(self._paid))]

    def price(self, listing: Listing, ticks: int) -> str:
        """Print a price."""
        return text(listing.price(ticks))

    def qty(self, listing: Listing, lots: int) -> str:
        """Print a size in base."""
        return text(listing.qty(lots))

    def worth(self, listing: Listing, value: int) -> Decimal:
        """Return ticks times lots in quote."""
        return listing.tick * listing.lot * value

    def average(self, listing: Listing, order: Order) -> str:
        """Print the average price of an order's fills, 0 without any."""
        if not order.filled_lots:
            return "0"
        return text(Decimal(ratio(order.value, order.filled_lots, listing.tick, AVERAGE_DIGITS)))

    def fees(self, listing: Listing, order: Order) -> Decimal:
        """Return what an order paid in fees, in quote."""
        return self.exchange.amount(listing.quote, self._of(order).fee_atoms)

    def _of(self, order: Order) -> Paid:
        return self._paid.get(order.order_id, Paid())

    def after_fees(self, listing: Listing, order: Order) -> Decimal:
        """Return what an order's fills cost (a buy) or brought (a sell), fees included."""
        fees = self.fees(listing, order)
        return self.worth(listing, order.value) + (fees if order.request.side > 0 else -fees)

    def hold(self, listing: Listing, order: Order) -> Decimal:
        """Return what an open order may still spend: quote with the worst fee, or base."""
        if order.status in TERMINAL:
            return Decimal(0)
        if order.request.side is Side.SELL:
            return listing.qty(order.left_lots)
        rates = self.exchange.fee_rates_ppm(order.account, listing.symbol)
        worth = self.worth(listing, order.left_lots * order.request.price_ticks)
        return worth * (PPM + max(rates)) / PPM

    def percent(self, order: Order) -> str:
        """Print how much of an order has traded."""
        if order.status is OrderStatus.FILLED:
            return "100"
        filled = Decimal(order.filled_lots * 100) / max(order.request.qty_lots, 1)
        return text(filled.quantize(Decimal("0.01")))

    def configuration(self, order: Order) -> dict[str, Any]:
        """Return an order's present terms, as they are written in a request."""
        asked, listing = order.request, self.exchange.listings[order.request.symbol]
        if asked.kind is OrderKind.MARKET:
            if asked.quote_atoms:
                size = self.exchange.amount(listing.quote, asked.quote_atoms)
                return {"market_market_ioc": {"quote_size": text(size)}}
            return {"market_market_ioc": {"base_size": self.qty(listing, asked.qty_lots)}}
        said: dict[str, Any] = {
            "base_size": self.qty(listing, asked.qty_lots),
            "limit_price": self.price(listing, asked.price_ticks),
        }
        if asked.expire_ns:
            said["end_time"] = iso(asked.expire_ns)
        if asked.kind is OrderKind.STOP_LIMIT:
            said["stop_price"] = self.price(listing, asked.trigger_ticks)
            way = "UP" if asked.trigger_rises else "DOWN"
            said["stop_direction"] = f"STOP_DIRECTION_STOP_{way}"
            return {"stop_limit_stop_limit_gtd" if asked.expire_ns else
                    "stop_limit_stop_limit_gtc": said}  # fmt: skip
        if asked.tif in {TimeInForce.GTC, TimeInForce.GTD}:
            said["post_only"] = asked.post_only
        return {LIMITS[asked.tif]: said}

    def trigger_status(self, order: Order) -> str:
        """Return whether an order waits for its price."""
        if order.request.kind not in CONDITIONAL:
            return "INVALID_ORDER_TYPE"
        return "STOP_TRIGGERED" if order.triggered_ns else "STOP_PENDING"

    def order(self, order: Order) -> dict[str, Any]:
        """Return an order as it is asked for."""
        asked, listing = order.request, self.exchange.listings[order.request.symbol]
        paid, is_over = self._of(order), order.status in TERMINAL
        in_quote = bool(asked.quote_atoms)
        return {
            "order_id": ids.order_id(order.order_id),
            "product_id": listing.symbol,
            "user_id": ids.user_id(order.account),
            "order_configuration": self.configuration(order),
            "side": asked.side.name,
            "client_order_id": asked.client_id,
            "status": status_of(order),
            "time_in_force": tif_of(order),
            "created_time": iso(order.created_ns),
            "completion_percentage": self.percent(order),
            "filled_size": self.qty(listing, order.filled_lots),
            "average_filled_price": self.average(listing, order),
            "fee": "",
            "number_of_fills": str(paid.count),
            "filled_value": text(self.worth(listing, order.value)),
            "pending_cancel": False,
            "size_in_quote": in_quote,
            "total_fees": text(self.fees(listing, order)),
            "size_inclusive_of_fees": in_quote,
            "total_value_after_fees": text(self.after_fees(listing, order)),
            "trigger_status": self.trigger_status(order),
            "order_type": type_of(order),
            "reject_reason": "REJECT_REASON_UNSPECIFIED",
            "settled": is_over and bool(order.filled_lots),
            "product_type": "SPOT",
            "reject_message": "",
            "cancel_message": self._end(order),
            "order_placement_source": "RETAIL_ADVANCED",
            "outstanding_hold_amount": text(self.hold(listing, order)),
            "is_liquidation": False,
            "last_fill_time": iso(paid.last_ns) if paid.last_ns else None,
            "edit_history": [],
            "leverage": "",
            "margin_type": "UNKNOWN_MARGIN_TYPE",
            "retail_portfolio_id": ids.portfolio_id(order.account),
            "originating_order_id": "",
            "attached_order_id": "",
            "attached_order_configuration": None,
            "last_update_time": iso(order.updated_ns),
        }

    def _end(self, order: Order) -> str:
        return ENDED.get(order.reason, "") if status_of(order) == "CANCELLED" else ""

    def pushed(self, order: Order) -> dict[str, Any]:
        """Return an order as the user channel tells it."""
        asked, listing = order.request, self.exchange.listings[order.request.symbol]
        is_market = asked.kind is OrderKind.MARKET
        return {
            "avg_price": self.average(listing, order),
            "cancel_reason": self._end(order),
            "client_order_id": asked.client_id,
            "completion_percentage": self.percent(order),
            "contract_expiry_type": "UNKNOWN_CONTRACT_EXPIRY_TYPE",
            "cumulative_quantity": self.qty(listing, order.filled_lots),
            "filled_value": text(self.worth(listing, order.value)),
            "leaves_quantity": self.qty(listing, order.left_lots),
            "limit_price": "0" if is_market else self.price(listing, asked.price_ticks),
            "number_of_fills": str(self._of(order).count),
            "order_id": ids.order_id(order.order_id),
            "order_side": asked.side.name,
            "order_type": {"MARKET": "Market", "LIMIT": "Limit", "STOP_LIMIT": "Stop Limit"}.get(
                type_of(order), ""
            ),
            "outstanding_hold_amount": text(self.hold(listing, order)),
            "post_only": "true" if asked.post_only else "false",
            "product_id": listing.symbol,
            "product_type": "SPOT",
            "reject_reason": "",
            "retail_portfolio_id": ids.portfolio_id(order.account),
            "risk_managed_by": "UNKNOWN_RISK_MANAGEMENT_TYPE",
            "status": status_of(order),
            "stop_price": self.price(listing, asked.trigger_ticks) if asked.trigger_ticks else "",
            "time_in_force": tif_of(order),
            "total_fees": text(self.fees(listing, order)),
            "total_value_after_fees": text(self.after_fees(listing, order)),
            "trigger_status": self.trigger_status(order),
            "creation_time": iso(order.created_ns),
            "end_time": iso(asked.expire_ns) if asked.expire_ns else "0001-01-01T00:00:00Z",
            "start_time": "0001-01-01T00:00:00Z",
        }

    def fill(self, fill: Fill) -> dict[str, Any]:
        """Return a trade of the account."""
        listing = self.exchange.listings[fill.symbol]
        return {
            "entry_id": ids.entry_id(fill),
            "trade_id": ids.trade_id(fill),
            "order_id": ids.order_id(fill.order_id),
            "trade_time": iso(fill.at_ns),
            "trade_type": "FILL",
            "price": self.price(listing, fill.price_ticks),
            "size": self.qty(listing, fill.qty_lots),
            "commission": text(self.exchange.amount(fill.fee_asset, fill.fee_atoms)),
            "product_id": listing.symbol,
            "sequence_timestamp": iso(fill.at_ns),
            "liquidity_indicator": "MAKER" if fill.is_maker else "TAKER",
            "size_in_quote": False,
            "user_id": ids.user_id(fill.account),
            "side": fill.side.name,
            "retail_portfolio_id": ids.portfolio_id(fill.account),
        }
