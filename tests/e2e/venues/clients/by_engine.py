"""Take the steps of a perpetual on the engine itself: what they tell is right before any wire."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    AmendRequest,
    MarginMode,
    Order,
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    PositionMode,
    PositionSide,
    RejectReason,
    Side,
    TimeInForce,
)
from ballast.venues.simulated.engine.outcomes import Accepted, Rejected

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.profile import Listing

KINDS = {
    "LIMIT": OrderKind.LIMIT, "MARKET": OrderKind.MARKET, "STOP": OrderKind.STOP_MARKET,
    "STOP_LIMIT": OrderKind.STOP_LIMIT, "TAKE_PROFIT": OrderKind.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT_LIMIT": OrderKind.TAKE_PROFIT_LIMIT, "TRAILING": OrderKind.TRAILING_STOP,
}  # fmt: skip
STATUS = {
    OrderStatus.UNTRIGGERED: "WAITING",
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
}
REASONS = {
    RejectReason.DUPLICATE_CLIENT_ID: "duplicate",
    RejectReason.UNKNOWN_ORDER: "unknown order",
    RejectReason.REDUCE_ONLY: "reduce only",
    RejectReason.WOULD_TRADE: "would trade",
    RejectReason.WOULD_TRIGGER: "would trigger",
    RejectReason.INSUFFICIENT_MARGIN: "margin",
    RejectReason.QTY_TOO_LARGE: "size",
    RejectReason.PRICE_RANGE: "price",
    RejectReason.MIN_NOTIONAL: "notional",
    RejectReason.POSITION_SIDE: "position side",
    RejectReason.OPEN_ORDERS_OR_POSITION: "busy",
    RejectReason.LEVERAGE: "leverage",
    RejectReason.NO_CHANGE: "no change",
}
CENT = Decimal("0.01")


def text(value: Decimal) -> str:
    """Print without idle zeros."""
    return format(value.normalize(), "f")


class Trader:
    """One account of an exchange in memory."""

    def __init__(self, exchange: Exchange, account: int, listing: Listing) -> None:
        """Trade this listing."""
        self.exchange = exchange
        self.account = account
        self.listing = listing

    def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its reason."""
        told = getattr(self, do.replace(" ", "_"))(values)
        if isinstance(told, Rejected):
            reason = REASONS[told.reason]
            return {"refused": "no order" if do == "amend" else reason}
        if isinstance(told, Accepted):
            return self.told(told.order) if told.orders else {"done": do}
        return told

    def told(self, order: Order) -> dict[str, str]:
        return {
            "id": order.request.client_id,
            "status": STATUS.get(order.status, "ENDED"),
            "filled": text(self.base(order.filled_lots)),
        }

    def base(self, lots: int) -> Decimal:
        return self.listing.lot * self.listing.contract * lots

    def ticks(self, price: str) -> int:
        return int(Decimal(price) / self.listing.tick)

    def lots(self, qty: str) -> int:
        return int(Decimal(qty) / (self.listing.lot * self.listing.contract))

    def ref(self, values: dict[str, str]) -> OrderRef:
        return OrderRef(self.listing.symbol, 0, values["id"])

    def new(self, values: dict[str, str]) -> Any:
        get = values.get
        request = OrderRequest(
            self.listing.symbol,
            Side[values["side"]],
            KINDS[values["type"]],
            qty_lots=self.lots(get("qty", "0")),
            price_ticks=self.ticks(get("price", "0")),
            client_id=values["id"],
            tif=TimeInForce[get("tif", "GTC")],
            post_only="post" in values,
            reduce_only="reduce" in values,
            close_position="close" in values,
            position_side=PositionSide[get("position", "BOTH")],
            trigger_ticks=self.ticks(get("stop", "0")),
            trail_ppm=int(get("trail", "0")) * 10_000,
        )
        return self.exchange.submit(self.account, request)

    def query(self, values: dict[str, str]) -> Any:
        found = self.exchange.order(self.account, self.ref(values))
        return {"refused": "no order"} if found is None else self.told(found)

    def terms(self, values: dict[str, str]) -> Any:
        found = self.exchange.order(self.account, self.ref(values))
        assert found is not None
        asked = found.request
        price = self.listing.price(asked.price_ticks)
        return {"qty": text(self.base(asked.qty_lots)), "price": text(price)}

    def amend(self, values: dict[str, str]) -> Any:
        qty, price = self.lots(values["qty"]), self.ticks(values["price"])
        outcome = self.exchange.amend(self.account, AmendRequest(self.ref(values), qty, price))
        return outcome if isinstance(outcome, Rejected) else {"done": "amend"}

    def cancel(self, values: dict[str, str]) -> Any:
        return self.exchange.cancel(self.account, self.ref(values))

    def cancel_all(self, _values: dict[str, str]) -> Any:
        gone = self.exchange.cancel_all(self.account, self.listing.symbol)
        return {"ids": sorted(one.request.client_id for one in gone.orders)}

    def open_orders(self, _values: dict[str, str]) -> Any:
        found = self.exchange.open_orders(self.account, self.listing.symbol)
        return {"ids": sorted(one.request.client_id for one in found)}

    def all_orders(self, _values: dict[str, str]) -> Any:
        told = [
            self.told(one) for one in self.exchange.orders(self.account, self.listing.symbol, 1_000)
        ]
        return {one["id"]: [one["status"], one["filled"]] for one in told}

    def positions(self, _values: dict[str, str]) -> Any:
        found = []
        for one in self.exchange.positions(self.account):
            cost = self.exchange.amount("USDT", abs(one.cost_atoms))
            entry = (cost / self.base(abs(one.qty_lots))).quantize(CENT)
            side = "LONG" if one.qty_lots > 0 else "SHORT"
            found.append([side, text(self.base(abs(one.qty_lots))), text(entry)])
        return found

    def wallet(self, _values: dict[str, str]) -> Any:
        return {"USDT": text(self.exchange.amount("USDT", self.cash()))}

    def cash(self) -> int:
        """Return the wallet with what lies in isolated positions."""
        lies = sum(one.margin_atoms for one in self.exchange.positions(self.account))
        return self.exchange.balance(self.account, "USDT").total_atoms + lies

    def leverage(self, values: dict[str, str]) -> Any:
        return self.exchange.set_leverage(self.account, self.listing.symbol, int(values["to"]))

    def margin(self, values: dict[str, str]) -> Any:
        mode = MarginMode(values["mode"])
        return self.exchange.set_margin_mode(self.account, self.listing.symbol, mode)

    def margin_of(self, _values: dict[str, str]) -> Any:
        leverage, mode = self.exchange.leverage(self.account, self.listing.symbol)
        return {"mode": mode.value, "leverage": str(leverage)}

    def mode(self, values: dict[str, str]) -> Any:
        mode = PositionMode(values["to"].replace(" ", "_"))
        return self.exchange.set_position_mode(self.account, mode)

    def add_margin(self, values: dict[str, str]) -> Any:
        atoms = self.exchange.atoms("USDT", Decimal(values["amount"]))
        return self.exchange.add_margin(self.account, self.listing.symbol, PositionSide.BOTH, atoms)

    def book(self, _values: dict[str, str]) -> Any:
        bid, ask = self.exchange.best(self.listing.symbol)
        return {"bid": text(self.listing.price(bid)), "ask": text(self.listing.price(ask))}

    streamed_book = book
    streamed_orders = all_orders
    streamed_positions = positions
    streamed_wallet = wallet
