"""Orders, executions and positions as Bybit prints them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    CONDITIONAL,
    PRICED,
    TERMINAL,
    EndReason,
    MarginMode,
    OrderKind,
    OrderStatus,
    SelfTrade,
    Side,
    TimeInForce,
)
from ballast.venues.simulated.fronts.bybit.call import category_of, wire_name
from ballast.venues.simulated.fronts.bybit.words import (
    POSITION_INDEXES,
    SIDE_WORDS,
    TRIGGER_WORDS,
    average,
    milli,
    order_name,
    rate,
    tier_for,
)
from ballast.venues.simulated.fronts.numbers import shortest

if TYPE_CHECKING:
    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.events import Position
    from ballast.venues.simulated.fronts.bybit.ledger import Ledger, Note
    from ballast.venues.simulated.fronts.bybit.words import Words

STATUS = {
    OrderStatus.PENDING: "Created",
    OrderStatus.UNTRIGGERED: "Untriggered",
    OrderStatus.NEW: "New",
    OrderStatus.PARTIALLY_FILLED: "PartiallyFilled",
    OrderStatus.FILLED: "Filled",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.EXPIRED: "Cancelled",
    OrderStatus.REJECTED: "Rejected",
}
TIF_WORDS = {TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}
SELF_TRADE = {
    "None": SelfTrade.NONE,
    "CancelMaker": SelfTrade.CANCEL_MAKER,
    "CancelTaker": SelfTrade.CANCEL_TAKER,
    "CancelBoth": SelfTrade.CANCEL_BOTH,
}
SELF_TRADE_WORDS = {mode: word for word, mode in SELF_TRADE.items()}
POSITION_STOPS = {
    OrderKind.TAKE_PROFIT_MARKET: "TakeProfit",
    OrderKind.STOP_MARKET: "StopLoss",
    OrderKind.TRAILING_STOP: "TrailingStop",
}
CANCEL_TYPES = {
    EndReason.REQUESTED: "CancelByUser",
    EndReason.REPLACED: "CancelByTpSlTsClear",
    EndReason.POSITION_CLOSED: "CancelByTpSlTsClear",
    EndReason.REDUCE_ONLY: "CancelByReduceOnly",
    EndReason.LIQUIDATION: "CancelByPrepareLiq",
    EndReason.COUNTDOWN: "CancelByDCP",
    EndReason.SELF_TRADE: "CancelBySmp",
    EndReason.DELISTED: "CancelByAdmin",
    EndReason.LIST: "CancelByTpSlTsClear",
}
REJECTS = {
    EndReason.REQUESTED: "EC_PerCancelRequest",
    EndReason.POST_ONLY: "EC_PostOnlyWillTakeLiquidity",
    EndReason.IMMEDIATE_OR_CANCEL: "EC_NoImmediateQtyToFill",
    EndReason.PROTECTION_PRICE: "EC_NoImmediateQtyToFill",
    EndReason.NO_LIQUIDITY: "EC_NoImmediateQtyToFill",
    EndReason.FILL_OR_KILL: "EC_CancelForNoFullFill",
    EndReason.SELF_TRADE: "EC_CancelByMatchValueZero",
    EndReason.INSUFFICIENT: "EC_Others",
}


def status_of(order: Order, category: str) -> str:
    """Return where an order stands, in Bybit's words."""
    if order.status in {OrderStatus.CANCELLED, OrderStatus.EXPIRED}:
        if order.reason is EndReason.INSUFFICIENT:
            return "Rejected"
        if order.request.kind in CONDITIONAL and not order.triggered_ns:
            return "Deactivated"
        if order.filled_lots and category == "spot":
            return "PartiallyFilledCanceled"
    return STATUS[order.status]


def is_rising(order: Order) -> bool:
    """Tell whether a conditional order waits for the price to rise."""
    request = order.request
    if request.trigger_rises is not None:
        return request.trigger_rises
    is_gain = request.kind in {OrderKind.TAKE_PROFIT_MARKET, OrderKind.TAKE_PROFIT_LIMIT}
    return is_gain == (request.side is Side.SELL)


