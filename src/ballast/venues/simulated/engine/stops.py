"""Stops of a position: take-profit, stop-loss and trailing stop that belong to it, not to an order.

They are conditional orders that close the whole position. Setting them replaces the ones before in
one step, so there is no moment without a stop; closing the position cancels them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.orders import (
    EndReason,
    OrderKind,
    OrderRequest,
    PositionSide,
    PositionStops,
    RejectReason,
    Side,
)
from ballast.venues.simulated.engine import admission, checks, launching, shelf, triggers
from ballast.venues.simulated.engine.outcomes import Accepted, Rejected

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.outcomes import Outcome
    from ballast.venues.simulated.engine.world import Account, Live, Market, World


def set_stops(
    world: World, account: Account, market: Market, which: PositionSide, stops: PositionStops
) -> Outcome:
    """Replace the stops of a position, all or nothing."""
    held = account.holdings.get(market.terms.symbol, {}).get(which)
    if held is None or not held.qty:
        return Rejected(RejectReason.NO_POSITION)
    side = Side.SELL if held.qty > 0 else Side.BUY
    requests = _requests(market, side, which, stops)
    drafts = [admission.draft(world, account, one, later=i) for i, one in enumerate(requests)]
    for order in drafts:
        refused = checks.prices(market, order.request) or triggers.refuse(world, market, order)
        if refused is not None:
            return refused
    for old in of_position(account, market.terms.symbol, which):
        shelf.take_out(world, market, old, EndReason.REPLACED)
    for order in drafts:
        order.is_position_stop = True
        triggers.prepare(market, order)
        admission.admit(world, account, market, order)
        launching.launch(world, market, order)
    return Accepted(tuple(order.view() for order in drafts))


def follow(world: World, order: Live) -> None:
    """Give the position of an order that traded the stops that came with it.

    The venue does not take an order back for a stop whose price has passed meanwhile: such a stop
    is not set, and the position keeps those it has.
    """
    wanted = order.request.stops
    if wanted is None or order.filled_lots <= order.guarded_lots:
        return
    order.guarded_lots = order.filled_lots
    account, symbol = world.accounts[order.account], order.request.symbol
    which = order.request.position_side
    present = present_stops(account, symbol, which)
    merged = _merged(present, wanted)
    if merged != present:
        set_stops(world, account, world.markets[symbol], which, merged)


def present_stops(account: Account, symbol: str, which: PositionSide) -> PositionStops:
    """Return the stops a position has, as they would be set."""
    found = PositionStops()
    for order in of_position(account, symbol, which):
        request = order.request
        match request.kind:
            case OrderKind.TAKE_PROFIT_MARKET:
                found = replace(
                    found,
                    take_profit_ticks=request.trigger_ticks,
                    take_profit_by=request.trigger_by,
                )
            case OrderKind.STOP_MARKET:
                found = replace(
                    found, stop_loss_ticks=request.trigger_ticks, stop_loss_by=request.trigger_by
                )
            case _:
                found = replace(
                    found,
                    trail_ticks=request.trail_ticks,
                    activation_ticks=request.activation_ticks,
                    trail_by=request.trigger_by,
                )
    return found


def _merged(present: PositionStops, wanted: PositionStops) -> PositionStops:
    if wanted.take_profit_ticks:
        present = replace(
            present,
            take_profit_ticks=wanted.take_profit_ticks,
            take_profit_by=wanted.take_profit_by,
        )
    if wanted.stop_loss_ticks:
        present = replace(
            present, stop_loss_ticks=wanted.stop_loss_ticks, stop_loss_by=wanted.stop_loss_by
        )
    if wanted.trail_ticks:
        present = replace(
            present,
            trail_ticks=wanted.trail_ticks,
            activation_ticks=wanted.activation_ticks,
            trail_by=wanted.trail_by,
        )
    return present


def of_position(account: Account, symbol: str, which: PositionSide) -> list[Live]:
    """Return the stops a position has."""
    return [
        order
        for order in account.open.get(symbol, {}).values()
        if order.is_position_stop and order.request.position_side is which
    ]


def drop_orphans(world: World, account: Account, symbol: str) -> None:
    """Cancel the stops of positions that are closed, or have turned round."""
    for which in PositionSide:
        held = account.holdings.get(symbol, {}).get(which)
        for order in of_position(account, symbol, which):
            if held is None or held.qty * order.request.side >= 0:
                shelf.take_out(world, world.markets[symbol], order, EndReason.POSITION_CLOSED)


def _requests(
    market: Market, side: Side, which: PositionSide, stops: PositionStops
) -> list[OrderRequest]:
    symbol = market.terms.symbol
    kinds = (
        (OrderKind.TAKE_PROFIT_MARKET, stops.take_profit_ticks, stops.take_profit_by),
        (OrderKind.STOP_MARKET, stops.stop_loss_ticks, stops.stop_loss_by),
    )
    requests = [
        OrderRequest(
            symbol, side, kind, close_position=True, position_side=which, trigger_ticks=ticks,
            trigger_by=by,
        )
        for kind, ticks, by in kinds
        if ticks
    ]  # fmt: skip
    if stops.trail_ticks:
        requests.append(
            OrderRequest(
                symbol, side, OrderKind.TRAILING_STOP, close_position=True, position_side=which,
                trail_ticks=stops.trail_ticks, activation_ticks=stops.activation_ticks,
                trigger_by=stops.trail_by,
            )
        )  # fmt: skip
    return requests
