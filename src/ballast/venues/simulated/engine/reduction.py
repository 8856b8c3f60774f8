"""Reduction: reduce-only orders never open or turn a position.

The lots of the reduce-only orders that rest on one side never exceed the position. A new one that
would is refused or made smaller; when the position shrinks, the newest give way first, made smaller
or cancelled as the venue does. A market order does not wait, so it may have the whole position: the
orders that rest shrink after it. The book pauses after each fill with a named maker in a perpetual,
so that this holds within one sweep too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.orders import PRICED, EndReason, OrderStatus, RejectReason
from ballast.venues.simulated.engine import shelf
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.engine.positions import is_reducing
from ballast.venues.simulated.engine.profile import ReduceOnly

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest, PositionSide, Side
    from ballast.venues.simulated.engine.world import Account, Live, Market, World


def open_lots(account: Account, symbol: str, side: Side, which: PositionSide) -> int:
    """Return the lots an order of `side` can close."""
    held = account.holdings.get(symbol, {}).get(which)
    return abs(held.qty) if held is not None and held.qty * side < 0 else 0


def resting(account: Account, symbol: str, side: Side, which: PositionSide) -> list[Live]:
    """Return the reduce-only orders of a side that are in the book, oldest first."""
    return [
        order
        for order in account.open.get(symbol, {}).values()
        if order.in_book
        and order.request.side is side
        and order.request.position_side is which
        and is_reducing(order.request)
    ]


def fit(
    world: World, account: Account, request: OrderRequest, *, but: Live | None = None
) -> OrderRequest | Rejected:
    """Return a request that reduces no more than there is, or why it is refused.

    `but` is an order that is being changed: it does not count itself, and what it traded stays.
    """
    if not open_lots(account, request.symbol, request.side, request.position_side):
        return Rejected(RejectReason.REDUCE_ONLY, "no position to reduce")
    filled = but.filled_lots if but is not None else 0
    room = _room(account, request, but.order_id if but is not None else 0)
    if request.qty_lots - filled <= room:
        return request
    if room <= 0 or world.profile.reduce_only_on_entry is not ReduceOnly.SHRINK:
        return Rejected(RejectReason.REDUCE_ONLY, f"at most {room} lots are left to reduce")
    return replace(request, qty_lots=filled + room)


def _room(account: Account, request: OrderRequest, but: int) -> int:
    """Return the lots left to reduce: all there is, less what rests if the order will rest too."""
    which, symbol = request.position_side, request.symbol
    room = open_lots(account, symbol, request.side, which)
    if request.kind in PRICED:
        others = resting(account, symbol, request.side, which)
        room -= sum(order.left_lots for order in others if order.order_id != but)
    return max(room, 0)


def room_for(account: Account, order: Live) -> int:
    """Return the lots that a reduce-only order may have left."""
    return _room(account, order.request, order.order_id)


def resize_to_position(account: Account, order: Live) -> EndReason | None:
    """Give a triggered reduce-only order the size it may have; or say why it ends."""
    request = order.request
    if not is_reducing(request):
        return None
    room = _room(account, request, order.order_id)
    if room <= 0:
        return EndReason.POSITION_CLOSED
    if request.close_position or request.qty_lots > room:
        order.request = replace(request, qty_lots=room)
    return None


def enforce(world: World, market: Market, account: Account) -> None:
    """Shrink what rests to what the positions are now; the newest orders give way first."""
    symbol = market.terms.symbol
    groups: dict[tuple[Side, PositionSide], None] = {}
    for order in account.open.get(symbol, {}).values():
        if order.in_book and is_reducing(order.request):
            groups[order.request.side, order.request.position_side] = None
    for side, which in groups:
        orders = resting(account, symbol, side, which)
        excess = sum(order.left_lots for order in orders)
        excess -= open_lots(account, symbol, side, which)
        for order in reversed(orders):
            if excess <= 0:
                break
            excess -= _give_way(world, market, order, excess)


def _give_way(world: World, market: Market, order: Live, excess: int) -> int:
    """Take up to `excess` lots from an order; return what it gave."""
    if order.status not in {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}:
        return 0
    given = min(order.left_lots, excess)
    if world.profile.reduce_only is not ReduceOnly.SHRINK:
        given = order.left_lots
    shelf.cut_down(world, market, order, given, EndReason.REDUCE_ONLY)
    return given
