"""Words: how Kraken prints orders and fills by REST: numbers are texts with a pair's decimals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    TERMINAL,
    EndReason,
    OrderKind,
    OrderStatus,
    Side,
    TimeInForce,
)
from ballast.venues.simulated.fronts.kraken import names
from ballast.venues.simulated.fronts.kraken.encoding import number, seconds
from ballast.venues.simulated.fronts.numbers import fixed

if TYPE_CHECKING:
    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.fronts.kraken.memory import Memory
    from ballast.venues.simulated.fronts.kraken.names import Pair, Pairs

KINDS = {
    OrderKind.MARKET: "market",
    OrderKind.LIMIT: "limit",
    OrderKind.STOP_MARKET: "stop-loss",
    OrderKind.STOP_LIMIT: "stop-loss-limit",
    OrderKind.TAKE_PROFIT_MARKET: "take-profit",
    OrderKind.TAKE_PROFIT_LIMIT: "take-profit-limit",
    OrderKind.TRAILING_STOP: "trailing-stop",
}
ENDED = {OrderStatus.FILLED: "closed", OrderStatus.EXPIRED: "expired"}
REASONS = {
    EndReason.REQUESTED: "User requested",
    EndReason.REPLACED: "Order replaced",
    EndReason.IMMEDIATE_OR_CANCEL: "IOC order",
    EndReason.POST_ONLY: "Post only order",
    EndReason.SELF_TRADE: "Self trade prevention",
    EndReason.COUNTDOWN: "Cancel all orders after",
    EndReason.INSUFFICIENT: "Insufficient funds",
    EndReason.NO_LIQUIDITY: "Insufficient liquidity",
    EndReason.DELISTED: "Market closed",
}
POSITION = "TKH2SE-M7IF5-CFI7LT"
"""The position a trade belongs to: of spot there is none, and the venue names one all the same."""


def side_of(side: Side) -> str:
    """Return the word for a side."""
    return "buy" if side is Side.BUY else "sell"


def fill_number(fill: Fill) -> int:
    """Return the number of a fill's id: two of one trade may be of one account."""
    return 2 * fill.trade_id + fill.is_maker


