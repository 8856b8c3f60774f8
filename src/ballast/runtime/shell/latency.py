"""Latency: how long a decision takes to the venue's first word on its order, and a close to act on.

Measured by the session's own time, from the moment the node was told what it decided on: the
decision, the write to the journal, the budget, the line and the venue are all in it. A doubt is no
word: an order whose answer was lost is measured when it is found.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.reports import Miss, Unclear
from ballast.oms.record import Phase
from ballast.runtime.node.events import Alert

if TYPE_CHECKING:
    from ballast.core.reports import Report
    from ballast.oms.record import OrderRecord

MS_NS = 1_000_000
KEPT = 1_000
QUIET_NS = 60 * 1_000_000_000
"""After an alert: a venue that is slow is slow for every order, and a person knows it then."""
WAITING = frozenset({Phase.SENT, Phase.UNKNOWN})


@dataclass(slots=True)
class Latency:
    """What was measured since the start; times in milliseconds, the last thousand."""

    most_ms: float = 0.0
    """From a decision to the venue's word, of which a person is not told; 0: never tell."""
    acks_ms: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    late: int = 0
    """How many were over the limit."""
    closes_ms: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    """From the end of a bar until it was decided on and its orders were sent."""
    _told_ns: int | None = None

    def decided(self, close_ns: int, now_ns: int) -> None:
        """Note that the bars of a close were decided on, and what came of it was sent."""
        self.closes_ms.append((now_ns - close_ns) / MS_NS)

    def heard(self, record: OrderRecord | None, report: Report, now_ns: int) -> Alert | None:
        """Note what the venue says of an order, as it stood before; return what a person is told.

        Only its first word counts: whatever follows is the order's life, not its way.
        """
        if record is None or record.phase not in WAITING or isinstance(report, Miss | Unclear):
            return None
        taken_ms = (now_ns - record.prepared_ns) / MS_NS
        self.acks_ms.append(taken_ms)
        if not self.most_ms or taken_ms <= self.most_ms:
            return None
        self.late += 1
        if self._told_ns is not None and now_ns - self._told_ns < QUIET_NS:
            return None
        self._told_ns = now_ns
        return Alert(
            record.symbol,
            f"{record.client_id} was acknowledged {taken_ms:.0f} ms after its decision, "
            f"limit {self.most_ms:.0f} ms",
        )
