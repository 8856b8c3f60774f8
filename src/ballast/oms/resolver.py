"""Resolver: what to do about an order of which too little is known, and what may be sent again.

A request that got no answer may be with the venue, on its way, or lost. Signed requests carry a
time, and the venue forwards none that is older than its receive window; it gives up on its own
engine after ten seconds. So after `timestamp + window + 10 s + margin`, by the venue's clock, a
request that was not forwarded never will be: the *fence*. It is an inference, so nothing dangerous
is sent again even behind it: an entry never, an exit or a stop only in a form that is harmless when
doubled (A4). Silence ends when the venue shows the order, or when every place where it could be was
looked at behind the fence and it is in none (`lifecycle.is_proven_absent`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.oms.lifecycle import LOOKS_APART_NS, is_awaited, is_doubtful, is_proven_absent
from ballast.oms.record import OrderRecord, Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

SECOND_NS = 1_000_000_000
ENGINE_NS = 10 * SECOND_NS
"""How long a venue waits for its own engine before it says it does not know (Binance -1007)."""
MARGIN_NS = 5 * SECOND_NS
OVERLOAD_MARGIN_NS = 60 * SECOND_NS
"""While a venue says it is overloaded, its engine may take longer than it promises (X26)."""
ANSWER_NS = 3 * SECOND_NS
"""An answer that takes longer than this is silence: ask, do not wait."""
FILL_NS = SECOND_NS
"""A fill follows the report of it within this; then it is asked for."""
PAUSES_NS = (SECOND_NS // 4, SECOND_NS // 2, SECOND_NS, 2 * SECOND_NS, 4 * SECOND_NS, 8 * SECOND_NS)
"""Between looks: quickly at first, because most lost answers are found by the first look; the last
one goes on, well under the weight a venue allows."""
PROOF_NS = 30 * SECOND_NS
"""How long behind the fence a look that is not answered is repeated without a longer pause."""
OVERDUE_NS = 90 * SECOND_NS
"""After which an order that is still unknown is an alarm (A5)."""


class Step(StrEnum):
    """What to do next about one order."""

    NOTHING = "nothing"
    WAIT = "wait"
    ASK_BY_ID = "ask_by_id"
    ASK_OPEN_ORDERS = "ask_open_orders"
    ASK_TRADES = "ask_trades"
    UNHEARD = "unheard"
    """Its answer is overdue: it is UNKNOWN from now on."""
    ABSENT = "absent"
    """It is proven not to be there."""


@dataclass(frozen=True, slots=True)
class Next:
    """A step, and the time at which to ask again what the next one is (0: when news comes)."""

    step: Step
    at_ns: int = 0


def fence_ns(venue_ns: int, window_ns: int, *, is_overloaded: bool = False) -> int:
    """Return the venue's time after which a request stamped `venue_ns` cannot take effect."""
    margin = OVERLOAD_MARGIN_NS if is_overloaded else MARGIN_NS
    return venue_ns + window_ns + ENGINE_NS + margin


def next_step(record: OrderRecord, now_ns: int) -> Next:
    """Return what to do about one order now."""
    if is_awaited(record):
        due = max(record.prepared_ns, record.sent_ns, record.wished_ns) + ANSWER_NS
        return Next(Step.UNHEARD) if now_ns >= due else Next(Step.WAIT, due)
    if not is_doubtful(record):
        return Next(Step.NOTHING)
    if record.is_open and is_proven_absent(record):
        return Next(Step.ABSENT)
    look, from_ns = _look(record)
    due = max(_again_ns(record), from_ns)
    return Next(look) if now_ns >= due else Next(Step.WAIT, due)


def _again_ns(record: OrderRecord) -> int:
    """Return when to look again. The proof behind the fence is not waited for longer than it takes.

    A lost stop of a spot position is sent again when its absence is proven, and not before.
    """
    if not record.asks:
        return 0
    due = record.asked_ns + PAUSES_NS[min(record.asks, len(PAUSES_NS)) - 1]
    if record.asked_ns <= record.fence_ns:
        return min(due, record.fence_ns + 1) if record.fence_ns else due
    seen = record.evidence
    if max(seen.last_id_ns, seen.open_ns, seen.trades_ns) > record.asked_ns:
        return 0  # answered: the next look is at another place, or `LOOKS_APART_NS` later
    is_young = record.asked_ns < record.fence_ns + PROOF_NS
    return min(due, record.asked_ns + ANSWER_NS) if is_young else due


def _look(record: OrderRecord) -> tuple[Step, int]:
    """Return where to look next, and from when on."""
    seen = record.evidence
    if record.booked_lots < record.filled_lots:
        return Step.ASK_TRADES, record.updated_ns + FILL_NS
    if seen.first_id_ns and seen.open_ns and not seen.trades_ns:
        return Step.ASK_TRADES, 0
    if seen.first_id_ns and not seen.open_ns:
        return Step.ASK_OPEN_ORDERS, 0
    return Step.ASK_BY_ID, seen.first_id_ns + LOOKS_APART_NS if seen.first_id_ns else 0


def may_resend(record: OrderRecord, *, reserved_lots: int = 0) -> bool:
    """Tell whether what this order was for may be sent again, as a new attempt (A4).

    `reserved_lots`: the spot balance set aside for the position it closes; a sale within it cannot
    sell more than is there, even twice.
    """
    if record.phase not in {Phase.ABSENT, Phase.REFUSED} or record.purpose is Purpose.ENTRY:
        return False
    if record.is_harmless_twice:
        return True
    request = record.request
    return 0 < request.qty_lots - record.filled_lots <= reserved_lots


def next_wake_ns(records: Iterable[OrderRecord], now_ns: int) -> int:
    """Return when the first of these orders wants something; 0: none does, until news comes."""
    times = []
    for record in records:
        found = next_step(record, now_ns)
        if found.step is Step.WAIT:
            times.append(found.at_ns)
        elif found.step is not Step.NOTHING:
            return now_ns
    return min(times, default=0)
