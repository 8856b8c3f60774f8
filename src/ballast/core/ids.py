"""Ids: names of orders that are derived, never drawn, so that a restart computes the same ones.

A client id is 18 characters of lower-case letters and digits, which every venue of ours takes
(Kraken's free text allows no more): a prefix that marks the order as ours, a letter for its
purpose, and 75 bits of a hash of everything that makes it this order and no other (A3).
"""

from __future__ import annotations

import base64
from enum import StrEnum

from ballast.core.errors import InternalError
from ballast.core.hashing import canonical_json, digest_of

PREFIX = "bl"
ID_LENGTH = 18
_HASHED = ID_LENGTH - len(PREFIX) - 1


class Purpose(StrEnum):
    """What an order is for; the value is the letter in its client id."""

    ENTRY = "e"
    EXIT = "x"
    """A decision to leave: signal, time, drawdown, partial."""
    STOP = "s"
    """Rests at the venue and limits the loss."""
    TAKE = "t"
    """Rests at the venue and takes the gain."""
    FLATTEN = "f"
    """An emergency or a command: reduce now."""
    TRAIL = "r"
    """Rests at the venue beside the stop, and follows the price there by itself."""


REDUCING = frozenset(Purpose) - {Purpose.ENTRY}
"""What may never open or enlarge a position."""
WAITING = frozenset({Purpose.STOP, Purpose.TRAIL})
"""What waits for a price: venues keep such orders apart from others."""


def client_id(
    purpose: Purpose,
    *,
    account: str,
    strategy: str,
    symbol: str,
    decision: int,
    leg: int = 0,
    attempt: int = 0,
    birth_ns: int = 0,
) -> str:
    """Return the id of one attempt at one leg of one decision.

    `decision` is its number in the account's journal, so two decisions of one bar differ.
    `birth_ns` is when that journal began: one that was lost and began anew counts from 1 again.
    """
    if decision < 0 or leg < 0 or attempt < 0:
        raise InternalError(f"client id of decision {decision}, leg {leg}, attempt {attempt}")
    parts = [account, strategy, symbol, decision, purpose.value, leg, attempt]
    parts += [birth_ns] if birth_ns else []
    digest = digest_of(canonical_json(parts).encode())
    text = base64.b32encode(digest).decode().lower()
    return f"{PREFIX}{purpose.value}{text[:_HASHED]}"


def is_ours(text: str) -> bool:
    """Tell whether an order at a venue was named by Ballast (A9)."""
    return purpose_of(text) is not None


def purpose_of(text: str) -> Purpose | None:
    """Return what one of our ids says its order is for; None for the id of somebody else."""
    if len(text) != ID_LENGTH or not text.startswith(PREFIX) or not text.isalnum():
        return None
    try:
        return Purpose(text[len(PREFIX)])
    except ValueError:
        return None