class OrderWords:
    """Prints orders, executions and positions."""

    def __init__(self, words: Words, ledger: Ledger) -> None:
        """Print with these words and what the ledger knows."""
        self._words = words
        self._ledger = ledger

    # Orders ------------------------------------------------------------------------------

    def order(self, order: Order, status: str = "") -> dict[str, Any]:
        """Return an order; `status` names a state that it has left already."""
        request, words = order.request, self._words
        symbol = request.symbol
        listing = words.listing(symbol)
        category = category_of(listing)
        note = self._ledger.note(order.order_id)
        is_open = order.status not in TERMINAL
        value = words.worth(symbol, order.value)
        lots = self._lots(order)
        left = lots - order.filled_lots if is_open else 0
        fees = {asset: words.money(asset, atoms) for asset, atoms in note.fees.items()}
        whole = {
            "category": category,
            "symbol": wire_name(listing),
            "orderId": order_name(listing, order.order_id),
            "orderLinkId": request.client_id,
            "blockTradeId": "",
            "side": SIDE_WORDS[request.side],
            "positionIdx": POSITION_INDEXES[request.position_side],
            "orderStatus": status or status_of(order, category),
            "cancelType": CANCEL_TYPES.get(order.reason, "UNKNOWN") if not is_open else "UNKNOWN",
            "rejectReason": "EC_NoError" if is_open else REJECTS.get(order.reason, "EC_NoError"),
            "timeInForce": _tif(order),
            "isLeverage": "0" if category == "spot" else "",
            "price": words.price(symbol, request.price_ticks) if request.price_ticks else "0",
            "qty": note.asked_qty or words.qty(symbol, lots),
            "avgPrice": words.average(order),
            "leavesQty": words.qty(symbol, left),
            "leavesValue": shortest(words.worth(symbol, left * request.price_ticks)),
            "cumExecQty": words.qty(symbol, order.filled_lots),
            "cumExecValue": shortest(value),
            "cumExecFee": next(iter(fees.values()), "0"),
            "cumFeeDetail": fees,
            "feeCurrency": next(iter(fees), ""),
            "orderType": "Limit" if request.kind in PRICED else "Market",
            "orderIv": "",
            "lastPriceOnCreated": words.maybe_price(symbol, note.reference_ticks),
            "createdTime": milli(order.created_ns),
            "updatedTime": milli(order.updated_ns),
            "smpType": SELF_TRADE_WORDS[request.self_trade or SelfTrade.NONE],
            "smpGroup": 0,
            "smpOrderId": "",
            "placeType": "",
            "closeOnTrigger": request.close_position,
            "reduceOnly": request.reduce_only or request.close_position,
        }
        return whole | self._trigger(order, note) | _attached(words, order, category)

    def _lots(self, order: Order) -> int:
        """Return the quantity; of a stop for the whole position, what that is now."""
        request = order.request
        if request.qty_lots or not request.close_position:
            return request.qty_lots
        held = self._words.market.position(order.account, request.symbol, request.position_side)
        return abs(held.qty_lots)

    def _trigger(self, order: Order, note: Note) -> dict[str, Any]:
        request, words = order.request, self._words
        waits = request.kind in CONDITIONAL
        is_spot = category_of(words.listing(request.symbol)) == "spot"
        ticks = order.stop_ticks or request.trigger_ticks or request.activation_ticks
        fields: dict[str, Any] = {
            "stopOrderType": stop_word(order, note),
            "triggerPrice": words.maybe_price(request.symbol, ticks) if waits else "",
            "triggerDirection": (1 if is_rising(order) else 2) if waits and not is_spot else 0,
            "triggerBy": TRIGGER_WORDS[request.trigger_by] if waits else "",
        }
        if is_spot:
            fields |= {"marketUnit": note.market_unit, "ocoTriggerBy": ""}
        else:
            fields["createType"] = create_word(order, note)
        return fields

    # Executions --------------------------------------------------------------------------

    def execution(self, fill: Fill, order: Order) -> dict[str, Any]:
        """Return a trade of the account, with its order as it was just after."""
        words, request = self._words, order.request
        listing = words.listing(fill.symbol)
        note = self._ledger.note(order.order_id)
        is_spot = category_of(listing) == "spot"
        maker, taker = words.market.fee_rates_ppm(fill.account, fill.symbol)
        left = max(0, request.qty_lots - order.filled_lots)
        create = create_word(order, note)
        is_bust = create == "CreateByLiq"
        mark = 0 if is_spot else words.market.perpetual(fill.symbol).mark_ticks
        whole = {
            "category": category_of(listing),
            "symbol": wire_name(listing),
            "orderId": order_name(listing, fill.order_id),
            "orderLinkId": fill.client_id,
            "side": SIDE_WORDS[fill.side],
            "orderPrice": words.price(fill.symbol, request.price_ticks)
            if request.price_ticks
            else "0",
            "orderQty": words.qty(fill.symbol, request.qty_lots),
            "leavesQty": words.qty(fill.symbol, left),
            "orderType": "Limit" if request.kind in PRICED else "Market",
            "stopOrderType": stop_word(order, note) or "UNKNOWN",
            "execFee": words.money(fill.fee_asset, fill.fee_atoms),
            "feeCurrency": fill.fee_asset,
            "execId": order_name(listing, fill.trade_id),
            "execPrice": words.price(fill.symbol, fill.price_ticks),
            "execQty": words.qty(fill.symbol, fill.qty_lots),
            "execType": "BustTrade" if is_bust else "Trade",
            "execValue": shortest(words.worth(fill.symbol, fill.price_ticks * fill.qty_lots)),
            "execTime": milli(fill.at_ns),
            "isMaker": fill.is_maker,
            "feeRate": rate(0 if is_bust else maker if fill.is_maker else taker),
            "tradeIv": "",
            "markIv": "",
            "markPrice": words.maybe_price(fill.symbol, mark),
            "indexPrice": "",
            "underlyingPrice": "",
            "blockTradeId": "",
            "closedSize": ""
            if is_spot
            else words.qty(fill.symbol, note.closed_lots.get(fill.trade_id, 0)),
            "seq": fill.trade_id,
            "extraFees": "",
            "isLeverage": "0" if is_spot else "",
            "marketUnit": note.market_unit,
            "feeCoin": fill.fee_asset,
        }
        if not is_spot:
            whole |= {
                "createType": create,
                "execPnl": words.money(listing.quote, fill.realised_atoms),
            }
        return whole

    def fast_execution(self, fill: Fill) -> dict[str, Any]:
        """Return a trade as the fast topic has it."""
        listing = self._words.listing(fill.symbol)
        return {
            "category": category_of(listing),
            "symbol": wire_name(listing),
            "execId": order_name(listing, fill.trade_id),
            "execPrice": self._words.price(fill.symbol, fill.price_ticks),
            "execQty": self._words.qty(fill.symbol, fill.qty_lots),
            "orderId": order_name(listing, fill.order_id),
            "isMaker": fill.is_maker,
            "orderLinkId": fill.client_id,
            "side": SIDE_WORDS[fill.side],
            "execTime": milli(fill.at_ns),
            "seq": fill.trade_id,
        }

    # Positions ---------------------------------------------------------------------------

    def position(self, one: Position) -> dict[str, Any]:
        """Return a position, open or empty."""
        words, symbol = self._words, one.symbol
        listing = words.listing(symbol)
        market = words.market
        held = self._ledger.held(one.account, symbol, one.side)
        stops = market.position_stops(one.account, symbol, one.side)
        value = abs(words.worth(symbol, one.qty_lots * one.mark_ticks))
        tier = tier_for(listing, value)
        cost = abs(market.amount(listing.quote, one.cost_atoms))
        needed = initial_margin(words, one)
        entry = average(cost, abs(listing.qty(one.qty_lots) * listing.contract))
        return {
            "positionIdx": POSITION_INDEXES[one.side],
            "riskId": 1 + listing.tiers.index(tier),
            "riskLimitValue": shortest(tier.cap),
            "symbol": wire_name(listing),
            "side": "" if not one.qty_lots else "Buy" if one.qty_lots > 0 else "Sell",
            "size": words.qty(symbol, abs(one.qty_lots)),
            "avgPrice": entry,
            "positionValue": shortest(cost),
            "tradeMode": int(one.margin_mode is MarginMode.ISOLATED),
            "autoAddMargin": 0,
            "positionStatus": "Normal",
            "adlRankIndicator": 2 if one.qty_lots else 0,
            "leverage": str(one.leverage),
            "positionBalance": shortest(needed) if one.qty_lots else "0",
            "markPrice": words.price(symbol, one.mark_ticks),
            "liqPrice": words.maybe_price(symbol, one.liquidation_ticks),
            "bustPrice": "",
            "positionIM": shortest(needed),
            "positionMM": shortest(max(Decimal(0), value * tier.maintenance - tier.deduction)),
            "positionIMByMp": shortest(needed),
            "positionMMByMp": shortest(max(Decimal(0), value * tier.maintenance - tier.deduction)),
            "tpslMode": "Full",
            "takeProfit": words.maybe_price(symbol, stops.take_profit_ticks),
            "stopLoss": words.maybe_price(symbol, stops.stop_loss_ticks),
            "trailingStop": words.price(symbol, stops.trail_ticks) if stops.trail_ticks else "0",
            "activePrice": words.maybe_price(symbol, stops.activation_ticks),
            "sessionAvgPrice": "",
            "unrealisedPnl": words.money(listing.quote, one.unrealised_atoms),
            "curRealisedPnl": words.money(listing.quote, held.present_atoms),
            "cumRealisedPnl": words.money(listing.quote, held.realised_atoms),
            "isReduceOnly": False,
            "mmrSysUpdatedTime": "",
            "leverageSysUpdatedTime": "",
            "seq": -1 if not held.updated_ns else held.updated_ns // 1_000,
            "createdTime": milli(held.created_ns),
            "updatedTime": milli(held.updated_ns),
        }


