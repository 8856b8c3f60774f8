"""Amending: a live order changes its quantity, its price or its trigger, and keeps its id.

A smaller quantity at the same price keeps its place in the queue where the venue grants that; any
other change of an order in the book is a cancel and a placement, so it may trade. All is checked
before anything is changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.orders import OrderStatus, RejectReason
from ballast.kernel.exchange import match
from ballast.venues.simulated.engine import (
    admission,
    checks,
    funds,
    launching,
    margin,
    reduction,
    shelf,
    waiting,
)
from ballast.venues.simulated.engine.events import Change
from ballast.venues.simulated.engine.outcomes import Accepted, Rejected
from ballast.venues.simulated.engine.positions import is_reducing

if TYPE_CHECKING:
    from ballast.core.orders import AmendRequest, OrderRequest
    from ballast.venues.simulated.engine.outcomes import Outcome
    from ballast.venues.simulated.engine.world import Account, Live, Market, World


def amend(
    world: World, account: Account, market: Market, order: Live, asked: AmendRequest
) -> Outcome:
    """Change an open order, or say why not."""
    changed = _changed(order, asked)
    if isinstance(changed, Rejected):
        return changed
    if is_reducing(changed) and order.status is not OrderStatus.UNTRIGGERED:
        fitted = reduction.fit(world, account, changed, but=order)
        if isinstance(fitted, Rejected):
            return fitted
        changed = fitted
    if asked.stops is not None and not market.terms.is_perpetual:
        return Rejected(RejectReason.NOT_SUPPORTED, "spot has no position to stop")
    refused = checks.refuse_changed(market, changed) or _refuse(
        world, account, market, order, changed
    )
    if refused is not None:
        return refused
    _apply(world, account, market, order, changed)
    return Accepted((order.view(),))


def resize(world: World, account: Account, market: Market, order: Live, lots: int) -> None:
    """Make a leg of a bracket larger, with what its entry has traded since."""
    changed = replace(order.request, qty_lots=lots)
    if _refuse(world, account, market, order, changed) is None:
        _apply(world, account, market, order, changed)


def _changed(order: Live, asked: AmendRequest) -> OrderRequest | Rejected:
    """Return the order's terms after the change."""
    request = order.request
    if min(asked.qty_lots, asked.price_ticks, asked.trigger_ticks) < 0:
        return Rejected(RejectReason.BAD_REQUEST, "a quantity or price is negative")
    if asked.trigger_ticks and order.status is not OrderStatus.UNTRIGGERED:
        return Rejected(RejectReason.BAD_REQUEST, "the trigger has gone off, or there is none")
    if asked.price_ticks and not request.price_ticks:
        return Rejected(RejectReason.BAD_REQUEST, "the order has no price")
    changed = replace(
        request,
        qty_lots=asked.qty_lots or request.qty_lots,
        price_ticks=asked.price_ticks or request.price_ticks,
        trigger_ticks=asked.trigger_ticks or request.trigger_ticks,
        stops=asked.stops or request.stops,
    )
    if changed == request:
        return Rejected(RejectReason.NO_CHANGE)
    if changed.qty_lots <= order.filled_lots and not request.close_position:
        return Rejected(RejectReason.QTY_TOO_SMALL, f"{order.filled_lots} lots have traded")
    return changed


def _trial(order: Live, changed: OrderRequest) -> Live:
    """Return a copy of the order with other terms, for checks that look at orders."""
    return replace(order, request=changed, stop_ticks=changed.trigger_ticks or order.stop_ticks)


def _refuse(
    world: World, account: Account, market: Market, order: Live, changed: OrderRequest
) -> Rejected | None:
    trial = _trial(order, changed)
    if order.status is OrderStatus.UNTRIGGERED and not world.profile.trigger_at_once:
        ticks = waiting.price_of(market, changed.trigger_by)
        if changed.trigger_ticks != order.request.trigger_ticks and waiting.is_hit(trial, ticks):
            return Rejected(RejectReason.WOULD_TRIGGER)
    if order.in_book and changed.post_only and admission.would_take(market, changed):
        return Rejected(RejectReason.WOULD_TRADE)
    if market.terms.is_perpetual:
        limit = launching.limit_of(world, market, trial)
        return margin.refuse(world, account, market, trial, limit)
    wanted = funds.joint_need(world, account, market.terms, trial)
    held = sum(one.locked for one in (order, *funds.companions(world, account, order)))
    wallet = account.wallet(funds.lock_asset(market.terms, changed.side))
    if wanted - held > wallet.total - wallet.locked:
        return Rejected(RejectReason.INSUFFICIENT_BALANCE)
    return None


def _apply(
    world: World, account: Account, market: Market, order: Live, changed: OrderRequest
) -> None:
    before = order.request
    if replace(before, stops=changed.stops) == changed:  # what the position gets: no other place
        order.request = changed
        shelf.update(world, order, Change.AMENDED)
        return
    smaller = changed.qty_lots < before.qty_lots and changed.price_ticks == before.price_ticks
    order.request = changed
    if changed.trigger_ticks:
        order.stop_ticks = changed.trigger_ticks
    keeps = smaller and world.profile.amend_keeps_priority
    if order.in_book:
        if keeps:
            match.reduce(market.book, market.out, order.order_id, order.left_lots)
        else:
            match.cancel(market.book, market.out, order.order_id)
            order.in_book = False
        shelf.note_levels(market)
    funds.relock(world, account, market, order)
    shelf.update(world, order, Change.AMENDED)
    if order.status is OrderStatus.PENDING or order.in_book:
        return
    launching.launch(world, market, order)
