"""Memory: what Kraken can still tell and the engine does not keep.

Of an order how it was asked for and what its fills cost; of a market its last spreads; of accounts
what came from elsewhere and left. All of it is bounded, the oldest forgotten first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ballast.venues.simulated.engine.events import BookChanged, Filled, Transferred

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange

_V = TypeVar("_V")
NOTES_MAX = 20_000
"""Orders remembered: several times what the engine keeps of all accounts of a test."""
SPREADS_MAX = 200
MOVED_MAX = 5_000
"""Deposits and withdrawals remembered, of all accounts together: a hundred pages."""


@dataclass(frozen=True, slots=True)
class Note:
    """What an order was asked with and the engine does not need."""

    userref: str = ""
    flags: tuple[str, ...] = ("fciq",)
    order_type: str = ""
    """The venue's name of the kind, as it was sent."""
    trails: str = ""
    """How far a trailing stop follows, as it was sent."""
    cost: str = ""
    """What a market order may spend, where it was sized in quote."""


@dataclass(slots=True)
class Totals:
    """What the fills of an order cost so far, and their numbers."""

    fee_atoms: int = 0
    trade_ids: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moved:
    """A deposit, or, negative, a withdrawal, and the balance it left."""

    number: int
    account: int
    asset: str
    atoms: int
    at_ns: int
    balance_atoms: int


@dataclass(slots=True)
class Memory:
    """All that is remembered of one venue."""

    exchange: Exchange
    notes: dict[int, Note] = field(default_factory=dict)
    totals: dict[int, Totals] = field(default_factory=dict)
    spreads: dict[str, deque[tuple[int, int, int]]] = field(default_factory=dict)
    """Of a symbol: when the best prices changed (ns), bid and ask (ticks)."""

    amended_ns: dict[int, int] = field(default_factory=dict)
    """When an order was changed last: it is young again for the points that a change costs."""
    moved: deque[Moved] = field(default_factory=lambda: deque(maxlen=MOVED_MAX))
    moves: int = 0

    @property
    def kept(self) -> Mapping[str, Any]:
        """The type of each part of it."""
        return {
            "notes": dict[int, Note],
            "totals": dict[int, Totals],
            "spreads": dict[str, deque[tuple[int, int, int]]],
            "amended_ns": dict[int, int],
            "moved": deque[Moved],
            "moves": int,
        }

    def observe(self, event: Event) -> None:
        """Take an event of the engine."""
        if isinstance(event, Filled):
            known = self.totals.setdefault(event.fill.order_id, Totals())
            known.fee_atoms += event.fill.fee_atoms
            known.trade_ids.append(event.fill.trade_id)
            _cut(self.totals)
        elif isinstance(event, BookChanged):
            self._spread(event.symbol, event.at_ns)
        elif isinstance(event, Transferred) and event.atoms:
            self._move(event)

    def _move(self, event: Transferred) -> None:
        account, asset = event.account, event.asset
        left = self.exchange.balance(account, asset).total_atoms
        self.moves += 1
        self.moved.append(Moved(self.moves, account, asset, event.atoms, event.at_ns, left))

    def last_moved(self, account: int, asset: str) -> Moved | None:
        """Return the last deposit or withdrawal of an asset."""
        found = (
            one for one in reversed(self.moved) if (one.account, one.asset) == (account, asset)
        )
        return next(found, None)

    def _spread(self, symbol: str, at_ns: int) -> None:
        bid, ask = self.exchange.best(symbol)
        rows = self.spreads.setdefault(symbol, deque(maxlen=SPREADS_MAX))
        if bid and ask and (not rows or rows[-1][1:] != (bid, ask)):
            rows.append((at_ns, bid, ask))

    def keep(self, order_id: int, note: Note) -> None:
        """Remember how an order was asked for."""
        self.notes[order_id] = note
        _cut(self.notes)

    def amended(self, order_id: int, at_ns: int) -> None:
        """Remember that an order was changed."""
        self.amended_ns[order_id] = at_ns
        _cut(self.amended_ns)

    def since_ns(self, order: Order) -> int:
        """Return when an order was placed or changed last."""
        return max(order.created_ns, self.amended_ns.get(order.order_id, 0))

    def note(self, order_id: int) -> Note:
        """Return how an order was asked for."""
        return self.notes.get(order_id) or Note()

    def paid(self, order_id: int) -> Totals:
        """Return what the fills of an order cost."""
        return self.totals.get(order_id) or Totals()


def _cut(kept: dict[int, _V]) -> None:
    while len(kept) > NOTES_MAX:
        del kept[next(iter(kept))]
