"""Words of Binance USD-M: orders, algo orders, fills and positions as JSON.

An order that waits for its price is an algo order: its `algoId` is `ALGO_BASE` plus the number that
the order in the book will have. It becomes an order, and is seen as one, when it triggers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    CONDITIONAL,
    PRICED,
    TERMINAL,
    EndReason,
    OrderKind,
    OrderStatus,
    PositionSide,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.simulated.engine.profile import digits_of
from ballast.venues.simulated.fronts.numbers import Steps, fixed, ratio, scaled_text

if TYPE_CHECKING:
    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.profile import Listing

NS_MS = 1_000_000
DIGITS = 8
AVERAGE_DIGITS = 5
ALGO_BASE = 4_000_000_000_000
"""First of the numbers of algo orders; the engine's own stay far below."""
STATUS = {
    OrderStatus.PENDING: "NEW",
    OrderStatus.UNTRIGGERED: "NEW",
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELLED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "REJECTED",
}
ALGO_KINDS = {
    "STOP_MARKET": OrderKind.STOP_MARKET,
    "STOP": OrderKind.STOP_LIMIT,
    "TAKE_PROFIT_MARKET": OrderKind.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT_LIMIT,
    "TRAILING_STOP_MARKET": OrderKind.TRAILING_STOP,
}
ALGO_WORDS = {kind: word for word, kind in ALGO_KINDS.items()}
SELF_TRADE = {
    "NONE": SelfTrade.NONE,
    "EXPIRE_TAKER": SelfTrade.CANCEL_TAKER,
    "EXPIRE_MAKER": SelfTrade.CANCEL_MAKER,
    "EXPIRE_BOTH": SelfTrade.CANCEL_BOTH,
}
SELF_TRADE_WORDS = {mode: word for word, mode in SELF_TRADE.items()}
WORKING = {"CONTRACT_PRICE": TriggerBy.LAST, "MARK_PRICE": TriggerBy.MARK}
TIFS = {TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK", TimeInForce.GTD: "GTD"}
NEVER_SENT = frozenset({EndReason.INSUFFICIENT, EndReason.POSITION_CLOSED})
"""Why an order that triggered did not reach the book."""


def is_algo(order: Order) -> bool:
    """Tell whether an order was placed as an algo order."""
    return order.request.kind in CONDITIONAL


def is_sent(order: Order) -> bool:
    """Tell whether there is an order: a conditional one is none before its price has come."""
    if not is_algo(order):
        return True
    failed = order.status in TERMINAL and not order.filled_lots and order.reason in NEVER_SENT
    return order.triggered_ns > 0 and not failed


def algo_status(order: Order) -> str:
    """Return where an algo order stands."""
    if is_sent(order):
        return "FINISHED" if order.status in TERMINAL else "TRIGGERED"
    if order.triggered_ns:
        return "REJECTED"
    return {"CANCELED": "CANCELED", "NEW": "NEW"}.get(STATUS[order.status], "EXPIRED")


def is_reducing(order: Order) -> bool:
    """Tell whether an order only reduces: said so, or the closing side of a hedged position."""
    asked = order.request
    if asked.position_side is PositionSide.BOTH:
        return asked.reduce_only or asked.close_position
    return (asked.position_side is PositionSide.LONG) != (asked.side is Side.BUY)


def own_id(order: Order) -> str:
    """Return the owner's id of an order; the venue itself makes those that liquidate."""
    return order.request.client_id or f"autoclose-{order.order_id}"


class UsdmWords:
    """Prints in the units of one exchange."""

    def __init__(self, market: Exchange) -> None:
        """Print in the units of its listings."""
        self.market = market
        listings = market.listings.values()
        self._digits = {one.symbol: digits_of(one.tick) for one in listings}
        self._prices = {one.symbol: Steps(one.tick, digits_of(one.tick)) for one in listings}
        sizes = {one.symbol: one.lot * one.contract for one in listings}
        self._qtys = {name: Steps(size, digits_of(size)) for name, size in sizes.items()}
        self._values = {
            one.symbol: Steps(
                one.tick * sizes[one.symbol],
                digits_of(one.tick) + digits_of(sizes[one.symbol]),
            )
            for one in listings
        }

    def listing(self, symbol: str) -> Listing:
        """Return a listing."""
        return self.market.listings[symbol]

    def price_digits(self, symbol: str) -> int:
        """Return the decimals a price has."""
        return self._digits[symbol]

    def price(self, symbol: str, ticks: int) -> str:
        """Print a price."""
        return self._prices[symbol].text(ticks)

    def qty(self, symbol: str, lots: int) -> str:
        """Print a quantity in base units."""
        return self._qtys[symbol].text(lots)

    def quote(self, symbol: str, value: int) -> str:
        """Print ticks times lots in quote."""
        return self._values[symbol].text(value)

    def money(self, asset: str, atoms: int) -> str:
        """Print an amount of an asset."""
        return fixed(self.market.amount(asset, atoms), DIGITS)

    def worth(self, symbol: str, value: int) -> Decimal:
        """Return ticks times lots in quote."""
        one = self.listing(symbol)
        return one.tick * one.lot * one.contract * value

    def average(self, order: Order) -> str:
        """Print the average price of an order's fills."""
        tick = self.listing(order.request.symbol).tick
        return ratio(order.value, order.filled_lots, tick, AVERAGE_DIGITS)

    @staticmethod
    def status(order: Order) -> str:
        """Return where an order stands."""
        if order.status is OrderStatus.EXPIRED and order.reason is EndReason.SELF_TRADE:
            return "EXPIRED_IN_MATCH"
        return STATUS[order.status]

    def self_trade(self, order: Order) -> str:
        """Return what happens when the order would meet one of its own account."""
        mode = order.request.self_trade
        return SELF_TRADE_WORDS[self.market.profile.self_trade if mode is None else mode]

    @staticmethod
    def tif(order: Order) -> str:
        """Return how long an order stays; post-only is a time in force here."""
        if order.request.post_only:
            return "GTX"
        return TIFS.get(order.request.tif, "GTC")

    def order(self, order: Order) -> dict[str, Any]:
        """Return an order; one that triggered is of the type that went to the book."""
        asked = order.request
        symbol = asked.symbol
        kind = "LIMIT" if asked.kind in PRICED else "MARKET"
        return {
            "orderId": order.order_id,
            "symbol": symbol,
            "status": self.status(order),
            "clientOrderId": own_id(order),
            "price": self.price(symbol, asked.price_ticks if kind == "LIMIT" else 0),
            "avgPrice": self.average(order),
            "origQty": self.qty(symbol, asked.qty_lots),
            "executedQty": self.qty(symbol, order.filled_lots),
            "cumQty": self.qty(symbol, order.filled_lots),
            "cumQuote": self.quote(symbol, order.value),
            "timeInForce": self.tif(order),
            "type": kind,
            "reduceOnly": is_reducing(order),
            "closePosition": asked.close_position,
            "side": asked.side.name,
            "positionSide": asked.position_side.name,
            "stopPrice": self.price(symbol, 0),
            "workingType": "CONTRACT_PRICE",
            "priceProtect": False,
            "origType": kind,
            "priceMatch": "NONE",
            "selfTradePreventionMode": self.self_trade(order),
            "goodTillDate": asked.expire_ns // NS_MS,
            "time": (order.triggered_ns or order.created_ns) // NS_MS,
            "updateTime": order.updated_ns // NS_MS,
        }

    def acknowledged(self, order: Order, answer: str) -> dict[str, Any]:
        """Return the answer to a new order: an ACK does not say what it has traded already."""
        whole = self.order(order)
        del whole["time"]
        if answer == "ACK":
            nothing = self.qty(order.request.symbol, 0)
            whole |= {"status": "NEW", "executedQty": nothing, "cumQty": nothing}
            whole |= {"avgPrice": "0.00", "cumQuote": self.quote(order.request.symbol, 0)}
        return whole

    def algo(self, order: Order, *, is_protected: bool) -> dict[str, Any]:
        """Return an algo order."""
        asked = order.request
        symbol, sent = asked.symbol, is_sent(order)
        trails = asked.kind is OrderKind.TRAILING_STOP
        trigger = order.stop_ticks if trails else asked.trigger_ticks
        wholly = 0 if asked.close_position else asked.qty_lots
        return {
            "algoId": ALGO_BASE + order.order_id,
            "clientAlgoId": asked.client_id,
            "algoType": "CONDITIONAL",
            "orderType": ALGO_WORDS[asked.kind],
            "symbol": symbol,
            "side": asked.side.name,
            "positionSide": asked.position_side.name,
            "timeInForce": self.tif(order),
            "quantity": self.qty(symbol, wholly),
            "algoStatus": algo_status(order),
            "actualOrderId": str(order.order_id) if sent else "",
            "actualPrice": self.average(order),
            "actualQty": self.qty(symbol, order.filled_lots),
            "triggerPrice": self.price(symbol, trigger),
            "price": self.price(symbol, asked.price_ticks if asked.kind in PRICED else 0),
            "icebergQuantity": None,
            "tpTriggerPrice": self.price(symbol, 0),
            "tpPrice": self.price(symbol, 0),
            "slTriggerPrice": self.price(symbol, 0),
            "slPrice": self.price(symbol, 0),
            "tpOrderType": "",
            "selfTradePreventionMode": self.self_trade(order),
            "workingType": "MARK_PRICE" if asked.trigger_by is TriggerBy.MARK else
            "CONTRACT_PRICE",
            "priceMatch": "NONE",
            "closePosition": asked.close_position,
            "priceProtect": is_protected,
            "reduceOnly": is_reducing(order),
            "activatePrice": self.price(symbol, asked.activation_ticks) if trails else "",
            "callbackRate": scaled_text(asked.trail_ppm // 100, 2) if trails else "",
            "createTime": order.created_ns // NS_MS,
            "updateTime": order.updated_ns // NS_MS,
            "triggerTime": order.triggered_ns // NS_MS,
            "goodTillDate": asked.expire_ns // NS_MS,
        }  # fmt: skip

    def fill(self, fill: Fill) -> dict[str, Any]:
        """Return a trade of the account."""
        symbol, quote = fill.symbol, self.listing(fill.symbol).quote
        return {
            "symbol": symbol,
            "id": fill.trade_id,
            "orderId": fill.order_id,
            "side": fill.side.name,
            "price": self.price(symbol, fill.price_ticks),
            "qty": self.qty(symbol, fill.qty_lots),
            "realizedPnl": self.money(quote, fill.realised_atoms),
            "quoteQty": self.quote(symbol, fill.price_ticks * fill.qty_lots),
            "commission": self.money(fill.fee_asset, fill.fee_atoms),
            "commissionAsset": fill.fee_asset,
            "time": fill.at_ns // NS_MS,
            "positionSide": fill.position_side.name,
            "buyer": fill.side is Side.BUY,
            "maker": fill.is_maker,
        }


def rate(ppm: int) -> str:
    """Print a fee rate."""
    return scaled_text(ppm, 6)


def rate_e9(value: int) -> str:
    """Print a funding rate."""
    return fixed(Decimal(value).scaleb(-9), DIGITS)
