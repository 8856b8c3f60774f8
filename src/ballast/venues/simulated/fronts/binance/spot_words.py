"""Words of Binance spot: orders, fills and balances as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    EndReason,
    ListKind,
    OrderKind,
    OrderRef,
    OrderStatus,
    Side,
    TimeInForce,
)
from ballast.venues.simulated.fronts.numbers import Steps, fixed, scaled_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.events import Amount, ListChanged
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.profile import Listing

NS_MS = 1_000_000
DIGITS = 8
ZERO = "0.00000000"
STATUS = {
    OrderStatus.PENDING: "PENDING_NEW",
    OrderStatus.UNTRIGGERED: "NEW",
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELLED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "REJECTED",
}
KINDS = {
    OrderKind.MARKET: "MARKET",
    OrderKind.LIMIT: "LIMIT",
    OrderKind.STOP_MARKET: "STOP_LOSS",
    OrderKind.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderKind.TAKE_PROFIT_MARKET: "TAKE_PROFIT",
    OrderKind.TAKE_PROFIT_LIMIT: "TAKE_PROFIT_LIMIT",
    OrderKind.TRAILING_STOP: "STOP_LOSS",
}
WAITING = frozenset({OrderStatus.PENDING, OrderStatus.UNTRIGGERED})
TIFS = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}


def amount(value: Decimal) -> str:
    """Print with the eight decimals that spot always has."""
    return fixed(value, DIGITS)


def kind_of(order: Order) -> str:
    """Return Binance's name for the kind of an order."""
    if order.request.kind is OrderKind.LIMIT and order.request.post_only:
        return "LIMIT_MAKER"
    return KINDS[order.request.kind]


def steps(step: Decimal) -> Steps:
    """Return what prints counts of a step with spot's decimals."""
    return Steps(step, DIGITS)


