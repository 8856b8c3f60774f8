"""Lists: OCO pairs and brackets.

An OCO pair shares one lock. As soon as one leg trades, triggers or ends, the other is cancelled;
cancelling one cancels both. A bracket's legs wait (`PENDING`, nothing locked) for its entry: until
that is filled in full, or, where the venue does so, with every fill. A leg that cannot be paid for
then (a fee was taken from what was bought) expires and says so; `sizes_by_fill` avoids that. Of a
perpetual they close what the entry opens; on spot they may also buy after a purchase.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.orders import (
    CONDITIONAL,
    EndReason,
    ListKind,
    ListRequest,
    OrderKind,
    OrderRequest,
    OrderStatus,
    RejectReason,
)
from ballast.venues.simulated.engine import (
    admission,
    amending,
    checks,
    funds,
    launching,
    margin,
    positions,
    reduction,
    shelf,
    triggers,
)
from ballast.venues.simulated.engine.events import Change, ListChanged
from ballast.venues.simulated.engine.outcomes import Accepted, Rejected
from ballast.venues.simulated.engine.profile import BracketEntry
from ballast.venues.simulated.engine.world import OrderList

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.outcomes import Outcome
    from ballast.venues.simulated.engine.world import Account, Live, Market, World

_PAIR = 2
_TAKES = frozenset({OrderKind.TAKE_PROFIT_MARKET, OrderKind.TAKE_PROFIT_LIMIT})


def submit(world: World, account: Account, market: Market, request: ListRequest) -> Outcome:
    """Take a list of orders, all of it or nothing."""
    bracket = request.kind is ListKind.BRACKET
    legs = request.orders[1:] if bracket else request.orders
    refused = _form(request, legs, market) or _names(request)
    for one in request.orders:
        sized = replace(one, qty_lots=1) if _unsized(request, one) else one
        refused = refused or checks.refuse_form(world, account, market, sized)
        if not _unsized(request, one):
            refused = refused or checks.refuse_size(account, market, one)
    if refused is not None:
        return refused
    fitted = _fitted(world, account, market, request)
    if isinstance(fitted, Rejected):
        return fitted
    drafts = [admission.draft(world, account, one, later=i) for i, one in enumerate(fitted)]
    refused = _affordable(world, account, market, drafts, bracket=bracket)
    if refused is not None:
        return refused
    return _begin(world, account, market, request, drafts)


def _unsized(request: ListRequest, one: OrderRequest) -> bool:
    return request.sizes_by_fill and one is not request.orders[0] and not one.qty_lots


def _fitted(
    world: World, account: Account, market: Market, request: ListRequest
) -> list[OrderRequest] | Rejected:
    """Return the orders, those that rest to reduce a position no larger than it is."""
    if not market.terms.is_perpetual:
        return list(request.orders)
    pending = len(request.orders) - 1 if request.kind is ListKind.BRACKET else 0
    fitted: list[OrderRequest] = []
    for number, one in enumerate(request.orders):
        refused = margin.side_fits(account, one)
        if refused is not None:
            return refused
        lives = not pending or not number
        if not lives or one.kind in CONDITIONAL or not positions.is_reducing(one):
            fitted.append(one)
            continue
        fits = reduction.fit(world, account, one)
        if isinstance(fits, Rejected):
            return fits
        fitted.append(fits)
    return fitted


def _form(request: ListRequest, legs: tuple[OrderRequest, ...], market: Market) -> Rejected | None:
    orders, bracket = request.orders, request.kind is ListKind.BRACKET
    sized = {one.qty_lots for one in legs}
    faults = (
        (any(one.symbol != request.symbol for one in orders), "all are of one symbol"),
        (not bracket and len(legs) != _PAIR, "an OCO pair is two orders"),
        (bracket and not 1 <= len(legs) <= _PAIR, "a bracket is an entry and one or two legs"),
        (bracket and orders[:1] and orders[0].kind in CONDITIONAL, "the entry waits for no price"),
        (len({one.side for one in legs}) > 1, "both legs are of one side"),
        (len(sized) > 1, "both legs are of one quantity"),
        (
            bracket and market.terms.is_perpetual and legs and legs[0].side is orders[0].side,
            "the legs close the entry",
        ),
        (len(legs) == _PAIR and not _is_pair(legs), "a pair is a limit or take-profit and a stop"),
    )
    for is_fault, detail in faults:
        if is_fault:
            return Rejected(RejectReason.BAD_REQUEST, detail)
    return None


def _is_pair(legs: tuple[OrderRequest, ...]) -> bool:
    if any(one.kind is OrderKind.MARKET for one in legs):
        return False
    return sum(one.kind is OrderKind.LIMIT or one.kind in _TAKES for one in legs) == 1


def _names(request: ListRequest) -> Rejected | None:
    names = [one.client_id for one in request.orders if one.client_id]
    if len(set(names)) < len(names):
        return Rejected(RejectReason.DUPLICATE_CLIENT_ID)
    return None


def _affordable(
    world: World, account: Account, market: Market, drafts: list[Live], *, bracket: bool
) -> Rejected | None:
    """Check what is live at once: the entry of a bracket, or both legs of a pair, jointly."""
    if bracket:
        for leg in drafts[1:]:
            leg.status = OrderStatus.PENDING
        return admission.refuse(world, account, market, drafts[0])
    for leg in drafts:
        if leg.status is OrderStatus.UNTRIGGERED:
            refused = triggers.refuse(world, market, leg)
        else:
            refused = admission.refuse_taking(world, market, leg)
        if refused is not None:
            return refused
    if market.terms.is_perpetual:
        return admission.refuse_unpaid(world, account, market, drafts[0])
    wanted = max(funds.need(world, account, market.terms, leg) for leg in drafts)
    wallet = account.wallet(funds.lock_asset(market.terms, drafts[0].request.side))
    if wanted > wallet.total - wallet.locked:
        return Rejected(RejectReason.INSUFFICIENT_BALANCE)
    return None


def _begin(
    world: World, account: Account, market: Market, request: ListRequest, drafts: list[Live]
) -> Outcome:
    bracket = request.kind is ListKind.BRACKET
    group = OrderList(
        list_id=world.next_list_id,
        client_id=request.client_id,
        account=account.account,
        symbol=request.symbol,
        kind=request.kind,
        legs=[one.order_id for one in drafts[1 if bracket else 0 :]],
        entry=drafts[0].order_id if bracket else 0,
        sizes_by_fill=request.sizes_by_fill,
    )
    world.next_list_id += 1
    world.lists[group.list_id] = group
    for one in drafts:
        one.list_id = group.list_id
        admission.admit(world, account, market, one)
    _tell(world, group, is_done=False)
    for one in drafts:
        if one.is_open:
            launching.launch(world, market, one)
    return Accepted(tuple(one.view() for one in drafts))


def _tell(world: World, group: OrderList, *, is_done: bool) -> None:
    ids = (group.entry, *group.legs) if group.entry else tuple(group.legs)
    world.emit(
        lambda sequence, at_ns: ListChanged(
            sequence, at_ns, group.list_id, group.client_id, group.account, group.symbol,
            group.kind, ids, is_done,
        )
    )  # fmt: skip


def react(world: World, order: Live) -> None:
    """Let a list react to what happened to one of its orders."""
    group = world.lists.get(order.list_id) if order.list_id else None
    if group is None:
        return
    account, market = world.accounts[group.account], world.markets[group.symbol]
    if order.order_id == group.entry:
        _entry_moved(world, account, market, group, order)
    elif order.reason is not EndReason.LIST and _has_begun(order):
        _cancel_legs(world, account, market, group, but=order)
    live = account.open.get(group.symbol, {})
    is_done = not any(one in live for one in (group.entry, *group.legs))
    if is_done and world.lists.pop(group.list_id, None) is not None:
        _tell(world, group, is_done=True)


def _has_begun(order: Live) -> bool:
    """Tell whether a leg did something that its pair must give way to."""
    return bool(order.filled_lots or order.triggered_ns) or not order.is_open


def _cancel_legs(
    world: World, account: Account, market: Market, group: OrderList, but: Live | None
) -> None:
    for leg in group.legs:
        other = account.open.get(group.symbol, {}).get(leg)
        if other is not None and other is not but:
            shelf.take_out(world, market, other, EndReason.LIST)


def _entry_moved(
    world: World, account: Account, market: Market, group: OrderList, entry: Live
) -> None:
    """Bring the legs to life, or give them up with their entry."""
    every = world.profile.bracket is BracketEntry.EVERY_FILL
    complete = entry.status is OrderStatus.FILLED
    if entry.filled_lots and (complete or every):
        for leg in group.legs:
            order = account.open.get(group.symbol, {}).get(leg)
            if order is not None:
                _enliven(world, account, market, group, entry, order)
    elif not entry.is_open and not complete:
        _cancel_legs(world, account, market, group, but=None)


def _enliven(
    world: World, account: Account, market: Market, group: OrderList, entry: Live, leg: Live
) -> None:
    """Make a pending leg live, or a live one larger, for what the entry has traded."""
    lots = _leg_lots(world, market, group, entry, leg)
    if leg.status is not OrderStatus.PENDING:
        if positions.is_reducing(leg.request) and leg.in_book:
            lots = min(lots, leg.filled_lots + reduction.room_for(account, leg))
        if lots > leg.request.qty_lots:
            amending.resize(world, account, market, leg, lots)
        return
    if not lots:
        return
    leg.request = replace(leg.request, qty_lots=lots)
    waits = leg.request.kind in CONDITIONAL
    leg.status = OrderStatus.UNTRIGGERED if waits else OrderStatus.NEW
    ends = None if waits else reduction.resize_to_position(account, leg)
    if ends is not None:
        shelf.end(world, market, leg, OrderStatus.EXPIRED, ends)
        return
    if not _can_live(world, account, market, leg):
        shelf.end(world, market, leg, OrderStatus.EXPIRED, EndReason.INSUFFICIENT)
        return
    triggers.prepare(market, leg)
    funds.relock(world, account, market, leg)
    shelf.update(world, leg, Change.ACTIVATED)
    launching.launch(world, market, leg)


def _can_live(world: World, account: Account, market: Market, leg: Live) -> bool:
    if market.terms.is_perpetual:
        return launching.can_pay(world, account, market, leg)
    wanted = funds.joint_need(world, account, market.terms, leg)
    held = sum(one.locked for one in funds.companions(world, account, leg))
    wallet = account.wallet(funds.lock_asset(market.terms, leg.request.side))
    return wanted - held <= wallet.total - wallet.locked


def _leg_lots(world: World, market: Market, group: OrderList, entry: Live, leg: Live) -> int:
    """Return the lots a leg should have now."""
    asked = leg.request.qty_lots
    if not group.sizes_by_fill:
        every = world.profile.bracket is BracketEntry.EVERY_FILL
        return min(entry.filled_lots, entry.request.qty_lots) if every else asked
    terms = market.terms
    bought = entry.request.side > 0 and not terms.is_perpetual
    return entry.received // terms.lot_atoms if bought else entry.filled_lots
