"""Words: how OKX prints orders, fills and amounts. Numbers are texts without idle zeros."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import (
    EndReason,
    MarginMode,
    OrderKind,
    OrderStatus,
    PositionSide,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.simulated.fronts.numbers import ratio, shortest
from ballast.venues.simulated.fronts.okx import ids
from ballast.venues.simulated.fronts.okx.call import type_of
from ballast.venues.simulated.fronts.okx.memory import subtype_of

if TYPE_CHECKING:
    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.okx.memory import Memory

NS_MS = 1_000_000
AVERAGE_DIGITS = 16
MARKET_PX = "-1"
STATES = {
    OrderStatus.NEW: "live",
    OrderStatus.PARTIALLY_FILLED: "partially_filled",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELLED: "canceled",
    OrderStatus.EXPIRED: "canceled",
    OrderStatus.REJECTED: "canceled",
}
SIDES = {Side.BUY: "buy", Side.SELL: "sell"}
POSITION_SIDES = {
    PositionSide.BOTH: "net",
    PositionSide.LONG: "long",
    PositionSide.SHORT: "short",
}
MARGIN_MODES = {MarginMode.CROSS: "cross", MarginMode.ISOLATED: "isolated"}
TRIGGER_BY = {TriggerBy.LAST: "last", TriggerBy.MARK: "mark", TriggerBy.INDEX: "index"}
SELF_TRADE = {
    SelfTrade.CANCEL_TAKER: "cancel_taker",
    SelfTrade.CANCEL_MAKER: "cancel_maker",
    SelfTrade.CANCEL_BOTH: "cancel_both",
}
CANCEL_SOURCES = {
    EndReason.REQUESTED: ("1", "Order canceled by user"),
    EndReason.REPLACED: ("1", "Order canceled by user"),
    EndReason.IMMEDIATE_OR_CANCEL: (
        "14", "Order canceled: IOC order was partially canceled as an incompletely filled order",
    ),
    EndReason.NO_LIQUIDITY: (
        "14", "Order canceled: IOC order was partially canceled as an incompletely filled order",
    ),
    EndReason.FILL_OR_KILL: (
        "13", "Order canceled: FOK order was canceled due to incompletely filled",
    ),
    EndReason.PROTECTION_PRICE: (
        "15", "Order canceled: The order price is beyond the limit",
    ),
    EndReason.POST_ONLY: (
        "31", "The post-only order will take liquidity in taker orders",
    ),
    EndReason.SELF_TRADE: ("32", "Self trade prevention"),
    EndReason.COUNTDOWN: ("20", "Cancel all after triggered"),
    EndReason.REDUCE_ONLY: (
        "23", "Some reduce-only orders were canceled: the position is smaller than they are",
    ),
    EndReason.POSITION_CLOSED: (
        "21", "The TP/SL order was canceled because the position had been closed",
    ),
    EndReason.INSUFFICIENT: ("4", "Order canceled: insufficient margin"),
    EndReason.LIQUIDATION: ("3", "Risk cancellation was triggered"),
    EndReason.LIST: ("17", "The other order of the pair was triggered"),
    EndReason.DEADLINE: ("0", "Order canceled by system"),
    EndReason.DELISTED: ("0", "Order canceled by system"),
}  # fmt: skip


def text(value: Decimal) -> str:
    """Print a number without idle zeros."""
    return shortest(value) if value else "0"


def kind_of(order: Order) -> str:
    """Return OKX's `ordType` of an order."""
    asked = order.request
    if not asked.price_ticks or asked.kind not in {
        OrderKind.LIMIT, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_LIMIT,
    }:  # fmt: skip
        return "market"
    if asked.post_only:
        return "post_only"
    return {TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}.get(asked.tif, "limit")


