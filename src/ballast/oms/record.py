"""Record: everything the book knows of one order of ours.

Two clocks run here. The *venue's* status (`core.orders.OrderStatus`) is what it last told; the
*phase* is how far we know: an intent that is journalled, one that was sent, one of which nobody
knows, one the venue has, one that is over.

    PREPARED --sent--> SENT --silence, unclear--> UNKNOWN --not there, proven--> ABSENT
        |                |                           |                             |
        +----------------+------ the venue shows it -+-----------------------------+ (and says so)
                                       |
                                     LIVE --terminal status--> ENDED        REFUSED <- a listed code

After a crash a PREPARED record may have been sent, for the journal comes first (A1): start-up makes
it UNKNOWN. ABSENT and REFUSED are our reading of the venue, so the venue can still correct them
(A5): an order that appears after all is LIVE, with the remark REAPPEARED. ENDED is its own word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ballast.core.ids import REDUCING, Purpose
from ballast.core.orders import (  # noqa: TC001 - the codec reads the types of fields
    EndReason,
    OrderRequest,
    OrderStatus,
    RejectReason,
)


class Phase(StrEnum):
    """How far we know an order."""

    PREPARED = "prepared"
    SENT = "sent"
    UNKNOWN = "unknown"
    LIVE = "live"
    ENDED = "ended"
    REFUSED = "refused"
    ABSENT = "absent"


OVER = frozenset({Phase.ENDED, Phase.REFUSED, Phase.ABSENT})
"""Phases in which an order binds no cash and can fill no more, as far as we know."""
OPEN = frozenset(Phase) - OVER
"""Phases in which it counts at its full size against every limit (F3)."""


class Wish(StrEnum):
    """What became of our wish to cancel or to amend."""

    NONE = "none"
    ASKED = "asked"
    UNCLEAR = "unclear"
    """Lost, or answered by "unknown order", which proves nothing: ask by id (A6)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Looks at the venue that did not find the order, all of them after the fence; 0: none yet."""

    first_id_ns: int = 0
    last_id_ns: int = 0
    open_ns: int = 0
    trades_ns: int = 0


NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order. `filled_lots` is the most the venue has told; `booked_lots` what fills brought."""

    client_id: str
    purpose: Purpose
    request: OrderRequest
    decision: int
    prepared_ns: int
    phase: Phase = Phase.PREPARED
    status: OrderStatus | None = None
    order_id: int = 0
    filled_lots: int = 0
    booked_lots: int = 0
    sent_ns: int = 0
    updated_ns: int = 0
    fence_ns: int = 0
    """After this the venue can no longer accept it late; looks before it prove nothing."""
    asked_ns: int = 0
    asks: int = 0
    evidence: Evidence = field(default=NO_EVIDENCE)
    cancel: Wish = Wish.NONE
    amend: Wish = Wish.NONE
    wished_ns: int = 0
    """When a cancel or an amend was last asked for."""
    terms_ns: int = 0
    """The venue's time of the terms in `request`, once it told any."""
    refused: RejectReason | None = None
    end: EndReason | None = None

    @property
    def symbol(self) -> str:
        """The instrument."""
        return self.request.symbol

    @property
    def is_open(self) -> bool:
        """Whether it may still trade, as far as anybody knows."""
        return self.phase in OPEN

    @property
    def is_harmless_twice(self) -> bool:
        """Whether the venue itself sees to it that the order can only reduce, however often."""
        return self.request.reduce_only or self.request.close_position

    @property
    def may_enlarge(self) -> bool:
        """Whether a fill of it could open or enlarge a position."""
        return not (self.is_harmless_twice or self.purpose in REDUCING)

    @property
    def open_lots(self) -> int:
        """What it may still trade: its full rest while nobody knows better (F3)."""
        return max(self.request.qty_lots - self.filled_lots, 0) if self.is_open else 0

    @property
    def is_settled(self) -> bool:
        """Whether it is over and every lot the venue speaks of has been booked."""
        return not self.is_open and self.booked_lots >= self.filled_lots
