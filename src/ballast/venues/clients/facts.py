"""Facts: what a venue does by itself. What it does not, the node does in its place.

Each desk states its own (`FACTS` of its folder), from the same tables it speaks with; the page
`docs/venues.md` shows them all beside each other, with `Abilities`, which say how stops move.
"""

from __future__ import annotations

from dataclasses import dataclass

from ballast.core.orders import OrderKind, TimeInForce, TriggerBy  # noqa: TC001 - fields' types


@dataclass(frozen=True, slots=True)
class Facts:
    """One market of one venue. What is asked beyond it is refused before it is sent."""

    kinds: frozenset[OrderKind]
    """Orders it keeps for us. Those that wait for a price wait at the venue."""
    tifs: frozenset[TimeInForce]
    triggers: frozenset[TriggerBy]
    """Prices that can set a conditional order off."""
    has_post_only: bool = True
    sizes_by_money: bool = False
    """Market orders can be sized in the quote asset."""
    amends_orders: bool = False
    """A resting order can be changed in place."""
    sets_position_stops: bool = False
    """A stop can belong to the position itself (a call of the desk; the node uses orders)."""
    tells_status: bool = True
    """The answer to an order says what became of it; else it is asked for at once."""
    takes_ids_once: bool = False
    """An id of ours is never taken twice, not even after its order ended."""
