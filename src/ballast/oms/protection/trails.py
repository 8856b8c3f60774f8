"""Trails: a stop beside the node's own that the venue moves by itself (R-STOP-27).

The node moves its stop by closed bars, as research does, and only while it runs. A trailing stop at
the venue follows every price and goes on when nobody is there; it is the second net, never the
first: it comes when a stop rests and all of the position is there, and a position that has none is
not bare. Only where orders can be marked to only reduce, so that two of them sell nothing twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.oms.protection import requests
from ballast.oms.protection.cover import Cancel
from ballast.oms.record import Phase, Wish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.oms.protection.cover import Abilities, Act, Cover, Memory, Patience, Verdict
    from ballast.oms.record import OrderRecord

TRAILS_MOST = 2
"""Trailing stops of one position that may be on their way at once: an old one and a new one."""


def beside(
    verdict: Verdict,
    cover: Cover,
    trails: Sequence[OrderRecord],
    now_ns: int,
    abilities: Abilities,
    patience: Patience,
) -> Verdict:
    """Return a verdict with what is to be done about the trailing stop of a covered position.

    One of the right size is left alone; of another size, the new one comes first.
    """
    wanted = abilities.trail_ppm if abilities.trails and abilities.holds_two else 0
    right = [one for one in trails if wanted and _fits(one, cover, wanted)]
    known = [one for one in right if one.phase is Phase.LIVE]
    spare = [one for one in trails if one not in right or (known and one is not known[-1])]
    if not wanted or known:
        return replace(verdict, acts=(*verdict.acts, *_cancels(spare)))
    memory = verdict.memory
    if right or not cover.is_whole or memory.is_untrailed or len(trails) >= TRAILS_MOST:
        return verdict
    due = memory.trailed_ns + patience.move_ns
    if now_ns < due:
        return replace(verdict, wake_ns=min(verdict.wake_ns or due, due))
    memory = replace(memory, trailed_ns=now_ns)
    act = requests.trail_of(cover, abilities)
    return replace(verdict, memory=memory, acts=(*verdict.acts, act))


def refused(memory: Memory) -> Memory:
    """Remember that the venue takes no trailing stop for this position: the own one holds it."""
    return replace(memory, is_untrailed=True)


def _fits(order: OrderRecord, cover: Cover, trail_ppm: int) -> bool:
    """Tell whether an order is the wanted one, or may yet turn out to be."""
    is_same = order.request.trail_ppm == trail_ppm and order.cancel is Wish.NONE
    return is_same and order.open_lots == abs(cover.lots)


def _cancels(orders: Sequence[OrderRecord]) -> list[Act]:
    """Cancel what is known to be there and was not asked to go."""
    return [
        Cancel(one.client_id)
        for one in orders
        if one.phase is Phase.LIVE and one.cancel is Wish.NONE
    ]
