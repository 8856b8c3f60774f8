"""Forms: what a client may say of an order, and what it means to the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    AmendRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionSide,
    PositionStops,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.simulated.engine.profile import digits_of
from ballast.venues.simulated.fronts.bybit import errors
from ballast.venues.simulated.fronts.bybit.call import category_of
from ballast.venues.simulated.fronts.bybit.errors import Refusal
from ballast.venues.simulated.fronts.bybit.order_words import SELF_TRADE
from ballast.venues.simulated.fronts.bybit.words import (
    POSITIONS,
    SIDES,
    TRIGGERS,
    order_number,
    price_text,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.bybit.call import Call
    from ballast.venues.simulated.fronts.bybit.words import Words

TIFS = {
    "GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK,
    "PostOnly": TimeInForce.GTC,
}  # fmt: skip
TYPES = {"Market": OrderKind.MARKET, "Limit": OrderKind.LIMIT}
FILTERS = {"Order": "", "tpslOrder": "tpslOrder", "StopOrder": "Stop"}
UNITS = {"": "", "baseCoin": "baseCoin", "quoteCoin": "quoteCoin"}
MODES = {"Full": False, "Partial": True}
LINK_MAX = 36
LINK_EXTRA = frozenset("-_")
NOT_HERE = ("slippageTolerance", "slippageToleranceType", "bboSideType", "bboLevel", "orderIv")
"""Known to the venue and not simulated: an order that is taken must mean what it says."""
_WORDS_OF_SPOT = {
    "side": Refusal(170117, "Invalid side."),
    "orderType": Refusal(170116, "Invalid orderType."),
    "timeInForce": Refusal(170115, "Invalid timeInForce."),
}


@dataclass(frozen=True, slots=True)
class Form:
    """A new order: the request, the legs that come with it, and what the ledger should know."""

    listing: Listing
    order: OrderRequest
    legs: tuple[OrderRequest, ...] = ()
    leg_words: tuple[str, ...] = ()
    stop_word: str = ""
    market_unit: str = ""
    asked_qty: str = ""


def new_order(words: Words, call: Call) -> Form:
    """Read a new order; raise a `Refusal` for one that cannot be."""
    category, listing = call.category(), call.listing()
    side: Side = _word(call, "side", SIDES)
    kind: OrderKind = _word(call, "orderType", TYPES)
    for name in NOT_HERE:
        if call.has(name):
            raise errors.bad(f"{name} is not simulated")
    tif_word = call.text("timeInForce", "IOC" if kind is OrderKind.MARKET else "GTC")
    shape: dict[str, Any] = {
        "tif": _word(call, "timeInForce", TIFS, tif_word),
        "post_only": tif_word == "PostOnly" and kind is OrderKind.LIMIT,
        "client_id": link_id(call, "orderLinkId"),
        "self_trade": call.choice("smpType", SELF_TRADE, "None"),
    }
    if kind is OrderKind.LIMIT:
        shape["price_ticks"] = price_ticks(call, listing, "price", is_needed=True)
    elif shape["tif"] is not TimeInForce.FOK:
        shape["tif"] = TimeInForce.GTC  # the engine's market order never rests
    order = OrderRequest(listing.symbol, side, kind, **shape)
    if category == "spot":
        return _spot(words, call, listing, order)
    return _linear(words, call, listing, order)


def _word(call: Call, name: str, among: dict[str, Any], default: str = "") -> Any:  # noqa: ANN401
    word = call.text(name, default)
    if word in among:
        return among[word]
    if call.text("category") == "spot":
        raise _WORDS_OF_SPOT[name]
    raise errors.bad(f"{name[0].upper()}{name[1:]} invalid")


def link_id(call: Call, name: str) -> str:
    """Return a client's id; raise a `Refusal` for one of another form."""
    text = call.text(name)
    legal = all(char.isascii() and (char.isalnum() or char in LINK_EXTRA) for char in text)
    if len(text) > LINK_MAX or not legal:
        raise errors.invalid(name)
    return text


def price_ticks(call: Call, listing: Listing, name: str, *, is_needed: bool = False) -> int:
    """Return a price in ticks, 0 where none was sent; raise a `Refusal` for one off the grid."""
    price = call.maybe_decimal(name)
    if not price:
        if is_needed:
            raise errors.bad(f"{name[0].upper()}{name[1:]} invalid")
        return 0
    ticks = listing.ticks(price)
    if ticks is None and category_of(listing) == "spot":
        raise Refusal(170134, "Order price has too many decimals.")
    if ticks is None:
        raise errors.bad(f"{name[0].upper()}{name[1:]} invalid")
    return ticks