class Words:
    """Prints what one exchange knows."""

    def __init__(self, exchange: Exchange, memory: Memory) -> None:
        """Print in the units of its listings."""
        self.exchange = exchange
        self.memory = memory

    def listing(self, symbol: str) -> Listing:
        """Return a listing."""
        return self.exchange.listings[symbol]

    def price(self, symbol: str, ticks: int) -> str:
        """Print a price."""
        return text(self.listing(symbol).price(ticks))

    def maybe_price(self, symbol: str, ticks: int) -> str:
        """Print a price, nothing where there is none."""
        return self.price(symbol, ticks) if ticks else ""

    def qty(self, symbol: str, lots: int) -> str:
        """Print a size: contracts of a swap, base units of spot."""
        return text(self.listing(symbol).qty(lots))

    def coins(self, symbol: str, lots: int) -> str:
        """Print a size in base units."""
        listing = self.listing(symbol)
        return text(listing.qty(lots) * listing.contract)

    def worth(self, symbol: str, value: int) -> Decimal:
        """Return ticks times lots in quote."""
        listing = self.listing(symbol)
        return listing.tick * listing.lot * listing.contract * value

    def money(self, asset: str, atoms: int) -> str:
        """Print an amount of an asset."""
        return text(self.exchange.amount(asset, atoms))

    def average(self, symbol: str, value: int, lots: int) -> str:
        """Print `value / lots` ticks, nothing without lots."""
        if not lots:
            return ""
        printed = ratio(value, lots, self.listing(symbol).tick, AVERAGE_DIGITS)
        return text(Decimal(printed))

    def td_mode(self, order: Order) -> str:
        """Return the trade mode of an order."""
        listing = self.listing(order.request.symbol)
        if listing.kind is Kind.SPOT:
            return "cash"
        _, mode = self.exchange.leverage(order.account, listing.symbol)
        return MARGIN_MODES[mode]

    def lever(self, order: Order) -> str:
        """Return the leverage of an order, nothing for spot."""
        if self.listing(order.request.symbol).kind is Kind.SPOT:
            return ""
        return str(self.exchange.leverage(order.account, order.request.symbol)[0])

    def order(self, order: Order) -> dict[str, Any]:
        """Return an order as it is asked for, and as it is pushed."""
        asked, symbol = order.request, order.request.symbol
        note = self.memory.note(order.order_id)
        source, reason = ("", "")
        if STATES.get(order.status) == "canceled":
            source, reason = CANCEL_SOURCES.get(order.reason, ("0", "Order canceled by system"))
        algo = ids.is_algo(order)
        listing = self.listing(symbol)
        return {
            "instType": type_of(listing),
            "instId": symbol,
            "tgtCcy": note.tgt_ccy,
            "ccy": "",
            "tradeQuoteCcy": listing.quote if listing.kind is Kind.SPOT else "",
            "ordId": ids.order_id(order.order_id),
            "clOrdId": ids.own_id(order),
            "tag": note.tag,
            "px": self.maybe_price(symbol, asked.price_ticks) if kind_of(order) != "market" else "",
            "pxUsd": "",
            "pxVol": "",
            "pxType": "",
            "sz": note.sz or self.qty(symbol, asked.qty_lots),
            "ordType": note.ord_type or kind_of(order),
            "side": SIDES[asked.side],
            "posSide": POSITION_SIDES[asked.position_side]
            if listing.kind is Kind.PERPETUAL
            else "net",
            "tdMode": self.td_mode(order),
            "accFillSz": self.qty(symbol, order.filled_lots),
            "avgPx": self.average(symbol, order.value, order.filled_lots),
            "state": STATES.get(order.status, "live"),
            "stpId": "",
            "stpMode": SELF_TRADE.get(asked.self_trade or SelfTrade.NONE, "cancel_maker"),
            "lever": self.lever(order),
            "attachAlgoClOrdId": "",
            "attachAlgoOrds": [dict(one) for one in note.attached],
            "tpTriggerPx": "",
            "tpTriggerPxType": "",
            "tpOrdPx": "",
            "slTriggerPx": "",
            "slTriggerPxType": "",
            "slOrdPx": "",
            "linkedAlgoOrd": {"algoId": ""},
            "source": "7" if algo else "",
            "category": "normal",
            "reduceOnly": "true" if asked.reduce_only or asked.close_position else "false",
            "isTpLimit": "false",
            "quickMgnType": "",
            "cancelSource": source,
            "cancelSourceReason": reason,
            "algoId": str(ids.algo_number(order)) if algo else "",
            "algoClOrdId": ids.algo_own(order),
            "uTime": str(order.updated_ns // NS_MS),
            "cTime": str((order.triggered_ns or order.created_ns) // NS_MS),
            **self._fills(order),
        }

    def _fills(self, order: Order) -> dict[str, Any]:
        """Return what an order's fills cost: charges are negative, rebates positive."""
        symbol = order.request.symbol
        totals = self.memory.of(order.order_id)
        listing = self.listing(symbol)
        buys_spot = listing.kind is Kind.SPOT and order.request.side is Side.BUY
        asset = totals.fee_asset or (listing.base if buys_spot else listing.quote)
        fee, rebate = min(-totals.fee_atoms, 0), max(-totals.fee_atoms, 0)
        return {
            "fillPx": self.maybe_price(symbol, totals.price_ticks),
            "fillSz": self.qty(symbol, totals.qty_lots),
            "fillTime": str(totals.at_ns // NS_MS) if totals.at_ns else "",
            "tradeId": str(totals.trade_id) if totals.trade_id else "",
            "feeCcy": asset,
            "fee": self.money(asset, fee),
            "rebateCcy": asset,
            "rebate": self.money(asset, rebate),
            "pnl": self.money(listing.quote, totals.realised_atoms),
        }

    def fill(self, fill: Fill) -> dict[str, Any]:
        """Return a trade of the account."""
        symbol, listing = fill.symbol, self.listing(fill.symbol)
        perpetual = listing.kind is Kind.PERPETUAL
        at_ms = str(fill.at_ns // NS_MS)
        order_own = "" if fill.client_id.startswith(ids.ALGO_MARK) else fill.client_id
        return {
            "instType": type_of(listing),
            "instId": symbol,
            "tradeId": str(fill.trade_id),
            "ordId": ids.order_id(fill.order_id),
            "clOrdId": order_own,
            "billId": str(ids.fill_bill(fill)),
            "tag": self.memory.note(fill.order_id).tag,
            "fillPx": self.price(symbol, fill.price_ticks),
            "fillSz": self.qty(symbol, fill.qty_lots),
            "fillPnl": self.money(listing.quote, fill.realised_atoms),
            "fillIdxPx": "",
            "fillMarkPx": "",
            "fillPxUsd": "",
            "fillPxVol": "",
            "fillMarkVol": "",
            "fillFwdPx": "",
            "side": SIDES[fill.side],
            "posSide": POSITION_SIDES[fill.position_side] if perpetual else "net",
            "execType": "M" if fill.is_maker else "T",
            "feeCcy": fill.fee_asset,
            "fee": self.money(fill.fee_asset, -fill.fee_atoms),
            "feeRate": "",
            "subType": subtype_of(fill.side, fill.position_side),
            "tradeQuoteCcy": "" if perpetual else listing.quote,
            "ts": at_ms,
            "fillTime": at_ms,
        }