class Words:
    """Prints orders and fills of one exchange."""

    def __init__(self, exchange: Exchange, list_of: Callable[[int], ListChanged | None]) -> None:
        """Print in the units of its listings; `list_of` knows the order lists by number."""
        self._exchange = exchange
        self._list_of = list_of
        listings = exchange.listings.values()
        self._prices = {one.symbol: steps(one.tick) for one in listings}
        self._qtys = {one.symbol: steps(one.lot) for one in listings}
        self._values = {one.symbol: steps(one.tick * one.lot) for one in listings}
        assets = {asset for one in listings for asset in (one.base, one.quote)}
        self._atoms = {asset: steps(exchange.amount(asset, 1)) for asset in assets}

    def listing(self, symbol: str) -> Listing:
        """Return a listing."""
        return self._exchange.listings[symbol]

    @staticmethod
    def price_digits(_symbol: str) -> int:
        """Return the decimals a price has."""
        return DIGITS

    def price(self, symbol: str, ticks: int) -> str:
        """Print a price."""
        return self._prices[symbol].text(ticks)

    def qty(self, symbol: str, lots: int) -> str:
        """Print a quantity."""
        return self._qtys[symbol].text(lots)

    def money(self, asset: str, atoms: int) -> str:
        """Print an amount of an asset."""
        return self._atoms[asset].text(atoms)

    def quote(self, symbol: str, value: int) -> str:
        """Print ticks times lots in quote."""
        return self._values[symbol].text(value)

    def status(self, order: Order) -> str:
        """Return Binance's name for where an order stands."""
        if order.status is OrderStatus.EXPIRED and order.reason is EndReason.SELF_TRADE:
            return "EXPIRED_IN_MATCH"
        if order.reason is EndReason.LIST and self._gave_way(order):
            return "EXPIRED"
        return STATUS[order.status]

    def _gave_way(self, order: Order) -> bool:
        """Tell whether a leg ended because the other one of its pair began."""
        for number in self._companions(order):
            other = self._exchange.order(order.account, OrderRef(order.request.symbol, number))
            if other is not None and other.list_id == order.list_id:
                return bool(other.filled_lots or other.triggered_ns)
        return False

    def _companions(self, order: Order) -> Sequence[int]:
        """Return the other leg of the pair that an order is of."""
        known = self._list_of(order.list_id)
        if known is None:  # not told yet, or forgotten: legs are a number apart
            return order.order_id - 1, order.order_id + 1
        legs = known.order_ids[1:] if known.kind is ListKind.BRACKET else known.order_ids
        return [one for one in legs if one != order.order_id and order.order_id in legs]

    def order(self, order: Order) -> dict[str, Any]:
        """Return what a query of an order answers."""
        asked = order.request
        symbol = asked.symbol
        return {
            "symbol": symbol,
            "orderId": order.order_id,
            "orderListId": order.list_id or -1,
            "clientOrderId": asked.client_id,
            "price": self.price(symbol, asked.price_ticks if kind_of(order) != "MARKET" else 0),
            "origQty": self.qty(symbol, asked.qty_lots or order.filled_lots),
            "executedQty": self.qty(symbol, order.filled_lots),
            "cummulativeQuoteQty": self.quote(symbol, order.value),
            "status": self.status(order),
            "timeInForce": TIFS.get(asked.tif, "GTC"),
            "type": kind_of(order),
            "side": asked.side.name,
            "stopPrice": self.price(symbol, asked.trigger_ticks),
            "icebergQty": self.qty(symbol, asked.display_lots),
            "time": order.created_ns // NS_MS,
            "updateTime": order.updated_ns // NS_MS,
            "isWorking": order.status not in WAITING,
            "workingTime": self._working_ms(order),
            "origQuoteOrderQty": self.money(self.listing(symbol).quote, asked.quote_atoms),
            "selfTradePreventionMode": "NONE",
        }

    @staticmethod
    def _working_ms(order: Order) -> int:
        if order.status in WAITING:
            return -1
        return (order.triggered_ns or order.created_ns) // NS_MS

    def acknowledged(self, order: Order, at_ns: int, kind: str, fills: Sequence[Fill]) -> Any:  # noqa: ANN401
        """Return the answer to a new order: ACK, RESULT or FULL."""
        whole = self.order(order)
        short = {
            name: whole[name] for name in ("symbol", "orderId", "orderListId", "clientOrderId")
        }
        short["transactTime"] = at_ns // NS_MS
        if kind == "ACK":
            return short
        names = (
            "price", "origQty", "executedQty", "origQuoteOrderQty", "cummulativeQuoteQty",
            "status", "timeInForce", "type", "side", "workingTime", "selfTradePreventionMode",
        )  # fmt: skip
        result = {**short, **{name: whole[name] for name in names}}
        if order.request.trigger_ticks:
            result["stopPrice"] = whole["stopPrice"]
        if kind == "FULL":
            result["fills"] = [
                {
                    "price": self.price(fill.symbol, fill.price_ticks),
                    "qty": self.qty(fill.symbol, fill.qty_lots),
                    "commission": self.money(fill.fee_asset, fill.fee_atoms),
                    "commissionAsset": fill.fee_asset,
                    "tradeId": fill.trade_id,
                }
                for fill in fills
            ]
        return result

    def cancelled(self, order: Order, client_id: str, at_ns: int) -> dict[str, Any]:
        """Return the answer to a cancel: `clientOrderId` is the cancel's own, as on the venue."""
        whole = self.order(order)
        names = (
            "price", "origQty", "executedQty", "origQuoteOrderQty", "cummulativeQuoteQty",
            "status", "timeInForce", "type", "side", "selfTradePreventionMode",
        )  # fmt: skip
        answer = {
            "symbol": order.request.symbol,
            "origClientOrderId": order.request.client_id,
            "orderId": order.order_id,
            "orderListId": order.list_id or -1,
            "clientOrderId": client_id,
            "transactTime": at_ns // NS_MS,
            **{name: whole[name] for name in names},
        }
        if order.request.trigger_ticks:
            answer["stopPrice"] = whole["stopPrice"]
        return answer

    def fill(self, fill: Fill) -> dict[str, Any]:
        """Return a trade of the account."""
        symbol = fill.symbol
        return {
            "symbol": symbol,
            "id": fill.trade_id,
            "orderId": fill.order_id,
            "orderListId": -1,
            "price": self.price(symbol, fill.price_ticks),
            "qty": self.qty(symbol, fill.qty_lots),
            "quoteQty": self.quote(symbol, fill.price_ticks * fill.qty_lots),
            "commission": self.money(fill.fee_asset, fill.fee_atoms),
            "commissionAsset": fill.fee_asset,
            "time": fill.at_ns // NS_MS,
            "isBuyer": fill.side is Side.BUY,
            "isMaker": fill.is_maker,
            "isBestMatch": True,
        }

    def balance(self, one: Amount) -> tuple[str, str]:
        """Return free and locked."""
        return self.money(one.asset, one.free_atoms), self.money(one.asset, one.locked_atoms)


def rate(ppm: int) -> str:
    """Print a fee rate."""
    return scaled_text(ppm * 100, DIGITS)