def initial_margin(words: Words, one: Position) -> Decimal:
    """Return the margin a position needs, or, isolated, has."""
    listing = words.listing(one.symbol)
    if one.margin_mode is MarginMode.ISOLATED:
        return words.market.amount(listing.quote, one.margin_atoms)
    value = abs(words.worth(one.symbol, one.qty_lots * one.mark_ticks))
    return (value / one.leverage).quantize(Decimal("1e-8"))


def stop_word(order: Order, note: Note) -> str:
    """Return `stopOrderType`."""
    if note.stop_word:
        return note.stop_word
    if order.request.close_position:
        return POSITION_STOPS.get(order.request.kind, "Stop")
    return "Stop" if order.request.kind in CONDITIONAL else ""


def create_word(order: Order, note: Note) -> str:
    """Return `createType`: whose will an order of derivatives was."""
    word = stop_word(order, note)
    if word == "Stop":
        return "CreateByStopOrder"
    if word:
        return f"CreateBy{word}"
    return "CreateByUser" if note.is_asked else "CreateByLiq"


def _tif(order: Order) -> str:
    request = order.request
    if request.kind not in PRICED:
        return "IOC" if request.tif is not TimeInForce.FOK else "FOK"
    return "PostOnly" if request.post_only else TIF_WORDS.get(request.tif, "GTC")


def _attached(words: Words, order: Order, category: str) -> dict[str, Any]:
    """Return the stops that came with an order, to be its position's."""
    stops, symbol = order.request.stops, order.request.symbol
    fields: dict[str, Any] = {
        "takeProfit": "", "stopLoss": "", "tpTriggerBy": "", "slTriggerBy": "",
        "tpLimitPrice": "", "slLimitPrice": "",
    }  # fmt: skip
    if category != "spot":
        fields["tpslMode"] = "Full" if stops or order.request.close_position else ""
    if stops is not None and stops.take_profit_ticks:
        fields["takeProfit"] = words.price(symbol, stops.take_profit_ticks)
        fields["tpTriggerBy"] = TRIGGER_WORDS[stops.take_profit_by]
    if stops is not None and stops.stop_loss_ticks:
        fields["stopLoss"] = words.price(symbol, stops.stop_loss_ticks)
        fields["slTriggerBy"] = TRIGGER_WORDS[stops.stop_loss_by]
    return fields
