"""Interests: which events a session can have an answer to, so that the others pass it by.

An interest is a kind of event and its key: the symbol of what the public sees, the account of what
is one's own. A session says its interests with `interests()`; one that does not is asked about
every event. They are read again after it was opened and after each frame of its client, never at
another time: what time brings comes by `tick`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ballast.venues.simulated.engine import events

if TYPE_CHECKING:
    from collections.abc import Callable

Interest = tuple[type, str | int]
"""A kind of event, and the symbol or the account it is about."""
KEYS: dict[type, Callable[[Any], str | int]] = {
    events.OrderUpdated: attrgetter("order.account"),
    events.Filled: attrgetter("fill.account"),
    events.BalanceChanged: attrgetter("account"),
    events.Transferred: attrgetter("account"),
    events.PositionChanged: attrgetter("position.account"),
    events.BookChanged: attrgetter("symbol"),
    events.Traded: attrgetter("trade.symbol"),
    events.MarkChanged: attrgetter("symbol"),
    events.FundingPaid: attrgetter("account"),
    events.Liquidated: attrgetter("account"),
    events.Deleveraged: attrgetter("account"),
    events.HaltChanged: attrgetter("symbol"),
    events.ListChanged: attrgetter("account"),
    events.Answered: attrgetter("account"),
}


@runtime_checkable
class Choosy(Protocol):
    """A session that says what it wants to be asked about."""

    def interests(self) -> frozenset[Interest] | None:
        """Return what `publish` may have an answer to; None: ask about everything."""
        ...


def interest_of(event: Any) -> Interest:  # noqa: ANN401 - the engine's event union
    """Return what a session must be interested in to be asked about an event."""
    kind = type(event)
    key = KEYS.get(kind)
    return kind, key(event) if key is not None else ""
