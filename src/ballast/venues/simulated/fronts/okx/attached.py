"""Attached: the take-profit and stop-loss that come with an order (`attachAlgoOrds`).

They are nothing until the order is filled completely; then they are one algo order (`conditional`
or `oco`) for what was received, and of a swap they only reduce.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import OrderKind, OrderRequest, PositionSide, Side
from ballast.venues.simulated.fronts.okx import conditions, errors, ids
from ballast.venues.simulated.fronts.okx.errors import Refusal
from ballast.venues.simulated.fronts.okx.words import MARKET_PX, TRIGGER_BY

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.okx.call import Call
    from ballast.venues.simulated.fronts.okx.front import OkxFront

NAME = "attachAlgoOrds"
_SIDES = {
    # is a take-profit, of a buy, of a limit order: what its trigger must be
    (True, True, True): Refusal(
        51046, "The take profit trigger price must be higher than the order price"
    ),
    (False, True, True): Refusal(
        51047, "The stop loss trigger price must be lower than the order price"
    ),
    (True, False, True): Refusal(
        51048, "The take profit trigger price should be lower than the order price"
    ),
    (False, False, True): Refusal(
        51049, "The stop loss trigger price should be higher than the order price"
    ),
    (True, True, False): Refusal(
        51050, "The take profit trigger price should be higher than the best ask price"
    ),
    (False, True, False): Refusal(
        51051, "The stop loss trigger price should be lower than the best ask price"
    ),
    (True, False, False): Refusal(
        51052, "The take profit trigger price should be lower than the best bid price"
    ),
    (False, False, False): Refusal(
        51053, "The stop loss trigger price should be higher than the best bid price"
    ),
}


def read(front: OkxFront, call: Call, entry: OrderRequest) -> tuple[tuple[OrderRequest, ...], str]:
    """Return the orders attached to one that is being read, and their owner's id."""
    text = call.given.optional(NAME)
    if text is None:
        return (), ""
    elements = _elements(text)
    if len(elements) != 1:  # a take-profit in parts is not simulated
        raise errors.wrong(NAME)
    part = call.of(elements[0])
    own = part.own("attachAlgoClOrdId")
    listing = call.listings[entry.symbol]
    like = OrderRequest(
        entry.symbol,
        Side(-entry.side),
        OrderKind.STOP_MARKET,
        reduce_only=listing.kind is Kind.PERPETUAL and entry.position_side is PositionSide.BOTH,
        position_side=entry.position_side,
    )
    if part.choice("tpOrdKind", ("condition", "limit"), "condition") == "limit":
        if listing.kind is Kind.SPOT:
            raise Refusal(
                51094, "You can't place TP limit orders in spot, margin, or options trading."
            )
        if part.given.optional("tpTriggerPx") is None:  # it waits for no price: not simulated
            raise errors.wrong("tpOrdKind")
    found = (conditions.leg(part, listing, which, like) for which in ("tp", "sl"))
    legs = tuple(one for one in found if one is not None)
    if not legs:
        raise errors.either("tpTriggerPx", "slTriggerPx")
    for leg in legs:
        _check_side(front, entry, leg)
    return _named(legs, own), own


def _elements(text: str) -> list[Any]:
    try:
        value = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, list):
        raise errors.wrong(NAME)
    return value


def _named(legs: tuple[OrderRequest, ...], own: str) -> tuple[OrderRequest, ...]:
    if not own:
        return legs
    return tuple(
        replace(leg, client_id=f"{ids.ALGO_MARK}{own}/{number}") for number, leg in enumerate(legs)
    )


def _check_side(front: OkxFront, entry: OrderRequest, leg: OrderRequest) -> None:
    """Raise a `Refusal` for a trigger on the wrong side of the entry."""
    bid, ask = front.market.best(entry.symbol)
    is_limit, buys = bool(entry.price_ticks), entry.side is Side.BUY
    reference = entry.price_ticks or (ask if buys else bid)
    gains = leg.kind in conditions.KINDS["tp"]
    ahead = leg.trigger_ticks > reference
    if reference and ahead != (gains is buys):
        raise _SIDES[gains, buys, is_limit]


def printed(
    front: OkxFront, legs: tuple[OrderRequest, ...], own: str
) -> tuple[dict[str, str], ...]:
    """Return what is attached as the order itself shows it."""
    if not legs:
        return ()
    shown = {"attachAlgoId": "", "attachAlgoClOrdId": own, "tpOrdKind": "condition", "sz": ""}
    for which in ("tp", "sl"):
        found = next((one for one in legs if one.kind in conditions.KINDS[which]), None)
        shown |= {f"{which}TriggerPx": "", f"{which}TriggerPxType": "", f"{which}OrdPx": ""}
        if found is not None:
            symbol = found.symbol
            order_px = front.words.maybe_price(symbol, found.price_ticks) or MARKET_PX
            shown |= {
                f"{which}TriggerPx": front.words.price(symbol, found.trigger_ticks),
                f"{which}TriggerPxType": TRIGGER_BY[found.trigger_by],
                f"{which}OrdPx": order_px,
            }
    return (shown,)
