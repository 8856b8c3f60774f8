"""Known: what does not change of orders once it was seen, so that it is not asked again.

Nothing here is needed to be right: what was forgotten, or never seen after a restart, is asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, NamedTuple, TypeVar

from ballast.core.ids import WAITING, purpose_of

MOST = 10_000
"""Orders remembered; the oldest are forgotten first."""
_V = TypeVar("_V")


class Leg(NamedTuple):
    """How an algo order is changed: the leg its parameters begin with, and whether at market."""

    name: str
    at_market: bool


class Recent(Generic[_V]):
    """A dictionary of the newest facts."""

    def __init__(self, most: int = MOST) -> None:
        """Remember at most so many."""
        self._facts: OrderedDict[str, _V] = OrderedDict()
        self._most = most

    def keep(self, name: str, fact: _V) -> None:
        """Remember a fact."""
        self._facts[name] = fact
        if len(self._facts) > self._most:
            self._facts.popitem(last=False)

    def get(self, name: str) -> _V | None:
        """Return a fact, None for one that is not remembered."""
        return self._facts.get(name)


class Kinds:
    """Which of our ids name algo orders; both places are tried where that is not known."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._algo: Recent[bool] = Recent()

    def keep(self, client_id: str, *, algo: bool) -> None:
        """Remember where an order lives."""
        if client_id:
            self._algo.keep(client_id, algo)

    def of(self, client_id: str) -> tuple[bool, ...]:
        """Return the places to try, True for algo orders. What waits for a price is one."""
        known = self._algo.get(client_id)
        if known is None and purpose_of(client_id) in WAITING:
            known = True
        return (False, True) if known is None else (known,)
