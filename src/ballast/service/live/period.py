"""Period: how long a strategy traded on paper after it was certified (R-WF-09).

Every journal of the workspace is looked through for a node of the same strategy that decided on
bars which closed after the certificate's last evidence: a replay of what it has seen proves
nothing. Days on which at least one bar was decided are counted, over all paper accounts together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.time import DAY_MS
from ballast.runtime.node.events import BarsClosed
from ballast.runtime.node.journalled import CODEC, EVENT, RULES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.core.journal import Record
    from ballast.runtime.node.desk import NodeRules

MS_NS = 1_000_000


def paper_days(journals: Iterable[Iterable[Record]], strategy_hash: str, after_ms: int) -> int:
    """Return on how many days after a time the strategy decided on a bar, in any journal."""
    days: set[int] = set()
    for records in journals:
        days |= _days(records, strategy_hash, after_ms)
    return len(days)


def _days(records: Iterable[Record], strategy_hash: str, after_ms: int) -> set[int]:
    found: set[int] = set()
    is_it = False
    for record in records:
        if record.kind == RULES:
            rules: NodeRules = CODEC.value(record)
            is_it = rules.strategy_hash == strategy_hash
        elif is_it and record.kind == EVENT and '"BarsClosed"' in record.body:
            event = CODEC.value(record)
            if isinstance(event, BarsClosed) and event.close_ns // MS_NS > after_ms:
                found.add(event.close_ns // MS_NS // DAY_MS)
    return found
