"""Pairs: a take and a stop for the same coins, of which the venue lets one trade (OCO; R-STOP-28).

Only on spot, where a stop alone holds the coins and a take has to be watched. A pair ends as one:
a take that trades in part has ended the stop, and a cancel of either is a cancel of both. So it is
for a position that one take would close whole, and it is asked for once, when all of the position
is there. A stop that moves goes on alone, and the take is watched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import OrderKind
from ballast.oms.protection.cover import Abilities, Pair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.oms.protection.cover import Cover, Memory, Take
    from ballast.oms.record import OrderRecord


def legs_of(takes: Sequence[OrderRecord], abilities: Abilities) -> list[OrderRecord]:
    """Return the takes that rest as legs of a pair: on spot all but those at market."""
    if abilities.holds_two:
        return []
    return [one for one in takes if one.request.kind is OrderKind.LIMIT]


def wanted(cover: Cover, memory: Memory, price_ticks: int, abilities: Abilities) -> Take | None:
    """Return the take that a pair should be placed with; None: there should be none.

    The price must lie between the two, or the venue takes neither.
    """
    if not abilities.pairs or abilities.holds_two or not cover.is_whole:
        return None
    if memory.pair not in {Pair.NONE, Pair.FREEING} or memory.refusals or not memory.best_ticks:
        return None
    if len(cover.takes) != 1 or cover.takes[0].lots != abs(cover.lots):
        return None
    take = cover.takes[0]
    is_between = cover.direction * (take.ticks - price_ticks) > 0
    return take if price_ticks and is_between else None


def fits(legs: Sequence[OrderRecord], cover: Cover) -> bool:
    """Tell whether what rests as a take is what is wanted now; before it trades."""
    asked = [(one.request.price_ticks, one.request.qty_lots) for one in legs]
    return all(one in [(take.ticks, take.lots) for take in cover.takes] for one in asked)
