"""Period: how long strategies traded on paper after they were certified (R-WF-09).

Every journal of the workspace is looked through for a node of the same strategies, all of them and
no other, that decided on bars which closed after the certificates' last evidence: a replay of what
they have seen proves nothing, nor does a rehearsal, whose market is made up, or another venue,
timeframe or parameters.
Days on which at least one bar was decided are counted, over all accounts together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.time import DAY_MS
from ballast.runtime.node.events import BarsClosed
from ballast.runtime.node.journalled import CODEC, EVENT, RULES
from ballast.service.kinds import OF_A_MARKET, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ballast.core.journal import Record
    from ballast.runtime.node.desk import NodeRules

MS_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Sought:
    """What a paper period must have been of."""

    traders: tuple[tuple[str, Mapping[str, float]], ...]
    """Hash and numbers of each strategy."""
    venue: str
    timeframe: str
    after_ms: int

    def is_of(self, rules: NodeRules) -> bool:
        """Tell whether a node's rules are of it."""
        session = rules.session
        return (
            session is not None
            and _set_of((one.strategy_hash, one.params) for one in session.traders)
            == _set_of(self.traders)
            and (session.venue, session.timeframe) == (self.venue, self.timeframe)
        )


def _set_of(traders: Iterable[tuple[str, Mapping[str, float]]]) -> set[object]:
    return {(name, frozenset(params.items())) for name, params in traders}


def paper_days(journals: Iterable[Iterable[Record]], sought: Sought) -> int:
    """Return on how many days what is sought decided on a bar, in any journal."""
    days: set[int] = set()
    for records in journals:
        days |= _days(records, sought)
    return len(days)


def _days(records: Iterable[Record], sought: Sought) -> set[int]:
    found: set[int] = set()
    is_it = False
    for record in records:
        if record.kind == RULES:
            is_it = sought.is_of(CODEC.value(record))
        elif kind_of(record.run) not in OF_A_MARKET:
            continue
        elif is_it and record.kind == EVENT and '"BarsClosed"' in record.body:
            event = CODEC.value(record)
            if isinstance(event, BarsClosed) and event.close_ns // MS_NS > sought.after_ms:
                found.add(event.close_ns // MS_NS // DAY_MS)
    return found