def qty_lots(call: Call, listing: Listing, name: str = "qty") -> int:
    """Return a quantity in lots, 0 where none was sent."""
    qty = call.maybe_decimal(name)
    if not qty:
        return 0
    lots = listing.lots(qty / listing.contract)
    if lots is None and category_of(listing) == "spot":
        raise Refusal(170137, "Order quantity has too many decimals.")
    if lots is None:
        raise errors.bad("Qty invalid")
    return lots


# Spot ----------------------------------------------------------------------------------------


def _spot(words: Words, call: Call, listing: Listing, order: OrderRequest) -> Form:
    if call.whole("isLeverage", 0):
        raise errors.NO_BORROWING
    filtered = call.choice("orderFilter", FILTERS, "Order")
    unit = call.choice("marketUnit", UNITS)
    trigger = price_ticks(call, listing, "triggerPrice")
    if bool(trigger) != bool(filtered):
        raise errors.invalid("triggerPrice" if filtered else "orderFilter")
    asked = ""
    if order.kind is OrderKind.MARKET and (unit or ("" if order.side < 0 else "quoteCoin")) == (
        "quoteCoin"
    ):
        asked = call.text("qty")
        order = replace(order, quote_atoms=_money(words, call, listing))
        if trigger:
            raise errors.bad("A conditional market order is sized in baseCoin here")
    else:
        order = replace(order, qty_lots=_positive_qty(call, listing))
    if trigger:
        last = words.market.last_ticks(listing.symbol)
        order = replace(
            order,
            kind=OrderKind.STOP_LIMIT if order.price_ticks else OrderKind.STOP_MARKET,
            trigger_ticks=trigger,
            trigger_rises=trigger > last,
        )
    legs, leg_words = _legs(call, listing, order)
    if legs and (order.kind is not OrderKind.LIMIT):
        raise Refusal(170130, "Data sent for paramter 'takeProfit' is not valid.")
    return Form(listing, order, legs, leg_words, filtered, unit, asked)


def _money(words: Words, call: Call, listing: Listing) -> int:
    value = call.maybe_decimal("qty")
    if not value:
        raise Refusal(170124, "Order amount invalid.")
    if digits_of(value) > digits_of(listing.tick * listing.lot):
        raise Refusal(170148, "Market order amount decimal too long.")
    return words.market.atoms(listing.quote, value)


def _positive_qty(call: Call, listing: Listing) -> int:
    lots = qty_lots(call, listing)
    if lots:
        return lots
    if category_of(listing) == "spot":
        raise Refusal(170136, "Order quantity lower than the minimum.")
    raise errors.bad("Qty invalid")


# Linear --------------------------------------------------------------------------------------


def _linear(words: Words, call: Call, listing: Listing, order: OrderRequest) -> Form:
    closes = call.flag("closeOnTrigger")
    which = position_side(call)
    order = replace(order, reduce_only=call.flag("reduceOnly") or closes, position_side=which)
    trigger = price_ticks(call, listing, "triggerPrice")
    if trigger:
        order = replace(
            order,
            kind=OrderKind.STOP_LIMIT if order.price_ticks else OrderKind.STOP_MARKET,
            trigger_ticks=trigger,
            trigger_by=call.choice("triggerBy", TRIGGERS, "LastPrice"),
            trigger_rises=_rises(call),
        )
    order = replace(order, qty_lots=_linear_qty(words, call, listing, order, closes=closes))
    if not (call.has("takeProfit") or call.has("stopLoss")):
        return Form(listing, order)
    if order.reduce_only:
        raise Refusal(110057, "Conditional order or limit order contains TP/SL related params")
    _check_sides(words, call, listing, order)
    if not call.choice("tpslMode", MODES, "Full"):
        return Form(listing, replace(order, stops=attached(call, listing)))
    if trigger:
        raise Refusal(110057, "Conditional order or limit order contains TP/SL related params")
    legs, leg_words = _legs(call, listing, order)
    return Form(listing, order, legs, leg_words)


def _linear_qty(
    words: Words, call: Call, listing: Listing, order: OrderRequest, *, closes: bool
) -> int:
    """Return the lots; none at all, with both switches, means the whole position."""
    lots = qty_lots(call, listing)
    is_whole = call.maybe_decimal("qty") == 0 and closes and order.reduce_only
    if lots or not is_whole:
        return lots or _positive_qty(call, listing)
    assert call.key is not None  # noqa: S101 - the route demands a signature
    held = words.market.position(call.account, listing.symbol, order.position_side)
    if held.qty_lots * order.side >= 0:
        raise Refusal(110017, "current position is zero, cannot fix reduce-only order qty")
    return abs(held.qty_lots)


