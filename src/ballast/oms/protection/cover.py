"""Cover: what should rest at a venue for one position, what the venue allows, what is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose  # noqa: TC001 - the codec reads the types of fields
from ballast.core.orders import PositionSide, TriggerBy

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Take:
    """A part of a position that is sold at a price in its favour; `number` is its place."""

    number: int
    ticks: int
    lots: int


@dataclass(frozen=True, slots=True)
class Cover:
    """A position and what should rest for it; the levels are decisions of the kernel's steps.

    `lots` is signed: what our fills come to. `dust_lots` and less is no position: it cannot be sold
    alone (C6).
    """

    symbol: str
    lots: int
    stop_ticks: int
    dust_lots: int = 0
    side: PositionSide = PositionSide.BOTH
    trigger_by: TriggerBy = TriggerBy.LAST
    closes: bool = False
    """Whether the position is to be closed at market, now."""
    takes: tuple[Take, ...] = ()
    atr_ticks: float = 0.0
    """ATR at the entry; 0: not known."""
    may_be_bare: bool = False
    """Whether a position that was decided without a stop may be held without one."""
    is_whole: bool = True
    """Whether all of it is here: no entry of its symbol is under way any more."""

    @property
    def direction(self) -> int:
        """1 for a long position, -1 for a short one, 0 for none."""
        if abs(self.lots) <= self.dust_lots:
            return 0
        return 1 if self.lots > 0 else -1

    def is_beyond(self, take: Take, price_ticks: int) -> bool:
        """Tell whether a price is past a take, by at least a tick (SEMANTICS 2.3)."""
        return price_ticks > 0 and self.direction * (price_ticks - take.ticks) > 0

    def is_crossed(self, stop_ticks: int, price_ticks: int) -> bool:
        """Tell whether a price has passed a stop of this position (B3)."""
        return price_ticks > 0 and self.direction * (price_ticks - stop_ticks) <= 0


@dataclass(frozen=True, slots=True)
class Abilities:
    """How a venue lets protection be placed and moved."""

    reduces_only: bool = True
    """Orders can be marked so that they never enlarge a position (derivatives)."""
    amends_stops: bool = False
    """A resting stop can be changed in place (Bybit, OKX)."""
    replaces: bool = False
    """Cancel and new order in one request (Binance spot)."""
    stops_at_market: bool = True
    """A triggered stop trades at market; else it is a limit order, `offset_ppm` beyond."""
    offset_ppm: int = 5_000
    """Of a stop-limit: how much worse than the trigger it may trade, at least (R-STOP-04)."""
    offset_atr: float = 0.0
    """The same in ATR of the entry, where that is more: what moves more gaps further."""
    pairs: bool = False
    """On spot: a take and a stop for the same coins can rest as one OCO pair, and shall."""
    trails: bool = False
    """A stop that follows the price by itself can rest beside the other (derivatives)."""
    trail_ppm: int = 0
    """How far such a stop shall follow the best price since it rests, of that price; 0: none."""

    @property
    def holds_two(self) -> bool:
        """Whether two stops can rest side by side: on spot the first one locks the coins."""
        return self.reduces_only


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what; every number a setting of the live node."""

    move_ns: int = 5 * SECOND_NS
    """Between two moves of a stop in its favour (R-STOP-31)."""
    move_ppm: int = 500
    """Least improvement of such a move, of the price."""
    crossed_ns: int = 5 * SECOND_NS
    """A stop whose price has passed fills by itself within this, or is replaced by a market order
    (R-STOP-03)."""
    bare_ns: int = 15 * SECOND_NS
    """Without a live stop for longer: close the position (B4)."""
    refusals: int = 2
    """Refused as often in a row: close the position (B4)."""
    flatten_ns: int = 1 * SECOND_NS
    """Between two attempts to close a position at market."""
    unknown_ns: int = 2 * SECOND_NS
    """An unknown stop is waited for so long before another one is placed beside it."""


class Pair(StrEnum):
    """How far a position has come to a pair of take and stop; it is tried once."""

    NONE = "none"
    FREEING = "freeing"
    """Its stop was cancelled, so that the pair can have the coins."""
    SENT = "sent"
    OVER = "over"
    """It rested, or the venue refused it: from here on the stop is alone when it moves."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the guard of one position remembers; kept in the journal and restored (R-STOP-29)."""

    refusals: int = 0
    bare_since_ns: int = 0
    crossed_since_ns: int = 0
    moved_ns: int = 0
    flattened_ns: int = 0
    best_ticks: int = 0
    """The tightest stop ever asked for; the ratchet (B9). 0: none yet."""
    direction: int = 0
    """Of the position this is about; another one begins anew."""
    pair: Pair = Pair.NONE
    trailed_ns: int = 0
    """When a trailing stop was last sent."""
    is_untrailed: bool = False
    """Whether the venue refused one: no other is tried for this position."""
    passed_since_ns: int = 0
    """Since when the price has been past a take that rests; 0: it is not."""


class Alarm(StrEnum):
    """What a person must hear of."""

    REFUSED = "stop refused"
    BARE = "no live stop for too long"
    CROSSED = "price beyond the stop"
    ORDERED = "closing order sent"


@dataclass(frozen=True, slots=True)
class Place:
    """Send a new order; whoever sends it names it. `take` is the number of the take it is for."""

    request: OrderRequest
    purpose: Purpose
    take: int | None = None


@dataclass(frozen=True, slots=True)
class Amend:
    """Change a resting stop in place."""

    client_id: str
    qty_lots: int
    trigger_ticks: int
    price_ticks: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel an order."""

    client_id: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Cancel a resting stop and place another in one request."""

    client_id: str
    place: Place


@dataclass(frozen=True, slots=True)
class PlacePair:
    """Send a take and a stop for the same coins in one request: both or neither (OCO)."""

    take: Place
    stop: Place


Act = Place | Amend | Cancel | Replace | PlacePair


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do now, what to remember, what to tell, and when to look again (0: on news)."""

    memory: Memory
    acts: tuple[Act, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    wake_ns: int = 0

    @property
    def is_calm(self) -> bool:
        """Whether nothing is to be done."""
        return not self.acts