class Words:
    """Prints orders and fills of one exchange."""

    def __init__(self, exchange: Exchange, pairs: Pairs, memory: Memory) -> None:
        """Print in the units of its listings."""
        self._exchange = exchange
        self._pairs = pairs
        self._memory = memory

    def money(self, asset: str, atoms: int) -> str:
        """Print an amount of an asset."""
        return fixed(self._exchange.amount(asset, atoms), self._pairs.digits[asset])

    def kind_of(self, order: Order) -> str:
        """Return the venue's name for the kind of an order."""
        return self._memory.note(order.order_id).order_type or KINDS[order.request.kind]

    def status(self, order: Order) -> str:
        """Return where an order stands: a cut-off IOC and a countdown are cancels."""
        if order.status not in TERMINAL:
            return "open"
        if order.status is OrderStatus.EXPIRED and order.reason is not EndReason.DEADLINE:
            return "canceled"
        return ENDED.get(order.status, "canceled")

    def reason(self, order: Order) -> str:
        """Return why an order ended, empty for one that is open or filled."""
        return REASONS.get(order.reason, "")

    def prices(self, order: Order) -> tuple[str, str]:
        """Return the first and the second price as they were asked for: a trigger goes first."""
        asked, pair = order.request, self._pairs.of(order.request.symbol)
        limit = pair.price(asked.price_ticks) if asked.price_ticks else "0"
        if order.request.kind is OrderKind.TRAILING_STOP:
            return self._memory.note(order.order_id).trails, "0"
        if asked.trigger_ticks:
            return pair.price(asked.trigger_ticks), limit
        return ("0" if asked.kind is OrderKind.MARKET else limit), "0"

    def described(self, order: Order) -> dict[str, str]:
        """Return what an order is, in words and in fields."""
        asked, pair = order.request, self._pairs.of(order.request.symbol)
        price, price2 = self.prices(order)
        volume = self._memory.note(order.order_id).cost or pair.volume(asked.qty_lots)
        return description(pair, asked.side, volume, self.kind_of(order), price, price2)

    def order(self, order: Order, *, trades: bool = False) -> dict[str, Any]:
        """Return what a query of an order answers."""
        asked, pair = order.request, self._pairs.of(order.request.symbol)
        note, paid = self._memory.note(order.order_id), self._memory.paid(order.order_id)
        lots = asked.qty_lots or order.filled_lots
        row: dict[str, Any] = {
            "refid": None,
            "userref": number(note.userref) if note.userref else None,
            "status": self.status(order),
            "opentm": seconds(order.created_ns),
            "starttm": 0,
            "expiretm": seconds(asked.expire_ns) if asked.tif is TimeInForce.GTD else 0,
            "descr": self.described(order),
            "vol": note.cost or pair.volume(lots),
            "vol_exec": pair.volume(order.filled_lots),
            "cost": pair.cost(order.value),
            "fee": self.money(pair.listing.quote, paid.fee_atoms),
            "price": pair.average(order.value, order.filled_lots),
            "stopprice": pair.price(order.stop_ticks),
            "limitprice": pair.price(asked.price_ticks if order.triggered_ns else 0),
            "misc": "",
            "oflags": ",".join(note.flags),
        }
        if asked.client_id:
            row["cl_ord_id"] = asked.client_id
        if asked.display_lots:
            row["display_volume"] = pair.volume(asked.display_lots)
        if asked.trigger_ticks or asked.kind is OrderKind.TRAILING_STOP:
            row["trigger"] = "last"
        if order.status in TERMINAL:
            row["closetm"] = seconds(order.updated_ns)
            row["reason"] = self.reason(order) or None
        if trades:
            found = [one for one in self._fills(order) if one.order_id == order.order_id]
            row["trades"] = [names.txid(names.TRADE, fill_number(one)) for one in found]
        return row

    def _fills(self, order: Order) -> list[Fill]:
        first = min(self._memory.paid(order.order_id).trade_ids, default=0)
        return self._exchange.fills(order.account, order.request.symbol, first, 10_000)

    def fill(self, fill: Fill, order: Order | None) -> dict[str, Any]:
        """Return a trade of an account."""
        pair = self._pairs.of(fill.symbol)
        txid = names.txid(names.TRADE, fill_number(fill))
        row = {
            "ordertxid": names.txid(names.ORDER, fill.order_id),
            "postxid": POSITION,
            "pair": pair.key,
            "time": seconds(fill.at_ns),
            "type": side_of(fill.side),
            "ordertype": self.kind_of(order) if order else "limit",
            "price": pair.price(fill.price_ticks),
            "cost": pair.cost(fill.price_ticks * fill.qty_lots),
            "fee": self.money(fill.fee_asset, fill.fee_atoms),
            "vol": pair.volume(fill.qty_lots),
            "margin": pair.cost(0),
            "leverage": "0",
            "misc": "",
            "trade_id": fill.trade_id,
            "maker": fill.is_maker,
            "ledgers": [f"{names.LEDGER}{txid[1:]}"],
        }
        if fill.client_id:
            row["cl_ord_id"] = fill.client_id
        return row


def description(
    pair: Pair, side: Side, volume: str, kind: str, price: str, price2: str
) -> dict[str, str]:
    """Return what an order is, in words and in fields."""
    words = {
        "market": "market",
        "limit": f"limit {price}",
        "iceberg": f"iceberg {price}",
        "stop-loss": f"stop loss {price}",
        "take-profit": f"take profit {price}",
        "stop-loss-limit": f"stop loss {price} -> limit {price2}",
        "take-profit-limit": f"take profit {price} -> limit {price2}",
        "trailing-stop": f"trailing stop {price}",
    }[kind]
    return {
        "pair": pair.altname,
        "type": side_of(side),
        "ordertype": kind,
        "price": price,
        "price2": price2,
        "leverage": "none",
        "order": f"{side_of(side)} {volume} {pair.altname} @ {words}",
        "close": "",
    }
