"""Conditions: take-profit and stop-loss as OKX writes them, `tpTriggerPx`, `slOrdPx` and the like.

An order price of -1 is a market order. Trigger and order price belong together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.orders import OrderKind, TriggerBy
from ballast.venues.simulated.fronts.okx import errors
from ballast.venues.simulated.fronts.okx.words import MARKET_PX

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.okx.call import Call

KINDS = {
    "tp": (OrderKind.TAKE_PROFIT_MARKET, OrderKind.TAKE_PROFIT_LIMIT),
    "sl": (OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT),
}
TRIGGERS = {"last": TriggerBy.LAST, "mark": TriggerBy.MARK, "index": TriggerBy.INDEX}


def order_ticks(call: Call, listing: Listing, name: str) -> int:
    """Return the order price behind a trigger in ticks, 0 for -1, which is the market."""
    if call.given.required(name) == MARKET_PX:
        return 0
    return call.ticks(listing, name)


def trigger_by(call: Call, name: str) -> TriggerBy:
    """Return which price sets an order off."""
    return TRIGGERS[call.choice(name, tuple(TRIGGERS), "last")]


def leg(call: Call, listing: Listing, which: str, like: OrderRequest) -> OrderRequest | None:
    """Read the take-profit (`tp`) or the stop-loss (`sl`) beside which `like` is the rest of it."""
    ticks = call.ticks(listing, f"{which}TriggerPx")
    by = trigger_by(call, f"{which}TriggerPxType")
    if not ticks:
        if call.given.optional(f"{which}OrdPx") is not None:
            raise errors.missing(f"{which}TriggerPx")
        return None
    price = order_ticks(call, listing, f"{which}OrdPx")
    kind = KINDS[which][bool(price)]
    return replace(like, kind=kind, price_ticks=price, trigger_ticks=ticks, trigger_by=by)
