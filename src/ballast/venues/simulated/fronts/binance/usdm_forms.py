"""Forms of Binance USD-M: what a client may say of an order, and what it means to the engine."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionMode,
    PositionSide,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.simulated.engine.profile import digits_of
from ballast.venues.simulated.fronts.binance import errors, usdm_errors
from ballast.venues.simulated.fronts.binance.errors import Refusal
from ballast.venues.simulated.fronts.binance.usdm_words import ALGO_KINDS, SELF_TRADE, WORKING
from ballast.venues.simulated.fronts.numbers import plain_decimal

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.front import BinanceFront

NS_MS = 1_000_000
TIFS = {
    "GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK,
    "GTX": TimeInForce.GTC, "GTD": TimeInForce.GTD,
}  # fmt: skip
LIMITED = frozenset({"LIMIT", "STOP", "TAKE_PROFIT"})
"""Types that carry a price."""
#  what              must be sent        may not be sent
PLAIN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "LIMIT": (("timeInForce", "quantity"), ("stopPrice", "activationPrice", "callbackRate")),
    "MARKET": (("quantity",), ("timeInForce", "price", "priceMatch", "stopPrice",
                               "activationPrice", "callbackRate", "goodTillDate")),
}  # fmt: skip
ALGO: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "STOP": (("triggerPrice", "quantity"), ("closePosition", "callbackRate", "activatePrice")),
    "TAKE_PROFIT": (
        ("triggerPrice", "quantity"), ("closePosition", "callbackRate", "activatePrice"),
    ),
    "STOP_MARKET": (
        ("triggerPrice",), ("price", "priceMatch", "callbackRate", "activatePrice"),
    ),
    "TAKE_PROFIT_MARKET": (
        ("triggerPrice",), ("price", "priceMatch", "callbackRate", "activatePrice"),
    ),
    "TRAILING_STOP_MARKET": (
        ("callbackRate", "quantity"), ("triggerPrice", "price", "priceMatch", "closePosition"),
    ),
}  # fmt: skip
MATCHES = {
    "OPPONENT": (-1, 1), "OPPONENT_5": (-1, 5), "OPPONENT_10": (-1, 10), "OPPONENT_20": (-1, 20),
    "QUEUE": (1, 1), "QUEUE_5": (1, 5), "QUEUE_10": (1, 10), "QUEUE_20": (1, 20),
}  # fmt: skip
"""Which side of the book a matched price is taken from (1: the order's own), and which level."""
CALLBACK_MIN, CALLBACK_MAX = Decimal("0.1"), Decimal(10)
PERCENT_PPM = 10_000
GOOD_TILL_LEAST_MS, GOOD_TILL_MOST_MS = 600_000, 253_402_300_799_000
CLIENT_ID_MAX = 36
DIGITS_MAX = 8
RESPONSES = frozenset({"ACK", "RESULT"})


def new_order(front: BinanceFront, call: Call) -> tuple[OrderRequest, str]:
    """Read a plain order; return it and the wanted form of the answer."""
    kind = call.given.required("type")
    if kind in ALGO_KINDS:
        raise usdm_errors.ALGO_ONLY
    if kind not in PLAIN:
        raise Refusal(-1116, "Invalid orderType.")
    _check_form(call, *PLAIN[kind])
    if call.given.optional("closePosition") == "true":
        raise sent_in_vain("closePosition")
    call.given.allow("workingType", "priceProtect")
    own = client_id(call, "newClientOrderId") or front.new_client_id()
    shape = _common(front, call, kind)
    made = OrderRequest(
        kind=OrderKind.LIMIT if kind == "LIMIT" else OrderKind.MARKET, client_id=own, **shape
    )
    return made, response_form(call)


def new_algo(front: BinanceFront, call: Call) -> tuple[OrderRequest, bool]:
    """Read a conditional order; return it and whether it asks for price protection."""
    given = call.given
    if given.required("algoType") != "CONDITIONAL":
        raise errors.missing("algoType")
    kind = given.required("type")
    if kind not in ALGO_KINDS:
        raise Refusal(-1116, "Invalid orderType.")
    _check_form(call, *ALGO[kind])
    listing = front.market.listings[call.symbol()]
    closes, protects = flag(call, "closePosition"), flag(call, "priceProtect")
    if closes == given.has("quantity"):
        raise sent_in_vain("quantity") if closes else errors.missing("quantity")
    if closes and given.has("reduceOnly"):
        raise sent_in_vain("reduceOnly")
    own = client_id(call, "clientAlgoId") or front.new_client_id()
    shape = _common(front, call, kind) | _trigger(front, call, listing, kind)
    response_form(call)
    made = OrderRequest(
        kind=ALGO_KINDS[kind], client_id=own, close_position=closes, **shape
    )  # fmt: skip
    return made, protects


def _check_form(call: Call, needed: tuple[str, ...], barred: tuple[str, ...]) -> None:
    for name in needed:
        call.given.required(name)
    for name in barred:
        if call.given.has(name) and call.given.values[name] != "false":
            raise sent_in_vain(name)
    call.given.allow(*barred)


def sent_in_vain(name: str) -> Refusal:
    """Return -1106: a parameter that this order does not take."""
    return Refusal(-1106, f"Parameter '{name}' sent when not required.")


def response_form(call: Call) -> str:
    """Read how much a client wants to be answered."""
    answer = call.given.optional("newOrderRespType") or "ACK"
    if answer not in RESPONSES:
        raise errors.missing("newOrderRespType")
    return answer


def _common(front: BinanceFront, call: Call, kind: str) -> dict[str, Any]:
    """Read what orders of every type say."""
    given, listing = call.given, front.market.listings[call.symbol()]
    side = side_of(call)
    tif_word = given.optional("timeInForce") or "GTC"
    if tif_word not in TIFS:
        raise Refusal(-1115, "Invalid timeInForce.")
    shape: dict[str, Any] = {
        "symbol": listing.symbol,
        "side": side,
        "tif": TIFS[tif_word] if kind in LIMITED else TimeInForce.GTC,
        "post_only": tif_word == "GTX" and kind in LIMITED,
        "self_trade": _self_trade(call),
        "expire_ns": _good_till(call, tif_word) if kind in LIMITED else 0,
        "position_side": position_side(front, call),
    }
    shape["reduce_only"] = flag(call, "reduceOnly")
    if shape["position_side"] is not PositionSide.BOTH and given.has("reduceOnly"):
        raise sent_in_vain("reduceOnly")
    if given.has("quantity"):
        shape["qty_lots"] = lots(call, listing)
    if kind in LIMITED:
        shape["price_ticks"] = _price(front, call, listing, side)
    return shape


def side_of(call: Call) -> Side:
    """Read which way an order trades."""
    side = call.given.required("side")
    if side not in Side.__members__:
        raise Refusal(-1117, "Invalid side.")
    return Side[side]


def position_side(front: BinanceFront, call: Call) -> PositionSide:
    """Read which position is meant; raise a `Refusal` for one that the account's mode lacks."""
    word = call.given.optional("positionSide") or "BOTH"
    if word not in PositionSide.__members__:
        raise Refusal(-4060, "Invalid position side.")
    which = PositionSide[word]
    hedged = front.market.position_mode(call.account) is PositionMode.HEDGE
    if hedged == (which is PositionSide.BOTH):
        raise Refusal(-4061, "Order's position side does not match user's setting.")
    return which


def _self_trade(call: Call) -> SelfTrade | None:
    text = call.given.optional("selfTradePreventionMode")
    if text is None:
        return None
    if text not in SELF_TRADE:
        raise usdm_errors.SELF_TRADE
    return SELF_TRADE[text]


def _good_till(call: Call, tif_word: str) -> int:
    """Read until when a GTD order stays, in ns; the venue counts whole seconds."""
    until_ms = call.maybe_whole("goodTillDate")
    if tif_word != "GTD":
        return 0
    if until_ms is None:
        raise errors.missing("goodTillDate")
    if not call.now_ms + GOOD_TILL_LEAST_MS < until_ms < GOOD_TILL_MOST_MS:
        raise usdm_errors.GOOD_TILL
    return until_ms // 1_000 * 1_000 * NS_MS


def flag(call: Call, name: str) -> bool:
    """Read a switch."""
    text = call.given.optional(name)
    if text is None:
        return False
    word = text.lower()
    if word not in {"true", "false"}:
        raise errors.missing(name)
    return word == "true"


def _number(call: Call, name: str, refusal: Refusal) -> Decimal | None:
    text = call.given.optional(name)
    if text is None:
        return None
    value = plain_decimal(text)
    if value is None:
        raise errors.illegal(name)
    if value <= 0:
        raise refusal
    return value


def ticks(call: Call, listing: Listing, name: str) -> int:
    """Return a price in ticks, 0 where none was sent; raise a `Refusal` for one off the grid."""
    price = _number(call, name, Refusal(-4001, "Price less than or equal to zero."))
    if price is None:
        return 0
    found = listing.ticks(price)
    if found is None:
        raise usdm_errors.PRECISION if digits_of(price) > DIGITS_MAX else usdm_errors.TICK
    return found


def lots(call: Call, listing: Listing) -> int:
    """Return the mandatory quantity in lots; raise a `Refusal` for one off the grid."""
    call.given.required("quantity")
    qty = _number(call, "quantity", Refusal(-4003, "Quantity less than or equal to zero."))
    found = None if qty is None else listing.lots(qty / listing.contract)
    if found is None:
        raise usdm_errors.PRECISION
    return found


def _price(front: BinanceFront, call: Call, listing: Listing, side: Side) -> int:
    """Return the limit, as it was sent or as the book has it."""
    word = call.given.optional("priceMatch")
    if word is None or word == "NONE":
        call.given.required("price")
        return ticks(call, listing, "price")
    if word not in MATCHES:
        raise usdm_errors.PRICE_MATCH
    if call.given.has("price"):
        raise sent_in_vain("price")
    own, level = MATCHES[word]
    view = front.market.book(listing.symbol, level)
    levels = view.bids if side * own > 0 else view.asks
    if len(levels) < level:
        raise usdm_errors.PRICE_MATCH
    return levels[level - 1][0]


def _trigger(front: BinanceFront, call: Call, listing: Listing, kind: str) -> dict[str, Any]:
    """Read what a conditional order waits for."""
    word = call.given.optional("workingType") or "CONTRACT_PRICE"
    if word not in WORKING:
        raise errors.missing("workingType")
    by = WORKING[word]
    if kind != "TRAILING_STOP_MARKET":
        return {"trigger_by": by, "trigger_ticks": ticks(call, listing, "triggerPrice")}
    percent = _number(call, "callbackRate", errors.missing("callbackRate"))
    if percent is None or not CALLBACK_MIN <= percent <= CALLBACK_MAX or digits_of(percent) > 2:  # noqa: PLR2004
        raise Refusal(-2007, "Invalid callBack rate")
    active = ticks(call, listing, "activatePrice")
    view = front.market.perpetual(listing.symbol)
    now = view.mark_ticks if by is TriggerBy.MARK else front.market.last_ticks(listing.symbol)
    if active and (active - now) * side_of(call) > 0:
        raise Refusal(-2021, "Order would immediately trigger.")
    return {
        "trigger_by": by,
        "trail_ppm": int(percent * PERCENT_PPM),
        "activation_ticks": active,
    }


def client_id(call: Call, name: str) -> str:
    """Return a client's id; raise a `Refusal` for one of another form."""
    text = call.given.optional(name) or ""
    legal = all(char.isascii() and (char.isalnum() or char in ".:/_-") for char in text)
    if len(text) > CLIENT_ID_MAX or not legal:
        raise usdm_errors.CLIENT_ID
    return text


def reference(call: Call, symbol: str) -> OrderRef:
    """Read which order is meant."""
    number = call.maybe_whole("orderId")
    own = call.given.optional("origClientOrderId")
    if number is None and own is None:
        raise Refusal(
            -1102,
            "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
        )
    return OrderRef(symbol, number or 0, "" if number else own or "")
