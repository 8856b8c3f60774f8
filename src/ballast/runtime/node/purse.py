"""Purse: what the venue says is free, less what entries that were sent since then will take.

The venue was asked before the entries of one close were judged, so the first of them is not in its
answer when the second is judged. What is promised to an entry counts until the venue is asked
again; by then its order, or what it bought, is in the answer itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.risk.gate.facts import Funds

if TYPE_CHECKING:
    from ballast.runtime.node.events import FundsShown


@dataclass(frozen=True, slots=True)
class Purse:
    """What is free of the quote asset, in atoms; `asked_ns` None: nobody has asked yet."""

    free: int = 0
    asked_ns: int | None = None
    promised: tuple[tuple[int, float], ...] = ()
    """Entries sent since the venue was asked: when, and what each takes."""


def shown(purse: Purse, event: FundsShown) -> Purse:
    """Return it after the venue answered; an answer to an older question changes nothing."""
    if purse.asked_ns is not None and event.asked_ns < purse.asked_ns:
        return purse
    left = tuple(one for one in purse.promised if one[0] >= event.asked_ns)
    return Purse(event.free, event.asked_ns, left)


def promised(purse: Purse, amount: float, now_ns: int) -> Purse:
    """Return it after an entry was sent that takes so much, in atoms."""
    return Purse(purse.free, purse.asked_ns, (*purse.promised, (now_ns, amount)))


def funds_for(purse: Purse, needed: float, atoms: float) -> Funds:
    """Return what the gate is told: `needed` and the answer in the unit that has so many atoms."""
    if purse.asked_ns is None:
        return Funds(needed, None, None)
    taken = sum(amount for _, amount in purse.promised)
    return Funds(needed, (purse.free - taken) / atoms, purse.asked_ns)