def position_side(call: Call) -> PositionSide:
    """Return which position is meant."""
    which = POSITIONS.get(call.whole("positionIdx", 0))
    if which is None:
        raise errors.POSITION_INDEX
    return which


def _rises(call: Call) -> bool:
    direction = call.whole("triggerDirection", 0)
    if direction not in {1, 2}:
        raise errors.bad("TriggerDirection invalid")
    return direction == 1


def attached(call: Call, listing: Listing) -> PositionStops:
    """Return the stops that an order brings to its position."""
    return PositionStops(
        take_profit_ticks=price_ticks(call, listing, "takeProfit"),
        stop_loss_ticks=price_ticks(call, listing, "stopLoss"),
        take_profit_by=call.choice("tpTriggerBy", TRIGGERS, "LastPrice"),
        stop_loss_by=call.choice("slTriggerBy", TRIGGERS, "LastPrice"),
    )


def _check_sides(words: Words, call: Call, listing: Listing, order: OrderRequest) -> None:
    """Raise a `Refusal` for a gain or a loss on the wrong side of the entry."""
    entry = order.price_ticks or order.trigger_ticks or words.market.last_ticks(listing.symbol)
    check_stop_sides(
        listing, order.side, entry, gain=price_ticks(call, listing, "takeProfit"),
        loss=price_ticks(call, listing, "stopLoss"),
    )  # fmt: skip


def check_stop_sides(listing: Listing, side: Side, base: int, *, gain: int, loss: int) -> None:
    """Raise a `Refusal` unless a gain lies beyond `base`, and a loss before it."""
    word = "Buy" if side > 0 else "Sell"
    for name, ticks, sign in (("TakeProfit", gain, 1), ("StopLoss", loss, -1)):
        if ticks and sign * side * (ticks - base) <= 0:
            should = "higher" if sign * side > 0 else "lower"
            at, entry = _units(listing, ticks), _units(listing, base)
            raise errors.bad(
                f"{name}:{at} set for {word} position should be {should} than "
                f"base_price:{entry}??LastPrice"
            )


def _units(listing: Listing, ticks: int) -> str:
    """Print a price as the venue does in its refusals: in ten-thousandths."""
    price: Decimal = listing.price(ticks) * 10_000
    return price_text(listing, price).partition(".")[0]


# Legs ----------------------------------------------------------------------------------------


def _legs(
    call: Call, listing: Listing, order: OrderRequest
) -> tuple[tuple[OrderRequest, ...], tuple[str, ...]]:
    """Return take-profit and stop-loss of the entry, sized by what it trades."""
    is_spot = category_of(listing) == "spot"
    legs, names = [], []
    for name, short, market, limit in (
        ("takeProfit", "tp", OrderKind.TAKE_PROFIT_MARKET, OrderKind.TAKE_PROFIT_LIMIT),
        ("stopLoss", "sl", OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT),
    ):
        trigger = price_ticks(call, listing, name)
        if not trigger:
            continue
        is_limit = call.choice(f"{short}OrderType", TYPES, "Market") is OrderKind.LIMIT
        legs.append(
            OrderRequest(
                listing.symbol,
                Side(-order.side),
                limit if is_limit else market,
                price_ticks=price_ticks(call, listing, f"{short}LimitPrice", is_needed=True)
                if is_limit
                else 0,
                reduce_only=not is_spot,
                position_side=order.position_side,
                trigger_ticks=trigger,
                trigger_by=TriggerBy.LAST
                if is_spot
                else call.choice(f"{short}TriggerBy", TRIGGERS, "LastPrice"),
            )
        )
        word = "TakeProfit" if short == "tp" else "StopLoss"
        names.append("tpslOrder" if is_spot else f"Partial{word}")
    return tuple(legs), tuple(names)


# Other requests ------------------------------------------------------------------------------


def reference(call: Call, listing: Listing) -> OrderRef:
    """Read which order is meant; `orderId` comes first, as on the venue."""
    name, own = call.text("orderId"), call.text("orderLinkId")
    if not name and not own:
        raise errors.bad("OrderId or orderLinkId is required")
    if name:
        return OrderRef(listing.symbol, order_number(listing, name) or -1)
    return OrderRef(listing.symbol, 0, own)


def amendment(call: Call, listing: Listing) -> AmendRequest:
    """Read what is to be changed of an order."""
    stops = None
    if call.has("takeProfit") or call.has("stopLoss"):
        stops = attached(call, listing)
    return AmendRequest(
        reference(call, listing),
        qty_lots(call, listing),
        price_ticks(call, listing, "price"),
        price_ticks(call, listing, "triggerPrice"),
        stops,
    )
