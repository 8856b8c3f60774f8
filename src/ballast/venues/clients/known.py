"""Known: what a venue calls our orders, where it must be asked or told by its own name.

A memory for speed, never for truth: it may forget, and it is empty after a start. Whoever does not
find a name here asks the venue for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

KEPT = 20_000
"""Orders remembered, the oldest go first."""


class Whose(NamedTuple):
    """What an order of the venue's is of: our symbol, and the id its owner gave it ('': none)."""

    symbol: str
    client_id: str


@dataclass(slots=True)
class Known:
    """Names of orders, both ways."""

    _names: dict[str, str] = field(default_factory=dict)
    _whose: dict[str, Whose] = field(default_factory=dict)

    def learn(self, name: str, symbol: str, client_id: str) -> None:
        """Keep what the venue calls an order."""
        known = self._whose.get(name)
        if known is not None and (known.client_id or not client_id):
            return
        self._whose[name] = Whose(symbol, client_id)
        if client_id:
            self._names[client_id] = name
        while len(self._whose) > KEPT:
            oldest = next(iter(self._whose))
            gone = self._whose.pop(oldest)
            if self._names.get(gone.client_id) == oldest:
                del self._names[gone.client_id]

    def name_of(self, client_id: str) -> str:
        """Return what the venue calls one of our orders, '' where that is not known."""
        return self._names.get(client_id, "")

    def whose(self, name: str) -> Whose | None:
        """Return what the order of a name is, None where that is not known."""
        return self._whose.get(name)
