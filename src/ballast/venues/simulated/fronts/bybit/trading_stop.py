"""POST /v5/position/trading-stop: take-profit, stop-loss and trailing stop of a position.

In `Full` mode they close whatever the position is, there is one of each, and a call replaces what
it names in one step: 0 takes a stop away, what is not named stays. In `Partial` mode a call adds a
stop for a part of the position, or a pair of them of which one ends the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    ListKind,
    ListRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionStops,
    RejectReason,
    Side,
)
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.bybit import errors, forms
from ballast.venues.simulated.fronts.bybit.words import TRIGGERS

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Position
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.bybit.call import Call
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified

PAIR = 2
PARTIAL = "Partial"


def trading_stop(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Set the stops of a position."""
    listing = linear(call)
    which = forms.position_side(call)
    front.check_position_side(call.account, which)
    held = front.market.position(call.account, listing.symbol, which)
    if not held.qty_lots:
        raise errors.NO_POSITION_STOP
    if call.choice("tpslMode", forms.MODES, "Full"):
        _partial(front, call, listing, held)
    else:
        _full(front, call, listing, held)
    return {}


def linear(call: Call) -> Listing:
    """Return the perpetual that is asked about; raise a `Refusal` for another category."""
    if call.category() != "linear":
        raise errors.CATEGORY
    return call.listing()


def _full(front: BybitUnified, call: Call, listing: Listing, held: Position) -> None:
    present = front.market.position_stops(call.account, listing.symbol, held.side)
    wanted = _read(call, listing, present)
    base = front.market.last_ticks(listing.symbol)
    side = Side.BUY if held.qty_lots > 0 else Side.SELL
    forms.check_stop_sides(
        listing, side, base, gain=wanted.take_profit_ticks, loss=wanted.stop_loss_ticks
    )
    active = wanted.activation_ticks
    if active and (active - base) * side <= 0:
        raise errors.bad("TrailingProfit activePrice is on the wrong side of the price")
    if wanted == present:
        raise errors.NOT_MODIFIED
    outcome = front.market.set_position_stops(call.account, listing.symbol, held.side, wanted)
    if isinstance(outcome, Rejected):
        raise errors.rejected("linear", outcome)


def _read(call: Call, listing: Listing, present: PositionStops) -> PositionStops:
    """Return the stops a position should have: those named, and for the rest those it has."""
    ticks = {
        name: forms.price_ticks(call, listing, name)
        for name in ("takeProfit", "stopLoss", "trailingStop", "activePrice")
    }
    by = {name: call.choice(name, TRIGGERS, "LastPrice") for name in ("tpTriggerBy", "slTriggerBy")}
    if call.has("takeProfit"):
        present = replace(
            present, take_profit_ticks=ticks["takeProfit"], take_profit_by=by["tpTriggerBy"]
        )
    if call.has("stopLoss"):
        present = replace(
            present, stop_loss_ticks=ticks["stopLoss"], stop_loss_by=by["slTriggerBy"]
        )
    if call.has("trailingStop"):
        present = replace(
            present,
            trail_ticks=ticks["trailingStop"],
            activation_ticks=ticks["activePrice"] if ticks["trailingStop"] else 0,
        )
    return present


def _partial(front: BybitUnified, call: Call, listing: Listing, held: Position) -> None:
    """Add stops for a part of the position."""
    side = Side.SELL if held.qty_lots > 0 else Side.BUY
    gain, loss = (forms.price_ticks(call, listing, name) for name in ("takeProfit", "stopLoss"))
    base = front.market.last_ticks(listing.symbol)
    forms.check_stop_sides(listing, Side(-side), base, gain=gain, loss=loss)
    legs = [
        _leg(call, listing, held, side, short)
        for short, ticks in (("tp", gain), ("sl", loss))
        if ticks
    ]
    if not legs:
        raise errors.NOT_MODIFIED
    words = ["PartialTakeProfit"] * bool(gain) + ["PartialStopLoss"] * bool(loss)
    if len(legs) == PAIR:
        if legs[0].qty_lots != legs[1].qty_lots:
            raise errors.bad("tpSize and slSize must be the same")
        pair = ListRequest(listing.symbol, ListKind.OCO, (legs[0], legs[1]))
        outcome = front.market.submit_list(call.account, pair)
    else:
        outcome = front.market.submit(call.account, legs[0])
    if isinstance(outcome, Rejected):
        if outcome.reason is RejectReason.MAX_CONDITIONAL_ORDERS:
            raise errors.Refusal(110061, "Under partial TP/SL mode, TP/SL set more than 20")
        raise errors.rejected("linear", outcome)
    for order, word in zip(outcome.orders, words, strict=True):
        front.ledger.note(order.order_id).stop_word = word


def drop_orphans(front: BybitUnified, held: Position) -> None:
    """Cancel the stops for a part of a position that is closed, or has turned round."""
    for order in front.market.open_orders(held.account, held.symbol):
        request, word = order.request, front.ledger.note(order.order_id).stop_word
        is_ours = word.startswith(PARTIAL) and request.position_side is held.side
        if is_ours and front.ledger.is_shown(order) and held.qty_lots * request.side >= 0:
            front.market.cancel(held.account, OrderRef(held.symbol, order.order_id))


def _leg(call: Call, listing: Listing, held: Position, side: Side, short: str) -> OrderRequest:
    gains = short == "tp"
    is_limit = call.choice(f"{short}OrderType", forms.TYPES, "Market") is OrderKind.LIMIT
    lots = forms.qty_lots(call, listing, f"{short}Size")
    if not 0 < lots <= abs(held.qty_lots):
        raise errors.Refusal(
            110058,
            "Insufficient number of remaining position size to set take profit and stop loss",
        )
    kinds = {
        (True, True): OrderKind.TAKE_PROFIT_LIMIT,
        (True, False): OrderKind.TAKE_PROFIT_MARKET,
        (False, True): OrderKind.STOP_LIMIT,
        (False, False): OrderKind.STOP_MARKET,
    }
    limit = 0
    if is_limit:
        limit = forms.price_ticks(call, listing, f"{short}LimitPrice", is_needed=True)
    return OrderRequest(
        listing.symbol,
        side,
        kinds[gains, is_limit],
        lots,
        limit,
        reduce_only=True,
        position_side=held.side,
        trigger_ticks=forms.price_ticks(call, listing, "takeProfit" if gains else "stopLoss"),
        trigger_by=call.choice(f"{short}TriggerBy", TRIGGERS, "LastPrice"),
    )
